//! A store that fails as a test asks, over one in memory.

use futures::future::BoxFuture;
use futures::stream::BoxStream;
use futures::{StreamExt, TryStreamExt};
use object_store::memory::InMemory;
use object_store::path::Path;
use object_store::*;
use std::fmt;
use std::sync::{Arc, Mutex};

/// Which call kills, and on which side of its effect.
#[derive(Clone, Copy, Debug)]
pub struct Kill {
    pub nth: usize,
    pub side: Side,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    Before,
    After,
}

/// How a conditional write goes wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PutFault {
    StoredThenExists,
    StoredThenLost,
    ConflictNotStored,
    NeverArrived,
}

#[derive(Debug, Default)]
struct Mood {
    calls: usize,
    listed: usize,
    pages: usize,
    hints: usize,
    dead: bool,
    kill: Option<(usize, bool)>,
    kill_before: Option<String>,
    next_put: Option<PutFault>,
    random: Option<u64>,
    reads_fail: bool,
    interleave: Option<u64>,
    away: bool,
    away_below: Option<String>,
    overwrite: bool,
    keeps: bool,
    hold: Option<(String, usize)>,
    is_held: bool,
}

/// How all wrappers of one world behave.
#[derive(Clone, Debug, Default)]
pub struct Faults(Arc<Mutex<Mood>>);

/// Tells whether the armed place was reached.
pub struct Armed(Faults);

impl Armed {
    pub fn reached(&self) -> bool {
        self.0.mood().dead
    }
}

impl Faults {
    fn mood(&self) -> std::sync::MutexGuard<'_, Mood> {
        self.0.lock().expect("a mood")
    }

    /// Well-behaved again, calls counted from 0.
    pub fn reset(&self) {
        let away_below = self.mood().away_below.take();
        *self.mood() = Mood { away_below, ..Mood::default() };
    }

    /// Whether the armed call was reached.
    pub fn is_dead(&self) -> bool {
        self.mood().dead
    }

    pub fn calls(&self) -> usize {
        self.mood().calls
    }

    /// Objects that lists have told of.
    pub fn listed(&self) -> usize {
        self.mood().listed
    }

    /// Answers that lists took, of a thousand objects each at most, as S3's are.
    pub fn pages(&self) -> usize {
        self.mood().pages
    }

    /// Reads of the name of a newest checkpoint.
    pub fn hints(&self) -> usize {
        self.mood().hints
    }

    /// What is there is there for ever.
    pub fn keep_objects(&self) {
        self.mood().keeps = true;
    }

    pub fn kill(&self, kill: Kill) {
        self.mood().kill = Some((kill.nth, kill.side == Side::After));
    }

    pub fn kill_before(&self, path_part: &str) -> Armed {
        self.mood().kill_before = Some(path_part.to_owned());
        Armed(self.clone())
    }

    /// Lets the process stand still before the `nth` write to a path with this in it, from 0, until it is let go.
    pub fn hold(&self, path_part: &str, nth: usize) {
        self.mood().hold = Some((path_part.to_owned(), nth));
    }

    pub fn is_held(&self) -> bool {
        self.mood().is_held
    }

    /// Lets go of it: that write goes out, and whatever comes after it.
    pub fn let_go(&self) {
        self.mood().is_held = false;
    }

    async fn stand_still(&self, path: &str) {
        let is_it = {
            let mut mood = self.mood();
            let nth = match &mut mood.hold {
                Some((part, nth)) if path.contains(part.as_str()) => {
                    *nth = nth.wrapping_sub(1);
                    *nth
                }
                _ => 0,
            };
            mood.is_held |= nth == usize::MAX;
            nth == usize::MAX
        };
        while is_it && self.is_held() {
            tokio::task::yield_now().await;
        }
    }

    pub fn misbehave(&self, seed: u64) {
        self.mood().random = Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    }

    pub fn interleave(&self, seed: u64) {
        self.mood().interleave = Some(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    }

    pub fn next_put(&self, fault: Option<PutFault>) {
        self.mood().next_put = fault;
    }

    pub fn away(&self, away: bool) {
        self.mood().away = away;
    }

    pub fn away_below(&self, prefix: Option<&str>) {
        self.mood().away_below = prefix.map(str::to_owned);
    }

    pub fn overwrite_always(&self, overwrite: bool) {
        self.mood().overwrite = overwrite;
    }

    /// Before a call's effect; says whether the process dies after it.
    async fn enter(&self, path: &str, writes: bool) -> Result<bool> {
        let yields = {
            let mut mood = self.mood();
            match &mut mood.interleave {
                Some(state) => next(state) % 4,
                None => 0,
            }
        };
        for _ in 0..yields {
            tokio::task::yield_now().await;
        }
        if writes {
            self.stand_still(path).await;
        }
        let mut mood = self.mood();
        let nth = mood.calls;
        mood.calls += 1;
        if mood.dead {
            return Err(died());
        }
        if mood.away || mood.away_below.as_ref().is_some_and(|prefix| path.starts_with(prefix.as_str())) {
            return Err(lost());
        }
        let before = writes && mood.kill_before.as_ref().is_some_and(|part| path.contains(part.as_str()));
        match mood.kill {
            Some((at, after)) if at == nth && after => {
                mood.dead = true;
                Ok(true)
            }
            Some((at, _)) if at == nth => {
                mood.dead = true;
                Err(died())
            }
            _ if before => {
                mood.dead = true;
                Err(died())
            }
            _ => Ok(false),
        }
    }

    /// Whether a call that reads gets no answer.
    fn read_fault(&self) -> Result<()> {
        let mut mood = self.mood();
        if !mood.reads_fail {
            return Ok(());
        }
        match mood.random.as_mut().map(next) {
            Some(roll) if roll % 48 == 0 => Err(lost()),
            _ => Ok(()),
        }
    }

    /// In bad weather reads fail as well.
    pub fn reads_fail(&self) {
        self.mood().reads_fail = true;
    }

    fn put_fault(&self) -> Option<PutFault> {
        let mut mood = self.mood();
        if let Some(fault) = mood.next_put.take() {
            return Some(fault);
        }
        let state = mood.random.as_mut()?;
        match next(state) % 16 {
            0 => Some(PutFault::StoredThenExists),
            1 => Some(PutFault::StoredThenLost),
            2 => Some(PutFault::ConflictNotStored),
            3 => Some(PutFault::NeverArrived),
            _ => None,
        }
    }
}

