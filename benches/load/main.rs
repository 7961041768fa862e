//! The load harness: `make bench`.
//!
//! Every figure is a ratio to a limit measured in the same run, so that machines can be compared. One core serves, another one
//! asks (wrk, 64 connections kept open); a warm-up, then three runs, and the median counts. Answers are checked before they are counted.
//!
//! `make bench` runs everything; `tests/run/bench --quick` takes seconds and proves only that the harness works.
#![allow(
    missing_docs,
    dead_code,
    clippy::pedantic,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::print_stdout,
    clippy::print_stderr
)]

mod baseline;
mod generator;
mod hello;
mod report;
mod server;

use std::net::SocketAddr;
use std::time::Duration;

use generator::{Generator, Load};
use report::{Goal, Report};

/// How long and how often.
#[derive(Clone, Copy)]
pub struct Effort {
    pub warm_up: Duration,
    pub run: Duration,
    pub runs: usize,
}

const THOROUGH: Effort = Effort { warm_up: Duration::from_secs(2), run: Duration::from_secs(10), runs: 3 };
const QUICK: Effort = Effort { warm_up: Duration::from_millis(500), run: Duration::from_secs(1), runs: 1 };

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|a| a != "--bench").collect();
    if let [command, address] = arguments.as_slice()
        && let Ok(address) = address.parse()
    {
        match command.as_str() {
            "hello" => hello::serve(address),
            _ => hello::serve_in_shell(address),
        }
        return;
    }
    let effort = if arguments.iter().any(|a| a == "--quick") { QUICK } else { THOROUGH };
    let only: Vec<&str> = arguments.iter().map(String::as_str).filter(|a| !a.starts_with("--")).collect();
    let generator = Generator::new(effort);
    let mut report = Report::default();

    let greeted = |answer: &str| answer.starts_with("Hello");
    let hello = server::Pinned::this("hello");
    let h = generator.measure("hello world (H)", &Load::get(hello.address, "/"), greeted);
    drop(hello);
    report.limit("H", h.rate, "requests/s");
    let shell = server::Pinned::this("shell");
    report.row(
        Goal::new("hello world in the shell", "H", 0.65, 0.85),
        generator.measure("the shell", &Load::get(shell.address, "/"), greeted),
    );
    drop(shell);
    if only.is_empty() || only.contains(&"commits") {
        baseline::commits(&mut report, effort);
    }
    measure(&generator, &mut report, &only);
    report.print();
    report.write();
}

/// What is measured at the real server, one line per goal.
fn measure(_generator: &Generator, _report: &mut Report, _only: &[&str]) {
    let _goals = [Goal::new("JWKS", "H", 0.65, 0.75)];
}

/// A free port on loopback.
pub fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}
