//! An object that comes a piece at a time, and is there as a whole or not at all: what is small in one PUT, the rest in parts that
//! the store puts together at the end.
//!
//! It takes the place of what was there when it was begun. Where something else is there by then, what comes in one PUT gives way (`over`);
//! of parts a store asks nobody, so that whoever uploads looks before they are put together.
//!
//! What is begun and not ended is aborted: whoever fails waits for that, and where the one who uploads is dropped, who files the report
//! of the run waits for it ([`aborted`]). So no part of it stays. A kill leaves parts that no reader sees; the store forgets them by its
//! own rule (`deploy`). In a local folder it leaves the file `<name>#1` beside the object, which `object_store` neither lists nor deletes.
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
use std::sync::LazyLock;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinHandle;

/// Bytes of a part; ten thousand of them are the largest object.
#[cfg(not(test))]
const PIECE_BYTES: usize = 16 << 20;
#[cfg(test)]
const PIECE_BYTES: usize = 1 << 10;

/// How long an abort is waited for; it goes on behind that for as long as the process does.
const ABORTING_MAX: Duration = Duration::from_secs(10);

/// How many uploads of this process are being begun or aborted.
static UNDER_WAY: LazyLock<watch::Sender<usize>> = LazyLock::new(|| watch::Sender::new(0));

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
            none => none.insert(begin(self.folder, &self.key).await?),
        };
        let put = failpoint::around(self.call, begun.put_part(payload)).await;
        put.map_err(|error| fault(self.folder, "writing an object", &name(self.folder, &self.key), error))
    }

    /// Ends it: now it is there, in the place of what was there before; `None` where that is something else by now.
    pub(super) async fn finish(mut self) -> Result<Option<Uploaded>, StoreError> {
        match self.put_together().await {
            Ok(true) => {}
            Ok(false) => return Ok(None),
            Err(error) => {
                self.abort().await;
                return Err(error);
            }
        }
        self.begun = None;
        let sha256 = self.whole.clone().finish().as_ref().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Some(Uploaded { bytes: self.bytes, sha256 }))
    }

    /// Gives it up: no part of it stays, as far as the store answers.
    pub(super) async fn abort(mut self) {
        if let Some(aborting) = self.begun.take().and_then(give_up) {
            let _ = tokio::time::timeout(ABORTING_MAX, aborting).await;
        }
    }

    /// Whether it is there now: not where that is something else by now.
    async fn put_together(&mut self) -> Result<bool, StoreError> {
        if self.begun.is_some() && !self.waiting.is_empty() {
            self.piece().await?;
        }
        match &mut self.begun {
            Some(begun) => {
                let done = failpoint::around(self.call, begun.complete()).await;
                done.map_err(|error| fault(self.folder, "writing an object", &name(self.folder, &self.key), error))?;
                Ok(true)
            }
            None => {
                let bytes = Bytes::from(std::mem::take(&mut self.waiting));
                Ok(put_over(self.folder, &self.key, bytes, &self.before, self.call).await?.is_some())
            }
        }
    }
}

impl Drop for Upload<'_> {
    fn drop(&mut self) {
        // Whoever is told to stop still files a report, and waits for this beside it.
        drop(self.begun.take().and_then(give_up));
    }
}

/// Something that is begun or aborted, for as long as it lives.
struct UnderWay;

impl UnderWay {
    fn new() -> Self {
        UNDER_WAY.send_modify(|number| *number += 1);
        UnderWay
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        UNDER_WAY.send_modify(|number| *number -= 1);
    }
}

/// What a store has begun and nobody has taken yet.
struct Unclaimed(Option<Box<dyn MultipartUpload>>);

impl Drop for Unclaimed {
    fn drop(&mut self) {
        drop(self.0.take().and_then(give_up));
    }
}

/// Begins an object of parts. The asking goes on where nobody waits any more: only who hears the answer can abort what it began.
async fn begin(folder: &Folder, key: &Path) -> Result<Box<dyn MultipartUpload>, StoreError> {
    let during = "beginning an object";
    let away = || StoreError::Away { store: folder.label().to_owned(), during, code: None };
    let (of, at, under_way) = (folder.clone(), key.clone(), UnderWay::new());
    let beginning = tokio::spawn(async move {
        let begun = failpoint::around("store.put.begin", of.store().put_multipart(&at)).await;
        // In this order they go where nobody takes them: it is being aborted before it is no longer under way.
        (begun.map(|begun| Unclaimed(Some(begun))), under_way)
    });
    let (begun, _under_way) = beginning.await.map_err(|_| away())?;
    let mut begun = begun.map_err(|error| fault(folder, during, "the bucket or container", error))?;
    begun.0.take().ok_or_else(away)
}

/// Aborts what was begun, whoever waits for it.
fn give_up(mut begun: Box<dyn MultipartUpload>) -> Option<JoinHandle<()>> {
    let runtime = tokio::runtime::Handle::try_current().ok()?;
    let under_way = UnderWay::new();
    Some(runtime.spawn(async move {
        // Where the store does not take it, its own rule forgets the parts.
        let _ = failpoint::around("store.put.abort", begun.abort()).await;
        drop(under_way);
    }))
}

/// Waits until nothing is being begun or aborted, for a while: what is not sent when the process ends is never sent.
pub(super) async fn aborted() {
    let mut under_way = UNDER_WAY.subscribe();
    let over = async { drop(under_way.wait_for(|number| *number == 0).await) };
    let _ = tokio::time::timeout(ABORTING_MAX, over).await;
}
