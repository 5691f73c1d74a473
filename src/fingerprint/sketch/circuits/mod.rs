// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Rotary circuits of attention.
//!
//! In: the attention of one layer in canonical form. Out: one [`Circuit`](super::record::Circuit) a query head.
//!
//! Rotary positions make the rows of the query and key projections canonical: pair p of a head is one complex vector
//! z = row_p + i·row_{p+n} in Cᵈ (n the number of pairs), and all an owner can do to it without changing the network is
//! z → c·z, c complex, with one phase for the query and the key head. Gram matrices of unit vectors lose the size of c,
//! and every rotation of the residual stream; the value–output map OᵀV of a head, read in that frame, loses every
//! mixing of the value channels. `heads` cuts the layer into heads, `order` says which pairs come first, `deflate`
//! removes the directions common to all heads, `forms` makes the stored numbers, `chosen` picks the circuits a base
//! keeps, `products` multiplies matrices.

mod chosen;
mod deflate;
mod forms;
mod heads;
mod order;
mod products;

pub(super) use heads::circuits;
