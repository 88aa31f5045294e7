//! Every message has a runbook that is there, and what a runbook tells a person to type does what it says.

use crate::ferry::Ferry;
use nightferry::ending;
use nightferry::report::NOTICES;
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// Each runbook by its number, `RB-05`.
pub fn runbooks() -> BTreeMap<String, String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/runbooks");
    let mut read = BTreeMap::new();
    for entry in std::fs::read_dir(folder).expect("runbooks") {
        let path = entry.expect("an entry").path();
        let name = path.file_name().expect("a name").to_string_lossy().into_owned();
        let before = read.insert(name[..5].to_owned(), std::fs::read_to_string(path).expect("text"));
        assert!(before.is_none(), "two runbooks are {}", &name[..5]);
    }
    read
}

pub fn commands(text: &str) -> Vec<String> {
    let blocks = text.split("```sh\n").skip(1).map(|rest| rest.split("```").next().unwrap_or_default());
    blocks.flat_map(str::lines).filter(|line| line.starts_with("nightferry ")).map(str::to_owned).collect()
}

#[test]
fn every_message_names_a_runbook_that_is_there_and_names_it_back() {
    let runbooks = runbooks();
    for of in ending::ALL {
        let text = runbooks.get(of.runbook()).unwrap_or_else(|| panic!("{}: {} is not there", of.id, of.runbook()));
        assert!(text.contains(&format!("`{}`", of.id)), "{} does not name {}", of.runbook(), of.id);
    }
    for (id, runbook) in NOTICES {
        assert!(runbooks[runbook].contains(&format!("`{id}`")), "{runbook} does not name {id}");
    }
    let ids: BTreeSet<&str> = ending::ALL.iter().map(|of| of.id).collect();
    for (number, text) in &runbooks {
        for part in ["**When**", "**Who**", "**Why**", "**What is safe**"] {
            assert!(text.contains(part), "{number} lacks {part}");
        }
        assert!(!commands(text).is_empty(), "{number} says nothing to type");
        // No message that does not exist, but the one of a bug, which is no ending.
        for word in text.split('`').filter(|word| word.starts_with("E-") && !word.contains(' ')) {
            assert!(ids.contains(word) || word == "E-BUG-101", "{number} names {word}");
        }
    }
}

#[test]
fn what_the_runbooks_say_to_type_can_be_typed() {
    let ferry = Ferry::shipped();
    // The report that the project expects is that of one cloud.
    assert_eq!(ferry.run(&["test", "jobs/settlements.toml"]).code, 0);
    let environment = "jobs/environments/dev.toml";
    let mut clouds = "url = \"target/warehouse\"\nsecond = \"target/second\"".to_owned();
    ferry.edit(environment, "url = \"target/warehouse\"", &clouds);
    let (came, report) = ferry.report(&["jobs/settlements.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let day = report["period"]["to"].as_str().expect("a day");
    let all: BTreeSet<String> = runbooks().values().flat_map(|text| commands(text)).collect();
    assert!(all.len() >= 8, "{all:?}");
    for line in all.iter().filter(|line| !line.starts_with("nightferry test ")) {
        // The project that is shipped, in its own environment, for the night that it has.
        let words = line.replace("--env prod", "--env dev").replace("$DAY", day);
        let quoted: Vec<&str> = words.split('"').collect();
        let mut arguments: Vec<&str> = quoted[0].split_whitespace().skip(1).collect();
        arguments.extend(quoted.get(1));
        let came = ferry.run(&arguments);
        assert_eq!(came.code, 0, "{line}: {}", came.err);
        if line.contains("failover") && line.contains("--apply") {
            // What the runbook says to do then: the clouds change places, and the environment says the epoch.
            let epoch = arguments.iter().skip_while(|word| **word != "--epoch").nth(1).expect("an epoch");
            let (first, second) = match *epoch {
                "1" => ("target/second", "target/warehouse"),
                _ => ("target/warehouse", "target/second"),
            };
            let swapped = format!("url = \"{first}\"\nsecond = \"{second}\"\nepoch = {epoch}");
            ferry.edit(environment, &clouds, &swapped);
            clouds = swapped;
        }
    }
    println!("{} commands of {} runbooks", all.len(), runbooks().len());
}
