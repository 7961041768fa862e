//! What the API of a service may know of the person behind a grant, beside the grant: its own links and its own sector's words.

use std::sync::Arc;

use super::{Core, pairwise};
use crate::clock::Timestamp;
use crate::model::grant::{GrantView, Mask};
use crate::model::ids::ConsentId;
use crate::model::service::Service;
use crate::protocol::introspect::{ConsentInfo, LinkInfo};
use crate::storage::Error;
use crate::storage::invalidations::Kind;
use crate::storage::relations::{Between, ConsentRow};

/// The person behind a grant, as one service may see them.
pub struct Relation {
    /// In the service's sector.
    pub subject: Arc<String>,
    /// The service's own links that hold, or are suspended.
    pub links: Vec<LinkInfo>,
    /// The consents behind the grant's items.
    consents: Vec<(ConsentId, ConsentInfo)>,
    /// Counts what the sector may notice.
    pub consent_epoch: i64,
    /// Until when the service may see the global customer id.
    customer_id_until: Option<Timestamp>,
}

impl Relation {
    /// From memory or the database.
    ///
    /// # Errors
    /// The database could not be asked.
    pub async fn of(core: &Core, view: &GrantView, service: &Service, now: Timestamp) -> Result<Arc<Self>, Error> {
        let key = (view.grant.id, service.id);
        if let Some(relation) = core.memory.relations.get(&key) {
            return Ok(relation);
        }
        let customer = view.grant.customer;
        let stamp = core.truth.stamp(Kind::Customer, &customer.to_string());
        let place = Between { grant: view.grant.id, customer, service: service.id, sector: service.sector };
        let known = core.loads.relations.get(place).await?.ok_or_else(|| Error::Corrupt("no such customer".into()))?;
        let subject = match &known.sub {
            Some(sub) => Arc::new(sub.clone()),
            // The first time anybody of this sector asks.
            None => pairwise::subject(core, customer, service.sector, now).await?,
        };
        let relation = Self {
            subject,
            links: known.links.iter().filter_map(shown).collect(),
            consents: known.consents.iter().map(told).collect(),
            consent_epoch: known.consent_epoch,
            customer_id_until: known.customer_id_until,
        };
        Ok(core.memory.relations.put(key, stamp, relation))
    }

    /// The consents behind the items of a mask, each once.
    pub fn consents(&self, view: &GrantView, mask: Mask) -> Vec<ConsentInfo> {
        let items = view.grant.items.iter().enumerate().filter(|(position, _)| mask >> position & 1 == 1);
        let mut seen: Vec<ConsentId> = Vec::new();
        for (_, item) in items {
            if !seen.contains(&item.consent) {
                seen.push(item.consent);
            }
        }
        self.consents.iter().filter(|(id, _)| seen.contains(id)).map(|(_, info)| info.clone()).collect()
    }

    /// Whether the service may see the global customer id: a member by contract, with the person's consent.
    pub fn may_see_customer_id(&self, service: &Service, now: Timestamp) -> bool {
        service.document.ecosystem_member && self.customer_id_until.is_some_and(|until| now < until)
    }
}

fn shown(link: &crate::model::link::Link) -> Option<LinkInfo> {
    Some(LinkInfo { state: link.state.as_str().to_owned(), local_account: link.local_account.clone()?, since: link.activated_at?.into() })
}

fn told(row: &ConsentRow) -> (ConsentId, ConsentInfo) {
    let info = ConsentInfo {
        id: row.id.to_string(),
        purpose: row.purpose.clone(),
        since: row.since.into(),
        valid_until: Some(row.valid_until.into()),
    };
    (row.id, info)
}
