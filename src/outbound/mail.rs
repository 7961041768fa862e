//! How mails leave: into files, into memory for the demo's outbox page, or not at all.

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use time::OffsetDateTime;
use time::format_description::well_known::Rfc2822;

use crate::clock::Timestamp;
use crate::config::{MailConfig, MailTransport};
use crate::model::ids::MessageId;

/// The most mails the outbox in memory keeps.
const KEPT: usize = 200;

/// A rendered mail. It holds an address and perhaps a code, so it has no `Debug` of its contents.
#[derive(Clone, PartialEq, Eq)]
pub struct Mail {
    /// To whom.
    pub to: String,
    /// The subject, one line.
    pub subject: String,
    /// The text.
    pub body: String,
}

impl fmt::Debug for Mail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Mail").finish_non_exhaustive()
    }
}

/// Why a mail did not leave; it may be tried again.
#[derive(Debug, thiserror::Error)]
pub enum MailError {
    /// A file could not be written.
    #[error("the mail cannot be written: {0}")]
    File(#[from] io::Error),
}

/// A mail in the outbox in memory.
#[derive(Clone, Debug)]
pub struct KeptMail {
    /// Counts from 1: the newest has the highest.
    pub number: u64,
    /// The mail.
    pub mail: Mail,
    /// When it was sent.
    pub at: Timestamp,
}

/// Mails that stay in this process: what the demo shows and its script reads. Clones share their contents.
#[derive(Clone, Debug, Default)]
pub struct OutboxStore(Arc<Mutex<Kept>>);

#[derive(Debug, Default)]
struct Kept {
    mails: VecDeque<KeptMail>,
    sent: u64,
}

impl OutboxStore {
    /// Keeps a mail; the oldest makes room.
    pub fn keep(&self, mail: Mail, at: Timestamp) {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        kept.sent += 1;
        let number = kept.sent;
        if kept.mails.len() == KEPT {
            kept.mails.pop_front();
        }
        kept.mails.push_back(KeptMail { number, mail, at });
    }

    /// Every mail that is kept, the newest first.
    pub fn newest_first(&self) -> Vec<KeptMail> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).mails.iter().rev().cloned().collect()
    }

    /// Forgets all mails.
    pub fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).mails.clear();
    }
}

/// The one way out for mails of this process.
#[derive(Clone, Debug)]
pub struct Mailer {
    way: Way,
    from: String,
}

#[derive(Clone, Debug)]
enum Way {
    File(PathBuf),
    Outbox(OutboxStore),
    None,
}

impl Mailer {
    /// From the configuration.
    pub fn new(config: &MailConfig) -> Self {
        let way = match config.transport {
            MailTransport::File => Way::File(config.dir.clone()),
            MailTransport::Outbox => Way::Outbox(OutboxStore::default()),
            MailTransport::None => Way::None,
        };
        Self { way, from: config.from.clone() }
    }

    /// The outbox in memory, where the configuration chose it.
    pub fn outbox(&self) -> Option<&OutboxStore> {
        match &self.way {
            Way::Outbox(store) => Some(store),
            Way::File(_) | Way::None => None,
        }
    }

    /// Sends a mail. `id` names the file, so that a mail sent again after a crash replaces itself.
    ///
    /// # Errors
    /// [`MailError`]: try again later.
    pub async fn send(&self, id: MessageId, mail: &Mail, now: Timestamp) -> Result<(), MailError> {
        match &self.way {
            Way::File(dir) => write(dir, id, &self.from, mail, now).await,
            Way::Outbox(store) => {
                store.keep(mail.clone(), now);
                Ok(())
            }
            Way::None => Ok(()),
        }
    }
}

