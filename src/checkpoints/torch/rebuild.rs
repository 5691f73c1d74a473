// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Calls that rebuild a tensor, an array or a storage → what they would rebuild.
//!
//! In: an [`Object`] of a pickle. Out: a [`View`] or an [`Array`] taken into the walk, or nothing if it is none. Functions
//! are those of torch/_utils.py and of NumPy's `__reduce__`.

use std::collections::BTreeMap;

use super::super::Dtype;
use super::super::pickle::{Global, Id, Object, Pickle, Value};
use super::tree::{Array, ArrayBytes, Storage, View, Walk};

impl Walk<'_> {
    /// `None` if the object is no tensor.
    pub(super) fn tensor(&mut self, object: &Object, name: &str) -> Option<Result<(), String>> {
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
            let named = args.get(6).and_then(|id| pickle.global(*id)).and_then(|global| torch_dtype(&global.name));
            let Some(named) = named else {
                self.found.skipped += 1;
                return Ok(());
            };
            dtype = named;
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

fn short(global: &Global) -> String {
    format!("{global} has too few arguments")
}
