//! Looks for many secrets at once, in every way a text is usually written down.

use std::collections::{BTreeSet, HashMap};

use base64::Engine;
use base64::engine::general_purpose::STANDARD_NO_PAD;

/// Shorter things would be found by chance.
const KEY: usize = 8;

/// A secret as somebody might have written it.
struct Spelling {
    bytes: Vec<u8>,
    what: String,
}

/// All secrets in all spellings.
#[derive(Default)]
pub struct Needles {
    seen: BTreeSet<Vec<u8>>,
    spellings: Vec<Spelling>,
    by_start: HashMap<u64, Vec<usize>>,
    codes: BTreeSet<String>,
}

impl Needles {
    /// Looks for a text: as it is, in hexadecimal digits, base64, escaped for addresses, in UTF-16, whatever the case.
    pub fn text(&mut self, what: &str, secret: &str) {
        assert!(secret.len() >= KEY, "{what} is too short to be looked for");
        self.add(format!("{what}, plain"), secret.as_bytes());
        self.add(format!("{what}, hexadecimal"), hex(secret.as_bytes()).as_bytes());
        self.add(format!("{what}, UTF-16"), &secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>());
        let escaped: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        self.add(format!("{what}, escaped"), escaped.as_bytes());
        let all: String = secret.bytes().map(|byte| format!("%{byte:02x}")).collect();
        self.add(format!("{what}, all escaped"), all.as_bytes());
        // What stands before it shifts base64 by one of three.
        for before in 0..3 {
            let encoded = STANDARD_NO_PAD.encode([&vec![0; before][..], secret.as_bytes()].concat());
            // Characters that also hold bits of the neighbours do not count.
            let start = (before * 8).div_ceil(6);
            let inner = &encoded[start..(before + secret.len()) * 8 / 6];
            if inner.len() >= KEY {
                self.add(format!("{what}, base64"), inner.as_bytes());
                self.add(format!("{what}, base64url"), inner.replace('+', "-").replace('/', "_").as_bytes());
            }
        }
    }

    /// As `text`, for something that few enough have for its digest to be guessed: the digest is looked for, too.
    pub fn guessable(&mut self, what: &str, secret: &str) {
        self.text(what, secret);
        self.digests(what, secret);
    }

    fn digests(&mut self, what: &str, secret: &str) {
        use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, SHA512, digest};
        for spelled in [secret.to_owned(), secret.to_lowercase()] {
            for algorithm in [&SHA1_FOR_LEGACY_USE_ONLY, &SHA256, &SHA512] {
                let digest = digest(algorithm, spelled.as_bytes());
                self.add(format!("a plain digest of {what}"), digest.as_ref());
                self.add(format!("a plain digest of {what}, hexadecimal"), hex(digest.as_ref()).as_bytes());
                self.add(format!("a plain digest of {what}, base64"), STANDARD_NO_PAD.encode(&digest.as_ref()[..18]).as_bytes());
            }
        }
    }

    /// Six digits: looked for where they stand alone.
    pub fn code(&mut self, code: &str) {
        if self.codes.insert(code.to_owned()) {
            self.digests("a one-time code", code);
        }
    }

    pub fn len(&self) -> usize {
        self.spellings.len()
    }

    fn add(&mut self, what: String, bytes: &[u8]) {
        let bytes = bytes.to_ascii_lowercase();
        if bytes.len() < KEY || !self.seen.insert(bytes.clone()) {
            return;
        }
        let start = u64::from_le_bytes(bytes[..KEY].try_into().expect("eight bytes"));
        self.by_start.entry(start).or_default().push(self.spellings.len());
        self.spellings.push(Spelling { bytes, what });
    }

    /// What was found, each with its surroundings.
    pub fn found_in(&self, haystack: &[u8]) -> Vec<String> {
        let lower = haystack.to_ascii_lowercase();
        let mut found = Vec::new();
        for at in 0..lower.len().saturating_sub(KEY - 1) {
            let start = u64::from_le_bytes(lower[at..at + KEY].try_into().expect("eight bytes"));
            let Some(candidates) = self.by_start.get(&start) else { continue };
            for spelling in candidates.iter().map(|index| &self.spellings[*index]) {
                if lower[at..].starts_with(&spelling.bytes) {
                    found.push(format!("{}: ...{}...", spelling.what, around(haystack, at, spelling.bytes.len())));
                }
            }
        }
        for (at, window) in haystack.windows(6).enumerate() {
            if window[0].is_ascii_digit() && self.is_code(haystack, at, window) {
                found.push(format!("a one-time code: ...{}...", around(haystack, at, 6)));
            }
        }
        found
    }

    fn is_code(&self, haystack: &[u8], at: usize, window: &[u8]) -> bool {
        let Ok(digits) = std::str::from_utf8(window) else { return false };
        let open = |byte: Option<&u8>| byte.is_none_or(|byte| !byte.is_ascii_alphanumeric() && !b".-".contains(byte));
        let before = &haystack[..at];
        self.codes.contains(digits)
            && open(before.last())
            && open(haystack.get(at + 6))
            // Durations are numbers, too.
            && !before.ends_with(b"duration_us\":")
            && !before.ends_with(b"\"done\":")
    }
}

fn around(haystack: &[u8], at: usize, length: usize) -> String {
    let part = &haystack[at.saturating_sub(100)..(at + length + 60).min(haystack.len())];
    String::from_utf8_lossy(part).escape_debug().collect()
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn every_spelling_is_found_and_nothing_else() {
    let mut needles = Needles::default();
    needles.guessable("an address", "Mara.Lund@example.org");
    needles.code("482916");
    let base64 = |text: &str| STANDARD_NO_PAD.encode(text);
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, b"mara.lund@example.org");
    for planted in [
        "xmara.lund@EXAMPLE.orgx".as_bytes().to_vec(),
        b"4d6172612e4C756E64406578616d706c652e6f7267".to_vec(),
        base64("Mara.Lund@example.org").into_bytes(),
        base64("=Mara.Lund@example.org;").into_bytes(),
        base64("\"'Mara.Lund@example.org!!").into_bytes(),
        b"login_hint=Mara.Lund%40example.org&x=1".to_vec(),
        "Mara.Lund@example.org".encode_utf16().flat_map(u16::to_le_bytes).collect(),
        [b"\x00\x01", digest.as_ref()].concat(),
        b"the code 482916 is".to_vec(),
        b"{\"code\":\"482916\"}".to_vec(),
    ] {
        let haystack = [b"some bytes before ".as_slice(), &planted, b" and after"].concat();
        assert!(!needles.found_in(&haystack).is_empty(), "{}", String::from_utf8_lossy(&planted));
    }
    for harmless in ["", "mara.lund@example.net", "id-482916", "0482916", "12.482916", "\"duration_us\":482916,", "Mara"] {
        assert_eq!(needles.found_in(harmless.as_bytes()), Vec::<String>::new(), "{harmless}");
    }
}
