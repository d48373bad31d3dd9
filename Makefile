# Two things a newcomer wants: to run the main job, and to see the tests pass. Both set up what they need in .venv, with
# the versions in constraints/: the same today and next year.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

# What is installed: the versions that are known to work; without any, today's newest.
CONSTRAINTS ?= constraints/pinned.txt
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix --constraint ,$(CONSTRAINTS))
DESCRIBED = setup.cfg pyproject.toml $(CONSTRAINTS)

.PHONY: run test test-lowest test-newest fast check constraints clean

run: $(BIN)/.runs
	$(BIN)/accelsim run configs/resnet18.yaml --force

test: $(BIN)/.tests check
	$(BIN)/pytest -n 2

check: $(BIN)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

# The lower bounds in setup.cfg are true: what takes no minutes passes with them.
test-lowest:
	$(MAKE) VENV=.venv-lowest CONSTRAINTS=constraints/lowest.txt fast

fast: $(BIN)/.tests
	$(BIN)/pytest -n 2 -m 'not slow' -W default

# What breaks with the newest versions of today, in cases of a fresh seed. It gates nothing: constraints/ is renewed by it.
test-newest:
	rm -rf .venv-newest
	-$(MAKE) VENV=.venv-newest CONSTRAINTS= test

# All that is installed, directly or not, and the build backend.
constraints: | $(BIN)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv
	echo 'setuptools>=77' | $(RESOLVED) --output-file constraints/pinned.txt
	echo 'setuptools>=77' | $(RESOLVED) --resolution lowest-direct --output-file constraints/lowest.txt
RESOLVED = UV_CUSTOM_COMPILE_COMMAND='make constraints' $(BIN)/uv pip compile --quiet --upgrade --universal \
    --python-version 3.11 --all-extras setup.cfg -

$(BIN)/.runs: $(DESCRIBED) | $(BIN)
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable .
	touch $@

$(BIN)/.tests: $(DESCRIBED) | $(BIN)
	$(PIP) setuptools
	$(PIP) --no-build-isolation --editable '.[test]'
	touch $@

$(BIN):
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf .venv .venv-lowest .venv-newest build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
