//! Root keys as files: their modes, their making, and the refusal of anything doubtful.

use std::collections::BTreeMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

use zeroize::Zeroizing;

use super::tracked::is_tracked;
use super::{RootKeyError, RootKeys, Secret, decode_key, encode_key, key_id};
use crate::crypto::random::Random;

pub(super) fn load_or_create(
    dir: &Path,
    database_is_empty: bool,
    known_fingerprint: Option<&str>,
    random: &Random,
) -> Result<RootKeys, RootKeyError> {
    // A database that remembers a fingerprint is not empty, whatever the caller counted.
    let may_create = database_is_empty && known_fingerprint.is_none();
    if may_create {
        DirBuilder::new().recursive(true).mode(0o700).create(dir).map_err(io(dir))?;
    }
    let folder = match File::open(dir) {
        Err(error) if error.kind() == ErrorKind::NotFound => return Err(missing("key-encryption key (kek-*)", dir)),
        other => other.map_err(io(dir))?,
    };
    // Two processes that start on one empty folder must not make two keys. The lock ends with the handle.
    folder.lock().map_err(io(dir))?;
    refuse_open_folder(dir, &folder)?;

    let (mut keks, mut peppers) = read_all(dir)?;
    let found = (keks.len(), peppers.len());
    if keks.is_empty() && may_create {
        let kek = Zeroizing::new(random.bytes());
        write_new(&dir.join(format!("kek-{}", key_id(b"kek", &kek))), &kek)?;
        keks.push(kek);
    }
    if peppers.is_empty() && may_create {
        let pepper = Zeroizing::new(random.bytes());
        write_new(&dir.join("pepper-1"), &pepper)?;
        peppers.insert(1, pepper);
    }
    if (keks.len(), peppers.len()) != found {
        folder.sync_all().map_err(io(dir))?;
    }
    let kek = choose(keks, known_fingerprint, dir)?;
    if peppers.is_empty() {
        return Err(missing("pepper (pepper-*)", dir));
    }
    RootKeys::assemble(kek, peppers, &dir.display().to_string())
}

/// The key that the database names; without a name, the only one there is.
fn choose(mut keks: Vec<Secret>, known_fingerprint: Option<&str>, dir: &Path) -> Result<Secret, RootKeyError> {
    if let Some(known) = known_fingerprint.and_then(|known| known.split('.').next())
        && let Some(at) = keks.iter().position(|kek| key_id(b"kek", kek) == known)
    {
        return Ok(keks.swap_remove(at));
    }
    let kek = keks.pop().ok_or_else(|| missing("key-encryption key (kek-*)", dir))?;
    // With a known fingerprint the caller's comparison says better what is wrong than "ambiguous" would.
    if keks.is_empty() || known_fingerprint.is_some() {
        return Ok(kek);
    }
    Err(RootKeyError::Ambiguous { place: dir.display().to_string() })
}

fn read_all(dir: &Path) -> Result<(Vec<Secret>, BTreeMap<u32, Secret>), RootKeyError> {
    let (mut keks, mut peppers) = (Vec::new(), BTreeMap::new());
    for entry in fs::read_dir(dir).map_err(io(dir))? {
        let path = entry.map_err(io(dir))?.path();
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        let malformed = |what| RootKeyError::Malformed { place: path.display().to_string(), what };
        if let Some(id) = name.strip_prefix("kek-") {
            let kek = read_key(&path)?;
            if key_id(b"kek", &kek) != id {
                return Err(malformed("the key that its name stands for"));
            }
            keks.push(kek);
        } else if let Some(version) = name.strip_prefix("pepper-") {
            let number = version.parse().ok().filter(|number: &u32| *number > 0 && number.to_string() == version);
            peppers.insert(number.ok_or_else(|| malformed("a pepper with a version number in its name"))?, read_key(&path)?);
        }
    }
    Ok((keks, peppers))
}

