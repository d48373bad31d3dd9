# Two things a newcomer wants: to run the main job, and to see the tests pass. Both set up what they need in .venv, with
# the versions in constraints/: the same today and next year.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin

# What is installed: the versions that are known to work; without any, today's newest.
CONSTRAINTS ?= constraints/pinned.txt
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check $(addprefix --constraint ,$(CONSTRAINTS))
DESCRIBED = setup.cfg pyproject.toml $(CONSTRAINTS)

# What is tested: everything, with fixed seeds.
SELECTED ?=

.PHONY: run test check suite test-lowest test-newest constraints clean
.NOTPARALLEL:
unexport PYTHONDONTWRITEBYTECODE

run: $(BIN)/.runs
	$(BIN)/accelsim run configs/resnet18.yaml --force

test: check suite

check: $(BIN)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

suite: $(BIN)/.tests
	$(BIN)/pytest -n 2 --dist worksteal $(SELECTED)

# The lower bounds in setup.cfg are true: with them, all passes that depends on what is installed.
test-lowest:
	$(MAKE) suite VENV=.venv-lowest CONSTRAINTS=constraints/lowest.txt SELECTED='-m "not slow" -W ignore'

# What breaks with today's newest versions, in cases that nobody has tried before. It gates nothing.
test-newest: SEED := $(shell date +%s)
test-newest:
	rm -rf .venv-newest
	-$(MAKE) check VENV=.venv-newest CONSTRAINTS=
	-$(MAKE) suite VENV=.venv-newest CONSTRAINTS= \
	    SELECTED='--seed $(SEED) --hypothesis-profile fresh --hypothesis-seed $(SEED)'

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
