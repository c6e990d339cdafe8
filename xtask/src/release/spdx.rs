//! Licences as manifests name them: `MIT OR Apache-2.0`, `(A OR B) AND C`, `A WITH exception`, and the old `A/B`.

/// Whether an expression can be met with the allowed licences. Else, or if it cannot be read, it is not.
pub(super) fn is_met(expression: &str, allowed: &[&str]) -> bool {
    let text = expression.replace('/', " OR ").replace('(', " ( ").replace(')', " ) ");
    let words: Vec<&str> = text.split_whitespace().collect();
    let mut reader = Reader { words: &words, allowed };
    reader.any_of() == Some(true) && reader.words.is_empty()
}

struct Reader<'a> {
    words: &'a [&'a str],
    allowed: &'a [&'a str],
}

impl Reader<'_> {
    /// Parts joined by OR, the loosest.
    fn any_of(&mut self) -> Option<bool> {
        let mut met = self.all_of()?;
        while self.take("OR") {
            met |= self.all_of()?;
        }
        Some(met)
    }

    /// Parts joined by AND.
    fn all_of(&mut self) -> Option<bool> {
        let mut met = self.one()?;
        while self.take("AND") {
            met &= self.one()?;
        }
        Some(met)
    }

    /// A licence with its exception, or an expression in parentheses.
    fn one(&mut self) -> Option<bool> {
        if self.take("(") {
            let met = self.any_of()?;
            return self.take(")").then_some(met);
        }
        let mut licence = self.next()?.to_owned();
        if self.take("WITH") {
            licence = format!("{licence} WITH {}", self.next()?);
        }
        Some(self.allowed.contains(&licence.as_str()))
    }

    fn take(&mut self, word: &str) -> bool {
        let is_next = self.words.first() == Some(&word);
        if is_next {
            self.words = &self.words[1..];
        }
        is_next
    }

    /// The name of a licence or of an exception.
    fn next(&mut self) -> Option<&str> {
        let (word, rest) = self.words.split_first()?;
        self.words = rest;
        (!["OR", "AND", "WITH", "(", ")"].contains(word)).then_some(*word)
    }
}

#[cfg(test)]
mod tests {
    use super::is_met;

    #[test]
    fn expressions_are_met_by_what_is_allowed() {
        let allowed = ["MIT", "Zlib", "A WITH e"];
        for met in
            ["MIT", "MIT OR GPL-3.0", "GPL-3.0/MIT", "MIT AND Zlib", "(GPL-3.0 OR MIT) AND Zlib", "A WITH e", "(MIT)"]
        {
            assert!(is_met(met, &allowed), "{met}");
        }
        for not in ["GPL-3.0", "MIT AND GPL-3.0", "GPL-3.0 OR GPL-2.0", "A", "A WITH f", "MIT WITH e"] {
            assert!(!is_met(not, &allowed), "{not}");
        }
    }

    #[test]
    fn and_binds_tighter_than_or() {
        assert!(is_met("MIT OR Zlib AND GPL-3.0", &["MIT"]));
        assert!(!is_met("(MIT OR Zlib) AND GPL-3.0", &["MIT"]));
    }

    #[test]
    fn what_cannot_be_read_is_not_met() {
        for broken in ["", "MIT OR", "OR MIT", "(MIT", "MIT)", "MIT MIT", "MIT WITH"] {
            assert!(!is_met(broken, &["MIT"]), "{broken}");
        }
    }
}
