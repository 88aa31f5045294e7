//! A secret of a manager, in either cloud -> the secret: asked a few times where that may help, and looked at before anybody uses it.
//!
//! ```text
//! secrets_manager.rs   AWS: a POST that the process's credentials sign
//! key_vault.rs         Azure: a GET with a token of Entra's
//! ```
//!
//! Never in here: a secret that is kept, and an answer's text, which is the secret or may repeat what was asked.

use super::backoff::pause;
use super::identity::IdentityFault;
use super::secret::around;
use super::straight::Unanswered;
use super::{key_vault, secrets_manager};
use crate::job::SecretRef;
use secrecy::zeroize::Zeroize;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use serde::de::IgnoredAny;
use std::collections::BTreeMap;
use std::time::Duration;

/// How long one question may take.
pub(super) const WITHIN: Duration = Duration::from_secs(10);
/// How often one secret is asked for.
const TRIES_MAX: u32 = 5;
/// Largest secret: that of AWS.
const SECRET_BYTES_MAX: usize = 64 << 10;

/// Why a manager gave no secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ManagerFault {
    /// The surroundings name an address that is never asked, or lack what is needed.
    #[error("{0}")]
    Surroundings(&'static str),
    /// Nothing to sign the question with.
    #[error("there are no AWS credentials to ask with")]
    NoCredentials,
    /// Nothing to show the vault.
    #[error("there is no token to show the vault: {0}")]
    NoToken(IdentityFault),
    /// It is not there, or has no value.
    #[error("there is no such secret, or no value of it")]
    NotThere,
    /// It is deleted, or will be.
    #[error("it is deleted, or waits to be; it can be restored for some days")]
    Deleted,
    /// Somebody switched it off.
    #[error("it is disabled")]
    Disabled,
    /// It is no text.
    #[error("it is no text, is empty, or is longer than 64 KiB")]
    NotText,
    /// It is JSON of several texts.
    #[error("it is JSON, and no `field` says which of its texts is meant")]
    NoField,
    /// It has no such text.
    #[error("it has no text under the `field` that is named")]
    FieldNotThere,
    /// The role may not read it.
    #[error("we may not read it (secretsmanager:GetSecretValue, or the role `Key Vault Secrets User`)")]
    Denied,
    /// The role may not use the key that it lies under.
    #[error("we may not decrypt it by its KMS key (kms:Decrypt)")]
    Key,
    /// Nobody comes in from this network.
    #[error("the vault's network rules let nobody in from here")]
    Network,
    /// The credentials are over.
    #[error("the AWS credentials have expired")]
    Expired,
    /// The signature is not the credentials'.
    #[error("AWS does not take the signature of the question for it")]
    Signature,
    /// The token is not one that the vault takes.
    #[error("the vault does not take our token: of another tenant, over, or for something else")]
    Token,
    /// It refused, and did not say why in a way that is known.
    #[error("the manager refused us")]
    Refused,
    /// The clocks are too far apart.
    #[error("this machine's clock is too far from the manager's")]
    Clock,
    /// Its certificate cannot be trusted.
    #[error("the manager's certificate is not trusted")]
    Tls,
    /// It sends us elsewhere, where nobody goes.
    #[error("the manager answers with another address, and no redirect is followed")]
    Elsewhere,
    /// What came is no answer of theirs.
    #[error("what the manager answered is no secret")]
    Unreadable,
    /// Asked too much, away, or failing: a retry may cure it.
    #[error("the manager is away{}", match .0 { Some(429) => " (HTTP 429: asked too often)", Some(_) => " (it fails)", None => "" })]
    Away(Option<u16>),
}

impl ManagerFault {
    /// Whether the same question may be answered later without anyone changing anything.
    pub fn is_passing(self) -> bool {
        match self {
            ManagerFault::NoToken(fault) => fault.is_passing(),
            other => matches!(other, ManagerFault::Away(_) | ManagerFault::Unreadable),
        }
    }
}

impl From<Unanswered> for ManagerFault {
    fn from(why: Unanswered) -> Self {
        match why {
            Unanswered::Away => ManagerFault::Away(None),
            Unanswered::Tls => ManagerFault::Tls,
            Unanswered::TooMuch => ManagerFault::Unreadable,
        }
    }
}

