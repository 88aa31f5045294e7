//! A message -> a webhook: the body by its shape, and a signature by which whoever gets it knows that it is ours and new.
//!
//! ```text
//! x-nightferry-timestamp: 1795400000                seconds since 1970
//! x-nightferry-signature: v1=<HMAC-SHA-256 of "<timestamp>.<body>" under the key, in hex>
//! ```
//!
//! Whoever checks it refuses a moment that is more than five minutes off, and compares in constant time.

use super::address::checked;
use super::client::{Post, client, post};
use super::{NotifyFault, Surroundings};
use crate::access::secret;
use crate::access::sigv4::hex;
use crate::job::{BodyShape, Road};
use crate::report::{Message, pagerduty_body, plain_body, slack_body, teams_body};
use ring::hmac::{HMAC_SHA256, Key, sign};
use secrecy::ExposeSecret;
use serde_json::json;

/// The signature of `body` at `timestamp`: seconds since 1970.
pub fn signature(key: &[u8], timestamp: i64, body: &str) -> String {
    format!("v1={}", hex(sign(&Key::new(HMAC_SHA256, key), format!("{timestamp}.{body}").as_bytes()).as_ref()))
}

/// Sends `message` by `road`, a webhook.
pub(super) async fn send(road: &Road, message: &Message, around: Surroundings<'_>) -> Result<(), NotifyFault> {
    let Road::Webhook { url, body: shape, key, routing_key, ca } = road else { return Ok(()) };
    let url = secret::text(url, around.project, around.variable).await?;
    let url = checked(url.expose_secret())?;
    let key = match key {
        Some(key) => Some(secret::key(key, around.project, around.variable).await?),
        None => None,
    };
    let routing_key = match routing_key {
        Some(key) => Some(secret::text(key, around.project, around.variable).await?),
        None => None,
    };
    let mut body = match shape {
        BodyShape::Plain => plain_body(message),
        BodyShape::Slack => slack_body(message),
        BodyShape::Teams => teams_body(message),
        BodyShape::Pagerduty => pagerduty_body(message),
    };
    if let Some(key) = &routing_key {
        body["routing_key"] = json!(key.expose_secret());
    }
    let body = body.to_string();
    let client = client(&Post { url, ca: ca.as_deref() }, around.project)?;
    let headers = |elapsed: u64| {
        let timestamp = around.now.timestamp() + i64::try_from(elapsed).unwrap_or(0);
        let mut headers = vec![("content-type", "application/json".to_owned())];
        if let Some(key) = &key {
            headers.push(("x-nightferry-timestamp", timestamp.to_string()));
            headers.push(("x-nightferry-signature", signature(key.expose_secret(), timestamp, &body)));
        }
        headers
    };
    post(&client, url, &body, headers).await
}
