//! A partner's own browser sessions: in memory, one cookie, nothing of Concord's in it.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::relying_party::{Pending, Tokens};
use crate::clock::Timestamp;
use crate::crypto::random::Random;
use crate::ui::demo::PartnerNotice;

/// The most sign-ins under way in one session: several tabs, not a flood.
const MOST_PENDING: usize = 8;

/// A browser at a partner.
#[derive(Clone, Default)]
pub struct Session {
    /// Its id, the value of the cookie.
    pub id: String,
    /// Goes into each form and must come back.
    pub csrf: String,
    /// Who is signed in here.
    pub signed_in: Option<SignedIn>,
    /// Sign-ins under way at Concord.
    pub pending: Vec<Pending>,
    /// Said once on the next page.
    pub notice: Option<PartnerNotice>,
}

/// Somebody signed in at a partner.
#[derive(Clone)]
pub struct SignedIn {
    /// The local account.
    pub account: String,
    /// When.
    pub at: Timestamp,
    /// The password of the local account was typed here.
    pub locally: bool,
    /// What Concord gave, when it had a part in it.
    pub concord: Option<Granted>,
}

/// What a partner holds from Concord about one sign-in.
#[derive(Clone)]
pub struct Granted {
    /// The customer in this partner's sector.
    pub sub: String,
    /// The session at Concord.
    pub sid: Option<String>,
    /// The ID token, for signing out at Concord.
    pub id_token: String,
    /// The same decoded, for people.
    pub shown: String,
    /// The access token for Concord itself.
    pub access_token: String,
    /// The scope in force when it was issued.
    pub scope: String,
    /// Renews it.
    pub refresh_token: Option<String>,
    /// Tokens for APIs of services: resource, token, until when.
    pub api_tokens: Vec<(String, String, Timestamp)>,
    /// The local account that the link names.
    pub linked: Option<String>,
    /// What was shared once with this service, and may have been taken back since.
    pub shared: bool,
}

impl Granted {
    /// Takes over what a refresh gave.
    pub fn renew(&mut self, tokens: &Tokens, resource: Option<&str>, now: Timestamp) {
        if let Some(refresh_token) = &tokens.refresh_token {
            self.refresh_token = Some(refresh_token.clone());
        }
        match resource {
            None => {
                self.access_token.clone_from(&tokens.access_token);
                self.scope.clone_from(&tokens.scope);
            }
            Some(resource) => {
                let until = Timestamp::from_seconds(now.seconds() + tokens.expires_in - 10);
                self.api_tokens.retain(|(known, ..)| known != resource);
                self.api_tokens.push((resource.to_owned(), tokens.access_token.clone(), until));
            }
        }
    }

    /// A token for an API that has not expired.
    pub fn api_token(&self, resource: &str, now: Timestamp) -> Option<&str> {
        self.api_tokens.iter().find(|(known, _, until)| known == resource && now < *until).map(|(_, token, _)| token.as_str())
    }
}

/// All sessions of one partner.
pub struct Sessions {
    all: Mutex<HashMap<String, Session>>,
    random: Random,
}

impl Sessions {
    /// None yet.
    pub fn new(random: Random) -> Self {
        Self { all: Mutex::default(), random }
    }

    /// The session of a cookie, or a new one.
    pub fn open(&self, cookie: Option<&str>) -> Session {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = cookie.and_then(|id| all.get(id)) {
            return known.clone();
        }
        let session = Session { id: self.random.token(), csrf: self.random.token(), ..Session::default() };
        all.insert(session.id.clone(), session.clone());
        session
    }

    /// Changes a session; `false` when it is gone.
    pub fn change(&self, id: &str, change: impl FnOnce(&mut Session)) -> bool {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.get_mut(id).map(change).is_some()
    }

    /// A session of another name for whoever just signed in, so that a name planted before is worth nothing afterwards.
    pub fn sign_in(&self, old: &str, signed_in: SignedIn, notice: Option<PartnerNotice>) -> Session {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(old);
        let session =
            Session { id: self.random.token(), csrf: self.random.token(), signed_in: Some(signed_in), pending: Vec::new(), notice };
        all.insert(session.id.clone(), session.clone());
        session
    }

    /// A new session for whoever just signed out, with something to say.
    pub fn sign_out(&self, old: &str, notice: PartnerNotice) -> Session {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(old);
        let session = self.open(None);
        self.change(&session.id, |session| session.notice = Some(notice));
        session
    }

    /// Remembers that the person was sent to Concord.
    pub fn expect(&self, id: &str, pending: Pending) {
        self.change(id, |session| {
            if session.pending.len() == MOST_PENDING {
                session.pending.remove(0);
            }
            session.pending.push(pending);
        });
    }

    /// What this very session waits for under `state`: once.
    pub fn take_pending(&self, id: &str, state: &str) -> Option<Pending> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let session = all.get_mut(id)?;
        let at = session.pending.iter().position(|pending| pending.state == state)?;
        Some(session.pending.remove(at))
    }

    /// Ends what Concord ended: of one session at Concord, or of everybody who is `sub`. Whoever had typed a local password
    /// stays signed in with it. Returns the linked accounts concerned.
    pub fn ended_at_concord(&self, sub: Option<&str>, sid: Option<&str>) -> Vec<String> {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let mut ended = Vec::new();
        for session in all.values_mut() {
            let Some(signed_in) = &mut session.signed_in else { continue };
            let meant = signed_in.concord.as_ref().is_some_and(|granted| match sid {
                Some(sid) => granted.sid.as_deref() == Some(sid) && sub.is_none_or(|sub| granted.sub == sub),
                None => sub == Some(granted.sub.as_str()),
            });
            if meant {
                ended.extend(signed_in.concord.take().and_then(|granted| granted.linked));
                if !signed_in.locally {
                    session.signed_in = None;
                }
                session.notice = Some(PartnerNotice::EndedByConcord);
            }
        }
        ended
    }

    /// How many are signed in through Concord now.
    pub fn through_concord(&self) -> usize {
        let all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        all.values().filter(|session| session.signed_in.as_ref().is_some_and(|who| who.concord.is_some())).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn granted(sub: &str, sid: &str) -> Granted {
        Granted {
            sub: sub.into(),
            sid: Some(sid.into()),
            id_token: String::new(),
            shown: String::new(),
            access_token: String::new(),
            scope: String::new(),
            refresh_token: None,
            api_tokens: Vec::new(),
            linked: Some(format!("account-{sid}")),
            shared: false,
        }
    }

    fn signed_in(sessions: &Sessions, locally: bool, sid: &str) -> String {
        let before = sessions.open(None);
        let who = SignedIn { account: "a".into(), at: Timestamp::from_seconds(0), locally, concord: Some(granted("s", sid)) };
        let after = sessions.sign_in(&before.id, who, None);
        assert_ne!(before.id, after.id);
        after.id
    }

    #[test]
    fn concord_ends_what_it_began_and_nothing_else() {
        let sessions = Sessions::new(Random::seeded(1));
        let (one, other, local) = (signed_in(&sessions, false, "1"), signed_in(&sessions, false, "2"), signed_in(&sessions, true, "1"));
        assert_eq!(sessions.ended_at_concord(Some("s"), Some("1")), ["account-1", "account-1"]);
        assert!(sessions.open(Some(&one)).signed_in.is_none());
        assert!(sessions.open(Some(&other)).signed_in.is_some());
        assert!(sessions.open(Some(&local)).signed_in.is_some_and(|who| who.concord.is_none()));
        assert_eq!(sessions.through_concord(), 1);
        assert_eq!(sessions.ended_at_concord(Some("s"), None), ["account-2"]);
    }
}