/// Reads a key from a plain file that nobody but its owner can read.
fn read_key(path: &Path) -> Result<Secret, RootKeyError> {
    let named = fs::symlink_metadata(path).map_err(io(path))?;
    if !named.is_file() {
        return Err(RootKeyError::NotAFile { path: path.to_owned() });
    }
    let file = File::open(path).map_err(io(path))?;
    let opened = file.metadata().map_err(io(path))?;
    // The name could have been turned into a link between the two looks.
    if (named.dev(), named.ino()) != (opened.dev(), opened.ino()) {
        return Err(RootKeyError::NotAFile { path: path.to_owned() });
    }
    if opened.mode() & 0o077 != 0 {
        return Err(RootKeyError::TooOpen { path: path.to_owned(), mode: opened.mode() & 0o7777, wanted: 0o600 });
    }
    if is_tracked(path) {
        return Err(RootKeyError::Tracked { path: path.to_owned() });
    }
    let mut text = Zeroizing::new(String::with_capacity(128));
    file.take(128).read_to_string(&mut text).map_err(io(path))?;
    decode_key(&text, &path.display().to_string())
}

fn write_new(path: &Path, key: &Secret) -> Result<(), RootKeyError> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path).map_err(io(path))?;
    file.write_all(encode_key(key).as_bytes()).and_then(|()| file.sync_all()).map_err(io(path))
}

/// Who can write in the folder can put other keys there.
fn refuse_open_folder(dir: &Path, folder: &File) -> Result<(), RootKeyError> {
    let mode = folder.metadata().map_err(io(dir))?.mode();
    if mode & 0o002 != 0 {
        return Err(RootKeyError::TooOpen { path: dir.to_owned(), mode: mode & 0o7777, wanted: 0o700 });
    }
    Ok(())
}

fn missing(what: &'static str, dir: &Path) -> RootKeyError {
    RootKeyError::Missing { what, place: dir.display().to_string() }
}

