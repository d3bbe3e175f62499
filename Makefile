# Everything below runs from the checkout, on a machine with Python 3.11+ and make.
.DEFAULT_GOAL := help
.PHONY: help install install-dev up test browser lint format bench chaos audit lock clean

export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_USER := 0
# Where bytecode is not kept, each of the many processes that tests start compiles everything anew.
export PYTHONDONTWRITEBYTECODE :=

# Three processes, each with servers of its own, because tests often wait; whole files, those that take longest first.
PARALLEL := -n 3 --dist loadfile --no-loadscope-reorder
# The pins are complete, so nothing else is to be looked for.
PIP := .venv/bin/python -m pip install --quiet --require-virtualenv --no-deps
# What django-htmx asks for beside the scripts that it is wanted for.
UNUSED := --no-emit-package django --no-emit-package asgiref --no-emit-package sqlparse
ARGS :=

# Stamps carry a checksum of what they stand for in their name, so a second run finds them and does nothing.
checksum = $(shell cat $(1) | cksum | cut -d ' ' -f 1)
# The checkout's path is part of it: a venv that was moved has dead paths inside.
VENV := .venv/.made-$(shell pwd | cksum | cut -d ' ' -f 1)
RUNTIME := .venv/.runtime-$(call checksum,requirements.txt pyproject.toml)
DEV := .venv/.dev-$(call checksum,requirements-dev.txt pyproject.toml)

help: ## Shows this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/\1|\2/p' Makefile | while IFS='|' read -r name text; do \
		printf '  make %-12s %s\n' "$$name" "$$text"; done

install: $(RUNTIME) ## Creates .venv with what the service runs on

install-dev: $(DEV) ## Adds what tests, checks and benchmarks need

up: install ## Starts everything: embedded servers, demo data, API and worker
	@exec .venv/bin/wishkeep up $(ARGS)

test: lint browser audit ## Runs every check and the whole test suite
	.venv/bin/python -m pytest $(PARALLEL) $(ARGS)

# For the tests of the operators' page; who is not root, or has no Debian, installs a Chromium by hand or goes without.
browser:
	@for name in chromium chromium-browser google-chrome google-chrome-stable; do \
		command -v $$name >/dev/null 2>&1 && exit 0; done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then \
		echo "Installing Chromium, in which the operators' page is tested"; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium >/dev/null; \
	else false; fi || echo "There is no Chromium, so the tests of the operators' page are skipped." >&2

lint: install-dev ## Runs the linters, the type checker and the import contracts
	.venv/bin/python -m ruff check .
	.venv/bin/python -m ruff format --check .
	.venv/bin/python -m mypy
	.venv/bin/lint-imports

format: install-dev ## Formats the code and mends what the linter can
	.venv/bin/python -m ruff check --fix .
	.venv/bin/python -m ruff format .

bench: install-dev ## Measures throughput and latency against floor handlers (ARGS="--help" for options)
	.venv/bin/python -m bench $(ARGS)

chaos: install-dev ## Kills parts of a deployment in full use, 200 times (ARGS="--kills 50" for fewer)
	.venv/bin/python -m tests.chaos $(ARGS)

audit: install-dev ## Looks whether a dependency is known to be vulnerable (ARGS="--required" fails where that can't be asked)
	.venv/bin/python -m tests.audit $(if $(filter audit,$(MAKECMDGOALS)),$(ARGS))

lock: install-dev ## Pins requirements*.in anew, with hashes (ARGS="--upgrade" for newer versions)
	@for name in requirements requirements-dev; do \
		echo "# Pinned from $$name.in by \`make lock\`." > $$name.lock && \
		.venv/bin/python -m uv pip compile --universal --python-version 3.11 --generate-hashes --quiet \
			--no-header --no-annotate --no-emit-index-url --no-emit-find-links $(UNUSED) $(ARGS) \
			--output-file $$name.txt $$name.in && \
		cat $$name.txt >> $$name.lock && mv $$name.lock $$name.txt || exit 1; \
	done

clean: ## Removes .venv and caches; data in .wishkeep stays
	rm -rf .venv .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis

$(VENV):
	@python=; bare=; for name in python3.11 python3.12 python3.13 python3.14 python3 python; do \
		$$name -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || continue; \
		if $$name -c 'import ensurepip, venv' 2>/dev/null; then python=$$name; break; fi; bare=$$name; \
	done; \
	if [ -z "$$python$$bare" ]; then \
		echo "Wishkeep needs Python 3.11 or newer, and finds none as python3.11, python3 or python." >&2; exit 1; fi; \
	if [ -z "$$python" ]; then \
		echo "$$bare cannot make virtual environments: install its venv package (Debian: python3-venv)." >&2; exit 1; fi; \
	echo "Making .venv with $$($$python -V)"; \
	$$python -m venv --clear .venv && touch $@

$(RUNTIME): | $(VENV)
	@echo "Installing requirements.txt"
	@$(PIP) --require-hashes -r requirements.txt
	@$(PIP) --no-build-isolation -e .
	@rm -f .venv/.runtime-* && touch $@

$(DEV): | $(VENV)
	@echo "Installing requirements-dev.txt"
	@$(PIP) --require-hashes -r requirements-dev.txt
	@$(PIP) --no-build-isolation -e .
	@rm -f .venv/.runtime-* .venv/.dev-* && touch $(RUNTIME) $@
