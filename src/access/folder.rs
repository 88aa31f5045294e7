//! A folder in some object store: the store, the prefix, and what to call it in messages.
//!
//! Never in here: calls to the store. `object_store` is the port already; this only keeps the prefix from being forgotten.

use object_store::ObjectStore;
use object_store::path::Path;
use std::fmt;
use std::sync::Arc;

/// A folder in some object store.
#[derive(Clone)]
pub struct Folder {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    label: Arc<str>,
}

impl Folder {
    /// The folder `prefix` of `store`; `label` is what messages call it, such as `warehouse`.
    pub fn new(store: Arc<dyn ObjectStore>, prefix: Path, label: &str) -> Self {
        Folder { store, prefix, label: label.into() }
    }

    /// The object store.
    pub fn store(&self) -> &dyn ObjectStore {
        self.store.as_ref()
    }

    /// What messages call it.
    pub fn label(&self) -> &str {
        &self.label
    }

    /// The object `relative` (segments divided by `/`) under this folder.
    pub fn at(&self, relative: &str) -> Path {
        relative.split('/').filter(|part| !part.is_empty()).fold(self.prefix.clone(), |path, part| path.join(part))
    }

    /// The folder `relative` under this one, with the same label.
    pub fn child(&self, relative: &str) -> Folder {
        Folder { store: self.store.clone(), prefix: self.at(relative), label: self.label.clone() }
    }

    /// `path` as seen from this folder; `None` when it is not under it.
    pub fn relative(&self, path: &Path) -> Option<String> {
        let rest: Vec<String> = path.prefix_match(&self.prefix)?.map(|part| part.as_ref().to_owned()).collect();
        Some(rest.join("/"))
    }
}

impl fmt::Debug for Folder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({})", self.label, self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use object_store::memory::InMemory;

    #[test]
    fn keeps_every_path_under_its_prefix() {
        let folder = Folder::new(Arc::new(InMemory::new()), Path::from("analytics"), "warehouse");
        let part = folder.at("invoice/run=0199/part-00000-ab.parquet");
        assert_eq!(part.as_ref(), "analytics/invoice/run=0199/part-00000-ab.parquet");
        assert_eq!(folder.relative(&part).as_deref(), Some("invoice/run=0199/part-00000-ab.parquet"));
        assert_eq!(folder.child("invoice").relative(&part).as_deref(), Some("run=0199/part-00000-ab.parquet"));
        assert_eq!(folder.relative(&Path::from("elsewhere/x")), None);
        assert!(folder.at("../other").as_ref().starts_with("analytics/"));
    }
}
