//! What a treatment makes of a value, in a person's words.
//!
//! Never in here: a word for more than was done. A value that somebody with a key, a vault or a list of guesses finds again is
//! pseudonymised, and nothing that is done to one column makes nobody of a person.

use crate::data::Treatment;

/// What becomes of a column's values.
pub fn becomes(treatment: &Treatment) -> String {
    match treatment {
        Treatment::Keep => "as it is".into(),
        Treatment::Drop => "left out".into(),
        Treatment::Null => "blanked".into(),
        Treatment::Mask { last } => format!("masked, but for at most {last} characters at its end"),
        Treatment::Label => "replaced by the name of its kind".into(),
        Treatment::Scrub => "text in which what is found is replaced by the name of its kind".into(),
        Treatment::Hmac { domain } => format!("pseudonymised: a hash with the key of {domain}"),
        Treatment::Token { domain } => format!("pseudonymised: a random token, whose value the vault of {domain} has"),
        Treatment::Ff1 { domain, .. } => {
            format!("pseudonymised: enciphered in its own form with the key of {domain}, which can undo it")
        }
        Treatment::DateShift { domain, subject, days } => format!(
            "pseudonymised: moved by up to {days} days, the same for one {subject}, which the key of {domain} can undo"
        ),
        Treatment::Generalise(_) | Treatment::Bucket { .. } => "made coarser".into(),
        Treatment::Fields(fields) => {
            let told = fields.iter().map(|field| {
                let optional = if field.optional { " (optional: a run may lack it)" } else { "" };
                format!("{} {}{optional}", field.path.join("."), becomes(&field.treatment))
            });
            let told = told.collect::<Vec<_>>().join("; ");
            format!("field by field: {told}; all others left out")
        }
    }
}

/// Whether what it becomes is still one person's, for whoever has the key or the vault.
pub fn is_pseudonym(treatment: &str) -> bool {
    treatment.contains("pseudonymised")
}
