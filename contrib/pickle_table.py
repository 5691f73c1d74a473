#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What picklescan, fickling and forebear say of the same pickles.

Makes a pickle of every gadget that picklescan's test suite names, of every name on picklescan's and fickling's lists, of the
ways in which such calls are hidden, and of harmless checkpoints; lets the three look at them; and prints the table of
docs/security.md. Nothing is unpickled. The two scanners come from PyPI by name and version, into target/pickles.

    contrib/pickle_table.py FOREBEAR [--write docs/security.md]

fickling's source distribution holds no tests, so its gadgets are the names on its lists.
"""

import ast
import base64
import contextlib
import glob
import gzip
import io
import json
import os
import pickle
import struct
import subprocess
import sys
import tarfile
import venv
import warnings
import zipfile
from collections import OrderedDict, defaultdict

PICKLESCAN, FICKLING = "1.0.5", "0.1.12"
TOP = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
PLACE = os.path.join(TOP, "target", "pickles")
BEGIN, END = "<!-- pickles: contrib/pickle_table.py -->", "<!-- end of pickles -->"


def prepare():
    """The interpreter that has both scanners, and picklescan's tests."""
    python = os.path.join(PLACE, "venv", "bin", "python")
    if not os.path.exists(python):
        venv.create(os.path.join(PLACE, "venv"), with_pip=True)
        pip = [python, "-m", "pip", "--quiet", "--disable-pip-version-check"]
        subprocess.run([*pip, "install", f"picklescan=={PICKLESCAN}", f"fickling=={FICKLING}", "typing_extensions"], check=True)
        fetch = [*pip, "download", "--no-deps", "--no-binary", ":all:", "-d", PLACE, f"picklescan=={PICKLESCAN}"]
        subprocess.run(fetch, check=True)
    return python


def named_by_tests():
    """Names that picklescan's tests expect to be found and are not harmless: (group, module, name). It calls dangerous what is
    on its list and suspicious what it does not know."""
    (source,) = glob.glob(f"{PLACE}/picklescan-{PICKLESCAN}.tar.gz")
    with tarfile.open(source) as archive:
        text = archive.extractfile(f"picklescan-{PICKLESCAN}/tests/test_scanner.py").read().decode()
    found = OrderedDict()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Call) and getattr(node.func, "id", "") == "Global" and "Innocuous" not in ast.unparse(node):
            danger = "tests" if "Dangerous" in ast.unparse(node) else "suspicious"
            words = [word.value for word in [*node.args, *(k.value for k in node.keywords)] if isinstance(word, ast.Constant)]
            if len(words) == 2:
                found.setdefault(tuple(words), danger)
                # In its strict mode everything is dangerous that is not known.
                if danger == "suspicious":
                    found[tuple(words)] = danger
    return sorted((danger, *words) for words, danger in found.items())


def listed():
    """Names on the lists of both: (whose list, module, name)."""
    from fickling.analysis import UnsafeImportsML
    from fickling.fickle import UNSAFE_IMPORTS
    from picklescan.scanner import _unsafe_globals

    for module, names in sorted(_unsafe_globals.items()):
        for name in ["anything"] if names == "*" else sorted(names):
            yield "picklescan's list", module, name
    for module in sorted(UNSAFE_IMPORTS) + sorted(UnsafeImportsML.UNSAFE_MODULES):
        yield "fickling's list", module, "anything"
    for module, names in sorted(UnsafeImportsML.UNSAFE_IMPORTS.items()):
        for name in sorted(names):
            yield "fickling's list", module, name


def word(text):
    raw = text.encode()
    return b"X" + struct.pack("<I", len(raw)) + raw


def call(module, name, argument="id"):
    """`module.name(argument)`, as protocol 4 writes it: names in parts go by way of STACK_GLOBAL."""
    return b"\x80\x04" + word(module) + word(name) + b"\x93" + word(argument) + b"\x85R."


BENIGN = pickle.dumps({"a": 0, "b": 1, "c": 2})
SYSTEM = call("os", "system")


def zipped(members, spoil=lambda archive: archive, method=zipfile.ZIP_STORED):
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive:
        for name, content in members:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return bytes(spoil(bytearray(out.getvalue())))


