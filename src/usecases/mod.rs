//! What the system does, one verb per file, each owning its transaction.

/// What access tokens say.
pub mod access_token;
/// The person's own pages.
pub mod account;
/// A service's document becomes the truth.
pub mod apply_service;
/// What a request asks for by the names of claims.
pub mod asked;
/// Whom an access token is for.
pub mod audience;
/// Which client asks, proved.
pub mod authenticate_client;
/// Telling clients that something ended.
pub mod backchannel;
mod canonical_json;
/// The catalogue of product domains at start.
pub mod catalog;
/// The clock of this node beside the database's.
pub mod clocks;
/// The customer's chain of decisions.
pub mod consent_chain;
/// Decisions of customers.
pub mod consents;
/// The data key of a customer.
pub mod customer_key;
/// What this provider can do.
pub mod discovery;
/// What ends what.
pub mod endings;
/// How a decision was expressed.
pub mod expression;
/// The sign-in transaction.
pub mod flow;
/// Following the feed of changes.
pub mod follow;
/// Grants from memory, and their endings.
pub mod grants;
/// What nodes tell each other.
pub mod hints;
/// Reading an `id_token_hint`.
pub mod id_token_hint;
/// E-mail addresses, phones and login names of customers.
pub mod identifiers;
/// Introspection.
pub mod introspect;
/// The one gate, grants and codes.
pub mod issue;
mod latest;
/// Limits on tries.
pub mod limits;
/// Links and their ceremony.
pub mod links;
mod loads;
/// Signing out at the wish of a client.
pub mod logout;
/// What a node remembers about tokens.
pub mod memory;
mod note;
/// Messages to people.
pub mod notices;
/// Lists worked off one by one.
pub mod one_by_one;
/// Codes that people type.
pub mod one_time_code;
/// The `sub` of a customer in a sector.
pub mod pairwise;
/// Pushed authorization requests.
pub mod par;
/// Who may call the partner API.
pub mod partner_access;
/// Clients and services from memory.
pub mod partners;
/// A person's values in memory.
pub mod person;
mod planted_code;
/// Profile values of customers.
pub mod profile;
/// What the owner of a product domain writes about its customers.
pub mod profile_write;
/// What refresh tokens say.
pub mod refresh_token;
/// What a service's API may know of a person.
pub mod relation;
/// After a restore.
pub mod restored;
/// Revocation.
pub mod revoke;
/// A new secret for a client.
pub mod rotate_secret;
/// Is a service connected as it should be?
pub mod service_doctor;
/// Browser sessions.
pub mod sessions;
/// What an operator sets.
pub mod set_customer;
/// What an operator sees.
pub mod show_customer;
/// Links and consents, as operators see them.
pub mod show_links;
/// Services and clients as operators see them.
pub mod show_partners;
/// The keys that sign tokens.
pub mod signing_keys;
/// From a configuration to a core that can serve.
pub mod start;
/// Switching services and clients off and on.
pub mod switch_partner;
/// The token endpoint.
pub mod token;
mod token_client_credentials;
mod token_code;
mod token_refresh;
/// Userinfo.
pub mod userinfo;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

use arc_swap::{ArcSwap, ArcSwapOption};

use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::blind::BlindIndex;
use crate::crypto::pairwise::PairwiseSubjects;
use crate::crypto::password::{PasswordPool, Rules};
use crate::crypto::random::Random;
use crate::crypto::root_keys::RootKeys;
use crate::crypto::sealing::Sealer;
use crate::crypto::signing::KeyRing;
use crate::model::catalog::Catalog;
use crate::model::grant::GrantView;
use crate::model::ids::GrantId;
/// What a use case says when the database could not be asked: for callers that must not know storage.
pub use crate::storage::Error as Failure;
use crate::storage::cache::{Cache, Truth};
use crate::storage::{Database, Ephemeral, ephemeral};

