//! Agreeing to what a service may read.

use super::frame::{ClientCard, Frame};
use super::link::{aurora, polar};
use super::page::{days, page, say};
use super::privacy::ConsentRow;
use crate::clock::Timestamp;
use crate::protocol::locale::Locale;

/// One thing that can be shared.
#[derive(Clone, Debug)]
pub struct ConsentItem {
    /// The value of the checkbox `item`: the scope.
    pub code: String,
    /// What it is, in words of the catalogue.
    pub title: String,
    /// The person's present values, masked; empty when there are none yet.
    pub values: Vec<String>,
    /// What it is for.
    pub purpose: String,
    /// Until when; `None`: until withdrawn.
    pub until: Option<Timestamp>,
    /// The service cannot work without it; otherwise a checkbox, unticked.
    pub required: bool,
    /// Ticked before a form came back with trouble.
    pub ticked: bool,
}

/// Things of one product domain.
#[derive(Clone, Debug)]
pub struct ConsentGroup {
    /// The domain's name in the reader's language.
    pub domain: String,
    /// The service the values come from; `None`: Concord itself.
    pub source: Option<ClientCard>,
    /// What can be shared.
    pub items: Vec<ConsentItem>,
}

/// Something asked for that cannot be shared, because the account it comes from is not linked.
#[derive(Clone, Debug)]
pub struct MissingLink {
    /// What was asked for.
    pub title: String,
    /// The service that has it.
    pub service: String,
    /// Where to connect it: the service's own page.
    pub connect_url: Option<String>,
}

/// The consent page. The service asking is the frame's client.
#[derive(Clone, Debug)]
pub struct Consent {
    /// What is asked for, by domain.
    pub groups: Vec<ConsentGroup>,
    /// What was asked for and needs a link that is missing.
    pub missing: Vec<MissingLink>,
    /// What the service may read already: then this page asks for the difference only.
    pub already: Vec<String>,
    /// The texts that are agreed to.
    pub texts: Vec<AgreementText>,
}

impl ConsentItem {
    /// Signing in itself, which every service needs.
    pub fn to_sign_in(f: &Frame, until: Timestamp) -> Self {
        let (title, purpose) = ConsentRow::to_sign_in(f);
        Self { code: "openid".into(), title, values: Vec::new(), purpose, until: Some(until), required: true, ticked: false }
    }

    /// A person's value under its name, where there is more than one.
    pub fn named(f: &Frame, name: &str, value: &str) -> String {
        f.t2("named-value", "name", name, "value", value)
    }
}

impl Consent {
    pub(super) fn has_optional(&self) -> bool {
        self.groups.iter().any(|g| g.items.iter().any(|i| !i.required))
    }

    pub(super) fn asks_more(&self) -> bool {
        !self.already.is_empty()
    }

    pub(super) fn asker(&self, f: &Frame) -> String {
        f.client.as_ref().map_or_else(|| f.t("a-service"), |c| c.name.clone())
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let (sign_in, loyalty) = (sample_sign_in(l), sample_loyalty(l));
        let missing = MissingLink {
            title: say(l, "Счета и карты", "Accounts and cards", "账户与银行卡"),
            service: aurora(l).name,
            connect_url: Some("http://bank.localhost:8080/".into()),
        };
        let plain = Self {
            groups: vec![sign_in.clone(), loyalty.clone()],
            missing: vec![],
            already: vec![],
            texts: vec![AgreementText { kind: AgreementKind::Share, version: 3, url: "/agreements/share".into() }],
        };
        let already = vec![
            say(l, "Что это вы", "That it is you", "确认是您本人"),
            say(l, "Как к вам обращаться", "How to address you", "对您的称呼"),
        ];
        vec![
            ("full", plain.clone()),
            ("missing", Self { missing: vec![missing.clone()], groups: vec![sign_in.clone()], ..plain.clone() }),
            ("diff", Self { groups: vec![loyalty], already, ..plain.clone() }),
            (
                "least",
                Self {
                    groups: vec![ConsentGroup { items: sign_in.items[..1].to_vec(), ..sign_in }],
                    missing: vec![MissingLink { connect_url: None, ..missing }],
                    texts: vec![AgreementText { kind: AgreementKind::SignIn, version: 1, url: "/agreements/sign_in".into() }],
                    ..plain
                },
            ),
        ]
    }
}
page!(Consent, "consent/consent.html");