def flagged(bit, where):
    """Sets a bit of the flags, in the local header, in the directory, or in both."""

    def spoil(archive):
        for signature, at in [(b"PK\x03\x04", 6), (b"PK\x01\x02", 8)]:
            if signature[2] in where:
                archive[archive.index(signature) + at] |= bit
        return archive

    return spoil


def checksum(archive):
    for signature, at in [(b"PK\x03\x04", 14), (b"PK\x01\x02", 16)]:
        archive[archive.index(signature) + at] ^= 0xFF
    return archive


def renamed(archive):
    at = archive.index(b"archive/data.pkl")
    archive[at : at + 16] = b"archive/other.bi"
    return archive


def tensor(storage=None):
    """`{"weight": tensor of 2 × 2}`, as torch.save pickles it."""
    persistent = b"(" + word("storage") + b"ctorch\nFloatStorage\n" + word("0") + word("cpu") + b"K\x04tQ"
    shape = b"K\x00K\x02K\x02\x86K\x02K\x01\x86\x89"
    built = b"ctorch._utils\n_rebuild_tensor_v2\n(" + (storage or persistent) + shape + b"ccollections\nOrderedDict\n)RtR"
    return b"\x80\x02}(" + word("weight") + built + b"u."


def legacy(magic, payload):
    """`torch.save` before 1.6: magic number, protocol, system, the object, keys of storages, storages."""
    parts = [magic, pickle.dumps(1001, 2), pickle.dumps({"protocol_version": 1001, "little_endian": True, "type_sizes": {}}, 2)]
    return b"".join([*parts, payload, pickle.dumps(["0"], 2), struct.pack("<q4f", 4, 1, 2, 3, 4)])


MAGIC = pickle.dumps(0x1950A86A20F9469CFC6C, 2)


def npy(content, descr="|O"):
    header = f"{{'descr': '{descr}', 'fortran_order': False, 'shape': (1,), }}".encode().ljust(117) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content


