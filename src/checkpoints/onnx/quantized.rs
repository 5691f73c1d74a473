// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Quantized weights of an ONNX graph, found by how they are used.
//!
//! In: a [`Graph`]. Out: which tensors are integers to be scaled, by what, along which axis. Seen are `DequantizeLinear`
//! (also behind a `Gather` and other moves), the `QLinear` and integer operators of ONNX and of onnxruntime's contrib set, and weights that
//! are cast and multiplied by a scale.

use std::collections::{HashMap, HashSet};

use super::super::Dtype;
use super::graph::{Graph, Node, Raw, dtype};

/// Integers and what makes numbers of them, as indices into [`Graph::tensors`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Quantized {
    pub(super) values: usize,
    pub(super) scale: usize,
    pub(super) zero: Option<usize>,
    /// Axis of the values along which scales differ.
    pub(super) axis: Option<usize>,
}

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Quantization {
    pub(super) quantized: Vec<Quantized>,
    /// Scales and zero points: parts of other tensors, and no weights.
    pub(super) companions: HashSet<usize>,
    /// Tensors of packed blocks, which are not read.
    pub(super) packed: HashSet<usize>,
}

/// Finds the quantized weights of a graph.
pub(super) fn find(graph: &Graph) -> Quantization {
    let uses = Uses::new(graph);
    let mut found = Quantization::default();
    let mut seen = HashSet::new();
    for node in &graph.nodes {
        if matches!(node.operator.as_str(), "MatMulNBits" | "MatMulBnb4" | "GatherBlockQuantized" | "QMoE") {
            found.packed.extend(node.inputs.iter().filter_map(|input| uses.tensor(input)).filter(|index| {
                graph.tensors.get(*index).is_some_and(|raw| matches!(dtype(raw.data_type), Some(Dtype::U8)))
            }));
            continue;
        }
        for one in uses.candidates(node) {
            if seen.insert(one.values) {
                found.companions.insert(one.scale);
                found.companions.extend(one.zero);
                found.quantized.push(one);
            }
        }
    }
    // A tensor that is itself scaled is a weight, whoever else uses it.
    for one in &found.quantized {
        found.companions.remove(&one.values);
    }
    found
}

struct Uses<'a> {
    graph: &'a Graph,
    tensors: HashMap<&'a str, usize>,
    producers: HashMap<&'a str, &'a Node>,
    consumers: HashMap<&'a str, Vec<&'a Node>>,
}

/// How a scale lies on the values.
#[derive(Clone, Copy)]
enum Layout {
    /// One axis if it is a vector: this one, counted from the end if negative.
    Axis(i64),
    /// As NumPy would broadcast it.
    Broadcast,
    /// One for all only.
    Scalar,
}

impl<'a> Uses<'a> {
    fn new(graph: &'a Graph) -> Self {
        let mut uses = Self { graph, tensors: HashMap::new(), producers: HashMap::new(), consumers: HashMap::new() };
        for (index, raw) in graph.tensors.iter().enumerate() {
            uses.tensors.entry(raw.name.as_str()).or_insert(index);
        }
        for node in &graph.nodes {
            for output in &node.outputs {
                uses.producers.entry(output.as_str()).or_insert(node);
            }
            for input in &node.inputs {
                uses.consumers.entry(input.as_str()).or_default().push(node);
            }
        }
        uses
    }

