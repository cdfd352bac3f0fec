//! Judging a container's signature by what its text tells.

use std::net::Ipv4Addr;
use std::time::SystemTime;

use jiff::Timestamp;

use super::finding::{Finding, PreflightReport};
use crate::container::{ContainerUri, SasGrant, SasResource};
use crate::error::ErrorKind;

/// A signature that ends sooner is worth a word: imports can take hours.
const SOON: i64 = 3600;

pub(super) fn judge(
    report: &mut PreflightReport,
    subject: &str,
    role: &str,
    uri: &ContainerUri,
    grant: &SasGrant,
    now: SystemTime,
) {
    judge_resource(report, subject, grant);
    judge_rights(report, subject, role, grant);
    judge_times(report, subject, grant, now);
    judge_way(report, subject, uri, grant);
    judge_spelling(report, subject, grant);
    // Nothing is praised that was found wanting, here or before.
    if report.findings().iter().all(|f| f.subject() != subject) {
        let until = grant
            .expires_at()
            .map_or_else(|| "its policy says".to_owned(), |time| time.to_string());
        report.add(Finding::ok(
            subject,
            format!("the signature grants {} until {until}", rights(grant)),
        ));
    }
}

fn rights(grant: &SasGrant) -> &str {
    if grant.permissions().is_empty() {
        "what its stored policy says"
    } else {
        grant.permissions()
    }
}

fn judge_resource(report: &mut PreflightReport, subject: &str, grant: &SasGrant) {
    match grant.resource() {
        SasResource::Account => {
            let services = grant.services().unwrap_or_default();
            if !services.contains('b') {
                report.add(Finding::error(
                    subject,
                    ErrorKind::ContainerRejected,
                    format!("the account signature covers services (ss) {services:?}, and blobs are not among them"),
                    "make one that covers blobs (ss=b), or one for the container (sr=c)",
                ));
            }
            let kinds = grant.account_resources().unwrap_or_default();
            if !kinds.contains('o') || !kinds.contains('c') {
                report.add(Finding::error(
                    subject,
                    ErrorKind::ContainerRejected,
                    format!("the account signature covers resource types {kinds:?}"),
                    "make one that covers containers and objects (srt=co), or one for the container (sr=c)",
                ));
            }
        }
        SasResource::Other => report.add(Finding::warning(
            subject,
            if grant.names_resource() {
                "the signature is for something else than a container (sr)"
            } else {
                "the signature does not say what it is for (neither sr nor srt)"
            },
            "check that the URI was copied whole, or make a signature for the container (sr=c)",
        )),
        // That it is for one blob is told by the check of the container itself.
        SasResource::Container | SasResource::Blob => {}
    }
}

fn judge_rights(report: &mut PreflightReport, subject: &str, role: &str, grant: &SasGrant) {
    if grant.is_stored_policy() && grant.permissions().is_empty() {
        report.add(Finding::note(
            subject,
            "the rights stand in a policy stored with the container and cannot be seen from here",
        ));
        return;
    }
    let (needed, advised) = if role == "input" {
        ("r", "l")
    } else {
        ("rwd", "acl")
    };
    let lacking = grant.lacking(needed);
    if !lacking.is_empty() {
        report.add(Finding::error(
            subject,
            ErrorKind::ContainerRejected,
            format!(
                "the signature grants {:?} and lacks {}",
                grant.permissions(),
                named(&lacking)
            ),
            "make a new signature for the container: rl for an input, racwdl for an output",
        ));
    }
    let lacking = grant.lacking(advised);
    if !lacking.is_empty() {
        report.add(Finding::warning(
            subject,
            format!(
                "the signature lacks {}, which the service is known to want at times",
                named(&lacking)
            ),
            "make a new signature for the container: rl for an input, racwdl for an output",
        ));
    }
}

fn judge_times(report: &mut PreflightReport, subject: &str, grant: &SasGrant, now: SystemTime) {
    // An expired signature is told by the check of the container itself, unless it had to tell of another fault.
    if grant.resource() == SasResource::Blob && grant.is_expired(now) {
        report.add(Finding::error(
            subject,
            ErrorKind::ContainerRejected,
            format!("the signature has expired ({})", grant.expiry_parameter()),
            "make a new one, for the container",
        ));
    }
    if let (Some(start), Some(end)) = (grant.starts_at(), grant.expires_at())
        && end <= start
    {
        report.add(Finding::error(
            subject,
            ErrorKind::ContainerRejected,
            "the signature can never be valid: it ends before it starts (st, se)",
            "make a new one",
        ));
    } else if grant.is_early(now) {
        report.add(Finding::error(
            subject,
            ErrorKind::ContainerRejected,
            "the signature is not valid yet (st)",
            "wait, or make one without a start; clocks may differ by some minutes",
        ));
    }
    match (grant.expires_at(), Timestamp::try_from(now)) {
        (Some(expiry), Ok(now)) if (0..SOON).contains(&(expiry.as_second() - now.as_second())) => {
            report.add(Finding::warning(
                subject,
                format!(
                    "the signature ends at {expiry} ({})",
                    grant.expiry_parameter()
                ),
                "a job whose signature ends before it does fails; make a longer one",
            ));
        }
        _ => {}
    }
    if grant.lacks_expiry() && !grant.is_stored_policy() {
        report.add(Finding::warning(
            subject,
            "the signature's expiry (se) is missing or cannot be read",
            "check that the URI was copied whole",
        ));
    }
}

fn judge_way(report: &mut PreflightReport, subject: &str, uri: &ContainerUri, grant: &SasGrant) {
    if grant.protocol() == Some("https") && uri.is_plain_http() {
        report.add(Finding::error(
            subject,
            ErrorKind::ContainerRejected,
            "the signature allows https only (spr), but the URI is http",
            "use the https URI, or make a signature that allows both",
        ));
    }
    let Some(addresses) = grant.addresses() else {
        return;
    };
    let shown = crate::redact::clean(addresses, 60);
    report.add(if is_range(addresses) {
        Finding::warning(
            subject,
            format!(
                "the signature is bound to addresses (sip) {shown}; from which ones the hub comes cannot be seen from here"
            ),
            "the hub's own addresses must be among them; a signature without sip is safer here",
        )
    } else {
        Finding::error(
            subject,
            ErrorKind::ContainerRejected,
            format!("the signature's addresses (sip) {shown} are no IPv4 address and no range of them"),
            "make a signature without sip, or with one address or first-last",
        )
    });
}

/// What a copy of the URI may have done to the signature. It may be right all the same, so nothing fails.
fn judge_spelling(report: &mut PreflightReport, subject: &str, grant: &SasGrant) {
    if grant.has_bare_plus() {
        report.add(Finding::warning(
            subject,
            "the signature (sig) has a `+` as it is, which storage reads as a blank",
            "write %2B in its place, or copy the URI again",
        ));
    }
}

/// One address, or two in their order, as storage takes them.
fn is_range(addresses: &str) -> bool {
    let (first, last) = addresses.split_once('-').unwrap_or((addresses, addresses));
    let read = |text: &str| text.parse::<Ipv4Addr>();
    matches!((read(first), read(last)), (Ok(first), Ok(last)) if first <= last)
}

fn named(rights: &str) -> String {
    let names: Vec<&str> = rights
        .chars()
        .map(|right| match right {
            'r' => "read",
            'a' => "add",
            'c' => "create",
            'w' => "write",
            'd' => "delete",
            'l' => "list",
            _ => "another right",
        })
        .collect();
    names.join(", ")
}
