//! Device files as tables and arrays, and back.

use jobs_devices::transform::{
    Columns, Context, ConvertReport, Format, GenerateOptions, TransformError, convert, generate,
};
use jobs_devices::{Field, Item, Options, Reader, Row};
use proptest::prelude::*;
use serde_json::{Value, json};

fn convert_all(
    file: &[u8],
    from: Format,
    to: Format,
    columns: Option<&Columns>,
) -> (Vec<u8>, ConvertReport) {
    let mut out = Vec::new();
    let report = convert(file, from, &mut out, to, columns, &mut Context::new()).unwrap();
    (out, report)
}

fn text(file: &[u8], from: Format, to: Format, columns: Option<&Columns>) -> String {
    String::from_utf8(convert_all(file, from, to, columns).0).unwrap()
}

fn refused(file: &str, from: Format, columns: Option<&Columns>) -> String {
    let error = convert(
        file.as_bytes(),
        from,
        Vec::new(),
        Format::Lines,
        columns,
        &mut Context::new(),
    );
    match error.unwrap_err() {
        error @ TransformError::Input { .. } => error.to_string(),
        other => panic!("{other:?}"),
    }
}

fn rows(file: &[u8]) -> Vec<Row> {
    Reader::new(file)
        .map(|entry| match entry.unwrap().item {
            Item::Row(row) => row,
            other => panic!("not a row: {other:?}"),
        })
        .collect()
}

fn fleet(count: u64) -> Vec<u8> {
    let mut file = Vec::new();
    let options = GenerateOptions::new(count)
        .seed(4)
        .etags(true)
        .system_modules(true);
    generate(&mut file, &options, &mut Context::new()).unwrap();
    file
}

const ODD: &str = concat!(
    r#"{"id":"=1+1","moduleId":"@m","eTag":"-e","importMode":"update","status":"weird","statusReason":"","authentication":{"type":"sas","symmetricKey":{"primaryKey":"+abc","secondaryKey":"\"q\""}},"tags":{"a":1.0,"b":"x,\"y\"\nz","big":12345678901234567890},"properties":{"desired":{},"reported":{"n":null}},"capabilities":{"iotEdge":false},"deviceScope":"s","parentScopes":["a,b","c"],"x-new":[1,{"y":2}],"z":"t"}"#,
    "\n",
    r#"{"id":"plain"}"#,
    "\n",
);

#[test]
fn every_format_gives_the_same_rows_back() {
    for file in [fleet(300), ODD.as_bytes().to_vec(), Vec::new()] {
        for format in [Format::Lines, Format::Json, Format::Csv, Format::Tsv] {
            let (there, report) = convert_all(&file, Format::Lines, format, None);
            assert!(report.not_carried.is_empty(), "{:?}", report.not_carried);
            assert_eq!(
                Format::of_content(&there),
                if file.is_empty() && format == Format::Lines {
                    Format::Lines
                } else {
                    format
                }
            );
            let (back, report) = convert_all(&there, format, Format::Lines, None);
            assert_eq!(report.passed.bad_lines, 0);
            let (old, new) = (
                String::from_utf8(file.clone()).unwrap(),
                String::from_utf8(back).unwrap(),
            );
            assert_eq!(old, new, "{format:?}");
        }
    }
}

#[test]
fn an_array_reads_row_by_row_wherever_its_breaks_are() {
    let file = "\u{feff} [ {\"id\":\"a\",\n \"tags\":{\"t\":\"],}\\\"\"}} ,\r\n5,{\"id\":3},{\"id\":\"b\"}\n]\n";
    let (out, report) = convert_all(file.as_bytes(), Format::Json, Format::Lines, None);
    assert_eq!(
        rows(&out)
            .iter()
            .map(|row| row.id.as_str())
            .collect::<Vec<_>>(),
        ["a", "b"]
    );
    assert_eq!(report.passed.bad_lines, 2);
    assert_eq!(report.passed.problems[0].line, 3);
    for (file, part) in [
        ("", "expected a JSON array"),
        ("{\"id\":\"a\"} x", "after the rows"),
        ("[{\"id\":\"a\"}", "cut off"),
        ("[{\"id\":\"a\"},", "cut off"),
        ("[{\"id\":\"a\"},]", "after the comma"),
        ("[,]", "after the comma"),
        ("[]\n[]", "follows the array"),
        ("[{\"id\":\"a", "cut off"),
    ] {
        let message = refused(file, Format::Json, None);
        assert!(message.contains(part), "{file}: {message}");
    }
    assert_eq!(text(b"", Format::Lines, Format::Json, None), "[]\n");
}

