# Everything a newcomer runs. `make` alone lists the rules.
# A fresh machine needs Python 3.11 or newer and make; `make lock` needs uv as well.

PYTHON ?= python3
UV ?= uv
WORKERS ?= auto
UPGRADE ?=

VENV := .venv
BIN := $(VENV)/bin
DONE := $(VENV)/done
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
PYTEST := $(BIN)/pytest
PARALLEL := -n $(WORKERS) --dist loadgroup
INSTALLED := build/installed
# Every room but the command line, which documents itself.
ROOMS := $(sort $(patsubst taxgap/%,taxgap.%,$(filter-out taxgap/cli,$(patsubst %/__init__.py,%,\
	$(wildcard taxgap/*/__init__.py)) $(basename $(filter-out taxgap/_%,$(wildcard taxgap/*.py))))))
COMPILE = $(UV) pip compile --quiet --universal --generate-hashes --no-emit-index-url --no-header --no-annotate \
	--python-version 3.11 --all-extras $(if $(UPGRADE),--upgrade)

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help install demo test test-long test-installed oracle doctest lint docs wheelhouse lock clean

help: ## list the rules
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' Makefile | awk -F'|' '{ printf "%-22s %s\n", $$1, $$2 }'

install: $(DONE)/tests ## make .venv with the library, the tests' tools and the linters

demo: $(DONE)/project ## make .venv with the library alone and run the demonstration into demo/
	$(BIN)/taxgap demo --out demo

test: $(DONE)/tests ## run the tests, but not the slow ones nor the oracle
	$(PYTEST) $(PARALLEL) -m "not oracle and not long"

test-long: $(DONE)/tests ## run the tests that take minutes
	$(PYTEST) $(PARALLEL) -m long || { test $$? -eq 5 && echo "No test is marked long."; }

oracle: $(DONE)/tests ## compare our tax law with an independent calculator
	$(PYTEST) $(PARALLEL) -m oracle || { test $$? -eq 5 && echo "No test is marked oracle."; }

doctest: $(DONE)/tests ## run the examples in the docstrings
	$(PYTEST) $(PARALLEL) --doctest-modules taxgap

# The same code, packed otherwise: what could be missing is a package or a file of data, and these use them all.
INSTALLED_TESTS := tests/cli/test_verbs.py tests/cli/test_explain.py tests/cli/test_audit.py tests/batch/test_files.py

test-installed: $(DONE)/tests ## run tests that use every part against the built wheel instead of the checkout
	rm -rf build/lib $(INSTALLED) taxgap.egg-info
	$(PIP) install --no-index --no-deps --no-build-isolation --target $(INSTALLED) .
	cd build && PYTHONPATH=$(CURDIR)/$(INSTALLED) ../$(BIN)/python -c \
		'import pathlib, taxgap; assert pathlib.Path(taxgap.__file__).is_relative_to(pathlib.Path("installed").resolve())'
	PYTHONPATH=$(CURDIR)/$(INSTALLED) $(PYTEST) $(PARALLEL) -m "not oracle and not long" $(INSTALLED_TESTS)

lint: $(DONE)/tests ## check style, format and types
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy

docs: $(DONE)/tests ## write the API reference into build/reference/
	rm -rf build/reference
	$(BIN)/python -m pdoc --docformat numpy --output-directory build/reference taxgap $(ROOMS)

# The wheels of the lock file and our own, with a list of them all by hash. They fit machines of this kind alone.
wheelhouse: $(DONE)/project ## gather wheels for an installation without network, in wheelhouse/
	rm -rf wheelhouse build/lib
	$(PIP) download --require-hashes --only-binary :all: --requirement requirements.lock --dest wheelhouse
	$(PIP) wheel --no-index --no-deps --no-build-isolation --wheel-dir wheelhouse .
	{ cat requirements.lock; \
		basename wheelhouse/taxgap-*.whl | sed 's/^taxgap-\([^-]*\)-.*/taxgap==\1 \\/'; \
		$(BIN)/python -m pip hash wheelhouse/taxgap-*.whl | sed -n 's/^--hash/    &/p'; } > wheelhouse/requirements.txt

lock: ## renew the lock files (UPGRADE=1 takes newer versions)
	@command -v $(UV) >/dev/null || { echo "make lock needs uv: see CONTRIBUTING.md." >&2; exit 1; }
	@mkdir -p build
	$(PYTHON) -c 'import tomllib; print(*tomllib.load(open("pyproject.toml", "rb"))["build-system"]["requires"], sep="\n")' \
		> build/build-system.in
	$(COMPILE) pyproject.toml build/build-system.in --group test --output-file requirements-test.lock
	$(COMPILE) pyproject.toml build/build-system.in --constraints requirements-test.lock \
		--output-file requirements.lock

clean: ## remove what was built (.venv stays)
	rm -rf build dist demo wheelhouse taxgap.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -path ./$(VENV) -prune -o -name __pycache__ -type d -prune -exec rm -rf {} +

# What is installed leaves a stamp in .venv/done, so that nothing is installed twice.

$(DONE)/venv:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || { \
		echo "taxgap needs Python 3.11 or newer, and '$(PYTHON)' is older or missing." >&2; \
		echo "Name another one, for example: make demo PYTHON=python3.12" >&2; exit 1; }
	$(PYTHON) -m venv $(VENV)
	@mkdir -p $(DONE) && touch $@

$(DONE)/runtime: requirements.lock $(DONE)/venv
	@echo "Installing the locked packages; the first time takes a few minutes."
	$(PIP) install --require-hashes --requirement requirements.lock
	@touch $@

$(DONE)/project: pyproject.toml $(DONE)/runtime
	$(PIP) install --no-index --no-deps --no-build-isolation --editable .
	@touch $@

$(DONE)/tests: requirements-test.lock $(DONE)/project
	$(PIP) install --require-hashes --requirement requirements-test.lock
	@touch $@
