//! How a command fails: a sentence for people, a number for scripts.

use crate::config::ConfigError;
use crate::crypto::root_keys::RootKeyError;
use crate::storage::Error as StorageError;
use crate::usecases::apply_service::ApplyError;
use crate::usecases::catalog::LoadError;
use crate::usecases::signing_keys::KeysError;
use crate::usecases::start::StartError;
use crate::usecases::switch_partner::SwitchError;

/// Exit codes (operations.md 3.3; after sysexits.h).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// It did not work, or a check found something.
    Failed = 1,
    /// The command line makes no sense.
    Usage = 2,
    /// Something needed cannot be reached: the database, the server.
    Unavailable = 69,
    /// A fault of Concord's.
    Internal = 70,
    /// It may work later.
    Temporary = 75,
    /// Not allowed: file modes, ports.
    Permission = 77,
    /// The configuration is wrong.
    Config = 78,
}

/// Why a command failed.
#[derive(Debug)]
pub struct Failure {
    /// For scripts.
    pub exit: Exit,
    /// For people: what is wrong and, where known, what to do.
    pub message: String,
}

impl Failure {
    /// A failure of a kind, with its sentence.
    pub fn new(exit: Exit, message: impl Into<String>) -> Self {
        Self { exit, message: message.into() }
    }

    /// It did not work.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(Exit::Failed, message)
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Self {
        Self::new(Exit::Config, error.to_string())
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        let exit = if error.kind() == std::io::ErrorKind::PermissionDenied { Exit::Permission } else { Exit::Failed };
        Self::new(exit, error.to_string())
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let exit = match error {
            StorageError::Unavailable(_) => Exit::Unavailable,
            StorageError::NotUnique => Exit::Failed,
            StorageError::Corrupt(_) => Exit::Internal,
        };
        Self::new(exit, error.to_string())
    }
}

impl From<StartError> for Failure {
    fn from(error: StartError) -> Self {
        let message = error.to_string();
        let exit = match error {
            StartError::Storage(error)
            | StartError::Catalog(LoadError::Storage(error))
            | StartError::SigningKeys(KeysError::Storage(error)) => return error.into(),
            // Somebody runs the migrations, or mends the clock: a supervisor may try again.
            StartError::SchemaBehind { .. } | StartError::Clocks(_) | StartError::SigningKeys(KeysError::Busy) => Exit::Temporary,
            StartError::RootKeys(RootKeyError::TooOpen { .. }) => Exit::Permission,
            StartError::RootKeys(RootKeyError::Io { source, .. }) if source.kind() == std::io::ErrorKind::PermissionDenied => {
                Exit::Permission
            }
            StartError::RootKeys(_) | StartError::OtherRootKeys | StartError::Catalog(_) | StartError::Ephemeral(_) => Exit::Config,
            StartError::Passwords(crate::crypto::password::StartError::Parameters) => Exit::Config,
            StartError::Passwords(_) | StartError::SigningKeys(_) => Exit::Internal,
        };
        Self::new(exit, message)
    }
}

impl From<KeysError> for Failure {
    fn from(error: KeysError) -> Self {
        match error {
            KeysError::Storage(error) => error.into(),
            KeysError::Key(_) => Self::new(Exit::Internal, error.to_string()),
            KeysError::Unknown(_) => Self::failed(error.to_string()),
            KeysError::Busy => Self::new(Exit::Temporary, error.to_string()),
        }
    }
}

impl From<ApplyError> for Failure {
    fn from(error: ApplyError) -> Self {
        match error {
            ApplyError::Storage(error) => error.into(),
            ApplyError::Refused(_) => Self::failed(error.to_string()),
        }
    }
}

impl From<SwitchError> for Failure {
    fn from(error: SwitchError) -> Self {
        match error {
            SwitchError::Storage(error) => error.into(),
            other => Self::failed(other.to_string()),
        }
    }
}
