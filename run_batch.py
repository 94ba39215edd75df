"""The command line's door: `python run_batch.py run jobs/demo.yaml`."""

from pipeline.cli import door

if __name__ == "__main__":
    door()
