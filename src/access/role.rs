//! AWS from Azure without a secret: a token of Azure's that says who the workload is, exchanged at STS for credentials of a role, which are
//! kept in memory until five minutes before they are over.
//!
//! Asked for where a bucket's location names a `role`; `NIGHTFERRY_AWS_AUDIENCE` says for which audience Azure is asked: that of the
//! account's identity provider. The question is signed by nobody, since the token is what is shown.
//!
//! Source: AWS STS API reference, "AssumeRoleWithWebIdentity", version 2011-06-15.
//!
//! Never in here: a token that is kept, and credentials on a disk.

use super::entra::{is_graphic, is_word};
use super::identity::{IdentityFault, is_apart, of_assuming};
use super::renewed::Renewed;
use super::sigv4::escaped;
use super::straight::{Question, Straight};
use super::sts::{WITHIN, asked, unanswered};
use super::workload::Workload;
use chrono::{DateTime, Utc};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use secrecy::{ExposeSecret, SecretString};
use std::pin::Pin;
use std::sync::Arc;

/// For how long credentials are asked: what a role gives that says nothing else.
const SECONDS: &str = "3600";
/// What AWS's own records call us.
const SESSION: &str = "nightferry";

/// A role, and who says that we may have it.
#[derive(Debug)]
pub(super) struct Role {
    arn: String,
    audience: String,
    workload: Workload,
    sts: String,
    held: Renewed<AwsCredential>,
}

impl Role {
    /// The role `arn`, asked for in `region` or that of the surroundings.
    pub fn of(
        arn: &str,
        region: Option<&str>,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, IdentityFault> {
        let fault = IdentityFault::Surroundings;
        let lacking = "a `role` needs NIGHTFERRY_AWS_AUDIENCE: the audience of the account's identity provider";
        let audience = variable("NIGHTFERRY_AWS_AUDIENCE").filter(|audience| is_graphic(audience));
        let audience = audience.ok_or(fault(lacking))?;
        let region = region.map(str::to_owned).or_else(|| variable("AWS_REGION")).filter(|region| is_word(region));
        let region = region.ok_or(fault("a `role` needs the bucket's `region`, or AWS_REGION"))?;
        let sts = variable("AWS_ENDPOINT_URL_STS").unwrap_or_else(|| format!("https://sts.{region}.amazonaws.com"));
        let never = "AWS_ENDPOINT_URL_STS is an address that is never asked";
        let sts = asked(&sts).ok_or(fault(never))?.to_owned();
        let workload = Workload::of(&variable)?;
        Ok(Role { arn: arn.to_owned(), audience, workload, sts, held: Renewed::default() })
    }

    async fn assumed(&self, now: DateTime<Utc>) -> Result<(AwsCredential, DateTime<Utc>), IdentityFault> {
        let token = self.workload.token(&self.audience, now).await?;
        let body: SecretString = [
            ("Action", "AssumeRoleWithWebIdentity"),
            ("DurationSeconds", SECONDS),
            ("RoleArn", self.arn.as_str()),
            ("RoleSessionName", SESSION),
            ("Version", "2011-06-15"),
            ("WebIdentityToken", token.expose_secret()),
        ]
        .map(|(name, value)| format!("{name}={}", escaped(value)))
        .join("&")
        .into();
        let url = format!("{}/", self.sts);
        let headers = vec![("content-type", "application/x-www-form-urlencoded; charset=utf-8".to_owned())];
        let question = Question { url: &url, headers, body: Some(body.expose_secret()), within: WITHIN };
        let answer = Straight::default().ask(&question).await.map_err(unanswered)?;
        if answer.status != 200 {
            return Err(of_assuming(answer.status, &answer.body, answer.date, now));
        }
        // Nobody compared a signature's moment yet; S3 will.
        if is_apart(answer.date, now) {
            return Err(IdentityFault::Clock);
        }
        credential(&answer.body, now).ok_or(IdentityFault::Unreadable)
    }

    /// The credentials, which are good for five minutes more.
    pub async fn credential(&self) -> Result<Arc<AwsCredential>, IdentityFault> {
        self.held.get(|now| self.assumed(now), |fault: &IdentityFault| fault.is_passing()).await
    }
}

impl CredentialProvider for Role {
    type Credential = AwsCredential;

    fn get_credential<'a, 'b>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let failed = |fault| object_store::Error::Generic { store: "AzureWorkload", source: Box::new(fault) };
            self.credential().await.map_err(failed)
        })
    }
}

/// What stands between the tags of an answer: signs that no XML escapes.
fn credential(body: &[u8], now: DateTime<Utc>) -> Option<(AwsCredential, DateTime<Utc>)> {
    let text = std::str::from_utf8(body).ok()?.split_once("<Credentials>")?.1.split_once("</Credentials>")?.0;
    let word = |tag: &str| {
        let word = text.split_once(&format!("<{tag}>"))?.1.split_once(&format!("</{tag}>"))?.0.trim();
        (is_graphic(word) && !word.contains(['<', '&'])).then(|| word.to_owned())
    };
    let until = DateTime::parse_from_rfc3339(&word("Expiration")?).ok()?.to_utc();
    let credential = AwsCredential {
        key_id: word("AccessKeyId")?,
        secret_key: word("SecretAccessKey")?,
        token: Some(word("SessionToken")?),
    };
    (until > now).then_some((credential, until))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn takes_whole_credentials_that_are_not_over() {
        let now = DateTime::parse_from_rfc3339("2026-11-23T02:30:00Z").expect("a moment").to_utc();
        let of = |key: &str, until: &str| {
            format!(
                "<AssumeRoleWithWebIdentityResponse><AssumeRoleWithWebIdentityResult><Credentials><AccessKeyId>{key}</AccessKeyId>\
                 <SecretAccessKey>s/+=</SecretAccessKey><SessionToken>t//==</SessionToken><Expiration>{until}</Expiration></Credentials>\
                 </AssumeRoleWithWebIdentityResult></AssumeRoleWithWebIdentityResponse>"
            )
        };
        let (taken, until) = credential(of("ASIA1", "2026-11-23T03:30:00Z").as_bytes(), now).expect("credentials");
        let expected = AwsCredential { key_id: "ASIA1".into(), secret_key: "s/+=".into(), token: Some("t//==".into()) };
        assert_eq!((taken, until.to_rfc3339()), (expected, "2026-11-23T03:30:00+00:00".to_owned()));
        for bad in [
            of("ASIA1", "2026-11-23T02:30:00Z"),
            of("ASIA1", "soon"),
            of("", "2026-11-23T03:30:00Z"),
            of("A&amp;", "2026-11-23T03:30:00Z"),
            of("a b", "2026-11-23T03:30:00Z"),
            of("ASIA1", "2026-11-23T03:30:00Z").replace("</SessionToken>", ""),
            String::new(),
        ] {
            assert_eq!(credential(bad.as_bytes(), now), None, "{bad}");
        }
    }
}
