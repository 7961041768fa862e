//! Pushed authorization requests.

use std::time::Duration;

use concord::model::ids::FlowId;
use concord::protocol::ErrorCode;
use concord::protocol::par::PushedAuthorizationResponse;
use concord::protocol::params::Params;
use concord::storage::{self, flows, flows::FlowRow};
use concord::usecases::par::{self, Pushed};

use super::ecosystem::{CALLBACK, Ecosystem, SECRET, refused};
use crate::support::keys::{challenge, random};
use crate::support::on_both;

async fn push(eco: &Ecosystem, client_id: &str, extra: &[(&str, &str)]) -> Result<PushedAuthorizationResponse, concord::protocol::Error> {
    let challenge = challenge(&random());
    let mut pairs = vec![
        ("response_type", "code"),
        ("redirect_uri", CALLBACK),
        ("scope", "openid"),
        ("state", "s-77"),
        ("code_challenge", challenge.as_str()),
        ("code_challenge_method", "S256"),
    ];
    for (name, value) in extra {
        pairs.retain(|(known, _)| known != name);
        pairs.push((name, value));
    }
    let client = eco.client(client_id).await;
    par::push(&eco.core, &client, &Params::from_pairs(pairs).expect("params"), eco.now()).await
}

async fn find(eco: &Ecosystem, client_id: &str, answer: &PushedAuthorizationResponse) -> Result<Pushed, concord::protocol::Error> {
    let client = eco.client(client_id).await;
    let mut tx = eco.core.database.read().await.expect("a connection");
    par::find(&mut tx, &eco.core, &client, &answer.request_uri, eco.now()).await
}

on_both! {
    async fn pa3_a_reference_is_its_clients_for_ninety_seconds_and_then_its_flows(world: World) {
        let eco = Ecosystem::new(&world).await;
        let answer = push(&eco, "bank-web", &[]).await.expect("a reference");
        assert_eq!(answer.expires_in, 90);
        assert_eq!(refused(find(&eco, "cinema-web", &answer).await), ErrorCode::InvalidRequestUri);
        world.pass(Duration::from_secs(89));
        let Ok(Pushed::Fresh(fresh)) = find(&eco, "bank-web", &answer).await else { panic!("the request") };
        let request = fresh.request.expect("a client's request");
        assert_eq!((request.client_id.as_str(), request.state.as_deref()), ("bank-web", Some("s-77")));
        let now = eco.now();
        let [flow, other] = [FlowId::new(eco.core.random.uuid_v7(now)), FlowId::new(eco.core.random.uuid_v7(now))];
        let uri = answer.request_uri.clone();
        let bound = eco
            .write(move |tx| {
                let uri = uri.clone();
                Box::pin(async move {
                    for id in [flow, other] {
                        let row = FlowRow { id, browser: vec![0; 32], client_key: None, request: vec![], facts: vec![], version: 1,
                            created_at: now, expires_at: now, finished_at: None };
                        flows::insert(tx, &row).await?;
                    }
                    Ok::<_, storage::Error>([par::bind(tx, &uri, flow).await?, par::bind(tx, &uri, other).await?])
                })
            })
            .await;
        assert_eq!(bound, [true, false], "one request_uri is one flow");
        world.pass(Duration::from_secs(60));
        assert!(matches!(find(&eco, "bank-web", &answer).await, Ok(Pushed::Flow(id)) if id == flow), "a reload goes on there");
        let late = push(&eco, "bank-web", &[]).await.expect("a reference");
        world.pass(Duration::from_secs(90));
        assert_eq!(refused(find(&eco, "bank-web", &late).await), ErrorCode::InvalidRequestUri);
        world.assert_nowhere(&["s-77"]).await;
    }

    async fn pa2_what_cannot_be_pushed(world: World) {
        let eco = Ecosystem::new(&world).await;
        for (name, value, expected) in [
            ("request_uri", "urn:ietf:params:oauth:request_uri:x", ErrorCode::InvalidRequest),
            ("request", "a.b.c", ErrorCode::RequestNotSupported),
            ("redirect_uri", "https://evil.test/", ErrorCode::InvalidRequest),
            ("client_id", "cinema-web", ErrorCode::InvalidRequest),
            ("response_type", "token", ErrorCode::UnsupportedResponseType),
            ("code_challenge_method", "plain", ErrorCode::InvalidRequest),
            ("code_challenge", "", ErrorCode::InvalidRequest),
            ("scope", "", ErrorCode::InvalidScope),
        ] {
            assert_eq!(refused(push(&eco, "bank-web", &[(name, value)]).await), expected, "{name}={value}");
        }
        assert_eq!(refused(push(&eco, "loyalty-api", &[]).await), ErrorCode::UnauthorizedClient);
    }

    /// PA1: whoever is not let in at the token endpoint is not let in here, and hears the same.
    async fn pa1_the_client_proves_itself_as_at_the_token_endpoint(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let body = [("client_id", "bank-web"), ("client_secret", SECRET), ("grant_type", "client_credentials")];
        let none = [("grant_type", "client_credentials")];
        let [nobody, wrong, stranger, both] = [None, Some(("cinema-web", "wrong")), Some(("nobody", SECRET)), Some(("bank-web", SECRET))];
        let attempts = [
            ("nothing", nobody, &none[..]),
            ("a wrong secret", wrong, &none),
            ("a client nobody knows", stranger, &none),
            ("another method than the registered one", nobody, &body),
            ("two methods", both, &body),
        ];
        for (what, basic, form) in attempts {
            let mut heard = Vec::new();
            for endpoint in ["/oauth2/token", "/oauth2/par"] {
                let mut request = wire.post(endpoint);
                if let Some((id, secret)) = basic {
                    request = request.basic(id, secret);
                }
                let answer = request.form(form.iter().copied()).send().await;
                heard.push((answer.status.as_u16(), answer.error(), answer.header("www-authenticate").map(str::to_owned)));
            }
            assert!(heard[0].0 == 400 || heard[0].0 == 401, "{what}: {heard:?}");
            assert_eq!(heard[0], heard[1], "{what}");
        }
    }

    async fn pa5_nothing_but_post(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        for method in ["GET", "HEAD", "PUT", "PATCH", "DELETE"] {
            let request = wire.request(method.parse().expect("a method"), "/oauth2/par").basic("bank-web", SECRET);
            assert_eq!(request.form([("scope", "openid")]).send().await.status, 405, "{method}");
        }
    }

    async fn pa6_nothing_twice(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let whole = [
            ("client_id", "bank-web"), ("response_type", "code"), ("redirect_uri", CALLBACK), ("scope", "openid"), ("state", "s-77"), ("nonce", "n-1"),
            ("code_challenge", "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"), ("code_challenge_method", "S256"), ("prompt", "login"),
            ("max_age", "10"), ("acr_values", "aal1"), ("ui_locales", "en"), ("display", "page"), ("claims", "{}"),
        ];
        wire.post("/oauth2/par").basic("bank-web", SECRET).form(whole).send().await.expect(201);
        for twice in whole {
            let answer = wire.post("/oauth2/par").basic("bank-web", SECRET).form(whole.into_iter().chain([twice])).send().await;
            assert_eq!(answer.expect(400).error(), "invalid_request", "{twice:?}");
        }
    }
}
