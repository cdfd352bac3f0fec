//! How a hub is set up and started.

use std::fs::File;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;
use tokio::runtime::Handle;
use tokio::sync::mpsc;
use tokio_rustls::TlsAcceptor;

use crate::auth::{Gate, Policies};
use crate::clock::Clock;
use crate::data_folder::lock_folder;
use crate::door::Door;
use crate::engine::{self, Host};
use crate::envelope::{HubResult, ServiceError};
use crate::faults::{FaultScript, Faults};
use crate::hub::Hub;
use crate::jobs::Jobs;
use crate::query;
use crate::rates::Rates;
use crate::registry::{Place, Store};
use crate::requests::RequestLog;
use crate::scheduled::{self, Scheduled};
use crate::server;
use crate::shutdown::Shutdown;
use crate::sku::Sku;
use crate::start_error::StartError;
use crate::state::{About, HubState, Traffic};
use crate::storage::{StorageAccess, StorageRules};
use crate::tls::{self, CaFolder};

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
            host_name: None,
            job_delay: Duration::ZERO,
            sku: Sku::default(),
            throttle: false,
            auth: true,
            entra_permissive: false,
            faults: FaultScript::default(),
            clock: Clock::default(),
            head_timeout: Duration::from_secs(15),
            storage: StorageRules::default(),
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
    host_name: Option<String>,
    job_delay: Duration,
    sku: Sku,
    throttle: bool,
    auth: bool,
    entra_permissive: bool,
    faults: FaultScript,
    clock: Clock,
    head_timeout: Duration,
    storage: StorageRules,
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
    /// folder; without one a new CA in the system's temporary folder, which is removed
    /// when the hub stops.
    pub fn ca_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.ca_dir = Some(folder.into());
        self
    }

    /// Keep everything in this folder; it is created when missing. Default: in memory.
    pub fn data_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.data_dir = Some(folder.into());
        self
    }

    /// A further name of the hub, which tokens may be made out to, and which certificate and connection string carry. Without one
    /// the connection string has `localhost`, or the address where the hub listens if that is another than 127.0.0.1.
    pub fn host_name(mut self, name: impl Into<String>) -> Self {
        self.host_name = Some(name.into());
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

    /// Adds a folder for `file:///` containers: jobs read and write in it and in the folders below
    /// it, wherever symbolic links lead, and nowhere else. Without any such folder they may use
    /// the system's temporary folder and the current folder, unless that is the root of the file
    /// system or holds the user's home folder. The data folder and the folder of the CA are never
    /// used as containers.
    pub fn files_dir(mut self, folder: impl Into<PathBuf>) -> Self {
        self.storage.folders.push(folder.into());
        self
    }

    /// Adds a host whose blob storage jobs may use over plain http, such as a storage emulator in
    /// another container. Without it plain http is for loopback only.
    pub fn http_storage_host(mut self, name: impl Into<String>) -> Self {
        let name = name.into();
        let name = name.trim_matches(['[', ']']).to_ascii_lowercase();
        self.storage.http_hosts.push(name);
        self
    }

    /// Use the proxies that the environment names for storage on other machines; default off.
    pub fn system_proxy(mut self, on: bool) -> Self {
        self.storage.system_proxy = on;
        self
    }

    /// How long a client may take for the head of a request, or for a TLS handshake, before the
    /// connection is closed; default 15 seconds. A connection without a request is closed after
    /// the same time.
    pub fn head_timeout(mut self, limit: Duration) -> Self {
        self.head_timeout = limit;
        self
    }

    /// Starts the hub on the current Tokio runtime. When this returns, requests are answered.
    ///
    /// # Errors
    /// When the data folder is in use or unusable, the address is taken, or
    /// the development CA cannot be kept.
    pub async fn start(self) -> Result<Hub, StartError> {
        let runtime = Handle::current();
        let head_timeout = self.head_timeout;
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
        let prepared = tokio::task::spawn_blocking(move || self.prepare(address, lock, runtime))
            .await
            .map_err(|cause| StartError::Internal(cause.to_string()))??;
        let Prepared {
            hub,
            tls,
            alive,
            ended,
        } = prepared;
        let hub = Arc::new(hub);
        engine::spawn_recorder(&hub.jobs.table);
        engine::spawn_recorder(&hub.scheduled.table);
        scheduled::resume(&hub.scheduled);
        let (acceptor, ca) = tls.map(|tls| (tls.acceptor, tls.ca)).unzip();
        let settings = server::Settings {
            tls: acceptor,
            head_timeout,
        };
        tokio::spawn(server::accept(Arc::clone(&hub), listener, settings, alive));
        Ok(Hub::new(hub, ended, ca))
    }

    fn prepare(
        self,
        address: SocketAddr,
        lock: Option<File>,
        runtime: Handle,
    ) -> Result<Prepared, StartError> {
        let tls = self.set_up_tls()?;
        let place = match &self.data_dir {
            Some(folder) => Place::File(folder.join("hub.sqlite")),
            None => Place::Memory,
        };
        let store = Store::open(&place, self.sku.identity_quota(), query::register)
            .map_err(|cause| StartError::Data(cause.to_string()))?;
        let store = Arc::new(store);
        let failed = |cause: ServiceError| StartError::Data(cause.text);
        let (alive, ended) = mpsc::channel(1);
        let shutdown = Shutdown::new(&alive);
        let storage = self.storage_access(runtime.clone(), tls.as_ref())?;
        let host = Host {
            store: Arc::clone(&store),
            clock: self.clock.clone(),
            delay: self.job_delay,
            runtime,
            shutdown: shutdown.clone(),
        };
        let jobs = Jobs::load(host.clone(), storage, self.sku).map_err(failed)?;
        let scheduled = Scheduled::load(host, self.sku, self.throttle).map_err(failed)?;
        let policies = policies(address, &store).map_err(failed)?;
        let ca_file = tls.as_ref().map(|tls| tls.ca.file());
        let about = self.about(address, &policies, ca_file);
        let hub = HubState {
            about,
            store,
            jobs,
            scheduled,
            traffic: self.traffic(address, policies),
            clock: self.clock,
            shutdown,
            _lock: lock,
        };
        Ok(Prepared {
            hub,
            tls,
            alive,
            ended,
        })
    }

    fn traffic(&self, address: SocketAddr, policies: Policies) -> Traffic {
        Traffic {
            door: Door::new(address.ip(), self.tls, self.host_name.clone()),
            gate: Gate {
                required: self.auth,
                entra_permissive: self.entra_permissive,
                hosts: self.hosts(address),
                policies,
            },
            rates: Rates::new(self.sku, self.throttle, self.clock.now()),
            faults: Faults::new(self.faults.clone()),
            requests: RequestLog::default(),
        }
    }

    fn set_up_tls(&self) -> Result<Option<Tls>, StartError> {
        if !self.tls {
            return Ok(None);
        }
        let ca = match (&self.ca_dir, &self.data_dir) {
            (Some(folder), _) => CaFolder::kept(folder.clone()),
            (None, Some(data)) => CaFolder::kept(data.join("ca")),
            (None, None) => CaFolder::temporary(),
        };
        let names: Vec<String> = self
            .host_name
            .iter()
            .cloned()
            .chain([self.listen.ip().to_string()])
            .collect();
        match tls::acceptor(ca.path(), &names) {
            Ok(acceptor) => Ok(Some(Tls { acceptor, ca })),
            Err(cause) => Err(StartError::Tls {
                folder: ca.path().to_owned(),
                cause: cause.to_string(),
            }),
        }
    }

    fn storage_access(
        &self,
        runtime: Handle,
        tls: Option<&Tls>,
    ) -> Result<StorageAccess, StartError> {
        let mut rules = self.storage.clone();
        // The keys of the CA are there also while this hub does not use them.
        rules.private.extend(self.data_dir.clone());
        rules.private.extend(self.ca_dir.clone());
        rules
            .private
            .extend(tls.map(|tls| tls.ca.path().to_owned()));
        StorageAccess::new(rules, runtime)
            .map_err(|(folder, cause)| StartError::Files { folder, cause })
    }

    /// Names that a token may be made out to.
    fn hosts(&self, address: SocketAddr) -> Vec<String> {
        let mut hosts: Vec<String> = ["localhost", "127.0.0.1", "::1"].map(str::to_owned).into();
        hosts.push(address.ip().to_string());
        hosts.extend(self.host_name.iter().map(|name| name.to_ascii_lowercase()));
        hosts
    }

    /// The host of the connection string. Port 443 is left out: the .NET and Java clients know no other one, and cannot read it.
    fn public_name(&self, ip: IpAddr, port: u16) -> String {
        let is_local =
            ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || ip == IpAddr::V6(Ipv6Addr::LOCALHOST);
        let name = match &self.host_name {
            Some(name) => name.clone(),
            None if is_local => "localhost".to_owned(),
            None => match ip {
                IpAddr::V4(ip) => ip.to_string(),
                IpAddr::V6(ip) => format!("[{ip}]"),
            },
        };
        match port {
            443 => name,
            port => format!("{name}:{port}"),
        }
    }

    fn about(&self, address: SocketAddr, policies: &Policies, ca_file: Option<PathBuf>) -> About {
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
        About {
            endpoint: format!("{scheme}://{}", SocketAddr::new(ip, port)),
            connection_string: format!(
                "HostName={};SharedAccessKeyName=iothubowner;SharedAccessKey={key}",
                self.public_name(ip, port)
            ),
            ca_file,
            sku: self.sku,
        }
    }
}

/// A hub that can be served, and what goes with it.
struct Prepared {
    hub: HubState,
    tls: Option<Tls>,
    alive: mpsc::Sender<()>,
    ended: mpsc::Receiver<()>,
}

struct Tls {
    acceptor: TlsAcceptor,
    ca: CaFolder,
}

/// Development keys on loopback; anywhere else random ones, which a data folder keeps.
fn policies(address: SocketAddr, store: &Store) -> HubResult<Policies> {
    const SETTING: &str = "policies";
    if address.ip().is_loopback() {
        return Ok(Policies::development());
    }
    if let Some(kept) = store.setting(SETTING)? {
        return Policies::from_text(&kept).ok_or_else(|| {
            ServiceError::server("the keys of the policies that it keeps cannot be read")
        });
    }
    let fresh = Policies::random();
    store.keep_setting(SETTING, &fresh.to_text())?;
    Ok(fresh)
}
