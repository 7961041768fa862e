//! What the demo's pages look like when something has happened.

use super::demo::{
    Brand, ConcordState, Hub, LogEntry, OutboxMail, Panel, PanelContents, PartnerAccount, PartnerNotice, Persona, Tone, TryStep, TryThis,
};
use super::link::{aurora, kinograd, polar};
use super::page::{days, minutes, say};
use crate::protocol::locale::Locale;

/// Bank, loyalty, cinema.
pub(super) fn brands(l: Locale) -> [Brand; 3] {
    let of = |card: super::frame::ClientCard, domain: [&str; 3], tagline: [&str; 3], about: [&str; 3]| Brand {
        name: card.name,
        domain: say(l, domain[0], domain[1], domain[2]),
        tagline: say(l, tagline[0], tagline[1], tagline[2]),
        about: say(l, about[0], about[1], about[2]),
        url: format!("http://{}:8080/", card.host),
        host: format!("{}:8080", card.host),
        logo: card.logo,
    };
    [
        of(
            aurora(l),
            ["банк", "banking", "银行"],
            ["Спокойно с деньгами с 1998 года.", "At ease with money since 1998.", "自 1998 年起，让您安心理财。"],
            [
                "24 своих клиента. Покажет скидку, если вы разрешите посмотреть баллы.",
                "24 customers of its own. Shows a discount if you let it see your points.",
                "自有 24 位客户。如果您允许查看积分，会为您显示折扣。",
            ],
        ),
        of(
            polar(l),
            ["лояльность", "loyalty", "会员积分"],
            [
                "Баллы за каждую покупку, от аптеки до кино.",
                "Points for every purchase, from the pharmacy to the cinema.",
                "从药店到影院，每次消费都有积分。",
            ],
            [
                "31 участник. API спрашивает Concord, чей это токен и действует ли он ещё.",
                "31 members. Its API asks Concord whose token it was shown, and whether it still counts.",
                "31 位会员。其 API 向 Concord 查询令牌属于谁、是否仍然有效。",
            ],
        ),
        of(
            kinograd(l),
            ["кино", "media", "影音"],
            ["Двенадцать залов и ни одного плохого места.", "Twelve screens, and not one bad seat.", "十二个影厅，座座皆佳。"],
            [
                "18 своих зрителей. Новые могут прийти через Concord.",
                "18 ticket buyers of its own. New people may come through Concord.",
                "自有 18 位观众。新用户可以通过 Concord 加入。",
            ],
        ),
    ]
}

