//! What must not get out, and who may not get in: against the real program, on both pairs of stores.

mod answers;
mod canary;
mod corpus;
mod credentials;
mod cross_site;
mod crowd;
mod dumps;
mod haystack;
mod hosts;
mod jobs;
mod mails;
mod reload;
mod roles;
mod routes;
mod side_doors;
mod successes;
mod town;
mod tries;
