//! A partner's own customers: invented, partly the same people as the other partners', and none of them known to Concord.

use std::collections::BTreeMap;
use std::fs;
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError};

use serde::{Deserialize, Serialize};

use super::Trouble;
use super::keys::private;
use super::party::{Party, say};
use crate::clock::Timestamp;
use crate::crypto::digest::equal;
use crate::crypto::random::Random;
use crate::protocol::locale::Locale;

/// People with accounts at several partners, the same at each start: handle, name, and the services they are customers of.
const KNOWN: [(&str, [&str; 3], [bool; 3]); 6] = [
    ("anna", ["Анна", "Anna", "安娜"], [true, true, false]),
    ("boris", ["Борис", "Boris", "鲍里斯"], [true, true, true]),
    ("clara", ["Клара", "Clara", "克拉拉"], [true, true, false]),
    ("dmitri", ["Дмитрий", "Dmitri", "德米特里"], [false, true, true]),
    ("mei", ["Мэйлин", "Meiling", "美玲"], [true, true, true]),
    ("olga", ["Ольга", "Olga", "奥尔加"], [true, false, true]),
];
/// Given names of the many others.
const OTHERS: [[&str; 3]; 12] = [
    ["Вера", "Vera", "薇拉"],
    ["Глеб", "Gleb", "格列布"],
    ["Ирина", "Irina", "伊琳娜"],
    ["Лев", "Lev", "列夫"],
    ["Нина", "Nina", "尼娜"],
    ["Павел", "Pavel", "帕维尔"],
    ["Роман", "Roman", "罗曼"],
    ["Софья", "Sofia", "索菲娅"],
    ["Тимур", "Timur", "帖木儿"],
    ["Ульяна", "Ulyana", "乌里扬娜"],
    ["Фаина", "Faina", "法伊娜"],
    ["Юрий", "Yuri", "尤里"],
];

/// One customer of a partner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LocalCustomer {
    /// The partner's own number for the account.
    pub account: String,
    /// Its own login name; none for who came through Concord and never chose one.
    pub login: Option<String>,
    /// How the partner addresses the person, by language.
    pub name: [String; 3],
    /// Customer since this year.
    pub since: i64,
    /// Points at the loyalty service, tickets at the cinema, roubles at the bank.
    pub amount: i64,
}

impl LocalCustomer {
    /// The name in one language.
    pub fn name(&self, locale: Locale) -> &str {
        say(locale, [self.name[0].as_str(), &self.name[1], &self.name[2]])
    }
}

/// What changes while the demo runs; this is what the partner's file holds.
#[derive(Default, Serialize, Deserialize)]
struct Changing {
    /// Who came through Concord: pairwise subject and account.
    newcomers: Vec<Newcomer>,
    /// Local accounts that were connected: pairwise subject and since when, in seconds.
    connected: BTreeMap<String, (String, i64)>,
}

#[derive(Clone, Serialize, Deserialize)]
struct Newcomer {
    sub: String,
    account: String,
    name: String,
}

/// All customers of one partner.
pub struct People {
    of: Party,
    known: Vec<LocalCustomer>,
    changing: Mutex<Changing>,
    file: PathBuf,
}

impl People {
    /// The same invented people for the same seed; what happened before is read from the file.
    ///
    /// # Errors
    /// The file cannot be read.
    pub fn open(of: Party, seed: u64, file: PathBuf) -> Result<Self, Trouble> {
        let changing = match fs::read(&file) {
            Ok(text) => serde_json::from_slice(&text).map_err(|error| Trouble::new(format!("{}: {error}", file.display())))?,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Changing::default(),
            Err(error) => return Err(Trouble::new(format!("{}: {error}", file.display()))),
        };
        Ok(Self { of, known: invent(of, seed), changing: Mutex::new(changing), file })
    }

    /// How many customers there are.
    pub fn count(&self) -> usize {
        self.known.len() + self.changing.lock().unwrap_or_else(PoisonError::into_inner).newcomers.len()
    }

    /// Login names and passwords to try.
    pub fn to_try(&self) -> Vec<(String, String)> {
        self.known.iter().filter_map(|person| Some((person.login.clone()?, password(self.of).to_owned()))).take(3).collect()
    }

    /// Who has this login name and password.
    pub fn sign_in(&self, login: &str, given: &str) -> Option<LocalCustomer> {
        let login = login.trim().to_lowercase();
        let found = self.known.iter().find(|person| person.login.as_deref() == Some(login.as_str()));
        // Compared in any case: whether a login name exists is not to be read off the time.
        let right = equal(given.as_bytes(), password(self.of).as_bytes());
        found.filter(|_| right).cloned()
    }

    /// The customer with this account.
    pub fn of_account(&self, account: &str) -> Option<LocalCustomer> {
        let known = self.known.iter().find(|person| person.account == account).cloned();
        known.or_else(|| {
            let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
            changing.newcomers.iter().find(|one| one.account == account).map(customer)
        })
    }

    /// The account of somebody who comes through Concord without a link: the one made before, or a new one.
    pub fn of_subject(&self, sub: &str, name: &str) -> LocalCustomer {
        let mut changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(before) = changing.newcomers.iter().find(|one| one.sub == sub) {
            return customer(before);
        }
        let account = number(self.of, 9000 + i64::try_from(changing.newcomers.len()).unwrap_or(0));
        let newcomer = Newcomer { sub: sub.to_owned(), account, name: name.to_owned() };
        changing.newcomers.push(newcomer.clone());
        self.keep(&changing);
        customer(&newcomer)
    }

