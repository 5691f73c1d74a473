# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Reads SPDX 3.0.1 documents with the official bindings, which are made from the SHACL model, and writes them again:
unknown fields and bad values fail when read, missing ones when written. Arguments: files."""

import io
import sys

from spdx_python_model import v3_0_1 as spdx

for path in sys.argv[1:]:
    objects = spdx.SHACLObjectSet()
    with open(path, "rb") as file:
        spdx.JSONLDDeserializer().read(file, objects)
    missing = objects.link()
    allowed = {"https://spdx.org/rdf/3.0.1/terms/ExpandedLicensing/NoAssertion"}
    assert not set(missing) - allowed, f"{path}: references to nothing: {missing}"
    spdx.JSONLDSerializer().write(objects, io.BytesIO())
    packages = list(objects.foreach_type(spdx.ai_AIPackage))
    descents = [
        one for one in objects.foreach_type(spdx.Relationship)
        if one.relationshipType == spdx.RelationshipType.descendantOf
    ]
    assert packages and descents, f"{path}: no model, or no descent"
    print(f"{path}: {len(packages)} AI packages, {len(descents)} descents, valid")
