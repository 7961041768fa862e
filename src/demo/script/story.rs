//! The story of the demo, step by step, each with what must be true afterwards.

use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::super::bank;
use super::super::ecosystem::{Ecosystem, World};
use super::super::party::Party;
use super::super::points;
use super::super::relying_party::Refused;
use super::super::sessions::Granted;
use super::super::site::{Site, linked_account};
use super::super::{Trouble, site};
use super::person::Person;
use crate::clock;
use crate::protocol::locale::Locale;

/// Until when an ending must be visible everywhere (conventions 3).
const AT_ONCE: Duration = Duration::from_secs(1);

/// Tells the story; `say` gets one line per step.
///
/// # Errors
/// The first thing that was not as it should be.
pub async fn tell(ecosystem: &Ecosystem, say: &impl Fn(&str)) -> Result<(), Trouble> {
    let world = &ecosystem.world;
    let mut story = Story { person: Person::new(world, "anna", Locale::En), world, begun: clock::monotonic(), number: 0, say };
    "Anna".clone_into(&mut story.person.nickname);
    story.register().await?;
    let loyalty = story.connect(Party::Points, "signs in at Polar Points with her local account and connects it").await?;
    story.written(&loyalty).await?;
    let account = story.connect(Party::Bank, "does the same at Aurora Bank").await?;
    story.come_back(&account).await?;
    story.share().await?;
    let consent = story.shown(&loyalty).await?;
    story.withdraw(&consent).await?;
    story.narrower(&account).await?;
    story.end_link().await?;
    story.cinema_goes_on().await
}

struct Story<'w, S> {
    person: Person,
    world: &'w Arc<World>,
    begun: Instant,
    number: usize,
    say: &'w S,
}

