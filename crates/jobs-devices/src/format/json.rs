//! JSON that is not one row a line: arrays, objects over several lines, files of other tools.

use serde::de::IgnoredAny;

use super::FileFormat;

/// What JSON of another tool, or of the hub for something else, holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Shape {
    /// Twins, as a query or `az iot hub device-twin` prints them.
    Twins(Nesting),
    /// Device identities, as the registry or `az iot hub device-identity` prints them.
    Identities(Nesting),
    /// An array of rows with a comma behind the last one.
    TrailingComma,
    /// Devices whose members have capital names, as .NET tools write them.
    Capitals(Nesting),
    /// Enrollments of the device provisioning service.
    Enrollments,
    /// The state of a hub that `az iot hub state export` wrote.
    HubState,
    /// Resources that `az … list` or `az … show` printed.
    Resources,
    /// Configurations: `configurations.txt` of an export.
    Configurations,
    /// Configurations, as `az iot hub configuration` prints them.
    ConfigurationDocuments,
    /// The error log of an import.
    ErrorLog,
    /// Something else.
    Other,
}

/// Where the devices of a document are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Nesting {
    /// The document is one device.
    Single,
    /// The elements of an array.
    Array,
    /// The elements of the member `devices` of an object.
    Devices,
    /// The elements of the member `value` of an object.
    Value,
    /// Each line is one.
    Lines,
}

impl Shape {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Twins(Nesting::Array) => "a JSON array of twins",
            Self::Twins(_) => "JSON of twins",
            Self::Identities(Nesting::Array) => "a JSON array of device identities",
            Self::Identities(Nesting::Devices) => "a JSON object with `devices`",
            Self::Identities(Nesting::Value) => "a JSON object with `value`",
            Self::Identities(_) => "JSON of device identities",
            Self::TrailingComma => "a JSON array with a comma behind its last row",
            Self::Capitals(Nesting::Array) => "a JSON array of devices with capital member names",
            Self::Capitals(_) => "JSON of devices with capital member names",
            Self::Enrollments => "JSON of enrollments of the device provisioning service",
            Self::HubState => "a hub state file of `az iot hub state export`",
            Self::Resources => "JSON of Azure resources, as `az … list` prints it",
            Self::Configurations => "a file of configurations",
            Self::ConfigurationDocuments => "JSON of configurations",
            Self::ErrorLog => "the error log of an import",
            Self::Other => "JSON of another kind",
        }
    }

    /// Whether each line is a document, so that only the whole file shows that no line is a row.
    pub(super) fn is_one_a_line(self) -> bool {
        matches!(
            self,
            Self::Twins(Nesting::Lines)
                | Self::Identities(Nesting::Lines)
                | Self::Capitals(Nesting::Lines)
                | Self::Configurations
        )
    }
}

/// An array of objects. Other text in brackets is plain text.
pub(super) fn array(text: &[u8]) -> Option<FileFormat> {
    let inside = text.strip_prefix(b"[")?.trim_ascii_start();
    if !matches!(inside.first(), None | Some(b'{' | b']')) {
        return None;
    }
    let outline = Outline::of(text);
    let shape = match shape(&outline.element, Nesting::Array) {
        Some(shape) => shape,
        None if outline.element.is_empty() || has_exact(&outline.element, "id") => {
            let before = text.strip_suffix(b"]").unwrap_or_default().trim_ascii_end();
            return Some(match before.ends_with(b",") {
                true => FileFormat::Json(Shape::TrailingComma),
                false => FileFormat::Array,
            });
        }
        None => Shape::Other,
    };
    Some(FileFormat::Json(shape))
}

