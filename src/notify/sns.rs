//! A message -> a topic of Amazon SNS, by its HTTP API: one form, `Action=Publish`, that the process's AWS credentials sign.
//!
//! Source: Amazon SNS API reference, "Publish", version 2010-03-31.

use super::address::checked;
use super::client::{Post, client, post};
use super::{NotifyFault, Surroundings};
use crate::access::sigv4::{Scope, credentials, escaped, signed_form};
use crate::report::Message;
use chrono::TimeDelta;

/// A topic.
#[derive(Clone, Copy, Debug)]
pub(super) struct Topic<'a> {
    pub(super) arn: &'a str,
    pub(super) region: &'a str,
    pub(super) endpoint: Option<&'a str>,
    pub(super) ca: Option<&'a str>,
}

/// Publishes `message` in `topic`.
pub(super) async fn send(topic: Topic<'_>, message: &Message, around: Surroundings<'_>) -> Result<(), NotifyFault> {
    let own = format!("https://sns.{}.{}", topic.region, domain(topic.arn));
    let url = checked(topic.endpoint.unwrap_or(&own))?.trim_end_matches('/');
    let host = url.split_once("://").map_or(url, |(_, host)| host);
    let credential = credentials(topic.region).await.map_err(NotifyFault::Credentials)?;
    // A subject is ASCII.
    let subject: String = message.subject().chars().map(|sign| if sign.is_ascii() { sign } else { '?' }).collect();
    let body = [
        ("Action", "Publish"),
        ("Message", &message.text()),
        ("Subject", &subject),
        ("TopicArn", topic.arn),
        ("Version", "2010-03-31"),
    ];
    let body = body.map(|(name, value)| format!("{name}={}", escaped(value))).join("&");
    let client = client(&Post { url, ca: topic.ca }, around.project)?;
    let headers = |elapsed: u64| {
        let now = around.now + TimeDelta::seconds(i64::try_from(elapsed).unwrap_or(0));
        let scope = Scope::new(now, topic.region, "sns");
        let signed = signed_form(&scope, host, &body, &credential);
        // The client writes the host itself, as it was signed.
        signed.into_iter().filter(|(name, _)| *name != "host").collect()
    };
    post(&client, &format!("{url}/"), &body, headers).await
}

/// The domain of the partition that an ARN names.
fn domain(arn: &str) -> &'static str {
    if arn.starts_with("arn:aws-cn:") { "amazonaws.com.cn" } else { "amazonaws.com" }
}
