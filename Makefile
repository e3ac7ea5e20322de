# `make demo` shows the system, `make test` tests it. Both set up what they need in .venv.

PYTHON ?= $(or $(shell command -v python3.11),python3)
VENV ?= .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check
PORT ?= 8800
SANDBOX_PORT ?= 8801
COUNT ?= 20
MINUTES ?=
RUNS ?=
STUDENTS ?= 100000
RLS_STUDENTS ?= 850000
KILLS ?= 200
TRIALS ?= 300

.DELETE_ON_ERROR:
.PHONY: help demo test prove-crash prove-storm prove-audit fuzz soak
.PHONY: bench-import bench-audit bench-rls bench-find bench-batch bench-news bench-clocks bench-due bench-live
.PHONY: bench-record bench-narrowing bench-rules
.PHONY: walk-outcomes walk-journeys walk-morning pictures constraints

help:
	@echo "make demo         the site with a fictitious SELPA, until Ctrl-C"
	@echo "make test         all checks and tests, on SQLite and PostgreSQL"
	@echo "make prove-crash  kill -9 at seven named and COUNT=20 random moments, on both databases"
	@echo "make prove-storm  kill -9 KILLS=200 times under a hostile state, on both databases; then all must be equal"
	@echo "make prove-audit  TRIALS=300 of tampering with the sealed logs, on both databases: each must be found"
	@echo "make soak         MINUTES=60 of two coordinators and ten case managers on PostgreSQL, 20,000 students"
	@echo "make fuzz         damaged record files for MINUTES=10, or RUNS of them: nothing lost, nothing hangs"
	@echo "make bench-import SIS files of STUDENTS=100000 into PostgreSQL, beside a bare COPY, and a second time"
	@echo "make bench-audit  what the read log costs a page; rows sealed and verified a second"
	@echo "make bench-rls    what row-level security costs a list, at RLS_STUDENTS=850000"
	@echo "make bench-find   find before create over the names of RLS_STUDENTS=850000, at most 100 ms of 95 in 100"
	@echo "make bench-batch  one field of 5,000 students changed together in a database of STUDENTS, a preview in 10 s"
	@echo "make bench-news   what changed in a district of STUDENTS=100000 with 25,000 changes: pages, and the plan of the query"
	@echo "make bench-record pages of students, finding, batches and lists of STUDENTS=100000, on both databases: statements, ms, KB"
	@echo "make bench-narrowing a list of 25,000 students narrowed and in order: statements, ms, KB, on PostgreSQL"
	@echo "make bench-clocks all clocks of STUDENTS=100000, with their traces, in one batch"
	@echo "make bench-due    due dates of STUDENTS=100000 stored in a batch, and after one changed calendar"
	@echo "make bench-live   what the rules cost while one types: in the engine, and in a request"
	@echo "make bench-rules  20 rules beside DuckDB and plain Python, STUDENTS=100000; every rule wrong on every row"
	@echo "make walk-outcomes  every outcome of a meeting that a browser walks, to its lines at the state"
	@echo "make walk-morning  a coordinator's morning in August: 140 arrivals, 30 departures, 12 duplicates, 6 transfers"
	@echo "make walk-journeys  every way in and out of special education here, in a browser, with clicks and seconds"
	@echo "make pictures     renew docs/pictures from the browser tests"
	@echo "make constraints  write the installed versions into constraints.txt"

demo: $(VENV)/installed
	@exec $(BIN)/manzanita demo --port $(PORT) --sandbox-port $(SANDBOX_PORT)

test: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.run

prove-crash: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.crash --random $(COUNT)

prove-storm: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.storm --kills $(KILLS)

prove-audit: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.audit --trials $(TRIALS)

soak: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.soak --minutes $(or $(MINUTES),60) --students 20000

fuzz: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.prove.fuzz $(if $(RUNS),--runs $(RUNS),--minutes $(or $(MINUTES),10))

bench-import: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_import --students $(STUDENTS)

bench-audit: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_audit

bench-rls: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_rls --students $(RLS_STUDENTS)

bench-find: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_find --students $(RLS_STUDENTS)

bench-batch: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_batch --students $(STUDENTS)

bench-news: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_news --students $(STUDENTS)

bench-record: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_record --students $(STUDENTS)

bench-narrowing: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_narrowing --students $(STUDENTS)

bench-clocks: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.prove.bench_clocks --students $(STUDENTS)

bench-due: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_due --students $(STUDENTS)

bench-live: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.support.postgres $(BIN)/python -m tests.prove.bench_live

bench-rules: $(VENV)/installed-for-tests
	@exec $(BIN)/python -m tests.prove.bench_rules --students $(STUDENTS)

walk-outcomes: $(VENV)/installed-for-tests
	@env -u CI $(BIN)/python -m pytest -q tests/browser/test_outcomes_path.py

walk-morning: $(VENV)/installed-for-tests
	@MORNING=full $(BIN)/python -m pytest -q -p no:xdist tests/browser/test_august_morning.py

walk-journeys: $(VENV)/installed-for-tests
	@env -u CI $(BIN)/python -m pytest -q -p no:xdist tests/browser/test_journeys.py tests/browser/test_later_start.py

pictures: $(VENV)/installed-for-tests
	@PICTURES=docs/pictures $(BIN)/python -m pytest -q tests/browser/test_demo_tour.py tests/browser/test_first_path.py

constraints:
	@sed -n '/^#/p' constraints.txt > constraints.new
	@$(PIP) freeze --all --exclude-editable | grep -v '^pip==' | sort -f >> constraints.new
	@mv constraints.new constraints.txt

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' \
	  || { echo "Manzanita needs Python 3.11; say where it is: make PYTHON=/path/to/python3.11 ..."; exit 1; }
	@$(PYTHON) -m venv $(VENV)

$(VENV)/installed: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV) ..."
	@$(PIP) install --constraint constraints.txt setuptools
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable .
	@touch $@

# All at once: what is installed twice is looked up twice, and built twice.
$(VENV)/installed-for-tests: $(BIN)/python pyproject.toml constraints.txt
	@echo "Installing into $(VENV), with what tests need ..."
	@$(PIP) install --constraint constraints.txt setuptools
	@$(PIP) install --constraint constraints.txt --no-build-isolation --editable '.[test]'
	@touch $(VENV)/installed $@
