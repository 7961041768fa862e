//! Whom a client expects at the other end: by an ID token of ours, or by a `sub` in the claims parameter (OIDC Core 3.1.2.1, 5.5.1).

use super::Core;
use crate::clock::Timestamp;
use crate::model::ids::{CustomerId, SectorId};
use crate::protocol::authorize::AuthorizeRequest;
use crate::storage::{Error, pairwise};
use crate::usecases::id_token_hint;

/// Who may answer a request.
pub(super) enum Expected {
    /// Whoever signs in.
    Anybody,
    /// This customer and no other.
    Only(CustomerId),
    /// Somebody we do not know: no answer could be right. What to tell the client.
    Stranger(&'static str),
}

impl Expected {
    /// Reads the request's expectation; an ID token and a `sub` count in the sector they were made for only.
    pub(super) async fn of(core: &Core, request: &AuthorizeRequest, sector: SectorId, now: Timestamp) -> Result<Self, Error> {
        if let Some(hint) = &request.id_token_hint {
            // Another sector's token would tell whether its `sub` and one of this sector are the same person.
            let read = id_token_hint::read(core, hint, now).await?.filter(|hint| hint.sector == sector);
            return Ok(read.map_or(Self::Stranger("id_token_hint is not an ID token for this client"), |hint| Self::Only(hint.customer)));
        }
        let Some(sub) = request.claims.sub() else { return Ok(Self::Anybody) };
        // PostgreSQL has no text with NUL, and nobody has such a `sub`.
        let known = if sub.contains('\0') { None } else { pairwise::customer_of(&mut core.database.read().await?, sub).await? };
        let known = known.filter(|(_, known)| *known == sector);
        Ok(known.map_or(Self::Stranger("claims asks for a sub that this client was never told"), |(customer, _)| Self::Only(customer)))
    }
}
