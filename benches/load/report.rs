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

/// What must not be exceeded.
#[derive(Clone, Copy)]
pub struct Size {
    pub operation: &'static str,
    pub unit: &'static str,
    pub must: f64,
    pub aim: f64,
}

impl Size {
    pub const fn new(operation: &'static str, unit: &'static str, must: f64, aim: f64) -> Self {
        Self { operation, unit, must, aim }
    }
}

struct Row {
    goal: Goal,
    rate: f64,
    limit: f64,
    p50: Duration,
    p99: Duration,
}

impl Row {
    fn ratio(&self) -> f64 {
        self.rate / self.limit
    }
}

#[derive(Default)]
pub struct Report {
    limits: Vec<(&'static str, f64, &'static str)>,
    rows: Vec<Row>,
    sizes: Vec<(Size, f64)>,
}

fn verdict(must: bool, aim: bool) -> &'static str {
    match (must, aim) {
        (_, true) => "aim reached",
        (true, _) => "must reached",
        _ => "BELOW MUST",
    }
}

fn rounded(value: f64) -> f64 {
    (value * 1000.0).round() / 1000.0
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
        let row = Row { goal, rate: measured.rate, limit, p50: measured.p50, p99: measured.p99 };
        println!("   {}: {:.0}/s, {:.3} of {}", goal.operation, row.rate, row.ratio(), goal.limit);
        self.rows.push(row);
    }

    /// Notes how large something is.
    pub fn size(&mut self, size: Size, value: f64) {
        println!("   {}: {value:.1} {}", size.operation, size.unit);
        self.sizes.push((size, value));
    }

    pub fn print(&self) {
        println!(
            "\n{:<34} {:>9} {:>8} {:>8} {:>7} {:<16} {:>6} {:>6}",
            "operation", "per s", "p50 ms", "p99 ms", "ratio", "of", "must", "aim"
        );
        for (name, rate, unit) in &self.limits {
            println!("{:<34} {rate:>9.0}", format!("{name} ({unit})"));
        }
        for row in &self.rows {
            let (goal, ratio) = (row.goal, row.ratio());
            println!(
                "{:<34} {:>9.0} {:>8.2} {:>8.2} {ratio:>7.3} {:<16} {:>6} {:>6}  {}",
                goal.operation,
                row.rate,
                row.p50.as_secs_f64() * 1e3,
                row.p99.as_secs_f64() * 1e3,
                goal.limit,
                goal.must,
                goal.aim,
                verdict(ratio >= goal.must, ratio >= goal.aim)
            );
        }
        for (size, value) in &self.sizes {
            let (must, aim) = (*value <= size.must, *value <= size.aim);
            println!("{:<34} {value:>9.1} {:<42} {:>6} {:>6}  {}", size.operation, size.unit, size.must, size.aim, verdict(must, aim));
        }
        println!("\nH: hello world of the same server stack; commits: durable ones of 16 connections. Times are those of single requests.");
    }

    /// The report that other programs read: one object per operation. Of sizes the ratio must not exceed `must`.
    pub fn write(&self) {
        let limits = self.limits.iter().map(|(name, rate, unit)| json!({"operation": name, "value": rate.round(), "unit": unit}));
        let rows = self.rows.iter().map(|row| {
            json!({
                "operation": row.goal.operation,
                "value": row.rate.round(),
                "unit": "1/s",
                "limit_name": row.goal.limit,
                "limit": row.limit.round(),
                "ratio": rounded(row.ratio()),
                "must": row.goal.must,
                "aim": row.goal.aim,
                "reached": row.ratio() >= row.goal.must,
                "p50_ms": rounded(row.p50.as_secs_f64() * 1e3),
                "p99_ms": rounded(row.p99.as_secs_f64() * 1e3),
            })
        });
        let sizes = self.sizes.iter().map(|(size, value)| {
            json!({
                "operation": size.operation,
                "value": rounded(*value),
                "unit": size.unit,
                "limit_name": "at most",
                "limit": size.must,
                "ratio": rounded(value / size.must),
                "must": 1.0,
                "aim": rounded(size.aim / size.must),
                "reached": *value <= size.must,
            })
        });
        let report: Vec<Value> = limits.chain(rows).chain(sizes).collect();
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