#[test]
fn mapped_columns_carry_members_of_twins_in_the_order_asked_for() {
    let columns: Columns =
        "id, place = tags.location.site,fw=properties.desired.fw:string\nn=tags['odd, name'],edge=iotEdge"
            .parse()
            .unwrap();
    let file = concat!(
        r#"{"id":"a","status":"enabled","tags":{"location":{"site":"Zürich","floor":2},"odd, name":5},"properties":{"desired":{"fw":"1.10"}},"capabilities":{"iotEdge":true}}"#,
        "\n",
        r#"{"id":"b","tags":{"location":{"site":"3"},"k":true}}"#,
        "\n"
    );
    let (table, report) = convert_all(file.as_bytes(), Format::Lines, Format::Csv, Some(&columns));
    let table = String::from_utf8(table).unwrap();
    assert_eq!(
        table,
        "id,place,fw,n,edge\na,Zürich,1.10,5,true\nb,\"\"\"3\"\"\",,,\n"
    );
    assert_eq!(
        serde_json::to_value(&report).unwrap()["notCarried"],
        json!([
            {"member": "status", "rows": 1},
            {"member": "tags.k", "rows": 1},
            {"member": "tags.location.floor", "rows": 1},
        ])
    );
    let back = text(table.as_bytes(), Format::Csv, Format::Lines, Some(&columns));
    assert_eq!(
        back,
        concat!(
            r#"{"id":"a","tags":{"location":{"site":"Zürich"},"odd, name":5},"properties":{"desired":{"fw":"1.10"}},"capabilities":{"iotEdge":true}}"#,
            "\n",
            r#"{"id":"b","tags":{"location":{"site":"3"}}}"#,
            "\n"
        )
    );
}

#[test]
fn a_mapping_without_an_id_adds_to_the_standard_columns() {
    let columns: Columns = "site=tags.site,tags.floor=Floor".parse().unwrap();
    let file =
        "{\"id\":\"a\",\"status\":\"enabled\",\"tags\":{\"site\":\"n\",\"floor\":2,\"k\":1}}\n";
    let (table, report) = convert_all(file.as_bytes(), Format::Lines, Format::Csv, Some(&columns));
    let table = String::from_utf8(table).unwrap();
    assert!(
        table.starts_with("id,moduleId,eTag,importMode,status,"),
        "{table}"
    );
    assert!(
        table.lines().next().unwrap().ends_with(",other,site,Floor"),
        "{table}"
    );
    assert!(table.lines().nth(1).unwrap().ends_with(",n,2"), "{table}");
    assert!(report.not_carried.is_empty());
    assert_eq!(
        text(table.as_bytes(), Format::Csv, Format::Lines, Some(&columns)),
        file
    );
    let short = "id,site,Floor\na,n,2\n";
    assert_eq!(
        text(short.as_bytes(), Format::Csv, Format::Lines, Some(&columns)),
        "{\"id\":\"a\",\"tags\":{\"site\":\"n\",\"floor\":2}}\n"
    );
}

#[test]
fn a_header_of_members_needs_no_mapping() {
    let table = "deviceId\tSTATUS\ttags.site\ttags.floor:string\tprimaryKey\tsecondaryKey\ttags\n\
                 d1\tenabled\tnorth\t03\tk1\tk2\t\"{\"\"site\"\":\"\"north\"\",\"\"other\"\":1}\"\n";
    let out = text(table.as_bytes(), Format::Tsv, Format::Lines, None);
    assert_eq!(
        out,
        "{\"id\":\"d1\",\"status\":\"enabled\",\"authentication\":{\"symmetricKey\":{\"primaryKey\":\"k1\",\"secondaryKey\":\"k2\"}},\
         \"tags\":{\"site\":\"north\",\"other\":1,\"floor\":\"03\"}}\n"
    );
}

