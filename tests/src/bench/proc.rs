//! What processes cost, as the kernel counts it.

use std::{fs, process::Command, time::Duration};

/// CPU time of this thread so far.
pub(crate) fn thread_cpu() -> Duration {
    schedstat("/proc/thread-self/schedstat")
}

fn schedstat(path: &str) -> Duration {
    let text = fs::read_to_string(path).unwrap_or_default();
    Duration::from_nanos(text.split_whitespace().next().and_then(|nanos| nanos.parse().ok()).unwrap_or(0))
}

/// A line of `/proc/PID/status`, in bytes.
pub(crate) fn memory(pid: &str, key: &str) -> u64 {
    let text = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = text.lines().find(|line| line.starts_with(key)).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kib| kib.parse::<u64>().ok()).unwrap_or(0) * 1024
}

/// CPU time of all ended children so far, in the kernel's ticks of 10 ms.
fn children_cpu() -> Duration {
    ticks("self", 13, 14)
}

/// CPU time of a process so far, in the kernel's ticks of 10 ms.
pub(crate) fn process_cpu(pid: &str) -> Duration {
    ticks(pid, 11, 12)
}

/// The sum of two fields of `/proc/PID/stat`, counted behind the name.
fn ticks(pid: &str, user: usize, system: usize) -> Duration {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = text.rsplit_once(')').map(|(_, rest)| rest.to_owned()).unwrap_or_default();
    let field =
        |index: usize| after_name.split_whitespace().nth(index).and_then(|ticks| ticks.parse::<u64>().ok());
    Duration::from_millis(10 * (field(user).unwrap_or(0) + field(system).unwrap_or(0)))
}

/// CPU time of a command, run so many times; its output of the last time.
pub(crate) fn cost(times: u32, command: impl Fn(u32) -> Command) -> (Duration, String) {
    let before = children_cpu();
    let mut said = String::new();
    for time in 0..times {
        let output = command(time).output().expect("the command can be run");
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        said = String::from_utf8_lossy(&output.stdout).into_owned();
    }
    (children_cpu().saturating_sub(before) / times, said)
}
