//! The stores of an environment, in both clouds: reach and TLS, the servers' clocks, whether a conditional PUT has one winner, what the
//! role may, who else may look in, and what the bucket's rules cost.

use super::super::stores;
use super::found::Found;
use crate::access::bucket::{Lifecycle, is_open_to_all, kms_key_of, lifecycle, may_delete_anything};
use crate::access::{Folder, Meters, Purpose, second_place};
use crate::data::Name;
use crate::failpoint;
use crate::failure::{Failure, Phase};
use crate::job::{Environment, Location, StoreSpec};
use crate::report::doctor::{CLOCK, EARLY, OPEN_TO_ALL, OTHER_KEY, RACES, ROLE_WIDE, UPLOADS};
use crate::store;
use crate::world::World;
use chrono::TimeDelta;
use object_store::path::Path;
use object_store::{ObjectStoreExt, PutPayload};
use std::collections::{BTreeMap, BTreeSet};
use uuid::Uuid;

/// How far a server's clock may be from ours. Dates of answers are whole seconds, and a comparison by the clock counts by them.
const APART_MAX: TimeDelta = TimeDelta::seconds(60);

/// A store's folder in one cloud.
struct Place<'a> {
    name: String,
    location: &'a Location,
    folder: &'a Folder,
    /// Its name among the meters.
    meter: String,
}

/// Looks at every store.
pub async fn look(environment: &Environment, world: &World, found: &mut Found) {
    let root = world.project.root();
    let (mut are_all_open, mut buckets) = (true, BTreeSet::new());
    for (name, spec) in &environment.stores {
        let (meters, here) = (Meters::default(), format!("store `{name}`"));
        let only = BTreeMap::from([(name.clone(), spec.clone())]);
        let opened = stores::open(&only, root, Purpose::Write, &meters);
        let store = match opened.map(|mut stores| stores.remove(name)) {
            Ok(Some(store)) => store,
            Ok(None) => continue,
            Err(failure) => {
                are_all_open = false;
                found.failure(&here, &failure);
                continue;
            }
        };
        for place in places(name, spec, &store) {
            look_at(&place, &meters, world, &mut buckets, found).await;
        }
        for refused in [store.check_stamp(&environment.stamp).await, store.check_epoch().await] {
            if let Err(error) = refused {
                found.failure(&here, &Failure::store(&error, Phase::Open));
            }
        }
    }
    // What each by itself does not show: two that lie in one another.
    if are_all_open && let Err(failure) = stores::open(&environment.stores, root, Purpose::Write, &Meters::default()) {
        found.failure("stores", &failure);
    }
}

fn places<'a>(name: &Name, spec: &'a StoreSpec, store: &'a store::Store) -> Vec<Place<'a>> {
    let here = Place {
        name: format!("store `{name}`"),
        location: &spec.primary,
        folder: store.primary(),
        meter: name.to_string(),
    };
    let second = spec.second.as_ref().zip(store.second()).map(|(location, folder)| Place {
        name: format!("store `{name}`, second cloud"),
        location,
        folder,
        meter: second_place(name.as_str()),
    });
    std::iter::once(here).chain(second).collect()
}