/// The hub after two of six steps.
pub(super) fn hub(l: Locale) -> Hub {
    let services = brands(l);
    let step = |step, i: usize, account: Option<(&str, &str)>, done| TryStep {
        step,
        service: services[i].name.clone(),
        local_account: account.map(|(login, password)| (login.to_owned(), password.to_owned())),
        url: services[i].url.clone(),
        done,
    };
    let account_url = "http://id.localhost:8080/account".to_owned();
    let steps = vec![
        step(TryThis::Register, 2, None, true),
        step(TryThis::ConnectLoyalty, 1, Some(("anna", "polar")), true),
        step(TryThis::ConnectBank, 0, Some(("anna", "aurora")), false),
        step(TryThis::Share, 0, None, false),
        TryStep { url: format!("{account_url}/privacy"), ..step(TryThis::Withdraw, 0, None, false) },
        TryStep { url: format!("{account_url}/links"), ..step(TryThis::EndLink, 0, None, false) },
    ];
    let persona = |handle: &str, name: [&str; 3], about: [&str; 3]| Persona {
        handle: handle.into(),
        name: say(l, name[0], name[1], name[2]),
        about: say(l, about[0], about[1], about[2]),
    };
    let mail = |subject: [&str; 3], code: Option<&str>, ago: i64| OutboxMail {
        to: "anna.k@example.com".into(),
        subject: say(l, subject[0], subject[1], subject[2]),
        code: code.map(str::to_owned),
        body: say(l, "Здравствуйте!\n\nТекст письма.", "Hello,\n\nThe text of the mail.", "您好！\n\n邮件正文。"),
        at: minutes(-ago),
    };
    Hub {
        steps,
        account_url,
        account_host: "id.localhost:8080/account".into(),
        personas: vec![
            persona(
                "anna",
                ["Анна", "Anna", "安娜"],
                ["новенькая, два аккаунта ждут связи", "new, two accounts to link", "新用户，有两个账户待关联"],
            ),
            persona("boris", ["Борис", "Boris", "鲍里斯"], ["всё связано", "everything linked", "全部已关联"]),
            persona(
                "clara",
                ["Клара", "Clara", "克拉拉"],
                ["один телефон с мужем", "shares a phone with her husband", "与丈夫共用一个手机号"],
            ),
            persona("mei", ["Мэйлин", "Meiling", "美玲"], ["страницы на китайском", "Chinese pages", "中文页面"]),
        ],
        outbox: vec![
            mail(
                [
                    "«Полярные баллы» связаны с вашим Concord ID",
                    "Polar Points is linked to your Concord ID",
                    "极地积分已关联您的 Concord ID",
                ],
                None,
                1,
            ),
            mail(["492017 — код для Concord ID", "492017 is your Concord ID code", "492017 是您的 Concord ID 验证码"], Some("492017"), 3),
        ],
        log: log(l),
        live: false,
        more: vec![
            ("OpenAPI".into(), "/openapi.json".into()),
            ("/.well-known/openid-configuration".into(), "/.well-known/openid-configuration".into()),
        ],
        services: services.to_vec(),
    }
}

fn log(l: Locale) -> Vec<LogEntry> {
    let answer = r#"{
  "active": true,
  "scope": "loyalty",
  "client_id": "aurora-bank",
  "sub": "k3JqT0b7m9w",
  "links": [{ "state": "active", "local_account": "PP-104417", "since": "2026-11-22" }],
  "consents": [{ "scope": "loyalty", "purpose": "loyalty.participation", "valid_until": "2028-11-22" }]
}"#;
    let entry = |time: &str, call: &str, about: [&str; 3], outcome: &str, tone| LogEntry {
        time: time.into(),
        call: call.into(),
        about: say(l, about[0], about[1], about[2]),
        outcome: outcome.into(),
        tone,
        parts: vec![],
        curl: None,
        specification: None,
    };
    vec![
        LogEntry {
            parts: vec![(say(l, "Ответ", "Answer", "响应"), answer.into())],
            curl: Some("curl -u polar-points:$SECRET -d token=$TOKEN http://id.localhost:8080/oauth2/introspect".into()),
            specification: Some(("RFC 7662".into(), "https://www.rfc-editor.org/rfc/rfc7662".into())),
            ..entry(
                "14:03:11.412",
                "POST /oauth2/introspect",
                [
                    "«Полярные баллы» спрашивают о токене банка",
                    "Polar Points asks about a token of Aurora Bank",
                    "极地积分查询极光银行的令牌",
                ],
                "active",
                Tone::Good,
            )
        },
        entry(
            "14:03:11.398",
            "GET /api/tier",
            ["Банк обращается к «Полярным баллам»", "Aurora Bank calls Polar Points", "极光银行调用极地积分"],
            "200",
            Tone::Good,
        ),
        entry("14:03:02.006", "link.activated", ["PP-104417", "PP-104417", "PP-104417"], "event", Tone::Info),
        entry(
            "14:02:51.771",
            "POST /oauth2/token",
            ["Код показан второй раз", "A code was shown twice", "授权码被重复使用"],
            "invalid_grant",
            Tone::Bad,
        ),
    ]
}

