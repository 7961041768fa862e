//! Tries at passwords: wrong ones are counted, right ones are not, and the wait grows.

use std::time::Duration;

use concord::usecases::limits::{self, Limit};

use crate::account::stage::{House, sign_in};
use crate::support::http::{Answer, Browser};
use crate::support::on_both;
use crate::support::person::Person;

async fn attempt(house: &House, person: &Person, password: &str) -> Answer {
    let mut browser = Browser::new(&house.wire);
    sign_in(&mut browser, &person.email, password).await
}

fn is_in(answer: &Answer) -> bool {
    answer.url.path() == "/account"
}

on_both! {
    /// PW8: a network where many people live signs in all day long; only what is wrong counts.
    async fn pw8_a_right_password_counts_against_nobody(world: World) {
        let house = House::open(&world).await;
        let (_, anna) = house.resident(&world, "anna").await;
        let most = world.core.config.limits.password_per_ip_minute;
        for _ in 0..most + 3 {
            assert!(is_in(&attempt(&house, &anna, &anna.password).await));
        }
        assert_eq!(world.count("SELECT COALESCE(MAX(count), 0) FROM tries WHERE kind = 'password_network'").await, 0);
        assert_eq!(world.count("SELECT COUNT(*) FROM tries WHERE kind = 'password'").await, 0);
    }

    /// PW7: after five failures the wait begins, doubles, and ends at its longest; a right password ends it all.
    async fn pw7_the_wait_doubles_up_to_its_longest(world: World) {
        let house = House::open(&world).await;
        let (_, anna) = house.resident(&world, "anna").await;
        for _ in 0..5 {
            assert!(!is_in(&attempt(&house, &anna, "not the password of anna").await));
        }
        for minutes in [1, 2, 4, 8, 15, 15] {
            assert!(!is_in(&attempt(&house, &anna, &anna.password).await), "the right one has to wait, too");
            world.pass(Duration::from_secs(minutes * 60) - Duration::from_millis(1));
            assert!(!is_in(&attempt(&house, &anna, &anna.password).await), "{minutes} minutes are not over");
            world.pass(Duration::from_millis(1));
            assert!(!is_in(&attempt(&house, &anna, "not the password of anna").await));
        }
        world.pass(Duration::from_secs(15 * 60));
        assert!(is_in(&attempt(&house, &anna, &anna.password).await), "trying while waiting made nothing longer");
        for _ in 0..4 {
            assert!(!is_in(&attempt(&house, &anna, "not the password of anna").await));
        }
        assert!(is_in(&attempt(&house, &anna, &anna.password).await), "the count began again");
    }

    /// PW8: guesses at many people from one network are stopped, and a refusal there is no failure of the person.
    async fn pw8_wrong_ones_count_against_the_network(world: World) {
        let house = House::open(&world).await;
        let (_, anna) = house.resident(&world, "anna").await;
        let most = world.core.config.limits.password_per_ip_minute;
        for number in 0..most {
            let mut browser = Browser::new(&house.wire);
            sign_in(&mut browser, &format!("guess-{number}@example.org"), "whatever comes to mind").await;
        }
        for _ in 0..7 {
            assert!(!is_in(&attempt(&house, &anna, &anna.password).await), "the network has to wait");
        }
        world.pass(Duration::from_secs(60));
        assert!(is_in(&attempt(&house, &anna, &anna.password).await));
    }

    /// Parallel guesses do not outnumber the limit.
    async fn pw8_parallel_tries_are_counted_before_they_are_checked(world: World) {
        let now = world.now();
        let tries = (0..24).map(|_| {
            let core = std::sync::Arc::clone(&world.core);
            tokio::spawn(async move { limits::take_password_try(&core, "somebody", "192.0.2.0/24", now).await })
        });
        let mut taken = 0;
        for one in tries.collect::<Vec<_>>() {
            match one.await.expect("a task") {
                Ok(Ok(())) => taken += 1,
                Ok(Err(refused)) => assert_eq!(refused.until, now + Duration::from_secs(60)),
                // Too much at once is an answer, too, and no try.
                Err(_) => {}
            }
        }
        assert!((1..=5).contains(&taken), "{taken}");
        limits::give_password_try_back(&world.core, "somebody", "192.0.2.0/24", now).await.expect("given back");
        let mut tx = world.database.read().await.expect("a connection");
        assert!(limits::look(&mut tx, &world.core, Limit::Password, "somebody", now).await.expect("asked").is_ok());
    }

    /// A6.3.7: whoever's password is changed hears of it, at every address.
    async fn a6_3_7_a_changed_password_is_told(world: World) {
        let house = House::open(&world).await;
        let (_, mut anna) = house.resident(&world, "anna").await;
        let page = anna.browser.open("/account/security/password").await.expect(200);
        let form = crate::account::stage::form_with(&page, "action=continue");
        let form = form.fill("current-password", &anna.password).fill("new-password", "a lighthouse keeper reads at night");
        anna.browser.submit(form.press("action=continue")).await.expect(200);
        let mailer = concord::outbound::mail::Mailer::new(&world.core.config.mail);
        let means = concord::jobs::Means::new(std::sync::Arc::clone(&world.core), mailer).expect("means");
        assert_eq!(means.run_once("mails").await, Some(Ok(1)));
        let mails = anna.elsewhere_reading(&house.wire, world.folder.path().join("mail")).mails();
        assert!(mails.len() == 1 && mails[0].contains("password of your Concord ID was changed") && mails[0].contains("/account/sessions"), "{mails:?}");
        assert!(!mails[0].contains("lighthouse"));
    }
}
