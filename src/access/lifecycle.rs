//! The answer of S3's `GetBucketLifecycleConfiguration` -> its rules, as far as they cost money. Pure.
//!
//! Source: Amazon S3 API reference, "LifecycleRule"; user guide, "Transitioning objects using Amazon S3 Lifecycle": minimum storage
//! durations of 30 days (STANDARD_IA, ONEZONE_IA), 90 (GLACIER_IR, GLACIER) and 180 (DEEP_ARCHIVE).
//!
//! Never in here: a general reader of XML. What these tags hold is numbers and words.

/// Most rules of a bucket (S3's own bound).
const RULES_MAX: usize = 1_000;

/// One rule that is in force.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LifecycleRule {
    /// Whether it takes away parts of uploads that never ended.
    pub aborts_uploads: bool,
    /// What is moved to a class that is paid for longer than it is kept there.
    pub early: Vec<Early>,
}

/// Objects that go before what is paid for them is over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Early {
    /// The storage class.
    pub class: &'static str,
    /// Days that are kept in it.
    pub kept_days: u32,
    /// Days that are paid for at least.
    pub paid_days: u32,
}

/// Classes, and the days that each is paid for at least.
const CLASSES: [(&str, u32); 5] =
    [("STANDARD_IA", 30), ("ONEZONE_IA", 30), ("GLACIER_IR", 90), ("GLACIER", 90), ("DEEP_ARCHIVE", 180)];

/// The rules in force; `None` of what is no such answer.
pub fn rules(body: &[u8]) -> Option<Vec<LifecycleRule>> {
    let text = std::str::from_utf8(body).ok()?;
    let all = elements(text, "LifecycleConfiguration").next()?;
    let rules = elements(all, "Rule").take(RULES_MAX);
    Some(rules.filter(|rule| word(rule, "Status") == Some("Enabled")).map(rule).collect())
}

fn rule(text: &str) -> LifecycleRule {
    let mut early = early(text, "Transition", "Expiration", "Days");
    early.extend(self::early(text, "NoncurrentVersionTransition", "NoncurrentVersionExpiration", "NoncurrentDays"));
    LifecycleRule { aborts_uploads: elements(text, "AbortIncompleteMultipartUpload").next().is_some(), early }
}

fn early(rule: &str, transition: &str, expiration: &str, days: &str) -> Vec<Early> {
    let number = |text: &str| word(text, days)?.parse::<u32>().ok();
    let mut moves: Vec<(u32, &str)> =
        elements(rule, transition).filter_map(|to| Some((number(to)?, word(to, "StorageClass")?))).collect();
    moves.sort_unstable();
    let gone = elements(rule, expiration).next().and_then(number);
    let mut found = Vec::new();
    for (place, (from, class)) in moves.iter().enumerate() {
        // Until it is moved on, or goes.
        let Some(until) = moves.get(place + 1).map(|(next, _)| *next).or(gone) else { continue };
        let Some((class, paid_days)) = CLASSES.iter().find(|(name, _)| name == class) else { continue };
        let kept_days = until.saturating_sub(*from);
        if kept_days < *paid_days {
            found.push(Early { class, kept_days, paid_days: *paid_days });
        }
    }
    found
}

/// What stands between each `<name>` and its `</name>`; an element without content has none.
fn elements<'a>(text: &'a str, name: &'a str) -> impl Iterator<Item = &'a str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        loop {
            let at = rest.find('<')?;
            let inner = rest[at + 1..].strip_prefix(name);
            rest = &rest[at + 1..];
            let Some(inner) = inner.filter(|inner| inner.starts_with(['>', ' ', '\n', '\r', '\t'])) else { continue };
            let content = &inner[inner.find('>')? + 1..];
            let end = format!("</{name}>");
            let until = content.find(&end)?;
            rest = &content[until + end.len()..];
            return Some(&content[..until]);
        }
    })
}

fn word<'a>(text: &'a str, name: &'a str) -> Option<&'a str> {
    elements(text, name).next().map(str::trim)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn configuration(rules: &str) -> Vec<u8> {
        let namespace = "xmlns=\"http://s3.amazonaws.com/doc/2006-03-01/\"";
        format!("<?xml version=\"1.0\"?>\n<LifecycleConfiguration {namespace}>{rules}</LifecycleConfiguration>")
            .into_bytes()
    }

    #[test]
    fn finds_what_is_paid_for_longer_than_it_is_kept() {
        let glacier = "<Rule><ID>a</ID><Filter><Prefix>b</Prefix></Filter><Status>Enabled</Status>\
            <Transition><Days>7</Days><StorageClass>GLACIER</StorageClass></Transition><Expiration><Days>30</Days></Expiration></Rule>";
        let early = Early { class: "GLACIER", kept_days: 23, paid_days: 90 };
        assert_eq!(
            rules(&configuration(glacier)),
            Some(vec![LifecycleRule { aborts_uploads: false, early: vec![early] }])
        );
        // Off, long enough, or never gone.
        for other in [
            glacier.replace("Enabled", "Disabled"),
            glacier.replace("<Days>30", "<Days>97"),
            glacier.replace("<Expiration><Days>30</Days></Expiration>", ""),
            glacier.replace("GLACIER", "INTELLIGENT_TIERING"),
        ] {
            let found = rules(&configuration(&other)).expect("rules");
            assert!(found.iter().all(|rule| rule.early.is_empty()), "{other}");
        }
    }

    #[test]
    fn looks_at_older_versions_and_at_every_step() {
        let steps = "<Rule><Status>Enabled</Status>\
            <NoncurrentVersionTransition><NoncurrentDays>30</NoncurrentDays><StorageClass>STANDARD_IA</StorageClass></NoncurrentVersionTransition>\
            <NoncurrentVersionTransition><NoncurrentDays>40</NoncurrentDays><StorageClass>DEEP_ARCHIVE</StorageClass></NoncurrentVersionTransition>\
            <NoncurrentVersionExpiration><NoncurrentDays>100</NoncurrentDays></NoncurrentVersionExpiration>\
            <AbortIncompleteMultipartUpload><DaysAfterInitiation>2</DaysAfterInitiation></AbortIncompleteMultipartUpload></Rule>";
        let found = rules(&configuration(steps)).expect("rules").remove(0);
        let kept: Vec<u32> = found.early.iter().map(|early| early.kept_days).collect();
        assert_eq!((kept, found.aborts_uploads), (vec![10, 60], true));
    }

    #[test]
    fn takes_nothing_else_for_rules() {
        for other in [
            "",
            "<html>",
            "<LifecycleConfiguration>",
            "<LifecycleConfiguration",
            "<Rule><Status>Enabled</Status></Rule>",
        ] {
            assert_eq!(rules(other.as_bytes()), None, "{other}");
        }
        assert_eq!(rules(&configuration("<Rule><Status>Enabled")), Some(Vec::new()));
        assert_eq!(rules(&[0xff, 0xfe]), None);
    }
}
