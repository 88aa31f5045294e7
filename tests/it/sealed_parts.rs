//! What leaves beside the rows, and what leaves without a key: nothing.

use crate::ferry::Ferry;
use crate::readers::python;
use serde_json::Value;
use std::os::unix::fs::PermissionsExt;

const DEV: &str = "jobs/environments/dev.toml";
/// Eight people, many times each: a column that a dictionary makes small.
const PEOPLE: [&str; 8] = ["Aldith", "Berenger", "Clemency", "Drogo", "Emeline", "Fulk", "Guinevere", "Hamon"];

/// People in a column of each treatment, and a colour that is open.
fn project() -> Ferry {
    let column = |name: &str, treat: &str| {
        format!("{name} = {{ type = \"text\", class = \"personal\", treat = {{ analytics = {treat} }} }}\n")
    };
    let columns = [
        column("dropped", "\"drop\""),
        column("labelled", "\"label\""),
        column("hashed", "{ hmac = \"people\" }"),
        column("tokened", "{ token = \"people\" }"),
        "colour = { type = \"text\", class = \"open\" }".to_owned(),
    ];
    let rows: String = (0..4_000)
        .map(|id| {
            let name = format!("{} Larkspur", PEOPLE[id % PEOPLE.len()]);
            format!("{id},{name},{name},{name},{name},{}\n", ["red", "green", "blue"][id % 3])
        })
        .collect();
    let csv = format!("id,dropped,labelled,hashed,tokened,colour\n{rows}");
    Ferry::of_one_file("app.thing.csv", csv.as_bytes(), &columns.concat(), "")
}

#[test]
fn a_token_key_that_is_missing_or_unreadable_ends_a_night_with_11_before_any_part_leaves() {
    let ferry = project();
    ferry.write("open_to_all", &[b'k'; 64]);
    std::fs::set_permissions(ferry.path("open_to_all"), std::fs::Permissions::from_mode(0o644)).expect("set");
    ferry.write("short", b"short");
    ferry.write("empty", b"");
    ferry.write("no_text", &[0xff; 64]);
    for file in ["short", "empty", "no_text"] {
        std::fs::set_permissions(ferry.path(file), std::fs::Permissions::from_mode(0o600)).expect("set");
    }
    std::fs::create_dir(ferry.path("folder")).expect("made");
    let keys = [
        "{ env = \"NIGHTFERRY_NO_SUCH_KEY\" }",
        "{ file = \"nowhere\" }",
        "{ file = \"folder\" }",
        "{ file = \"open_to_all\" }",
        "{ file = \"short\" }",
        "{ file = \"empty\" }",
        "{ file = \"no_text\" }",
    ];
    for key in keys {
        ferry.edit(DEV, "{ test_key = true }", key);
        let came = ferry.run(&["run", "jobs/things.toml", "--json"]);
        ferry.edit(DEV, key, "{ test_key = true }");
        assert_eq!(came.code, 11, "{key}: {}", came.err);
        assert!(came.endings().iter().any(|line| line.starts_with("E-ENV-11 ")), "{key}: {}", came.err);
        assert!(!came.err.contains("Larkspur") && !came.out.contains("Larkspur"), "{key}: {}", came.err);
        let left = ferry.files("out").into_iter().filter(|file| file.ends_with(".parquet")).collect::<Vec<_>>();
        assert_eq!(left, Vec::<String>::new(), "{key}");
    }
    assert_eq!(ferry.run(&["run", "jobs/things.toml"]).code, 0, "and with one it is published");
}

#[test]
fn no_bloom_filter_dictionary_or_statistic_of_a_treated_column_holds_a_personal_value() {
    let ferry = project();
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/parts.py");
    let treated = "dropped,labelled,hashed,tokened";
    let warehouse = ferry.path("out/warehouse").to_string_lossy().into_owned();
    let told: Value = serde_json::from_str(&python(&[script, treated, &warehouse])).expect("JSON");
    assert!(told["parts"].as_u64() >= Some(2) && told["chunks"].as_u64() > Some(5), "{told}");
    for none in ["blooms", "statistics", "indexed"] {
        assert_eq!(told[none], 0, "{none}: {told}");
    }
    let dictionaries = told["dictionaries"].as_object().expect("dictionaries");
    // The reader does see dictionaries where there are any.
    assert_eq!(dictionaries["colour"], serde_json::json!(["blue", "green", "red"]), "{told}");
    for (column, values) in dictionaries {
        for value in values.as_array().expect("values") {
            let value = value.as_str().expect("text").to_lowercase();
            let person = PEOPLE.iter().find(|person| value.contains(&person.to_lowercase()));
            assert!(person.is_none() && !value.contains("larkspur"), "{column} has {value}");
        }
    }
}
