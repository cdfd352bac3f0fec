//! Findings before a job, each with its cure.

use jobs_ext::{ContainerUri, ErrorKind, Preflight, PreflightReport, Severity, StorageAuth};

use crate::client;
use crate::clock::StepClock;
use crate::operations::{ID, job};
use crate::server::{Reply, Server, fault, json};

/// The step clock stands at 2027-01-15 08:00:00.
const NOW: &str = "Fri, 15 Jan 2027 08:00:00 GMT";

fn worst_of<'a>(report: &'a PreflightReport, subject: &str) -> (Severity, &'a str) {
    let finding = report
        .findings()
        .iter()
        .filter(|f| f.subject() == subject)
        .max_by_key(|f| f.severity())
        .unwrap();
    assert!(
        finding.severity() < Severity::Warning || finding.cure().is_some(),
        "{finding}"
    );
    (finding.severity(), finding.message())
}

fn head(length: &str) -> Reply {
    Reply::Full {
        status: 200,
        headers: vec![
            ("ETag".into(), "\"1\"".into()),
            ("Last-Modified".into(), NOW.into()),
            ("X-Length".into(), length.into()),
        ],
        body: vec![],
    }
}

#[tokio::test]
async fn a_good_hub_is_clear() {
    let server = Server::start([json(200, "[]").with("Date", NOW)]).await;
    let report = client(&server, &StepClock::default())
        .preflight(Preflight::new())
        .await;
    assert!(report.is_clear());
    assert_eq!(report.worst(), Severity::Ok);
    assert_eq!(report.findings().len(), 3);
}

#[tokio::test]
async fn a_clock_that_is_off_is_told_even_when_the_hub_refuses_for_it() {
    let late = "Fri, 15 Jan 2027 08:10:00 GMT";
    let refused = || fault(401, "IotHubUnauthorizedAccess").with("Date", late);
    let server = Server::start([refused(), refused()]).await;
    let report = client(&server, &StepClock::default())
        .preflight(Preflight::new())
        .await;
    assert_eq!(worst_of(&report, "hub").0, Severity::Error);
    let (severity, message) = worst_of(&report, "clock");
    assert_eq!(severity, Severity::Error);
    assert!(message.contains("600 s behind"), "{message}");
}

#[tokio::test]
async fn the_holder_of_the_slot_is_named() {
    let server = Server::start([json(200, format!("[{}]", job("running")))]).await;
    let report = client(&server, &StepClock::default())
        .preflight(Preflight::new())
        .await;
    let (severity, message) = worst_of(&report, "job slot");
    assert_eq!(severity, Severity::Warning);
    assert!(message.contains(ID));
}

/// Signatures, and the worst that is said of each as an output.
const SIGNATURES: [(&str, Severity, &str); 22] = [
    ("&sr=b&sp=racwdl&se=2030-01-01", Severity::Error, "one blob"),
    // Both at once: curing the one does not help.
    ("&sr=b&sp=racwdl&se=2020-01-01", Severity::Error, "expired"),
    (
        "&sr=c&sp=racwdl&se=2027-01-15T07:59:59Z",
        Severity::Error,
        "expired",
    ),
    (
        "&sr=c&sp=racwdl&st=2098-01-01&se=2097-12-31",
        Severity::Error,
        "ends before it starts",
    ),
    (
        "&sr=c&sp=racwdl&se=2030-01-01&sig=pla+nted&x=",
        Severity::Warning,
        "as it is",
    ),
    (
        "&sr=c&sp=racwdl&st=2027-01-15T09:00:00Z&se=2030-01-01",
        Severity::Error,
        "not valid yet",
    ),
    (
        "&sr=c&sp=rl&se=2030-01-01",
        Severity::Error,
        "lacks write, delete",
    ),
    (
        "&ss=b&srt=c&sp=racwdl&se=2030-01-01",
        Severity::Error,
        "resource types",
    ),
    (
        "&ss=fq&srt=sco&sp=racwdl&se=2030-01-01",
        Severity::Error,
        "services (ss) \"fq\"",
    ),
    (
        "&srt=sco&sp=racwdl&se=2030-01-01",
        Severity::Error,
        "services (ss) \"\"",
    ),
    (
        "&sp=racwdl&se=2030-01-01",
        Severity::Warning,
        "neither sr nor srt",
    ),
    (
        "&sr=q&sp=racwdl&se=2030-01-01",
        Severity::Warning,
        "something else than a container",
    ),
    (
        "&sr=c&sp=racwdl&se=2030-01-01&skt=2027-01-01&ske=2027-01-15T07:59:59Z",
        Severity::Error,
        "expired (ske",
    ),
    (
        "&sr=c&sp=racwdl&se=2030-01-01&skt=2027-01-15T09:00:00Z&ske=2030-01-01",
        Severity::Error,
        "not valid yet",
    ),
    (
        "&sr=c&sp=racwdl&se=2030-01-01&ske=2027-01-15T08:30:00Z",
        Severity::Warning,
        "ends at 2027-01-15T08:30:00Z (ske",
    ),
    (
        "&sr=c&sp=racwdl&se=2030-01-01&sip=anywhere",
        Severity::Error,
        "no IPv4 address",
    ),
    (
        "&sr=c&sp=rwd&se=2030-01-01",
        Severity::Warning,
        "add, create, list",
    ),
    (
        "&sr=c&sp=racwdl&se=2027-01-15T08:30:00Z",
        Severity::Warning,
        "ends at",
    ),
    (
        "&sr=c&sp=racwdl&se=2030-01-01&sip=10.0.0.1-10.0.0.9",
        Severity::Warning,
        "10.0.0.1-10.0.0.9; from which ones the hub comes cannot be seen",
    ),
    ("&sr=c&sp=racwdl", Severity::Warning, "expiry"),
    ("&sr=c&si=policy", Severity::Note, "policy"),
    (
        "&sr=c&sp=racwdl&se=2030-01-01",
        Severity::Ok,
        "grants racwdl until 2030",
    ),
];

