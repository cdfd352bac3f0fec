//! What the query language says, after the public reference and the decisions on undefined members.

use jobs_devices::query::{
    Aggregate, Collection, Projected, Query, Selection, parse_condition, parse_query,
};
use serde_json::{Value, json};

/// A twin of the shape the reference's examples use.
fn twin() -> Value {
    json!({
        "deviceId": "d-1", "etag": "AAAAAAAAAAc=", "status": "enabled", "version": 2,
        "connectionState": "Disconnected", "authenticationType": "sas",
        "x509Thumbprint": {"primaryThumbprint": null, "secondaryThumbprint": null},
        "tags": {"site": "north", "floor": 3, "group": "a", "none": null, "hot": true, "two words": 1,
                 "list": ["x", "y"], "ratio": 0.5, "name": "Ångström", "text": "12.5"},
        "properties": {
            "desired": {"fw": {"version": "1.10"}},
            "reported": {"fw": {"version": "1.9"}, "batteryLevel": 55}
        },
        "capabilities": {"iotEdge": false}
    })
}

fn selects(condition: &str) -> bool {
    parse_condition(condition).unwrap().matches(&twin())
}

fn error(condition: &str) -> String {
    parse_condition(condition).unwrap_err().to_string()
}

#[test]
fn conditions_of_the_reference_select() {
    for condition in [
        "*",
        "tags.site = 'north'",
        "tags.site = \"north\" AND properties.reported.batteryLevel >= 55",
        "status = 'enabled' AND connectionState = 'Disconnected'",
        "tags.site IN ['south', 'north']",
        "tags.site NIN ['south', 'east']",
        "tags.site NOT IN ['south']",
        "is_defined(properties.reported.fw)",
        "IS_DEFINED(tags.none)",
        "properties.desired.fw.version != properties.reported.fw.version",
        "properties.desired.fw.version <> '2'",
        "tags.hot",
        "NOT tags.hot = false",
        "as_number(tags.text) <= 12.5",
        "devices.tags.floor = 3",
        "tags.list[1] = 'y'",
        "tags['two words'] = 1",
        "tags.group = 'a' AND tags.[[group]] = 'a' AND tags[[group]] = 'a'",
        "[[tags]].floor = 3",
        "tags.floor = 0x3",
        "tags.none = null",
    ] {
        assert!(selects(condition), "{condition}");
    }
}

#[test]
fn two_signs_in_a_row_are_no_comment() {
    for text in [
        "tags.floor = 3 -- why",
        "tags.floor --1 = 4",
        "tags.floor - --1 = 4 --",
    ] {
        let error = parse_condition(text).unwrap_err().to_string();
        assert!(error.contains("no comments"), "{error}");
    }
    assert!(selects("tags.floor - -1 = 4 AND --3 = tags.floor"));
}

#[test]
fn keywords_and_service_names_match_in_any_case_and_user_names_exactly() {
    assert!(selects(
        "DEVICEID = 'd-1' and Tags.site iN ['north'] oR FALSE"
    ));
    assert!(selects("Properties.Reported.batteryLevel = 55"));
    assert!(selects("capabilities.IOTEDGE = false"));
    assert!(!selects("IS_DEFINED(tags.Site)"));
    assert!(!selects("tags.site = 'North'"));
}

#[test]
fn a_comparison_with_an_undefined_member_selects_nothing_even_negated() {
    for test in [
        "= 'a'",
        "!= 'a'",
        "<> 'a'",
        "< 1",
        ">= 1",
        "IN ['a']",
        "NIN ['a']",
        "= undefined",
        "!= null",
    ] {
        assert!(!selects(&format!("tags.absent {test}")), "{test}");
        assert!(!selects(&format!("NOT tags.absent {test}")), "NOT {test}");
        assert!(
            !selects(&format!("NOT (NOT tags.absent {test})")),
            "NOT NOT {test}"
        );
    }
    assert!(!selects("tags.absent.deeper.still != 'a'"));
    assert!(!selects("NOT STARTS_WITH(tags.absent, 'a')"));
    assert!(!selects("NOT tags.absent + 1 = 2"));
}