/// xorshift64*: the same seed, the same misfortunes.
fn next(state: &mut u64) -> u64 {
    *state ^= *state >> 12;
    *state ^= *state << 25;
    *state ^= *state >> 27;
    state.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33
}

/// A dead process makes no more calls; an error that nothing retries stands for that.
fn died() -> Error {
    Error::PermissionDenied { path: "killed".into(), source: "killed".into() }
}

fn lost() -> Error {
    Error::Generic { store: "faulty", source: "connection closed".into() }
}

fn exists() -> Error {
    Error::AlreadyExists { path: "x".into(), source: "409 Conflict".into() }
}

#[derive(Debug)]
pub struct Faulty {
    pub inner: Arc<InMemory>,
    pub faults: Faults,
}

impl fmt::Display for Faulty {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("faulty")
    }
}

impl Faulty {
    fn told(
        &self,
        prefix: Option<&Path>,
        listed: BoxStream<'static, Result<ObjectMeta>>,
    ) -> BoxStream<'static, Result<ObjectMeta>> {
        let faults = self.faults.clone();
        let path = prefix.map(ToString::to_string).unwrap_or_default();
        let (entering, counting) = (faults.clone(), faults);
        let entered = futures::stream::once(async move { entering.enter(&path, false).await });
        let all = entered.map(move |dies| match dies {
            Ok(false) => Ok(()),
            Ok(true) => Err(died()),
            Err(error) => Err(error),
        });
        counting.mood().pages += 1;
        let listed = listed.enumerate().map(move |(nth, of)| {
            let mut mood = counting.mood();
            mood.listed += 1;
            mood.pages += usize::from(nth > 0 && nth % 1_000 == 0);
            of
        });
        // The permission first, then the objects.
        let mut listed = Some(listed.boxed());
        all.flat_map(move |entered| match (entered, listed.take()) {
            (Ok(()), Some(listed)) => listed,
            (Ok(()), None) => futures::stream::empty().boxed(),
            (Err(error), _) => futures::stream::once(async move { Err(error) }).boxed(),
        })
        .boxed()
    }

    async fn put_faultily(&self, location: &Path, payload: PutPayload, mut options: PutOptions) -> Result<PutResult> {
        if self.faults.mood().overwrite {
            options.mode = PutMode::Overwrite;
        }
        if self.faults.mood().keeps && options.mode == PutMode::Overwrite && self.inner.head(location).await.is_ok() {
            return Err(Error::PermissionDenied { path: location.to_string(), source: "403 Forbidden".into() });
        }
        let fault = if options.mode == PutMode::Create { self.faults.put_fault() } else { None };
        match fault {
            None => self.inner.put_opts(location, payload, options).await,
            Some(PutFault::ConflictNotStored) => Err(exists()),
            Some(PutFault::NeverArrived) => Err(lost()),
            Some(PutFault::StoredThenExists) => {
                let _ = self.inner.put_opts(location, payload, options).await;
                Err(exists())
            }
            Some(PutFault::StoredThenLost) => {
                let _ = self.inner.put_opts(location, payload, options).await;
                Err(lost())
            }
        }
    }
}

