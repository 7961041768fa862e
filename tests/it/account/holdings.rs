//! Services, links, consents: seen and ended by their holder, and by nobody else.

use std::time::Duration;

use concord::model::link::LinkState;

use super::stage::{House, form_with};
use crate::support::on_both;

on_both! {
    /// Nobody is signed in: the way leads to the sign-in and ends at the account page.
    async fn a_session_is_needed_and_the_way_there_ends_at_home(world: World) {
        let house = House::open(&world).await;
        for path in ["/account", "/account/links", "/account/privacy", "/account/sessions", "/account/security", "/account/security/password"] {
            let mut stranger = crate::support::http::Browser::new(&house.wire);
            let answer = stranger.open(path).await.expect(200);
            assert_eq!(answer.url.path(), "/login", "{path}");
            let head = house.wire.request(reqwest::Method::HEAD, path).send().await;
            assert_eq!(head.status.as_u16(), 204, "{path}");
        }
        let (customer, anna) = house.resident(&world, "anna").await;
        let home = anna.browser.shown.clone().expect("a page");
        assert_eq!(home.url.path(), "/account");
        assert!(home.text().contains(&customer.to_string()) && home.text().contains("anna"));
        assert!(!home.text().contains(&anna.email), "even to their holder, addresses are masked");
    }

    /// One click takes a consent back; the second says that nothing changed. A link's readers and the table follow.
    async fn a_consent_is_withdrawn_with_one_click(world: World) {
        let house = House::open(&world).await;
        let (customer, mut anna) = house.resident(&world, "anna").await;
        let bank = world.partner("bank", &["banking"]).await;
        let stars = world.partner("stars", &["loyalty"]).await;
        world.sign_in_consent(&bank, customer).await;
        let link = world.linked(&stars, customer, "L-20394417").await;
        let share = world.share(&bank, customer, "loyalty").await;

        let home = anna.browser.open("/account").await.expect(200);
        for part in ["bank", "stars", "•••• 4417"] {
            assert!(home.text().contains(part), "{part}");
        }
        assert!(!home.text().contains("L-20394417"));
        assert!(home.page().by_id(&format!("withdraw-{share}")).is_some() && home.page().by_id(&format!("undo-{link}")).is_some());

        let form = form_with(&home, &share.to_string()).press("action=withdraw");
        let done = anna.browser.submit(form.clone()).await.expect(200);
        assert_eq!(done.url.query(), Some("done=withdrawn&service=bank"));
        assert!(done.page().by_id("notice").is_some_and(|said| said.contains("bank")));
        assert!(done.page().by_id(&format!("withdraw-{share}")).is_none());
        let again = anna.browser.submit(form).await.expect(200);
        assert_eq!(again.url.query(), Some("done=nothing"));
        assert_eq!(world.state(link).await, LinkState::Active, "what others read is not the link");
        let privacy = anna.browser.open("/account/privacy?lang=ru").await.expect(200);
        assert_eq!(privacy.page().language(), Some("ru"));
    }

    /// Ending a link asks first and says who can no longer read; undo is one click and lasts 72 hours.
    async fn a_link_is_ended_on_a_page_that_says_what_stops_and_undone_with_one_click(world: World) {
        let house = House::open(&world).await;
        let (customer, mut anna) = house.resident(&world, "anna").await;
        let bank = world.partner("bank", &["banking"]).await;
        let stars = world.partner("stars", &["loyalty"]).await;
        world.sign_in_consent(&bank, customer).await;
        world.share(&bank, customer, "loyalty").await;
        let first = world.linked(&stars, customer, "L-1").await;
        let links = anna.browser.open("/account/links").await.expect(200);
        let done = anna.browser.submit(form_with(&links, &first.to_string()).press("action=undo")).await.expect(200);
        assert_eq!(done.url.query(), Some("done=link-ended&service=stars"));
        assert_eq!(world.state(first).await, LinkState::Withdrawn);

        let second = world.linked(&stars, customer, "L-2").await;
        world.pass(Duration::from_secs(73 * 3600));
        let links = anna.browser.open("/account/links").await.expect(200);
        assert!(links.page().by_id(&format!("undo-{second}")).is_none());
        let confirm = anna.browser.open(&format!("/account/links/{second}/end")).await.expect(200);
        assert!(confirm.page().text().contains("bank"), "who can no longer read is named");
        let done = anna.browser.submit(form_with(&confirm, "confirm").press("action=confirm")).await.expect(200);
        assert_eq!(done.url.path(), "/account/links");
        assert_eq!(world.state(second).await, LinkState::Withdrawn);
        assert_eq!(anna.browser.open(&format!("/account/links/{second}/end")).await.status.as_u16(), 404, "there is nothing to end");
    }

    /// The consent to sign in is withdrawn by disconnecting, after a page that says what stops.
    async fn a_service_is_disconnected(world: World) {
        let house = House::open(&world).await;
        let (customer, mut anna) = house.resident(&world, "anna").await;
        let stars = world.partner("stars", &["loyalty"]).await;
        let sign_in = world.sign_in_consent(&stars, customer).await;
        let link = world.linked(&stars, customer, "L-1").await;
        let privacy = anna.browser.open("/account/privacy").await.expect(200);
        assert_eq!(privacy.page().attribute(&format!("withdraw-{sign_in}"), "href"), Some("/account/services/stars/disconnect"));
        let confirm = anna.browser.open("/account/services/stars/disconnect").await.expect(200);
        let done = anna.browser.submit(form_with(&confirm, "confirm").press("action=confirm")).await.expect(200);
        assert_eq!((done.url.path(), done.url.query()), ("/account", Some("done=disconnected&service=stars")));
        assert_eq!(world.state(link).await, LinkState::Withdrawn);
        assert_eq!(anna.browser.open("/account/services/stars/disconnect").await.status.as_u16(), 404);
    }

    /// AU2: what is somebody else's does not exist, and a form without its token does nothing.
    async fn au2_another_persons_ids_answer_404(world: World) {
        let house = House::open(&world).await;
        let (customer, _anna) = house.resident(&world, "anna").await;
        let (_, mut boris) = house.resident(&world, "boris").await;
        let stars = world.partner("stars", &["loyalty"]).await;
        let bank = world.partner("bank", &["banking"]).await;
        world.sign_in_consent(&bank, customer).await;
        let link = world.linked(&stars, customer, "L-1").await;
        let share = world.share(&bank, customer, "loyalty").await;
        let security = boris.browser.open("/account/security").await.expect(200);
        let token = form_with(&security, "save-nickname").fields.iter().find(|(name, _)| name == "csrf").expect("a token").1.clone();
        let session = concord::usecases::account::overview(&world.core, customer, world.now()).await.expect("read").sessions[0].session.id;

        assert_eq!(boris.browser.open(&format!("/account/links/{link}/end")).await.status.as_u16(), 404);
        assert_eq!(boris.browser.open("/account/services/stars/disconnect").await.status.as_u16(), 404);
        let (link_text, share_text, session_text) = (link.to_string(), share.to_string(), session.to_string());
        let end = format!("/account/links/{link}/end");
        for (path, fields) in [
            ("/account", [("action", "withdraw"), ("consent", share_text.as_str())]),
            ("/account/privacy", [("action", "withdraw"), ("consent", "cns_nonsense")]),
            ("/account/links", [("action", "undo"), ("link", link_text.as_str())]),
            ("/account/sessions", [("action", "end"), ("session", session_text.as_str())]),
            (end.as_str(), [("action", "confirm"), ("x", "y")]),
        ] {
            let with_token = fields.iter().copied().chain([("csrf", token.as_str())]);
            assert_eq!(boris.browser.once(house.wire.post(path).form(with_token)).await.status.as_u16(), 404, "{path}");
            assert_eq!(boris.browser.once(house.wire.post(path).form(fields)).await.status.as_u16(), 403, "{path} without its token");
            let foreign = house.wire.post(path).header("origin", "https://evil.test").form(fields);
            assert_eq!(boris.browser.once(foreign).await.status.as_u16(), 403, "{path} from elsewhere");
        }
        assert_eq!(world.state(link).await, LinkState::Active);
        let held = concord::usecases::account::overview(&world.core, customer, world.now()).await.expect("read");
        assert_eq!((held.sessions.len(), held.consents.len()), (1, 2));
    }
}
