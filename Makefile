# make run     the program with its simulated WhatsApp, on this machine alone: needs Python 3.11+ and Node 20+
# make test    all tests, against real PostgreSQL, Redis, RabbitMQ, S3 and a browser (Debian packages)
# make check   linters, types, import law, drift of generated files
# make bench   the load measurements of tests/bench
# make types   regenerate the page's wire types      make lock   resolve the requirements anew
# make clean   forget everything that was made, data included
#
# Every target does its own set-up, and none that was done is done again.

ROOT := $(abspath $(dir $(lastword $(MAKEFILE_LIST))))
PYTHON ?= $(shell for p in python3 python3.14 python3.13 python3.12 python3.11; do $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && { echo $$p; break; }; done)
VENV := .venv
BIN := $(VENV)/bin
# Loopback only needs no secret: DEBUG makes one and keeps it beside the database.
DATA_DIR ?= $(ROOT)/var
PORT ?= 8000
TEST_WORKERS ?= 2
OPENAPI := $(BIN)/python manage.py export_openapi_schema --api backend.urls.api --sorted --indent 2
DEVELOPMENT := DEBUG=1 SANDBOX=1 PORT=$(PORT) DATA_DIR=$(DATA_DIR)

MIGRATIONS := $(wildcard backend/*/migrations/*.py)
PAGE_SOURCES := $(shell find frontend -maxdepth 1 -type f; find frontend/src frontend/public -type f ! -name '*.test.*' 2>/dev/null)
REAL_DATABASE := $(DATABASE_URL)$(DATABASE_URL_FILE)

.DEFAULT_GOAL := run
.DELETE_ON_ERROR:
.SUFFIXES:
.PHONY: run test check bench types lock clean always python page services

run: $(BIN)/.run page $(DATA_DIR)/.migrated
	@exec env $(DEVELOPMENT) $(BIN)/python -m asgi_workers

test: services $(BIN)/.dev page
	$(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile $(PYTEST_ARGS)
	TEST_PARTS=embedded $(BIN)/pytest -n $(TEST_WORKERS) --dist loadfile $(wildcard tests/journeys tests/unit/chat tests/unit/jobs tests/unit/ops)
	cd frontend && npm test

check: $(BIN)/.dev frontend/node_modules/.installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports --cache-dir var/imports
	DEBUG=1 DATA_DIR=$(ROOT)/var/check $(BIN)/mypy
	DEBUG=1 DATA_DIR=$(ROOT)/var/check $(BIN)/python manage.py makemigrations --check --dry-run
	DEBUG=1 DATA_DIR=$(ROOT)/var/check $(OPENAPI) --output var/check/openapi.json
	diff backend/openapi.json var/check/openapi.json || { echo "the API has changed: make types"; exit 1; }
	$(BIN)/python tests/law.py
	$(BIN)/check-jsonschema --quiet --builtin-schema vendor.compose-spec docker/compose.yaml
	cd frontend && npm run --silent types:check && npm run --silent lint && npm run --silent typecheck

bench: $(BIN)/.dev page
	@sh tests/setup.sh bench
	$(BIN)/python -m tests.bench $(BENCH_ARGS)

types: $(BIN)/.dev frontend/node_modules/.installed
	DEBUG=1 DATA_DIR=$(ROOT)/var/check $(OPENAPI) --output backend/openapi.json
	cd frontend && npm run --silent types

lock: $(BIN)/.uv
	$(BIN)/uv pip compile --universal --python-version 3.11 pyproject.toml -o requirements.txt --no-annotate --quiet
	$(BIN)/uv pip compile --universal --python-version 3.11 pyproject.toml --group dev -o tests/requirements.txt --no-annotate --quiet

clean:
	rm -rf $(VENV) var frontend/node_modules frontend/dist

python: $(BIN)/.run
page: frontend/dist/index.html

services:
	@sh tests/setup.sh

# --- Set-up, each step behind a stamp -------------------------------------------------------------------------------

$(BIN)/.uv:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed (PYTHON=/path/to/python3)"; exit 1; }
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { rm -rf $(VENV); echo "python3-venv is missing: apt-get install python3-venv"; exit 1; }
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	@touch $@

# uv takes seconds where pip takes a minute; where it cannot reach what pip is configured for, pip does it.
$(BIN)/.run: requirements.txt | $(BIN)/.uv
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r $< || $(BIN)/python -m pip install --quiet -r $<
	@touch $@

$(BIN)/.dev: tests/requirements.txt $(BIN)/.run
	$(BIN)/uv pip install --quiet --python $(BIN)/python -r $< || $(BIN)/python -m pip install --quiet -r $<
	@touch $@

frontend/node_modules/.installed: frontend/package-lock.json
	@node -e 'process.exit(parseInt(process.versions.node) < 20 ? 1 : 0)' || { echo "Node 20 or newer is needed"; exit 1; }
	cd frontend && npm ci --no-audit --no-fund --loglevel=error
	@touch $@

frontend/dist/index.html: $(PAGE_SOURCES) frontend/node_modules/.installed
	cd frontend && node_modules/.bin/vite build --logLevel warn
	@touch $@

# The stamp lies beside the database that it speaks of; a server's database may be another each time.
$(DATA_DIR)/.migrated: $(MIGRATIONS) $(BIN)/.run $(if $(REAL_DATABASE),always,$(if $(wildcard $(DATA_DIR)/chat.sqlite3),,always))
	@env $(DEVELOPMENT) $(BIN)/python manage.py migrate --verbosity 0
	@touch $@
