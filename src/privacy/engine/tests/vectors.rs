//! The recognisers against the vectors of others: `fixtures/privacy/vectors.txt`.

use crate::privacy::engine::{Engine, Header};
use crate::privacy::recognise::{Pair, pair};
use std::collections::BTreeMap;
use std::path::Path;

fn digits(text: &str) -> Vec<u8> {
    text.bytes().filter(u8::is_ascii_digit).map(|sign| sign - b'0').collect()
}

/// Whether the whole value is found as that kind, in a column of its name. A vehicle's mark that nobody issued is found there too, since a
/// typist's mistake is somebody's all the same: what is none has to be none by itself.
fn is_found(kind: &str, verdict: &str, value: &str) -> bool {
    let is_alone = kind == "vehicle_registration" && verdict == "invalid";
    let engine = Engine::shared().expect("an engine");
    let (mut work, mut found) = (engine.take_work(), Vec::new());
    let (alone, named) = (Header::none(), Header::new(kind));
    engine.find(value, if is_alone { &alone } else { &named }, &mut work, &mut found);
    engine.give_back(work);
    found.iter().any(|finding| finding.kind.id() == kind && finding.end - finding.start == value.len())
}

#[test]
fn every_recogniser_agrees_with_the_vectors_of_others() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/privacy/vectors.txt");
    let vectors = std::fs::read_to_string(path).expect("vectors");
    let (mut counts, mut faults) = (BTreeMap::<&str, [usize; 2]>::new(), Vec::new());
    for line in vectors.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let [kind, verdict, value] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let is_valid = match kind {
            "pair" => {
                let (sort_code, account) = value.split_once(' ').expect("two numbers");
                pair(&digits(sort_code), &digits(account)) == Pair::Valid
            }
            kind => is_found(kind, verdict, value),
        };
        if is_valid != (verdict == "valid") {
            faults.push(format!("{kind} {value}: {verdict}"));
        }
        counts.entry(kind).or_default()[usize::from(verdict != "valid")] += 1;
    }
    for (kind, [valid, invalid]) in &counts {
        println!("vectors: {kind:<22} {valid} valid, {invalid} invalid");
    }
    println!("vectors: {} in all", counts.values().flatten().sum::<usize>());
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    assert!(counts.len() >= 22);
}
