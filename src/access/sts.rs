//! Security Token Service of AWS: a token that says to another cloud who we are.
//!
//! Asked at the region's own endpoint (the global one hands out none), by a form that the process's credentials sign.
//!
//! Source: AWS STS API reference, "GetWebIdentityToken", version 2011-06-15.
//!
//! Never in here: a token that is kept, or told.

use super::identity::{IdentityFault, of_sts};
use super::sigv4::{IamFault, Scope, credentials, escaped, signed_form};
use super::straight::{Question, Straight, Unanswered};
use crate::job::{is_this_machine, never_asked};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret, SecretString};
use serde_json::Value;
use std::time::Duration;

/// How long a token is good for: the shortest that outlives an exchange that is tried again.
const TOKEN_SECONDS: u32 = 300;
/// How long one question may take.
pub(super) const WITHIN: Duration = Duration::from_secs(10);
/// Longest token that is taken.
const TOKEN_BYTES_MAX: usize = 32 << 10;

/// A token of AWS's for `audience`.
pub(super) async fn web_identity_token(
    endpoint: &str,
    region: &str,
    audience: &str,
    now: DateTime<Utc>,
) -> Result<SecretString, IdentityFault> {
    let credential = credentials(region).await.map_err(|fault| match fault {
        IamFault::NoCredentials => IdentityFault::NoCredentials,
        IamFault::Away => IdentityFault::Away(None),
    })?;
    let seconds = TOKEN_SECONDS.to_string();
    // In the order of their names.
    let body = [
        ("Action", "GetWebIdentityToken"),
        ("Audience.member.1", audience),
        ("DurationSeconds", &seconds),
        ("SigningAlgorithm", "RS256"),
        ("Version", "2011-06-15"),
    ];
    let body = body.map(|(name, value)| format!("{name}={}", escaped(value))).join("&");
    let host = endpoint.split_once("://").map_or(endpoint, |(_, host)| host);
    let scope = Scope::new(now, region, "sts");
    // The client writes the host itself, as it was signed.
    let headers =
        signed_form(&scope, host, &body, &credential).into_iter().filter(|(name, _)| *name != "host").collect();
    let url = format!("{endpoint}/");
    let question = Question { url: &url, headers, body: Some(&body), within: WITHIN };
    let answer = Straight::default().ask(&question).await.map_err(unanswered)?;
    if answer.status != 200 {
        return Err(of_sts(answer.status, &answer.body, answer.date, now));
    }
    let token = token(&answer.body).ok_or(IdentityFault::Unreadable)?;
    checked(&token, audience, now)?;
    Ok(token)
}

pub(super) fn unanswered(why: Unanswered) -> IdentityFault {
    match why {
        Unanswered::Away => IdentityFault::Away(None),
        Unanswered::Tls => IdentityFault::Tls,
        Unanswered::TooMuch => IdentityFault::Unreadable,
    }
}

/// An address that may be asked for tokens: over TLS, or on this machine; `None` of any other.
pub(super) fn asked(address: &str) -> Option<&str> {
    let address = address.trim_end_matches('/');
    let is_sound = address.starts_with("https://") || (address.starts_with("http://") && is_this_machine(address));
    (is_sound && never_asked(address).is_none()).then_some(address)
}

/// What stands between `<WebIdentityToken>` and its end: a JWT, whose signs no XML escapes.
fn token(body: &[u8]) -> Option<SecretString> {
    let text = std::str::from_utf8(body).ok()?;
    let token = text.split_once("<WebIdentityToken>")?.1.split_once("</WebIdentityToken>")?.0.trim();
    let is_sign = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    let is_token = token.len() <= TOKEN_BYTES_MAX && token.bytes().all(is_sign) && token.split('.').count() == 3;
    is_token.then(|| token.to_owned().into())
}

/// Refuses a token for somebody else, or one that is over, before it is shown to anybody.
fn checked(token: &SecretString, audience: &str, now: DateTime<Utc>) -> Result<(), IdentityFault> {
    let said = token.expose_secret().split('.').nth(1).and_then(|said| URL_SAFE_NO_PAD.decode(said).ok());
    let said: Value = said.and_then(|said| serde_json::from_slice(&said).ok()).ok_or(IdentityFault::Unreadable)?;
    let is_for_it = match &said["aud"] {
        Value::String(of) => of == audience,
        Value::Array(all) => all.iter().any(|of| of == audience),
        _ => false,
    };
    if !is_for_it {
        return Err(IdentityFault::Audience);
    }
    match said["exp"].as_i64() {
        Some(until) if until > now.timestamp() => Ok(()),
        _ => Err(IdentityFault::TokenExpired),
    }
}
