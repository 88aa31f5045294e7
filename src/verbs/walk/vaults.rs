//! The vaults of a plan's domains: read before the first row, and appended to before the night's record.
//!
//! ```text
//! open     what the vaults have -> the tokens that values have
//! rows     a value without a token gets a random one, once for all threads, tables and stores of the run
//! keep     the new ones, uploaded -> what other runs brought meanwhile, read -> appended; then the night may be published
//! ```
//!
//! A run that is killed before leaves nothing that shows a token; one that is killed after leaves tokens that nothing shows, which the
//! next run gives again. Two runs that gave one value two tokens: the second to come here ends, to be run again.

use super::forgotten;
use super::merged::{lost, unreadable};
use super::open::Opened;
use crate::data::Name;
use crate::ending;
use crate::failure::{Failure, Phase};
use crate::format::parquet_back::published;
use crate::job::{Plan, VAULT};
use crate::privacy::{Vault, VaultFault};
use crate::store::{self, Appender, Store, Table, VAULT_OWNER, append_tokens, upload_tokens, vault_schema};
use crate::world::compute;
use arrow::array::{Array, AsArray, RecordBatch};
use bytes::Bytes;
use ring::rand::{SecureRandom, SystemRandom};
use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

/// Commits of other runs that may come in between.
const ATTEMPTS_MAX: u32 = 16;

/// The part of a run's memory that the tokens of all domains may take.
const MEMORY_PART: u64 = 4;

/// A domain's vault, open.
pub struct OpenVault {
    name: Name,
    vault: Arc<Vault>,
    /// Files that were read.
    read: BTreeSet<String>,
}

/// Opens the vaults of the domains whose tokens `plan` shows somebody.
pub async fn open(plan: &Plan, restricted: &Store) -> Result<Vec<(Name, OpenVault)>, Failure> {
    let shown = plan.datasets.iter().flat_map(|dataset| &dataset.outputs).flat_map(|output| &output.columns);
    let domains: BTreeSet<&Name> = shown.flat_map(|shown| shown.treatment.vaults()).collect();
    let bytes_max = plan.limits.memory_bytes_max / MEMORY_PART / domains.len().max(1) as u64;
    let mut opened = Vec::new();
    for domain in domains {
        let no_name = |_| Failure::new(ending::JOB_INVALID, Phase::Open, format!("`{domain}` names no vault"));
        let name = Name::new(&format!("{VAULT}{domain}")).map_err(no_name)?;
        let (random, mut secret) = (SystemRandom::new(), [0; 32]);
        let no_seed = |_| Failure::new(ending::DISK, Phase::Open, "the system gives no randomness");
        random.fill(&mut secret).map_err(no_seed)?;
        let vault = Vault::new(&secret, Box::new(move |bytes: &mut [u8]| random.fill(bytes).is_ok()), bytes_max);
        let mut vault = OpenVault { name, vault: Arc::new(vault), read: BTreeSet::new() };
        vault.learn(plan, restricted).await.map_err(|failure| match failure.ending {
            ending::VAULT_BEHIND => {
                let what = format!("the vault `{}` has two tokens for one value", vault.name);
                Failure::new(ending::CHECKSUM, Phase::Open, what)
            }
            _ => failure,
        })?;
        opened.push((domain.clone(), vault));
    }
    Ok(opened)
}

/// The vaults, for whoever gives tokens.
pub fn shared(vaults: &[(Name, OpenVault)]) -> HashMap<Name, Arc<Vault>> {
    vaults.iter().map(|(domain, open)| (domain.clone(), Arc::clone(&open.vault))).collect()
}

/// Keeps the new tokens of every domain. After this, and not before, the night's tables may show them.
pub async fn keep(
    opened: &mut Opened,
    plan: &Plan,
    run: &str,
    at: chrono::DateTime<chrono::Utc>,
) -> Result<(), Failure> {
    let Opened { vaults, restricted, security, suppression_list, .. } = opened;
    let by = Appender { stamp: &plan.stamp, job: plan.job.as_str(), run, at };
    for (domain, vault) in vaults {
        // A vault keeps values as they are: nobody who is to be forgotten since may get into it.
        if store::is_another_list(security, *suppression_list).await.map_err(lost)? {
            return Err(forgotten::outrun());
        }
        vault.keep(plan, restricted, by).await.map_err(|failure| match failure.ending {
            ending::VAULT_BEHIND => {
                let what = format!("another run gave tokens of domain `{domain}` to the same values at the same time");
                Failure { what, ..failure }
            }
            _ => failure,
        })?;
    }
    Ok(())
}

impl OpenVault {
    async fn keep(&mut self, plan: &Plan, restricted: &Store, by: Appender<'_>) -> Result<(), Failure> {
        let minted = self.vault.minted();
        // A failover since the start: the other side's vault gives tokens of its own.
        restricted.check_epoch().await.map_err(lost)?;
        if minted.is_empty() {
            return Ok(());
        }
        let new = upload_tokens(restricted, &self.name, &minted, by).await.map_err(lost)?;
        for _ in 0..ATTEMPTS_MAX {
            let table = self.learn(plan, restricted).await?;
            restricted.check_epoch().await.map_err(lost)?;
            if append_tokens(restricted, &table, &new, by).await.map_err(lost)? {
                return Ok(());
            }
        }
        Err(Failure::new(ending::STORE_AWAY, Phase::Publish, "other runs kept coming first"))
    }

    /// Reads the files of the vault that were not read yet.
    async fn learn(&mut self, plan: &Plan, restricted: &Store) -> Result<Table, Failure> {
        let owner = Name::new(VAULT_OWNER).map_err(|_| unreadable())?;
        let table = Table::open(restricted, &self.name, &plan.stamp, &owner).await.map_err(lost)?;
        for file in 0..table.files() {
            let Some(path) = table.path(file).filter(|path| !self.read.contains(*path)) else { continue };
            let bytes = table.read(file).await.map_err(lost)?;
            let vault = Arc::clone(&self.vault);
            compute(move || know(&vault, bytes)).await?;
            self.read.insert(path.to_owned());
        }
        Ok(table)
    }
}

/// Takes in the rows of one file.
fn know(vault: &Vault, bytes: Bytes) -> Result<(), Failure> {
    for rows in published(bytes, vault_schema()).map_err(|_| unreadable())? {
        let rows = rows.map_err(|_| unreadable())?;
        know_rows(vault, rows.rows())?;
    }
    Ok(())
}

fn know_rows(vault: &Vault, rows: &RecordBatch) -> Result<(), Failure> {
    let column = |name: &str| rows.column_by_name(name).ok_or_else(unreadable);
    let values = column("value")?.as_string_view_opt().ok_or_else(unreadable)?;
    let exact = column("is_exact")?.as_boolean_opt().ok_or_else(unreadable)?;
    let tokens = column("token")?.as_string_view_opt().ok_or_else(unreadable)?;
    for row in 0..rows.num_rows() {
        if values.is_null(row) || exact.is_null(row) || tokens.is_null(row) {
            return Err(unreadable());
        }
        vault.know(values.value(row), exact.value(row), tokens.value(row)).map_err(|fault| match fault {
            VaultFault::TwoTokens(_) => Failure::new(ending::VAULT_BEHIND, Phase::Publish, fault.to_string()),
            VaultFault::NoToken => unreadable(),
            VaultFault::Full => Failure::new(ending::MEMORY, Phase::Open, fault.to_string()),
        })?;
    }
    Ok(())
}
