//! Reading an `id_token_hint`: an ID token of ours, expired or not (OIDC Core 3.1.2.1, RP-Initiated Logout 2).

use serde::Deserialize;

use super::{Core, partners, signing_keys};
use crate::clock::Timestamp;
use crate::crypto::signing::Algorithm;
use crate::crypto::verify::{Audience, Expectation, TokenType};
use crate::model::ids::{CustomerId, SectorId};
use crate::storage::{Error, pairwise};

/// Whom an ID token of ours is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Hint {
    /// The client it was issued to.
    pub client_id: String,
    /// The customer.
    pub customer: CustomerId,
    /// The sector of that client: who else shows the token learns nothing by it.
    pub sector: SectorId,
    /// The session, as that client knows it.
    pub sid: Option<String>,
}

#[derive(Deserialize)]
struct Claims {
    aud: String,
    sub: String,
    #[serde(default)]
    sid: Option<String>,
}

/// Reads a hint; `None` for anything that is not an ID token of ours about somebody we know.
///
/// # Errors
/// The database could not be asked.
pub async fn read(core: &Core, hint: &str, now: Timestamp) -> Result<Option<Hint>, Error> {
    let mut expectation = Expectation::new(TokenType::Plain, core.config.issuer.as_str(), Audience::Any, now);
    expectation.algorithms = &Algorithm::OWN;
    expectation.expired_is_fine = true;
    signing_keys::assure(core).await?;
    let Ok(verified) = core.keys.load().verify_own::<Claims>(hint, &expectation) else { return Ok(None) };
    let claims = verified.claims;
    let Some(client) = partners::client(core, &claims.aud).await? else { return Ok(None) };
    let Some(service) = partners::service(core, client.service).await? else { return Ok(None) };
    let found = pairwise::customer_of(&mut core.database.read().await?, &claims.sub).await?;
    // A `sub` belongs to one sector; one of another sector than the client's was not issued to it.
    let customer = found.filter(|(_, sector)| *sector == service.sector).map(|(customer, _)| customer);
    Ok(customer.map(|customer| Hint { client_id: claims.aud, customer, sector: service.sector, sid: claims.sid }))
}
