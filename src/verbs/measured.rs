//! Where numbers go that machines gather: lines on stderr, or a file. That they do not get there is told, and changes nothing else.

use crate::report::{Measured, emf, openmetrics};
use crate::world::{Readers, WholeFile};
use std::io::Write;
use std::path::{Path, PathBuf};

/// Where they go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Metrics {
    /// Lines of CloudWatch's embedded metric format, on stderr.
    Emf,
    /// An OpenMetrics text.
    File(PathBuf),
}

impl Metrics {
    /// Writes them.
    pub fn put(&self, measured: &[Measured]) {
        match self {
            Metrics::Emf => {
                let mut stderr = std::io::stderr().lock();
                for line in emf(measured) {
                    // Nobody is left to tell that stderr is closed.
                    let _ = writeln!(stderr, "{line}");
                }
            }
            Metrics::File(path) => {
                if write(path, &openmetrics(measured)).is_err() {
                    tracing::warn!("the file of metrics could not be written");
                }
            }
        }
    }
}

/// Whoever reads the file meanwhile sees the former one, whole.
fn write(path: &Path, text: &str) -> std::io::Result<()> {
    let mut file = WholeFile::begin(path, Readers::Others)?;
    file.write_all(text.as_bytes())?;
    file.put_over()
}
