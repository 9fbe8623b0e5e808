# Two commands do everything: `make demo` and `make test`. Both set up what they need first.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
# Tests side by side, as files. Most of their time is waiting, so twice as many as there are cores.
WORKERS ?= $(shell expr 2 \* $$(nproc))
WA_JS := actors/browser/node_modules/.package-lock.json
SWAGGER_UI := gateway/docs/node_modules/.package-lock.json

COMPILE := $(BIN)/uv pip compile --quiet --universal --upgrade --generate-hashes --no-emit-index-url \
	--no-emit-find-links --no-header --override config/overrides.txt

# Where it is set, each of the hundreds of processes that the tests start would compile what it imports, 2 s each.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help setup demo test check serve bench chaos campaign peers-test lock docs clean chromium postgres

help: ## Show this list
	@grep -E '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/^([a-z]+):.*## /  make \1\t/' | expand -t 20

setup: $(VENV)/.ready $(WA_JS) $(SWAGGER_UI) chromium ## Virtual environment, locked dependencies, wa-js, Swagger UI, Chromium

$(VENV)/.ready: config/development.lock pyproject.toml .ci/venv
	@.ci/venv $(PYTHON) $(VENV)

$(WA_JS): actors/browser/package-lock.json
	@echo "==> wa-js, from npm"
	@.ci/npm actors/browser
	@touch $@

$(SWAGGER_UI): gateway/docs/package-lock.json
	@echo "==> Swagger UI, from npm"
	@.ci/npm gateway/docs
	@touch $@

chromium:
	@.ci/chromium

postgres:
	@.ci/postgres

demo: setup ## The whole story on the embedded sandbox, in real headless Chromium
	@$(BIN)/session-manager demo

test: setup postgres check ## Every check and every test
	@$(BIN)/pytest -n $(WORKERS) --dist loadfile --no-loadscope-reorder

check: $(VENV)/.ready ## Style and types
	@echo "==> ruff, mypy"
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check --quiet .
	@$(BIN)/mypy --no-error-summary

serve: setup ## The service on port 3001, against the live WhatsApp Web
	@exec $(BIN)/session-manager serve

bench: setup ## Ratios against floors measured in the same run
	@$(BIN)/python -m tests.benchmarks

chaos: setup ## Every fault in turn, then 200 random ones, over six clients
	@$(BIN)/python -m tests.chaos

campaign: setup ## 2,000 messages out and in, while 100 kills, stops and cuts strike
	@$(BIN)/python -m tests.campaign

peers-test: setup ## Other people's programs, from npm and PyPI, on the sandbox
	@$(BIN)/pytest -m peers tests/peers

docs: $(VENV)/.ready ## Write the generated documents again
	@$(BIN)/python -m tests.docs.generate

lock: $(VENV)/.ready ## Resolve both locks in config/ again from pyproject.toml
	@$(COMPILE) --extra dev --extra media --extra postgresql --extra protocol pyproject.toml -o config/development.lock
	@$(COMPILE) --extra media --extra postgresql --constraint config/development.lock pyproject.toml -o config/runtime.lock

clean: ## Remove what setup made
	@rm -rf $(VENV) actors/browser/node_modules gateway/docs/node_modules .pytest_cache .mypy_cache .ruff_cache
