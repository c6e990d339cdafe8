//! Reads the proxy variables of the environment, for clients whose option says so. Returns what it cannot read, which
//! the caller reports.

use std::env::VarError;
use std::net::IpAddr;

use http::Uri;
use hyper_util::client::proxy::matcher::Matcher;

use super::{Proxies, address};
use crate::urls::{Parts, UrlProblem, authority};

/// A variable, or an entry of one, that the client ignores.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Unreadable {
    pub(super) variable: &'static str,
    /// Why. Without the value, which may hold a password.
    pub(super) problem: String,
}

/// Reads the variables, of each pair the first that is set.
pub(super) fn read(get: impl Fn(&str) -> Result<String, VarError>) -> (Proxies, Vec<Unreadable>) {
    // In a CGI program, `HTTP_PROXY` is a header that anybody can send.
    if get("REQUEST_METHOD") != Err(VarError::NotPresent) {
        return (Proxies::new(Matcher::builder().build()), Vec::new());
    }
    let mut unreadable = Vec::new();
    let first = |names: [&'static str; 2]| {
        let mut values = names.into_iter().map(|name| (name, get(name)));
        values.find(|(_, value)| *value != Err(VarError::NotPresent))
    };
    let mut proxy = |names| {
        let (variable, value) = first(names)?;
        let value = match value {
            Ok(value) if value.trim().is_empty() => return None,
            Ok(value) => value,
            Err(_) => String::from(char::REPLACEMENT_CHARACTER),
        };
        match address(&value) {
            Ok(address) => Some(address),
            Err(UrlProblem::Scheme) if is_other_proxy(&value) => Some(value),
            Err(problem) => {
                unreadable.push(Unreadable { variable, problem: format!("it {problem}") });
                None
            }
        }
    };
    let mut matcher = Matcher::builder();
    matcher = matcher.all(proxy(["ALL_PROXY", "all_proxy"]).unwrap_or_default());
    matcher = matcher.http(proxy(["HTTP_PROXY", "http_proxy"]).unwrap_or_default());
    matcher = matcher.https(proxy(["HTTPS_PROXY", "https_proxy"]).unwrap_or_default());
    let mut hosts = Vec::new();
    let mut exceptions = Vec::new();
    if let Some((variable, value)) = first(["NO_PROXY", "no_proxy"]) {
        let value = value.unwrap_or_else(|_| String::from(char::REPLACEMENT_CHARACTER));
        let entries = value.split(|char: char| char == ',' || char.is_whitespace()).filter(|entry| !entry.is_empty());
        let mut left_out = 0;
        for entry in entries {
            match Exception::read(entry) {
                Some(Exception { hosts: excepted, port: None }) => hosts.push(excepted),
                Some(Exception { hosts, port: Some(port) }) => exceptions.push((port, except(&hosts))),
                None => left_out += 1,
            }
        }
        if left_out > 0 {
            let problem = format!("entries that are neither a name, an address nor a network: {left_out}");
            unreadable.push(Unreadable { variable, problem });
        }
    }
    (Proxies { matcher: matcher.no(hosts.join(",")).build(), exceptions }, unreadable)
}

/// True for the address of a proxy that speaks something else than HTTP: connections fail, and name its scheme.
fn is_other_proxy(address: &str) -> bool {
    let is_usable = |parts: Parts<'_>| authority::check(parts.authority).is_ok();
    Parts::of_any_scheme(address).is_ok_and(is_usable) && is_known_scheme(address)
}

fn is_known_scheme(address: &str) -> bool {
    Matcher::builder().all(address).build().intercept(&Uri::from_static("http://probe.invalid")).is_some()
}

/// A matcher of everything but these hosts.
fn except(hosts: &str) -> Matcher {
    Matcher::builder().all("http://proxy.invalid").no(hosts).build()
}

/// An entry of `NO_PROXY`.
struct Exception {
    /// The hosts in the form that [`Matcher`] reads.
    hosts: String,
    /// The port, if the others of these hosts are reached through the proxy.
    port: Option<u16>,
}

impl Exception {
    fn read(entry: &str) -> Option<Self> {
        if let Some(hosts) = hosts(entry) {
            return Some(Self { hosts, port: None });
        }
        let (of, port) = entry.rsplit_once(':')?;
        let port = port.parse().ok().filter(|port| *port > 0)?;
        Some(Self { hosts: hosts(of)?, port: Some(port) })
    }
}

fn hosts(entry: &str) -> Option<String> {
    if entry == "*" {
        // The matcher takes the `*` for all names, and no address is a name.
        return Some("*,0.0.0.0/0,::/0".to_owned());
    }
    let bare = entry.strip_prefix('[').and_then(|entry| entry.strip_suffix(']')).unwrap_or(entry);
    if bare.parse::<IpAddr>().is_ok() || is_network(bare) {
        return Some(bare.to_owned());
    }
    let name = entry.strip_prefix('*').unwrap_or(entry);
    let name = name.strip_prefix('.').unwrap_or(name);
    let name = name.strip_suffix('.').unwrap_or(name);
    // The beginning of an address is no name.
    let has_letter = name.bytes().any(|byte| !byte.is_ascii_digit() && byte != b'.');
    (has_letter && !name.contains(':') && authority::check(name).is_ok()).then(|| name.to_owned())
}

