//! What a node remembers about tokens beside the grants themselves.

use std::sync::Arc;

use super::access_token::Verified;
use super::person::Person;
use super::relation::Relation;
use crate::model::ids::{CustomerId, GrantId, SectorId, ServiceId};
use crate::storage::cache::{Cache, Truth};

/// How many subjects and relations are kept.
const MOST: usize = 200_000;
/// How many people are kept opened: the fewer, the less a look into the process shows.
const PEOPLE: usize = 20_000;

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
    /// Empty.
    pub fn new(truth: &Arc<Truth>) -> Self {
        Self {
            subjects: Cache::new(Arc::clone(truth), MOST),
            relations: Cache::new(Arc::clone(truth), MOST),
            people: Cache::new(Arc::clone(truth), PEOPLE),
            verified: Verified::default(),
        }
    }
}
