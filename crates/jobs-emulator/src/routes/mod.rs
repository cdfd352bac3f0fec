//! The routes of the hub and how they are found.
//!
//! To add operations: write a module with a `ROUTES` table and name it in
//! [`TABLES`]. In a pattern, `{}` stands for one path segment; literal segments
//! win because tables list them first. Handlers run on a thread that may block.

mod bulk;
mod call;
mod configurations;
mod devices;
mod health;
mod jobs;
mod local;
mod modules;
mod page;
mod query;
mod scheduled;
mod statistics;
mod twins;

use hyper::header::ALLOW;
use hyper::{HeaderMap, Method, StatusCode};
use percent_encoding::percent_decode_str;

pub(crate) use call::Call;

use crate::auth::{Gate, Rights};
use crate::clock::Time;
use crate::door::Surface;
use crate::envelope::{HubResult, Response, ServiceError};

/// All tables, in the order in which they are searched.
const TABLES: &[&[Route]] = &[
    health::ROUTES,
    scheduled::ROUTES,
    jobs::ROUTES,
    query::ROUTES,
    bulk::ROUTES,
    devices::ROUTES,
    modules::ROUTES,
    twins::ROUTES,
    statistics::ROUTES,
    configurations::ROUTES,
    local::ROUTES,
    page::ROUTES,
];

/// The api-versions that the service has had.
const API_VERSIONS: &[&str] = &[
    "2016-02-03",
    "2018-06-30",
    "2019-03-30",
    "2019-06-30",
    "2019-10-01",
    "2020-03-01",
    "2020-03-13",
    "2020-05-31-preview",
    "2020-09-30",
    "2021-04-12",
    "2024-03-31",
    "2026-11-01-preview",
    "2026-11-01",
];

/// One operation.
pub(crate) struct Route {
    /// The service's operation id, by which faults select and requests are noted.
    pub(crate) operation: &'static str,
    pub(crate) method: Method,
    pub(crate) pattern: &'static str,
    pub(crate) surface: Surface,
    /// Any of these is enough.
    pub(crate) rights: &'static [Rights],
    pub(crate) handle: fn(&Call) -> HubResult<Response>,
}

impl Route {
    const fn new(
        surface: Surface,
        operation: &'static str,
        method: Method,
        pattern: &'static str,
        rights: &'static [Rights],
        handle: fn(&Call) -> HubResult<Response>,
    ) -> Self {
        Self {
            operation,
            method,
            pattern,
            surface,
            rights,
            handle,
        }
    }

    /// A route that everybody may GET.
    const fn open(
        operation: &'static str,
        pattern: &'static str,
        handle: fn(&Call) -> HubResult<Response>,
    ) -> Self {
        Self::new(Surface::Open, operation, Method::GET, pattern, &[], handle)
    }
}

macro_rules! methods {
    ($($name:ident $method:ident,)*) => {
        impl Route {
            $(
                /// A route of the service for requests of this method.
                const fn $name(
                    operation: &'static str,
                    pattern: &'static str,
                    rights: &'static [Rights],
                    handle: fn(&Call) -> HubResult<Response>,
                ) -> Self {
                    Self::new(Surface::Service, operation, Method::$method, pattern, rights, handle)
                }
            )*
        }
    };
}

methods! {
    get GET,
    put PUT,
    post POST,
    patch PATCH,
    delete DELETE,
}

/// What a path leads to.
#[derive(Clone, Copy)]
pub(crate) enum Found {
    Route(&'static Route),
    /// The path exists, for other methods.
    OtherMethod(Surface),
    Nothing(Surface),
}

impl Found {
    pub(crate) fn operation(&self) -> &'static str {
        match self {
            Self::Route(route) => route.operation,
            Self::OtherMethod(_) | Self::Nothing(_) => "unknown",
        }
    }

    pub(crate) fn surface(&self) -> Surface {
        match self {
            Self::Route(route) => route.surface,
            Self::OtherMethod(surface) | Self::Nothing(surface) => *surface,
        }
    }

    /// Judges the caller, then the arguments, then does the work.
    pub(crate) fn response(&self, call: &Call) -> Response {
        let response = self
            .judged(call)
            .unwrap_or_else(|error| error.response(call.now));
        match self {
            Self::OtherMethod(_) if response.status == StatusCode::METHOD_NOT_ALLOWED => {
                response.header(ALLOW, &methods_at(&call.path).join(", "))
            }
            _ => response,
        }
    }

    /// Judges the caller by its token. Whatever else is wrong with the request comes after it.
    pub(crate) fn admit(&self, gate: &Gate, headers: &HeaderMap, path: &str) -> HubResult<()> {
        let rights = match self {
            Self::Route(route) => route.rights,
            Self::OtherMethod(_) | Self::Nothing(_) => &[],
        };
        match self.surface() {
            // By real time: clients sign by their own clocks, and know nothing of a hub clock that a test moved.
            Surface::Service => gate.admit(headers, path, rights, Time::real()),
            // The door has judged the caller's place.
            Surface::Local | Surface::Open => Ok(()),
        }
    }

