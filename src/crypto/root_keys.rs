//! The keys that everything else hangs on: the key-encryption key and the peppers (conventions 11, security.md 6.5).
//!
//! They live in files outside the database or are handed over by the environment, so that a copy of the database
//! alone opens nothing.

mod files;
mod tracked;

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use zeroize::Zeroizing;

use super::digest;
use super::random::Random;
use crate::config::KeysConfig;

/// 256 bits that are wiped when dropped.
pub(super) type Secret = Zeroizing<[u8; 32]>;

/// The key-encryption key and the peppers by version.
#[derive(Clone)]
pub struct RootKeys {
    kek: Secret,
    first_pepper: (u32, Secret),
    later_peppers: BTreeMap<u32, Secret>,
}

/// Why the root keys cannot be used. The texts say what to do, because an operator reads them at a failed start.
#[derive(Debug, thiserror::Error)]
pub enum RootKeyError {
    /// The database has data, the key that opens it is not there.
    #[error(
        "no {what} in {place}, but the database holds data sealed with it: put the file back from its backup, \
         or point keys.dir at the folder that has it; a new one cannot open the old data"
    )]
    Missing {
        /// Which key.
        what: &'static str,
        /// Where it was looked for.
        place: String,
    },
    /// The key is not the one that the database was sealed with.
    #[error(
        "the root keys in {place} have fingerprint {found}, but this database was made with {expected}: \
         use the keys that belong to this database, or the database that belongs to these keys"
    )]
    OtherKey {
        /// Where the keys came from.
        place: String,
        /// What the database remembers.
        expected: String,
        /// What the keys have.
        found: String,
    },
    /// Several key-encryption keys and nothing that says which one counts.
    #[error("several kek-* files in {place} and an empty database: leave the one to be used")]
    Ambiguous {
        /// The folder.
        place: String,
    },
    /// Others than the owner can read or write it.
    #[error("{} has mode {mode:o}, others can get at it: chmod {wanted:o} it and think about who may have read it", path.display())]
    TooOpen {
        /// The file or folder.
        path: PathBuf,
        /// Its permission bits.
        mode: u32,
        /// What they should be.
        wanted: u32,
    },
    /// A symbolic link, a device, a folder: anything but a plain file.
    #[error("{} is not a plain file: put the key itself there, links are not followed", path.display())]
    NotAFile {
        /// The path.
        path: PathBuf,
    },
    /// It is in a git repository, and so in every copy of it.
    #[error(
        "{} is tracked by git: whoever has a copy of the repository has the key. Take it out (git rm --cached), \
         make new keys, and think about who may have read it", path.display()
    )]
    Tracked {
        /// The path.
        path: PathBuf,
    },
    /// The content is not a key, or not the one that the name promises.
    #[error("{place} does not hold what it should: {what}")]
    Malformed {
        /// Where.
        place: String,
        /// What was expected.
        what: &'static str,
    },
    /// The file system said no.
    #[error("cannot read or write {}: {source}", path.display())]
    Io {
        /// The path.
        path: PathBuf,
        /// What it said.
        source: std::io::Error,
    },
}

impl RootKeys {
    /// Loads the keys of `dir`, or makes them there when the database is empty.
    ///
    /// `known_fingerprint` is what the database remembers of its keys ([`RootKeys::fingerprint`]); `None` only while
    /// it is empty. Files are `kek-<id>` and `pepper-<version>`, 32 bytes in base64, mode 0600 or 0400.
    pub fn load_or_create(
        dir: &Path,
        database_is_empty: bool,
        known_fingerprint: Option<&str>,
        random: &Random,
    ) -> Result<Self, RootKeyError> {
        let keys = files::load_or_create(dir, database_is_empty, known_fingerprint, random)?;
        keys.expect_fingerprint(known_fingerprint, &dir.display().to_string())
    }

    /// As the configuration says: the values in it, else the files of `keys.dir`.
    pub fn from_config(
        config: &KeysConfig,
        database_is_empty: bool,
        known_fingerprint: Option<&str>,
        random: &Random,
    ) -> Result<Self, RootKeyError> {
        match (config.kek.is_empty(), config.pepper.is_empty()) {
            (true, true) => Self::load_or_create(&config.dir, database_is_empty, known_fingerprint, random),
            (false, false) => Self::from_values(config.kek.expose(), &[(1, config.pepper.expose())], known_fingerprint),
            _ => Err(RootKeyError::Malformed { place: "the configuration".to_owned(), what: "keys.kek and keys.pepper both, or neither" }),
        }
    }

