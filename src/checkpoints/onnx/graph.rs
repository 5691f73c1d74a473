// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The parts of an ONNX model that hold or name weights (onnx/onnx.proto).
//!
//! In: a source. Out: a [`Graph`]: initializers, constants, nodes and properties of the main graph, its subgraphs and the
//! model's functions. Weights are named by position and not read.

use super::super::{CheckpointError, Dtype};
use crate::changes::ReadAt;
use crate::checkpoints::protobuf::{Message, Wire, WireError};

const DEPTH: usize = 32;
const NODES: usize = 1 << 18;
const TENSORS: usize = 1 << 18;
const INPUTS: usize = 1 << 12;
const RANK: usize = 32;
const NAME: u64 = 4096;
const TEXT: u64 = 128 << 20;
const PROPERTY: u64 = 1 << 20;
const INLINE: u64 = 256 << 20;

/// What a model holds.
#[derive(Debug, Default)]
pub(super) struct Graph {
    /// Initializers and constants, in file order.
    pub(super) tensors: Vec<Raw>,
    /// Nodes, in file order.
    pub(super) nodes: Vec<Node>,
    /// `metadata_props`, and `producer_name`.
    pub(super) metadata: Vec<(String, String)>,
    /// Sparse initializers, which are not read.
    pub(super) sparse: u64,
}

/// A tensor as stored.
#[derive(Clone, Debug, Default)]
pub(super) struct Raw {
    /// Name; of a constant, its node's output.
    pub(super) name: String,
    /// Shape.
    pub(super) dims: Vec<u64>,
    /// `TensorProto.DataType`.
    pub(super) data_type: u64,
    /// Where its numbers are.
    pub(super) data: Data,
}

/// Where the numbers of a tensor are.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum Data {
    /// No field holds any.
    #[default]
    Absent,
    /// A run of bytes of the model file, little-endian.
    Run { offset: u64, len: u64 },
    /// Numbers that stood apart or as varints, little-endian in the tensor's type.
    Held(Vec<u8>),
    /// A run of another file; without `len`, as long as the shape asks.
    External { location: String, offset: u64, len: Option<u64> },
}

/// A node.
#[derive(Clone, Debug, Default)]
pub(super) struct Node {
    pub(super) operator: String,
    pub(super) inputs: Vec<String>,
    pub(super) outputs: Vec<String>,
    /// The attribute `axis`.
    pub(super) axis: Option<i64>,
    /// The attribute `block_size`, if it is not zero.
    pub(super) block_size: Option<i64>,
}

/// Reads a model.
///
/// # Errors
/// Malformed if the bytes are no ONNX model or pass a limit; Io if reading fails.
pub(super) fn read(source: &dyn ReadAt) -> Result<Graph, CheckpointError> {
    let mut reader = Reader { source, graph: Graph::default(), text: 0, held: 0 };
    reader.model().map_err(|error| match error {
        WireError::Bad { offset, reason } => malformed(offset, reason),
        WireError::Io(error) => CheckpointError::Io(error),
    })?;
    Ok(reader.graph)
}

/// Whether the bytes are a `ModelProto`: only its fields with their wire types, a plausible `ir_version`, one graph with
/// only the fields of a graph at its front.
pub(in crate::checkpoints) fn is_model(source: &dyn ReadAt) -> bool {
    check_model(source).unwrap_or(false)
}

/// The type of a `TensorProto.DataType` that is read as it is.
pub(super) fn dtype(data_type: u64) -> Option<Dtype> {
    Some(match data_type {
        1 => Dtype::F32,
        2 => Dtype::U8,
        3 => Dtype::I8,
        4 => Dtype::U16,
        5 => Dtype::I16,
        6 => Dtype::I32,
        7 => Dtype::I64,
        9 => Dtype::Bool,
        10 => Dtype::F16,
        11 => Dtype::F64,
        12 => Dtype::U32,
        13 => Dtype::U64,
        16 => Dtype::Bf16,
        17 => Dtype::F8E4M3,
        19 => Dtype::F8E5M2,
        _ => return None,
    })
}

fn check_model(source: &dyn ReadAt) -> Result<bool, WireError> {
    let mut message = Message::new(source, 0, source.size());
    let (mut has_version, mut graphs) = (false, 0);
    while let Some(field) = message.field()? {
        match (field.number, field.value) {
            (1, Wire::Varint(version)) if (1..=100).contains(&version) => has_version = true,
            (7, Wire::Bytes { offset, len }) => {
                graphs += 1;
                if graphs > 1 || len == 0 || !check_graph(source, offset, len)? {
                    return Ok(false);
                }
            }
            (5, Wire::Varint(_)) | (2 | 3 | 4 | 6 | 8 | 14 | 20 | 25 | 26, Wire::Bytes { .. }) => {}
            _ => return Ok(false),
        }
    }
    Ok(has_version && graphs == 1)
}

