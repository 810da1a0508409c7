# Everything runs in .venv, which is built here. All that must be there before is Python 3.11
# or newer with its venv module, and make. PYTHON=/path/to/python3 names another interpreter.

.DEFAULT_GOAL := help
.PHONY: help demo test lint format bench docs lock audit check model clean

BIN := .venv/bin
CANDIDATES := $(or $(PYTHON),python3 python3.13 python3.12 python3.11)
SUITABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))

help: ## List what can be made
	@sed -n 's/^\([a-z]*\):.*## /  make \1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 16

demo: .venv/.demo ## Play a shop's working day against simulated networks (about a minute)
	@$(BIN)/inboxd demo $(ARGS)

test: .venv/.dev ## Run the tests; ARGS="-k hours" runs some
	@$(BIN)/python -m pytest $(ARGS)

lint: .venv/.dev ## Check style, format, types and layers
	@$(BIN)/ruff check .
	@$(BIN)/ruff format --check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

format: .venv/.dev ## Put the code into shape
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

bench: .venv/.dev ## Measure speed and memory, and the classifier; ARGS="tick" measures one; accounts, month and pauses run only by name
	@$(BIN)/python -m benchmarks $(ARGS)

# Links to the outside are looked at only by make docs ARGS="--builder linkcheck".
docs: .venv/.dev ## Build the documentation into build/docs; broken links are errors
	@$(BIN)/python docs/reference.py
	@$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going --conf-dir docs \
		--doctree-dir build/doctrees $(ARGS) . build/docs
	@echo build/docs/docs/index.html

# Versions and hashes for every platform and Python, and no name of a place where they were found.
LOCKING := -m uv pip compile pyproject.toml --quiet --upgrade --universal --python-version 3.11 \
	--generate-hashes --no-annotate --no-header --no-emit-find-links

lock: .venv/.dev ## Renew the pinned versions: requirements.lock, and with what extras need
	@$(BIN)/python -m pip install -qq --disable-pip-version-check uv
	@$(BIN)/python $(LOCKING) --output-file requirements.lock
	@$(BIN)/python $(LOCKING) --constraints requirements.lock --extra apprise --extra ical --extra semantic \
		--output-file requirements.extras.lock

audit: .venv/.dev ## Ask whether a pinned version is known to be vulnerable (STRICT=1: or cannot be asked)
	@$(BIN)/python .ci/audit.py requirements.extras.lock

# What is released must be complete, and the same whoever builds it: two builds are byte-equal, the
# wheel is made of the source distribution, and with the pinned versions it works without a checkout.
check: lint test docs audit ## Lint, test, audit, build docs and wheel, and try the wheel in a fresh environment (slow)
	@rm -rf dist build/again build/fresh
	@for folder in dist build/again; do SOURCE_DATE_EPOCH=1700000000 $(BIN)/python -m build \
		--outdir $$folder . >build.log 2>&1 || { cat build.log; exit 1; }; done
	@rm -f build.log
	@diff -r dist build/again
	@$(BIN)/python -m venv build/fresh
	@build/fresh/bin/python -m pip install -qq --disable-pip-version-check --require-hashes \
		--requirement requirements.lock
	@build/fresh/bin/python -m pip install -qq --no-deps --no-index dist/*.whl
	@build/fresh/bin/python -m pip check
	@cd build && fresh/bin/inboxd --help
	@cd build && echo '{"text": "Where is my parcel? Two weeks!"}' | fresh/bin/inboxd classify
	@cd build && fresh/bin/python -c 'from inboxd.plugins import networks; print(*networks())'
	@cd build && fresh/bin/inboxd demo --seconds 10 >demo.txt && tail -n 12 demo.txt
	@ls build/fresh/share/man/man1/inboxd.1 build/fresh/share/bash-completion/completions/inboxd

model: .venv/.dev ## Train the classifier on the seeds in data/ (about ten minutes)
	@$(BIN)/inboxd classifier train $(addprefix --data ,$(wildcard data/messages.*.jsonl) data/public.jsonl) \
		--about data/card.messages.json --force --out inboxd/classify/model.npz
	@$(BIN)/inboxd classifier train --replies $(addprefix --data ,$(wildcard data/replies.*.jsonl)) \
		--about data/card.replies.json --out inboxd/classify/replies.npz
	@$(BIN)/inboxd classifier train --tier semantic $(addprefix --data ,$(wildcard data/messages.*.jsonl) data/public.jsonl) \
		--about data/card.messages.json --force --out inboxd/classify/semantic.npz

clean: ## Remove everything that was made, .venv included
	@rm -rf .venv build dist build.log *.egg-info .coverage
	@rm -rf .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache
	@find . -name __pycache__ -type d -prune -exec rm -rf {} +

# The stamps make a second run cost nothing. What runs needs no tools; what develops needs all.
.venv/.demo: pyproject.toml
	$(call install,)
	@touch $@

.venv/.dev: pyproject.toml
	$(call install,[dev])
	@touch .venv/.demo $@

define install
@$(BIN)/python -c '$(SUITABLE)' 2>/dev/null && $(BIN)/python -m pip --version >/dev/null 2>&1 || { \
	found=; for python in $(CANDIDATES); do \
		if "$$python" -c '$(SUITABLE)' >/dev/null 2>&1; then found=$$python; break; fi; \
	done; \
	if [ -z "$$found" ]; then \
		echo 'No Python 3.11 or newer with its venv module among: $(CANDIDATES).' >&2; \
		echo 'Install one (on Debian: python3 and python3-venv), or say where it is:' >&2; \
		echo '  make PYTHON=/path/to/python3 ...' >&2; \
		exit 1; \
	fi; \
	echo "Building .venv with $$("$$found" --version)"; \
	"$$found" -m venv --clear .venv; \
}
@echo 'Installing inboxd$(1) into .venv'
@$(BIN)/python -m pip install -qq --disable-pip-version-check --editable '.$(1)'
endef