/// Signed in at the partners, in different states.
pub(super) fn accounts(l: Locale) -> Vec<(&'static str, PartnerAccount)> {
    let [bank, loyalty, cinema] = brands(l);
    let pair = |label: [&str; 3], value: &str| (say(l, label[0], label[1], label[2]), value.to_owned());
    let tier = say(l, "Уровень и баланс баллов", "Tier and points", "会员等级和积分");
    let points = |contents| Panel { id: "loyalty".into(), title: tier.clone(), from: Some(loyalty.name.clone()), contents };
    let standing = vec![
        pair(["Уровень", "Tier", "等级"], &say(l, "Серебро", "Silver", "银卡")),
        pair(["Баллы", "Points", "积分"], &say(l, "1 240", "1,240", "1,240")),
    ];
    let cards = Panel {
        id: "accounts".into(),
        title: say(l, "Ваши счета", "Your accounts", "您的账户"),
        from: None,
        contents: PanelContents::Rows(vec![
            pair(["Текущий •••• 0921", "Current •••• 0921", "活期 •••• 0921"], &say(l, "42 180,50 ₽", "42,180.50 ₽", "42,180.50 ₽")),
            pair(["Накопительный •••• 3310", "Savings •••• 3310", "储蓄 •••• 3310"], &say(l, "310 000 ₽", "310,000 ₽", "310,000 ₽")),
        ]),
    };
    let at_bank = PartnerAccount {
        notice: None,
        person: say(l, "Анна К.", "Anna K.", "安娜"),
        account: "AB-20-0921".into(),
        facts: vec![pair(["Клиент с", "Customer since", "开户时间"], "2019"), pair(["Отделение", "Branch", "网点"], "№ 7")],
        concord: ConcordState::Connected { since: days(-120) },
        panels: vec![cards, points(PanelContents::Rows(standing.clone()))],
        everywhere: true,
        tokens: vec![(
            "ID token".into(),
            "{\n  \"iss\": \"http://id.localhost:8080\",\n  \"sub\": \"k3JqT0b7m9w\",\n  \"acr\": \"aal1\"\n}".into(),
        )],
        manage_url: "http://id.localhost:8080/account/links".into(),
        hub_url: "http://id.localhost:8080/demo".into(),
        brand: bank,
    };
    let with = |contents| PartnerAccount { panels: vec![points(contents)], ..at_bank.clone() };
    let at_loyalty = PartnerAccount {
        brand: loyalty.clone(),
        account: "PP-104417".into(),
        facts: standing,
        concord: ConcordState::NotConnected,
        panels: vec![],
        everywhere: false,
        tokens: vec![],
        ..at_bank.clone()
    };
    let at_cinema = PartnerAccount {
        brand: cinema,
        account: "KG-000118".into(),
        facts: vec![],
        concord: ConcordState::CameThroughConcord,
        notice: Some(PartnerNotice::Connected),
        ..at_loyalty.clone()
    };
    let mut all = vec![
        ("bank-connected", at_bank.clone()),
        ("bank-asks", with(PanelContents::Ask)),
        ("bank-withdrawn", with(PanelContents::Withdrawn)),
        ("bank-not-linked", with(PanelContents::NotLinked)),
        ("bank-unavailable", with(PanelContents::Unavailable)),
        ("loyalty-not-connected", at_loyalty.clone()),
        ("cinema-through-concord", at_cinema),
    ];
    for (name, notice) in [
        ("loyalty-declined", PartnerNotice::Declined),
        ("loyalty-failed", PartnerNotice::LinkFailed),
        ("loyalty-disconnected", PartnerNotice::Disconnected),
        ("loyalty-ended", PartnerNotice::EndedByConcord),
        ("loyalty-refused", PartnerNotice::SignInDeclined),
        ("loyalty-broken", PartnerNotice::SignInFailed),
        ("loyalty-not-shared", PartnerNotice::ShareDeclined),
    ] {
        all.push((name, PartnerAccount { notice: Some(notice), ..at_loyalty.clone() }));
    }
    all
}
