# Type `make` to see what there is. The first use of any target makes .venv from the lock file.

SHELL := /bin/sh
.DEFAULT_GOAL := help
MAKEFLAGS += --no-print-directory

VENV := .venv
PY := $(VENV)/bin/python
STAMP := $(VENV)/.installed
# Further arguments of pytest: make test ARGS="-k streak -x"
ARGS :=
# Processes that run tests beside each other, each with servers of its own: one a core is enough.
PROCESSES := 2

COMPILE := $(PY) -m uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-annotate $(UPGRADE) pyproject.toml

.PHONY: help run test test-slow hunt check demo lock clean

help: ## Shows this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' Makefile
	@echo
	@echo "  Variables: PORT 8000, SANDBOX_PORT 8100, METRICS_PORT 9100, DATA_DIR .data, DATABASE_URL, REDIS_URL,"
	@echo "  KUITTER_ENV development; PYTHON names the interpreter that .venv is made with."

run: $(STAMP) ## Runs the whole system until Ctrl-C: servers, sandbox, web, worker, clock
	@$(PY) -m ops.stack

test: $(STAMP) ## Runs the tests, all but the slow ones
	@$(PY) -m pytest -m "not slow" -n $(PROCESSES) --dist loadfile $(ARGS)

test-slow: $(STAMP) ## Runs the slow tests: real processes, faults, large data
	@$(PY) -m pytest -m slow $(ARGS)

hunt: $(STAMP) ## Runs the property tests with examples that nobody has tried yet (more: ARGS)
	@$(PY) -m pytest -m hypothesis --hypothesis-profile=hunt -n $(PROCESSES) --dist loadfile $(ARGS)

check: $(STAMP) ## Style, types, import rules and the links of the documentation
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	$(VENV)/bin/lint-imports
	$(PY) -m ops.check_links

demo: $(STAMP) ## Plays a month in one person's life on a stack of its own
	@$(PY) -m ops.demo

lock: $(STAMP) ## Writes the lock files anew from pyproject.toml (newer versions: make lock UPGRADE=--upgrade)
	$(COMPILE) --extra dev --output-file requirements-dev.lock
	$(COMPILE) --constraint requirements-dev.lock --output-file requirements.lock

clean: ## Removes .venv, caches and the test data; what make run stored stays
	rm -rf $(VENV) .data/test .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build *.egg-info
	find . -name __pycache__ -type d -not -path './.git/*' -prune -exec rm -rf {} +
	@echo "The data of make run lies in .data; remove that folder to begin from nothing."

# The stamp is written last, so an installation that was interrupted is done again.
$(STAMP): requirements-dev.lock pyproject.toml
	@python=; old=; bare=; \
	for name in $${PYTHON:-python3 python3.14 python3.13 python3.12 python3.11}; do \
		"$$name" -c '' >/dev/null 2>&1 || continue; \
		"$$name" -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { old=$$name; continue; }; \
		"$$name" -c 'import ensurepip, venv' 2>/dev/null || { bare=$$name; continue; }; \
		python=$$name; break; \
	done; \
	if [ -n "$$python" ]; then exec "$$python" -I ops/stack/install.py; fi; \
	echo "kuitter: Python 3.11 or newer is needed to make $(VENV)." >&2; \
	if [ -n "$$old" ]; then echo "  $$old is $$("$$old" -V 2>&1), which is too old." >&2; fi; \
	if [ -n "$$bare" ]; then echo "  $$bare lacks its venv module (on Debian and Ubuntu: apt install python3-venv)." >&2; fi; \
	echo "  If it lies elsewhere: make PYTHON=/path/to/python3.11" >&2; \
	exit 1
