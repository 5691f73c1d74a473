#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Writes the first seeds of every fuzz target: tiny whole files of each format, and nothing but the standard library.

In: the folder of the seeds, and this repository for its policy and licenses. Out: FOLDER/TARGET/seed-N. What the long
run adds to them is kept in fuzz/corpus."""

import base64
import bz2
import gzip
import io
import json
import lzma
import pickle
import struct
import sys
import tarfile
import zipfile
import zlib
from collections import OrderedDict
from pathlib import Path

TOP = Path(__file__).resolve().parent.parent
DIGEST = "9042fc5ea13583008b7a600798c0f11e87eaf3861c3ff62de31fd677db612003"


def tensors(**shapes):
    """A safetensors header."""
    header, at = {"__metadata__": {"format": "pt"}}, 0
    for name, (dtype, shape, size) in shapes.items():
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [at, at + size]}
        at += size
    return json.dumps(header, separators=(",", ":")).encode()


def text(value):
    return struct.pack("<Q", len(value)) + value.encode()


def gguf():
    keys = [("general.architecture", 8, text("llama")), ("llama.block_count", 4, struct.pack("<I", 1)),
            ("llama.embedding_length", 4, struct.pack("<I", 32)),
            ("tokenizer.ggml.model", 8, text("gpt2")),
            ("tokenizer.ggml.tokens", 9, struct.pack("<IQ", 8, 3) + text("a") + text("b") + text("ab")),
            ("tokenizer.ggml.merges", 9, struct.pack("<IQ", 8, 1) + text("a b"))]
    body = b"".join(text(name) + struct.pack("<I", kind) + value for name, kind, value in keys)
    body += text("blk.0.attn_q.weight") + struct.pack("<IQQIQ", 2, 32, 2, 8, 0)
    body += text("output_norm.weight") + struct.pack("<IQIQ", 1, 32, 0, 96)
    head = b"GGUF" + struct.pack("<IQQ", 3, 2, len(keys)) + body
    return head + b"\0" * (-len(head) % 32) + bytes(96) + bytes(128)


class Raw:
    """Opcodes by hand, because the modules they name are not there to be pickled."""

    def __init__(self):
        self.bytes = b"\x80\x02"

    def to(self, more):
        self.bytes += more
        return self

    def name(self, module, name):
        return self.to(f"c{module}\n{name}\n".encode())

    def word(self, value):
        return self.to(b"X" + struct.pack("<I", len(value)) + value.encode())


def torch_pickle():
    raw = Raw().to(b"}(").word("weight").name("torch._utils", "_rebuild_tensor_v2").to(b"((")
    raw.word("storage").name("torch", "FloatStorage").word("0").word("cpu").to(b"K\x04tQK\x00K\x02K\x02\x86K\x02K\x01\x86\x89")
    return raw.name("collections", "OrderedDict").to(b")RtRu.").bytes


def zipped(members, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name, (1980, 1, 1, 0, 0, 0)), content, method)
    return out.getvalue()


def tarred(members):
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return out.getvalue()


def varint(value):
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number, content):
    if isinstance(content, int):
        return varint(number << 3) + varint(content)
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx(location):
    raw = field(1, 2) + field(1, 2) + field(2, 1) + field(8, b"w") + field(9, struct.pack("<4f", 1, 2, 3, 4))
    entry = lambda key, value: field(13, field(1, key.encode()) + field(2, value.encode()))  # noqa: E731
    outside = field(1, 4) + field(2, 1) + field(8, b"v") + field(14, 1) + entry("location", location) + entry("length", "16")
    node = field(1, b"x") + field(1, b"w") + field(2, b"y") + field(4, b"MatMul")
    graph = field(1, node) + field(2, b"g") + field(5, raw) + field(5, outside)
    return field(1, 8) + field(2, b"torch") + field(7, graph) + field(8, field(2, 17))


def sentencepiece():
    pieces = [("<unk>", 2), ("<s>", 3), ("\u2581a", 1), ("b", 1), ("<0x0A>", 6)]
    return b"".join(field(1, field(1, p.encode()) + b"\x15" + struct.pack("<f", -1.0) + field(3, k)) for p, k in pieces)


def npy_header(shape, descr="<f4"):
    return f"{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()


def string(value):
    return struct.pack(">I", len(value)) + value


def sshsig():
    return b"SSHSIG" + struct.pack(">I", 1) + string(b"key") + string(b"file") + string(b"") + string(b"sha512") + string(b"sig")


def armored(raw):
    return b"-----BEGIN SSH SIGNATURE-----\n" + base64.b64encode(raw) + b"\n-----END SSH SIGNATURE-----\n"


STATEMENT = json.dumps({
    "_type": "https://in-toto.io/Statement/v1", "subject": [{"name": "m", "digest": {"sha256": DIGEST}}],
    "predicateType": "https://model_signing/signature/v1.0",
    "predicate": {"resources": [{"name": "model.safetensors", "algorithm": "sha256", "digest": DIGEST}]}}).encode()
ENVELOPE = json.dumps({"payloadType": "application/vnd.in-toto+json", "payload": base64.b64encode(STATEMENT).decode(),
                       "signatures": [{"keyid": "", "sig": base64.b64encode(sshsig()).decode()}]}).encode()
LORA = tensors(**{
    "base_model.model.model.layers.0.self_attn.q_proj.lora_A.weight": ("F32", [2, 8], 64),
    "base_model.model.model.layers.0.self_attn.q_proj.lora_B.weight": ("F32", [4, 2], 32)})
LORA_CONFIG = b'{"peft_type":"LORA","r":2,"lora_alpha":4,"use_rslora":false,"base_model_name_or_path":"acme/base"}'
GPTQ = tensors(**{"q.qweight": ("I32", [1, 8], 32), "q.qzeros": ("I32", [1, 1], 4), "q.scales": ("F16", [1, 8], 16),
                  "q.g_idx": ("I32", [8], 32)})
CARD = b"""---
license: llama3.1
base_model:
- meta-llama/Llama-3.1-8B
base_model_relation: finetune
datasets: [acme/distilled-from-gpt]
---
# Orca
Trained from scratch on text. Distilled from acme/teacher.

