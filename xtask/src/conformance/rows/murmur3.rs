//! MurmurHash3 x86 32-bit with seed 0, written anew so that the expected variants do not come from
//! the engine under test.

/// The hash of the text's UTF-8 bytes.
pub(super) fn hash(text: &str) -> u32 {
    let mut hash = 0_u32;
    let chunks = text.as_bytes().chunks(4);
    for chunk in chunks {
        let block = chunk.iter().rev().fold(0, |block, &byte| block << 8 | u32::from(byte));
        hash ^= block.wrapping_mul(0xcc9e_2d51).rotate_left(15).wrapping_mul(0x1b87_3593);
        if chunk.len() == 4 {
            hash = hash.rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64);
        }
    }
    hash ^= text.len() as u32;
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

#[cfg(test)]
mod tests {
    #[test]
    fn published_values() {
        assert_eq!(super::hash(""), 0);
        assert_eq!(super::hash("test"), 0xba6b_d213);
        assert_eq!(super::hash("Hello, world!"), 0xc036_3e43);
    }
}
