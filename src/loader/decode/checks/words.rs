//! Words and forms that the engine knows: signals, capabilities, addresses, names, processor sets.

use std::net::IpAddr;

/// The capabilities of the kernel, without `CAP_`.
const CAPABILITIES: [&str; 41] = [
    "AUDIT_CONTROL",
    "AUDIT_READ",
    "AUDIT_WRITE",
    "BLOCK_SUSPEND",
    "BPF",
    "CHECKPOINT_RESTORE",
    "CHOWN",
    "DAC_OVERRIDE",
    "DAC_READ_SEARCH",
    "FOWNER",
    "FSETID",
    "IPC_LOCK",
    "IPC_OWNER",
    "KILL",
    "LEASE",
    "LINUX_IMMUTABLE",
    "MAC_ADMIN",
    "MAC_OVERRIDE",
    "MKNOD",
    "NET_ADMIN",
    "NET_BIND_SERVICE",
    "NET_BROADCAST",
    "NET_RAW",
    "PERFMON",
    "SETFCAP",
    "SETGID",
    "SETPCAP",
    "SETUID",
    "SYS_ADMIN",
    "SYS_BOOT",
    "SYS_CHROOT",
    "SYS_MODULE",
    "SYS_NICE",
    "SYS_PACCT",
    "SYS_PTRACE",
    "SYS_RAWIO",
    "SYS_RESOURCE",
    "SYS_TIME",
    "SYS_TTY_CONFIG",
    "SYSLOG",
    "WAKE_ALARM",
];

/// Returns the capability of a name without `CAP_`, in capitals.
pub(super) fn capability(name: &str) -> String {
    let upper = name.to_ascii_uppercase();
    upper.strip_prefix("CAP_").unwrap_or(&upper).to_owned()
}

/// Returns whether a name is that of a capability, with or without `CAP_` in any case, or `ALL`.
pub(super) fn is_capability(name: &str) -> bool {
    name.eq_ignore_ascii_case("ALL") || CAPABILITIES.contains(&capability(name).as_str())
}

/// Returns all capabilities, without `CAP_`.
pub(super) fn capabilities() -> impl Iterator<Item = &'static str> {
    CAPABILITIES.into_iter()
}

/// The limits of `ulimits`.
pub(super) const ULIMITS: [&str; 16] = [
    "as",
    "core",
    "cpu",
    "data",
    "fsize",
    "locks",
    "memlock",
    "msgqueue",
    "nice",
    "nofile",
    "nproc",
    "rss",
    "rtprio",
    "rttime",
    "sigpending",
    "stack",
];

/// Returns whether a text is a range of addresses, such as `10.5.0.0/24`.
pub(super) fn is_cidr(text: &str) -> bool {
    let Some((address, bits)) = text.split_once('/') else { return false };
    let most = match address.parse::<IpAddr>() {
        Ok(IpAddr::V4(_)) => 32,
        Ok(IpAddr::V6(_)) => 128,
        Err(_) => return false,
    };
    bits.parse::<u8>().is_ok_and(|bits| bits <= most)
}

