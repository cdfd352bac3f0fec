//! How a hub is set up and started.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::{mpsc, watch};

use crate::auth::{Gate, Policies};
use crate::clock::Clock;
use crate::data_folder::{create_private_file, lock_folder};
use crate::engine;
use crate::envelope::Outcome;
use crate::faults::{FaultScript, Faults};
use crate::hub::Hub;
use crate::jobs::{JobRecord, Jobs};
use crate::rates::Rates;
use crate::registry::{Place, Store};
use crate::requests::RequestLog;
use crate::scheduled::{self, Scheduled, ScheduledRecord};
use crate::server;
use crate::sku::Sku;
use crate::start_error::StartError;
use crate::state::{HubState, Phase, Reach};
use crate::tls;

/// Entry point: [`Emulator::builder`].
#[derive(Debug)]
pub struct Emulator(());

impl Emulator {
    /// A hub with the default settings, to be changed and started.
    pub fn builder() -> EmulatorBuilder {
        EmulatorBuilder {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            tls: false,
            ca_dir: None,
            data_dir: None,
            host_name: "localhost".to_owned(),
            job_delay: Duration::ZERO,
            sku: Sku::default(),
            throttle: false,
            auth: true,
            entra_permissive: false,
            faults: FaultScript::default(),
            clock: Clock::default(),
        }
    }
}

/// Settings of a hub.
#[derive(Clone, Debug)]
#[must_use]
pub struct EmulatorBuilder {
    listen: SocketAddr,
    tls: bool,
    ca_dir: Option<PathBuf>,
    data_dir: Option<PathBuf>,
    host_name: String,
    job_delay: Duration,
    sku: Sku,
    throttle: bool,
    auth: bool,
    entra_permissive: bool,
    faults: FaultScript,
    clock: Clock,
}

impl EmulatorBuilder {
    /// Where to listen; default `127.0.0.1:0`, a free port. Any address but
    /// loopback makes fresh random keys instead of the development keys.
    pub fn listen(mut self, address: SocketAddr) -> Self {
        self.listen = address;
        self
    }

    /// HTTPS with a certificate of the local development CA.
    pub fn tls(mut self, on: bool) -> Self {
        self.tls = on;
        self
    }

