//! The result folder: written beside its place, moved there only when it is whole.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufReader, BufWriter};
use std::path::{Path, PathBuf};

use flate2::Compression;
use flate2::write::GzEncoder;

use super::description::RunDescription;
use super::error::ReportError;
use super::exchange::exchange;
use super::file::ResultFile;
use super::leftovers::work_name;
use super::occupant::check_replaceable;
use super::place::{Shelf, packed_name};

/// Octets that are read and written at once where a file is packed.
const PIECE: usize = 1 << 16;

/// A result folder in the making.
///
/// Files are written to a folder beside the target, with a hidden name. [`ResultFolder::commit`]
/// moves it into place; when the value is dropped before that (an error, an interrupt), the hidden
/// folder is removed and a former result is left as it was.
#[derive(Debug)]
pub struct ResultFolder {
    target: PathBuf,
    work: PathBuf,
    digests: BTreeMap<String, String>,
    committed: bool,
}

impl ResultFolder {
    /// Returns a folder that will become `target`. To be called before the run begins, so that a
    /// folder in the way is noticed before time is spent.
    ///
    /// # Errors
    /// If `target` exists and is neither empty nor a result of mailsim with nothing else in it, if it
    /// is no folder, or if nothing can be written beside it.
    pub fn claim(target: &Path) -> Result<Self, ReportError> {
        let no_name = || ReportError::NoName { path: target.to_owned() };
        // A link to a result folder keeps its place; the folder that it leads to is replaced.
        let target = match fs::canonicalize(target) {
            Ok(path) => path,
            Err(_) => target.to_owned(),
        };
        check_replaceable(&target)?;
        let name = target.file_name().ok_or_else(no_name)?.to_string_lossy().into_owned();
        let parent = match target.parent() {
            Some(parent) if parent.as_os_str().is_empty() => Path::new("."),
            Some(parent) => parent,
            None => return Err(no_name()),
        };
        fs::create_dir_all(parent).map_err(|cause| ReportError::io("create", parent, cause))?;
        let work = make_work_folder(parent, &name)?;
        Ok(Self { target, work, digests: BTreeMap::new(), committed: false })
    }

    /// Returns the place the folder will have.
    #[must_use]
    pub fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the folder that is written to until [`ResultFolder::commit`].
    #[must_use]
    pub fn work(&self) -> &Path {
        &self.work
    }

    /// Removes a file that was wanted only on the way to others.
    ///
    /// # Errors
    /// If it cannot be removed.
    pub fn remove(&mut self, name: &str) -> Result<(), ReportError> {
        let path = self.work.join(name);
        self.digests.remove(name);
        fs::remove_file(&path).map_err(|cause| ReportError::io("remove", &path, cause))
    }

    /// Puts a packed file in the place of a plain one. Neither time nor name stands in it, so that equal
    /// files stay equal.
    ///
    /// # Errors
    /// If it cannot be read, or the packed one not be written.
    pub(super) fn pack(&mut self, name: &str) -> Result<(), ReportError> {
        let path = self.work.join(name);
        let reading = |cause| ReportError::io("read", &path, cause);
        let mut plain = BufReader::with_capacity(PIECE, File::open(&path).map_err(reading)?);
        let file = self.create(&packed_name(name))?;
        let writer = BufWriter::with_capacity(PIECE, file);
        let mut packer = GzEncoder::new(writer, Compression::default());
        let packed = io::copy(&mut plain, &mut packer).and_then(|_| packer.finish());
        let file = packed.and_then(|writer| writer.into_inner().map_err(io::Error::from));
        let file = file
            .map_err(|cause| ReportError::io("write", &self.work.join(packed_name(name)), cause))?;
        self.add(file)?;
        self.remove(name)
    }

    /// Takes note of files that were written straight into the folder.
    pub(super) fn note(&mut self, digests: BTreeMap<String, String>) {
        self.digests.extend(digests);
    }

