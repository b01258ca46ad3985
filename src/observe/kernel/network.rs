//! Interfaces with their ends outside, names, and the rules that lead to the container.

use super::files;
use crate::model::inside::Section;

/// Reads the interfaces of the container, and where their other ends are.
pub(super) fn interfaces(pid: i64) -> Section {
    let mut section = Section::new(
        "interfaces",
        "A pair of virtual interfaces is a cable: one end is inside, the other one is plugged into a bridge of this machine.",
    );
    let text = match files::text(&format!("/proc/{pid}/net/dev")) {
        Ok(text) => text,
        Err(reason) => {
            section.unread = Some(reason);
            return section;
        }
    };
    for line in text.lines().skip(2) {
        let Some((name, counters)) = line.split_once(':') else { continue };
        let name = name.trim();
        let numbers: Vec<&str> = counters.split_whitespace().collect();
        let traffic =
            format!("{} bytes in, {} bytes out", numbers.first().unwrap_or(&"?"), numbers.get(8).unwrap_or(&"?"));
        let end = match name {
            "lo" => "for itself only".to_owned(),
            name => outside(pid, name).unwrap_or_else(|| "its other end cannot be told".to_owned()),
        };
        section.add(name, traffic, end);
    }
    section
}

/// Finds the other end: the index of the peer stands in the container's own `/sys`.
fn outside(pid: i64, name: &str) -> Option<String> {
    let peer = files::value(&format!("/proc/{pid}/root/sys/class/net/{name}/iflink"))?;
    let is_peer =
        |one: &String| files::value(&format!("/sys/class/net/{one}/ifindex")).as_deref() == Some(peer.as_str());
    let end = files::names("/sys/class/net").into_iter().find(is_peer)?;
    let bridge = files::link(&format!("/sys/class/net/{end}/master"));
    Some(match bridge.as_deref().and_then(|path| path.rsplit('/').next()) {
        Some(bridge) => format!("{end} on this machine, in the bridge {bridge}"),
        None => format!("{end} on this machine"),
    })
}

/// Reads where names are looked up.
pub(super) fn names(pid: i64) -> Section {
    let mut section = Section::new(
        "names",
        "On a network of the project the engine's own server answers at 127.0.0.11 with the addresses of the services.",
    );
    for (file, words) in [("resolv.conf", ["nameserver", "search", "options"].as_slice()), ("hosts", &[])] {
        match files::text_inside(pid, &format!("/etc/{file}")) {
            Ok(text) => {
                let is_shown = |line: &&str| words.is_empty() || words.iter().any(|word| line.starts_with(word));
                let lines = text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#'));
                for line in lines.filter(is_shown).filter(|line| !line.contains("ip6-")) {
                    let (name, value) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
                    section.add(name, value.trim(), format!("/etc/{file}"));
                }
            }
            Err(reason) => section.unread = Some(reason),
        }
    }
    section
}

/// Reads the rules of this machine that name one of the container's addresses.
pub(super) fn rules(addresses: &[String]) -> Section {
    let mut section = Section::new(
        "nat",
        "Rules of this machine's kernel lead a published port to the container's address, and hide that address behind the machine's own.",
    );
    match files::output("iptables", &["-t", "nat", "-S"]) {
        Ok(text) => {
            for line in text.lines().filter(|line| addresses.iter().any(|address| names_address(line, address))) {
                let (kind, words) = rule(line);
                section.add(kind, line, words);
            }
        }
        Err(reason) => section.unread = Some(reason),
    }
    section
}

/// Returns whether a rule names an address, and not a longer one that begins alike.
fn names_address(line: &str, address: &str) -> bool {
    line.split([' ', ':'])
        .any(|word| word == address || word.strip_prefix(address).is_some_and(|rest| rest.starts_with('/')))
}

fn rule(line: &str) -> (&'static str, &'static str) {
    match line {
        line if line.contains("-j DNAT") => ("published port", "what comes in for this port goes to the container"),
        line if line.contains("-j MASQUERADE") => {
            ("masquerade", "what goes out to itself by the published port has the machine's address")
        }
        _ => ("rule", ""),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_are_found_by_the_whole_address() {
        let line = "-A DOCKER ! -i br-1 -p tcp -m tcp --dport 8080 -j DNAT --to-destination 172.18.0.2:80";
        assert!(names_address(line, "172.18.0.2") && !names_address(line, "172.18.0"));
        assert!(
            !names_address("-A X -d 172.18.0.20/32", "172.18.0.2")
                && names_address("-A X -d 172.18.0.2/32", "172.18.0.2")
        );
        assert_eq!(rule(line).0, "published port");
    }
}