async fn look_at(place: &Place<'_>, meters: &Meters, world: &World, buckets: &mut BTreeSet<String>, found: &mut Found) {
    let Place { name, location, folder, meter } = place;
    let reached = store::preflight(folder).await;
    // A clock that is off is why a signature is refused: it is told first.
    if let Some(ahead) = meters.of(meter).ahead().filter(|ahead| ahead.abs() > APART_MAX) {
        let (seconds, way) = (ahead.num_seconds().abs(), if ahead > TimeDelta::zero() { "ahead of" } else { "behind" });
        found.advice(CLOCK, name, format!("the clock of {name} is {seconds} seconds {way} this machine's"));
    }
    let mut looked = vec!["reach", "TLS", "clock", "conditional PUT", "reading and writing"];
    if let Err(error) = reached {
        found.failure(name, &Failure::store(&error, Phase::Open));
        found.checked(name, &looked);
        return;
    }
    match store::is_exclusive_in_a_race(folder).await {
        Ok(true) => {}
        Ok(false) => found.advice(
            RACES,
            name,
            format!("of several who create one object of {name} at once, more than one is told that it did"),
        ),
        Err(error) => found.failure(name, &Failure::store(&error, Phase::Open)),
    }
    if location.is_in_cloud() {
        let is_open = is_open(place, world).await;
        looked.extend(is_open.map(|_| "whether others may look in"));
        if is_open == Some(true) {
            found.advice(OPEN_TO_ALL, name, format!("{name} may be read by everybody, without any credentials"));
        }
    }
    if let Some(kms) = &location.kms {
        let key = key_of_a_probe(place, world).await;
        looked.extend(key.as_ref().map(|_| "the key that objects are under"));
        if key.is_some_and(|key| key.as_ref() != Some(&kms.key)) {
            found.advice(
                OTHER_KEY,
                name,
                format!("what is written to {name} is not under the key that `kms_key` names"),
            );
        }
    }
    if location.url.starts_with("s3") {
        let may_delete = may_delete_anything(folder, &format!("_nightferry/never-{}", Uuid::now_v7())).await;
        looked.extend(may_delete.map(|_| "whether the role may delete what no run deletes"));
        if may_delete == Some(true) {
            found.advice(
                ROLE_WIDE,
                name,
                format!("the role may delete any object of {name}, a log entry or a record too"),
            );
        }
        let bucket = bucket(location);
        if buckets.insert(bucket) {
            looked.extend(rules(place, world, found).await);
        }
    }
    found.checked(name, &looked);
}

/// Whether anybody may read a probe, or list what is there; `None` where nobody said.
async fn is_open(place: &Place<'_>, world: &World) -> Option<bool> {
    let at = probe(place).await?;
    let is_open = is_open_to_all(place.location, world.project.root(), &at).await;
    take_back(place, &at).await;
    is_open
}

/// The key that S3 says a probe is under; the inner `None` where it is under none. The outer: nobody said.
async fn key_of_a_probe(place: &Place<'_>, world: &World) -> Option<Option<String>> {
    let at = probe(place).await?;
    let key = kms_key_of(place.location, world.project.root(), &at, world.clock.now()).await;
    take_back(place, &at).await;
    key
}

async fn probe(place: &Place<'_>) -> Option<Path> {
    let at = place.folder.at(&format!("_nightferry/probe-{}", Uuid::now_v7()));
    let put =
        failpoint::around("store.put.probe", place.folder.store().put(&at, PutPayload::from_static(b"probe"))).await;
    put.ok().map(|_| at)
}

async fn take_back(place: &Place<'_>, at: &Path) {
    let deleted = failpoint::around("store.delete", place.folder.store().delete(at)).await;
    if deleted.is_err() {
        tracing::warn!(place = place.name, "a probe could not be deleted");
    }
}

async fn rules(place: &Place<'_>, world: &World, found: &mut Found) -> Option<&'static str> {
    let Place { name, location, .. } = place;
    let Lifecycle::Rules(rules) = lifecycle(location, world.project.root(), world.clock.now()).await else {
        return None;
    };
    for early in rules.iter().flat_map(|rule| &rule.early) {
        let message = format!(
            "the bucket of {name} keeps objects {} days in {} and pays for {}",
            early.kept_days, early.class, early.paid_days
        );
        found.advice(EARLY, name, message);
    }
    if !rules.iter().any(|rule| rule.aborts_uploads) {
        found.advice(UPLOADS, name, format!("no rule of the bucket of {name} takes away uploads that never ended"));
    }
    Some("lifecycle rules")
}

/// What tells one bucket from another.
fn bucket(location: &Location) -> String {
    let name = location.url.split_once("://").and_then(|(_, rest)| rest.split('/').next()).unwrap_or_default();
    format!("{} {name}", location.endpoint.as_deref().unwrap_or_default())
}
