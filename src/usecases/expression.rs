//! How somebody expressed a decision: what becomes the proof of a consent event.

use crate::clock::Timestamp;
use crate::model::actor::Actor;
use crate::model::consent::Proof;
use crate::model::ids::SessionId;
use crate::protocol::acr::Acr;
use crate::protocol::locale::Locale;

/// How a decision was expressed.
#[derive(Clone, Debug)]
pub struct Expression {
    /// Who expressed it.
    pub actor: Actor,
    /// `button`, `checkbox`, `command`, `none`.
    pub method: &'static str,
    /// `web`, `cli`, `system`.
    pub channel: &'static str,
    /// The language of what was shown.
    pub language: Locale,
    /// The client that asked, when one did.
    pub client_id: Option<String>,
    /// The session in which it was expressed.
    pub session: Option<SessionId>,
    /// The level of authentication at that moment.
    pub acr: Acr,
    /// When the person had authenticated.
    pub auth_time: Option<Timestamp>,
    /// Why, when somebody said so: an operator's words for the record.
    pub reason: Option<String>,
}

impl Expression {
    /// A button on a page, pressed by the customer who is signed in.
    pub fn on_page(session: SessionId, language: Locale, acr: Acr, auth_time: Timestamp) -> Self {
        Self {
            actor: Actor::Customer,
            method: "button",
            channel: "web",
            language,
            client_id: None,
            session: Some(session),
            acr,
            auth_time: Some(auth_time),
            reason: None,
        }
    }

    /// The same, on the way to a client.
    #[must_use]
    pub fn asked_by(mut self, client_id: &str) -> Self {
        self.client_id = Some(client_id.to_owned());
        self
    }

    /// A command of an operator, and why.
    pub fn by_command(operator: Actor, reason: &str) -> Self {
        Self { method: "command", channel: "cli", reason: Some(reason.to_owned()), ..Self::by(operator) }
    }

    /// The consequence of something else, expressed by nobody.
    pub fn by_system(part: &'static str) -> Self {
        Self::by(Actor::System(part))
    }

    fn by(actor: Actor) -> Self {
        Self {
            actor,
            method: "none",
            channel: "system",
            language: Locale::En,
            client_id: None,
            session: None,
            acr: Acr::Aal0,
            auth_time: None,
            reason: None,
        }
    }

    /// The proof kept with an event; `text` is the digest of what was shown, empty where nothing was.
    pub(super) fn proof(&self, text: String) -> Proof {
        Proof {
            method: self.method.to_owned(),
            channel: self.channel.to_owned(),
            language: self.language.as_str().to_owned(),
            text_sha256: text,
            client_id: self.client_id.clone(),
            session: self.session.map(|session| session.to_string()),
            acr: self.acr.as_str().to_owned(),
            auth_time: self.auth_time.map_or(0, Timestamp::seconds),
            expressed_by: if self.actor.is_customer() { "self".to_owned() } else { self.actor.to_string() },
        }
    }
}
