// SPDX-FileCopyrightText: 2026 The forebear authors
// SPDX-License-Identifier: Apache-2.0
//! The stack machine against pickles written by hand: what is built, what is noted, and that any bytes end.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests")]

use proptest::prelude::*;

use super::*;
use crate::changes::Content;

fn read(bytes: &[u8]) -> Result<Pickle, Box<Failure>> {
    let source = Content::memory(bytes.to_vec()).open().unwrap();
    parse(&*source, 0, source.size())
}

fn hazards(bytes: &[u8]) -> Vec<String> {
    let notes = match read(bytes) {
        Ok(pickle) => pickle.hazards,
        Err(failure) => failure.hazards,
    };
    notes.into_iter().map(|note| note.what).collect()
}

#[test]
fn containers_and_scalars_are_built() {
    // {'a': [1, -2, 2.5], 'b': (True, None)} in protocol 2.
    let bytes = b"\x80\x02}q\x00(X\x01\x00\x00\x00a]q\x01(K\x01J\xfe\xff\xff\xffG@\x04\x00\x00\x00\x00\x00\x00eX\x01\x00\x00\x00b\x88N\x86u.";
    let pickle = read(bytes).unwrap();
    let Value::Dict(items) = pickle.value(pickle.root) else { panic!("no dict") };
    assert_eq!(pickle.text(items[0].0), Some("a"));
    let values: Vec<_> = pickle.sequence(items[0].1).unwrap().iter().map(|id| pickle.value(*id).clone()).collect();
    assert_eq!(values, [Value::Int(1), Value::Int(-2), Value::Float(2.5)]);
    let values: Vec<_> = pickle.sequence(items[1].1).unwrap().iter().map(|id| pickle.value(*id).clone()).collect();
    assert_eq!(values, [Value::Bool(true), Value::None]);
    assert_eq!(pickle.end, bytes.len() as u64);
    assert!(pickle.hazards.is_empty());
}

#[test]
fn the_memo_shares_what_is_changed_later() {
    // x = []; y = (x, x) by way of the memo; x.append(7).
    let pickle = read(b"\x80\x02]q\x00h\x00\x86h\x00K\x07a0.").unwrap();
    let pair = pickle.sequence(pickle.root).unwrap();
    assert_eq!(pair[0], pair[1]);
    let inner = pickle.sequence(pair[1]).unwrap();
    assert_eq!(pickle.value(inner[0]), &Value::Int(7));
}