    fn candidates(&self, node: &Node) -> Vec<Quantized> {
        let found = match node.operator.as_str() {
            "DequantizeLinear" if node.block_size.is_none() => vec![self.dequantized(node)],
            "QLinearMatMul" => {
                vec![self.inputs(node, [0, 1, 2], Layout::Axis(-2)), self.inputs(node, [3, 4, 5], Layout::Axis(-1))]
            }
            "QLinearConv" => vec![self.inputs(node, [3, 4, 5], Layout::Axis(0))],
            "QGemm" => vec![self.inputs(node, [3, 4, 5], Layout::Axis(-1))],
            "DynamicQuantizeMatMul" => vec![self.inputs(node, [1, 2, 3], Layout::Axis(-1))],
            "MatMulIntegerToFloat" => vec![self.inputs(node, [1, 3, 5], Layout::Axis(-1))],
            "DynamicQuantizeLSTM" => {
                vec![self.inputs(node, [1, 8, 9], Layout::Axis(-1)), self.inputs(node, [2, 10, 11], Layout::Axis(-1))]
            }
            "MatMulInteger" => vec![self.integer_operator(node, Layout::Axis(-1))],
            "ConvInteger" => vec![self.integer_operator(node, Layout::Axis(0))],
            "Mul" => vec![self.cast_and_multiplied(node)],
            _ => Vec::new(),
        };
        found.into_iter().flatten().collect()
    }

    /// `DequantizeLinear(x, scale[, zero])`; `x` may be rows gathered from the weight, which share one scale.
    fn dequantized(&self, node: &Node) -> Option<Quantized> {
        let input = node.inputs.first()?;
        let (values, layout) = match self.tensor(input) {
            Some(values) => (values, Layout::Axis(node.axis.unwrap_or(1))),
            None => (self.behind_moves(input)?, Layout::Scalar),
        };
        let zero = node.inputs.get(2).and_then(|zero| self.tensor(zero));
        self.quantized(values, self.tensor(node.inputs.get(1)?)?, zero, layout)
    }

    /// The weight whose rows or elements were only moved about on the way to `name`.
    fn behind_moves(&self, name: &str) -> Option<usize> {
        let mut name = name;
        for _ in 0..8 {
            let producer = self.producers.get(name)?;
            if !matches!(producer.operator.as_str(), "Gather" | "Transpose" | "Reshape" | "Squeeze" | "Unsqueeze") {
                return None;
            }
            name = producer.inputs.first()?;
            if let Some(index) = self.tensor(name) {
                return Some(index);
            }
        }
        None
    }

    /// Values, scale and zero point at these inputs.
    fn inputs(&self, node: &Node, at: [usize; 3], layout: Layout) -> Option<Quantized> {
        let [values, scale, zero] = at.map(|at| node.inputs.get(at).and_then(|input| self.tensor(input)));
        self.quantized(values?, scale?, zero, layout)
    }

    /// `MatMulInteger` and `ConvInteger` have no input for the scale: it has the weight's name with `_scale` for
    /// `_quantized`, or it is found behind them as `Mul(Cast(output), Mul(activation_scale, scale))`.
    fn integer_operator(&self, node: &Node, layout: Layout) -> Option<Quantized> {
        let name = node.inputs.get(1)?;
        let values = self.tensor(name)?;
        let zero = node.inputs.get(3).and_then(|zero| self.tensor(zero));
        let named = name.strip_suffix("_quantized").and_then(|stem| self.tensor(&format!("{stem}_scale")));
        self.quantized(values, named.or_else(|| self.scale_behind(node))?, zero, layout)
    }

    fn scale_behind(&self, node: &Node) -> Option<usize> {
        let cast = self.consumer(node.outputs.first()?, "Cast")?;
        let output = cast.outputs.first()?;
        let scaled = self.consumer(output, "Mul")?;
        let factor = scaled.inputs.iter().find(|input| *input != output)?;
        if let Some(scale) = self.tensor(factor) {
            return Some(scale);
        }
        let product = self.producers.get(factor.as_str()).filter(|producer| producer.operator == "Mul")?;
        product.inputs.iter().find_map(|input| self.tensor(input))
    }