#[tokio::test]
async fn signatures_are_judged_by_resource_rights_times_protocol_and_addresses() {
    let closed = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = format!("http://{}", closed.local_addr().unwrap());
    drop(closed);
    for (query, severity, text) in SIGNATURES {
        let base = "https://acct.blob.core.windows.net/c?sv=2021-12-02";
        let uri: ContainerUri = format!("{base}{query}&sig=planted").parse().unwrap();
        let server = Server::start([json(200, "[]")]).await;
        // No packet leaves this machine: a proxy that is not there stands before the storage.
        let hub = crate::builder(&server, &StepClock::default())
            .retry(jobs_ext::RetryPolicy::none())
            .proxy(&proxy)
            .build()
            .unwrap();
        let report = hub.preflight(Preflight::new().output(&uri)).await;
        let hit = report
            .findings()
            .iter()
            .find(|f| f.message().contains(text));
        let hit = hit.unwrap_or_else(|| panic!("{query}: {report:#?}"));
        assert_eq!(
            (hit.severity(), hit.subject()),
            (severity, "output container"),
            "{query}"
        );
        assert!(severity < Severity::Warning || hit.cure().is_some());
        assert!(!format!("{report:?}").contains("planted"));
    }
}

#[tokio::test]
async fn a_missing_or_refused_input_blob_is_found() {
    let missing = Reply::Full {
        status: 404,
        headers: vec![],
        body: vec![],
    };
    let refused = Reply::Full {
        status: 403,
        headers: vec![],
        body: vec![],
    };
    for (reply, text) in [
        (missing, "no blob fleet.txt"),
        (refused, "container rejected"),
    ] {
        let server = Server::start([json(200, "[]"), reply]).await;
        let uri: ContainerUri = format!(
            "{}/acct/jobs?sr=c&sp=rl&se=2030-01-01&sig=planted",
            server.endpoint()
        )
        .parse()
        .unwrap();
        let report = client(&server, &StepClock::default())
            .preflight(Preflight::new().input(&uri, "fleet.txt"))
            .await;
        let finding = report
            .findings()
            .iter()
            .find(|f| f.subject() == "input blob")
            .unwrap();
        assert_eq!(finding.kind(), Some(ErrorKind::ContainerRejected));
        assert!(
            finding.to_string().contains(text) && !finding.to_string().contains("planted"),
            "{finding}"
        );
    }
}

#[tokio::test]
async fn an_empty_input_blob_is_found() {
    let server = Server::start([json(200, "[]"), head("0")]).await;
    let uri: ContainerUri = format!(
        "{}/acct/jobs?sr=c&sp=rl&se=2030-01-01&sig=planted",
        server.endpoint()
    )
    .parse()
    .unwrap();
    let report = client(&server, &StepClock::default())
        .preflight(Preflight::new().input(&uri, "devices.txt"))
        .await;
    assert_eq!(
        worst_of(&report, "input blob"),
        (Severity::Error, "devices.txt is empty")
    );
}

