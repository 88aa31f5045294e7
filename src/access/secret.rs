//! A reference to a secret -> the secret, kept in memory that is wiped. Never in a message, a log or a debug print.
//!
//! What lies in a manager is asked for over the network (`manager`), each time anew.

use super::manager::{self, ManagerFault};
use crate::job::SecretRef;
use crate::privacy::TEST_SECRET;
use crate::problem::shown_path;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use std::path::Path;

/// Largest file that holds a secret, in bytes.
const SECRET_BYTES_MAX: u64 = 64 * 1024;

/// Why a secret cannot be had. Says where it was looked for, never what was found.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// The variable is not set or empty.
    #[error("the environment variable `{0}` is not set")]
    NoVariable(String),
    /// The file is not there or may not be read.
    #[error("the secret's file `{0}` cannot be read")]
    NoFile(String),
    /// The file may be read by others than its owner.
    #[error("the secret's file `{0}` may be read by others than its owner (chmod 600)")]
    TooWide(String),
    /// It is not text where text is needed, or far too long.
    #[error("what `{0}` holds is no secret in text")]
    NotText(String),
    /// A manager did not give it.
    #[error("the {place} cannot be had: {fault}")]
    Manager {
        /// Where it is.
        place: String,
        /// Why.
        fault: ManagerFault,
    },
}

impl SecretFault {
    /// Whether the same question may be answered later without anyone changing anything.
    pub fn is_passing(&self) -> bool {
        matches!(self, SecretFault::Manager { fault, .. } if fault.is_passing())
    }
}

/// Looks a variable of the environment up.
type Variable<'a> = &'a (dyn Fn(&str) -> Option<String> + Sync);

/// A variable of the surroundings, as tools of the clouds read them; not one that a reference names.
pub(super) fn around(name: &str) -> Option<String> {
    std::env::var(name).ok().filter(|value| !value.is_empty())
}

/// The secret as text: a password. A relative path starts at `project`.
pub async fn text(secret: &SecretRef, project: &Path, variable: Variable<'_>) -> Result<SecretString, SecretFault> {
    match secret {
        SecretRef::Aws { .. } | SecretRef::KeyVault { .. } => {
            let failed = |fault| SecretFault::Manager { place: secret.place(), fault };
            manager::secret(secret).await.map_err(failed)
        }
        SecretRef::Env(name) => {
            let value = variable(name).filter(|value| !value.is_empty());
            value.map(SecretString::from).ok_or_else(|| SecretFault::NoVariable(name.clone()))
        }
        SecretRef::File(path) => file(path, project),
        SecretRef::TestKey => Ok(String::from_utf8_lossy(TEST_SECRET).into_owned().into()),
    }
}

/// The secret as bytes: a key. Hexadecimal digits of 32 bytes or more stand for those bytes, anything else for itself.
pub async fn key(secret: &SecretRef, project: &Path, variable: Variable<'_>) -> Result<SecretSlice<u8>, SecretFault> {
    let text = text(secret, project, variable).await?;
    let text = text.expose_secret();
    let bytes = unhex(text).unwrap_or_else(|| text.as_bytes().to_vec());
    Ok(bytes.into())
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if text.len() < 64 || !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).ok()).collect()
}

fn file(path: &str, project: &Path) -> Result<SecretString, SecretFault> {
    // What stands in the place of a path may be the secret itself.
    let shown = || shown_path(path).to_owned();
    let no_file = || SecretFault::NoFile(shown());
    let at = project.join(path);
    let about = std::fs::metadata(&at).map_err(|_| no_file())?;
    if is_readable_by_others(&about) {
        return Err(SecretFault::TooWide(shown()));
    }
    if about.len() > SECRET_BYTES_MAX {
        return Err(SecretFault::NotText(shown()));
    }
    let bytes = std::fs::read(&at).map_err(|_| no_file())?;
    let text = String::from_utf8(bytes).map_err(|_| SecretFault::NotText(shown()))?;
    // Editors end a file with a newline; a secret does not end with one.
    Ok(text.trim_end_matches(['\r', '\n']).to_owned().into())
}

#[cfg(unix)]
fn is_readable_by_others(about: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    about.permissions().mode() & 0o077 != 0
}

#[cfg(not(unix))]
fn is_readable_by_others(_: &std::fs::Metadata) -> bool {
    false
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::PermissionsExt;

    #[tokio::test]
    async fn reads_a_variable_and_names_the_one_that_is_missing() {
        let set = |name: &str| (name == "A").then(|| "opensesame".to_owned());
        let found = text(&SecretRef::Env("A".into()), Path::new("."), &set).await.expect("a secret");
        assert_eq!(found.expose_secret(), "opensesame");
        assert!(!format!("{found:?}").contains("opensesame"));
        assert_eq!(
            text(&SecretRef::Env("B".into()), Path::new("."), &set).await.err(),
            Some(SecretFault::NoVariable("B".into()))
        );
    }

    #[tokio::test]
    async fn takes_hexadecimal_digits_for_the_bytes_they_stand_for() {
        let hex = |_: &str| Some("ab".repeat(32));
        let found = key(&SecretRef::Env("A".into()), Path::new("."), &hex).await.expect("a key");
        assert_eq!(found.expose_secret(), [0xab; 32]);
    }

    #[test]
    fn refuses_a_file_that_others_may_read() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("key");
        std::fs::write(&path, "opensesame\n").expect("a file");
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).expect("permissions");
        assert_eq!(file("key", folder.path()).err(), Some(SecretFault::TooWide("key".into())));
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).expect("permissions");
        assert_eq!(file("key", folder.path()).expect("a secret").expose_secret(), "opensesame");
    }
}
