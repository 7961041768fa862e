//! Opening the two databases as the configuration says.

use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, PgPool};

use super::Error;
use super::database::{Engine, Pools};
use super::error::Verdict;
use super::lanes::Lanes;
use crate::clock;

/// The fewest connections for reading: sqlx hops to a thread per SQLite connection, and a few keep a core busy (performance.md).
const FEWEST: u32 = 4;

pub(super) async fn open_sqlite(url: &str, pools: Pools) -> Result<Engine, Error> {
    make_folder(url)?;
    let options = SqliteConnectOptions::from_str(url)
        .map_err(|_| Error::Unavailable("database.url is not a SQLite address like sqlite:concord.sqlite".into()))?
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .foreign_keys(true)
        .busy_timeout(pools.wait)
        .pragma("trusted_schema", "OFF")
        .pragma("secure_delete", "ON")
        .optimize_on_close(true, None);
    let opened = |error: sqlx::Error| Error::Unavailable(format!("cannot open the SQLite file: {}", Verdict::of(&error).error));
    let pool = |connections: u32, wait: Duration| {
        let lasting = SqlitePoolOptions::new().idle_timeout(None).max_lifetime(None).test_before_acquire(false);
        lasting.max_connections(connections).acquire_timeout(wait)
    };
    let patience = pools.write_deadline.max(pools.wait);
    let writer = pool(1, patience).connect_with(options.clone()).await.map_err(opened)?;
    let reading = options.read_only(true).create_if_missing(false).optimize_on_close(false, None);
    let most = pools.connections.max(FEWEST);
    let readers = pool(most, pools.wait).connect_with(reading.clone()).await.map_err(opened)?;
    let feed = pool(1, pools.wait).connect_lazy_with(reading);
    Ok(Engine::Sqlite {
        writer: Lanes::new(writer, 1, patience),
        readers: Lanes::new(readers, most, pools.wait),
        feed: Lanes::new(feed, 1, pools.wait),
    })
}

/// Makes the file's folder where there is none, for its owner only.
pub(super) fn make_folder(url: &str) -> Result<(), Error> {
    let Some(folder) = super::server_lock::sqlite_file(url).and_then(|file| Some(file.parent()?.to_owned())) else { return Ok(()) };
    if folder.as_os_str().is_empty() || folder.exists() {
        return Ok(());
    }
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(&folder).map_err(|error| Error::Unavailable(format!("cannot make the folder {}: {error}", folder.display())))
}

pub(super) async fn open_postgres(url: &str, pools: Pools) -> Result<Engine, Error> {
    let millis = |period: Duration| period.as_millis().to_string();
    let options = PgConnectOptions::from_str(url)
        .ok()
        .filter(|_| url.starts_with("postgres"))
        .ok_or_else(|| Error::Unavailable("database.url is no address like postgres://user@host/name or sqlite:path".into()))?
        .application_name("concord")
        .options([
            ("statement_timeout", millis(pools.statement)),
            ("lock_timeout", millis(pools.write_deadline)),
            ("idle_in_transaction_session_timeout", millis(pools.idle_in_transaction)),
            // Every statement looks rows up by their keys: planning ten joins anew costs ten times what running them does.
            ("plan_cache_mode", "force_generic_plan".to_owned()),
        ]);
    // Not tested before use: that would be a round trip for every statement. One on a connection that broke is answered 503.
    let pool = |connections: u32| PgPoolOptions::new().max_connections(connections).acquire_timeout(pools.wait).test_before_acquire(false);
    let feed = pool(1).connect_lazy_with(options.clone());
    let most = pools.connections.max(FEWEST);
    let pool = pool(most).connect_lazy_with(options.clone());
    first_connection(&pool, &options, pools.connect).await?;
    Ok(Engine::Postgres { pool: Lanes::new(pool, most, pools.wait), feed: Lanes::new(feed, 1, pools.wait) })
}

/// What stands in the way of a connection, in the words of the system or of the database; both name nothing but the role and the database.
async fn obstacle(options: &PgConnectOptions) -> String {
    let place = format!("cannot connect to PostgreSQL at {}:{}", options.get_host(), options.get_port());
    let reason = match tokio::time::timeout(Duration::from_secs(2), PgConnection::connect_with(options)).await {
        Ok(Err(sqlx::Error::Io(error))) => error.to_string(),
        Ok(Err(sqlx::Error::Database(error))) => error.message().to_owned(),
        Ok(Err(sqlx::Error::Tls(_))) => "TLS failed".to_owned(),
        Ok(Err(_)) => "the connection failed".to_owned(),
        Ok(Ok(_)) | Err(_) => "no answer in time".to_owned(),
    };
    format!("{place}: {reason}; see database.url")
}

/// A database that is just starting is waited for.
async fn first_connection(pool: &PgPool, options: &PgConnectOptions, patience: Duration) -> Result<(), Error> {
    let started = clock::monotonic();
    loop {
        match pool.acquire().await {
            Ok(_) => return Ok(()),
            Err(sqlx::Error::PoolTimedOut) if started.elapsed() < patience => {}
            Err(_) => return Err(Error::Unavailable(obstacle(options).await)),
        }
    }
}
