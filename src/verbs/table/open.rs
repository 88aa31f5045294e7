//! `STORE/TABLE` of an environment -> the store, opened, and the table.

use super::super::{files, stores};
use crate::access::{Meters, Purpose};
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::StoreSpec;
use crate::store::{Store, Stores};
use std::collections::BTreeMap;
use std::path::Path;

/// Where the records of every job are.
const SECURITY: &str = "security";

/// A store of an environment, and those beside it.
pub(super) struct Place {
    /// The environment's stamp.
    pub(super) stamp: String,
    /// Where the one that was named lies: in its first cloud, and in its second.
    pub(super) urls: Vec<String>,
    /// Every store that was opened.
    pub(super) stores: Stores,
    /// The one that was named.
    pub(super) store: Store,
    /// The one of the records.
    pub(super) security: Store,
}

impl Place {
    /// Opens `store` of `environment` to be looked at, and the store of the records.
    pub(super) async fn look(environment: &str, store: &Name) -> Result<Self, Failure> {
        Place::open(environment, store, Purpose::Read, |name| name == store || name.as_str() == SECURITY).await
    }

    /// Opens every store of `environment`: a job's record may name any.
    pub(super) async fn write(environment: &str, store: &Name) -> Result<Self, Failure> {
        Place::open(environment, store, Purpose::Write, |_| true).await
    }

    /// Opens `store` alone, and asks nobody whose it is: a cloud of it may be away.
    pub(super) fn fence(environment: &str, store: &Name) -> Result<Self, Failure> {
        let needs = |name: &Name| name == store || name.as_str() == SECURITY;
        Place::reach(environment, store, Purpose::Write, needs)
    }

    async fn open(
        environment: &str,
        store: &Name,
        purpose: Purpose,
        needs: impl Fn(&Name) -> bool,
    ) -> Result<Self, Failure> {
        let place = Place::reach(environment, store, purpose, needs)?;
        for store in place.stores.values() {
            store.check_stamp(&place.stamp).await.map_err(failed)?;
        }
        Ok(place)
    }

    fn reach(
        environment: &str,
        store: &Name,
        purpose: Purpose,
        needs: impl Fn(&Name) -> bool,
    ) -> Result<Self, Failure> {
        let project = files::project(Path::new("jobs"))?;
        let environment = files::environment(&project, environment)?;
        if !environment.stores.contains_key(store) {
            let known: Vec<_> = environment.stores.keys().map(|name| format!("`{name}`")).collect();
            let what = format!("there is no store `{store}`; hint: `{}` has {}", environment.name, known.join(", "));
            return Err(Failure::new(ending::NOT_THERE, Phase::Files, what));
        }
        let spec = environment.stores.get(store);
        let urls = spec.iter().flat_map(|spec| std::iter::once(&spec.primary).chain(&spec.second));
        let urls = urls.map(|location| location.url.clone()).collect();
        let specs: BTreeMap<Name, StoreSpec> = environment.stores.into_iter().filter(|(name, _)| needs(name)).collect();
        let stores = stores::open(&specs, project.root(), purpose, &Meters::default())?;
        let named = |name: &str| {
            let missing = || Failure::new(ending::NOT_THERE, Phase::Open, format!("there is no store `{name}`"));
            stores.get(name).cloned().ok_or_else(missing)
        };
        let (store, security) = (named(store.as_str())?, named(SECURITY)?);
        Ok(Place { stamp: environment.stamp, urls, stores, store, security })
    }
}

/// The store and the table of `warehouse/invoice`.
pub(super) fn named(table: &str) -> Result<(Name, Name), Failure> {
    let parts = table.split_once('/').map(|(store, table)| (Name::new(store), Name::new(table)));
    match parts {
        Some((Ok(store), Ok(table))) => Ok((store, table)),
        _ => Err(usage("a table is named STORE/TABLE, such as warehouse/invoice")),
    }
}

/// The name of a store.
pub(super) fn store(name: &str) -> Result<Name, Failure> {
    Name::new(name).map_err(|_| usage("a store is named as the environment names it, such as warehouse"))
}

/// What cannot be asked.
pub(super) fn usage(what: &str) -> Failure {
    Failure::new(ending::TABLE_USAGE, Phase::Open, what)
}

/// A table that has no version.
pub(super) fn no_table(store: &Name, table: &Name) -> Failure {
    let what = format!("table `{table}` has no version in store `{store}`");
    Failure::new(ending::NOT_THERE, Phase::Open, what)
}

/// A store's error, met while looking.
pub(super) fn failed(error: crate::store::StoreError) -> Failure {
    Failure::store(&error, Phase::Open)
}
