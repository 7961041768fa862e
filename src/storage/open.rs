//! Opening the two databases as the configuration says.

use std::str::FromStr;
use std::sync::Arc;
use std::time::Duration;

use sqlx::Postgres;
use sqlx::postgres::PgConnectOptions;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous};

use super::Error;
use super::database::{ByUse, Engine, Pools};
use super::error::Verdict;
use super::pool::{self, Pool, Terms};
use crate::clock;

/// How old a connection to PostgreSQL becomes: its process there grows with what it has seen.
const AGE: Duration = Duration::from_mins(30);
/// How long one may lie unused: less than the 350 s after which common load balancers forget it.
const UNUSED: Duration = Duration::from_mins(5);

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
    let reading = options.clone().read_only(true).create_if_missing(false).optimize_on_close(false, None);
    // A file does not fall silent: its connections last.
    let lasting = Terms { connections: 1, wait: pools.wait, answer: None, age: Duration::MAX, unused: Duration::MAX };
    let write = Pool::new(options, Terms { wait: pools.write_deadline.max(pools.wait), ..lasting });
    let read = Pool::new(reading.clone(), Terms { connections: pools.connections, ..lasting });
    // The writer first: it makes the file.
    write.acquire().await.map_err(opened)?.keep();
    read.acquire().await.map_err(opened)?.keep();
    Ok(Engine::Sqlite(Arc::new(ByUse { write, read, feed: Pool::new(reading, lasting) })))
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
    // PostgreSQL ends a statement that takes too long: one that goes on for longer than that and the wait for a connection is not heard
    // any more. Where it may run for ever, it is waited for.
    let answer = (!pools.statement.is_zero()).then(|| pools.statement + pools.wait);
    let terms = Terms { connections: pools.connections, wait: pools.wait, answer, age: AGE, unused: UNUSED };
    let shared = Pool::new(options.clone(), terms);
    let feed = Pool::new(options.clone(), Terms { connections: 1, ..terms });
    first_connection(&shared, &options, pools.connect).await?;
    Ok(Engine::Postgres(Arc::new(ByUse { write: shared.clone(), read: shared, feed })))
}

/// A database that is just starting is waited for.
async fn first_connection(pool: &Pool<Postgres>, options: &PgConnectOptions, patience: Duration) -> Result<(), Error> {
    let started = clock::monotonic();
    loop {
        let error = match pool.acquire().await {
            Ok(first) => {
                first.keep();
                return Ok(());
            }
            Err(error) => error,
        };
        let may_pass = matches!(error, sqlx::Error::PoolTimedOut) || pool::may_pass(&error);
        if !may_pass || started.elapsed() >= patience {
            return Err(Error::Unavailable(obstacle(options, &error)));
        }
    }
}

/// What stands in the way of a connection, in the words of the system or of the database; both name nothing but the role and the database.
fn obstacle(options: &PgConnectOptions, error: &sqlx::Error) -> String {
    let reason = match error {
        sqlx::Error::Io(error) => error.to_string(),
        sqlx::Error::Database(error) => error.message().to_owned(),
        sqlx::Error::Tls(_) => "TLS failed".to_owned(),
        sqlx::Error::PoolTimedOut => "no answer in time".to_owned(),
        _ => "the connection failed".to_owned(),
    };
    format!("cannot connect to PostgreSQL at {}:{}: {reason}; see database.url", options.get_host(), options.get_port())
}
