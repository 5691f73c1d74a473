# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What a wheel must hold: the program, the license and the notice as they are here, a bill of materials that names every
crate of the program, and what PyPI shows.

In: the wheel, and the repository. Out: one line, or what is wrong.
"""

import email
import json
import os
import pathlib
import re
import sys
import tomllib
import zipfile

from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

wheel, repository = sys.argv[1:]
archive = zipfile.ZipFile(wheel)
names = archive.namelist()


def text(path):
    with open(os.path.join(repository, path), "rb") as file:
        return file.read()


cargo = tomllib.loads(text("Cargo.toml").decode())["package"]
python = tomllib.loads(text("pyproject.toml").decode())["project"]
(info,) = {name.split("/")[0] for name in names if ".dist-info/" in name}
metadata = email.message_from_bytes(archive.read(f"{info}/METADATA"))

(program,) = [name for name in names if name.endswith("/scripts/forebear")]
mode = archive.getinfo(program).external_attr >> 16
assert mode & 0o111, f"the program may not be run: {mode:o}"
outside = [name for name in names if not name.startswith(info) and name != program]
assert not outside, f"more than the program: {outside}"

for name in ["LICENSE", "NOTICE"]:
    assert archive.read(f"{info}/licenses/{name}") == text(name), f"another {name}"
third_party = archive.read(f"{info}/licenses/THIRD-PARTY-LICENSES.txt").decode()
assert "\ngix 0." in third_party and "\nserde 1." in third_party, "licenses of what the program holds are missing"
(bill,) = [archive.read(name) for name in names if "/sboms/" in name]
assert repository.encode() not in bill, "the bill of materials tells where the wheel was built"
(beside,) = pathlib.Path(wheel).parent.glob("forebear-*.cdx.json")
assert beside.read_bytes() == bill, f"{beside} is another bill of materials"
bill = json.loads(bill)
errors = JsonStrictValidator(SchemaVersion.from_version(bill["specVersion"])).validate_str(json.dumps(bill))
assert errors is None, f"the bill of materials is not CycloneDX: {errors}"
billed = {f"{component['name']} {component['version']}" for component in bill["components"]}
crates = set(re.findall(r"^(\S+ \d\S+) \(", third_party.split("-" * 80)[0], re.MULTILINE))
assert len(crates) > 100 and crates <= billed, f"the bill of materials lacks {sorted(crates - billed)}"
for field, wanted in {
    "Name": cargo["name"],
    "Version": cargo["version"],
    "Summary": cargo["description"],
    "License-Expression": cargo["license"],
    "Requires-Dist": None,
}.items():
    assert metadata[field] == wanted, f"{field}: {metadata[field]} and not {wanted}"
assert python["description"] == cargo["description"] and python["keywords"] == cargo["keywords"], "two descriptions"
assert metadata["Description-Content-Type"].startswith("text/markdown"), "the README is not shown"
assert metadata.get_payload(decode=True).decode().strip() == text("README.md").decode().strip(), "another README"

size = os.path.getsize(wheel)
# PyPI refuses files above 100 MB; far before that something is in it that should not be.
assert size < 30e6, f"{size} bytes"
print(f"{os.path.basename(wheel)}: {size / 1e6:.1f} MB, {len(names)} files, license, notice, metadata, and a bill of {len(billed)} materials in order")
