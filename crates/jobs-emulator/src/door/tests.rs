//! Which callers pass.

use super::*;

const LOOPBACK: &str = "127.0.0.1";

fn judge(
    door: &Door,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    peer: &str,
    surface: Surface,
) -> Result<(), String> {
    let mut request = hyper::Request::builder().method(method).uri(target);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let (head, ()) = request.body(()).unwrap().into_parts();
    let peer = SocketAddr::new(peer.parse().unwrap(), 50_000);
    door.check(&head, peer, surface).map_err(|error| {
        assert_eq!(error.status, StatusCode::FORBIDDEN);
        error.text
    })
}

fn door(https: bool) -> Door {
    Door::new(LOOPBACK.parse().unwrap(), https, ["Hub.Test".to_owned()])
}

fn host(https: bool, host: &str, surface: Surface) -> bool {
    judge(
        &door(https),
        "GET",
        "/jobs",
        &[("host", host)],
        LOOPBACK,
        surface,
    )
    .is_ok()
}

#[test]
fn names_of_this_machine_pass_with_and_without_a_port() {
    for name in [
        "localhost",
        "LocalHost:8080",
        "127.0.0.1",
        "127.0.0.1:1",
        "127.8.8.8",
        "[::1]",
        "[::1]:443",
        "[::ffff:127.0.0.1]:9",
        "localhost:65535",
    ] {
        for surface in [Surface::Service, Surface::Local, Surface::Open] {
            assert!(host(false, name, surface), "{name}");
            assert!(host(true, name, surface), "{name}");
        }
    }
}

#[test]
fn any_other_host_is_rejected_on_every_surface() {
    for name in [
        "",
        "evil.example",
        "localhost.evil.example",
        "evil.localhost",
        "localhost.",
        "localhost.:80",
        "localhost:80@evil.example",
        "evil@localhost",
        "localhost:",
        "localhost:+80",
        "localhost:0",
        "localhost:99999",
        "localhost:80:80",
        "localhost/..",
        "localhost, evil.example",
        "10.0.0.1",
        "0.0.0.0",
        "127.1",
        "0x7f.0.0.1",
        "2130706433",
        "[::2]",
        "[::1",
        "[::1]x",
        "::1",
        "127.0.0.1.evil.example",
        "hub:1",
    ] {
        for surface in [Surface::Service, Surface::Local, Surface::Open] {
            assert!(!host(false, name, surface), "{name}");
        }
    }
}

#[test]
fn a_further_name_passes_on_the_service_and_not_on_the_admin_api() {
    assert!(host(false, "HUB.test:8443", Surface::Service));
    assert!(host(true, "hub.test", Surface::Open));
    assert!(!host(false, "hub.test", Surface::Local));
}

#[test]
fn a_request_has_one_host_and_the_target_names_no_other() {
    let twice = [("host", "localhost"), ("host", "localhost")];
    for (target, headers) in [
        ("/", &twice[..]),
        ("/", &[]),
        ("http://evil.example/", &twice[..1]),
        ("http://localhost:81/", &twice[..1]),
        ("https://localhost/", &twice[..1]),
        ("http://user@localhost/", &twice[..1]),
    ] {
        let found = judge(
            &door(false),
            "GET",
            target,
            headers,
            LOOPBACK,
            Surface::Service,
        );
        assert!(found.is_err(), "{target} {headers:?}");
    }
    for target in ["http://localhost/jobs", "http://LOCALHOST:80/jobs"] {
        let found = judge(
            &door(false),
            "GET",
            target,
            &twice[..1],
            LOOPBACK,
            Surface::Service,
        );
        assert_eq!(found, Ok(()), "{target}");
    }
}

// long because it is a table: a line for each origin, method and content type.
#[test]
fn only_the_hubs_own_page_passes_and_must_send_json_to_change_something() {
    let json = ("content-type", "Application/JSON; charset=utf-8");
    let text = ("content-type", "text/plain");
    for (https, name, origin, others, method, passes) in [
        (
            false,
            "localhost:5",
            "http://localhost:5",
            &[json][..],
            "POST",
            true,
        ),
        (
            true,
            "localhost",
            "https://localhost:443",
            &[json],
            "PUT",
            true,
        ),
        (true, "[::1]", "https://[::1]", &[], "GET", true),
        (
            false,
            "localhost:5",
            "http://localhost:5",
            &[text],
            "POST",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://localhost:5",
            &[],
            "DELETE",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://localhost:6",
            &[json],
            "GET",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://localhost",
            &[json],
            "GET",
            false,
        ),
        (
            false,
            "localhost:5",
            "https://localhost:5",
            &[json],
            "GET",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://127.0.0.1:5",
            &[json],
            "GET",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://evil.example",
            &[json],
            "POST",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://localhost:5@evil.example",
            &[json],
            "GET",
            false,
        ),
        (false, "localhost:5", "null", &[json], "GET", false),
        (false, "localhost:5", "", &[json], "GET", false),
        (
            false,
            "localhost:5",
            "http://localhost:5/",
            &[json],
            "GET",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://localhost:5",
            &[("origin", "http://localhost:5")],
            "GET",
            false,
        ),
        (
            false,
            "localhost:5",
            "http://evil.example",
            &[],
            "OPTIONS",
            false,
        ),
    ] {
        let mut headers = vec![("host", name), ("origin", origin)];
        headers.extend(others);
        let found = judge(
            &door(https),
            method,
            "/jobs",
            &headers,
            LOOPBACK,
            Surface::Service,
        );
        assert_eq!(found.is_ok(), passes, "{method} {headers:?}: {found:?}");
    }
}

#[test]
fn what_another_site_embeds_is_rejected_and_a_link_is_not() {
    for (site, dest, passes) in [
        ("same-origin", "empty", true),
        ("none", "document", true),
        ("cross-site", "document", true),
        ("cross-site", "image", false),
        ("same-site", "script", false),
        ("cross-site", "iframe", false),
    ] {
        let headers = [
            ("host", "localhost"),
            ("sec-fetch-site", site),
            ("sec-fetch-dest", dest),
        ];
        let found = judge(&door(false), "GET", "/", &headers, LOOPBACK, Surface::Open);
        assert_eq!(found.is_ok(), passes, "{site} {dest}");
    }
}

#[test]
fn a_hub_that_other_machines_reach_checks_the_origin_and_guards_its_admin_api() {
    let door = Door::new("0.0.0.0".parse().unwrap(), false, []);
    let named = [("host", "build-7:8443")];
    let page = [named[0], ("origin", "http://evil.example")];
    let check = |headers: &[(&str, &str)], peer: &str, surface| {
        judge(&door, "GET", "/", headers, peer, surface).is_ok()
    };
    assert!(check(&named, "10.0.0.9", Surface::Service));
    assert!(!check(&page, "10.0.0.9", Surface::Service));
    assert!(!check(&named, LOOPBACK, Surface::Local));
    let local = [("host", "localhost:80")];
    for peer in [LOOPBACK, "127.3.2.1", "::1", "::ffff:127.0.0.1"] {
        assert!(check(&local, peer, Surface::Local), "{peer}");
    }
    for peer in ["10.0.0.1", "192.168.1.2", "::ffff:10.0.0.1", "fe80::1"] {
        assert!(!check(&local, peer, Surface::Local), "{peer}");
    }
}
