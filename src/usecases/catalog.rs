//! The catalogue at start: read, checked, and recorded with every text that people may be shown.

use std::path::Path;
use std::sync::Arc;

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::digest;
use crate::model::catalog::{Catalog, CatalogError};
use crate::protocol::locale::Locale;
use crate::storage::catalog::{self as stored, Text};
use crate::storage::invalidations::Kind;
use crate::storage::{Error, Tx};

macro_rules! built_in {
    ($($name:literal),+ $(,)?) => {
        &[$(($name, include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/catalog/", $name)))),+]
    };
}

/// The files of `catalog/`, as they were when the program was built.
const BUILT_IN: &[(&str, &str)] = built_in![
    "agreements.toml",
    "banking.toml",
    "billing.toml",
    "concord.toml",
    "dining.toml",
    "education.toml",
    "government.toml",
    "health.toml",
    "insurance.toml",
    "invest.toml",
    "loyalty.toml",
    "media.toml",
    "mobility.toml",
    "payments.toml",
    "retail.toml",
    "support.toml",
    "telecom.toml",
    "travel.toml",
    "verified_identity.toml",
];

/// Why the catalogue cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// It breaks a rule.
    #[error(transparent)]
    Invalid(#[from] CatalogError),
    /// Consents to this version of a text exist, so it must stay as it was.
    #[error("catalogue, agreements.{code}: the text ({lang}) was changed without raising version {version}")]
    TextChanged {
        /// Agreement code.
        code: String,
        /// Its version.
        version: i64,
        /// The language.
        lang: &'static str,
    },
    /// The database failed.
    #[error(transparent)]
    Storage(#[from] Error),
}

/// The catalogue built into the program.
///
/// # Errors
/// Never in a tested build: the tests read it.
pub fn built_in() -> Result<Catalog, CatalogError> {
    Catalog::from_files(BUILT_IN.iter().copied())
}

/// The catalogue in a folder: every `*.toml` in it.
///
/// # Errors
/// The folder or a file cannot be read, or a rule is broken.
pub fn from_folder(folder: &Path) -> Result<Catalog, CatalogError> {
    let wrong = |error: std::io::Error| CatalogError::new(&folder.display().to_string(), &error);
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(wrong)? {
        let path = entry.map_err(wrong)?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            let text = std::fs::read_to_string(&path).map_err(|error| CatalogError::new(&path.display().to_string(), &error))?;
            files.push((path.display().to_string(), text));
        }
    }
    files.sort();
    Catalog::from_files(files.iter().map(|(name, text)| (name.as_str(), text.as_str())))
}

/// Reads the configured catalogue, records it and its texts, and puts it in force on this node.
///
/// # Errors
/// See [`LoadError`]; the catalogue in force stays.
pub async fn load(core: &Core) -> Result<(), LoadError> {
    let catalog = Arc::new(match &core.config.catalog.dir {
        Some(folder) => from_folder(folder)?,
        None => built_in()?,
    });
    record(core, Arc::clone(&catalog)).await?;
    core.catalog.store(catalog);
    Ok(())
}

async fn record(core: &Core, catalog: Arc<Catalog>) -> Result<(), LoadError> {
    let document = serde_json::to_string(&*catalog).map_err(|error| CatalogError::new("catalogue", &error))?;
    let now = core.clock.now();
    core.database
        .write(move |tx| {
            let (catalog, document) = (Arc::clone(&catalog), document.clone());
            Box::pin(async move {
                if stored::record_version(tx, &digest::sha256(document.as_bytes()), &document, now).await? {
                    keep_texts(tx, &catalog, now).await?;
                    tx.invalidate(Kind::Catalog, "", now).await?;
                }
                Ok(())
            })
        })
        .await
}

async fn keep_texts(tx: &mut Tx, catalog: &Catalog, now: Timestamp) -> Result<(), LoadError> {
    for (code, agreement) in &catalog.agreements {
        for locale in Locale::ALL {
            let (lang, body) = (locale.as_str(), agreement.text.get(locale));
            let text = Text { code, version: agreement.version, lang, body, sha256: digest::sha256(body.as_bytes()) };
            if !stored::keep_text(tx, &text, now).await? {
                return Err(LoadError::TextChanged { code: code.clone(), version: agreement.version, lang });
            }
        }
    }
    Ok(())
}

impl Core {
    /// The catalogue in force.
    pub fn catalog(&self) -> Arc<Catalog> {
        self.catalog.load_full()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::catalog::{Class, Gate};
    use crate::protocol::acr::Acr;

    #[test]
    fn the_built_in_catalogue_has_the_scopes_of_domain_5_2() {
        let catalog = built_in().expect("valid");
        let scopes = "address banking banking.accounts billing customer_id dining education email government health insurance invest links \
                      loyalty loyalty.history media mobility payments phone preferences profile retail retail.orders support telecom travel \
                      travel.documents verified_identity";
        assert_eq!(catalog.scopes.keys().map(String::as_str).collect::<Vec<_>>(), scopes.split_whitespace().collect::<Vec<_>>());
        let folder = std::fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/catalog")).expect("the folder");
        assert_eq!(folder.count(), BUILT_IN.len(), "every file of catalog/ is built in");
        for (token, scope) in &catalog.scopes {
            assert_eq!(scope.months, if scope.class == Class::D3 { 12 } else { 24 }, "{token}");
        }
        assert_eq!(catalog.scopes["customer_id"].gate, Some(Gate::EcosystemMember));
        assert_eq!(catalog.scope_of_claim("gov_snils_verified").map(|(token, _)| token), Some("government"));
        assert_eq!(catalog.is_concords_own("email"), Some(true));
        assert_eq!(catalog.is_concords_own("loyalty"), Some(false));
        assert_eq!(catalog.is_concords_own("openid"), None);
    }

    #[test]
    fn a_claim_of_a_higher_class_needs_the_higher_level() {
        let catalog = built_in().expect("valid");
        let at = |acr| catalog.scopes["dining"].readable(acr).map(|(claim, _)| claim).collect::<Vec<_>>();
        assert_eq!(at(Acr::Aal1), ["dining_favourite_places", "dining_preferences"]);
        assert!(at(Acr::Aal3).contains(&"dining_dietary"));
        assert!(!catalog.may_store("dining_dietary") && catalog.may_store("dining_preferences"));
    }

    #[test]
    fn values_must_fit_their_claims() {
        let catalog = built_in().expect("valid");
        let accepts = |scope: &str, claim: &str, value: serde_json::Value| catalog.scopes[scope].claims[claim].accepts(&value);
        assert!(accepts("loyalty", "loyalty_points", 5.into()) && !accepts("loyalty", "loyalty_points", "5".into()));
        assert!(accepts("government", "gov_account_level", "standard".into()) && !accepts("government", "gov_account_level", "x".into()));
    }

    fn problem(from: &str, to: &str) -> String {
        let files: Vec<_> = BUILT_IN.iter().map(|(name, text)| (*name, text.replace(from, to))).collect();
        let broken = Catalog::from_files(files.iter().map(|(name, text)| (*name, text.as_str())));
        broken.expect_err("refused").to_string()
    }

    #[test]
    fn broken_catalogues_are_refused_with_the_place() {
        for (from, to, said) in [
            ("domain = \"loyalty\"", "domain = \"loyalti\"", "scopes.loyalty: unknown domain loyalti"),
            ("agreement = \"share_special\"", "agreement = \"shared\"", "unknown agreement shared"),
            ("loyalty_tier =", "tier =", "claim tier must begin with loyalty_"),
            ("phone_number =", "email =", "claim email already belongs to scope email"),
            ("name = { type", "sub = { type", "sub cannot be used as a claim"),
            ("months = 12", "months = 13", "at most 12 for class D3"),
            ("[scopes.media", "[scopes.openid", "scopes.openid"),
            ("class = \"D3\", standard", "class = \"D1\", standard", "must be higher than its scope's"),
            ("kind = \"link\"", "kind = \"share\"", "there must be an agreement link of kind link"),
            ("zh = \"医保单（号码已遮盖）\"", "zh = \" \"", "health_insurer_policy is missing"),
            ("[domains.banking]", "[domains.loyalty]", "domains.loyalty is already defined by another file"),
            ("why = {", "wy = {", "unknown field `wy`"),
        ] {
            let answer = problem(from, to);
            assert!(answer.contains(said), "{from} -> {to}: {answer}");
        }
    }
}
