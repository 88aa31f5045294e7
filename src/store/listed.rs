//! What lies below a place of a store. A local folder that was never made has nothing in it, as a prefix of S3 and Azure has.
//!
//! Never in here: what a name means.

use super::fault::{StoreError, fault};
use crate::access::Folder;
use crate::failpoint;
use futures::TryStreamExt;
use object_store::path::Path;
use object_store::{Error, ObjectMeta};

/// The objects below `prefix`, in no order; where `after` is given, those whose paths come after it, so that S3 and Azure begin there.
/// `during` is what an error says was being done.
pub(super) async fn listed(
    folder: &Folder,
    prefix: &Path,
    after: Option<&Path>,
    during: &'static str,
) -> Result<Vec<ObjectMeta>, StoreError> {
    let listing = match after {
        None => folder.store().list(Some(prefix)),
        Some(after) => folder.store().list_with_offset(Some(prefix), after),
    };
    match failpoint::around("store.list", listing.try_collect()).await {
        Err(Error::NotFound { .. }) => Ok(Vec::new()),
        listed => listed.map_err(|error| fault(folder, during, "the bucket or container", error)),
    }
}
