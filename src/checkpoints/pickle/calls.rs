// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! Opcodes that name, call and set up objects, and what is to be said about them.
//!
//! In: the stack. Out: [`Object`] records, and a note for each call that does more than rebuild tensors.

use super::allowed::{is_allowed, is_factory, takes_state};
use super::machine::{HAZARDS, Machine};
use super::stream::Stop;
use super::value::{Global, Id, Note, Object, Value};

impl Machine<'_> {
    pub(super) fn global(&mut self, opcode: u8) -> Result<(), Stop> {
        let (module, name) = if opcode == b'c' {
            (self.stream.line()?, self.stream.line()?)
        } else {
            let (name, module) = (self.pop()?, self.pop()?);
            (self.held_text(module)?, self.held_text(name)?)
        };
        self.push_global(module, name)
    }

    fn push_global(&mut self, module: String, name: String) -> Result<(), Stop> {
        let global = Global { module: module.into(), name: name.into() };
        if !is_allowed(&global) && self.noted.len() < HAZARDS && self.noted.insert(format!("names {global}")) {
            self.named.push((global.clone(), self.offset));
        }
        self.push(Value::Global(Box::new(global)))
    }

    fn held_text(&self, id: Id) -> Result<String, Stop> {
        match self.values.get(id.0 as usize) {
            Some(Value::Str(text) | Value::ByteStr(_, Some(text))) => Ok(text.to_string()),
            _ => Err(Stop::bad("a module or name that is no text")),
        }
    }

    pub(super) fn call(&mut self, opcode: u8) -> Result<(), Stop> {
        let keywords = if opcode == 0x92 { Some(self.pop()?) } else { None };
        let (args, callable) = (self.pop()?, self.pop()?);
        self.make(callable, args)?;
        // Keyword arguments are kept as items: only classes off the allow-list are ever given any.
        if let Some(keywords) = keywords
            && let Some(Value::Dict(items)) = self.values.get(keywords.0 as usize)
            && !items.is_empty()
        {
            self.note("passes keyword arguments");
        }
        Ok(())
    }

    pub(super) fn instance(&mut self, opcode: u8) -> Result<(), Stop> {
        if opcode == b'i' {
            let (module, name) = (self.stream.line()?, self.stream.line()?);
            let args = self.pop_mark()?;
            self.push_global(module, name)?;
            let callable = self.pop()?;
            let args = self.add(Value::Tuple(args.into()))?;
            return self.make(callable, args);
        }
        let mut args = self.pop_mark()?;
        if args.is_empty() {
            return Err(Stop::bad("an instance of nothing"));
        }
        let callable = args.remove(0);
        let args = self.add(Value::Tuple(args.into()))?;
        self.make(callable, args)
    }

    /// Records a call and judges it.
    fn make(&mut self, callable: Id, args: Id) -> Result<(), Stop> {
        match self.resolve(callable) {
            Some(global) if is_allowed(&global) => self.judge_arguments(&global, args),
            Some(global) => {
                self.note(&format!("calls {global}"));
                self.called.insert(global);
            }
            None => {
                let made_by = self.class(callable);
                self.note(&format!("calls what {} returns", name(made_by.as_ref())));
            }
        }
        self.push(Value::Object(Box::new(Object {
            callable,
            args,
            state: None,
            items: Vec::new(),
            appended: Vec::new(),
        })))
    }

    /// Allowed callables that call one of their arguments.
    fn judge_arguments(&mut self, global: &Global, args: Id) {
        let is_judged = match &*global.name {
            "defaultdict" => is_factory,
            "_rebuild_from_type_v2" => is_allowed,
            _ => return,
        };
        let first = match self.values.get(args.0 as usize) {
            Some(Value::Tuple(ids)) => ids.first().copied(),
            _ => None,
        };
        let Some(first) = first else { return };
        match self.resolve(first) {
            Some(argument) if is_judged(&argument) => {}
            Some(argument) => {
                self.note(&format!("calls {argument}"));
                self.called.insert(argument);
            }
            None if self.values.get(first.0 as usize) == Some(&Value::None) => {}
            None => self.note(&format!("calls an argument of {global}")),
        }
    }

    pub(super) fn build(&mut self) -> Result<(), Stop> {
        let (state, target) = (self.pop()?, self.peek()?);
        let class = self.class(target);
        match self.values.get_mut(target.0 as usize) {
            Some(Value::Object(object)) => {
                object.state = Some(state);
                // A class off the allow-list has been noted when it was called.
                if class.as_ref().is_none_or(|class| is_allowed(class) && !takes_state(class)) {
                    self.note(&format!("sets the state of {}", name(class.as_ref())));
                }
                Ok(())
            }
            Some(Value::Global(global)) => {
                let what = format!("sets attributes of {global}");
                self.note(&what);
                Ok(())
            }
            _ => Err(Stop::bad("state is set on a plain value")),
        }
    }

    pub(super) fn persistent(&mut self, opcode: u8) -> Result<(), Stop> {
        let id = if opcode == b'Q' {
            self.pop()?
        } else {
            let line = self.stream.line()?;
            self.add(Value::Str(line.into()))?
        };
        self.push(Value::Persistent(id))
    }

    pub(super) fn extension(&mut self, opcode: u8) -> Result<(), Stop> {
        let code = self.length(1 << (opcode - 0x82))?;
        self.note(&format!("uses copyreg extension {code}"));
        self.push_global("copyreg".to_owned(), format!("extension {code}"))
    }

    /// The name behind a callable; the old `('module', class, …)` persistent ids stand for their class.
    fn resolve(&self, id: Id) -> Option<Global> {
        match self.values.get(id.0 as usize)? {
            Value::Global(global) => Some((**global).clone()),
            Value::Persistent(id) => match self.values.get(id.0 as usize)? {
                Value::Tuple(ids) => match self.values.get(ids.get(1)?.0 as usize)? {
                    Value::Global(global) => Some((**global).clone()),
                    _ => None,
                },
                _ => None,
            },
            _ => None,
        }
    }

    /// What an object was made by.
    pub(super) fn class(&self, id: Id) -> Option<Global> {
        match self.values.get(id.0 as usize)? {
            Value::Object(object) => self.resolve(object.callable),
            _ => None,
        }
    }

    pub(super) fn note(&mut self, what: &str) {
        if self.notes.len() < HAZARDS && self.noted.insert(what.to_owned()) {
            self.notes.push(Note { what: what.to_owned(), offset: self.offset });
        }
    }
}

/// The name of what made an object, for a sentence.
pub(super) fn name(class: Option<&Global>) -> String {
    class.map_or_else(|| "a value".to_owned(), ToString::to_string)
}
