//! One file of a result in the making.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use super::error::ReportError;

/// A result file in the making, whose digest is taken as it is written. Callers write in large
/// pieces.
#[derive(Debug)]
pub struct ResultFile {
    name: String,
    path: PathBuf,
    sink: Sink,
    digest: blake3::Hasher,
}

/// Where its octets go.
#[derive(Debug)]
enum Sink {
    Disk(File),
    Memory(Vec<u8>),
}

/// A file that is whole.
#[derive(Debug)]
pub(super) struct Finished {
    pub(super) name: String,
    pub(super) digest: String,
    /// What it holds, if it is held in memory.
    pub(super) octets: Vec<u8>,
}

impl ResultFile {
    /// Begins a file of a folder of the disk.
    pub(super) fn create(folder: &Path, name: &str) -> Result<Self, ReportError> {
        let path = folder.join(name);
        let trouble = |cause| ReportError::io("create", &path, cause);
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(trouble)?;
        }
        let sink = Sink::Disk(File::create(&path).map_err(trouble)?);
        Ok(Self { name: name.to_owned(), path, sink, digest: blake3::Hasher::new() })
    }

    /// Begins a file that is held in memory.
    pub(super) fn held(name: &str) -> Self {
        let sink = Sink::Memory(Vec::new());
        Self { name: name.to_owned(), path: name.into(), sink, digest: blake3::Hasher::new() }
    }

    pub(super) fn trouble(&self, cause: io::Error) -> ReportError {
        ReportError::io("write", &self.path, cause)
    }

    /// Completes the file.
    pub(super) fn finish(mut self) -> Result<Finished, ReportError> {
        self.flush().map_err(|cause| ReportError::io("write", &self.path, cause))?;
        let octets = match self.sink {
            Sink::Disk(_) => Vec::new(),
            Sink::Memory(octets) => octets,
        };
        let digest = self.digest.finalize().to_hex().to_string();
        Ok(Finished { name: self.name, digest, octets })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }
}

impl Write for ResultFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let written = match &mut self.sink {
            Sink::Disk(file) => file.write(bytes)?,
            Sink::Memory(octets) => octets.write(bytes)?,
        };
        self.digest.update(&bytes[..written]);
        Ok(written)
    }

    fn flush(&mut self) -> io::Result<()> {
        match &mut self.sink {
            Sink::Disk(file) => file.flush(),
            Sink::Memory(_) => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_disk_is_an_ordinary_error() {
        let full = Path::new("/dev/full");
        if !full.exists() {
            eprintln!("left out: this machine has no /dev/full");
            return;
        }
        let sink = Sink::Disk(File::options().write(true).open(full).unwrap());
        let digest = blake3::Hasher::new();
        let mut file = ResultFile { name: "x".to_owned(), path: full.to_owned(), sink, digest };
        let cause = file.write_all(b"data").unwrap_err();
        let error = file.trouble(cause);
        assert!(matches!(error, ReportError::DiskFull { .. }), "{error}");
        assert!(error.to_string().contains("no space left"), "{error}");
    }
}
