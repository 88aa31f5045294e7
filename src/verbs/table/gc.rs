//! `nightferry table gc STORE/TABLE`: what no version in retention names, listed first and deleted a day later; and the entries of
//! the log that a checkpoint stands for.

use super::open::{failed, named, usage};
use super::verify::objects;
use super::{Place, Told};
use crate::failure::Failure;
use crate::report::{bytes, count};
use crate::store::upkeep::collect::{Collected, KEEP_DAYS_MAX, KEEP_DAYS_MIN, Terms, collect};
use crate::world::Clock;
use serde_json::json;
use std::fmt::Write;

pub(super) async fn gc(environment: &str, table: &str, keep_days: u32, apply: bool) -> Result<Told, Failure> {
    let (store, dataset) = named(table)?;
    if keep_days < KEEP_DAYS_MIN {
        return Err(usage("`--keep-days` is 7 at least: readers of an earlier version need its files"));
    }
    if keep_days > KEEP_DAYS_MAX {
        return Err(usage("`--keep-days` is 36500 at most: that is a hundred years"));
    }
    let place = match apply {
        true => Place::write(environment, &store).await?,
        false => Place::look(environment, &store).await?,
    };
    if apply {
        place.store.check_epoch().await.map_err(failed)?;
    }
    let now = Clock::System.now() + chrono::TimeDelta::days(crate::failpoint::days_ahead());
    let terms = Terms { now, keep_days, apply };
    let clouds = collect(&place.store, &place.security, dataset.as_str(), terms).await.map_err(failed)?;
    let value = json!({ "table": table, "applied": apply, "keep_days": keep_days, "clouds": clouds });
    Ok(Told::new(face(table, &clouds, apply), &value))
}

fn face(table: &str, clouds: &[Collected], apply: bool) -> String {
    let mut text = format!("{table}\n");
    for cloud in clouds {
        let _ = writeln!(
            text,
            "  {:<6}  {} objects: {} {}, {} wait a day, {} {} ({})",
            cloud.cloud,
            count(cloud.objects as u64),
            cloud.marked.len(),
            if apply { "put on a list" } else { "would be put on a list" },
            cloud.waiting,
            cloud.deleted.len(),
            if apply { "deleted" } else { "would be deleted" },
            bytes(cloud.deleted_bytes)
        );
        if !cloud.log_deleted.is_empty() {
            let _ = writeln!(
                text,
                "          its log {} at version {}: {} before it {}",
                if apply { "begins" } else { "would begin" },
                cloud.log_begins,
                objects(cloud.log_deleted.len()),
                if apply { "deleted" } else { "would be deleted" }
            );
        }
    }
    if !apply {
        text += "  nothing was written or deleted; --apply does\n";
    }
    text
}
