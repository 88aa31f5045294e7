//! A PostgreSQL server of a test's own, where the shared one must not be touched: restarted, crashed, or with a standby.

use crate::services::variable;
use nightferry::source::Login;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PASSWORD: &str = "of-this-server-alone";

/// A server that ends with the test. PostgreSQL refuses to run as root.
pub struct Server {
    folder: tempfile::TempDir,
    pub port: u16,
}

impl Server {
    /// An empty server with the role that reads, and no vacuum but the test's own.
    pub async fn start() -> Self {
        let server = Server::new();
        let home = server.home();
        std::fs::write(home.join("password"), PASSWORD).expect("written");
        own(&home);
        let password = format!("--pwfile={}", home.join("password").display());
        let data = server.data();
        let arguments =
            ["-U", "ferry_admin", &password, "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync", "-D", &data];
        bin("initdb", &arguments);
        // The server's death is not the machine's.
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nautovacuum = off\nssl = on\n\
             ssl_cert_file = '{home}/server.pem'\nssl_key_file = '{home}/server.key'\n",
            home = home.display()
        );
        let file = Path::new(&data).join("postgresql.conf");
        let text = std::fs::read_to_string(&file).expect("settings") + &settings;
        std::fs::write(file, text).expect("written");
        server.ctl("start", &[]);
        let role = format!(
            "CREATE ROLE {} LOGIN PASSWORD '{}'; GRANT pg_read_all_data TO {0}; REVOKE TEMPORARY ON DATABASE postgres FROM public",
            variable("NIGHTFERRY_PG_USER"),
            variable("NIGHTFERRY_PG_PASSWORD"),
        );
        sqlx::raw_sql(AssertSqlSafe(role)).execute(&mut server.admin().await).await.expect("a role");
        server
    }

    /// A standby of it that gives up what it shows as soon as that stands in the way of what it replays.
    pub fn standby(&self) -> Self {
        let server = Server::new();
        own(&server.home());
        let from = format!("host=127.0.0.1 port={} user=ferry_admin password={PASSWORD} sslmode=require", self.port);
        bin("pg_basebackup", &["-d", &from, "-D", &server.data(), "-R", "-X", "stream", "-c", "fast", "-N"]);
        server.ctl("start", &["-o", "-c max_standby_streaming_delay=0 -c hot_standby_feedback=off"]);
        server
    }

    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        set_mode(folder.path(), 0o711);
        // Bound and let go: the kernel does not hand the same number out again soon.
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let server = Server { folder, port };
        std::fs::create_dir(server.home()).expect("made");
        // The shared server's certificate is for this machine as well.
        let shared = Path::new(&variable("NIGHTFERRY_PG_CA")).parent().expect("a folder").join("postgresql");
        for file in ["server.pem", "server.key"] {
            std::fs::copy(shared.join(file), server.home().join(file)).expect("copied");
            set_mode(&server.home().join(file), 0o600);
        }
        server
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("postgresql")
    }

    fn data(&self) -> String {
        self.home().join("data").display().to_string()
    }

    /// `pg_ctl start`, `stop` or `restart`.
    pub fn ctl(&self, verb: &str, arguments: &[&str]) {
        let (data, log) = (self.data(), self.home().join("log").display().to_string());
        let port = format!("-p {}", self.port);
        bin("pg_ctl", &[&[verb, "-w", "-t", "60", "-D", &data, "-l", &log, "-o", &port], arguments].concat());
    }

    /// A connection that may do anything.
    pub async fn admin(&self) -> PgConnection {
        let options = PgConnectOptions::new_without_pgpass()
            .host("127.0.0.1")
            .port(self.port)
            .database("postgres")
            .username("ferry_admin")
            .password(PASSWORD)
            .ssl_mode(PgSslMode::VerifyFull)
            .ssl_root_cert(variable("NIGHTFERRY_PG_CA"));
        PgConnection::connect_with(&options).await.expect("a connection")
    }

    /// How its reader gets in, who is the shared server's.
    pub fn login(&self) -> Login {
        super::bench::login()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Of a test that failed before the server was there.
        if Path::new(&self.data()).join("postmaster.pid").exists() {
            self.ctl("stop", &["-m", "immediate"]);
        }
    }
}

/// A program of PostgreSQL's.
fn bin(program: &str, arguments: &[&str]) {
    let program = Path::new(&variable("NIGHTFERRY_PG_BIN")).join(program);
    let mut command = match is_root() {
        true => {
            let mut command = Command::new("setpriv");
            command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(&program);
            command
        }
        false => Command::new(&program),
    };
    // Not the home of who runs the tests: it may not be looked into.
    command.args(arguments).current_dir("/").env("HOME", "/nonexistent").stdin(Stdio::null());
    let status = command.stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert!(status.expect("started").success(), "{}", program.display());
}

fn own(folder: &Path) {
    if is_root() {
        let given = Command::new("chown").args(["-R", "postgres:postgres"]).arg(folder).status();
        assert!(given.expect("chown starts").success());
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| process.uid() == 0)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
}
