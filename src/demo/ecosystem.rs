//! Everything of the demo in one process: Concord, three partners and the hub, behind one loopback listener.

use std::collections::HashMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use reqwest::Client;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::bank::Bank;
use super::cinema::Cinema;
use super::keys::Keys;
use super::party::{Party, Place};
use super::people::People;
use super::personas::Personas;
use super::points::Points;
use super::progress::Progress;
use super::reader::Reader;
use super::relying_party::RelyingParty;
use super::sessions::Sessions;
use super::site::{Partner, Site};
use super::tap::Tap;
use super::wire::{self, Wire};
use super::{Options, Trouble, hosts, hub, register};
use crate::clock::Clock;
use crate::config::Config;
use crate::crypto::random::Random;
use crate::http::layers::{Shell, wrap};
use crate::http::server::{Server, ServerLimits};
use crate::http::{app, errors};
use crate::jobs;
use crate::outbound::mail::{Mailer, OutboxStore};
use crate::protocol::locale::Locale;
use crate::storage::server_lock::ServerLock;
use crate::ui::Frame;
use crate::ui::demo::TryThis;
use crate::usecases::{Core, start};

/// What the pages of the demo are made of.
pub(super) struct World {
    pub place: Place,
    pub sites: Vec<Arc<Site>>,
    pub outbox: OutboxStore,
    pub tap: Tap,
    pub progress: Progress,
    pub personas: Personas,
    pub client: Client,
    pub clock: Clock,
    pub random: Random,
    pub lang: Option<Locale>,
    /// Goes into the forms of the hub and must come back.
    pub csrf: String,
}

impl World {
    /// The web site of a partner.
    ///
    /// # Errors
    /// There is none.
    pub fn site(&self, service: Party) -> Result<&Arc<Site>, Trouble> {
        let found = self.sites.iter().find(|site| site.me == service);
        found.ok_or_else(|| Trouble::new(format!("there is no site of {}", service.code())))
    }

    /// What surrounds a page of the hub.
    pub fn frame(&self, reader: Reader, path: String) -> Frame {
        let issuer_host = format!("{}:{}", Party::Concord.host(), self.place.port);
        reader.frame(issuer_host, path, self.csrf.clone(), self.clock.now())
    }

    /// The bank was told of an end and the cinema was not: it was the link, not the session.
    pub fn notice_the_end_of_the_link(&self) {
        let signed_in = |service| self.site(service).map_or(0, |site| site.sessions.through_concord());
        if self.progress.is_done(TryThis::Share) && signed_in(Party::Bank) == 0 && signed_in(Party::Cinema) > 0 {
            self.progress.mark(TryThis::EndLink);
        }
    }
}

/// The demo, running.
pub struct Ecosystem {
    pub(super) world: Arc<World>,
    core: Arc<Core>,
    stop: CancellationToken,
    served: JoinHandle<()>,
    /// Removed at the end, when nothing is to outlive the demo.
    fleeting: Option<PathBuf>,
    _lock: ServerLock,
}

impl Ecosystem {
    /// Starts everything.
    ///
    /// # Errors
    /// A port, a folder or Concord itself cannot be had.
    pub async fn start(options: &Options) -> Result<Self, Trouble> {
        options.check()?;
        let random = Random::system();
        let Folder { path: folder, fleeting, lock } = folder(options, &random)?;
        let listener = TcpListener::bind(options.listen)
            .await
            .map_err(|error| Trouble::new(format!("cannot listen on {}: {error}; try another --port", options.listen)))?;
        let place = Place { port: listener.local_addr()?.port() };
        let config = config(place, &folder)?;
        let core = start::start(config, Clock::System, random.clone()).await.map_err(|error| Trouble::new(error.to_string()))?;
        let stop = CancellationToken::new();
        let mailer = Mailer::new(&core.config.mail);
        let outbox = mailer.outbox().cloned().unwrap_or_default();
        jobs::start(&core, mailer, &stop).map_err(Trouble::new)?;
        let world = Arc::new(world(&core, place, outbox, options, &folder).await?);
        let shell = Shell::new(&core.config, random.u64(), app::error_pages(&core));
        let concord = app::router(Arc::clone(&core));
        let plain = Shell::new(&core.config, random.u64(), errors::plain_pages());
        let mut routers = HashMap::new();
        routers.insert(Party::Concord.host(), wrap(hub::beside(&world).fallback_service(concord), &shell));
        for site in &world.sites {
            routers.insert(site.me.host(), wrap(site.router(), &plain));
        }
        for host in ["localhost", "127.0.0.1", "demo.localhost"] {
            routers.insert(host, wrap(hub::at_root(&world), &plain));
        }
        let router = hosts::router(routers, world.tap.clone(), world.clock.clone(), place.hub());
        let server = Server::on(listener, router, ServerLimits::from(&core.config.server))?;
        let served = tokio::spawn(server.run(stop.clone()));
        Ok(Self { world, core, stop, served, fleeting: fleeting.then_some(folder), _lock: lock })
    }

    /// Where everybody is.
    pub fn place(&self) -> Place {
        self.world.place
    }

