# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""The standard deviation of every matrix of a checkpoint, with numpy: what published σ-profiles compute.

In: safetensors files with bf16 values. Out: a line a matrix. Runs in the environment of the peers.
"""

import json
import sys
from pathlib import Path

import numpy

for path in sys.argv[1:]:
    with Path(path).open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        header = json.loads(file.read(length))
        for name, about in header.items():
            if name == "__metadata__" or len(about["shape"]) != 2:
                continue
            begin, end = about["data_offsets"]
            file.seek(8 + length + begin)
            halves = numpy.fromfile(file, dtype="<u2", count=(end - begin) // 2)
            values = (halves.astype("<u4") << 16).view("<f4")
            print(name, values.std())
