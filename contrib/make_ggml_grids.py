#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""Print the codebooks of ggml's IQ types for src/checkpoints/ggml/grids.rs.

    pip install gguf==0.19.0 && python3 make_ggml_grids.py
"""
from gguf import quants

for kind in ("IQ2_XXS", "IQ2_XS", "IQ2_S", "IQ3_XXS", "IQ3_S", "IQ1_S"):
    c = getattr(quants, kind)
    rows, width = c.grid_shape
    text = c.grid_hex.decode()
    body = "\\\n".join("    " + text[i:i + 112] for i in range(0, len(text), 112))
    unpack = "quarters" if width == 8 else "nibbles"
    levels = list(c.grid_map) + [0] * ((4 if width == 8 else 16) - len(c.grid_map))
    print(f"/// Rows of {kind}.\npub(super) static {kind}: [[i8; {width}]; {rows}] = {unpack}(\n    {levels},\n    b\"\\\n{body}\",\n);\n")
