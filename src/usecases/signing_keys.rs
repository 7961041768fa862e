//! The keys that sign tokens: made, switched, replaced in the database; held parsed on every node (security.md 6.2, 6.3).

use std::sync::Arc;

use serde::Serialize;
use tracing::warn;

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::jwk::PublicJwk;
use crate::crypto::signing::{
    Algorithm, KeyInfo, KeyRing, KeyState, RingKey, RotationPolicy, RotationStep, SigningError, SigningKey, plan_replacement, plan_rotation,
};
use crate::storage::cache::Stamp;
use crate::storage::invalidations::Kind;
use crate::storage::signing_keys::{self as stored, Row};
use crate::storage::{Error, Tx};

/// How often a plan is made again because another node was faster.
const TRIES: usize = 8;

/// Why the signing keys are not as they should be.
#[derive(Debug, thiserror::Error)]
pub enum KeysError {
    /// The database failed, or holds what cannot be read.
    #[error(transparent)]
    Storage(#[from] Error),
    /// A key cannot be made or opened.
    #[error(transparent)]
    Key(#[from] SigningError),
    /// No such key.
    #[error("there is no signing key {0}")]
    Unknown(String),
    /// Other nodes kept changing the keys.
    #[error("the signing keys are being changed by another node; try again")]
    Busy,
}

/// A signing key as `concord keys list` shows it.
#[derive(Clone, Debug, Serialize)]
pub struct KeyView {
    /// RFC 7638 thumbprint.
    pub kid: String,
    /// What it signs with.
    pub algorithm: String,
    /// Where it stands.
    pub state: String,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it begins, or began, to sign.
    pub activates_at: Timestamp,
    /// When it stopped signing.
    pub retired_at: Option<Timestamp>,
    /// When its private half was removed.
    pub destroyed_at: Option<Timestamp>,
}

/// What the keys in use were made of.
pub(super) struct Seen {
    /// The feed's stamp when their rows were read.
    stamp: Stamp,
    /// Thumbprint, state, and whether the private half is there, of each row.
    rows: Vec<(String, String, bool)>,
    ring: Arc<KeyRing>,
}

/// What to do with the keys there are. Asked again when another node was faster.
type Plan = Arc<dyn Fn(&[KeyInfo]) -> Vec<RotationStep> + Send + Sync>;

/// At start: there is an active key of each algorithm, and this node holds all keys.
///
/// # Errors
/// See [`KeysError`].
pub async fn ensure(core: &Core) -> Result<(), KeysError> {
    run_rotation(core, core.clock.now()).await.map(|_| ())
}

/// What is due now by the calendar: makes, switches and destroys keys. Every node may run it, as often as it likes.
/// Returns how many steps were taken.
///
/// # Errors
/// See [`KeysError`].
pub async fn run_rotation(core: &Core, now: Timestamp) -> Result<usize, KeysError> {
    let policy = RotationPolicy::new(&core.config.keys);
    let taken = carry_out(core, Arc::new(move |keys| plan_rotation(keys, now, &policy)), false, now).await?;
    load(core).await?;
    Ok(taken)
}

/// Publishes the next key of an algorithm ahead of the calendar; `at_once`: it signs from now on, which clients that keep
/// the key set in memory may notice.
///
/// # Errors
/// See [`KeysError`].
pub async fn rotate(core: &Core, algorithm: Algorithm, at_once: bool) -> Result<usize, KeysError> {
    let now = core.clock.now();
    let activate_at = if at_once { now } else { now + core.config.keys.publish_before.get() };
    let prepare = move |keys: &[KeyInfo]| {
        let pending = keys.iter().any(|key| key.algorithm == algorithm && key.state == KeyState::Pending);
        let create = RotationStep::Create { algorithm, state: KeyState::Pending, activate_at };
        if pending { Vec::new() } else { vec![create] }
    };
    let prepared = carry_out(core, Arc::new(prepare), false, now).await?;
    let switched = if at_once { carry_out(core, Arc::new(move |keys| switch(keys, algorithm)), false, now).await? } else { 0 };
    load(core).await?;
    Ok(prepared + switched)
}

/// The pending key begins to sign, the active one stops.
fn switch(keys: &[KeyInfo], algorithm: Algorithm) -> Vec<RotationStep> {
    let of_state = |state| keys.iter().find(move |key| key.algorithm == algorithm && key.state == state);
    let Some(next) = of_state(KeyState::Pending) else { return Vec::new() };
    let retired = of_state(KeyState::Active).map(|key| RotationStep::Retire { kid: key.kid.clone() });
    retired.into_iter().chain([RotationStep::Activate { kid: next.kid.clone() }]).collect()
}

/// Takes a key out of use. Planned: a successor signs, what the key has signed stays valid until it expires. `at_once`, when
/// its secret may be known to others: the key is destroyed and nothing it has signed is believed any more, on any node.
///
/// # Errors
/// [`KeysError::Unknown`] when there is no such key or it is destroyed already.
pub async fn retire(core: &Core, kid: &str, at_once: bool) -> Result<usize, KeysError> {
    let now = core.clock.now();
    let infos = infos(&stored::all(&mut core.database.read().await?).await?)?;
    let Some(key) = infos.into_iter().find(|key| key.kid == kid && key.state != KeyState::Destroyed) else {
        return Err(KeysError::Unknown(kid.to_owned()));
    };
    if !at_once && key.state == KeyState::Active {
        return rotate(core, key.algorithm, true).await;
    }
    let name = kid.to_owned();
    let plan: Plan = match key.state {
        KeyState::Retired if !at_once => return Ok(0),
        _ => Arc::new(move |keys| plan_replacement(keys, &name, now)),
    };
    let taken = carry_out(core, plan, at_once, now).await?;
    if at_once {
        warn!(event = "keys.replaced", kid, "signing key destroyed; nothing it signed is believed any more");
    }
    load(core).await?;
    Ok(taken)
}

/// Every key, the oldest first.
///
/// # Errors
/// The database failed.
pub async fn list(core: &Core) -> Result<Vec<KeyView>, Error> {
    let rows = stored::all(&mut core.database.read().await?).await?;
    let view = |row: Row| KeyView {
        kid: row.kid,
        algorithm: row.algorithm,
        state: row.state,
        created_at: row.created_at,
        activates_at: row.activates_at,
        retired_at: row.retired_at,
        destroyed_at: row.destroyed_at,
    };
    Ok(rows.into_iter().map(view).collect())
}

/// Takes the keys of the database into use on this node.
///
/// # Errors
/// See [`KeysError`]; the keys in use stay.
pub async fn load(core: &Core) -> Result<(), KeysError> {
    load_by(core, &mut core.database.read().await?).await
}

async fn load_by(core: &Core, tx: &mut Tx) -> Result<(), KeysError> {
    let (number, stamp) = (core.keys_loads.begin(), core.truth.stamp(Kind::Keys, ""));
    take_over(core, number, stamp, &stored::all(tx).await?)
}

/// Takes rows into use that were read after `number` and `stamp` were taken.
fn take_over(core: &Core, number: u64, stamp: Stamp, rows: &[Row]) -> Result<(), KeysError> {
    let seen: Vec<_> = rows.iter().map(|row| (row.kid.clone(), row.state.clone(), row.wrapped.is_some())).collect();
    // Opening a private key is work, and its row never changes but by its state.
    let ring = match core.keys_seen.load().as_deref() {
        Some(before) if before.rows == seen => Arc::clone(&before.ring),
        _ => Arc::new(ring(core, rows)?),
    };
    core.keys_loads.take_over(number, || {
        if core.keys_seen.load().as_deref().is_none_or(|before| !Arc::ptr_eq(&before.ring, &ring)) {
            core.keys.store(Arc::clone(&ring));
        }
        core.keys_seen.store(Some(Arc::new(Seen { stamp, rows: seen, ring })));
    });
    Ok(())
}

fn ring(core: &Core, rows: &[Row]) -> Result<KeyRing, KeysError> {
    let (mut keys, mut archive) = (Vec::new(), Vec::new());
    for row in rows {
        let Some(info) = info(row)? else {
            warn!(
                event = "keys.unknown",
                kid = row.kid,
                algorithm = row.algorithm,
                "a signing key of an algorithm that a later version knows"
            );
            continue;
        };
        match &row.wrapped {
            Some(wrapped) => {
                let key = SigningKey::unwrap(&core.sealer, &info.kid, info.algorithm, wrapped)?;
                keys.push(RingKey { info, key: Arc::new(key) });
            }
            None => archive.extend(public_half(&row.public_jwk)),
        }
    }
    Ok(KeyRing::new(keys).with_archive(archive))
}

/// Loads the keys when another node changed them; costs nothing otherwise. For whoever polls the feed, by the feed's own
/// connection: requests that hold all others must not make this node's keys old.
///
/// # Errors
/// See [`KeysError`]; the keys in use stay, and the next call tries again.
pub async fn refresh(core: &Core) -> Result<(), KeysError> {
    let seen = core.keys_seen.load();
    if seen.as_deref().is_some_and(|seen| core.truth.holds(seen.stamp)) {
        return Ok(());
    }
    load_by(core, &mut core.database.feed().await?).await
}

/// Before a token is opened: the keys and the database epoch in memory are true. They are as long as the feed is followed;
/// else both are read from the database first (conventions 8).
///
/// # Errors
/// Memory is not fresh and the database could not be asked, or holds a key that cannot be opened: nothing may be believed.
pub async fn assure(core: &Core) -> Result<(), Error> {
    if core.truth.is_fresh() {
        return Ok(());
    }
    let (epoch, keys, stamp) = (core.epoch_loads.begin(), core.keys_loads.begin(), core.truth.stamp(Kind::Keys, ""));
    // Whoever asks at the same time shares the answer: the database has enough to do.
    let beliefs = core.loads.beliefs.get(()).await?.ok_or_else(|| Error::Corrupt("no database epoch".into()))?;
    core.epoch_loads.take_over(epoch, || core.set_database_epoch(beliefs.epoch));
    take_over(core, keys, stamp, &beliefs.keys).map_err(|error| match error {
        KeysError::Storage(error) => error,
        other => Error::Unavailable(other.to_string()),
    })
}

/// A destroyed key's public half; none when its secret was lost.
fn public_half(text: &str) -> Option<PublicJwk> {
    PublicJwk::from_value(&serde_json::from_str(text).ok()?).ok()
}

/// The keys of algorithms that this version knows: the next one may know more, and works beside it for a while.
fn infos(rows: &[Row]) -> Result<Vec<KeyInfo>, Error> {
    rows.iter().filter_map(|row| info(row).transpose()).collect()
}

fn info(row: &Row) -> Result<Option<KeyInfo>, Error> {
    let Ok(algorithm) = row.algorithm.parse() else { return Ok(None) };
    let state = KeyState::parse(&row.state).ok_or_else(|| Error::Corrupt("a signing key's row cannot be read".into()))?;
    let (kid, activate_at, retired_at) = (row.kid.clone(), row.activates_at, row.retired_at);
    Ok(Some(KeyInfo { kid, algorithm, state, activate_at, retired_at }))
}

/// Carries a plan out in one transaction, and only when it is still what the plan would be then.
async fn carry_out(core: &Core, plan: Plan, lost: bool, now: Timestamp) -> Result<usize, KeysError> {
    for _ in 0..TRIES {
        let steps = plan(&infos(&stored::all(&mut core.database.read().await?).await?)?);
        if steps.is_empty() {
            return Ok(0);
        }
        let fresh = Arc::new(make_keys(core, &steps, now).await?);
        let (count, steps, plan) = (steps.len(), Arc::new(steps), Arc::clone(&plan));
        let done = core.database.write(move |tx| {
            let (fresh, steps, plan) = (Arc::clone(&fresh), Arc::clone(&steps), Arc::clone(&plan));
            Box::pin(async move {
                if plan(&infos(&stored::all(tx).await?)?) != *steps {
                    return Ok(false);
                }
                take_steps(tx, &steps, &fresh, lost, now).await
            })
        });
        if done.await? {
            tracing::info!(event = "keys.changed", steps = count, "signing keys changed");
            return Ok(count);
        }
    }
    Err(KeysError::Busy)
}

/// The keys that the steps create, in their order. RSA takes a good part of a second, so not inside the transaction.
async fn make_keys(core: &Core, steps: &[RotationStep], now: Timestamp) -> Result<Vec<Row>, KeysError> {
    let mut rows = Vec::new();
    for step in steps {
        let RotationStep::Create { algorithm, state, activate_at } = step else { continue };
        let (algorithm, sealer) = (*algorithm, core.sealer.clone());
        let made = tokio::task::spawn_blocking(move || {
            let key = SigningKey::generate(algorithm)?;
            Ok::<_, SigningError>((key.kid().to_owned(), key.public_jwk().to_value().to_string(), key.wrap(&sealer)?))
        });
        let (kid, public_jwk, wrapped) = made.await.map_err(|_| SigningError::Key)??;
        rows.push(Row {
            kid,
            algorithm: algorithm.as_str().to_owned(),
            state: state.as_str().to_owned(),
            public_jwk,
            wrapped: Some(wrapped),
            created_at: now,
            activates_at: *activate_at,
            retired_at: None,
            destroyed_at: None,
        });
    }
    Ok(rows)
}

/// First what ends, then what begins: an algorithm never has two active keys.
async fn take_steps(tx: &mut Tx, steps: &[RotationStep], fresh: &[Row], lost: bool, now: Timestamp) -> Result<bool, Error> {
    for step in steps {
        match step {
            RotationStep::Retire { kid } => drop(stored::retire(tx, kid, now).await?),
            RotationStep::Destroy { kid } => drop(stored::destroy(tx, kid, lost, now).await?),
            RotationStep::Activate { .. } | RotationStep::Create { .. } => {}
        }
    }
    for step in steps {
        if let RotationStep::Activate { kid } = step {
            stored::activate(tx, kid, now).await?;
        }
    }
    for row in fresh {
        if !stored::insert(tx, row, now).await? {
            return Err(Error::Corrupt("a signing key of this algorithm is active already".into()));
        }
    }
    Ok(true)
}
