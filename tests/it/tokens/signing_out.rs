//! Signing out at the wish of a client, and telling the others.

use std::sync::Arc;
use std::time::Duration;

use concord::outbound::guarded::GuardedClient;
use concord::storage::{outbox, sessions};
use concord::usecases::backchannel::{self, Delivery};

use super::ecosystem::{Ecosystem, Person, claims, header};
use crate::support::http::{Answer, Wire, parameter};
use crate::support::on_both;
use crate::support::partner::Partner;

const BYE: &str = "https://bank.test/bye";

/// A session whose cookie the test knows.
async fn cookie(eco: &Ecosystem, person: &Person) -> String {
    let cookie = "c-".to_owned() + &person.customer.to_string();
    let digest = concord::crypto::digest::sha256(cookie.as_bytes());
    let (customer, old, now) = (person.customer, person.session_digest, eco.now());
    eco.write(move |tx| {
        Box::pin(async move {
            let session = sessions::of_customer(tx, customer, now).await?.remove(0);
            sessions::renew(tx, &old, &digest, &session).await
        })
    })
    .await;
    cookie
}

async fn ask(wire: &Wire, cookie: Option<&str>, pairs: &[(&str, &str)]) -> Answer {
    let mut request = wire.get("/oauth2/logout").query(pairs.iter().copied());
    if let Some(cookie) = cookie {
        request = request.header("cookie", &format!("concord_session={cookie}; concord_browser=b"));
    }
    request.send().await
}

async fn is_signed_in(eco: &Ecosystem, cookie: &str) -> bool {
    let digest = concord::crypto::digest::sha256(cookie.as_bytes());
    let mut tx = eco.core.database.read().await.expect("a connection");
    sessions::live(&mut tx, &digest, eco.now()).await.expect("the database").is_some()
}

