//! The table, and `target/bench/report.json`.

use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};

use super::generator::Measured;

/// What an operation has to reach, as a ratio to a limit.
#[derive(Clone, Copy)]
pub struct Goal {
    pub operation: &'static str,
    pub limit: &'static str,
    pub must: f64,
    pub aim: f64,
}

impl Goal {
    pub const fn new(operation: &'static str, limit: &'static str, must: f64, aim: f64) -> Self {
        Self { operation, limit, must, aim }
    }
}

struct Row {
    goal: Goal,
    rate: f64,
    limit: f64,
    p50: Duration,
    p99: Duration,
}

#[derive(Default)]
pub struct Report {
    limits: Vec<(&'static str, f64, &'static str)>,
    rows: Vec<Row>,
}

impl Report {
    /// Notes a limit that was measured in this run.
    pub fn limit(&mut self, name: &'static str, rate: f64, unit: &'static str) {
        println!("   {name} = {rate:.0} {unit}");
        self.limits.push((name, rate, unit));
    }

    /// Notes what an operation reached.
    pub fn row(&mut self, goal: Goal, measured: Measured) {
        let limit = self.limits.iter().find(|(name, ..)| *name == goal.limit).map_or(f64::NAN, |(_, rate, _)| *rate);
        self.rows.push(Row { goal, rate: measured.rate, limit, p50: measured.p50, p99: measured.p99 });
    }

    pub fn print(&self) {
        println!("\n{:<44} {:>10} {:>8} {:>8} {:>7} {:>6} {:>6}", "operation", "per s", "p50 ms", "p99 ms", "ratio", "must", "aim");
        for (name, rate, unit) in &self.limits {
            println!("{:<44} {rate:>10.0}", format!("{name} ({unit})"));
        }
        for row in &self.rows {
            let ratio = row.rate / row.limit;
            let verdict = if ratio >= row.goal.aim {
                "aim reached"
            } else if ratio >= row.goal.must {
                ""
            } else {
                "below must"
            };
            println!(
                "{:<44} {:>10.0} {:>8.2} {:>8.2} {:>5.3} {} {:>5} {:>6}  {verdict}",
                row.goal.operation,
                row.rate,
                row.p50.as_secs_f64() * 1e3,
                row.p99.as_secs_f64() * 1e3,
                ratio,
                if row.goal.limit == "H" { "H" } else { "c" },
                row.goal.must,
                row.goal.aim
            );
        }
        println!("\nratio: to H (hello world), or c (commits of 16 connections)");
    }

    /// The report that other programs read: one object per operation.
    pub fn write(&self) {
        let limits = self.limits.iter().map(|(name, rate, unit)| json!({"operation": name, "value": rate.round(), "unit": unit}));
        let rows = self.rows.iter().map(|row| {
            json!({
                "operation": row.goal.operation,
                "value": row.rate.round(),
                "unit": "1/s",
                "limit_name": row.goal.limit,
                "limit": row.limit.round(),
                "ratio": (row.rate / row.limit * 1000.0).round() / 1000.0,
                "must": row.goal.must,
                "aim": row.goal.aim,
                "p50_ms": row.p50.as_secs_f64() * 1e3,
                "p99_ms": row.p99.as_secs_f64() * 1e3,
            })
        });
        let report: Vec<Value> = limits.chain(rows).collect();
        // target/release/deps/load-0123: the folder is two above the profile's.
        let this = std::env::current_exe().expect("this program");
        let target = this.ancestors().nth(3).map_or_else(|| PathBuf::from("target"), PathBuf::from);
        let folder = target.join("bench");
        std::fs::create_dir_all(&folder).expect("a folder");
        let path = folder.join("report.json");
        std::fs::write(&path, serde_json::to_string_pretty(&report).expect("JSON")).expect("the report");
        println!("written to {}", path.display());
    }
}
