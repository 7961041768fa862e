//! What requests ask of the database most, each kind in batches.

use crate::crypto::sealing::Sealer;
use crate::model::grant::GrantView;
use crate::model::ids::{CustomerId, GrantId, SectorId};
use crate::storage::batches::{Batches, Found};
use crate::storage::people::Stored;
use crate::storage::relations::{Between, Known};
use crate::storage::{Database, Error, Tx, grants, pairwise, people, relations, settings, signing_keys};

/// What every token rests on.
pub struct Beliefs {
    /// The database epoch.
    pub epoch: i64,
    /// The signing keys as they are stored.
    pub keys: Vec<signing_keys::Row>,
}

/// Loads that go together when they come together.
pub struct Loads {
    /// What tokens rest on, for a node whose memory may not answer.
    pub beliefs: Batches<(), Beliefs>,
    /// Grants with the present truth about them.
    pub views: Batches<GrantId, GrantView>,
    /// What a service may know of the person behind a grant.
    pub relations: Batches<Between, Known>,
    /// The `sub` of a customer in a sector.
    pub subjects: Batches<(CustomerId, SectorId), String>,
    /// People as they are stored.
    pub people: Batches<CustomerId, Stored>,
}

impl Loads {
    /// From this database; local accounts open with `sealer`.
    pub fn new(database: &Database, sealer: &Sealer) -> Self {
        let sealer = sealer.clone();
        Self {
            beliefs: Batches::new(database, |tx, _| Box::pin(beliefs(tx))),
            views: Batches::new(database, |tx, ids| Box::pin(async move { grants::views(tx, &ids).await })),
            relations: Batches::new(database, move |tx, places| {
                let sealer = sealer.clone();
                Box::pin(async move { relations::of(tx, &sealer, places).await })
            }),
            subjects: Batches::new(database, |tx, wanted| Box::pin(pairwise::found(tx, wanted))),
            people: Batches::new(database, |tx, customers| Box::pin(async move { people::of(tx, &customers).await })),
        }
    }
}

async fn beliefs(tx: &mut Tx) -> Result<Found<(), Beliefs>, Error> {
    let beliefs = Beliefs { epoch: settings::database_epoch(tx).await?, keys: signing_keys::all(tx).await? };
    Ok(Found::from([((), Ok(beliefs))]))
}
