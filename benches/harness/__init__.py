# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""What `benches/run` and `benches/profile` are made of: standard library only."""
