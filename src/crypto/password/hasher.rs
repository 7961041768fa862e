//! What one thread does: Argon2id with its own memory, kept from hash to hash.

use std::collections::BTreeMap;
use std::sync::Arc;

use argon2::{Algorithm, Argon2, Block, Params, Version};
use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;

use super::Verdict;
use super::phc::{Cost, Phc};
use crate::config::PasswordConfig;
use crate::crypto::broken;
use crate::crypto::digest;
use crate::crypto::random::Random;
use crate::crypto::root_keys::{RootKeys, Secret};

const SALT: usize = 16;
const OUTPUT: usize = 32;

/// How passwords are hashed now, and the peppers of all that were hashed before.
pub(super) struct Recipe {
    cost: Cost,
    pepper: u32,
    peppers: BTreeMap<u32, Secret>,
    dummy: Phc,
    random: Random,
}

impl Recipe {
    /// `None` when Argon2 refuses the parameters.
    pub(super) fn new(config: &PasswordConfig, root: &RootKeys, random: Random) -> Option<Arc<Self>> {
        let cost = Cost { memory: config.memory_kib, iterations: config.iterations, lanes: config.lanes };
        params(cost)?;
        let pepper = root.pepper_version();
        let dummy = Phc { cost, pepper, salt: random.bytes::<SALT>().to_vec(), hash: random.bytes::<OUTPUT>().to_vec() };
        Some(Arc::new(Self { cost, pepper, peppers: root.derive_from_peppers(&[b"concord/password/v1"]), dummy, random }))
    }
}

pub(super) struct Hasher {
    recipe: Arc<Recipe>,
    blocks: Vec<Block>,
    worked: bool,
}

impl Hasher {
    pub(super) const fn new(recipe: Arc<Recipe>) -> Self {
        Self { recipe, blocks: Vec::new(), worked: false }
    }

    /// Whether a hash was computed since the last call.
    pub(super) const fn take_worked(&mut self) -> bool {
        std::mem::replace(&mut self.worked, false)
    }

    pub(super) fn hash(&mut self, password: &str) -> String {
        let recipe = Arc::clone(&self.recipe);
        let salt = recipe.random.bytes::<SALT>();
        match self.compute(password, recipe.cost, recipe.pepper, &salt) {
            Some(hash) => Phc { cost: recipe.cost, pepper: recipe.pepper, salt: salt.to_vec(), hash: hash.to_vec() }.to_string(),
            // The parameters were tried when the pool started, the pepper is there.
            None => broken("Argon2"),
        }
    }

    /// Starts from "wrong"; whatever cannot be compared costs as much as what can.
    pub(super) fn verify(&mut self, password: &str, stored: Option<&str>) -> Verdict {
        let recipe = Arc::clone(&self.recipe);
        let parsed = stored.and_then(|stored| {
            let parsed = Phc::parse(stored).filter(|phc| recipe.peppers.contains_key(&phc.pepper));
            if parsed.is_none() {
                tracing::error!("a stored password hash cannot be read, or its pepper is gone");
            }
            parsed
        });
        let real = parsed.is_some();
        let phc = parsed.as_ref().unwrap_or(&recipe.dummy);
        let computed = self.compute(password, phc.cost, phc.pepper, &phc.salt);
        let same = computed.is_some_and(|hash| digest::equal(hash.as_slice(), &phc.hash));
        if same && real { Verdict::Right { needs_rehash: phc.cost != recipe.cost || phc.pepper != recipe.pepper } } else { Verdict::Wrong }
    }

    fn compute(&mut self, password: &str, cost: Cost, pepper: u32, salt: &[u8]) -> Option<Zeroizing<[u8; OUTPUT]>> {
        let params = params(cost)?;
        // NIST SP 800-63B 3.1.1.2: normalised once, so that every keyboard's way to write a letter is the same password.
        let normal = Zeroizing::new(password.nfc().collect::<String>());
        let needed = params.block_count();
        if self.blocks.len() < needed {
            self.blocks.resize(needed, Block::new());
        }
        let pepper = self.recipe.peppers.get(&pepper)?;
        let argon2 = Argon2::new_with_secret(pepper.as_slice(), Algorithm::Argon2id, Version::V0x13, params).ok()?;
        let mut hash = Zeroizing::new([0; OUTPUT]);
        let memory = &mut self.blocks[..needed];
        let done = argon2.hash_password_into_with_memory(normal.as_bytes(), salt, hash.as_mut_slice(), memory);
        self.worked = true;
        // Memory for one hash with uncommon parameters is not kept.
        let usual = self.recipe.cost.memory as usize;
        if needed > usual {
            self.blocks.truncate(usual);
            self.blocks.shrink_to_fit();
        }
        done.ok().map(|()| hash)
    }
}

fn params(cost: Cost) -> Option<Params> {
    Params::new(cost.memory, cost.iterations, cost.lanes, Some(OUTPUT)).ok()
}
