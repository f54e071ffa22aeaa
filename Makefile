# Every task of the project. Needs make and Python 3.11 or newer; everything else is installed into .venv.

VENV   := .venv
PYTHON := $(VENV)/bin/python
PIP    := $(PYTHON) -m pip install --quiet --disable-pip-version-check --require-hashes
export PYTHONUNBUFFERED := 1
PYTEST := $(PYTHON) -m pytest
TESTS  ?=

# The first python that is new enough.
FIND_PYTHON = for python in python3 python3.14 python3.13 python3.12 python3.11; do \
	if $$python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then echo $$python; exit; fi; done

.DEFAULT_GOAL := help
.PHONY: help run stop test lint format types messages lock races faults properties coverage browser bench clean

help: ## list the tasks
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "  make %-9s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

$(PYTHON):
	@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer is needed, and none was found on the path." >&2; exit 1; fi; \
	echo "Setting up $(VENV) with $$($$python --version) …"; \
	$$python -m venv $(VENV) || { rm -rf $(VENV); \
	echo "Python's venv module is missing; on Debian and Ubuntu: apt install python3-venv" >&2; exit 1; }

# The development lock contains the other one, so either satisfies `make run`.
$(VENV)/installed: requirements.txt | $(PYTHON)
	@echo "Installing requirements.txt …"
	@$(PIP) -r requirements.txt
	@touch $@

$(VENV)/installed-dev: requirements-dev.txt | $(PYTHON)
	@echo "Installing requirements-dev.txt …"
	@$(PIP) -r requirements-dev.txt
	@touch $@ $(VENV)/installed

run: export DEMO ?= 1
run: $(VENV)/installed ## the shop on http://127.0.0.1:$PORT (8000), with everything it needs; Ctrl-C stops it
	@$(PYTHON) manage.py runshop --with-parent

stop: ## stop a shop or a database that was left running
	@if [ -x $(PYTHON) ]; then $(PYTHON) -m shop.embedded_database stop; fi

test: $(VENV)/installed-dev ## the whole suite, in parallel and in random order (TESTS=tests/shop for a part)
	@$(PYTEST) --numprocesses auto --dist worksteal $(TESTS)

races: export RACES_CHECKOUTS ?= 10000
races: $(VENV)/installed-dev ## many buyers for few pieces, processes killed under them; in full size, up to half an hour
	@$(PYTEST) -m races

faults: export FAULTS_CHECKOUTS ?= 200
faults: $(VENV)/installed-dev ## only what happens when something breaks in mid-work; says how soon all is right again
	@$(PYTEST) -m faults

properties: export PROPERTIES_EXAMPLES ?= 2000
properties: $(VENV)/installed-dev ## 2,000 plays of everybody doing anything, in parallel (PROPERTIES_SEED for other ones)
	@$(PYTEST) --numprocesses auto --dist worksteal -m properties

coverage: $(VENV)/installed-dev ## the whole suite, and which lines of checkout/ it reaches (95 % at least)
	@$(PYTEST) --numprocesses auto --dist worksteal --cov --cov-report=term-missing:skip-covered --cov-fail-under=95

browser: $(VENV)/installed-dev ## only the tests that drive a Chromium
	@$(PYTEST) -m browser

bench: $(VENV)/installed-dev ## speed, one JSON line a figure, each beside its floor in the same run
	@$(PYTHON) -m tests.bench

lint: $(VENV)/installed-dev ## everything that reads the code without running it
	@$(VENV)/bin/ruff check
	@$(VENV)/bin/ruff format --check
	@$(VENV)/bin/lint-imports
	@$(VENV)/bin/mypy
	@DEMO=1 $(PYTHON) manage.py makemigrations --check --dry-run

format: $(VENV)/installed-dev ## put the code into its one form
	@$(VENV)/bin/ruff check --fix --exit-zero
	@$(VENV)/bin/ruff format

messages: $(VENV)/installed-dev ## collect the texts to translate into locale/ and compile them
	@DEMO=1 $(PYTHON) manage.py makemessages --locale el --no-location --ignore '.venv/*' --ignore 'var/*'
	@DEMO=1 $(PYTHON) manage.py compilemessages

LOCK := UV_CUSTOM_COMPILE_COMMAND="make lock" $(VENV)/bin/uv pip compile --quiet --generate-hashes --universal \
	--python-version 3.11 --no-emit-index-url --no-emit-find-links $(LOCK_ARGS) pyproject.toml

lock: $(VENV)/installed-dev ## pin the dependencies of pyproject.toml (LOCK_ARGS=--upgrade for newer ones)
	@$(LOCK) --output-file requirements.txt
	@$(LOCK) --extra dev --constraint requirements.txt --output-file requirements-dev.txt

clean: ## delete what can be made again; the data in var/ stays
	@rm -rf $(VENV) var/static .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +
