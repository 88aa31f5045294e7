//! Credentials of the role that a container runs as, from whoever its platform names for that: Amazon ECS (Batch on Fargate), or the agent of
//! EKS. Asked again five minutes before they are over.
//!
//! Asked are ECS's own address, EKS's, this machine, and others over TLS alone: a variable that names somebody else is a fault. Credentials
//! of the surroundings and a web identity come first, as with AWS's own tools.
//!
//! Source: AWS SDKs and Tools Reference Guide, "Container credential provider".
//!
//! Never in here: an answer's text, and credentials on a disk.

use super::entra::is_graphic;
use super::identity::{IdentityFault, of_container};
use super::renewed::Renewed;
use super::straight::{Question, Straight};
use super::sts::{WITHIN, unanswered};
use crate::job::{is_this_machine, never_asked};
use chrono::{DateTime, TimeDelta, Utc};
use object_store::CredentialProvider;
use object_store::aws::AwsCredential;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::Arc;

/// Where ECS hands them out, and the agent of EKS: addresses of the link, which no router passes on.
const OF_AWS: [&str; 3] = ["http://169.254.170.2", "http://169.254.170.23", "http://[fd00:ec2::23]"];
/// How long credentials are shown whose end nobody tells.
const UNTOLD: TimeDelta = TimeDelta::hours(1);
/// Longest token that is shown, in bytes.
const TOKEN_BYTES_MAX: u64 = 16 << 10;

/// Whom to ask, and what to show there.
#[derive(Debug)]
pub(super) struct Container {
    url: String,
    token: Token,
    held: Renewed<AwsCredential>,
}

#[derive(Debug)]
enum Token {
    None,
    Given(SecretString),
    /// Read each time: its platform changes it.
    File(PathBuf),
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Told {
    access_key_id: String,
    secret_access_key: String,
    token: Option<String>,
    expiration: Option<DateTime<Utc>>,
}

impl Container {
    /// As the surroundings say; `None` where they name nobody, or credentials that come first.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, IdentityFault> {
        let comes_first = ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_WEB_IDENTITY_TOKEN_FILE"];
        if comes_first.iter().any(|name| variable(name).is_some()) {
            return Ok(None);
        }
        let relative = variable("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI");
        let is_path = relative.as_ref().is_none_or(|path| path.starts_with('/'));
        let relative = relative.map(|path| format!("{}{path}", OF_AWS[0]));
        let Some(url) = relative.or_else(|| variable("AWS_CONTAINER_CREDENTIALS_FULL_URI")) else { return Ok(None) };
        if !is_path || !is_asked(&url) {
            let fault = "AWS_CONTAINER_CREDENTIALS_FULL_URI or _RELATIVE_URI is an address that is never asked";
            return Err(IdentityFault::Surroundings(fault));
        }
        let file = variable("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE").map(|file| Token::File(file.into()));
        let given = || variable("AWS_CONTAINER_AUTHORIZATION_TOKEN").map(|token| Token::Given(token.into()));
        Ok(Some(Container { url, token: file.or_else(given).unwrap_or(Token::None), held: Renewed::default() }))
    }

    /// The credentials, which are good for five minutes more.
    pub async fn credential(&self) -> Result<Arc<AwsCredential>, IdentityFault> {
        self.held.get(|now| self.asked(now), |fault: &IdentityFault| fault.is_passing()).await
    }

    async fn asked(&self, now: DateTime<Utc>) -> Result<(AwsCredential, DateTime<Utc>), IdentityFault> {
        let token = self.token()?;
        let headers = token.iter().map(|token| ("authorization", token.expose_secret().to_owned())).collect();
        let question = Question { url: &self.url, headers, body: None, within: WITHIN };
        let answer = Straight::default().ask(&question).await.map_err(unanswered)?;
        if answer.status != 200 {
            return Err(of_container(answer.status));
        }
        let told: Told = serde_json::from_slice(&answer.body).map_err(|_| IdentityFault::Unreadable)?;
        let until = told.expiration.unwrap_or(now + UNTOLD);
        let words = [Some(&told.access_key_id), Some(&told.secret_access_key), told.token.as_ref()];
        let are_words = words.into_iter().flatten().all(|word| is_graphic(word));
        if !are_words || until <= now {
            return Err(IdentityFault::Unreadable);
        }
        let Told { access_key_id: key_id, secret_access_key: secret_key, token, .. } = told;
        Ok((AwsCredential { key_id, secret_key, token }, until))
    }

