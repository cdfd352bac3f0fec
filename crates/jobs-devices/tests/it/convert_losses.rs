//! What a table cannot say, and what a table that was cut off says.

use std::io::{self, Write};

use jobs_devices::transform::{
    Columns, Context, ConvertReport, Format, GenerateOptions, TransformError, convert, generate,
};

fn converted(file: &str, from: Format, to: Format, columns: &str) -> (String, ConvertReport) {
    let columns: Option<Columns> = (!columns.is_empty()).then(|| columns.parse().unwrap());
    let mut out = Vec::new();
    let report = convert(
        file.as_bytes(),
        from,
        &mut out,
        to,
        columns.as_ref(),
        &mut Context::new(),
    )
    .unwrap();
    (String::from_utf8_lossy(&out).into_owned(), report)
}

fn lost(report: &ConvertReport) -> Vec<(&str, u64)> {
    let lost = report.not_carried.iter();
    lost.map(|one| (one.member.as_str(), one.rows)).collect()
}

#[test]
fn a_quote_that_is_never_closed_is_an_error_where_it_opens() {
    for (form, table) in [
        (Format::Csv, "id,tags.t\na,1\nb,\"2\nc,3\nd,4\n"),
        (Format::Tsv, "id\ttags.t\na\t1\n\"b\t2\nc\t3\n"),
        (Format::Csv, "id,\"tags.t\na,1\n"),
    ] {
        let error = convert(
            table.as_bytes(),
            form,
            Vec::new(),
            Format::Lines,
            None,
            &mut Context::new(),
        )
        .unwrap_err();
        let line = if table.starts_with("id,\"") { 1 } else { 3 };
        assert!(
            matches!(&error, TransformError::Input { line: at, message } if *at == line && message.contains("never closed")),
            "{error:?}"
        );
    }
    let closed = "id,tags.t\na,\"1\n2\"\nb,x\"y\n";
    let (rows, _) = converted(closed, Format::Csv, Format::Lines, "");
    assert_eq!(
        rows,
        "{\"id\":\"a\",\"tags\":{\"t\":\"1\\n2\"}}\n{\"id\":\"b\",\"tags\":{\"t\":\"x\\\"y\"}}\n"
    );
}

#[test]
fn rejects_of_a_table_are_a_table() {
    let table = "id,iotEdge\nok,true\nx,maybe\ny,perhaps\n";
    let mut rejects = Vec::new();
    let mut context = Context::new().rejects(&mut rejects);
    convert(
        table.as_bytes(),
        Format::Csv,
        Vec::new(),
        Format::Lines,
        None,
        &mut context,
    )
    .unwrap();
    assert_eq!(
        String::from_utf8(rejects).unwrap(),
        "id,iotEdge\nx,maybe\ny,perhaps\n"
    );
}

/// A pipe that is closed after so many bytes.
struct Closed(usize);

impl Write for Closed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.0 == 0 {
            return Err(io::Error::from(io::ErrorKind::BrokenPipe));
        }
        let taken = bytes.len().min(self.0);
        self.0 -= taken;
        Ok(taken)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_closed_pipe_is_told_as_one_by_every_format() {
    let mut file = Vec::new();
    generate(&mut file, &GenerateOptions::new(3_000), &mut Context::new()).unwrap();
    let formats = [
        Format::Lines,
        Format::Json,
        Format::Csv,
        Format::Tsv,
        #[cfg(feature = "parquet")]
        Format::Parquet,
    ];
    for format in formats {
        for room in [0, 10, 100_000] {
            let error = convert(
                &file[..],
                Format::Lines,
                Closed(room),
                format,
                None,
                &mut Context::new(),
            );
            assert!(
                matches!(&error, Err(TransformError::Write(error)) if error.kind() == io::ErrorKind::BrokenPipe),
                "{format:?} {room}: {error:?}"
            );
        }
    }
}

#[test]
fn objects_without_members_are_among_what_a_table_lost() {
    let file = concat!(
        r#"{"id":"a","authentication":{},"properties":{},"capabilities":{}}"#,
        "\n",
        r#"{"id":"b","authentication":{"symmetricKey":{},"x509Thumbprint":{}},"capabilities":{}}"#,
        "\n",
        r#"{"id":"c","authentication":{"type":"sas","symmetricKey":{"primaryKey":null}},"properties":{"desired":{}},"capabilities":{"iotEdge":true}}"#,
        "\n",
    );
    let (_, report) = converted(file, Format::Lines, Format::Csv, "");
    let expected = [
        ("authentication", 1),
        ("authentication.symmetricKey", 1),
        ("authentication.x509Thumbprint", 1),
        ("capabilities", 2),
        ("properties", 1),
    ];
    assert_eq!(lost(&report), expected);
}