fn is_network(entry: &str) -> bool {
    let bits = |address: IpAddr| if address.is_ipv4() { 32 } else { 128 };
    entry.split_once('/').is_some_and(|(address, prefix)| {
        let address: Option<IpAddr> = address.parse().ok();
        address.is_some_and(|address| prefix.parse::<u8>().is_ok_and(|prefix| prefix <= bits(address)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_all(variables: &[(&str, &str)]) -> (Proxies, Vec<Unreadable>) {
        read(|name| {
            let found = variables.iter().find(|(set, _)| *set == name);
            found.map(|(_, value)| (*value).to_owned()).ok_or(VarError::NotPresent)
        })
    }

    fn proxied(proxies: &Proxies, url: &str) -> Option<String> {
        Some(proxies.intercept(&url.parse().unwrap())?.uri().to_string())
    }

    #[test]
    fn no_proxy_excepts_names_addresses_networks_and_ports() {
        for (list, url, direct) in [
            ("*", "http://127.0.0.1/", true),
            ("*", "https://[2001:db8::1]:8080/", true),
            ("*", "https://host/", true),
            ("x.example, *", "http://10.0.0.1:81/", true),
            ("x.example *", "http://10.0.0.1:81/", true),
            ("*:81", "http://10.0.0.1:81/", true),
            ("*:81", "http://10.0.0.1/", false),
            ("127.0.0.1", "http://127.0.0.1:81/", true),
            ("127.0.0.1", "http://127.0.0.2/", false),
            ("10.0.0.0/8", "http://10.1.2.3/", true),
            ("::1", "http://[::1]/", true),
            ("[::1]", "http://[::1]/", true),
            ("[::1]:81", "http://[::1]:81/", true),
            ("[::1]:81", "http://[::1]/", false),
            ("fe80::/10", "http://[fe80::1]/", true),
            ("example.com", "http://a.example.com/", true),
            (".example.com", "http://example.com/", true),
            ("*.example.com", "http://a.example.com/", true),
            ("example.com", "http://notexample.com/", false),
            ("example.com.", "http://a.example.com/", true),
            ("example.com", "https://example.com./", true),
            ("example.com:81", "http://example.com.:81/", true),
            ("10.0.0.0/8", "http://[::ffff:10.0.0.1]/", true),
            ("10.0.0.0/8", "http://[::ffff:11.0.0.1]/", false),
            ("localhost:8080", "http://localhost:8080/", true),
            ("localhost:8080", "http://localhost:8081/", false),
            ("localhost:80", "http://localhost/", true),
            ("localhost:443", "https://localhost/", true),
            ("", "http://host/", false),
        ] {
            let (proxies, unreadable) = read_all(&[("all_proxy", "proxy:3128"), ("no_proxy", list)]);
            assert_eq!(proxied(&proxies, url).is_none(), direct, "{list} {url}");
            assert_eq!(unreadable, [], "{list}");
        }
    }

    #[test]
    fn variables_that_cannot_be_read_are_reported_without_their_values() {
        for value in [
            "http://hush:808O",
            "http://me:hu/sh@proxy",
            "http://",
            "http://hush hush",
            "ftp://hush",
            "hush:port",
            "://hush",
            "http://hush/hush@proxy",
            "http//hush:1",
            "socks5://hush:808O",
        ] {
            let (proxies, unreadable) = read_all(&[("HTTPS_PROXY", value), ("ALL_PROXY", "http://other")]);
            assert_eq!(unreadable.len(), 1, "{value}");
            assert_eq!(unreadable[0].variable, "HTTPS_PROXY", "{value}");
            assert!(!unreadable[0].problem.contains("hu"), "{unreadable:?}");
            assert_eq!(proxied(&proxies, "https://host/").as_deref(), Some("http://other/"), "{value}");
        }
        for value in ["10.0.0.0/33", "http://host", "ho{st", "host:port", "host:0", "10.", "10.0.0"] {
            let (_, unreadable) = read_all(&[("no_proxy", &format!("ok.example,{value}"))]);
            assert_eq!(unreadable.len(), 1, "{value}");
            assert!(unreadable[0].problem.ends_with(": 1"), "{unreadable:?}");
        }
        let (_, unreadable) = read(|name| match name {
            "http_proxy" => Err(VarError::NotUnicode("x".into())),
            _ => Err(VarError::NotPresent),
        });
        assert_eq!(unreadable.len(), 1);
    }

    #[test]
    fn proxies_are_those_of_their_schemes() {
        let variables = [
            ("HTTP_PROXY", "http://me:hush@one:1/"),
            ("http_proxy", "ignored"),
            ("https_proxy", " http://two:2/path "),
            ("ALL_PROXY", "socks5://three"),
        ];
        let (proxies, unreadable) = read_all(&variables);
        assert_eq!(unreadable, []);
        assert_eq!(proxied(&proxies, "http://host/").as_deref(), Some("http://one:1/"));
        assert_eq!(proxied(&proxies, "https://host/").as_deref(), Some("http://two:2/"));
        assert!(proxies.intercept(&Uri::from_static("http://host/")).unwrap().basic_auth().is_some());
        let (proxies, unreadable) = read_all(&variables[3..]);
        assert_eq!((unreadable, proxied(&proxies, "http://host/").as_deref()), (vec![], Some("socks5://three/")));
        // Set and empty is none.
        let (proxies, _) = read_all(&[("HTTP_PROXY", ""), ("http_proxy", "one")]);
        assert_eq!(proxied(&proxies, "http://host/"), None);
        let (proxies, _) = read_all(&[("HTTP_PROXY", "one"), ("REQUEST_METHOD", "GET")]);
        assert_eq!(proxied(&proxies, "http://host/"), None);
    }
}
