//! A server in this process, and people with a password and a browser.

use std::sync::Arc;

use concord::clock::Timestamp;
use concord::config::Config;
use concord::http::app;
use concord::http::layers::{Shell, wrap};
use concord::http::server::{Server, ServerLimits};
use concord::model::identifier::Identifier;
use concord::model::ids::CustomerId;
use concord::storage::passwords;
use concord::usecases::{identifiers, profile};
use tokio_util::sync::CancellationToken;

use crate::support::World;
use crate::support::html::Form;
use crate::support::http::{Answer, Browser, Wire};
use crate::support::person::Person;
use crate::support::world::ISSUER;

pub struct House {
    pub wire: Wire,
    stop: CancellationToken,
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

impl House {
    pub async fn open(world: &World) -> Self {
        let config: &Config = &world.core.config;
        let shell = Shell::new(config, 7, app::error_pages(&world.core));
        let router = wrap(app::router(Arc::clone(&world.core)), &shell);
        let server = Server::bind("127.0.0.1:0".parse().expect("an address"), router, ServerLimits::from(&config.server));
        let server = server.await.expect("a port");
        let (address, stop) = (server.local_addr(), CancellationToken::new());
        tokio::spawn(server.run(stop.clone()));
        Self { wire: Wire::new(ISSUER, address), stop }
    }

    /// A customer with an address, a name and a password, signed in.
    pub async fn resident(&self, world: &World, name: &str) -> (CustomerId, Person) {
        let customer = world.customer().await;
        let mut person = Person::new(name, &self.wire, world.folder.path().to_owned()).known();
        let phc = world.core.passwords.hash(person.password.clone().into()).await.expect("a hash");
        let (email, nickname, now): (String, String, Timestamp) = (person.email.clone(), name.to_owned(), world.now());
        world
            .write(move |tx, core| {
                let (phc, email, nickname) = (phc.clone(), email.clone(), nickname.clone());
                Box::pin(async move {
                    let identifier = Identifier::parse(&email).expect("an address");
                    assert!(identifiers::add(tx, &core, customer, &identifier, "login", Some(now), now).await?);
                    profile::put(tx, &core, customer, "nickname", &nickname.into(), None, now).await?;
                    passwords::set(tx, customer, &phc, now).await
                })
            })
            .await;
        sign_in(&mut person.browser, &person.email, &person.password).await;
        (customer, person)
    }
}

/// From nothing to the account page.
pub async fn sign_in(browser: &mut Browser, email: &str, password: &str) -> Answer {
    let page = browser.open("/account").await.expect(200).page();
    let page = browser.submit(page.form(&["identifier"]).fill("identifier", email).press("action=continue")).await.expect(200).page();
    browser.submit(page.form(&["password"]).fill("password", password).press("action=continue")).await.expect(200)
}

/// The form of a page that has this hidden value, or this button when there is none.
pub fn form_with(answer: &Answer, value: &str) -> Form {
    let forms = answer.page().forms();
    let found = forms.into_iter().find(|form| form.fields.iter().any(|(_, v)| v == value) || form.offers(value));
    found.unwrap_or_else(|| panic!("no form with {value} on {}: {}", answer.url, answer.page().text()))
}