def hidden():
    """Ways to hide `os.system`: what it is, the file's name, its bytes."""
    protocol0 = b"cos\nsystem\n(S'id'\ntR."
    torch = [("archive/data.pkl", SYSTEM), ("archive/version", b"3\n")]
    nested = b"\x80\x04" + word("_pickle") + word("loads") + b"\x93B" + struct.pack("<I", len(SYSTEM)) + SYSTEM + b"\x85R."
    ways = [
        ("protocol 0, GLOBAL and REDUCE", "pkl", protocol0),
        ("INST", "pkl", b"(S'id'\nios\nsystem\n."),
        ("OBJ", "pkl", b"(cos\nsystem\n" + word("id") + b"o."),
        ("NEWOBJ", "pkl", b"\x80\x02cos\nsystem\n" + word("id") + b"\x85\x81."),
        ("NEWOBJ_EX", "pkl", b"\x80\x04cos\nsystem\n" + word("id") + b"\x85}\x92."),
        ("named and not called", "pkl", b"\x80\x02cos\nsystem\n."),
        ("the name put together from the memo", "pkl", b"\x80\x04" + word("os") + b"\x940" + word("system") + b"\x940h\x00h\x01\x93" + word("id") + b"\x85R."),
        ("a memo entry that is not there (keyerror-exploit)", "pkl", b"\x80\x04h\x05" + word("os") + b"\x93cos\nsystem\n" + word("id") + b"\x85R."),
        ("a number as a module (type-confusion-exploit)", "pkl", b"\x80\x04K*" + word("os") + b"\x930cos\nsystem\n" + word("id") + b"\x85R."),
        ("getattr on an import", "pkl", b"\x80\x02cbuiltins\ngetattr\nc__builtin__\n__import__\n" + word("os") + b"\x85R" + word("system") + b"\x86R" + word("id") + b"\x85R."),
        ("operator.attrgetter on an import", "pkl", b"\x80\x02coperator\nattrgetter\n" + word("system") + b"\x85Rcbuiltins\n__import__\n" + word("os") + b"\x85R\x85R" + word("id") + b"\x85R."),
        ("a call of what a call made", "pkl", b"\x80\x02cfunctools\npartial\ncos\nsystem\n" + word("id") + b"\x86R)R."),
        ("BUILD with a state", "pkl", b"\x80\x02ctypes\nSimpleNamespace\n)R}" + word("x") + b"cos\nsystem\nsb."),
        ("EXT1, a code of copyreg", "pkl", b"\x80\x02\x82\x01" + word("id") + b"\x85R."),
        ("a pickle in a pickle", "pkl", nested),
        ("after a harmless pickle in one file", "pkl", BENIGN + SYSTEM),
        ("no STOP after the call", "pkl", SYSTEM[:-1]),
        ("invalid bytes after the call", "pkl", SYSTEM[:-1] + b"\xff\xfe\xfd."),
        ("an invalid opcode before the call", "pkl", b"\x80\x02\xff" + SYSTEM[2:]),
        ("a frame longer than the file", "pkl", b"\x80\x04\x95" + struct.pack("<Q", 1 << 40) + SYSTEM[2:]),
        ("PROTO in the middle", "pkl", b"\x80\x04N0\x80\x02" + SYSTEM[2:]),
        ("a protocol that does not exist", "pkl", b"\x80\xff" + SYSTEM[2:]),
        ("two to the thirtieth references (expansion)", "pkl", b"\x80\x02]" + b"q\x00(h\x00h\x00lq\x00" * 30 + b"0" + SYSTEM[2:]),
        ("base64 of itself, decoded by _codecs and loaded", "pkl", b"\x80\x04" + word("pickle") + word("loads") + b"\x93c_codecs\ndecode\n" + word(base64.b64encode(SYSTEM).decode()) + word("base64") + b"\x86R\x85R."),
        ("torch.load of bytes (torch.storage._load_from_bytes)", "pkl", b"\x80\x02ctorch.storage\n_load_from_bytes\nB" + struct.pack("<I", len(SYSTEM)) + SYSTEM + b"\x85R."),
        ("a tensor, and beside it the call", "bin", zipped([("archive/data.pkl", tensor()[:-1] + b"0" + SYSTEM[2:]), ("archive/data/0", bytes(16))])),
        ("in place of a storage", "bin", zipped([("archive/data.pkl", tensor(SYSTEM[2:-1])), ("archive/data/0", bytes(16))])),
        ("a PyTorch archive", "bin", zipped(torch)),
        ("the same, deflated", "bin", zipped(torch, method=zipfile.ZIP_DEFLATED)),
        ("the same, named .pt and .zip inside each other", "pt", zipped([("inner.zip", zipped(torch))])),
        ("flag 0x1 (encrypted) in the directory", "bin", zipped(torch, flagged(0x1, b"\x01"))),
        ("flag 0x1 in the local header", "bin", zipped(torch, flagged(0x1, b"\x03"))),
        ("flag 0x20 (patched)", "bin", zipped(torch, flagged(0x20, b"\x01\x03"))),
        ("flag 0x40 (strong encryption)", "bin", zipped(torch, flagged(0x40, b"\x01\x03"))),
        ("a wrong checksum", "bin", zipped(torch, checksum)),
        ("another name in the local header", "bin", zipped(torch, renamed)),
        ("bytes after the archive", "bin", zipped(torch) + b"tail"),
        ("bytes before the archive", "bin", b"head" + zipped(torch)),
        ("data.pkl that is named twice", "bin", zipped([("archive/data.pkl", BENIGN), ("archive/data.pkl", SYSTEM)])),
        ("data.pkl under two tops", "bin", zipped([("a/data.pkl", tensor()), ("a/data/0", bytes(16)), ("b/data.pkl", SYSTEM)])),
        ("constants.pkl beside a harmless data.pkl", "pt", zipped([("a/data.pkl", tensor()), ("a/data/0", bytes(16)), ("a/constants.pkl", SYSTEM)])),
        ("the legacy layout", "pt", legacy(MAGIC, SYSTEM)),
        ("the legacy layout, its magic number from eval", "pt", legacy(b"\x80\x02c__builtin__\neval\n" + word("0x1950A86A20F9469CFC6C") + b"\x85R.", SYSTEM)),
        ("the legacy layout, in the keys of the storages", "pt", b"".join([MAGIC, pickle.dumps(1001, 2), pickle.dumps({}, 2), BENIGN, SYSTEM])),
        ("a NumPy array of objects", "npy", npy(SYSTEM)),
        ("the same in an archive", "npz", zipped([("a.npy", npy(SYSTEM))])),
        ("a NumPy array of numbers that is a pickle", "npy", npy(SYSTEM, "<f4")),
        ("gzip around a pickle", "pkl", gzip.compress(SYSTEM, mtime=0)),
        ("a pickle named .safetensors", "safetensors", SYSTEM),
        ("a pickle named .txt", "txt", SYSTEM),
    ]
    return ways


