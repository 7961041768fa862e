//! Every combination of every fact, each with the values that differ, against the rules written down a second time.

use super::*;

const NOW: Timestamp = Timestamp::from_seconds(1_800_000_000);
/// The flow began a minute ago.
const STARTED: Timestamp = Timestamp::from_seconds(1_800_000_000 - 60);

fn customer(bits: u64) -> CustomerId {
    CustomerId::from_bits(bits).expect("drawable")
}

fn bools() -> [bool; 2] {
    [false, true]
}

/// Everything a person may have done.
fn gathered() -> Vec<Gathered> {
    let link = LinkId::new(uuid::Uuid::from_u128(7));
    let decisions = [
        None,
        Some(LinkDecision::Accepted(link)),
        Some(LinkDecision::Declined),
        Some(LinkDecision::AlreadyActive),
        Some(LinkDecision::Refused),
    ];
    let mut all = Vec::new();
    for route in [Route::Password, Route::Code, Route::Register] {
        for link in decisions {
            for bits in 0..32_u32 {
                let bit = |at: u32| bits >> at & 1 == 1;
                all.push(Gathered {
                    identifier: bit(0).then(|| "anna@example.com".into()),
                    route,
                    proved: bit(1),
                    nickname: bit(2).then(|| "Zaya".into()),
                    account_chosen: bit(3),
                    link,
                    refused: bit(4),
                    ..Gathered::default()
                });
            }
        }
    }
    all
}

/// Everything a client may ask with these words in `prompt`.
fn asks(words: &str) -> Vec<Ask> {
    let prompt = if words.is_empty() { PromptSet::default() } else { words.parse().expect("prompt") };
    let mut all = Vec::new();
    for max_age in [None, Some(Duration::from_secs(100))] {
        for essential_acr in [None, Some(Acr::Aal2)] {
            for expected in [None, Some(customer(5)), Some(customer(6))] {
                for (enabled, link) in [(true, false), (true, true), (false, false), (false, true)] {
                    all.push(Ask { prompt, max_age, essential_acr, expected, enabled, link });
                }
            }
        }
    }
    all
}

/// Nobody; somebody who signed in within the flow, at two levels; a few minutes before it; long before it.
fn presents() -> [Option<Present>; 5] {
    let present = |ago, acr| Some(Present { customer: customer(5), auth_time: NOW - Duration::from_secs(ago), acr });
    [None, present(30, Acr::Aal1), present(30, Acr::Aal2), present(200, Acr::Aal1), present(3600, Acr::Aal1)]
}

fn missing() -> [Missing; 4] {
    let one = |sign_in, text: &str| Missing { sign_in, scopes: text.parse().unwrap_or_default() };
    [Missing::default(), one(true, ""), one(false, "loyalty"), one(true, "loyalty")]
}

#[test]
fn every_combination_follows_the_rules() {
    let words = ["", "none", "login", "consent", "select_account", "create", "login select_account"];
    let seen: usize = std::thread::scope(|scope| {
        let lanes: Vec<_> =
            words.iter().map(|words| scope.spawn(|| every(&asks(words).into_iter().map(Some).collect::<Vec<_>>()))).collect();
        lanes.into_iter().map(|lane| lane.join().expect("the rules hold")).sum()
    });
    assert!(seen + every(&[None]) > 5_000_000, "{seen}");
}

/// All flows with one of these requests: how many.
fn every(asks: &[Option<Ask>]) -> usize {
    let (gathered, missing) = (gathered(), missing());
    let mut seen = 0;
    for ask in asks {
        for present in presents() {
            for gathered in &gathered {
                for missing in &missing {
                    for change in bools() {
                        let mut facts = Facts {
                            now: NOW,
                            started: STARTED,
                            life: Life::Open,
                            ask: *ask,
                            present,
                            change,
                            gathered,
                            missing: missing.clone(),
                        };
                        check(&facts);
                        // What is over says so, whatever else is the case: looked at with every other fact, but once each.
                        if !change {
                            for (life, over) in [(Life::Finished, Next::Finished), (Life::Expired, Next::Expired)] {
                                facts.life = life;
                                assert_eq!(decide(&facts), over);
                            }
                        }
                        seen += 1;
                    }
                }
            }
        }
    }
    seen
}

fn check(facts: &Facts<'_>) {
    let next = decide(facts);
    assert_eq!(next, by_the_rules(facts), "{facts:?}");
    promises(facts, &next);
}

