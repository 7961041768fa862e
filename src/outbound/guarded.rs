//! Calls to addresses that partners gave us: never into our own network (security.md 3.7), never redirected, never for long.
//!
//! The guard sits where names become addresses, so what was checked is what is connected to.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::{CONTENT_TYPE, DATE, HeaderValue};
use reqwest::{Certificate, Client, Url};

use crate::clock::Timestamp;
use crate::config::OutboundConfig;

/// Why a call brought nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CallError {
    /// The address is not one that may be called; trying again is of no use.
    #[error("the address may not be called")]
    Forbidden,
    /// No connection, no answer in time, or not to the end.
    #[error("no answer")]
    NoAnswer,
    /// An answer that is no success.
    #[error("answered with status {0}")]
    Status(u16),
}

/// What is known of an answer whose body was not read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The status.
    pub status: u16,
    /// The answerer's clock (RFC 9110 section 6.6.1), where it says it.
    pub date: Option<Timestamp>,
}

/// An HTTP client that reaches the public internet only, and loopback where the configuration says so.
#[derive(Clone)]
pub struct GuardedClient {
    client: Client,
    allow_loopback: bool,
}

impl GuardedClient {
    /// From the configuration.
    ///
    /// # Errors
    /// The trust anchors cannot be read; a sentence for the operator.
    pub fn new(config: &OutboundConfig) -> Result<Self, String> {
        let mut builder = Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .no_proxy()
            .timeout(config.timeout.get())
            .user_agent("concord")
            .dns_resolver(Arc::new(GuardedResolver { allow_loopback: config.allow_loopback }));
        if let Some(path) = &config.trust_anchor {
            let wrong = |error: &dyn std::fmt::Display| format!("outbound.trust_anchor {}: {error}", path.display());
            let pem = std::fs::read(path).map_err(|error| wrong(&error))?;
            builder = builder.tls_certs_merge(Certificate::from_pem_bundle(&pem).map_err(|error| wrong(&error))?);
        }
        let client = builder.build().map_err(|error| format!("the outbound HTTP client cannot be made: {error}"))?;
        Ok(Self { client, allow_loopback: config.allow_loopback })
    }

    /// Sends a form (already encoded) and waits for a 2xx; the answer's body is not read.
    ///
    /// # Errors
    /// [`CallError`].
    pub async fn post_form(&self, url: &str, body: String) -> Result<(), CallError> {
        let url = self.permitted(url)?;
        let form = HeaderValue::from_static("application/x-www-form-urlencoded");
        let answer = self.client.post(url).header(CONTENT_TYPE, form).body(body).send().await.map_err(|_| CallError::NoAnswer)?;
        let status = answer.status();
        if status.is_success() { Ok(()) } else { Err(CallError::Status(status.as_u16())) }
    }

    /// Asks an address for its status, whatever that is; redirections are not followed.
    ///
    /// # Errors
    /// [`CallError`]; never a status.
    pub async fn look(&self, url: &str) -> Result<Answer, CallError> {
        let url = self.permitted(url)?;
        let answer = self.client.get(url).send().await.map_err(|_| CallError::NoAnswer)?;
        let date = answer.headers().get(DATE).and_then(|date| http_date(date.to_str().ok()?));
        Ok(Answer { status: answer.status().as_u16(), date })
    }

    /// Addresses written as numbers are never resolved, so they are looked at here.
    fn permitted(&self, url: &str) -> Result<Url, CallError> {
        let url = Url::parse(url).map_err(|_| CallError::Forbidden)?;
        let literal = match url.host() {
            Some(url::Host::Ipv4(ip)) => Some(IpAddr::V4(ip)),
            Some(url::Host::Ipv6(ip)) => Some(IpAddr::V6(ip)),
            Some(url::Host::Domain(_)) => None,
            None => return Err(CallError::Forbidden),
        };
        let http = url.scheme() == "http" && self.allow_loopback;
        if !(url.scheme() == "https" || http) || literal.is_some_and(|ip| !may_call(ip, self.allow_loopback)) {
            return Err(CallError::Forbidden);
        }
        Ok(url)
    }
}

/// The preferred form of RFC 9110 section 5.6.7: `Sun, 06 Nov 1994 08:49:37 GMT`.
fn http_date(text: &str) -> Option<Timestamp> {
    let form = time::macros::format_description!("[weekday repr:short], [day] [month repr:short] [year] [hour]:[minute]:[second] GMT");
    let date = time::PrimitiveDateTime::parse(text, form).ok()?;
    Some(Timestamp::from_seconds(date.assume_utc().unix_timestamp()))
}

