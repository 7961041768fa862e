//! A page of the person's own, to come back to after signing in.

use serde::{Deserialize, Serialize};

/// A path below `/account` and nothing else: no host, no query, no way out. What cannot be read leads to `/account`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "String", into = "String")]
pub struct AccountPage(String);

/// The first of these pages, and what the others begin with.
const HOME: &str = "/account";
/// No page of ours has a longer path.
const LONGEST: usize = 200;

impl AccountPage {
    /// The page at a path; `/account` for anything that is not the path of such a page.
    pub fn at(path: &str) -> Self {
        Self(if Self::is_one(path) { path } else { HOME }.to_owned())
    }

    fn is_one(path: &str) -> bool {
        let Some(rest) = path.strip_prefix(HOME) else { return false };
        let mut names = rest.split('/');
        // What stands before the first slash belongs to the name: `/accounting` is not ours.
        names.next() == Some("")
            && path.len() <= LONGEST
            && names.all(|name| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_')))
    }

    /// The path.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Default for AccountPage {
    fn default() -> Self {
        Self(HOME.to_owned())
    }
}

impl From<String> for AccountPage {
    fn from(path: String) -> Self {
        Self::at(&path)
    }
}

impl From<AccountPage> for String {
    fn from(page: AccountPage) -> Self {
        page.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_paths_of_account_pages_are_kept() {
        for path in ["/account", "/account/privacy", "/account/security/password", "/account/links/lnk_01m82vk1n7/end"] {
            assert_eq!(AccountPage::at(path).as_str(), path);
        }
        let long = format!("/account/{}", "a".repeat(200));
        for path in [
            "",
            "/",
            "/accounting",
            "/login",
            "//evil.example",
            "/account//evil.example",
            "/account/../login",
            "/account/",
            "/account/./a",
            "/account?next=x",
            "/account/%2e%2e",
            "/account\\evil",
            "/account@evil.example",
            "account",
            "https://evil.example/account",
            "/account/a\r\nLocation: x",
            "/account/é",
            &long,
        ] {
            assert_eq!(AccountPage::at(path), AccountPage::default(), "{path:?}");
        }
        let stored: AccountPage = serde_json::from_str("\"//evil.example\"").expect("text");
        assert_eq!(stored, AccountPage::default(), "stored values are read as strictly");
    }
}
