// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The header of one array: a Python literal, read by a parser that knows exactly the literals NumPy writes.

use std::io::Read;

use crate::checkpoints::{CheckpointError, Dtype, Encoding, Extent, Tensor};

/// Longest header read; NumPy refuses those past 10,000 bytes unless told otherwise.
const MAX_HEADER: usize = 64 << 10;

/// The header of one array.
pub(super) struct Header {
    /// Bytes up to the data.
    pub(super) len: u64,
    descr: Descr,
    fortran: bool,
    shape: Vec<u64>,
}

/// Element type.
enum Descr {
    /// `'<f4'` and the like.
    Text(String),
    /// A list of fields.
    Structured,
}

impl Header {
    /// Reads a header that begins at `offset` of the file.
    pub(super) fn read(stream: &mut impl Read, offset: u64) -> Result<Self, CheckpointError> {
        let mut prefix = [0; 8];
        read_exact(stream, &mut prefix, offset)?;
        let [0x93, b'N', b'U', b'M', b'P', b'Y', major, _] = prefix else {
            return Err(malformed(offset, "the array does not begin with \\x93NUMPY"));
        };
        let (length, fixed) = match major {
            1 => {
                let mut bytes = [0; 2];
                read_exact(stream, &mut bytes, offset)?;
                (u16::from_le_bytes(bytes) as usize, 10)
            }
            2 | 3 => {
                let mut bytes = [0; 4];
                read_exact(stream, &mut bytes, offset)?;
                (u32::from_le_bytes(bytes) as usize, 12)
            }
            _ => return Err(malformed(offset, format!("version {major} is not 1, 2 or 3"))),
        };
        if length > MAX_HEADER {
            return Err(malformed(offset, format!("a header of {length} bytes")));
        }
        let mut text = vec![0; length];
        read_exact(stream, &mut text, offset)?;
        let text = str::from_utf8(&text).map_err(|_| malformed(offset, "the header is not UTF-8"))?;
        let (descr, fortran, shape) = Literal::new(text).header().map_err(|what| malformed(offset, what))?;
        Ok(Self { len: fixed + length as u64, descr, fortran, shape })
    }

    /// Pairs the header with the bytes that follow it.
    pub(super) fn tensor(self, name: &str, data: Extent) -> Result<Tensor, CheckpointError> {
        let descr = match self.descr {
            Descr::Structured => return Ok(unread(name, data, "it is a structured array; save plain arrays")),
            Descr::Text(descr) => descr,
        };
        if descr.trim_start_matches(['|', '<', '>', '=']).starts_with('O') {
            return Err(CheckpointError::UnsafePickle(format!(
                "array {name} holds Python objects; save plain numbers"
            )));
        }
        let Some(dtype) = dtype(&descr) else {
            return Ok(unread(name, data, &format!("its type {descr} is not read; save it as little-endian floats")));
        };
        let elements = self.shape.iter().try_fold(1u64, |product, &extent| product.checked_mul(extent));
        if elements.and_then(|n| n.checked_mul(dtype.size() as u64)) != Some(data.len()) {
            let reason = format!("array {name} has {} bytes, which its shape {:?} contradicts", data.len(), self.shape);
            return Err(malformed(0, reason));
        }
        let strides = (self.fortran && self.shape.len() > 1).then(|| {
            let before = self.shape.iter().scan(1u64, |product, &extent| {
                let stride = *product;
                *product = product.saturating_mul(extent);
                Some(stride)
            });
            before.collect()
        });
        let encoding = Encoding::Plain(dtype);
        Ok(Tensor { name: name.to_owned(), shape: self.shape, encoding, parts: vec![data], strides })
    }
}

/// Little-endian and single-byte types of the array protocol.
fn dtype(descr: &str) -> Option<Dtype> {
    Some(match descr {
        "<f8" => Dtype::F64,
        "<f4" => Dtype::F32,
        "<f2" => Dtype::F16,
        "<i8" => Dtype::I64,
        "<i4" => Dtype::I32,
        "<i2" => Dtype::I16,
        "|i1" | "<i1" => Dtype::I8,
        "<u8" => Dtype::U64,
        "<u4" => Dtype::U32,
        "<u2" => Dtype::U16,
        "|u1" | "<u1" => Dtype::U8,
        "|b1" | "<b1" => Dtype::Bool,
        _ => return None,
    })
}

/// Parser of `{'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }`.
struct Literal<'a> {
    rest: &'a str,
}

impl<'a> Literal<'a> {
    fn new(text: &'a str) -> Self {
        Self { rest: text }
    }

