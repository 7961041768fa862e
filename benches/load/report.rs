//! The table, and `target/bench/report.json`.

use std::path::PathBuf;

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

#[derive(Default)]
pub struct Report {
    limits: Vec<(&'static str, f64, &'static str)>,
    rows: Vec<(Goal, Measured)>,
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

    /// A limit measured a second time: the higher figure counts.
    pub fn again(&mut self, name: &'static str, rate: f64) {
        println!("   {name} = {rate:.0}, measured again");
        self.limits.iter_mut().filter(|(known, ..)| *known == name).for_each(|(_, limit, _)| *limit = limit.max(rate));
    }

    /// Notes what an operation reached.
    pub fn row(&mut self, goal: Goal, measured: Measured) {
        println!("   {}: {:.0}/s, {:.3} of {}", goal.operation, measured.rate, measured.rate / self.limit_of(goal), goal.limit);
        self.rows.push((goal, measured));
    }

    fn limit_of(&self, goal: Goal) -> f64 {
        self.limits.iter().find(|(name, ..)| *name == goal.limit).map_or(f64::NAN, |(_, rate, _)| *rate)
    }

    /// Notes how large something is.
    pub fn size(&mut self, size: Size, value: f64) {
        println!("   {}: {value:.1} {}", size.operation, size.unit);
        self.sizes.push((size, value));
    }

    pub fn print(&self) {
        println!(
            "\n{:<34} {:>9} {:>8} {:>8} {:>7} {:>7} {:<16} {:>6} {:>6}",
            "operation", "per s", "p50 ms", "p99 ms", "cpu us", "ratio", "of", "must", "aim"
        );
        for (name, rate, unit) in &self.limits {
            println!("{:<34} {rate:>9.0}", format!("{name} ({unit})"));
        }
        for (goal, row) in &self.rows {
            let ratio = row.rate / self.limit_of(*goal);
            println!(
                "{:<34} {:>9.0} {:>8.2} {:>8.2} {:>7.0} {ratio:>7.3} {:<16} {:>6} {:>6}  {}",
                goal.operation,
                row.rate,
                row.p50.as_secs_f64() * 1e3,
                row.p99.as_secs_f64() * 1e3,
                row.cost.as_secs_f64() * 1e6,
                goal.limit,
                goal.must,
                goal.aim,
                verdict(ratio >= goal.must, ratio >= goal.aim)
            );
        }
        for (size, value) in &self.sizes {
            let (must, aim) = (*value <= size.must, *value <= size.aim);
            println!("{:<34} {value:>9.1} {:<50} {:>6} {:>6}  {}", size.operation, size.unit, size.must, size.aim, verdict(must, aim));
        }
        println!(
            "\nH: hello world of the same server stack; commits: durable ones of 16 connections. Times are those of\nsingle requests; cpu: processor time of the server for each."
        );
    }

    /// The report that other programs read: one object per operation. Of sizes the ratio must not exceed `must`.
    pub fn write(&self) {
        let limits = self.limits.iter().map(|(name, rate, unit)| json!({"operation": name, "value": rate.round(), "unit": unit}));
        let rows = self.rows.iter().map(|(goal, row)| {
            let limit = self.limit_of(*goal);
            json!({
                "operation": goal.operation,
                "value": row.rate.round(),
                "unit": "1/s",
                "limit_name": goal.limit,
                "limit": limit.round(),
                "ratio": rounded(row.rate / limit),
                "must": goal.must,
                "aim": goal.aim,
                "reached": limit > 0.0 && row.rate / limit >= goal.must,
                "p50_ms": rounded(row.p50.as_secs_f64() * 1e3),
                "p99_ms": rounded(row.p99.as_secs_f64() * 1e3),
                "server_cpu_us": rounded(row.cost.as_secs_f64() * 1e6),
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
