//! The project's folder: the nearest one upwards that holds `jobs/`. Paths in files are relative to it, wherever the
//! command is run.

use std::io;
use std::path::{Component, Path, PathBuf};

/// Largest text a person may have written, in bytes.
pub const TEXT_BYTES_MAX: u64 = 1 << 20;

/// The folder that holds `jobs/`.
#[derive(Clone, Debug)]
pub struct Project {
    root: PathBuf,
}

/// Why a text of the project cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadFault {
    /// It is not there.
    #[error("is not there")]
    NotThere,
    /// It is a folder, or may not be read.
    #[error("cannot be read")]
    Unreadable,
    /// It is larger than [`TEXT_BYTES_MAX`].
    #[error("is larger than 1 MiB")]
    TooLarge,
    /// It is not UTF-8.
    #[error("is not text in UTF-8")]
    NotText,
}

impl Project {
    /// The project around the file or folder at `start`: the nearest folder upwards from it that holds `jobs/`, else the
    /// current folder.
    pub fn around(start: &Path) -> io::Result<Self> {
        let here = std::env::current_dir()?;
        let start = here.join(start);
        let root = start.ancestors().skip(1).chain(here.ancestors()).find(|folder| folder.join("jobs").is_dir());
        Ok(Project { root: root.unwrap_or(&here).to_path_buf() })
    }

    /// The folder.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// `path` as given on the command line, as the project's files name it: relative to the project where it lies inside.
    pub fn name_of(&self, path: &Path) -> io::Result<String> {
        let absolute = normal(&std::env::current_dir()?.join(path));
        let named = absolute.strip_prefix(&self.root).unwrap_or(&absolute);
        Ok(named.to_string_lossy().into_owned())
    }

    /// Where a path of the project's files is.
    pub fn path(&self, name: &str) -> PathBuf {
        self.root.join(name)
    }

    /// A text of the project, at most [`TEXT_BYTES_MAX`] bytes.
    pub fn read(&self, name: &str) -> Result<String, ReadFault> {
        let path = self.path(name);
        let about = std::fs::metadata(&path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => ReadFault::NotThere,
            _ => ReadFault::Unreadable,
        })?;
        if about.len() > TEXT_BYTES_MAX {
            return Err(ReadFault::TooLarge);
        }
        if !about.is_file() {
            return Err(ReadFault::Unreadable);
        }
        let bytes = std::fs::read(&path).map_err(|_| ReadFault::Unreadable)?;
        String::from_utf8(bytes).map_err(|_| ReadFault::NotText)
    }
}

/// The path with `.` and `..` worked out by name, so that it can be shown and compared.
fn normal(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                out.pop();
            }
            part => out.push(part),
        }
    }
    out
}
