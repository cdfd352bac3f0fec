//! The names that the service knows, and those that the language can write.

/// Top-level members of twins, identities and job records, in the service's casing.
const NAMES: &[&str] = &[
    "deviceId",
    "moduleId",
    "etag",
    "deviceEtag",
    "version",
    "status",
    "statusReason",
    "statusUpdateTime",
    "connectionState",
    "lastActivityTime",
    "cloudToDeviceMessageCount",
    "authenticationType",
    "x509Thumbprint",
    "modelId",
    "tags",
    "properties",
    "capabilities",
    "deviceScope",
    "parentScopes",
    "configurations",
    "jobId",
    "jobType",
    "startTimeUtc",
    "endTimeUtc",
    "createdDateTimeUtc",
    "lastUpdatedDateTimeUtc",
    "outcome",
    "error",
];

/// The service's own casing of a top-level member (`DeviceId` is `deviceId`); none for a name it does not have.
pub fn canonical_name(name: &str) -> Option<&'static str> {
    NAMES
        .iter()
        .copied()
        .find(|known| known.eq_ignore_ascii_case(name))
}

/// Whether the names right below this top-level member are the service's own, and so match in any case.
pub(crate) fn has_fixed_members(root: &str) -> bool {
    [
        "properties",
        "capabilities",
        "x509Thumbprint",
        "authentication",
    ]
    .iter()
    .any(|known| known.eq_ignore_ascii_case(root))
}

/// Whether a path can start with this name, bare or as `[[name]]`.
pub(crate) fn root_is_writable(name: &str) -> bool {
    let constant = ["true", "false", "null", "undefined"];
    let starts_well = name
        .chars()
        .next()
        .is_some_and(|c| c.is_alphabetic() || c == '_' || c == '$');
    starts_well
        && !constant.iter().any(|word| word.eq_ignore_ascii_case(name))
        && !name
            .chars()
            .any(|c| matches!(c, '[' | ']' | '\'' | '"' | ',') || c.is_control())
}
