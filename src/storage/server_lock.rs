//! SQLite has one server (conventions 8): whoever serves holds a lock on a file beside the database.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::PathBuf;

use super::Error;
use super::open::make_folder;

/// The lock; held as long as this lives, and gone with the process whatever way it ends.
#[derive(Debug)]
pub struct ServerLock {
    _held: Option<File>,
}

impl ServerLock {
    /// Takes the lock of the database at `url`; `None` while another server has it. PostgreSQL needs none.
    ///
    /// # Errors
    /// The file cannot be made.
    pub fn take(url: &str) -> Result<Option<Self>, Error> {
        let Some(mut path) = sqlite_file(url) else { return Ok(Some(Self { _held: None })) };
        make_folder(url)?;
        path.as_mut_os_string().push(".lock");
        let failed = |error: std::io::Error| Error::Unavailable(format!("cannot lock {}: {error}", path.display()));
        let file = OpenOptions::new().create(true).truncate(false).write(true).open(&path).map_err(failed)?;
        match file.try_lock() {
            Ok(()) => Ok(Some(Self { _held: Some(file) })),
            Err(TryLockError::WouldBlock) => Ok(None),
            Err(TryLockError::Error(error)) => Err(failed(error)),
        }
    }
}

/// The file of an embedded database; none for one in memory or on a server.
pub fn sqlite_file(url: &str) -> Option<PathBuf> {
    let path = url.strip_prefix("sqlite:")?;
    let path = path.strip_prefix("//").unwrap_or(path).split('?').next()?;
    if path.is_empty() || path.contains(":memory:") { None } else { Some(PathBuf::from(path)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_second_server_is_told_no_until_the_first_is_gone() {
        let folder = std::env::temp_dir().join(format!("concord-lock-{}", std::process::id()));
        let url = format!("sqlite:{}/a.sqlite", folder.display());
        let first = ServerLock::take(&url).unwrap();
        assert!(first.is_some());
        assert!(ServerLock::take(&url).unwrap().is_none());
        drop(first);
        assert!(ServerLock::take(&url).unwrap().is_some());
        assert!(ServerLock::take("postgres://localhost/a").unwrap().is_some());
        std::fs::remove_dir_all(folder).unwrap();
    }
}
