//! From a configuration to a core that can serve: database, root keys, epoch, catalogue, signing keys, in this order.

use std::sync::Arc;
use std::time::Duration;

use super::catalog::LoadError;
use super::signing_keys::KeysError;
use super::{Core, catalog, clocks, follow, signing_keys};
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::password;
use crate::crypto::random::Random;
use crate::crypto::root_keys::{RootKeyError, RootKeys};
use crate::storage::ephemeral::Gone;
use crate::storage::migrations::Schema;
use crate::storage::{Database, Error, Pools, Tx, settings};

/// Why a process does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The database cannot be reached or used.
    #[error(transparent)]
    Storage(#[from] Error),
    /// The schema is older than this program.
    #[error("the database's schema is at version {applied}, this program needs {needed}: run `concord migrate up`")]
    SchemaBehind {
        /// The last version applied.
        applied: i64,
        /// The version needed.
        needed: i64,
    },
    /// Missing, readable by others, or not those of this database.
    #[error(transparent)]
    RootKeys(#[from] RootKeyError),
    /// Another node was faster and brought other root keys to the empty database.
    #[error("another node has just begun to use this database with other root keys; give both the same and start again")]
    OtherRootKeys,
    /// This node's time is not the database's.
    #[error("this node's clock is {} s from the database's, more than {} s: synchronise both by NTP and start again", .0.as_secs(), clocks::MOST.as_secs())]
    Clocks(Duration),
    /// Argon2's parameters do not fit, or there are no threads to be had.
    #[error(transparent)]
    Passwords(#[from] password::StartError),
    /// The store of short-lived things has an address that is none.
    #[error(transparent)]
    Ephemeral(#[from] Gone),
    /// The catalogue breaks a rule.
    #[error(transparent)]
    Catalog(#[from] LoadError),
    /// The signing keys cannot be made or opened.
    #[error(transparent)]
    SigningKeys(#[from] KeysError),
}

/// Everything a server needs, ready and kept true: the clocks agree, and the feed is followed for as long as the core lives.
///
/// # Errors
/// See [`StartError`].
pub async fn start(config: Config, clock: Clock, random: Random) -> Result<Arc<Core>, StartError> {
    let core = open(Arc::new(config), clock, random).await?;
    let apart = clocks::difference(&core.database, &core.clock).await?;
    if apart > clocks::MOST {
        return Err(StartError::Clocks(apart));
    }
    follow::keep_following(&core).await?;
    Ok(core)
}

/// Everything a command needs: a core that answers from the database, because it does not follow the feed.
///
/// # Errors
/// See [`StartError`]; nothing was changed that a second start would not find in order.
pub async fn open(config: Arc<Config>, clock: Clock, random: Random) -> Result<Arc<Core>, StartError> {
    let database = open_database(&config).await?;
    let root = root_keys(&config, &database, &random).await?;
    let core = Arc::new(Core::new(config, clock, random, database, &root)?);
    prepare(&core).await?;
    Ok(core)
}

/// A core of an installation as it is, to be looked at: no root key, catalogue record or signing key is made.
///
/// # Errors
/// See [`StartError`]; [`RootKeyError::Missing`] where no server has started yet.
pub async fn look(config: Config, random: Random) -> Result<Arc<Core>, StartError> {
    let database = open_database(&config).await?;
    let known = settings::root_keys_fingerprint(&mut database.read().await?).await?;
    let root = RootKeys::from_config(&config.keys, false, known.as_deref(), &random)?;
    let core = Arc::new(Core::new(Arc::new(config), Clock::System, random, database, &root)?);
    load_epoch(&core, &mut core.database.read().await?).await?;
    signing_keys::load(&core).await?;
    Ok(core)
}

/// Epoch, catalogue and signing keys of a core that was just put together.
///
/// # Errors
/// See [`StartError`].
pub async fn prepare(core: &Core) -> Result<(), StartError> {
    load_epoch(core, &mut core.database.read().await?).await?;
    catalog::load(core).await?;
    signing_keys::ensure(core).await?;
    Ok(())
}

/// Takes over the database epoch (conventions 7); a changed one empties every cache.
///
/// # Errors
/// The database failed.
pub async fn load_epoch(core: &Core, tx: &mut Tx) -> Result<(), Error> {
    let number = core.epoch_loads.begin();
    let epoch = settings::database_epoch(tx).await?;
    core.epoch_loads.take_over(number, || core.set_database_epoch(epoch));
    Ok(())
}

/// Opens the database with a schema that fits: the embedded one is brought up to date, PostgreSQL by `concord migrate up`.
async fn open_database(config: &Config) -> Result<Database, StartError> {
    let settings = &config.database;
    let embedded = settings.url.expose().starts_with("sqlite:");
    let database = Database::open(settings.url.expose(), Pools::of(settings)).await?;
    if embedded {
        database.migrate().await?;
    }
    match database.schema().await? {
        Schema::Ready => Ok(database),
        Schema::Behind { applied, needed } => Err(StartError::SchemaBehind { applied, needed }),
    }
}

/// The root keys of this database: made for an empty one, else those it was written with (conventions 11).
async fn root_keys(config: &Config, database: &Database, random: &Random) -> Result<RootKeys, StartError> {
    let (known, empty) = {
        let mut tx = database.read().await?;
        (settings::root_keys_fingerprint(&mut tx).await?, settings::is_empty(&mut tx).await?)
    };
    let root = RootKeys::from_config(&config.keys, empty, known.as_deref(), random)?;
    let fingerprint = root.fingerprint();
    if known.is_none() {
        let own = fingerprint.clone();
        let noted = database.write(move |tx| {
            let own = own.clone();
            Box::pin(async move { settings::note_root_keys(tx, &own).await })
        });
        if noted.await.map_err(|error: Error| error)? != fingerprint {
            return Err(StartError::OtherRootKeys);
        }
    }
    Ok(root)
}
