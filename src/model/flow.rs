//! The sign-in transaction (conventions 4): facts gathered, and the one pure function that says what comes next.
//!
//! A flow stores facts, never "where we are". The next step is computed again each time, so that back, reload, two tabs,
//! a language switch and an expired session in the middle all come out right.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::account_page::AccountPage;
use super::ids::{CustomerId, LinkId};
use super::link::LinkProposal;
use crate::clock::Timestamp;
use crate::protocol::ErrorCode;
use crate::protocol::acr::Acr;
use crate::protocol::authorize::{AuthorizeRequest, PromptSet};
use crate::protocol::scope::ScopeSet;

/// Both sides of a link must have authenticated within this time (conventions 5).
pub const LINK_FRESHNESS: Duration = Duration::from_mins(5);
/// How fresh a sign-in must be before a first password is chosen, where there is none to ask for.
pub const CHANGE_FRESHNESS: Duration = Duration::from_mins(5);

/// How the person wants to prove who they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Route {
    /// By password.
    #[default]
    Password,
    /// By a code sent to the e-mail address.
    Code,
    /// As somebody new.
    Register,
}

/// A decision of the person about the link that was proposed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum LinkDecision {
    /// Accepted: the link waits for its activation.
    Accepted(LinkId),
    /// Declined.
    Declined,
    /// It was active already, for the same customer.
    AlreadyActive,
    /// It cannot be made: the account is held elsewhere, or another of this service is linked.
    Refused,
}

/// What a flow is started for; stored sealed.
#[derive(Clone, Default, Serialize, Deserialize)]
pub struct Purposed {
    /// The client's request; none when a person came by themselves.
    pub request: Option<AuthorizeRequest>,
    /// The link that the service proposed, its assertion already checked.
    pub proposal: Option<LinkProposal>,
    /// The person's own page to end at, where no client asks.
    #[serde(default)]
    pub page: AccountPage,
    /// Something about the account's safety is about to change: only for somebody who has just signed in.
    #[serde(default)]
    pub change: bool,
}

/// What the person did in this flow; stored sealed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gathered {
    /// The identifier typed, as typed.
    pub identifier: Option<String>,
    /// How to prove it.
    #[serde(default)]
    pub route: Route,
    /// The code sent to the identifier was typed.
    #[serde(default)]
    pub proved: bool,
    /// The code sent to the identifier was typed, and its account is locked.
    #[serde(default)]
    pub locked: bool,
    /// "How may we address you?"
    pub nickname: Option<String>,
    /// Whose decisions the next three are: they count for nobody else.
    #[serde(default)]
    pub by: Option<CustomerId>,
    /// The person said that the session's account is the right one.
    #[serde(default)]
    pub account_chosen: bool,
    /// About the link.
    pub link: Option<LinkDecision>,
    /// Scopes decided about in this flow: not asked again, whatever the answer.
    #[serde(default)]
    pub decided: ScopeSet,
    /// The person turned back.
    #[serde(default)]
    pub refused: bool,
}

impl Gathered {
    /// What counts for the person who is here: nobody has decided for somebody else, in another tab or by "not you?".
    #[must_use]
    pub fn for_person(self, customer: CustomerId) -> Self {
        let decided = if self.by.is_none_or(|by| by == customer) {
            self
        } else {
            Self { account_chosen: false, link: None, decided: ScopeSet::default(), ..self }
        };
        Self { by: Some(customer), ..decided }
    }

    /// How somebody introduced themselves has served: from now on their session says who is here, and when it is gone they are asked anew.
    #[must_use]
    pub fn introduced(self) -> Self {
        Self { identifier: None, route: Route::Password, proved: false, locked: false, nickname: None, ..self }
    }

    /// The link that waits because of this flow.
    pub const fn accepted(&self) -> Option<LinkId> {
        match self.link {
            Some(LinkDecision::Accepted(link)) => Some(link),
            _ => None,
        }
    }
}

