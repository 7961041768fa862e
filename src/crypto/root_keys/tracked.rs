//! Whether git keeps a file (security.md 6.5): looked up in the index of the repository around it, without running git.

use std::fs;
use std::path::{Path, PathBuf};

/// Larger than any index worth reading at a start; what is beyond it is not looked at.
const LARGEST_INDEX: u64 = 256 * 1024 * 1024;

/// Whether the repository around the file, if there is one, has it in its index.
///
/// Whatever cannot be read counts as "no": this is a warning for the careless, not a lock.
pub(super) fn is_tracked(path: &Path) -> bool {
    let Ok(path) = fs::canonicalize(path) else { return false };
    for folder in path.ancestors().skip(1) {
        let Some(git) = git_folder(folder) else { continue };
        let inside = path.strip_prefix(folder).ok().and_then(Path::to_str);
        return inside.is_some_and(|inside| index_names(&git.join("index"), inside));
    }
    false
}

/// The folder that holds the index; in a further work tree `.git` is a file that names it.
fn git_folder(folder: &Path) -> Option<PathBuf> {
    let git = folder.join(".git");
    let about = fs::metadata(&git).ok()?;
    if about.is_dir() {
        return Some(git);
    }
    let text = fs::read_to_string(&git).ok()?;
    Some(folder.join(text.strip_prefix("gitdir:")?.trim()))
}

/// Whether an index has an entry of this path. Entries end with a path and NUL; from version 4 on a path is only as much of it
/// as differs from the entry before, so there the file's own name must do.
fn index_names(index: &Path, inside: &str) -> bool {
    if fs::metadata(index).map_or(true, |about| about.len() > LARGEST_INDEX) {
        return false;
    }
    let Ok(bytes) = fs::read(index) else { return false };
    let Some(version) = bytes.strip_prefix(b"DIRC").and_then(|rest| rest.first_chunk::<4>()) else { return false };
    let name = if u32::from_be_bytes(*version) >= 4 { inside.rsplit('/').next().unwrap_or(inside) } else { inside };
    let entry = [name.as_bytes(), b"\0"].concat();
    bytes.windows(entry.len()).any(|window| window == entry)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;

    /// An index with one entry, as git writes it in version 2.
    fn index(path: &str) -> Vec<u8> {
        let mut bytes = [b"DIRC".as_slice(), &2_u32.to_be_bytes(), &1_u32.to_be_bytes(), &[0; 60]].concat();
        bytes.extend(u16::try_from(path.len()).unwrap().to_be_bytes());
        bytes.extend(path.as_bytes());
        bytes.extend([0; 8]);
        bytes
    }

    #[test]
    fn a_file_in_the_index_is_tracked_and_its_neighbours_are_not() {
        let root = std::env::temp_dir().join(format!("concord-git-{}", Random::system().token()));
        let keys = root.join("deploy/keys");
        fs::create_dir_all(&keys).unwrap();
        for name in ["pepper-1", "pepper-2"] {
            fs::write(keys.join(name), "x").unwrap();
        }
        assert!(!is_tracked(&keys.join("pepper-1")), "no repository");
        fs::create_dir_all(root.join(".git")).unwrap();
        assert!(!is_tracked(&keys.join("pepper-1")), "nothing was ever added");
        fs::write(root.join(".git/index"), index("deploy/keys/pepper-1")).unwrap();
        assert!(is_tracked(&keys.join("pepper-1")));
        assert!(!is_tracked(&keys.join("pepper-2")) && !is_tracked(&keys.join("pepper-3")));
        // A further work tree, whose index is elsewhere.
        fs::rename(root.join(".git"), root.join("elsewhere")).unwrap();
        fs::write(root.join(".git"), "gitdir: elsewhere\n").unwrap();
        assert!(is_tracked(&keys.join("pepper-1")));
        fs::write(root.join("elsewhere/index"), b"not an index: pepper-1\0").unwrap();
        assert!(!is_tracked(&keys.join("pepper-1")));
        fs::remove_dir_all(&root).unwrap();
    }
}
