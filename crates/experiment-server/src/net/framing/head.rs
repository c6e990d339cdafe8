//! The head of one request, line by line.

use memchr::memchr;

use super::Body;
use super::authority::Authority;

/// What the lines of a head have said so far that decides where the request ends and which host it is for.
#[derive(Debug, Default)]
pub(super) struct Head {
    /// None before the request line.
    version: Option<Version>,
    /// The authority of an absolute URL in the request line, and the default port of its scheme.
    target: Option<(Vec<u8>, u16)>,
    host: bool,
    chunked: bool,
    length: Option<u64>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    Http10,
    Http11,
}

type Wrong = &'static str;

impl Head {
    /// Reads a line, which comes without its LF. Returns what follows the head when it ends with this line, and is then
    /// ready for the next head.
    pub(super) fn read(&mut self, line: &[u8]) -> Result<Option<Body>, Wrong> {
        let line = line.strip_suffix(b"\r").filter(|line| memchr(b'\r', line).is_none());
        let line = line.ok_or("a line of the head does not end with CR LF")?;
        match (self.version, line) {
            // Empty lines before a request are skipped.
            (None, []) => Ok(None),
            (None, _) => self.request_line(line).map(|()| None),
            (Some(version), []) => {
                let body = self.end(version)?;
                *self = Self::default();
                Ok(Some(body))
            }
            (Some(version), _) => self.field(version, line).map(|()| None),
        }
    }

    fn request_line(&mut self, line: &[u8]) -> Result<(), Wrong> {
        let mut words = line.split(|byte| *byte == b' ');
        let (Some(method), Some(target), Some(version), None) =
            (words.next(), words.next(), words.next(), words.next())
        else {
            return Err("this is no HTTP request: it begins with no line such as `GET /sdk/v2/flags HTTP/1.1`");
        };
        self.version = match version {
            b"HTTP/1.1" => Some(Version::Http11),
            b"HTTP/1.0" => Some(Version::Http10),
            _ => return Err("this server speaks HTTP/1.1 and HTTP/1.0 only"),
        };
        match target {
            _ if method == b"CONNECT" => Err("this server is no proxy: it does not take CONNECT"),
            [b'/', ..] => Ok(()),
            b"*" if method == b"OPTIONS" => Ok(()),
            _ => self.absolute(target),
        }
    }

