//! The identifier corpus of security.md 3.8 and the normal forms of domain.md 3.5.

use concord::model::identifier::{Email, Identifier, IdentifierError, IdentifierKind, LoginName, Phone};
use proptest::prelude::*;

fn normal(text: &str) -> Option<String> {
    Identifier::parse(text).ok().map(|identifier| identifier.normal_form().to_owned())
}

/// Every spelling of a row is the one identifier at its head.
const SAME: &[(&str, &[&str])] = &[
    ("alice", &["ALICE", "Alice", "ａｌｉｃｅ", " alice ", "\u{a0}alice\u{a0}"]),
    ("kate", &["\u{212a}ate", "KATE"]),
    ("fi-na", &["\u{fb01}-na"]),
    ("alice@example.com", &["ALICE@EXAMPLE.com", "alice@EXAMPLE.com", "ａlice@example.com", "alice＠example.com", "\talice@example.com "]),
    (
        "alice@xn--bcher-kva.de",
        &["alice@bücher.de", "alice@BÜCHER.de", "alice@xn--bcher-kva.de", "alice@bu\u{308}cher.de", "alice@XN--BCHER-KVA.DE"],
    ),
    ("alice@xn--fa-hia.de", &["alice@faß.de"]),
    ("alice@a.test", &["alice@a。test"]),
    ("alice+tag@x.test", &["alice+tag@x.test"]),
    ("a.l.i.c.e@gmail.com", &["A.l.i.c.e@gmail.com"]),
    (
        "+79991234567",
        &[
            "+7 (999) 123-45-67",
            "89991234567",
            "8 (999) 123 45 67",
            "79991234567",
            "9991234567",
            "+7\u{2011}999\u{2011}123-45.67",
            "＋７９９９１２３４５６７",
        ],
    ),
    ("+77012345678", &["+7 701 234 56 78"]),
    ("+442071838750", &["+44 20 7183 8750"]),
    ("+8613812345678", &["+86 138 1234 5678"]),
    ("+390669812345", &["+39 06 698 12345"]),
];

#[test]
fn one_account_for_every_spelling() {
    for (expected, spellings) in SAME {
        for spelling in *spellings {
            assert_eq!(normal(spelling).as_deref(), Some(*expected), "{spelling:?}");
        }
        assert_eq!(normal(expected).as_deref(), Some(*expected));
    }
    let heads: std::collections::BTreeSet<_> = SAME.iter().map(|(head, _)| head).collect();
    assert_eq!(heads.len(), SAME.len(), "and no two rows are one account");
}

/// What could be taken for somebody else, or cannot be reached, is refused.
const REFUSED: &[&str] = &[
    "",
    " ",
    "\u{a0}",
    "\0",
    "ab",
    // login names
    "Alıce",
    "аlice",
    "alice\u{200b}",
    "ali\u{301}ce",
    "élise",
    "straße",
    "İvan",
    "al\u{202e}ice",
    "alice\r\n",
    "al ice",
    "al\tice",
    "alice\0",
    "admin",
    "ADMIN",
    "ａdmin",
    "root",
    "support",
    ".well-known",
    "well-known",
    "null",
    "undefined",
    "me",
    ".alice",
    "alice.",
    "al..ice",
    "al-_ice",
    "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz",
    "28t5cy4tqkffa",
    "zzzz-zzzz-zzzz-9",
    "=cmd|calc",
    "' OR 1=1--",
    "<script>",
    "../etc",
    // e-mail addresses
    "alice@example.com.",
    "\"alice\"@x.test",
    "alice(comment)@x.test",
    "alice @x.test",
    "alice@ x.test",
    "a@b@c.test",
    "a@[127.0.0.1]",
    "a@127.0.0.1",
    "a@localhost",
    "@x.test",
    "a@",
    "a@.test",
    "a@x..test",
    "a@-x.test",
    "a@x-.test",
    "a@x_y.test",
    "a@xn--.test",
    "a@xn--zzzzzz99.test",
    ".a@x.test",
    "a.@x.test",
    "a..b@x.test",
    "алиса@x.test",
    "=?utf-8?q?alice?=@x.test",
    "=?utf-8?q?…?=@x.test",
    "alice@x.test\r\n",
    "alice@x.test\r\nBcc: b@y.test",
    "alice\u{200b}@x.test",
    "alice@x.test,bob@y.test",
    "alice@x\u{202e}.test",
    "<alice@x.test>",
    "alice\0@x.test",
    // phones
    "+",
    "+7",
    "+7 999",
    "+7 999 123 45 67 89",
    "12345678901234567890",
    "+12345678901234567890",
    "٨٩٩٩١٢٣٤٥٦٧",
    "+7٩٩٩١٢٣٤٥٦٧",
    "8999123456",
    "+0 999 123 45 67",
    "+999 123 456 789",
    "8 (999) 123-45-67 ext 5",
    "+7 999 123 45 67;8",
    "tel:+79991234567",
    "+7+9991234567",
    "112",
    "1234567",
    "009991234567",
    "+7 (999) 12A-45-67",
];

