//! When signing keys are made, switched and destroyed: a pure plan from what there is (security.md 6.2).

use std::time::Duration;

use super::algorithm::Algorithm;
use super::keyring::{KeyInfo, KeyState};
use crate::clock::Timestamp;
use crate::config::KeysConfig;

/// The times of planned rotation.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RotationPolicy {
    /// The algorithms to have a key for.
    pub algorithms: Vec<Algorithm>,
    /// A key is published this long before it signs: longer than anybody caches the JWK Set.
    pub publish_before: Duration,
    /// A key signs for this long.
    pub rotate_after: Duration,
    /// A retired key stays published for this long: longer than anything it signed lives.
    pub keep_retired: Duration,
}

impl RotationPolicy {
    /// The configured times for Concord's own algorithms.
    pub fn new(config: &KeysConfig) -> Self {
        Self {
            algorithms: Algorithm::OWN.to_vec(),
            publish_before: config.publish_before.get(),
            rotate_after: config.rotate_after.get(),
            keep_retired: config.keep_retired.get(),
        }
    }
}

/// One thing to do. Steps are done in order, each as a compare-and-set on the state it starts from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RotationStep {
    /// Make a key.
    Create {
        /// What it signs with.
        algorithm: Algorithm,
        /// `Active` where there is none, else `Pending`.
        state: KeyState,
        /// When it is to sign.
        activate_at: Timestamp,
    },
    /// `Pending` becomes `Active`.
    Activate {
        /// The key.
        kid: String,
    },
    /// `Active` becomes `Retired`.
    Retire {
        /// The key.
        kid: String,
    },
    /// The key goes for good.
    Destroy {
        /// The key.
        kid: String,
    },
}

/// What to do now. Without keys: one active key per algorithm at once. Done and planned again, nothing is left.
pub fn plan_rotation(keys: &[KeyInfo], now: Timestamp, policy: &RotationPolicy) -> Vec<RotationStep> {
    let mut steps = Vec::new();
    for algorithm in &policy.algorithms {
        plan_algorithm(&of(keys, *algorithm), *algorithm, now, policy, &mut steps);
    }
    for key in keys {
        let unwanted = !policy.algorithms.contains(&key.algorithm);
        let over = key.retired_at.is_none_or(|retired_at| now >= retired_at + policy.keep_retired);
        match key.state {
            KeyState::Active if unwanted => steps.push(RotationStep::Retire { kid: key.kid.clone() }),
            KeyState::Pending if unwanted => steps.push(RotationStep::Destroy { kid: key.kid.clone() }),
            KeyState::Retired if over => steps.push(RotationStep::Destroy { kid: key.kid.clone() }),
            _ => {}
        }
    }
    steps
}

/// What to do when a key may be known to others (security.md 6.3): a successor signs at once, the key leaves the JWK Set.
/// Empty when there is no such key.
pub fn plan_replacement(keys: &[KeyInfo], kid: &str, now: Timestamp) -> Vec<RotationStep> {
    let Some(lost) = keys.iter().find(|key| key.kid == kid && key.state != KeyState::Destroyed) else {
        return Vec::new();
    };
    let destroy = RotationStep::Destroy { kid: kid.to_owned() };
    let others: Vec<_> = of(keys, lost.algorithm).into_iter().filter(|key| key.kid != kid).collect();
    if lost.state != KeyState::Active || others.iter().any(|key| key.state == KeyState::Active) {
        return vec![destroy];
    }
    let successor = match others.iter().find(|key| key.state == KeyState::Pending) {
        Some(pending) => RotationStep::Activate { kid: pending.kid.clone() },
        None => RotationStep::Create { algorithm: lost.algorithm, state: KeyState::Active, activate_at: now },
    };
    vec![successor, destroy]
}

/// The algorithm's keys, oldest first.
fn of(keys: &[KeyInfo], algorithm: Algorithm) -> Vec<&KeyInfo> {
    let mut own: Vec<_> = keys.iter().filter(|key| key.algorithm == algorithm).collect();
    own.sort_by(|one, other| (one.activate_at, &one.kid).cmp(&(other.activate_at, &other.kid)));
    own
}

