// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! An unpickled object tree → the tensors in it, under dotted names.
//!
//! In: a [`Pickle`]. Out: [`View`]s of storages and [`Array`]s, in the order in which they stand. Containers that are
//! shared are walked once, so the work is bounded by the pickle's length.

use super::super::Dtype;
use super::super::pickle::{Id, Object, Pickle, Span, Value};

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

struct Step {
    id: Id,
    name: String,
    depth: usize,
}

pub(super) struct Walk<'a> {
    pub(super) pickle: &'a Pickle,
    pub(super) found: Found,
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
}

fn numbered(ids: &[Id], name: &str) -> Vec<(Id, String)> {
    ids.iter().enumerate().map(|(index, id)| (*id, join(name, &index.to_string()))).collect()
}

fn join(prefix: &str, key: &str) -> String {
    let prefix: String = prefix.chars().take(NAME).collect();
    if prefix.is_empty() { key.to_owned() } else { format!("{prefix}.{key}") }
}
