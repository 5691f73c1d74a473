# SPDX-FileCopyrightText: 2026 The forebear authors
# SPDX-License-Identifier: Apache-2.0
"""A program behind a pseudo-terminal, answered line by line.

In: a file with one `words of the question<TAB>answer` a line (`^C` interrupts), then the program and its arguments.
Out: what the terminal showed, without its escapes, and the program's exit code (128 and more for a signal).
"""

import os
import pty
import re
import select
import sys
import time

DEADLINE = 120
ESCAPES = re.compile(rb"\x1b\[[0-9;?]*[A-Za-z]|\r")


def main():
    with open(sys.argv[1], encoding="utf-8") as script:
        waiting = [line.rstrip("\n").split("\t") for line in script]
    child, terminal = pty.fork()
    if child == 0:
        os.execv(sys.argv[2], sys.argv[2:])
    shown, read_to, end = b"", 0, time.monotonic() + DEADLINE
    while time.monotonic() < end:
        if not select.select([terminal], [], [], 1)[0]:
            continue
        try:
            part = os.read(terminal, 65536)
        except OSError:  # the other side is closed
            part = b""
        if not part:
            break
        shown += part
        if waiting and waiting[0][0].encode() in shown[read_to:]:
            _, answer = waiting.pop(0)
            read_to = len(shown)
            time.sleep(0.1)  # until the program listens
            os.write(terminal, b"\x03" if answer == "^C" else answer.encode() + b"\r")
    else:
        os.kill(child, 9)
    _, status = os.waitpid(child, 0)
    sys.stdout.buffer.write(ESCAPES.sub(b"", shown))
    sys.stdout.flush()
    if waiting:
        sys.exit(f"never asked: {waiting}")
    code = os.waitstatus_to_exitcode(status)
    sys.exit(code if code >= 0 else 128 - code)


main()
