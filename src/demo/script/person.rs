//! A person with a browser: does what Concord's pages ask, and nothing that they do not offer.

use std::time::Duration;

use super::super::Trouble;
use super::super::ecosystem::World;
use super::super::party::{Party, Place};
use super::super::personas::code_in;
use super::browser::Browser;
use super::page::Form;
use crate::outbound::mail::OutboxStore;
use crate::protocol::locale::Locale;

/// The most pages between two sites.
const MOST_PAGES: usize = 20;

/// Somebody.
pub struct Person {
    /// Their browser.
    pub browser: Browser,
    /// Their e-mail address.
    pub email: String,
    /// How they want to be addressed.
    pub nickname: String,
    /// Their login name at the partners where they are customers.
    login: String,
    password: String,
    place: Place,
    outbox: OutboxStore,
    /// The newest mail that was used already.
    used: u64,
    /// Field names that pages asked for since the last journey began.
    asked: Vec<String>,
    /// What consent pages asked for since then.
    items: Vec<String>,
    registered: bool,
    /// Concord sent a code to an address it did not know: a new customer.
    new: bool,
}

impl Person {
    /// Somebody with an empty browser.
    pub fn new(world: &World, handle: &str, language: Locale) -> Self {
        Self {
            browser: Browser::new(world.client.clone(), language),
            email: format!("{handle}@example.test"),
            nickname: handle.to_owned(),
            login: handle.to_owned(),
            password: format!("{handle} walks along the river"),
            place: world.place,
            outbox: world.outbox.clone(),
            used: world.outbox.newest_first().first().map_or(0, |mail| mail.number),
            asked: Vec::new(),
            items: Vec::new(),
            registered: false,
            new: false,
        }
    }

    /// Whether this very journey made them a customer of Concord.
    pub fn is_new(&self) -> bool {
        self.new
    }

    /// What pages asked for on the last journey: names of fields.
    pub fn asked(&self) -> &[String] {
        &self.asked
    }

    /// What consent pages asked for on the last journey: scopes.
    pub fn items(&self) -> &[String] {
        &self.items
    }

    /// Presses a button on the page that is shown.
    ///
    /// # Errors
    /// There is none with this id, or no answer.
    pub async fn press(&mut self, id: &str) -> Result<(), Trouble> {
        let form = self.form_with(id)?;
        self.browser.send(&form, id).await
    }

    fn form_with(&self, button: &str) -> Result<Form, Trouble> {
        let found = self.browser.page()?.forms().into_iter().find(|form| form.button(button).is_some());
        found.ok_or_else(|| self.lost(&format!("there is no button {button}")))
    }

    /// Says where the person is, with a complaint.
    fn lost(&self, complaint: &str) -> Trouble {
        match self.browser.shown() {
            Ok(shown) => Trouble::new(format!("{complaint} at {} ({}): {}", shown.url, shown.status, shown.page.text())),
            Err(_) => Trouble::new(complaint),
        }
    }

    /// The text of an element on the page that is shown.
    ///
    /// # Errors
    /// There is none with this id.
    pub fn read(&self, id: &str) -> Result<String, Trouble> {
        self.browser.page()?.text_of(id).ok_or_else(|| self.lost(&format!("there is no {id}")))
    }

    /// Presses a button of a service's page and does what Concord asks, until the browser is at the service again.
    ///
    /// # Errors
    /// The pages lead somewhere else.
    pub async fn through_concord(&mut self, button: &str) -> Result<(), Trouble> {
        let from = self.browser.host().to_owned();
        self.asked.clear();
        self.items.clear();
        self.press(button).await?;
        self.walk().await?;
        if self.browser.host() == from { Ok(()) } else { Err(self.lost(&format!("did not come back to {from}"))) }
    }

