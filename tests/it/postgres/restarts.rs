//! A server that is restarted in the middle of a run: of its own, since others read the shared one.

use super::bench::Bench;
use super::nights::{Running, assert_published, ferry, lay, moves, reads, until};
use crate::services::variable;
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const PASSWORD: &str = "of-this-server-alone";

/// A server that ends with the test. PostgreSQL refuses to run as root.
struct Server {
    folder: tempfile::TempDir,
    port: u16,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        set_mode(folder.path(), 0o711);
        // Bound and let go: the kernel does not hand the same number out again soon.
        let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
        let server = Server { folder, port };
        let home = server.home();
        std::fs::create_dir(&home).expect("made");
        // The shared server's certificate is for this machine as well.
        let shared = Path::new(&variable("NIGHTFERRY_PG_CA")).parent().expect("a folder").join("postgresql");
        for file in ["server.pem", "server.key"] {
            std::fs::copy(shared.join(file), home.join(file)).expect("copied");
            set_mode(&home.join(file), 0o600);
        }
        std::fs::write(home.join("password"), PASSWORD).expect("written");
        if is_root() {
            assert!(
                Command::new("chown").args(["-R", "postgres:postgres"]).arg(&home).status().expect("chown").success()
            );
        }
        let data = home.join("data");
        let password = format!("--pwfile={}", home.join("password").display());
        server.bin("initdb", &["-U", "ferry_admin", &password, "--auth=scram-sha-256", "--encoding=UTF8", "--no-sync"]);
        // The server's death is not the machine's.
        let settings = format!(
            "listen_addresses = '127.0.0.1'\nport = {port}\nunix_socket_directories = ''\nfsync = off\nssl = on\n\
             ssl_cert_file = '{home}/server.pem'\nssl_key_file = '{home}/server.key'\n",
            home = home.display()
        );
        let file = data.join("postgresql.conf");
        let text = std::fs::read_to_string(&file).expect("settings") + &settings;
        std::fs::write(file, text).expect("written");
        server.ctl(&["start"]);
        server
    }

    fn home(&self) -> PathBuf {
        self.folder.path().join("postgresql")
    }

    fn ctl(&self, words: &[&str]) {
        let log = self.home().join("log").display().to_string();
        self.bin("pg_ctl", &[&["-w", "-t", "60", "-l", &log], words].concat());
    }

    /// A program of PostgreSQL's over the server's data.
    fn bin(&self, program: &str, arguments: &[&str]) {
        let program = Path::new(&variable("NIGHTFERRY_PG_BIN")).join(program);
        let mut command = match is_root() {
            true => {
                let mut command = Command::new("setpriv");
                command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(&program);
                command
            }
            false => Command::new(&program),
        };
        command.arg("-D").arg(self.home().join("data")).args(arguments).current_dir("/");
        let status = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).status();
        assert!(status.expect("started").success(), "{}", program.display());
    }

    async fn admin(&self) -> PgConnection {
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
}

impl Drop for Server {
    fn drop(&mut self) {
        // Of a test that failed before the server was there.
        if !self.home().join("data/postmaster.pid").exists() {
            return;
        }
        self.ctl(&["-m", "immediate", "stop"]);
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|process| std::os::unix::fs::MetadataExt::uid(&process) == 0)
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).expect("set");
}

#[tokio::test]
async fn a_server_that_is_restarted_in_the_middle_is_read_again_when_it_is_back() {
    let server = Server::start();
    let mut bench = Bench { admin: server.admin().await, schema: "it_restart".into() };
    let role = format!(
        "CREATE ROLE {} LOGIN PASSWORD '{}'; GRANT pg_read_all_data TO {0}; REVOKE TEMPORARY ON DATABASE postgres FROM public;
         CREATE SCHEMA it_restart; {}",
        variable("NIGHTFERRY_PG_USER"),
        variable("NIGHTFERRY_PG_PASSWORD"),
        lay("it_restart")
    );
    sqlx::raw_sql(AssertSqlSafe(role)).execute(&mut bench.admin).await.expect("laid");
    // Once in order, and once as a crash.
    for mode in ["fast", "immediate"] {
        let ferry = ferry("it_restart", &[("port", &server.port.to_string())]);
        let running = Running::of(&ferry);
        until(&mut bench, &reads("it_restart")).await;
        bench.run(&moves("it_restart", 7)).await;
        server.ctl(&["-m", mode, "restart"]);
        bench.admin = server.admin().await;
        bench.run(&moves("it_restart", 8)).await;
        let came = running.came();
        assert!(came.err.contains("every table is read again, at another moment"), "{mode}: {}", came.err);
        assert_published(&ferry, &came);
    }
}
