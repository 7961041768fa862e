//! The store that nodes share: Redis, one connection for commands and one for each subscription.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use futures_util::StreamExt;
use futures_util::future::{BoxFuture, FutureExt};
use redis::aio::{ConnectionManager, ConnectionManagerConfig};
use redis::{Client, Cmd, FromRedisValue, RedisError};
use tokio::sync::{OnceCell, mpsc};

use super::{Channel, Counter, Ephemeral, Gone, InProcess, Kind, WAITING};
use crate::clock;

/// Between two tries to subscribe again.
const RESUBSCRIBE: Duration = Duration::from_millis(500);

/// A subscription that was there for so long had worked.
const LASTED: Duration = Duration::from_secs(5);

/// How long counters stay with this node after Redis failed.
const COUNT_LOCALLY: Duration = Duration::from_secs(2);

/// Redis behind a connection that mends itself.
pub struct Redis {
    client: Client,
    prefix: String,
    timeout: Duration,
    /// Made by the first command: it needs a runtime.
    connection: OnceCell<ConnectionManager>,
    /// Counts while Redis does not.
    local: InProcess,
    /// Until then counters do not ask Redis: a request must not wait for it again and again.
    counts_locally_until: Mutex<Option<Instant>>,
}

impl From<RedisError> for Gone {
    /// The kind only: a server's words may repeat what was sent.
    fn from(error: RedisError) -> Self {
        Self(error.category().to_owned())
    }
}

impl Redis {
    /// A store at `url`; connects when it is first used.
    ///
    /// # Errors
    /// `url` is no address of Redis.
    pub fn open(url: &str, prefix: &str, timeout: Duration) -> Result<Self, Gone> {
        let client = Client::open(url).map_err(|_| Gone("ephemeral.url is not an address like redis://host:6379".to_owned()))?;
        Ok(Self {
            client,
            prefix: prefix.to_owned(),
            timeout,
            connection: OnceCell::new(),
            local: InProcess::default(),
            counts_locally_until: Mutex::default(),
        })
    }

    fn name(&self, word: &str, key: &str) -> String {
        format!("{}{word}:{key}", self.prefix)
    }

    fn counts_locally(&self) -> bool {
        let until = self.counts_locally_until.lock().unwrap_or_else(PoisonError::into_inner);
        until.is_some_and(|until| until > clock::monotonic())
    }

    fn count_locally(&self) {
        *self.counts_locally_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(clock::monotonic() + COUNT_LOCALLY);
    }

    async fn connection(&self) -> Result<ConnectionManager, Gone> {
        let made = self.connection.get_or_try_init(|| async {
            let config = ConnectionManagerConfig::new()
                .set_connection_timeout(Some(self.timeout))
                .set_response_timeout(Some(self.timeout))
                .set_number_of_retries(1)
                .set_max_delay(self.timeout);
            ConnectionManager::new_lazy_with_config(self.client.clone(), config)
        });
        Ok(made.await?.clone())
    }