```yaml
base_model: acme/base
```
"""
INDEX = f"""schema = 1

[[base]]
id = "acme/base"
license = "Apache-2.0"
sha256 = "{DIGEST}"
fingerprint = "fingerprints/{DIGEST}.safetensors"
parameters = 494032768
added = "2026-01-10"
""".encode()
CODE = b"# Copyright 2026 Acme\n# SPDX-License-Identifier: MIT\nclass LlamaAttention(nn.Module):\n    '''doc'''\n    def f(self, x): return x @ 1.5e3\n"
PUSH = b"refs/heads/main " + b"a" * 40 + b" refs/heads/main " + b"0" * 40 + b"\n"
POINTER = f"version https://git-lfs.github.com/spec/v1\noid sha256:{DIGEST}\nsize 12345\n".encode()
TOKENIZER = b'{"model":{"type":"BPE","vocab":{"a":0,"b":1,"ab":2},"merges":["a b"]},"added_tokens":[{"id":3,"content":"<s>"}]}'
F32 = tensors(a=("F32", [2, 2], 16), b=("BF16", [4], 8))


def seeds():
    """Target → seeds."""
    array = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(npy_header((2, 2)))) + npy_header((2, 2)) + bytes(16)
    plain = [pickle.dumps(OrderedDict(a=[1, 2.5, None, True, (3,), "x", b"y", 1 << 70, {4}]), protocol) for protocol in range(6)]
    torch = zipped([("archive/data.pkl", torch_pickle()), ("archive/data/0", bytes(16))])
    hidden = struct.pack("<Q", len(LORA)) + LORA + bytes(64)
    return {
        "adapter": [LORA_CONFIG + b"\0" + LORA],
        "baseline": [b'schema = 1\n[[known]]\nrule = "missing-header"\nfingerprint = "' + DIGEST.encode() + b'"\n'],
        "cache": [b"\0" + DIGEST.encode(), b"\1[]"],
        "candidates": [b"\1", b"\0forebear-index/1" + bytes(52), b"\1" + bytes(40)],
        "card": [CARD, b"# A model\nnothing", b"---\na: &a [1]\nb: [*a, *a]\n---\n"],
        "code_corpus": [b"\1" + bytes(range(256))],
        "config": [b'{"architectures":["LlamaForCausalLM"],"model_type":"llama","_name_or_path":"acme/base","num_hidden_layers":2}'],
        "config_layouts": [b'{"quantization_config":{"quant_method":"gptq","bits":4,"group_size":8}}\0' + GPTQ,
                           b'{"quantization_config":{"quant_method":"awq","bits":4,"group_size":8}}\0' + GPTQ],
        "dsse": [b"\0" + ENVELOPE, b"\1" + STATEMENT],
        "expression": [b"MIT AND (Apache-2.0+ OR GPL-2.0-only WITH Classpath-exception-2.0)", b"llama3.1 or gemma"],
        "fingerprint": [b"\0" + bytes(16), b"\1", b"\xff", b"\xf1\x10\x00\x20"],
        "gguf": [b"\0" + gguf(), b"\1" + bytes(range(256))],
        "lfs_pointer": [b"\0" + POINTER, b"\0" + POINTER.replace(b"oid", b"ext-0-x sha256:" + DIGEST.encode() + b"\noid")],
        "licenses": [(TOP / "LICENSE").read_bytes()[:1500], b"MIT License\n\nCopyright (c) 2024 Acme\n\nPermission is hereby granted"],
        "manifest": [b"\0" + ENVELOPE, b"\1" + STATEMENT],
        "numpy": [npy_header((2, 2)) + b"\0" + bytes(16), npy_header((1,), "|O") + b"\0" + plain[2]],
        "onnx": [b"\0" + onnx("weights.data"), b"\0" + onnx("../secret.data")],
        "packed": [b"\0" + pack(hidden) for pack in [lambda one: gzip.compress(one, mtime=0), zlib.compress, bz2.compress, lzma.compress]] +
                  [b"\1" + tarred([("w", hidden[:200]), ("notes", b"words")])[:1600], b"\0" + lzma.compress(tarred([("notes", b"words")]))],
        "part": [b"\0" + bytes(16), b"\1", b"\1\x10\x00\x20"],
        "pickle": [b"\0" + one for one in plain] + [b"\0" + torch_pickle(), b"\1" + bytes(range(256))],
        "policy": [(TOP / "policy.toml").read_bytes(), b'schema = 1\n[[waiver]]\nrule = "missing-notice"\nexpires = 2026-12-31\n'],
        "push_lines": [PUSH, b"0" * 40 + b" " + b"a" * 40 + b" refs/heads/x\n"],
        "recipes": [b"merge_method: slerp\nmodels:\n  - model: acme/a\n  - model: acme/b\nbase_model: acme/base\n",
                    b'{"model_name_or_path":"acme/base","teacher_model":"acme/big"}'],
        "registry_archive": [b"\1" + INDEX, b"\3" + INDEX + b"\0schema = 1\n", b"\0" + zipped([("index.toml", b"schema = 1\n")])],
        "registry_index": [INDEX + b"\0schema = 1\n"],
        "reuse": [b'version = 1\n[[annotations]]\npath = ["*.gguf", "a/**"]\nSPDX-FileCopyrightText = "2026 Acme"\nSPDX-License-Identifier = "MIT"\n',
                  b"SPDX-FileCopyrightText: 2026 Acme\nSPDX-License-Identifier: MIT\n"],
        "safetensors": [F32 + b"\0" + bytes(24), b"{}\0"],
        "safetensors_index": [json.dumps({"metadata": {}, "weight_map": {"a": a, "b": b}}).encode()
                              for a, b in [("a.safetensors", "b.safetensors"), ("../secret.safetensors", "a.safetensors")]],
        "sniff": [bytes([at]) + one for at, one in enumerate([struct.pack("<Q", len(F32)) + F32 + bytes(24), gguf(), torch, plain[2]])]
        + [bytes([5]) + onnx("x"), bytes([6]) + b"\x89HDF\r\n\x1a\n" + bytes(64), bytes([9]) + array],
        "source": [bytes([at]) + CODE for at in range(4)],
        "sshsig": [b"\0" + sshsig(), b"\1" + armored(sshsig())],
        "tokenizer_json": [TOKENIZER, b'{"a":0,"b":1,"ab":2}\0#version: 0.2\na b\n',
                           b'{"config":{"default_vocab_size":2},"vocab":[{"rank":0,"token_bytes":"YQ=="}],"special_tokens":[]}'],
        "tokenizer_print": [b"\0" * 40, b"\1", b"\1\x10\x00\x20"],
        "torch_zip": [b"\0" + torch_pickle() + b"\0" + bytes(16), b"\3" + torch_pickle() + b"\0" + bytes(16)],
        "vocabularies": [sentencepiece(), b"YWI= 0\nYWJj 1\n", b"[PAD]\n[UNK]\na\n##b\n"],
        "weights": [bytes([kind]) + one for kind in range(4) for one in
                    [bytes(range(256)), b"", struct.pack("<4f", float("nan"), float("inf"), -0.0, 1e-42)]],
        "zip_archive": [b"\0" + one for one in [torch, zipped([("w.npy", array)]), zipped([("w.npy", array)], zipfile.ZIP_DEFLATED)]],
    }


def main():
    for target, contents in seeds().items():
        folder = Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for at, content in enumerate(contents):
            (folder / f"seed-{at}").write_bytes(content)


if __name__ == "__main__":
    main()
