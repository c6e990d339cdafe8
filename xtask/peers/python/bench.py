"""Measures the official Python engine on the workload: the options and the lines of `cargo xtask bench`."""

import argparse
import gc
import json
import pathlib
import statistics
import sys
import time
import warnings
from importlib.metadata import version

from amplitude_experiment.evaluation.engine import EvaluationEngine
from amplitude_experiment.evaluation.topological_sort import topological_sort
from amplitude_experiment.evaluation.types import EvaluationFlag

WORKLOAD = pathlib.Path(__file__).resolve().parents[2] / "workload"
WARM_UP = 0.3


def main():
    warnings.simplefilter("ignore")
    options = read_options()
    if options.task == "eval":
        if options.mode != "engine":
            refuse(f"the Python engine is not measured in mode {options.mode}")
        if options.threads != 1:
            refuse("the Python engine is measured on one thread")
        figures = evaluation(options)
    elif options.task == "parse":
        figures = parsing(options)
    elif options.task == "memory":
        figures = memory(options)
    else:
        refuse(f"the Python engine is not measured in task {options.task}")
    about = {"engine": "python", "version": version("amplitude-experiment"), "task": options.task}
    print(json.dumps({**about, "workload": options.workload, **figures}, separators=(",", ":")))


def read_options():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--bench", type=pathlib.Path, default=WORKLOAD)
    parser.add_argument("--workload", choices=["small", "medium", "large"], default="medium")
    parser.add_argument("--mode", choices=["engine", "client", "single"], default="engine")
    parser.add_argument("--task", choices=["eval", "parse", "memory", "cohort"], default="eval")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=3.0)
    return parser.parse_args()


def evaluation(options):
    flags = load(flag_bytes(options))
    users = read_users(options)
    engine = EvaluationEngine()
    total = checksum(engine, flags, users)

    per_pass = 100 if options.workload == "large" else 1000
    following = 0

    def one_pass():
        nonlocal following
        start = time.perf_counter_ns()
        for _ in range(per_pass):
            engine.evaluate(users[following][1], flags)
            following = (following + 1) % len(users)
        return (time.perf_counter_ns() - start) / per_pass

    repeat(options.seconds * WARM_UP, one_pass)
    cpu_before = time.process_time_ns()
    passes = repeat(options.seconds, one_pass)
    cpu = time.process_time_ns() - cpu_before

    median = statistics.median(passes)
    return {
        "mode": options.mode,
        "threads": 1,
        "flags": len(flags),
        "ns_per_user": round(median, 1),
        "ns_per_flag": round(median / len(flags), 3),
        "ns_per_user_min": round(min(passes), 1),
        "cpu_ns_per_user": round(cpu / (len(passes) * per_pass), 1),
        "passes": len(passes),
        "checksum": f"{total:08x}",
    }


def parsing(options):
    data = flag_bytes(options)

    def once():
        start = time.perf_counter_ns()
        load(data)
        return time.perf_counter_ns() - start

    first = once()
    repeat(options.seconds * WARM_UP, once)
    times = repeat(options.seconds, once)
    return {"ns": round(statistics.median(times), 1), "ns_min": min(times), "ns_first": first}


def memory(options):
    data = flag_bytes(options)
    gc.collect()
    before = resident()
    flags = load(data)
    after = resident()
    if not flags:
        refuse("no flags")
    return {"what": "flags", "rss_bytes": after - before}


def resident():
    """The resident set in bytes, as Linux tells it."""
    for line in pathlib.Path("/proc/self/smaps_rollup").read_text().splitlines():
        if line.startswith("Rss:"):
            return int(line.split()[1]) * 1024
    refuse("the resident set is not known here")


def load(data):
    """From the file's bytes to flags ready to evaluate."""
    flags = (EvaluationFlag.from_dict(flag) for flag in json.loads(data))
    return topological_sort({flag.key: flag for flag in flags}, None)


def flag_bytes(options):
    return (options.bench / f"flags-{options.workload}.json").read_bytes()


def read_users(options):
    lines = (options.bench / "users.jsonl").read_text(encoding="utf-8").split("\n")
    users = [json.loads(line) for line in lines if line]
    return [(user["user_id"], to_context(user)) for user in users]


def to_context(user):
    """What selectors read: the user without its groups, and the first group of each type."""
    apart = ("groups", "group_properties", "group_cohort_ids")
    context = {"user": {name: value for name, value in user.items() if name not in apart}}
    groups = {}
    for group_type, names in user.get("groups", {}).items():
        if not names or not names[0]:
            continue
        name = names[0]
        group = {"group_name": name}
        for source, field in (("group_properties", "group_properties"), ("group_cohort_ids", "cohort_ids")):
            value = user.get(source, {}).get(group_type, {}).get(name)
            if value:
                group[field] = value
        groups[group_type] = group
    if groups:
        context["groups"] = groups
    return context


def checksum(engine, flags, users):
    """The wrapping sum of FNV-1a over every user's results."""
    total = 0
    for user_id, context in users:
        for flag_key, variant in engine.evaluate(context, flags).items():
            value = 0x811C9DC5
            for byte in f"{user_id}\t{flag_key}\t{variant.key or ''}".encode():
                value = ((value ^ byte) * 0x01000193) & 0xFFFFFFFF
            total = (total + value) & 0xFFFFFFFF
    return total


def repeat(seconds, call):
    """Calls until the time is up, at least once."""
    end = time.perf_counter() + seconds
    results = [call()]
    while time.perf_counter() < end:
        results.append(call())
    return results


def refuse(reason):
    print(f"bench: {reason}", file=sys.stderr)
    sys.exit(2)


if __name__ == "__main__":
    main()