    fn token(&self) -> Result<Option<SecretString>, IdentityFault> {
        match &self.token {
            Token::None => Ok(None),
            Token::Given(token) => Ok(Some(token.clone())),
            Token::File(path) => {
                let lacking = IdentityFault::Surroundings("AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE cannot be read");
                let is_small = std::fs::metadata(path).is_ok_and(|file| file.len() <= TOKEN_BYTES_MAX);
                let token = std::fs::read_to_string(path).ok().filter(|_| is_small).ok_or(lacking)?;
                Ok(Some(token.trim_end().to_owned().into()))
            }
        }
    }
}

impl CredentialProvider for Container {
    type Credential = AwsCredential;

    fn get_credential<'a, 'b>(
        &'a self,
    ) -> Pin<Box<dyn Future<Output = object_store::Result<Arc<AwsCredential>>> + Send + 'b>>
    where
        'a: 'b,
        Self: 'b,
    {
        Box::pin(async move {
            let failed =
                |fault| object_store::Error::Generic { store: "ContainerCredentials", source: Box::new(fault) };
            self.credential().await.map_err(failed)
        })
    }
}

/// Whether somebody at `url` may be asked.
fn is_asked(url: &str) -> bool {
    let Some((scheme, rest)) = url.split_once("://") else { return false };
    // What is behind the host may have a query: ECS's own once had.
    let host = rest.split(['/', '?']).next().unwrap_or_default();
    let base = format!("{scheme}://{host}");
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic()) && !url.contains(['@', '#', '\\']);
    let is_of_aws = OF_AWS.contains(&base.as_str());
    let is_sound = scheme == "https" || (scheme == "http" && is_this_machine(&base));
    is_plain && (is_of_aws || (is_sound && never_asked(&base).is_none()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeMap;

    fn of(variables: &[(&str, &str)]) -> Result<Option<Container>, IdentityFault> {
        let all: BTreeMap<&str, &str> = variables.iter().copied().collect();
        Container::of(|name| all.get(name).map(|value| (*value).to_owned()))
    }

    #[test]
    fn a_path_is_ecs_own_and_what_comes_first_comes_first() {
        let path = ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "/v2/credentials/9c1e");
        let asked = of(&[path]).expect("sound").expect("somebody");
        assert_eq!(asked.url, "http://169.254.170.2/v2/credentials/9c1e");
        assert!(of(&[]).expect("sound").is_none());
        for first in ["AWS_ACCESS_KEY_ID", "AWS_WEB_IDENTITY_TOKEN_FILE"] {
            assert!(of(&[path, (first, "a")]).expect("sound").is_none(), "{first}");
        }
    }

    #[test]
    fn asks_ecs_eks_this_machine_or_over_tls_and_nobody_else() {
        for url in [
            "http://169.254.170.23/v1/credentials",
            "http://[fd00:ec2::23]/v1",
            "http://127.0.0.1:9/a?id=b",
            "https://a.example.org/b",
        ] {
            assert!(of(&[("AWS_CONTAINER_CREDENTIALS_FULL_URI", url)]).is_ok(), "{url}");
        }
        for (name, url) in [
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.169.254/latest"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "https://169.254.169.254/latest"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://a.example.org/b"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2@a.example.org/b"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "http://169.254.170.2.example.org/b"),
            ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "/v2/credentials"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ".example.org/v2"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "@a.example.org/v2"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", "3/v2"),
            ("AWS_CONTAINER_CREDENTIALS_RELATIVE_URI", ":80@a/v2"),
        ] {
            assert!(of(&[(name, url)]).is_err(), "{url}");
        }
    }
}