/// The secret that `reference` names in a manager, as it is now. What passes is waited for, a few times.
pub(super) async fn secret(reference: &SecretRef) -> Result<SecretString, ManagerFault> {
    let mut tried = 0;
    loop {
        tried += 1;
        match once(reference).await {
            Err(fault) if fault.is_passing() && tried < TRIES_MAX => {
                tokio::time::sleep(pause(Duration::from_millis(200), Duration::from_secs(3), tried)).await;
            }
            ended => return ended,
        }
    }
}

async fn once(reference: &SecretRef) -> Result<SecretString, ManagerFault> {
    match reference {
        SecretRef::Aws { secret, field } => picked(secrets_manager::value(secret, around).await?, field.as_deref()),
        SecretRef::KeyVault { url, field } => picked(key_vault::value(url, around).await?, field.as_deref()),
        SecretRef::Env(_) | SecretRef::File(_) | SecretRef::TestKey => Err(ManagerFault::NotThere),
    }
}

/// A text of a secret's JSON.
#[derive(Deserialize)]
#[serde(untagged)]
enum Held {
    Text(String),
    Other(IgnoredAny),
}

/// The text that is meant. JSON whose field nobody names is no password: taken as it stands, it would be refused where nobody sees why.
fn picked(value: SecretString, field: Option<&str>) -> Result<SecretString, ManagerFault> {
    // Editors end a file with a newline, and files become secrets; a secret does not end with one.
    let text = value.expose_secret().trim_end_matches(['\r', '\n']);
    let object = serde_json::from_str::<BTreeMap<String, Held>>(text).ok();
    let found = match (object, field) {
        (None, None) => text.to_owned().into(),
        (None, Some(_)) => return Err(ManagerFault::FieldNotThere),
        (Some(object), None) => {
            forgotten(object, "");
            return Err(ManagerFault::NoField);
        }
        (Some(object), Some(field)) => forgotten(object, field).ok_or(ManagerFault::FieldNotThere)?,
    };
    let is_sound = |text: &str| !text.is_empty() && text.len() <= SECRET_BYTES_MAX && !text.contains('\0');
    if is_sound(found.expose_secret()) { Ok(found) } else { Err(ManagerFault::NotText) }
}

/// The text under `field`; every other one is wiped.
fn forgotten(object: BTreeMap<String, Held>, field: &str) -> Option<SecretString> {
    let mut found = None;
    for (name, held) in object {
        match held {
            Held::Text(text) if name == field => found = Some(SecretString::from(text)),
            Held::Text(mut text) => text.zeroize(),
            Held::Other(_) => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(value: &str, field: Option<&str>) -> Result<String, ManagerFault> {
        picked(value.to_owned().into(), field).map(|secret| secret.expose_secret().to_owned())
    }

    #[test]
    fn takes_the_text_that_is_meant_and_no_json_for_a_password() {
        let of_rds = r#"{"username":"nightferry_ro","password":"open\"sesame\n","port":5432}"#;
        assert_eq!(of(of_rds, Some("password")), Ok("open\"sesame\n".into()));
        assert_eq!(of("opensesame\n", None), Ok("opensesame".into()));
        assert_eq!(of("[1]", None), Ok("[1]".into()));
        for (value, field, fault) in [
            (of_rds, None, ManagerFault::NoField),
            ("{}", None, ManagerFault::NoField),
            (of_rds, Some("port"), ManagerFault::FieldNotThere),
            (of_rds, Some("key"), ManagerFault::FieldNotThere),
            ("opensesame", Some("password"), ManagerFault::FieldNotThere),
            (r#"{"password":""}"#, Some("password"), ManagerFault::NotText),
            ("\n", None, ManagerFault::NotText),
            ("a\0b", None, ManagerFault::NotText),
        ] {
            assert_eq!(of(value, field), Err(fault), "{value:?}");
        }
        assert_eq!(of(&"a".repeat(SECRET_BYTES_MAX + 1), None), Err(ManagerFault::NotText));
    }
}
