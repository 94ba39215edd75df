"""The command line's door: `.venv/bin/python run_batch.py run jobs/demo.yaml`.

It imports our own packages, whatever else is called like them: a folder `pipeline` of somebody's, in the current folder
or on PYTHONPATH, would be run in our place. All of it stands where an interruption is heard; of what comes before,
Python's own start, no program hears.
"""

import gc
import sys

# The default, 700, is of programs that import less: searches for garbage are a tenth of our imports, and find none.
gc.set_threshold(50_000)
PACKAGES = ("common", "manifests", "micromotion", "pipeline", "stages", "weights")

try:
    from importlib.util import find_spec
    from pathlib import Path

    here = Path(__file__).resolve().parent
    found = [find_spec(package) for package in PACKAGES]
    places = [next(iter(one.submodule_search_locations or ()), "") if one else "" for one in found]
    if [Path(place).resolve() for place in places] != [here / package for package in PACKAGES]:
        sys.path.insert(0, str(here))
    from pipeline.cli.main import main
except KeyboardInterrupt:
    import signal

    signal.signal(signal.SIGINT, signal.SIG_IGN)  # one key press may arrive twice
    sys.stderr.write("Interrupted before anything was begun; the same command starts it.\n")
    sys.exit(130)

if __name__ == "__main__":
    main()
