//! A wire that can be cut: a TCP proxy in front of a database, a Redis or a node.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;

/// Forwards connections to one of its targets in turn, until it is cut.
pub struct Proxy {
    pub address: SocketAddr,
    wire: Arc<Wire>,
}

struct Wire {
    targets: Mutex<(Vec<SocketAddr>, usize)>,
    /// Changes with each cut; every connection made before it breaks.
    cuts: watch::Sender<u64>,
    up: watch::Sender<bool>,
    /// While it stands, connections stay open and nothing passes.
    still: watch::Sender<bool>,
    /// Connections in the order they were made: how many there were, and how many of the first have fallen silent for ever.
    made: AtomicU64,
    silent: AtomicU64,
    /// The words whose answer is to be held, until somebody says them, and who did.
    awaited: Mutex<Option<Vec<u8>>>,
    held: watch::Sender<Option<u64>>,
}

impl Proxy {
    /// A proxy on a free port.
    pub async fn to(targets: impl IntoIterator<Item = SocketAddr>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
        let address = listener.local_addr().expect("an address");
        let wire = Arc::new(Wire {
            targets: Mutex::new((targets.into_iter().collect(), 0)),
            cuts: watch::Sender::new(0),
            up: watch::Sender::new(true),
            still: watch::Sender::new(false),
            made: AtomicU64::new(0),
            silent: AtomicU64::new(0),
            awaited: Mutex::new(None),
            held: watch::Sender::new(None),
        });
        tokio::spawn(serve(listener, Arc::clone(&wire)));
        Self { address, wire }
    }

    /// Breaks every connection and refuses new ones.
    pub fn cut(&self) {
        self.wire.up.send_replace(false);
        self.wire.cuts.send_modify(|n| *n += 1);
    }

    /// Breaks every connection; new ones are welcome.
    pub fn hiccup(&self) {
        self.wire.cuts.send_modify(|n| *n += 1);
    }

    /// Lets nothing pass and breaks nothing: as a network that drops every packet.
    pub fn hold(&self) {
        self.wire.still.send_replace(true);
    }

    /// Lets nothing pass on any connection that there is, ever; new ones are welcome: as when a host is replaced by another, or a
    /// firewall has forgotten what it let through.
    pub fn strand(&self) {
        self.wire.silent.store(self.wire.made.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// Lets the next question pass that contains these words, and holds what its connection gets to hear, until [`Proxy::let_go`].
    pub fn hold_answer_to(&self, words: &str) {
        *self.wire.awaited.lock().expect("words") = Some(words.as_bytes().to_vec());
    }

    /// Waits until an answer is held; fails after half a minute.
    pub async fn holds_an_answer(&self) {
        let mut held = self.wire.held.subscribe();
        let holds = tokio::time::timeout(std::time::Duration::from_secs(30), held.wait_for(Option::is_some)).await;
        holds.expect("nobody asked in these words").expect("the proxy lives");
    }

    /// The answer that was held passes.
    pub fn let_go(&self) {
        self.wire.held.send_replace(None);
    }

    /// What was held passes.
    pub fn release(&self) {
        self.wire.still.send_replace(false);
    }

    /// Lets connections through again.
    pub fn mend(&self) {
        self.wire.up.send_replace(true);
    }
}

impl Wire {
    /// A piece of what a connection asks passes.
    fn asked(&self, piece: &[u8], number: u64) {
        let mut awaited = self.awaited.lock().expect("words");
        if awaited.as_ref().is_some_and(|words| piece.windows(words.len()).any(|part| part == words)) {
            *awaited = None;
            self.held.send_replace(Some(number));
        }
    }

    fn next(&self) -> Option<SocketAddr> {
        let mut targets = self.targets.lock().expect("targets");
        targets.1 += 1;
        let (list, turn) = &*targets;
        list.get(turn % list.len().max(1)).copied()
    }
}

async fn serve(listener: TcpListener, wire: Arc<Wire>) {
    while let Ok((mut inner, _)) = listener.accept().await {
        let wire = Arc::clone(&wire);
        tokio::spawn(async move {
            let mut cuts = wire.cuts.subscribe();
            if !*wire.up.borrow() {
                return;
            }
            let number = wire.made.fetch_add(1, Ordering::SeqCst);
            let Some(target) = wire.next() else { return };
            let Ok(mut outer) = TcpStream::connect(target).await else { return };
            let _ = (inner.set_nodelay(true), outer.set_nodelay(true));
            let (inner_read, inner_write) = inner.split();
            let (outer_read, outer_write) = outer.split();
            tokio::select! {
                () = pass(inner_read, outer_write, &wire, number, true) => {}
                () = pass(outer_read, inner_write, &wire, number, false) => {}
                _ = cuts.changed() => {}
            }
        });
    }
}

/// One direction, piece by piece; ends with the connection.
async fn pass(mut from: impl AsyncRead + Unpin, mut to: impl AsyncWrite + Unpin, wire: &Wire, number: u64, asks: bool) {
    let mut held = wire.held.subscribe();
    let mut still = wire.still.subscribe();
    let mut piece = vec![0; 16 * 1024];
    while let Ok(length @ 1..) = from.read(&mut piece).await {
        if number < wire.silent.load(Ordering::SeqCst) {
            return std::future::pending().await;
        }
        if asks {
            wire.asked(&piece[..length], number);
        } else if held.wait_for(|held| *held != Some(number)).await.is_err() {
            return;
        }
        if still.wait_for(|still| !*still).await.is_err() || to.write_all(&piece[..length]).await.is_err() {
            return;
        }
    }
}
