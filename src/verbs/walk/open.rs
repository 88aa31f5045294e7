//! A plan -> its sources, stores, keys and scratch, opened and looked at, before a row is read.

use super::super::stores;
use super::Options;
use super::forgotten::Listed;
use super::login::login;
use super::vaults::{self, OpenVault};
use crate::access::{self, Folder, Meters, Purpose, secret};
use crate::changes::{Layout, Reading};
use crate::data::Name;
use crate::data::scratch::Allowance;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::spill::Aside;
use crate::job::{DatasetPlan, Location, Plan, SourceSpec, StoreSpec};
use crate::privacy::{Forgotten, Keys, Recognisers};
use crate::reconcile::outputs::{SECRET_BYTES, Seal};
use crate::source::{self, Layout as FolderLayout, Reached, Source};
use crate::store::{self, OutLimit, Store, Stores, WaitingRoom};
use crate::world::{DiskScratch, ScratchFolder, World};
use ring::rand::{SecureRandom, SystemRandom};
use secrecy::ExposeSecret;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

/// The part of a run's memory in which rows are put aside before they go to disk.
const ASIDE_PART: u64 = 4;

/// Everything a run touches, opened.
pub struct Opened {
    /// Sources of rows.
    pub sources: BTreeMap<Name, Box<dyn Source>>,
    /// Topic dumps.
    pub dumps: BTreeMap<Name, Dump>,
    /// Stores.
    pub stores: Stores,
    /// The store of reports and records.
    pub security: Store,
    /// The store of what is set aside.
    pub restricted: Store,
    /// Whose data the stores hold.
    pub stamp: String,
    /// The vaults of its tokens.
    pub vaults: Vec<(Name, OpenVault)>,
    /// Keys of the pseudonyms.
    pub keys: Arc<Keys>,
    /// People whose rows are left out.
    pub forgotten: Arc<Forgotten>,
    /// The version of the list that names them.
    pub suppression_list: Option<u64>,
    /// The key of the fingerprints that are shown.
    pub seal: Seal,
    /// What looks like personal data.
    pub recognisers: Arc<Recognisers>,
    /// Where rows are put aside.
    pub aside: Aside,
    /// Where parts wait that may not leave before the verdict.
    pub waiting_room: WaitingRoom,
    root: PathBuf,
    scratch: ScratchFolder,
    aside_bytes_max: u64,
    spill: Arc<Allowance>,
    filed: Mutex<Vec<String>>,
    /// What may leave AWS, where that is limited.
    pub out: Option<Arc<OutLimit>>,
}

impl Opened {
    /// Something was filed in the restricted store.
    pub fn has_filed(&self, path: &str) {
        self.filed.lock().unwrap_or_else(PoisonError::into_inner).push(path.to_owned());
    }

