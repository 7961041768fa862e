//! Looking into the database from the side, as somebody with a dump would.

use sqlx::{Column, ConnectOptions, Connection, Executor, Row, TypeInfo, ValueRef};

use super::database::Backend;
use super::world::World;

/// Long enough for whoever needs the rows to be waiting for them, short enough for their patience.
const HELD: std::time::Duration = std::time::Duration::from_millis(400);

impl World {
    /// Every row of every table as bytes one after the other: what a stolen dump would show.
    pub async fn dump(&self) -> Vec<u8> {
        match self.backend {
            Backend::Sqlite => self.dump_sqlite().await,
            Backend::Postgres => self.dump_postgres().await,
        }
    }

    async fn dump_sqlite(&self) -> Vec<u8> {
        let mut connection = self.sqlite().await;
        connection.execute("PRAGMA wal_checkpoint(FULL)").await.expect("a checkpoint");
        let path = self.database_url().trim_start_matches("sqlite:").to_owned();
        let mut bytes = std::fs::read(&path).expect("the file");
        bytes.extend(std::fs::read(format!("{path}-wal")).unwrap_or_default());
        bytes
    }

    async fn dump_postgres(&self) -> Vec<u8> {
        let mut connection = self.postgres().await;
        connection.execute("SET bytea_output = 'escape'").await.expect("a setting");
        let tables: Vec<String> =
            sqlx::query_scalar("SELECT CAST(tablename AS TEXT) FROM pg_tables WHERE schemaname = 'public' ORDER BY 1")
                .fetch_all(&mut connection)
                .await
                .expect("the tables");
        let mut bytes = Vec::new();
        for table in tables {
            let statement = sqlx::AssertSqlSafe(format!("SELECT CAST(t AS TEXT) FROM \"{table}\" t"));
            for row in sqlx::query_scalar::<_, String>(statement).fetch_all(&mut connection).await.expect("the rows") {
                bytes.extend(row.bytes().chain([b'\n']));
            }
        }
        bytes
    }

    /// Fails when the dump holds any of these, in any of the ways text is usually written.
    pub async fn assert_nowhere(&self, secrets: &[&str]) {
        let dump = self.dump().await;
        for secret in secrets {
            let hex: String = secret.bytes().map(|b| format!("{b:02x}")).collect();
            for written in [(*secret).to_owned(), secret.to_lowercase(), hex] {
                let found = dump.windows(written.len()).position(|w| w.eq_ignore_ascii_case(written.as_bytes()));
                let near = found.map(|at| String::from_utf8_lossy(&dump[at.saturating_sub(80)..(at + 40).min(dump.len())]).into_owned());
                assert!(near.is_none(), "`{secret}` stands in the database: ...{}...", near.unwrap_or_default());
            }
        }
    }

    /// Runs a statement from the side, as somebody with access to the database would; an error is returned, not raised.
    pub async fn tamper(&self, statement: &str) -> Result<u64, sqlx::Error> {
        let statement = sqlx::AssertSqlSafe(statement.to_owned());
        Ok(match self.backend {
            Backend::Sqlite => self.sqlite().await.execute(statement).await?.rows_affected(),
            Backend::Postgres => self.postgres().await.execute(statement).await?.rows_affected(),
        })
    }

