//! The style sheet and the pictures, in the program itself. A file's name holds a hash of its contents, so that a
//! browser may keep it for ever and never shows a page with yesterday's styles.

/// A file to be served as it is.
#[derive(Clone, Copy, Debug)]
pub struct Asset {
    /// The `Content-Type`.
    pub content_type: &'static str,
    /// The contents.
    pub bytes: &'static [u8],
    /// The name holds the hash: `Cache-Control: public, max-age=31536000, immutable`. Otherwise an hour.
    pub immutable: bool,
}

struct File {
    name: &'static str,
    content_type: &'static str,
    bytes: &'static [u8],
}

const FILES: [File; 4] = [
    File { name: "look.css", content_type: "text/css; charset=utf-8", bytes: include_bytes!("assets/look.css") },
    File { name: "logo.svg", content_type: "image/svg+xml", bytes: include_bytes!("assets/logo.svg") },
    File { name: "favicon.svg", content_type: "image/svg+xml", bytes: include_bytes!("assets/favicon.svg") },
    File { name: "favicon.ico", content_type: "image/x-icon", bytes: include_bytes!("assets/favicon.ico") },
];

/// FNV-1a, 64 bits: tells versions of our own files apart; nobody has a reason to forge one.
pub(super) const fn fnv(bytes: &[u8]) -> u64 {
    let mut hash = 0xcbf2_9ce4_8422_2325_u64;
    let mut i = 0;
    while i < bytes.len() {
        hash = (hash ^ bytes[i] as u64).wrapping_mul(0x0100_0000_01b3);
        i += 1;
    }
    hash
}

/// The address of a file: `url("look.css")` is `/assets/look.0123456789abcdef.css`. A name that does not exist is
/// answered as it is, and then found by nobody.
pub fn url(name: &str) -> String {
    match (FILES.iter().find(|f| f.name == name), name.rsplit_once('.')) {
        (Some(file), Some((stem, ending))) => format!("/assets/{stem}.{:016x}.{ending}", fnv(file.bytes)),
        _ => format!("/assets/{name}"),
    }
}

/// The file at `path`: `/assets/look.<hash>.css` as [`url`] gives it, and `/favicon.ico`.
pub fn find(path: &str) -> Option<Asset> {
    let (file, immutable) = if path == "/favicon.ico" {
        (FILES.iter().find(|f| f.name == "favicon.ico")?, false)
    } else {
        (FILES.iter().find(|f| url(f.name) == path)?, true)
    };
    Some(Asset { content_type: file.content_type, bytes: file.bytes, immutable })
}

/// Every file with its address, to write a page's surroundings beside it.
pub(super) fn all() -> impl Iterator<Item = (String, &'static [u8])> {
    FILES.iter().map(|f| (url(f.name), f.bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_found_under_its_hashed_name_only() {
        let path = url("look.css");
        assert!(find(&path).is_some_and(|a| a.immutable && a.content_type.starts_with("text/css")));
        assert!(find("/assets/look.css").is_none());
        assert!(find("/assets/look.0000000000000000.css").is_none());
        assert!(find("/favicon.ico").is_some_and(|a| !a.immutable));
        assert!(find("/assets/../Cargo.toml").is_none());
    }

    #[test]
    fn the_style_sheet_stays_small() {
        assert!(find(&url("look.css")).is_some_and(|a| a.bytes.len() <= 25_000));
    }
}
