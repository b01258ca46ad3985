//! Names and numbers of signals.

/// The signals of Linux, without `SIG` in front. The real-time signals have their own rule.
const NAMES: [&str; 34] = [
    "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "IOT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
    "TERM", "STKFLT", "CHLD", "CLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
    "WINCH", "IO", "POLL", "PWR", "SYS",
];

/// Checks a signal: a name in any case, with or without `SIG` in front (`SIGTERM`, `hup`, `RTMIN+3`), or a number from 1 to
/// 64. These are the signals that the engine knows.
pub fn signal(text: &str) -> Result<String, String> {
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let is_number = text.parse::<u8>().is_ok_and(|number| (1..=64).contains(&number));
    match is_number || NAMES.contains(&name) || is_real_time(name) {
        true => Ok(text.to_owned()),
        false => Err("it must be the name of a signal (`SIGTERM`, `HUP`), or its number".to_owned()),
    }
}

/// Returns whether a name is `RTMIN`, `RTMIN+1` to `RTMIN+15`, `RTMAX-14` to `RTMAX-1`, or `RTMAX`.
fn is_real_time(name: &str) -> bool {
    let within = |count: &str, most: u8| {
        let is_digits = count.bytes().all(|digit| digit.is_ascii_digit());
        is_digits && count.parse::<u8>().is_ok_and(|count| (1..=most).contains(&count))
    };
    matches!(name, "RTMIN" | "RTMAX")
        || name.strip_prefix("RTMIN+").is_some_and(|count| within(count, 15))
        || name.strip_prefix("RTMAX-").is_some_and(|count| within(count, 14))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signals_have_names_and_numbers() {
        for text in ["SIGKILL", "KILL", "sigterm", "hup", "9", "64", "SIGRTMIN", "RTMIN+15", "RTMAX-14", "rtmax"] {
            assert_eq!(signal(text).as_deref(), Ok(text));
        }
        for text in ["", "SIG", "0", "65", "-9", "KILLL", "RTMIN+16", "RTMIN+", "RTMIN++1", "RTMAX-0", "TERM "] {
            assert!(signal(text).is_err(), "{text}");
        }
    }
}