/// Returns whether a text is a MAC address of 48 bits for Go's `net.ParseMAC`: `02:42:ac:11:65:43`, with `-`, or
/// `0242.ac11.6543`.
pub(super) fn is_mac(text: &str) -> bool {
    let parts: Vec<&str> = text.split([':', '-', '.']).collect();
    let width = if text.contains('.') { 4 } else { 2 };
    let separators = [':', '-', '.'].iter().filter(|separator| text.contains(**separator)).count();
    separators == 1
        && parts.len() == 12 / width
        && parts.iter().all(|part| part.len() == width && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// Returns whether an interface can have a MAC address: not a group address, and not all zeros.
pub(super) fn is_mac_of_interface(text: &str) -> bool {
    let is_zero = text.bytes().all(|byte| matches!(byte, b'0' | b':' | b'-' | b'.'));
    is_mac(text)
        && !is_zero
        && text.get(1..2).and_then(|digit| u8::from_str_radix(digit, 16).ok()).is_some_and(|low| low % 2 == 0)
}

/// Returns whether the engine accepts a name for a container or a volume: `[a-zA-Z0-9][a-zA-Z0-9_.-]+`.
pub(super) fn is_engine_name(name: &str) -> bool {
    let is_first = name.bytes().next().is_some_and(|byte| byte.is_ascii_alphanumeric());
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-');
    name.len() > 1 && is_first && name.bytes().all(fits)
}

/// Returns whether a text is a signal: a number, or a name with or without `SIG` in any case (moby
/// `signal.ParseSignal`).
pub(super) fn is_signal(text: &str) -> bool {
    const NAMES: [&str; 35] = [
        "ABRT", "ALRM", "BUS", "CHLD", "CLD", "CONT", "FPE", "HUP", "ILL", "INT", "IO", "IOT", "KILL", "PIPE", "POLL",
        "PROF", "PWR", "QUIT", "SEGV", "STKFLT", "STOP", "SYS", "TERM", "TRAP", "TSTP", "TTIN", "TTOU", "URG", "USR1",
        "USR2", "VTALRM", "WINCH", "XCPU", "XFSZ", "RTMIN",
    ];
    if let Ok(number) = text.parse::<u8>() {
        return (1..=64).contains(&number);
    }
    let upper = text.to_ascii_uppercase();
    let name = upper.strip_prefix("SIG").unwrap_or(&upper);
    let real_time = name.strip_prefix("RTMIN+").or_else(|| name.strip_prefix("RTMAX-"));
    NAMES.contains(&name) || name == "RTMAX" || real_time.is_some_and(|rest| rest.parse::<u8>().is_ok_and(|n| n < 16))
}

/// Returns whether a text is a boolean of Go's `strconv.ParseBool`.
pub(super) fn is_boolean(text: &str) -> bool {
    matches!(text, "1" | "t" | "T" | "true" | "True" | "TRUE" | "0" | "f" | "F" | "false" | "False" | "FALSE")
}

/// Returns whether a text is a set of processors, such as `0-2,4`.
pub(super) fn is_cpuset(text: &str) -> bool {
    let number = |text: &str| text.parse::<u32>().ok();
    let fits = |part: &str| match part.split_once('-') {
        Some((first, last)) => number(first).zip(number(last)).is_some_and(|(first, last)| first <= last),
        None => number(part).is_some(),
    };
    text.split(',').all(fits)
}

/// Returns whether a text can be a user or group of `USER[:GROUP]`. Names are not checked, because only the image knows
/// them; numbers have a range.
pub(super) fn is_user_or_group(text: &str) -> bool {
    let digits = text.strip_prefix('-').unwrap_or(text);
    let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    !is_number || text.parse::<i32>().is_ok_and(|number| number >= 0)
}

/// Returns whether a text is a size of a log file, such as `10m`.
pub(super) fn is_log_size(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let number =
        lower.trim_end_matches('b').trim_end_matches('i').trim_end_matches(['k', 'm', 'g', 't', 'p']).trim_end();
    let is_plain = !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    is_plain && number.parse::<f64>().is_ok_and(|number| number > 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names_are_told_from_others() {
        for good in ["02:42:ac:11:65:43", "02-42-AC-11-65-43", "0242.ac11.6543"] {
            assert!(is_mac(good), "{good}");
        }
        for bad in ["", "02:42", "02:42:ac:11:65:4g", "02-42:ac-11-65-43", "0242ac116543"] {
            assert!(!is_mac(bad), "{bad}");
        }
        assert!(is_cidr("10.0.0.0/8") && is_cidr("fd00::/64") && !is_cidr("10.0.0.0") && !is_cidr("10.0.0.0/33"));
        assert!(is_signal("SIGTERM") && is_signal("term") && is_signal("9") && is_signal("SIGRTMIN+3"));
        assert!(!is_signal("NOSUCH") && !is_signal("0") && !is_signal("99"));
        assert!(is_engine_name("a.b-c_1") && !is_engine_name("a") && !is_engine_name("-ab") && !is_engine_name("a b"));
    }

    #[test]
    fn what_the_engine_knows_is_told_from_what_it_refuses() {
        assert!(is_capability("net_admin") && is_capability("CAP_SYS_TIME") && is_capability("all"));
        assert!(!is_capability("NOSUCH") && !is_capability("") && !is_capability("CAP_ALL"));
        assert!(is_cpuset("0") && is_cpuset("0-2,4") && !is_cpuset("2-0") && !is_cpuset("0,") && !is_cpuset("a"));
        for good in ["0", "2147483647", "www-data", "", "9x"] {
            assert!(is_user_or_group(good), "{good}");
        }
        assert!(!is_user_or_group("2147483648") && !is_user_or_group("-5"));
        assert!(is_log_size("10m") && is_log_size("1.5GB") && is_log_size("100"));
        assert!(!is_log_size("abc") && !is_log_size("-1") && !is_log_size("0") && !is_log_size("10x"));
        assert!(is_mac_of_interface("02:42:ac:11:65:43") && !is_mac_of_interface("01:00:5e:00:00:01"));
        assert!(!is_mac_of_interface("00:00:00:00:00:00") && !is_mac_of_interface("é"));
    }
}
