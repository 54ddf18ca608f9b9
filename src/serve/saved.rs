//! The file that a changed scenario is saved to, named when serving began and never by the page.

use std::fs::{self, OpenOptions};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

/// Where the changed scenario may be saved. A file that is there already is left as it is, unless
/// that was said, or it was written by an earlier save.
#[derive(Debug)]
pub struct SaveTo {
    path: PathBuf,
    may_replace: AtomicBool,
}

impl SaveTo {
    /// Returns a place to save to; `overwrite` allows a file that is there already to be replaced.
    #[must_use]
    pub fn new(path: PathBuf, overwrite: bool) -> Self {
        // A link keeps its place; the file that it leads to is replaced.
        let path = fs::canonicalize(&path).unwrap_or(path);
        Self { path, may_replace: AtomicBool::new(overwrite) }
    }

    /// Returns the file.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Writes the file; it is never seen half-written.
    ///
    /// # Errors
    /// If it is there and may not be replaced, or cannot be written.
    pub(super) fn save(&self, text: &str) -> io::Result<()> {
        let mut unfinished = self.path.clone().into_os_string();
        unfinished.push(".unfinished");
        let unfinished = Path::new(&unfinished);
        let written = fs::write(unfinished, text);
        let moved = written.and_then(|()| {
            if self.may_replace.load(Ordering::Relaxed) {
                fs::rename(unfinished, &self.path)
            } else {
                self.appear(unfinished, text)
            }
        });
        // What is half-written helps nobody; a failure to remove it changes nothing. (What was moved is
        // not there any more.)
        let _ = fs::remove_file(unfinished);
        moved
    }

    /// Gives what is written the name under which nothing may be yet.
    fn appear(&self, unfinished: &Path, text: &str) -> io::Result<()> {
        match fs::hard_link(unfinished, &self.path) {
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => return Err(cause),
            Ok(()) => {}
            // A file system without links.
            Err(_) => {
                let mut file = OpenOptions::new().write(true).create_new(true).open(&self.path)?;
                file.write_all(text.as_bytes())?;
            }
        }
        self.may_replace.store(true, Ordering::Relaxed);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_its_own_file_is_replaced_unless_told() {
        let place = tempfile::tempdir().unwrap();
        let path = place.path().join("saved.toml");
        let first = SaveTo::new(path.clone(), false);
        first.save("one").unwrap();
        first.save("two").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        let refused = SaveTo::new(path.clone(), false).save("three").unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AlreadyExists);
        assert_eq!(fs::read_to_string(&path).unwrap(), "two");
        SaveTo::new(path.clone(), true).save("four").unwrap();
        assert_eq!(fs::read_to_string(&path).unwrap(), "four");
        assert_eq!(fs::read_dir(place.path()).unwrap().count(), 1);
    }
}
