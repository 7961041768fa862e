//! What routes there are: read from the router itself, so that none can be forgotten.

use std::collections::BTreeSet;
use std::sync::Arc;

use concord::http::app;
use concord::usecases::Core;

/// Every path the router knows, as it was written there.
///
/// axum offers no list, but its `Debug` shows the paths by their numbers: `RouteId(3): "/login"`.
pub fn paths(core: &Arc<Core>) -> BTreeSet<String> {
    let shown = format!("{:?}", app::router(Arc::clone(core)));
    let entries = shown.split("RouteId(").skip(1);
    let paths: BTreeSet<String> = entries
        .filter_map(|entry| entry.split_once("): \"")?.1.split('"').next())
        .filter(|path| path.starts_with('/') && !path.contains("__private"))
        .map(str::to_owned)
        .collect();
    assert!(paths.contains("/oauth2/token") && paths.contains("/account/links/{id}/end") && paths.contains("/"), "{shown}");
    paths
}