    /// A request target that is a whole URL, as proxies get it.
    fn absolute(&mut self, target: &[u8]) -> Result<(), Wrong> {
        let scheme = [(b"http://".as_slice(), 80), (b"https://".as_slice(), 443)]
            .into_iter()
            .find(|(scheme, _)| target.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme)));
        let (scheme, port) =
            scheme.ok_or("the request line has neither a path that begins with `/` nor an http URL")?;
        let rest = target.get(scheme.len()..).unwrap_or_default();
        let authority = rest.split(|byte| matches!(byte, b'/' | b'?' | b'#')).next().unwrap_or_default();
        if authority.contains(&b'@') {
            return Err("the URL in the request line has a user part before the host");
        }
        if Authority::parse(authority).is_none() {
            return Err("the URL in the request line names no host that can be read");
        }
        self.target = Some((authority.to_vec(), port));
        Ok(())
    }

    fn field(&mut self, version: Version, line: &[u8]) -> Result<(), Wrong> {
        if matches!(line, [b' ' | b'\t', ..]) {
            return Err("a header continues on a second line");
        }
        let colon = memchr(b':', line).ok_or("a header has no colon")?;
        let (name, value) = line.split_at(colon);
        if name.is_empty() || name.ends_with(b" ") || name.ends_with(b"\t") {
            return Err("a header has no name, or whitespace between its name and the colon");
        }
        let value = trim(value.get(1..).unwrap_or_default());
        // Told apart by length first, since all heads come here.
        match name.len() {
            4 if name.eq_ignore_ascii_case(b"host") => self.host(value),
            14 if name.eq_ignore_ascii_case(b"content-length") => self.length(value),
            17 if name.eq_ignore_ascii_case(b"transfer-encoding") => self.encoding(version, value),
            _ => Ok(()),
        }
    }

    fn host(&mut self, value: &[u8]) -> Result<(), Wrong> {
        if std::mem::replace(&mut self.host, true) {
            return Err("the header `Host` is repeated");
        }
        if value.contains(&b'@') {
            return Err("the header `Host` has a user part before the host");
        }
        let host = Authority::parse(value).ok_or("the header `Host` is not one host with at most one port")?;
        let Some((target, port)) = &self.target else { return Ok(()) };
        match Authority::parse(target) {
            Some(target) if target.is_same(host, *port) => Ok(()),
            _ => Err("the URL in the request line names another host than the header `Host`"),
        }
    }

    fn length(&mut self, value: &[u8]) -> Result<(), Wrong> {
        let digits = std::str::from_utf8(value).ok().filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
        // A signed number, since the largest unsigned ones stand for something else in the HTTP implementation.
        let length = digits.and_then(|digits| digits.parse::<i64>().ok());
        let length = length.and_then(|length| u64::try_from(length).ok());
        let length = length.ok_or("the header `Content-Length` is not one number that fits")?;
        match self.length.replace(length) {
            _ if self.chunked => Err(BOTH),
            Some(before) if before != length => Err("the header `Content-Length` is repeated with another length"),
            _ => Ok(()),
        }
    }

    fn encoding(&mut self, version: Version, value: &[u8]) -> Result<(), Wrong> {
        if std::mem::replace(&mut self.chunked, true) {
            return Err("the header `Transfer-Encoding` is repeated");
        }
        if version == Version::Http10 {
            return Err("HTTP/1.0 has no header `Transfer-Encoding`");
        }
        if !value.eq_ignore_ascii_case(b"chunked") {
            return Err("the only `Transfer-Encoding` that this server reads is `chunked`");
        }
        if self.length.is_some() { Err(BOTH) } else { Ok(()) }
    }

    fn end(&self, version: Version) -> Result<Body, Wrong> {
        if version == Version::Http11 && !self.host {
            return Err("the header `Host` is missing");
        }
        Ok(if self.chunked { Body::Chunked } else { Body::Sized(self.length.unwrap_or_default()) })
    }
}

const BOTH: Wrong = "there is a `Content-Length` beside a `Transfer-Encoding`";

