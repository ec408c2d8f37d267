# `make smoke` and `make test` do everything on a machine that has git, make and Python 3.11 to 3.13.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
STUDY ?= tiny
WITNESSES := clean-fid pytorch-fid torch-fidelity prdc
VERSION_clean-fid := 0.1.35
VERSION_pytorch-fid := 0.3.0
VERSION_torch-fidelity := 0.4.0
VERSION_prdc := 0.2
ROUNDS ?= 10
CORES ?= $(shell $(PYTHON) -c "import os; print(len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else os.cpu_count())")
UV := $(BIN)/python -m uv
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-header --upgrade
SYSTEM_PATH := $(PATH)
export PATH := $(CURDIR)/$(BIN):$(PATH)

.PHONY: smoke test test-smoke test-faults test-slurm test-wheel witness lint generated docs format lock setup clean

smoke: setup  ## the smoke study: results/smoke/report.html
	snakemake all --cores $(CORES) --configfile config/smoke.yaml

test: setup  ## every test but whole paths (test-smoke), CORES files of tests at a time
	pytest --numprocesses $(CORES) --dist loadfile --no-loadscope-reorder -m "not smoke and not generated"

test-smoke: setup  ## whole paths: the smoke study from nothing and what it must be, the tutorial, a study made twice to the same bytes, a GPU's first script, the article's full size, CIFAR-10
	pytest -m smoke

test-faults: setup  ## trainings killed more often, and the smoke study ROUNDS times, killed on its way: three minutes each
	VIGAN_SOAK=$(ROUNDS) pytest -m soak --capture no -o faulthandler_timeout=0

test-slurm: setup  ## a study (STUDY=smoke: the smoke study, too) through a SLURM of one node, installed (Debian, root), started and stopped here
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt -r requirements-cluster.txt
	type slurmctld munged rsync &> /dev/null || \
		{ apt-get update && apt-get install --yes --no-install-recommends slurm-wlm munge rsync; }
	VIGAN_TEST_SLURM=$(STUDY) pytest tests/cluster

witness: $(WITNESSES:%=.witness/%/installed)  ## the same two folders by other tools' own code and ours, beside each other
	vigan bench witness --record bench/records
	python -m vigan.bench.documentation

.witness/%/installed: .venv/installed
	$(UV) venv --quiet --clear --python $(BIN)/python .witness/$*
	$(UV) pip install --quiet --python .witness/$*/bin/python --constraint requirements.txt torch torchvision $*==$(VERSION_$*)
	touch $@

test-wheel: setup  ## the wheel, in an environment and a folder of its own, trains and reports STUDY (STUDY=smoke)
	rm -rf .wheel build
	python -m pip wheel --quiet --disable-pip-version-check --no-deps --no-build-isolation --wheel-dir .wheel .
	$(UV) venv --quiet --python $(BIN)/python .wheel/env
	$(UV) pip install --quiet --python .wheel/env/bin/python --require-hashes -r requirements.txt
	$(UV) pip install --quiet --python .wheel/env/bin/python --no-deps .wheel/*.whl
	.wheel/env/bin/vigan init .wheel/study
	cd .wheel/study && PATH="$(CURDIR)/.wheel/env/bin:$(SYSTEM_PATH)" snakemake all --cores $(CORES) --config cpu=true \
		--configfile config/$(subst tiny,smoke,$(STUDY)).yaml

lint: setup  ## what CI checks besides the tests
	ruff check .
	ruff format --check .
	pyright
	lint-imports
	snakefmt --check Snakefile workflow
	snakemake --lint --configfile config/smoke.yaml
	pytest -q -m generated tests/config/test_schema.py tests/bench/test_imports.py

generated: setup  ## the files that are made from the code: the schema for editors, the picture of imports, tables of pages
	vigan schema -o config/study.schema.json
	python -m vigan.bench.imports
	python -m vigan.bench.documentation

docs: setup  ## the documentation site, in ./site; fails where a link leads nowhere
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.txt -r requirements-docs.txt
	NO_MKDOCS_2_WARNING=1 mkdocs build --strict

format: setup
	ruff check --fix .
	ruff format .
	snakefmt Snakefile workflow

setup: .venv/installed

# A copied checkout has the environment of the one it was copied from, whose paths are in it: it gets its own. Where that
# one is not in sight this may be the same folder under another path (a container's), in use: then a person decides.
MOVED := $(shell test -s .venv/installed && test "$$(cat .venv/installed)" != "$$(pwd -P)" && echo moved)

.PHONY: moved
moved:
	@test -e "$$(cat .venv/installed)/.venv/installed" || { echo ".venv was made for $$(cat .venv/installed), which is not here: if nothing runs from it there, type: rm -rf .venv"; exit 1; }
	rm -rf .venv

.venv/installed: requirements.txt pyproject.toml $(MOVED)
	$(PYTHON) -c "import sys; (3, 11) <= sys.version_info < (3, 14) or sys.exit('vigan needs Python 3.11 to 3.13; name one: make PYTHON=python3.13 ...')"
	$(BIN)/python -m pip --version > /dev/null 2>&1 || $(PYTHON) -m venv --clear .venv
	$(BIN)/python -m pip install --quiet --disable-pip-version-check uv==0.13.9
	$(UV) pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.txt
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	$(BIN)/python -m compileall -q src
	pwd -P > $@

lock: setup  ## compile requirements.txt anew from pyproject.toml, and what the extras `cluster` and `docs` add to it
	$(COMPILE) pyproject.toml --extra dev -o requirements.txt
	for extra in cluster docs; do \
		python -c "import sys, tomllib as t; print(*t.load(open('pyproject.toml', 'rb'))['project']['optional-dependencies'][sys.argv[1]], sep='\n')" $$extra | \
			$(COMPILE) - --constraint requirements.txt -o requirements-$$extra.txt || exit 1; \
	done

clean:  ## remove what can be made again; results, figures and data stay
	rm -rf .venv .witness .wheel build site .pytest_cache .ruff_cache .hypothesis .import_linter_cache
