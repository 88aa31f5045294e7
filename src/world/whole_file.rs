//! A file that is at its name as a whole or not at all: written beside it under a hidden name, and renamed once it is on the disk.
//!
//! ```text
//! .<name>.nightferry-<id>, locked  ->  all of it, synced  ->  <name>  ->  the folder, synced
//! ```
//!
//! What a process that was killed left there goes when the same file is written next. Whose is in use is told by a lock that dies with
//! its process (flock), as of a scratch folder.
//!
//! Never in here: what is written.

use crate::failpoint;
use rustix::fs::{CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use std::ffi::OsString;
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use uuid::Uuid;

/// Who may read a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Readers {
    /// Its owner alone.
    Owner,
    /// Whom the process's mask lets.
    Others,
}

/// A file under way; one that is dropped before it has its name is gone.
#[derive(Debug)]
pub struct WholeFile {
    path: PathBuf,
    aside: PathBuf,
    file: File,
    is_named: bool,
}

impl WholeFile {
    /// Begins the file at `path`: nothing is there yet.
    pub fn begin(path: &Path, readers: Readers) -> io::Result<Self> {
        WholeFile::tidy(path);
        let mode = match readers {
            Readers::Owner => 0o600,
            Readers::Others => 0o666,
        };
        loop {
            let mut name = beside(path).ok_or(io::ErrorKind::InvalidInput)?;
            name.push(Uuid::now_v7().to_string());
            let aside = folder_of(path).join(name);
            let file = OpenOptions::new().write(true).create_new(true).mode(mode).open(&aside)?;
            // Where there are no locks, nobody who tidies gets one either.
            let is_another = matches!(file.try_lock(), Err(TryLockError::WouldBlock));
            // Somebody who tidies came between.
            if !is_another && std::fs::symlink_metadata(&aside).is_ok() {
                return Ok(WholeFile { path: path.into(), aside, file, is_named: false });
            }
        }
    }

    /// Removes what processes that are gone left beside `path`. What cannot be looked at stays.
    pub fn tidy(path: &Path) {
        let Some(ours) = beside(path) else { return };
        for entry in std::fs::read_dir(folder_of(path)).into_iter().flatten().flatten() {
            let name = entry.file_name();
            let rest = name.as_encoded_bytes().strip_prefix(ours.as_encoded_bytes());
            let is_ours = rest.is_some_and(|rest| Uuid::try_parse_ascii(rest).is_ok());
            if !is_ours || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
                continue;
            }
            // A link is not followed. For writing: NFS gives no other lock that keeps others off.
            let mut options = OpenOptions::new();
            options.write(true).custom_flags((OFlags::NOFOLLOW | OFlags::NONBLOCK).bits() as i32);
            let Ok(left) = options.open(entry.path()) else { continue };
            if left.try_lock().is_ok() {
                let _ = std::fs::remove_file(entry.path());
            }
        }
    }

    /// Ends it, in the place of what is at its name.
    pub fn put_over(self) -> io::Result<()> {
        self.named(|aside, path| std::fs::rename(aside, path))
    }

    /// Ends it where nothing is at its name; fails otherwise, and what is there stays.
    pub fn put_new(self) -> io::Result<()> {
        self.named(rename_new)
    }

    fn named(mut self, rename: impl FnOnce(&Path, &Path) -> io::Result<()>) -> io::Result<()> {
        failpoint::before("file.sync");
        let synced = self.file.sync_all();
        failpoint::after("file.sync");
        synced?;
        rename(&self.aside, &self.path)?;
        self.is_named = true;
        sync_folder(folder_of(&self.path));
        Ok(())
    }
}

impl Write for WholeFile {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.file.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

impl Drop for WholeFile {
    fn drop(&mut self) {
        if !self.is_named {
            let _ = std::fs::remove_file(&self.aside);
        }
    }
}

/// What the names begin with of what is written beside `path`. It does not end as the file's does: who gathers a folder's files goes by that.
fn beside(path: &Path) -> Option<OsString> {
    let mut name = OsString::from(".");
    name.push(path.file_name()?);
    name.push(".nightferry-");
    Some(name)
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// Renames a file to a name that nothing has.
fn rename_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // NFS and others know no such renaming.
        Err(Errno::INVAL | Errno::NOSYS | Errno::NOTSUP) => link_new(from, to),
        renamed => renamed.map_err(io::Error::from),
    }
}