#[test]
fn no_cell_is_a_formula_and_every_one_reads_back() {
    let columns: Columns = "id,v=tags.v".parse().unwrap();
    for value in [
        "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", "＝1", "\"=1\"",
    ] {
        let mut row = Row::new(value);
        row.tags = Field::Value(json!({"v": value}).as_object().unwrap().clone().into());
        let file = row.to_line();
        for format in [Format::Csv, Format::Tsv] {
            let table = text(file.as_bytes(), Format::Lines, format, Some(&columns));
            let mut cells = csv_cells(&table, if format == Format::Csv { b',' } else { b'\t' });
            for cell in cells.split_off(2) {
                assert!(cell.starts_with('"'), "{value:?} stands as {cell:?}");
            }
            let back = text(table.as_bytes(), format, Format::Lines, Some(&columns));
            assert_eq!(rows(back.as_bytes())[0], row);
        }
    }
}

fn csv_cells(table: &str, delimiter: u8) -> Vec<String> {
    csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .from_reader(table.as_bytes())
        .records()
        .flat_map(|record| {
            record
                .unwrap()
                .iter()
                .map(str::to_owned)
                .collect::<Vec<_>>()
        })
        .collect()
}

#[test]
fn typed_columns_take_their_type_alone() {
    let columns: Columns =
        "id,s=tags.s:string,n=tags.n:number,b=tags.b:bool,j=tags.j:json,a=tags.a"
            .parse()
            .unwrap();
    let table = "id,s,n,b,j,a\nd,007,1.50,TRUE,\"[1]\",007\n";
    assert_eq!(
        text(table.as_bytes(), Format::Csv, Format::Lines, Some(&columns)),
        "{\"id\":\"d\",\"tags\":{\"s\":\"007\",\"n\":1.50,\"b\":true,\"j\":[1],\"a\":\"007\"}}\n"
    );
    for (cells, part) in [
        ("d,,x,,,", "column `n`: expected a number"),
        ("d,,,x,,", "column `b`: expected true or false"),
        ("d,,,,x,", "column `j`: expected JSON"),
        ("d,,,,", "5 cells where the header has 6 columns"),
        (",,,,,", "the id is empty"),
    ] {
        let table = format!("id,s,n,b,j,a\nok,,,,,\n{cells}\n");
        let mut rejects = Vec::new();
        let mut context = Context::new().rejects(&mut rejects);
        let report = convert(
            table.as_bytes(),
            Format::Csv,
            Vec::new(),
            Format::Lines,
            Some(&columns),
            &mut context,
        )
        .unwrap();
        assert_eq!((report.passed.rows, report.passed.bad_lines), (1, 1));
        let problem = &report.passed.problems[0];
        assert_eq!(problem.line, 3);
        assert!(problem.message.contains(part), "{}", problem.message);
        assert_eq!(
            String::from_utf8(rejects).unwrap(),
            format!("id,s,n,b,j,a\n{cells}\n")
        );
        let mut strict = Context::new().options(Options::new().strict(true));
        let error = convert(
            table.as_bytes(),
            Format::Csv,
            Vec::new(),
            Format::Lines,
            Some(&columns),
            &mut strict,
        );
        assert!(matches!(error, Err(TransformError::Input { line: 3, .. })));
    }
}

