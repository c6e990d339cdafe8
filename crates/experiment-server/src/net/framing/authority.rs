//! Hosts with ports, as they stand in `Host` and in URLs.

use std::net::Ipv6Addr;

/// A host with a port, or with the default port of a scheme.
#[derive(Debug, Clone, Copy)]
pub(super) struct Authority<'a> {
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// None unless it is one host, without a user part, and at most one port.
    pub(super) fn parse(text: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(text).ok()?;
        let (host, port) = match text.rfind(']') {
            Some(end) => text.split_at(end + 1),
            None => text.find(':').map_or((text, ""), |colon| text.split_at(colon)),
        };
        let port = match port.strip_prefix(':') {
            Some("") => None,
            Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(digits.parse().ok()?),
            None if port.is_empty() => None,
            _ => return None,
        };
        let is_host = match host.strip_prefix('[') {
            Some(_) => ipv6(host).is_some(),
            // A comma is left out although names may have it: it may come from two headers that became one.
            None => host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+;=".contains(&byte)),
        };
        (is_host && !host.is_empty()).then_some(Self { host, port })
    }

    /// Whether both are the same host and port, where a port that is not given is the default one.
    pub(super) fn is_same(self, other: Self, default_port: u16) -> bool {
        let hosts = match (ipv6(self.host), ipv6(other.host)) {
            (Some(one), Some(other)) => one == other,
            _ => self.host.eq_ignore_ascii_case(other.host),
        };
        hosts && self.port.unwrap_or(default_port) == other.port.unwrap_or(default_port)
    }
}

fn ipv6(host: &str) -> Option<Ipv6Addr> {
    host.strip_prefix('[')?.strip_suffix(']')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_and_ports_are_parsed_strictly() {
        for good in ["a", "a:80", "a:", "127.0.0.1:3000", "[::1]", "[::1]:3000", "my_host", "a-b.c%20d", "a:080"] {
            assert!(Authority::parse(good.as_bytes()).is_some(), "{good}");
        }
        for bad in [
            "", ":80", "a:b", "a:1:2", "a:65536", "a:+1", "a:-1", "u@a", "u:p@a:80", "a/b", "a b", "a,b", "a?b", "a#b",
            "a\\b", "[]", "[::1", "::1", "::1]", "[::1]a", "[::1]:b", "x[::1]", "[a]", "a\"", "http://a", "é", "\t",
        ] {
            assert!(Authority::parse(bad.as_bytes()).is_none(), "{bad}");
        }
        assert!(Authority::parse(b"\xff").is_none());
    }

    #[test]
    fn the_same_host_is_written_in_several_ways() {
        let same = |one: &str, other: &str| {
            let [one, other] = [one, other].map(|text| Authority::parse(text.as_bytes()).unwrap());
            one.is_same(other, 80)
        };
        for (one, other) in
            [("a", "A"), ("a", "a:80"), ("a:", "a:080"), ("[::1]", "[0:0::1]:80"), ("[2001:DB8::1]", "[2001:db8::1]")]
        {
            assert!(same(one, other) && same(other, one), "{one} {other}");
        }
        for (one, other) in
            [("a", "b"), ("a:80", "a:81"), ("a", "a:443"), ("[::1]", "[::2]"), ("[::1]", "a"), ("a", "a.")]
        {
            assert!(!same(one, other) && !same(other, one), "{one} {other}");
        }
    }
}
