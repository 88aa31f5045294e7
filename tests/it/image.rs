//! The image, checked without an engine: what the binary needs is what the base has, and a night goes well as another user, with that and
//! nothing else of a system around it, over a root that cannot be written.
//!
//! `NIGHTFERRY_IMAGE_BINARY` names the binary to be looked at (`make image`); without it, it is the one of the tests.

use crate::ferry::{Ferry, copy};
use crate::services::{BUCKET, variable};
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

/// What distroless/cc-debian12 has: libc6, libssl3 and, over base, libgcc-s1, libgomp1 and libstdc++6.
/// Source: GoogleContainerTools/distroless, `base` and `cc`; Debian 12's lists of files of these packages.
const BASE: &[&str] = &[
    "ld-linux-x86-64.so.2",
    "ld-linux-aarch64.so.1",
    "libc.so.6",
    "libm.so.6",
    "libmvec.so.1",
    "libdl.so.2",
    "libpthread.so.0",
    "librt.so.1",
    "libresolv.so.2",
    "libutil.so.1",
    "libanl.so.1",
    "libcrypto.so.3",
    "libssl.so.3",
    "libgcc_s.so.1",
    "libgomp.so.1",
    "libstdc++.so.6",
];

/// The libc of Debian 12.
const GLIBC: (u32, u32) = (2, 36);

fn binary() -> PathBuf {
    std::env::var("NIGHTFERRY_IMAGE_BINARY").unwrap_or_else(|_| env!("CARGO_BIN_EXE_nightferry").into()).into()
}

fn said(command: &mut Command) -> String {
    let output = command.output().expect("the program starts");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Libraries by name, each with its file on this machine.
fn libraries(binary: &Path) -> Vec<(String, PathBuf)> {
    let told = said(Command::new("ldd").arg(binary));
    let found = told.lines().filter_map(|line| {
        let line = line.trim();
        let path = line.split(' ').find(|word| word.starts_with('/'))?;
        let name = Path::new(path).file_name()?.to_string_lossy().into_owned();
        Some((name, PathBuf::from(path)))
    });
    found.collect()
}

#[test]
fn the_binary_needs_nothing_that_the_base_of_the_image_lacks() {
    let binary = binary();
    let needed = libraries(&binary);
    let names: BTreeSet<&str> = needed.iter().map(|(name, _)| name.as_str()).collect();
    let lacking: Vec<&&str> = names.iter().filter(|name| !BASE.contains(name)).collect();
    assert!(!names.is_empty() && lacking.is_empty(), "the base lacks {lacking:?}");
    let symbols = said(Command::new("objdump").arg("-T").arg(&binary));
    let versions = symbols.split("GLIBC_").skip(1).filter_map(|rest| {
        let mut numbers = rest.split(|sign: char| !sign.is_ascii_digit()).filter_map(|part| part.parse::<u32>().ok());
        Some((numbers.next()?, numbers.next()?))
    });
    let newest = versions.max().expect("versions of the libc");
    assert!(newest <= GLIBC, "it needs glibc {newest:?}");
    let bytes = std::fs::metadata(&binary).expect("the binary").len();
    println!(
        "{} bytes ({} MiB), {} libraries: {}",
        bytes,
        bytes >> 20,
        names.len(),
        names.into_iter().collect::<Vec<_>>().join(" ")
    );
    // The image is the one that this test is about.
    let dockerfile = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("Dockerfile")).expect("text");
    assert!(dockerfile.contains("FROM gcr.io/distroless/cc-debian12:nonroot"));
}

/// A root that holds the binary, its libraries, the roots of TLS and a project, and nothing else.
fn root(binary: &Path, ferry: &Ferry) -> tempfile::TempDir {
    let root = tempfile::tempdir().expect("a folder");
    let put = |from: &Path, to: &str| {
        let to = root.path().join(to.trim_start_matches('/'));
        std::fs::create_dir_all(to.parent().expect("a folder")).expect("made");
        std::fs::copy(from, to).expect("copied");
    };
    put(binary, "usr/local/bin/nightferry");
    for (_, library) in libraries(binary) {
        put(&library, &library.to_string_lossy());
    }
    put(Path::new("/etc/ssl/certs/ca-certificates.crt"), "etc/ssl/certs/ca-certificates.crt");
    for folder in ["tmp", "proc", "dev"] {
        std::fs::create_dir_all(root.path().join(folder)).expect("made");
    }
    copy(ferry.root(), &root.path().join("project"));
    open_to_all(root.path(), 0o755);
    // Nothing but the mount keeps anybody from writing there.
    open_to_all(&root.path().join("project"), 0o777);
    root
}

