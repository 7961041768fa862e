//! Combinations that are valid one by one and unsafe together, named.

use super::{Config, MailTransport, Origin};

/// With fewer connections a few slow statements hold up everybody; SQLite needs as many to keep a core busy.
const FEWEST_CONNECTIONS: u32 = 4;

/// How bad a finding is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Probably not meant for production.
    Warning,
    /// The server does not start with it.
    Refused,
}

/// One unsafe combination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// How bad.
    pub severity: Severity,
    /// The key to change.
    pub key: &'static str,
    /// What is wrong and what to do.
    pub message: String,
}

impl Config {
    /// Names unsafe combinations, worst first.
    pub fn check(&self) -> Vec<Finding> {
        let mut findings = Vec::new();
        let mut add = |severity, key, message: String| findings.push(Finding { severity, key, message });
        self.check_origins(&mut add);
        self.check_limits(&mut add);
        self.check_nodes(&mut add);
        findings.sort_by_key(|finding| std::cmp::Reverse(finding.severity));
        findings
    }

    fn check_origins(&self, add: &mut impl FnMut(Severity, &'static str, String)) {
        let insecure = |origin: &Origin| !origin.is_https() && !origin.is_loopback();
        if insecure(&self.issuer) {
            let text = format!("{} is http on a name that others can reach; use https (http is for loopback and *.localhost)", self.issuer);
            add(Severity::Refused, "issuer", text);
        }
        if let Some(staff) = &self.server.staff_origin {
            if insecure(staff) {
                add(Severity::Refused, "server.staff_origin", format!("{staff} is http on a name that others can reach; use https"));
            }
            if staff.host() == self.issuer.host() {
                add(
                    Severity::Refused,
                    "server.staff_origin",
                    format!("{staff} has the issuer's host; staff pages need a host of their own"),
                );
            }
        }
        if self.issuer.is_loopback() && !self.server.listen.ip().is_loopback() {
            let text =
                format!("{} is on loopback while the server listens on {}; set the issuer people use", self.issuer, self.server.listen);
            add(Severity::Warning, "issuer", text);
        }
        if let Some(management) = self.server.management_listen {
            if management.port() != 0 && management == self.server.listen {
                add(Severity::Refused, "server.management_listen", format!("{management} is the public listener too"));
            }
            if !management.ip().is_loopback() && self.issuer.is_https() {
                let text = format!("{management} can be reached by others; metrics and health are not for the public");
                add(Severity::Warning, "server.management_listen", text);
            }
        }
        if self.issuer.is_https() && self.server.trusted_proxies.is_empty() {
            let text = "the issuer is https, so a proxy stands in front, and none is trusted: all people would share its address in limits and logs";
            add(Severity::Warning, "server.trusted_proxies", text.to_owned());
        }
        if self.server.trusted_proxies.iter().any(|network| network.contains([203, 0, 113, 7].into())) {
            add(
                Severity::Refused,
                "server.trusted_proxies",
                "covers the whole internet: anybody could choose their own address".to_owned(),
            );
        }
        if self.outbound.allow_loopback && !self.issuer.is_loopback() {
            let text = "with an issuer that others can reach, clients could make the server call its own machine";
            add(Severity::Refused, "outbound.allow_loopback", text.to_owned());
        }
        if self.mail.transport != MailTransport::None && !self.issuer.is_loopback() {
            add(Severity::Warning, "mail.transport", "mails stay on this machine: something of yours must send them on".to_owned());
        }
    }

    fn check_limits(&self, add: &mut impl FnMut(Severity, &'static str, String)) {
        let minute = 60;
        if !(minute..=15 * minute).contains(&self.tokens.access.as_secs()) {
            add(Severity::Refused, "tokens.access", format!("{} is not between 1 and 15 minutes", self.tokens.access));
        }
        if self.tokens.code.as_secs() > 10 * minute || self.tokens.code.is_zero() {
            add(
                Severity::Refused,
                "tokens.code",
                format!("{} is not between 1 second and 10 minutes (RFC 6749 section 4.1.2)", self.tokens.code),
            );
        }
        if self.tokens.pushed_request.as_secs() >= 10 * minute {
            add(Severity::Refused, "tokens.pushed_request", format!("{} is not under 10 minutes (FAPI 2.0)", self.tokens.pushed_request));
        }
        if self.tokens.refresh_grace.as_secs() > minute {
            add(
                Severity::Refused,
                "tokens.refresh_grace",
                format!("{} lets a stolen refresh token live too long", self.tokens.refresh_grace),
            );
        }
        if self.tokens.refresh_idle > self.tokens.refresh_total {
            add(Severity::Warning, "tokens.refresh_idle", "is longer than refresh_total, which ends the family first".to_owned());
        }
        if self.password.memory_kib < 7168 || self.password.iterations == 0 || self.password.lanes == 0 {
            add(Severity::Refused, "password.memory_kib", "weaker than any recommended setting of Argon2id".to_owned());
        }
        if self.password.min_length < 8 || self.password.max_length < 64 {
            add(
                Severity::Refused,
                "password.min_length",
                "at least 8 code points must be asked for and 64 allowed (NIST SP 800-63B)".to_owned(),
            );
        }
        if self.password.min_length > self.password.max_length {
            let text = format!("{} is more than password.max_length: nobody could choose a password", self.password.min_length);
            add(Severity::Refused, "password.min_length", text);
        }
        if self.limits.code_tries == 0 || self.limits.code_tries > 10 {
            add(Severity::Refused, "limits.code_tries", "a six-digit code allows 1 to 10 tries".to_owned());
        }
    }

    fn check_nodes(&self, add: &mut impl FnMut(Severity, &'static str, String)) {
        let url = self.database.url.expose();
        if !(url.starts_with("sqlite:") || url.starts_with("postgres://") || url.starts_with("postgresql://")) {
            add(Severity::Refused, "database.url", "must start with sqlite: or postgres://".to_owned());
        }
        for (key, connections) in
            [("database.max_connections", self.database.max_connections), ("database.read_connections", self.database.read_connections)]
        {
            if connections < FEWEST_CONNECTIONS {
                let text = format!(
                    "{connections} is too few: at least {FEWEST_CONNECTIONS}, or requests wait for each other and are answered 503"
                );
                add(Severity::Refused, key, text);
            }
        }
        if url.starts_with("sqlite:") && !self.ephemeral.url.is_empty() {
            add(Severity::Warning, "ephemeral.url", "SQLite has one server, which needs no Redis".to_owned());
        }
        if !self.ephemeral.url.is_empty() && !self.ephemeral.url.expose().starts_with("redis") {
            add(Severity::Refused, "ephemeral.url", "must start with redis:// or rediss://".to_owned());
        }
    }
}
