"""The command line's door: `.venv/bin/python run_batch.py run jobs/demo.yaml`.

It imports our own packages, whatever else is called like them: a folder `pipeline` of somebody's, in the current folder
or on PYTHONPATH, would be run in our place.
"""

import signal
import sys
from importlib.util import find_spec
from pathlib import Path

HERE = Path(__file__).resolve().parent
PACKAGES = ("common", "manifests", "micromotion", "pipeline", "stages", "weights")


def _is_ours(package: str) -> bool:
    found = find_spec(package)
    places = list(found.submodule_search_locations or ()) if found else []
    return bool(places) and Path(places[0]).resolve() == HERE / package


if not all(map(_is_ours, PACKAGES)):
    sys.path.insert(0, str(HERE))

try:
    from pipeline.cli.main import main
except KeyboardInterrupt:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one key press may arrive twice
    sys.stderr.write("Interrupted before anything was begun; the same command starts it.\n")
    sys.exit(130)

if __name__ == "__main__":
    main()
