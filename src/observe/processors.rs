//! The processors of this machine.

#![expect(clippy::disallowed_methods, reason = "asks the kernel which processors are online")]

/// Returns the processors that are online, such as `0-3`; blank if the kernel does not tell.
pub fn online() -> String {
    let text = std::fs::read_to_string("/sys/devices/system/cpu/online").unwrap_or_default();
    text.trim_end().to_owned()
}
