//! What we show a cluster: a password, a certificate of our own, or tokens of AWS IAM, each signed before the one before is over.
//!
//! Never in here: a secret in a message.

use crate::access::{IamFault, msk};
use chrono::Utc;
use rdkafka::client::OAuthToken;
use secrecy::{ExposeSecret, SecretString};
use std::path::PathBuf;
use std::sync::{Mutex, PoisonError, mpsc};
use std::time::Duration;
use tokio::runtime::Handle;

/// How long one who signs is waited for: he may have to ask others for credentials.
const SIGN: Duration = Duration::from_secs(10);
/// A token that could not be followed by another is said to be over so soon, so that another is asked for in ten seconds. The client
/// asks when four fifths are over.
const AGAIN_MS: i64 = 12_500;
/// What stands in the place of a name: the token says whose it is.
const PRINCIPAL: &str = "nightferry";

/// What the environment names, read.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// PEM file with the CA to trust; the system's roots without it.
    pub ca: Option<PathBuf>,
    /// The password.
    pub password: Option<SecretString>,
    /// The certificate.
    pub client: Option<ClientCertificate>,
}

/// A certificate of our own and its key, in PEM.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate, and those between it and its authority.
    pub certificate: String,
    /// Its private key.
    pub key: SecretString,
}

/// Tokens of AWS IAM, for all clients of a cluster.
pub struct Tokens {
    region: String,
    seconds: u32,
    runtime: Handle,
    last: Mutex<Last>,
}

#[derive(Default)]
struct Last {
    token: Option<msk::Token>,
    fault: Option<IamFault>,
}

impl Tokens {
    /// None yet. Credentials are asked for on the runtime that we are in.
    pub fn new(region: &str, seconds: u32) -> Self {
        Tokens { region: region.to_owned(), seconds, runtime: Handle::current(), last: Mutex::default() }
    }

    /// Another token; the last once more, where none can be signed and it is not over. Blocks.
    pub fn next(&self) -> Result<OAuthToken, IamFault> {
        let signed = self.signed();
        let now = Utc::now().timestamp_millis();
        let mut last = self.last.lock().unwrap_or_else(PoisonError::into_inner);
        let over_at = match signed {
            Ok(token) => {
                let over_at = token.over_at;
                *last = Last { token: Some(token), fault: None };
                over_at
            }
            Err(fault) => {
                last.fault = Some(fault);
                last.token.as_ref().map_or(now, |token| token.over_at).min(now + AGAIN_MS)
            }
        };
        match &last.token {
            Some(token) if over_at > now => Ok(OAuthToken {
                token: token.text.expose_secret().to_owned(),
                principal_name: PRINCIPAL.to_owned(),
                lifetime_ms: over_at,
            }),
            _ => Err(last.fault.unwrap_or(IamFault::NoCredentials)),
        }
    }

    /// Why the last try gave no token.
    pub fn fault(&self) -> Option<IamFault> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner).fault
    }

    /// The client asks from whatever thread serves it, some of which may not wait for a future themselves.
    fn signed(&self) -> Result<msk::Token, IamFault> {
        let (region, seconds) = (self.region.clone(), self.seconds);
        let (told, comes) = mpsc::sync_channel(1);
        self.runtime.spawn(async move {
            let _ = told.send(msk::token(&region, seconds).await);
        });
        comes.recv_timeout(SIGN).unwrap_or(Err(IamFault::Away))
    }
}
