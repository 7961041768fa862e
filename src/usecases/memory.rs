//! What a node remembers about tokens beside the grants themselves.

use std::sync::Arc;

use super::access_token::Verified;
use super::person::Person;
use super::relation::Relation;
use crate::config::MemoryConfig;
use crate::model::ids::{CustomerId, GrantId, SectorId, ServiceId};
use crate::storage::cache::{Cache, Truth};

/// Memory that `truth` keeps true, and signatures that were verified.
pub struct Memory {
    /// The `sub` of a customer in a sector.
    pub subjects: Cache<(CustomerId, SectorId), String>,
    /// What a service's API may know of the person behind a grant.
    pub relations: Cache<(GrantId, ServiceId), Relation>,
    /// What is known of people.
    pub people: Cache<CustomerId, Person>,
    /// JWT access tokens whose signature holds.
    pub verified: Verified,
}

impl Memory {
    /// Empty. As many subjects and relations are kept as grants; the fewer people are kept opened, the less a look into the
    /// process shows.
    pub fn new(truth: &Arc<Truth>, most: &MemoryConfig) -> Self {
        Self {
            subjects: Cache::new(Arc::clone(truth), most.grants),
            relations: Cache::new(Arc::clone(truth), most.grants),
            people: Cache::new(Arc::clone(truth), most.people),
            verified: Verified::new(most.tokens),
        }
    }
}
