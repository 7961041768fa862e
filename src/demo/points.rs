//! Polar Points: the owner of the product domain `loyalty`. It writes what it knows through the partner API, and has an API of
//! its own that asks Concord whose token it was shown.

use std::sync::Arc;

use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use axum::{Json, Router};
use futures_util::future::BoxFuture;
use secrecy::ExposeSecret;
use serde_json::{Value, json};

use super::party::say;
use super::people::LocalCustomer;
use super::site::{Partner, Site, Visit, linked_account};
use super::words::grouped;
use crate::http::extract::bearer_token;
use crate::protocol::locale::Locale;
use crate::ui::demo::Panel;

/// The path of the API that tells the tier.
pub const TIER: &str = "/api/tier";
/// Points from which the next tier begins.
const TIERS: [(i64, &str); 3] = [(0, "bronze"), (1_000, "silver"), (2_500, "gold")];

/// The loyalty service.
pub struct Points;

impl Partner for Points {
    fn domain(&self, locale: Locale) -> String {
        say(locale, ["лояльность", "loyalty", "会员积分"]).to_owned()
    }

    fn tagline(&self, locale: Locale) -> &'static str {
        say(
            locale,
            [
                "Баллы за каждую покупку, от аптеки до кино.",
                "Points for every purchase, from the pharmacy to the cinema.",
                "从药店到影院，每次消费都有积分。",
            ],
        )
    }

    fn about(&self, locale: Locale, customers: usize) -> String {
        match locale {
            Locale::Ru => format!("Участников: {customers}. Её API спрашивает Concord, чей это токен и действует ли он ещё."),
            Locale::En => format!("{customers} members. Its API asks Concord whose token it was shown, and whether it still counts."),
            Locale::Zh => format!("会员 {customers} 位。其 API 向 Concord 查询令牌属于谁、是否仍然有效。"),
        }
    }

    fn facts(&self, customer: &LocalCustomer, locale: Locale) -> Vec<(String, String)> {
        vec![
            (say(locale, ["Уровень", "Tier", "等级"]).to_owned(), tier_name(tier(customer), locale).to_owned()),
            (say(locale, ["Баллы", "Points", "积分"]).to_owned(), grouped(customer.amount, locale)),
            (say(locale, ["Участник с", "Member since", "入会时间"]).to_owned(), customer.since.to_string()),
        ]
    }

    fn panels<'a>(&'a self, _site: &'a Site, _visit: &'a mut Visit) -> BoxFuture<'a, Vec<Panel>> {
        Box::pin(async { Vec::new() })
    }

    fn connected<'a>(&'a self, site: &'a Site, customer: &'a LocalCustomer) -> BoxFuture<'a, ()> {
        Box::pin(async move {
            if let Err(refused) = site.rp.write_profile("loyalty", &customer.account, profile(customer)).await {
                tracing::warn!(event = "demo.profile", %refused, "the loyalty service could not write what it knows");
            }
        })
    }

    fn routes(&self) -> Router<Arc<Site>> {
        Router::new().route(TIER, get(show_tier))
    }
}

/// What others may read of a member, once the member lets them.
fn profile(customer: &LocalCustomer) -> Value {
    let next = TIERS.iter().find(|(from, _)| *from > customer.amount).map(|(from, _)| from - customer.amount);
    json!({
        "loyalty_member_id": customer.account,
        "loyalty_tier": tier(customer),
        "loyalty_points": customer.amount,
        "loyalty_next_tier_gap": next,
    })
}

/// The tier of a member.
pub fn tier(customer: &LocalCustomer) -> &'static str {
    TIERS.iter().rev().find(|(from, _)| customer.amount >= *from).map_or("bronze", |(_, tier)| tier)
}

/// A tier as people read it.
pub fn tier_name(tier: &str, locale: Locale) -> &str {
    match tier {
        "bronze" => say(locale, ["Бронза", "Bronze", "铜卡"]),
        "silver" => say(locale, ["Серебро", "Silver", "银卡"]),
        "gold" => say(locale, ["Золото", "Gold", "金卡"]),
        other => other,
    }
}

/// Starts from "no": a token counts when Concord says that it is meant for this API, allows `loyalty`, and belongs to
/// somebody whose account here is linked.
async fn show_tier(State(site): State<Arc<Site>>, headers: HeaderMap) -> Response {
    let Ok(Some(token)) = bearer_token(&headers) else { return challenge(StatusCode::UNAUTHORIZED, "Bearer") };
    let Ok(answer) = site.rp.introspect(token.expose_secret()).await else { return StatusCode::SERVICE_UNAVAILABLE.into_response() };
    if answer["active"] != true || answer["aud"] != site.place.audience(site.me) {
        return challenge(StatusCode::UNAUTHORIZED, "Bearer error=\"invalid_token\"");
    }
    let allowed = answer["scope"].as_str().is_some_and(|scope| scope.split(' ').any(|scope| scope == "loyalty"));
    if !allowed {
        return challenge(StatusCode::FORBIDDEN, "Bearer error=\"insufficient_scope\", scope=\"loyalty\"");
    }
    match linked_account(&answer).and_then(|account| site.people.of_account(&account)) {
        Some(customer) => Json(json!({ "member": customer.account, "tier": tier(&customer), "points": customer.amount })).into_response(),
        None => StatusCode::NOT_FOUND.into_response(),
    }
}

fn challenge(status: StatusCode, text: &'static str) -> Response {
    (status, [(header::WWW_AUTHENTICATE, HeaderValue::from_static(text))]).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gap_to_the_next_tier_ends_at_the_top() {
        let member = |amount| LocalCustomer { account: "a".into(), login: None, name: Default::default(), since: 2020, amount };
        assert_eq!(profile(&member(999))["loyalty_next_tier_gap"], 1);
        assert_eq!((tier(&member(1_000)), tier(&member(2_500))), ("silver", "gold"));
        assert!(profile(&member(2_600))["loyalty_next_tier_gap"].is_null());
    }
}
