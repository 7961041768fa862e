use std::path::PathBuf;

use crate::config::{Config, ConfigError, Severity, Source};

fn env(pairs: &[(&str, &str)]) -> Vec<(String, String)> {
    pairs.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())).collect()
}

fn load(pairs: &[(&str, &str)]) -> Result<Config, ConfigError> {
    Config::load::<PathBuf>(&[], env(pairs)).map(|(config, _)| config)
}

struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("concord-config-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        std::fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn defaults_fit_their_types_and_start_on_loopback() {
    let config = load(&[]).unwrap();
    assert_eq!(config.tokens.code.as_secs(), 60);
    assert_eq!(config.tokens.refresh_total.as_secs(), 180 * 86_400);
    assert_eq!(config.limits.mail_per_ip_hour, 10);
    assert_eq!(config.database.url.expose(), "sqlite:data/concord.sqlite");
    assert_eq!(config.mail.dir, PathBuf::from("data/mail"));
    assert!(config.server.staff_origin.is_none());
    assert_eq!(config.check(), []);
}

#[test]
fn later_layers_win() {
    let folder = Folder::new("later");
    let first = folder.write("a.toml", "issuer = \"https://a.example\"\n[server]\nlisten = \"127.0.0.1:1\"\nworkers = 3\n");
    let second = folder.write("b.toml", "\n\nserver.listen = \"127.0.0.1:2\"\n");
    let files = [first.clone(), second.clone()];
    let (config, provenance) = Config::load(&files, env(&[("PORT", "9"), ("CONCORD_SERVER__WORKERS", "5")])).unwrap();
    assert_eq!(config.issuer.as_str(), "https://a.example");
    assert_eq!(config.server.listen.to_string(), "0.0.0.0:9");
    assert_eq!(config.server.workers, 5);

    let (config, _) = Config::load(&files, env(&[])).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:2");
    let (config, _) = Config::load(&files, env(&[("PORT", "9"), ("CONCORD_SERVER__LISTEN", "127.0.0.1:7")])).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:7");

    let explained = provenance.explain("server.workers", true).unwrap();
    assert_eq!(explained.source, Source::Environment("CONCORD_SERVER__WORKERS".to_owned()));
    assert_eq!((explained.value.as_str(), explained.default.as_str()), ("5", "0"));
    assert_eq!(explained.variable, "CONCORD_SERVER__WORKERS");
    assert!(explained.meaning.contains("one per core"));
    assert_eq!(provenance.explain("issuer", true).unwrap().source, Source::File { path: first, line: 1 });
    let (_, provenance) = Config::load(&files, env(&[])).unwrap();
    assert_eq!(provenance.explain("server.listen", true).unwrap().source, Source::File { path: second, line: 3 });
    assert_eq!(provenance.explain("tokens.code", true).unwrap().source, Source::Default);
    assert!(provenance.explain("nonsense", true).is_none());
}

#[test]
fn unknown_keys_are_refused_with_a_suggestion() {
    let folder = Folder::new("unknown");
    let refused = |text: &str| {
        let path = folder.write("c.toml", text);
        Config::load(&[path], env(&[])).unwrap_err().to_string()
    };
    assert!(refused("[server]\nlisen = \"x\"\n").contains("c.toml:2: unknown key \"server.lisen\"; did you mean \"server.listen\"?"));
    assert!(refused("listen = \"x\"\n").contains("did you mean \"server.listen\"?"));
    assert!(refused("[servr]\n").contains("unknown key \"servr\""));
    assert!(refused("[server.listen]\nx = 1\n").contains("server.listen"));
    assert!(refused("issuer = \n").contains("not valid TOML: line 1"));
    let refused = |name: &str| load(&[(name, "1")]).unwrap_err().to_string();
    assert!(refused("CONCORD_TOKENS__CODES").contains("did you mean \"CONCORD_TOKENS__CODE\"?"));
    assert!(refused("CONCORD_ISUER").contains("did you mean \"CONCORD_ISSUER\"?"));
    assert!(load(&[("CONCORD_PORT_8080_TCP", "tcp://10.0.0.1:8080"), ("CONCORD_SERVICE_HOST", "10.0.0.1")]).is_ok());
}

