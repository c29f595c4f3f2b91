# Everything a person does with a checkout of Beside. Each target sets up its own environment in .venv first.
SHELL := /bin/bash
.DEFAULT_GOAL := help
PY := .venv/bin/python
ARGS ?=
export OMP_WAIT_POLICY := PASSIVE
# tools/environment installs without compiling: Python must be allowed to keep what it compiles, or every process that
# loads torch compiles it anew, which takes it eight seconds instead of three
unexport PYTHONDONTWRITEBYTECODE

.PHONY: help demo test lint bench reference clean

help:  ## show this list
	@echo "Beside: a language model that works beside people."
	@sed -n 's/^\([a-z]*\):  *## /  make \1	/p' Makefile | expand -t 16
	@echo
	@echo "More: make demo ARGS=--no-serve    make test ARGS='-k intake'    make bench ARGS=speed    make demo PYTHON=python3.12"

demo:  ## the whole loop on built-in data, then the console (ARGS=--no-serve stops before the console)
	@tools/environment runtime
	@.venv/bin/beside demo $(ARGS)

test:  ## the test suite, with the network off where the system allows it
	@tools/environment dev
	@tools/offline $(PY) -m pytest -n 2 --dist loadfile --no-loadscope-reorder $(ARGS)

lint:  ## style, types and the one-way arrows between the parts
	@tools/environment dev
	@echo "ruff: style"         && $(PY) -m ruff check --output-format concise .
	@echo "ruff: layout"        && $(PY) -m ruff format --check --quiet .
	@echo "mypy: types"         && $(PY) -m mypy
	@echo "import-linter: arrows" && .venv/bin/lint-imports

bench:  ## the measurements behind docs/results.md (ARGS=NAME for one of them)
	@tools/environment dev
	@for script in benchmarks/$(or $(ARGS),*).py; do echo "== $$script"; $(PY) "$$script" || exit 1; done

reference:  ## write docs/reference.md and docs/openapi.json anew from the code
	@tools/environment dev
	@$(PY) tools/reference.py > docs/reference.md.new && mv docs/reference.md.new docs/reference.md && echo "docs/reference.md is in step"
	@$(PY) tools/openapi.py > docs/openapi.json.new && mv docs/openapi.json.new docs/openapi.json && echo "docs/openapi.json is in step"

clean:  ## remove the environment and caches; never a workspace's data
	rm -rf .venv build dist .pytest_cache .mypy_cache .ruff_cache .import_linter_cache .hypothesis src/*.egg-info
	find src tests tools -name __pycache__ -type d -prune -exec rm -rf {} +
