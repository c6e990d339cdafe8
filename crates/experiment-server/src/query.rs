//! Query strings, read strictly: what is malformed is an error, not a guess.

use percent_encoding::percent_decode;

/// The parameters of a request, in their order.
#[derive(Debug, Default)]
pub(crate) struct Query(Vec<(String, String)>);

impl Query {
    pub(crate) fn parse(query: Option<&str>) -> Result<Self, String> {
        let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
        let pairs = pairs.map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        });
        pairs.collect::<Result<_, String>>().map(Self)
    }

    /// The last value of a parameter; none if it is empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().rfind(|(given, _)| given == name);
        found.map(|(_, value)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// Names and values as they were given.
    pub(crate) fn pairs(&self) -> &[(String, String)] {
        &self.0
    }

    /// A parameter that is a number.
    pub(crate) fn number<T: std::str::FromStr>(&self, name: &str) -> Result<Option<T>, String> {
        let parse = |text: &str| text.parse().map_err(|_| format!("query parameter {name} is not a number that fits"));
        self.get(name).map(parse).transpose()
    }

    /// The elements of parameters that are lists with commas.
    pub(crate) fn list<'a>(&'a self, names: &'a [&str]) -> Vec<&'a str> {
        let values = self.0.iter().filter(|(given, _)| names.contains(&given.as_str()));
        values.flat_map(|(_, value)| value.split(',')).map(str::trim).filter(|key| !key.is_empty()).collect()
    }
}

fn decode(text: &str) -> Result<String, String> {
    let text = text.replace('+', " ");
    let mut parts = text.as_bytes().split(|byte| *byte == b'%');
    // Behind each percent sign stand two hexadecimal digits.
    let encoded =
        parts.by_ref().skip(1).all(|part| part.iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2);
    let decoded = percent_decode(text.as_bytes()).decode_utf8();
    match decoded {
        Ok(decoded) if encoded => Ok(decoded.into_owned()),
        _ => Err("the query is not percent-encoded UTF-8".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_decoded() {
        let query = Query::parse(Some("a=%C3%A9+1&b=&flag_keys=x,y%2Cz,&flag_key=w&n=7&d")).unwrap();
        assert_eq!(query.get("a"), Some("é 1"));
        assert_eq!(query.get("b"), None);
        assert_eq!(query.list(&["flag_keys", "flag_key"]), ["x", "y", "z", "w"]);
        assert_eq!(query.number("n"), Ok(Some(7)));
        assert_eq!(query.number::<u64>("none"), Ok(None));
        assert!(query.number::<u64>("a").is_err());
    }

    #[test]
    fn malformed_queries_are_refused() {
        for bad in ["a=%", "a=%4", "a=%zz", "%=1", "a=%ff"] {
            assert!(Query::parse(Some(bad)).is_err(), "{bad}");
        }
    }
}
