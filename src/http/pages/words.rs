//! From what the use cases say to what the pages say.

use std::collections::BTreeMap;

use super::show::{Trouble, card};
use crate::crypto::password::Weakness;
use crate::model::catalog::{Agreement, Scope};
use crate::model::consent::ConsentKind;
use crate::model::service::Service;
use crate::ui::consent::{AgreementKind, AgreementText, Consent, ConsentGroup, ConsentItem, MissingLink};
use crate::ui::frame::Frame;
use crate::ui::link::{Link, LinkProblem};
use crate::ui::register::{EmailError, NewPasswordError, NicknameError};
use crate::ui::sign_in::{CodeError, IdentifierError, PasswordError};
use crate::usecases::flow::{ConsentView, LinkView, ScopeView, WhyLeftOut};
use crate::usecases::links::Refusal;
use crate::usecases::one_time_code::Typed;
use crate::usecases::{Core, Failure, partners};

pub(super) fn identifier(trouble: &Trouble) -> Option<IdentifierError> {
    Some(match trouble {
        Trouble::None => return None,
        Trouble::Empty => IdentifierError::Empty,
        Trouble::TooMany(until) => IdentifierError::TooManyTries { again_at: *until },
        _ => IdentifierError::NotAnAddress,
    })
}

pub(super) fn email(trouble: &Trouble) -> Option<EmailError> {
    Some(match trouble {
        Trouble::None => return None,
        Trouble::Empty => EmailError::Empty,
        Trouble::TooMany(until) => EmailError::TooManyTries { again_at: *until },
        _ => EmailError::NotAnAddress,
    })
}

pub(super) fn password(trouble: &Trouble) -> Option<PasswordError> {
    Some(match trouble {
        Trouble::None => return None,
        Trouble::Empty => PasswordError::Empty,
        Trouble::TooMany(until) => PasswordError::TooManyTries { again_at: *until },
        Trouble::Busy => PasswordError::Busy,
        _ => PasswordError::Wrong,
    })
}

pub(super) fn code(trouble: &Trouble) -> Option<CodeError> {
    Some(match trouble {
        Trouble::None | Trouble::SentAgain => return None,
        Trouble::Empty => CodeError::Empty,
        Trouble::TooMany(until) => CodeError::TooManyTries { again_at: *until },
        Trouble::Code(Typed::Wrong { left }) => CodeError::Wrong { tries_left: *left },
        Trouble::Code(Typed::Spent) => CodeError::Spent,
        Trouble::Code(Typed::Expired) => CodeError::Expired,
        // The person behind the address cannot sign in now (locked, say): as far as this page goes, the code is over.
        Trouble::Wrong => CodeError::Spent,
        _ => CodeError::NotSixDigits,
    })
}

pub(super) fn nickname(trouble: &Trouble) -> Option<NicknameError> {
    Some(match trouble {
        Trouble::None => return None,
        Trouble::Empty => NicknameError::Empty,
        Trouble::TooLong(_) => NicknameError::TooLong { max: 64 },
        _ => NicknameError::NotShowable,
    })
}

pub(super) fn new_password(trouble: &Trouble) -> Option<NewPasswordError> {
    Some(match trouble {
        Trouble::None => return None,
        Trouble::Empty => NewPasswordError::Empty,
        Trouble::Busy => NewPasswordError::Busy,
        Trouble::Weak(Weakness::TooShort { .. }) => NewPasswordError::TooShort,
        Trouble::Weak(Weakness::TooLong { .. }) => NewPasswordError::TooLong,
        _ => NewPasswordError::TooCommon,
    })
}

/// A number as pages take it.
pub(super) fn version(number: i64) -> u32 {
    u32::try_from(number).unwrap_or(0)
}

pub(super) fn link(core: &Core, view: &LinkView, service: &Service, frame: &Frame) -> Link {
    let locale = frame.locale;
    let catalog = core.catalog.load();
    let agreement = catalog.agreements.iter().find(|(_, agreement)| agreement.kind == ConsentKind::Link);
    let card = card(service, locale);
    let owned = service.document.owns.iter().filter_map(|code| catalog.domains.get(code));
    let mut to_concord = vec![Link::which_account(frame, &card.name)];
    to_concord.extend(owned.map(|domain| Link::domain_values(frame, domain.name.get(locale))));
    Link {
        service: card,
        local_lines: vec![view.local_account.clone()],
        nickname: view.nickname.clone(),
        address: view.address.clone(),
        customer_id: view.customer_id.clone(),
        to_service: vec![Link::that_it_is_you(frame)],
        to_concord,
        purpose: Link::usual_purpose(frame),
        until: agreement.map(|(_, agreement)| frame.now.plus_months(agreement.months)),
        text_version: agreement.map_or(1, |(_, agreement)| version(agreement.version)),
        text_url: agreement.map(|(code, _)| format!("/agreements/{code}")).unwrap_or_default(),
    }
}

