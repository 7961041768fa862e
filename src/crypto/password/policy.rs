//! Which passwords may be chosen: length, and not among the first that anybody would guess (security.md 2n). No rules
//! of composition, no expiry, no hints.

use unicode_normalization::UnicodeNormalization;
use zeroize::Zeroizing;
use zxcvbn::{Score, zxcvbn};

use super::LONGEST_BYTES;
use crate::config::PasswordConfig;

/// Names and words that stand in everybody's mind at our sign-in page.
const OWN_WORDS: [&str; 5] = ["concord", "password", "passphrase", "пароль", "密码"];
/// The library's work grows with the square of the length and with the product of the readings of such symbols: 128
/// well-chosen characters would take half a minute. Both are bounded before it sees them.
const LOOKED_AT: usize = 40;
/// Letters and the symbols that the library reads as them.
const READINGS: [(char, &str); 12] = [
    ('a', "4@"),
    ('b', "8"),
    ('c', "({[<"),
    ('e', "3"),
    ('g', "69"),
    ('i', "1!|"),
    ('l', "1|7"),
    ('o', "0"),
    ('s', "$5"),
    ('t', "+7"),
    ('x', "%"),
    ('z', "2"),
];
const MOST_READINGS: usize = 32;
/// Parts of context words shorter than this are in too many good passwords.
const SHORTEST_PART: usize = 4;

/// Why a password may not be chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Weakness {
    /// Fewer code points than needed.
    #[error("at least {minimum} characters are needed")]
    TooShort {
        /// How many are needed.
        minimum: usize,
    },
    /// More code points, or more bytes, than taken.
    #[error("at most {maximum} characters are taken")]
    TooLong {
        /// How many are taken.
        maximum: usize,
    },
    /// Among the first guesses: a common password, a pattern, one's own name or address.
    #[error("this password would be guessed soon")]
    Guessable,
}

/// Lengths in code points after normalisation (conventions 13).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rules {
    /// Fewest.
    pub minimum: usize,
    /// Most.
    pub maximum: usize,
}

impl Rules {
    /// As configured.
    pub const fn new(config: &PasswordConfig) -> Self {
        Self { minimum: config.min_length, maximum: config.max_length }
    }

    /// Whether a password may be chosen. `context` is what others know of the person and the place: name, e-mail address,
    /// phone, service.
    ///
    /// # Errors
    /// Why not.
    pub fn check(self, password: &str, context: &[&str]) -> Result<(), Weakness> {
        if password.len() > LONGEST_BYTES {
            return Err(Weakness::TooLong { maximum: self.maximum });
        }
        let normal = Zeroizing::new(password.nfc().collect::<String>());
        let length = normal.chars().count();
        if length < self.minimum {
            return Err(Weakness::TooShort { minimum: self.minimum });
        }
        if length > self.maximum {
            return Err(Weakness::TooLong { maximum: self.maximum });
        }
        let words = words(context);
        let words: Vec<_> = words.iter().map(|word| word.as_str()).collect();
        if guessable(&normal, &words) || mostly(&normal, &words) {
            return Err(Weakness::Guessable);
        }
        Ok(())
    }
}

/// The context and its parts in lower case, longest first.
fn words(context: &[&str]) -> Vec<Zeroizing<String>> {
    let whole = context.iter().copied().chain(OWN_WORDS);
    let parts = context.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric()));
    let all = whole.chain(parts).map(|word| Zeroizing::new(word.nfc().collect::<String>().to_lowercase()));
    let mut words: Vec<_> = all.filter(|word| word.chars().count() >= SHORTEST_PART || OWN_WORDS.contains(&word.as_str())).collect();
    words.sort_by_key(|word| std::cmp::Reverse(word.len()));
    words
}

/// Whether fewer than a million guesses find it. Of a long password one hard end is enough.
fn guessable(password: &str, words: &[&str]) -> bool {
    let length = password.chars().count();
    let from = |skipped| Zeroizing::new(password.chars().skip(skipped).take(LOOKED_AT).collect::<String>());
    let easy = |piece: &str| zxcvbn(&with_few_readings(piece), words).score() < Score::Two;
    easy(&from(0)) && (length <= LOOKED_AT || easy(&from(length - LOOKED_AT)))
}

