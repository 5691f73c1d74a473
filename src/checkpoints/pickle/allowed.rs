// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The names a checkpoint may import: those that rebuild tensors, arrays and plain containers.
//!
//! Follows what `torch.load(weights_only=True)` admits (torch/_weights_only_unpickler.py), less what can load a nested
//! pickle, plus the array rebuilders of NumPy and the helpers of TorchScript.

use super::value::Global;

/// Whether a global may be named and called.
pub(super) fn is_allowed(global: &Global) -> bool {
    let name = &*global.name;
    match &*global.module {
        "collections" => matches!(name, "OrderedDict" | "Counter" | "defaultdict" | "deque"),
        "builtins" | "__builtin__" => is_plain_type(name),
        "argparse" => name == "Namespace",
        "_codecs" => name == "encode",
        "torch" => is_storage(name) || is_torch_value(name),
        "torch.cuda" => is_storage(name),
        "torch.storage" => matches!(name, "UntypedStorage" | "TypedStorage" | "_UntypedStorage" | "_TypedStorage"),
        "torch._utils" => is_rebuilder(name),
        "torch._tensor" => name == "_rebuild_from_type_v2",
        "torch.nn.parameter" => matches!(name, "Parameter" | "Buffer"),
        "torch.serialization" => name == "_get_layout",
        "torch.jit._pickle" => matches!(
            name,
            "build_intlist"
                | "build_tensorlist"
                | "build_doublelist"
                | "build_boollist"
                | "build_tensor_from_id"
                | "restore_type_tag"
        ),
        "numpy.core.multiarray" | "numpy._core.multiarray" => matches!(name, "_reconstruct" | "scalar"),
        "numpy.core.numeric" | "numpy._core.numeric" => name == "_frombuffer",
        "numpy" => matches!(name, "ndarray" | "dtype"),
        "numpy.dtypes" => name.ends_with("DType") && is_identifier(name),
        module => is_torchscript_class(module) && is_identifier(name),
    }
}

/// Whether a type may be the factory of a `defaultdict`, which calls it with no arguments.
pub(super) fn is_factory(global: &Global) -> bool {
    matches!(&*global.module, "builtins" | "__builtin__") && is_plain_type(&global.name)
        || &*global.module == "collections" && &*global.name == "OrderedDict"
}

/// Whether calling it makes something that takes items by key.
pub(super) fn is_mapping(global: &Global) -> bool {
    matches!(&*global.name, "OrderedDict" | "Counter" | "defaultdict" | "dict") && is_allowed(global)
}

/// Whether calling it makes something that takes values one by one.
pub(super) fn is_collection(global: &Global) -> bool {
    matches!(&*global.name, "deque" | "list" | "set") && is_allowed(global)
}

/// Whether `BUILD` may set the state of what calling it makes.
pub(super) fn takes_state(global: &Global) -> bool {
    match &*global.module {
        "collections"
        | "argparse"
        | "torch.nn.parameter"
        | "torch._utils"
        | "torch._tensor"
        | "numpy"
        | "numpy.core.multiarray"
        | "numpy._core.multiarray" => true,
        module => module.starts_with("numpy.dtypes") || is_torchscript_class(module),
    }
}

/// Classes of a TorchScript archive: data of its own `code/`, which the restoring side interprets and Python never imports.
fn is_torchscript_class(module: &str) -> bool {
    module == "__torch__" || module.starts_with("__torch__.")
}

fn is_plain_type(name: &str) -> bool {
    matches!(
        name,
        "set"
            | "frozenset"
            | "list"
            | "dict"
            | "tuple"
            | "int"
            | "float"
            | "bool"
            | "str"
            | "bytes"
            | "bytearray"
            | "complex"
    )
}

fn is_storage(name: &str) -> bool {
    name.ends_with("Storage") && is_identifier(name)
}

fn is_rebuilder(name: &str) -> bool {
    matches!(
        name,
        "_rebuild_tensor"
            | "_rebuild_tensor_v2"
            | "_rebuild_tensor_v3"
            | "_rebuild_parameter"
            | "_rebuild_parameter_with_state"
            | "_rebuild_qtensor"
            | "_rebuild_sparse_tensor"
            | "_rebuild_meta_tensor_no_storage"
            | "_rebuild_nested_tensor"
    )
}

fn is_torch_value(name: &str) -> bool {
    matches!(
        name,
        "Size"
            | "device"
            | "dtype"
            | "Tensor"
            | "strided"
            | "per_tensor_affine"
            | "per_channel_affine"
            | "per_tensor_symmetric"
            | "per_channel_symmetric"
            | "float32"
            | "float"
            | "float64"
            | "double"
            | "float16"
            | "half"
            | "bfloat16"
            | "float8_e4m3fn"
            | "float8_e5m2"
            | "float8_e4m3fnuz"
            | "float8_e5m2fnuz"
            | "uint8"
            | "uint16"
            | "uint32"
            | "uint64"
            | "int8"
            | "int16"
            | "short"
            | "int32"
            | "int"
            | "int64"
            | "long"
            | "bool"
            | "complex32"
            | "complex64"
            | "complex128"
            | "qint8"
            | "quint8"
            | "qint32"
    )
}

fn is_identifier(name: &str) -> bool {
    name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}