on_both! {
    async fn se10_with_a_hint_of_this_session_nobody_is_asked(world: World) {
        let eco = Ecosystem::new(&world).await;
        eco.give_logout_uri("bank-web", BYE).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let cookie = cookie(&eco, &person).await;
        let tokens = eco.signed_in(&person, "bank-web", "openid").await;
        let hint = tokens.id_token.expect("an ID token");
        world.pass(Duration::from_secs(86_400));
        let answer = ask(&wire, Some(&cookie), &[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE), ("state", "s 1")]).await.expect(303);
        let to = answer.location().expect("a redirect");
        assert!(to.as_str().starts_with(BYE));
        assert_eq!(parameter(&to, "state").as_deref(), Some("s 1"));
        assert_eq!(answer.header("clear-site-data"), Some("\"cache\", \"storage\""));
        assert!(answer.header("set-cookie").is_some_and(|line| line.starts_with("concord_session=;")));
        assert!(!is_signed_in(&eco, &cookie).await);
        let again = ask(&wire, Some(&cookie), &[("id_token_hint", &hint), ("post_logout_redirect_uri", BYE)]).await.expect(303);
        assert_eq!(again.location().map(String::from).as_deref(), Some(BYE), "nobody is signed in: on to the client");
    }

    async fn se10_without_a_hint_or_with_another_sessions_the_person_is_asked(world: World) {
        let eco = Ecosystem::new(&world).await;
        eco.give_logout_uri("bank-web", BYE).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let other = eco.person_with_account("L-2").await;
        let cookie = cookie(&eco, &person).await;
        let foreign = eco.signed_in(&other, "bank-web", "openid").await.id_token.expect("an ID token");
        for pairs in [vec![], vec![("client_id", "bank-web"), ("post_logout_redirect_uri", BYE)], vec![("id_token_hint", foreign.as_str())]] {
            let page = ask(&wire, Some(&cookie), &pairs).await.expect(200);
            assert!(page.text().contains("id=\"sign-out\""), "{pairs:?}");
            assert!(is_signed_in(&eco, &cookie).await);
        }
        let target = format!("/oauth2/logout?client_id=bank-web&post_logout_redirect_uri={BYE}&state=z");
        let cookies = format!("concord_session={cookie}; concord_browser=b");
        let page = wire.get(&target).header("cookie", &cookies).send().await.expect(200);
        assert!(page.header("content-security-policy").is_some_and(|policy| policy.contains("form-action 'self' https://bank.test")));
        let form = page.page().form(&["csrf"]);
        let field = |name: &str| form.fields.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone()).unwrap_or_default();
        let csrf = field("csrf");
        let submit = |csrf: &str, action: &'static str, origin: &'static str| {
            let request = wire.post(&target).header("cookie", &cookies).header("origin", origin);
            let csrf = csrf.to_owned();
            async move { request.form([("csrf", csrf.as_str()), ("action", action)]).send().await }
        };
        let own = "http://id.localhost:8080";
        submit("forged", "sign-out", own).await.expect(403);
        submit(&csrf, "sign-out", "https://evil.test").await.expect(403);
        assert!(is_signed_in(&eco, &cookie).await, "nobody is signed out by somebody else's form");
        assert_eq!(submit(&csrf, "stay", own).await.expect(303).location().map(|to| to.path().to_owned()).as_deref(), Some("/account"));
        assert!(is_signed_in(&eco, &cookie).await);
        let gone = submit(&csrf, "sign-out", own).await.expect(303);
        assert_eq!(gone.location().map(String::from), Some(format!("{BYE}?state=z")));
        assert!(!is_signed_in(&eco, &cookie).await);
    }

    async fn ep_refusals_are_pages_and_never_lead_anywhere(world: World) {
        let eco = Ecosystem::new(&world).await;
        eco.give_logout_uri("bank-web", BYE).await;
        let wire = eco.serve().await;
        let person = eco.person().await;
        let cookie = cookie(&eco, &person).await;
        let tokens = eco.signed_in(&person, "bank-web", "openid").await;
        let hint = tokens.id_token.expect("an ID token");
        let forged = format!("{}x", &hint[..hint.len() - 1]);
        for pairs in [
            vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://evil.test/")],
            vec![("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", "https://bank.test/bye/")],
            vec![("post_logout_redirect_uri", BYE)],
            vec![("id_token_hint", forged.as_str()), ("post_logout_redirect_uri", BYE)],
            vec![("id_token_hint", tokens.access_token.as_str())],
            vec![("id_token_hint", hint.as_str()), ("client_id", "cinema-web")],
            vec![("client_id", "nobody")],
        ] {
            let answer = ask(&wire, Some(&cookie), &pairs).await.expect(400);
            assert!(answer.location().is_none() && answer.header("content-type").is_some_and(|kind| kind.starts_with("text/html")), "{pairs:?}");
            assert!(is_signed_in(&eco, &cookie).await, "{pairs:?}");
        }
        wire.request("HEAD".parse().expect("a method"), "/oauth2/logout").query([("id_token_hint", hint.as_str())])
            .header("cookie", &format!("concord_session={cookie}")).send().await.expect(204);
        assert!(is_signed_in(&eco, &cookie).await, "HEAD changes nothing");
        let posted = wire.post("/oauth2/logout").form([("id_token_hint", hint.as_str()), ("state", "a&b=c")]).send().await.expect(303);
        let to = posted.location().expect("the same by GET");
        assert_eq!((to.path(), parameter(&to, "state").as_deref()), ("/oauth2/logout", Some("a&b=c")));
        assert!(ask(&wire, None, &[]).await.expect(200).text().contains("id=\"go-on\""));
    }

    async fn se11_a_logout_token_reaches_the_client(world: World) {
        let eco = Ecosystem::new(&world).await;
        let partner = Partner::start().await;
        eco.give_backchannel_uri("bank-web", &partner.url("/logout")).await;
        let person = eco.person().await;
        let tokens = eco.signed_in(&person, "bank-web", "openid").await;
        eco.signed_in(&person, "bank-web", "openid").await;
        let id_token = claims(tokens.id_token.as_deref().expect("an ID token"));
        concord::usecases::logout::end_session(&eco.core, person.customer, person.session, eco.now()).await.expect("ended");
        let due = outbox::due(&mut eco.core.database.read().await.expect("a connection"), eco.now()).await.expect("messages");
        assert_eq!(due.len(), 1, "two grants, one session, one message");
        let http = GuardedClient::new(&eco.core.config.outbound).expect("a client");
        partner.answers("/logout", 500, &serde_json::json!({}));
        let deliver = || backchannel::deliver(&eco.core, &http, due[0].id, &due[0].payload, eco.now());
        assert_eq!(deliver().await.expect("asked"), Delivery::Failed);
        partner.answers("/logout", 200, &serde_json::json!({}));
        world.pass(Duration::from_secs(3600));
        assert_eq!(deliver().await.expect("asked"), Delivery::Done);
        let token = partner.received("/logout").last().expect("a request").field("logout_token").expect("a token");
        let (head, told) = (header(&token), claims(&token));
        assert_eq!((&head["typ"], &head["alg"]), (&"logout+jwt".into(), &"RS256".into()));
        assert_eq!((&told["sub"], &told["sid"], &told["aud"]), (&id_token["sub"], &id_token["sid"], &id_token["aud"]));
        assert!(told["events"]["http://schemas.openid.net/event/backchannel-logout"].is_object() && told.get("nonce").is_none());
        assert_eq!(told["exp"].as_i64().expect("exp") - told["iat"].as_i64().expect("iat"), 120);
        assert_eq!(told["iat"].as_i64(), Some(eco.now().seconds()), "made when it is sent");
        let swapped = backchannel::deliver(&eco.core, &http, concord::model::ids::MessageId::new(eco.core.random.uuid_v7(eco.now())), &due[0].payload, eco.now());
        assert_eq!(swapped.await.expect("asked"), Delivery::Pointless, "a payload of another row does not open");
        let _ = Arc::clone(&eco.core);
    }
}
