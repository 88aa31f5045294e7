//! The papers about personal data, by the real binary: of a job before anything is read, and of each run beside its report.

use crate::ferry::Ferry;
use serde_json::{Value, json};
use std::path::Path;

const PAPERS: [&str; 3] = ["privacy.json", "dpia.md", "article30.md"];

fn of_run(ferry: &Ferry, security: &str, report: &Value) -> [String; 3] {
    let (job, run) = (report["job"].as_str().expect("a job"), report["run"].as_str().expect("a run"));
    PAPERS.map(|ending| ferry.read(&format!("{security}/papers/{job}/{run}.{ending}")))
}

#[test]
fn a_run_leaves_papers_that_say_of_every_column_what_its_report_says() {
    let ferry = Ferry::shipped();
    for job in ["settlements", "contracts"] {
        let (came, report) = ferry.report(&[&format!("jobs/{job}.toml")]);
        assert_eq!(came.code, 0, "{}", came.err);
        let [paper, dpia, article30] = of_run(&ferry, "target/security", &report);
        let paper: Value = serde_json::from_str(&paper).expect("JSON");
        assert_eq!((&paper["format"], &paper["run"]["run"]), (&json!("nightferry.privacy/1"), &report["run"]));
        assert_eq!(paper["run"]["outcome"], report["outcome"]);
        let (mut columns, mut personal) = (0, 0);
        for (told, dataset) in
            paper["datasets"].as_array().expect("datasets").iter().zip(report["datasets"].as_array().expect("datasets"))
        {
            assert_eq!((&told["name"], &told["rows_read"]), (&dataset["name"], &dataset["rows_read"]));
            assert!(
                dpia.contains(&format!("### {}", told["name"].as_str().expect("a name").replace('_', "\\_"))),
                "{dpia}"
            );
            assert_eq!(told["schema_sha256"].as_str().map(str::len), Some(64));
            for (told, store) in
                told["stores"].as_array().expect("stores").iter().zip(dataset["stores"].as_array().expect("stores"))
            {
                assert_eq!(
                    (&told["name"], &told["audience"], &told["state"]),
                    (&store["name"], &store["audience"], &store["state"])
                );
                for (told, column) in told["columns"]
                    .as_array()
                    .expect("columns")
                    .iter()
                    .zip(store["columns"].as_array().expect("columns"))
                {
                    let names = ["name", "class", "treatment"];
                    assert_eq!(names.map(|name| &told[name]), names.map(|name| &column[name]));
                    assert_eq!(told["found"]["findings"], column["findings"]);
                    columns += 1;
                    if ["personal", "sensitive"].contains(&told["class"].as_str().expect("a class")) {
                        personal += 1;
                        let name = told["name"].as_str().expect("a name");
                        assert!(dpia.contains(&format!("| `{name}` |")), "{name}: {dpia}");
                        // A column that is dropped everywhere is not even selected.
                        let is_told = told["treatment"] == "drop" || article30.contains(&format!(".{name}`"));
                        assert!(is_told, "{name}: {article30}");
                    }
                }
            }
        }
        if job == "contracts" {
            assert!(!article30.contains("registered_office"), "{article30}");
        }
        assert!(columns > 20 && personal > 0, "{job}: {columns} columns, {personal} personal");
        for letter in ["(a)", "(b)", "(c)", "(d)", "(e)", "(f)", "(g)"] {
            assert!(article30.contains(&format!("| {letter} |")), "{letter}: {article30}");
        }
        assert!(article30.contains("**TO FILL IN**: name and contact details"), "{article30}");
        assert!(dpia.contains("stays personal data"), "{dpia}");
    }
}

#[test]
fn before_a_run_plan_prints_them_and_touches_nothing() {
    let ferry = Ferry::shipped();
    let dpia = ferry.run(&["plan", "jobs/contracts.toml", "--papers", "dpia"]);
    assert_eq!(dpia.code, 0, "{}", dpia.err);
    assert!(
        dpia.out.starts_with("# Personal data in job contracts") && dpia.out.contains("nothing was read"),
        "{}",
        dpia.out
    );
    assert!(dpia.out.contains("pseudonymised: a hash with the key of people"), "{}", dpia.out);
    let article30 = ferry.run(&["plan", "jobs/contracts.toml", "--papers", "article30"]).out;
    assert!(article30.starts_with("# Record of processing: job contracts"), "{article30}");
    let paper = ferry.run(&["plan", "jobs/contracts.toml", "--papers", "json"]).out;
    let paper: Value = serde_json::from_str(&paper).expect("JSON");
    assert_eq!((&paper["run"], &paper["datasets"][0]["rows_read"]), (&Value::Null, &Value::Null));
    assert!(!ferry.path("target/security/papers").exists());
}

