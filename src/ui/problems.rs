//! What the APIs answer when they refuse (RFC 9457): each kind of problem, where its `type` leads.

use super::frame::Frame;
use super::page::page;
use crate::protocol::locale::Locale;

/// A kind of problem. Its word stands in `code` and ends `type`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// Nothing but what the status says.
    Http,
    /// The token was not sent as it must be.
    InvalidRequest,
    /// The query cannot be read.
    InvalidQuery,
    /// The body does not fit.
    InvalidBody,
    /// The body is something else than JSON.
    NotJson,
    /// No access token was sent.
    TokenMissing,
    /// The access token does not hold.
    InvalidToken,
    /// The access token lacks a scope.
    InsufficientScope,
    /// The product domain is somebody else's.
    NotOwner,
    /// Nobody has linked the account.
    AccountNotLinked,
    /// The database or another part cannot be reached.
    TemporarilyUnavailable,
    /// Our fault.
    ServerError,
}

impl ProblemKind {
    /// Every one.
    pub const ALL: [Self; 12] = [
        Self::Http,
        Self::InvalidRequest,
        Self::InvalidQuery,
        Self::InvalidBody,
        Self::NotJson,
        Self::TokenMissing,
        Self::InvalidToken,
        Self::InsufficientScope,
        Self::NotOwner,
        Self::AccountNotLinked,
        Self::TemporarilyUnavailable,
        Self::ServerError,
    ];

    /// The word for machines.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Http => "http",
            Self::InvalidRequest => "invalid_request",
            Self::InvalidQuery => "invalid_query",
            Self::InvalidBody => "invalid_body",
            Self::NotJson => "not_json",
            Self::TokenMissing => "token_missing",
            Self::InvalidToken => "invalid_token",
            Self::InsufficientScope => "insufficient_scope",
            Self::NotOwner => "not_owner",
            Self::AccountNotLinked => "account_not_linked",
            Self::TemporarilyUnavailable => "temporarily_unavailable",
            Self::ServerError => "server_error",
        }
    }

    const fn key(self) -> &'static str {
        match self {
            Self::Http => "problem-http",
            Self::InvalidRequest => "problem-invalid-request",
            Self::InvalidQuery => "problem-invalid-query",
            Self::InvalidBody => "problem-invalid-body",
            Self::NotJson => "problem-not-json",
            Self::TokenMissing => "problem-token-missing",
            Self::InvalidToken => "problem-invalid-token",
            Self::InsufficientScope => "problem-insufficient-scope",
            Self::NotOwner => "problem-not-owner",
            Self::AccountNotLinked => "problem-account-not-linked",
            Self::TemporarilyUnavailable => "problem-temporarily-unavailable",
            Self::ServerError => "problem-server-error",
        }
    }

    pub(super) fn about(self, f: &Frame) -> String {
        f.t(self.key())
    }
}

/// The page about all of them, for whoever integrates.
#[derive(Clone, Debug)]
pub struct Problems;

impl Problems {
    pub(super) fn kinds(&self) -> [ProblemKind; ProblemKind::ALL.len()] {
        ProblemKind::ALL
    }

    pub(super) fn samples(_: Locale) -> Vec<(&'static str, Self)> {
        vec![("plain", Self)]
    }
}
page!(Problems, "trouble/problems.html");
