// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! An unpickled object tree → the tensors in it, under dotted names.
//!
//! In: a [`Pickle`]. Out: [`View`]s of storages and [`Array`]s, in the order in which they stand. Containers that are
//! shared are walked once, so the work is bounded by the pickle's length.

use std::collections::BTreeMap;

use super::Dtype;
use super::pickle::{Global, Id, Object, Pickle, Span, Value};

const DEPTH: usize = 256;
const NAME: usize = 256;
const NAMES: usize = 256 << 20;
const TENSORS: usize = 1 << 20;

/// What was found in an object tree.
#[derive(Debug, Default)]
pub(super) struct Found {
    /// Tensors of PyTorch.
    pub(super) views: Vec<View>,
    /// Arrays of NumPy.
    pub(super) arrays: Vec<Array>,
    /// Tensors of a kind that is not read: sparse, quantized, complex, on the meta device.
    pub(super) skipped: u64,
}

/// A tensor as a view of a storage. Offsets, strides and sizes count elements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct View {
    pub(super) name: String,
    pub(super) storage: Storage,
    /// Element type of the tensor, which may differ from an untyped storage's.
    pub(super) dtype: Dtype,
    pub(super) offset: u64,
    pub(super) shape: Vec<u64>,
    pub(super) strides: Vec<u64>,
}

/// A storage as a persistent id names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Storage {
    pub(super) key: String,
    pub(super) dtype: Dtype,
    /// Elements of `dtype`.
    pub(super) elements: u64,
    /// Elements of the root storage before this one (legacy files: a storage that is a view of another).
    pub(super) start: u64,
}

/// A NumPy array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Array {
    pub(super) name: String,
    pub(super) dtype: Dtype,
    pub(super) shape: Vec<u64>,
    pub(super) fortran: bool,
    pub(super) bytes: ArrayBytes,
}

/// Where an array's bytes are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ArrayBytes {
    /// As they are.
    Raw(Span),
    /// As Latin-1 characters in UTF-8, as protocol 2 holds Python 3 bytes.
    Latin1(Span),
    /// The same, in a string short enough that the pickle holds it.
    HeldLatin1(Id),
}

/// Walks the tree from its root. Names start with `prefix`, if it is not empty.
pub(super) fn collect(pickle: &Pickle, prefix: &str) -> Result<Found, String> {
    let mut walk = Walk { pickle, found: Found::default(), visited: vec![false; pickle.len()] };
    let mut pending = vec![Step { id: pickle.root, name: prefix.to_owned(), depth: 0 }];
    let mut names = 0_usize;
    while let Some(step) = pending.pop() {
        let mut children = walk.visit(&step)?;
        children.retain(|(id, _)| {
            matches!(pickle.value(*id), Value::Dict(_) | Value::List(_) | Value::Tuple(_) | Value::Object(_))
        });
        names += children.iter().map(|(_, name)| name.len()).sum::<usize>();
        if names > NAMES {
            return Err("names of more than 256 MiB".to_owned());
        }
        if step.depth >= DEPTH && !children.is_empty() {
            return Err(format!("objects are nested more than {DEPTH} deep"));
        }
        children.reverse();
        pending.extend(children.into_iter().map(|(id, name)| Step { id, name, depth: step.depth + 1 }));
    }
    Ok(walk.found)
}

/// Bytes an element of every storage the pickle refers to, by key, whether a tensor uses it or not.
pub(super) fn element_sizes(pickle: &Pickle) -> BTreeMap<String, u64> {
    let sized = |id| {
        let [tag, class, key, ..] = pickle.sequence(id)? else { return None };
        let class = &*pickle.global(*class)?.name;
        let size = storage_dtype(class).map(|dtype| dtype.size() as u64).or(match class {
            "ComplexDoubleStorage" => Some(16),
            "ComplexFloatStorage" => Some(8),
            "QInt32Storage" => Some(4),
            "QInt8Storage" | "QUInt8Storage" | "QUInt4x2Storage" | "QUInt2x4Storage" => Some(1),
            _ => None,
        })?;
        (pickle.text(*tag) == Some("storage")).then(|| Some((storage_key(pickle, *key)?, size)))?
    };
    pickle.persistent_ids().filter_map(sized).collect()
}

struct Step {
    id: Id,
    name: String,
    depth: usize,
}

struct Walk<'a> {
    pickle: &'a Pickle,
    found: Found,
    visited: Vec<bool>,
}

