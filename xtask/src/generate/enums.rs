//! The open enums of the core. They are written as text, in the shape that the macro of jobs-api reads.

use std::fmt::Write as _;

use super::lower::OpenEnum;

/// The Rust name of an enum value: `scheduleUpdateTwin` gives `ScheduleUpdateTwin`.
pub fn variant_name(value: &str) -> String {
    let mut name = String::new();
    let mut at_start = true;
    for letter in value.chars() {
        if !letter.is_alphanumeric() {
            at_start = true;
        } else if at_start {
            name.extend(letter.to_uppercase());
            at_start = false;
        } else {
            name.push(letter);
        }
    }
    if name.is_empty() || name.starts_with(|letter: char| letter.is_ascii_digit()) || name == "Self"
    {
        name.insert(0, 'X');
    }
    name
}

pub(super) fn render(enums: &[OpenEnum]) -> String {
    let mut text = String::from(
        "\n/// The enums of the API, all of them open.\npub mod enums {\n    use crate::open_enum::open_enum;\n",
    );
    for open in enums {
        text.push_str("\n    open_enum! {\n");
        document(
            &mut text,
            open.description.as_deref().unwrap_or("An enum of the API."),
        );
        let _ = writeln!(text, "        pub enum {} {{", open.rust_name);
        for value in &open.values {
            let _ = writeln!(text, "            /// `{value}`.");
            let _ = writeln!(text, "            {} = {value:?},", variant_name(value));
        }
        text.push_str("        }\n    }\n");
    }
    text.push_str("}\n");
    text
}

fn document(text: &mut String, description: &str) {
    for line in description.lines() {
        let _ = writeln!(text, "        /// {line}");
    }
}