    /// Does `work` while another transaction has changed rows by the first statement and not committed yet; it runs the others after a
    /// while, and commits. Work that needs those rows waits for it.
    pub async fn while_held<T>(&self, statements: &[&str], work: impl Future<Output = T>) -> T {
        let later = |at: usize| statements[at..].iter().map(|text| sqlx::AssertSqlSafe((*text).to_owned())).collect::<Vec<_>>();
        let (first, others) = (later(0).remove(0), later(1));
        match self.backend {
            Backend::Sqlite => {
                let mut connection = self.sqlite().await;
                let mut tx = connection.begin_with("BEGIN IMMEDIATE").await.expect("a transaction");
                tx.execute(first).await.expect("the first");
                let finish = async {
                    tokio::time::sleep(HELD).await;
                    for statement in others {
                        tx.execute(statement).await.expect("the next");
                    }
                    tx.commit().await.expect("committed");
                };
                tokio::join!(work, finish).0
            }
            Backend::Postgres => {
                let mut connection = self.postgres().await;
                let mut tx = connection.begin().await.expect("a transaction");
                tx.execute(first).await.expect("the first");
                let finish = async {
                    tokio::time::sleep(HELD).await;
                    for statement in others {
                        tx.execute(statement).await.expect("the next");
                    }
                    tx.commit().await.expect("committed");
                };
                tokio::join!(work, finish).0
            }
        }
    }

    /// The rows of a query, each as text: NULL as `-`, bytes as hexadecimal digits.
    pub async fn rows(&self, query: &str) -> Vec<Vec<String>> {
        self.rows_of(&[query]).await.remove(0)
    }

    /// The rows of several queries over one connection, for each query in turn.
    pub async fn rows_of(&self, queries: &[&str]) -> Vec<Vec<Vec<String>>> {
        let mut all = Vec::new();
        match self.backend {
            Backend::Sqlite => {
                let mut connection = self.sqlite().await;
                for query in queries {
                    let rows = sqlx::query(sqlx::AssertSqlSafe((*query).to_owned())).fetch_all(&mut connection).await.expect("the rows");
                    all.push(rows.iter().map(|row| (0..row.len()).map(|at| sqlite_text(row, at)).collect()).collect());
                }
            }
            Backend::Postgres => {
                let mut connection = self.postgres().await;
                for query in queries {
                    let rows = sqlx::query(sqlx::AssertSqlSafe((*query).to_owned())).fetch_all(&mut connection).await.expect("the rows");
                    all.push(rows.iter().map(|row| (0..row.len()).map(|at| postgres_text(row, at)).collect()).collect());
                }
            }
        }
        all
    }

    /// One number: `SELECT COUNT(*) FROM ..`.
    pub async fn count(&self, query: &str) -> i64 {
        let rows = self.rows(query).await;
        rows.first().and_then(|row| row.first()).and_then(|value| value.parse().ok()).expect("a number")
    }

    async fn sqlite(&self) -> sqlx::SqliteConnection {
        let options: sqlx::sqlite::SqliteConnectOptions = self.database_url().parse().expect("an address");
        options.foreign_keys(true).busy_timeout(std::time::Duration::from_secs(5)).connect().await.expect("SQLite opens")
    }

    async fn postgres(&self) -> sqlx::PgConnection {
        sqlx::PgConnection::connect(self.database_url()).await.expect("PostgreSQL answers")
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

fn sqlite_text(row: &sqlx::sqlite::SqliteRow, at: usize) -> String {
    let value = row.try_get_raw(at).expect("a column");
    match value.type_info().name() {
        _ if value.is_null() => "-".into(),
        "INTEGER" | "BOOLEAN" | "BIGINT" => row.get_unchecked::<i64, _>(at).to_string(),
        "BLOB" => hex(&row.get_unchecked::<Vec<u8>, _>(at)),
        _ => row.get_unchecked::<String, _>(at),
    }
}

fn postgres_text(row: &sqlx::postgres::PgRow, at: usize) -> String {
    if row.try_get_raw(at).expect("a column").is_null() {
        return "-".into();
    }
    match row.column(at).type_info().name() {
        "INT8" => row.get::<i64, _>(at).to_string(),
        "INT4" => row.get::<i32, _>(at).to_string(),
        "BOOL" => i64::from(row.get::<bool, _>(at)).to_string(),
        "BYTEA" => hex(&row.get::<Vec<u8>, _>(at)),
        "UUID" => row.get::<uuid::Uuid, _>(at).simple().to_string(),
        _ => row.get_unchecked::<String, _>(at),
    }
}
