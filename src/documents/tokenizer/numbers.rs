// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Numbers and texts of a file of prints: LEB128, and lengths that are never believed.

/// Appends a number.
pub(crate) fn write(out: &mut Vec<u8>, mut number: u64) {
    while number >= 0x80 {
        out.push((number & 0x7F) as u8 | 0x80);
        number >>= 7;
    }
    out.push(number as u8);
}

/// Bytes that are still to be read.
pub(crate) struct Input<'a> {
    /// What remains.
    pub(crate) rest: &'a [u8],
}

impl<'a> Input<'a> {
    /// The next number.
    pub(crate) fn number(&mut self) -> Option<u64> {
        let mut number = 0_u64;
        for shift in (0..63).step_by(7) {
            let (byte, rest) = self.rest.split_first()?;
            self.rest = rest;
            number |= u64::from(byte & 0x7F) << shift;
            if byte & 0x80 == 0 {
                return Some(number);
            }
        }
        None
    }

    /// The next number, if it is one of 32 bits.
    pub(crate) fn word(&mut self) -> Option<u32> {
        u32::try_from(self.number()?).ok()
    }

    /// A number of items, none of which is shorter than a byte.
    pub(crate) fn count(&mut self) -> Option<usize> {
        usize::try_from(self.number()?).ok().filter(|count| *count <= self.rest.len())
    }

    /// The next `length` bytes.
    pub(crate) fn take(&mut self, length: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(length)?;
        self.rest = rest;
        Some(taken)
    }

    /// A text preceded by its length.
    pub(crate) fn text(&mut self) -> Option<String> {
        let length = self.count()?;
        String::from_utf8(self.take(length)?.to_vec()).ok()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn numbers_survive_being_written_and_read(number in 0_u64..1 << 62, other in any::<u32>()) {
            let mut out = Vec::new();
            write(&mut out, number);
            write(&mut out, u64::from(other));
            let mut input = Input { rest: &out };
            prop_assert_eq!((input.number(), input.word(), input.number()), (Some(number), Some(other), None));
        }
    }
}
