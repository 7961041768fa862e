//! Who sees what, and taking it back.

use super::account::Notice;
use super::frame::{ClientCard, Frame};
use super::link::{aurora, kinograd, polar};
use super::page::{days, minutes, page, say};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// What a service may read of a domain.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Cell {
    /// Nothing.
    Nothing,
    /// It is the service's own data.
    Own,
    /// Needed for the service to work.
    Needed,
    /// Shared by choice.
    Chosen,
    /// Shared, and ends within 30 days.
    EndsSoon,
}

impl Cell {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Nothing => "cell-nothing",
            Self::Own => "cell-own",
            Self::Needed => "cell-needed",
            Self::Chosen => "cell-chosen",
            Self::EndsSoon => "cell-ends-soon",
        }
    }

    /// Class of the mark, and its sign.
    pub(super) fn mark(self) -> (&'static str, &'static str) {
        match self {
            Self::Nothing => ("no", "–"),
            Self::Own => ("own", "•"),
            Self::Needed => ("yes", "✓"),
            Self::Chosen => ("opt", "◐"),
            Self::EndsSoon => ("exp", "!"),
        }
    }
}

/// A service's row of the table.
#[derive(Clone, Debug)]
pub struct MatrixRow {
    /// The service.
    pub service: ClientCard,
    /// A cell for each of the page's domains, in their order.
    pub cells: Vec<Cell>,
}

/// How a consent is taken back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Withdrawal {
    /// With the button beside it.
    OneClick,
    /// It carries the sign-in: a page says first what stops.
    Confirm {
        /// That page.
        url: String,
    },
}

/// A live consent.
#[derive(Clone, Debug)]
pub struct ConsentRow {
    /// Its id outside (`cns_...`): the value of the field `consent`.
    pub id: String,
    /// Who may read.
    pub service: ClientCard,
    /// What.
    pub what: String,
    /// What for.
    pub purpose: String,
    /// Since when.
    pub given_at: Timestamp,
    /// Until when; `None`: until withdrawn.
    pub until: Option<Timestamp>,
    /// How it is taken back.
    pub withdrawal: Withdrawal,
}

impl ConsentRow {
    /// What the consent to sign in is called, and what it is for.
    pub fn to_sign_in(f: &Frame) -> (String, String) {
        (f.t("sign-in-consent"), f.t("sign-in-consent-why"))
    }

    pub(super) fn confirm_url(&self) -> Option<&str> {
        match &self.withdrawal {
            Withdrawal::OneClick => None,
            Withdrawal::Confirm { url } => Some(url),
        }
    }
}

/// `/account/privacy`.
#[derive(Clone, Debug)]
pub struct Privacy {
    /// Said at the top.
    pub notice: Option<Notice>,
    /// The table's columns: names of product domains.
    pub domains: Vec<String>,
    /// The table's rows.
    pub rows: Vec<MatrixRow>,
    /// The consents, the newest first.
    pub consents: Vec<ConsentRow>,
}

impl Privacy {
    pub(super) fn cells<'a>(&'a self, row: &'a MatrixRow) -> Vec<(&'a str, Cell)> {
        self.domains.iter().map(String::as_str).zip(row.cells.iter().copied()).collect()
    }

    pub(super) fn nav(&self) -> &'static str {
        "/account/privacy"
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        use Cell::{Chosen, EndsSoon, Needed, Nothing, Own};
        let domains = [
            ["Личность", "Identity", "身份"],
            ["Контакты", "Contacts", "联系方式"],
            ["Лояльность", "Loyalty", "会员积分"],
            ["Банк", "Banking", "银行"],
            ["Медиа", "Media", "影音"],
        ];
        let volna = ClientCard::new("volna-mobile", &say(l, "Волна Мобайл", "Volna Mobile", "沃尔纳移动"), "volna.localhost", true);
        let full = Self {
            notice: None,
            domains: domains.iter().map(|d| say(l, d[0], d[1], d[2])).collect(),
            rows: vec![
                MatrixRow { service: aurora(l), cells: vec![Needed, Needed, Chosen, Own, Nothing] },
                MatrixRow { service: kinograd(l), cells: vec![Needed, Chosen, Nothing, Nothing, Own] },
                MatrixRow { service: polar(l), cells: vec![Needed, EndsSoon, Own, Nothing, Nothing] },
                MatrixRow { service: volna, cells: vec![Needed, Needed, Nothing, Nothing, Nothing] },
            ],
            consents: sample_consents(l),
        };
        let empty = Self { rows: vec![], consents: vec![], ..full.clone() };
        vec![
            ("full", full.clone()),
            ("withdrawn", Self { notice: Some(Notice::ConsentWithdrawn { service: aurora(l).name }), ..full }),
            ("empty", empty),
        ]
    }
}
page!(Privacy, "account/privacy.html");

