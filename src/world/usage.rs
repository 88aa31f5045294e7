//! What this process has taken of the machine: processor time, and the most memory at once.
//!
//! Source: Linux, `proc_pid_stat(5)` (fields 14 and 15, in clock ticks) and `proc_pid_status(5)` (`VmHWM`, in KiB).
//!
//! Never in here: what it was taken for.

use std::fs::read_to_string;

/// Processor time and memory.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Usage {
    /// Seconds of processor time, of all threads, ours and the kernel's for us.
    pub cpu_seconds: f64,
    /// The most memory that was resident at once.
    pub peak_memory_bytes: u64,
}

impl Usage {
    /// Of this process until now; `None` where the system does not tell.
    pub fn now() -> Option<Self> {
        let stat = read_to_string("/proc/self/stat").ok()?;
        let status = read_to_string("/proc/self/status").ok()?;
        Some(Usage { cpu_seconds: cpu_seconds(&stat)?, peak_memory_bytes: peak_memory_bytes(&status)? })
    }
}

fn cpu_seconds(stat: &str) -> Option<f64> {
    // The second field is a name in brackets, in which anything may be.
    let mut after_name = stat.rsplit_once(") ")?.1.split_ascii_whitespace().skip(11);
    let mut ticks = || after_name.next()?.parse::<u64>().ok();
    let all = ticks()? + ticks()?;
    Some(all as f64 / rustix::param::clock_ticks_per_second() as f64)
}

fn peak_memory_bytes(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    let kib = line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?;
    kib.checked_mul(1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_fields_behind_a_name_with_brackets_in_it() {
        let stat = "77 (a) b (c)) S 1 2 3 4 5 6 7 8 9 10 150 50 0 0";
        let seconds = 200.0 / rustix::param::clock_ticks_per_second() as f64;
        assert_eq!(cpu_seconds(stat), Some(seconds));
        assert_eq!(peak_memory_bytes("Name:\tx\nVmHWM:\t   2048 kB\n"), Some(2 << 20));
        assert_eq!((cpu_seconds("77 (a)"), peak_memory_bytes("Name:\tx\n")), (None, None));
    }

    #[test]
    fn sees_what_this_process_takes() {
        let before = Usage::now().expect("Linux tells");
        let work = vec![7u8; 32 << 20];
        let after = Usage::now().expect("Linux tells");
        assert!(after.peak_memory_bytes >= work.len() as u64 && after.cpu_seconds >= before.cpu_seconds);
    }
}
