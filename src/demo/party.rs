//! Who takes part in the demo, and where each of them lives.

use crate::protocol::locale::Locale;

/// Somebody who calls or is called.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// A person's browser.
    Browser,
    /// Concord itself.
    Concord,
    /// Aurora Bank.
    Bank,
    /// Polar Points, the owner of the product domain `loyalty`.
    Points,
    /// Kinograd, a cinema.
    Cinema,
}

impl Party {
    /// The partner services.
    pub const SERVICES: [Self; 3] = [Self::Bank, Self::Points, Self::Cinema];
    /// Everybody with a host of their own.
    pub const HOSTS: [Self; 4] = [Self::Concord, Self::Bank, Self::Points, Self::Cinema];

    /// Its host name; separate names are separate sites for a browser, separate ports are not.
    pub const fn host(self) -> &'static str {
        match self {
            Self::Browser => "",
            Self::Concord => "id.localhost",
            Self::Bank => "bank.localhost",
            Self::Points => "points.localhost",
            Self::Cinema => "cinema.localhost",
        }
    }

    /// Who lives at a host name.
    pub fn at(host: &str) -> Option<Self> {
        Self::HOSTS.into_iter().find(|party| party.host() == host)
    }

    /// The code of a service, which is also its `client_id`.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Browser => "browser",
            Self::Concord => "concord",
            Self::Bank => "aurora-bank",
            Self::Points => "polar-points",
            Self::Cinema => "kinograd",
        }
    }

    /// The name people see.
    pub const fn name(self, locale: Locale) -> &'static str {
        match (self, locale) {
            (Self::Browser, Locale::Ru) => "Браузер",
            (Self::Browser, Locale::En) => "Browser",
            (Self::Browser, Locale::Zh) => "浏览器",
            (Self::Concord, _) => "Concord",
            (Self::Bank, Locale::Ru) => "Банк «Аврора»",
            (Self::Bank, Locale::En) => "Aurora Bank",
            (Self::Bank, Locale::Zh) => "极光银行",
            (Self::Points, Locale::Ru) => "Полярные баллы",
            (Self::Points, Locale::En) => "Polar Points",
            (Self::Points, Locale::Zh) => "极地积分",
            (Self::Cinema, Locale::Ru) => "Киноград",
            (Self::Cinema, Locale::En) => "Kinograd",
            (Self::Cinema, Locale::Zh) => "影城",
        }
    }
}

/// Picks the text of a language: Russian, English, Chinese.
pub const fn say(locale: Locale, texts: [&str; 3]) -> &str {
    match locale {
        Locale::Ru => texts[0],
        Locale::En => texts[1],
        Locale::Zh => texts[2],
    }
}

/// Where everybody is: one loopback port, a host name each.
#[derive(Clone, Copy, Debug)]
pub struct Place {
    /// The port of the one listener.
    pub port: u16,
}

impl Place {
    /// The origin of a party.
    pub fn origin(self, party: Party) -> String {
        format!("http://{}:{}", party.host(), self.port)
    }

    /// A page of a party; `path` begins with a slash.
    pub fn url(self, party: Party, path: &str) -> String {
        format!("{}{path}", self.origin(party))
    }

    /// The audience of a service's API (RFC 8707).
    pub fn audience(self, service: Party) -> String {
        self.url(service, "/api")
    }

    /// The hub: the first page of the demo.
    pub fn hub(self) -> String {
        format!("http://localhost:{}/", self.port)
    }
}
