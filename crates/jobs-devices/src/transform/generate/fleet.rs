//! A mixed fleet, row by row.

use std::collections::VecDeque;
use std::fmt::Write as _;

use super::GenerateOptions;
use super::random::Random;
use crate::transform::scope::SCOPE_PREFIX;
use crate::{
    Authentication, AuthenticationType, Capabilities, Field, JsonObject, Properties, Row, Status,
};

/// Places in several scripts, for file tools that think in bytes.
const PLACES: &[&str] = &[
    "Zürich",
    "東京",
    "São Paulo",
    "Київ",
    "القاهرة",
    "Montréal",
    "Ωμέγα 7",
    "Leipzig",
    "Reykjavík",
    "서울",
    "Nairobi",
    "plant 🏭 3",
];
const MODELS: &[&str] = &["pump-a", "pump-b", "valve-2", "meter-x1", "camera-9"];
const LINKS: &[&str] = &["ethernet", "wifi", "lte", "lora"];
const REASONS: &[&str] = &[
    "in repair",
    "Vertrag gekündigt",
    "decommissioned",
    "fuera de servicio",
];
const MODULES: &[&str] = &["telemetry", "vision", "gateway", "updater"];

/// The kinds of row that make up a fleet.
enum Plan {
    Device {
        kind: AuthenticationType,
        parent: Option<String>,
    },
    Edge {
        parent: Option<String>,
        children: u64,
    },
    Module {
        device: String,
        name: String,
        kind: AuthenticationType,
    },
}

/// Makes rows without end; what a device brings with it waits in a queue that is never longer than a few rows.
pub(super) struct Fleet {
    prefix: String,
    system_modules: bool,
    etags: bool,
    devices: u64,
    waiting: VecDeque<Plan>,
}

impl Fleet {
    pub(super) fn new(options: &GenerateOptions) -> Fleet {
        let device = |kind| Plan::Device { kind, parent: None };
        // Whatever the seed, a fleet begins with one of each kind.
        let waiting = VecDeque::from([
            device(AuthenticationType::Sas),
            device(AuthenticationType::SelfSigned),
            device(AuthenticationType::CertificateAuthority),
            Plan::Edge {
                parent: None,
                children: 2,
            },
        ]);
        Fleet {
            prefix: options.prefix.clone(),
            system_modules: options.system_modules,
            etags: options.etags,
            devices: 0,
            waiting,
        }
    }

    pub(super) fn next(&mut self, random: &mut Random) -> Row {
        let plan = match self.waiting.pop_front() {
            Some(plan) => plan,
            None => self.plan(random),
        };
        let mut row = match plan {
            Plan::Device { kind, parent } => self.device(kind, parent, random),
            Plan::Edge { parent, children } => self.edge(parent, children, random),
            Plan::Module { device, name, kind } => module(device, &name, kind, random),
        };
        if self.etags {
            row.etag = Field::Value(etag(&random.below(1_000_000_000).to_string()));
            row.twin_etag = Field::Value(etag(&random.hex(8)));
        }
        row
    }

    fn plan(&self, random: &mut Random) -> Plan {
        if random.percent(4) {
            return Plan::Edge {
                parent: None,
                children: random.below(6),
            };
        }
        Plan::Device {
            kind: kind(random),
            parent: None,
        }
    }

    fn new_id(&mut self, what: &str) -> String {
        self.devices += 1;
        format!("{}{what}-{:07}", self.prefix, self.devices)
    }

    fn device(
        &mut self,
        kind: AuthenticationType,
        parent: Option<String>,
        random: &mut Random,
    ) -> Row {
        let id = self.new_id("device");
        let mut row = identity(id, kind, random);
        row.device_scope = parent.into();
        row.capabilities = Field::Value(Capabilities::edge(false));
        twin(&mut row, random);
        if random.percent(12) {
            self.waiting.push_back(Plan::Module {
                device: row.id.clone(),
                name: (*random.pick(MODULES)).to_owned(),
                kind: AuthenticationType::Sas,
            });
        }
        row
    }

