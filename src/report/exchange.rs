//! Putting a finished folder in the place of another: at one instant where the system can do that.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Moves the folder `new` to `target`, where a folder stands already, and returns where that stands
/// then.
///
/// Linux exchanges two names at one instant (`renameat2` with `RENAME_EXCHANGE`), so that whoever
/// looks at `target` sees the one or the other, also when this program is killed meanwhile. Where
/// the system or its file system cannot, two renames do it, with an instant between them at which
/// nothing stands at `target`.
///
/// # Errors
/// If it cannot be moved; both are then where they were.
pub(super) fn exchange(new: &Path, target: &Path) -> io::Result<PathBuf> {
    match at_once(new, target) {
        Some(Ok(())) => Ok(new.to_owned()),
        Some(Err(cause)) => Err(cause),
        None => one_after_the_other(new, target),
    }
}

/// None: it cannot be done here.
#[cfg(target_os = "linux")]
fn at_once(new: &Path, target: &Path) -> Option<io::Result<()>> {
    use rustix::fs::{CWD, RenameFlags, renameat_with};
    use rustix::io::Errno;

    match renameat_with(CWD, new, CWD, target, RenameFlags::EXCHANGE) {
        Ok(()) => Some(Ok(())),
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => None,
        Err(errno) => Some(Err(errno.into())),
    }
}

#[cfg(not(target_os = "linux"))]
fn at_once(_new: &Path, _target: &Path) -> Option<io::Result<()>> {
    None
}

fn one_after_the_other(new: &Path, target: &Path) -> io::Result<PathBuf> {
    let mut former = new.to_owned().into_os_string();
    former.push("-former");
    let former = PathBuf::from(former);
    fs::rename(target, &former)?;
    match fs::rename(new, target) {
        Ok(()) => Ok(former),
        Err(cause) => {
            fs::rename(&former, target)?;
            Err(cause)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn either_way_the_new_one_stands_there_and_the_former_is_kept() {
        for way in [exchange, one_after_the_other] {
            let place = tempfile::tempdir().unwrap();
            let (new, target) = (place.path().join(".new"), place.path().join("target"));
            for (folder, contents) in [(&new, "new"), (&target, "former")] {
                fs::create_dir(folder).unwrap();
                fs::write(folder.join("x"), contents).unwrap();
            }
            let former = way(&new, &target).unwrap();
            assert_eq!(fs::read_to_string(target.join("x")).unwrap(), "new");
            assert_eq!(fs::read_to_string(former.join("x")).unwrap(), "former");
            assert_eq!(fs::read_dir(place.path()).unwrap().count(), 2);
        }
    }

    #[test]
    fn what_cannot_be_moved_stays() {
        let place = tempfile::tempdir().unwrap();
        let target = place.path().join("target");
        fs::create_dir(&target).unwrap();
        exchange(&place.path().join("absent"), &target).unwrap_err();
        assert!(target.is_dir());
    }
}
