//! What a user and a result come to as a text, which is what repeats are known by.

use evaluation_core::{User, VariantRef, Variants};

/// Gives the canonical text piece by piece, so that nobody has to put it together who only wants to hash it: the ids of
/// the user, then each flag and its variant in UTF-16 order of the flags, each followed by a space.
pub(crate) fn canonical(user: &User, variants: &Variants, mut piece: impl FnMut(&str)) {
    piece(trim(user.user_id().unwrap_or_default()));
    piece(" ");
    piece(trim(user.device_id().unwrap_or_default()));
    piece(" ");
    for (flag, variant) in variants.iter() {
        if let Some(key) = given_key(&variant) {
            piece(trim(flag));
            piece(" ");
            piece(trim(key));
            piece(" ");
        }
    }
}

/// The variant's key, unless it is empty.
pub(crate) fn given_key<'a>(variant: &VariantRef<'a>) -> Option<&'a str> {
    variant.key().filter(|key| !key.is_empty())
}

/// What JavaScript calls white space is not quite what Unicode does.
fn trim(text: &str) -> &str {
    let plain = |byte: Option<&u8>| byte.is_none_or(u8::is_ascii_graphic);
    if plain(text.as_bytes().first()) && plain(text.as_bytes().last()) {
        return text;
    }
    text.trim_matches(|c: char| c == '\u{feff}' || (c.is_whitespace() && c != '\u{85}'))
}

/// The hash behind insert ids: that of Java's strings, over UTF-16 units.
///
/// Keeps what it takes to put another text in front.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct TextHash {
    hash: i32,
    /// 31 to the power of the text's length in UTF-16 units.
    power: i32,
}

impl TextHash {
    pub(crate) fn of(text: &str) -> Self {
        let mut hash = Self::default();
        hash.push(text);
        hash
    }

    /// Puts a text behind.
    pub(crate) fn push(&mut self, text: &str) {
        for unit in text.encode_utf16() {
            self.hash = self.hash.wrapping_mul(31).wrapping_add(i32::from(unit));
            self.power = self.power.wrapping_mul(31);
        }
    }

    /// The hash of both texts, one behind the other.
    pub(crate) fn then(self, behind: Self) -> Self {
        Self {
            hash: self.hash.wrapping_mul(behind.power).wrapping_add(behind.hash),
            power: self.power.wrapping_mul(behind.power),
        }
    }

    pub(crate) fn value(self) -> i32 {
        self.hash
    }
}

impl Default for TextHash {
    fn default() -> Self {
        Self { hash: 0, power: 1 }
    }
}

#[cfg(test)]
mod tests {
    use evaluation_core::Variant;
    use proptest::prelude::*;

    use super::*;

    fn text(user: &User, variants: &Variants) -> String {
        let mut text = String::new();
        canonical(user, variants, |piece| text.push_str(piece));
        text
    }

    fn user(user_id: &str, device_id: &str) -> User {
        User::builder().user_id(user_id).device_id(device_id).build()
    }

    #[test]
    fn ids_come_first_then_flags_in_order() {
        let variants: Variants = [("num", "n"), ("dep", "on"), ("mutex", "slot-1"), ("child", "treat")]
            .map(|(flag, key)| (flag, Variant::new(key)))
            .into_iter()
            .collect();
        assert_eq!(text(&user("u1", "d1"), &variants), "u1 d1 child treat dep on mutex slot-1 num n ");
        assert_eq!(text(&User::default(), &Variants::default()), "  ");
        let dep: Variants = [("dep", Variant::new("on"))].into_iter().collect();
        assert_eq!(text(&User::with_user_id("u2"), &dep), "u2  dep on ");
    }

    #[test]
    fn all_parts_are_trimmed_as_javascript_does() {
        let variants: Variants = [(" flag\t", Variant::new("\u{feff}on\u{a0}"))].into_iter().collect();
        assert_eq!(text(&user(" u1\n", "\u{2003}d1"), &variants), "u1 d1 flag on ");
        // The next line is white space to Unicode only.
        assert_eq!(text(&user("\u{85}u1", "a b"), &Variants::default()), "\u{85}u1 a b ");
    }

    #[test]
    fn flags_without_a_variant_key_are_left_out() {
        let variants: Variants =
            [("a", Variant::default().with_value("v")), ("b", Variant::new(""))].into_iter().collect();
        assert_eq!(text(&user("u", "d"), &variants), "u d ");
    }

    #[test]
    fn flags_stand_in_the_order_of_utf16() {
        let variants: Variants = [("\u{ffff}", Variant::new("b")), ("💥", Variant::new("a"))].into_iter().collect();
        assert_eq!(text(&user("u", "d"), &variants), "u d 💥 a \u{ffff} b ");
    }

    #[test]
    fn the_hash_is_that_of_java() {
        for (text, hash) in [
            ("", 0),
            ("a", 97),
            ("abc", 96354),
            ("user device flag-key-1 on flag-key-2 control ", 121_618_472),
            ("u1 d1 child treat dep on mutex slot-1 num n ", -2_116_292_270),
            ("dep u1 d1 child treat dep on mutex slot-1 num n ", -426_079_805),
            ("u2  dep on ", -1_542_167_341),
            ("my-flag user@company.com device-123 my-flag treatment ", -883_107_954),
            ("üser 💥 é ", 528_420_403),
        ] {
            assert_eq!(TextHash::of(text).value(), hash, "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_text_in_front_gives_the_hash_of_both(front in "\\PC{0,12}", behind in "\\PC{0,12}") {
            let both = TextHash::of(&front).then(TextHash::of(&behind));
            prop_assert_eq!(both, TextHash::of(&format!("{front}{behind}")));
        }
    }
}