const COLUMNS: &str = "email = { type = \"text\", class = \"personal\", kind = \"email\", treat = { analytics = { token = \"people\" } } }\n\
    born_on = { type = \"date\", class = \"sensitive\", kind = \"date_of_birth\", treat = { analytics = { generalise = \"year\" } } }\n\
    notes = { type = \"text\", class = \"personal\", kind = \"free_text\", treat = { analytics = \"scrub\" } }";

const ROWS: &str = "id,email,born_on,notes\n770011,wren.tamarind@example.org,1967-04-13,call 07700 900461 at noon\n\
    770012,ada.quillfeather@example.org,1971-09-22,nothing to be said of plumbago\n";

const SAID: &str = "\n[privacy]\ncontroller = \"Example Body | 1 Example Street\"\nofficer = \"dpo at the body\"\n\
    purposes = [\"to pay <generators>\"]\nbasis = \"public task\"\npeople = [\"contacts of generators\"]\n\
    recipients = [\"analysts of the body\"]\ntransfers = \"UK and Ireland\"\nerasure = \"six years after the contract\"\nmeasures = [\"encryption at rest\"]\n";

#[test]
fn what_a_person_said_stands_in_them_and_no_value_of_the_data_does() {
    let ferry = Ferry::of_one_file("app.thing.csv", ROWS.as_bytes(), COLUMNS, "");
    ferry.write("jobs/things.toml", format!("{}{SAID}", ferry.read("jobs/things.toml")).as_bytes());
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}", came.err);
    let [paper, dpia, article30] = of_run(&ferry, "out/security", &report);
    for text in
        ["Example Body \\| 1 Example Street", "to pay &lt;generators&gt;", "public task", "contacts of generators"]
    {
        assert!(dpia.contains(text) && article30.contains(text), "{text}: {dpia}{article30}");
    }
    for text in ["dpo at the body", "analysts of the body", "UK and Ireland", "six years after", "encryption at rest"] {
        assert!(article30.contains(text), "{text}: {article30}");
    }
    assert!(!article30.contains("TO FILL IN**:"), "{article30}");
    assert!(dpia.contains("1 of phone replaced"), "{dpia}");
    assert!(dpia.contains("a random token, whose value the vault of people has"), "{dpia}");
    assert_eq!(serde_json::from_str::<Value>(&paper).expect("JSON")["vaults"], json!(["people"]));
    for cell in ROWS.lines().skip(1).flat_map(|row| row.split(',')) {
        for paper in [&paper, &dpia, &article30] {
            assert!(!paper.contains(cell), "{cell} is in {paper}");
        }
    }
}

#[test]
fn a_night_that_was_refused_leaves_them_too() {
    let ferry = Ferry::of_one_file("app.thing.csv", ROWS.as_bytes(), COLUMNS, "");
    ferry.edit(
        "schemas/thing.toml",
        "class = \"personal\", kind = \"free_text\", treat = { analytics = \"scrub\" }",
        "class = \"internal\"",
    );
    let (came, report) = ferry.report(&["jobs/things.toml"]);
    assert_eq!(came.code, 23, "{}", came.err);
    let [_, dpia, _] = of_run(&ferry, "out/security", &report);
    assert!(dpia.contains("which ended as: refused") && dpia.contains("look like personal data"), "{dpia}");
}

/// A hash is a pseudonym, and so is a token: nothing here may promise more.
#[test]
fn nothing_we_say_calls_a_pseudonym_more_than_that() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut texts = vec![root.join("README.md")];
    let mut folders = vec![root.join("src"), root.join("deploy"), root.join("jobs"), root.join("schemas")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).expect("a folder") {
            let path = entry.expect("an entry").path();
            match path.is_dir() {
                true => folders.push(path),
                false => texts.push(path),
            }
        }
    }
    let ferry = Ferry::shipped();
    let told =
        ["dpia", "article30", "json"].map(|paper| ferry.run(&["plan", "jobs/contracts.toml", "--papers", paper]).out);
    let texts = texts.iter().map(|path| String::from_utf8_lossy(&std::fs::read(path).expect("a file")).into_owned());
    for text in texts.chain(told) {
        let text = text.to_lowercase();
        assert!(!["anonymis", "anonymiz"].iter().any(|word| text.contains(word)), "{text}");
    }
}
