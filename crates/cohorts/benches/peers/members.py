"""What a `set` of ids holds and costs to ask: `python3 members.py COUNT LENGTH` prints, as the bench does, bytes held per
member (twice 0: no counting allocator), resident and peak resident; ns per member, per one of 2,000 members and per other; ms to
read."""

import gc
import hashlib
import json
import random
import re
import sys
import time

count, length = map(int, sys.argv[1:])


def name(number):
    text = hashlib.md5(str(number).encode()).hexdigest()
    if length == 36:
        return f"{text[:8]}-{text[8:12]}-4{text[13:16]}-8{text[17:20]}-{text[20:]}"
    return text[:length]


def ask(members, first, end, expected):
    """Texts made anew, as those of a request are: without the hash that those in the set have kept. Some at a time, so that
    they and not the set are in the caches."""
    ids = [name(number) for number in range(first, end)]
    random.shuffle(ids)
    asked = len(ids)
    parts = [json.dumps(ids[place : place + 1000]) for place in range(0, len(ids), 1000)]
    passes = []
    for _ in range(5):
        ns = 0
        for part in parts:
            ids = json.loads(part)
            started = time.perf_counter_ns()
            found = 0
            for each in ids:
                if each in members:
                    found += 1
            ns += time.perf_counter_ns() - started
            assert found == (len(ids) if expected else 0)
        passes.append(ns / asked)
    return sorted(passes)[2]


def resident():
    gc.collect()
    with open("/proc/self/status") as file:
        status = file.read()
    return [int(re.search(rf"{name}:\s+(\d+)", status)[1]) * 1024 for name in ("VmHWM", "VmRSS")]


body = bytearray(b'{"cohortId":"c1","memberIds":[')
for number in range(count):
    body += f'{"," if number else ""}"{name(number)}"'.encode()
body += b"]}"
_, before = resident()
started = time.perf_counter()
members = set(json.loads(body)["memberIds"])
ms = (time.perf_counter() - started) * 1e3
highest, now = resident()
print(
    0,
    0,
    (now - before) / count,
    (highest - before) / count,
    ask(members, 0, count, True),
    ask(members, 0, 2000, True),
    ask(members, count, 2 * count, False),
    ms,
)