#[test]
fn long_integers_keep_their_value() {
    let magic = read(b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19.").unwrap();
    assert_eq!(magic.value(magic.root), &Value::BigInt((*b"l\xfc\x9cF\xf9 j\xa8P\x19").into()));
    let same = read(b"L119547037146038801333356L\n.").unwrap();
    assert_eq!(same.value(same.root), magic.value(magic.root));
    let small = read(b"\x80\x02\x8a\x01\xff.").unwrap();
    assert_eq!(small.value(small.root), &Value::Int(-1));
    let wide = read(b"\x80\x02\x8a\x09\xff\xff\xff\xff\xff\xff\xff\xff\x00.").unwrap();
    assert!(matches!(wide.value(wide.root), Value::BigInt(bytes) if bytes.len() == 9));
}

#[test]
fn every_way_to_call_is_noted() {
    let ways: [&[u8]; 9] = [
        b"\x80\x02cos\nsystem\nX\x02\x00\x00\x00id\x85R.",
        b"cos\nsystem\n(S'id'\ntR.",
        b"(S'id'\nios\nsystem\n.",
        b"(cos\nsystem\nS'id'\no.",
        b"\x80\x02cos\nsystem\n)\x81.",
        b"\x80\x04\x8c\x02os\x8c\x06system\x93)}\x92.",
        // The names reach the stack by way of the memo, with others in between.
        b"\x80\x04\x8c\x02os\x94\x8c\x06system\x940\x8c\x05torch0h\x01\x93)R.",
        // A broken end does not unmake the call.
        b"\x80\x02cos\nsystem\n)R\xff",
        b"\x80\x02cos\nsystem\n)R",
    ];
    for way in ways {
        assert_eq!(hazards(way), ["calls os.system"], "{}", String::from_utf8_lossy(way));
    }
}

#[test]
fn a_name_that_is_never_called_is_noted_too() {
    assert_eq!(hazards(b"\x80\x02cbuiltins\neval\n."), ["names builtins.eval"]);
}

#[test]
fn calls_in_disguise_are_noted() {
    // The result of an allowed call is called.
    let chained = b"\x80\x02ccollections\nOrderedDict\n)R)R.";
    assert_eq!(hazards(chained), ["calls what collections.OrderedDict returns"]);
    // A factory that defaultdict would call.
    let factory = b"\x80\x02ccollections\ndefaultdict\ncos\nsystem\n\x85R.";
    assert_eq!(hazards(factory), ["calls os.system"]);
    // State set on a function, and on what takes none.
    assert_eq!(hazards(b"\x80\x02ctorch\nSize\n}b."), ["sets attributes of torch.Size"]);
    assert_eq!(hazards(b"\x80\x02ctorch\nSize\n)\x85R}b."), ["sets the state of torch.Size"]);
    // Items set on a storage (CVE-2026-24747), values appended to a tensor.
    assert_eq!(hazards(b"\x80\x02ctorch\nFloatStorage\nK\x01\x85RK\x00K\x01s."), ["sets items of torch.FloatStorage"]);
    assert_eq!(
        hazards(b"\x80\x02ctorch._utils\n_rebuild_tensor\n)RK\x01a."),
        ["appends to torch._utils._rebuild_tensor"]
    );
    // The nested loader of torch is off the list.
    let nested = b"\x80\x02ctorch.storage\n_load_from_bytes\nC\x01x\x85R.";
    assert_eq!(hazards(nested), ["calls torch.storage._load_from_bytes"]);
    assert_eq!(hazards(b"\x80\x02\x82\x07)R."), ["uses copyreg extension 7", "calls copyreg.extension 7"]);
}

#[test]
fn honest_checkpoints_raise_nothing() {
    let ordered =
        b"\x80\x02ccollections\nOrderedDict\nq\x00)Rq\x01X\x01\x00\x00\x00aK\x01s}X\x09\x00\x00\x00_metadataNsb.";
    assert_eq!(hazards(ordered), [""; 0]);
    let counted = b"\x80\x02ccollections\ndefaultdict\nc__builtin__\nlist\n\x85R.";
    assert_eq!(hazards(counted), [""; 0]);
}

#[test]
fn what_cannot_be_is_an_error() {
    let impossible: [&[u8]; 9] = [
        b"",
        b".",
        b"\x80\x09N.",
        b"\x80\x02h\x00.",
        b"\x80\x02(K\x01\x86.",
        b"\x80\x02K\x01K\x02a.",
        b"\x80\x02K\x01K\x02K\x03s.",
        b"\x80\x04K\x01K\x02\x93.",
        b"\x80\x02X\xff\xff\xff\xffab.",
    ];
    for bytes in impossible {
        assert!(read(bytes).is_err(), "{bytes:?}");
    }
}

#[test]
fn long_byte_strings_stay_where_they_are() {
    let mut bytes = b"\x80\x03B\x10\x00\x00\x00".to_vec();
    bytes.extend([5; 16]);
    bytes.push(b'.');
    let pickle = read(&bytes).unwrap();
    assert_eq!(pickle.value(pickle.root), &Value::Bytes(Span { offset: 7, len: 16 }));
}

fn opcode_soup() -> impl Strategy<Value = Vec<u8>> {
    let opcodes = b"(.012BCFGIJKLMNPQRSTUVX]abcdeghijlopqrstu)}\x80\x81\x82\x85\x86\x87\x88\x89\x8a\x8c\x8f\x90\x91\x92\x93\x94\x95\n1os";
    proptest::collection::vec(prop_oneof![4 => proptest::sample::select(opcodes.to_vec()), 1 => any::<u8>()], 0..200)
}

proptest! {
    #[test]
    fn any_opcodes_give_a_value_or_an_error(bytes in opcode_soup()) {
        let values = match read(&bytes) {
            Ok(pickle) => pickle.len(),
            Err(failure) => failure.operations as usize,
        };
        prop_assert!(values <= 2 * bytes.len());
    }
}