/// The same by a second name, and the first taken away; where it is killed between them, whoever tidies takes it away.
fn link_new(from: &Path, to: &Path) -> io::Result<()> {
    std::fs::hard_link(from, to)?;
    let _ = std::fs::remove_file(from);
    Ok(())
}

/// Keeps the name through a power cut, where the folder may be read and the file system can be asked for that. The file is there
/// either way.
fn sync_folder(folder: &Path) {
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    /// The names in a folder, and the text of the file `rows` there.
    fn seen(folder: &Path) -> (Vec<String>, Option<String>) {
        let entries = std::fs::read_dir(folder).expect("a folder");
        let mut names: Vec<String> =
            entries.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect();
        names.sort();
        (names, std::fs::read_to_string(folder.join("rows")).ok())
    }

    fn whole(text: &str) -> (Vec<String>, Option<String>) {
        (vec!["rows".to_owned()], Some(text.to_owned()))
    }

    #[test]
    fn is_at_its_name_as_a_whole_or_not_at_all() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows");
        let begun = |text: &str| {
            let mut file = WholeFile::begin(&path, Readers::Owner).expect("begun");
            file.write_all(text.as_bytes()).expect("written");
            file
        };
        let file = begun("one");
        let (names, text) = seen(folder.path());
        assert!(names.len() == 1 && names[0].starts_with(".rows.nightferry-") && text.is_none(), "{names:?}");
        drop(file);
        assert_eq!(seen(folder.path()), (Vec::new(), None), "what is not ended is gone");
        begun("two").put_new().expect("put");
        assert_eq!(seen(folder.path()), whole("two"));
        assert_eq!(std::fs::metadata(&path).expect("the file").permissions().mode() & 0o777, 0o600);
        let refused = begun("three").put_new().map_err(|error| error.kind());
        assert_eq!(refused, Err(io::ErrorKind::AlreadyExists));
        assert_eq!(seen(folder.path()), whole("two"), "what is there stays");
        begun("four").put_over().expect("put");
        assert_eq!(seen(folder.path()), whole("four"));
    }

    #[test]
    fn either_way_of_renaming_writes_over_nothing() {
        for rename in [rename_new, link_new] {
            let folder = tempfile::tempdir().expect("a folder");
            let [from, to] = ["from", "rows"].map(|name| folder.path().join(name));
            std::fs::write(&from, "one").expect("written");
            rename(&from, &to).expect("renamed");
            assert_eq!(seen(folder.path()), whole("one"));
            std::fs::write(&from, "two").expect("written");
            assert_eq!(rename(&from, &to).map_err(|error| error.kind()), Err(io::ErrorKind::AlreadyExists));
            assert_eq!(seen(folder.path()).1.as_deref(), Some("one"));
        }
    }

    #[test]
    fn removes_what_dead_processes_left_beside_it_and_nothing_that_is_in_use_or_anothers() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("rows");
        let id = Uuid::now_v7();
        let (left, others) = (format!(".rows.nightferry-{id}"), format!(".other.nightferry-{id}"));
        for name in [left.as_str(), &others, ".rows.nightferry-backup", ".rows.nightferry", ".rows.old"] {
            std::fs::write(folder.path().join(name), b"half").expect("written");
        }
        let used = WholeFile::begin(&path, Readers::Others).expect("begun");
        WholeFile::tidy(&path);
        let used_at = used.aside.file_name().expect("a name").to_string_lossy().into_owned();
        let mut expected = vec![&others, ".rows.nightferry-backup", ".rows.nightferry", used_at.as_str(), ".rows.old"];
        expected.sort_unstable();
        assert_eq!(seen(folder.path()).0, expected);
        used.put_new().expect("put");
        assert!(path.exists());
    }
}