/// Where the symbols of a piece can be read in very many ways, leaves each letter one sign that stands for it. Digits
/// stay, because they make dates and rows.
fn with_few_readings(piece: &str) -> Zeroizing<String> {
    let present = |symbols: &str| symbols.chars().filter(|symbol| piece.contains(*symbol)).count().max(1);
    if READINGS.iter().map(|(_, symbols)| present(symbols)).product::<usize>() <= MOST_READINGS {
        return Zeroizing::new(piece.to_owned());
    }
    let mut chosen: Vec<(char, char)> = Vec::with_capacity(READINGS.len());
    let blur = |c: char| match READINGS.iter().find(|(_, symbols)| !c.is_ascii_digit() && symbols.contains(c)) {
        Some((letter, _)) => match chosen.iter().find(|(known, _)| known == letter) {
            Some((_, sign)) if *sign != c => '~',
            Some(_) => c,
            None => {
                chosen.push((*letter, c));
                c
            }
        },
        None => c,
    };
    Zeroizing::new(piece.chars().map(blur).collect())
}

/// Whether a password is little else than the words, one after the other.
fn mostly(password: &str, words: &[&str]) -> bool {
    let mut rest = Zeroizing::new(password.to_lowercase());
    for word in words {
        rest = Zeroizing::new(rest.replace(word, ""));
    }
    let left = rest.chars().filter(|c| c.is_alphanumeric()).count();
    left < 6 && rest.len() < password.to_lowercase().len()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// By the defaults.
    fn acceptable(password: &str, context: &[&str]) -> Result<(), Weakness> {
        Rules { minimum: 15, maximum: 128 }.check(password, context)
    }

    const GOOD: &str = "тихий вечер у реки Амур 1974 поют сверчки";

    fn of_length(count: usize) -> String {
        "kV9#тq2!Zм7&xW4жR8p"
            .chars()
            .cycle()
            .enumerate()
            .map(|(at, c)| if at % 5 == 0 { char::from(b'a' + u8::try_from(at * 7 % 26).unwrap()) } else { c })
            .take(count)
            .collect()
    }

    #[test]
    fn pw1_lengths_are_counted_in_code_points_after_normalisation() {
        for (count, fine) in [(7, false), (14, false), (15, true), (64, true), (128, true), (129, false)] {
            assert_eq!(acceptable(&of_length(count), &[]).is_ok(), fine, "{count}");
        }
        assert_eq!(acceptable(&of_length(14), &[]), Err(Weakness::TooShort { minimum: 15 }));
        assert_eq!(acceptable(&of_length(129), &[]), Err(Weakness::TooLong { maximum: 128 }));
        let beside = Rules { minimum: 8, maximum: 128 };
        assert_eq!((beside.check(&of_length(7), &[]).is_ok(), beside.check(&of_length(8), &[]).is_ok()), (false, true));
        // Fourteen letters, one of them written as two code points, stay fourteen.
        let composed = format!("{}e\u{301}", of_length(13));
        assert_eq!(acceptable(&composed, &[]), Err(Weakness::TooShort { minimum: 15 }));
        assert_eq!(acceptable(&"👩‍👩‍👧".repeat(29), &[]), Err(Weakness::TooLong { maximum: 128 }));
    }

    #[test]
    fn pw2_anything_long_and_unexpected_is_fine() {
        for fine in [GOOD, "correct horse battery staple", "shelf umbrella seventeen moths", "一个很长的没有人会猜到的句子在这里"]
        {
            assert_eq!(acceptable(fine, &["Ivan Petrov", "ivan.petrov@example.com"]), Ok(()), "{fine}");
        }
    }

    #[test]
    fn pw3_first_guesses_and_context_are_refused() {
        let context = ["Ivan Petrov", "ivan.petrov@example.com", "+79161234567", "Aurora Bank"];
        let wrong = [
            "aaaaaaaaaaaaaaaaaaaa",
            "123456789012345",
            "passwordpassword",
            "qwertyuiopasdfghjkl",
            "ivan.petrov@example.com",
            "IVAN.PETROV@EXAMPLE.COM",
            "petrovpetrovpetrov",
            "ivanpetrov-aurora-bank",
            "concordconcordconcord1",
            "+79161234567+7",
            "парольпарольпароль",
            "                 hm",
        ];
        for password in wrong {
            assert!(acceptable(password, &context).is_err(), "{password}");
        }
        assert_eq!(acceptable("AuroraIvanPetrov12", &context), Err(Weakness::Guessable));
    }

    #[test]
    fn symbols_with_many_readings_are_thinned_out_and_others_stay() {
        for same in ["123456789012345", "!@#$%^&*()_+", "p4ssw0rd", "p@$$w0rd!", "19741212"] {
            assert_eq!(with_few_readings(same).as_str(), same);
        }
        assert_eq!(with_few_readings("4@({[<1!|7$5+x").as_str(), "4@(~~~1!~7$5+x");
    }

    #[test]
    fn long_input_is_refused_before_any_work() {
        assert_eq!(acceptable(&"x".repeat(10_000_000), &[]), Err(Weakness::TooLong { maximum: 128 }));
        assert_eq!(acceptable(&of_length(128).repeat(5), &[]), Err(Weakness::TooLong { maximum: 128 }));
    }
}