    /// Writes `run.json` with the digests of all files and moves the folder into place.
    ///
    /// # Errors
    /// If the target has become something that may not be replaced, or cannot be moved. The target
    /// is then as it was.
    pub fn commit(self, description: &RunDescription) -> Result<(), ReportError> {
        let mut description = description.clone();
        self.commit_with(|files| {
            description.files = files;
            description.to_json()
        })
    }

    /// Does what [`ResultFolder::commit`] does with a `run.json` of another kind, made from the
    /// digests of all files.
    pub(super) fn commit_with(
        mut self,
        run_json: impl FnOnce(BTreeMap<String, String>) -> String,
    ) -> Result<(), ReportError> {
        let digests = std::mem::take(&mut self.digests);
        self.write(RunDescription::FILE, run_json(digests).as_bytes())?;
        check_replaceable(&self.target)?;
        let moving = |cause| ReportError::io("move the finished results to", &self.target, cause);
        if !self.target.exists() {
            fs::rename(&self.work, &self.target).map_err(moving)?;
            self.committed = true;
            return Ok(());
        }
        let former = exchange(&self.work, &self.target).map_err(moving)?;
        // Somebody may have put a file there since it was looked at: what was exchanged is.
        if let Err(foreign) = check_replaceable(&former) {
            exchange(&former, &self.target).map_err(moving)?;
            return Err(foreign.at(&self.target));
        }
        self.committed = true;
        fs::remove_dir_all(&former).map_err(|cause| ReportError::io("remove", &former, cause))
    }
}

impl Shelf for ResultFolder {
    fn create(&self, name: &str) -> Result<ResultFile, ReportError> {
        ResultFile::create(&self.work, name)
    }

    fn add(&mut self, file: ResultFile) -> Result<(), ReportError> {
        let finished = file.finish()?;
        self.digests.insert(finished.name, finished.digest);
        Ok(())
    }
}

/// Makes a folder of its own beside the target; whatever else has such a name stays.
fn make_work_folder(parent: &Path, name: &str) -> Result<PathBuf, ReportError> {
    let mut attempt = 0;
    loop {
        let work = parent.join(work_name(name, std::process::id(), attempt));
        match fs::create_dir(&work) {
            Ok(()) => return Ok(work),
            Err(cause) if cause.kind() == io::ErrorKind::AlreadyExists => attempt += 1,
            Err(cause) => return Err(ReportError::io("create", &work, cause)),
        }
    }
}

impl Drop for ResultFolder {
    fn drop(&mut self) {
        if !self.committed {
            // Nothing more can be done about a folder that does not let itself be removed.
            let _ = fs::remove_dir_all(&self.work);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<_> = entries
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .collect();
        names.sort();
        names
    }

    fn write_result(target: &Path, contents: &str) {
        let mut folder = ResultFolder::claim(target).unwrap();
        folder.write("summary.json", contents.as_bytes()).unwrap();
        folder.write("charts/hops.svg", b"<svg/>").unwrap();
        folder.commit(&RunDescription::default()).unwrap();
    }

    #[test]
    fn a_result_appears_whole_and_replaces_its_forerunner() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("deep/run");
        write_result(&target, "one");
        write_result(&target, "two");
        assert_eq!(fs::read_to_string(target.join("summary.json")).unwrap(), "two");
        assert_eq!(names(&target), ["charts", "run.json", "summary.json"]);
        assert_eq!(names(&place.path().join("deep")), ["run"]);
    }