/// An object that is printed over several lines, or rows without line breaks between them.
pub(super) fn object(
    text: &[u8],
    is_whole: bool,
    has_row: impl Fn() -> bool,
) -> Option<FileFormat> {
    if !text.starts_with(b"{") {
        return None;
    }
    let mut values = serde_json::Deserializer::from_slice(text).into_iter::<IgnoredAny>();
    let end = match values.next()? {
        Ok(_) => values.byte_offset(),
        // A line that was cut off before a row is a bad line, not the start of a large document.
        Err(error) if error.is_eof() && !(is_whole && has_row()) => text.len(),
        Err(_) => return None,
    };
    let is_over_lines = memchr::memchr(b'\n', &text[..end]).is_some();
    let outline = Outline::of(&text[..end]);
    let rest = text[end..].split(|byte| *byte == b'\n').next();
    let follows = rest.unwrap_or_default().trim_ascii_start();
    let is_ended = text.get(end) == Some(&b'\r');
    if !is_over_lines && has(&outline.top, "id") && follows.starts_with(b"{") && !is_ended {
        return Some(FileFormat::Joined);
    }
    let is_list = end == text.len() && outline.has_list();
    if !is_over_lines && !is_list {
        return None;
    }
    let shape = document(&outline).or_else(|| shape(&outline.top, Nesting::Single));
    Some(match shape {
        Some(shape) => FileFormat::Json(shape),
        None if has(&outline.top, "id") => FileFormat::SeveralLines,
        None => FileFormat::Json(Shape::Other),
    })
}

/// A document that holds many things.
fn document(outline: &Outline<'_>) -> Option<Shape> {
    let opened = |name: &str, by: u8| {
        let is_it = |(other, with): &(&[u8], u8)| {
            other.eq_ignore_ascii_case(name.as_bytes()) && *with == by
        };
        outline.opened.iter().any(is_it)
    };
    let has_id = has(&outline.top, "id") || has(&outline.top, "deviceId");
    if opened("arm", b'{') || (opened("devices", b'{') && !has_id) {
        return Some(Shape::HubState);
    }
    for (name, nesting) in [("devices", Nesting::Devices), ("value", Nesting::Value)] {
        if opened(name, b'[') && !has(&outline.top, "id") {
            return match shape(&outline.element, nesting) {
                Some(Shape::Twins(_)) | None => Some(Shape::Identities(nesting)),
                other => other,
            };
        }
    }
    None
}

/// What one line holds, where it is known and not a row.
pub(super) fn shape_of_line(line: &[u8]) -> Option<Shape> {
    shape(&Outline::of(line).top, Nesting::Lines)
}

/// What an object with these members is.
fn shape(members: &[&[u8]], nesting: Nesting) -> Option<Shape> {
    let has = |name: &str| has(members, name);
    // What makes an object a device, whatever else it has.
    let is_device = ROW.iter().any(|name| has(name));
    if !is_device && CONFIGURATION.iter().filter(|name| has(name)).count() > 1 {
        // Only the service writes these names with capitals.
        let of_service = members.contains(&b"Content".as_slice());
        return Some(match nesting {
            Nesting::Lines | Nesting::Single if of_service => Shape::Configurations,
            _ => Shape::ConfigurationDocuments,
        });
    }
    let is_named = ["id", "deviceId", "configurationId", "moduleId"]
        .into_iter()
        .any(has);
    if !is_device
        && (has("errorCode") || has("errorStatus"))
        && (is_named || has("errorCode") && has("errorStatus"))
    {
        return Some(Shape::ErrorLog);
    }
    if has("enrollmentGroupId")
        || has("registrationId") && (has("attestation") || has("provisioningStatus"))
    {
        return Some(Shape::Enrollments);
    }
    if (has("resourceGroup") || has("subscriptionId")) && (has("id") || has("name")) {
        return Some(Shape::Resources);
    }
    let has_capitals = has_exact(members, "Id") || has_exact(members, "DeviceId");
    if has_capitals && !has_exact(members, "id") && !has_exact(members, "deviceId") {
        return Some(Shape::Capitals(nesting));
    }
    if !has("deviceId") || has("id") {
        return None;
    }
    let of_twin = [
        "authenticationType",
        "properties",
        "deviceEtag",
        "x509Thumbprint",
    ];
    if of_twin.into_iter().any(has) && !has("authentication") {
        return Some(Shape::Twins(nesting));
    }
    // A single line with a wrong name is a bad line that says so.
    let is_identity = nesting != Nesting::Lines || has("generationId") || has("connectionState");
    is_identity.then_some(Shape::Identities(nesting))
}