def harmless():
    """Files that must be read: what it is, the file's name, its bytes."""
    deep = {"list": [1, 2.5, None, True, (3, "x")], "big": 1 << 80, "set": {1}, "ordered": OrderedDict(a=1)}
    files = [(f"plain containers, protocol {p}", "pkl", pickle.dumps(deep, p)) for p in (0, 2, 4, 5)]
    plain = [("archive/data.pkl", tensor()), ("archive/data/0", bytes(16)), ("archive/version", b"3\n")]
    files += [
        ("a tensor, torch.save since 1.6", "bin", zipped(plain)),
        ("the same, deflated", "bin", zipped(plain, method=zipfile.ZIP_DEFLATED)),
        ("a tensor, torch.save before 1.6", "bin", legacy(MAGIC, tensor())),
        ("a TorchScript archive", "pt", zipped([("m/data.pkl", b"\x80\x02c__torch__\nNet\n)\x81}" + tensor()[3:-1] + b"b."), ("m/data/0", bytes(16)), ("m/constants.pkl", b"\x80\x02)."), ("m/code/__torch__.py", b"class Net: pass\n"), ("m/version", b"3\n")])),
        ("a NumPy array", "npy", npy(bytes(4), "<f4")),
    ]
    return files


def scanned(path):
    """picklescan's word."""
    from picklescan.scanner import scan_file_path

    try:
        result = scan_file_path(path)
    except Exception as error:  # noqa: BLE001 - any failure is a row of the table
        return f"fails: {type(error).__name__}"
    if result.issues_count:
        return "dangerous"
    if getattr(result, "suspicious_count", 0):
        return "suspicious"
    if result.scan_err:
        return "scan error"
    return "nothing" if result.scanned_files else "not scanned"


def analysed(path):
    """fickling's word: of an archive, the worst of its members."""
    from fickling.loader import scan_file, scan_zip_archive

    with open(path, "rb") as file:
        archive = file.read(4) == b"PK\x03\x04"
    try:
        with contextlib.redirect_stdout(sys.stderr):
            results = list(scan_zip_archive(path, graceful=True).values()) if archive else [scan_file(path, graceful=True)]
    except Exception as error:  # noqa: BLE001 - any failure is a row of the table
        return f"fails: {type(error).__name__}"
    if not results:
        return "not scanned"
    worst = max(results, key=lambda result: result.severity.value[0])
    word = worst.severity.name.lower().replace("_", " ")
    return f"{word}, with errors" if any(result.errors for result in results) else word


def judged(program, folder):
    """forebear's word on every file in a folder: path → finding."""
    done = subprocess.run(
        [program, "check", "--path", folder, "--no-cache", "--format", "json"], capture_output=True, check=False)
    if done.returncode not in (0, 1, 2):
        raise SystemExit(f"forebear ends with {done.returncode}: {done.stderr.decode()}")
    report = json.loads(done.stdout)
    words = defaultdict(list)
    for finding in report["findings"]:
        words[finding["path"]].append(finding)
    read = {model["path"] for model in report["models"]}
    return words, read


def blocks(findings):
    """Whether a file may not be published, and by which rule."""
    denied = [f["rule"] for f in findings if f["level"] == "deny" and f["rule"] in ("unsafe-pickle", "unverifiable-artifact")]
    return denied[0] if denied else None