#[test]
fn secrets_may_come_from_files_and_are_not_shown() {
    let folder = Folder::new("secret");
    let secret = folder.write("url", "postgres://u:hush@db/concord\n");
    let (config, provenance) = Config::load::<PathBuf>(&[], env(&[("CONCORD_DATABASE__URL_FILE", secret.to_str().unwrap())])).unwrap();
    assert_eq!(config.database.url.expose(), "postgres://u:hush@db/concord");
    let explained = provenance.explain("database.url", true).unwrap();
    assert_eq!(explained.value, "\"postgres://***@db/concord\"");
    assert!(explained.source.to_string().contains("CONCORD_DATABASE__URL_FILE"));
    assert!(provenance.explain("database.url", false).unwrap().value.contains("hush"));
    assert!(!format!("{config:?}{provenance:?}").contains("hush"));

    let file = folder.write("d.toml", &format!("[keys]\nkek_file = {:?}\n", secret.to_str().unwrap()));
    assert!(Config::load(&[file], env(&[])).unwrap().0.keys.kek.expose().contains("hush"));
    let missing = load(&[("CONCORD_KEYS__KEK_FILE", "/nowhere/kek")]).unwrap_err().to_string();
    assert!(missing.contains("/nowhere/kek") && missing.contains("CONCORD_KEYS__KEK_FILE"), "{missing}");
    let broken = folder.write("e.toml", "[keys]\nkek = \"hush\n");
    assert!(!Config::load(&[broken], env(&[])).unwrap_err().to_string().contains("hush"));
}

#[test]
fn wrong_values_name_their_place() {
    let error = |name: &str, text: &str| load(&[(name, text)]).unwrap_err().to_string();
    assert!(
        error("CONCORD_TOKENS__CODE", "1 minute").contains("environment CONCORD_TOKENS__CODE: tokens.code: \"1 minute\" is not a duration")
    );
    assert!(error("CONCORD_ISSUER", "https://id.example/x/").contains("scheme, host and port only"));
    assert!(error("CONCORD_SERVER__WORKERS", "many").contains("CONCORD_SERVER__WORKERS"));
    assert!(error("CONCORD_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, ten").contains("\"ten\" is not a network"));
    assert!(error("CONCORD_LOG__FORMAT", "xml").contains("log.format"));
    let config =
        load(&[("CONCORD_SERVER__TRUSTED_PROXIES", "10.0.0.0/8, fd00::/8"), ("DATABASE_URL", "postgres:///c"), ("REDIS_URL", "redis://r")])
            .unwrap();
    assert_eq!(config.server.trusted_proxies.len(), 2);
    assert_eq!(config.ephemeral.url.expose(), "redis://r");
}

#[test]
fn unsafe_combinations_are_named() {
    let refused = |text: &str| {
        let findings = Config::from_toml(text).unwrap().check();
        findings.into_iter().filter(|finding| finding.severity == Severity::Refused).map(|finding| finding.key).collect::<Vec<_>>()
    };
    assert_eq!(refused("issuer = \"http://id.example\""), ["issuer"]);
    assert_eq!(refused("issuer = \"http://id.localhost:8080\""), Vec::<&str>::new());
    assert_eq!(refused("issuer = \"https://id.example\"\nserver.staff_origin = \"https://id.example:8443\""), ["server.staff_origin"]);
    assert_eq!(refused("tokens.access = \"1h\""), ["tokens.access"]);
    assert_eq!(refused("server.trusted_proxies = [\"0.0.0.0/0\"]"), ["server.trusted_proxies"]);
    assert_eq!(refused("issuer = \"https://id.example\"\noutbound.allow_loopback = true"), ["outbound.allow_loopback"]);
    assert_eq!(refused("database.url = \"mysql://x\""), ["database.url"]);
    assert_eq!(refused("database.max_connections = 3"), ["database.max_connections"]);
    assert_eq!(refused("database.read_connections = 3"), ["database.read_connections"]);
}