/// Everything a use case needs: handed to each as `&Core`, made once per process (or per test).
pub struct Core {
    /// The configuration, validated.
    pub config: Arc<Config>,
    /// Where the time comes from; a use case reads it once.
    pub clock: Clock,
    /// Where chance comes from.
    pub random: Random,
    /// The database.
    pub database: Database,
    /// Short-lived things.
    pub ephemeral: Arc<dyn Ephemeral>,
    /// What this node knows of changes, and how fresh that knowledge is.
    pub truth: Arc<Truth>,
    /// Seals tokens and everything stored that is personal but has no customer yet.
    pub sealer: Sealer,
    /// Finds customers by identifiers that are stored only sealed.
    pub blind: BlindIndex,
    /// First values of pairwise subjects.
    pub pairwise: PairwiseSubjects,
    /// Hashes passwords in a bounded pool of threads.
    pub passwords: PasswordPool,
    /// Which passwords may be chosen.
    pub password_rules: Rules,
    /// Product domains, scopes, agreements.
    pub catalog: ArcSwap<Catalog>,
    /// Grants with the present truth about them.
    pub grants: Cache<GrantId, GrantView>,
    /// Clients and services.
    pub partners: partners::Partners,
    /// The signing keys of this moment; none before the start-up use case loaded them.
    pub keys: ArcSwap<KeyRing>,
    /// What the keys in use were made of.
    keys_seen: ArcSwapOption<signing_keys::Seen>,
    /// Which load of the keys is in force.
    keys_loads: latest::Latest,
    /// What is asked of the database in batches.
    loads: loads::Loads,
    /// What else is remembered about tokens.
    pub memory: memory::Memory,
    /// What this node tells the others.
    hints: hints::Outgoing,
    /// Sealed into every token; a restore bumps it (conventions 7).
    database_epoch: AtomicI64,
    /// Which reading of it is in force.
    epoch_loads: latest::Latest,
}

impl Core {
    /// Puts the parts together. Nothing is read yet: catalogue, keys and epoch are loaded by the start-up use cases.
    ///
    /// # Errors
    /// The store of short-lived things or the password threads cannot be had as configured.
    pub fn new(config: Arc<Config>, clock: Clock, random: Random, database: Database, root: &RootKeys) -> Result<Self, start::StartError> {
        let truth = Arc::new(Truth::default());
        let hints = hints::Outgoing::new(&random);
        let (after_commit, tell) = (Arc::clone(&truth), hints.clone());
        database.after_commit(move |invalidations| {
            after_commit.apply(invalidations);
            tell.tell(invalidations);
        });
        let sealer = Sealer::new(root, random.clone());
        Ok(Self {
            loads: loads::Loads::new(&database, &sealer),
            ephemeral: ephemeral::open(&config.ephemeral)?,
            passwords: PasswordPool::start(&config.password, root, random.clone())?,
            password_rules: Rules::new(&config.password),
            sealer,
            blind: BlindIndex::new(root),
            pairwise: PairwiseSubjects::new(root),
            catalog: ArcSwap::default(),
            grants: Cache::new(Arc::clone(&truth), config.memory.grants),
            partners: partners::Partners::new(&truth),
            keys: ArcSwap::from_pointee(KeyRing::new(Vec::new())),
            keys_seen: ArcSwapOption::empty(),
            keys_loads: latest::Latest::default(),
            memory: memory::Memory::new(&truth, &config.memory),
            hints,
            database_epoch: AtomicI64::new(0),
            epoch_loads: latest::Latest::default(),
            config,
            clock,
            random,
            database,
            truth,
        })
    }

    /// The issuer, as it stands in tokens and metadata.
    pub fn issuer(&self) -> &str {
        self.config.issuer.as_str()
    }

    /// The database epoch as this node knows it.
    pub fn database_epoch(&self) -> i64 {
        self.database_epoch.load(Ordering::Acquire)
    }

    /// Takes over the database epoch; a changed one empties every cache.
    pub fn set_database_epoch(&self, epoch: i64) {
        if self.database_epoch.swap(epoch, Ordering::AcqRel) != epoch {
            self.truth.forget_all();
            self.memory.verified.forget();
        }
    }
}
