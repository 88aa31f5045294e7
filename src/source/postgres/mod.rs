//! PostgreSQL: one snapshot for the whole job, read by as many sessions as `connections` allows, by COPY. The only sqlx.
//!
//! ```text
//! login.rs     TLS, and who we say we are
//! roles.rs     which role reads what, where schemas have their own
//! patience.rs  how long a server without room is asked again
//! powers.rs    what the role may do besides reading
//! remedy.rs    the SQL that makes a role which may not
//! exporter.rs  the transaction, its moment, exported and imported
//! group.rs     the sessions of one moment, and their lives
//! queue.rs     what they have to do
//! table.rs     an extract looked at before its first row
//! catalog.rs   columns, types, tables that changed since the moment
//! types.rs     a type at the source -> how it is asked for and read
//! divide.rs    into which parts its rows are divided
//! estimate.rs  what the server expects a SELECT to cost
//! ranges.rs    ranges of pages
//! keys.rs      ranges of a key
//! reader.rs    one part over one session: COPY -> batches
//! handing.rs   the parts, in their order -> one stream
//! pulse.rs     whether a silent server is at work or its line is cut
//! survey.rs    tables as the catalogue describes them, for a first job
//! declared.rs  a type in the server's words -> a schema's
//! fault.rs     the driver's errors -> ours; certificate.rs: why TLS did not come about
//! ```
//!
//! What shows that an extract is whole: the binary COPY's own end mark, which the server writes after its last row; that
//! each message held one row, no more and no less, and there are as many of them as rows (both checked in `pgcopy`); and
//! that the driver ends the stream without error only after CopyDone, CommandComplete and ReadyForQuery. It keeps the number
//! in `COPY n` to itself; the messages are the same count by the same server. Of an extract in parts each must be whole.
//!
//! Never in here: a session of another moment beside one of ours, and anything that writes.

mod catalog;
mod certificate;
mod declared;
mod divide;
mod estimate;
mod exporter;
mod fault;
mod group;
mod handing;
mod keys;
mod login;
mod patience;
mod powers;
mod pulse;
mod queue;
mod ranges;
mod reader;
mod remedy;
mod roles;
mod survey;
mod table;
mod types;

use super::{Extraction, Source, SourceError};
use crate::data::{Extract, Name, Origin};
use crate::job::{Limits, PostgresSpec};
pub use declared::Fit;
use futures::FutureExt;
use futures::future::BoxFuture;
use group::{Answered, Group};
use handing::Handing;
pub use login::{ClientCertificate, Login};
use patience::Waits;
pub use powers::Powers;
use queue::Started;
pub use remedy::remedy;
use roles::Roles;
use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
pub use survey::{FoundKey, FoundReference, FoundTable, ReadableColumn, Survey, Wanted, described, survey};
use table::what;

/// A PostgreSQL database at one moment.
pub struct PostgresSource {
    name: Name,
    roles: Arc<Roles>,
    limits: Limits,
    group: Arc<Group>,
    /// Extracts that were told to come and are not asked for yet.
    coming: VecDeque<(Name, Answered)>,
    /// An extract was begun and not read to its end: what its sessions hold is in the way of the next.
    unfinished: Arc<AtomicBool>,
}

impl PostgresSource {
    /// Connects as the environment says, over TLS with the server's certificate and name verified, and fixes the moment. Every
    /// role that reads a schema comes in at once, and shows the same moment.
    ///
    /// Errors: [`SourceError::Away`], [`SourceError::Refused`] (login, TLS), [`SourceError::NotThere`] (database),
    /// [`SourceError::MayWrite`] (a role that may do more than read), [`SourceError::NoSecret`] (the password of a schema's role).
    pub async fn open(name: &Name, spec: &PostgresSpec, login: &Login, limits: &Limits) -> Result<Self, SourceError> {
        let roles = Arc::new(Roles::of(name, spec, login).await?);
        let group = Group::open(name, &roles, limits, Waits::ForRoom).await?;
        Ok(PostgresSource {
            name: name.clone(),
            roles,
            limits: *limits,
            group: Arc::new(group),
            coming: VecDeque::new(),
            unfinished: Arc::default(),
        })
    }

    async fn start<'a>(&mut self, extract: &Extract) -> Result<Extraction<'a>, SourceError> {
        let what = what(&extract.rows);
        self.check_is_free(&what)?;
        let is_told = !self.coming.is_empty();
        let answered = match self.coming.pop_front() {
            None => self.group.ask(extract, true),
            Some((dataset, answered)) if dataset == extract.dataset => answered,
            Some(_) => return Err(self.away(&what, "another extract was told to come before it")),
        };
        let is_last = is_told && self.coming.is_empty();
        let mut started = self.answer(answered, &what).await?;
        let (withheld, rows_expected) = (std::mem::take(&mut started.withheld), started.rows_expected);
        let handing = Handing::new(what.clone(), &self.group, started, &self.unfinished, is_last);
        let handing = handing.ok_or_else(|| self.away(&what, "it was only looked at"))?;
        Ok(Extraction { withheld, rows_expected, batches: handing.stream().await? })
    }

    async fn asked(&mut self, extract: &Extract) -> Result<(), SourceError> {
        let what = what(&extract.rows);
        self.check_is_free(&what)?;
        let answered = self.group.ask(extract, false);
        self.answer(answered, &what).await.map(|_| ())
    }

    async fn answer(&self, answered: Answered, what: &str) -> Result<Started, SourceError> {
        answered.await.unwrap_or_else(|_| Err(self.group.lost(what)))
    }

    fn check_is_free(&self, what: &str) -> Result<(), SourceError> {
        match self.unfinished.load(Ordering::Relaxed) {
            true => Err(self.away(what, "an extract before it was left unfinished")),
            false => Ok(()),
        }
    }

    fn away(&self, what: &str, why: &str) -> SourceError {
        SourceError::Away { from: self.name.clone(), during: format!("reading {what}: {why}"), answer: None }
    }

    async fn begin_again(&mut self) -> Result<bool, SourceError> {
        self.coming.clear();
        // The old sessions go first: the server may have no room for both.
        self.group.end();
        let group = Group::open(&self.name, &self.roles, &self.limits, Waits::ForItsReturn).await?;
        self.group = Arc::new(group);
        self.unfinished = Arc::default();
        Ok(true)
    }
}

impl Source for PostgresSource {
    fn origin(&self) -> &Origin {
        &self.group.moment().origin
    }

    fn tell_what_comes(&mut self, extracts: &[&Extract]) {
        self.coming.extend(extracts.iter().map(|extract| (extract.dataset.clone(), self.group.ask(extract, true))));
    }

    fn extract<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<Extraction<'a>, SourceError>> {
        self.start(extract).boxed()
    }

    fn look<'a>(&'a mut self, extract: &'a Extract) -> BoxFuture<'a, Result<(), SourceError>> {
        self.asked(extract).boxed()
    }

    fn take_another_moment(&mut self) -> BoxFuture<'_, Result<bool, SourceError>> {
        self.begin_again().boxed()
    }
}
