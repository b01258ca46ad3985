//! Programs of this machine that listen on ports, from the kernel's tables in `/proc/net`. Without the tables (not
//! Linux) there are no listeners.

#![expect(clippy::disallowed_methods, reason = "reads the listening sockets of this machine from /proc")]

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::model::Listener;

/// The tables: file, protocol, and the state of a socket that holds its port (TCP: `LISTEN`, UDP: bound).
const TABLES: [(&str, &str, &str); 4] =
    [("tcp", "tcp", "0A"), ("tcp6", "tcp", "0A"), ("udp", "udp", "07"), ("udp6", "udp", "07")];

/// Returns all listeners. For a port of `ports` the name of the program is added, if this user may see it.
pub(super) fn listeners(ports: &BTreeSet<u16>) -> Vec<Listener> {
    let mut found = Vec::new();
    let mut inodes = BTreeMap::new();
    for (file, protocol, state) in TABLES {
        let Ok(text) = std::fs::read_to_string(format!("/proc/net/{file}")) else { continue };
        for line in text.lines().skip(1) {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (Some(local), Some(found_state), Some(inode)) = (fields.get(1), fields.get(3), fields.get(9)) else {
                continue;
            };
            let Some((address, port)) = parse(local).filter(|_| *found_state == state) else { continue };
            if ports.contains(&port) {
                inodes.insert((*inode).to_owned(), found.len());
            }
            found.push(Listener { address, port, protocol, holder: None });
        }
    }
    if !inodes.is_empty() {
        name_holders(&inodes, &mut found);
    }
    found
}

/// Reads `0100007F:0050` (127.0.0.1:80): the address in the machine's byte order, both parts in hexadecimal.
fn parse(text: &str) -> Option<(IpAddr, u16)> {
    let (address, port) = text.split_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    let word = |text: &str| u32::from_str_radix(text, 16).ok().map(u32::to_be);
    let address = match address.len() {
        8 => IpAddr::V4(Ipv4Addr::from(word(address)?)),
        32 => {
            let mut bits = 0u128;
            for part in 0..4 {
                bits = bits << 32 | u128::from(word(&address[part * 8..part * 8 + 8])?);
            }
            IpAddr::V6(Ipv6Addr::from(bits))
        }
        _ => return None,
    };
    Some((address, port))
}

/// Adds the names of the programs that hold some sockets, given by inode. Reads the open files of every process that
/// this user may see.
fn name_holders(inodes: &BTreeMap<String, usize>, found: &mut [Listener]) {
    let processes = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    for process in
        processes.filter(|entry| entry.file_name().to_string_lossy().bytes().all(|byte| byte.is_ascii_digit()))
    {
        let files = std::fs::read_dir(process.path().join("fd")).into_iter().flatten().flatten();
        for file in files {
            let Ok(target) = std::fs::read_link(file.path()) else { continue };
            let target = target.to_string_lossy().into_owned();
            let inode = target.strip_prefix("socket:[").and_then(|rest| rest.strip_suffix(']'));
            if let Some(index) = inode.and_then(|inode| inodes.get(inode)) {
                let name = std::fs::read_to_string(process.path().join("comm")).unwrap_or_default();
                found[*index].holder = Some(format!("{} (pid {})", name.trim(), process.file_name().to_string_lossy()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_kernels_addresses_are_read() {
        assert_eq!(parse("0100007F:0050"), Some((IpAddr::V4(Ipv4Addr::LOCALHOST), 80)));
        assert_eq!(parse("00000000000000000000000001000000:01BB"), Some((IpAddr::V6(Ipv6Addr::LOCALHOST), 443)));
        assert_eq!(parse("x"), None);
    }

    #[test]
    fn a_listener_of_this_program_is_found_by_name() {
        let socket = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let port = socket.local_addr().unwrap().port();
        let all = listeners(&BTreeSet::from([port]));
        let own = all.iter().find(|listener| listener.port == port).unwrap();
        assert!(own.holder.as_deref().is_some_and(|holder| holder.contains(&std::process::id().to_string())));
    }
}
