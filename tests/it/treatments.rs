//! Treatments by the real binary: what analysts see joins where it should, and nothing of what it was made of is in any file.

use crate::ferry::Ferry;
use std::collections::BTreeMap;

const PEOPLE: &str = "id,account,ref,born_on,seen_at,age,paper,slip,team\n\
    7000001,12-34-5678,ab1 234z,1990-02-28,2026-01-01T10:00:00Z,17,\"{\"\"who\"\": {\"\"account\"\": \"\"12345678\"\", \"\"name\"\": \"\"Wren Alder\"\"}, \"\"ok\"\": true}\",\"{\"\"born\"\": \"\"1990-02-28\"\"}\",1\n\
    7000002,87-65-4321,zz9 999y,1991-03-01,2026-01-11T11:30:00Z,18,\"[\"\"Tobias Ashdown\"\"]\",,2\n\
    42,n/a,,,,,,,3\n";
const VISITS: &str = "id,person,account,paid_on\n1,7000002,87654321,1991-03-11\n2,7000001,12345678,1990-03-10\n";

fn project() -> Ferry {
    let ferry = Ferry::of_one_file("app.person.csv", PEOPLE.as_bytes(), "", "");
    ferry.write("in/app.visit.csv", VISITS.as_bytes());
    let dataset = |name: &str| {
        format!(
            "[dataset.{name}]\nfrom = \"app\"\ntable = \"app.{name}\"\nschema = \"{name}\"\nto = [\"warehouse\"]\nwrite = \"replace\"\n"
        )
    };
    let job = format!("name = \"things\"\ndescription = \"Things.\"\n\n{}\n{}", dataset("person"), dataset("visit"));
    ferry.write("jobs/things.toml", job.as_bytes());
    let shift =
        |subject: &str| format!("{{ date_shift = {{ domain = \"people\", subject = \"{subject}\", days = 40 }} }}");
    let column = |name: &str, kind: &str, treat: &str| {
        format!(
            "{name} = {{ type = \"{kind}\", class = \"personal\", nullable = {}, treat = {{ analytics = {treat} }} }}\n",
            name != "id"
        )
    };
    let person = [
        column("id", "bigint", "{ ff1 = { domain = \"people\" } }"),
        column("account", "text", "{ ff1 = { domain = \"accounts\" } }").replace("type", "kind = \"account\", type"),
        column("ref", "text", "{ ff1 = { domain = \"accounts\", alphabet = \"alphanumeric\" } }"),
        column("born_on", "date", &shift("id")),
        column("seen_at", "timestamptz", &shift("id")),
        column("age", "smallint", "{ bucket = [\"18\", \"65\"] }"),
        column("paper", "jsonb", "{ fields = { \"who.account\" = { treat = { ff1 = { domain = \"accounts\" } } } } }"),
        column("slip", "jsonb", &format!("{{ fields = {{ born = {{ treat = {} }} }} }}", shift("id"))),
        "team = { type = \"integer\", class = \"open\" }\n".into(),
    ];
    let visit = [
        "id = { type = \"bigint\", class = \"open\" }\n".into(),
        column("person", "bigint", "{ ff1 = { domain = \"people\" } }"),
        column("account", "text", "{ ff1 = { domain = \"others\" } }"),
        column("paid_on", "date", &shift("person")),
    ];
    for (name, columns) in [("person", person.concat()), ("visit", visit.concat())] {
        let schema = format!("description = \"Things.\"\nkey = [\"id\"]\n\n[columns]\n{columns}");
        ferry.write(&format!("schemas/{name}.toml"), schema.as_bytes());
    }
    ferry
}

/// What analysts see of a table, by the column `by`, each cell as text.
fn seen(ferry: &Ferry, table: &str, by: &str) -> BTreeMap<String, BTreeMap<String, String>> {
    let runtime = tokio::runtime::Runtime::new().expect("a runtime");
    let location = nightferry::job::Location { url: "out/warehouse".into(), ..nightferry::job::Location::default() };
    let folder = nightferry::access::open(&location, ferry.root(), "warehouse", nightferry::access::Purpose::Read)
        .expect("a folder");
    let text = runtime.block_on(nightferry::store::rows_of_table(&folder, table)).expect("rows");
    let mut lines = text.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let header = lines.next().expect("a header");
    lines
        .map(|cells| {
            let row: BTreeMap<String, String> = header.iter().cloned().zip(cells).collect();
            (row[by].clone(), row)
        })
        .collect()
}