#[tokio::test]
async fn mixes_of_identity_and_signature_are_found() {
    let server = Server::start([json(200, "[]")]).await;
    let folder = tempfile::tempdir().unwrap();
    let uri: ContainerUri = format!("file://{}", folder.path().display())
        .parse()
        .unwrap();
    let what = Preflight::new()
        .output(&uri)
        .storage_auth(StorageAuth::UserIdentity("x".into()));
    let report = client(&server, &StepClock::default()).preflight(what).await;
    assert_eq!(worst_of(&report, "storage access").0, Severity::Error);
}

#[tokio::test]
async fn a_wrong_blob_name_is_answered_with_those_that_are_there() {
    let server = Server::start([json(200, "[]")]).await;
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("fleet.txt"), "{}").unwrap();
    let uri: ContainerUri = format!("file://{}", folder.path().display())
        .parse()
        .unwrap();
    let what = Preflight::new().input(&uri, "devices.txt");
    let report = client(&server, &StepClock::default()).preflight(what).await;
    let (severity, message) = worst_of(&report, "input blob");
    assert_eq!(severity, Severity::Error);
    assert!(message.contains("it has fleet.txt"), "{message}");
}

fn said_of<'a>(report: &'a PreflightReport, subject: &str, text: &str) -> Vec<&'a str> {
    let hits = report.findings().iter();
    hits.filter(|f| f.subject() == subject && f.message().contains(text))
        .map(|f| f.message())
        .collect()
}

#[tokio::test]
async fn what_closes_a_container_is_told_once_for_each_of_its_roles() {
    let base = "https://acct.blob.core.windows.net/c";
    for (query, text) in [
        (
            "?sr=c&sp=racwdl&se=2027-01-15T07:59:59Z&sig=planted",
            "expired",
        ),
        ("", "carries no signature"),
    ] {
        let uri: ContainerUri = format!("{base}{query}").parse().unwrap();
        let server = Server::start([json(200, "[]")]).await;
        let report = client(&server, &StepClock::default())
            .preflight(Preflight::new().input(&uri, "devices.txt").output(&uri))
            .await;
        for role in ["input container", "output container"] {
            assert_eq!(said_of(&report, role, text).len(), 1, "{report:#?}");
        }
        let errors = report.findings().iter();
        let errors = errors.filter(|f| f.severity() == Severity::Error).count();
        assert_eq!(errors, 2, "{report:#?}");
        assert_eq!(worst_of(&report, "input blob").0, Severity::Note);
    }
}

#[tokio::test]
async fn a_container_for_the_hubs_identity_is_no_error_because_this_client_cannot_open_it() {
    let uri: ContainerUri = "https://acct.blob.core.windows.net/c".parse().unwrap();
    let server = Server::start([json(200, "[]")]).await;
    let what = Preflight::new()
        .input(&uri, "devices.txt")
        .output(&uri)
        .storage_auth(StorageAuth::SystemIdentity);
    let report = client(&server, &StepClock::default()).preflight(what).await;
    assert!(report.is_clear(), "{report:#?}");
    for role in ["input container", "output container"] {
        assert_eq!(worst_of(&report, role).0, Severity::Note);
    }
    let (severity, message) = worst_of(&report, "input blob");
    assert_eq!(severity, Severity::Note);
    assert!(message.contains("storage credential"), "{message}");
}

#[tokio::test]
async fn a_signature_for_https_alone_is_found_at_an_http_uri() {
    for spelling in ["http://", "HTTP://"] {
        let server = Server::start([json(200, "[]"), head("7")]).await;
        let uri: ContainerUri = format!(
            "{}/acct/jobs?sr=c&sp=racwdl&spr=https&se=2030-01-01&sig=planted",
            server.endpoint().replace("http://", spelling)
        )
        .parse()
        .unwrap();
        let report = client(&server, &StepClock::default())
            .preflight(Preflight::new().output(&uri))
            .await;
        let (severity, message) = worst_of(&report, "output container");
        assert_eq!(severity, Severity::Error);
        assert!(message.contains("https only (spr)"), "{message}");
    }
}

#[tokio::test]
async fn a_clock_some_minutes_off_is_a_warning() {
    let ahead = "Fri, 15 Jan 2027 07:58:00 GMT";
    let server = Server::start([json(200, "[]").with("Date", ahead)]).await;
    let report = client(&server, &StepClock::default())
        .preflight(Preflight::new())
        .await;
    let (severity, message) = worst_of(&report, "clock");
    assert_eq!(severity, Severity::Warning);
    assert!(message.contains("120 s ahead"), "{message}");
    assert!(report.is_clear());
}