    /// Since when an account is connected.
    pub fn connected_since(&self, account: &str) -> Option<Timestamp> {
        let changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        changing.connected.get(account).map(|(_, since)| Timestamp::from_seconds(*since))
    }

    /// Notes that an account is connected.
    pub fn connect(&self, account: &str, sub: &str, since: Timestamp) {
        let mut changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if changing.connected.get(account).is_none_or(|(known, _)| known != sub) {
            changing.connected.insert(account.to_owned(), (sub.to_owned(), since.seconds()));
            self.keep(&changing);
        }
    }

    /// Notes that it is connected no more.
    pub fn disconnect(&self, account: &str) {
        let mut changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        if changing.connected.remove(account).is_some() {
            self.keep(&changing);
        }
    }

    /// Notes that nothing of this person is connected: their sign-in brought no link.
    pub fn disconnect_subject(&self, sub: &str) {
        let mut changing = self.changing.lock().unwrap_or_else(PoisonError::into_inner);
        let before = changing.connected.len();
        changing.connected.retain(|_, (known, _)| known != sub);
        if changing.connected.len() != before {
            self.keep(&changing);
        }
    }

    fn keep(&self, changing: &Changing) {
        let text = serde_json::to_vec_pretty(changing).unwrap_or_default();
        if let Err(error) = private(&self.file, &text) {
            tracing::warn!(event = "demo.file", file = %self.file.display(), %error, "a partner could not keep its customers");
        }
    }
}

/// Every invented account of a partner has the same password, shown beside its sign-in.
const fn password(of: Party) -> &'static str {
    match of {
        Party::Bank => "aurora",
        Party::Points => "polar",
        _ => "kino",
    }
}

fn number(of: Party, number: i64) -> String {
    match of {
        Party::Bank => format!("AB-20-{number:04}"),
        Party::Points => format!("PP-1{number:05}"),
        _ => format!("KG-{number:06}"),
    }
}

fn customer(newcomer: &Newcomer) -> LocalCustomer {
    let name = [(); 3].map(|()| newcomer.name.clone());
    LocalCustomer { account: newcomer.account.clone(), login: None, name, since: 2026, amount: 0 }
}

fn invent(of: Party, seed: u64) -> Vec<LocalCustomer> {
    let (column, many) = match of {
        Party::Bank => (0, 24),
        Party::Points => (1, 31),
        _ => (2, 18),
    };
    let random = Random::seeded(seed ^ (column as u64 + 1));
    let below = |most: u64| i64::try_from(random.u64() % most).unwrap_or(0);
    let mut people = Vec::new();
    let named = KNOWN.iter().filter(|(_, _, customer_of)| customer_of[column]).map(|(login, name, _)| ((*login).to_owned(), *name));
    let others = (1..).zip(OTHERS.iter().cycle()).map(|(at, name)| (format!("{}{at}", name[1].to_lowercase()), *name));
    for (at, (login, name)) in named.chain(others).take(many).enumerate() {
        people.push(LocalCustomer {
            account: number(of, 100 + 37 * i64::try_from(at).unwrap_or(0) + below(30)),
            login: Some(login),
            name: name.map(str::to_owned),
            since: 2012 + below(14),
            amount: 300 + below(2_700),
        });
    }
    people
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(of: Party) -> People {
        let file = std::env::temp_dir().join(format!("concord-people-{}.json", Random::system().u64()));
        People::open(of, 42, file).unwrap()
    }

    #[test]
    fn the_same_seed_invents_the_same_people_with_numbers_of_their_own() {
        for of in Party::SERVICES {
            let people = invent(of, 42);
            assert_eq!(people, invent(of, 42));
            let mut accounts: Vec<_> = people.iter().map(|person| &person.account).collect();
            accounts.sort();
            accounts.dedup();
            assert_eq!(accounts.len(), people.len());
        }
        assert_ne!(invent(Party::Bank, 42), invent(Party::Bank, 43));
    }

    #[test]
    fn anna_is_at_the_bank_and_the_loyalty_service_and_not_at_the_cinema() {
        assert!(open(Party::Points).sign_in(" Anna ", "polar").is_some());
        assert!(open(Party::Bank).sign_in("anna", "aurora").is_some());
        assert!(open(Party::Cinema).sign_in("anna", "kino").is_none());
        assert!(open(Party::Bank).sign_in("anna", "polar").is_none());
    }

    #[test]
    fn who_came_through_concord_finds_the_same_account_again() {
        let people = open(Party::Cinema);
        let count = people.count();
        let one = people.of_subject("sub-1", "Anna");
        assert_eq!(people.of_subject("sub-1", "Another"), one);
        assert_ne!(people.of_subject("sub-2", "Boris").account, one.account);
        assert_eq!(people.count(), count + 2);
        let again = People::open(Party::Cinema, 42, people.file.clone()).unwrap();
        assert_eq!(again.of_account(&one.account), Some(one));
        fs::remove_file(&people.file).unwrap();
    }
}
