//! A role that may do more than read is refused, whatever road its power comes by; what each power is worth is tried by the role.

use super::bench::{login, name};
use super::town::{Town, run};
use crate::ferry::{Came, Ferry};
use nightferry::ending;
use nightferry::failure::{Failure, Phase};
use nightferry::job::{KnownPower, Limits, LoginSpec, PostgresSpec};
use nightferry::source::{Login, PostgresSource, SourceError};

const ROLE: &str = "it_power";
const OTHER: &str = "it_power_other";
const DATABASE: &str = "it_powers";

/// A variant of a role: what makes it, what unmakes what lies outside it, what is said, and what it can then do. `@` is the
/// role, `#` a role that it may be made a member of, `%` the database.
struct Variant {
    make: &'static str,
    unmake: &'static str,
    said: &'static str,
    act: &'static str,
}

const fn variant(make: &'static str, said: &'static str, act: &'static str) -> Variant {
    Variant { make, unmake: "", said, act }
}

const fn undone(make: &'static str, unmake: &'static str, said: &'static str, act: &'static str) -> Variant {
    Variant { make, unmake, said, act }
}

const INSERT: &str = "INSERT INTO app.thing VALUES (9)";

const VARIANTS: &[Variant] = &[
    variant("GRANT SELECT ON app.thing TO @", "", ""),
    variant("GRANT SELECT (n) ON app.thing TO @; GRANT SELECT ON SEQUENCE app.number TO @", "", ""),
    variant("GRANT pg_read_all_data, pg_monitor TO @", "", ""),
    variant("GRANT # TO @; GRANT SELECT ON app.thing TO #", "", ""),
    variant("ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT SELECT ON TABLES TO @", "", ""),
    variant("GRANT INSERT ON app.thing TO @", "INSERT on `app.thing`", INSERT),
    variant("GRANT UPDATE, SELECT ON app.thing TO @", "UPDATE on `app.thing`", "UPDATE app.thing SET n = 8"),
    variant("GRANT DELETE ON app.thing TO @", "DELETE on `app.thing`", "DELETE FROM app.thing"),
    variant("GRANT TRUNCATE ON app.thing TO @", "TRUNCATE on `app.thing`", "TRUNCATE app.thing"),
    variant("GRANT REFERENCES ON app.thing TO @", "REFERENCES on `app.thing`", ""),
    variant("GRANT TRIGGER ON app.thing TO @", "TRIGGER on `app.thing`", ""),
    variant("GRANT INSERT ON app.shown TO @", "INSERT on `app.shown`", "INSERT INTO app.shown VALUES (9)"),
    variant("GRANT UPDATE (n) ON app.thing TO @", "UPDATE on column `app.thing.n`", "UPDATE app.thing SET n = 8"),
    variant(
        "GRANT USAGE ON SEQUENCE app.number TO @",
        "USAGE on sequence `app.number`",
        "SELECT nextval('app.number')",
    ),
    variant(
        "GRANT UPDATE ON SEQUENCE app.number TO @",
        "UPDATE on sequence `app.number`",
        "SELECT setval('app.number', 7)",
    ),
    variant("GRANT CREATE ON SCHEMA app TO @", "CREATE on schema `app`", "CREATE TABLE app.mine ()"),
    variant("GRANT CREATE ON DATABASE % TO @", "CREATE on database `%`", "CREATE SCHEMA mine"),
    variant("GRANT TEMPORARY ON DATABASE % TO @", "TEMPORARY on database `%`", "CREATE TEMPORARY TABLE mine ()"),
    undone(
        "GRANT TEMPORARY ON DATABASE % TO PUBLIC",
        "REVOKE TEMPORARY ON DATABASE % FROM PUBLIC",
        "TEMPORARY on database `%`",
        "CREATE TEMPORARY TABLE mine ()",
    ),
    undone(
        "GRANT INSERT ON app.thing TO PUBLIC",
        "REVOKE INSERT ON app.thing FROM PUBLIC",
        "INSERT on `app.thing`",
        INSERT,
    ),
    undone(
        "GRANT CREATE ON SCHEMA public TO PUBLIC",
        "REVOKE CREATE ON SCHEMA public FROM PUBLIC",
        "CREATE on schema `public`",
        "CREATE TABLE public.mine ()",
    ),
    variant(
        "CREATE TABLE app.owned (n int); ALTER TABLE app.owned OWNER TO @",
        "ownership of `table app.owned`",
        "DROP TABLE app.owned",
    ),
    variant(
        "CREATE FUNCTION app.f() RETURNS int LANGUAGE sql AS 'SELECT 1'; ALTER FUNCTION app.f() OWNER TO @",
        "ownership of `function app.f()`",
        "DROP FUNCTION app.f()",
    ),
    undone(
        "ALTER DATABASE % OWNER TO @",
        "ALTER DATABASE % OWNER TO ferry_admin",
        "ownership of `database %`",
        "CREATE SCHEMA mine",
    ),
    variant("ALTER ROLE @ SUPERUSER", "SUPERUSER of `@`", INSERT),
    variant("ALTER ROLE @ CREATEROLE", "CREATEROLE of `@`", "CREATE ROLE it_power_made"),
    variant("ALTER ROLE @ CREATEDB", "CREATEDB of `@`", ""),
    variant(
        "ALTER ROLE @ REPLICATION",
        "REPLICATION of `@`",
        "SELECT pg_create_physical_replication_slot('it_power', false, true)",
    ),
    variant("ALTER ROLE @ BYPASSRLS", "BYPASSRLS of `@`", ""),
    variant("GRANT pg_write_all_data TO @", "membership of `pg_write_all_data`", INSERT),
    variant("GRANT pg_execute_server_program TO @", "membership of `pg_execute_server_program`", ""),
    variant("GRANT pg_read_server_files TO @", "membership of `pg_read_server_files`", ""),
    variant("GRANT pg_write_server_files TO @", "membership of `pg_write_server_files`", ""),
    variant("GRANT pg_signal_backend TO @", "membership of `pg_signal_backend`", ""),
    variant("GRANT pg_checkpoint TO @", "membership of `pg_checkpoint`", "CHECKPOINT"),
    // What a landlord's servers bring is there by its name alone.
    undone(
        "DROP ROLE IF EXISTS rds_superuser; CREATE ROLE rds_superuser; GRANT rds_superuser TO @",
        "DROP ROLE rds_superuser",
        "membership of `rds_superuser`",
        "",
    ),
    variant("GRANT CREATE ON TABLESPACE pg_default TO @", "CREATE on tablespace `pg_default`", ""),
    variant("GRANT # TO @; GRANT INSERT ON app.thing TO #", "INSERT on `app.thing`", INSERT),
    variant(
        "ALTER ROLE @ NOINHERIT; GRANT # TO @; GRANT INSERT ON app.thing TO #",
        "INSERT on `app.thing`",
        "SET LOCAL ROLE #; INSERT INTO app.thing VALUES (9)",
    ),
    variant(
        "GRANT # TO @; ALTER ROLE # SUPERUSER",
        "SUPERUSER of `#`",
        "SET LOCAL ROLE #; INSERT INTO app.thing VALUES (9)",
    ),
    variant("GRANT ALTER SYSTEM ON PARAMETER work_mem TO @", "ALTER SYSTEM on parameter `work_mem`", ""),
    variant("GRANT EXECUTE ON FUNCTION lo_export(oid, text) TO @", "EXECUTE on `lo_export(oid,text)`", ""),
    variant(
        "GRANT EXECUTE ON FUNCTION pg_read_file(text) TO @",
        "EXECUTE on `pg_read_file(text)`",
        "SELECT pg_read_file('PG_VERSION')",
    ),
    undone(
        "CREATE FUNCTION app.puts() RETURNS void LANGUAGE sql SECURITY DEFINER AS 'INSERT INTO app.thing VALUES (9)'; \
         REVOKE EXECUTE ON FUNCTION app.puts() FROM PUBLIC; GRANT EXECUTE ON FUNCTION app.puts() TO @",
        "DROP FUNCTION app.puts()",
        "EXECUTE on `app.puts()`",
        "SELECT app.puts()",
    ),
    variant(
        "CREATE FUNCTION app.told() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1'; GRANT EXECUTE ON ALL FUNCTIONS IN SCHEMA app TO @",
        "",
        "",
    ),
    variant(
        "CREATE FUNCTION app.one() RETURNS int LANGUAGE sql AS 'SELECT 1'; REVOKE EXECUTE ON FUNCTION app.one() FROM PUBLIC; \
         GRANT EXECUTE ON FUNCTION app.one() TO @",
        "",
        "",
    ),
    undone(
        "CREATE FOREIGN DATA WRAPPER elsewhere; CREATE SERVER far FOREIGN DATA WRAPPER elsewhere; GRANT USAGE ON FOREIGN SERVER far TO @",
        "DROP FOREIGN DATA WRAPPER elsewhere CASCADE",
        "USAGE on foreign server `far`",
        "CREATE USER MAPPING FOR @ SERVER far",
    ),
    undone(
        "CREATE FOREIGN DATA WRAPPER elsewhere; GRANT USAGE ON FOREIGN DATA WRAPPER elsewhere TO @",
        "DROP FOREIGN DATA WRAPPER elsewhere CASCADE",
        "USAGE on foreign data wrapper `elsewhere`",
        "CREATE SERVER mine FOREIGN DATA WRAPPER elsewhere",
    ),
    undone(
        "SELECT lo_create(4711); GRANT SELECT, UPDATE ON LARGE OBJECT 4711 TO @",
        "SELECT lo_unlink(4711)",
        "UPDATE on large object `4711`",
        "SELECT lo_put(4711, 0, 'x')",
    ),
    variant(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT INSERT ON TABLES TO @",
        "INSERT by default on what is made by `ferry_admin`",
        "",
    ),
    variant(
        "ALTER DEFAULT PRIVILEGES IN SCHEMA app GRANT USAGE ON SEQUENCES TO @",
        "USAGE by default on what is made by `ferry_admin`",
        "",
    ),
    variant(
        "ALTER DEFAULT PRIVILEGES GRANT CREATE ON SCHEMAS TO @",
        "CREATE by default on what is made by `ferry_admin`",
        "",
    ),
    variant(
        "GRANT INSERT, UPDATE ON app.thing, app.shown TO @",
        "INSERT on `app.shown` and 1 more, UPDATE on `app.shown` and 1 more",
        INSERT,
    ),
    variant(
        "GRANT ALL ON app.thing TO @",
        "DELETE on `app.thing`, INSERT on `app.thing`, REFERENCES on `app.thing`, TRIGGER on `app.thing`, and 2 more kinds",
        INSERT,
    ),
];