    /// Signs in at Concord itself; whoever is not known there registers.
    ///
    /// # Errors
    /// The pages lead somewhere else.
    pub async fn be_signed_in(&mut self) -> Result<(), Trouble> {
        self.browser.open(&self.place.url(Party::Concord, "/account")).await?;
        self.walk().await?;
        let path = self.browser.shown()?.url.path().to_owned();
        if path.starts_with("/account") { Ok(()) } else { Err(self.lost("not signed in")) }
    }

    /// Signs in at a service with the local account, and connects it.
    ///
    /// # Errors
    /// It does not work out.
    pub async fn connect_account(&mut self, service: Party) -> Result<String, Trouble> {
        let account = self.sign_in_locally(service).await?;
        self.through_concord("connect").await?;
        self.expect_state(&account)?;
        Ok(account)
    }

    /// Signs in at a service with the local account only.
    ///
    /// # Errors
    /// The service does not know this person.
    pub async fn sign_in_locally(&mut self, service: Party) -> Result<String, Trouble> {
        self.browser.open(&self.place.url(service, "/")).await?;
        let mut form = self.form_with("sign-in")?;
        form.fill("login", &self.login);
        form.fill(
            "password",
            match service {
                Party::Bank => "aurora",
                Party::Points => "polar",
                _ => "kino",
            },
        );
        self.browser.send(&form, "sign-in").await?;
        self.read("local-account")
    }

    /// The page says that this account is connected.
    fn expect_state(&self, account: &str) -> Result<(), Trouble> {
        let connected = self.browser.page()?.links().iter().any(|(id, ..)| id == "manage") || self.form_with("disconnect").is_ok();
        if self.read("local-account")? == account && connected { Ok(()) } else { Err(self.lost("the account is not connected")) }
    }

    /// Does what pages ask as long as they are Concord's and ask for something.
    async fn walk(&mut self) -> Result<(), Trouble> {
        for _ in 0..MOST_PAGES {
            if self.browser.host() != Party::Concord.host() {
                return Ok(());
            }
            let Some((form, button)) = self.fill().await? else { return Ok(()) };
            self.browser.send(&form, &button).await?;
        }
        Err(self.lost("walked in circles"))
    }

    /// The form this person would send from the page that is shown, with its button.
    async fn fill(&mut self) -> Result<Option<(Form, String)>, Trouble> {
        let forms = self.browser.page()?.forms();
        for mut form in forms.clone() {
            let mut known = false;
            for name in ["code", "identifier", "email", "nickname", "password", "new-password"] {
                if !form.has(name) {
                    continue;
                }
                let value = match name {
                    "code" => self.code().await?,
                    "identifier" | "email" => self.email.clone(),
                    "nickname" => self.nickname.clone(),
                    _ => self.password.clone(),
                };
                self.asked.push(name.to_owned());
                self.new |= name == "nickname";
                form.fill(name, &value);
                known = true;
            }
            if known {
                let register = form.button("register").is_some() && !std::mem::replace(&mut self.registered, true);
                let button = if register { "register" } else { "continue" };
                return Ok(form.button(button).is_some().then(|| (form, button.to_owned())));
            }
        }
        for button in ["accept", "continue", "confirm"] {
            if let Some(mut form) = forms.iter().find(|form| form.button(button).is_some()).cloned() {
                self.items.extend(form.boxes.iter().filter(|(name, _)| name == "item").map(|(_, value)| value.clone()));
                form.tick_all();
                return Ok(Some((form, button.to_owned())));
            }
        }
        Ok(None)
    }

    /// The newest code mailed to this person that was not used yet.
    async fn code(&mut self) -> Result<String, Trouble> {
        for _ in 0..200 {
            let mails = self.outbox.newest_first();
            let mut fresh = mails.iter().filter(|kept| kept.number > self.used && kept.mail.to == self.email);
            if let Some((number, code)) = fresh.find_map(|kept| Some((kept.number, code_in(&kept.mail)?))) {
                self.used = number;
                return Ok(code);
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Err(self.lost(&format!("no mail with a code for {}", self.email)))
    }
}
