use std::time::{Duration, UNIX_EPOCH};

use super::{ContainerUri, ContainerUriParser, SasResource};

const SAS: &str = "sv=2021-12-02&sr=c&sp=racwdl&st=2026-01-01&se=2030-01-02T03%3A04%3A05Z&spr=https&sip=1.2.3.4&sig=pl%2Banted%3D";

fn parse(text: &str) -> ContainerUri {
    text.parse().unwrap()
}

#[test]
fn the_usual_form_is_read_and_kept_byte_for_byte() {
    let text = format!("https://acct.blob.core.windows.net/devices?{SAS}");
    let uri = parse(&text);
    assert_eq!(uri.expose(), text);
    assert_eq!(
        (uri.account(), uri.container()),
        (Some("acct"), Some("devices"))
    );
    let grant = uri.grant().unwrap();
    assert_eq!(grant.resource(), SasResource::Container);
    assert_eq!(grant.lacking("rwdx"), "x");
    assert_eq!(grant.protocol(), Some("https"));
    assert_eq!(grant.addresses(), Some("1.2.3.4"));
    assert_eq!(
        grant.expires_at().unwrap().to_string(),
        "2030-01-02T03:04:05Z"
    );
    assert_eq!(
        grant.starts_at().unwrap().to_string(),
        "2026-01-01T00:00:00Z"
    );
    let at = |seconds| UNIX_EPOCH + Duration::from_secs(seconds);
    assert!(grant.is_expired(at(1_893_553_445)) && !grant.is_expired(at(1_893_553_444)));
    assert!(grant.is_early(at(1_600_000_000)) && !grant.is_early(at(1_800_000_000)));
}

#[test]
fn plain_http_is_for_loopback_and_named_hosts() {
    let uri = |host: &str| format!("http://{host}/acct/jobs?{SAS}");
    let parser = ContainerUriParser::new()
        .http_storage_host("Azurite")
        .http_storage_host("[fd00::1]")
        .http_storage_host("10.0.0.7");
    for host in ["localhost", "127.0.0.1:10000", "[::1]:1"] {
        uri(host).parse::<ContainerUri>().unwrap();
        parser.parse(&uri(host)).unwrap();
    }
    for host in ["azurite", "AZURITE:10000", "[fd00::1]:10000", "10.0.0.7"] {
        assert!(uri(host).parse::<ContainerUri>().is_err(), "{host}");
        let parsed = parser.parse(&uri(host)).unwrap();
        assert_eq!(
            (parsed.account(), parsed.container()),
            (Some("acct"), Some("jobs")),
            "{host}"
        );
    }
    for host in [
        "azurite.example",
        "xazurite",
        "10.0.0.70",
        "azurite@evil.example",
        "localhost.example",
    ] {
        let error = parser.parse(&uri(host)).unwrap_err().to_string();
        assert!(!error.contains("anted"), "{error}");
    }
    let error = parser.parse(&uri("evil.example")).unwrap_err().to_string();
    assert!(error.contains("--http-storage-host"), "{error}");
}

#[test]
fn the_signature_never_prints() {
    let uri = parse(&format!("https://acct.blob.core.windows.net/devices?{SAS}"));
    for text in [
        uri.to_string(),
        format!("{uri:?}"),
        format!("{:?}", uri.grant()),
    ] {
        assert!(!text.contains("anted"), "{text}");
    }
    assert!(uri.to_string().contains("sp=racwdl") && uri.to_string().ends_with("sig=[redacted]"));
}

#[test]
fn path_style_and_folders_are_read() {
    let uri = parse(&format!(
        "http://127.0.0.1:10000/devstoreaccount1/jobs?{SAS}"
    ));
    assert_eq!(
        (uri.account(), uri.container()),
        (Some("devstoreaccount1"), Some("jobs"))
    );
    let uri = parse("file:///tmp/a%20b/");
    assert_eq!(uri.folder().unwrap(), std::path::Path::new("/tmp/a b/"));
    assert_eq!((uri.container(), uri.grant()), (None, None));
    assert!(
        parse("https://acct.blob.core.windows.net/devices")
            .grant()
            .is_none()
    );
}

#[test]
fn a_signature_of_a_users_key_is_valid_as_long_as_that_key() {
    let at = |text: &str| {
        let time: jiff::Timestamp = text.parse().unwrap();
        UNIX_EPOCH + Duration::from_secs(time.as_second().unsigned_abs())
    };
    let base = "https://acct.blob.core.windows.net/devices?sr=c&sig=planted";
    for (query, starts, expires) in [
        (
            "&se=2030-01-01&ske=2027-01-01",
            None,
            "2027-01-01T00:00:00Z",
        ),
        (
            "&se=2026-01-01&ske=2027-01-01",
            None,
            "2026-01-01T00:00:00Z",
        ),
        (
            "&st=2025-01-01&skt=2025-06-01&se=2030-01-01",
            Some("2025-06-01T00:00:00Z"),
            "2030-01-01T00:00:00Z",
        ),
        ("&ske=2027-01-01", None, "2027-01-01T00:00:00Z"),
    ] {
        let uri = parse(&format!("{base}{query}"));
        let grant = uri.grant().unwrap();
        assert_eq!(grant.expires_at().unwrap().to_string(), expires, "{query}");
        assert_eq!(
            grant.starts_at().map(|time| time.to_string()).as_deref(),
            starts,
            "{query}"
        );
        assert!(grant.is_expired(at(expires)), "{query}");
    }
}