    /// Folder in which the development CA is kept. Default: `ca` in the data
    /// folder, or without one `.iothub-jobs/ca` in the user's home folder.
    pub fn ca_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.ca_dir = Some(folder.into());
        self
    }

    /// Keep everything in this folder; it is created when missing. Default: in memory.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// A further name of the hub, which tokens may be made out to and the
    /// certificate carries; default `localhost`.
    pub fn host_name(mut self, name: impl Into<String>) -> Self {
        self.host_name = name.into();
        self
    }

    /// How long a job stays in `enqueued`, and again at least in `running`; default zero.
    pub fn job_delay(mut self, delay: Duration) -> Self {
        self.job_delay = delay;
        self
    }

    /// The tier, for quotas and slots; default S1.
    pub fn sku(mut self, sku: Sku) -> Self {
        self.sku = sku;
        self
    }

    /// Refuse requests beyond the tier's rates with 429; default off.
    pub fn throttle(mut self, on: bool) -> Self {
        self.throttle = on;
        self
    }

    /// Check tokens; default on.
    pub fn auth(mut self, on: bool) -> Self {
        self.auth = on;
        self
    }

    /// Accept Entra tokens by their audience alone, signature unchecked; default off.
    pub fn entra_permissive(mut self, on: bool) -> Self {
        self.entra_permissive = on;
        self
    }

    /// Faults to play from the start.
    pub fn faults(mut self, script: FaultScript) -> Self {
        self.faults = script;
        self
    }

    /// A clock shared with the caller, to be stepped by tests.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Starts the hub on the current Tokio runtime. When this returns, requests are answered.
    ///
    /// # Errors
    /// When the data folder is in use or unusable, the address is taken, or
    /// the development CA cannot be kept.
    pub async fn start(self) -> Result<Hub, StartError> {
        let runtime = Handle::current();
        let lock = match &self.data_dir {
            Some(folder) => Some(lock_folder(folder).await?),
            None => None,
        };
        let listener =
            TcpListener::bind(self.listen)
                .await
                .map_err(|cause| StartError::Listen {
                    address: self.listen,
                    cause,
                })?;
        let address = listener.local_addr().map_err(|cause| StartError::Listen {
            address: self.listen,
            cause,
        })?;
        // Opening files and making keys may block.
        let (hub, acceptor, alive) =
            tokio::task::spawn_blocking(move || self.prepare(address, lock, runtime))
                .await
                .map_err(|cause| StartError::Internal(cause.to_string()))??;
        let (alive, ended) = alive;
        let hub = Arc::new(hub);
        engine::spawn_recorder::<JobRecord>(&hub);
        engine::spawn_recorder::<ScheduledRecord>(&hub);
        scheduled::resume(&hub);
        tokio::spawn(server::accept(Arc::clone(&hub), listener, acceptor, alive));
        Ok(Hub::new(hub, ended))
    }

    #[expect(clippy::type_complexity, reason = "an inner step of `start`")]
    fn prepare(
        self,
        address: SocketAddr,
        lock: Option<File>,
        runtime: Handle,
    ) -> Result<
        (
            HubState,
            Option<tokio_rustls::TlsAcceptor>,
            (mpsc::Sender<()>, mpsc::Receiver<()>),
        ),
        StartError,
    > {
        let (acceptor, ca_file) = if self.tls {
            let folder = self.ca_folder();
            let names = [self.host_name.clone(), self.listen.ip().to_string()];
            let (acceptor, ca_file) =
                tls::acceptor(&folder, &names).map_err(|cause| StartError::Tls {
                    folder,
                    cause: cause.to_string(),
                })?;
            (Some(acceptor), Some(ca_file))
        } else {
            (None, None)
        };
        let place = match &self.data_dir {
            Some(folder) => {
                let file = folder.join("hub.sqlite");
                // What is in the way here is in SQLite's way too, which has the better words for it.
                let _ = create_private_file(&file);
                Place::File(file)
            }
            None => Place::Memory,
        };
        let store = Store::open(&place, self.sku.identity_quota())
            .map_err(|cause| StartError::Data(unopened(&place, &cause)))?;
        let jobs =
            Jobs::load(&store, self.clock.now()).map_err(|cause| StartError::Data(cause.text))?;
        let scheduled = Scheduled::load(&store, self.clock.now())
            .map_err(|cause| StartError::Data(cause.text))?;
        let policies = policies(address, &store).map_err(|cause| StartError::Data(cause.text))?;
        let reach = self.reach(address, &policies, ca_file);
        let (alive, ended) = mpsc::channel(1);
        let hub = HubState {
            gate: Gate {
                required: self.auth,
                entra_permissive: self.entra_permissive,
                hosts: self.hosts(address),
                policies: Arc::new(policies),
            },
            store,
            jobs,
            scheduled,
            faults: Faults::new(self.faults),
            requests: RequestLog::default(),
            reach,
            sku: self.sku,
            rates: Rates::new(self.sku, self.throttle, self.clock.now()),
            job_delay: self.job_delay,
            clock: self.clock,
            runtime,
            phase: watch::Sender::new(Phase::Running),
            alive: alive.downgrade(),
            _lock: lock,
        };
        Ok((hub, acceptor, (alive, ended)))
    }

    fn ca_folder(&self) -> PathBuf {
        match (&self.ca_dir, &self.data_dir) {
            (Some(folder), _) => folder.clone(),
            (None, Some(data)) => data.join("ca"),
            (None, None) => std::env::home_dir()
                .unwrap_or_else(std::env::temp_dir)
                .join(".iothub-jobs")
                .join("ca"),
        }
    }

    /// Names that a token may be made out to.
    fn hosts(&self, address: SocketAddr) -> Vec<String> {
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        hosts.push(address.ip().to_string());
        hosts.push(self.host_name.to_ascii_lowercase());
        hosts
    }

    fn reach(&self, address: SocketAddr, policies: &Policies, ca_file: Option<PathBuf>) -> Reach {
        let port = address.port();
        // A wildcard address is reached through loopback.
        let ip = match address.ip() {
            IpAddr::V4(ip) if ip.is_unspecified() => IpAddr::V4(Ipv4Addr::LOCALHOST),
            IpAddr::V6(ip) if ip.is_unspecified() => IpAddr::V6(Ipv6Addr::LOCALHOST),
            ip => ip,
        };
        let scheme = if self.tls { "https" } else { "http" };
        let key = policies
            .find("iothubowner")
            .map(|owner| owner.primary_key())
            .unwrap_or_default();
        Reach {
            endpoint: format!("{scheme}://{}", SocketAddr::new(ip, port)),
            connection_string: format!(
                "HostName={}:{port};SharedAccessKeyName=iothubowner;SharedAccessKey={key}",
                self.host_name
            ),
            ca_file,
        }
    }
}

/// What SQLite said, with the file that it was about and the two ways on.
fn unopened(place: &Place, cause: &rusqlite::Error) -> String {
    match place {
        Place::File(path) => format!(
            "{} ({cause}); remove it for a hub without devices, or choose another folder",
            path.display()
        ),
        Place::Memory => cause.to_string(),
    }
}

/// Development keys on loopback; anywhere else random ones, which a data folder keeps.
fn policies(address: SocketAddr, store: &Store) -> Outcome<Policies> {
    const SETTING: &str = "policies";
    if address.ip().is_loopback() {
        return Ok(Policies::development());
    }
    if let Some(kept) = store
        .setting(SETTING)?
        .as_deref()
        .and_then(Policies::from_text)
    {
        return Ok(kept);
    }
    let fresh = Policies::random();
    store.keep_setting(SETTING, &fresh.to_text())?;
    Ok(fresh)
}