pub(super) fn sample_consents(l: Locale) -> Vec<ConsentRow> {
    let row = |id: &str, service, what: [&str; 3], purpose: [&str; 3], at, until, withdrawal| ConsentRow {
        id: id.into(),
        service,
        what: say(l, what[0], what[1], what[2]),
        purpose: say(l, purpose[0], purpose[1], purpose[2]),
        given_at: at,
        until,
        withdrawal,
    };
    vec![
        row(
            "cns_01",
            aurora(l),
            ["Уровень и баланс баллов", "Tier and points", "会员等级和积分"],
            ["показать вашу скидку", "show your discount", "显示您的折扣"],
            minutes(-3),
            Some(days(730)),
            Withdrawal::OneClick,
        ),
        row(
            "cns_02",
            kinograd(l),
            ["Адрес электронной почты", "Email address", "电子邮箱"],
            ["билеты и чеки", "tickets and receipts", "发送电子票和收据"],
            days(-3),
            None,
            Withdrawal::OneClick,
        ),
        row(
            "cns_03",
            aurora(l),
            ["Вход через Concord ID", "Sign-in with Concord ID", "使用 Concord ID 登录"],
            ["вход в сервис", "signing in", "登录"],
            days(-120),
            None,
            Withdrawal::Confirm { url: "/account/services/aurora-bank/disconnect".into() },
        ),
    ]
}

/// What a confirm page is about.
#[derive(Clone, Debug)]
pub enum Ending {
    /// End the link with a service's own account.
    Link {
        /// That account, masked.
        local_account: String,
    },
    /// Disconnect a service altogether.
    Service,
}

/// Says what stops and what stays before a link ends or a service is disconnected.
#[derive(Clone, Debug)]
pub struct ConfirmEnding {
    /// What is ended.
    pub ending: Ending,
    /// The service.
    pub service: ClientCard,
    /// Who can no longer read data of this service; may be empty.
    pub readers: Vec<String>,
    /// Where "keep it" leads.
    pub back_url: String,
}

impl ConfirmEnding {
    pub(super) fn is_link(&self) -> bool {
        matches!(self.ending, Ending::Link { .. })
    }

    pub(super) fn local_account(&self) -> &str {
        match &self.ending {
            Ending::Link { local_account } => local_account,
            Ending::Service => "",
        }
    }

    pub(super) fn stops(&self, f: &Frame) -> Vec<String> {
        let name = &self.service.name;
        let mut lines = match self.ending {
            Ending::Link { .. } => vec![f.t1("ending-link-signed-out", "service", name), f.t1("ending-link-sign-in", "service", name)],
            Ending::Service => vec![f.t1("ending-service-signed-out", "service", name), f.t1("ending-service-reads", "service", name)],
        };
        lines.extend(self.readers.iter().map(|reader| f.t2("ending-reader", "reader", reader, "service", name)));
        lines
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let link = Self {
            ending: Ending::Link { local_account: "•••• 4417".into() },
            service: polar(l),
            readers: vec![aurora(l).name, kinograd(l).name],
            back_url: "/account/links".into(),
        };
        let service = Self { ending: Ending::Service, service: kinograd(l), readers: vec![], back_url: "/account".into() };
        vec![("link", link), ("service", service)]
    }
}
page!(ConfirmEnding, "account/confirm_ending.html");