fn check_graph(source: &dyn ReadAt, offset: u64, len: u64) -> Result<bool, WireError> {
    let mut message = Message::new(source, offset, len);
    for _ in 0..8 {
        match message.field()? {
            None => break,
            Some(field) => match (field.number, field.value) {
                (1 | 2 | 5 | 10..=16, Wire::Bytes { .. }) => {}
                _ => return Ok(false),
            },
        }
    }
    Ok(true)
}

struct Reader<'a> {
    source: &'a dyn ReadAt,
    graph: Graph,
    text: u64,
    held: u64,
}

impl Reader<'_> {
    fn model(&mut self) -> Result<(), WireError> {
        let mut message = Message::new(self.source, 0, self.source.size());
        while let Some(field) = message.field()? {
            let Wire::Bytes { offset, len } = field.value else { continue };
            match field.number {
                2 => {
                    let producer = self.string(offset, len, NAME)?;
                    if !producer.is_empty() {
                        self.graph.metadata.push(("producer_name".to_owned(), producer));
                    }
                }
                7 => self.graph(offset, len, 0)?,
                14 => {
                    let pair = self.pair(offset, len)?;
                    self.graph.metadata.push(pair);
                }
                25 => self.function(offset, len)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn graph(&mut self, offset: u64, len: u64, depth: usize) -> Result<(), WireError> {
        if depth > DEPTH {
            return Err(WireError::Bad { offset, reason: "graphs are nested more than 32 deep" });
        }
        let mut message = Message::new(self.source, offset, len);
        while let Some(field) = message.field()? {
            let Wire::Bytes { offset, len } = field.value else { continue };
            match field.number {
                1 => self.node(offset, len, depth)?,
                5 => {
                    let tensor = self.tensor(offset, len)?;
                    self.push(tensor, offset)?;
                }
                15 => self.graph.sparse += 1,
                _ => {}
            }
        }
        Ok(())
    }

    fn function(&mut self, offset: u64, len: u64) -> Result<(), WireError> {
        let mut message = Message::new(self.source, offset, len);
        while let Some(field) = message.field()? {
            if let (7, Wire::Bytes { offset, len }) = (field.number, field.value) {
                self.node(offset, len, 0)?;
            }
        }
        Ok(())
    }

    fn node(&mut self, offset: u64, len: u64, depth: usize) -> Result<(), WireError> {
        if self.graph.nodes.len() >= NODES {
            return Err(WireError::Bad { offset, reason: "more than 262,144 nodes" });
        }
        let mut node = Node::default();
        let mut attributes = Vec::new();
        let mut message = Message::new(self.source, offset, len);
        while let Some(field) = message.field()? {
            let Wire::Bytes { offset, len } = field.value else { continue };
            if node.inputs.len() + node.outputs.len() + attributes.len() > INPUTS {
                return Err(WireError::Bad {
                    offset,
                    reason: "a node with more than 4,096 inputs, outputs and attributes",
                });
            }
            match field.number {
                1 => node.inputs.push(self.string(offset, len, NAME)?),
                2 => node.outputs.push(self.string(offset, len, NAME)?),
                4 => node.operator = self.string(offset, len, NAME)?,
                5 => attributes.push((offset, len)),
                _ => {}
            }
        }
        // The output that names a constant may stand after its value, so attributes come last.
        let output = node.outputs.first().cloned().unwrap_or_default();
        for (offset, len) in attributes {
            self.attribute(offset, len, depth, &output, &mut node)?;
        }
        self.graph.nodes.push(node);
        Ok(())
    }

    fn attribute(
        &mut self,
        offset: u64,
        len: u64,
        depth: usize,
        output: &str,
        node: &mut Node,
    ) -> Result<(), WireError> {
        let mut name = String::new();
        let mut number = None;
        let mut message = Message::new(self.source, offset, len);
        while let Some(field) = message.field()? {
            match (field.number, field.value) {
                (1, Wire::Bytes { offset, len }) => name = self.string(offset, len, NAME)?,
                (3, Wire::Varint(value)) => number = Some(value as i64),
                (5 | 10, Wire::Bytes { offset, len }) => {
                    let mut tensor = self.tensor(offset, len)?;
                    output.clone_into(&mut tensor.name);
                    self.push(tensor, offset)?;
                }
                (6 | 11, Wire::Bytes { offset, len }) => self.graph(offset, len, depth + 1)?,
                _ => {}
            }
        }
        match name.as_str() {
            "axis" => node.axis = number,
            "block_size" => node.block_size = number.filter(|size| *size != 0),
            _ => {}
        }
        Ok(())
    }

    fn push(&mut self, tensor: Raw, offset: u64) -> Result<(), WireError> {
        if self.graph.tensors.len() >= TENSORS {
            return Err(WireError::Bad { offset, reason: "more than 262,144 tensors" });
        }
        self.graph.tensors.push(tensor);
        Ok(())
    }

    fn tensor(&mut self, offset: u64, len: u64) -> Result<Raw, WireError> {
        let mut raw = Raw::default();
        let mut external = External::default();
        // Numbers may stand before `data_type`, so they are gathered after it is known.
        let mut numbers = Vec::new();
        let mut message = Message::new(self.source, offset, len);
        while let Some(field) = message.field()? {
            match (field.number, field.value) {
                (1, Wire::Varint(dim)) => raw.dims.push(dim),
                (1, Wire::Bytes { offset, len }) => {
                    let mut packed = Message::new(self.source, offset, len);
                    while raw.dims.len() <= RANK
                        && let Some(dim) = packed.packed_varint()?
                    {
                        raw.dims.push(dim);
                    }
                }
                (2, Wire::Varint(data_type)) => raw.data_type = data_type,
                (8, Wire::Bytes { offset, len }) => raw.name = self.string(offset, len, NAME)?,
                (9, Wire::Bytes { offset, len }) => raw.data = Data::Run { offset, len },
                (4 | 5 | 7 | 10 | 11, value) => {
                    self.hold(offset, 64)?;
                    numbers.push((field.number, value));
                }
                (13, Wire::Bytes { offset, len }) => {
                    let (key, value) = self.pair(offset, len)?;
                    external.set(&key, value);
                }
                (14, Wire::Varint(location)) => external.is_used = location == 1,
                _ => {}
            }
            if raw.dims.len() > RANK {
                return Err(WireError::Bad { offset, reason: "a tensor with more than 32 axes" });
            }
        }
        if external.is_used {
            raw.data = Data::External { location: external.location, offset: external.offset, len: external.len };
        } else if raw.data == Data::Absent && !numbers.is_empty() {
            raw.data = self.numbers(&numbers, raw.data_type)?;
        }
        Ok(raw)
    }

    /// `float_data`, `int32_data`, `int64_data`, `double_data` and `uint64_data`.
    fn numbers(&mut self, fields: &[(u32, Wire)], data_type: u64) -> Result<Data, WireError> {
        if let [(4 | 10, Wire::Bytes { offset, len })] = fields
            && matches!(data_type, 1 | 11)
        {
            return Ok(Data::Run { offset: *offset, len: *len });
        }
        let Some(size) = dtype(data_type).map(Dtype::size) else { return Ok(Data::Absent) };
        let mut bytes = Vec::new();
        for (_, value) in fields {
            match *value {
                Wire::Varint(number) => push_number(&mut bytes, number, size),
                Wire::Fixed32(number) => bytes.extend(number.to_le_bytes()),
                Wire::Fixed64(number) => bytes.extend(number.to_le_bytes()),
                Wire::Bytes { offset, len } if matches!(data_type, 1 | 11) => {
                    self.hold(offset, len)?;
                    let start = bytes.len();
                    bytes.resize(start + len as usize, 0);
                    if let Some(tail) = bytes.get_mut(start..) {
                        self.source.read_exact_at(offset, tail).map_err(WireError::Io)?;
                    }
                }
                Wire::Bytes { offset, len } => {
                    // At least one byte holds each number.
                    self.hold(offset, len.saturating_mul(size as u64))?;
                    let mut packed = Message::new(self.source, offset, len);
                    while let Some(number) = packed.packed_varint()? {
                        push_number(&mut bytes, number, size);
                    }
                }
            }
        }
        Ok(Data::Held(bytes))
    }

    fn pair(&mut self, offset: u64, len: u64) -> Result<(String, String), WireError> {
        let mut pair = (String::new(), String::new());
        let mut message = Message::new(self.source, offset, len);
        while let Some(field) = message.field()? {
            match (field.number, field.value) {
                (1, Wire::Bytes { offset, len }) => pair.0 = self.string(offset, len, NAME)?,
                (2, Wire::Bytes { offset, len }) => pair.1 = self.string(offset, len, PROPERTY)?,
                _ => {}
            }
        }
        Ok(pair)
    }

    fn string(&mut self, offset: u64, len: u64, limit: u64) -> Result<String, WireError> {
        self.text += len;
        if len > limit || self.text > TEXT {
            return Err(WireError::Bad { offset, reason: "a name or property is too long" });
        }
        let mut bytes = vec![0; len as usize];
        self.source.read_exact_at(offset, &mut bytes).map_err(WireError::Io)?;
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    fn hold(&mut self, offset: u64, len: u64) -> Result<(), WireError> {
        self.held = self.held.saturating_add(len);
        if self.held > INLINE {
            return Err(WireError::Bad { offset, reason: "more than 256 MiB of numbers written one by one" });
        }
        Ok(())
    }
}

#[derive(Default)]
struct External {
    is_used: bool,
    location: String,
    offset: u64,
    len: Option<u64>,
}

impl External {
    fn set(&mut self, key: &str, value: String) {
        match key {
            "location" => self.location = value,
            // A number that cannot be read points past every file, and is refused where the file is known.
            "offset" => self.offset = value.parse().unwrap_or(u64::MAX),
            "length" => self.len = Some(value.parse().unwrap_or(u64::MAX)),
            _ => {}
        }
    }
}

fn push_number(bytes: &mut Vec<u8>, number: u64, size: usize) {
    bytes.extend(number.to_le_bytes().iter().take(size));
}

fn malformed(offset: u64, reason: &str) -> CheckpointError {
    CheckpointError::Malformed { format: "onnx", offset, reason: reason.to_owned() }
}