#[test]
fn what_looks_alike_is_refused() {
    for text in REFUSED {
        assert_eq!(normal(text), None, "{text:?}");
    }
}

#[test]
fn lengths_end_where_rfc_5321_says() {
    let local = |n: usize| normal(&format!("{}@x.test", "a".repeat(n))).is_some();
    assert!(local(64) && !local(65));
    let label = "b".repeat(61);
    let total = |n: usize| {
        let domain = format!("{label}.{label}.{label}");
        let rest = n - domain.len() - 1 - 5;
        normal(&format!("{}@{domain}.test", "a".repeat(rest))).is_some()
    };
    assert!(total(254) && !total(255));
    assert_eq!("x".repeat(1_000_000).parse::<Email>(), Err(IdentifierError::Length));
}

#[test]
fn mail_goes_to_the_spelling_that_was_given() {
    let email: Email = "Ivan.Petrov@Bücher.DE".parse().unwrap();
    assert_eq!(email.address(), "Ivan.Petrov@xn--bcher-kva.de");
    assert_eq!(email.normal_form(), "ivan.petrov@xn--bcher-kva.de");
    assert_eq!(email, "ivan.petrov@bücher.de".parse().unwrap());
}

#[test]
fn masks_show_the_ends_and_debug_shows_the_mask() {
    for (text, mask) in [
        ("alik@example.com", "a•••k@e•••.com"),
        ("a@x.test", "a•••@x•••.test"),
        ("abc@mail.co.uk", "a•••@m•••.uk"),
        ("+79161234512", "+7 ••• ••12"),
        ("+8613812345678", "+86 ••• ••78"),
        ("alice", "a•••e"),
        ("bob", "b•••"),
    ] {
        let identifier = Identifier::parse(text).unwrap();
        assert_eq!(identifier.masked(), mask);
        let shown = format!("{identifier:?}");
        assert!(shown.ends_with(mask) && !shown.contains(text), "{shown}");
    }
    assert_eq!(format!("{:?}", "+79161234512".parse::<Phone>().unwrap()), "+7 ••• ••12");
}

#[test]
fn the_kind_is_seen_by_the_look() {
    let kind = |text: &str| Identifier::parse(text).map(|identifier| identifier.kind());
    assert_eq!(kind("alice@x.test"), Ok(IdentifierKind::Email));
    assert_eq!(kind("(999) 123-45-67"), Ok(IdentifierKind::Phone));
    assert_eq!(kind("alice"), Ok(IdentifierKind::Login));
    assert_eq!(kind("123"), Err(IdentifierError::Phone));
    assert_eq!("admin".parse::<LoginName>(), Err(IdentifierError::Reserved));
    for kind in IdentifierKind::ALL {
        assert_eq!(IdentifierKind::from_word(kind.as_str()), Some(kind));
    }
}

#[test]
fn what_is_stored_reads_back() {
    for text in ["Alice@bücher.de", "+79161234567", "alice"] {
        let identifier = Identifier::parse(text).unwrap();
        let json = serde_json::to_string(&identifier).unwrap();
        let back: Identifier = serde_json::from_str(&json).unwrap();
        assert_eq!(back, identifier);
        assert_eq!(back.original(), identifier.original());
    }
    assert!(serde_json::from_str::<Identifier>(r#"["phone","alice"]"#).is_err());
}

proptest! {
    #[test]
    fn normalising_twice_changes_nothing(text in prop_oneof![
        ".{0,40}",
        "[a-zA-Z0-9.+ａ-ｚü\u{212a}]{1,12}@[a-zA-Zßüéж。.-]{1,12}\\.[a-z]{2,4}",
        "[+]?[0-9 ()-]{5,18}",
        "[a-zA-Z0-9._-]{2,20}",
    ]) {
        if let Ok(identifier) = Identifier::parse(&text) {
            let again = Identifier::read(identifier.kind(), identifier.normal_form()).expect("a normal form is readable");
            prop_assert_eq!(again.normal_form(), identifier.normal_form());
            prop_assert_eq!(Identifier::parse(identifier.normal_form()), Ok(identifier.clone()));
            prop_assert_eq!(Identifier::read(identifier.kind(), identifier.original()), Ok(identifier.clone()));
            prop_assert!(identifier.normal_form().is_ascii());
        }
    }
}
