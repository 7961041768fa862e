//! The stored form: `$argon2id$v=19$m=19456,t=2,p=1,keyid=AQ$<salt>$<hash>`, the PHC string format with the pepper's
//! version as `keyid`.

use std::fmt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Stored parameters beyond these are not ours and would stop a thread for seconds.
const MOST_MEMORY: u32 = 1024 * 1024;
const MOST_ITERATIONS: u32 = 64;
const MOST_LANES: u32 = 64;

/// Argon2's parameters: KiB, passes, lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cost {
    pub(super) memory: u32,
    pub(super) iterations: u32,
    pub(super) lanes: u32,
}

pub(super) struct Phc {
    pub(super) cost: Cost,
    pub(super) pepper: u32,
    pub(super) salt: Vec<u8>,
    pub(super) hash: Vec<u8>,
}

impl Phc {
    /// Reads what [`fmt::Display`] writes, and nothing else.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut fields = text.strip_prefix("$argon2id$v=19$")?.split('$');
        let (parameters, salt, hash) = (fields.next()?, fields.next()?, fields.next()?);
        if fields.next().is_some() {
            return None;
        }
        let mut parameters = parameters.split(',');
        let mut value = |name: &str| parameters.next()?.strip_prefix(name);
        let memory = value("m=")?.parse().ok().filter(|memory| *memory <= MOST_MEMORY)?;
        let iterations = value("t=")?.parse().ok().filter(|iterations| *iterations <= MOST_ITERATIONS)?;
        let lanes = value("p=")?.parse().ok().filter(|lanes| *lanes <= MOST_LANES)?;
        let key_id = STANDARD_NO_PAD.decode(value("keyid=")?).ok()?;
        if parameters.next().is_some() || key_id.is_empty() || key_id.len() > 4 || key_id[0] == 0 {
            return None;
        }
        let pepper = key_id.iter().fold(0, |number, byte| number << 8 | u32::from(*byte));
        let decode = |field| STANDARD_NO_PAD.decode(field).ok().filter(|bytes| (8..=64).contains(&bytes.len()));
        Some(Self { cost: Cost { memory, iterations, lanes }, pepper, salt: decode(salt)?, hash: decode(hash)? })
    }
}

impl fmt::Display for Phc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Cost { memory, iterations, lanes } = self.cost;
        let version = self.pepper.to_be_bytes();
        let zeros = version.iter().take_while(|byte| **byte == 0).count();
        let encode = |bytes: &[u8]| STANDARD_NO_PAD.encode(bytes);
        let (key_id, salt, hash) = (encode(&version[zeros..]), encode(&self.salt), encode(&self.hash));
        write!(f, "$argon2id$v=19$m={memory},t={iterations},p={lanes},keyid={key_id}${salt}${hash}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        for pepper in [1, 255, 256, 70_000, u32::MAX] {
            let cost = Cost { memory: 19_456, iterations: 2, lanes: 1 };
            let text = Phc { cost, pepper, salt: vec![1; 16], hash: vec![2; 32] }.to_string();
            let again = Phc::parse(&text).unwrap();
            assert_eq!((again.cost, again.pepper, again.to_string()), (cost, pepper, text));
        }
        let good = "$argon2id$v=19$m=19456,t=2,p=1,keyid=AQ$AQEBAQEBAQEBAQEBAQEBAQ$AgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgI";
        assert!(Phc::parse(good).is_some());
        let wrong = [
            "",
            "plain",
            &good.replace("argon2id", "argon2i"),
            &good.replace("v=19", "v=16"),
            &good.replace(",keyid=AQ", ""),
            &good.replace("keyid=AQ", "keyid="),
            &good.replace("keyid=AQ", "keyid=AAE"),
            &good.replace("m=19456", "m=4294967295"),
            &good.replace("t=2", "t=1000"),
            &good.replace("t=2,p=1", "p=1,t=2"),
            &format!("{good}$"),
            &format!("{good}="),
            &good.replace("$AQEBAQEBAQEBAQEBAQEBAQ", "$"),
        ];
        for text in wrong {
            assert!(Phc::parse(text).is_none(), "{text}");
        }
    }
}
