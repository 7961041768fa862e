//! The world we call.

/// Calls to addresses that partners gave us.
pub mod guarded;
/// Mails.
pub mod mail;
