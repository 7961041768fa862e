//! The business as types and pure decisions: no I/O, no clock, no chance of its own.

/// Where to go on after signing in.
pub mod account_page;
/// Who did something.
pub mod actor;
/// Product domains, scopes, claims, agreements.
pub mod catalog;
/// A person's recorded decisions.
pub mod consent;
/// Customers and their sessions.
pub mod customer;
/// The sign-in transaction and its decision.
pub mod flow;
/// What one client may do for one customer.
pub mod grant;
/// E-mail addresses, phones and login names with their normal forms.
pub mod identifier;
/// Ids and the customer id's check symbol.
pub mod ids;
/// The mapping of local accounts to customers.
pub mod link;
/// Messages to people.
pub mod notice;
/// Partners' products and their OAuth clients.
pub mod service;
