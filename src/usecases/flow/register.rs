//! Registration with the least data: a proved e-mail address, a name to be addressed by, a password (R47).

use std::sync::Arc;

use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;

use super::{Core, Flow, Visitor, store, store_alone};
use crate::clock::Timestamp;
use crate::crypto::envelope::DataKey;
use crate::crypto::password::Weakness;
use crate::model::actor::Actor;
use crate::model::flow::{Gathered, Next, RegisterStep, Route};
use crate::model::identifier::Identifier;
use crate::model::ids::CustomerId;
use crate::protocol::acr::Amr;
use crate::storage::{Error, Tx, customers, passwords};
use crate::usecases::note::{self, About};
use crate::usecases::sessions::{self, Begun};
use crate::usecases::{identifiers, profile};

/// What became of a registration.
pub enum Registered {
    /// A customer and their session.
    Session(Begun),
    /// The password is too weak.
    Weak(Weakness),
    /// All hashing threads are busy.
    Busy,
    /// The page was stale, or somebody registered the address meanwhile.
    Stale,
}

/// Takes the name a person wants to be addressed by.
pub async fn name(core: &Arc<Core>, flow: &Flow, nickname: &str) -> Result<bool, Error> {
    if flow.next != Next::Register(RegisterStep::Name) {
        return Ok(false);
    }
    store_alone(core, flow, Gathered { nickname: Some(nickname.to_owned()), ..flow.gathered.clone() }).await
}

/// Makes the customer: id, data key, identifier, password, session, in one transaction.
pub async fn register(core: &Arc<Core>, visitor: &Visitor, flow: &Flow, chosen: SecretString, now: Timestamp) -> Result<Registered, Error> {
    let (Next::Register(RegisterStep::Password), Some(text), Some(nickname)) =
        (&flow.next, flow.gathered.identifier.clone(), flow.gathered.nickname.clone())
    else {
        return Ok(Registered::Stale);
    };
    let Ok(identifier) = Identifier::parse(&text) else { return Ok(Registered::Stale) };
    if let Err(weakness) =
        core.password_rules.check(chosen.expose_secret(), &[identifier.normal_form(), &nickname, &core.config.brand.name])
    {
        return Ok(Registered::Weak(weakness));
    }
    let Ok(phc) = core.passwords.hash(chosen).await else { return Ok(Registered::Busy) };
    let (held, visitor, held_flow) = (Arc::clone(core), visitor.clone(), flow.clone());
    let made = core
        .database
        .write(move |tx| {
            let (core, visitor, flow, identifier, phc, nickname) =
                (Arc::clone(&held), visitor.clone(), held_flow.clone(), identifier.clone(), phc.clone(), nickname.clone());
            Box::pin(async move {
                if !store(tx, &core, &flow, &flow.gathered.clone().introduced()).await? {
                    return Ok(Registered::Stale);
                }
                let registered_in = flow.asker.as_ref().map(|asker| asker.service.id);
                let customer = mint(tx, &core, &visitor, registered_in, now).await?;
                if !identifiers::add(tx, &core, customer, &identifier, "login", Some(now), now).await? {
                    // Lost a race for the address: nothing of this transaction may stay.
                    return Err(Error::NotUnique);
                }
                profile::put(tx, &core, customer, "nickname", &Value::String(nickname), None, now).await?;
                passwords::set(tx, customer, &phc, now).await?;
                let about = About { customer: Some(customer), service: registered_in, actor: &Actor::Customer };
                note::happened(tx, &core, "customer.registered", &about, &[], now).await?;
                let begun = sessions::begin(tx, &core, customer, visitor.session.as_deref(), Amr::Pwd, &visitor.device, now).await?;
                Ok(Registered::Session(begun))
            })
        })
        .await;
    if let Err(Error::NotUnique) = made {
        // Somebody is known by the address since: they sign in.
        let gathered = Gathered { route: Route::Password, proved: false, nickname: None, ..flow.gathered.clone() };
        store_alone(core, flow, gathered).await?;
        return Ok(Registered::Stale);
    }
    made
}

/// Draws customer ids until one is free: once in practice (domain.md 3.1).
async fn mint(
    tx: &mut Tx,
    core: &Core,
    visitor: &Visitor,
    registered_in: Option<crate::model::ids::ServiceId>,
    now: Timestamp,
) -> Result<CustomerId, Error> {
    loop {
        let id = core.random.customer_id();
        let wrapped = DataKey::generate(&core.random).wrap(&core.sealer, id);
        if customers::insert(tx, id, &wrapped, registered_in, visitor.locale, now).await? {
            return Ok(id);
        }
    }
}
