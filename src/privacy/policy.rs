//! Which treatment a column gets for an audience.
//!
//! | | restricted | analytics | security | public |
//! |---|---|---|---|---|
//! | open | keep | keep | drop | drop: only an explicit `keep` publishes |
//! | internal | keep | keep | drop | drop |
//! | personal, sensitive | keep | drop; `keep` is refused | drop; `keep` is refused | drop; `keep` is refused |

use crate::data::{Audience, Class, Column, Treatment};

/// A declared treatment that the policy refuses.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PolicyFault {
    /// `keep` of a personal column for an audience that must not see it.
    #[error("is `{class}`, and `{audience}` keeps it as it is")]
    PersonalKept {
        /// The column's class.
        class: Class,
        /// The audience.
        audience: Audience,
    },
}

/// The treatment of `column` for `audience`: the declared one, else the safe one for its class.
pub fn treatment(column: &Column, audience: Audience) -> Result<Treatment, PolicyFault> {
    match column.treat.get(&audience) {
        Some(Treatment::Keep) if column.class.is_personal() && audience != Audience::Restricted => {
            Err(PolicyFault::PersonalKept { class: column.class, audience })
        }
        Some(declared) => Ok(declared.clone()),
        None => Ok(safe(column.class, audience)),
    }
}

/// The treatment when nothing is declared.
fn safe(class: Class, audience: Audience) -> Treatment {
    match (audience, class) {
        (Audience::Restricted, _) => Treatment::Keep,
        (Audience::Analytics, Class::Open | Class::Internal) => Treatment::Keep,
        (Audience::Analytics | Audience::Security | Audience::Public, _) => Treatment::Drop,
    }
}
