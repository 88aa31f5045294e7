//! What lies in a store that is a source: its objects, and their bytes. Each asking is a place where a test kills the process.
//!
//! Never in here: what an answer means.

use crate::access::Folder;
use crate::failpoint;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{GetOptions, GetResult, ObjectMeta, Result};

/// The objects below `place`.
pub(super) async fn listed(folder: &Folder, place: &Path) -> Result<Vec<ObjectMeta>> {
    failpoint::around("source.list", folder.store().list(Some(place)).try_collect()).await
}

/// The object at `place`, or what `options` ask of it.
pub(super) async fn got(folder: &Folder, place: &Path, options: GetOptions) -> Result<GetResult> {
    failpoint::around("source.get", folder.store().get_opts(place, options)).await
}
