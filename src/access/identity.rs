//! Why somebody who hands out tokens did not, on the way from one cloud to the other: in words of ours, whoever said it in theirs.
//!
//! Source: AWS, STS API reference, "Common errors"; Microsoft, "Microsoft Entra authentication and authorization error codes".
//!
//! Never in here: an answer's text, which may repeat the token.

use chrono::{DateTime, TimeDelta, Utc};

/// How far two clocks may be apart before a refusal is the clock's: AWS and Entra allow five minutes.
const APART_MAX: TimeDelta = TimeDelta::minutes(5);

/// Why there is no token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum IdentityFault {
    /// Nothing to sign the question with.
    #[error("there are no AWS credentials to ask for a token with")]
    NoCredentials,
    /// The surroundings name an address that is never asked, or half of what is needed.
    #[error("{0}")]
    Surroundings(&'static str),
    /// The clocks are too far apart.
    #[error("this machine's clock is too far from the clock of whoever hands out tokens")]
    Clock,
    /// The signature is not the credentials'.
    #[error("AWS does not take the signature of the question for a token")]
    Signature,
    /// The credentials are over.
    #[error("the AWS credentials have expired")]
    Expired,
    /// The account does not do this.
    #[error("the AWS account hands out no tokens (outbound web identity federation is off)")]
    Disabled,
    /// The role may not ask.
    #[error("the role may not ask AWS for a token (sts:GetWebIdentityToken)")]
    Denied,
    /// The token is for somebody else.
    #[error("the token of AWS is for another audience than Azure takes")]
    Audience,
    /// The token is of somebody whom nobody there trusts.
    #[error("Azure trusts no token of this role (issuer or subject)")]
    Subject,
    /// The token is not as it was signed.
    #[error("Azure does not take the signature of AWS's token")]
    Assertion,
    /// The token is over, or not yet.
    #[error("the token of AWS has expired, or is not valid yet")]
    TokenExpired,
    /// The application or tenant is not there, or not let in.
    #[error("Azure does not know the application or tenant that is asked for")]
    Application,
    /// The application's secret is another one.
    #[error("Azure does not take the secret of the application (`client_secret`)")]
    Secret,
    /// The application's secret is over.
    #[error("the secret of the application has expired (`client_secret`)")]
    SecretOver,
    /// A shared access signature is over, or ends where nobody can tell when.
    #[error("the shared access signature has expired (`sas`)")]
    SasOver,
    /// It is none.
    #[error(
        "what `sas` refers to is no shared access signature; hint: its query alone (sv, se, sp, sig), without a url before it"
    )]
    NoSas,
    /// The platform hands this workload no token.
    #[error("Azure hands this workload no token for the audience asked (HTTP {0})")]
    Workload(u16),
    /// Entra does not take the token that the platform gave.
    #[error("Entra takes no token of this workload (issuer, subject or audience of its federated credential)")]
    Federated,
    /// AWS does not take Azure's token.
    #[error(
        "AWS does not take Azure's token: it is for another audience, or of an issuer that the account does not know (InvalidIdentityToken)"
    )]
    AzureToken,
    /// Azure's token is over, or not yet.
    #[error("the token of Azure has expired, or is not valid yet")]
    AzureTokenExpired,
    /// The role does not let this workload in.
    #[error(
        "the AWS role is not there, or its trust policy does not name this workload (sts:AssumeRoleWithWebIdentity)"
    )]
    Role,
    /// AWS could not ask whoever signed the token.
    #[error("AWS cannot ask whoever signed Azure's token (IDPCommunicationError)")]
    Provider,
    /// Whoever hands out the container's credentials refuses us.
    #[error("whoever hands out the container's credentials refused us (HTTP {0})")]
    Container(u16),
    /// The same, who sends us elsewhere.
    #[error("whoever hands out the container's credentials answers with another address, and no redirect is followed")]
    Elsewhere,
    /// It refused, and did not say why in a way that is known.
    #[error("whoever hands out tokens refused us")]
    Refused,
    /// Its certificate cannot be trusted.
    #[error("the certificate of whoever hands out tokens is not trusted")]
    Tls,
    /// What came is no answer of theirs.
    #[error("what whoever hands out tokens answered is no token")]
    Unreadable,
    /// Asked too much, away, or failing: a retry may cure it.
    #[error("whoever hands out tokens is away{}", match .0 { Some(429) => " (HTTP 429: asked too often)", Some(_) => " (it fails)", None => "" })]
    Away(Option<u16>),
}