    /// Takes the keys from configuration or environment, each 32 bytes in base64, so that several nodes share them.
    pub fn from_values(kek: &str, peppers: &[(u32, &str)], known_fingerprint: Option<&str>) -> Result<Self, RootKeyError> {
        let place = "the configuration";
        let kek = decode_key(kek, place)?;
        let peppers = peppers.iter().map(|(version, text)| Ok((*version, decode_key(text, place)?))).collect::<Result<_, _>>()?;
        Self::assemble(kek, peppers, place)?.expect_fingerprint(known_fingerprint, place)
    }

    /// New keys that are nowhere but in memory: for tests and throw-away stores.
    pub fn in_memory(random: &Random) -> Self {
        Self { kek: Zeroizing::new(random.bytes()), first_pepper: (1, Zeroizing::new(random.bytes())), later_peppers: BTreeMap::new() }
    }

    /// A short public name of the key-encryption key and the first pepper, to be stored in the database.
    ///
    /// Both are in it, because a lost pepper makes every identifier unfindable just as a lost key makes it unreadable.
    /// Later peppers are not, so that adding one changes nothing.
    pub fn fingerprint(&self) -> String {
        format!("{}.{}", key_id(b"kek", &self.kek), key_id(b"pepper", &self.first_pepper.1))
    }

    /// The key-encryption key's short name, as in its file's name.
    pub fn kek_id(&self) -> String {
        key_id(b"kek", &self.kek)
    }

    /// The newest pepper's version: new password hashes are made with it.
    pub fn pepper_version(&self) -> u32 {
        self.later_peppers.last_key_value().map_or(self.first_pepper.0, |(version, _)| *version)
    }

    /// The key-encryption key's subkey for a label.
    pub(super) fn derive_from_kek(&self, label: &[&[u8]]) -> Secret {
        digest::derive(&self.kek, label)
    }

    /// The first pepper's subkey for a label: for what must stay the same as long as the database lives.
    pub(super) fn derive_from_first_pepper(&self, label: &[&[u8]]) -> Secret {
        digest::derive(&self.first_pepper.1, label)
    }

    /// Every pepper's subkey for a label, by version, oldest first.
    pub(super) fn derive_from_peppers(&self, label: &[&[u8]]) -> BTreeMap<u32, Secret> {
        let all = std::iter::once((&self.first_pepper.0, &self.first_pepper.1)).chain(&self.later_peppers);
        all.map(|(version, pepper)| (*version, digest::derive(pepper, label))).collect()
    }

    fn assemble(kek: Secret, mut peppers: BTreeMap<u32, Secret>, place: &str) -> Result<Self, RootKeyError> {
        let first_pepper = peppers.pop_first().ok_or_else(|| RootKeyError::Missing { what: "pepper", place: place.to_owned() })?;
        Ok(Self { kek, first_pepper, later_peppers: peppers })
    }

    fn expect_fingerprint(self, known: Option<&str>, place: &str) -> Result<Self, RootKeyError> {
        let found = self.fingerprint();
        match known {
            Some(expected) if expected != found => {
                Err(RootKeyError::OtherKey { place: place.to_owned(), expected: expected.to_owned(), found })
            }
            _ => Ok(self),
        }
    }
}

impl fmt::Debug for RootKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RootKeys").field(&self.fingerprint()).finish()
    }
}

/// The first 64 bits of a labelled SHA-256: enough to tell keys apart, no help to guess one.
fn key_id(kind: &[u8], key: &Secret) -> String {
    let labelled = Zeroizing::new([b"concord/key-id/v1|".as_slice(), kind, b"|", key.as_slice()].concat());
    digest::hex(&digest::sha256(&labelled)[..8])
}

fn decode_key(text: &str, place: &str) -> Result<Secret, RootKeyError> {
    let malformed = || RootKeyError::Malformed { place: place.to_owned(), what: "32 bytes in base64" };
    let text = text.trim();
    let bytes = Zeroizing::new(STANDARD.decode(text).ok().or_else(|| digest::from_base64url(text)).ok_or_else(malformed)?);
    let key: Secret = Zeroizing::new(bytes.as_slice().try_into().map_err(|_| malformed())?);
    // A key of one repeated byte is a placeholder that somebody forgot to replace.
    if key.iter().all(|byte| *byte == key[0]) {
        return Err(RootKeyError::Malformed { place: place.to_owned(), what: "a random key, not a placeholder" });
    }
    Ok(key)
}

fn encode_key(key: &Secret) -> Zeroizing<String> {
    Zeroizing::new(format!("{}\n", STANDARD.encode(key.as_slice())))
}
