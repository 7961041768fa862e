//! `service apply`: all or nothing, with the reason.

use concord::model::service::GrantType;
use concord::storage::{clients, services};
use concord::usecases::apply_service::{self, Outcome};
use concord::usecases::{partners, switch_partner};

use super::{applied, apply, operator, refused, service, web};
use crate::support::on_both;

on_both! {
    async fn a_document_becomes_the_truth_and_says_secrets_once(world: World) {
        let core = &world.core;
        let text = service("shop", "ecosystem_member = true\nowns = [\"retail\"]\n[api]\naudience = \"https://shop.test/api\"", &web("shop-web", "openid profile"));
        let planned = applied(apply_service::apply(core, &text, true, &operator()).await);
        assert!(planned.dry_run && planned.outcome == Outcome::Created && planned.secrets.is_empty());
        assert!(partners::service_by_code(core, "shop").await.unwrap().is_none());

        let first = applied(apply(core, &text).await);
        assert_eq!((first.outcome, first.version, first.secrets.len()), (Outcome::Created, 1, 1));
        assert_eq!(first.secrets[0].client_secret.len(), 43);
        let again = applied(apply(core, &text).await);
        assert_eq!((again.outcome, again.version, again.secrets.len()), (Outcome::Unchanged, 1, 0));

        let client = partners::client(core, "shop-web").await.unwrap().unwrap();
        assert!(client.enabled && client.may(GrantType::RefreshToken) && client.secrets.len() == 1);
        let shop = partners::service_by_code(core, "shop").await.unwrap().unwrap();
        for found in [
            partners::service_by_audience(core, "https://shop.test/api").await.unwrap(),
            partners::owner_of_domain(core, "retail").await.unwrap(),
            partners::service(core, client.service).await.unwrap(),
        ] {
            assert_eq!(found.map(|service| service.id), Some(shop.id));
        }
        assert!(partners::owner_of_domain(core, "loyalty").await.unwrap().is_none());
        assert!(partners::service_by_audience(core, "https://other.test").await.unwrap().is_none());
    }

    async fn a_difference_is_shown_before_and_after(world: World) {
        let core = &world.core;
        applied(apply(core, &service("shop", "", &web("shop-web", "openid profile"))).await);
        let text = service("shop", "", &web("shop-web", "openid email").replace("/cb", "/callback"));
        let planned = applied(apply_service::apply(core, &text, true, &operator()).await);
        let lines: Vec<String> = planned.changes.iter().map(ToString::to_string).collect();
        assert_eq!(lines, [
            "clients.shop-web.redirect_uris: -https://shop-web.test/cb +https://shop-web.test/callback",
            "clients.shop-web.scope: -profile +email",
        ]);
        assert_eq!((planned.outcome, planned.version), (Outcome::Changed, 2));
        let before = partners::client(core, "shop-web").await.unwrap().unwrap();
        assert!(before.document.scope.contains("profile"));
        assert_eq!(applied(apply(core, &text).await).version, 2);
        let after = partners::client(core, "shop-web").await.unwrap().unwrap();
        assert!(after.document.scope.contains("email") && after.epoch == before.epoch && after.secrets == before.secrets);
    }

    async fn clients_no_longer_listed_are_switched_off_and_come_back(world: World) {
        let core = &world.core;
        let both = service("shop", "", &(web("shop-web", "openid") + &web("shop-app", "openid")));
        applied(apply(core, &both).await);
        let one = applied(apply(core, &service("shop", "", &web("shop-web", "openid"))).await);
        assert!(one.consequences.iter().any(|text| text.contains("shop-app is no longer listed")), "{:?}", one.consequences);
        let gone = partners::client(core, "shop-app").await.unwrap().unwrap();
        assert!(!gone.enabled && gone.epoch == 1);
        let back = applied(apply(core, &both).await);
        assert!(back.secrets.is_empty(), "the old secret still works");
        let client = partners::client(core, "shop-app").await.unwrap().unwrap();
        assert!(client.enabled && client.epoch == 1, "what had ended stays ended");

        // Whoever an operator switched off, no file switches on.
        assert!(switch_partner::client(core, "shop-app", false, &operator()).await.unwrap());
        applied(apply(core, &both.replace("https://shop.test/", "https://shop.test/home")).await);
        assert!(!partners::client(core, "shop-app").await.unwrap().unwrap().enabled);
        assert!(!switch_partner::client(core, "shop-app", false, &operator()).await.unwrap(), "it was off already");
        assert!(switch_partner::client(core, "nobody", false, &operator()).await.is_err());
    }

    async fn what_another_service_has_is_taken(world: World) {
        let core = &world.core;
        let head = "owns = [\"loyalty\"]\n[api]\naudience = \"https://points.test/api\"\n[api.scopes]\n\"points.spend\" = { ru = \"Тратить\", en = \"Spend\", zh = \"使用\" }";
        applied(apply(core, &service("points", head, &web("points-web", "openid loyalty"))).await);
        for (more, clients, said) in [
            ("owns = [\"loyalty\"]", String::new(), "owns.0: loyalty is owned by points"),
            ("[api]\naudience = \"https://points.test/api\"", String::new(), "api.audience: is the audience of points"),
            ("", web("points-web", "openid"), "clients.0.client_id: is a client of another service"),
            ("[api]\naudience = \"https://x.test\"\n[api.scopes]\n\"points.spend\" = { ru = \"а\", en = \"a\", zh = \"一\" }", String::new(), "is an API scope of points"),
            ("", web("x-web", "openid points.spent"), "there is no scope points.spent; did you mean points.spend?"),
            ("", web("x-web", "openid") + "resources = [\"https://point.test/api\"]\n", "there is no API https://point.test/api; did you mean https://points.test/api?"),
        ] {
            let answer = refused(apply(core, &service("other", more, &clients)).await);
            assert!(answer.contains(said), "{said}: {answer}");
        }
        let moved = service("points", head, &web("points-web", "openid loyalty")).replace("sector = \"points\"", "sector = \"group\"");
        assert!(refused(apply(core, &moved).await).contains("line 3: sector: cannot change"));
        // What exists may be used by others.
        let user = web("x-web", "openid points.spend loyalty") + "resources = [\"https://points.test/api\"]\n";
        applied(apply(core, &service("other", "", &user)).await);
        // A lost product domain ends what was granted on it.
        let before = partners::service_by_code(core, "points").await.unwrap().unwrap();
        let lost = applied(apply(core, &service("points", &head.replace("owns = [\"loyalty\"]", ""), &web("points-web", "openid"))).await);
        assert!(lost.consequences[0].contains("no longer owns loyalty"), "{:?}", lost.consequences);
        assert_eq!(partners::service_by_code(core, "points").await.unwrap().unwrap().epoch, before.epoch + 1);
        applied(apply(core, &service("other", "owns = [\"loyalty\"]", "")).await);
    }

    async fn two_services_cannot_take_the_same_domain_at_once(world: World) {
        let contenders = (0..8).map(|number| {
            let core = world.core.clone();
            tokio::spawn(async move { apply(&core, &service(&format!("shop-{number}"), "owns = [\"media\"]", "")).await.is_ok() })
        });
        let mut winners = 0;
        for contender in contenders.collect::<Vec<_>>() {
            winners += usize::from(contender.await.unwrap());
        }
        assert_eq!(winners, 1);
        let owners = services::directory(&mut world.database.read().await.unwrap()).await.unwrap().domains;
        assert_eq!(owners.len(), 1);
    }

    async fn a_changed_way_of_authentication_changes_the_secrets(world: World) {
        let core = &world.core;
        applied(apply(core, &service("shop", "", &web("shop-web", "openid"))).await);
        let key = crate::support::keys::Key::new("k1").jwks();
        let with = |method: &str, jwks: &str| service("shop", "", &format!("{}authentication = \"{method}\"\n{jwks}", web("shop-web", "openid")));
        let jwks = format!("jwks = '{key}'\n");
        assert!(applied(apply(core, &with("private_key_jwt", &jwks)).await).consequences[0].contains("the secrets of client shop-web end"));
        assert!(partners::client(core, "shop-web").await.unwrap().unwrap().secrets.is_empty());
        assert_eq!(applied(apply(core, &with("client_secret_post", "")).await).secrets.len(), 1);
    }

    async fn a_service_switched_off_counts_and_says_so(world: World) {
        let core = &world.core;
        applied(apply(core, &service("shop", "", &web("shop-web", "openid"))).await);
        assert!(switch_partner::service(core, "shop", false, &operator()).await.unwrap());
        let off = partners::service_by_code(core, "shop").await.unwrap().unwrap();
        assert!(!off.enabled && off.epoch == 1);
        assert!(!switch_partner::service(core, "shop", false, &operator()).await.unwrap());
        // A new version does not switch it on.
        applied(apply(core, &service("shop", "", &web("shop-web", "openid email"))).await);
        assert!(!partners::service_by_code(core, "shop").await.unwrap().unwrap().enabled);
        assert!(switch_partner::service(core, "shop", true, &operator()).await.unwrap());
        let on = partners::service_by_code(core, "shop").await.unwrap().unwrap();
        assert!(on.enabled && on.epoch == 1 && on.version == 2);
        let known = clients::all(&mut world.database.read().await.unwrap(), Some(on.id), world.now()).await.unwrap();
        assert_eq!(known.len(), 1);
    }
}
