//! Coming in: TLS, and who we say we are.
//!
//! Never in here: a connection whose server is not verified (but for a database on this machine that the environment calls
//! so), and a secret in anything but the driver's hands.

use super::fault::{During, fault};
use crate::access::{IamFault, Signed, iam, secret};
use crate::data::Name;
use crate::job::{Auth, PostgresSpec, SecretRef, Trust, is_loopback};
use crate::source::SourceError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::path::Path;
use std::time::Duration;

/// What the server's list of sessions calls us.
const APPLICATION_NAME: &str = "nightferry";

/// How long a connection may take to be made.
const CONNECT_SECONDS_MAX: u64 = 30;

/// The password is another one.
const WRONG_PASSWORD: &str = "28P01";

/// What a login needs besides its description. All of it is resolved elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Password, for roles that have one.
    pub password: Option<SecretString>,
    /// Where the password was read, if it may have been changed there since. A path of a file is absolute.
    pub password_at: Option<SecretRef>,
    /// CA certificates in PEM to trust besides the system's own.
    pub ca_pem: Option<Vec<u8>>,
    /// The certificate that we show.
    pub client: Option<ClientCertificate>,
}

/// A certificate of our own and its private key, both in PEM.
#[derive(Clone, Debug)]
pub struct ClientCertificate {
    /// The certificate, and those between it and its authority.
    pub certificate_pem: Vec<u8>,
    /// The key.
    pub key_pem: SecretString,
}

/// Connects. A password that is refused is read once more, in case it was changed.
pub async fn enter(from: &Name, spec: &PostgresSpec, login: &Login) -> Result<PgConnection, SourceError> {
    let refused = match once(from, spec, login, login.password.as_ref()).await {
        Ok(connection) => return Ok(connection),
        Err(error) => error,
    };
    let is_wrong = matches!(&refused, SourceError::Refused { code: Some(code), .. } if code == WRONG_PASSWORD);
    let Some(at) = login.password_at.as_ref().filter(|_| is_wrong) else { return Err(refused) };
    match changed(from, at, login.password.as_ref()).await {
        Some(other) => once(from, spec, login, Some(&other)).await,
        None => Err(refused),
    }
}

/// Connects, or fails to, once.
async fn once(
    from: &Name,
    spec: &PostgresSpec,
    login: &Login,
    password: Option<&SecretString>,
) -> Result<PgConnection, SourceError> {
    let connecting = During::Connecting { user: &spec.user, database: &spec.database };
    let token = match &spec.login.auth {
        Auth::Password => None,
        Auth::Iam { region } => Some(token(from, spec, region).await?),
    };
    let options = options(from, spec, login, token.as_ref().or(password))?;
    let connected = PgConnection::connect_with(&options);
    let connected = tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS_MAX), connected).await;
    let away = |_| SourceError::Away { from: from.clone(), during: "connecting".into(), answer: None };
    connected.map_err(away)?.map_err(|error| fault(from, &error, connecting))
}

async fn token(from: &Name, spec: &PostgresSpec, region: &str) -> Result<SecretString, SourceError> {
    let signed = Signed { host: &spec.host, port: spec.port, user: &spec.user, region };
    iam::token(&signed).await.map_err(|fault| match fault {
        IamFault::NoCredentials => {
            let what = "us, who have no AWS credentials to sign the login with".to_owned();
            SourceError::Refused { from: from.clone(), what, code: None, tls: false }
        }
        IamFault::Away => {
            SourceError::Away { from: from.clone(), during: "getting AWS credentials".into(), answer: None }
        }
    })
}

fn options(
    from: &Name,
    spec: &PostgresSpec,
    login: &Login,
    proof: Option<&SecretString>,
) -> Result<PgConnectOptions, SourceError> {
    let mode = match spec.login.trust {
        Trust::Verified => PgSslMode::VerifyFull,
        Trust::Unchecked if is_loopback(&spec.host) => PgSslMode::Prefer,
        // The files' check says so with its place; this is the second look.
        Trust::Unchecked => {
            let what = "to be spoken to unchecked, which only this machine may be".to_owned();
            return Err(SourceError::Refused { from: from.clone(), what, code: None, tls: true });
        }
    };
    // An empty password in place of none: the driver would look for one in the environment.
    let password = proof.map_or("", |password| password.expose_secret());
    let mut options = PgConnectOptions::new_without_pgpass()
        .host(&spec.host)
        .port(spec.port)
        .database(&spec.database)
        .username(&spec.user)
        .password(password)
        .ssl_mode(mode)
        .application_name(APPLICATION_NAME)
        .disable_statement_logging();
    if let Some(pem) = &login.ca_pem {
        options = options.ssl_root_cert_from_pem(pem.clone());
    }
    if let Some(ClientCertificate { certificate_pem, key_pem }) = &login.client {
        let key = key_pem.expose_secret().as_bytes();
        options = options.ssl_client_cert_from_pem(certificate_pem).ssl_client_key_from_pem(key);
    }
    Ok(options)
}

/// What is found now where the password was read, if that is another password.
async fn changed(from: &Name, at: &SecretRef, password: Option<&SecretString>) -> Option<SecretString> {
    let now = secret::text(at, Path::new(""), &|_| None).await;
    let now = now
        .inspect_err(|fault| tracing::warn!(source = %from, "a refused password is not read again: {fault}"))
        .ok()?;
    let is_same = password.is_some_and(|password| password.expose_secret() == now.expose_secret());
    (!is_same).then_some(now)
}
