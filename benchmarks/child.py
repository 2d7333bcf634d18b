"""One program in this process: ``python -m benchmarks.child module:function '{"stages": 10}'``.

Prints its ``Measured`` as one line of JSON and leaves at once, without waiting for threads that
a frozen library will not let go.
"""

from __future__ import annotations

import json
import os
import sys
import warnings
from dataclasses import asdict
from importlib import import_module


def main(path: str, arguments: str) -> None:
    warnings.simplefilter("ignore")
    module, _, function = path.partition(":")
    measured = getattr(import_module(module), function)(**json.loads(arguments))
    print(json.dumps(asdict(measured)), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
