//! The story without a browser: a person without a screen goes through the real pages of all hosts.

mod browser;
mod page;
mod person;
mod story;

pub(super) use person::Person;
pub(super) use story::tell;
