//! Nodes tell each other what was just invalidated, so that nobody waits for the next poll. Only a hint: the feed in the
//! database is the truth, and a lost message costs a quarter of a second (conventions 8).

use std::sync::{Arc, Weak};

use serde::{Deserialize, Serialize};
use tokio::sync::{Notify, mpsc};
use uuid::Uuid;

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::random::Random;
use crate::storage::ephemeral::Channel;
use crate::storage::invalidations::{Invalidation, Kind};

/// How many commits may wait to be told; more are left to the feed.
const WAITING: usize = 1024;

#[derive(Serialize, Deserialize)]
struct Message {
    /// Whoever said it knows already.
    node: Uuid,
    changes: Vec<(String, String)>,
}

/// What this node has to tell.
#[derive(Clone)]
pub(super) struct Outgoing {
    node: Uuid,
    sender: mpsc::Sender<Vec<Invalidation>>,
    receiver: Arc<tokio::sync::Mutex<mpsc::Receiver<Vec<Invalidation>>>>,
}

impl Outgoing {
    pub(super) fn new(random: &Random) -> Self {
        let (sender, receiver) = mpsc::channel(WAITING);
        Self { node: random.uuid_v7(Timestamp::default()), sender, receiver: Arc::new(tokio::sync::Mutex::new(receiver)) }
    }

    /// Called after a commit: never waits.
    pub(super) fn tell(&self, changes: &[Invalidation]) {
        let _ = self.sender.try_send(changes.to_vec());
    }
}

/// Tells and listens until the core is gone. `wake` is for what needs the database: the next poll comes at once.
pub(super) fn exchange(core: &Arc<Core>, wake: Arc<Notify>) {
    let outgoing = core.hints.clone();
    let ephemeral = Arc::clone(&core.ephemeral);
    let listener = Arc::downgrade(core);
    let node = outgoing.node;
    let mut incoming = ephemeral.subscribe(Channel::Invalidations);
    tokio::spawn(async move {
        while let Some(message) = incoming.recv().await {
            let Some(core) = listener.upgrade() else { return };
            receive(&core, node, &message, &wake);
        }
    });
    let speaker = Arc::downgrade(core);
    tokio::spawn(async move {
        let mut receiver = outgoing.receiver.lock().await;
        // The sender in here keeps the channel open: the core's end is noticed by what it can no longer say.
        drop(outgoing.sender);
        while let Some(mut changes) = receiver.recv().await {
            while let Ok(more) = receiver.try_recv() {
                changes.extend(more);
            }
            if !speak(&speaker, node, changes).await {
                return;
            }
        }
    });
}

async fn speak(core: &Weak<Core>, node: Uuid, changes: Vec<Invalidation>) -> bool {
    let Some(core) = core.upgrade() else { return false };
    let changes = changes.into_iter().map(|change| (change.kind.as_str().to_owned(), change.key)).collect();
    if let Ok(message) = serde_json::to_vec(&Message { node, changes })
        && let Err(error) = core.ephemeral.publish(Channel::Invalidations, &message).await
    {
        tracing::debug!(event = "hints.lost", reason = %error, "other nodes learn it from the feed");
    }
    true
}

fn receive(core: &Core, node: Uuid, message: &[u8], wake: &Notify) {
    let Ok(message) = serde_json::from_slice::<Message>(message) else { return };
    if message.node == node {
        return;
    }
    let known = |(kind, key): (String, String)| Kind::parse(&kind).map(|kind| Invalidation { kind, key });
    let changes: Vec<_> = message.changes.into_iter().filter_map(known).collect();
    core.truth.apply(&changes);
    if changes.iter().any(|change| matches!(change.kind, Kind::Epoch | Kind::Keys | Kind::Catalog)) {
        wake.notify_one();
    }
}
