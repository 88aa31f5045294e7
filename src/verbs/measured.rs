//! Where numbers go that machines gather: lines on stderr, or a file. That they do not get there is told, and changes nothing else.

use crate::report::{Measured, emf, openmetrics};
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
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    // Gatherers of a folder look at names that end as the file's does.
    let aside = folder.join(format!(".{name}.{}", std::process::id()));
    std::fs::write(&aside, text)?;
    std::fs::rename(&aside, path).inspect_err(|_| {
        let _ = std::fs::remove_file(&aside);
    })
}
