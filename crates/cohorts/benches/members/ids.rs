//! Ids, and the cohort that they make.

use std::io::Write;

/// The lengths that ids have here.
pub const LENGTHS: [usize; 2] = [36, 8];

/// Ids numbered from one number to before another, in a row.
pub struct Ids {
    text: String,
    length: usize,
}

impl Ids {
    /// In an order by chance, but always the same.
    pub fn shuffled(from: usize, to: usize, length: usize) -> Self {
        let mut numbers: Vec<u32> = (from as u32..to as u32).collect();
        for place in (1..numbers.len()).rev() {
            numbers.swap(place, (mixed(place as u64) % (place as u64 + 1)) as usize);
        }
        let mut text = Vec::with_capacity(numbers.len() * length);
        numbers.into_iter().for_each(|number| write(&mut text, number, length));
        Self { text: String::from_utf8(text).unwrap(), length }
    }

    pub fn iter(&self) -> impl ExactSizeIterator<Item = &str> {
        (0..self.text.len() / self.length).map(|place| &self.text[place * self.length..(place + 1) * self.length])
    }
}

/// The JSON of a cohort of users.
pub fn json(count: usize, length: usize) -> Vec<u8> {
    let mut json = Vec::with_capacity(count * (length + 3) + 100);
    json.extend(br#"{"cohortId":"c1","groupType":"User","memberIds":["#);
    for number in 0..count {
        json.extend(if number == 0 { &b"\""[..] } else { b",\"" });
        write(&mut json, number as u32, length);
        json.push(b'"');
    }
    json.extend(b"]}");
    json
}

fn write(text: &mut Vec<u8>, number: u32, length: usize) {
    // An odd factor: no two numbers have the same.
    let short = number.wrapping_mul(0x9e37_79b1);
    if length == 8 {
        return write!(text, "{short:08x}").unwrap();
    }
    let long = mixed(number.into());
    let (a, b, c, d) = (long >> 48, (long >> 32) & 0xfff, (long >> 16) & 0xfff, long & 0xffff);
    write!(text, "{short:08x}-{a:04x}-4{b:03x}-8{c:03x}-{d:04x}{:08x}", mixed(long) as u32).unwrap();
}

/// splitmix64.
fn mixed(number: u64) -> u64 {
    let mut mixed = number.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    mixed ^ (mixed >> 31)
}