#[test]
fn undefined_yields_to_what_decides_alone() {
    assert!(selects("tags.absent = 1 OR tags.floor = 3"));
    assert!(selects("NOT (tags.absent = 1 AND tags.floor = 4)"));
    assert!(!selects("tags.absent = 1 AND tags.floor = 3"));
    assert!(!selects("NOT (tags.absent = 1 OR tags.floor = 4)"));
}

#[test]
fn values_of_two_kinds_are_unequal_and_have_no_order() {
    assert!(!selects("tags.floor = '3'"));
    assert!(selects("tags.floor != '3'"));
    assert!(!selects("tags.floor < '4'"));
    assert!(!selects("NOT tags.floor < '4'"));
    assert!(!selects("tags.none < 1"));
    assert!(selects("tags.none != 1"));
    assert!(!selects("tags.list = 1"));
    assert!(!selects("tags.list != 1"));
    assert!(!selects("tags = tags"));
}

#[test]
fn a_value_that_is_no_boolean_counts_as_false() {
    assert!(!selects("tags.site"));
    assert!(!selects("tags.floor"));
    assert!(!selects("tags.none"));
    assert!(selects("NOT tags.none"));
    assert!(!selects("tags.absent"));
    assert!(!selects("NOT tags.absent"));
}

#[test]
fn operators_bind_as_in_sql() {
    assert!(selects("false AND false OR true"));
    assert!(!selects("false AND (false OR true)"));
    assert!(selects("NOT tags.floor = 4 AND true"));
    assert!(selects("1 + 2 * 3 = 7"));
    assert!(selects("(1 + 2) * 3 = 9"));
    assert!(selects("10 - 4 - 3 = 3"));
    assert!(selects("-2 * -3 = 6"));
    assert!(selects("tags.floor -1 = 2"));
    assert!(selects("7 % 4 = 3 AND -7 % 4 = -3"));
    assert!(selects("7 / 2 = 3.5 AND 6 / 2 = 3"));
    assert!(!selects("1 / 0 = 1"));
    assert!(!selects("NOT 1 / 0 = 1"));
}

#[test]
fn numbers_are_exact_where_json_is() {
    assert!(selects("9007199254740993 != 9007199254740992"));
    assert!(selects("-9223372036854775808 < 9223372036854775807"));
    assert!(selects("9223372036854775807 + 1 > 9.2e18"));
    assert!(selects("1 = 1.0 AND 1e2 = 100 AND .5 = 0.5"));
    assert!(selects("tags.ratio * 2 = 1"));
}

#[test]
fn functions_do_what_the_reference_says() {
    for condition in [
        "IS_NULL(tags.none) AND NOT IS_NULL(tags.absent)",
        "IS_BOOL(tags.hot) AND IS_BOOLEAN(tags.hot)",
        "IS_NUMBER(tags.floor) AND IS_STRING(tags.site)",
        "IS_OBJECT(properties.desired) AND IS_ARRAY(tags.list) AND IS_ARRAY([1])",
        "IS_PRIMITIVE(tags.none) AND NOT IS_PRIMITIVE(tags.list) AND NOT IS_PRIMITIVE(tags.absent)",
        "ABS(-3) = 3 AND SQUARE(3) = 9 AND SQRT(16) = 4 AND POWER(2, 10) = 1024",
        "CEILING(1.2) = 2 AND FLOOR(1.8) = 1 AND SIGN(-2.5) = -1 AND SIGN(0) = 0 AND EXP(0) = 1",
        "CONCAT('a', tags.site, 'b') = 'anorthb'",
        "LENGTH(tags.name) = 8",
        "LOWER('ÅB') = 'åb' AND UPPER('ab') = 'AB'",
        "SUBSTRING(tags.name, 1) = 'ngström' AND SUBSTRING('hello', 1, 2) = 'el'",
        "INDEX_OF(tags.name, 'r') = 5 AND INDEX_OF('a', 'b') = -1",
        "STARTS_WITH(tags.site, 'no') AND ENDS_WITH(tags.site, 'th') AND CONTAINS(tags.site, 'ort')",
        "AS_NUMBER('12') = 12 AND NOT IS_DEFINED(AS_NUMBER('x')) AND NOT IS_DEFINED(AS_NUMBER('inf'))",
        "NOT IS_DEFINED(SQRT(-1)) AND NOT IS_DEFINED(LENGTH(3))",
    ] {
        assert!(selects(condition), "{condition}");
    }
}