    /// One command with one deadline for all of it, connecting included.
    fn ask<'a, T: FromRedisValue + Send + 'a>(&'a self, command: Cmd) -> BoxFuture<'a, Result<T, Gone>> {
        let asked = async move {
            let mut connection = self.connection().await?;
            Ok(command.query_async::<T>(&mut connection).await?)
        };
        async move { tokio::time::timeout(self.timeout, asked).await.unwrap_or_else(|_| Err(Gone("no answer in time".to_owned()))) }.boxed()
    }
}

fn millis(life: Duration) -> u64 {
    u64::try_from(life.as_millis()).unwrap_or(u64::MAX)
}

impl Ephemeral for Redis {
    fn put<'a>(&'a self, kind: Kind, key: &'a str, value: &'a [u8]) -> BoxFuture<'a, Result<(), Gone>> {
        let mut command = redis::cmd("SET");
        command.arg(self.name(kind.as_str(), key)).arg(value).arg("PX").arg(millis(kind.life()));
        self.ask(command)
    }

    fn put_new<'a>(&'a self, kind: Kind, key: &'a str, value: &'a [u8]) -> BoxFuture<'a, Result<bool, Gone>> {
        let mut command = redis::cmd("SET");
        command.arg(self.name(kind.as_str(), key)).arg(value).arg("NX").arg("PX").arg(millis(kind.life()));
        self.ask::<Option<String>>(command).map(|answer| answer.map(|kept| kept.is_some())).boxed()
    }

    fn get<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Gone>> {
        let mut command = redis::cmd("GET");
        command.arg(self.name(kind.as_str(), key));
        self.ask(command)
    }

    fn take<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<Option<Vec<u8>>, Gone>> {
        let mut command = redis::cmd("GETDEL");
        command.arg(self.name(kind.as_str(), key));
        self.ask(command)
    }

    fn delete<'a>(&'a self, kind: Kind, key: &'a str) -> BoxFuture<'a, Result<(), Gone>> {
        let mut command = redis::cmd("DEL");
        command.arg(self.name(kind.as_str(), key));
        self.ask::<i64>(command).map(|answer| answer.map(drop)).boxed()
    }

    fn count<'a>(&'a self, counter: Counter, key: &'a str) -> BoxFuture<'a, Result<u64, Gone>> {
        // One script, so that a counter never stays without an end.
        const SCRIPT: &str = "local n = redis.call('INCR', KEYS[1]) if n == 1 then redis.call('PEXPIRE', KEYS[1], ARGV[1]) end return n";
        async move {
            if self.counts_locally() {
                return self.local.count(counter, key).await;
            }
            let mut command = redis::cmd("EVAL");
            command.arg(SCRIPT).arg(1).arg(self.name(counter.as_str(), key)).arg(millis(counter.window()));
            match self.ask(command).await {
                Ok(count) => Ok(count),
                Err(error) => {
                    tracing::warn!(event = "ephemeral.counting_locally", reason = %error, "limits count on this node alone");
                    self.count_locally();
                    self.local.count(counter, key).await
                }
            }
        }
        .boxed()
    }

    fn publish<'a>(&'a self, channel: Channel, message: &'a [u8]) -> BoxFuture<'a, Result<(), Gone>> {
        let mut command = redis::cmd("PUBLISH");
        command.arg(self.name("channel", channel.as_str())).arg(message);
        self.ask::<i64>(command).map(|answer| answer.map(drop)).boxed()
    }

    fn subscribe(&self, channel: Channel) -> mpsc::Receiver<Vec<u8>> {
        let (sender, receiver) = mpsc::channel(WAITING);
        let (client, name, timeout) = (self.client.clone(), self.name("channel", channel.as_str()), self.timeout);
        tokio::spawn(async move {
            let mut said = false;
            while !sender.is_closed() {
                let began = clock::monotonic();
                if let Err(error) = listen(&client, &name, timeout, &sender).await {
                    // Once per loss: a subscription that lasted was there again meanwhile.
                    said &= began.elapsed() < LASTED;
                    if std::mem::replace(&mut said, true) {
                        tokio::time::sleep(RESUBSCRIBE).await;
                        continue;
                    }
                    tracing::warn!(event = "ephemeral.subscription", reason = %error, "hints of other nodes are missing; the feed goes on");
                }
                tokio::time::sleep(RESUBSCRIBE).await;
            }
        });
        receiver
    }

    fn ping(&self) -> BoxFuture<'_, Result<(), Gone>> {
        self.ask::<String>(redis::cmd("PING")).map(|answer| answer.map(drop)).boxed()
    }
}

/// Hands messages on until the connection is lost or nobody wants them any more.
async fn listen(client: &Client, name: &str, timeout: Duration, sender: &mpsc::Sender<Vec<u8>>) -> Result<(), Gone> {
    let late = |_| Gone("no answer in time".to_owned());
    let mut connection = tokio::time::timeout(timeout, client.get_async_pubsub()).await.map_err(late)??;
    tokio::time::timeout(timeout, connection.subscribe(name)).await.map_err(late)??;
    let mut messages = connection.into_on_message();
    loop {
        tokio::select! {
            message = messages.next() => {
                let Some(message) = message else { return Err(Gone("the connection was lost".to_owned())) };
                // A full queue loses the message: it was a hint.
                let _ = sender.try_send(message.get_payload_bytes().to_vec());
            }
            () = sender.closed() => return Ok(()),
        }
    }
}
