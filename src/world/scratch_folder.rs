//! A folder for one run's scratch space: it goes when the run does, or, where the run was killed, when the next one starts.
//!
//! Whose folder is in use is told by a lock that dies with its process (flock), never by age or by a process's number.

use std::fs::{DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

/// What every folder's name begins with.
const PREFIX: &str = "nightferry-";

/// The file in a folder that its process holds locked.
const LOCK: &str = "lock";

/// A folder, and the lock that says that it is in use.
pub struct ScratchFolder {
    path: PathBuf,
    _lock: File,
}

impl ScratchFolder {
    /// Makes the folder `nightferry-<name>` in `parent`, for its owner alone.
    pub fn make(parent: &Path, name: &str) -> io::Result<Self> {
        let path = parent.join(format!("{PREFIX}{name}"));
        // Under a name that nobody tidies until its lock is held.
        let young = parent.join(format!(".{PREFIX}{name}"));
        DirBuilder::new().mode(0o700).create(&young)?;
        let lock = File::create_new(young.join(LOCK))?;
        lock.try_lock().map_err(|refused| match refused {
            TryLockError::Error(error) => error,
            TryLockError::WouldBlock => io::Error::other("locked by somebody else"),
        })?;
        std::fs::rename(&young, &path)?;
        Ok(ScratchFolder { path, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Removes the folders in `parent` whose processes are gone. What cannot be looked at or removed stays.
    pub fn tidy(parent: &Path) {
        for entry in std::fs::read_dir(parent).into_iter().flatten().flatten() {
            let is_ours = entry.file_name().to_str().is_some_and(|name| name.starts_with(PREFIX));
            // A link is not followed, here or in what is removed.
            if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            // For writing: NFS gives no other lock that keeps others off.
            let Ok(lock) = File::options().write(true).open(entry.path().join(LOCK)) else { continue };
            if lock.try_lock().is_ok() {
                let _ = std::fs::remove_dir_all(entry.path());
            }
        }
    }
}

impl Drop for ScratchFolder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn removes_what_dead_processes_left_and_nothing_that_is_in_use() {
        let parent = tempfile::tempdir().expect("a folder");
        let used = ScratchFolder::make(parent.path(), "used").expect("made");
        for left in ["nightferry-left", "nightferry-unknown", "other-left"] {
            std::fs::create_dir_all(parent.path().join(left).join("parts")).expect("made");
        }
        for locked in ["nightferry-left", "other-left"] {
            std::fs::write(parent.path().join(locked).join(LOCK), b"").expect("written");
        }
        ScratchFolder::tidy(parent.path());
        let there = |name: &str| parent.path().join(name).is_dir();
        assert!(!there("nightferry-left"));
        assert!(there("nightferry-unknown") && there("other-left") && used.path().is_dir());
        drop(used);
        assert!(!there("nightferry-used") && !there(".nightferry-used"));
    }
}
