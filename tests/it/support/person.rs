//! A person with a browser: does what the pages ask, and nothing a page does not offer.

use std::path::PathBuf;
use std::time::Duration;

use super::html::{Form, Page};
use super::http::{Answer, Browser, Wire};

pub struct Person {
    pub browser: Browser,
    pub email: String,
    pub nickname: String,
    pub password: String,
    /// What they say on link and consent pages: `accept` or `decline`.
    pub answer: &'static str,
    /// Items they leave unticked on consent pages; they tick all others.
    pub unwanted: Vec<String>,
    registered: bool,
    /// Where mails are put as files.
    mail: PathBuf,
    used: Vec<String>,
}

impl Person {
    pub fn new(name: &str, wire: &Wire, mail: PathBuf) -> Self {
        Self {
            browser: Browser::new(wire),
            email: format!("{name}@example.org"),
            nickname: name.to_owned(),
            password: format!("{name} likes long walks by the sea"),
            answer: "accept",
            unwanted: Vec::new(),
            registered: false,
            mail,
            used: Vec::new(),
        }
    }

    /// The same person at another device: knows the password, has none of the cookies.
    pub fn elsewhere(&self, wire: &Wire) -> Self {
        Self {
            browser: Browser::new(wire),
            email: self.email.clone(),
            nickname: self.nickname.clone(),
            password: self.password.clone(),
            answer: self.answer,
            unwanted: self.unwanted.clone(),
            registered: self.registered,
            mail: self.mail.clone(),
            used: self.used.clone(),
        }
    }

    /// The same person, whose mails are found in another folder.
    pub fn elsewhere_reading(&self, wire: &Wire, mail: PathBuf) -> Self {
        Self { mail, ..self.elsewhere(wire) }
    }

    /// Opens an address and does what the pages ask, until the browser is sent away from Concord or nothing is asked any more.
    pub async fn walk(&mut self, target: &str) -> Answer {
        let mut answer = self.browser.open(target).await;
        for _ in 0..20 {
            if answer.location().is_some() {
                return answer;
            }
            assert!(answer.status.as_u16() < 500, "{} {}: {}", answer.status, answer.url, answer.page().text());
            match self.fill(&answer.page()).await {
                Some(form) => answer = self.browser.submit(form).await,
                None => return answer,
            }
        }
        panic!("walked in circles, last at {}: {}", answer.url, answer.page().text());
    }

    /// The form this person would send from a page, filled.
    pub async fn fill(&mut self, page: &Page) -> Option<Form> {
        let forms = page.forms();
        for form in forms.iter().filter(|f| f.post) {
            if let Some(filled) = self.fill_fields(form).await {
                return Some(filled);
            }
        }
        for choice in [self.answer, "continue", "confirm", "select"] {
            let Some(mut form) = forms.iter().find(|f| f.post && f.buttons.iter().any(|b| b.value == choice)).cloned() else { continue };
            form.fields.retain(|(name, _)| name != "item");
            let wanted = form.boxes.iter().filter(|(name, value)| name == "item" && !self.unwanted.contains(value)).cloned();
            let wanted: Vec<_> = wanted.collect();
            form.fields.extend(wanted);
            return Some(form.press(&format!("action={choice}")));
        }
        None
    }

    async fn fill_fields(&mut self, form: &Form) -> Option<Form> {
        let mut filled = form.clone();
        let mut known = false;
        for name in &form.names {
            let value = match name.as_str() {
                "code" => self.code().await,
                "identifier" | "email" => self.email.clone(),
                "nickname" => self.nickname.clone(),
                "password" | "new-password" => self.password.clone(),
                _ => continue,
            };
            filled = filled.fill(name, &value);
            known = true;
        }
        if !known {
            return None;
        }
        let new_here = !self.registered && form.buttons.iter().any(|b| b.value == "register");
        self.registered |= new_here;
        Some(filled.press(if new_here { "action=register" } else { "action=continue" }))
    }

    /// Has an identifier here already: does not register again.
    pub fn known(mut self) -> Self {
        self.registered = true;
        self
    }

    /// Has no identifier here yet, as far as they know: registers.
    pub fn stranger(mut self) -> Self {
        self.registered = false;
        self
    }

    /// The newest code mailed to this person that was not used yet; fails after ten seconds.
    pub async fn code(&mut self) -> String {
        for _ in 0..200 {
            for mail in self.mails().into_iter().rev() {
                if let Some(code) = code_in(&mail).filter(|_| !self.used.contains(&mail)) {
                    self.used.push(mail);
                    return code;
                }
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("no mail with a code for {}", self.email);
    }

    /// Every mail to this person, the oldest first.
    pub fn mails(&self) -> Vec<String> {
        let Ok(entries) = std::fs::read_dir(&self.mail) else { return Vec::new() };
        let mut files: Vec<_> =
            entries.filter_map(|e| Some((e.as_ref().ok()?.metadata().ok()?.modified().ok()?, e.ok()?.path()))).collect();
        files.sort();
        let texts = files.into_iter().filter_map(|(_, path)| std::fs::read_to_string(path).ok());
        texts.filter(|text| text.contains(&self.email)).collect()
    }
}

/// Six digits that stand alone, or as three and three.
fn code_in(mail: &str) -> Option<String> {
    mail.split(|c: char| c.is_whitespace() && c != '\u{a0}')
        .map(|word| word.trim_matches(|c: char| !c.is_ascii_digit()).replace('\u{a0}', ""))
        .find(|word| word.len() == 6 && word.bytes().all(|b| b.is_ascii_digit()))
}
