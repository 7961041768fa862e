//! Linking a service's own account with a Concord ID (ceremony C3).

use super::frame::{ClientCard, Frame};
use super::page::{days, page, say};
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// Both accounts side by side, what flows each way, and two buttons of equal weight.
#[derive(Clone, Debug)]
pub struct Link {
    /// The service whose account is linked.
    pub service: ClientCard,
    /// What the service says of its account, masked, a line each: `Card •••• 4417`, `P•••r I., since March 2021`.
    pub local_lines: Vec<String>,
    /// How the person is addressed at Concord.
    pub nickname: String,
    /// Their address at Concord, masked.
    pub address: String,
    /// Their customer id as spoken.
    pub customer_id: String,
    /// What the service learns from Concord, a line each.
    pub to_service: Vec<String>,
    /// What Concord learns from the service, a line each.
    pub to_concord: Vec<String>,
    /// What the link is for.
    pub purpose: String,
    /// Until when the consent holds; `None`: until withdrawn.
    pub until: Option<Timestamp>,
    /// The version of the agreement's text.
    pub text_version: u32,
    /// Where the whole text can be read.
    pub text_url: String,
}

impl Link {
    /// What every service learns from a link.
    pub fn that_it_is_you(f: &Frame) -> String {
        f.t("link-that-it-is-you")
    }

    /// What Concord learns from every link.
    pub fn which_account(f: &Frame, service: &str) -> String {
        f.t1("link-which-account", "service", service)
    }

    /// What Concord learns of a product domain that the service owns.
    pub fn domain_values(f: &Frame, domain: &str) -> String {
        f.t1("link-domain-values", "domain", domain)
    }

    /// What links are for.
    pub fn usual_purpose(f: &Frame) -> String {
        f.t("link-purpose")
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let plain = Self {
            service: polar(l),
            local_lines: vec![
                say(l, "Карта •••• 4417", "Card •••• 4417", "会员卡 •••• 4417"),
                say(l, "А•••а К., с марта 2021", "A•••a K., since March 2021", "安•，2021年3月起"),
            ],
            nickname: say(l, "Анна", "Anna", "安娜"),
            address: "a•••k@e•••.com".into(),
            customer_id: "28T5-CY4T-QKFF-A".into(),
            to_service: vec![
                say(
                    l,
                    "что это вы, когда входите через Concord ID",
                    "that it is you when you sign in with Concord ID",
                    "您通过 Concord ID 登录时，确认是您本人",
                ),
                say(l, "как к вам обращаться", "how to address you", "对您的称呼"),
            ],
            to_concord: vec![
                say(l, "номер вашей карты участника", "your membership number", "您的会员号"),
                say(
                    l,
                    "уровень и баланс баллов, чтобы делиться ими по вашему выбору",
                    "your tier and points, to share where you choose",
                    "您的会员等级和积分，由您决定与谁分享",
                ),
            ],
            purpose: say(l, "входить без отдельного пароля", "sign in without a separate password", "无需单独密码即可登录"),
            until: Some(days(730)),
            text_version: 3,
            text_url: "/agreements/link/3".into(),
        };
        let long = Self {
            service: ClientCard::new(
                "long",
                &say(
                    l,
                    "Межрегиональная сеть поликлиник «Здравствуйте и до свидания»",
                    "The Honourable Society of Interregional Outpatient Clinics",
                    "跨地区综合门诊医疗服务联合体",
                ),
                "a-very-long-host-name-of-a-service.example.com",
                false,
            ),
            local_lines: vec!["AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA-•••-42".into()],
            to_concord: vec![],
            until: None,
            ..plain.clone()
        };
        vec![("plain", plain), ("long", long)]
    }
}
page!(Link, "link/link.html");

/// Why a link cannot be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LinkProblem {
    /// The service's account is linked with another Concord ID.
    HeldByAnother,
    /// This Concord ID is linked with another account of that service.
    OtherAccountLinked,
    /// The service's proof is too old or was used already.
    ProofTooOld,
    /// The person said no within the last twelve months, or the account is not free to be linked.
    NotNow,
}

/// Linking did not work: what it means, and the way back. Signing in goes on without the link.
#[derive(Clone, Debug)]
pub struct LinkRefused {
    /// The service.
    pub service: ClientCard,
    /// Why.
    pub problem: LinkProblem,
}

impl LinkRefused {
    /// The other link can be ended by the person.
    pub(super) fn another_is_linked(&self) -> bool {
        self.problem == LinkProblem::OtherAccountLinked
    }

    pub(super) fn explanation(&self, f: &Frame) -> String {
        let key = match self.problem {
            LinkProblem::HeldByAnother => "link-refused-held",
            LinkProblem::OtherAccountLinked => "link-refused-other",
            LinkProblem::ProofTooOld => "link-refused-old",
            LinkProblem::NotNow => "link-refused-not-now",
        };
        f.t1(key, "service", &self.service.name)
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let with = |problem| Self { service: polar(l), problem };
        vec![
            ("held", with(LinkProblem::HeldByAnother)),
            ("other", with(LinkProblem::OtherAccountLinked)),
            ("old", with(LinkProblem::ProofTooOld)),
            ("not-now", with(LinkProblem::NotNow)),
        ]
    }
}
page!(LinkRefused, "link/refused.html");

/// The loyalty service of the samples.
pub(super) fn polar(l: Locale) -> ClientCard {
    ClientCard::new("polar-points", &say(l, "Полярные баллы", "Polar Points", "极地积分"), "points.localhost", true)
}

/// The bank of the samples.
pub(super) fn aurora(l: Locale) -> ClientCard {
    ClientCard::new("aurora-bank", &say(l, "Аврора Банк", "Aurora Bank", "极光银行"), "bank.localhost", true)
}

/// The cinema of the samples.
pub(super) fn kinograd(l: Locale) -> ClientCard {
    ClientCard::new("kinograd", &say(l, "Киноград", "Kinograd", "影城"), "cinema.localhost", true)
}