    /// Everything that the run has filed there.
    pub fn filed(&self) -> Vec<String> {
        self.filed.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The keys of other domains, from the plan's own secret.
    pub async fn keys_of(&self, plan: &Plan, domains: Vec<Name>) -> Result<Keys, Failure> {
        keys_of(plan, &self.root, domains).await
    }

    /// Whether the dataset has a column by which somebody is to be forgotten.
    pub fn may_hold_forgotten(&self, dataset: &DatasetPlan) -> bool {
        self.forgotten.columns(&dataset.schema.columns).next().is_some()
    }

    /// Begins the scratch space anew: what was put aside is gone, and its room free.
    pub fn put_aside_anew(&mut self) -> Result<(), Failure> {
        let disk = DiskScratch::open(self.scratch.path(), &self.spill).map_err(no_scratch)?;
        self.aside = Aside::new(Arc::new(disk), self.aside_bytes_max);
        Ok(())
    }
}

fn no_scratch(_: std::io::Error) -> Failure {
    Failure::new(ending::DISK, Phase::Open, "no scratch space can be made")
}

/// Dumps of topics, and how they are read.
pub struct Dump {
    /// Where they are.
    pub folder: Folder,
    /// How their objects are named.
    pub layout: Layout,
    /// How their values are read.
    pub reading: Reading,
}

/// Opens everything that `plan` names; `meters` count what is asked of it. Fails before anything is read or written where something is wrong.
pub async fn open(
    plan: &Plan,
    world: &World,
    run: &str,
    options: &Options,
    meters: &Meters,
    listed: &Listed,
) -> Result<Opened, Failure> {
    let root = world.project.root();
    let spill = spill(plan);
    let (scratch, aside) = room_aside(plan, run, &spill)?;
    let waiting = Location { url: scratch.path().join("parts").to_string_lossy().into_owned(), ..Location::default() };
    let folder = access::open(&waiting, root, "scratch", Purpose::Write).map_err(|error| Failure::access(&error))?;
    let waiting_room = WaitingRoom::new(folder, &spill);
    let keys = keys(plan, root).await?;
    let seal = seal(&keys)?;
    let forgotten = Arc::new(listed.people(&keys)?);
    let recognisers =
        Recognisers::new().map_err(|_| Failure::new(ending::MEMORY, Phase::Open, "the recognisers do not compile"))?;
    let stores = stores::open(&plan.stores, root, Purpose::Write, meters)?;
    let out = plan.limits.bytes_out_max.map(|most| Arc::new(OutLimit::new(most)));
    let stores = limited(stores, plan, out.as_ref());
    let needed = |name: &str| {
        let missing = || Failure::new(ending::NOT_THERE, Phase::Open, format!("there is no store `{name}`"));
        stores.get(name).cloned().ok_or_else(missing)
    };
    let (security, restricted) = (needed("security")?, needed("restricted")?);
    for store in stores.values() {
        store.check_stamp(&plan.stamp).await.map_err(|error| Failure::store(&error, Phase::Open))?;
        store.check_epoch().await.map_err(|error| Failure::store(&error, Phase::Open))?;
        if !options.dry_run {
            store::preflight(store.primary()).await.map_err(|error| Failure::store(&error, Phase::Open))?;
        }
    }
    let vaults = vaults::open(plan, &restricted).await?;
    let keys = keys.with_vaults(vaults::shared(&vaults));
    let (sources, dumps) = sources(plan, root, &aside, meters).await?;
    Ok(Opened {
        sources,
        dumps,
        stores,
        security,
        restricted,
        stamp: plan.stamp.clone(),
        vaults,
        keys: Arc::new(keys),
        forgotten,
        suppression_list: listed.version,
        seal,
        recognisers: Arc::new(recognisers),
        aside,
        waiting_room,
        root: root.to_path_buf(),
        scratch,
        aside_bytes_max: aside_bytes_max(plan),
        spill,
        filed: Mutex::new(Vec::new()),
        out,
    })
}

/// The stores, of which those that leave AWS hold to the run's limit.
fn limited(stores: Stores, plan: &Plan, out: Option<&Arc<OutLimit>>) -> Stores {
    let one = |(name, store): (Name, Store)| match out.filter(|_| plan.leaves_aws(name.as_str())) {
        Some(out) => (name, store.within(out.clone())),
        None => (name, store),
    };
    stores.into_iter().map(one).collect()
}

fn aside_bytes_max(plan: &Plan) -> u64 {
    plan.limits.memory_bytes_max / ASIDE_PART
}

/// How much of a run may lie on the disk.
pub fn spill(plan: &Plan) -> Arc<Allowance> {
    Arc::new(Allowance::new(plan.limits.spill_bytes_max))
}

/// Where a run puts things aside as far as `spill` goes, and the folder that goes with it.
pub fn room_aside(plan: &Plan, run: &str, spill: &Arc<Allowance>) -> Result<(ScratchFolder, Aside), Failure> {
    ScratchFolder::tidy(&std::env::temp_dir());
    let scratch = ScratchFolder::make(&std::env::temp_dir(), run).map_err(no_scratch)?;
    let disk = DiskScratch::open(scratch.path(), spill).map_err(no_scratch)?;
    Ok((scratch, Aside::new(Arc::new(disk), aside_bytes_max(plan))))
}

/// The keys of every domain that an output of the plan, or what is set aside, needs.
pub async fn keys(plan: &Plan, root: &Path) -> Result<Keys, Failure> {
    let outputs = plan.datasets.iter().flat_map(|dataset| &dataset.outputs).flat_map(|output| &output.columns);
    let shown = outputs.chain(plan.datasets.iter().flat_map(|dataset| &dataset.set_aside));
    let domains: Vec<Name> = shown.flat_map(|shown| shown.treatment.domains()).cloned().collect();
    keys_of(plan, root, domains).await
}

pub async fn keys_of(plan: &Plan, root: &Path, domains: Vec<Name>) -> Result<Keys, Failure> {
    let invalid = |what: String| Failure::new(ending::ENVIRONMENT_INVALID, Phase::Open, what);
    let Some(tokens) = &plan.tokens else {
        return if domains.is_empty() {
            Ok(Keys::none())
        } else {
            Err(invalid("the environment has no key for pseudonyms".into()))
        };
    };
    let key = match secret::key(tokens, root, &World::variable).await {
        Ok(key) => key,
        // Fingerprints alone are no reason to end: they have a key of their own then. A manager that is away is one, since the next
        // attempt has the key, and people of a suppression list may be looked for by it.
        Err(fault) if domains.is_empty() && !fault.is_passing() => return Ok(Keys::none()),
        Err(fault) => return Err(Failure::secret(&fault)),
    };
    Keys::derive_version(key.expose_secret(), plan.tokens_version, domains).map_err(|fault| invalid(fault.to_string()))
}

/// The key of the fingerprints: the environment's, so that other runs can be held against this one, else one that nobody has.
fn seal(keys: &Keys) -> Result<Seal, Failure> {
    if let Some(secret) = keys.fingerprints() {
        return Ok(Seal::new(secret));
    }
    let mut secret = [0; SECRET_BYTES];
    let no_seed = |_| Failure::new(ending::DISK, Phase::Open, "the system gives no randomness");
    SystemRandom::new().fill(&mut secret).map_err(no_seed)?;
    Ok(Seal::new(&secret))
}

/// The store of reports and records alone.
pub fn security(plan: &Plan, root: &Path) -> Result<Store, Failure> {
    security_of(&plan.stores, root, &Meters::default())
}

/// The same, among the stores of an environment; `meters` count what is asked of it.
pub fn security_of(stores: &BTreeMap<Name, StoreSpec>, root: &Path, meters: &Meters) -> Result<Store, Failure> {
    let missing = || Failure::new(ending::NOT_THERE, Phase::Open, "there is no store `security`");
    let (name, spec) = stores.iter().find(|(name, _)| name.as_str() == "security").ok_or_else(missing)?;
    let folder = access::open_metered(&spec.primary, root, name.as_str(), Purpose::Write, &meters.of(name.as_str()));
    Ok(Store::new(spec, folder.map_err(|error| Failure::access(&error))?, None))
}

type Sources = (BTreeMap<Name, Box<dyn Source>>, BTreeMap<Name, Dump>);

/// Opens every source that the plan names; `meters` count what is asked of those that lie in a cloud's store.
pub async fn sources(plan: &Plan, root: &Path, aside: &Aside, meters: &Meters) -> Result<Sources, Failure> {
    let (mut sources, mut dumps) = (BTreeMap::new(), BTreeMap::new());
    for (name, spec) in &plan.sources {
        let reach = |location: &Location| {
            let opened = access::open_metered(location, root, name.as_str(), Purpose::Read, &meters.of(name.as_str()));
            opened.map_err(|error| Failure::access(&error))
        };
        let reached = match spec {
            SourceSpec::Dump { url, layout, reading, .. } => {
                let folder = reach(url)?;
                dumps.insert(name.clone(), Dump { folder, layout: *layout, reading: reading.clone() });
                continue;
            }
            SourceSpec::Files { url } => Reached::Files(reach(url)?, FolderLayout::Named),
            SourceSpec::RdsExport { url, database } => {
                Reached::Files(reach(url)?, FolderLayout::RdsExport { database })
            }
            SourceSpec::PgDump { url, time_zone } => {
                Reached::Files(reach(url)?, FolderLayout::PgDump { zone: *time_zone })
            }
            SourceSpec::Postgres(postgres) => Reached::Postgres(postgres, login(name, postgres, root).await?),
        };
        let opened = source::open(name, reached, &plan.limits, aside).await;
        sources.insert(name.clone(), opened.map_err(|error| Failure::source(&error, Phase::Open))?);
    }
    Ok((sources, dumps))
}
