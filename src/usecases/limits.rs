//! Limits on tries: one table of what is counted, per what, and how often; counted in SQL, so that no flush forgets them.

use std::sync::Arc;
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
            // Not a window: failures in a row, forgotten after the longest wait without another.
            Self::Password => core.config.limits.password_wait_max.get(),
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

/// How long to wait after so many failures in a row: the first wait doubles up to the longest (security.md 5.9).
fn wait(core: &Core, failures: i64) -> Duration {
    let limits = &core.config.limits;
    let Ok(beyond) = u32::try_from(failures - i64::from(limits.password_tries)) else { return Duration::ZERO };
    let times = 2_u32.saturating_pow(beyond.min(16));
    limits.password_wait.get().saturating_mul(times).min(limits.password_wait_max.get())
}

/// Counts a try under each of these limits; refuses it, and counts it nowhere, when one of them is full. Trying while refused does not make
/// the wait longer.
async fn take(tx: &mut Tx, core: &Core, tries: [(Limit, &str); 2], now: Timestamp) -> Result<Result<(), TooMany>, Error> {
    for (limit, of) in tries {
        if let Err(refused) = look(tx, core, limit, of, now).await? {
            return Ok(Err(refused));
        }
    }
    for (limit, of) in tries {
        add(tx, core, limit, of, now).await?;
    }
    Ok(Ok(()))
}

/// Counts a code that is about to be sent to an address on behalf of a network, whether anybody is behind the address or not.
pub async fn take_mail(tx: &mut Tx, core: &Core, address: &str, network: &str, now: Timestamp) -> Result<Result<(), TooMany>, Error> {
    take(tx, core, [(Limit::MailPerAddress, address), (Limit::MailPerNetwork, network)], now).await
}

async fn add(tx: &mut Tx, core: &Core, limit: Limit, of: &str, now: Timestamp) -> Result<(), Error> {
    let (word, subject, window) = (limit.word(), subject(limit, of), limit.window(core));
    if limit == Limit::Password {
        let (before, _) = tries::in_a_row(tx, word, &subject, now).await?;
        return tries::one_more_in_a_row(tx, word, &subject, now, now + wait(core, before + 1) + window).await;
    }
    tries::count(tx, word, &subject, now, now + window).await.map(drop)
}

/// Whether a try would be refused, without counting one.
pub async fn look(tx: &mut Tx, core: &Core, limit: Limit, of: &str, now: Timestamp) -> Result<Result<(), TooMany>, Error> {
    if limit == Limit::Password {
        let (failures, last) = tries::in_a_row(tx, limit.word(), &subject(limit, of), now).await?;
        let until = last + wait(core, failures);
        return Ok(if failures > 0 && now < until { Err(TooMany { until }) } else { Ok(()) });
    }
    let (count, until) = tries::present(tx, limit.word(), &subject(limit, of), now).await?;
    Ok(if count >= limit.most(core) { Err(TooMany { until }) } else { Ok(()) })
}

/// Begins again from none.
pub async fn clear(tx: &mut Tx, limit: Limit, of: &str) -> Result<(), Error> {
    tries::clear(tx, limit.word(), &subject(limit, of)).await
}

/// Takes back a try counted at `taken`: it was none.
pub async fn take_back(tx: &mut Tx, limit: Limit, of: &str, taken: Timestamp) -> Result<(), Error> {
    tries::take_back(tx, limit.word(), &subject(limit, of), taken).await
}

/// Takes a try at a password before it is hashed, so that parallel guesses cannot outnumber the limit. What was no wrong
/// guess is given back: [`password_was_right`], [`give_password_try_back`].
pub async fn take_password_try(core: &Arc<Core>, of: &str, network: &str, now: Timestamp) -> Result<Result<(), TooMany>, Error> {
    let (held, of, network) = (Arc::clone(core), of.to_owned(), network.to_owned());
    core.database
        .write(move |tx| {
            let (core, of, network) = (Arc::clone(&held), of.clone(), network.clone());
            Box::pin(async move { take(tx, &core, [(Limit::Password, &of), (Limit::PasswordPerNetwork, &network)], now).await })
        })
        .await
}

/// A right password forgets the person's failures, and was no failure of the network.
pub async fn password_was_right(tx: &mut Tx, of: &str, network: &str, taken: Timestamp) -> Result<(), Error> {
    clear(tx, Limit::Password, of).await?;
    take_back(tx, Limit::PasswordPerNetwork, network, taken).await
}

/// Nobody had time to look at the password, or it was right and something else was wrong: that is nobody's failure.
pub async fn give_password_try_back(core: &Arc<Core>, of: &str, network: &str, taken: Timestamp) -> Result<(), Error> {
    let (of, network) = (of.to_owned(), network.to_owned());
    core.database
        .write(move |tx| {
            let (of, network) = (of.clone(), network.clone());
            Box::pin(async move {
                take_back(tx, Limit::Password, &of, taken).await?;
                take_back(tx, Limit::PasswordPerNetwork, &network, taken).await
            })
        })
        .await
}
