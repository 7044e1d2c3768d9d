//! What the kernel says of a process: CPU time and the most memory it ever held.

use std::fs;
use std::time::Duration;

use anyhow::{Context as _, Result};

/// The kernel counts CPU time in hundredths of a second, on every Linux that one meets.
const TICK: Duration = Duration::from_millis(10);

/// User and system time of a process and its children so far.
pub(super) fn cpu_time(pid: u32) -> Result<Duration> {
    let mut ticks = 0;
    for member in family(pid) {
        // A child may end between the listing and the reading.
        if let Some(spent) = ticks_of(member) {
            ticks += spent;
        } else if member == pid {
            return Err(anyhow::anyhow!("process {pid} has ended"));
        }
    }
    Ok(TICK.saturating_mul(u32::try_from(ticks).context("more CPU time than a counter holds")?))
}

/// The peak resident memory of a process and its children, in KiB.
pub(super) fn peak_memory(pid: u32) -> u64 {
    family(pid).into_iter().filter_map(high_water).sum()
}

fn ticks_of(pid: u32) -> Option<u64> {
    let fields = stat(pid)?;
    // Fields 14 and 15 of the manual, counted from the third here.
    let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
    Some(number(11)? + number(12)?)
}

fn high_water(pid: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().trim_end_matches("kB").trim().parse().ok()
}

/// The process and its direct children.
fn family(pid: u32) -> Vec<u32> {
    let children = fs::read_dir("/proc")
        .into_iter()
        .flatten()
        .flatten()
        .filter_map(|entry| {
            let member = entry.file_name().to_str()?.parse().ok()?;
            (stat(member)?.get(1)? == &pid.to_string()).then_some(member)
        });
    std::iter::once(pid).chain(children).collect()
}

/// The fields of `/proc/<pid>/stat` after the name, which may hold anything.
fn stat(pid: u32) -> Option<Vec<String>> {
    let text = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    let (_, fields) = text.rsplit_once(") ")?;
    Some(fields.split_whitespace().map(str::to_owned).collect())
}

#[cfg(test)]
mod tests {
    use super::{cpu_time, peak_memory};

    #[test]
    fn knows_itself() {
        assert!(cpu_time(std::process::id()).is_ok());
        assert!(peak_memory(std::process::id()) > 500);
        assert!(cpu_time(u32::MAX).is_err());
    }
}
