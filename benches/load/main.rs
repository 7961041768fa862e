//! The load harness: `make bench`.
//!
//! Every figure is a ratio to a limit measured in the same run, so that machines can be compared. One core serves, another one
//! asks (wrk, 64 connections kept open); a warm-up, then three runs, and the median counts. Answers are checked before they are counted.
//!
//! `make bench` runs everything; `tests/run/bench --quick` takes two seconds per row and proves only that the harness works;
//! `tests/run/bench introspection JWKS` measures the rows that have one of these words in their names.
#![allow(
    missing_docs,
    dead_code,
    clippy::disallowed_methods,
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
mod process;
mod report;
mod rows;
mod server;
mod stage;
/// The actors of the integration tests prepare what is measured.
#[path = "../../tests/it/support/mod.rs"]
#[allow(unused)]
mod support;

use std::net::SocketAddr;
use std::time::Duration;

use generator::{Generator, Load};
use report::{Goal, Report};
use rows::Bench;

/// How long and how often.
#[derive(Clone, Copy)]
pub struct Effort {
    pub warm_up: Duration,
    pub run: Duration,
    pub runs: usize,
}

const THOROUGH: Effort = Effort { warm_up: Duration::from_secs(2), run: Duration::from_secs(10), runs: 3 };
const QUICK: Effort = Effort { warm_up: Duration::from_secs(1), run: Duration::from_secs(2), runs: 1 };

const SHELL: Goal = Goal::new("hello world in the shell", "H", 0.65, 0.85);

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
    let only = arguments.into_iter().filter(|a| !a.starts_with("--")).collect();
    let mut report = Report::default();
    let mut bench = Bench { generator: Generator::new(effort), report: &mut report, only };

    let h = hello_world(&bench);
    bench.report.limit("H", h, "requests/s");
    shell(&mut bench);
    if rows::write(&bench) {
        baseline::commits(bench.report, effort);
    }
    rows::from_memory(&mut bench);
    rows::on_sqlite(&mut bench);
    rows::on_postgres(&mut bench);
    process::measure(&mut bench);
    let h = hello_world(&bench);
    bench.report.again("H", h);
    report.print();
    report.write();
}

fn greeted(answer: &str) -> bool {
    answer.starts_with("Hello")
}

fn hello_world(bench: &Bench<'_>) -> f64 {
    let hello = server::Pinned::this("hello");
    bench.generator.measure("hello world (H)", &Load::get(&hello, "/"), greeted).rate
}

fn shell(bench: &mut Bench<'_>) {
    if bench.wants(SHELL.operation) {
        let shell = server::Pinned::this("shell");
        let measured = bench.generator.measure(SHELL.operation, &Load::get(&shell, "/"), greeted);
        bench.report.row(SHELL, measured);
    }
}

/// A free port on loopback.
pub fn free_address() -> SocketAddr {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("an address")
}