#[cfg(feature = "parquet")]
#[test]
fn values_that_do_not_fit_a_typed_column_are_among_what_a_table_lost() {
    let values = [
        ("1", true),
        ("-0.5e3", true),
        ("9007199254740992", true),
        ("null", true),
        ("\"5\"", false),
        ("true", false),
        ("1e400", false),
        ("9007199254740993", false),
        ("170141183460469231731687303715884105728", false),
        ("{}", false),
    ];
    for (value, fits) in values {
        let file = format!("{{\"id\":\"a\",\"tags\":{{\"n\":{value}}}}}\n");
        let (_, report) = converted(&file, Format::Lines, Format::Parquet, "id,n=tags.n:number");
        let expected: &[_] = if fits { &[] } else { &[("tags.n", 1)] };
        assert_eq!(lost(&report), expected, "{value}");
    }
    for (value, fits) in [
        ("true", true),
        ("\"yes\"", false),
        ("1", false),
        ("null", true),
    ] {
        let file = format!("{{\"id\":\"a\",\"tags\":{{\"n\":{value}}}}}\n");
        let (_, report) = converted(&file, Format::Lines, Format::Parquet, "id,n=tags.n:bool");
        let expected: &[_] = if fits { &[] } else { &[("tags.n", 1)] };
        assert_eq!(lost(&report), expected, "{value}");
    }
}

#[test]
fn a_notice_is_taken_for_no_other_format() {
    for start in [
        "[notice] keys are excluded\n{\"id\":\"a\"}\n",
        "Warning: keys are excluded, id, status\n{\"id\":\"a\"}\n",
        "Warning:\tid\n\n { \"id\":\"a\"}\n",
        "[2026-01-01] exported\n",
    ] {
        assert_eq!(
            Format::of_content(start.as_bytes()),
            Format::Lines,
            "{start}"
        );
    }
    for (start, format) in [
        ("[", Format::Json),
        (" [ ]", Format::Json),
        ("[\n {\"id\":1}]", Format::Json),
        ("tags,id\n{},a\n", Format::Csv),
        ("tags,id\n\"{\"\"a\"\":1}\",a\n", Format::Csv),
    ] {
        assert_eq!(Format::of_content(start.as_bytes()), format, "{start}");
    }
}

#[test]
fn cells_that_contradict_each_other_are_an_error_that_names_both_columns() {
    let map = "x=other.x,site=tags.location.site";
    for (table, columns, names) in [
        (
            "id,tags,tags.a\nd,{},1\ne,\"{\"\"a\"\":1}\",2\n",
            "",
            ["`tags`", "`tags.a`"],
        ),
        (
            "id,tags.a,tags\ne,1,{}\nd,2,\"{\"\"a\"\":1}\"\n",
            "",
            ["`tags`", "`tags.a`"],
        ),
        (
            "id,site,x,tags\ne,1,,{}\nd,n,,\"{\"\"location\"\":1}\"\n",
            map,
            ["`tags`", "`site`"],
        ),
        (
            "id,other,x,site\ne,{},1,\nd,\"{\"\"x\"\":1}\",2,\n",
            map,
            ["`other`", "`x`"],
        ),
    ] {
        let columns: Option<Columns> = (!columns.is_empty()).then(|| columns.parse().unwrap());
        let error = convert(
            table.as_bytes(),
            Format::Csv,
            Vec::new(),
            Format::Lines,
            columns.as_ref(),
            &mut Context::new(),
        )
        .unwrap_err();
        assert!(
            matches!(&error, TransformError::Input { line: 3, message } if names.iter().all(|name| message.contains(name))),
            "{table}: {error:?}"
        );
    }
    // The same value in both is what a table with all columns has.
    let table =
        "id,tags,tags.a,tags.b.c\nd,\"{\"\"a\"\":\"\"\\u00fc\"\",\"\"b\"\":{\"\"d\"\":1}}\",ü,2\n";
    let (rows, _) = converted(table, Format::Csv, Format::Lines, "");
    let row: serde_json::Value = serde_json::from_str(&rows).unwrap();
    assert_eq!(
        row["tags"],
        serde_json::json!({"a": "ü", "b": {"c": 2, "d": 1}})
    );
}
