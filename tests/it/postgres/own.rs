//! A PostgreSQL server of a test's own, whose certificates and rules it may change while it runs.

use crate::services::variable;
use nightferry::job::{LoginSpec, PostgresSpec};
use sqlx::postgres::{PgConnectOptions, PgSslMode};
use sqlx::{AssertSqlSafe, Connection, PgConnection};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

/// The role that may do anything, over plain connections alone.
const ADMIN: &str = "ferry_admin";

pub struct OwnServer {
    folder: tempfile::TempDir,
    child: Child,
    pub port: u16,
}

impl OwnServer {
    /// Starts a server whose certificates are those that `tests/readers/certificates.py` makes; `hba` are its rules.
    pub async fn start(hba: &str) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path();
        std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o711)).expect("permissions");
        let data = path.join("data");
        std::fs::create_dir_all(path.join("made")).expect("made");
        certificates(&path.join("made"));
        std::fs::create_dir(&data).expect("made");
        std::fs::set_permissions(&data, std::fs::Permissions::from_mode(0o700)).expect("permissions");
        own(&data);
        let pg_bin = PathBuf::from(variable("NIGHTFERRY_PG_BIN"));
        let data_text = data.to_str().expect("a path");
        let initdb = as_postgres(&pg_bin.join("initdb"))
            .args(["-D", data_text, "-U", ADMIN, "--auth=trust", "--encoding=UTF8", "--locale=C.UTF-8", "--no-sync"])
            .output()
            .expect("initdb starts");
        assert!(initdb.status.success(), "{}", String::from_utf8_lossy(&initdb.stderr));
        // What a weak certificate needs to be loaded at all by a server of Debian's.
        std::fs::write(path.join("openssl.cnf"), WEAK).expect("written");
        let conf = "listen_addresses = '127.0.0.1'\nunix_socket_directories = ''\nfsync = off\nssl = on\nssl_cert_file = 'server.pem'\nssl_key_file = 'server.key'\nssl_ca_file = 'client-ca.pem'\nlog_connections = on\nlogging_collector = off\n";
        append(&data.join("postgresql.conf"), conf);
        let rules = format!("hostnossl all {ADMIN} 127.0.0.1/32 trust\n{hba}");
        std::fs::write(data.join("pg_hba.conf"), rules).expect("written");
        let mut server = OwnServer { port: free_port(), child: dummy(), folder };
        server.copy("client-ca.pem", "client-ca.pem");
        server.present("good");
        for _ in 0..5 {
            server.launch(&pg_bin);
            if server.answers().await {
                return server;
            }
            // Somebody else took the port in between.
            server.port = free_port();
        }
        panic!("the server ended: {}", server.log());
    }

    fn launch(&mut self, pg_bin: &Path) {
        let log = std::fs::File::create(self.folder.path().join("log")).expect("a log");
        let data = self.data();
        self.child = as_postgres(&pg_bin.join("postgres"))
            .args(["-D", data.to_str().expect("a path"), "-p", &self.port.to_string()])
            .env("OPENSSL_CONF", self.folder.path().join("openssl.cnf"))
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .expect("the server starts");
    }

    /// Whether it answers; it does not where it ended at once.
    async fn answers(&mut self) -> bool {
        for _ in 0..300 {
            if self.child.try_wait().expect("a state").is_some() {
                return false;
            }
            if let Ok(connection) = PgConnection::connect_with(&self.admin_options()).await {
                connection.close().await.expect("closed");
                return true;
            }
            tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        }
        panic!("no answer: {}", self.log());
    }

    fn admin_options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().host("127.0.0.1").port(self.port).username(ADMIN);
        options.database("postgres").ssl_mode(PgSslMode::Disable)
    }

    fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    /// Where what `certificates.py` made is.
    pub fn made(&self, name: &str) -> PathBuf {
        self.folder.path().join("made").join(name)
    }

    pub async fn run(&self, sql: &str) {
        let mut admin = PgConnection::connect_with(&self.admin_options()).await.expect("a connection");
        sqlx::raw_sql(AssertSqlSafe(sql.to_owned())).execute(&mut admin).await.expect("run");
        admin.close().await.expect("closed");
    }

    /// Everything the server said.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The same, once it said `words` so many times: it writes after it answered.
    pub async fn logged(&self, words: &str, times: usize) -> String {
        for _ in 0..300 {
            let log = self.log();
            if log.matches(words).count() >= times {
                return log;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("not {times} times {words}: {}", self.log());
    }

    /// The server's certificate is that of `case`, from now on; who asks is `openssl`.
    pub async fn show(&self, case: &str) {
        self.present(case);
        signal("HUP", self.child.id());
        let wanted = fingerprint(&std::fs::read(self.made(&format!("{case}.pem"))).expect("a certificate"));
        for _ in 0..300 {
            let asked = Command::new("openssl")
                .args(["s_client", "-starttls", "postgres", "-connect", &format!("127.0.0.1:{}", self.port)])
                .env("OPENSSL_CONF", self.folder.path().join("openssl.cnf"))
                .stdin(Stdio::null())
                .output()
                .expect("openssl starts");
            if fingerprint(&asked.stdout) == wanted {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        panic!("{case} is not shown: {}", self.log());
    }

    fn present(&self, case: &str) {
        self.copy(&format!("{case}.pem"), "server.pem");
        self.copy(&format!("{case}.key"), "server.key");
    }

    fn copy(&self, made: &str, to: &str) {
        let to = self.data().join(to);
        std::fs::copy(self.made(made), &to).expect("copied");
        std::fs::set_permissions(&to, std::fs::Permissions::from_mode(0o600)).expect("permissions");
        own(&to);
    }

    pub fn spec(&self, user: &str) -> PostgresSpec {
        PostgresSpec {
            host: "127.0.0.1".into(),
            port: self.port,
            database: "postgres".into(),
            user: user.into(),
            password: None,
            ca: None,
            connections: 1,
            login: LoginSpec::default(),
            schemas: BTreeMap::new(),
        }
    }
}

impl Drop for OwnServer {
    fn drop(&mut self) {
        signal("QUIT", self.child.id());
        let _ = self.child.wait();
    }
}

const WEAK: &str = "openssl_conf = all\n[all]\nssl_conf = ssl\n[ssl]\nsystem_default = any\n[any]\nCipherString = DEFAULT@SECLEVEL=0\n";

fn certificates(folder: &Path) {
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/readers/certificates.py");
    let cases = crate::readers::python(&[script, &folder.to_string_lossy()]);
    std::fs::write(folder.join("cases"), cases).expect("written");
}

fn fingerprint(pem: &[u8]) -> String {
    let file = tempfile::NamedTempFile::new().expect("a file");
    std::fs::write(file.path(), pem).expect("written");
    let asked = Command::new("openssl")
        .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
        .arg(file.path())
        .output()
        .expect("openssl starts");
    String::from_utf8_lossy(&asked.stdout).into_owned()
}

/// Root may not run a server: it is started as the user that Debian made for it.
fn as_postgres(program: &Path) -> Command {
    if !is_root() {
        return Command::new(program);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups"]).arg(program).current_dir("/");
    command
}

fn own(path: &Path) {
    if is_root() {
        let owned = Command::new("chown").arg("postgres:postgres").arg(path).status().expect("chown starts");
        assert!(owned.success());
    }
}

fn is_root() -> bool {
    std::fs::metadata("/proc/self").is_ok_and(|about| std::os::unix::fs::MetadataExt::uid(&about) == 0)
}

fn append(path: &Path, text: &str) {
    let before = std::fs::read_to_string(path).expect("read");
    std::fs::write(path, before + text).expect("written");
}

fn signal(name: &str, pid: u32) {
    let _ = Command::new("kill").args([&format!("-{name}"), &pid.to_string()]).status();
}

fn free_port() -> u16 {
    TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port()
}

/// In the place of the server that is not started yet.
fn dummy() -> Child {
    Command::new("true").spawn().expect("true starts")
}
