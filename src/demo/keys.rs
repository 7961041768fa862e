//! A partner's own signing key: in its own file, as a partner would keep it, not in Concord.

use std::fs;
use std::io;
use std::path::Path;

use serde::Serialize;
use serde_json::{Value, json};

use super::Trouble;
use crate::crypto::signing::{Algorithm, SigningKey};

/// An ES256 key for link assertions and client assertions.
pub struct Keys(SigningKey);

impl Keys {
    /// Reads the key in a file, or makes one and writes it.
    ///
    /// # Errors
    /// The file cannot be read or written, or holds something else.
    pub fn load_or_create(path: &Path) -> Result<Self, Trouble> {
        let wrong = |error: &dyn std::fmt::Display| Trouble::new(format!("{}: {error}", path.display()));
        match fs::read(path) {
            Ok(der) => SigningKey::from_pkcs8(Algorithm::ES256, &der).map(Self).map_err(|error| wrong(&error)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let key = SigningKey::generate(Algorithm::ES256).map_err(|error| wrong(&error))?;
                let der = key.to_pkcs8().map_err(|error| wrong(&error))?;
                private(path, &der).map_err(|error| wrong(&error))?;
                Ok(Self(key))
            }
            Err(error) => Err(wrong(&error)),
        }
    }

    /// The public half as a JWK set.
    pub fn jwks(&self) -> Value {
        json!({ "keys": [self.0.public_jwk().to_value()] })
    }

    /// Signs claims as a token of a type.
    ///
    /// # Errors
    /// It cannot be signed.
    pub fn sign(&self, typ: &str, claims: &impl Serialize) -> Result<String, Trouble> {
        self.0.sign_jws(typ, self.0.kid(), claims).map_err(|error| Trouble::new(error.to_string()))
    }
}

/// Writes a file that only its owner can read.
///
/// # Errors
/// It cannot be written.
pub fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    if let Some(folder) = path.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    io::Write::write_all(&mut options.open(path)?, bytes)
}
