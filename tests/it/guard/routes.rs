//! What routes there are: read from the router itself, so that none can be forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;

use concord::http::{app, health};
use concord::usecases::Core;

/// Every path the router knows, as it was written there.
///
/// axum offers no list, but its `Debug` shows the paths by their numbers: `RouteId(3): "/login"`.
pub fn paths(core: &Arc<Core>) -> BTreeSet<String> {
    let paths = shown(&app::router(Arc::clone(core)));
    assert!(paths.contains("/oauth2/token") && paths.contains("/account/links/{id}/end") && paths.contains("/"), "{paths:?}");
    paths
}

/// Every path of the management listener.
pub fn management() -> BTreeSet<String> {
    let mut paths = shown(&health::routes(Arc::new(health::Readiness::new())));
    paths.remove("/"); // axum's own, for what is not found
    paths
}

/// The paths of any router.
fn shown(router: &impl std::fmt::Debug) -> BTreeSet<String> {
    let shown = format!("{router:?}");
    let entries = shown.split("RouteId(").skip(1);
    entries
        .filter_map(|entry| entry.split_once("): \"")?.1.split('"').next())
        .filter(|path| path.starts_with('/') && !path.contains("__private"))
        .map(str::to_owned)
        .collect()
}
