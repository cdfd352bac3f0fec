//! The loops and what they go through.

use std::error::Error;

use jobs_devices::query::{Condition, parse_condition};
use jobs_devices::{ImportError, Options, Reader, Row, RowRef, Scratch};

use crate::fleet;

/// A loop by its name; it gives how many rows it took, so that nothing can be left out as unused.
pub(crate) struct Loop {
    pub(crate) name: &'static str,
    pub(crate) run: fn(&Prepared) -> usize,
}

pub(crate) const LOOPS: &[Loop] = &[
    Loop {
        name: "read-borrowed",
        run: read_borrowed,
    },
    Loop {
        name: "read-owned",
        run: read_owned,
    },
    Loop {
        name: "read-by-serde",
        run: read_by_serde,
    },
    Loop {
        name: "write",
        run: write,
    },
    Loop {
        name: "validate",
        run: validate,
    },
    Loop {
        name: "condition",
        run: condition,
    },
    Loop {
        name: "error-log",
        run: error_log,
    },
];

/// The same rows as a file, with spaces that no service writes, and as owned rows.
pub(crate) struct Prepared {
    pub(crate) file: Vec<u8>,
    spaced: Vec<u8>,
    rows: Vec<Row>,
    log: Vec<u8>,
    condition: Condition,
}

impl Prepared {
    pub(crate) fn new(rows: u64) -> Result<Self, Box<dyn Error>> {
        let file = fleet::make(Vec::new(), rows)?;
        let mut owned = Vec::new();
        each_row(&file, |row| owned.push(row.to_row()));
        let rows: Vec<Row> = owned.into_iter().collect::<Result<_, _>>()?;
        let mut log = Vec::new();
        for row in &rows {
            ImportError::new(row.id.as_str(), 409_001, "DeviceAlreadyExists").write_line(&mut log);
            log.push(b'\n');
        }
        Ok(Self {
            spaced: String::from_utf8(file.clone())?
                .replace("\":", "\"  :  ")
                .into_bytes(),
            file,
            rows,
            log,
            condition: parse_condition(fleet::CONDITION)?,
        })
    }
}

/// Calls `each` with every row of a file that has nothing else.
fn each_row(file: &[u8], mut each: impl FnMut(RowRef<'_>)) {
    let mut scratch = Scratch::new();
    let mut start = 0;
    for end in memchr::memchr_iter(b'\n', file) {
        if let Ok(row) = RowRef::parse(&file[start..end], &mut scratch) {
            each(row);
        }
        start = end + 1;
    }
}

fn read_borrowed(prepared: &Prepared) -> usize {
    let mut rows = 0;
    each_row(&prepared.file, |row| {
        rows += usize::from(!std::hint::black_box(&row).line().is_empty());
    });
    rows
}

fn read_owned(prepared: &Prepared) -> usize {
    let mut rows = 0;
    each_row(&prepared.file, |row| {
        rows += usize::from(row.to_row().is_ok())
    });
    rows
}

/// What the fast way leaves: unusual spaces.
fn read_by_serde(prepared: &Prepared) -> usize {
    let mut rows = 0;
    each_row(&prepared.spaced, |_| rows += 1);
    rows
}

fn write(prepared: &Prepared) -> usize {
    let mut out = Vec::with_capacity(prepared.file.len() + 1024);
    for row in &prepared.rows {
        row.write_line(&mut out);
        out.push(b'\n');
    }
    out.len()
}

fn validate(prepared: &Prepared) -> usize {
    let valid = prepared.rows.iter().filter(|row| row.validate().is_ok());
    valid.count()
}

fn condition(prepared: &Prepared) -> usize {
    let mut rows = 0;
    each_row(&prepared.file, |row| {
        rows += usize::from(prepared.condition.matches(&row));
    });
    rows
}

fn error_log(prepared: &Prepared) -> usize {
    let entries = Reader::<_, ImportError>::of(&prepared.log[..], Options::new());
    entries.filter(Result::is_ok).count()
}
