//! Sends what use cases wrote into the outbox: mails, and back-channel logout. Every node works on it; a lease keeps them apart.

use std::sync::Arc;
use std::time::Duration;

use futures_util::{StreamExt, stream};

use crate::clock::Timestamp;
use crate::model::ids::MessageId;
use crate::model::notice::{About, Notice};
use crate::outbound::guarded::GuardedClient;
use crate::outbound::mail::{Mail, Mailer};
use crate::storage::outbox::{self, OutboxRow};
use crate::storage::{self, Tx};
use crate::ui::mail::{ConsentWithdrawn, Letterhead, LinkActivated, NewSignIn, OneTimeCode};
use crate::usecases::backchannel::{self, Delivery};
use crate::usecases::{Core, notices};

/// How often the outbox is looked at: what a person waits for a code at most, beside the sending itself.
pub const EVERY: Duration = Duration::from_millis(250);
/// How long one worker has a message for itself.
const LEASE: Duration = Duration::from_secs(60);
/// Messages under way at the same time.
const AT_ONCE: usize = 8;
/// The first wait after a failure; it doubles each time.
const FIRST_WAIT: Duration = Duration::from_secs(2);
/// The longest wait between two tries.
const LONGEST_WAIT: Duration = Duration::from_secs(600);
/// How long a message is worth trying.
const WORTH: Duration = Duration::from_hours(24);

/// What became of one try.
enum Outcome {
    Sent,
    /// Nobody to send it to, or not worth it any more.
    Pointless,
    Failed,
}

/// The worker of one node.
pub struct Relay {
    core: Arc<Core>,
    mailer: Mailer,
    http: GuardedClient,
}

impl Relay {
    /// With the ways out of this process.
    pub fn new(core: Arc<Core>, mailer: Mailer, http: GuardedClient) -> Self {
        Self { core, mailer, http }
    }

    /// Sends what is due now; says how many messages it took on.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn work(&self) -> Result<usize, storage::Error> {
        let due = outbox::due(&mut self.core.database.read().await?, self.core.clock.now()).await?;
        let taken = due.len();
        let mut results = stream::iter(due).map(|row| self.handle(row)).buffer_unordered(AT_ONCE);
        while let Some(result) = results.next().await {
            result?;
        }
        Ok(taken)
    }

    async fn handle(&self, row: OutboxRow) -> Result<(), storage::Error> {
        let now = self.core.clock.now();
        let id = row.id;
        let claimed = self.write(move |tx| Box::pin(async move { outbox::claim(tx, id, now, now + LEASE).await }));
        if !claimed.await? {
            return Ok(());
        }
        let outcome = if now.since(row.created_at) > WORTH { Outcome::Pointless } else { self.send(&row, now).await };
        let wait = FIRST_WAIT.saturating_mul(1 << row.attempts.clamp(0, 16)).min(LONGEST_WAIT);
        match outcome {
            Outcome::Sent => self.write(move |tx| Box::pin(async move { outbox::sent(tx, id, now).await })).await,
            Outcome::Failed => self.write(move |tx| Box::pin(async move { outbox::failed(tx, id, Some(now + wait), now).await })).await,
            Outcome::Pointless => self.write(move |tx| Box::pin(async move { outbox::failed(tx, id, None, now).await })).await,
        }
    }

    async fn write<T, F>(&self, work: F) -> Result<T, storage::Error>
    where
        F: for<'t> Fn(&'t mut Tx) -> futures_util::future::BoxFuture<'t, Result<T, storage::Error>> + Send + Sync + 'static,
        T: Send + 'static,
    {
        self.core.database.write(work).await
    }

    async fn send(&self, row: &OutboxRow, now: Timestamp) -> Outcome {
        match row.kind.as_str() {
            notices::KIND => self.mail(row.id, &row.payload, now).await,
            backchannel::KIND => match backchannel::deliver(&self.core, &self.http, row.id, &row.payload, now).await {
                Ok(Delivery::Done) => Outcome::Sent,
                Ok(Delivery::Pointless) => Outcome::Pointless,
                Ok(Delivery::Failed) | Err(_) => Outcome::Failed,
            },
            kind => {
                tracing::error!(event = "outbox.unknown", kind, "nobody sends messages of this kind");
                Outcome::Pointless
            }
        }
    }

    async fn mail(&self, id: MessageId, payload: &[u8], now: Timestamp) -> Outcome {
        let Some(notice) = notices::open(&self.core, id, payload) else {
            tracing::error!(event = "outbox.sealed", message = %id, "a message does not open: another key, or the row was changed");
            return Outcome::Pointless;
        };
        match self.mailer.send(id, &written(&self.core, notice), now).await {
            Ok(()) => Outcome::Sent,
            Err(error) => {
                tracing::warn!(event = "mail.failed", message = %id, %error, "a mail could not be sent; it is tried again");
                Outcome::Failed
            }
        }
    }
}

/// A notice in the words of its language.
fn written(core: &Core, notice: Notice) -> Mail {
    let issuer = &core.config.issuer;
    let head = Letterhead { locale: notice.locale, issuer_host: issuer.authority().to_owned(), utc_offset_minutes: 0 };
    let (subject, body) = match notice.about {
        About::OneTimeCode { code, valid_minutes, service } => {
            let mail = OneTimeCode { code, valid_minutes, service: service.map(|name| name.get(notice.locale).to_owned()) };
            (mail.subject(&head), mail.body(&head))
        }
        About::LinkActivated { service, local_account, at, undo_until } => {
            let service = service.get(notice.locale).to_owned();
            let mail = LinkActivated { service, local_account, at, undo_until, undo_url: issuer.join("/account/links") };
            (mail.subject(&head), mail.body(&head))
        }
        About::ConsentWithdrawn { service, what, at } => {
            let (service, what) = (service.get(notice.locale).to_owned(), what.get(notice.locale).to_owned());
            let mail = ConsentWithdrawn { service, what, at, privacy_url: issuer.join("/account/privacy") };
            (mail.subject(&head), mail.body(&head))
        }
        About::NewSignIn { device, at } => {
            let mail = NewSignIn { device, place: None, at, sessions_url: issuer.join("/account/sessions") };
            (mail.subject(&head), mail.body(&head))
        }
    };
    Mail { to: notice.to, subject, body }
}
