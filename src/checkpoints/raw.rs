// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Bytes without a form that is known: are they numbers, text, or something else?
//!
//! In: the head or a sample of a file. Out: what can be told from them alone.

/// Compressed files and archives.
pub(super) fn is_packed(head: &[u8]) -> bool {
    let magics: [&[u8]; 8] = [
        b"\x1f\x8b",
        b"7z\xbc\xaf\x27\x1c",
        b"\xfd7zXZ\0",
        b"\x28\xb5\x2f\xfd",
        b"BZh",
        b"Rar!",
        b"\x04\x22\x4d\x18",
        b"\x78\x9c",
    ];
    magics.iter().any(|magic| head.starts_with(magic))
}

/// Executables, media, fonts, databases, tables.
pub(super) fn is_other_binary(head: &[u8]) -> bool {
    let magics: [&[u8]; 27] = [
        b"\x7fELF",
        b"forebear ", // prints and indexes of its own
        b"MZ",
        b"\xcf\xfa\xed\xfe",
        b"\xca\xfe\xba\xbe",
        b"\0asm",
        b"!<arch>",
        b"\x89PNG",
        b"\xff\xd8\xff",
        b"GIF8",
        b"BM",
        b"II*\0",
        b"MM\0*",
        b"8BPS",
        b"%PDF",
        b"RIFF",
        b"OggS",
        b"fLaC",
        b"ID3",
        b"\x1aE\xdf\xa3",
        b"wOFF",
        b"wOF2",
        b"OTTO",
        b"SQLite format 3",
        b"PAR1",
        b"ARROW1",
        b"PACK",
    ];
    magics.iter().any(|magic| head.starts_with(magic)) || head.get(4..8).is_some_and(|kind| kind == b"ftyp")
}

/// Shannon entropy, in bits a byte.
pub(super) fn entropy(sample: &[u8]) -> f64 {
    let mut counts = [0_u32; 256];
    for byte in sample {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count += 1;
        }
    }
    let total = sample.len() as f64;
    let share = |count: &u32| f64::from(*count) / total;
    counts.iter().filter(|count| **count > 0).map(|count| -share(count) * share(count).log2()).sum()
}

/// Whether bytes are UTF-8, but for characters that the ends may have cut.
pub(super) fn is_utf8_inside(bytes: &[u8]) -> bool {
    let continues = bytes.iter().take(3).take_while(|byte| *byte & 0xc0 == 0x80).count();
    is_utf8_start(bytes.get(continues..).unwrap_or_default())
}

/// Whether bytes are UTF-8, but for a character that the end may have cut.
pub(super) fn is_utf8_start(bytes: &[u8]) -> bool {
    match std::str::from_utf8(bytes) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    }
}

#[cfg(test)]
mod tests {
    use super::{entropy, is_other_binary, is_packed, is_utf8_inside};

    #[test]
    fn text_is_text_wherever_it_is_cut() {
        let text = "模型权重 weights".repeat(50);
        for start in 0..4 {
            assert!(is_utf8_inside(&text.as_bytes()[start..text.len() - 5]), "{start}");
        }
        assert!(!is_utf8_inside(&[0x61, 0xff, 0x61, 0x61, 0x61]));
    }

    #[test]
    fn entropy_runs_from_nothing_to_eight_bits() {
        assert_eq!(entropy(&[7; 100]), 0.0);
        let all: Vec<u8> = (0..=255).collect();
        assert!((entropy(&all) - 8.0).abs() < 1e-12);
    }

    #[test]
    fn known_binaries_are_known_by_their_heads() {
        assert!(is_other_binary(b"\x89PNG\r\n") && is_other_binary(b"\0\0\0\x20ftypmp42"));
        assert!(!is_other_binary(b"\0\0\0\x20weights") && is_packed(b"\x1f\x8b\x08"));
    }
}
