//! Records into a file.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
};

use crate::record::Record;

const FLUSH_AT: usize = 256 * 1024;

/// Writes records, one a line, each ended by a line feed, in the order of members that the service uses.
///
/// Call [`Writer::finish`]: what is dropped before may not have been written.
///
/// ```
/// use jobs_devices::{Row, Writer};
/// let mut writer = Writer::new(Vec::new());
/// writer.write(&Row::new("d1"))?;
/// assert_eq!(writer.finish()?, b"{\"id\":\"d1\"}\n");
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct Writer<W: Write> {
    sink: W,
    buffer: Vec<u8>,
}

impl<W: Write> Writer<W> {
    /// Writes into anything; it needs no buffer of its own.
    pub fn new(sink: W) -> Self {
        Self {
            sink,
            buffer: Vec::with_capacity(FLUSH_AT + 4096),
        }
    }

    /// Adds one record.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write<T: Record>(&mut self, record: &T) -> io::Result<()> {
        record.write_line(&mut self.buffer);
        self.end_line()
    }

    /// Adds one record and says how many bytes its line has, the line break included.
    #[cfg(feature = "transform")]
    pub(crate) fn write_sized<T: Record>(&mut self, record: &T) -> io::Result<u64> {
        let before = self.buffer.len();
        record.write_line(&mut self.buffer);
        let size = self.buffer.len() - before + 1;
        self.end_line().map(|()| size as u64)
    }

    /// Adds a line as it is: a row that need not change, a notice, a bad line. It must hold no line break.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn write_raw(&mut self, line: &[u8]) -> io::Result<()> {
        self.buffer.extend_from_slice(line);
        self.end_line()
    }

    fn end_line(&mut self) -> io::Result<()> {
        self.buffer.push(b'\n');
        if self.buffer.len() >= FLUSH_AT {
            self.flush_buffer()
        } else {
            Ok(())
        }
    }

    fn flush_buffer(&mut self) -> io::Result<()> {
        self.sink.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }

    /// Writes what is still held and gives the sink back.
    ///
    /// # Errors
    /// Those of the sink.
    pub fn finish(mut self) -> io::Result<W> {
        self.flush_buffer()?;
        self.sink.flush()?;
        Ok(self.sink)
    }
}

/// Writes a file that appears whole or not at all: beside its place under another name, then synced and renamed. Only its owner may read it (mode 0600).
///
/// Dropped without [`FileWriter::finish`], it leaves nothing behind.
#[derive(Debug)]
pub struct FileWriter {
    /// `None` once finished.
    writer: Option<Writer<File>>,
    temporary: PathBuf,
    target: PathBuf,
}

impl Writer<File> {
    /// Starts a file that will appear at `path`, in place of one that may be there.
    ///
    /// # Errors
    /// When the folder cannot be written to.
    pub fn create(path: impl AsRef<Path>) -> io::Result<FileWriter> {
        FileWriter::create(path.as_ref())
    }
}

impl FileWriter {
    fn create(target: &Path) -> io::Result<Self> {
        let name = target
            .file_name()
            .ok_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "the path names no file"))?;
        for attempt in 0..100_u32 {
            let mut temporary = std::ffi::OsString::from(".");
            temporary.push(name);
            temporary.push(format!(".{}.{attempt}.part", std::process::id()));
            let temporary = target.with_file_name(temporary);
            match private_file(&temporary) {
                Ok(file) => {
                    return Ok(Self {
                        writer: Some(Writer::new(file)),
                        temporary,
                        target: target.to_owned(),
                    });
                }
                Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
                Err(error) => return Err(error),
            }
        }
        Err(io::Error::new(
            io::ErrorKind::AlreadyExists,
            "too many unfinished files of this name lie in the folder",
        ))
    }

    /// Adds one record.
    ///
    /// # Errors
    /// Those of the file.
    pub fn write<T: Record>(&mut self, record: &T) -> io::Result<()> {
        self.open()?.write(record)
    }

    /// Adds a line as it is; see [`Writer::write_raw`].
    ///
    /// # Errors
    /// Those of the file.
    pub fn write_raw(&mut self, line: &[u8]) -> io::Result<()> {
        self.open()?.write_raw(line)
    }

    fn open(&mut self) -> io::Result<&mut Writer<File>> {
        self.writer
            .as_mut()
            .ok_or_else(|| io::Error::other("the file is finished"))
    }

    /// Writes what is still held, makes sure that it is on the disk, and gives the file its name.
    ///
    /// # Errors
    /// Those of the file; then nothing has changed at its place.
    pub fn finish(mut self) -> io::Result<()> {
        let writer = self
            .writer
            .take()
            .ok_or_else(|| io::Error::other("the file is finished"))?;
        let outcome = writer
            .finish()
            .and_then(|file| file.sync_all())
            .and_then(|()| fs::rename(&self.temporary, &self.target));
        if outcome.is_err() {
            // The first error is the one to tell of.
            let _ = fs::remove_file(&self.temporary);
        }
        outcome?;
        sync_folder(&self.target)
    }
}

/// Raw bytes, for what is no record: a CSV table, a JSON array. [`FileWriter::finish`] is still to be called.
impl Write for FileWriter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes).map(|()| bytes.len())
    }

    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        let writer = self.open()?;
        writer.buffer.extend_from_slice(bytes);
        if writer.buffer.len() >= FLUSH_AT {
            writer.flush_buffer()?;
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.open()?.flush_buffer()
    }
}

impl Drop for FileWriter {
    fn drop(&mut self) {
        if self.writer.take().is_some() {
            let _ = fs::remove_file(&self.temporary);
        }
    }
}

fn private_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

/// A rename is on the disk only when its folder is.
fn sync_folder(target: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = target
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}
