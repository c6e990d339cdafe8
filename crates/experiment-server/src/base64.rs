//! Base64 as SDKs send it: the standard or the URL-safe alphabet, with padding or without.

use std::borrow::Cow;

use base64::alphabet::STANDARD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use base64::{DecodeError, Engine};

pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

pub(crate) fn decode(text: &[u8]) -> Result<Vec<u8>, DecodeError> {
    let text = match text.iter().any(|byte| matches!(byte, b'-' | b'_')) {
        true => Cow::Owned(text.iter().map(|byte| standard(*byte)).collect()),
        false => Cow::Borrowed(text),
    };
    BASE64.decode(&*text)
}

fn standard(byte: u8) -> u8 {
    match byte {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_form_is_read() {
        for text in ["+/+/AA==", "-_-_AA", "-_-_AA==", "+/+/AA"] {
            assert_eq!(decode(text.as_bytes()).unwrap(), [0xfb, 0xff, 0xbf, 0], "{text}");
        }
        assert!(decode(b"a b").is_err());
    }
}