/// What the person is told of a link that cannot be made.
pub(super) fn link_problem(why: Refusal) -> LinkProblem {
    match why {
        Refusal::Held => LinkProblem::HeldByAnother,
        Refusal::AnotherAccount => LinkProblem::OtherAccountLinked,
        Refusal::Late => LinkProblem::ProofTooOld,
        Refusal::Suspended | Refusal::Superseded | Refusal::Weak | Refusal::Inactive => LinkProblem::NotNow,
    }
}

/// The consent page: scopes grouped by product domain, each with the person's own values.
pub(super) async fn consent(core: &Core, view: &ConsentView, frame: &Frame) -> Result<Consent, Failure> {
    let locale = frame.locale;
    let catalog = core.catalog.load_full();
    let mut groups: Vec<(String, ConsentGroup)> = Vec::new();
    let mut texts = BTreeMap::new();
    if view.sign_in
        && let Some((code, agreement)) = catalog.agreement_for(ConsentKind::SignIn, "")
    {
        let items = vec![ConsentItem::to_sign_in(frame, frame.now.plus_months(agreement.months))];
        let own = catalog.domains.iter().find(|(_, domain)| domain.concord);
        let (domain, name) = own.map_or_else(Default::default, |(code, domain)| (code.clone(), domain.name.get(locale).to_owned()));
        groups.push((domain, ConsentGroup { domain: name, source: None, items }));
        texts.insert(code, text_of(code, agreement));
    }
    for scope in &view.scopes {
        let Some(known) = catalog.scopes.get(&scope.scope) else { continue };
        let at = match groups.iter().position(|(domain, _)| *domain == known.domain) {
            Some(at) => at,
            None => {
                let name = catalog.domains.get(&known.domain).map(|domain| domain.name.get(locale).to_owned()).unwrap_or_default();
                let source = partners::owner_of_domain(core, &known.domain).await?.map(|service| card(&service, locale));
                groups.push((known.domain.clone(), ConsentGroup { domain: name, source, items: Vec::new() }));
                groups.len() - 1
            }
        };
        if let Some((code, agreement)) = catalog.agreement_for(ConsentKind::Share, &scope.scope) {
            texts.insert(code, text_of(code, agreement));
        }
        groups[at].1.items.push(ConsentItem {
            code: scope.scope.clone(),
            title: known.name.get(locale).to_owned(),
            values: values(scope, known, frame),
            purpose: known.why.get(locale).to_owned(),
            until: Some(scope.until),
            required: scope.required,
            ticked: false,
        });
    }
    let title = |scope: &str| catalog.scopes.get(scope).map_or_else(|| scope.to_owned(), |known| known.name.get(locale).to_owned());
    let missing = view.left_out.iter().filter_map(|left| match &left.why {
        WhyLeftOut::NoLink(service) => Some(MissingLink {
            title: title(&left.scope),
            service: service.document.name.get(locale).to_owned(),
            connect_url: Some(service.document.homepage.clone()),
        }),
        WhyLeftOut::Level => None,
    });
    Ok(Consent {
        missing: missing.collect(),
        already: view.already.iter().map(|scope| title(scope)).collect(),
        texts: texts.into_values().collect(),
        groups: groups.into_iter().map(|(_, group)| group).collect(),
    })
}

fn text_of(code: &str, agreement: &Agreement) -> AgreementText {
    AgreementText { kind: agreement_kind(agreement.kind), version: version(agreement.version), url: format!("/agreements/{code}") }
}

/// What the pages call an agreement.
pub(super) fn agreement_kind(kind: ConsentKind) -> AgreementKind {
    match kind {
        ConsentKind::SignIn => AgreementKind::SignIn,
        ConsentKind::Link => AgreementKind::Link,
        ConsentKind::Share => AgreementKind::Share,
    }
}

/// A person's values, each under its name where there are several; addresses and phones are masked even for their holder.
fn values(scope: &ScopeView, known: &Scope, frame: &Frame) -> Vec<String> {
    let shown = |(claim, value): &(String, serde_json::Value)| {
        let text = match value {
            serde_json::Value::String(text) if claim == "email" || claim == "phone_number" => crate::usecases::identifiers::masked(text),
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Number(number) => number.to_string(),
            serde_json::Value::Bool(_) | serde_json::Value::Null | serde_json::Value::Array(_) | serde_json::Value::Object(_) => {
                return None;
            }
        };
        Some((known.claims.get(claim)?.name.get(frame.locale), text))
    };
    let present: Vec<_> = scope.values.iter().filter_map(shown).collect();
    match present.as_slice() {
        [(_, only)] => vec![only.clone()],
        several => several.iter().map(|(name, text)| ConsentItem::named(frame, name, text)).collect(),
    }
}