impl<S: Fn(&str)> Story<'_, S> {
    fn done(&mut self, what: &str) {
        self.number += 1;
        let seconds = self.begun.elapsed().as_secs_f64();
        (self.say)(&format!("ok {:2}  {what}  ({seconds:.1} s)", self.number));
        self.begun = clock::monotonic();
    }

    fn site(&self, service: Party) -> Result<&Arc<Site>, Trouble> {
        self.world.site(service)
    }

    /// The session of Anna's browser at a service, and what the service holds from Concord in it.
    fn granted(&self, service: Party) -> Result<(String, Granted), Trouble> {
        let cookie = self.person.browser.cookie(service.host(), site::COOKIE).unwrap_or_default().to_owned();
        let granted = bank::granted(self.site(service)?, &cookie);
        granted.map(|granted| (cookie, granted)).ok_or_else(|| Trouble::new(format!("{} holds no tokens", service.code())))
    }

    async fn open(&mut self, service: Party, path: &str) -> Result<(), Trouble> {
        let url = self.world.place.url(service, path);
        self.person.browser.open(&url).await
    }

    async fn register(&mut self) -> Result<(), Trouble> {
        self.open(Party::Cinema, "/").await?;
        self.person.through_concord("concord").await?;
        must(self.person.asked().iter().any(|name| name == "code"), "the e-mail address was proved by a code")?;
        must(self.person.read("local-account")?.starts_with("KG-"), "the cinema made an account")?;
        self.done("Anna registers at Kinograd through Concord, once");
        Ok(())
    }

    async fn connect(&mut self, service: Party, what: &str) -> Result<String, Trouble> {
        let account = self.person.connect_account(service).await?;
        let (_, granted) = self.granted(service)?;
        must(granted.linked.as_deref() == Some(account.as_str()), "the link names the local account")?;
        self.done(&format!("She {what} ({account})"));
        Ok(account)
    }

    /// The owner's values are in Concord, written by the owner itself.
    async fn written(&mut self, account: &str) -> Result<(), Trouble> {
        let points = self.site(Party::Points)?;
        let answer = points.rp.read_profile("loyalty", account).await?;
        let tier = answer["values"]["loyalty_tier"]["value"].clone();
        let customer = points.people.of_account(account).ok_or_else(|| Trouble::new("no such member"))?;
        must(tier == points::tier(&customer), "the tier that was written is the member's")?;
        let tier = tier.as_str().unwrap_or_default().to_owned();
        self.done(&format!("Polar Points writes her tier through the partner API ({tier})"));
        Ok(())
    }

    async fn come_back(&mut self, account: &str) -> Result<(), Trouble> {
        self.person.press("sign-out").await?;
        must(self.person.read("local-account").is_err(), "signed out of the bank")?;
        self.person.through_concord("concord").await?;
        must(self.person.read("local-account")? == account, "back in her own account")?;
        must(!self.person.asked().iter().any(|name| name.contains("password") || name == "code"), "nothing was asked")?;
        self.done("She signs out of the bank, and is back in her own account through Concord without a password");
        Ok(())
    }

    async fn share(&mut self) -> Result<(), Trouble> {
        self.person.through_concord("share-loyalty").await?;
        must(self.person.items() == ["loyalty"], &format!("only loyalty was asked for, not {:?}", self.person.items()))?;
        let (_, granted) = self.granted(Party::Bank)?;
        must(has(&granted.scope, "loyalty"), "the bank's grant has the scope loyalty")?;
        self.done("She lets the bank read her points; only that is asked");
        Ok(())
    }

    /// The bank shows the tier, learned in both ways; the loyalty API finds its own member. Gives the consent behind it.
    async fn shown(&mut self, member: &str) -> Result<String, Trouble> {
        let points = self.site(Party::Points)?;
        let customer = points.people.of_account(member).ok_or_else(|| Trouble::new("no such member"))?;
        let tier = points::tier_name(points::tier(&customer), Locale::En).to_owned();
        self.open(Party::Bank, "/").await?;
        must(self.person.read("panel-loyalty")?.contains(&tier), "the bank shows the tier by userinfo")?;
        must(self.person.read("panel-loyalty-api")?.contains(&tier), "the bank shows the tier by the loyalty service's API")?;
        let answer = self.introspected_by_points().await?;
        must(linked_account(&answer).as_deref() == Some(member), "the API finds its own member in `links`")?;
        must(answer["scope"] == "loyalty", "and hears of its own scope only")?;
        let consent = answer["consents"][0]["id"].as_str().unwrap_or_default().to_owned();
        must(!consent.is_empty(), "the consent behind it is named")?;
        self.done(&format!("The bank shows “{tier}”, by userinfo and by the loyalty service's own API"));
        Ok(consent)
    }

    /// What Polar Points hears about the token that the bank uses at its API.
    async fn introspected_by_points(&self) -> Result<Value, Trouble> {
        let (_, granted) = self.granted(Party::Bank)?;
        let audience = self.world.place.audience(Party::Points);
        let token =
            granted.api_token(&audience, self.world.clock.now()).ok_or_else(|| Trouble::new("the bank has no token for the API"))?;
        self.site(Party::Points)?.rp.introspect(token).await.map_err(Trouble::from)
    }

    async fn withdraw(&mut self, consent: &str) -> Result<(), Trouble> {
        self.open(Party::Concord, "/account/privacy").await?;
        self.person.press(&format!("withdraw-{consent}")).await?;
        let since = clock::monotonic();
        while self.introspected_by_points().await?["active"] == true {
            must(since.elapsed() < AT_ONCE, "a withdrawal counts within a second")?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let lag = since.elapsed().as_millis();
        self.done(&format!("She withdraws it: {lag} ms later the loyalty API hears “inactive”"));
        Ok(())
    }

    async fn narrower(&mut self, account: &str) -> Result<(), Trouble> {
        let (session, mut granted) = self.granted(Party::Bank)?;
        let bank = Arc::clone(self.site(Party::Bank)?);
        let answer = bank.rp.introspect(&granted.access_token).await?;
        must(
            answer["active"] == true && !has(answer["scope"].as_str().unwrap_or_default(), "loyalty"),
            "the bank's token lives, without loyalty",
        )?;
        let claims = bank.rp.userinfo(&granted.access_token).await?;
        must(claims["sub"].is_string() && claims["loyalty_tier"].is_null(), "userinfo answers, without the tier")?;
        bank.renew(&session, &mut granted, None).await?;
        must(!granted.scope.is_empty() && !has(&granted.scope, "loyalty"), "the refresh says the narrower scope")?;
        self.open(Party::Bank, "/").await?;
        must(self.person.read("local-account")? == account, "still signed in at the bank")?;
        must(self.person.read("panel-loyalty-api").is_err(), "and its page shows no tier")?;
        self.done(&format!("The bank's own token lives on without it, and a refresh says “{}”", granted.scope));
        Ok(())
    }

    async fn end_link(&mut self) -> Result<(), Trouble> {
        let (_, granted) = self.granted(Party::Bank)?;
        let bank = Arc::clone(self.site(Party::Bank)?);
        self.open(Party::Concord, "/account/links").await?;
        self.press_end_of(Party::Bank).await?;
        let since = clock::monotonic();
        while bank.rp.introspect(&granted.access_token).await?["active"] == true {
            must(since.elapsed() < AT_ONCE, "the end of a link counts within a second")?;
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let lag = since.elapsed().as_millis();
        let refresh_token = granted.refresh_token.as_deref().unwrap_or_default();
        match bank.rp.refresh(refresh_token, None).await {
            Err(Refused::Error(code)) => must(code == "invalid_grant", &format!("the refresh is refused with invalid_grant, not {code}"))?,
            Err(other) => return Err(other.into()),
            Ok(_) => return Err(Trouble::new("the refresh was not refused")),
        }
        self.open(Party::Bank, "/").await?;
        must(self.person.read("local-account").is_err(), "the bank's sign-in is over")?;
        self.done(&format!("She ends the bank's link: {lag} ms later its tokens are inactive and its refresh is refused"));
        Ok(())
    }

    /// On the page of links: ends the one of a service, by whatever the page offers for it.
    async fn press_end_of(&mut self, service: Party) -> Result<(), Trouble> {
        let name = service.name(Locale::En);
        let page = self.person.browser.page()?;
        let link = page.links().into_iter().find(|(id, _, text)| id.starts_with("end-") && text.contains(name));
        let button = page
            .forms()
            .into_iter()
            .flat_map(|form| form.buttons)
            .find(|button| button.id.starts_with("undo-") && button.text.contains(name));
        match (link, button) {
            (Some((_, href, _)), _) => {
                let url = self.person.browser.shown()?.url.join(&href).map_err(|error| Trouble::new(error.to_string()))?;
                self.person.browser.open(url.as_str()).await?;
                self.person.press("confirm").await
            }
            (None, Some(button)) => {
                self.person.press(&button.id).await?;
                if self.person.browser.page()?.forms().iter().any(|form| form.button("confirm").is_some()) {
                    self.person.press("confirm").await?;
                }
                Ok(())
            }
            (None, None) => Err(Trouble::new(format!("the page of links offers no end for {name}"))),
        }
    }

    async fn cinema_goes_on(&mut self) -> Result<(), Trouble> {
        self.open(Party::Cinema, "/").await?;
        must(self.person.read("local-account")?.starts_with("KG-"), "still signed in at the cinema")?;
        let (session, mut granted) = self.granted(Party::Cinema)?;
        let cinema = Arc::clone(self.site(Party::Cinema)?);
        let answer = cinema.rp.introspect(&granted.access_token).await?;
        must(answer["active"] == true, "the cinema's token is active")?;
        cinema.renew(&session, &mut granted, None).await?;
        self.done("The cinema does not notice: its token is active and refreshes");
        Ok(())
    }
}

fn must(holds: bool, what: &str) -> Result<(), Trouble> {
    if holds { Ok(()) } else { Err(Trouble::new(format!("it should be so, and is not: {what}"))) }
}

fn has(scope: &str, token: &str) -> bool {
    scope.split(' ').any(|known| known == token)
}
