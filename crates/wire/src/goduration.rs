//! Go-style durations, as OpenAI writes them into `x-ratelimit-reset-*`.

use std::fmt::Write as _;

/// Writes milliseconds as Go prints a duration: `0s`, `120ms`, `1s`, `6m0s`, `1h2m3.5s`.
pub fn from_millis(millis: u64) -> String {
    let (seconds, part) = (millis / 1000, millis % 1000);
    let mut out = String::with_capacity(12);
    if seconds == 0 && part > 0 {
        write(&mut out, format_args!("{part}ms"));
        return out;
    }
    let (hours, minutes) = (seconds / 3600, seconds / 60 % 60);
    if hours > 0 {
        write(&mut out, format_args!("{hours}h"));
    }
    if seconds >= 60 {
        write(&mut out, format_args!("{minutes}m"));
    }
    write(&mut out, format_args!("{}", seconds % 60));
    if part > 0 {
        let digits = format!("{part:03}");
        write(&mut out, format_args!(".{}", digits.trim_end_matches('0')));
    }
    out.push('s');
    out
}

/// Appends to a string, which cannot fail.
fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    let written = out.write_fmt(text);
    debug_assert!(written.is_ok(), "a String takes all text");
}

#[cfg(test)]
mod tests {
    use super::from_millis;

    #[test]
    fn prints_as_go_does() {
        for (millis, expected) in [
            (0, "0s"),
            (1, "1ms"),
            (120, "120ms"),
            (999, "999ms"),
            (1000, "1s"),
            (1500, "1.5s"),
            (1050, "1.05s"),
            (1001, "1.001s"),
            (59_999, "59.999s"),
            (60_000, "1m0s"),
            (360_000, "6m0s"),
            (3_600_000, "1h0m0s"),
            (3_723_500, "1h2m3.5s"),
            (90_000_000, "25h0m0s"),
        ] {
            assert_eq!(from_millis(millis), expected);
        }
    }
}
