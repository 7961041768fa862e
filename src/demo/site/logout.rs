//! Ends: told by Concord on the back channel, or asked for by the person at Concord.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};

use super::super::party::Party;
use super::super::reader::see_other;
use super::super::redact;
use super::super::sessions::{Session, SignedIn};
use super::super::tap::{Deed, Entry, Part, Went};
use super::{Site, with_cookie};
use crate::http::extract::OAuthForm;
use crate::ui::demo::PartnerNotice;

/// Back-Channel Logout 2.5: 200 when it is done, 400 for a token that does not hold.
pub(super) async fn told(State(site): State<Arc<Site>>, OAuthForm(form): OAuthForm) -> Response {
    let token = form.get("logout_token").unwrap_or_default();
    let outcome = site.rp.logout_token(token).await;
    let status = match &outcome {
        Ok((sub, sid)) => {
            site.end(sub.as_deref().unwrap_or_default(), sid.as_deref());
            StatusCode::OK
        }
        Err(trouble) => {
            tracing::warn!(event = "demo.logout", service = site.me.code(), %trouble, "a logout token was refused");
            StatusCode::BAD_REQUEST
        }
    };
    site.tap.note(Entry {
        at: site.clock.now(),
        from: Party::Concord,
        to: site.me,
        deed: Deed::Ends,
        call: "POST /oidc/backchannel-logout".to_owned(),
        outcome: status.as_u16().to_string(),
        went: if status == StatusCode::OK { Went::Good } else { Went::Bad },
        parts: redact::decoded(token).map(|text| (Part::Token("logout_token".to_owned()), text)).into_iter().collect(),
        curl: None,
    });
    (status, [(header::CACHE_CONTROL, "no-store")]).into_response()
}

/// Back from signing out at Concord.
pub(super) async fn signed_out(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let session = site.sessions.sign_out(&site.session(&headers).id, PartnerNotice::SignedOut);
    with_cookie(see_other("/"), &session)
}

impl Site {
    /// Ends here what has ended at Concord. Whether the link ended with it is not said: until the next sign-in it counts as such.
    pub(super) fn end(&self, sub: &str, sid: Option<&str>) {
        let sub = Some(sub).filter(|sub| !sub.is_empty());
        for account in self.sessions.ended_at_concord(sub, sid) {
            self.people.disconnect(&account);
        }
    }

    /// Out of this service and of Concord (RP-Initiated Logout): by way of Concord's page.
    pub(super) async fn sign_out_everywhere(&self, session: &Session, who: SignedIn) -> Response {
        let Some(granted) = who.concord else { return with_cookie(see_other("/"), session) };
        match self.rp.sign_out_url(&granted.id_token).await {
            Ok(url) => see_other(&url),
            Err(_) => with_cookie(see_other("/"), session),
        }
    }
}
