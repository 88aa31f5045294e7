//! A store in Azure by a shared access signature, which is referred to: read before the first request, and anew once it is over, so that
//! one that took its place is followed.
//!
//! Source: Microsoft, "Create an account SAS", "Create a service SAS" and "Create a user delegation SAS": `se` says when one is over, where
//! no stored policy does.
//!
//! Never in here: a signature in a message; it is all that whoever has it needs.

use super::identity::IdentityFault;
use super::secret::{self, around};
use crate::job::SecretRef;
use chrono::{DateTime, NaiveDate, NaiveDateTime, Utc};
use object_store::CredentialProvider;
use object_store::azure::AzureCredential;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;
use tokio::sync::Mutex;

/// The road by a signature.
pub(super) struct FromSas {
    secret: SecretRef,
    project: PathBuf,
    held: Mutex<Option<Held>>,
}

struct Held {
    credential: Arc<AzureCredential>,
    over_at: Option<DateTime<Utc>>,
}

impl std::fmt::Debug for FromSas {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FromSas").field("secret", &self.secret).finish_non_exhaustive()
    }
}

impl FromSas {
    /// By the signature that is referred to.
    pub fn of(secret: SecretRef, project: PathBuf) -> Self {
        FromSas { secret, project, held: Mutex::new(None) }
    }

    async fn credential(&self) -> object_store::Result<Arc<AzureCredential>> {
        // One reads, the others wait for what it gets.
        let mut held = self.held.lock().await;
        if let Some(of) = held.as_ref().filter(|of| of.over_at.is_none_or(|over_at| over_at > Utc::now())) {
            return Ok(Arc::clone(&of.credential));
        }
        let failed = |source: Box<dyn std::error::Error + Send + Sync>| object_store::Error::Generic {
            store: "AzureSas",
            source,
        };
        let text = secret::text(&self.secret, &self.project, &around).await;
        let text = text.map_err(|fault| failed(Box::new(fault)))?;
        let pairs = pairs(&text).ok_or_else(|| failed(Box::new(IdentityFault::NoSas)))?;
        let over_at = ends(&pairs).map_err(|fault| failed(Box::new(fault)))?;
        if over_at.is_some_and(|over_at| over_at <= Utc::now()) {
            return Err(failed(Box::new(IdentityFault::SasOver)));
        }
        let fresh = Held { credential: Arc::new(AzureCredential::SASToken(pairs)), over_at };
        Ok(Arc::clone(&held.insert(fresh).credential))
    }
}

impl CredentialProvider for FromSas {
    type Credential = AzureCredential;

    fn get_credential<'a, 'b>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AzureCredential>>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(self.credential())
    }
}

/// When a signature is over; `None` where a stored policy says so, or where it is no signature.
pub fn over_at(signature: &SecretString) -> Option<DateTime<Utc>> {
    ends(&pairs(signature)?).ok()?
}

/// What a signature says; `None` of a text that is none.
fn pairs(signature: &SecretString) -> Option<Vec<(String, String)>> {
    let text = signature.expose_secret().trim();
    let pair = |pair: &str| {
        let (name, value) = pair.split_once('=')?;
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric());
        Some((is_name.then(|| name.to_owned())?, unescaped(value)?))
    };
    let pairs: Vec<_> = text.strip_prefix('?').unwrap_or(text).split('&').map(pair).collect::<Option<_>>()?;
    let has = |name: &str| pairs.iter().any(|(of, value)| of == name && !value.is_empty());
    (has("sig") && has("sv")).then_some(pairs)
}

fn ends(pairs: &[(String, String)]) -> Result<Option<DateTime<Utc>>, IdentityFault> {
    let Some((_, text)) = pairs.iter().find(|(name, _)| name == "se") else { return Ok(None) };
    let moment = DateTime::parse_from_rfc3339(text).ok().map(|moment| moment.to_utc());
    let minute = || NaiveDateTime::parse_from_str(text, "%Y-%m-%dT%H:%MZ").ok().map(|minute| minute.and_utc());
    let day = || NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?.and_hms_opt(0, 0, 0).map(|day| day.and_utc());
    moment.or_else(minute).or_else(day).map(Some).ok_or(IdentityFault::NoSas)
}

/// `%2B` as `+`; a `+` stands for itself. `None` where what follows a `%` is no byte of UTF-8.
fn unescaped(text: &str) -> Option<String> {
    let mut parts = text.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        bytes.push(u8::from_str_radix(part.get(..2)?, 16).ok()?);
        bytes.extend_from_slice(&part.as_bytes()[2..]);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_a_signature_in_each_of_its_writings_and_nothing_else() {
        let said = |text: &str| pairs(&text.to_owned().into());
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let found = said("?sv=2026-02-06&se=2026-11-30T22%3A10%3A00Z&sp=rwdl&sig=a%2Bb/c%3D\n").expect("a signature");
        assert_eq!(found[1], pair("se", "2026-11-30T22:10:00Z"));
        assert_eq!(found[3], pair("sig", "a+b/c="));
        for wrong in [
            "",
            "opensesame",
            "https://account.blob.core.windows.net/?sv=2026-02-06&sig=x",
            "sv=2026-02-06&se=2026-11-30",
            "sv=2026-02-06&sig=",
            "sv=2026-02-06&sig=%2",
            "sv=2026-02-06&sig=%zz",
        ] {
            assert_eq!(said(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn knows_when_it_is_over_in_every_form_that_azure_takes() {
        let over = |se: &str| over_at(&format!("sv=2026-02-06&sig=x{se}").into()).map(|at| at.timestamp());
        assert_eq!(over("&se=2026-11-30T22%3A10%3A00Z"), Some(1_796_076_600));
        assert_eq!(over("&se=2026-11-30T22:10Z"), Some(1_796_076_600));
        assert_eq!(over("&se=2026-11-30"), Some(1_795_996_800));
        assert_eq!((over(""), over("&si=policy")), (None, None));
        assert_eq!(ends(&[("se".into(), "soon".into())]), Err(IdentityFault::NoSas));
    }
}
