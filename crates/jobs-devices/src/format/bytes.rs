//! Formats that are recognized by their bytes: compression, encodings, binary data.

use super::FileFormat;

/// How a file is compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
    /// A ZIP archive.
    Zip,
    /// xz.
    Xz,
    /// bzip2.
    Bzip2,
}

impl Compression {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "data compressed with gzip",
            Self::Zstd => "data compressed with zstd",
            Self::Zip => "a zip archive",
            Self::Xz => "data compressed with xz",
            Self::Bzip2 => "data compressed with bzip2",
        }
    }
}

/// An encoding of Unicode text that device files do not have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Encoding {
    wide: bool,
    big_endian: bool,
    marked: bool,
}

impl Encoding {
    /// The name that `iconv` and the documentation have for it: `UTF-16LE`.
    pub fn name(self) -> &'static str {
        match (self.wide, self.big_endian) {
            (false, false) => "UTF-16LE",
            (false, true) => "UTF-16BE",
            (true, false) => "UTF-32LE",
            (true, true) => "UTF-32BE",
        }
    }

    /// The name with which `iconv` also removes the byte order mark, if the text has one.
    pub(super) fn iconv_name(self) -> &'static str {
        match (self.marked, self.wide) {
            (true, false) => "UTF-16",
            (true, true) => "UTF-32",
            (false, _) => self.name(),
        }
    }
}

/// A file that starts with the signature of its format.
pub(super) fn signature(start: &[u8]) -> Option<FileFormat> {
    let encoding = |wide, big_endian| {
        Some(FileFormat::Encoded(Encoding {
            wide,
            big_endian,
            marked: true,
        }))
    };
    match start {
        [0x1f, 0x8b, ..] => Some(FileFormat::Compressed(Compression::Gzip)),
        [0x28, 0xb5, 0x2f, 0xfd, ..] => Some(FileFormat::Compressed(Compression::Zstd)),
        [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Some(FileFormat::Compressed(Compression::Xz)),
        [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => {
            Some(FileFormat::Compressed(Compression::Bzip2))
        }
        [b'P', b'K', 3, 4, ..] | [b'P', b'K', 5, 6, ..] => Some(zip(start)),
        [0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1, ..] => Some(FileFormat::Workbook),
        [b'P', b'A', b'R', b'1', ..] => Some(FileFormat::Parquet),
        [0xff, 0xfe, 0, 0, ..] => encoding(true, false),
        [0, 0, 0xfe, 0xff, ..] => encoding(true, true),
        [0xff, 0xfe, ..] => encoding(false, false),
        [0xfe, 0xff, ..] => encoding(false, true),
        _ => None,
    }
}

/// Workbooks are zip archives with this entry.
fn zip(start: &[u8]) -> FileFormat {
    let is_workbook = memchr::memmem::find(start, b"[Content_Types].xml").is_some();
    match is_workbook {
        true => FileFormat::Workbook,
        false => FileFormat::Compressed(Compression::Zip),
    }
}

/// How many bytes show an encoding without a byte order mark.
const ENCODING_SAMPLE: usize = 512;

/// UTF-16 or UTF-32 without a byte order mark: nearly all characters of a device file are ASCII, so the other bytes are zero.
pub(super) fn unmarked_encoding(start: &[u8]) -> Option<FileFormat> {
    let sample = &start[..start.len().min(ENCODING_SAMPLE)];
    if sample.len() < 8 {
        return None;
    }
    let zeros = |at: usize, step: usize| {
        let bytes = sample.iter().skip(at).step_by(step);
        let zero = bytes.clone().filter(|byte| **byte == 0).count();
        zero * 10 / bytes.count().max(1)
    };
    // In tenths: most are zero, or nearly none is.
    let (most, few) = (|tenths| tenths >= 7, |tenths| tenths == 0);
    let each_fourth = [0, 1, 2, 3].map(|at| zeros(at, 4));
    let (wide, big_endian) = match each_fourth {
        [a, b, c, d] if few(a) && most(b) && most(c) && most(d) => (true, false),
        [a, b, c, d] if most(a) && most(b) && most(c) && few(d) => (true, true),
        _ if few(zeros(0, 2)) && most(zeros(1, 2)) => (false, false),
        _ if most(zeros(0, 2)) && few(zeros(1, 2)) => (false, true),
        _ => return None,
    };
    Some(FileFormat::Encoded(Encoding {
        wide,
        big_endian,
        marked: false,
    }))
}

/// Whether there are bytes that no text has, or many that are rare in text.
pub(super) fn is_binary(start: &[u8]) -> bool {
    if start.contains(&0) {
        return true;
    }
    let rare = |byte: &&u8| matches!(byte, 0x01..=0x08 | 0x0e..=0x1a | 0x1c..=0x1f | 0x7f);
    let controls = start.iter().filter(rare).count();
    let invalid = start
        .utf8_chunks()
        .filter(|chunk| !chunk.invalid().is_empty());
    (controls + invalid.count()) * 10 > start.len()
}