/// Without the whitespace that may surround a header's value.
fn trim(mut value: &[u8]) -> &[u8] {
    while let [b' ' | b'\t', rest @ ..] | [rest @ .., b' ' | b'\t'] = value {
        value = rest;
    }
    value
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(head: &str) -> Result<Body, Wrong> {
        let mut read = Head::default();
        for line in head.split_inclusive("\r\n").map(|line| line.trim_end_matches('\n')) {
            if let Some(body) = read.read(line.as_bytes())? {
                return Ok(body);
            }
        }
        panic!("no end: {head:?}");
    }

    #[test]
    fn good_heads_say_what_follows() {
        for (head, body) in [
            ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", Body::Sized(0)),
            ("GET / HTTP/1.0\r\n\r\n", Body::Sized(0)),
            ("POST / HTTP/1.1\r\nhOST:a:80\r\ncontent-LENGTH:\t5 \r\n\r\n", Body::Sized(5)),
            ("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nContent-Length: 5\r\n\r\n", Body::Sized(5)),
            ("POST / HTTP/1.1\r\nHost: a\r\ntransfer-encoding:CHUNKED\r\n\r\n", Body::Chunked),
            ("GET HTTP://Example:80/a?b=http://c HTTP/1.1\r\nHost: example\r\n\r\n", Body::Sized(0)),
            ("GET https://[::1] HTTP/1.1\r\nHost: [0:0::1]:443\r\n\r\n", Body::Sized(0)),
            ("GET http://a?b@c HTTP/1.1\r\nHost: a\r\n\r\n", Body::Sized(0)),
            ("GET http://a/ HTTP/1.0\r\n\r\n", Body::Sized(0)),
            ("GET //user@other/ HTTP/1.1\r\nHost: a\r\n\r\n", Body::Sized(0)),
            ("OPTIONS * HTTP/1.1\r\nHost: a\r\nX-Content-Length: x\r\n\r\n", Body::Sized(0)),
        ] {
            assert_eq!(read(head), Ok(body), "{head:?}");
        }
    }

    #[test]
    fn request_lines_that_are_no_request_lines() {
        for line in [
            "GET /",
            "GET  / HTTP/1.1",
            "GET / HTTP/1.1 ",
            "GET / HTTP/2.0",
            "GET / HTTP/1.10",
            "GET / http/1.1",
            "GET /\tHTTP/1.1",
            "GET * HTTP/1.1",
            "GET a HTTP/1.1",
            "GET a:80 HTTP/1.1",
            "GET u@a/ HTTP/1.1",
            "GET ftp://a/ HTTP/1.1",
            "GET http:/a HTTP/1.1",
            "GET http:///a HTTP/1.1",
            "GET http://u@a/ HTTP/1.1",
            "GET http://u:p@a/ HTTP/1.1",
            "GET http://a@/ HTTP/1.1",
            "GET http://a:b/ HTTP/1.1",
            "GET http://a,b/ HTTP/1.1",
            "CONNECT a:80 HTTP/1.1",
            "CONNECT / HTTP/1.1",
        ] {
            assert!(read(&format!("{line}\r\nHost: a\r\n\r\n")).is_err(), "{line}");
        }
    }

    #[test]
    fn headers_that_say_two_things() {
        for (headers, why) in [
            ("Host: a\r\nHost: a", "repeated"),
            ("Host: a\r\nhost: b", "repeated"),
            ("Host: u@a", "user part"),
            ("Host: a b", "one host"),
            ("Host: ", "one host"),
            ("Accept: */*", "missing"),
            ("Host : a", "whitespace"),
            ("Host\t: a", "whitespace"),
            (": a", "no name"),
            ("Host", "no colon"),
            ("Host: a\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: chunked", "repeated"),
            ("Host: a\r\nTransfer-Encoding: chunked\r\ntransfer-encoding: identity", "repeated"),
            ("Host: a\r\nTransfer-Encoding: identity, chunked", "only"),
            ("Host: a\r\nTransfer-Encoding: chunked, chunked", "only"),
            ("Host: a\r\nTransfer-Encoding: xchunked", "only"),
            ("Host: a\r\nTransfer-Encoding: \u{b}chunked", "only"),
            ("Host: a\r\nTransfer-Encoding:", "only"),
            ("Host: a\r\nTransfer-Encoding: chunked\r\nContent-Length: 5", "beside"),
            ("Host: a\r\nContent-Length: 0\r\nTransfer-Encoding: chunked", "beside"),
            ("Host: a\r\nContent-Length: 5\r\nContent-Length: 6", "another length"),
            ("Host: a\r\nContent-Length: 5, 5", "one number"),
            ("Host: a\r\nContent-Length: +5", "one number"),
            ("Host: a\r\nContent-Length: -5", "one number"),
            ("Host: a\r\nContent-Length: 0x5", "one number"),
            ("Host: a\r\nContent-Length:", "one number"),
            ("Host: a\r\nContent-Length: 18446744073709551615", "one number"),
            ("Host: a\r\nContent-Length: 99999999999999999999", "one number"),
        ] {
            let wrong = read(&format!("POST / HTTP/1.1\r\n{headers}\r\n\r\n")).unwrap_err();
            assert!(wrong.contains(why), "{headers:?}: {wrong}");
        }
        assert!(read("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n").unwrap_err().contains("HTTP/1.0"));
    }

    #[test]
    fn the_url_and_the_host_agree() {
        for (url, host) in [
            ("http://a/", "b"),
            ("http://a:3000/", "a:3001"),
            ("http://a:3000/", "a"),
            ("https://a/", "a:80"),
            ("http://[::1]/", "[::2]"),
            ("http://a#.b/", "b"),
        ] {
            let wrong = read(&format!("GET {url} HTTP/1.1\r\nHost: {host}\r\n\r\n")).unwrap_err();
            assert!(wrong.contains("another host"), "{url} {host}: {wrong}");
        }
    }
}
