//! Checks the host and the port of a URL, for the URLs of options, of proxies and of redirects. `http::Uri` accepts
//! hosts and ports that nothing can be reached at, and reads a port that is not a number as none. Does not look names
//! up.

use std::net::Ipv6Addr;

use super::UrlProblem;

/// The longest name of a host, and the longest part of one, in bytes (RFC 1035, section 2.3.4).
const LONGEST: (usize, usize) = (253, 63);

/// Checks `host`, `host:port`, `[v6]` or `[v6]:port`: an authority without its user.
///
/// # Errors
/// When there is no host, or the host or the port cannot be one.
pub(crate) fn check(authority: &str) -> Result<(), UrlProblem> {
    if authority.parse::<Ipv6Addr>().is_ok() {
        // Without its brackets.
        return Err(UrlProblem::Host);
    }
    let (host, port) = match authority.strip_prefix('[') {
        Some(rest) => {
            let (host, rest) = rest.split_once(']').ok_or(UrlProblem::Host)?;
            host.parse::<Ipv6Addr>().map_err(|_| UrlProblem::Host)?;
            match rest.strip_prefix(':') {
                None if rest.is_empty() => (host, None),
                None => return Err(UrlProblem::Host),
                port => (host, port),
            }
        }
        None => {
            let (host, port) = match authority.split_once(':') {
                Some((host, port)) => (host, Some(port)),
                None => (authority, None),
            };
            if !host.is_empty() && !is_name_or_ipv4(host) {
                return Err(UrlProblem::Host);
            }
            (host, port)
        }
    };
    if host.is_empty() {
        return Err(UrlProblem::NoHost);
    }
    match port {
        Some(port) if !is_port(port) => Err(UrlProblem::Port),
        _ => Ok(()),
    }
}

fn is_port(text: &str) -> bool {
    // `u16` would also read a sign.
    text.bytes().all(|byte| byte.is_ascii_digit()) && text.parse::<u16>().is_ok_and(|port| port > 0)
}

fn is_name_or_ipv4(host: &str) -> bool {
    let name = host.strip_suffix('.').unwrap_or(host);
    let is_label = |label: &str| {
        let usable = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        (1..=LONGEST.1).contains(&label.len())
            && label.bytes().all(usable)
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    if name.len() > LONGEST.0 || !name.split('.').all(is_label) {
        return false;
    }
    let is_numeric = name.split('.').all(|label| label.bytes().all(|byte| byte.is_ascii_digit()));
    !is_numeric || is_ipv4(name)
}

/// True for the numbers that resolvers read as an IPv4 address: one to four, of which the last has all bytes that are
/// left (`inet_aton` of POSIX).
fn is_ipv4(name: &str) -> bool {
    let mut left = 4;
    let mut numbers = name.split('.').peekable();
    while let Some(number) = numbers.next() {
        let bytes = if numbers.peek().is_none() { left } else { 1 };
        if left < 1 || !number.parse::<u64>().is_ok_and(|number| number < 1 << (8 * bytes)) {
            return false;
        }
        left -= 1;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_that_can_be_right_pass() {
        for authority in [
            "host",
            "HOST.example",
            "host.example.",
            "my_service-1:8000",
            "xn--hst-sna.example:65535",
            "127.0.0.1:1",
            "127.1",
            "127.0.1",
            "2130706433",
            "_tcp.my-host",
            "1.2.3.4.example",
            "[::1]",
            "[2001:db8::1]:080",
        ] {
            assert_eq!(check(authority), Ok(()), "{authority}");
        }
    }

    #[test]
    fn others_are_refused_with_what_is_wrong() {
        let long = "a".repeat(64);
        for (problem, authorities) in [
            (
                UrlProblem::Port,
                &[
                    "host:808O",
                    "host:",
                    "host:0",
                    "host:65536",
                    "host:99999999999",
                    "host:-1",
                    "host:+80",
                    "host:80:81",
                    "host:{port}",
                    "[::1]:",
                    "[::1]:x",
                ][..],
            ),
            (UrlProblem::NoHost, &["", ":80", ":"]),
            (
                UrlProblem::Host,
                &[
                    "::1",
                    "fe80::1",
                    "[::1",
                    "[::1]80",
                    "[]",
                    "[host]",
                    "[::1%25eth0]",
                    ".host",
                    "ho..st",
                    "host..",
                    "{host}",
                    "$HOST",
                    "ho%20st",
                    "höst",
                    "a\\b",
                    "<host>",
                    "256.1.1.1",
                    "1.2.3.4.5",
                    &long,
                    &"a.".repeat(127).replace("a.", "aa."),
                ],
            ),
        ] {
            for authority in authorities {
                assert_eq!(check(authority), Err(problem), "{authority}");
            }
        }
    }
}