impl ObjectStore for Faulty {
    fn put_opts<'a, 'b, 't>(
        &'a self,
        location: &'b Path,
        payload: PutPayload,
        options: PutOptions,
    ) -> BoxFuture<'t, Result<PutResult>>
    where
        'a: 't,
        'b: 't,
    {
        Box::pin(async move {
            let dies = self.faults.enter(location.as_ref(), true).await?;
            let answer = self.put_faultily(location, payload, options).await;
            if dies { Err(died()) } else { answer }
        })
    }

    fn put_multipart_opts<'a, 'b, 't>(
        &'a self,
        location: &'b Path,
        options: PutMultipartOptions,
    ) -> BoxFuture<'t, Result<Box<dyn MultipartUpload>>>
    where
        'a: 't,
        'b: 't,
    {
        Box::pin(async move {
            let dies = self.faults.enter(location.as_ref(), true).await?;
            let begun = self.inner.put_multipart_opts(location, options).await;
            if dies { Err(died()) } else { begun }
        })
    }

    fn get_opts<'a, 'b, 't>(&'a self, location: &'b Path, options: GetOptions) -> BoxFuture<'t, Result<GetResult>>
    where
        'a: 't,
        'b: 't,
    {
        Box::pin(async move {
            let dies = self.faults.enter(location.as_ref(), false).await?;
            self.faults.read_fault()?;
            self.faults.mood().hints += usize::from(location.as_ref().ends_with("_last_checkpoint"));
            let answer = self.inner.get_opts(location, options).await;
            if dies { Err(died()) } else { answer }
        })
    }

    fn delete_stream(&self, locations: BoxStream<'static, Result<Path>>) -> BoxStream<'static, Result<Path>> {
        let (inner, faults) = (self.inner.clone(), self.faults.clone());
        let deleted = locations.and_then(move |location| {
            let (inner, faults) = (inner.clone(), faults.clone());
            async move {
                let dies = faults.enter(location.as_ref(), true).await?;
                inner.delete(&location).await?;
                if dies { Err(died()) } else { Ok(location) }
            }
        });
        deleted.boxed()
    }

    fn list(&self, prefix: Option<&Path>) -> BoxStream<'static, Result<ObjectMeta>> {
        self.told(prefix, self.inner.list(prefix))
    }

    fn list_with_offset(&self, prefix: Option<&Path>, offset: &Path) -> BoxStream<'static, Result<ObjectMeta>> {
        self.told(prefix, self.inner.list_with_offset(prefix, offset))
    }

    fn list_with_delimiter<'a, 'b, 't>(&'a self, _: Option<&'b Path>) -> BoxFuture<'t, Result<ListResult>>
    where
        'a: 't,
        'b: 't,
    {
        Box::pin(async { Err(lost()) })
    }

    fn copy_opts<'a, 'b, 'c, 't>(&'a self, _: &'b Path, _: &'c Path, _: CopyOptions) -> BoxFuture<'t, Result<()>>
    where
        'a: 't,
        'b: 't,
        'c: 't,
    {
        Box::pin(async { Err(lost()) })
    }
}
