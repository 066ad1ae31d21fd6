# Two commands do everything: `make run` and `make test`. Both set up what they need.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
INDEX := .babeldesk/index
CLIENT := .cache/playground

.DEFAULT_GOAL := help
.PHONY: help run test lint format client clean

help: ## Show what there is to make
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:[^#]*## /\t/' | expand -t 10

$(VENV)/run.stamp: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable .
	@touch $@

$(VENV)/test.stamp: $(VENV)/run.stamp
	$(BIN)/python -m pip install --quiet --constraint constraints.txt --editable '.[dev]'
	@touch $@

run: $(VENV)/run.stamp ## Set up, index the starter articles, serve the bot on this machine
	$(BIN)/babeldesk index corpus/articles --out $(INDEX)
	$(BIN)/babeldesk serve --local --index $(INDEX)

test: $(VENV)/test.stamp lint ## Set up, check the code, run all tests
	$(BIN)/python -m pytest -n 2 --dist loadfile

lint: $(VENV)/test.stamp ## Check style and types
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

format: $(VENV)/test.stamp ## Rewrite the code in the house's style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

client: tests/playground/package.json ## Install the Teams-like client that some tests drive (npm)
	mkdir -p $(CLIENT)
	cp tests/playground/package*.json $(CLIENT)
	npm ci --prefix $(CLIENT) --no-audit --no-fund --ignore-scripts

clean: ## Remove what was set up and built
	rm -rf $(VENV) .babeldesk .cache .mypy_cache .ruff_cache .pytest_cache *.egg-info
