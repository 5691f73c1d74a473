// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The stack machine: every opcode of protocols 0 to 5, none of which does anything but record.
//!
//! Stack, marks and memo behave as in CPython's `Modules/_pickle.c`, so that what is recorded is what would be called:
//! scanners that guess from neighbouring strings have been passed by again and again.

use std::collections::{BTreeSet, HashMap};
use std::io;

use super::allowed::{is_allowed, is_collection, is_factory, is_mapping, takes_state};
use super::stream::{Stop, Stream};
use super::value::{Global, Id, Note, Object, Pickle, Span, Value};
use crate::changes::ReadAt;

const OPERATIONS: u64 = 16 << 20;
const VALUES: usize = 4 << 20;
const STACK: usize = 1 << 20;
const MARKS: usize = 10_000;
const MEMO: usize = 4 << 20;
const HAZARDS: usize = 256;
const HELD_TEXT: u64 = 64 * 1024;
const HELD_BYTE_TEXT: u64 = 1024;
const INTEGER: u64 = 256;

/// Why a pickle could not be read to its end, and what it would have done by then: an unpickler that fails at this
/// byte has already made the calls before it.
#[derive(Debug)]
pub(in crate::checkpoints) struct Failure {
    /// Offset in the source at which reading stopped.
    pub(in crate::checkpoints) offset: u64,
    /// What is wrong.
    pub(in crate::checkpoints) reason: String,
    /// Whether the bytes ended inside the pickle.
    pub(in crate::checkpoints) truncated: bool,
    /// Opcodes read until then.
    pub(in crate::checkpoints) operations: u64,
    /// Calls found until then.
    pub(in crate::checkpoints) hazards: Vec<Note>,
    /// Set if the source failed, and not the bytes.
    pub(in crate::checkpoints) io: Option<io::Error>,
}

/// Reads one pickle from `start`, not past `end`.
pub(in crate::checkpoints) fn parse(source: &dyn ReadAt, start: u64, end: u64) -> Result<Pickle, Box<Failure>> {
    let mut machine = Machine::new(Stream::new(source, start, end));
    match machine.run() {
        Ok(root) => {
            let end = machine.stream.position();
            let hazards = machine.hazards();
            Ok(Pickle { values: machine.values, root, end, hazards })
        }
        Err(stop) => {
            let hazards = machine.hazards();
            let truncated = matches!(stop, Stop::End);
            let (reason, io) = match stop {
                Stop::End => ("the pickle has no end".to_owned(), None),
                Stop::Io(error) => (error.to_string(), Some(error)),
                Stop::Bad(reason) => (reason, None),
            };
            let (offset, operations) = (machine.stream.position(), machine.operations);
            Err(Box::new(Failure { offset, reason, truncated, operations, hazards, io }))
        }
    }
}

struct Machine<'a> {
    stream: Stream<'a>,
    /// Offset of the opcode at work.
    offset: u64,
    operations: u64,
    values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    notes: Vec<Note>,
    /// Names off the allow-list, with the offset at which they were first named.
    named: Vec<(Global, u64)>,
    noted: BTreeSet<String>,
    called: BTreeSet<Global>,
}

impl<'a> Machine<'a> {
    fn new(stream: Stream<'a>) -> Self {
        Self {
            offset: stream.position(),
            stream,
            operations: 0,
            values: Vec::new(),
            stack: Vec::new(),
            marks: Vec::new(),
            memo: HashMap::new(),
            notes: Vec::new(),
            named: Vec::new(),
            noted: BTreeSet::new(),
            called: BTreeSet::new(),
        }
    }

    fn run(&mut self) -> Result<Id, Stop> {
        loop {
            self.offset = self.stream.position();
            let opcode = self.stream.byte()?;
            if opcode == b'.' {
                return self.pop();
            }
            self.operations += 1;
            if self.operations > OPERATIONS {
                return Err(Stop::bad("more than 16 million operations"));
            }
            self.step(opcode)?;
        }
    }

    /// Calls first, in stream order, then names that were never called.
    fn hazards(&mut self) -> Vec<Note> {
        let mut notes = std::mem::take(&mut self.notes);
        for (global, offset) in &self.named {
            if !self.called.contains(global) && notes.len() < HAZARDS {
                notes.push(Note { what: format!("names {global}"), offset: *offset });
            }
        }
        notes
    }

