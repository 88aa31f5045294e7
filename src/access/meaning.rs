//! An object store's error -> what it means to whoever asked, on either bank.
//!
//! Never in here: the provider's text. It quotes urls, headers and sometimes what was sent.

use super::identity::IdentityFault;
use super::secret::SecretFault;
use object_store::Error as StoreError;
use std::error::Error;

/// Where a machine of AWS's or Azure's hands out its credentials; elsewhere nobody answers there.
const MACHINE_CREDENTIALS: &str = "://169.254.169.254";

/// How `object_store` words an answer that sends us to another region without saying which.
const ANOTHER_REGION: &str = "redirect without LOCATION";

/// What an object store's error means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Meaning {
    /// The object, or the bucket or container, is not there.
    NotThere,
    /// Something on the way to it is there and not what it should be: said by the words.
    NotAsNamed(&'static str),
    /// We are not let in, or not allowed to do it.
    Refused,
    /// Whoever hands out tokens gave none.
    NoToken(IdentityFault),
    /// The secret that it would be shown cannot be had.
    NoSecret(SecretFault),
    /// We have no credentials to show.
    NoCredentials,
    /// It sends us elsewhere, where nobody goes.
    Elsewhere,
    /// Its certificate cannot be trusted.
    Tls,
    /// It has no space left.
    Full,
    /// It cannot do what was asked, ever.
    Unable,
    /// It cannot be reached, or kept failing, which a retry may cure: HTTP status, where there was an answer.
    Away(Option<u16>),
}

/// What `error` means.
pub fn meaning(error: &StoreError) -> Meaning {
    match error {
        StoreError::NotFound { .. } => Meaning::NotThere,
        StoreError::PermissionDenied { .. } | StoreError::Unauthenticated { .. } => Meaning::Refused,
        StoreError::NotImplemented { .. } | StoreError::NotSupported { .. } => Meaning::Unable,
        // A listing has no typed errors: all of them are `Generic`.
        other => deeper(other).unwrap_or_else(|| worded(&other.to_string())),
    }
}

/// Whether an error of a connection comes from a certificate that cannot be trusted.
pub(super) fn is_distrusted(error: &(dyn Error + 'static)) -> bool {
    deeper(error) == Some(Meaning::Tls)
}

/// What an I/O error at the bottom says that matters to us.
fn deeper(error: &(dyn Error + 'static)) -> Option<Meaning> {
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(fault) = error.downcast_ref::<IdentityFault>() {
            return Some(match fault {
                IdentityFault::Elsewhere => Meaning::Elsewhere,
                fault => Meaning::NoToken(*fault),
            });
        }
        if let Some(fault) = error.downcast_ref::<SecretFault>() {
            return Some(Meaning::NoSecret(fault.clone()));
        }
        if let Some(io) = error.downcast_ref::<std::io::Error>() {
            use std::io::ErrorKind::*;
            match io.kind() {
                StorageFull | QuotaExceeded => return Some(Meaning::Full),
                PermissionDenied | ReadOnlyFilesystem => return Some(Meaning::Refused),
                NotADirectory => return Some(Meaning::NotAsNamed("a folder on the way")),
                // rustls reports a bad certificate as `InvalidData`.
                InvalidData => return Some(Meaning::Tls),
                _ => {}
            }
            next = io.get_ref().map(|inner| inner as &(dyn Error + 'static));
            if next.is_some() {
                continue;
            }
        }
        next = error.source();
    }
    None
}

/// `object_store` keeps the answer in a type that cannot be named, so it is read from the text, of which nothing is kept.
fn worded(text: &str) -> Meaning {
    // Without keys of its own the AWS client asks the machine, which has none for us either.
    if text.contains(MACHINE_CREDENTIALS) {
        return Meaning::NoCredentials;
    }
    // Of several that are deleted with one request each is answered inside of it, without a status.
    if text.contains("AccessDenied") {
        return Meaning::Refused;
    }
    match status(text) {
        // Azure answers a wrong key with 400, and S3 an expired token or another region's signature.
        Some(400 | 401 | 403) => Meaning::Refused,
        Some(404) => Meaning::NotThere,
        Some(300..=399) => Meaning::Elsewhere,
        None if text.contains(ANOTHER_REGION) => Meaning::NotAsNamed("the bucket in this region"),
        code => Meaning::Away(code),
    }
}

fn status(text: &str) -> Option<u16> {
    let at = text.find("status code: ")? + "status code: ".len();
    text.get(at..at + 3)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn generic(source: impl Into<Box<dyn Error + Send + Sync>>) -> StoreError {
        StoreError::Generic { store: "S3", source: source.into() }
    }

    #[test]
    fn tells_what_a_retry_may_cure_from_what_none_will() {
        let answered = |code: &str| generic(format!("Server returned non-2xx status code: {code}: canary@example.org"));
        let io = |kind| generic(std::io::Error::new(kind, "canary@example.org"));
        let cases = [
            (answered("404 Not Found"), Meaning::NotThere),
            (generic("DeleteObjects request failed for key a: Access Denied (code: AccessDenied)"), Meaning::Refused),
            (answered("403 Forbidden"), Meaning::Refused),
            (answered("307 Temporary Redirect"), Meaning::Elsewhere),
            (answered("400 Bad Request"), Meaning::Refused),
            (answered("503 Service Unavailable"), Meaning::Away(Some(503))),
            (generic("Received redirect without LOCATION"), Meaning::NotAsNamed("the bucket in this region")),
            (generic("GET http://169.254.169.254/latest"), Meaning::NoCredentials),
            (io(std::io::ErrorKind::InvalidData), Meaning::Tls),
            (io(std::io::ErrorKind::StorageFull), Meaning::Full),
            (io(std::io::ErrorKind::QuotaExceeded), Meaning::Full),
            (io(std::io::ErrorKind::TimedOut), Meaning::Away(None)),
        ];
        for (error, expected) in cases {
            assert_eq!(meaning(&error), expected, "{error}");
        }
    }
}
