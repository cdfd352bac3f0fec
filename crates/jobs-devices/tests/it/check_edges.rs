//! Edge devices, their children and modules: the check and the hub agree on rows as far as the file shows what the hub does.

use jobs_devices::transform::{Context, Purpose, check};

/// The findings of some rules, each as its line, severity and rule.
fn found(rules: &[&str], rows: &[String]) -> Vec<String> {
    let file: String = rows.iter().map(|row| format!("{row}\n")).collect();
    // The memory given is so small that marks go to the temporary file.
    [1, 1 << 20]
        .map(|memory| {
            let mut context = Context::new().spill_at(memory);
            let report = check(file.as_bytes(), Purpose::Import, &mut context).unwrap();
            let found = report.findings.iter();
            let found = found.filter(|finding| rules.contains(&finding.rule));
            found
                .map(|one| format!("{} {} {}", one.line, one.severity.as_str(), one.rule))
                .collect::<Vec<_>>()
        })
        .into_iter()
        .reduce(|one, other| {
            assert_eq!(one, other);
            one
        })
        .unwrap()
}

fn row(id: &str, mode: &str, members: &str) -> String {
    format!(r#"{{"id":"{id}","importMode":"{mode}","status":"enabled"{members}}}"#)
}

const EDGE: &str = r#","capabilities":{"iotEdge":true}"#;
const LEAF: &str = r#","capabilities":{"iotEdge":false}"#;

fn scope(edge: &str) -> String {
    format!(r#","deviceScope":"ms-azure-iot-edge://{edge}""#)
}

fn parents(edge: &str) -> String {
    format!(r#","parentScopes":["ms-azure-iot-edge://{edge}"]"#)
}

#[test]
fn a_device_that_names_itself_is_found_unless_it_is_an_edge_device() {
    for (mode, members, expected) in [
        ("create", "", "1 error parent-cycle"),
        ("create", LEAF, "1 error parent-cycle"),
        ("createOrUpdate", "", "1 warning parent-cycle"),
        ("createOrUpdate", LEAF, "1 warning parent-cycle"),
        ("update", "", "1 warning parent-cycle"),
        ("create", EDGE, ""),
        ("updateTwin", "", ""),
        ("delete", "", ""),
    ] {
        let rows = [row("c", mode, &format!("{members}{}", scope("c-1")))];
        let found = found(&["parent-cycle", "edge-scope"], &rows).concat();
        assert_eq!(found, expected, "{mode} {members}");
    }
    let both = format!("{}{}", scope("c-1"), parents("c-1"));
    assert_eq!(
        found(&["parent-cycle"], &[row("c", "update", &both)]),
        ["1 error parent-cycle"]
    );
}

#[test]
fn a_parent_in_the_file_that_is_not_an_edge_device_is_found() {
    let own = |generation: &str| format!("{EDGE}{}", scope(&format!("p-{generation}")));
    for (mode, members, expected) in [
        ("create", "".to_owned(), "2 error edge-scope"),
        ("create", LEAF.to_owned(), "2 error edge-scope"),
        ("createOrUpdate", LEAF.to_owned(), "2 error edge-scope"),
        ("update", LEAF.to_owned(), "2 error edge-scope"),
        ("updateIfMatchETag", LEAF.to_owned(), "2 warning edge-scope"),
        ("createOrUpdate", "".to_owned(), "2 warning edge-scope"),
        ("update", "".to_owned(), ""),
        ("updateTwin", LEAF.to_owned(), ""),
        ("create", own("1"), ""),
        ("create", own("2"), "2 error edge-scope"),
        ("create", EDGE.to_owned(), "2 error edge-scope"),
        ("createOrUpdate", own("1"), ""),
        ("createOrUpdate", own("2"), "2 warning edge-scope"),
        ("update", own("2"), ""),
    ] {
        for child in [scope("p-1"), parents("p-1")] {
            let rows = [row("p", mode, &members), row("c", "create", &child)];
            let found = found(&["edge-scope"], &rows).concat();
            assert_eq!(found, expected, "{mode} {members}");
        }
    }
    let below = [row("c", "update", &scope("p-1")), row("p", "update", LEAF)];
    assert_eq!(
        found(&["edge-scope", "parent-order"], &below),
        ["1 warning edge-scope", "1 warning parent-order"]
    );
}

#[test]
fn modules_from_the_fifty_first_on_are_found() {
    let module = |at: usize, mode: &str| row("d", mode, &format!(r#","moduleId":"m{at}""#));
    let device = || row("d", "create", "");
    let file = |modules: Vec<String>| [vec![device()], modules].concat();
    let modules = |mode| (0..52).map(|at| module(at, mode)).collect::<Vec<_>>();
    let rule = &["modules"];
    assert_eq!(
        found(rule, &file(modules("create"))),
        ["52 error modules", "53 error modules"]
    );
    assert_eq!(
        found(rule, &modules("create")),
        ["51 error modules", "52 error modules"]
    );
    // One that exists is updated, so that another one may be rejected.
    assert_eq!(
        found(rule, &file(modules("createOrUpdate"))),
        ["52 warning modules", "53 warning modules"]
    );
    assert_eq!(found(rule, &file(modules("update"))), [""; 0]);
    // Repeated rows, system modules and rows that cannot be read add none.
    let mut others: Vec<_> = (0..50).map(|at| module(at, "create")).collect();
    others.extend([module(1, "create"), module(2, "createOrUpdate")]);
    others.push(row("d", "create", r#","moduleId":"$edgeHub""#));
    others.push(row("d", "create", r#","moduleId":"bad","status":"x""#));
    others.push(row("other", "create", r#","moduleId":"m99""#));
    assert_eq!(found(rule, &file(others)), [""; 0]);
    // Modules above a new device wait for it.
    let above: Vec<_> = (0..30).map(|at| module(at, "create")).collect();
    let below: Vec<_> = (30..60).map(|at| module(at, "create")).collect();
    let split = [above, vec![device()], below].concat();
    assert_eq!(found(rule, &split).len(), 10);
    assert_eq!(found(rule, &split)[0], "52 warning modules");
}

#[test]
fn a_circle_of_devices_that_may_exist_is_an_error_where_it_closes() {
    let edge = |id: &str, mode: &str, parent: &str| {
        let members = format!("{EDGE}{}{}", scope(&format!("{id}-1")), parents(parent));
        row(id, mode, &members)
    };
    let rule = &["parent-cycle"];
    for mode in ["createOrUpdate", "update", "updateIfMatchETag"] {
        let rows = [
            edge("a", mode, "b-1"),
            edge("b", mode, "c-1"),
            edge("below", mode, "a-1"),
            edge("c", mode, "a-1"),
        ];
        assert_eq!(
            found(rule, &rows),
            [
                "1 warning parent-cycle",
                "2 warning parent-cycle",
                "4 error parent-cycle"
            ]
        );
    }
    let new = [edge("a", "create", "b-1"), edge("b", "create", "a-1")];
    assert_eq!(
        found(rule, &new),
        ["1 error parent-cycle", "2 error parent-cycle"]
    );
    // Two circles with a device in common: the hub takes the rows that close none.
    let both = [
        edge("a", "update", "b-1"),
        edge("b", "update", "a-1"),
        edge("c", "update", "a-1"),
        row("d", "update", &format!("{EDGE}{}", scope("d-1"))),
    ];
    assert_eq!(
        found(rule, &both),
        ["1 warning parent-cycle", "2 error parent-cycle"]
    );
    // A row that is created between two that may exist waits for none of them.
    let mixed = [edge("a", "create", "b-1"), edge("b", "update", "a-1")];
    assert_eq!(
        found(rule, &mixed),
        ["1 warning parent-cycle", "2 error parent-cycle"]
    );
}