fn plan_algorithm(keys: &[&KeyInfo], algorithm: Algorithm, now: Timestamp, policy: &RotationPolicy, steps: &mut Vec<RotationStep>) {
    let of_state = |state| keys.iter().filter(move |key| key.state == state);
    let next = of_state(KeyState::Pending).next();
    // One successor is enough: two nodes may have made one each.
    let spare: Vec<_> = of_state(KeyState::Pending).skip(1).map(|key| RotationStep::Destroy { kid: key.kid.clone() }).collect();
    let signing = of_state(KeyState::Active).next_back();
    let older = of_state(KeyState::Active).rev().skip(1).map(|key| RotationStep::Retire { kid: key.kid.clone() });
    steps.extend(older);
    match (signing, next) {
        (None, None) => steps.push(RotationStep::Create { algorithm, state: KeyState::Active, activate_at: now }),
        (None, Some(next)) => steps.push(RotationStep::Activate { kid: next.kid.clone() }),
        (Some(signing), Some(next)) if now >= next.activate_at => {
            steps.push(RotationStep::Activate { kid: next.kid.clone() });
            steps.push(RotationStep::Retire { kid: signing.kid.clone() });
        }
        (Some(_), Some(_)) => {}
        (Some(signing), None) => {
            let due = signing.activate_at + policy.rotate_after;
            if now + policy.publish_before >= due {
                // After a long standstill the switch waits as well until everybody had time to fetch the key.
                let activate_at = due.max(now + policy.publish_before);
                steps.push(RotationStep::Create { algorithm, state: KeyState::Pending, activate_at });
            }
        }
    }
    steps.extend(spare);
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);
    const START: Timestamp = Timestamp::from_seconds(1_800_000_000);

    fn policy() -> RotationPolicy {
        RotationPolicy {
            algorithms: Algorithm::OWN.to_vec(),
            publish_before: HOUR * 24,
            rotate_after: HOUR * 24 * 90,
            keep_retired: HOUR * 48,
        }
    }

    /// Does what the plan says and gives the steps back, without the names of keys.
    fn run(keys: &mut Vec<KeyInfo>, now: Timestamp) -> Vec<RotationStep> {
        let steps = plan_rotation(keys, now, &policy());
        for step in &steps {
            let kid = match step {
                RotationStep::Create { algorithm, state, activate_at } => {
                    let kid = format!("{algorithm}-{}", keys.len());
                    keys.push(KeyInfo { kid, algorithm: *algorithm, state: *state, activate_at: *activate_at, retired_at: None });
                    continue;
                }
                RotationStep::Activate { kid } | RotationStep::Retire { kid } | RotationStep::Destroy { kid } => kid,
            };
            let key = keys.iter_mut().find(|key| key.kid == *kid).unwrap();
            match (step, key.state) {
                (RotationStep::Activate { .. }, KeyState::Pending) => (key.state, key.activate_at) = (KeyState::Active, now),
                (RotationStep::Retire { .. }, KeyState::Active) => (key.state, key.retired_at) = (KeyState::Retired, Some(now)),
                (RotationStep::Destroy { .. }, KeyState::Retired | KeyState::Pending) => key.state = KeyState::Destroyed,
                _ => panic!("{step:?} of a key that is {:?}", key.state),
            }
        }
        assert_eq!(plan_rotation(keys, now, &policy()), Vec::new(), "a second look finds nothing");
        steps
    }

    fn states(keys: &[KeyInfo], algorithm: Algorithm) -> Vec<&'static str> {
        keys.iter().filter(|key| key.algorithm == algorithm).map(|key| key.state.as_str()).collect()
    }

    #[test]
    fn an_empty_set_gets_one_active_key_per_algorithm_at_once() {
        let mut keys = Vec::new();
        let create = |algorithm| RotationStep::Create { algorithm, state: KeyState::Active, activate_at: START };
        assert_eq!(run(&mut keys, START), Algorithm::OWN.map(create));
    }

    #[test]
    fn a_year_of_hours_has_always_one_signer_and_warns_before_each_switch() {
        let mut keys = Vec::new();
        let mut published_since = std::collections::HashMap::new();
        for hour in 0..24 * 365 {
            let now = START + HOUR * hour;
            run(&mut keys, now);
            for algorithm in Algorithm::OWN {
                let active: Vec<_> = keys.iter().filter(|key| key.algorithm == algorithm && key.state == KeyState::Active).collect();
                assert_eq!(active.len(), 1);
                assert!(now.since(active[0].activate_at) < HOUR * 24 * 90 + HOUR);
            }
            for key in &keys {
                let since = *published_since.entry(key.kid.clone()).or_insert(now);
                if key.state == KeyState::Active && since != START {
                    assert!(now.since(since) >= HOUR * 24, "{} signs too early", key.kid);
                }
                if key.state == KeyState::Destroyed && published_since.insert(format!("{} gone", key.kid), now).is_none() {
                    assert!(now.since(key.retired_at.unwrap()) >= HOUR * 48);
                }
            }
        }
        assert_eq!(states(&keys, Algorithm::ES256), ["destroyed", "destroyed", "destroyed", "destroyed", "active"]);
    }

    #[test]
    fn the_timetable_to_the_hour() {
        let mut keys = Vec::new();
        run(&mut keys, START);
        let due = START + HOUR * 24 * 90;
        assert_eq!(run(&mut keys, due - HOUR * 25), []);
        run(&mut keys, due - HOUR * 24);
        assert_eq!(states(&keys, Algorithm::RS256), ["active", "pending"]);
        assert_eq!(run(&mut keys, due - Duration::from_millis(1)), []);
        run(&mut keys, due);
        assert_eq!(states(&keys, Algorithm::RS256), ["retired", "active"]);
        assert_eq!(run(&mut keys, due + HOUR * 47), []);
        run(&mut keys, due + HOUR * 48);
        assert_eq!(states(&keys, Algorithm::RS256), ["destroyed", "active"]);
    }

    #[test]
    fn after_a_standstill_the_old_key_signs_until_the_new_one_was_published_long_enough() {
        let mut keys = Vec::new();
        run(&mut keys, START);
        let late = START + HOUR * 24 * 200;
        run(&mut keys, late);
        assert_eq!(states(&keys, Algorithm::ES256), ["active", "pending"]);
        assert!(keys.iter().filter(|key| key.state == KeyState::Pending).all(|key| key.activate_at == late + HOUR * 24));
    }

    #[test]
    fn doubles_of_two_nodes_are_cleared_up_and_unwanted_algorithms_fade_out() {
        let key = |kid: &str, algorithm, state, hours| KeyInfo {
            kid: kid.into(),
            algorithm,
            state,
            activate_at: START + HOUR * hours,
            retired_at: None,
        };
        let mut keys = vec![
            key("a", Algorithm::ES256, KeyState::Active, 0),
            key("b", Algorithm::ES256, KeyState::Active, 1),
            key("c", Algorithm::ES256, KeyState::Pending, 50),
            key("d", Algorithm::ES256, KeyState::Pending, 51),
            key("e", Algorithm::EdDSA, KeyState::Active, 0),
            key("f", Algorithm::EdDSA, KeyState::Pending, 0),
            key("g", Algorithm::RS256, KeyState::Active, 0),
        ];
        run(&mut keys, START + HOUR * 2);
        let seen: Vec<_> = keys.iter().map(|key| key.state.as_str()).collect();
        assert_eq!(seen, ["retired", "active", "pending", "destroyed", "retired", "destroyed", "active"]);
    }

    #[test]
    fn a_lost_key_is_replaced_at_once() {
        let mut keys = Vec::new();
        run(&mut keys, START);
        let kid = keys[0].kid.clone();
        let steps = plan_replacement(&keys, &kid, START);
        assert!(
            matches!(&steps[..], [RotationStep::Create { state: KeyState::Active, .. }, RotationStep::Destroy { kid: lost }] if *lost == kid)
        );
        run(&mut keys, START + HOUR * 24 * 89);
        let steps = plan_replacement(&keys, &kid, START);
        assert!(matches!(&steps[..], [RotationStep::Activate { .. }, RotationStep::Destroy { .. }]));
        assert_eq!(plan_replacement(&keys, "nobody's", START), []);
    }
}
