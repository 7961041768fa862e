//! PostgreSQL: what the server's role may do, and what not even a stolen connection of it can (conventions 9, CR2).

use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};

use crate::support::database::{FreshDatabase, service_url};
use crate::support::http::Wire;
use crate::support::node::{Deployment, Node};
use crate::support::person::Person;
use crate::support::world::ISSUER;
use crate::support::{Backend, World};

const LEDGER: [&str; 3] = ["consent_events", "link_transitions", "consent_texts"];

/// The address of a database, for the server's role.
fn for_the_server(database: &str) -> String {
    let mut url = url::Url::parse(&service_url("TEST_SERVER_DATABASE_URL")).expect("an address");
    url.set_path(url::Url::parse(database).expect("an address").path());
    url.into()
}

/// The code with which PostgreSQL refuses; `None`: it did not.
async fn refused(connection: &mut PgConnection, statement: &str) -> Option<String> {
    let outcome = connection.execute(AssertSqlSafe(statement.to_owned())).await;
    outcome.err().and_then(|error| error.as_database_error().and_then(|error| error.code()).map(|code| code.into_owned()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn cr2_the_servers_role_adds_to_the_ledger_and_changes_no_schema() {
    let fresh = FreshDatabase::empty(Backend::Postgres).await;
    let url = for_the_server(&fresh.url);
    let mail = crate::support::database::Folder::new();
    // A world beside it lends its keys; what is looked at is the empty database, migrated as an operator does it.
    let world = World::new(Backend::Sqlite).await;
    let deployment = world
        .deployment(ISSUER)
        .set("CONCORD_DATABASE__URL", &url)
        .set("CONCORD_DATABASE__OWNER_URL", &fresh.url)
        .set("CONCORD_DATA_DIR", &mail.path().display().to_string());
    migrate(&deployment).await;
    migrate(&deployment).await;

    // The server runs as that role, and people register: it has everything it needs.
    let node = Node::start(&deployment).await;
    let wire = Wire::new(ISSUER, node.address);
    let mut anna = Person::new("anna", &wire, mail.path().join("mail"));
    let home = anna.walk("/register").await;
    assert_eq!(home.url.path(), "/account", "{}", home.page().text());
    drop(node);

    let mut server = PgConnection::connect(&url).await.expect("the server's role may connect");
    for table in LEDGER {
        for (right, wanted) in [
            ("SELECT", true),
            ("INSERT", true),
            ("UPDATE", false),
            ("DELETE", false),
            ("TRUNCATE", false),
            ("TRIGGER", false),
            ("REFERENCES", false),
        ] {
            let held: bool = sqlx::query_scalar("SELECT has_table_privilege(CURRENT_USER, $1, $2)")
                .bind(table)
                .bind(right)
                .fetch_one(&mut server)
                .await
                .expect("asked");
            assert_eq!(held, wanted, "{right} on {table}");
        }
        for statement in [
            format!("UPDATE {table} SET created_at = 0"),
            format!("DELETE FROM {table}"),
            format!("TRUNCATE {table} CASCADE"),
            format!("DROP TABLE {table} CASCADE"),
            format!("ALTER TABLE {table} DISABLE TRIGGER ALL"),
            format!("DROP TRIGGER {table}_append_only ON {table}"),
            format!("ALTER TABLE {table} RENAME TO gone"),
        ] {
            let code = refused(&mut server, &statement).await;
            // Not allowed, or not the owner's; a column that is not there is no proof.
            assert!(matches!(code.as_deref(), Some("42501" | "42703")), "{statement}: {code:?}");
        }
    }
    for statement in [
        "UPDATE link_transitions SET at = 0",
        "UPDATE consent_events SET at = 0",
        "UPDATE consent_texts SET body = ''",
        "DELETE FROM _sqlx_migrations",
        "UPDATE _sqlx_migrations SET success = FALSE",
        "CREATE TABLE mine (id BIGINT)",
        "ALTER TABLE customers ADD COLUMN x BIGINT",
        "DROP TABLE tries",
        "CREATE FUNCTION f() RETURNS BIGINT LANGUAGE sql AS 'SELECT 1'",
        "DROP FUNCTION refuse_change() CASCADE",
        "CREATE OR REPLACE FUNCTION refuse_change() RETURNS TRIGGER LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END'",
        "GRANT UPDATE ON consent_events TO CURRENT_USER",
        "SET SESSION AUTHORIZATION concord_owner",
        "SET ROLE concord_owner",
        "SET session_replication_role = replica",
        "ALTER ROLE CURRENT_USER SUPERUSER",
        "TRUNCATE customers CASCADE",
        "CREATE SCHEMA mine",
        "COPY consent_texts TO PROGRAM 'cat'",
    ] {
        // A grant of what one does not hold is no error but a warning: the right is asked for below.
        let code = refused(&mut server, statement).await;
        if !statement.starts_with("GRANT") {
            assert!(code.as_deref().is_some_and(|code| code == "42501"), "{statement}: {code:?}");
        }
    }
    let held: bool = sqlx::query_scalar("SELECT has_table_privilege(CURRENT_USER, 'consent_events', 'UPDATE')")
        .fetch_one(&mut server)
        .await
        .expect("asked");
    assert!(!held);
    // And the owner, who may change the schema, is still stopped by the triggers.
    let mut owner = PgConnection::connect(&fresh.url).await.expect("the owner may connect");
    for statement in ["UPDATE consent_texts SET body = ''", "DELETE FROM consent_texts"] {
        assert_eq!(refused(&mut owner, statement).await.as_deref(), Some("42501"), "{statement}");
    }
    let (server, owner) = (server.close().await, owner.close().await);
    server.and(owner).expect("closed");
}

async fn migrate(deployment: &Deployment) {
    let deployment = deployment.clone();
    tokio::task::spawn_blocking(move || deployment.run(&["migrate", "up"])).await.expect("migrated");
}
