//! The short form of ports: `[[IP:]HOST[-HOST]:]CONTAINER[-CONTAINER][/PROTOCOL]`.

use std::net::IpAddr;

/// One port of a short form. A range of ports in the container is several of these.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Port {
    /// Host address; empty for all addresses.
    pub host_ip: String,
    /// Host port or range of host ports; with an empty text the engine chooses a port.
    pub published: String,
    /// Port in the container.
    pub target: u16,
    /// `tcp`, `udp` or `sctp`.
    pub protocol: String,
}

/// Reads a short form. A range of container ports gives a port each.
pub fn parse(text: &str) -> Result<Vec<Port>, String> {
    let (body, protocol) = match text.split_once('/') {
        Some((body, protocol)) if !protocol.is_empty() => (body, protocol.to_ascii_lowercase()),
        _ => (text.trim_end_matches('/'), "tcp".to_owned()),
    };
    if !["tcp", "udp", "sctp"].contains(&protocol.as_str()) {
        return Err(format!("invalid proto: `{protocol}`"));
    }
    let (host_ip, host, container) = split(body)?;
    if container.is_empty() {
        return Err(format!("no port specified: `{text}`"));
    }
    let (first, last) = range(container).ok_or_else(|| format!("invalid containerPort: `{container}`"))?;
    let published = match host {
        "" => None,
        host => Some(range(host).ok_or_else(|| format!("invalid hostPort: `{host}`"))?),
    };
    let count = u32::from(last) - u32::from(first);
    if let Some((from, to)) = published
        && u32::from(to) - u32::from(from) != count
    {
        if count != 0 {
            return Err(format!("invalid ranges specified for container and host ports: `{container}` and `{host}`"));
        }
        // `8000-8010:80`: the engine chooses a free port of the range for port 80.
        let published = format!("{from}-{to}");
        return Ok(vec![Port { host_ip, published, target: first, protocol }]);
    }
    let port = |offset: u16| Port {
        host_ip: host_ip.clone(),
        published: published.map(|(from, _)| (from + offset).to_string()).unwrap_or_default(),
        target: first + offset,
        protocol: protocol.clone(),
    };
    let mut ports: Vec<Port> = (0..=(last - first)).map(port).collect();
    // Compat: docker compose sorts by the text of the container port: 10 comes before 9.
    ports.sort_by_key(|port| port.target.to_string());
    Ok(ports)
}

/// Splits a text into address, host part and container part. An IPv6 address may stand in brackets.
fn split(body: &str) -> Result<(String, &str, &str), String> {
    let Some((front, container)) = body.rsplit_once(':') else {
        return Ok((String::new(), "", body));
    };
    let Some((ip, host)) = front.rsplit_once(':') else {
        return Ok((String::new(), front, container));
    };
    let bare = ip.strip_prefix('[').and_then(|ip| ip.strip_suffix(']')).unwrap_or(ip);
    if !bare.is_empty() && bare.parse::<IpAddr>().is_err() {
        return Err(format!("invalid IP address: `{ip}`"));
    }
    Ok((bare.to_owned(), host, container))
}

fn range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    (first <= last).then_some((first, last))
}

fn number(text: &str) -> Option<u16> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(text: &str) -> Result<Vec<String>, String> {
        parse(text).map(|ports| {
            ports
                .into_iter()
                .map(|port| format!("{}|{}|{}|{}", port.host_ip, port.published, port.target, port.protocol))
                .collect()
        })
    }

    #[test]
    fn short_forms_are_read() {
        assert_eq!(run("80").unwrap(), ["||80|tcp"]);
        assert_eq!(run("8080:80/udp").unwrap(), ["|8080|80|udp"]);
        assert_eq!(run("127.0.0.1:8000-8001:80-81").unwrap(), ["127.0.0.1|8000|80|tcp", "127.0.0.1|8001|81|tcp"]);
        assert_eq!(run("8000-9000:80").unwrap(), ["|8000-9000|80|tcp"]);
        assert_eq!(run("[::1]:80:80").unwrap(), ["::1|80|80|tcp"]);
        assert_eq!(run("::1:80:80").unwrap(), ["::1|80|80|tcp"]);
        assert_eq!(run("127.0.0.1::80").unwrap(), ["127.0.0.1||80|tcp"]);
    }

    #[test]
    fn faults_name_the_part() {
        assert!(run("a").unwrap_err().contains("containerPort: `a`"));
        assert!(run("1-3:1-2").is_err());
        assert!(run("80/x").is_err());
        assert!(run("70000").is_err());
    }
}