/// The rules as a table: the first that applies decides.
fn by_the_rules(facts: &Facts<'_>) -> Next {
    let error = |code| Next::Respond(Answer::Error(code));
    let Gathered { account_chosen, refused, link, route, proved, .. } = *facts.gathered;
    let typed = facts.gathered.identifier.is_some();
    let asked = facts.ask.is_some();
    let ask = facts.ask.unwrap_or(Ask { enabled: true, ..Ask::default() });
    let silent = ask.prompt.none;
    let here = facts.present.is_some_and(|present| present.auth_time >= STARTED);
    let settled = here || account_chosen;
    let age = facts.present.map_or(Duration::ZERO, |present| NOW.since(present.auth_time));
    let other = facts.present.is_some_and(|present| ask.expected.is_some_and(|expected| expected != present.customer));
    let nobody = facts.present.is_none();
    let low = facts.present.is_some_and(|present| ask.essential_acr.is_some_and(|level| present.acr < level));
    let undecided = ask.link && link.is_none();
    let why = [
        (ask.prompt.login && !here, Why::Prompt),
        (!here && ask.max_age.is_some_and(|most| age > most), Why::MaxAge),
        (undecided && age > LINK_FRESHNESS, Why::Link),
        (facts.change && age > CHANGE_FRESHNESS, Why::Change),
    ];
    let why = why.into_iter().find(|(applies, _)| *applies).map(|(_, why)| why);
    let by_code = route == Route::Code && typed && !proved;
    let rules = [
        (!ask.enabled, error(ErrorCode::UnauthorizedClient)),
        (refused && asked, error(ErrorCode::AccessDenied)),
        (nobody && silent, error(ErrorCode::LoginRequired)),
        (nobody, introduced(facts.gathered, ask.prompt.create)),
        (other && (silent || here), error(ErrorCode::LoginRequired)),
        (other, introduced(facts.gathered, ask.prompt.create)),
        (ask.prompt.create && !settled, introduced(facts.gathered, true)),
        (ask.prompt.select_account && !settled && typed, introduced(facts.gathered, ask.prompt.create)),
        (ask.prompt.select_account && !settled, Next::Login(LoginStep::SelectAccount)),
        (why.is_some() && silent, error(ErrorCode::LoginRequired)),
        (why.is_some() && by_code, Next::VerifyContact),
        (why.is_some(), Next::StepUp(why.unwrap_or(Why::Prompt))),
        (low, error(ErrorCode::UnmetAuthenticationRequirements)),
        (undecided && silent, error(ErrorCode::InteractionRequired)),
        (undecided, Next::Link),
        // A flow without a client has nobody to give a consent to.
        (asked && !facts.missing.is_empty() && silent, error(ErrorCode::ConsentRequired)),
        (asked && !facts.missing.is_empty(), Next::Consent(facts.missing.clone())),
        (asked, Next::Respond(Answer::Grant)),
    ];
    rules.into_iter().find(|(applies, _)| *applies).map_or(Next::Respond(Answer::Account), |(_, next)| next)
}

fn introduced(gathered: &Gathered, create: bool) -> Next {
    let route = gathered.route;
    let typed = gathered.identifier.is_some();
    let rules = [
        (!typed && (create || route == Route::Register), Next::Register(RegisterStep::Email)),
        (!typed, Next::Login(LoginStep::Identify)),
        (route == Route::Password, Next::Login(LoginStep::Password)),
        (!gathered.proved, Next::VerifyContact),
        (gathered.nickname.is_none(), Next::Register(RegisterStep::Name)),
    ];
    rules.into_iter().find(|(applies, _)| *applies).map_or(Next::Register(RegisterStep::Password), |(_, next)| next)
}

/// What must hold of every answer, whatever the rules are.
fn promises(facts: &Facts<'_>, next: &Next) {
    let here = facts.present.is_some_and(|present| present.auth_time >= STARTED);
    let page = !matches!(next, Next::Respond(_));
    match (next, facts.ask, facts.present) {
        (Next::Respond(Answer::Grant), Some(ask), Some(present)) => {
            assert!(ask.enabled && !facts.gathered.refused);
            assert!(ask.expected.is_none_or(|expected| expected == present.customer), "nobody is answered for by somebody else");
            assert!(!ask.prompt.login || here, "prompt=login holds only when signed in within the flow");
            assert!(ask.max_age.is_none_or(|age| here || NOW.since(present.auth_time) <= age));
            assert!(ask.essential_acr.is_none_or(|level| present.acr >= level));
            assert!(!ask.link || facts.gathered.link.is_some());
            assert!(facts.missing.is_empty());
        }
        (Next::Respond(Answer::Grant), ..) => panic!("si9: no grant without a client that asked and a session"),
        (Next::Respond(Answer::Account), ask, present) => {
            let fresh = present.is_some_and(|present| NOW.since(present.auth_time) <= CHANGE_FRESHNESS);
            assert!(ask.is_none() && present.is_some() && (!facts.change || fresh));
        }
        (Next::Respond(Answer::Error(_)), ask, _) => assert!(ask.is_some(), "there is nobody to tell an error"),
        (Next::Link, ask, present) => {
            assert!(ask.is_some_and(|ask| ask.link) && facts.gathered.link.is_none());
            assert!(present.is_some_and(|present| NOW.since(present.auth_time) <= LINK_FRESHNESS), "co7");
        }
        (Next::Consent(missing), ask, present) => assert!(ask.is_some() && present.is_some() && !missing.is_empty()),
        (Next::StepUp(_), _, present) => assert!(present.is_some()),
        (Next::Expired | Next::Finished, ..) => panic!("it is open"),
        _ => {}
    }
    if let (true, Some(ask)) = (page, facts.ask) {
        assert!(!ask.prompt.none, "prompt=none never shows a page: {next:?}");
        assert!(!facts.gathered.refused && ask.enabled, "nothing more is asked: {next:?}");
    }
}