    #[test]
    fn run_json_holds_the_digest_of_each_file() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("run");
        write_result(&target, "one");
        let description = RunDescription::read(&target).unwrap();
        let digest = blake3::hash(b"one").to_hex().to_string();
        assert_eq!(description.files["summary.json"], digest);
        assert_eq!(
            description.files.keys().collect::<Vec<_>>(),
            ["charts/hops.svg", "summary.json"]
        );
    }

    #[test]
    fn an_interrupted_run_leaves_the_former_result() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("run");
        write_result(&target, "one");
        let mut folder = ResultFolder::claim(&target).unwrap();
        folder.write("summary.json", b"half").unwrap();
        drop(folder);
        assert_eq!(fs::read_to_string(target.join("summary.json")).unwrap(), "one");
        assert_eq!(names(place.path()), ["run"]);
    }

    #[test]
    fn a_foreign_folder_is_refused_untouched() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("thesis");
        fs::create_dir(&target).unwrap();
        fs::write(target.join("chapter1.tex"), "years of work").unwrap();
        for run_json in [None, Some("{\"program\":\"another\"}"), Some("not JSON")] {
            if let Some(text) = run_json {
                fs::write(target.join("run.json"), text).unwrap();
            }
            let error = ResultFolder::claim(&target).unwrap_err();
            assert!(matches!(error, ReportError::Foreign { .. }), "{error}");
            assert!(error.to_string().contains("--out"), "{error}");
        }
        assert_eq!(fs::read_to_string(target.join("chapter1.tex")).unwrap(), "years of work");
        assert_eq!(names(place.path()), ["thesis"]);
    }

    #[test]
    fn a_folder_that_becomes_foreign_during_the_run_is_refused_too() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("run");
        let folder = ResultFolder::claim(&target).unwrap();
        fs::create_dir(&target).unwrap();
        fs::write(target.join("chapter1.tex"), "years of work").unwrap();
        let error = folder.commit(&RunDescription::default()).unwrap_err();
        assert!(matches!(error, ReportError::Foreign { .. }), "{error}");
        assert_eq!(names(&target), ["chapter1.tex"]);
        assert_eq!(names(place.path()), ["run"]);
    }

    #[test]
    fn a_result_with_somebody_elses_file_in_it_is_refused_untouched() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("run");
        write_result(&target, "one");
        fs::write(target.join("notes.md"), "a day of notes").unwrap();
        let error = ResultFolder::claim(&target).unwrap_err();
        assert!(error.to_string().contains("notes.md"), "{error}");
        assert_eq!(names(&target), ["charts", "notes.md", "run.json", "summary.json"]);
        assert_eq!(fs::read_to_string(target.join("summary.json")).unwrap(), "one");
        assert_eq!(names(place.path()), ["run"]);
    }

    #[test]
    fn a_file_that_comes_during_the_run_saves_the_folder() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("run");
        write_result(&target, "one");
        let mut folder = ResultFolder::claim(&target).unwrap();
        folder.write("summary.json", b"two").unwrap();
        fs::write(target.join("notes.md"), "a day of notes").unwrap();
        let error = folder.commit(&RunDescription::default()).unwrap_err();
        assert!(error.to_string().contains("notes.md"), "{error}");
        assert_eq!(fs::read_to_string(target.join("summary.json")).unwrap(), "one");
        assert_eq!(names(place.path()), ["run"]);
    }

    #[test]
    fn an_empty_folder_is_used_and_a_file_in_the_way_is_not() {
        let place = tempfile::tempdir().unwrap();
        let empty = place.path().join("empty");
        fs::create_dir(&empty).unwrap();
        write_result(&empty, "one");
        assert!(empty.join("summary.json").exists());
        let file = place.path().join("file");
        fs::write(&file, "x").unwrap();
        let error = ResultFolder::claim(&file).unwrap_err();
        assert!(matches!(error, ReportError::NotAFolder { .. }), "{error}");
        let error = ResultFolder::claim(&file.join("below")).unwrap_err();
        assert!(error.to_string().contains("file"), "{error}");
        let error = ResultFolder::claim(Path::new("/")).unwrap_err();
        assert!(
            matches!(error, ReportError::Foreign { .. } | ReportError::NoName { .. }),
            "{error}"
        );
    }
}
