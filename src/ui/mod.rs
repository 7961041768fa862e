//! What people see: pages and mails in Russian, English and Chinese.
//!
//! A page is a struct of plain data, masked by whoever fills it; `render(&Frame)` makes the HTML. No script, no inline
//! style: everything works as plain forms, and with `default-src 'none'; style-src 'self'; img-src 'self'`.
//!
//! Every form is sent by POST to the address of its page (it has no `action`), with the field `csrf`; the button that
//! was pressed says what is wanted in the field `action`. Ids and names below are stable: browser tests and the OpenID
//! conformance suite use them. A button's id is the value of its `action` unless said otherwise.
//!
//! | page | fields (id = name) | buttons (`action`) |
//! |---|---|---|
//! | [`sign_in::Identifier`] | `identifier` | `continue`, `register` |
//! | [`sign_in::Password`] | `password`; `username` (filled in, for password managers) | `continue`, `code`, `change` |
//! | [`sign_in::Code`] | `code` | `continue`, `resend`, `password`, `change` |
//! | [`reauth::Reauth`] | `password` | `continue`, `code`, `other` (not you?) |
//! | [`reauth::SelectAccount`] | - | `select` (id `person-1`.., field `person` of its form), `other` |
//! | [`register::RegisterEmail`] | `email` | `continue`, `sign-in` |
//! | [`register::Nickname`] | `nickname` | `continue` |
//! | [`register::ChoosePassword`] | `new-password`; `username` | `continue` |
//! | [`link::Link`] | - | `decline`, `accept`, `other` (not you?) |
//! | [`link::LinkRefused`] | - | `continue` |
//! | [`consent::Consent`] | checkboxes `item`, value = scope, id = `item-<scope>` | `decline`, `accept`, `other` |
//! | [`consent::Agreement`] | - | ids `version`, `sha256` |
//! | [`account::Home`], [`privacy::Privacy`] | `consent` (hidden, per row) | `withdraw`, id `withdraw-<consent>` |
//! | [`account::Links`] | `link` (hidden, per row) | `undo`, id `undo-<link>`; ending is a link to its confirm page |
//! | [`privacy::ConfirmEnding`] | - | `confirm`; `keep` is a link |
//! | [`sessions::Sessions`] | `session` (hidden, per row) | `end`, id `end-<session>`; `end-others` |
//! | [`sessions::Security`] | `nickname` | `save-nickname`; `set-password` is a link to `/account/security/password` |
//! | [`leave::SignOut`] | - | `sign-out`, `stay` |
//! | [`trouble::FormPost`] | the response's parameters, hidden; sent to the client | id `continue` |
//! | error pages | - | ids `error-code`, `request-id`; link `go-on` |
//! | [`problems::Problems`] | - | a section per kind of problem, id = its word |
//! | [`demo::Hub`] | - | `persona` (id `persona-<handle>`, field `persona`), `clear` |
//! | [`demo::PartnerHome`] | `login`, `password` | `sign-in`, `concord` |
//! | [`demo::PartnerAccount`] | `panel` (hidden, per panel) | `connect`, `disconnect`, `share` (id `share-<panel>`), `sign-out`, `sign-out-everywhere` |
//!
//! Trouble with a form stands in `#error-summary` (role `alert`), with a link to the field; success in `#notice` (role
//! `status`). Links every page has: `?lang=ru|en|zh` and `?theme=auto|light|dark` on its own address.

#![allow(clippy::unused_self, clippy::trivially_copy_pass_by_ref, reason = "templates call methods, and hand over references")]

/// Home and linked accounts.
pub mod account;
/// Style sheet and pictures.
pub mod assets;
/// Agreeing to what a service may read.
pub mod consent;
/// Pages of the demo ecosystem.
#[cfg(feature = "demo")]
pub mod demo;
#[cfg(feature = "demo")]
mod demo_samples;
/// What surrounds a page.
pub mod frame;
/// Signing out.
pub mod leave;
/// Linking accounts.
pub mod link;
/// Mails.
pub mod mail;
mod page;
/// Who sees what, and taking it back.
pub mod privacy;
/// What the APIs answer when they refuse.
pub mod problems;
/// Who is here.
pub mod reauth;
/// Creating a Concord ID.
pub mod register;
mod samples;
/// Sessions and safety.
pub mod sessions;
/// Signing in.
pub mod sign_in;
#[cfg(test)]
mod tests;
mod text;
/// Errors, and other ends of the road.
pub mod trouble;

pub use frame::{ClientCard, Frame, Logo, Theme};
pub use page::{Sample, Trouble};
pub use samples::{samples, write_samples};
