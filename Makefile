# Every target is one or two `uv run` lines; `make check` is the whole gate. Without make: .ci/run

.PHONY: install fmt lint types imports test cov docs pages wheel vendor faults soak bench check matrix

install: ## everything a developer needs, into .venv
	uv sync

fmt: ## format, and mend what ruff can mend
	uv run ruff check --fix-only .
	uv run ruff format .

lint:
	uv run ruff format --check .
	uv run ruff check .

types:
	uv run mypy
	uv run pyright
	uv run pyright --verifytypes anymedia --ignoreexternal

imports: ## the order of the rooms, and who may import what
	uv run lint-imports

test:
	uv run pytest

cov: ## the same tests, with branch coverage and its lower bound
	uv run pytest --cov

docs: ## into site/; a dead link is an error
	uv run zensical build --strict --clean

pages: ## the tests that publish tables, and these tables written anew into the documentation
	ANYMEDIA_WRITE_MATRIX=1 uv run pytest tests/faults/test_fault_matrix_*.py tests/vendor providers/*/tests/p*

wheel: ## build it, and use it in an empty environment (part of `test` too)
	uv run pytest tests/packaging

vendor: ## the vendors' own SDKs against the emulators (part of `test` too)
	uv run pytest -m vendor

soak: ## ten thousand tasks per provider, something breaking every second; some ten minutes
	uv run python tests/soak/soak.py

bench: ## what the client costs above a bare loop, as ratios
	uv run python tests/benchmarks/overhead.py

faults: ## the fault matrix (part of `test` too)
	uv run pytest tests/faults -k matrix

check: lint types imports docs cov

matrix: ## the tests on every Python from 3.11 to 3.14 that is on this machine; none is downloaded
	@PATH="$$PATH$$(printf ':%s' "$${PYENV_ROOT:-$$HOME/.pyenv}"/versions/*/bin)"; \
	for version in 3.11 3.12 3.13 3.14; do \
		if uv python find --no-project --no-python-downloads $$version >/dev/null 2>&1; then \
			echo "== Python $$version"; \
			uv run --isolated --no-python-downloads --python $$version pytest || exit 1; \
		else \
			echo "== Python $$version is not on this machine"; \
		fi; \
	done
