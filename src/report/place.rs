//! Where the files of a result lie: in a folder of the disk, or in memory.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};

use flate2::bufread::MultiGzDecoder;

use super::error::ReportError;
use super::file::ResultFile;

/// Takes the files of a result.
pub trait Shelf {
    /// Opens a file for writing; `name` may begin with a folder.
    ///
    /// # Errors
    /// If the file cannot be created.
    fn create(&self, name: &str) -> Result<ResultFile, ReportError>;

    /// Takes a file that is complete.
    ///
    /// # Errors
    /// If what was written last did not reach its place.
    fn add(&mut self, file: ResultFile) -> Result<(), ReportError>;

    /// Takes a whole file.
    ///
    /// # Errors
    /// If it cannot be written.
    fn write(&mut self, name: &str, contents: &[u8]) -> Result<(), ReportError> {
        let mut file = self.create(name)?;
        io::Write::write_all(&mut file, contents).map_err(|cause| file.trouble(cause))?;
        self.add(file)
    }
}

/// The files of a result where there is no disk, or none is wanted.
#[derive(Debug, Default)]
pub struct HeldFiles {
    files: BTreeMap<String, Vec<u8>>,
    digests: BTreeMap<String, String>,
}

impl HeldFiles {
    /// Returns the octets of a file.
    #[must_use]
    pub fn get(&self, name: &str) -> Option<&[u8]> {
        self.files.get(name).map(Vec::as_slice)
    }

    /// Returns the BLAKE3 digest of each file, as `run.json` has them.
    #[must_use]
    pub fn digests(&self) -> &BTreeMap<String, String> {
        &self.digests
    }

    /// Returns the names of the files and how many octets each has.
    pub fn sizes(&self) -> impl Iterator<Item = (&str, usize)> {
        self.files.iter().map(|(name, octets)| (name.as_str(), octets.len()))
    }
}

impl Shelf for HeldFiles {
    fn create(&self, name: &str) -> Result<ResultFile, ReportError> {
        Ok(ResultFile::held(name))
    }

    fn add(&mut self, file: ResultFile) -> Result<(), ReportError> {
        let finished = file.finish()?;
        self.files.insert(finished.name.clone(), finished.octets);
        self.digests.insert(finished.name, finished.digest);
        Ok(())
    }
}

/// Octets of a packed table that are read at once.
const PIECE: usize = 1 << 16;

/// Returns the name of a table when it is packed.
#[must_use]
pub(super) fn packed_name(name: &str) -> String {
    format!("{name}.gz")
}

/// Opens a file of a result folder for reading; of a table that is packed, what it holds.
///
/// # Errors
/// If it is there in neither form, or cannot be read.
pub fn open_file(folder: &Path, name: &str) -> io::Result<Box<dyn Read>> {
    match File::open(folder.join(name)) {
        Err(cause) if cause.kind() == io::ErrorKind::NotFound && name.ends_with(".csv") => {
            let packed = File::open(folder.join(packed_name(name)))?;
            Ok(Box::new(MultiGzDecoder::new(BufReader::with_capacity(PIECE, packed))))
        }
        plain => Ok(Box::new(plain?)),
    }
}

/// Where files are read back from.
#[derive(Debug, Clone, Copy)]
pub(super) enum Place<'f> {
    Disk(&'f Path),
    Memory(&'f HeldFiles),
}

impl<'f> Place<'f> {
    /// Returns the name by which a person knows a file.
    pub(super) fn path(self, name: &str) -> PathBuf {
        match self {
            Self::Disk(folder) => folder.join(name),
            Self::Memory(_) => PathBuf::from(name),
        }
    }

    /// Opens a file for reading; of a table that is packed, what it holds.
    ///
    /// # Errors
    /// If it is not there, or cannot be read.
    pub(super) fn open(self, name: &str) -> io::Result<Box<dyn Read + 'f>> {
        match self {
            Self::Disk(folder) => open_file(folder, name).map(|file| file as Box<dyn Read + 'f>),
            Self::Memory(held) => match held.get(name) {
                Some(octets) => Ok(Box::new(octets)),
                None => Err(io::ErrorKind::NotFound.into()),
            },
        }
    }
}