const APP: &str = "CREATE SCHEMA app; CREATE TABLE app.thing (n int PRIMARY KEY); INSERT INTO app.thing VALUES (1);
    CREATE VIEW app.shown AS SELECT n FROM app.thing; CREATE SEQUENCE app.number";

async fn open(spec: &PostgresSpec) -> Result<(), SourceError> {
    let login = Login { password: Some("kestrel".to_owned().into()), ..login() };
    PostgresSource::open(&name("app"), spec, &login, &Limits::default()).await.map(drop)
}

#[tokio::test]
async fn a_role_that_may_do_more_than_read_is_refused_by_what_it_may() {
    let mut town = Town::lay(DATABASE).await;
    run(&mut town.admin, APP).await;
    for Variant { make, unmake, said, act } in VARIANTS {
        town.role(ROLE).await;
        town.role(OTHER).await;
        if !act.is_empty() {
            assert!(town.tries(ROLE, &named(act)).await.is_err(), "{act}: anybody can");
        }
        run(&mut town.admin, &named(make)).await;
        let opened = open(&town.spec(ROLE)).await;
        match *said {
            "" => opened.unwrap_or_else(|error| panic!("{make}: {error}")),
            said => {
                let error = opened.err().unwrap_or_else(|| panic!("{make}: it was let in"));
                let said = format!("role `it_power` of source `app` may do more than read: {}", named(said));
                assert_eq!(error.to_string(), said, "{make}");
                assert_eq!(Failure::source(&error, Phase::Open).ending, ending::MAY_WRITE);
            }
        }
        if !act.is_empty() {
            town.tries(ROLE, &named(act)).await.unwrap_or_else(|error| panic!("{act}: {error}"));
        }
        run(&mut town.admin, &named(unmake)).await;
    }
    assert!(VARIANTS.iter().filter(|variant| !variant.said.is_empty()).count() >= 20);
    town.go(&[ROLE, OTHER]).await;
}