#[test]
fn a_storage_emulator_behind_a_name_is_read_as_path_style() {
    for (location, account, container) in [
        ("https://azurite.svc.local:10000/acct/jobs", "acct", "jobs"),
        ("https://azurite.svc.local/acct/jobs/", "acct", "jobs"),
        ("https://files.example.com/jobs", "files", "jobs"),
        ("https://azurite:10000/acct/jobs", "acct", "jobs"),
        (
            "https://acct.blob.core.chinacloudapi.cn/jobs",
            "acct",
            "jobs",
        ),
        (
            "https://acct.z12.blob.storage.azure.net/$web",
            "acct",
            "$web",
        ),
    ] {
        let uri = parse(&format!("{location}?{SAS}"));
        assert_eq!(
            (uri.account(), uri.container()),
            (Some(account), Some(container)),
            "{location}"
        );
    }
    for location in [
        "https://acct.blob.core.windows.net/acct/jobs",
        "https://acct.blob.core.windows.net:443/acct/jobs",
        "https://acct.BLOB.core.usgovcloudapi.net/acct/jobs",
        "https://acct.blob.core.chinacloudapi.cn/acct/jobs",
        "https://files.example.com/jobs/devices.txt",
        "https://azurite.svc.local:10000/acct/jobs/devices",
    ] {
        let error = format!("{location}?{SAS}")
            .parse::<ContainerUri>()
            .unwrap_err();
        assert!(
            error.to_string().contains("names a blob or a folder"),
            "{location}: {error}"
        );
    }
}

#[cfg(unix)]
#[test]
fn a_folder_becomes_a_uri_and_a_folder_again() {
    let uri = ContainerUri::from_folder("/srv/fleet 50%#1?/ü").unwrap();
    assert_eq!(uri.expose(), "file:///srv/fleet%2050%25%231%3F/%C3%BC");
    assert_eq!(
        uri.folder().unwrap(),
        std::path::Path::new("/srv/fleet 50%#1?/ü")
    );
    let error = ContainerUri::from_folder("relative")
        .unwrap_err()
        .to_string();
    assert!(
        error.contains("absolute") && error.contains("relative"),
        "{error}"
    );
    use std::os::unix::ffi::OsStrExt as _;
    let foreign = std::ffi::OsStr::from_bytes(b"/srv/\xff");
    assert!(ContainerUri::from_folder(foreign).is_err());
}

#[test]
fn what_cannot_be_a_container_is_refused_with_its_reason_and_no_signature() {
    for (text, reason) in [
        ("", "empty"),
        ("acct/devices", "no scheme"),
        ("ftp://acct/devices", "scheme"),
        ("http://acct.blob.core.windows.net/c?sig=planted", "https"),
        (
            "https://acct.blob.core.windows.net/?sig=planted",
            "names no container",
        ),
        (
            "https://acct.blob.core.windows.net/c/devices.txt?sig=planted",
            "names a blob",
        ),
        (
            "https://acct.blob.core.windows.net/c?sv=2021-12-02",
            "cut at",
        ),
        (
            "https://acct.blob.core.windows.net/UPPER?sig=planted",
            "container name",
        ),
        (
            "https://acct.blob.core.windows.net/c?sig=planted#x",
            "fragment",
        ),
        (
            "https://user:planted@acct.blob.core.windows.net/c",
            "user information",
        ),
        (
            "http://127.0.0.1:10000/devstoreaccount1?sig=planted",
            "lacks the container",
        ),
        ("http://localhost:10000/a/b/c?sig=planted", "names a blob"),
        (
            "https://acct.blob.core.windows.net/c?sig=planted&se=2030 01",
            "space",
        ),
        ("file://host/folder", "three slashes"),
        ("https://[::1]planted/a/c", "more after its host name"),
        ("https://999.1.1.1/a/c", "neither a name nor"),
        ("file:///folder?sig=planted", "no query"),
    ] {
        let error = text.parse::<ContainerUri>().unwrap_err();
        let all = format!("{error} {error:?}");
        assert!(all.contains(reason), "{text}: {all}");
        assert!(!all.contains("planted"), "{all}");
    }
}

proptest::proptest! {
    #[cfg(unix)]
    #[test]
    fn every_folder_round_trips(path in "/[^\\x00]{0,40}") {
        let uri = ContainerUri::from_folder(&path).unwrap();
        proptest::prop_assert_eq!(uri.folder().unwrap(), std::path::Path::new(&path));
        let again: ContainerUri = uri.expose().parse().unwrap();
        proptest::prop_assert_eq!(again.folder().unwrap().as_os_str(), std::ffi::OsStr::new(&path));
    }

    #[test]
    fn parsing_never_panics_and_no_signature_prints(head in "(https://a.b/c|http://127.0.0.1/a/c|file:///x|\\PC{0,10})", tail in "[?&=a-z%0-9]{0,20}") {
        let text = format!("{head}?sv=1{tail}&sig=pl4nt3d");
        let printed = match text.parse::<ContainerUri>() {
            Ok(uri) => format!("{uri} {uri:?}"),
            Err(error) => format!("{error} {error:?}"),
        };
        proptest::prop_assert!(!printed.contains("pl4nt3d"));
    }
}
