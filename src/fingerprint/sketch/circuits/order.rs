// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Which rotary pairs come first.
//!
//! In: the number of pairs of a head. Out: all of them, in the order of the van der Corput sequence, so that the first
//! few are evenly spaced over the frequencies however many are kept.

/// The pairs 0, …, n−1 in the order of ⌊n·v(i)⌋, v the van der Corput sequence in base 2; repetitions are left out.
pub(super) fn pair_order(pairs: usize) -> Vec<usize> {
    let bits = pairs.next_power_of_two().trailing_zeros();
    let mut seen = vec![false; pairs];
    let mut order = Vec::with_capacity(pairs);
    // A power of two of at least n points has a point in every interval [k/n, (k+1)/n).
    for at in 0..pairs.next_power_of_two() {
        let reversed = if bits == 0 { 0 } else { at.reverse_bits() >> (usize::BITS - bits) };
        let pair = (reversed * pairs) >> bits;
        if let Some(seen) = seen.get_mut(pair).filter(|seen| !**seen) {
            *seen = true;
            order.push(pair);
        }
    }
    order
}

#[cfg(test)]
mod tests {
    use super::pair_order;

    #[test]
    fn every_pair_comes_once() {
        for pairs in 0..200 {
            let mut order = pair_order(pairs);
            order.sort_unstable();
            assert_eq!(order, (0..pairs).collect::<Vec<_>>());
        }
    }

    #[test]
    fn a_short_beginning_is_evenly_spaced() {
        for (pairs, kept, step) in [(64, 32, 2), (64, 16, 4), (128, 32, 4), (48, 16, 3)] {
            let mut order = pair_order(pairs);
            order.truncate(kept);
            order.sort_unstable();
            assert!(order.iter().enumerate().all(|(at, pair)| *pair == at * step), "{order:?}");
        }
        assert_eq!(pair_order(8), [0, 4, 2, 6, 1, 5, 3, 7]);
    }
}
