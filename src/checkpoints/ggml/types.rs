// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The table of ggml types: id in, name and sizes out.

/// One ggml type.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GgmlType {
    /// `ggml_type` value, as stored in a GGUF tensor info.
    pub(crate) id: u32,
    /// Name shown to people.
    pub(crate) name: &'static str,
    /// Values a block.
    pub(crate) values: usize,
    /// Bytes a block.
    pub(crate) bytes: usize,
}

/// Returns the type with this id, if it is one that files have been written with.
pub(crate) fn ggml_type(id: u32) -> Option<&'static GgmlType> {
    TYPES.iter().find(|known| known.id == id)
}

const fn entry(id: u32, name: &'static str, values: usize, bytes: usize) -> GgmlType {
    GgmlType { id, name, values, bytes }
}

/// `enum ggml_type` of `ggml.h` with the sizes asserted in `ggml-common.h`.
/// Ids 4, 5, 31–33 and 36–38 were withdrawn; the last six had the layout of Q4_0 or IQ4_NL with rows interleaved.
static TYPES: [GgmlType; 40] = [
    entry(0, "F32", 1, 4),
    entry(1, "F16", 1, 2),
    entry(2, "Q4_0", 32, 18),
    entry(3, "Q4_1", 32, 20),
    entry(6, "Q5_0", 32, 22),
    entry(7, "Q5_1", 32, 24),
    entry(8, "Q8_0", 32, 34),
    entry(9, "Q8_1", 32, 36),
    entry(10, "Q2_K", 256, 84),
    entry(11, "Q3_K", 256, 110),
    entry(12, "Q4_K", 256, 144),
    entry(13, "Q5_K", 256, 176),
    entry(14, "Q6_K", 256, 210),
    entry(15, "Q8_K", 256, 292),
    entry(16, "IQ2_XXS", 256, 66),
    entry(17, "IQ2_XS", 256, 74),
    entry(18, "IQ3_XXS", 256, 98),
    entry(19, "IQ1_S", 256, 50),
    entry(20, "IQ4_NL", 32, 18),
    entry(21, "IQ3_S", 256, 110),
    entry(22, "IQ2_S", 256, 82),
    entry(23, "IQ4_XS", 256, 136),
    entry(24, "I8", 1, 1),
    entry(25, "I16", 1, 2),
    entry(26, "I32", 1, 4),
    entry(27, "I64", 1, 8),
    entry(28, "F64", 1, 8),
    entry(29, "IQ1_M", 256, 56),
    entry(30, "BF16", 1, 2),
    entry(31, "Q4_0_4_4", 32, 18),
    entry(32, "Q4_0_4_8", 32, 18),
    entry(33, "Q4_0_8_8", 32, 18),
    entry(34, "TQ1_0", 256, 54),
    entry(35, "TQ2_0", 256, 66),
    entry(36, "IQ4_NL_4_4", 32, 18),
    entry(37, "IQ4_NL_4_8", 32, 18),
    entry(38, "IQ4_NL_8_8", 32, 18),
    entry(39, "MXFP4", 32, 17),
    entry(40, "NVFP4", 64, 36),
    entry(41, "Q1_0", 128, 18),
];

#[cfg(test)]
mod tests {
    use super::TYPES;

    #[test]
    fn ids_are_unique_and_sorted() {
        assert!(TYPES.windows(2).all(|pair| pair[0].id < pair[1].id));
    }
}
