# make run [ARGS=--demo]  the chat, or any other orchat command
# make test               everything that CI runs
# make search             the property tests with other examples than CI's, ten times over
# make bench              the benchmarks; they measure and never fail
# make soak               thirty-two processes at once, pages read by killed commands; takes minutes
# make shots              the pictures of README and manual
# make docs               the manual, in docs/_build/html
# make reference          the page about keys and commands, from the program's own tables
# make clean              forget what was built

PYTHON ?= python3
VENV ?= .venv
ARGS ?=
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
# Parts in which every branch is covered.
COMPLETE := domain dispatch openrouter keys store

# A start without compiled modules takes a second longer.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help run test format lint types contracts tests coverage wheel search bench soak docs reference shots clean

help:
	@sed -n 's/^# \(make .*\)/\1/p' Makefile

run: $(VENV)/.run
	@$(BIN)/orchat $(ARGS)

test: format lint types contracts tests coverage wheel

format: $(VENV)/.dev
	$(BIN)/ruff format --check .

lint: $(VENV)/.dev
	$(BIN)/ruff check .

types: $(VENV)/.dev
	$(BIN)/mypy

contracts: $(VENV)/.dev
	$(BIN)/lint-imports

tests: $(VENV)/.dev
	$(BIN)/coverage erase
	$(BIN)/coverage run -m pytest -n 3 --dist worksteal -m "not wheel"

coverage: tests
	$(BIN)/coverage combine --quiet
	$(BIN)/coverage report --fail-under=95
	@for part in $(COMPLETE); do \
		$(BIN)/coverage report --include="orchat/$$part/*" --fail-under=100 >/dev/null || \
		{ $(BIN)/coverage report --include="orchat/$$part/*"; echo "orchat/$$part must be covered whole"; exit 1; }; \
	done

wheel: $(VENV)/.dev
	$(BIN)/python -m pytest -m wheel tests/test_packaging.py

search: $(VENV)/.dev
	@for round in 1 2 3 4 5 6 7 8 9 10; do \
		$(BIN)/python -m pytest -q -n 2 --hypothesis-profile=search $$(grep -rl "@given" tests) || exit 1; \
	done

bench: $(VENV)/.bench
	$(BIN)/python -m tests.benchmarks.run

soak: $(VENV)/.dev
	$(BIN)/python -m tests.support.store_soak
	$(BIN)/python -m tests.support.ocr_soak
	$(BIN)/python -m tests.soak

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

reference: $(VENV)/.run
	$(BIN)/python docs/reference.py

shots: $(VENV)/.run
	$(BIN)/python docs/shots.py

clean:
	rm -rf $(VENV) build dist docs/_build docs/api .mypy_cache .ruff_cache .import_linter_cache .hypothesis .coverage .coverage.*
	find orchat tests docs -name __pycache__ -type d -exec rm -rf {} +

# A new venv often brings an old pip: before 25.1 it knows no dependency groups, and its scripts start slower.
$(VENV)/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 10))' || \
		{ echo "orchat needs Python 3.10 or newer: make PYTHON=/path/to/python3.10" >&2; exit 1; }
	@$(PYTHON) -m venv $(VENV) || \
		{ rm -rf $(VENV); echo "Python has no venv module here; on Debian: apt install python3-venv" >&2; exit 1; }
	@$(PIP) install --constraint constraints.txt --upgrade pip

$(VENV)/.run: pyproject.toml constraints.txt | $(VENV)/bin/python
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.run
	$(PIP) install --constraint constraints.txt --group dev
	@touch $@

$(VENV)/.bench: $(VENV)/.dev
	$(PIP) install --constraint constraints.txt --group bench
	@touch $@

$(VENV)/.docs: $(VENV)/.dev
	$(PIP) install --constraint constraints.txt --group docs
	@touch $@