#[test]
fn strings_take_both_quotes_and_the_documented_escapes() {
    assert!(selects(r#"'it\'s' = "it's""#));
    assert!(selects(r#""say \"x\"" = 'say "x"'"#));
    assert!(selects(r"'\u00c5\uD83D\uDE00\\' = 'Å😀\\'"));
    assert!(error(r"'\x'").contains("one of the escapes"));
    assert!(error(r"'\uD83D'").contains("surrogate"));
    assert!(error("tags.a = 'open").contains("closing '"));
}

#[test]
fn an_error_says_where_what_and_what_instead() {
    let error = parse_condition("tags.site = 'a'\n  AND status == 'b'").unwrap_err();
    assert_eq!(
        (error.line(), error.column(), error.position()),
        (2, 14, 29)
    );
    assert_eq!(
        error.to_string(),
        "line 2, column 14: found `==`, expected an operator or a value (write `=`)"
    );
    for (condition, parts) in [
        ("", "found an empty text, expected a value"),
        ("status =", "found the end, expected a value"),
        ("status 'a'", "column 8: found `'a'`, expected AND, OR"),
        ("status IN ('a')", "['a', 'b']"),
        ("status IN ['a' 'b']", "expected `,` or `]`"),
        ("a = 1 = 2", "comparisons do not chain"),
        ("a LIKE 'b'", "STARTS_WITH"),
        ("a IS NULL", "IS_NULL(x)"),
        ("group = 1", "[[group]]"),
        ("ISDEFINED(a)", "did you mean IS_DEFINED?"),
        ("FROBNICATE(a)", "the functions are IS_DEFINED"),
        (
            "LENGTH(a, b)",
            "found LENGTH with 2 arguments, expected one argument",
        ),
        ("(a = 1", "expected an operator or `)`"),
        ("a && b", "write `AND`"),
        ("{\"a\": 1} = b", "no object constants"),
        ("a = 12abc", "expected a number"),
        ("a = 1e999", "a number that a double can hold"),
        ("WHERE a = 1", "only what follows WHERE"),
        ("a = 1;", "without a semicolon"),
    ] {
        let message = parse_condition(condition).unwrap_err().to_string();
        assert!(message.contains(parts), "{condition}: {message}");
    }
}

#[test]
fn deep_nesting_is_refused_and_long_chains_are_not() {
    for open in ["(", "NOT ", "-", "[", "ABS("] {
        let text = open.repeat(100_000);
        assert!(error(&text).contains("nesting"), "{open}");
    }
    assert!(error(&"1+".repeat(100_000)).contains("levels"));
    let chain = vec!["tags.floor = 3"; 20_000].join(" AND ");
    assert!(selects(&chain));
    let list = vec!["'a'"; 50_000].join(", ");
    assert!(selects(&format!("tags.site NIN [{list}]")));
}

#[test]
fn a_statement_has_its_clauses() {
    let query = parse_query(
        "SELECT TOP 5 properties.reported.fw.version AS fw, COUNT() AS n FROM devices \
         WHERE tags.site = 'north' GROUP BY properties.reported.fw.version",
    )
    .unwrap();
    assert_eq!(query.top, Some(5));
    assert_eq!(query.from, Collection::Devices);
    assert!(query.is_aggregate());
    let Selection::Items(items) = &query.select else {
        panic!("a list was selected")
    };
    assert_eq!(items[0].output_name(), "fw");
    assert_eq!(items[1].value, Projected::Aggregate(Aggregate::Count));
    assert!(query.filter.unwrap().matches(&twin()));
    assert_eq!(
        query.group_by[0].to_string(),
        "properties.reported.fw.version"
    );
}

#[test]
fn projections_without_an_alias_take_the_service_s_casing() {
    let query = parse_query("select DeviceId, lastactivitytime, tags.Site, avg(tags.x) as y from devices.modules group by deviceId, lastActivityTime, tags.Site").unwrap();
    let Selection::Items(items) = &query.select else {
        panic!("a list was selected")
    };
    let names: Vec<_> = items.iter().map(|item| item.output_name()).collect();
    assert_eq!(names, ["deviceId", "lastActivityTime", "Site", "y"]);
    assert_eq!(query.from, Collection::Modules);
}

#[test]
fn the_collection_before_a_path_is_not_part_of_it() {
    let query = parse_query("SELECT * FROM devices.jobs WHERE devices.jobs.jobId = 'j' AND devices.jobs.status = 'completed'").unwrap();
    assert_eq!(
        query.to_string(),
        "SELECT * FROM devices.jobs WHERE jobId = 'j' AND status = 'completed'"
    );
}

#[test]
fn statements_the_service_refuses_are_refused() {
    for (query, part) in [
        (
            "SELECT deviceId FROM devices.jobs",
            "the only selection from devices.jobs",
        ),
        (
            "SELECT * FROM devices.jobs GROUP BY jobId",
            "cannot be grouped",
        ),
        (
            "SELECT * FROM devices GROUP BY status",
            "members and aggregates",
        ),
        (
            "SELECT deviceId, COUNT() FROM devices",
            "add deviceId to GROUP BY",
        ),
        (
            "SELECT * FROM twins",
            "devices, devices.modules or devices.jobs",
        ),
        (
            "SELECT * FROM devices.twins",
            "devices, devices.modules or devices.jobs",
        ),
        ("SELECT * FROM devices ORDER BY deviceId", "no ORDER BY"),
        (
            "SELECT FROM devices",
            "expected `*`, a member or an aggregate",
        ),
        ("SELECT *", "expected `,`, AS or FROM"),
        ("SELECT TOP -1 * FROM devices", "expected"),
        ("SELECT TOP 1.5 * FROM devices", "a whole number"),
        ("SELECT MEDIAN(a) FROM devices", "COUNT, AVG, SUM, MIN, MAX"),
        ("SELECT a AS 'b' FROM devices", "expected a name"),
        (
            "SELECT * FROM devices WHERE",
            "found the end, expected a value",
        ),
        ("SELECT * FROM devices WHERE a = 1 b", "GROUP BY or the end"),
        ("UPDATE devices", "expected SELECT"),
        ("", "expected SELECT"),
    ] {
        let message = parse_query(query).unwrap_err().to_string();
        assert!(message.contains(part), "{query}: {message}");
    }
}

#[test]
fn conditions_at_the_limit_of_nesting_print_within_it() {
    for text in [
        format!("a = {}b", "-".repeat(64)),
        format!("a = {}5", "-".repeat(64)),
        format!("a = {}(5)", "-".repeat(63)),
        format!("{}a", "NOT ".repeat(64)),
    ] {
        let condition = parse_condition(&text).unwrap();
        assert_eq!(parse_condition(&condition.to_string()), Ok(condition));
    }
}

#[test]
fn statements_print_as_they_parse() {
    for text in [
        "SELECT * FROM devices",
        "SELECT TOP 3 * FROM devices.modules WHERE a = 1 OR NOT (b = 2 AND c)",
        "SELECT status, COUNT() AS n, MIN(tags.a) AS [[from]] FROM devices GROUP BY status",
        "SELECT [[group]].x FROM devices WHERE tags['odd \\'key'] = 'v' AND x IN [ [1], [2]]",
    ] {
        let query: Query = text.parse().unwrap();
        assert_eq!(query.to_string(), text);
    }
}