/// A text of a variant, its roles and its database named.
fn named(text: &str) -> String {
    text.replace('@', ROLE).replace('#', OTHER).replace('%', DATABASE)
}

#[tokio::test]
async fn a_power_that_the_environment_knows_is_no_hindrance() {
    let mut town = Town::lay("it_power_known").await;
    run(&mut town.admin, APP).await;
    town.role("it_power_known").await;
    run(&mut town.admin, "GRANT TEMPORARY ON DATABASE it_power_known TO PUBLIC; ALTER ROLE it_power_known BYPASSRLS")
        .await;
    let spec = town.spec("it_power_known");
    let known = |powers: &[KnownPower]| PostgresSpec {
        login: LoginSpec { powers_known: powers.to_vec(), ..spec.login.clone() },
        ..spec.clone()
    };
    let (temporary, bypass) = ("TEMPORARY on database `it_power_known`", "BYPASSRLS of `it_power_known`");
    for (powers, left) in
        [(&KnownPower::ALL[..1], Some(bypass)), (&KnownPower::ALL[1..], Some(temporary)), (&KnownPower::ALL, None)]
    {
        let error = open(&known(powers)).await.err().map(|error| error.to_string());
        let left = left.map(|left| format!("role `it_power_known` of source `app` may do more than read: {left}"));
        assert_eq!(error, left);
    }
    run(&mut town.admin, "GRANT INSERT ON app.thing TO it_power_known").await;
    assert!(open(&known(&KnownPower::ALL)).await.is_err(), "what is not known is refused all the same");
    town.go(&["it_power_known"]).await;
}

