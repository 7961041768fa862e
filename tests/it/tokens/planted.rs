//! C3's contract, looked at from outside: a code of nobody is brought to a service, and must not come back (conventions 5).

use std::net::SocketAddr;
use std::sync::Arc;

use concord::outbound::guarded::GuardedClient;
use concord::usecases::service_doctor::{self, Weight};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;

use super::ecosystem::Ecosystem;
use crate::support::client::Client;
use crate::support::on_both;

/// A service's page at its redirect URI. With a client it redeems whatever code it is shown, whoever brings it.
async fn page(careless: Option<Arc<Client>>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let address = listener.local_addr().expect("an address");
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let mut request = vec![0; 8192];
            let length = stream.read(&mut request).await.unwrap_or(0);
            let target = String::from_utf8_lossy(&request[..length]).split(' ').nth(1).unwrap_or_default().to_owned();
            let asked = url::Url::parse(&format!("http://page{target}")).expect("an address");
            let code = asked.query_pairs().find(|(name, _)| name == "code").map(|(_, code)| code.into_owned());
            if let (Some(client), Some(code)) = (&careless, code) {
                let answer = client.redeem(&code, &"v".repeat(43)).await;
                assert_eq!((answer.status.as_u16(), answer.error().as_str()), (400, "invalid_grant"), "it is no code for anybody");
            }
            let _ = stream.write_all(b"HTTP/1.1 400 x\r\nContent-Length: 0\r\nConnection: close\r\n\r\n").await;
        }
    });
    address
}

on_both! {
    async fn the_doctor_finds_a_service_that_redeems_a_code_of_nobody(world: World) {
        let eco = Ecosystem::new(&world).await;
        let wire = eco.serve().await;
        let (careful, careless) = (page(None).await, page(Some(Arc::new(eco.over(&wire, "bank-web").await))).await);
        let uris = [careful, careless].map(|at| format!("http://127.0.0.1:{}/callback?from=concord", at.port()));
        let registered = uris.clone();
        eco.amend("bank-web", move |document| document.redirect_uris = registered.iter().map(|uri| uri.parse().expect("uri")).collect()).await;
        let calls = GuardedClient::new(&world.core.config.outbound).expect("a client");
        let found = service_doctor::look(&eco.core, &calls, "bank").await.expect("looks").expect("a service");
        let of = |uri: &str, what: &str| {
            found.iter().find(|one| one.about == "client bank-web redirect_uri" && one.what.starts_with(uri) && one.what.contains(what))
        };
        assert_eq!(of(&uris[0], "does not redeem").map(|one| one.weight), Some(Weight::Good), "{found:?}");
        assert_eq!(of(&uris[1], "redeems a code").map(|one| one.weight), Some(Weight::Problem), "{found:?}");
        assert_eq!(world.count("SELECT COUNT(*) FROM events WHERE kind = 'code.planted' AND actor = 'client:bank-web'").await, 1);
        assert_eq!(world.count("SELECT COUNT(*) FROM families").await, 0);
    }
}