impl Walk<'_> {
    /// Takes a tensor in, or returns the children of a container.
    fn visit(&mut self, step: &Step) -> Result<Vec<(Id, String)>, String> {
        let pickle = self.pickle;
        if let Value::Object(object) = pickle.value(step.id)
            && let Some(taken) = self.tensor(object, &step.name)
        {
            if self.found.views.len() + self.found.arrays.len() > TENSORS {
                return Err("more than a million tensors".to_owned());
            }
            return taken.map(|()| Vec::new());
        }
        match self.visited.get_mut(step.id.index()) {
            Some(visited) if !*visited => *visited = true,
            _ => return Ok(Vec::new()),
        }
        let name = step.name.as_str();
        Ok(match pickle.value(step.id) {
            Value::Dict(items) => self.items(items, name),
            Value::List(ids) => numbered(ids, name),
            Value::Tuple(ids) => numbered(ids, name),
            Value::Object(object) => self.object(object, name),
            _ => Vec::new(),
        })
    }

    /// Children of an object: what it was made from, then what was put into it, then its attributes.
    fn object(&self, object: &Object, name: &str) -> Vec<(Id, String)> {
        let pickle = self.pickle;
        let mut children = Vec::new();
        if let Value::Tuple(args) = pickle.value(object.args) {
            let class = pickle.global(object.callable).map(|global| &*global.name);
            for (index, arg) in args.iter().enumerate() {
                match pickle.value(*arg) {
                    Value::List(pairs) if matches!(class, Some("OrderedDict" | "dict")) => {
                        children.extend(self.pairs(pairs, name));
                    }
                    Value::Dict(_) | Value::List(_) | Value::Tuple(_) => children.push((*arg, name.to_owned())),
                    Value::Object(_) if args.len() == 1 || class.is_some_and(|class| class == "restore_type_tag") => {
                        children.push((*arg, name.to_owned()));
                    }
                    Value::Object(_) => children.push((*arg, join(name, &index.to_string()))),
                    _ => {}
                }
            }
        }
        children.extend(self.items(&object.items, name));
        children.extend(numbered(&object.appended, name));
        if let Some(state) = object.state {
            children.extend(self.state(state, name));
        }
        children
    }

    /// Attributes. `_parameters`, `_buffers` and `_modules` are where a module keeps what its `state_dict` shows without
    /// them.
    fn state(&self, state: Id, name: &str) -> Vec<(Id, String)> {
        match self.pickle.value(state) {
            Value::Dict(items) => items
                .iter()
                .filter_map(|(key, value)| {
                    let key = self.key(*key)?;
                    let is_level = matches!(key.as_str(), "_parameters" | "_buffers" | "_modules");
                    Some((*value, if is_level { name.to_owned() } else { join(name, &key) }))
                })
                .collect(),
            // `(attributes, slots)`.
            Value::Tuple(ids) => ids.iter().flat_map(|id| self.plain_state(*id, name)).collect(),
            _ => vec![(state, name.to_owned())],
        }
    }

    fn plain_state(&self, id: Id, name: &str) -> Vec<(Id, String)> {
        match self.pickle.value(id) {
            Value::Dict(items) => self.items(items, name),
            Value::Tuple(_) | Value::List(_) | Value::Object(_) => vec![(id, name.to_owned())],
            _ => Vec::new(),
        }
    }

    fn items(&self, items: &[(Id, Id)], name: &str) -> Vec<(Id, String)> {
        let keyed = items.iter().enumerate();
        keyed
            .map(|(index, (key, value))| {
                let key = self.key(*key).unwrap_or_else(|| index.to_string());
                (*value, join(name, &key))
            })
            .collect()
    }

    /// `OrderedDict([[key, value], …])`.
    fn pairs(&self, pairs: &[Id], name: &str) -> Vec<(Id, String)> {
        pairs
            .iter()
            .filter_map(|pair| match self.pickle.sequence(*pair)? {
                [key, value] => Some((*value, join(name, &self.key(*key)?))),
                _ => None,
            })
            .collect()
    }

    fn key(&self, id: Id) -> Option<String> {
        match self.pickle.value(id) {
            Value::Int(number) => Some(number.to_string()),
            Value::Bool(flag) => Some(flag.to_string()),
            _ => self.pickle.text(id).map(|text| text.chars().take(NAME).collect()),
        }
    }

    /// `None` if the object is no tensor.
    fn tensor(&mut self, object: &Object, name: &str) -> Option<Result<(), String>> {
        let pickle = self.pickle;
        let global = pickle.global(object.callable)?;
        let args = match pickle.value(object.args) {
            Value::Tuple(args) => &**args,
            _ => return None,
        };
        let name = if name.is_empty() { "tensor" } else { name };
        match (&*global.module, &*global.name) {
            ("torch._utils", function) => self.rebuilt(function, args, name),
            ("torch._tensor", "_rebuild_from_type_v2") => {
                let [function, _, inner, ..] = args else { return Some(Err(short(global))) };
                let (Some(function), Value::Tuple(inner)) = (pickle.global(*function), pickle.value(*inner)) else {
                    return Some(Err(short(global)));
                };
                self.rebuilt(&function.name, inner, name)
            }
            (module, "_reconstruct") if module.starts_with("numpy") => Some(self.array(object, name)),
            (module, "_frombuffer") if module.starts_with("numpy") => Some(self.buffer(args, name)),
            _ => None,
        }
    }

    fn rebuilt(&mut self, function: &str, args: &[Id], name: &str) -> Option<Result<(), String>> {
        match function {
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3" => Some(self.view(function, args, name)),
            "_rebuild_qtensor"
            | "_rebuild_sparse_tensor"
            | "_rebuild_meta_tensor_no_storage"
            | "_rebuild_nested_tensor" => {
                self.found.skipped += 1;
                Some(Ok(()))
            }
            // A parameter is its first argument, which the walk reaches under the same name.
            "_rebuild_parameter" | "_rebuild_parameter_with_state" => match self.pickle.value(*args.first()?) {
                Value::Object(inner) => match self.pickle.global(inner.callable) {
                    Some(inner_global) if inner_global.name.starts_with("_rebuild_parameter") => {
                        Some(Err("a parameter of a parameter".to_owned()))
                    }
                    _ => self.tensor(inner, name),
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// `_rebuild_tensor(_v2|_v3)(storage, offset, size, stride, requires_grad, hooks[, dtype])`.
    fn view(&mut self, function: &str, args: &[Id], name: &str) -> Result<(), String> {
        let pickle = self.pickle;
        let [source, offset, size, stride, ..] = args else { return Err(format!("{name}: too few arguments")) };
        let Value::Persistent(persistent) = pickle.value(*source) else {
            return Err(format!("{name}: its storage is no persistent id"));
        };
        let Some(storage) = storage(pickle, *persistent) else {
            self.found.skipped += 1;
            return Ok(());
        };
        let mut dtype = storage.dtype;
        if function == "_rebuild_tensor_v3" {
            match args.get(6).and_then(|id| pickle.global(*id)).and_then(|global| torch_dtype(&global.name)) {
                Some(named) => dtype = named,
                None => {
                    self.found.skipped += 1;
                    return Ok(());
                }
            }
        }
        let offset = pickle.natural(*offset).ok_or_else(|| format!("{name}: its offset is no natural number"))?;
        let shape = self.naturals(*size).ok_or_else(|| format!("{name}: its size is no list of natural numbers"))?;
        let strides = self.naturals(*stride).ok_or_else(|| format!("{name}: its strides are no natural numbers"))?;
        if shape.len() != strides.len() {
            return Err(format!("{name}: {} sizes and {} strides", shape.len(), strides.len()));
        }
        self.found.views.push(View { name: name.to_owned(), storage, dtype, offset, shape, strides });
        Ok(())
    }

    /// `_reconstruct(ndarray, (0,), b'b')` with the state `(version, shape, dtype, fortran, bytes)`.
    fn array(&mut self, object: &Object, name: &str) -> Result<(), String> {
        let state = object.state.and_then(|state| self.pickle.sequence(state));
        let Some([_, shape, dtype, fortran, bytes]) = state else {
            return Err(format!("{name}: an array without its state"));
        };
        let fortran = matches!(self.pickle.value(*fortran), Value::Bool(true) | Value::Int(1));
        self.push_array(name, *shape, *dtype, fortran, *bytes)
    }

    /// `_frombuffer(bytes, dtype, shape, order)`.
    fn buffer(&mut self, args: &[Id], name: &str) -> Result<(), String> {
        let [bytes, dtype, shape, order] = args else { return Err(format!("{name}: too few arguments")) };
        let fortran = self.pickle.text(*order) == Some("F");
        self.push_array(name, *shape, *dtype, fortran, *bytes)
    }

    fn push_array(&mut self, name: &str, shape: Id, dtype: Id, fortran: bool, bytes: Id) -> Result<(), String> {
        let shape = self.naturals(shape).ok_or_else(|| format!("{name}: its shape is no list of natural numbers"))?;
        match (self.numpy_dtype(dtype), self.array_bytes(bytes)) {
            (Some(dtype), Some(bytes)) => {
                self.found.arrays.push(Array { name: name.to_owned(), dtype, shape, fortran, bytes });
            }
            _ => self.found.skipped += 1,
        }
        Ok(())
    }

    fn array_bytes(&self, id: Id) -> Option<ArrayBytes> {
        match self.pickle.value(id) {
            Value::Bytes(span) | Value::ByteStr(span, _) => Some(ArrayBytes::Raw(*span)),
            Value::Object(object)
                if self.pickle.global(object.callable).is_some_and(|global| &*global.name == "encode") =>
            {
                let [text, encoding] = self.pickle.sequence(object.args)? else { return None };
                match (self.pickle.value(*text), self.pickle.text(*encoding)?) {
                    (Value::LongStr(span), "latin1") => Some(ArrayBytes::Latin1(*span)),
                    (Value::Str(_), "latin1") => Some(ArrayBytes::HeldLatin1(*text)),
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// `numpy.dtype('f4', False, True)` with the state `(3, '<', …)`.
    fn numpy_dtype(&self, id: Id) -> Option<Dtype> {
        let Value::Object(object) = self.pickle.value(id) else { return None };
        let code = self.pickle.text(*self.pickle.sequence(object.args)?.first()?)?;
        let order = object.state.and_then(|state| self.pickle.sequence(state)).and_then(|state| state.get(1));
        if order.and_then(|order| self.pickle.text(*order)) == Some(">") {
            return None;
        }
        Some(match code.trim_start_matches(['<', '|', '=']) {
            "f8" => Dtype::F64,
            "f4" => Dtype::F32,
            "f2" => Dtype::F16,
            "i8" => Dtype::I64,
            "i4" => Dtype::I32,
            "i2" => Dtype::I16,
            "i1" => Dtype::I8,
            "u8" => Dtype::U64,
            "u4" => Dtype::U32,
            "u2" => Dtype::U16,
            "u1" => Dtype::U8,
            "b1" => Dtype::Bool,
            _ => return None,
        })
    }

    fn naturals(&self, id: Id) -> Option<Vec<u64>> {
        self.pickle.sequence(id)?.iter().map(|id| self.pickle.natural(*id)).collect()
    }
}

/// `('storage', type, key, location, elements[, (view key, offset, elements)])`; `None` for kinds that are not read.
fn storage(pickle: &Pickle, id: Id) -> Option<Storage> {
    let [tag, class, key, _, elements, rest @ ..] = pickle.sequence(id)? else { return None };
    if pickle.text(*tag) != Some("storage") {
        return None;
    }
    let dtype = storage_dtype(&pickle.global(*class)?.name)?;
    let mut storage =
        Storage { key: storage_key(pickle, *key)?, dtype, elements: pickle.natural(*elements)?, start: 0 };
    if let Some([_, start, viewed]) = rest.first().and_then(|view| pickle.sequence(*view)) {
        storage.start = pickle.natural(*start)?;
        storage.elements = pickle.natural(*viewed)?.checked_add(storage.start)?;
    }
    Some(storage)
}

fn storage_key(pickle: &Pickle, id: Id) -> Option<String> {
    match pickle.value(id) {
        Value::Int(number) => Some(number.to_string()),
        _ => pickle.text(id).map(str::to_owned),
    }
}

fn storage_dtype(class: &str) -> Option<Dtype> {
    Some(match class {
        "DoubleStorage" => Dtype::F64,
        "FloatStorage" => Dtype::F32,
        "HalfStorage" => Dtype::F16,
        "BFloat16Storage" => Dtype::Bf16,
        "LongStorage" => Dtype::I64,
        "IntStorage" => Dtype::I32,
        "ShortStorage" => Dtype::I16,
        "CharStorage" => Dtype::I8,
        "ByteStorage" | "UntypedStorage" | "_UntypedStorage" => Dtype::U8,
        "BoolStorage" => Dtype::Bool,
        _ => return None,
    })
}

fn torch_dtype(name: &str) -> Option<Dtype> {
    Some(match name {
        "float64" | "double" => Dtype::F64,
        "float32" | "float" => Dtype::F32,
        "float16" | "half" => Dtype::F16,
        "bfloat16" => Dtype::Bf16,
        "float8_e4m3fn" => Dtype::F8E4M3,
        "float8_e5m2" => Dtype::F8E5M2,
        "int64" | "long" => Dtype::I64,
        "int32" | "int" => Dtype::I32,
        "int16" | "short" => Dtype::I16,
        "int8" => Dtype::I8,
        "uint64" => Dtype::U64,
        "uint32" => Dtype::U32,
        "uint16" => Dtype::U16,
        "uint8" => Dtype::U8,
        "bool" => Dtype::Bool,
        _ => return None,
    })
}

fn numbered(ids: &[Id], name: &str) -> Vec<(Id, String)> {
    ids.iter().enumerate().map(|(index, id)| (*id, join(name, &index.to_string()))).collect()
}

fn join(prefix: &str, key: &str) -> String {
    let prefix: String = prefix.chars().take(NAME).collect();
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}

fn short(global: &Global) -> String {
    format!("{global} has too few arguments")
}
