# Two things a newcomer wants: to run the main job, and to see the tests pass. Both set up what they need in .venv.

PYTHON ?= python3
VENV ?= .venv
BIN = $(VENV)/bin
PIP = $(BIN)/python -m pip install --quiet --disable-pip-version-check

.PHONY: run test clean

run: $(BIN)/.runs
	$(BIN)/accelsim run configs/resnet18.yaml --force

test: $(BIN)/.tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/pytest -n 2

$(BIN)/.runs: setup.cfg pyproject.toml | $(BIN)
	$(PIP) --editable .
	touch $@

$(BIN)/.tests: setup.cfg pyproject.toml | $(BIN)
	$(PIP) --editable '.[test]'
	touch $@

$(BIN):
	$(PYTHON) -m venv $(VENV)

clean:
	rm -rf $(VENV) build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
