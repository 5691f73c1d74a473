// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The stack machine: every opcode of protocols 0 to 5, none of which does anything but record.
//!
//! Stack, marks and memo behave as in CPython's `Modules/_pickle.c`, so that what is recorded is what would be called:
//! scanners that guess from neighbouring strings have been passed by again and again.

use std::collections::{BTreeSet, HashMap};
use std::io;

use super::allowed::{is_collection, is_mapping};
use super::calls::name;
use super::stream::{Stop, Stream};
use super::value::{Global, Id, Note, Pickle, Value};
use crate::changes::ReadAt;

const OPERATIONS: u64 = 16 << 20;
const VALUES: usize = 4 << 20;
const STACK: usize = 1 << 20;
const MARKS: usize = 10_000;
const MEMO: usize = 4 << 20;
/// Hazards kept of one pickle; one is enough to block.
pub(super) const HAZARDS: usize = 256;

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

pub(super) struct Machine<'a> {
    pub(super) stream: Stream<'a>,
    /// Offset of the opcode at work.
    pub(super) offset: u64,
    operations: u64,
    pub(super) values: Vec<Value>,
    stack: Vec<Id>,
    marks: Vec<usize>,
    memo: HashMap<u64, Id>,
    pub(super) notes: Vec<Note>,
    /// Names off the allow-list, with the offset at which they were first named.
    pub(super) named: Vec<(Global, u64)>,
    pub(super) noted: BTreeSet<String>,
    pub(super) called: BTreeSet<Global>,
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

    pub(super) fn add(&mut self, value: Value) -> Result<Id, Stop> {
        if self.values.len() >= VALUES {
            return Err(Stop::bad("more than 4 million values"));
        }
        self.values.push(value);
        Ok(Id(self.values.len() as u32 - 1))
    }

    pub(super) fn push(&mut self, value: Value) -> Result<(), Stop> {
        let id = self.add(value)?;
        self.push_id(id)
    }

    pub(super) fn push_id(&mut self, id: Id) -> Result<(), Stop> {
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

    pub(super) fn pop(&mut self) -> Result<Id, Stop> {
        if self.stack.len() <= self.fence() {
            return Err(Stop::bad("the stack has run empty"));
        }
        self.stack.pop().ok_or_else(|| Stop::bad("the stack has run empty"))
    }

    pub(super) fn peek(&self) -> Result<Id, Stop> {
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

    pub(super) fn pop_mark(&mut self) -> Result<Vec<Id>, Stop> {
        let mark = self.marks.pop().ok_or_else(|| Stop::bad("no mark to return to"))?;
        Ok(self.stack.split_off(mark.min(self.stack.len())))
    }
}

fn pairs(ids: &[Id]) -> Result<Vec<(Id, Id)>, Stop> {
    let (pairs, rest) = ids.as_chunks::<2>();
    if rest.is_empty() {
        Ok(pairs.iter().map(|[key, value]| (*key, *value)).collect())
    } else {
        Err(Stop::bad("a key without a value"))
    }
}
