//! A connection whose server is verified.
//!
//! Never in here: a connection without TLS, and a password in anything but the driver's hands.

use super::fault::{During, fault};
use crate::data::Name;
use crate::job::PostgresSpec;
use crate::source::SourceError;
use secrecy::{ExposeSecret, SecretString};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{ConnectOptions, Connection, PgConnection};
use std::time::Duration;

/// What the server's list of sessions calls us.
const APPLICATION_NAME: &str = "nightferry";

/// How long a connection may take to be made.
const CONNECT_SECONDS_MAX: u64 = 30;

/// What a login needs besides its description. Both are resolved elsewhere.
#[derive(Clone, Debug, Default)]
pub struct Login {
    /// Password, for roles that have one.
    pub password: Option<SecretString>,
    /// CA certificates in PEM to trust besides the system's own.
    pub ca_pem: Option<Vec<u8>>,
}

/// Connects, over TLS with the server's certificate and name verified.
pub async fn connect(from: &Name, spec: &PostgresSpec, login: &Login) -> Result<PgConnection, SourceError> {
    let connecting = During::Connecting { user: &spec.user, database: &spec.database };
    let away = || SourceError::Away { from: from.clone(), during: "connecting".into(), answer: None };
    let options = options(spec, login);
    let connected = PgConnection::connect_with(&options);
    let connected = tokio::time::timeout(Duration::from_secs(CONNECT_SECONDS_MAX), connected).await;
    connected.map_err(|_| away())?.map_err(|error| fault(from, &error, connecting))
}

fn options(spec: &PostgresSpec, login: &Login) -> PgConnectOptions {
    // An empty password in place of none: the driver would look for one in the environment.
    let password = login.password.as_ref().map_or("", |password| password.expose_secret());
    let options = PgConnectOptions::new_without_pgpass()
        .host(&spec.host)
        .port(spec.port)
        .database(&spec.database)
        .username(&spec.user)
        .password(password)
        .ssl_mode(PgSslMode::VerifyFull)
        .application_name(APPLICATION_NAME)
        .disable_statement_logging();
    match &login.ca_pem {
        Some(pem) => options.ssl_root_cert_from_pem(pem.clone()),
        None => options,
    }
}
