//! Aurora Bank: shows the loyalty tier of its customers who allow it, learned in both ways that Concord offers.

use futures_util::future::BoxFuture;
use serde_json::Value;

use super::party::{Party, Place, say};
use super::people::LocalCustomer;
use super::points;
use super::relying_party::Refused;
use super::sessions::{Granted, SignedIn};
use super::site::{Partner, Site, Visit};
use super::words::grouped;
use crate::protocol::locale::Locale;
use crate::ui::demo::{Panel, PanelContents, TryThis};

/// The bank.
pub struct Bank;

/// What "show it here" asks for: everything that signing in did, and the points.
const SHARE_SCOPE: &str = "openid profile loyalty";

impl Partner for Bank {
    fn domain(&self, locale: Locale) -> String {
        say(locale, ["банк", "banking", "银行"]).to_owned()
    }

    fn tagline(&self, locale: Locale) -> &'static str {
        say(locale, ["Спокойно с деньгами с 1998 года.", "At ease with money since 1998.", "自 1998 年起，让您安心理财。"])
    }

    fn about(&self, locale: Locale, customers: usize) -> String {
        match locale {
            Locale::Ru => format!("Своих клиентов: {customers}. Покажет ваш уровень и баллы, если вы разрешите."),
            Locale::En => format!("{customers} customers of its own. Shows your tier and points if you let it."),
            Locale::Zh => format!("自有客户 {customers} 位。经您允许后显示您的等级和积分。"),
        }
    }

    fn facts(&self, customer: &LocalCustomer, locale: Locale) -> Vec<(String, String)> {
        let since = say(locale, ["Клиент с", "Customer since", "开户时间"]);
        vec![(since.to_owned(), customer.since.to_string())]
    }

    fn panels<'a>(&'a self, site: &'a Site, visit: &'a mut Visit) -> BoxFuture<'a, Vec<Panel>> {
        Box::pin(async move {
            let mut panels = vec![accounts(&visit.customer, visit.locale)];
            panels.extend(loyalty(site, visit).await);
            panels
        })
    }

    fn sharing(&self, place: Place) -> Option<(&'static str, Vec<String>)> {
        Some((SHARE_SCOPE, vec![place.audience(Party::Points)]))
    }
}

/// The bank's own data: nobody is asked for them.
fn accounts(customer: &LocalCustomer, locale: Locale) -> Panel {
    let last = customer.account.rsplit('-').next().unwrap_or_default();
    let row = |names: [&str; 3], kopecks: i64| {
        let point = if locale == Locale::Ru { ',' } else { '.' };
        let amount = format!("{}{point}{:02} ₽", grouped(kopecks / 100, locale), kopecks % 100);
        (format!("{} •••• {last}", say(locale, names)), amount)
    };
    Panel {
        id: "accounts".to_owned(),
        title: say(locale, ["Ваши счета", "Your accounts", "您的账户"]).to_owned(),
        from: None,
        contents: PanelContents::Rows(vec![
            row(["Текущий", "Current", "活期"], customer.amount * 1_713),
            row(["Накопительный", "Savings", "储蓄"], customer.amount * 9_100),
        ]),
    }
}

/// The points, from Concord's userinfo and from the loyalty service's own API.
async fn loyalty(site: &Site, visit: &mut Visit) -> Vec<Panel> {
    let locale = visit.locale;
    let panel = |id: &str, way: &str, contents| Panel {
        id: id.to_owned(),
        title: format!("{} · {way}", say(locale, ["Уровень и баллы", "Tier and points", "等级与积分"])),
        from: Some(Party::Points.name(locale).to_owned()),
        contents,
    };
    // Whoever is here with a local password only is asked once the account is connected.
    let connected = site.people.connected_since(&visit.customer.account).is_some();
    let Some(granted) = &mut visit.granted else {
        return if connected { vec![panel("loyalty", "Concord", PanelContents::Ask)] } else { Vec::new() };
    };
    let told = visit.claims.as_ref().and_then(|claims| rows(claims, "loyalty_tier", "loyalty_points", locale));
    if visit.claims.is_none() {
        return vec![panel("loyalty", "userinfo", PanelContents::Unavailable)];
    }
    let Some(told) = told else {
        let contents = if granted.shared { PanelContents::Withdrawn } else { PanelContents::Ask };
        if granted.shared && site.progress.is_done(TryThis::Share) {
            site.progress.mark(TryThis::Withdraw);
        }
        return vec![panel("loyalty", "Concord", contents)];
    };
    let asked = asked(site, &visit.session, granted, locale).await;
    vec![panel("loyalty", "userinfo", PanelContents::Rows(told)), panel("loyalty-api", "API", asked)]
}

fn rows(answer: &Value, tier: &str, points: &str, locale: Locale) -> Option<Vec<(String, String)>> {
    let tier = answer[tier].as_str()?;
    let mut rows = vec![(say(locale, ["Уровень", "Tier", "等级"]).to_owned(), points::tier_name(tier, locale).to_owned())];
    if let Some(points) = answer[points].as_i64() {
        rows.push((say(locale, ["Баллы", "Points", "积分"]).to_owned(), grouped(points, locale)));
    }
    Some(rows)
}

/// Calls the loyalty service's API with a token that is meant for it and nobody else.
async fn asked(site: &Site, session: &str, granted: &mut Granted, locale: Locale) -> PanelContents {
    match tier_by_api(site, session, granted).await {
        Ok(Some(answer)) => rows(&answer, "tier", "points", locale).map_or(PanelContents::Unavailable, PanelContents::Rows),
        Ok(None) => PanelContents::Withdrawn,
        Err(_) => PanelContents::Unavailable,
    }
}

/// What `/api/tier` of the loyalty service says; `None` when it does not accept the token any more.
///
/// # Errors
/// Concord gives no such token, or nobody answers.
pub async fn tier_by_api(site: &Site, session: &str, granted: &mut Granted) -> Result<Option<Value>, Refused> {
    let token = site.api_token(session, granted, &site.place.audience(Party::Points)).await?;
    let answer = site.rp.call_api(site.place.url(Party::Points, points::TIER), &token).await?;
    match answer.status {
        200 => Ok(Some(answer.body)),
        401 | 403 => Ok(None),
        status => Err(Refused::Error(format!("the API answered {status}"))),
    }
}

/// What the bank holds from Concord in a session of its own: for the story without a browser.
pub fn granted(site: &Site, cookie: &str) -> Option<Granted> {
    let SignedIn { concord, .. } = site.sessions.open(Some(cookie)).signed_in?;
    concord
}