/// What an agreement is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AgreementKind {
    /// Signing in at a service.
    SignIn,
    /// Linking an account.
    Link,
    /// Sharing data.
    Share,
}

impl AgreementKind {
    /// The message that names it.
    pub(super) const fn key(self) -> &'static str {
        match self {
            Self::SignIn => "agreement-sign-in",
            Self::Link => "agreement-link",
            Self::Share => "agreement-share",
        }
    }
}

/// Where the whole text of an agreement can be read.
#[derive(Clone, Debug)]
pub struct AgreementText {
    /// What it is about.
    pub kind: AgreementKind,
    /// The version of the text.
    pub version: u32,
    /// The address of its page.
    pub url: String,
}

/// The whole text of an agreement in one version, which the consent and link pages lead to.
#[derive(Clone, Debug)]
pub struct Agreement {
    /// What it is about.
    pub kind: AgreementKind,
    /// The version.
    pub version: u32,
    /// The text; an empty line divides paragraphs.
    pub text: String,
    /// SHA-256 of the text in hex, as consents record it.
    pub sha256: String,
}

impl Agreement {
    pub(super) fn paragraphs(&self) -> Vec<&str> {
        self.text.split("\n\n").filter(|p| !p.trim().is_empty()).collect()
    }

    pub(super) fn samples(l: Locale) -> Vec<(&'static str, Self)> {
        let text = say(
            l,
            "Вы разрешаете получателю, названному на странице согласия, читать перечисленные там данные с указанной целью и ни для чего другого.\n\nРазрешение прекращается в указанный день или раньше, если вы его отзовёте.",
            "You allow the recipient named on the consent page to read the data listed there, for the stated purpose and for nothing else.\n\nThe permission ends on the date shown, or earlier if you withdraw it.",
            "您允许同意页面上所列的接收方仅为所述目的读取其中列出的数据。\n\n此许可于所示日期终止，您也可以提前撤回。",
        );
        vec![(
            "plain",
            Self {
                kind: AgreementKind::Share,
                version: 3,
                text,
                sha256: "9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08".into(),
            },
        )]
    }
}
page!(Agreement, "consent/agreement.html");

fn sample_sign_in(l: Locale) -> ConsentGroup {
    ConsentGroup {
        domain: say(l, "Личность и связь", "Identity and contact", "身份与联系方式"),
        source: None,
        items: vec![
            item(l, "openid", ["Что это вы", "That it is you", "确认是您本人"], &[], ["вход в сервис", "signing in", "登录"], true),
            item(
                l,
                "profile",
                ["Как к вам обращаться", "How to address you", "对您的称呼"],
                &[&say(l, "Анна", "Anna", "安娜")],
                ["приветствие и настройки", "greeting and settings", "称呼与设置"],
                true,
            ),
            item(
                l,
                "email",
                ["Адрес электронной почты", "Email address", "电子邮箱"],
                &["a•••k@e•••.com"],
                ["билеты и чеки", "tickets and receipts", "发送电子票和收据"],
                false,
            ),
        ],
    }
}

fn sample_loyalty(l: Locale) -> ConsentGroup {
    ConsentGroup {
        domain: say(l, "Лояльность", "Loyalty", "会员积分"),
        source: Some(polar(l)),
        items: vec![
            ConsentItem {
                until: Some(days(730)),
                ..item(
                    l,
                    "loyalty",
                    ["Уровень и баланс баллов", "Tier and points", "会员等级和积分"],
                    &[&say(l, "Серебро", "Silver", "银卡"), &say(l, "1\u{a0}240 баллов", "1,240 points", "1240 积分")],
                    ["показать вашу скидку", "show your discount", "显示您的折扣"],
                    false,
                )
            },
            ConsentItem {
                until: Some(days(180)),
                ..item(
                    l,
                    "loyalty.history",
                    ["История начислений", "Points history", "积分记录"],
                    &[],
                    ["личные предложения", "personal offers", "个性化优惠"],
                    false,
                )
            },
        ],
    }
}

fn item(l: Locale, code: &str, title: [&str; 3], values: &[&str], purpose: [&str; 3], required: bool) -> ConsentItem {
    ConsentItem {
        code: code.into(),
        title: say(l, title[0], title[1], title[2]),
        values: values.iter().map(|v| (*v).to_owned()).collect(),
        purpose: say(l, purpose[0], purpose[1], purpose[2]),
        until: None,
        required,
        ticked: false,
    }
}
