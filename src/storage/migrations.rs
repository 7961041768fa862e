//! The schema, embedded: portable migrations and the little that differs, merged by version.

use std::borrow::Cow;

use sqlx::migrate::{Migrate, MigrateError, Migration, Migrator};

use super::database::Use;
use super::tx::within;
use super::{Database, Error, Tx};

static COMMON: Migrator = sqlx::migrate!("migrations/common");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");
static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");

/// What the server's role may do.
const GRANTS: &str = r#"
    GRANT USAGE ON SCHEMA public TO "{role}";
    GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public TO "{role}";
    GRANT USAGE ON ALL SEQUENCES IN SCHEMA public TO "{role}";
    REVOKE UPDATE, DELETE, TRUNCATE ON consent_events, link_transitions, consent_texts FROM "{role}";
    REVOKE INSERT, UPDATE, DELETE, TRUNCATE ON _sqlx_migrations FROM "{role}";
"#;

/// How the database's schema compares with this program's.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Every migration of this program has been applied; later ones of a newer program may be there too.
    Ready,
    /// Migrations are missing: run `concord migrate up`.
    Behind {
        /// The last version applied, 0 for an empty database.
        applied: i64,
        /// The version this program needs.
        needed: i64,
    },
}

fn merged(own: &'static Migrator) -> Migrator {
    let mut migrations: Vec<Migration> = COMMON.iter().chain(own.iter()).cloned().collect();
    migrations.sort_by_key(|migration| migration.version);
    // A newer program's migrations may be there already: expand, then contract.
    Migrator { migrations: Cow::Owned(migrations), ignore_missing: true, ..Migrator::DEFAULT }
}

impl Database {
    fn migrator(&self) -> Migrator {
        merged(if self.is_shared() { &POSTGRES } else { &SQLITE })
    }

    /// Applies every missing migration, under the migrator's own lock.
    pub async fn migrate(&self) -> Result<(), Error> {
        let migrator = self.migrator();
        let mut tx = self.acquire(Use::Write).await.map_err(|verdict| verdict.error)?;
        // However long they take.
        let (link, _) = tx.statement()?;
        let done = either!(link, connection => migrator.run(connection.connection()).await);
        settled(&mut tx, done)
    }

    /// PostgreSQL: lets the server's role read and write the tables, but only read and add to those that are append-only
    /// (conventions 9). Nothing to do on SQLite, or when the role is the owner itself.
    pub async fn grant_to(&self, role: &str) -> Result<(), Error> {
        if !self.is_shared() {
            return Ok(());
        }
        let plain = role.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-');
        if !plain {
            return Err(Error::Corrupt("the role's name has characters other than letters, digits, _ and -".into()));
        }
        let mut tx = self.acquire(Use::Write).await.map_err(|verdict| verdict.error)?;
        let (owner,) = fetch_one!(&mut tx, (String,), "SELECT CAST(CURRENT_USER AS TEXT)")?;
        if owner == role {
            return Ok(());
        }
        // Names cannot be bound; the one inserted here was checked above.
        let statements = GRANTS.replace("{role}", role);
        let granting = sqlx::raw_sql(sqlx::AssertSqlSafe(statements));
        let (link, limit) = tx.statement()?;
        let granted = either!(link, connection => within(limit, granting.execute(connection.connection())).await.map(drop));
        tx.answered(granted)
    }

    /// Compares the schema with what this program needs.
    pub async fn schema(&self) -> Result<Schema, Error> {
        let needed = self.migrator().iter().map(|migration| migration.version).max().unwrap_or(0);
        let mut tx = self.read().await?;
        let applied = applied(&mut tx).await?;
        Ok(if applied >= needed { Schema::Ready } else { Schema::Behind { applied, needed } })
    }
}

async fn applied(tx: &mut Tx) -> Result<i64, Error> {
    const TABLE: &str = "_sqlx_migrations";
    let (link, _) = tx.statement()?;
    let list = either!(link, connection => connection.connection().list_applied_migrations(TABLE).await);
    let last = list.map(|list| list.iter().map(|migration| migration.version).max().unwrap_or(0));
    match last {
        // No table yet: nothing was ever applied.
        Err(MigrateError::Execute(sqlx::Error::Database(_))) => settled(tx, Ok(0)),
        other => settled(tx, other),
    }
}

/// The connection is in order after migrations that went well, and only then.
fn settled<T>(tx: &mut Tx, outcome: Result<T, MigrateError>) -> Result<T, Error> {
    let value = outcome.map_err(|error| unusable(&error))?;
    tx.answered(Ok(value))
}

fn unusable(error: &MigrateError) -> Error {
    match error {
        MigrateError::Execute(sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut) => Error::Unavailable("cannot reach the database".into()),
        MigrateError::VersionMismatch(version) => Error::Corrupt(format!("migration {version} was changed after it was applied")),
        MigrateError::Dirty(version) => Error::Corrupt(format!("migration {version} was applied only in part")),
        other => Error::Corrupt(format!("migration failed: {other}")),
    }
}
