# make setup | demo | demo-all | test | check | lint | docs | bench | truth | text | faults | clean
#
# One environment, .venv, for use and for tests. It is made again only when what it is made from changes.

VENV := .venv
PYTHON_IN := $(VENV)/bin/python
STAMP := $(VENV)/.installed
# Compiled modules are kept whatever the caller's setting is: tests start a hundred processes, which would all compile.
export PYTHONDONTWRITEBYTECODE :=

.PHONY: help setup demo demo-all test check lint docs bench truth text faults clean

help:
	@echo "make setup   install into $(VENV) (about 2.5 GB, Python 3.11 or newer)"
	@echo "make demo    animate the demo faces and write a report"
	@echo "make demo-all  the same with four motions: smile, eyes closed, head turn, ageing"
	@echo "make test    lint, types and tests"
	@echo "make check   lint, types and the quick tests: under 3 minutes"
	@echo "make lint    lint and types alone"
	@echo "make docs    write the library's reference, docs/api/micromotion.html"
	@echo "make bench   measure speed on this machine, about an hour; make bench QUICK=1: minutes"
	@echo "make truth   measure motions, and both ways to animate a photograph, against true renderings"
	@echo "make text    measure motions made from prompts"
	@echo "make faults  kill runs at random instants and compare what is left"
	@echo "make clean   remove $(VENV) and caches; outputs stay"

setup: $(STAMP)

# The first interpreter that is new enough, 3.11 before others because we test on it; PYTHON names one instead.
CANDIDATES := $(or $(PYTHON),python3.11 python3 python3.12 python3.13 python)

$(STAMP): setup.cfg pyproject.toml constraints.txt
	@for candidate in $(CANDIDATES); do \
	    if "$$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
	        echo "Installing into $(VENV) with $$("$$candidate" --version): about 2.5 GB, a few minutes."; \
	        exec "$$candidate" -m venv --clear $(VENV); \
	    fi; \
	done; \
	echo "No Python 3.11 or newer among: $(CANDIDATES). Install one, or name it: make setup PYTHON=python3.11" >&2; \
	exit 1
	@$(PYTHON_IN) -m pip install --quiet --disable-pip-version-check --no-compile -c constraints.txt -e '.[dev,text,training]'
	@# On all cores: pip takes one, for a minute and a half. A few of the 18,000 modules are templates, which do not compile.
	@$(PYTHON_IN) -m compileall -qq -j 0 $(VENV)/lib || true
	@touch $@

demo: setup
	$(PYTHON_IN) run_batch.py run jobs/demo.yaml

demo-all: setup
	$(PYTHON_IN) run_batch.py run jobs/demo_all.yaml

lint: setup
	$(PYTHON_IN) -m ruff check
	$(PYTHON_IN) -m ruff format --check
	$(PYTHON_IN) -m mypy --num-workers 2

docs: setup
	$(PYTHON_IN) -m pdoc --docformat google --output-directory docs/api micromotion

bench: setup
	$(PYTHON_IN) -m benchmarks.speed.table $(if $(QUICK),--quick)

truth: setup
	$(PYTHON_IN) -m benchmarks.truth.motions
	$(PYTHON_IN) -m benchmarks.truth.pixels

faults: setup
	$(PYTHON_IN) -m benchmarks.faults.run

text: setup
	$(PYTHON_IN) -m benchmarks.models.text_anchors

# Quick tests alone: none that takes seconds, starts Ray or trains. loadgroup would split files whose fixtures are shared.
check: lint
	$(PYTHON_IN) -m pytest -n 2 --dist loadfile -m "not slow and not ray and not training and not gpu"

# Tests last: pytest's closing line ends the output. Modules in the order that tests/conftest.py gives, the longest first;
# by itself xdist takes those of many tests first, which are the quick ones. Three processes keep two cores busy: one of
# them always waits for a fault to be noticed.
test: lint
	$(PYTHON_IN) -m pytest -n 3 --dist loadfile --no-loadscope-reorder

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
