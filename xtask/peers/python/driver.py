"""Runs the official Python engine behind the driver protocol: one JSON object per line in, one per line out.

`{"id":0,"about":true}`, which is not part of the protocol, answers with the versions.
"""

import json

from amplitude_experiment.evaluation.engine import EvaluationEngine
from amplitude_experiment.evaluation.topological_sort import CycleException, topological_sort
from amplitude_experiment.evaluation.types import EvaluationFlag

from lines import about, serve

ENGINE = EvaluationEngine()
SETS = {}


def read_flags(flags):
    return {flag["key"]: EvaluationFlag.from_dict(flag) for flag in flags}


def evaluate(request):
    by_key = read_flags(request["flags"]) if "flags" in request else SETS[request["use"]]
    ordered = topological_sort(by_key, request.get("flag_keys"))
    results = ENGINE.evaluate(request["context"], ordered)
    return {key: variant.to_dict() for key, variant in results.items()}


def reply(line):
    name = {"id": None}
    try:
        request = json.loads(line)
        if "load" in request:
            name = {"load": request["load"]}
            SETS[request["load"]] = read_flags(request["flags"])
            return {**name, "ok": True}
        name = {"id": request.get("id")}
        return {**name, "result": about() if request.get("about") else evaluate(request)}
    except CycleException as error:
        return {**name, "error": f"cycle: {error}"}
    except Exception as error:  # whatever the engine raises is its answer
        return {**name, "error": f"{type(error).__name__}: {error}"}


serve(reply)