    fn step(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            0x80 => match self.stream.byte()? {
                0..=5 => Ok(()),
                version => Err(Stop::bad(format!("unknown pickle protocol {version}"))),
            },
            0x95 => self.stream.array::<8>().map(|_| ()),
            b'(' => self.mark(),
            b'0' => self.discard(),
            b'1' => self.pop_mark().map(|_| ()),
            b'2' => self.peek().and_then(|top| self.push_id(top)),
            b'N' => self.push(Value::None),
            0x88 => self.push(Value::Bool(true)),
            0x89 => self.push(Value::Bool(false)),
            b'I' | b'J' | b'K' | b'M' | b'L' | 0x8a | 0x8b => self.integer(opcode),
            b'F' | b'G' => self.float(opcode),
            b'S' | b'V' | b'T' | b'U' | b'X' | 0x8c | 0x8d => self.string(opcode),
            b'B' | b'C' | 0x8e | 0x96 => self.byte_string(opcode),
            0x97 => Err(Stop::bad("an out-of-band buffer, which a file cannot hold")),
            0x98 => self.peek().map(|_| ()),
            b')' | b't' | 0x85..=0x87 => self.tuple(opcode),
            b']' | b'l' => self.list(opcode),
            b'}' | b'd' => self.dict(opcode),
            0x8f | 0x91 => self.set(opcode),
            b'a' | b'e' | 0x90 => self.append(opcode),
            b's' | b'u' => self.set_items(opcode),
            b'g' | b'h' | b'j' => self.get(opcode),
            b'p' | b'q' | b'r' | 0x94 => self.put(opcode),
            b'c' | 0x93 => self.global(opcode),
            b'R' | 0x81 | 0x92 => self.call(opcode),
            b'i' | b'o' => self.instance(opcode),
            b'b' => self.build(),
            b'P' | b'Q' => self.persistent(opcode),
            0x82..=0x84 => self.extension(opcode),
            _ => Err(Stop::bad(format!("unknown opcode 0x{opcode:02x}"))),
        }
    }

    fn integer(&mut self, opcode: u8) -> Result<(), Stop> {
        let value = match opcode {
            b'J' => Value::Int(i64::from(i32::from_le_bytes(self.stream.array()?))),
            b'K' => Value::Int(i64::from(self.stream.byte()?)),
            b'M' => Value::Int(i64::from(u16::from_le_bytes(self.stream.array()?))),
            b'I' | b'L' => {
                let line = self.stream.line()?;
                match (opcode, line.as_str()) {
                    (b'I', "00") => Value::Bool(false),
                    (b'I', "01") => Value::Bool(true),
                    _ => decimal(line.strip_suffix('L').unwrap_or(&line))?,
                }
            }
            _ => {
                let len = if opcode == 0x8a {
                    u64::from(self.stream.byte()?)
                } else {
                    u64::from(u32::from_le_bytes(self.stream.array()?))
                };
                if len > INTEGER {
                    return Err(Stop::bad("an integer is longer than 256 bytes"));
                }
                long(&self.stream.bytes(len)?)
            }
        };
        self.push(value)
    }

    fn float(&mut self, opcode: u8) -> Result<(), Stop> {
        let number = if opcode == b'G' {
            f64::from_be_bytes(self.stream.array()?)
        } else {
            self.stream.line()?.parse().map_err(|_| Stop::bad("a float that is not a number"))?
        };
        self.push(Value::Float(number))
    }

    fn string(&mut self, opcode: u8) -> Result<(), Stop> {
        match opcode {
            b'S' => {
                let line = self.stream.line()?;
                let quoted = [b'\'', b'"'].iter().any(|quote| {
                    line.len() >= 2 && line.as_bytes().first() == Some(quote) && line.as_bytes().last() == Some(quote)
                });
                if !quoted || line.contains('\\') {
                    return Err(Stop::bad("a quoted string with escapes or without quotes"));
                }
                let text = line.get(1..line.len() - 1).unwrap_or_default();
                self.push(Value::Str(text.into()))
            }
            b'V' => {
                let line = self.stream.line()?;
                if line.contains('\\') {
                    return Err(Stop::bad("a string with escapes"));
                }
                self.push(Value::Str(line.into()))
            }
            b'T' | b'U' => {
                let len = self.length(if opcode == b'T' { 4 } else { 1 })?;
                let offset = self.stream.position();
                if len > HELD_BYTE_TEXT {
                    let span = self.stream.skip(len)?;
                    return self.push(Value::ByteStr(span, None));
                }
                let text = String::from_utf8(self.stream.bytes(len)?).ok().map(String::into_boxed_str);
                self.push(Value::ByteStr(Span { offset, len }, text))
            }
            _ => {
                let len = self.length(match opcode {
                    b'X' => 4,
                    0x8c => 1,
                    _ => 8,
                })?;
                if len > HELD_TEXT {
                    let span = self.stream.skip(len)?;
                    return self.push(Value::LongStr(span));
                }
                // Lone surrogates are legal here and in no name that matters; replaced, they match nothing.
                let text = String::from_utf8_lossy(&self.stream.bytes(len)?).into_owned();
                self.push(Value::Str(text.into()))
            }
        }
    }

    fn byte_string(&mut self, opcode: u8) -> Result<(), Stop> {
        let len = self.length(match opcode {
            b'C' => 1,
            b'B' => 4,
            _ => 8,
        })?;
        let span = self.stream.skip(len)?;
        self.push(Value::Bytes(span))
    }

    fn tuple(&mut self, opcode: u8) -> Result<(), Stop> {
        let ids = match opcode {
            b')' => Vec::new(),
            b't' => self.pop_mark()?,
            _ => {
                let mut ids = (0..=opcode - 0x85).map(|_| self.pop()).collect::<Result<Vec<_>, _>>()?;
                ids.reverse();
                ids
            }
        };
        self.push(Value::Tuple(ids.into()))
    }

    fn list(&mut self, opcode: u8) -> Result<(), Stop> {
        let ids = if opcode == b']' { Vec::new() } else { self.pop_mark()? };
        self.push(Value::List(ids))
    }

    fn dict(&mut self, opcode: u8) -> Result<(), Stop> {
        let items = if opcode == b'}' { Vec::new() } else { pairs(&self.pop_mark()?)? };
        self.push(Value::Dict(items))
    }

    fn set(&mut self, opcode: u8) -> Result<(), Stop> {
        let ids = if opcode == 0x8f { Vec::new() } else { self.pop_mark()? };
        self.push(Value::Set(ids))
    }

    fn append(&mut self, opcode: u8) -> Result<(), Stop> {
        let mut added = if opcode == b'a' { vec![self.pop()?] } else { self.pop_mark()? };
        let target = self.peek()?;
        let is_add = opcode == 0x90;
        let class = self.class(target);
        match self.values.get_mut(target.0 as usize) {
            Some(Value::List(ids)) if !is_add => ids.append(&mut added),
            Some(Value::Set(ids)) if is_add => ids.append(&mut added),
            Some(Value::Object(object)) => {
                object.appended.append(&mut added);
                if !class.as_ref().is_some_and(is_collection) {
                    self.note(&format!("appends to {}", name(class.as_ref())));
                }
            }
            _ => return Err(Stop::bad("values are appended to something that is no list")),
        }
        Ok(())
    }

    fn set_items(&mut self, opcode: u8) -> Result<(), Stop> {
        let mut items = if opcode == b's' {
            let (value, key) = (self.pop()?, self.pop()?);
            vec![(key, value)]
        } else {
            pairs(&self.pop_mark()?)?
        };
        let target = self.peek()?;
        let class = self.class(target);
        match self.values.get_mut(target.0 as usize) {
            Some(Value::Dict(held)) => held.append(&mut items),
            Some(Value::Object(object)) => {
                object.items.append(&mut items);
                // Setting items of a tensor or a storage writes to memory (CVE-2026-24747).
                if !class.as_ref().is_some_and(is_mapping) {
                    self.note(&format!("sets items of {}", name(class.as_ref())));
                }
            }
            _ => return Err(Stop::bad("items are set on something that is no dict")),
        }
        Ok(())
    }

    fn get(&mut self, opcode: u8) -> Result<(), Stop> {
        let key = self.memo_key(opcode)?;
        let id = *self.memo.get(&key).ok_or_else(|| Stop::bad(format!("memo {key} was never set")))?;
        self.push_id(id)
    }

    fn put(&mut self, opcode: u8) -> Result<(), Stop> {
        let key = if opcode == 0x94 { self.memo.len() as u64 } else { self.memo_key(opcode)? };
        let top = self.peek()?;
        if self.memo.len() >= MEMO {
            return Err(Stop::bad("more than 4 million memo entries"));
        }
        self.memo.insert(key, top);
        Ok(())
    }

    fn memo_key(&mut self, opcode: u8) -> Result<u64, Stop> {
        match opcode {
            b'h' | b'q' => Ok(u64::from(self.stream.byte()?)),
            b'j' | b'r' => Ok(u64::from(u32::from_le_bytes(self.stream.array()?))),
            _ => self.stream.line()?.trim().parse().map_err(|_| Stop::bad("a memo key that is no number")),
        }
    }

    fn global(&mut self, opcode: u8) -> Result<(), Stop> {
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

    fn call(&mut self, opcode: u8) -> Result<(), Stop> {
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

    fn instance(&mut self, opcode: u8) -> Result<(), Stop> {
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

    fn build(&mut self) -> Result<(), Stop> {
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

    fn persistent(&mut self, opcode: u8) -> Result<(), Stop> {
        let id = if opcode == b'Q' {
            self.pop()?
        } else {
            let line = self.stream.line()?;
            self.add(Value::Str(line.into()))?
        };
        self.push(Value::Persistent(id))
    }

    fn extension(&mut self, opcode: u8) -> Result<(), Stop> {
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
    fn class(&self, id: Id) -> Option<Global> {
        match self.values.get(id.0 as usize)? {
            Value::Object(object) => self.resolve(object.callable),
            _ => None,
        }
    }

    fn note(&mut self, what: &str) {
        if self.notes.len() < HAZARDS && self.noted.insert(what.to_owned()) {
            self.notes.push(Note { what: what.to_owned(), offset: self.offset });
        }
    }

    /// A little-endian length of 1, 2, 4 or 8 bytes.
    fn length(&mut self, width: u8) -> Result<u64, Stop> {
        Ok(match width {
            1 => u64::from(self.stream.byte()?),
            2 => u64::from(u16::from_le_bytes(self.stream.array()?)),
            4 => u64::from(u32::from_le_bytes(self.stream.array()?)),
            _ => u64::from_le_bytes(self.stream.array()?),
        })
    }

    fn add(&mut self, value: Value) -> Result<Id, Stop> {
        if self.values.len() >= VALUES {
            return Err(Stop::bad("more than 4 million values"));
        }
        self.values.push(value);
        Ok(Id(self.values.len() as u32 - 1))
    }

    fn push(&mut self, value: Value) -> Result<(), Stop> {
        let id = self.add(value)?;
        self.push_id(id)
    }

    fn push_id(&mut self, id: Id) -> Result<(), Stop> {
        if self.stack.len() >= STACK {
            return Err(Stop::bad("more than a million values on the stack"));
        }
        self.stack.push(id);
        Ok(())
    }

    fn mark(&mut self) -> Result<(), Stop> {
        if self.marks.len() >= MARKS {
            return Err(Stop::bad("more than 10,000 open marks"));
        }
        self.marks.push(self.stack.len());
        Ok(())
    }

    /// Height of the stack below which only the last mark may reach.
    fn fence(&self) -> usize {
        self.marks.last().copied().unwrap_or(0)
    }

    fn pop(&mut self) -> Result<Id, Stop> {
        if self.stack.len() <= self.fence() {
            return Err(Stop::bad("the stack has run empty"));
        }
        self.stack.pop().ok_or_else(|| Stop::bad("the stack has run empty"))
    }

    fn peek(&self) -> Result<Id, Stop> {
        if self.stack.len() <= self.fence() {
            return Err(Stop::bad("the stack has run empty"));
        }
        self.stack.last().copied().ok_or_else(|| Stop::bad("the stack has run empty"))
    }

    /// `POP` also takes a mark off when nothing stands above it.
    fn discard(&mut self) -> Result<(), Stop> {
        if !self.marks.is_empty() && self.stack.len() == self.fence() {
            self.marks.pop();
            return Ok(());
        }
        self.pop().map(|_| ())
    }

    fn pop_mark(&mut self) -> Result<Vec<Id>, Stop> {
        let mark = self.marks.pop().ok_or_else(|| Stop::bad("no mark to return to"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }
}

fn name(class: Option<&Global>) -> String {
    class.map_or_else(|| "a value".to_owned(), ToString::to_string)
}

fn pairs(ids: &[Id]) -> Result<Vec<(Id, Id)>, Stop> {
    let (pairs, rest) = ids.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    } else {
        Err(Stop::bad("a key without a value"))
    }
}

fn decimal(text: &str) -> Result<Value, Stop> {
    let number: i128 = text.trim().parse().map_err(|_| Stop::bad("an integer that is not a number"))?;
    Ok(long(&number.to_le_bytes()))
}

/// Two's complement, little-endian, with redundant sign bytes dropped.
fn long(bytes: &[u8]) -> Value {
    let is_negative = bytes.last().is_some_and(|byte| byte & 0x80 != 0);
    let filler = if is_negative { 0xff } else { 0 };
    if bytes.get(8..).is_none_or(|rest| rest.iter().all(|byte| *byte == filler)) {
        let mut word = [filler; 8];
        for (to, from) in word.iter_mut().zip(bytes) {
            *to = *from;
        }
        let number = i64::from_le_bytes(word);
        if (number < 0) == is_negative {
            return Value::Int(number);
        }
    }
    let mut kept = bytes;
    while let [head @ .., last] = kept
        && *last == filler
        && head.last().is_some_and(|byte| (byte & 0x80 != 0) == is_negative)
    {
        kept = head;
    }
    Value::BigInt(kept.into())
}
