# `make demo` and `make test` need nothing but Python 3.11 or newer with venv, and make.
PYTHON ?= python3
BIN := .venv/bin
MARKS := .venv/.marks
PYTEST_OPTIONS ?= --numprocesses auto --dist worksteal

.PHONY: demo test lint types format generate spdx fuzz bench wheel clean

demo: $(MARKS)/demo
	@$(BIN)/opengrade assess

test: $(MARKS)/test
	$(BIN)/python -m pytest $(PYTEST_OPTIONS)

lint: $(MARKS)/dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(MARKS)/dev
	$(BIN)/mypy

format: $(MARKS)/dev
	$(BIN)/ruff format .
	$(BIN)/python tools/format_turtle.py

# The class queries, the OWL classes and the JSON-LD context follow from the frameworks and the ontology.
generate: $(MARKS)/test
	$(BIN)/python tools/generate_queries.py
	$(BIN)/python tools/run_readme.py

# The SPDX licenses follow from the license-list package.
spdx: $(MARKS)/test
	$(BIN)/python tools/generate_spdx.py

# As the tests do, but long; what is found is kept as a file in tests/fuzz or tests/hostile.
fuzz: $(MARKS)/test
	FUZZ_EXAMPLES=$${FUZZ_EXAMPLES:-20000} $(BIN)/python -m pytest --numprocesses auto tests/test_fuzz.py

bench: $(MARKS)/bench
	$(BIN)/python -m benchmarks $(BENCH_OPTIONS)

wheel: $(MARKS)/base
	$(BIN)/python -m pip wheel --quiet --no-deps --wheel-dir dist .

clean:
	rm -rf .venv dist build .pytest_cache .mypy_cache .ruff_cache .hypothesis

$(MARKS)/base:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed: make PYTHON=...")'
	@$(PYTHON) -m venv .venv
	@$(BIN)/python -m pip install --quiet --upgrade "pip>=25.1"
	@mkdir -p $(MARKS)
	@touch $@

$(MARKS)/demo: pyproject.toml | $(MARKS)/base
	@$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(MARKS)/test: pyproject.toml | $(MARKS)/base
	@$(BIN)/python -m pip install --quiet --editable . --group test
	@touch $@

$(MARKS)/bench: pyproject.toml | $(MARKS)/base
	@$(BIN)/python -m pip install --quiet --editable ".[peers]" --group test --group bench
	@touch $@

$(MARKS)/dev: pyproject.toml | $(MARKS)/base
	@$(BIN)/python -m pip install --quiet --editable . --group dev
	@touch $@
