//! A fresh world per test, and those who act in it.
//!
//! ```text
//! on_both! {
//!     /// I2: ...
//!     async fn i2_one_holder_per_local_account(world: World) {
//!         let shop = world.client("shop");
//!         ...
//!     }
//! }
//! ```
//!
//! runs as `i2_one_holder_per_local_account::sqlite` (SQLite and the in-process store) and `::postgres` (PostgreSQL and Redis).

pub mod client;
pub mod database;
pub mod html;
pub mod http;
pub mod inspect;
pub mod keys;
pub mod node;
pub mod partner;
pub mod person;
pub mod proxy;
pub mod redis;
pub mod secrets;
mod selftest;
pub mod world;

pub use database::Backend;
pub use world::World;

/// Makes two tests of one: on SQLite with the in-process store, and on PostgreSQL with Redis.
macro_rules! on_both {
    ($($(#[$about:meta])* async fn $name:ident($world:ident: World) $story:block)+) => {$(
        $(#[$about])*
        mod $name {
            #[allow(unused_imports)]
            use super::*;

            async fn story($world: $crate::support::World) $story

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() {
                story($crate::support::World::new($crate::support::Backend::Sqlite).await).await;
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() {
                story($crate::support::World::new($crate::support::Backend::Postgres).await).await;
            }
        }
    )+};
}
pub(crate) use on_both;
