//! What to do about a broken rule, where the same serves everywhere.

/// The fixes, by the name of their rule.
const FIXES: [(&str, &str); 30] = [
    ("api-version", "refer to the shared parameter ApiVersion"),
    ("body-required", "set `required: true`, or remove the body"),
    ("composition", "write the schema out"),
    ("description-end", "end it with a full stop"),
    (
        "description-text",
        "take it out; a line ends with \\n alone",
    ),
    ("enum-case", "list the one that the service writes"),
    ("enum-values", "list each value once"),
    (
        "generates",
        "change the spec so that the generator takes it",
    ),
    (
        "info-version",
        "write it in letters, digits, `-` and `.`, as the service does",
    ),
    ("inline-enum", "move it to the components and refer to it"),
    ("inline-model", "move it to the components and refer to it"),
    ("items", "add `items`"),
    ("method", "leave the operation out"),
    ("no-default", "say the default in the description"),
    (
        "nullable-component",
        "make the fields that refer to it optional instead",
    ),
    ("one-content-type", "declare application/json alone"),
    ("one-success", "declare one body for all success responses"),
    (
        "open-enum",
        "add `\"x-ms-enum\": { \"name\": …, \"modelAsString\": true }`",
    ),
    (
        "openapi-version",
        "write it in OpenAPI 3.0, the version the generator reads",
    ),
    ("operation-id", "add the service's own `operationId`"),
    ("operation-id-unique", "give each operation its own id"),
    (
        "parameter-type",
        "make it a text, a number, a boolean or an enum that is not nullable",
    ),
    ("reference", "add the component, or correct the name"),
    ("reference-alone", "move it to what the reference leads to"),
    ("reference-loop", "write out what it leads to"),
    (
        "required-field",
        "add the field, or remove it from `required`",
    ),
    (
        "secret-place",
        "send the secret in the body or the query, or take the mark away",
    ),
    ("secret-uri", "add `\"x-ms-secret\": true`"),
    ("success", "add the 2xx that the service sends"),
    ("text-enum", "make it an enum of texts"),
];

pub(super) fn fix_of(rule: &str) -> &'static str {
    let row = FIXES.iter().find(|(name, _)| *name == rule);
    row.map_or("change the spec", |(_, fix)| fix)
}
