//! Reading what may keep the program waiting, and small inputs of which no more is read than they may have.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use crate::failure::{Failure, plain};
use crate::redact;
use crate::settings::Stdin;

/// Reads on a thread of its own, so that a command that is stopped ends at once although the read goes on.
pub(crate) async fn aside<T: Send + 'static>(
    read: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> io::Result<T> {
    tokio::task::spawn_blocking(read)
        .await
        .map_err(io::Error::other)
        .flatten()
}

/// A small input: the option that names it, what it holds, and the most bytes that it may have.
#[derive(Clone, Copy, Debug)]
pub(crate) struct SmallInput<'a> {
    pub(crate) option: &'a str,
    what: &'a str,
    limit: u64,
}

const KIB: u64 = 1024;
const MIB: u64 = 1024 * KIB;

/// A bundle of a system's certificate authorities has about 250 KiB.
pub(crate) const CA_FILE: SmallInput<'_> = SmallInput::new("--ca-file", "CA file", 4 * MIB);
/// The tags of a twin have at most 8 KB and its desired properties 32 KB, before escapes and spaces.
pub(crate) const PATCH: SmallInput<'_> = SmallInput::new("--patch", "twin patch", MIB);
/// A method payload has at most 128 KB, before escapes and spaces.
pub(crate) const PAYLOAD: SmallInput<'_> = SmallInput::new("--payload-file", "method payload", MIB);
/// A fault has about 200 bytes.
pub(crate) const FAULTS: SmallInput<'_> = SmallInput::new("--faults", "fault script", MIB);
/// A secret of more bytes makes no better pseudonyms.
pub(crate) const KEY_FILE: SmallInput<'_> = SmallInput::new("--key-file", "key", 64 * KIB);
/// One row, whose twin may reach every limit of the service.
pub(crate) const TEMPLATE: SmallInput<'_> = SmallInput::new("--template", "template", MIB);

/// Connection strings and container URIs have some hundred bytes.
pub(crate) const fn secret<'a>(option: &'a str, what: &'a str) -> SmallInput<'a> {
    SmallInput::new(option, what, 64 * KIB)
}

impl<'a> SmallInput<'a> {
    const fn new(option: &'a str, what: &'a str, limit: u64) -> Self {
        Self {
            option,
            what,
            limit,
        }
    }

    /// Reads a file to its end.
    pub(crate) async fn read(self, path: &Path) -> Result<Vec<u8>, Failure> {
        let (file, limit) = (path.to_owned(), self.limit);
        let read = aside(move || {
            let file = File::open(file)?;
            let metadata = file.metadata()?;
            if metadata.is_dir() {
                return Ok(Content::Folder);
            }
            Content::of(file, limit, metadata.is_file().then_some(metadata.len()))
        });
        self.judge(&path.display().to_string(), read.await)
    }

    /// Reads a file, or standard input for `-`.
    pub(crate) async fn read_or_stdin(
        self,
        path: &Path,
        stdin: &Stdin,
    ) -> Result<Vec<u8>, Failure> {
        if path != Path::new("-") {
            return self.read(path).await;
        }
        stdin.take(self.option)?;
        let limit = self.limit;
        let read = aside(move || Content::of(io::stdin().lock(), limit, None));
        self.judge("standard input", read.await)
    }

    /// As [`read`](Self::read), for text.
    pub(crate) async fn read_text(self, path: &Path) -> Result<String, Failure> {
        self.text(path, self.read(path).await?)
    }

    /// As [`read_or_stdin`](Self::read_or_stdin), for text.
    pub(crate) async fn read_text_or_stdin(
        self,
        path: &Path,
        stdin: &Stdin,
    ) -> Result<String, Failure> {
        self.text(path, self.read_or_stdin(path, stdin).await?)
    }

    fn text(self, path: &Path, bytes: Vec<u8>) -> Result<String, Failure> {
        String::from_utf8(bytes).map_err(|_| {
            let name = if path == Path::new("-") {
                "standard input".to_owned()
            } else {
                path.display().to_string()
            };
            self.failure(&name, "it is not UTF-8 text")
        })
    }

    fn judge(self, name: &str, read: io::Result<Content>) -> Result<Vec<u8>, Failure> {
        let limit = size(self.limit);
        match read {
            Ok(Content::Whole(bytes)) => Ok(bytes),
            Ok(Content::TooLarge(Some(bytes))) => {
                let why = format!("it has {}, and the limit is {limit}", size(bytes));
                Err(self.failure(name, &why))
            }
            Ok(Content::TooLarge(None)) => Err(self.failure(
                name,
                &format!("it has more than {limit}, which is the limit"),
            )),
            Ok(Content::Folder) => Err(self.failure(name, "it is a folder")),
            Err(error) => Err(self.failure(name, &plain(&error))),
        }
    }

    /// A secret in the place of the name is not repeated.
    fn failure(self, name: &str, why: &str) -> Failure {
        if redact::is_secret(name) {
            return Failure::secret_as_name(format_args!(
                "cannot read the {} ({})",
                self.what, self.option
            ));
        }
        Failure::usage(format_args!(
            "cannot read the {} from {name} ({}): {why}",
            self.what, self.option
        ))
    }
}

/// What was read of a small input.
enum Content {
    Whole(Vec<u8>),
    /// More than the limit; its size where that is known.
    TooLarge(Option<u64>),
    Folder,
}

impl Content {
    fn of(source: impl Read, limit: u64, known: Option<u64>) -> io::Result<Self> {
        if known.is_some_and(|bytes| bytes > limit) {
            return Ok(Self::TooLarge(known));
        }
        let mut bytes = Vec::new();
        source.take(limit + 1).read_to_end(&mut bytes)?;
        if bytes.len() as u64 > limit {
            return Ok(Self::TooLarge(None));
        }
        Ok(Self::Whole(bytes))
    }
}

/// A number of bytes in the largest unit that it is a multiple of, or about.
fn size(bytes: u64) -> String {
    match bytes {
        0..KIB => format!("{bytes} bytes"),
        KIB..MIB => format!("{} KiB", bytes.div_ceil(KIB)),
        _ => format!("{} MiB", bytes.div_ceil(MIB)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn an_input_of_the_limit_is_read_and_one_byte_more_is_not() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("key");
        let most = usize::try_from(KEY_FILE.limit).unwrap();
        std::fs::write(&path, vec![b'k'; most]).unwrap();
        assert_eq!(KEY_FILE.read(&path).await.unwrap().len(), most);
        std::fs::write(&path, vec![b'k'; most + 1]).unwrap();
        let failure = KEY_FILE.read(&path).await.unwrap_err();
        let name = path.display();
        assert_eq!(
            failure.message(),
            format!(
                "cannot read the key from {name} (--key-file): it has 65 KiB, and the limit is 64 KiB"
            )
        );
        let failure = KEY_FILE.read(folder.path()).await.unwrap_err();
        assert!(
            failure.message().ends_with(": it is a folder"),
            "{failure:?}"
        );
    }

    #[test]
    fn a_stream_is_read_no_further_than_its_limit() {
        let mut source = io::repeat(0);
        assert!(matches!(
            Content::of(&mut source, 100, None),
            Ok(Content::TooLarge(None))
        ));
    }
}
