//! JSON that is valid and hardly ever seen: halves of surrogate pairs, numbers beyond every float, values nested without end.

use jobs_devices::query::parse_condition;
use jobs_devices::transform::{
    Columns, Context, DiffOptions, Format, GenerateOptions, Keep, Purpose, Template, check,
    convert, diff, filter, generate, merge,
};

fn row(id: &str, more: &str) -> String {
    format!("{{\"id\":\"{id}\",\"status\":\"enabled\",{more}}}\n")
}

fn changed(old: &str, new: &str) -> Vec<String> {
    let report = diff(
        old.as_bytes(),
        new.as_bytes(),
        DiffOptions::new(),
        &mut Context::new(),
    )
    .unwrap();
    let changed = report.changed.into_iter();
    changed.flat_map(|one| one.fields).collect()
}

fn rules(line: &str) -> Vec<&'static str> {
    let report = check(line.as_bytes(), Purpose::Export, &mut Context::new()).unwrap();
    report.findings.iter().map(|one| one.rule).collect()
}

/// Tags that nest this deep, objects and arrays in turns.
fn nested(levels: usize, inner: &str) -> String {
    let (open, close) = (r#"{"a":["#.repeat(levels / 2), "]}".repeat(levels / 2));
    format!(r#""tags":{{"deep":{open}{inner}{close}}}"#)
}

#[test]
fn rows_that_nest_without_end_are_compared_and_merged() {
    let (one, same, other) = (
        row("a", &nested(100_000, r#"{"x":1,"y":2}"#)),
        row("a", &nested(100_000, r#"{"y":2.0, "x":1}"#)),
        row("a", &nested(100_000, r#"{"x":1,"y":3}"#)),
    );
    assert_eq!(changed(&one, &same), [""; 0]);
    let fields = changed(&one, &other);
    assert_eq!(fields.len(), 1);
    assert!(fields[0].starts_with("tags.deep.a"), "{}", fields[0]);
    let mut out = Vec::new();
    let inputs = [one.as_bytes(), same.as_bytes(), other.as_bytes()];
    let report = merge(inputs, &mut out, Keep::First, &mut Context::new()).unwrap();
    assert_eq!(out, one.as_bytes());
    assert_eq!(
        (report.duplicates[0].at.len(), report.duplicates[0].same),
        (3, false)
    );
    let deep: String = r#"{"a":"#.repeat(100_000) + "1" + &"}".repeat(100_000);
    let objects = row("a", &format!(r#""tags":{deep}"#));
    let fields = changed(&objects, &objects.replace(":1}", ":2}"));
    assert_eq!(fields.len(), 1);
    assert!(fields[0].len() < 200, "{}", fields[0]);
}

#[test]
fn a_template_that_nests_without_end_is_refused() {
    let example = row("{n}", &nested(100_000, "1"));
    let error = example.parse::<Template>().unwrap_err().to_string();
    assert!(error.contains("nests deeper than 64 levels"), "{error}");
    let template: Template = row("{n}", &nested(8, "1")).parse().unwrap();
    let mut out = Vec::new();
    let options = GenerateOptions::new(1).template(template);
    generate(&mut out, &options, &mut Context::new()).unwrap();
    assert_eq!(String::from_utf8(out).unwrap(), row("1", &nested(8, "1")));
}

#[test]
fn a_name_with_half_of_a_surrogate_pair_hides_no_other_member() {
    let tags = |value: u8| row("a", &format!(r#""tags":{{"z":1,"\ud800":{value},"y":2}}"#));
    let file = tags(7);
    assert_eq!(changed(&file, &tags(8)), [r"tags.\ud800"]);
    assert_eq!(changed(&file, &file.replace("ud800", "uD800")), [""; 0]);
    assert_eq!(
        changed(&file, &file.replace("\"y\":2", "\"y\":3")),
        ["tags.y"]
    );
    let condition = parse_condition("tags.z = 1 AND tags.y = 2").unwrap();
    let mut kept = Vec::new();
    filter(file.as_bytes(), &mut kept, &condition, &mut Context::new()).unwrap();
    assert_eq!(kept, file.as_bytes());

    let to = |file: &[u8], from, to, columns: Option<&Columns>| {
        let mut out = Vec::new();
        let report = convert(file, from, &mut out, to, columns, &mut Context::new()).unwrap();
        (String::from_utf8(out).unwrap(), report)
    };
    let columns: Columns = "id,z=tags.z,y=tags.y".parse().unwrap();
    let (table, report) = to(file.as_bytes(), Format::Lines, Format::Csv, Some(&columns));
    assert_eq!(table, "id,z,y\na,1,2\n");
    let lost: Vec<_> = report.not_carried.iter().map(|one| &*one.member).collect();
    assert_eq!(lost, ["status", r"tags.\ud800"]);
    // A table with the tags as a whole, and one of them again.
    let table = "id,tags,tags.z\na,\"{\"\"z\"\":2,\"\"\\ud800\"\":7}\",2\n";
    let (rows, _) = to(table.as_bytes(), Format::Csv, Format::Lines, None);
    assert_eq!(rows, "{\"id\":\"a\",\"tags\":{\"z\":2,\"\\ud800\":7}}\n");
}

#[test]
fn repeated_names_are_found_behind_values_that_no_reader_holds() {
    let deep = "[".repeat(200) + &"]".repeat(200);
    for odd in ["1e400", r#""\ud800""#, &deep] {
        let twice = format!(r#"{{"id":"a","status":"enabled","x":{odd},"tags":{{"k":1,"k":2}}}}"#);
        assert_eq!(rules(&twice), ["duplicate-member"], "{odd}");
        assert_eq!(
            rules(&twice.replacen("\"k\"", "\"j\"", 1)),
            [""; 0],
            "{odd}"
        );
    }
    let many: String = (0..60)
        .map(|n| format!("\"k{n}\":[{{\"k1\":1}}],"))
        .collect();
    let once = row("a", &format!("\"tags\":{{{many}\"last\":1}}"));
    assert_eq!(rules(&once), [""; 0]);
    for twice in ["k3", "k50", "last"] {
        let line = once.replace("\"last\":1", &format!("\"last\":1,\"{twice}\":2"));
        assert_eq!(rules(&line), ["duplicate-member"], "{twice}");
    }
    let halves = r#"{"id":"a","status":"enabled","x":{"\ud800":1,"\uD800":2}}"#;
    assert_eq!(rules(halves), ["duplicate-member"]);
}

#[test]
fn twins_with_values_that_the_service_cannot_read_are_found_with_their_place() {
    for (tags, rule, place) in [
        (r#"{"a":{"b":1e400}}"#, "twin-value", "`tags.a.b`"),
        (r#"{"a":[1,"\udfff"]}"#, "twin-value", "`tags.a`"),
        (r#"{"a":{"\ud800":1}}"#, "twin-value", r"`tags.a.\ud800`"),
        (r#"{"a":18446744073709551616}"#, "twin-integer", "`tags.a`"),
        (r#"{"a":-99999999999999999999}"#, "twin-integer", "`tags.a`"),
        (r#"{"a":-4503599627370496}"#, "twin-integer", "`tags.a`"),
    ] {
        let line = row("a", &format!("\"tags\":{tags}"));
        let report = check(line.as_bytes(), Purpose::Export, &mut Context::new()).unwrap();
        let found: Vec<_> = report.findings.iter().map(|one| one.rule).collect();
        assert_eq!(found, [rule], "{tags}");
        let message = &report.findings[0].message;
        assert!(message.contains(place), "{message}");
    }
    let limits = row(
        "a",
        r#""tags":{"a":[-4503599627370495,4503599627370495,1e20,-0]}"#,
    );
    assert_eq!(rules(&limits), [""; 0]);
}

#[test]
fn words_and_numbers_are_compared_by_meaning() {
    let file = row("a", r#""tags":{"n":1e99999999999999999999}"#);
    assert_eq!(
        changed(&file, &file.replace("enabled", r"\u0045nabled")),
        [""; 0]
    );
    assert_eq!(
        changed(&file, &file.replace("enabled", "disabled")),
        ["status"]
    );
    assert_eq!(changed(&file, &file.replace("1e9", "1E+9")), [""; 0]);
    assert_eq!(changed(&file, &file.replace("1e9", "1e8")), ["tags.n"]);
}
