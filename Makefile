# Paths are relative and tools run as `python -m`, so that a folder with spaces in its name works.
PYTHON ?= python3
PY := .venv/bin/python
PINS := .ci/constraints.txt
FAULTS := tests/faults tests/workflows/machine -o faulthandler_timeout=0
INSTALL := $(PY) -m uv pip install --quiet --python $(PY) -c $(PINS)

.DEFAULT_GOAL := help
.PHONY: help run test test-production chaos lint bench nightly clean

help: ## say what there is
	@echo "Reflow on Django. The first call of each makes .venv and installs what it needs."
	@echo
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/^([a-z-]+):.*## /  make \1\t/' | expand -t 16
	@echo
	@echo 'Options go on by ARGS: make run ARGS="--port 9000", make test ARGS="tests/engine -x"'

run: .venv/.stamp ## start the whole server on http://127.0.0.1:8080
	@exec $(PY) manage.py up $(ARGS)

test: .venv/.stamp-dev ## all checks, and all tests on SQLite and PostgreSQL
	@$(PY) -m tests.checks test -- $(ARGS)

test-production: .venv/.stamp-dev ## the production profile on private PostgreSQL, Redis and RabbitMQ
	@$(PY) -m pytest tests/production -m production -o faulthandler_timeout=0 $(ARGS)

chaos: .venv/.stamp-dev ## kill and break everything at random, and check every promise; minutes (--help)
	@$(PY) -m tests.chaos --report docs/chaos $(ARGS)

lint: .venv/.stamp-dev ## the checks without the tests
	@$(PY) -m tests.checks lint

nightly: .venv/.stamp-dev ## 10,000 examples of each property, every statement broken in every way; hours
	@HYPOTHESIS_PROFILE=nightly $(PY) -m pytest tests/engine -m hypothesis --timeout 0 -o faulthandler_timeout=0 --hypothesis-show-statistics $(ARGS)
	@HYPOTHESIS_PROFILE=nightly $(PY) -m pytest $(FAULTS)
	@HYPOTHESIS_PROFILE=nightly $(PY) -m tests.with_postgres $(FAULTS)

bench: .venv/.stamp-dev ## measure, and compare with the original
	@$(INSTALL) -e '.[bench]'
	@$(PY) -m benchmarks $(ARGS)

clean: ## remove .venv and all caches; keeps var/, where your data is
	rm -rf .venv build .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache htmlcov
	rm -rf .coverage .coverage.* *.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +

# A stamp is as new as the last installation: a changed pin or dependency installs again.
.venv/.stamp: pyproject.toml $(PINS)
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Reflow needs Python 3.11 or newer, and $(PYTHON) is " + sys.version.split()[0] + ". Name another one: make PYTHON=python3.12")'
	@test -x $(PY) || { echo "Making .venv ..."; $(PYTHON) -m venv .venv; }
	@echo "Installing dependencies (pyproject.toml or the pins are new) ..."
	@$(PY) -m pip install --quiet --disable-pip-version-check -c $(PINS) uv
	@$(INSTALL) -e .
	@touch $@

.venv/.stamp-dev: .venv/.stamp
	@echo "Installing the tools of development ..."
	@$(INSTALL) -e '.[dev]'
	@touch $@
