//! The customer's chain: complete, linear, and telling of any change (CO5, SI6).

use concord::usecases::consent_chain::{Broken, Opened, read, verify_chain};
use concord::usecases::consents::NewConsent;
use concord::usecases::endings::{self, Outcome};

use crate::support::{World, on_both};

pub async fn verified(world: &World, customer: concord::model::ids::CustomerId) -> Vec<Opened> {
    let (events, (number, head)) = read(&world.core, customer).await.expect("a chain");
    assert_eq!(verify_chain(customer, &events, (number, head.as_deref())), Ok(()));
    events
}

on_both! {
    /// CO5: every decision is an event, and one changed byte anywhere is noticed.
    async fn co5_one_changed_byte_is_noticed(world: World) {
        let bank = world.partner("bank", &["banking"]).await;
        let shop = world.partner("shop", &["retail"]).await;
        let (anna, boris) = (world.customer().await, world.customer().await);
        assert!(verified(&world, anna).await.is_empty());
        world.linked(&bank, anna, "client-42").await;
        world.sign_in_consent(&shop, anna).await;
        let share = world.share(&shop, anna, "banking").await;
        world.sign_in_consent(&shop, boris).await;
        let page = world.on_page();
        assert_eq!(endings::withdraw(&world.core, Some(anna), share, &page, world.now()).await.expect("asked"), Outcome::Done);
        let events = verified(&world, anna).await;
        let kinds: Vec<_> = events.iter().map(|opened| opened.event.kind.as_str()).collect();
        assert_eq!(kinds, ["given", "given", "given", "withdrawn"]);

        let (_, (number, head)) = read(&world.core, anna).await.expect("a chain");
        let check = |events: &[Opened]| verify_chain(anna, events, (number, head.as_deref()));
        let flip = |change: &dyn Fn(&mut Opened)| { let mut events = events.clone(); change(&mut events[1]); check(&events) };
        let length = events[1].record.len();
        for at in 0..length {
            assert_eq!(flip(&|opened| opened.record[at] ^= 1), Err(Broken::Commitment(2)), "byte {at}");
        }
        assert_eq!(flip(&|opened| opened.salt[0] ^= 1), Err(Broken::Commitment(2)));
        assert_eq!(flip(&|opened| opened.event.commitment[31] ^= 1), Err(Broken::Commitment(2)));
        assert_eq!(flip(&|opened| opened.event.previous_hash[0] ^= 1), Err(Broken::Hash(2)));
        assert_eq!(flip(&|opened| opened.event.kind = "refused".to_owned()), Err(Broken::Record(2)));
        assert_eq!(flip(&|opened| opened.event.number = 3), Err(Broken::Place(2)));
        assert_eq!(verify_chain(boris, &events, (number, head.as_deref())), Err(Broken::Place(1)));
        assert_eq!(check(&events[..3]), Err(Broken::Head), "the last one left out");
        assert_eq!(check(&[&events[..1], &events[2..]].concat()), Err(Broken::Place(2)), "one left out");
        let mut swapped = events.clone();
        swapped.swap(1, 2);
        assert!(check(&swapped).is_err());
    }

    async fn a_record_says_what_was_shown_and_how_it_was_expressed(world: World) {
        let shop = world.partner("shop", &[]).await;
        let anna = world.customer().await;
        let expression = world.on_page().asked_by("shop");
        world.give(NewConsent::to_share(anna, shop.service.clone(), "email", expression)).await;
        let events = verified(&world, anna).await;
        let record: serde_json::Value = serde_json::from_slice(&events[0].record).expect("JSON");
        let catalog = world.core.catalog.load();
        let (_, agreement) = catalog.agreement_for(concord::model::consent::ConsentKind::Share, "email").expect("an agreement");
        let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, agreement.text.ru.as_bytes());
        let hex: String = digest.as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(record["proof"]["text_sha256"], hex);
        assert_eq!(record["proof"]["language"], "ru");
        assert_eq!(record["proof"]["expressed_by"], "self");
        assert_eq!(record["proof"]["client_id"], "shop");
        assert_eq!(record["scope"], "email");
        assert_eq!(record["recipient"], "shop");
        assert_eq!(record["previous_hash"], "0".repeat(64));
        assert_eq!(world.count(&format!("SELECT COUNT(*) FROM consent_texts WHERE sha256 = {}", match world.backend {
            crate::support::Backend::Sqlite => format!("X'{hex}'"),
            crate::support::Backend::Postgres => format!("'\\x{hex}'"),
        })).await, 1, "the text can be found by its digest");
        world.assert_nowhere(&["https://shop.test/expressed", "\"expressed_by\""]).await;
    }

    /// T15: giving what is given renews it; after its time it is another consent.
    async fn a_renewal_goes_on_and_a_later_consent_is_another(world: World) {
        let shop = world.partner("shop", &[]).await;
        let anna = world.customer().await;
        let first = world.share(&shop, anna, "email").await;
        world.pass(std::time::Duration::from_secs(30 * 86_400));
        assert_eq!(world.share(&shop, anna, "email").await, first);
        let days = 2 * 366 + 30;
        world.pass(std::time::Duration::from_secs(days * 86_400));
        let later = world.share(&shop, anna, "email").await;
        assert_ne!(later, first);
        let kinds: Vec<_> = verified(&world, anna).await.iter().map(|opened| opened.event.kind.clone()).collect();
        assert_eq!(kinds, ["given", "renewed", "expired", "given"]);
        assert_eq!(world.rows("SELECT state FROM consents ORDER BY since, state").await, [["expired"], ["given"]]);
    }

    /// I21: what was refused or taken back is not asked again for a year, unless it was given since.
    async fn i21_a_refused_purpose_stays_quiet_for_a_year(world: World) {
        let shop = world.partner("shop", &[]).await;
        let anna = world.customer().await;
        let new = NewConsent::to_share(anna, shop.service.clone(), "email", world.on_page());
        let now = world.now();
        world.write(move |tx, core| {
            let new = new.clone();
            Box::pin(async move { concord::usecases::consents::refuse(tx, &core, &new, now).await })
        }).await;
        let phone = world.share(&shop, anna, "phone").await;
        endings::withdraw(&world.core, None, phone, &world.on_page(), world.now()).await.expect("withdrawn");
        assert_eq!(quiet(&world, anna, &shop).await, ["email", "phone"]);
        world.share(&shop, anna, "phone").await;
        assert_eq!(quiet(&world, anna, &shop).await, ["email"]);
        world.pass(std::time::Duration::from_secs(366 * 86_400));
        assert!(quiet(&world, anna, &shop).await.is_empty());
    }
}

async fn quiet(world: &World, customer: concord::model::ids::CustomerId, partner: &super::stage::Partner) -> Vec<String> {
    let mut tx = world.database.read().await.expect("a connection");
    let quiet = concord::usecases::consents::quiet(&mut tx, customer, partner.service.id, world.now()).await.expect("asked");
    quiet.into_iter().map(|(_, scope)| scope).collect()
}