impl IdentityFault {
    /// Whether the same question may be answered later without anyone changing anything.
    pub fn is_passing(self) -> bool {
        matches!(self, IdentityFault::Away(_) | IdentityFault::Unreadable | IdentityFault::Provider)
    }
}

/// What STS says with `status` and `body` at its own time `date`.
pub(super) fn of_sts(status: u16, body: &[u8], date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> IdentityFault {
    let says = |word: &str| body.windows(word.len()).any(|window| window == word.as_bytes());
    if passing(status) || says("Throttl") || says("RequestLimitExceeded") {
        return IdentityFault::Away(Some(if says("Throttl") { 429 } else { status }));
    }
    if is_apart(date, now)
        || says("RequestExpired")
        || says("RequestTimeTooSkewed")
        || says("Signature expired")
        || says("Signature not yet current")
    {
        return IdentityFault::Clock;
    }
    for (word, fault) in [
        ("OutboundWebIdentityFederationDisabled", IdentityFault::Disabled),
        ("ExpiredToken", IdentityFault::Expired),
        ("SignatureDoesNotMatch", IdentityFault::Signature),
        ("IncompleteSignature", IdentityFault::Signature),
        ("InvalidClientTokenId", IdentityFault::Signature),
        ("AccessDenied", IdentityFault::Denied),
    ] {
        if says(word) {
            return fault;
        }
    }
    IdentityFault::Refused
}

/// What STS says of a token of Azure's.
pub(super) fn of_assuming(status: u16, body: &[u8], date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> IdentityFault {
    let code = std::str::from_utf8(body).ok().and_then(|text| text.split_once("<Code>")?.1.split_once("</Code>"));
    let code = code.map(|(code, _)| code.trim().trim_end_matches("Exception")).unwrap_or_default();
    match code {
        "Throttling" | "RequestLimitExceeded" => IdentityFault::Away(Some(429)),
        "IDPCommunicationError" => IdentityFault::Provider,
        _ if passing(status) => IdentityFault::Away(Some(status)),
        _ if is_apart(date, now) => IdentityFault::Clock,
        "ExpiredToken" | "ExpiredIdentityToken" => IdentityFault::AzureTokenExpired,
        "InvalidIdentityToken" | "IDPRejectedClaim" => IdentityFault::AzureToken,
        "AccessDenied" => IdentityFault::Role,
        _ => IdentityFault::Refused,
    }
}

/// What whoever hands out a workload's token says.
pub(super) fn of_workload(status: u16) -> IdentityFault {
    if passing(status) { IdentityFault::Away(Some(status)) } else { IdentityFault::Workload(status) }
}

/// What whoever hands out a container's credentials says.
pub(super) fn of_container(status: u16) -> IdentityFault {
    match status {
        300..=399 => IdentityFault::Elsewhere,
        status if passing(status) => IdentityFault::Away(Some(status)),
        status => IdentityFault::Container(status),
    }
}

/// What Entra says.
pub(super) fn of_entra(status: u16, body: &[u8], date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> IdentityFault {
    if passing(status) {
        return IdentityFault::Away(Some(status));
    }
    if is_apart(date, now) {
        return IdentityFault::Clock;
    }
    let codes = serde_json::from_slice::<serde_json::Value>(body).ok();
    let codes = codes.as_ref().and_then(|said| said.get("error_codes")?.as_array().cloned()).unwrap_or_default();
    let code = codes.first().and_then(serde_json::Value::as_u64);
    match code {
        Some(700_212) => IdentityFault::Audience,
        Some(700_211 | 700_213) => IdentityFault::Subject,
        Some(50_013 | 700_027 | 5_002_730) => IdentityFault::Assertion,
        Some(700_024 | 500_133) => IdentityFault::TokenExpired,
        Some(7_000_215) => IdentityFault::Secret,
        Some(7_000_222) => IdentityFault::SecretOver,
        Some(700_016 | 90_002 | 900_023 | 7_000_112) => IdentityFault::Application,
        _ => IdentityFault::Refused,
    }
}

/// A status that passes.
pub(super) fn passing(status: u16) -> bool {
    matches!(status, 408 | 429 | 500..=599)
}

/// Whether a server's clock is too far from ours for a signature.
pub(super) fn is_apart(date: Option<DateTime<Utc>>, now: DateTime<Utc>) -> bool {
    date.is_some_and(|date| (date - now).abs() > APART_MAX)
}
