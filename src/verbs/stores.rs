//! Stores of an environment, opened.
//!
//! Never in here: what is written there, and whose it is.

use crate::access::{self, Meters, Purpose, second_place};
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::job::{Location, StoreSpec};
use crate::store::{Store, Stores};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

/// Opens stores as the environment says what they are; `meters` count what is asked of each cloud. Refuses two that lie in one another.
pub fn open(
    specs: &BTreeMap<Name, StoreSpec>,
    root: &Path,
    purpose: Purpose,
    meters: &Meters,
) -> Result<Stores, Failure> {
    let mut stores = Stores::new();
    let mut grounds: Vec<(&Name, PathBuf)> = Vec::new();
    for (name, spec) in specs {
        let reach = |location: &Location, place: &str| {
            let opened = access::open_metered(location, root, name.as_str(), purpose, &meters.of(place));
            opened.map_err(|error| Failure::access(&error))
        };
        let second = spec.second.as_ref().map(|second| reach(second, &second_place(name.as_str()))).transpose()?;
        stores.insert(name.clone(), Store::new(spec, reach(&spec.primary, name.as_str())?, second));
        let places = std::iter::once(&spec.primary).chain(&spec.second);
        for ground in places.filter_map(|location| access::ground(location, root)) {
            own_ground(&grounds, name, &ground)?;
            grounds.push((name, ground));
        }
    }
    Ok(stores)
}

/// What two paths do not show: a link makes one folder of them, and one audience would see what is in another's.
fn own_ground(others: &[(&Name, PathBuf)], name: &Name, ground: &Path) -> Result<(), Failure> {
    let shares = |(_, other): &&(&Name, PathBuf)| other.starts_with(ground) || ground.starts_with(other);
    match others.iter().find(shares) {
        None => Ok(()),
        Some((other, _)) => {
            let what = format!(
                "stores `{other}` and `{name}` lie in one another by a link; hint: each store has a folder of its own"
            );
            Err(Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what))
        }
    }
}
