//! How `split` cuts a file into parts.

use jobs_devices::transform::{Context, MAX_SPLIT_FILES, SplitAt, TransformError, split};

fn row(id: &str) -> String {
    format!("{{\"id\":\"{id}\",\"status\":\"enabled\"}}\n")
}

#[test]
fn split_never_cuts_a_row_and_keeps_the_order() {
    let file: String = (0..10).map(|n| row(&format!("d{n}"))).collect();
    let size = row("d0").len() as u64;
    for (at, sizes) in [
        (SplitAt::Rows(4), vec![4, 4, 2]),
        (SplitAt::Rows(10), vec![10]),
        (SplitAt::Bytes(3 * size), vec![3, 3, 3, 1]),
        (SplitAt::Bytes(3 * size - 1), vec![2, 2, 2, 2, 2]),
        (SplitAt::Bytes(1), vec![1; 10]),
    ] {
        let mut files = Vec::new();
        let close = |file: Vec<u8>| {
            files.push(file);
            Ok(())
        };
        let report = split(
            file.as_bytes(),
            at,
            |_| Ok(Vec::new()),
            close,
            &mut Context::new(),
        )
        .unwrap();
        let rows: Vec<_> = report.files.iter().map(|file| file.rows).collect();
        assert_eq!(rows, sizes, "{at:?}");
        assert_eq!(files.concat(), file.as_bytes());
        for (file, told) in files.iter().zip(&report.files) {
            assert_eq!(file.len() as u64, told.bytes);
        }
    }
    let none = split(
        &b"\n"[..],
        SplitAt::Rows(1),
        |_| Ok(Vec::new()),
        |_: Vec<u8>| Ok(()),
        &mut Context::new(),
    )
    .unwrap();
    assert!(none.files.is_empty());
    let rows = row("a").repeat(MAX_SPLIT_FILES + 1);
    let mut opened = 0;
    let many = split(
        rows.as_bytes(),
        SplitAt::Rows(1),
        |number| {
            opened = number;
            Ok(std::io::sink())
        },
        |_| Ok(()),
        &mut Context::new(),
    );
    let error = many.unwrap_err();
    assert!(matches!(&error, TransformError::Asked(_)), "{error}");
    assert!(
        error.to_string().contains("more than 100000 files"),
        "{error}"
    );
    assert_eq!(opened, MAX_SPLIT_FILES as u64);
    let zero = split(
        file.as_bytes(),
        SplitAt::Rows(0),
        |_| Ok(Vec::new()),
        |_: Vec<u8>| Ok(()),
        &mut Context::new(),
    );
    assert!(matches!(zero, Err(TransformError::Asked(_))));
}
