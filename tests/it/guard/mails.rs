//! How many codes are sent: to one address, and on behalf of one network (conventions 13).

use std::time::Duration;

use crate::account::stage::House;
use crate::support::http::{Answer, Browser};
use crate::support::{World, on_both};

/// From nothing to the page that takes the password of this address.
async fn asked_for_password(house: &House, email: &str) -> (Browser, Answer) {
    let mut browser = Browser::new(&house.wire);
    let page = browser.open("/login").await.expect(200);
    let form = page.page().form(&["identifier"]).fill("identifier", email).press("action=continue");
    let page = browser.submit(form).await.expect(200);
    (browser, page)
}

fn button(page: &Answer, action: &str) -> crate::support::html::Form {
    let found = page.page().forms().into_iter().find(|form| form.offers(&format!("action={action}")));
    found.unwrap_or_else(|| panic!("no {action} on {}: {}", page.url, page.page().text())).press(&format!("action={action}"))
}

/// Asks for a code instead of the password: the page that follows.
async fn asked_for_code(house: &House, email: &str) -> (Browser, Answer) {
    let (mut browser, page) = asked_for_password(house, email).await;
    let page = browser.submit(button(&page, "code")).await.expect(200);
    (browser, page)
}

fn refuses(page: &Answer) -> bool {
    page.page().by_id("error-summary").is_some_and(|summary| summary.contains("Too many"))
}

async fn mails(world: &World) -> i64 {
    world.count("SELECT COUNT(*) FROM outbox WHERE kind = 'mail'").await
}

on_both! {
    /// Whether anybody is behind the address makes no difference: not to the count, not to the pages.
    async fn codes_to_one_address_are_limited_and_nobody_learns_whose_it_is(world: World) {
        let house = House::open(&world).await;
        house.resident(&world, "anna").await;
        let most = world.core.config.limits.mail_per_address_hour;
        let mut told = Vec::new();
        // Both are masked alike.
        for email in ["anna@example.org", "alma@example.org"] {
            let before = mails(&world).await;
            let mut pages = Vec::new();
            let (mut browser, mut page) = asked_for_code(&house, email).await;
            pages.push((page.url.path().to_owned(), page.page().text()));
            for _ in 1..most {
                assert!(!refuses(&page), "{}", page.page().text());
                page = browser.submit(button(&page, "resend")).await.expect(200);
                pages.push((page.url.path().to_owned(), page.page().text()));
            }
            assert!(!refuses(&page));
            assert_eq!(mails(&world).await, before + i64::from(most));
            // Once more here, in another browser by another way, and by registration: refused, and nothing is sent.
            page = browser.submit(button(&page, "resend")).await.expect(200);
            assert!(refuses(&page), "{}", page.page().text());
            pages.push((page.url.path().to_owned(), page.page().text()));
            let (mut other, page) = asked_for_code(&house, email).await;
            assert!(refuses(&page) && page.url.path() == "/login/password", "{}: {}", page.url, page.page().text());
            pages.push((page.url.path().to_owned(), page.page().text()));
            let again = other.open(page.url.as_str()).await.expect(200);
            assert_eq!(again.url.path(), "/login/password", "nobody waits for a code that is not on its way");
            let page = other.open("/register").await.expect(200);
            let page = other.submit(page.page().form(&["email"]).fill("email", email).press("action=continue")).await.expect(200);
            assert!(refuses(&page) && page.url.path() == "/register", "{}: {}", page.url, page.page().text());
            pages.push((page.url.path().to_owned(), page.page().text().replace(email, "")));
            assert_eq!(mails(&world).await, before + i64::from(most));
            told.push(pages.into_iter().map(|(path, text)| (path, text.replace(email, ""))).collect::<Vec<_>>());
        }
        assert_eq!(told[0], told[1], "known and unknown read the same");
        world.pass(Duration::from_secs(3599));
        assert!(refuses(&asked_for_code(&house, "anna@example.org").await.1));
        world.pass(Duration::from_secs(1));
        let before = mails(&world).await;
        assert!(!refuses(&asked_for_code(&house, "anna@example.org").await.1));
        assert_eq!(mails(&world).await, before + 1);
    }

    /// One network asks for codes to many addresses; a refusal there takes nothing from those addresses.
    async fn codes_on_behalf_of_one_network_are_limited(world: World) {
        let house = House::open(&world).await;
        let most = world.core.config.limits.mail_per_ip_hour;
        for number in 0..most {
            assert!(!refuses(&asked_for_code(&house, &format!("somebody-{number}@example.org")).await.1), "{number}");
        }
        assert_eq!(mails(&world).await, i64::from(most));
        for _ in 0..5 {
            let (_, page) = asked_for_code(&house, "anna@example.org").await;
            assert!(refuses(&page), "{}", page.page().text());
        }
        assert_eq!(mails(&world).await, i64::from(most));
        assert_eq!(world.count("SELECT MAX(count) FROM tries WHERE kind = 'mail_network'").await, i64::from(most));
        world.pass(Duration::from_secs(3600));
        let (mut browser, mut page) = asked_for_code(&house, "anna@example.org").await;
        for _ in 1..world.core.config.limits.mail_per_address_hour {
            assert!(!refuses(&page), "the refusals were no mails to her");
            page = browser.submit(button(&page, "resend")).await.expect(200);
        }
        assert!(!refuses(&page));
    }
}
