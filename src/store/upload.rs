//! An object that comes a piece at a time, and is there as a whole or not at all: what is small in one PUT, the rest in parts that
//! the store puts together at the end.
//!
//! It takes the place of what was there when it was begun. Where something else is there by then, what comes in one PUT gives way (`over`);
//! of parts a store asks nobody, so that whoever uploads looks before they are put together.
//!
//! What is begun and not ended is aborted, also when whoever uploads is dropped: no part of it stays. A kill leaves parts that no
//! reader sees; the store forgets them by its own rule (`deploy`).
//!
//! Never in here: what is uploaded.

use super::absent::name;
use super::fault::{StoreError, fault};
use super::over::{Before, put_over, tag};
use crate::access::Folder;
use crate::failpoint;
use bytes::Bytes;
use object_store::path::Path;
use object_store::{MultipartUpload, ObjectStoreExt, PutPayload};
use ring::digest::{Context, SHA256};

/// Bytes of a part; ten thousand of them are the largest object.
#[cfg(not(test))]
const PIECE_BYTES: usize = 16 << 20;
#[cfg(test)]
const PIECE_BYTES: usize = 1 << 10;

/// An object under way.
pub(super) struct Upload<'a> {
    folder: &'a Folder,
    key: Path,
    call: &'static str,
    waiting: Vec<u8>,
    whole: Context,
    bytes: u64,
    begun: Option<Box<dyn MultipartUpload>>,
    before: Before,
}

/// An object that is there.
pub(super) struct Uploaded {
    pub(super) bytes: u64,
    /// Hex.
    pub(super) sha256: String,
}

impl<'a> Upload<'a> {
    /// Nothing is there of it yet; `call` is the place where a test kills the process.
    pub(super) async fn over(folder: &'a Folder, key: Path, call: &'static str) -> Result<Self, StoreError> {
        let (waiting, whole, before) = (Vec::new(), Context::new(&SHA256), tag(folder, &key).await?);
        Ok(Upload { folder, key, call, waiting, whole, bytes: 0, begun: None, before })
    }

    /// The bytes that come next.
    pub(super) async fn write(&mut self, bytes: &Bytes) -> Result<(), StoreError> {
        self.whole.update(bytes);
        self.bytes += bytes.len() as u64;
        let mut rest = bytes.as_ref();
        while self.waiting.len() + rest.len() > PIECE_BYTES {
            let (piece, after) = rest.split_at(PIECE_BYTES - self.waiting.len());
            self.waiting.extend_from_slice(piece);
            rest = after;
            self.piece().await?;
        }
        self.waiting.extend_from_slice(rest);
        Ok(())
    }

    async fn piece(&mut self) -> Result<(), StoreError> {
        let payload = PutPayload::from(std::mem::take(&mut self.waiting));
        let begun = match &mut self.begun {
            Some(begun) => begun,
            none => {
                let begun = self.folder.store().put_multipart(&self.key).await;
                none.insert(
                    begun
                        .map_err(|error| fault(self.folder, "beginning an object", "the bucket or container", error))?,
                )
            }
        };
        failpoint::before(self.call);
        let put = begun.put_part(payload).await;
        failpoint::after(self.call);
        put.map_err(|error| fault(self.folder, "writing an object", &name(self.folder, &self.key), error))
    }

    /// Ends it: now it is there, in the place of what was there before; `None` where that is something else by now.
    pub(super) async fn finish(mut self) -> Result<Option<Uploaded>, StoreError> {
        if self.begun.is_some() && !self.waiting.is_empty() {
            self.piece().await?;
        }
        match &mut self.begun {
            Some(begun) => {
                failpoint::before(self.call);
                let done = begun.complete().await;
                failpoint::after(self.call);
                done.map_err(|error| fault(self.folder, "writing an object", &name(self.folder, &self.key), error))?;
            }
            None => {
                let bytes = Bytes::from(std::mem::take(&mut self.waiting));
                if put_over(self.folder, &self.key, bytes, &self.before, self.call).await?.is_none() {
                    return Ok(None);
                }
            }
        }
        self.begun = None;
        let sha256 = self.whole.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Uploaded { bytes: self.bytes, sha256 }))
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        // Whoever is told to stop still files a report: there is time for this beside it.
        if let (Some(mut begun), Ok(runtime)) = (self.begun.take(), tokio::runtime::Handle::try_current()) {
            runtime.spawn(async move { begun.abort().await });
        }
    }
}