/// Members that rows have, and configurations and rejected rows have not.
const ROW: [&str; 9] = [
    "status",
    "importMode",
    "authentication",
    "twinETag",
    "tags",
    "properties",
    "capabilities",
    "deviceScope",
    "parentScopes",
];

/// Members of configurations; two of them show one.
const CONFIGURATION: [&str; 5] = [
    "content",
    "targetCondition",
    "schemaVersion",
    "priority",
    "systemMetrics",
];

/// Whether a line that has an id is something else than a row of a device file.
pub(super) fn is_other(line: &[u8]) -> bool {
    matches!(
        shape_of_line(line),
        Some(Shape::Configurations | Shape::ConfigurationDocuments | Shape::ErrorLog)
    )
}

fn has_exact(members: &[&[u8]], name: &str) -> bool {
    members.contains(&name.as_bytes())
}

/// Whether there is a member of that name, in any case.
fn has(members: &[&[u8]], name: &str) -> bool {
    members
        .iter()
        .any(|member| member.eq_ignore_ascii_case(name.as_bytes()))
}

/// The names of members near the top of a JSON text, as far as it goes.
#[derive(Default)]
struct Outline<'t> {
    /// Members of the object that the text is.
    top: Vec<&'t [u8]>,
    /// Members whose values are objects or arrays, and the bracket that opens them.
    opened: Vec<(&'t [u8], u8)>,
    /// Members of the first object in an array: the text itself, or a member.
    element: Vec<&'t [u8]>,
    element_is_over: bool,
    stack: Vec<u8>,
    key: &'t [u8],
    expects_key: bool,
}

impl<'t> Outline<'t> {
    fn of(text: &'t [u8]) -> Self {
        let mut outline = Self::default();
        let mut at = 0;
        while let Some(&byte) = text.get(at) {
            if byte == b'"' {
                let Some(string) = string(&text[at + 1..]) else {
                    break;
                };
                if outline.expects_key {
                    outline.key(string);
                }
                at += string.len() + 2;
            } else {
                outline.step(byte);
                at += 1;
            }
        }
        outline
    }

    fn has_list(&self) -> bool {
        let is_list = |(name, by): &(&[u8], u8)| match by {
            b'[' => is_list_name(name),
            _ => name.eq_ignore_ascii_case(b"devices") && !has(&self.top, "id"),
        };
        self.opened.iter().any(is_list) || has(&self.top, "arm")
    }

    fn step(&mut self, byte: u8) {
        match byte {
            b'{' | b'[' => {
                if self.stack[..] == *b"{" {
                    self.opened.push((self.key, byte));
                }
                self.stack.push(byte);
                self.expects_key = byte == b'{';
            }
            b'}' | b']' => {
                self.element_is_over |= self.is_in_element();
                self.stack.pop();
                self.expects_key = false;
            }
            b',' => self.expects_key = self.stack.last() == Some(&b'{'),
            _ => {}
        }
    }

    fn key(&mut self, name: &'t [u8]) {
        self.expects_key = false;
        match &self.stack[..] {
            b"{" => {
                self.key = name;
                self.top.push(name);
            }
            _ if self.is_in_element() && !self.element_is_over => self.element.push(name),
            _ => {}
        }
    }

    fn is_in_element(&self) -> bool {
        matches!(&self.stack[..], b"[{")
            || matches!(&self.stack[..], b"{[{") && is_list_name(self.key)
    }
}

fn is_list_name(name: &[u8]) -> bool {
    name.eq_ignore_ascii_case(b"devices") || name == b"value"
}

/// The text of a string up to its closing quote, escapes as they are.
fn string(text: &[u8]) -> Option<&[u8]> {
    let mut at = 0;
    loop {
        match text.get(at)? {
            b'"' => return Some(&text[..at]),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}