#[test]
fn a_header_that_cannot_be_understood_is_refused_with_what_to_do() {
    let map: Columns = "serial=id,site=tags.site".parse().unwrap();
    for (table, columns, part) in [
        ("", None, "the table is empty"),
        (
            "id,colour\n",
            None,
            "column 2: `colour` is no member of a row",
        ),
        ("id,deviceId\n", None, "columns 1 and 2 both hold `id`"),
        (
            "id,tags.a,tags.a.b\nx,1,2\n",
            None,
            "column `tags.a.b` holds `tags.a.b`, which is part of `tags.a` in column `tags.a`",
        ),
        (
            "id,properties.desired.a.b.c,properties.desired.a\n",
            None,
            "column `properties.desired.a.b.c` holds",
        ),
        ("status\n", None, "no column holds the device id"),
        ("serial\n", Some(&map), "the table has no column `site`"),
        ("site,serial,x\n", Some(&map), "colum"),
    ] {
        let message = refused(table, Format::Csv, columns);
        assert!(
            message.starts_with("line 1: ") && message.contains(part),
            "{table:?}: {message}"
        );
    }
    for (map, part) in [
        ("", "no column is named"),
        ("id,id", "two columns are called"),
        ("id,a=id", "two columns hold `id`"),
        ("id:string", "only a member in tags or properties"),
        ("a=colour", "no member of a row"),
        ("a=tags.x[0]", "no member of a row"),
        ("a=tags.", "no member of a row"),
    ] {
        let error = map.parse::<Columns>().unwrap_err().to_string();
        assert!(error.contains(part), "{map:?}: {error}");
    }
}

#[test]
fn a_key_in_the_wrong_column_is_not_told_of() {
    let table = "id,iotEdge,parentScopes,tags,primaryKey\nd1,PLANTED,,,k\nd2,,PLANTED,,k\nd3,,,PLANTED,k\nd4,PLANTED\n";
    let (_, report) = convert_all(table.as_bytes(), Format::Csv, Format::Lines, None);
    assert_eq!(report.passed.bad_lines, 4);
    let told = format!("{}{report:?}", serde_json::to_string(&report).unwrap());
    assert!(!told.contains("PLANTED"), "{told}");
}

#[test]
fn bytes_that_are_no_text_are_a_bad_line_of_the_table() {
    let table = b"id,tags.a\nd1,\xff\nd2,x\n";
    let (out, report) = convert_all(table, Format::Csv, Format::Lines, None);
    assert_eq!(rows(&out).len(), 1);
    assert_eq!(
        report.passed.problems[0].message,
        "column `tags.a`: not UTF-8"
    );
}

#[test]
fn formats_are_told_by_name_and_by_content() {
    for (start, format) in [
        ("[{\"id\"", Format::Json),
        ("\u{feff}\n [", Format::Json),
        ("{\"id\":\"a\"}\n", Format::Lines),
        ("Keys were not exported, as asked.\n{", Format::Lines),
        ("id,status\n", Format::Csv),
        ("\"deviceId\",status\r\n", Format::Csv),
        ("status\tID\n", Format::Tsv),
        ("", Format::Lines),
    ] {
        assert_eq!(Format::of_content(start.as_bytes()), format, "{start}");
    }
    let of = |name: &str| Format::of_path(name.as_ref());
    assert_eq!(of("x/a.CSV"), Some(Format::Csv));
    assert_eq!(of("a.ndjson"), Some(Format::Lines));
    assert_eq!(of("devices.txt"), None);
    assert!(
        "xml"
            .parse::<Format>()
            .unwrap_err()
            .to_string()
            .contains("jsonl, json")
    );
}

proptest! {
    #[test]
    fn any_strings_survive_a_table(id in ".+", reason in ".*", tag in ".*", name in "[^\\x00]{1,8}", key in ".*") {
        let mut row = Row::new(&*id);
        row.status_reason = Field::Value(reason);
        row.tags = Field::Value(json!({name: {"v": tag.clone()}, "t": tag}).as_object().unwrap().clone().into());
        row.extra.insert("other-one", json!([key]));
        let file = row.to_line();
        for format in [Format::Csv, Format::Tsv] {
            let table = text(file.as_bytes(), Format::Lines, format, None);
            let back = text(table.as_bytes(), format, Format::Lines, None);
            prop_assert_eq!(back.trim_end_matches('\n'), &file);
        }
    }

    #[test]
    fn any_bytes_are_read_or_refused_in_every_format(bytes in prop::collection::vec(any::<u8>(), 0..200), head in prop::sample::select(vec!["", "[", "id,tags.x\n", "id\ttags\n", "[{\"id\":\"a\"},"])) {
        let file = [head.as_bytes(), &bytes].concat();
        for format in [Format::Lines, Format::Json, Format::Csv, Format::Tsv] {
            let _ = convert(&file[..], format, Vec::new(), Format::Csv, None, &mut Context::new());
        }
    }
}