    fn judged(&self, call: &Call) -> HubResult<Response> {
        self.admit(&call.hub.traffic.gate, &call.headers, &call.path)?;
        if self.surface() == Surface::Service {
            check_api_version(call.query("api-version"))?;
            call.hub.traffic.rates.take(self.operation(), call.now)?;
        }
        // Not every reader of JSON notices it in a member that it skips.
        if std::str::from_utf8(&call.body).is_err() {
            return Err(ServiceError::format("The body is not valid UTF-8."));
        }
        match self {
            // An empty name would be taken for none: a module without one for its device.
            Self::Route(_) if call.lacks_a_name() => Err(ServiceError::argument(format!(
                "a name is missing in the path {}",
                call.path
            ))),
            Self::Route(route) => (route.handle)(call),
            Self::OtherMethod(_) => Err(ServiceError::method(format!(
                "{} is not allowed here",
                call.method
            ))),
            Self::Nothing(_) => Err(ServiceError::not_found(format!(
                "nothing is served at {}",
                call.path
            ))),
        }
    }
}

/// Finds the route of a request.
pub(crate) fn find(method: &Method, path: &str) -> Found {
    // Health checks like to ask with HEAD; the server leaves the body out by itself.
    let method = if method == Method::HEAD {
        &Method::GET
    } else {
        method
    };
    let segments = segments(path);
    let mut other = None;
    for route in TABLES.iter().copied().flatten() {
        if !fits(route.pattern, &segments) {
            continue;
        }
        if route.method == *method {
            return Found::Route(route);
        }
        other.get_or_insert(route);
    }
    match other {
        Some(route) => Found::OtherMethod(route.surface),
        None if segments.first() == Some(&"_local") => Found::Nothing(Surface::Local),
        None => Found::Nothing(Surface::Service),
    }
}

/// The methods that a path is served with.
fn methods_at(path: &str) -> Vec<&'static str> {
    let segments = segments(path);
    let mut methods = Vec::new();
    for route in TABLES.iter().copied().flatten() {
        // See `find` about HEAD.
        let names: &[&str] = match route.method.as_str() {
            "GET" => &["GET", "HEAD"],
            _ => &[route.method.as_str()],
        };
        if fits(route.pattern, &segments) && !methods.contains(&names[0]) {
            methods.extend_from_slice(names);
        }
    }
    methods
}

/// The segments of a path; a slash at the end adds none.
fn segments(path: &str) -> Vec<&str> {
    let path = path.strip_prefix('/').unwrap_or(path);
    let path = path.strip_suffix('/').unwrap_or(path);
    if path.is_empty() {
        Vec::new()
    } else {
        path.split('/').collect()
    }
}

fn fits(pattern: &str, segments: &[&str]) -> bool {
    let wanted = self::segments(pattern);
    wanted.len() == segments.len()
        && wanted
            .iter()
            .zip(segments)
            .all(|(wanted, given)| *wanted == "{}" || wanted.eq_ignore_ascii_case(given))
}

/// What stands in the place of the `{}`s, decoded once, after splitting.
fn parameters(pattern: &str, path: &str) -> Vec<String> {
    segments(pattern)
        .iter()
        .zip(segments(path))
        .filter(|(wanted, _)| **wanted == "{}")
        .map(|(_, given)| percent_decode_str(given).decode_utf8_lossy().into_owned())
        .collect()
}

fn check_api_version(given: Option<&str>) -> HubResult<()> {
    match given {
        Some(version)
            if API_VERSIONS
                .iter()
                .any(|known| known.eq_ignore_ascii_case(version)) =>
        {
            Ok(())
        }
        Some(version) => Err(ServiceError::protocol(format!(
            "The api-version '{version}' is not supported."
        ))),
        None => Err(ServiceError::protocol(
            "The api-version query parameter is missing.",
        )),
    }
}

/// A response with a status of its own, for the routes that are no part of the service.
pub(crate) fn plain(status: StatusCode, text: impl Into<bytes::Bytes>) -> Response {
    Response::with_type(status, "text/plain; charset=utf-8", text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn literal_segments_win_over_ids() {
        assert_eq!(
            find(&Method::GET, "/devices/").operation(),
            "Devices_GetDevices"
        );
    }

    #[test]
    fn path_parameters_are_decoded_once_after_splitting() {
        assert_eq!(
            parameters(
                "/devices/{}/modules/{}",
                "/devices/a%252Fb/modules/%24x%2Fy"
            ),
            ["a%2Fb", "$x/y"]
        );
    }
}
