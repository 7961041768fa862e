//! Identifiers: the customer id with its check symbol, and UUIDv7 ids that carry a prefix outside.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Crockford's base32 symbols: no I, L, O, U.
const SYMBOLS: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";

/// An id that cannot be read; the text itself is not repeated, because it may be anything.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {0}")]
pub struct ParseIdError(&'static str);

/// The value of a Crockford symbol; `o` reads as zero, `i` and `l` as one.
fn symbol_value(symbol: u8) -> Option<u64> {
    let upper = match symbol.to_ascii_uppercase() {
        b'O' => b'0',
        b'I' | b'L' => b'1',
        other => other,
    };
    SYMBOLS.iter().position(|s| *s == upper).and_then(|p| u64::try_from(p).ok())
}

/// The symbol of the lowest five bits of `value`.
fn symbol_of(value: u64) -> char {
    char::from(SYMBOLS[usize::try_from(value & 31).unwrap_or(0)])
}

/// The global customer id: 60 random bits, spoken as `28T5-CY4T-QKFF-A` (domain.md 3.1).
///
/// Not a secret and not an authenticator. The last symbol is the value modulo 37; values whose check
/// symbol would fall outside the 32 symbols are never drawn.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
#[sqlx(transparent)]
pub struct CustomerId(i64);

impl CustomerId {
    const BITS: u64 = (1 << 60) - 1;

    /// Draws an id from a source of random 64-bit numbers, again while the check symbol is not one of the 32.
    pub fn draw(mut random: impl FnMut() -> u64) -> Self {
        loop {
            if let Some(id) = Self::from_bits(random() & Self::BITS) {
                return id;
            }
        }
    }

    /// The id with this value; `None` when it has more than 60 bits or no check symbol of its own.
    pub fn from_bits(value: u64) -> Option<Self> {
        (value <= Self::BITS && value % 37 < 32).then(|| i64::try_from(value).ok().map(Self)).flatten()
    }

    /// The number as the database stores it.
    pub const fn as_i64(self) -> i64 {
        self.0
    }

    fn bits(self) -> u64 {
        u64::try_from(self.0).unwrap_or(0)
    }
}

impl fmt::Display for CustomerId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bits = self.bits();
        for position in (0..12).rev() {
            write!(f, "{}", symbol_of(bits >> (5 * position)))?;
            if position % 4 == 0 {
                write!(f, "-")?;
            }
        }
        write!(f, "{}", symbol_of(bits % 37))
    }
}

impl FromStr for CustomerId {
    type Err = ParseIdError;

    /// Reads an id as people say it: any case, hyphens and spaces ignored, `O` for zero, `I` and `L` for one.
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = ParseIdError("customer id");
        let mut values = [0_u64; 13];
        let mut count = 0;
        for byte in text.bytes().filter(|b| !matches!(b, b'-' | b' ')) {
            *values.get_mut(count).ok_or(wrong)? = symbol_value(byte).ok_or(wrong)?;
            count += 1;
        }
        if count != values.len() {
            return Err(wrong);
        }
        let bits = values[..12].iter().fold(0_u64, |bits, value| bits << 5 | value);
        Self::from_bits(bits).filter(|_| bits % 37 == values[12]).ok_or(wrong)
    }
}

impl Serialize for CustomerId {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for CustomerId {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// 26 Crockford symbols of a UUID's 128 bits.
fn write_crockford(f: &mut fmt::Formatter<'_>, uuid: Uuid) -> fmt::Result {
    let bits = uuid.as_u128();
    (0..26)
        .rev()
        .try_for_each(|position| write!(f, "{}", symbol_of(u64::try_from(bits >> (5 * position) & 31).unwrap_or(0)).to_ascii_lowercase()))
}

fn read_crockford(text: &str) -> Option<Uuid> {
    let bytes = text.as_bytes();
    if bytes.len() != 26 || symbol_value(bytes[0])? > 7 {
        return None;
    }
    let bits = bytes.iter().try_fold(0_u128, |bits, byte| Some(bits << 5 | u128::from(symbol_value(*byte)?)))?;
    Some(Uuid::from_u128(bits))
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal, $word:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, sqlx::Type)]
        #[sqlx(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUIDv7.
            pub const fn new(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The UUID as the database stores it.
            pub const fn uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str($prefix)?;
                write_crockford(f, self.0)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.strip_prefix($prefix).and_then(read_crockford).map(Self).ok_or(ParseIdError($word))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
            }
        }
    };
}

