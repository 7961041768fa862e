//! SIGHUP: the catalogue is read again, on this node and on the others; one that cannot be used stays out.

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use crate::support::Backend;
use crate::support::database::Folder;
use crate::support::http::Wire;
use crate::support::node::Node;
use crate::support::on_both;
use crate::support::world::ISSUER;

async fn offers(node: &Node, scope: &str) -> bool {
    let answer = Wire::new(ISSUER, node.address).get("/.well-known/openid-configuration").send().await.expect(200);
    answer.json()["scopes_supported"].as_array().expect("scopes").iter().any(|offered| offered == scope)
}

async fn eventually(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(30);
    while !holds().await {
        assert!(Instant::now() < deadline, "{what}: not after half a minute");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

fn copy(to: &Path) {
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("catalog")).expect("the catalogue").flatten() {
        std::fs::copy(entry.path(), to.join(entry.file_name())).expect("a copy");
    }
}

fn hang_up(node: &Node) {
    let done = Command::new("kill").args(["-HUP", &node.process_id().to_string()]).status().expect("kill runs");
    assert!(done.success());
}

on_both! {
    async fn the_catalogue_is_read_again_on_sighup(world: World) {
        let folder = Folder::new();
        copy(folder.path());
        let deployment = world.deployment(ISSUER).set("CONCORD_CATALOG__DIR", &folder.path().display().to_string());
        let first = Node::start(&deployment).await;
        let second = if world.backend == Backend::Postgres { Some(Node::start(&deployment).await) } else { None };
        assert!(offers(&first, "loyalty").await && !offers(&first, "loyalty.stamps").await);

        let file = folder.path().join("loyalty.toml");
        let before = std::fs::read_to_string(&file).expect("a file");
        let stamps = before.split("[scopes.\"loyalty.history\"]").next().expect("the first scope");
        let stamps = stamps.split_once("[scopes.loyalty]").expect("the scope").1.replace("[scopes.loyalty.claims]", "[scopes.\"loyalty.stamps\".claims]").replace("loyalty_", "loyalty_stamps_");
        std::fs::write(&file, format!("{before}\n[scopes.\"loyalty.stamps\"]{stamps}")).expect("written");
        assert!(!offers(&first, "loyalty.stamps").await, "nobody said so");
        hang_up(&first);
        eventually("the first node offers it", async || offers(&first, "loyalty.stamps").await).await;
        if let Some(second) = &second {
            eventually("the other node follows", async || offers(second, "loyalty.stamps").await).await;
        }

        std::fs::write(&file, "[scopes.loyalty]\nclass = \"D9\"\n").expect("written");
        hang_up(&first);
        eventually("it says why", async || first.log().contains("catalog.refused")).await;
        assert!(offers(&first, "loyalty.stamps").await, "the one in force goes on");
    }
}
