# The two commands are `make book` and `make test`; `make help` lists all.
PYTHON ?= python3
RUN = .venv/bin/python

help:                ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## /{printf "  make %-12s %s\n", $$1, $$2}' Makefile

book:                ## build the whole book and say where to open it (needs no torch)
	@$(PYTHON) tools/environment.py book
	@$(RUN) tools/check.py build

preview: environment ## one chapter as its text stands, in seconds (ARGS=14)
	@$(RUN) tools/preview.py $(ARGS)

test: environment    ## everything that CI checks, except what passed with exactly these files (FRESH=1: all)
	@$(RUN) tools/check.py $(if $(FRESH)$(CI),,--unless-passed) lint types unit scripts notebooks book offline browser

unit: environment    ## the tests of package, chapters' form and tools (ARGS=tests/loop: only these)
	@$(RUN) tools/check.py unit $(if $(ARGS),--only '$(ARGS)')

lint: environment    ## rules, format and spelling
	@$(RUN) tools/check.py lint

fix: environment     ## mend what lint finds, where that needs no thought
	@$(RUN) -m ruff check --fix --quiet . ; $(RUN) -m ruff format .

types: environment   ## types of the package, the tools and the extensions
	@$(RUN) tools/check.py types

coverage: environment  ## lines and branches that the tests reach (_build/coverage/index.html)
	@$(RUN) tools/check.py coverage

notebooks: environment  ## run every notebook afresh on the smallest budget
	@$(RUN) tools/check.py notebooks

lint-js: environment ## format and lint of the live figures' scripts (needs node and npm; ARGS=--write formats)
	@$(if $(ARGS),node tools/javascript/check.js $(ARGS),$(RUN) tools/check.py scripts)

links: environment   ## whether the addresses in the book still answer (needs the network)
	@$(RUN) tools/check.py links

chapters: environment  ## execute the chapters whose text or code has changed (ARGS="--all", ARGS=06)
	@$(RUN) tools/build_chapters.py $(ARGS)

stale:               ## name the chapters that `make chapters` would execute, one a line
	@$(PYTHON) tools/environment.py >&2
	@$(RUN) tools/build_chapters.py --stale

experiments: environment  ## measure again what the chapters quote: an hour and a half, two scripts at a time (ARGS="wgan --only faces": that part)
ifdef ARGS
	@OMP_NUM_THREADS=1 $(RUN) -m gancourse.experiments.$(ARGS)
else
	@printf '%s\n' "factorial --only grid-25" "factorial --only ring-8 --only floor --only checks" \
	  "games_table --only grid-25" face_coverage "games_table --only ring-8" clinic \
	  "quality --only digits --only faces" variations wgan normalization surfaces blurred \
	  "vae_gan --only faces --only changes" "vae_gan --only digits" mh_gan | \
	  OMP_NUM_THREADS=1 xargs -P 2 -I{} sh -c '$(RUN) -m gancourse.experiments.{}'
	@$(RUN) -m gancourse.experiments.quality --only ring-8 --only grid-25
endif

mutants: environment     ## falsify formulas and tests on a copy, and see what notices (ARGS="--chapter 06 --kind printed")
	@OMP_NUM_THREADS=1 $(RUN) tools/mutants.py $(ARGS)

torture: environment     ## every crash, damage and attack that a checkpoint must survive (ten minutes)
	@OMP_NUM_THREADS=1 $(RUN) -m pytest tests/torture -m "torture or not torture" -n 2

benchmark: environment   ## our training loop against a textbook one, on this machine
	@OMP_NUM_THREADS=1 $(RUN) -m gancourse benchmark --out gancourse/benchmark/benchmark.json

repository: environment  ## write the public address everywhere: make repository URL=https://github.com/owner/name
	@$(RUN) tools/set_repository.py "$(URL)"

lock: environment    ## work out requirements.lock again, after a change of requirements.txt
	@$(RUN) tools/lock.py

wheel: environment   ## the package as files that pip installs, in dist (the book has the same wheel)
	@$(RUN) tools/wheel.py dist --source

environment:         ## the virtual environment in .venv (the others call it)
	@$(PYTHON) tools/environment.py

clean:               ## remove what was built (clean-all: the environment, too)
	rm -rf _build build dist *.egg-info .pytest_cache .ruff_cache .mypy_cache .hypothesis .coverage*

clean-all: clean
	rm -rf .venv

.PHONY: help book preview test unit lint fix types coverage notebooks links lint-js chapters stale experiments mutants torture benchmark repository lock wheel environment clean clean-all
