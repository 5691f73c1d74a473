// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! What a pickle holds once read: an arena of values that point at one another by [`Id`].

/// Index of a value in [`Pickle::values`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(in crate::checkpoints) struct Id(pub(super) u32);

impl Id {
    /// The index.
    pub(in crate::checkpoints) fn index(self) -> usize {
        self.0 as usize
    }
}

/// A run of bytes of the source the pickle was read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::checkpoints) struct Span {
    /// Offset in the source.
    pub(in crate::checkpoints) offset: u64,
    /// Length in bytes.
    pub(in crate::checkpoints) len: u64,
}

/// One value. Long strings and all byte strings stay where they are and are named by [`Span`].
#[derive(Clone, Debug, PartialEq)]
pub(in crate::checkpoints) enum Value {
    None,
    Bool(bool),
    Int(i64),
    /// Two's complement, little-endian; longer than eight bytes.
    BigInt(Box<[u8]>),
    Float(f64),
    Str(Box<str>),
    /// A string too long to hold.
    LongStr(Span),
    Bytes(Span),
    /// A Python 2 `str`: bytes that are text when they are short and read as UTF-8.
    ByteStr(Span, Option<Box<str>>),
    Tuple(Box<[Id]>),
    List(Vec<Id>),
    Dict(Vec<(Id, Id)>),
    Set(Vec<Id>),
    Global(Box<Global>),
    Object(Box<Object>),
    /// A persistent id: what it points to is stored outside the pickle.
    Persistent(Id),
}

/// A name the unpickler would import.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(in crate::checkpoints) struct Global {
    /// Module, e.g. `torch._utils`.
    pub(in crate::checkpoints) module: Box<str>,
    /// Name in it, e.g. `_rebuild_tensor_v2`.
    pub(in crate::checkpoints) name: Box<str>,
}

impl std::fmt::Display for Global {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}.{}", self.module.escape_debug(), self.name.escape_debug())
    }
}

/// What a call would have made, and what would have been done to it since.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::checkpoints) struct Object {
    /// What would be called: a [`Value::Global`] in every honest checkpoint.
    pub(in crate::checkpoints) callable: Id,
    /// Arguments: a tuple.
    pub(in crate::checkpoints) args: Id,
    /// Last state given by `BUILD`.
    pub(in crate::checkpoints) state: Option<Id>,
    /// Items set by `SETITEM(S)`.
    pub(in crate::checkpoints) items: Vec<(Id, Id)>,
    /// Values appended or added.
    pub(in crate::checkpoints) appended: Vec<Id>,
}

/// Something a pickle would do beyond rebuilding tensors.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::checkpoints) struct Note {
    /// What, e.g. `calls os.system`.
    pub(in crate::checkpoints) what: String,
    /// Offset of the opcode in the source.
    pub(in crate::checkpoints) offset: u64,
}

/// A pickle that was read to its end.
#[derive(Clone, Debug)]
pub(in crate::checkpoints) struct Pickle {
    pub(super) values: Vec<Value>,
    /// The value it would return.
    pub(in crate::checkpoints) root: Id,
    /// Offset of the first byte after it in the source.
    pub(in crate::checkpoints) end: u64,
    /// What it would do beyond rebuilding tensors.
    pub(in crate::checkpoints) hazards: Vec<Note>,
}

impl Pickle {
    /// The value with this id.
    pub(in crate::checkpoints) fn value(&self, id: Id) -> &Value {
        const ABSENT: &Value = &Value::None;
        self.values.get(id.0 as usize).unwrap_or(ABSENT)
    }

    /// Number of values, an exclusive bound of every id.
    pub(in crate::checkpoints) fn len(&self) -> usize {
        self.values.len()
    }

    /// What every persistent id of the pickle points to, in order of appearance.
    pub(in crate::checkpoints) fn persistent_ids(&self) -> impl Iterator<Item = Id> {
        self.values.iter().filter_map(|value| match value {
            Value::Persistent(id) => Some(*id),
            _ => None,
        })
    }

    /// Text, if the value is text short enough to hold.
    pub(in crate::checkpoints) fn text(&self, id: Id) -> Option<&str> {
        match self.value(id) {
            Value::Str(text) | Value::ByteStr(_, Some(text)) => Some(text),
            _ => None,
        }
    }

    /// A number that is not negative.
    pub(in crate::checkpoints) fn natural(&self, id: Id) -> Option<u64> {
        match self.value(id) {
            Value::Int(number) => u64::try_from(*number).ok(),
            Value::Bool(flag) => Some(u64::from(*flag)),
            _ => None,
        }
    }

    /// Members of a tuple or list, also of one that was made by calling `torch.Size`.
    pub(in crate::checkpoints) fn sequence(&self, id: Id) -> Option<&[Id]> {
        match self.value(id) {
            Value::Tuple(ids) => Some(ids),
            Value::List(ids) => Some(ids),
            Value::Object(object) if self.global(object.callable).is_some_and(|global| &*global.name == "Size") => {
                match self.value(object.args) {
                    Value::Tuple(args) => match args.first().map(|first| self.value(*first)) {
                        Some(Value::Tuple(ids)) => Some(ids),
                        Some(Value::List(ids)) => Some(ids),
                        _ => None,
                    },
                    _ => None,
                }
            }
            _ => None,
        }
    }

    /// The name, if the value is one.
    pub(in crate::checkpoints) fn global(&self, id: Id) -> Option<&Global> {
        match self.value(id) {
            Value::Global(global) => Some(global),
            _ => None,
        }
    }
}
