//! An event of lineage -> a server that takes OpenLineage: a POST of JSON, with a bearer's token where there is a key.

use super::address::checked;
use super::client::{Post, client, post};
use super::{NotifyFault, Surroundings};
use crate::access::secret;
use crate::job::LineageHttp;
use secrecy::ExposeSecret;
use serde_json::Value;

/// Sends `event`, and tries again a few times: half a minute at most.
pub async fn send_event(to: &LineageHttp, event: &Value, around: Surroundings<'_>) -> Result<(), NotifyFault> {
    let url = secret::text(&to.url, around.project, around.variable).await?;
    let url = checked(url.expose_secret())?;
    let key = match &to.api_key {
        Some(key) => Some(secret::text(key, around.project, around.variable).await?),
        None => None,
    };
    let client = client(&Post { url, ca: to.ca.as_deref() }, around.project)?;
    let headers = |_| {
        let mut headers = vec![("content-type", "application/json".to_owned())];
        headers.extend(key.iter().map(|key| ("authorization", format!("Bearer {}", key.expose_secret()))));
        headers
    };
    post(&client, url, &event.to_string(), headers).await
}
