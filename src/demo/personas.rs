//! "Be somebody": signs a persona in at the ordinary pages and hands the session to the browser that asked. The persona comes
//! into being the first time it is wanted, by the same pages.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::Trouble;
use super::ecosystem::World;
use super::party::Party;
use super::script::Person;
use crate::outbound::mail::Mail;
use crate::protocol::locale::Locale;

/// Somebody to be.
pub struct Persona {
    /// The value of its button, and its login name at the partners.
    pub handle: &'static str,
    /// The name, by language.
    pub name: [&'static str; 3],
    /// What is special about them.
    pub about: [&'static str; 3],
    /// The language of their pages.
    language: Locale,
    /// Services whose accounts are connected.
    connected: &'static [Party],
}

/// Everybody.
pub const ALL: [Persona; 4] = [
    Persona {
        handle: "anna",
        name: ["Анна", "Anna", "安娜"],
        about: ["новенькая, два счёта ждут связи", "new, two accounts to connect", "新用户，有两个账户待关联"],
        language: Locale::En,
        connected: &[],
    },
    Persona {
        handle: "boris",
        name: ["Борис", "Boris", "鲍里斯"],
        about: ["всё уже связано", "everything connected", "全部已关联"],
        language: Locale::Ru,
        connected: &[Party::Points, Party::Bank, Party::Cinema],
    },
    Persona {
        handle: "clara",
        name: ["Клара", "Clara", "克拉拉"],
        about: ["связала только баллы", "only her points are connected", "仅关联了积分"],
        language: Locale::En,
        connected: &[Party::Points],
    },
    Persona {
        handle: "mei",
        name: ["Мэйлин", "Meiling", "美玲"],
        about: ["страницы на китайском", "Chinese pages", "中文页面"],
        language: Locale::Zh,
        connected: &[Party::Bank],
    },
];

/// The persona of a handle.
pub fn find(handle: &str) -> Option<&'static Persona> {
    ALL.iter().find(|persona| persona.handle == handle)
}

/// Cookies of a browser: name and value.
type Cookies = Vec<(String, String)>;

/// Sessions waiting to be handed over, by ticket.
#[derive(Default)]
pub struct Personas {
    tickets: Mutex<HashMap<String, Cookies>>,
    /// One after the other: two clicks must not make two of the same person.
    turn: tokio::sync::Mutex<()>,
}

impl Personas {
    /// Signs a persona in and says the ticket that its session can be taken with.
    ///
    /// # Errors
    /// The pages did not lead where they should.
    pub async fn admit(&self, world: &World, persona: &'static Persona) -> Result<String, Trouble> {
        let _turn = self.turn.lock().await;
        let mut person = Person::new(world, persona.handle, persona.language);
        person.nickname = persona.name[persona.language as usize].to_owned();
        person.be_signed_in().await?;
        if person.is_new() {
            for service in persona.connected {
                person.connect_account(*service).await?;
            }
        }
        let mut cookies = person.browser.cookies_of(Party::Concord.host());
        cookies.push(("concord_lang".to_owned(), persona.language.as_str().to_owned()));
        let ticket = world.random.token();
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner).insert(ticket.clone(), cookies);
        Ok(ticket)
    }

    /// The session behind a ticket: once.
    pub fn take(&self, ticket: &str) -> Cookies {
        self.tickets.lock().unwrap_or_else(PoisonError::into_inner).remove(ticket).unwrap_or_default()
    }
}

/// The one-time code in a mail: six digits that stand alone.
pub fn code_in(mail: &Mail) -> Option<String> {
    let words = mail.subject.split_whitespace().chain(mail.body.split_whitespace());
    let plain = |word: &str| word.trim_matches(|c: char| !c.is_ascii_digit()).to_owned();
    words.map(plain).find(|word| word.len() == 6 && word.bytes().all(|byte| byte.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_six_digits_that_stand_alone() {
        let mail = |subject: &str, body: &str| Mail { to: "a@b.test".into(), subject: subject.into(), body: body.into() };
        assert_eq!(code_in(&mail("492017 is your code", "")), Some("492017".to_owned()));
        assert_eq!(code_in(&mail("Hello", "In 2026:\n\n    105 until 22.11.2026, 14:03\n")), None);
        assert_eq!(code_in(&mail("«123456» — код", "")), Some("123456".to_owned()));
    }

    #[test]
    fn personas_are_customers_of_what_they_connect() {
        for persona in &ALL {
            assert_eq!(find(persona.handle).map(|found| found.name), Some(persona.name));
        }
        assert!(find("nobody").is_none());
    }
}