fn day(text: &str) -> chrono::NaiveDate {
    text.get(..10).expect("a day").parse().expect("a day")
}

#[test]
fn treated_values_join_within_their_domain_in_every_table_and_night_and_nowhere_else() {
    let ferry = project();
    let came = ferry.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let (people, visits) = (seen(&ferry, "person", "team"), seen(&ferry, "visit", "id"));
    let (wren, tobias) = (&people["1"], &people["2"]);
    // The same person by the same number, of seven digits as before.
    assert_eq!((&visits["2"]["person"], &visits["1"]["person"]), (&wren["id"], &tobias["id"]));
    assert!(wren["id"] != tobias["id"] && wren["id"].len() == 7 && wren["id"] != "7000001");
    let form = |text: &str| {
        text.replace(|sign: char| sign.is_ascii_digit(), "0").replace(|sign: char| sign.is_ascii_uppercase(), "0")
    };
    assert_eq!(form(&wren["account"]), "00-00-0000");
    assert_eq!(form(&wren["ref"]), "000 0000");
    // Another domain knows nobody of this one.
    assert_ne!(visits["2"]["account"], wren["account"].replace('-', ""));
    // What lies between two dates of one person stays, in two tables too.
    assert_eq!(day(&visits["2"]["paid_on"]) - day(&wren["born_on"]), day("1990-03-10") - day("1990-02-28"));
    assert_eq!(day(&visits["1"]["paid_on"]) - day(&tobias["born_on"]), day("1991-03-11") - day("1991-03-01"));
    assert_eq!(day(&wren["seen_at"]) - day(&wren["born_on"]), day("2026-01-01") - day("1990-02-28"));
    assert!(wren["seen_at"].ends_with("T10:00:00") && wren["born_on"] != "1990-02-28");
    assert_eq!((wren["age"].as_str(), tobias["age"].as_str()), ("under 18", "18 to under 65"));
    // Of JSON one field is seen, in the form and domain of the column; the name beside it, and another's list, are not.
    let paper = |row: &BTreeMap<String, String>| row["paper"].replace('\\', "");
    let of_paper = format!("{{\"who\":{{\"account\":\"{}\"}}}}", wren["account"].replace('-', ""));
    assert!(paper(wren).contains(&of_paper), "{}", paper(wren));
    assert!(paper(tobias).contains("[null]"), "{}", paper(tobias));
    // A date in it is moved as the same person's in a column is.
    assert_eq!(wren["slip"].replace(['\\', '"'], ""), format!("{{born:{}}}", wren["born_on"]));
    // Too short to be hidden by a cipher: a label; NULL stays NULL.
    let third = &people["3"];
    assert_eq!(
        (third["account"].as_str(), third["ref"].as_str(), third["born_on"].as_str(), third["age"].as_str()),
        ("<account>", "", "", "")
    );
    assert!(third["id"] != "42" && third["id"].len() <= 6);
    for file in ferry.files("out/warehouse").iter().filter(|file| file.ends_with(".parquet")) {
        let bytes = std::fs::read(ferry.path(&format!("out/warehouse/{file}"))).expect("a part");
        let text = String::from_utf8_lossy(&bytes);
        for value in ["12-34-5678", "87654321", "ab1 234z", "AB1 234Z", "Wren", "Tobias"] {
            assert!(!text.contains(value), "{file} has {value}");
        }
    }
    // The next night gives the same values, another version of the keys others everywhere.
    assert_eq!(ferry.run(&["run", "jobs/things.toml", "--again", "the next night"]).code, 0);
    assert_eq!(seen(&ferry, "person", "team"), people);
    ferry.edit("jobs/environments/dev.toml", "tokens = ", "tokens_version = 2\ntokens = ");
    assert_eq!(ferry.run(&["run", "jobs/things.toml", "--again", "other keys"]).code, 0);
    let others = seen(&ferry, "person", "team");
    for column in ["id", "account", "ref"] {
        assert_ne!(others["1"][column], wren[column], "{column}");
    }
    assert_eq!(others["1"]["id"], seen(&ferry, "visit", "id")["2"]["person"]);
    assert!(ferry.run(&["plan", "jobs/things.toml"]).out.contains("version 2 of the keys of accounts, others, people"));
}