def table(program):
    rows, files = [], os.path.join(PLACE, "files")
    subprocess.run(["rm", "-rf", files], check=True)
    os.makedirs(files)
    wanted = [(group, f"`{m}.{n}`", "pkl", call(m, n), f"{m}.{n}") for group, m, n in named_by_tests()]
    wanted += [(whose, f"`{m}.{n}`", "pkl", call(m, n), f"{m}.{n}") for whose, m, n in listed()]
    wanted += [("hidden", what, end, content, None) for what, end, content in hidden()]
    wanted += [("harmless", what, end, content, None) for what, end, content in harmless()]
    for at, (group, what, end, content, name) in enumerate(wanted):
        path = os.path.join(files, f"pytorch_model_{at:04}.{end}")
        with open(path, "wb") as file:
            file.write(content)
        rows.append((group, what, name, path))
    words, read = judged(program, files)
    out = []
    for group, what, name, path in rows:
        own = words.get(os.path.basename(path), [])
        rule = blocks(own)
        told = any(name in f["message"] for f in own) if name else True
        verdict = rule or ("read" if os.path.basename(path) in read else "nothing")
        if rule == "unsafe-pickle" and not told:
            verdict = "unsafe-pickle, name not told"
        out.append((group, what, scanned(path), analysed(path), verdict, rule is not None and told))
    return out


def show(rows, program):
    version = subprocess.run([program, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    lines = [f"picklescan {PICKLESCAN}, fickling {FICKLING}, {version}; `contrib/pickle_table.py` makes the files and prints this.", ""]
    lines += ["| gadgets | files | picklescan: dangerous | fickling: unsafe | forebear: denied |", "| --- | --- | --- | --- | --- |"]
    names = {
        "tests": "names that picklescan's test suite calls dangerous",
        "suspicious": "names that it calls suspicious: it does not know them", "hidden": "ways to hide `os.system`", "harmless": "harmless files",
    }
    unsafe = ("likely unsafe", "likely overtly malicious", "overtly malicious")
    for group in ["tests", "suspicious", "picklescan's list", "fickling's list", "hidden", "harmless"]:
        own = [row for row in rows if row[0] == group]
        counts = [sum(row[2] == "dangerous" for row in own), sum(row[3].startswith(unsafe) for row in own), sum(row[5] for row in own)]
        label = names.get(group, f"names on {group}")
        lines.append(f"| {label} | {len(own)} | {counts[0]} | {counts[1]} | {counts[2]} |")
    for group, title in [("hidden", "`os.system`, hidden"), ("harmless", "harmless")]:
        lines += ["", f"| {title} | picklescan | fickling | forebear |", "| --- | --- | --- | --- |"]
        lines += [f"| {what} | {a} | {b} | {c} |" for g, what, a, b, c, _ in rows if g == group]
    lines += ["", "Names of picklescan's test suite, one call each:", "", "| name | picklescan | fickling | forebear |", "| --- | --- | --- | --- |"]
    lines += [f"| {what} | {a} | {b} | {c} |" for g, what, a, b, c, _ in rows if g in ("tests", "suspicious")]
    return "\n".join(lines)


def main():
    program = os.path.abspath(sys.argv[1])
    if "PICKLE_TABLE" not in os.environ:
        os.makedirs(PLACE, exist_ok=True)
        python = prepare()
        os.execve(python, [python, os.path.abspath(__file__), program, *sys.argv[2:]], {**os.environ, "PICKLE_TABLE": "1"})
    warnings.simplefilter("ignore")  # a name that stands in an archive twice is meant
    rows = table(program)
    text = show(rows, program)
    print(text)
    if "--write" in sys.argv:
        page = sys.argv[sys.argv.index("--write") + 1]
        with open(page) as file:
            before, rest = file.read().split(BEGIN)
        with open(page, "w") as file:
            file.write(f"{before}{BEGIN}\n\n{text}\n\n{END}{rest.split(END)[1]}")
    # What picklescan does not know may be harmless: containers, and the helpers that rebuild tensors.
    missed = [row for row in rows if row[0] != "suspicious" and (row[0] == "harmless") == row[5]]
    for group, what, *_, verdict, _ in missed:
        print(f"not as it should be: {group}: {what}: {verdict}", file=sys.stderr)
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