/// As an image's files are, for everybody to read; or to write as well.
fn open_to_all(root: &Path, mode: u32) {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(root, std::fs::Permissions::from_mode(mode)).expect("permissions");
}

#[test]
fn a_night_goes_well_as_another_user_over_a_root_that_cannot_be_written() {
    if !std::fs::metadata("/proc/self").is_ok_and(|meta| std::os::unix::fs::MetadataExt::uid(&meta) == 0) {
        println!("NOT LOOKED AT: only root can make a mount namespace, and the night was not run");
        return;
    }
    let ferry = Ferry::shipped();
    let own = uuid::Uuid::now_v7();
    let mut environment = ferry.read("jobs/environments/dev.toml");
    for store in ["warehouse", "public", "restricted", "security"] {
        let to = format!(
            "url = \"s3://{BUCKET}/{own}/{store}\"\nregion = \"eu-west-2\"\nendpoint = \"{}\"",
            variable("NIGHTFERRY_S3_ENDPOINT")
        );
        let from = format!("url = \"target/{store}\"");
        assert!(environment.contains(&from), "{environment}");
        environment = environment.replace(&from, &to);
    }
    ferry.write("jobs/environments/dev.toml", environment.as_bytes());
    let root = root(&binary(), &ferry);
    // 99: the root can be written to, 98: something is left of the run. A mount namespace of its own; over a root that is read-only, what the image declares as a volume. As on Fargate: user 65532, `/proc`
    // and the plainest devices.
    let script = r#"
        set -e
        mount --bind "$ROOT" "$ROOT"
        mount -t tmpfs -o mode=1777,size=256m,nosuid,nodev tmpfs "$ROOT/tmp"
        mount --bind /proc "$ROOT/proc"
        mount -t tmpfs -o mode=755,size=64k tmpfs "$ROOT/dev"
        mknod -m 666 "$ROOT/dev/null" c 1 3
        mknod -m 666 "$ROOT/dev/urandom" c 1 9
        touch "$ROOT/project/writable" && rm "$ROOT/project/writable"
        mount -o remount,bind,ro "$ROOT"
        if touch "$ROOT/project/writable" 2>/dev/null; then exit 99; fi
        code=0
        chroot --userspec=65532:65532 --groups= "$ROOT" /usr/local/bin/nightferry "$@" || code=$?
        left=$(find "$ROOT/tmp" -mindepth 1)
        if [ -n "$left" ]; then echo "left: $left" >&2; exit 98; fi
        exit $code
    "#;
    let run = |arguments: &[&str]| {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", script, "sh"]).args(arguments);
        command.env_clear().env("ROOT", root.path()).env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin");
        for name in ["AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_REGION"] {
            command.env(name, variable(name));
        }
        crate::ferry::Came::of(&command.output().expect("unshare starts"))
    };
    let job = "/project/jobs/settlements.toml";
    let came = run(&["run", job, "--json"]);
    assert_eq!(came.code, 0, "{}{}", came.out, came.err);
    let report: serde_json::Value = serde_json::from_str(&came.out).expect("a report");
    assert_eq!(report["outcome"], "published");
    assert!(report["peak_memory_bytes"].as_u64().is_some(), "what the system tells is told");
    // Whoever needs the root to be writable is told so: a folder of the project as a store.
    let local = Ferry::shipped();
    copy(&local.path("jobs"), &root.path().join("project/jobs"));
    let refused = run(&["run", job]);
    assert_eq!(refused.code, 12, "{}", refused.err);
    assert!(refused.endings()[0].starts_with("E-ACCESS-12 "), "{}", refused.err);
}