fn io(path: &Path) -> impl Fn(std::io::Error) -> RootKeyError {
    let path = PathBuf::from(path);
    move |source| RootKeyError::Io { path: path.clone(), source }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    /// A folder of its own for each test, gone at its end.
    struct Folder(PathBuf);

    impl Folder {
        fn new() -> Self {
            Self(std::env::temp_dir().join(format!("concord-keys-{}", Random::system().token())))
        }

        fn load(&self, database_is_empty: bool, known: Option<&str>) -> Result<RootKeys, RootKeyError> {
            RootKeys::load_or_create(&self.0, database_is_empty, known, &Random::system())
        }

        fn files(&self) -> Vec<PathBuf> {
            let mut files: Vec<_> = fs::read_dir(&self.0).unwrap().map(|entry| entry.unwrap().path()).collect();
            files.sort();
            files
        }
    }

    impl Drop for Folder {
        fn drop(&mut self) {
            let _ = fs::remove_dir_all(&self.0);
        }
    }

    fn mode(path: &Path) -> u32 {
        fs::metadata(path).unwrap().mode() & 0o777
    }

    fn chmod(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }

    #[test]
    fn keys_are_made_once_and_for_their_owner_only() {
        let folder = Folder::new();
        let made = folder.load(true, None).unwrap();
        assert_eq!(mode(&folder.0), 0o700);
        let files = folder.files();
        assert_eq!(files.len(), 2);
        assert!(files.iter().all(|file| mode(file) == 0o600));
        assert_eq!(files[0].file_name().unwrap().to_str().unwrap(), format!("kek-{}", made.kek_id()));
        chmod(&files[0], 0o400);
        assert_eq!(folder.load(true, None).unwrap().fingerprint(), made.fingerprint());
        assert_eq!(folder.load(false, Some(&made.fingerprint())).unwrap().fingerprint(), made.fingerprint());
        assert_eq!(folder.files().len(), 2);
    }

    #[test]
    fn data_without_its_keys_stops_the_start() {
        let folder = Folder::new();
        assert!(matches!(folder.load(false, None), Err(RootKeyError::Missing { .. })));
        assert!(!folder.0.exists());
        let made = folder.load(true, None).unwrap();
        assert!(matches!(folder.load(false, Some("0011223344556677.8899aabbccddeeff")), Err(RootKeyError::OtherKey { .. })));
        let known = made.fingerprint();
        fs::rename(folder.0.join("pepper-1"), folder.0.join("aside")).unwrap();
        assert!(matches!(folder.load(true, Some(&known)), Err(RootKeyError::Missing { what: "pepper (pepper-*)", .. })));
        let other = Zeroizing::new(Random::system().bytes());
        write_new(&folder.0.join("pepper-1"), &other).unwrap();
        assert!(matches!(folder.load(false, Some(&known)), Err(RootKeyError::OtherKey { .. })));
        assert!(folder.load(false, Some("x")).unwrap_err().to_string().contains("belong to this database"));
    }

    #[test]
    fn readable_linked_and_renamed_files_are_refused() {
        let folder = Folder::new();
        folder.load(true, None).unwrap();
        let pepper = folder.0.join("pepper-1");
        for wrong in [0o640, 0o604, 0o620, 0o610] {
            chmod(&pepper, wrong);
            assert!(matches!(folder.load(true, None), Err(RootKeyError::TooOpen { mode, .. }) if mode == wrong));
        }
        chmod(&pepper, 0o600);
        chmod(&folder.0, 0o777);
        assert!(matches!(folder.load(true, None), Err(RootKeyError::TooOpen { .. })));
        chmod(&folder.0, 0o755);
        folder.load(true, None).unwrap();
        fs::rename(&pepper, folder.0.join("aside")).unwrap();
        symlink(folder.0.join("aside"), &pepper).unwrap();
        assert!(matches!(folder.load(true, None), Err(RootKeyError::NotAFile { .. })));
        fs::remove_file(&pepper).unwrap();
        fs::rename(folder.0.join("aside"), folder.0.join("pepper-01")).unwrap();
        assert!(matches!(folder.load(true, None), Err(RootKeyError::Malformed { .. })));
        fs::rename(folder.0.join("pepper-01"), &pepper).unwrap();
        fs::rename(&folder.files()[0], folder.0.join("kek-0000000000000000")).unwrap();
        assert!(matches!(folder.load(true, None), Err(RootKeyError::Malformed { .. })));
    }

    #[test]
    fn of_several_keys_the_database_names_its_own() {
        let folder = Folder::new();
        let first = folder.load(true, None).unwrap();
        let second: Secret = Zeroizing::new(Random::system().bytes());
        write_new(&folder.0.join(format!("kek-{}", key_id(b"kek", &second))), &second).unwrap();
        assert_eq!(folder.load(false, Some(&first.fingerprint())).unwrap().kek_id(), first.kek_id());
        assert!(matches!(folder.load(true, None), Err(RootKeyError::Ambiguous { .. })));
        write_new(&folder.0.join("pepper-2"), &second).unwrap();
        let grown = folder.load(false, Some(&first.fingerprint())).unwrap();
        assert_eq!((first.pepper_version(), grown.pepper_version()), (1, 2));
    }

    #[test]
    fn values_from_the_environment_are_the_same_keys() {
        let folder = Folder::new();
        let made = folder.load(true, None).unwrap();
        let texts: Vec<_> = folder.files().iter().map(|file| fs::read_to_string(file).unwrap()).collect();
        let known = made.fingerprint();
        let given = RootKeys::from_values(&texts[0], &[(1, &texts[1])], Some(&known)).unwrap();
        assert_eq!(given.fingerprint(), known);
        assert!(matches!(RootKeys::from_values(&texts[0], &[], None), Err(RootKeyError::Missing { .. })));
        let zeros = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=";
        for wrong in ["", "short", zeros] {
            assert!(matches!(RootKeys::from_values(wrong, &[(1, &texts[1])], None), Err(RootKeyError::Malformed { .. })));
        }
        assert_eq!(format!("{given:?}"), format!("RootKeys(\"{known}\")"));
    }
}