    /// An edge device, with its modules, children and sometimes a nested edge device waiting behind it.
    fn edge(&mut self, parent: Option<String>, children: u64, random: &mut Random) -> Row {
        let id = self.new_id("edge");
        let generation = 637_000_000_000_000_000 + random.below(1_000_000_000_000_000);
        let scope = format!("{SCOPE_PREFIX}{id}-{generation}");
        let mut row = identity(id, AuthenticationType::Sas, random);
        row.capabilities = Field::Value(Capabilities::edge(true));
        row.device_scope = Field::Value(scope.clone());
        let nested = parent.is_none() && random.percent(25);
        row.parent_scopes = Field::from(parent.map(|parent| vec![parent]));
        twin(&mut row, random);
        let names = match self.system_modules {
            true => &["$edgeAgent", "$edgeHub", "relay"][..],
            false => &["relay"],
        };
        for name in names {
            self.waiting.push_back(Plan::Module {
                device: row.id.clone(),
                name: (*name).to_owned(),
                kind: AuthenticationType::None,
            });
        }
        for _ in 0..children {
            self.waiting.push_back(Plan::Device {
                kind: kind(random),
                parent: Some(scope.clone()),
            });
        }
        if nested {
            self.waiting.push_back(Plan::Edge {
                parent: Some(scope),
                children: random.below(3),
            });
        }
        row
    }
}

fn kind(random: &mut Random) -> AuthenticationType {
    match random.below(100) {
        0..75 => AuthenticationType::Sas,
        75..88 => AuthenticationType::SelfSigned,
        _ => AuthenticationType::CertificateAuthority,
    }
}

fn identity(id: String, kind: AuthenticationType, random: &mut Random) -> Row {
    let mut row = Row::new(id);
    row.status = Field::Value(Status::Enabled);
    if random.percent(8) {
        row.status = Field::Value(Status::Disabled);
        row.status_reason = Field::Value((*random.pick(REASONS)).to_owned());
    }
    row.authentication = Field::Value(authentication(kind, random));
    row
}

fn authentication(kind: AuthenticationType, random: &mut Random) -> Authentication {
    match kind {
        AuthenticationType::Sas => Authentication::sas(random.test_key(), random.test_key()),
        AuthenticationType::SelfSigned => {
            let digits = if random.percent(50) { 40 } else { 64 };
            let second = random
                .percent(60)
                .then(|| random.hex(digits).to_uppercase());
            Authentication::self_signed(random.hex(digits).to_uppercase(), second)
        }
        AuthenticationType::CertificateAuthority => Authentication::certificate_authority(),
        other => {
            let mut authentication = Authentication::new();
            authentication.kind = Field::Value(other);
            authentication
        }
    }
}

fn module(device: String, name: &str, kind: AuthenticationType, random: &mut Random) -> Row {
    let mut row = Row::new(device);
    row.module_id = Field::Value(name.to_owned());
    row.status = Field::Value(Status::Enabled);
    row.authentication = Field::Value(authentication(kind, random));
    row.tags = Field::Value(JsonObject::default());
    let desired = format!(
        r#"{{"logLevel":"{}"}}"#,
        random.pick(&["info", "warn", "debug"])
    );
    let reported = format!(
        r#"{{"version":"1.{}.{}"}}"#,
        random.below(20),
        random.below(10)
    );
    row.properties = Field::Value(Properties::of(
        JsonObject::from_checked(&desired),
        JsonObject::from_checked(&reported),
    ));
    row
}

/// Tags and properties of the shape that the service's documentation uses.
fn twin(row: &mut Row, random: &mut Random) {
    let mut tags = String::with_capacity(160);
    let (place, model) = (random.pick(PLACES), random.pick(MODELS));
    let _ = write!(
        tags,
        r#"{{"testFleet":true,"location":{{"site":"{place}","floor":{},"lat":{}.{:04}}},"model":"{model}","installed":"20{:02}-{:02}-{:02}"}}"#,
        random.below(40),
        random.below(90),
        random.below(10_000),
        15 + random.below(11),
        1 + random.below(12),
        1 + random.below(28),
    );
    let mut desired = String::with_capacity(160);
    let _ = write!(
        desired,
        r#"{{"telemetryConfig":{{"configId":"{}","sendFrequencyInSecs":{}}},"fw":{{"version":"2.{}.{}"}}}}"#,
        random.uuid(),
        30 * (1 + random.below(20)),
        random.below(12),
        random.below(30),
    );
    let mut reported = String::with_capacity(160);
    let _ = write!(
        reported,
        r#"{{"connectivity":{{"type":"{}","signal":-{}}},"batteryLevel":{},"fw":{{"version":"2.{}.{}"}},"temperature":{}.{}}}"#,
        random.pick(LINKS),
        40 + random.below(60),
        random.below(101),
        random.below(12),
        random.below(30),
        random.below(45),
        random.below(10),
    );
    row.tags = Field::Value(JsonObject::from_checked(&tags));
    row.properties = Field::Value(Properties::of(
        JsonObject::from_checked(&desired),
        JsonObject::from_checked(&reported),
    ));
}

fn etag(text: &str) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(text)
}