struct GuardedResolver {
    allow_loopback: bool,
}

impl Resolve for GuardedResolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_loopback = self.allow_loopback;
        Box::pin(async move {
            let found = lookup(name.as_str()).await?;
            // All of them must be harmless: which one is connected to is not for us to say.
            let fine = !found.is_empty() && found.iter().all(|address| may_call(address.ip(), allow_loopback));
            if !fine {
                return Err("the name leads to an address that may not be called".into());
            }
            let addresses: Addrs = Box::new(found.into_iter());
            Ok(addresses)
        })
    }
}

/// RFC 6761 section 6.3: `localhost` and what is below it is loopback, whatever a resolver says.
async fn lookup(name: &str) -> std::io::Result<Vec<SocketAddr>> {
    let name = name.trim_end_matches('.');
    if name.eq_ignore_ascii_case("localhost") || name.to_ascii_lowercase().ends_with(".localhost") {
        return Ok(vec![SocketAddr::from((Ipv4Addr::LOCALHOST, 0)), SocketAddr::from((Ipv6Addr::LOCALHOST, 0))]);
    }
    Ok(tokio::net::lookup_host((name, 0)).await?.collect())
}

fn may_call(ip: IpAddr, allow_loopback: bool) -> bool {
    match ip {
        IpAddr::V4(ip) => (ip.is_loopback() && allow_loopback) || is_public_v4(ip),
        IpAddr::V6(ip) => match ip.to_ipv4_mapped() {
            Some(mapped) => may_call(IpAddr::V4(mapped), allow_loopback),
            None => (ip.is_loopback() && allow_loopback) || is_public_v6(ip),
        },
    }
}

/// The special-purpose registry of RFC 6890, as of 2026, without what is globally reachable.
fn is_public_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    let special = a == 0
        || ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_documentation()
        || (a == 100 && (64..128).contains(&b))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
        || (a == 198 && (18..20).contains(&b))
        || a >= 224;
    !special
}

/// Global unicast is 2000::/3; out of it documentation, Teredo, ORCHID, 6to4 and other tunnels into IPv4.
fn is_public_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    let global = a & 0xe000 == 0x2000;
    let special = (a == 0x2001 && (b < 0x200 || b == 0xdb8)) || a == 0x2002 || a == 0x3fff;
    global && !special
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ip(text: &str) -> IpAddr {
        text.parse().unwrap()
    }

    #[test]
    fn own_networks_are_never_called() {
        for inside in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.1",
            "192.168.1.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:10.0.0.1",
            "64:ff9b::7f00:1",
            "2001::1",
            "2002:7f00:1::",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "ff02::1",
            "2001:db8::1",
        ] {
            assert!(!may_call(ip(inside), false), "{inside}");
        }
        for outside in ["1.1.1.1", "100.63.0.1", "172.32.0.1", "2606:4700::1111", "2a00:1450::1"] {
            assert!(may_call(ip(outside), false), "{outside}");
        }
        assert!(may_call(ip("127.0.0.1"), true) && may_call(ip("::1"), true));
        assert!(!may_call(ip("10.0.0.1"), true) && !may_call(ip("::ffff:10.0.0.1"), true));
    }

    #[test]
    fn numbers_for_hosts_are_looked_at_in_every_spelling() {
        let config = |allow_loopback| OutboundConfig { allow_loopback, timeout: crate::config::Period::seconds(1), trust_anchor: None };
        let guarded = GuardedClient::new(&config(false)).unwrap();
        for wrong in [
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://[::1]/",
            "https://[::ffff:7f00:1]/",
            "https://169.254.169.254/latest/meta-data/",
            "http://partner.example/",
            "ftp://partner.example/",
            "file:///etc/passwd",
            "https:",
            "",
        ] {
            assert_eq!(guarded.permitted(wrong).err(), Some(CallError::Forbidden), "{wrong}");
        }
        assert!(guarded.permitted("https://partner.example/logout").is_ok());
        assert!(GuardedClient::new(&config(true)).unwrap().permitted("http://127.0.0.1:8080/").is_ok());
    }

    #[tokio::test]
    async fn a_name_that_leads_inside_is_refused() {
        let resolver = GuardedResolver { allow_loopback: false };
        assert!(resolver.resolve("localhost".parse().unwrap()).await.is_err());
        assert!(resolver.resolve("shop.localhost".parse().unwrap()).await.is_err());
        let resolver = GuardedResolver { allow_loopback: true };
        assert!(resolver.resolve("shop.localhost".parse().unwrap()).await.unwrap().all(|address| address.ip().is_loopback()));
    }
}
