# Everything runs in .venv, made from the pinned versions of constraints.txt.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
# A folder with pages.warc.gz, truth.jsonl and score.py, for the benchmarks.
BENCHMARKS ?= ../shared/benchmarks
# A browser for the tests of the dashboard, where it is not on the PATH under a name of its own.
export CHROMIUM ?=

.PHONY: setup demo test browser redis test-faults test-politeness test-cluster floors docs lint bench bench-quality bench-speed bench-main bench-live bench-growth bench-peers bench-duplicates bench-dashboard bench-storage bench-pending clean

setup: $(READY)

$(READY): pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
		{ echo "leesook needs Python 3.11 or newer; name one: make PYTHON=python3.12 $(MAKECMDGOALS)"; exit 1; }
	@$(PYTHON) -c 'import ensurepip, venv' 2>/dev/null || \
		{ echo "Python's venv module is missing; on Debian and Ubuntu: apt-get install python3-venv"; exit 1; }
	@echo "Setting up $(VENV) (a minute or two, once) ..."
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	@touch $@

demo: $(READY)
	@$(BIN)/python -m fixtures.demo

# Twice as many processes as there are cores: crawls wait, for delays and slow servers, as much as they work. Files go
# in the order of tests/conftest.py: sorted by their number of tests, those whose few tests take minutes would come last.
# Bytecode is made beforehand, as the tests start hundreds of processes and Python may have been told to write none.
TEST_PROCESSES ?= $(shell $(PYTHON) -c 'import os; print((os.cpu_count() or 1) * 2)')
test: lint browser redis
	@$(BIN)/python -m compileall -q crawler pipelines fixtures tests
	$(BIN)/python -m pytest -q -n $(TEST_PROCESSES) --dist loadfile --no-loadscope-reorder

# The tests of the dashboard drive a browser: Debian's chromium, or one that is there (CHROMIUM=/path/to/it).
browser:
	@for name in $(CHROMIUM) chromium chromium-browser google-chrome; do \
		command -v $$name >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing chromium, for the tests of the dashboard (once) ..."; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends chromium fonts-liberation >/dev/null \
			|| echo "chromium could not be installed: the tests of the dashboard will fail"; \
	else \
		echo "There is no chromium, and the tests of the dashboard will fail: install it (apt-get install chromium"; \
		echo "fonts-liberation on Debian), or name one: make CHROMIUM=/path/to/chrome test"; \
	fi

# The tests of the cluster start a Redis of their own: Debian's, or a Valkey that is there.
redis:
	@for name in redis-server valkey-server; do \
		command -v $$name >/dev/null && exit 0; \
	done; \
	if [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null; then \
		echo "Installing redis-server, for the tests of the cluster (once) ..."; \
		export DEBIAN_FRONTEND=noninteractive; \
		apt-get update -qq && apt-get install -y -qq --no-install-recommends redis-server >/dev/null \
			|| echo "redis-server could not be installed: the tests of the cluster will fail"; \
	else \
		echo "There is no redis-server, and the tests of the cluster will fail: install it (apt-get install redis-server"; \
		echo "on Debian, 7 or newer), or Valkey"; \
	fi

# The faults of `make test`, longer: twenty rounds of ten kills each, five of the others; ends with the counts.
test-faults: $(READY)
	FAULT_ROUNDS=20 FAULT_KILLS=10 $(BIN)/python -m pytest -q tests/faults

# The world of papers as the closing figures have it: twenty hosts, 2,000 articles, a second's delay; seven minutes.
test-politeness: $(READY)
	POLITENESS_HOSTS=20 POLITENESS_ARTICLES=2000 POLITENESS_DELAY=1 $(BIN)/python -m pytest -q -s tests/politeness_world

# The tests of clusters that take minutes: 600 pages in 1,200 captures, read by Dask, where whoever may die does; and three
# nodes on twenty hosts with 2,000 articles, one node killed, one stopped, Redis restarted.
test-cluster: $(READY) redis
	CLUSTER_ARCHIVES=6 CLUSTER_PAGES=100 $(BIN)/python -m pytest -q tests/crawler/archive_tasks/deaths.py
	CLUSTER_HOSTS=20 CLUSTER_ARTICLES=2000 CLUSTER_DELAY=0.5 $(BIN)/python -m pytest -q -s tests/cluster

# Records what extraction reaches by now, as the floors below which `make test` fails.
floors: $(READY)
	$(BIN)/python -m tests.quality.measuring $(BENCHMARKS)

# The documentation as a site, in build/docs. MkDocs advertises its next version unless told not to.
docs: $(READY)
	NO_MKDOCS_2_WARNING=1 $(BIN)/mkdocs build --strict --quiet
	@echo "build/docs/index.html"

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

bench: $(READY)
	@status=0; for part in bench-quality bench-speed bench-duplicates; do $(MAKE) --no-print-directory $$part || status=1; done; exit $$status

bench-quality: $(READY)
	$(BIN)/python -m benchmarks.quality $(BENCHMARKS)

# Beside plain trafilatura, lxml and, after make bench-peers, news-please and newspaper4k; ten minutes on two cores.
WARC ?= $(BENCHMARKS)/pages.warc.gz
bench-speed: $(READY)
	$(BIN)/python -m benchmarks.speed $(WARC)

# Where the CPU of the main process goes, and which steps of its event loop are long.
bench-main: $(READY)
	$(BIN)/python -m benchmarks.main_process $(WARC)

# A crawl of the same pages over HTTP, from loopback, beside the backfill.
bench-live: $(READY)
	$(BIN)/python -m benchmarks.live $(WARC)

# The same work with 1,000, 10,000 and 100,000 articles in the collection: ten minutes, and four GB in a temporary folder.
bench-growth: $(READY)
	$(BIN)/python -m benchmarks.growth $(WARC)

# news-please and newspaper4k, in an environment of their own.
bench-peers: .venv-peers/.ready

.venv-peers/.ready: benchmarks/peers.txt
	@$(PYTHON) -m venv .venv-peers
	@.venv-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt
	@touch $@

bench-storage: $(READY)
	$(BIN)/python -m benchmarks.storage $(BENCHMARKS)/pages.warc.gz --made 10000

bench-duplicates: $(READY)
	$(BIN)/python -m benchmarks.near_duplicates

# Ledgers of up to a million pending pages: some minutes, and a GB in a temporary folder.
bench-pending: $(READY)
	$(BIN)/python -m benchmarks.pending

# 100,000 articles of our own making: ten minutes, and two GB in a temporary folder.
bench-dashboard: $(READY)
	$(BIN)/python -m benchmarks.dashboard

# Leaves ./data alone: it may hold years of articles.
clean:
	rm -rf $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis build leesook.egg-info
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
