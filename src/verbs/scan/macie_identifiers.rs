//! Our recognisers as custom data identifiers of Amazon Macie: an object a line, each the input of `aws macie2 create-custom-data-identifier`.
//!
//! Macie knows no check digits, so a word of the recogniser's has to stand nearby or in the column's name. Its limits are those of its user
//! guide ("Configuration options for custom data identifiers") and API reference: a subset of PCRE without groups that capture, without
//! looking around and without flags but `(?i)`; 512 characters; 50 keywords of 3 to 90 characters; a distance of 1 to 300.

use super::told::class;
use crate::data::Class;
use crate::privacy::{KINDS, RECOGNISERS, Recogniser};
use serde_json::{Value, json};
use std::io::Write;

const REGEX_CHARACTERS_MAX: usize = 512;
const KEYWORDS_MAX: usize = 50;
const KEYWORD_CHARACTERS: std::ops::RangeInclusive<usize> = 3..=90;
/// As far as our own engine looks back for a word.
const MATCH_DISTANCE: u32 = 40;
/// Occurrences from which a column of personal data is worth more than a look.
const MANY: u32 = 100;
/// What our names begin with, so that findings can be told to be ours.
pub const NAMES: &str = "nightferry_";

/// Writes one identifier for each recogniser that Macie can have.
pub fn write(out: &mut dyn Write) {
    for identifier in RECOGNISERS.iter().filter_map(identifier) {
        // A closed pipe is the reader's choice.
        let _ = writeln!(out, "{identifier}");
    }
}

fn identifier(row: &Recogniser) -> Option<Value> {
    let regex = regex(row.pattern);
    let keywords: Vec<&str> =
        row.words.iter().copied().filter(|word| KEYWORD_CHARACTERS.contains(&word.len())).collect();
    let is_within = regex.chars().count() <= REGEX_CHARACTERS_MAX && !keywords.is_empty();
    let what = KINDS.iter().find(|(kind, ..)| *kind == row.kind).map(|(.., what)| *what).unwrap_or_default();
    let severity = match class(row.kind.id()) {
        Class::Sensitive => json!([{ "occurrencesThreshold": 1, "severity": "HIGH" }]),
        _ => {
            json!([{ "occurrencesThreshold": 1, "severity": "MEDIUM" }, { "occurrencesThreshold": MANY, "severity": "HIGH" }])
        }
    };
    is_within.then(|| {
        json!({
            "name": format!("{NAMES}{}", row.id),
            "description": format!("{what}, by its shape and a word nearby; {}", row.source),
            "regex": regex,
            "keywords": &keywords[..keywords.len().min(KEYWORDS_MAX)],
            "maximumMatchDistance": MATCH_DISTANCE,
            "severityLevels": severity,
        })
    })
}

/// Our patterns are tried where a word begins, in any case; one that begins with a bracket or a plus has no word's border there.
fn regex(pattern: &str) -> String {
    let begins = if pattern.contains(r"\+") || pattern.contains(r"\(") { "" } else { r"\b" };
    format!(r"(?i){begins}(?:{pattern})\b")
}

#[cfg(test)]
mod tests {
    use super::*;
    use regex::Regex;

    #[test]
    fn keeps_to_what_macie_takes_and_finds_what_it_is_for() {
        let identifiers: Vec<(&Recogniser, Value)> =
            RECOGNISERS.iter().filter_map(|row| identifier(row).map(|made| (row, made))).collect();
        assert!(identifiers.len() > 20, "{}", identifiers.len());
        let repeats = Regex::new(r"\{(\d+)(?:,(\d+))?\}").expect("a regex");
        for (row, identifier) in &identifiers {
            let regex = identifier["regex"].as_str().expect("a regex");
            assert!(regex.len() <= 512, "{}", row.id);
            for refused in ["(?=", "(?!", "(?<", "(?P", "(?m", "(?x", "\\1", "\\p", "*"] {
                assert!(!regex.contains(refused), "{}: {refused}", row.id);
            }
            // Every group is one that captures nothing.
            let groups = regex.match_indices('(').filter(|(at, _)| !regex[..*at].ends_with('\\'));
            let in_class = |at: usize| regex[..at].rfind('[').is_some_and(|open| !regex[open..at].contains(']'));
            for (at, _) in groups.filter(|(at, _)| !in_class(*at)) {
                assert!(regex[at..].starts_with("(?:") || regex[at..].starts_with("(?i)"), "{}: {regex}", row.id);
            }
            for repeat in repeats.captures_iter(regex) {
                let most = repeat.get(2).or(repeat.get(1)).expect("a number").as_str();
                assert!(most.parse::<u32>().expect("a number") < 100, "{}", row.id);
            }
            let regex = Regex::new(regex).expect("compiles");
            for example in row.examples.iter().filter(|example| example.is_ascii()) {
                assert!(regex.is_match(example), "{}: {example}", row.id);
            }
            let keywords = identifier["keywords"].as_array().expect("keywords");
            assert!((1..=50).contains(&keywords.len()));
            assert!(keywords.iter().all(|word| (3..=90).contains(&word.as_str().expect("a word").len())));
            assert!(identifier["name"].as_str().expect("a name").len() <= 128);
            assert!(identifier["description"].as_str().expect("a text").chars().count() <= 512, "{}", row.id);
            assert!((1..=300).contains(&identifier["maximumMatchDistance"].as_u64().expect("a number")));
        }
    }
}
