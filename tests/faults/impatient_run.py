"""`run_batch.py` with less patience: a Ray that does not answer is given up after seconds, not after a minute.

How long that takes is a constant of ours; that it happens, and what comes of it, is what tests watch.
"""

from pipeline.cluster import alarm
from run_batch import main

alarm.PATIENCE_SECONDS = 10.0

if __name__ == "__main__":
    main()