/// What the client asks of the person.
#[derive(Clone, Copy, Debug, Default)]
pub struct Ask {
    /// Which pages may or must be shown.
    pub prompt: PromptSet,
    /// The oldest acceptable authentication.
    pub max_age: Option<Duration>,
    /// A level without which the client wants an error (essential `acr` claim).
    pub essential_acr: Option<Acr>,
    /// The customer that the client expects (`id_token_hint`, or an essential `sub`).
    pub expected: Option<CustomerId>,
    /// Client and service are still enabled.
    pub enabled: bool,
    /// A link was proposed (C3), and is not active already.
    pub link: bool,
}

/// The browser's live session.
#[derive(Clone, Copy, Debug)]
pub struct Present {
    /// Who.
    pub customer: CustomerId,
    /// When they last authenticated.
    pub auth_time: Timestamp,
    /// Level reached.
    pub acr: Acr,
}

/// What consent is still missing, for the customer of the session.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Missing {
    /// The consent to sign in at the service.
    pub sign_in: bool,
    /// Scopes to ask for.
    pub scopes: ScopeSet,
}

impl Missing {
    /// Whether there is anything to ask.
    pub fn is_empty(&self) -> bool {
        !self.sign_in && self.scopes.is_empty()
    }
}

/// How far the flow itself may still go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Life {
    /// It may go on.
    Open,
    /// Too old.
    Expired,
    /// Its answer was given.
    Finished,
}

/// Everything the decision depends on.
#[derive(Clone, Debug)]
pub struct Facts<'a> {
    /// The moment of the decision.
    pub now: Timestamp,
    /// When the flow began.
    pub started: Timestamp,
    /// How far the flow may go.
    pub life: Life,
    /// The client's request; none when a person came to `/account` by themselves.
    pub ask: Option<Ask>,
    /// The browser's session.
    pub present: Option<Present>,
    /// Something about the account's safety is about to change.
    pub change: bool,
    /// What the person did.
    pub gathered: &'a Gathered,
    /// What consent is missing; counts only with a session.
    pub missing: Missing,
}

/// Why somebody who is signed in must prove it again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// The client asked for it (`prompt=login`).
    Prompt,
    /// The sign-in is older than the client accepts (`max_age`).
    MaxAge,
    /// Accounts are linked only by somebody who has just signed in.
    Link,
    /// So is the account's safety changed.
    Change,
}

/// The page of signing in that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LoginStep {
    /// Who are you?
    Identify,
    /// The password.
    Password,
    /// Go on as this person, or as another?
    SelectAccount,
}

/// The page of registration that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RegisterStep {
    /// The e-mail address.
    Email,
    /// How may we address you?
    Name,
    /// The password.
    Password,
}

/// What is due.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// A page of registration.
    Register(RegisterStep),
    /// A page of signing in.
    Login(LoginStep),
    /// The code sent to the address typed.
    VerifyContact,
    /// The password again.
    StepUp(Why),
    /// Both accounts, side by side.
    Link,
    /// What the service would like to read.
    Consent(Missing),
    /// The answer to the client, or the account page.
    Respond(Answer),
    /// It is too old: start again at the service.
    Expired,
    /// The answer was given already.
    Finished,
}

/// How a flow ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// A grant and its code.
    Grant,
    /// To the account page.
    Account,
    /// An error, by redirect.
    Error(ErrorCode),
}

const fn error(code: ErrorCode) -> Next {
    Next::Respond(Answer::Error(code))
}

/// What comes next. Each question is a function of its own; the first that has something to say decides, and the order is the argument.
pub fn decide(facts: &Facts<'_>) -> Next {
    life(facts)
        .or_else(|| turned_back(facts))
        .or_else(|| sign_in(facts))
        .or_else(|| step_up(facts))
        .or_else(|| essential_level(facts))
        .or_else(|| link(facts))
        .or_else(|| consent(facts))
        .unwrap_or(Next::Respond(if facts.ask.is_some() { Answer::Grant } else { Answer::Account }))
}

fn life(facts: &Facts<'_>) -> Option<Next> {
    match facts.life {
        Life::Finished => Some(Next::Finished),
        Life::Expired => Some(Next::Expired),
        Life::Open if facts.ask.is_some_and(|ask| !ask.enabled) => Some(error(ErrorCode::UnauthorizedClient)),
        Life::Open => None,
    }
}

fn turned_back(facts: &Facts<'_>) -> Option<Next> {
    (facts.gathered.refused && facts.ask.is_some()).then(|| error(ErrorCode::AccessDenied))
}

