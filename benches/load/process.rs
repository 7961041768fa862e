//! The process itself: how large it is, how much memory it takes, how quickly it starts.

use super::report::{Report, Size};
use super::rows::Bench;
use super::server::Pinned;
use crate::support::Backend;
use crate::support::database::Folder;
use crate::support::node::Deployment;
use crate::support::world::ISSUER;

const BINARY: Size = Size::new("stripped binary", "MB", 30.0, 20.0);
const FIRST_START: Size = Size::new("first start, with keys and schema", "ms", 1000.0, 300.0);
const WARM_START: Size = Size::new("start", "ms", 100.0, 50.0);
const IDLE: Size = Size::new("memory, idle", "MiB", 25.0, 15.0);
const LOADED: Size = Size::new("memory, loaded", "MiB", 60.0, 40.0);

/// Measures all of it.
pub fn measure(bench: &mut Bench<'_>) {
    if bench.wants(BINARY.operation) {
        let bytes = std::fs::metadata(env!("CARGO_BIN_EXE_concord")).map_or(0, |file| file.len());
        bench.report.size(BINARY, bytes as f64 / 1e6);
    }
    if bench.wants(FIRST_START.operation) || bench.wants(IDLE.operation) {
        starts(bench.report);
    }
    if bench.wants(LOADED.operation) {
        loaded(bench);
    }
}

/// Three first starts, each with the second one after it; the medians.
fn starts(report: &mut Report) {
    let (mut first, mut warm, mut idle) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..3 {
        let folder = Folder::new();
        let path = |name: &str| folder.path().join(name).display().to_string();
        let deployment = Deployment::new(ISSUER).set("CONCORD_DATA_DIR", &path("data")).set("CONCORD_KEYS__DIR", &path("keys"));
        first.push(Pinned::concord(&deployment, &[]).took.as_secs_f64() * 1e3);
        let server = Pinned::concord(&deployment, &[]);
        warm.push(server.took.as_secs_f64() * 1e3);
        std::thread::sleep(std::time::Duration::from_secs(1));
        idle.push(server.memory());
    }
    for (size, mut values) in [(FIRST_START, first), (WARM_START, warm), (IDLE, idle)] {
        values.sort_by(f64::total_cmp);
        report.size(size, values[values.len() / 2]);
    }
}

/// After code flows and introspections, with nothing kept in memory.
fn loaded(bench: &mut Bench<'_>) {
    let mut stage = super::stage::Stage::new(Backend::Sqlite);
    stage.serve(&super::rows::FORGETFUL);
    println!("   loading for the memory");
    bench.generator.leave(&stage.code_flow());
    bench.generator.leave(&stage.introspection("bench-web"));
    bench.report.size(LOADED, stage.server.memory());
}