    /// Waits until Concord answers.
    ///
    /// # Errors
    /// It does not within ten seconds.
    pub async fn ready(&self) -> Result<(), Trouble> {
        for _ in 0..100 {
            let mut all = true;
            for site in &self.world.sites {
                all &= site.rp.metadata().await.is_ok();
            }
            if all {
                return Ok(());
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
        Err(Trouble::new("Concord does not answer"))
    }

    /// Ends everything and waits for it.
    pub async fn stop(self) {
        self.stop.cancel();
        let _ = self.served.await;
        self.core.database.close().await;
        if let Some(folder) = &self.fleeting {
            let _ = fs::remove_dir_all(folder);
        }
    }
}

/// The folder of the data.
struct Folder {
    path: PathBuf,
    /// It goes at the end.
    fleeting: bool,
    /// No other demo and no server uses it meanwhile.
    lock: ServerLock,
}

fn folder(options: &Options, random: &Random) -> Result<Folder, Trouble> {
    let Some(path) = &options.data else {
        let path = std::env::temp_dir().join(format!("concord-demo-{:016x}", random.u64()));
        let lock = lock(&path)?;
        return Ok(Folder { path, fleeting: true, lock });
    };
    // Only what is a demo's folder is emptied: a mistyped --data must not cost anybody anything.
    let taken = path.exists() && fs::read_dir(path)?.next().is_some();
    if options.reset && taken && !path.join(MARKER).exists() {
        return Err(Trouble::new(format!("{} is not empty and no folder of the demo: nothing was removed", path.display())));
    }
    let lock = lock(path)?;
    if options.reset {
        empty(path)?;
    }
    fs::write(path.join(MARKER), "The data of the Concord demo; safe to delete.\n")?;
    Ok(Folder { path: path.clone(), fleeting: false, lock })
}

fn lock(folder: &Path) -> Result<ServerLock, Trouble> {
    let taken = ServerLock::take(&format!("sqlite:{}", folder.join(DATABASE).display()))?;
    taken.ok_or_else(|| {
        Trouble::new(format!(
            "another demo is running with the data in {}: stop it, or start this one with other --data and --port",
            folder.display()
        ))
    })
}

/// Removes everything but the lock, which is held.
fn empty(folder: &Path) -> Result<(), Trouble> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        match path.extension() {
            Some(ending) if ending == "lock" => {}
            _ if path.is_dir() => fs::remove_dir_all(&path)?,
            _ => fs::remove_file(&path)?,
        }
    }
    Ok(())
}

/// The database within the folder, as `data_dir` has it.
const DATABASE: &str = "concord.sqlite";
/// Says that a folder is the demo's.
const MARKER: &str = "concord-demo.txt";

fn config(place: Place, folder: &Path) -> Result<Config, Trouble> {
    let mut table = toml::Table::new();
    let mut set = |section: &str, key: &str, value: toml::Value| {
        let section = table.entry(section).or_insert_with(|| toml::Table::new().into());
        if let toml::Value::Table(section) = section {
            section.insert(key.to_owned(), value);
        }
    };
    let text = |path: PathBuf| toml::Value::from(path.display().to_string());
    set("server", "listen", format!("127.0.0.1:{}", place.port).into());
    set("server", "management_listen", "".into());
    set("keys", "dir", text(folder.join("keys")));
    set("mail", "transport", "outbox".into());
    set("outbound", "allow_loopback", true.into());
    // Everybody here comes from one address.
    set("limits", "mail_per_ip_hour", 1000.into());
    set("limits", "mail_per_address_hour", 100.into());
    table.insert("issuer".to_owned(), place.origin(Party::Concord).into());
    table.insert("data_dir".to_owned(), text(folder.to_owned()));
    Ok(Config::from_toml(&table.to_string())?)
}

async fn world(core: &Arc<Core>, place: Place, outbox: OutboxStore, options: &Options, folder: &Path) -> Result<World, Trouble> {
    let (tap, progress, client) = (Tap::default(), Progress::default(), wire::client(place)?);
    let partners = folder.join("partners");
    let mut sites = Vec::new();
    // The owner of the loyalty API first: the bank's document names it.
    for me in [Party::Points, Party::Bank, Party::Cinema] {
        let keys = Arc::new(Keys::load_or_create(&partners.join(format!("{}.key", me.code())))?);
        let credentials = register::register(core, me, place, &keys, &partners).await?;
        let wire = Wire::new(client.clone(), tap.clone(), core.clock.clone(), me);
        let partner: Box<dyn Partner> = match me {
            Party::Bank => Box::new(Bank),
            Party::Points => Box::new(Points),
            _ => Box::new(Cinema),
        };
        sites.push(Arc::new(Site {
            me,
            place,
            partner,
            rp: RelyingParty::new(me, place, wire, credentials, keys, core.clock.clone(), core.random.clone()),
            people: People::open(me, options.seed, partners.join(format!("{}.json", me.code())))?,
            sessions: Sessions::new(core.random.clone()),
            progress: progress.clone(),
            tap: tap.clone(),
            clock: core.clock.clone(),
            lang: options.lang,
        }));
    }
    // As the hub shows them.
    sites.sort_by_key(|site| Party::SERVICES.iter().position(|service| *service == site.me));
    Ok(World {
        place,
        sites,
        outbox,
        tap,
        progress,
        personas: Personas::default(),
        client,
        clock: core.clock.clone(),
        random: core.random.clone(),
        lang: options.lang,
        csrf: core.random.token(),
    })
}
