# The two commands of the README, and what else a day's work needs. Everything is set up on first use.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
JAVASCRIPT := tests/e2e/javascript
WEB := tests/web
PIP := $(BIN)/python -m pip --disable-pip-version-check --quiet
TSC := $(BIN)/node $(WEB)/node_modules/typescript/bin/tsc --project $(WEB)
INSTALL := $(PIP) install --no-input --only-binary :all: --require-hashes

.PHONY: run test check screenshots bench format lock clean

run: $(VENV)/run.done ## Start the server with the embedded model, or with MAX_MODEL if it is set.
	@grep -Eqis '^ *(export +)?MAX_MODEL *=' .env || export MAX_MODEL="$${MAX_MODEL:-starter}"; exec $(BIN)/whisper_api

test: $(VENV)/dev.done $(JAVASCRIPT)/node_modules $(WEB)/node_modules ## Run all tests.
	$(BIN)/python -m pytest $(ARGS)

check: $(VENV)/dev.done $(WEB)/node_modules ## Lint, check the format, check the types.
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	@if test -d $(WEB)/node_modules; \
		then echo $(TSC) && $(TSC); \
		else echo "TypeScript is not installed: the types of the page's scripts are not checked." >&2; fi

screenshots: $(VENV)/dev.done ## Show the page in every state, in out/screenshots; ARGS="finished" shows one.
	$(BIN)/python -m tests.web.screenshots $(ARGS)

bench: $(VENV)/dev.done ## Install what the benchmarks need on top; openai-whisper, a peer, is up to you.
	$(PIP) install --no-input jiwer matplotlib whisper-normalizer

format: $(VENV)/dev.done ## Put the code into shape.
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lock: ## Resolve the dependencies anew (needs uv).
	locks/make

clean: ## Remove what the other targets made.
	rm -rf $(VENV) $(JAVASCRIPT)/node_modules $(WEB)/node_modules .mypy_cache .ruff_cache dist out

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14) and "whisper_api needs Python 3.11 to 3.13; set PYTHON to one, for example: make run PYTHON=python3.12")'
	@$(PYTHON) -m venv $(VENV) || { echo "Python's venv is missing: apt-get install python3-venv" >&2; rm -rf $(VENV); exit 1; }

# Packages are not compiled at installation but when they are first used, which is much less of them.
$(VENV)/run.done: locks/run.txt pyproject.toml | $(BIN)/python
	@echo "Installing what the server needs into $(VENV) ..."
	@$(INSTALL) --no-compile --requirement locks/run.txt
	@$(PIP) install --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/dev.done: locks/dev.txt locks/samples.txt $(VENV)/run.done
	@echo "Installing what the tests need into $(VENV) ..."
	@$(INSTALL) --no-binary srt --no-compile --requirement locks/dev.txt # srt, one file of Python, has no wheel
	@$(INSTALL) --no-compile --no-deps --requirement locks/samples.txt
	@touch $@

# OpenAI's library for JavaScript, and what the page is checked with; Node comes with what the tests need. Without a
# package registry what needs them is skipped.
%/node_modules: %/package-lock.json | $(VENV)/dev.done
	@PATH="$(abspath $(BIN)):$$PATH" npm ci --prefix $* --no-audit --no-fund --silent \
		|| echo "What $*/package.json names cannot be installed: what needs it will be skipped." >&2
	@if test -d $@; then touch $@; fi
