//! Who may use whom, as data. The same table stands in docs/ARCHITECTURE.md; a test keeps the two equal.

/// What a layer may name of this package.
pub struct Layer {
    pub name: &'static str,
    /// Layers it may use besides itself, `clock` and `telemetry`; a longer path allows only what begins with it.
    pub uses: &'static [&'static str],
    /// How the document says it, where a list does not.
    pub said: Option<&'static str>,
}

const fn layer(name: &'static str, uses: &'static [&'static str]) -> Layer {
    Layer { name, uses, said: None }
}

/// Everybody may use these.
pub const COMMON: &[&str] = &["clock", "telemetry"];

/// What stands directly in `crate::` that is no layer.
pub const LAYERS: &[Layer] = &[
    Layer { name: "clock", uses: &[], said: Some("nothing (everybody may use it)") },
    Layer { name: "telemetry", uses: &[], said: Some("nothing (everybody may use it)") },
    layer("protocol", &[]),
    layer("model", &["protocol"]),
    layer("config", &["model", "protocol"]),
    layer("crypto", &["config", "model", "protocol"]),
    Layer {
        name: "storage",
        uses: &["config", "crypto::digest", "crypto::sealing", "model", "protocol"],
        said: Some("config, crypto (`digest` and `sealing` only), model, protocol"),
    },
    layer("outbound", &["config", "crypto", "model", "protocol"]),
    layer("usecases", &["config", "crypto", "model", "outbound", "protocol", "storage"]),
    layer("ui", &["model", "protocol"]),
    layer("jobs", &["config", "crypto", "model", "outbound", "protocol", "storage", "ui", "usecases"]),
    Layer {
        name: "http",
        uses: &["config", "crypto", "model", "protocol", "storage::Database", "storage::Ephemeral", "ui", "usecases"],
        said: Some("config, crypto, model, protocol, ui, usecases, and of storage `Database` and `Ephemeral` only"),
    },
    Layer {
        name: "demo",
        uses: &["config", "crypto", "http", "jobs", "model", "outbound", "protocol", "storage", "ui", "usecases"],
        said: Some("everything but cli"),
    },
    Layer {
        name: "cli",
        uses: &["config", "crypto", "demo", "http", "jobs", "model", "outbound", "protocol", "storage", "ui", "usecases"],
        said: Some("everything; nobody uses cli"),
    },
    Layer { name: "main", uses: &["cli"], said: Some("cli, and nothing else") },
];

/// A third-party crate and the layers that may name it.
pub struct Fence {
    pub crates: &'static [&'static str],
    pub layers: &'static [&'static str],
    /// Layers that may only name it in a derive or another attribute.
    pub derives: &'static [&'static str],
}

pub const FENCES: &[Fence] = &[
    Fence { crates: &["axum", "axum_extra"], layers: &["http", "demo"], derives: &[] },
    Fence { crates: &["sqlx"], layers: &["storage"], derives: &["clock", "model"] },
    Fence { crates: &["redis"], layers: &["storage"], derives: &[] },
    Fence { crates: &["askama", "fluent_templates"], layers: &["ui"], derives: &[] },
    Fence { crates: &["jsonwebtoken", "aws_lc_rs", "argon2", "webauthn_rs"], layers: &["crypto"], derives: &[] },
    Fence { crates: &["reqwest", "lettre", "rdkafka", "openidconnect"], layers: &["outbound", "demo"], derives: &[] },
];

/// The longest file, in lines.
pub const FILE_LINES: usize = 400;
/// The longest function, in lines of code.
pub const FUNCTION_LINES: usize = 80;

/// What is longer, and why: `("src/a.rs", "...")` for a file, `("src/a.rs::name", "...")` for a function.
pub const LONGER: &[(&str, &str)] = &[("src/ui/consent.rs::samples", "four sample pages side by side: one list to read")];

/// The tables as docs/ARCHITECTURE.md shows them.
pub fn document() -> String {
    use std::fmt::Write as _;
    let mut text = String::from("| module | may use, besides itself, `clock` and `telemetry` |\n|---|---|\n");
    for layer in LAYERS {
        let listed = if layer.uses.is_empty() { "nothing".to_owned() } else { layer.uses.join(", ") };
        let _ = writeln!(text, "| {} | {} |", layer.name, layer.said.unwrap_or(&listed));
    }
    text.push_str("\n| crate | only in |\n|---|---|\n");
    for fence in FENCES {
        let crates = fence.crates.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", ");
        let derives = if fence.derives.is_empty() { String::new() } else { format!("; derives in {}", fence.derives.join(", ")) };
        let _ = writeln!(text, "| {crates} | {}{derives} |", fence.layers.join(", "));
    }
    text
}