    /// `Mul(Cast(values), scale)` or `Mul(Sub(Cast(values), zero), scale)`, in either order of the factors.
    fn cast_and_multiplied(&self, node: &Node) -> Option<Quantized> {
        let [left, right] = node.inputs.as_slice() else { return None };
        let one_way = |values: &str, scale: &str| {
            let scale = self.tensor(scale)?;
            let mut producer = *self.producers.get(values)?;
            let mut zero = None;
            if producer.operator == "Sub" {
                let [shifted, by] = producer.inputs.as_slice() else { return None };
                zero = Some(self.uncast(by)?);
                producer = *self.producers.get(shifted.as_str())?;
            }
            if producer.operator != "Cast" {
                return None;
            }
            self.quantized(self.tensor(producer.inputs.first()?)?, scale, zero, Layout::Broadcast)
        };
        one_way(left, right).or_else(|| one_way(right, left))
    }

    fn quantized(&self, values: usize, scale: usize, zero: Option<usize>, layout: Layout) -> Option<Quantized> {
        let (values_raw, scale_raw) = (self.graph.tensors.get(values)?, self.graph.tensors.get(scale)?);
        let is_integer = matches!(
            dtype(values_raw.data_type)?,
            Dtype::I8 | Dtype::U8 | Dtype::I16 | Dtype::U16 | Dtype::I32 | Dtype::F8E4M3 | Dtype::F8E5M2
        );
        let is_real = matches!(dtype(scale_raw.data_type)?, Dtype::F64 | Dtype::F32 | Dtype::F16 | Dtype::Bf16);
        if !is_integer || !is_real || values_raw.dims.is_empty() {
            return None;
        }
        let axis = match scales(values_raw, scale_raw, layout)? {
            Scales::One => None,
            Scales::Along(axis) => Some(axis),
        };
        let zero_agrees = zero.is_none_or(|zero| {
            self.graph
                .tensors
                .get(zero)
                .is_some_and(|zero| dtype(zero.data_type).is_some() && count(&zero.dims) == count(&scale_raw.dims))
        });
        zero_agrees.then_some(Quantized { values, scale, zero, axis })
    }

    /// The tensor a name stands for, seen through `Identity`.
    fn tensor(&self, name: &str) -> Option<usize> {
        let mut name = name;
        for _ in 0..8 {
            if let Some(index) = self.tensors.get(name) {
                return Some(*index);
            }
            let producer = self.producers.get(name).filter(|producer| producer.operator == "Identity")?;
            name = producer.inputs.first()?;
        }
        None
    }

    fn uncast(&self, name: &str) -> Option<usize> {
        self.tensor(name).or_else(|| {
            let cast = self.producers.get(name).filter(|producer| producer.operator == "Cast")?;
            self.tensor(cast.inputs.first()?)
        })
    }

    fn consumer(&self, name: &str, operator: &str) -> Option<&'a Node> {
        self.consumers.get(name)?.iter().find(|node| node.operator == operator).copied()
    }
}

/// How many scales there are.
enum Scales {
    One,
    Along(usize),
}

/// How a scale lies on the values; nothing if it does not fit them.
fn scales(values: &Raw, scale: &Raw, layout: Layout) -> Option<Scales> {
    let scales = count(&scale.dims)?;
    if scales == 1 {
        return Some(Scales::One);
    }
    let rank = values.dims.len();
    let axis = match layout {
        Layout::Scalar => return None,
        Layout::Axis(_) if Some(scales) != scale.dims.iter().copied().max() => return None,
        Layout::Axis(axis) if axis < 0 => rank.checked_sub(axis.unsigned_abs() as usize)?,
        Layout::Axis(axis) => axis as usize,
        Layout::Broadcast => {
            let lead = rank.checked_sub(scale.dims.len())?;
            let mut wide = scale.dims.iter().enumerate().filter(|(_, dim)| **dim != 1);
            let (axis, _) = wide.next()?;
            if wide.next().is_some() {
                return None;
            }
            lead + axis
        }
    };
    (values.dims.get(axis) == Some(&scales)).then_some(Scales::Along(axis))
}

fn count(dims: &[u64]) -> Option<u64> {
    dims.iter().try_fold(1_u64, |product, dim| product.checked_mul(*dim))
}