    /// The whole header: exactly the three keys, in any order.
    fn header(mut self) -> Result<(Descr, bool, Vec<u64>), String> {
        let (mut descr, mut fortran, mut shape) = (None, None, None);
        self.expect('{')?;
        while !self.accept('}') {
            let key = self.string()?;
            self.expect(':')?;
            let new = match key {
                "descr" => descr.replace(self.descr()?).is_none(),
                "fortran_order" => fortran.replace(self.truth()?).is_none(),
                "shape" => shape.replace(self.tuple()?).is_none(),
                _ => return Err(format!("key {key:?} is not one of an array header")),
            };
            if !new {
                return Err(format!("key {key:?} is given twice"));
            }
            if !self.accept(',') {
                self.expect('}')?;
                break;
            }
        }
        if !self.rest.trim().is_empty() {
            return Err("the header goes on after its brace".to_owned());
        }
        let whole = descr.zip(fortran).zip(shape).map(|((descr, fortran), shape)| (descr, fortran, shape));
        whole.ok_or_else(|| "the header lacks descr, fortran_order or shape".to_owned())
    }

    fn descr(&mut self) -> Result<Descr, String> {
        if !self.accept('[') {
            return Ok(Descr::Text(self.string()?.to_owned()));
        }
        let mut depth = 1;
        while depth > 0 {
            self.rest = self.rest.trim_start();
            if self.rest.starts_with(['\'', '"']) {
                self.string()?;
                continue;
            }
            let next = self.rest.chars().next().ok_or("the header ends inside a list")?;
            match next {
                '[' | '(' => depth += 1,
                ']' | ')' => depth -= 1,
                _ => {}
            }
            self.rest = &self.rest[next.len_utf8()..];
        }
        Ok(Descr::Structured)
    }

    fn string(&mut self) -> Result<&'a str, String> {
        self.rest = self.rest.trim_start();
        let quote = self.rest.chars().next().filter(|c| matches!(c, '\'' | '"')).ok_or("a string is missing")?;
        let (text, rest) = self.rest[1..].split_once(quote).ok_or("a string does not end")?;
        if text.contains('\\') {
            return Err("a string has escapes".to_owned());
        }
        self.rest = rest;
        Ok(text)
    }

    fn truth(&mut self) -> Result<bool, String> {
        self.rest = self.rest.trim_start();
        for (word, value) in [("True", true), ("False", false)] {
            if let Some(rest) = self.rest.strip_prefix(word) {
                self.rest = rest;
                return Ok(value);
            }
        }
        Err("fortran_order is neither True nor False".to_owned())
    }

    fn tuple(&mut self) -> Result<Vec<u64>, String> {
        // NumPy's own limit on the number of axes is 64.
        let mut extents = Vec::new();
        self.expect('(')?;
        while !self.accept(')') {
            self.rest = self.rest.trim_start();
            let digits = self.rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(self.rest.len());
            let (number, rest) = self.rest.split_at(digits);
            extents.push(number.parse().map_err(|_| "the shape is not a tuple of numbers")?);
            // Python 2 wrote long integers with a suffix.
            self.rest = rest.strip_prefix('L').unwrap_or(rest);
            if !self.accept(',') {
                self.expect(')')?;
                break;
            }
        }
        if extents.len() > 64 { Err("the shape has more than 64 axes".to_owned()) } else { Ok(extents) }
    }

    fn accept(&mut self, wanted: char) -> bool {
        self.rest = self.rest.trim_start();
        self.rest.strip_prefix(wanted).inspect(|rest| self.rest = rest).is_some()
    }

    fn expect(&mut self, wanted: char) -> Result<(), String> {
        if self.accept(wanted) { Ok(()) } else { Err(format!("the header lacks {wanted:?}")) }
    }
}

/// A tensor that is listed and cannot be decoded.
pub(super) fn unread(name: &str, data: Extent, reason: &str) -> Tensor {
    Tensor {
        name: name.to_owned(),
        shape: vec![data.len()],
        encoding: Encoding::Unread(reason.to_owned()),
        parts: vec![data],
        strides: None,
    }
}

fn read_exact(stream: &mut impl Read, buf: &mut [u8], offset: u64) -> Result<(), CheckpointError> {
    stream.read_exact(buf).map_err(|error| malformed(offset, format!("the header cannot be read: {error}")))
}

/// An error of this format.
pub(super) fn malformed(offset: u64, reason: impl Into<String>) -> CheckpointError {
    CheckpointError::Malformed { format: "numpy", offset, reason: reason.into() }
}