/// The job over `app.thing` and a query, by the role `user` of `database`.
fn ferry(database: &str, user: &str) -> Ferry {
    let ferry = Ferry::of_one_file(
        "app.thing.csv",
        b"",
        "m = { type = \"integer\", class = \"internal\", nullable = true }",
        "",
    );
    let postgres = format!(
        "postgres = {{ host = {{ env = \"NIGHTFERRY_PG_HOST\" }}, port = {{ env = \"NIGHTFERRY_PG_PORT\" }}, database = \"{database}\", user = \"{user}\", password = {{ file = \"password\" }}, ca = {{ env = \"NIGHTFERRY_PG_CA\" }} }}"
    );
    ferry.edit("jobs/environments/dev.toml", "files = { url = \"in\" }", &postgres);
    ferry.edit("jobs/things.toml", "table = \"app.thing\"", "query = \"jobs/sql/thing.sql\"");
    ferry.write("jobs/sql/thing.sql", b"select t.id, l.m from app.thing t left join app.\"L, inked\" l on l.id = t.id");
    ferry.write("password", b"kestrel");
    let only_ours = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(ferry.path("password"), only_ours).expect("permissions");
    ferry
}

#[tokio::test]
async fn a_role_that_may_write_ends_a_run_with_12_and_the_sql_that_is_printed_makes_one_that_may_not() {
    let mut town = Town::lay("it_remedy").await;
    let app = "CREATE SCHEMA app; CREATE TABLE app.thing (id bigint PRIMARY KEY); INSERT INTO app.thing VALUES (1), (2);
        CREATE TABLE app.\"L, inked\" (id bigint, m int); INSERT INTO app.\"L, inked\" VALUES (2, 20);
        CREATE TABLE app.other (id bigint); GRANT CREATE ON SCHEMA public TO PUBLIC; GRANT TEMPORARY ON DATABASE it_remedy TO PUBLIC;
        GRANT INSERT ON app.other TO PUBLIC";
    run(&mut town.admin, app).await;
    town.role("it_remedy_wide").await;
    run(&mut town.admin, "GRANT ALL ON ALL TABLES IN SCHEMA app TO it_remedy_wide").await;
    let wide = ferry("it_remedy", "it_remedy_wide");
    let refused =
        |came: &Came| {
            assert_eq!(came.code, 12, "{}{}", came.out, came.err);
            assert!(came.endings()[0].starts_with(
                "E-ROLE-12 phase=open what=\"role `it_remedy_wide` of source `app` may do more than read: "
            ));
        };
    let came = wide.run(&["run", "jobs/things.toml"]);
    refused(&came);
    assert!(!wide.is_published("out/warehouse/thing") && !came.err.contains("kestrel"));
    let came = wide.run(&["validate", "--online"]);
    refused(&came);
    let json: serde_json::Value =
        serde_json::from_str(&wide.run(&["validate", "--online", "--json"]).out).expect("JSON");
    assert!(came.out.contains(json[0]["sql"]["app"].as_str().expect("SQL")), "{json}");
    // As it is printed, but for the role's name, which this server has given away already.
    town.unrole("it_remedy_narrow").await;
    run(&mut town.admin, &came.out.replace("nightferry_ro", "it_remedy_narrow")).await;
    run(&mut town.admin, "ALTER ROLE it_remedy_narrow PASSWORD 'kestrel'").await;
    let narrow = ferry("it_remedy", "it_remedy_narrow");
    let came = narrow.run(&["validate", "--online"]);
    assert_eq!((came.code, came.out.contains("REVOKE")), (0, false), "{}{}", came.out, came.err);
    let came = narrow.run(&["run", "jobs/things.toml"]);
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    assert!(narrow.is_published("out/warehouse/thing"));
    for (act, may) in [
        ("SELECT id FROM app.thing", true),
        ("SELECT m FROM app.\"L, inked\"", true),
        ("SELECT id FROM app.other", false),
        (INSERT_OTHER, false),
    ] {
        assert_eq!(town.tries("it_remedy_narrow", act).await.is_ok(), may, "{act}");
    }
    town.go(&["it_remedy_wide", "it_remedy_narrow"]).await;
}

const INSERT_OTHER: &str = "INSERT INTO app.other VALUES (1)";
