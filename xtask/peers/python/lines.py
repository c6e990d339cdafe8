"""What the Python peers share: one JSON object per line in, one per line out, in order."""

import json
import platform
import sys
import warnings
from importlib.metadata import version


def about():
    """The answer to `{"id":0,"about":true}`."""
    return f"amplitude-experiment {version('amplitude-experiment')} on Python {platform.python_version()}"


def serve(reply):
    # The package's notices about patterns and models are not answers.
    warnings.simplefilter("ignore")
    sys.stdin.reconfigure(encoding="utf-8")
    for line in sys.stdin:
        if line.strip():
            sys.stdout.write(json.dumps(reply(line)) + "\n")
            sys.stdout.flush()
