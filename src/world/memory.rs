//! How much memory the container leaves us: cgroups, version 2 and 1.
//!
//! A process sees its own group at the mount's root where it has a namespace of its own (Fargate, Docker), and elsewhere at
//! the path that `/proc/self/cgroup` names; every group above it limits it too, so the smallest counts.
//! Source: Linux, `Documentation/admin-guide/cgroup-v2.rst` (`memory.max`) and `cgroup-v1/memory.rst`
//! (`memory.limit_in_bytes`, a huge number where there is no limit).
//!
//! Never in here: how much of it is used for what.

use std::fs::read_to_string;
use std::path::{Path, PathBuf};

/// Above this version 1 means "no limit".
const UNLIMITED_BYTES: u64 = 1 << 60;

/// The smallest limit among the groups of this process, under the file system's `root`.
pub fn container_bytes(root: &Path) -> Option<u64> {
    let groups = read_to_string(root.join("proc/self/cgroup")).unwrap_or_default();
    groups.lines().filter_map(|line| limit(root, line)).min()
}

/// The memory of the whole machine, under the file system's `root`.
pub fn machine_bytes(root: &Path) -> Option<u64> {
    let told = read_to_string(root.join("proc/meminfo")).ok()?;
    let line = told.lines().find_map(|line| line.strip_prefix("MemTotal:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

/// The limit of one line of `/proc/self/cgroup`: `0::/a/b` (version 2) or `4:memory:/a/b`.
fn limit(root: &Path, line: &str) -> Option<u64> {
    let mut parts = line.splitn(3, ':').skip(1);
    let (controllers, path) = (parts.next()?, parts.next()?);
    let (mount, file) = match controllers {
        "" => ("sys/fs/cgroup", "memory.max"),
        named if named.split(',').any(|controller| controller == "memory") => {
            ("sys/fs/cgroup/memory", "memory.limit_in_bytes")
        }
        _ => return None,
    };
    let own = Path::new(path.trim_start_matches('/'));
    let limit = |group: PathBuf| read_to_string(group.join(file)).ok()?.trim().parse::<u64>().ok();
    let all = own.ancestors().filter_map(|group| limit(root.join(mount).join(group)));
    all.filter(|bytes| *bytes < UNLIMITED_BYTES).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn machine(files: &[(&str, &str)]) -> tempfile::TempDir {
        let root = tempfile::tempdir().expect("a folder");
        for (path, text) in files {
            let path = root.path().join(path);
            std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
            std::fs::write(path, text).expect("written");
        }
        root
    }

    fn bytes(files: &[(&str, &str)]) -> Option<u64> {
        container_bytes(machine(files).path())
    }

    #[test]
    fn finds_the_smallest_limit_of_version_2() {
        let own = ("proc/self/cgroup", "0::/task/one\n");
        assert_eq!(bytes(&[own, ("sys/fs/cgroup/task/one/memory.max", "max\n")]), None);
        assert_eq!(
            bytes(&[
                own,
                ("sys/fs/cgroup/task/one/memory.max", "2147483648\n"),
                ("sys/fs/cgroup/task/memory.max", "1073741824\n"),
            ]),
            Some(1 << 30)
        );
        // A namespace of its own: the path is that of the host, or `/`, and the limit lies at the root.
        assert_eq!(bytes(&[own, ("sys/fs/cgroup/memory.max", "2147483648\n")]), Some(2 << 30));
    }

    #[test]
    fn finds_the_limit_of_version_1_and_takes_its_huge_number_for_none() {
        let own = ("proc/self/cgroup", "9:name=systemd:/\n4:cpu,memory:/a\n0::/\n");
        let limit = "sys/fs/cgroup/memory/a/memory.limit_in_bytes";
        assert_eq!(bytes(&[own, (limit, "536870912\n")]), Some(512 << 20));
        assert_eq!(bytes(&[own, (limit, "9223372036854771712\n")]), None);
    }

    #[test]
    fn knows_the_machine() {
        let machine = machine(&[("proc/meminfo", "MemTotal:        2048 kB\nMemFree:  1 kB\n")]);
        assert_eq!((machine_bytes(machine.path()), machine_bytes(Path::new("/nowhere"))), (Some(2 << 20), None));
    }

    #[test]
    fn finds_none_where_there_is_no_group() {
        assert_eq!(bytes(&[]), None);
    }
}
