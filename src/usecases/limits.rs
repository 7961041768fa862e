//! Limits on tries: one table of what is counted, per what, and how often; counted in SQL, so that no flush forgets them.

use std::time::Duration;

use super::Core;
use crate::clock::Timestamp;
use crate::crypto::digest::hmac_sha256;
use crate::storage::{Error, Tx, tries};

/// What is counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Limit {
    /// Codes sent to one address.
    MailPerAddress,
    /// Codes sent on behalf of one network.
    MailPerNetwork,
    /// Wrong passwords for one identifier.
    Password,
    /// Wrong passwords from one network.
    PasswordPerNetwork,
}

impl Limit {
    const fn word(self) -> &'static str {
        match self {
            Self::MailPerAddress => "mail_address",
            Self::MailPerNetwork => "mail_network",
            Self::Password => "password",
            Self::PasswordPerNetwork => "password_network",
        }
    }

    fn most(self, core: &Core) -> i64 {
        let limits = &core.config.limits;
        i64::from(match self {
            Self::MailPerAddress => limits.mail_per_address_hour,
            Self::MailPerNetwork => limits.mail_per_ip_hour,
            Self::Password => limits.password_tries,
            Self::PasswordPerNetwork => limits.password_per_ip_minute,
        })
    }

    fn window(self, core: &Core) -> Duration {
        match self {
            Self::MailPerAddress | Self::MailPerNetwork => Duration::from_hours(1),
            Self::Password => core.config.limits.password_wait.get(),
            Self::PasswordPerNetwork => Duration::from_mins(1),
        }
    }
}

/// Too many tries: when the next one counts again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TooMany {
    /// End of the present window.
    pub until: Timestamp,
}

fn subject(limit: Limit, of: &str) -> [u8; 32] {
    // Not secret, but not readable either: no address stands in the table.
    hmac_sha256(b"concord/tries/v1", &[limit.word().as_bytes(), b"|", of.as_bytes()])
}

/// Counts a try; refuses it when the window is full. Trying while refused does not make the wait longer.
pub async fn count(tx: &mut Tx, core: &Core, limit: Limit, of: &str, now: Timestamp) -> Result<Result<(), TooMany>, Error> {
    if let Err(refused) = look(tx, core, limit, of, now).await? {
        return Ok(Err(refused));
    }
    tries::count(tx, limit.word(), &subject(limit, of), now, now + limit.window(core)).await?;
    Ok(Ok(()))
}

/// Whether a try would be refused, without counting one.
pub async fn look(tx: &mut Tx, core: &Core, limit: Limit, of: &str, now: Timestamp) -> Result<Result<(), TooMany>, Error> {
    let (count, until) = tries::present(tx, limit.word(), &subject(limit, of), now).await?;
    Ok(if count >= limit.most(core) { Err(TooMany { until }) } else { Ok(()) })
}

/// Begins again from none.
pub async fn clear(tx: &mut Tx, limit: Limit, of: &str) -> Result<(), Error> {
    tries::clear(tx, limit.word(), &subject(limit, of)).await
}
