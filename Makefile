# What a person runs and what CI runs are the same: `make check`.

export INSTA_UPDATE ?= no

SPACES = media saas shop

# What `make bench` runs: a layer each.
BENCHES = compile ingest scalar funnel columnar deliver explain

# What `make scale` makes.
EVENTS = 10000000
PEOPLE = 1000000

# What `make soak` does: for so long, of so many people, of whose events so many of a thousand are answers to consent banners, with a
# `store` or in `memory` alone.
MINUTES = 20
SOAKED = 200
ANSWERS = 5
KEPT = store

.PHONY: check fmt lint test docs lean snapshots bench bench-smoke growth bench-peers bench-sql instructions instructions-update live scale soak spaces events long long-sql warehouse warehouse-spark

check: fmt lint lean test docs spaces

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --all-targets --all-features --locked -- -D warnings
	cargo clippy --test overview_page --all-features --locked -- -D warnings

# The library alone, with its few dependencies; with what tests of hosts need, with what keeps records, and with what reads
# Parquet, which are no command.
lean:
	RUSTFLAGS="-D warnings" cargo check --locked --target-dir target/lean
	RUSTFLAGS="-D warnings" cargo check --locked --target-dir target/lean --features testing
	RUSTFLAGS="-D warnings" cargo check --locked --target-dir target/lean --features store
	RUSTFLAGS="-D warnings" cargo check --locked --target-dir target/lean --features sql
	RUSTFLAGS="-D warnings" cargo check --locked --target-dir target/lean --features parquet

# Unit, integration and documentation tests.
test:
	cargo test --all-features --locked

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --all-features --no-deps --locked

# The page of `volens overview --html` in a browser, which is installed where that can be done; `make test` is without it.
overview-page:
	.ci/chromium
	cargo test --all-features --locked --test overview_page

# The same, and a new picture of the page for the guide.
overview-picture:
	.ci/chromium
	VOLENS_SCREENSHOT=docs/overview.png cargo test --all-features --locked --test overview_page

# Rewrites every snapshot; look at the difference before you commit it.
snapshots:
	INSTA_UPDATE=always cargo test --all-features

bench:
	cargo bench --locked $(BENCHES:%=--bench %)

# That benches run: once, and not optimised, so that what they measure means nothing.
bench-smoke:
	cargo test --all-features --locked $(BENCHES:%=--bench %)
	cargo test --all-features --locked --bench growth --bench soak -- --test

# How cost grows with profiles, events, audiences and windows: measures it, and draws the plots of docs/performance.md. Nothing
# else should run meanwhile.
growth:
	cargo bench --locked --bench growth -- all

# How many instructions evaluating one profile takes, by Valgrind: fails where a count has grown by more than 5 % since
# benches/instructions.txt was written.
instructions:
	.ci/valgrind
	cargo bench --locked --bench instructions

# Writes it anew.
instructions-update:
	.ci/valgrind
	cargo bench --locked --bench instructions -- --update

# What one event costs with 1 000 and with 10 000 audiences, beside evaluating all of them.
live:
	cargo bench --bench live

# Volens beside other engines on the same work, as one table of ratios. PEERS is the folder of the comparison: it is copied, and
# built and run in target/peers. Nothing else should run meanwhile.
bench-peers:
	benches/peers/run "$(PEERS)"

# The five audiences as `volens sql` writes them beside hand-written SQL, on DuckDB, DataFusion and Spark (Java 17), in the same
# folder: 6 GB of memory. Nothing else should run meanwhile.
bench-sql:
	benches/peers/run_sql "$(PEERS)"

# Many events of many people: time and memory, beside parsing and writing the same lines. A million needs 0.7 GB of disk
# and 1 GB of memory.
scale:
	cargo bench --features store --bench scale -- $(EVENTS) $(PEOPLE)

# `volens stream` at full speed, with as much history as the definitions need: whether its memory stays what it is, and whether
# destinations hold what a full evaluation delivers.
soak:
	cargo bench --locked --features cli --bench soak -- $(MINUTES) $(SOAKED) $(KEPT) $(ANSWERS)

# The example workspaces: no warning, in canonical form, their tests hold, and their events are what the generator makes.
spaces:
	for space in $(SPACES); do \
	  cargo volens check --deny warnings examples/$$space && \
	  cargo volens fmt --check examples/$$space && \
	  cargo run --quiet --example generate -- $$space | cmp - examples/$$space/events.jsonl || exit 1; \
	done
	cargo volens test examples

# Makes the events of the example workspaces anew; they do not change unless a generator does.
events:
	for space in $(SPACES); do \
	  cargo run --quiet --example generate -- $$space > examples/$$space/events.jsonl.new && \
	  mv examples/$$space/events.jsonl.new examples/$$space/events.jsonl || exit 1; \
	done

# The property tests with many more cases; of whole workspaces 100 000, and as many in which every executor is asked. Processes
# that store are killed 1 000 times, 10 000 bits of a store are flipped. It takes three quarters of an hour.
long:
	PROPTEST_CASES=20000 cargo test --release --all-features
	PROPTEST_CASES=100000 cargo test --release --all-features --test meaning
	PROPTEST_CASES=100000 cargo test --release --all-features --test live executors
	VOLENS_KILLS=1000 VOLENS_FLIPS=10000 cargo test --release --all-features --test store_files --test stream_kill

# Audiences asked of DuckDB, DataFusion and Spark, as many as it takes to trust them, and texts that are hard to quote. Every tenth
# part is told as it is done.
long-sql:
	tests/sql/setup --spark
	VOLENS_SQL=1 VOLENS_SQL_CASES=20000 VOLENS_SQL_TEXTS=100000 VOLENS_SPARK_CASES=2000 VOLENS_SPARK_TEXTS=100000 \
	  cargo test --release --all-features --test sql -- --nocapture

# The shop's audiences on DuckDB, from an export in Parquet, beside those of `volens run` (examples/warehouse).
warehouse:
	tests/sql/setup
	cargo build --release --locked --features cli,parquet --bin volens
	target/sql-venv/bin/python examples/warehouse/run.py target/release/volens

# The same on Spark, in two worker processes.
warehouse-spark:
	tests/sql/setup --spark
	cargo build --release --locked --features cli,parquet --bin volens
	target/sql-venv/bin/python examples/warehouse/spark.py target/release/volens
