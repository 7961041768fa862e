//! Rows for what people and clients do; every combination is in `every`.

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);

fn ago(seconds: u64) -> Timestamp {
    NOW - Duration::from_secs(seconds)
}

fn customer(bits: u64) -> CustomerId {
    CustomerId::from_bits(bits).expect("drawable")
}

fn prompt(words: &str) -> PromptSet {
    if words.is_empty() { PromptSet::default() } else { words.parse().expect("prompt") }
}

fn asked(words: &str) -> Ask {
    Ask { prompt: prompt(words), enabled: true, ..Ask::default() }
}

#[expect(clippy::unnecessary_wraps, reason = "as the facts hold it")]
fn present(auth_seconds_ago: u64) -> Option<Present> {
    Some(Present { customer: customer(5), auth_time: ago(auth_seconds_ago), acr: Acr::Aal1 })
}

fn scopes(text: &str) -> Missing {
    Missing { sign_in: false, scopes: text.parse().expect("scope") }
}

/// A flow that began a minute ago.
fn decided(ask: Option<Ask>, present: Option<Present>, gathered: &Gathered, missing: Missing) -> Next {
    decide(&Facts { now: NOW, started: ago(60), life: Life::Open, ask, present, change: false, gathered, missing })
}

fn typed(route: Route) -> Gathered {
    Gathered { identifier: Some("anna@example.com".into()), route, ..Gathered::default() }
}

#[test]
fn somebody_unknown_is_led_to_a_session() {
    let nobody = |gathered: &Gathered, words| decided(Some(asked(words)), None, gathered, Missing::default());
    let fresh = Gathered::default();
    assert_eq!(nobody(&fresh, ""), Next::Login(LoginStep::Identify));
    assert_eq!(nobody(&fresh, "login consent"), Next::Login(LoginStep::Identify));
    assert_eq!(nobody(&fresh, "create"), Next::Register(RegisterStep::Email));
    assert_eq!(nobody(&fresh, "none"), error(ErrorCode::LoginRequired));
    assert_eq!(nobody(&Gathered { route: Route::Register, ..fresh.clone() }, ""), Next::Register(RegisterStep::Email));
    assert_eq!(nobody(&typed(Route::Password), ""), Next::Login(LoginStep::Password));
    assert_eq!(nobody(&typed(Route::Code), ""), Next::VerifyContact);
    assert_eq!(nobody(&typed(Route::Register), "create"), Next::VerifyContact);
    let proved = Gathered { proved: true, ..typed(Route::Register) };
    assert_eq!(nobody(&proved, ""), Next::Register(RegisterStep::Name));
    assert_eq!(nobody(&Gathered { nickname: Some("Zaya".into()), ..proved }, ""), Next::Register(RegisterStep::Password));
    assert_eq!(decided(None, None, &fresh, Missing::default()), Next::Login(LoginStep::Identify));
}

#[test]
fn az14_prompt_and_max_age_are_honoured() {
    let none = Missing::default;
    let fresh = Gathered::default();
    for (words, max_age, signed_in_ago, expected) in [
        ("", None, 3600, Next::Respond(Answer::Grant)),
        ("none", None, 3600, Next::Respond(Answer::Grant)),
        ("login", None, 3600, Next::StepUp(Why::Prompt)),
        ("login", None, 30, Next::Respond(Answer::Grant)),
        ("", Some(10_000), 3600, Next::Respond(Answer::Grant)),
        ("", Some(1), 3600, Next::StepUp(Why::MaxAge)),
        ("", Some(1), 30, Next::Respond(Answer::Grant)),
        ("", Some(0), 3600, Next::StepUp(Why::MaxAge)),
        ("none", Some(1), 3600, error(ErrorCode::LoginRequired)),
        ("select_account", None, 3600, Next::Login(LoginStep::SelectAccount)),
        ("select_account", None, 30, Next::Respond(Answer::Grant)),
        ("create", None, 3600, Next::Register(RegisterStep::Email)),
    ] {
        let ask = Ask { max_age: max_age.map(Duration::from_secs), ..asked(words) };
        assert_eq!(decided(Some(ask), present(signed_in_ago), &fresh, none()), expected, "{words} {max_age:?} {signed_in_ago}");
    }
    let chosen = Gathered { account_chosen: true, ..fresh };
    assert_eq!(decided(Some(asked("select_account")), present(3600), &chosen, none()), Next::Respond(Answer::Grant));
    let another = typed(Route::Password);
    assert_eq!(decided(Some(asked("select_account")), present(3600), &another, none()), Next::Login(LoginStep::Password));
}

#[test]
fn somebody_else_is_never_answered_for() {
    let fresh = Gathered::default();
    let expecting = |words| Ask { expected: Some(customer(6)), ..asked(words) };
    assert_eq!(decided(Some(expecting("")), present(3600), &fresh, Missing::default()), Next::Login(LoginStep::Identify));
    assert_eq!(decided(Some(expecting("")), present(30), &fresh, Missing::default()), error(ErrorCode::LoginRequired));
    assert_eq!(decided(Some(expecting("none")), present(3600), &fresh, Missing::default()), error(ErrorCode::LoginRequired));
}

