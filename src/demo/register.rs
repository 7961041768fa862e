//! The partners' documents, applied as `concord service apply` does, and the credentials that came of it.

use std::fs;
use std::path::Path;

use super::Trouble;
use super::keys::{Keys, private};
use super::party::{Party, Place};
use super::relying_party::ClientKey;
use crate::model::actor::Actor;
use crate::model::service::{ClientAuthentication, ServiceDocument};
use crate::usecases::{Core, apply_service, rotate_secret};

/// Who applies the documents, in the events.
const ACTOR: Actor = Actor::System("demo");

/// The document of a service, for this port and with this key.
fn document(service: Party, place: Place, keys: &Keys) -> Result<ServiceDocument, Trouble> {
    let text = match service {
        Party::Bank => include_str!("services/aurora-bank.toml"),
        Party::Points => include_str!("services/polar-points.toml"),
        _ => include_str!("services/kinograd.toml"),
    };
    let text = text.replace(".localhost:8080/", &format!(".localhost:{}/", place.port));
    let mut document: ServiceDocument =
        toml::from_str(&text).map_err(|error| Trouble::new(format!("the document of {}: {error}", service.code())))?;
    document.jwks = keys.jwks();
    for client in &mut document.clients {
        if client.authentication == ClientAuthentication::PrivateKeyJwt {
            client.jwks = keys.jwks();
        }
    }
    Ok(document)
}

/// Applies the document of a service and gives its client's credentials: a secret is kept in the partner's own file.
///
/// # Errors
/// Concord refused the document, or the file cannot be used.
pub async fn register(core: &Core, service: Party, place: Place, keys: &Keys, folder: &Path) -> Result<ClientKey, Trouble> {
    let document = document(service, place, keys)?;
    let authentication = document.clients.first().map(|client| client.authentication).unwrap_or_default();
    let applied = apply_service::apply_document(core, document, false, &ACTOR).await;
    let applied = applied.map_err(|error| Trouble::new(format!("the document of {}: {error}", service.code())))?;
    let file = folder.join(format!("{}.secret", service.code()));
    if authentication == ClientAuthentication::PrivateKeyJwt {
        return Ok(ClientKey::Assertion);
    }
    let secret = match (applied.secrets.into_iter().next(), fs::read_to_string(&file)) {
        (Some(fresh), _) => fresh.client_secret,
        (None, Ok(kept)) => return Ok(credential(authentication, kept)),
        // The file was lost: a secret cannot be read again, only made anew.
        (None, Err(_)) => {
            let fresh = rotate_secret::rotate(core, service.code(), rotate_secret::OVERLAP, &ACTOR).await;
            fresh.map_err(|error| Trouble::new(error.to_string()))?.client_secret
        }
    };
    private(&file, secret.as_bytes())?;
    Ok(credential(authentication, secret))
}

fn credential(authentication: ClientAuthentication, secret: String) -> ClientKey {
    if authentication == ClientAuthentication::ClientSecretPost { ClientKey::Post(secret) } else { ClientKey::Basic(secret) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;

    #[test]
    fn the_documents_are_documents_and_move_with_the_port() {
        let path = std::env::temp_dir().join(format!("concord-demo-key-{}", Random::system().u64()));
        let keys = Keys::load_or_create(&path).unwrap();
        for service in Party::SERVICES {
            let document = document(service, Place { port: 1234 }, &keys).unwrap();
            assert_eq!(document.code, service.code());
            assert_eq!(document.clients[0].client_id, service.code());
            assert_eq!(document.api.unwrap().audience, Place { port: 1234 }.audience(service));
            assert!(document.jwks["keys"][0]["x"].is_string());
            let text = serde_json::to_string(&document.clients).unwrap();
            assert!(!text.contains("8080") && text.contains(":1234/oidc/callback"));
        }
        assert_eq!(Keys::load_or_create(&path).unwrap().jwks(), keys.jwks());
        fs::remove_file(path).unwrap();
    }
}