/// One file per mail (RFC 5322 with UTF-8, RFC 6532), readable by its owner only, complete or not there at all.
async fn write(dir: &Path, id: MessageId, from: &str, mail: &Mail, now: Timestamp) -> Result<(), MailError> {
    let line = |text: &str| text.replace(['\r', '\n'], " ");
    let text = format!(
        "From: {}\r\nTo: {}\r\nDate: {}\r\nMessage-ID: <{id}@concord>\r\nSubject: {}\r\nMIME-Version: 1.0\r\n\
         Content-Type: text/plain; charset=utf-8\r\nContent-Transfer-Encoding: 8bit\r\n\r\n{}",
        line(from),
        line(&mail.to),
        date(now),
        line(&mail.subject),
        mail.body.replace("\r\n", "\n").replace('\n', "\r\n")
    );
    let dir = dir.to_owned();
    let done = tokio::task::spawn_blocking(move || {
        std::fs::create_dir_all(&dir)?;
        let unfinished = dir.join(format!(".{id}"));
        private(&unfinished, text.as_bytes())?;
        std::fs::rename(&unfinished, dir.join(format!("{id}.eml")))
    });
    done.await.map_err(io::Error::other)?.map_err(MailError::File)
}

/// RFC 5322 section 3.3.
fn date(now: Timestamp) -> String {
    let at = OffsetDateTime::from_unix_timestamp(now.seconds()).unwrap_or(OffsetDateTime::UNIX_EPOCH);
    at.format(&Rfc2822).unwrap_or_default()
}

#[cfg(unix)]
fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    use std::io::Write;
    use std::os::unix::fs::OpenOptionsExt;
    let mut file = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(bytes)
}

#[cfg(not(unix))]
fn private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    std::fs::write(path, bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::crypto::random::Random;

    fn mail(to: &str) -> Mail {
        Mail {
            to: to.to_owned(), subject: "Код 492017\r\nBcc: x@y.test".to_owned(), body: "Здравствуйте!\n\n    492017\n".to_owned()
        }
    }

    fn config(transport: MailTransport, dir: &Path) -> MailConfig {
        MailConfig { transport, dir: dir.to_owned(), from: "Concord <id@example.test>".to_owned() }
    }

    #[tokio::test]
    async fn a_mail_becomes_one_private_file_without_a_header_of_its_own() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let random = Random::seeded(1);
        let dir = std::env::temp_dir().join(format!("concord-mail-{}", Random::system().u64()));
        let mailer = Mailer::new(&config(MailTransport::File, &dir));
        let id = MessageId::new(random.uuid_v7(now));
        for _ in 0..2 {
            mailer.send(id, &mail("anna@example.test"), now).await.unwrap();
        }
        let files: Vec<_> = std::fs::read_dir(&dir).unwrap().map(|entry| entry.unwrap().path()).collect();
        assert_eq!(files.len(), 1);
        let text = std::fs::read_to_string(&files[0]).unwrap();
        assert!(text.contains("\r\nTo: anna@example.test\r\n") && text.contains("492017"));
        assert!(!text.contains("\nBcc:"));
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt;
            assert_eq!(std::fs::metadata(&files[0]).unwrap().permissions().mode() & 0o777, 0o600);
        }
        std::fs::remove_dir_all(&dir).unwrap();
    }

    #[tokio::test]
    async fn the_outbox_keeps_the_newest() {
        let now = Timestamp::from_seconds(1_800_000_000);
        let mailer = Mailer::new(&config(MailTransport::Outbox, Path::new("")));
        for number in 0..KEPT + 5 {
            let id = MessageId::new(Random::system().uuid_v7(now));
            mailer.send(id, &mail(&format!("{number}@example.test")), now).await.unwrap();
        }
        let kept = mailer.outbox().unwrap().newest_first();
        assert_eq!((kept.len(), kept[0].number), (KEPT, 205));
        assert_eq!(kept[0].mail.to, "204@example.test");
        mailer.outbox().unwrap().clear();
        assert!(mailer.outbox().unwrap().newest_first().is_empty());
        assert_eq!(format!("{:?}", mail("secret@example.test")), "Mail { .. }");
    }
}
