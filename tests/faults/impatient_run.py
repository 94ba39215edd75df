"""`run_batch.py` with less patience: a Ray that does not answer, or starts no worker, is given up sooner.

How long that takes is a constant of ours; that it happens, and what comes of it, is what tests watch.
"""

from pipeline.cluster import alarm
from pipeline.engine import pool
from run_batch import main

alarm.PATIENCE_SECONDS = 10.0
pool.START_SECONDS = 60.0

if __name__ == "__main__":
    main()