fn converted(table: &str) -> (Vec<Value>, Vec<String>) {
    let mut out = Vec::new();
    let report = convert(
        table.as_bytes(),
        Format::Csv,
        &mut out,
        Format::Lines,
        None,
        &mut Context::new(),
    )
    .unwrap();
    let rows = String::from_utf8(out).unwrap();
    let rows = rows.lines().map(|line| serde_json::from_str(line).unwrap());
    let warnings = report.passed.problems.into_iter();
    (rows.collect(), warnings.map(|one| one.message).collect())
}

#[test]
fn a_cell_that_would_be_a_changed_number_is_text_and_its_column_is_named() {
    let table = "id,tags.key,tags.fw,tags.n,tags.site\na,12345678E1234567,1.10,1,x\nb,98765432109876543210,1.2,2,y\n";
    let (rows, warnings) = converted(table);
    let expected = json!({"key": "12345678E1234567", "fw": "1.10", "n": 1, "site": "x"});
    assert_eq!(rows[0]["tags"], expected);
    assert_eq!(rows[1]["tags"]["key"], "98765432109876543210");
    assert_eq!(rows[1]["tags"]["fw"], json!(1.2));
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("column `tags.key`: text in 2 rows"));
    assert!(warnings[1].contains("column `tags.fw`: numbers in 1 row, texts in 1 row"));
    assert!(warnings[1].contains("--columns 'tags.fw=tags.fw:string'"));
}

#[test]
fn the_truth_values_of_a_spreadsheet_are_truth_values_and_texts_like_them_come_back() {
    let (rows, warnings) =
        converted("id,tags.on,tags.off,tags.text\na,TRUE,FALSE,\"\"\"TRUE\"\"\"\n");
    assert_eq!(
        rows[0]["tags"],
        json!({"on": true, "off": false, "text": "TRUE"})
    );
    assert_eq!(warnings, [""; 0]);
    let columns: Columns = "id,tags.text".parse().unwrap();
    let row = "{\"id\":\"a\",\"tags\":{\"text\":\"TRUE\"}}\n";
    let mut table = Vec::new();
    convert(
        row.as_bytes(),
        Format::Lines,
        &mut table,
        Format::Csv,
        Some(&columns),
        &mut Context::new(),
    )
    .unwrap();
    let (rows, _) = converted(std::str::from_utf8(&table).unwrap());
    assert_eq!(rows[0]["tags"]["text"], "TRUE");
}

#[test]
fn truth_values_are_taken_in_any_case_and_a_column_that_mixes_them_is_named() {
    let (rows, warnings) = converted(
        "id,tags.on,tags.mixed,tags.n\na,True,true,0\nb,False,maybe,true\nc,fALSE,TRUE,\n",
    );
    let on: Vec<_> = rows.iter().map(|row| &row["tags"]["on"]).collect();
    assert_eq!(on, [true, false, false]);
    assert_eq!(warnings.len(), 2, "{warnings:?}");
    assert!(warnings[0].contains("column `tags.mixed`: truth values in 2 rows, texts in 1 row"));
    assert!(warnings[1].contains("column `tags.n`: numbers in 1 row, truth values in 1 row"));
    let file = "{\"id\":\"a\",\"tags\":{\"t\":\"True\",\"u\":\" false\"}}\n";
    let columns: Columns = "id,tags.t,tags.u".parse().unwrap();
    let table = text(file.as_bytes(), Format::Lines, Format::Csv, Some(&columns));
    assert_eq!(
        text(table.as_bytes(), Format::Csv, Format::Lines, Some(&columns)),
        file
    );
}