uuid_id!(
    /// A service: a partner's product with its own accounts.
    ServiceId, "svc_", "service id"
);
uuid_id!(
    /// A sector: the legal entity behind one or more services.
    SectorId, "sec_", "sector id"
);
uuid_id!(
    /// The row of an OAuth client; the protocol's `client_id` is a text of its own.
    ClientKey, "cli_", "client key"
);
uuid_id!(
    /// A sign-in transaction.
    FlowId, "flw_", "flow id"
);
uuid_id!(
    /// A browser session at Concord.
    SessionId, "ses_", "session id"
);
uuid_id!(
    /// What one client may do for one customer since one authorization.
    GrantId, "grt_", "grant id"
);
uuid_id!(
    /// A refresh-token family.
    FamilyId, "fam_", "family id"
);
uuid_id!(
    /// A link between a local account and a customer.
    LinkId, "lnk_", "link id"
);
uuid_id!(
    /// The proof of control behind a link.
    EvidenceId, "evd_", "evidence id"
);
uuid_id!(
    /// A person's recorded decision on one agreement.
    ConsentId, "cns_", "consent id"
);
uuid_id!(
    /// An event: of a consent, of security, or to be sent.
    EventId, "evt_", "event id"
);
uuid_id!(
    /// An identifier of a customer.
    IdentifierId, "idn_", "identifier id"
);
uuid_id!(
    /// A message waiting in the outbox.
    MessageId, "msg_", "message id"
);
uuid_id!(
    /// An access token, for its revocation.
    TokenId, "tok_", "token id"
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn customer_ids_match_the_vectors_of_domain_3_1() {
        for (bits, text) in [
            (0x1, "0000-0000-0001-1"),
            (0x0123_4567_89AB_CDEF, "28T5-CY4T-QKFF-A"),
            (0x0FFF_FFFF_FFFF_FFFF, "ZZZZ-ZZZZ-ZZZZ-9"),
            (0x00F1_E2D3_C4B5_A697, "1WF2-TF2B-B9MQ-Q"),
        ] {
            let id = CustomerId::from_bits(bits).expect("drawable");
            assert_eq!(id.to_string(), text);
            assert_eq!(text.parse(), Ok(id));
            assert_eq!(text.to_lowercase().replace('-', "").replace('0', "o").parse(), Ok(id));
        }
    }

    #[test]
    fn a_wrong_symbol_or_a_swap_is_noticed() {
        for wrong in ["28T5-CY4T-QKFF-B", "82T5-CY4T-QKFF-A", "28T5-CY4T-QKF-A", "28T5-CY4T-QKFF-AA", "28T5-CY4T-QKFU-A", ""] {
            assert!(wrong.parse::<CustomerId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn drawing_skips_values_without_a_check_symbol() {
        let mut values = [32_u64, 36, 5].into_iter();
        assert_eq!(CustomerId::draw(|| values.next().expect("a value")), CustomerId(5));
    }

    #[test]
    fn uuid_ids_round_trip_with_their_own_prefix_only() {
        let id = LinkId::new(Uuid::from_u128(0x0192_3456_789a_7bcd_8ef0_1234_5678_9abc));
        assert_eq!(id.to_string().parse(), Ok(id));
        assert!(id.to_string().starts_with("lnk_"));
        assert!(id.to_string().replace("lnk_", "cns_").parse::<LinkId>().is_err());
        assert!("lnk_zzzzzzzzzzzzzzzzzzzzzzzzzz".parse::<LinkId>().is_err());
    }
}