/// Nobody is here, or not the one who is expected.
fn sign_in(facts: &Facts<'_>) -> Option<Next> {
    let ask = facts.ask.unwrap_or_default();
    let Some(present) = facts.present else {
        return Some(if ask.prompt.none { error(ErrorCode::LoginRequired) } else { introduction(facts, ask) });
    };
    let here = present.auth_time >= facts.started;
    if ask.expected.is_some_and(|expected| expected != present.customer) {
        // Somebody else who has just signed in is still somebody else.
        return Some(if ask.prompt.none || here { error(ErrorCode::LoginRequired) } else { introduction(facts, ask) });
    }
    if ask.prompt.create && !here && !facts.gathered.account_chosen {
        return Some(introduction(facts, ask));
    }
    if facts.gathered.identifier.is_some() && !here && !facts.gathered.account_chosen && ask.prompt.select_account {
        return Some(introduction(facts, ask));
    }
    (ask.prompt.select_account && !here && !facts.gathered.account_chosen).then_some(Next::Login(LoginStep::SelectAccount))
}

/// From "who are you?" to a session.
fn introduction(facts: &Facts<'_>, ask: Ask) -> Next {
    let gathered = facts.gathered;
    let route = if ask.prompt.create && gathered.identifier.is_none() { Route::Register } else { gathered.route };
    match (&gathered.identifier, route) {
        (None, Route::Register) => Next::Register(RegisterStep::Email),
        (None, _) => Next::Login(LoginStep::Identify),
        (Some(_), Route::Password) => Next::Login(LoginStep::Password),
        (Some(_), Route::Code | Route::Register) if !gathered.proved => Next::VerifyContact,
        // A proved address has no customer yet: whoever has one was signed in by the code, and is asked anew without a session.
        (Some(_), _) if gathered.nickname.is_none() => Next::Register(RegisterStep::Name),
        (Some(_), _) => Next::Register(RegisterStep::Password),
    }
}

/// Somebody is here, but must prove it again.
fn step_up(facts: &Facts<'_>) -> Option<Next> {
    let present = facts.present?;
    let why = why_again(facts, present)?;
    if facts.ask.is_some_and(|ask| ask.prompt.none) {
        return Some(error(ErrorCode::LoginRequired));
    }
    let gathered = facts.gathered;
    // By a code instead of the password, as they chose.
    let by_code = gathered.route == Route::Code && gathered.identifier.is_some() && !gathered.proved;
    Some(if by_code { Next::VerifyContact } else { Next::StepUp(why) })
}

fn why_again(facts: &Facts<'_>, present: Present) -> Option<Why> {
    let ask = facts.ask.unwrap_or_default();
    let here = present.auth_time >= facts.started;
    let age = facts.now.since(present.auth_time);
    let why = if ask.prompt.login && !here {
        Why::Prompt
    } else if !here && ask.max_age.is_some_and(|max_age| age > max_age) {
        Why::MaxAge
    } else if ask.link && facts.gathered.link.is_none() && age > LINK_FRESHNESS {
        Why::Link
    } else if facts.change && age > CHANGE_FRESHNESS {
        Why::Change
    } else {
        return None;
    };
    Some(why)
}

fn essential_level(facts: &Facts<'_>) -> Option<Next> {
    let (ask, present) = (facts.ask?, facts.present?);
    ask.essential_acr.filter(|level| present.acr < *level).map(|_| error(ErrorCode::UnmetAuthenticationRequirements))
}

fn link(facts: &Facts<'_>) -> Option<Next> {
    let ask = facts.ask?;
    if !ask.link || facts.gathered.link.is_some() {
        return None;
    }
    Some(if ask.prompt.none { error(ErrorCode::InteractionRequired) } else { Next::Link })
}

fn consent(facts: &Facts<'_>) -> Option<Next> {
    let ask = facts.ask?;
    if facts.missing.is_empty() {
        return None;
    }
    Some(if ask.prompt.none { error(ErrorCode::ConsentRequired) } else { Next::Consent(facts.missing.clone()) })
}

#[cfg(test)]
mod every;
#[cfg(test)]
mod tests;
