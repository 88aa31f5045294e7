//! A sound environment over real servers, of a test's own: an S3 server with accounts and bucket policies, Azurite, PostgreSQL.

use crate::databases::Databases;
use crate::ferry::Ferry;
use crate::readers::python;
use crate::services::variable;
use crate::worlds::Name;
use sqlx::{AssertSqlSafe, Connection};
use std::net::TcpListener;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::Mutex;
use std::time::{Duration, Instant};

/// The key of the account that a night has, of one that only looks, and of the password's role.
pub const SECRET: &str = "opensesame-opensesame-opensesame";

/// An S3 server; it ends with this.
pub struct Gateway {
    pub endpoint: String,
    process: Child,
    /// What it keeps.
    folder: tempfile::TempDir,
}

impl Drop for Gateway {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

fn program() -> String {
    concat!(env!("CARGO_MANIFEST_DIR"), "/target/services/versitygw/versitygw").to_owned()
}

impl Gateway {
    /// With the root of the tests' other server, and buckets: `sound`, which `night` may use as a night must, and `looker` may look into;
    /// `open`, which everybody may read; `kept`, which `night` may look into and write to, and nothing more.
    pub fn start(certificate: Option<(&Path, &Path)>) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let port = free_port();
        for part in ["accounts", "s3"] {
            std::fs::create_dir_all(folder.path().join(part)).expect("made");
        }
        let (root, secret) = (variable("AWS_ACCESS_KEY_ID"), variable("AWS_SECRET_ACCESS_KEY"));
        let mut command = Command::new(program());
        command.env("ROOT_ACCESS_KEY", &root).env("ROOT_SECRET_KEY", &secret).current_dir(folder.path());
        command
            .args(["--port", &format!("127.0.0.1:{port}"), "--region", "eu-west-2", "--quiet"])
            .arg("--iam-dir")
            .arg(folder.path().join("accounts"));
        if let Some((certificate, key)) = certificate {
            command.arg("--cert").arg(certificate).arg("--key").arg(key);
        }
        command
            .arg("posix")
            .arg(folder.path().join("s3"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = command.spawn().expect("the S3 server starts");
        let scheme = if certificate.is_some() { "https" } else { "http" };
        let gateway = Gateway { endpoint: format!("{scheme}://127.0.0.1:{port}"), process, folder };
        let since = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            assert!(since.elapsed() < Duration::from_secs(20), "the S3 server does not answer");
            std::thread::sleep(Duration::from_millis(20));
        }
        if certificate.is_some() {
            return gateway;
        }
        for account in ["night", "looker"] {
            let mut admin = Command::new(program());
            admin.args([
                "admin",
                "--access",
                &root,
                "--secret",
                &secret,
                "--region",
                "eu-west-2",
                "--endpoint-url",
                &gateway.endpoint,
            ]);
            admin.args(["create-user", "--access", account, "--secret", SECRET, "--role", "user"]);
            let made = admin.output().expect("the S3 server's own program starts");
            assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        }
        python(&[concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/buckets.py"), &gateway.endpoint]);
        gateway
    }
}

/// Everything that a sound environment has.
pub struct World {
    pub gateway: Gateway,
    databases: Databases,
    /// The container that is private, and the one that everybody may look into.
    pub containers: [String; 2],
    /// Servers that a fault needed; they end with this.
    pub more: Mutex<Vec<Gateway>>,
}

/// Roles of the test, by what is wrong with each.
pub const ROLES: [&str; 3] = ["sound", "wide", "narrow"];

impl World {
    pub async fn new() -> Self {
        let databases = Databases::new();
        let admin = &variable("NIGHTFERRY_PG_ADMIN_URL");
        let database = databases.name(Name::Settlements);
        let mut connection =
            sqlx::ConnectOptions::connect(&databases.admin.clone().database("postgres")).await.expect("an admin");
        let run = |sql: String| sqlx::raw_sql(AssertSqlSafe(sql));
        run(format!("create database \"{database}\"")).execute(&mut connection).await.expect("made");
        run(format!("revoke temporary on database \"{database}\" from public"))
            .execute(&mut connection)
            .await
            .expect("made");
        connection.close().await.expect("closed");
        assert!(admin.starts_with("postgres://"));
        let mut own = databases.connect(Name::Settlements).await;
        let mut sql = "create schema app; create table app.thing (id bigint primary key, amount integer not null); insert into app.thing values (1, 10), (2, 20);".to_owned();
        for role in ROLES {
            let name = Self::role_of(&database, role);
            sql += &format!("create role {name} login password '{SECRET}'; grant usage on schema app to {name};");
            sql += &match role {
                "narrow" => String::new(),
                "wide" => format!("grant select, insert on app.thing to {name};"),
                _ => format!("grant select on app.thing to {name};"),
            };
        }
        run(sql).execute(&mut own).await.expect("made");
        own.close().await.expect("closed");
        let containers = ["private", "shown"].map(|kind| format!("{kind}-{}", uuid::Uuid::now_v7().simple()));
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/containers.py");
        python(&[script, &variable("NIGHTFERRY_AZURE_ENDPOINT"), &containers[0], &containers[1]]);
        World { gateway: Gateway::start(None), databases, containers, more: Mutex::default() }
    }

    fn role_of(database: &str, role: &str) -> String {
        format!("{role}_{}", database.rsplit('_').next().expect("a test"))
    }

    pub fn role(&self, role: &str) -> String {
        Self::role_of(&self.databases.name(Name::Settlements), role)
    }

    /// A project over it in which nothing is wrong, whose stores nobody else uses.
    pub fn project(&self) -> Ferry {
        let ferry = Ferry::of_one_file("unused.csv", b"", "amount = { type = \"integer\", class = \"open\" }", "");
        ferry.write("ca.pem", &std::fs::read(variable("NIGHTFERRY_PG_CA")).expect("a CA"));
        let own = uuid::Uuid::now_v7().simple().to_string();
        let store = |name: &str, audience: &str, more: &str| {
            format!(
                "[store.{name}]\nurl = \"s3://sound/{own}/{name}\"\nregion = \"eu-west-2\"\nendpoint = \"{}\"\naudience = \"{audience}\"\n{more}\n",
                self.gateway.endpoint
            )
        };
        let second = format!(
            "boundary = \"external\"\nsecond = \"az://{}/{own}\"\nsecond_endpoint = \"{}\"\n",
            self.containers[0],
            variable("NIGHTFERRY_AZURE_ENDPOINT")
        );
        let environment = format!(
            "stamp = \"dev\"\n\n[source.app.postgres]\nhost = \"localhost\"\nport = {}\ndatabase = \"{}\"\nuser = \"{}\"\npassword = {{ file = \"password\" }}\nca = \"ca.pem\"\n\n{}{}{}[secrets]\ntokens = {{ env = \"DOCTOR_KEY\" }}\n\n[limits]\nmemory_max = \"64MiB\"\n",
            variable("NIGHTFERRY_PG_PORT"),
            self.databases.name(Name::Settlements),
            self.role("sound"),
            store("warehouse", "analytics", &second),
            store("restricted", "restricted", ""),
            store("security", "security", "")
        );
        ferry.write("jobs/environments/dev.toml", environment.as_bytes());
        ferry.write("password", SECRET.as_bytes());
        owners_alone(&ferry.path("password"), 0o600);
        ferry
    }

    /// What lies below `_nightferry/` in all stores, in both clouds.
    pub fn left(&self) -> String {
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/probes.py");
        let buckets = self.gateway.folder.path().join("s3").to_string_lossy().into_owned();
        python(&[script, &buckets, &variable("NIGHTFERRY_AZURE_ENDPOINT"), &self.containers[0]])
    }

    /// The binary in a project, with the credentials of a night.
    pub fn command(&self, ferry: &Ferry, arguments: &[&str]) -> Command {
        let mut command = ferry.command(arguments);
        command
            .env("AWS_ACCESS_KEY_ID", "night")
            .env("AWS_SECRET_ACCESS_KEY", SECRET)
            .env("DOCTOR_KEY", SECRET.repeat(2));
        command.env_remove("AWS_SESSION_TOKEN");
        command
    }

    pub async fn drop(self) {
        let roles = ROLES.map(|role| self.role(role)).join(", ");
        let admin = self.databases.admin.clone().database("postgres");
        self.databases.drop().await;
        let mut connection = sqlx::ConnectOptions::connect(&admin).await.expect("an admin");
        let _ = sqlx::raw_sql(AssertSqlSafe(format!("drop role if exists {roles}"))).execute(&mut connection).await;
    }
}

/// Who may read a file.
pub fn owners_alone(path: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("permissions");
}
