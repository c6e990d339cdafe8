"""Hosts clients of the official Python SDK for `cargo xtask conformance`, by the lines of `../node/clients.mjs`.

They are told where our server is and nothing else that matters: URLs, keys, short intervals.
"""

import json
import os
import time

from amplitude_experiment import (
    AssignmentConfig,
    CohortSyncConfig,
    LocalEvaluationClient,
    LocalEvaluationConfig,
    RemoteEvaluationClient,
    RemoteEvaluationConfig,
    User,
)
from amplitude_experiment.exposure import ExposureConfig
from amplitude_experiment.local.evaluate_options import EvaluateOptions
from amplitude_experiment.remote.fetch_options import FetchOptions

from lines import about, serve

CLIENTS = {}
MEMBERS = ("key", "value", "payload", "metadata")


def start(request):
    server, mode = request["server"], request["mode"]
    # The package's own registry knows one client per key; there are several here.
    if mode == "remote":
        config = RemoteEvaluationConfig(server_url=server["url"], fetch_retries=0)
        client = RemoteEvaluationClient(server["deployment_key"], config)
    else:
        client = LocalEvaluationClient(server["deployment_key"], LocalEvaluationConfig(**local(server, mode)))
    CLIENTS[request["client"]] = client
    if mode != "remote":
        client.start()


def local(server, mode):
    # Ids shorter than five characters would be dropped without `min_id_length`.
    analytics = {
        "api_key": server["api_key"],
        "server_url": f"{server['url']}/2/httpapi",
        "flush_interval_millis": 50,
        "min_id_length": 1,
    }
    options = {
        "server_url": server["url"],
        "flag_config_polling_interval_millis": 200,
        "cohort_sync_config": CohortSyncConfig(
            api_key=server["api_key"], secret_key=server["secret_key"], cohort_server_url=server["url"]
        ),
    }
    if mode == "stream":
        options |= {"stream_updates": True, "stream_server_url": server["url"]}
    # Only one of the two modes sends events, so that each is expected once.
    if mode == "poll":
        options["assignment_config"] = AssignmentConfig(**analytics)
        options["exposure_config"] = ExposureConfig(**analytics)
    return options


def evaluate(request):
    client, user, flag_keys = CLIENTS[request["client"]], User(**request["user"]), request.get("flag_keys")
    assignment, exposure = request.get("assignment"), request.get("exposure")
    if isinstance(client, RemoteEvaluationClient):
        options = FetchOptions(tracksAssignment=assignment, tracksExposure=exposure, flagKeys=flag_keys)
        variants = client.fetch_v2(user, options)
    else:
        keys = None if flag_keys is None else set(flag_keys)
        variants = client.evaluate_v2(user, keys, EvaluateOptions(tracks_exposure=exposure))
    return {key: members(variant) for key, variant in variants.items()}


def members(variant):
    """A variant as it is delivered: this SDK keeps None where a member is absent."""
    found = {name: getattr(variant, name, None) for name in MEMBERS}
    return {name: value for name, value in found.items() if value is not None}


def wait(request):
    """Asks until the flag has that variant; an answer that fails is asked for again."""
    flag, within = request["flag"], request["within"]
    end = time.monotonic() + within / 1000
    while True:
        try:
            found = evaluate(request).get(flag)
        except Exception as error:
            found = str(error)
        if isinstance(found, dict) and found.get("key") == request["key"]:
            return True
        if time.monotonic() >= end:
            raise TimeoutError(f"{flag} is not {request['key']} after {within} ms, but {json.dumps(found)}")
        time.sleep(0.02)


def stop(request):
    client = CLIENTS.pop(request["client"])
    if isinstance(client, RemoteEvaluationClient):
        client.close()
    else:
        client.stop()


COMMANDS = {"start": start, "evaluate": evaluate, "await": wait, "stop": stop}


def reply(line):
    name = {"id": None}
    try:
        request = json.loads(line)
        name = {"id": request.get("id")}
        if request.get("about"):
            return {**name, "result": about()}
        return {**name, "result": COMMANDS[request["do"]](request)}
    except Exception as error:  # whatever the package raises is its answer
        return {**name, "error": f"{type(error).__name__}: {error}"}


serve(reply)
# A stopped stream leaves a thread behind that would keep the process.
os._exit(0)