#[test]
fn co7_a_link_needs_a_fresh_sign_in_and_comes_before_consent() {
    let fresh = Gathered::default();
    let ask = Ask { link: true, ..asked("") };
    assert_eq!(decided(Some(ask), present(301), &fresh, scopes("loyalty")), Next::StepUp(Why::Link));
    assert_eq!(decided(Some(ask), present(299), &fresh, scopes("loyalty")), Next::Link);
    let declined = Gathered { link: Some(LinkDecision::Declined), ..fresh };
    assert_eq!(decided(Some(ask), present(299), &declined, scopes("loyalty")), Next::Consent(scopes("loyalty")));
    assert_eq!(decided(Some(ask), present(299), &declined, Missing::default()), Next::Respond(Answer::Grant));
}

#[test]
fn consent_is_asked_for_what_is_missing_only() {
    let fresh = Gathered::default();
    assert_eq!(decided(Some(asked("")), present(30), &fresh, scopes("loyalty")), Next::Consent(scopes("loyalty")));
    assert_eq!(decided(Some(asked("none")), present(30), &fresh, scopes("loyalty")), error(ErrorCode::ConsentRequired));
    let sign_in = Missing { sign_in: true, ..Missing::default() };
    assert_eq!(decided(Some(asked("")), present(30), &fresh, sign_in.clone()), Next::Consent(sign_in));
}

#[test]
fn mf11_an_essential_level_that_is_not_reached_is_an_error() {
    let ask = Ask { essential_acr: Some(Acr::Aal2), ..asked("") };
    assert_eq!(
        decided(Some(ask), present(30), &Gathered::default(), Missing::default()),
        error(ErrorCode::UnmetAuthenticationRequirements)
    );
    let reached = Ask { essential_acr: Some(Acr::Aal1), ..asked("none") };
    assert_eq!(decided(Some(reached), present(30), &Gathered::default(), Missing::default()), Next::Respond(Answer::Grant));
    assert_eq!(
        decided(Some(ask), None, &Gathered::default(), Missing::default()),
        Next::Login(LoginStep::Identify),
        "first somebody is here"
    );
}

#[test]
fn somebody_signed_in_proves_it_again_by_password_or_code() {
    let prove = |gathered: &Gathered, seconds| {
        let facts = Facts {
            now: NOW,
            started: ago(60),
            life: Life::Open,
            ask: None,
            present: present(seconds),
            change: true,
            gathered,
            missing: Missing::default(),
        };
        decide(&facts)
    };
    let fresh = Gathered::default();
    assert_eq!(prove(&fresh, 301), Next::StepUp(Why::Change), "a password is chosen only soon after signing in");
    assert_eq!(prove(&fresh, 300), Next::Respond(Answer::Account));
    assert_eq!(prove(&typed(Route::Password), 301), Next::StepUp(Why::Change));
    assert_eq!(prove(&typed(Route::Code), 301), Next::VerifyContact);
    assert_eq!(prove(&Gathered { proved: true, ..typed(Route::Code) }, 301), Next::StepUp(Why::Change), "once is once");
    assert_eq!(prove(&typed(Route::Code), 30), Next::Respond(Answer::Account));
    let asked = decided(Some(asked("login")), present(3600), &typed(Route::Code), Missing::default());
    assert_eq!(asked, Next::VerifyContact);
}

#[test]
fn a_flow_that_is_over_stays_over() {
    for (life, expected) in [(Life::Finished, Next::Finished), (Life::Expired, Next::Expired)] {
        let facts = Facts {
            now: NOW,
            started: ago(60),
            life,
            ask: Some(asked("")),
            present: present(30),
            change: true,
            gathered: &Gathered { refused: true, ..Gathered::default() },
            missing: scopes("loyalty"),
        };
        assert_eq!(decide(&facts), expected);
    }
}

#[test]
fn what_was_decided_about_the_link_is_not_asked_again() {
    let ask = Ask { link: true, ..asked("") };
    let link = LinkId::new(uuid::Uuid::from_u128(7));
    for decision in [LinkDecision::Accepted(link), LinkDecision::Declined, LinkDecision::AlreadyActive, LinkDecision::Refused] {
        let decided_so = Gathered { link: Some(decision), ..Gathered::default() };
        assert_eq!(decided(Some(ask), present(3600), &decided_so, Missing::default()), Next::Respond(Answer::Grant), "{decision:?}");
    }
}

#[test]
fn a_flow_without_a_client_ends_at_the_account() {
    let fresh = Gathered::default();
    assert_eq!(decided(None, present(3600), &fresh, Missing::default()), Next::Respond(Answer::Account));
    assert_eq!(
        decided(None, present(3600), &Gathered { refused: true, ..fresh.clone() }, scopes("loyalty")),
        Next::Respond(Answer::Account)
    );
    assert_eq!(decided(None, None, &typed(Route::Password), Missing::default()), Next::Login(LoginStep::Password));
}

#[test]
fn nobody_decides_for_somebody_else() {
    let (anna, boris) = (customer(5), customer(6));
    let link = LinkId::new(uuid::Uuid::from_u128(7));
    let hers =
        Gathered { account_chosen: true, link: Some(LinkDecision::Accepted(link)), nickname: Some("A".into()), ..Gathered::default() };
    let hers = hers.for_person(anna);
    assert_eq!(hers.by, Some(anna));
    assert_eq!(hers.clone().for_person(anna), hers);
    let his = hers.clone().for_person(boris);
    assert_eq!(his, Gathered { by: Some(boris), nickname: Some("A".into()), ..Gathered::default() });
    assert_eq!(his.for_person(anna).link, None, "what was given up does not come back");
    assert_eq!(hers.introduced().accepted(), Some(link), "how she introduced herself is another thing");
}
