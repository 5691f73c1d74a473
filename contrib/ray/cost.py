#!/usr/bin/env python3
# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What a sweep of many models reads, takes, and costs.

Arithmetic over numbers that are given; each default is an assumption or has a source, which `--help` names. docs/scale.md
shows what this prints, and a test compares the two.
"""

from __future__ import annotations

import argparse
import sys

MODELS = (10**3, 10**5, 10**6)


def parser() -> argparse.ArgumentParser:
    """The parameters, with where their defaults are from."""
    top = argparse.ArgumentParser(description="What a sweep of many models reads, takes, and costs")
    add = top.add_argument
    add(
        "--mean-gb",
        type=float,
        default=9.2,
        help="GB of weights a model, mean (default 9.2: at most what Hugging Face's Git LFS storage came to in October 2024, "
        "'over 12 PB' of 1.3 million models, and data sets and spaces with them)",
    )
    add(
        "--speed",
        type=float,
        default=0.16,
        help="GB/s fingerprinted a core (default 0.16: 0.5B model in docs/performance.md, on two cores)",
    )
    add("--cores", type=int, default=8, help="cores a worker (default 8)")
    add("--network", type=float, default=1.25, help="GB/s read over the network a worker (default 1.25: assumed, 10 Gbit/s)")
    add("--workers", type=int, default=100, help="workers at once (default 100)")
    add("--busy", type=float, default=0.7, help="share of the time in which a worker works (default 0.7: assumed)")
    add("--hour", type=float, default=0.40, help="price of a worker's hour in USD (default 0.40: assumed, 8 cores on demand)")
    add("--egress", type=float, default=0.09, help="price of a GB that leaves a cloud in USD (default 0.09: assumed)")
    add("--kept-mb", type=float, default=16.0, help="MB kept a model (default 16: assumed of --detail full; base keeps less)")
    return top


def main(given: list[str] | None = None) -> int:
    """Prints the table."""
    told = parser().parse_args(given)
    computed = told.cores * told.speed
    rate = min(computed, told.network) * told.busy
    limit = "the processor" if computed < told.network else "the network"
    print(
        f"A model has {told.mean_gb:g} GB; a worker has {told.cores} cores of {told.speed:g} GB/s and a network of "
        f"{told.network:g} GB/s,\nworks {told.busy:.0%} of the time, and costs {told.hour:.2f} USD an hour: "
        f"{rate:.2f} GB/s, bounded by {limit}.\n"
    )
    print(f"| models | weights | worker-seconds | hours of {told.workers} workers | workers, USD | egress, USD | kept |")
    print("| ---: | ---: | ---: | ---: | ---: | ---: | ---: |")
    for models in MODELS:
        gigabytes = models * told.mean_gb
        hours = gigabytes / rate / 3600
        print(
            f"| {models:,} | {size(gigabytes)} | {hours * 3600:,.0f} | {hours / told.workers:,.2f} | {hours * told.hour:,.0f} "
            f"| {gigabytes * told.egress:,.0f} | {size(models * told.kept_mb / 1000)} |"
        )
    return 0


def size(gigabytes: float) -> str:
    """Bytes for people."""
    for unit in ("GB", "TB"):
        if gigabytes < 1000:
            return f"{gigabytes:,.1f} {unit}"
        gigabytes /= 1000
    return f"{gigabytes:,.1f} PB"


if __name__ == "__main__":
    sys.exit(main())
