# What a person runs and what CI runs are the same: `make check`.

export INSTA_UPDATE ?= no

.PHONY: check fmt lint test docs lean snapshots bench shop long

check: fmt lint lean test docs

fmt:
	cargo fmt --all --check

lint:
	cargo clippy --all-targets --all-features --locked -- -D warnings

# The library alone, with its few dependencies.
lean:
	RUSTFLAGS="-D warnings" cargo check --locked --target-dir target/lean

# Unit, integration and documentation tests.
test:
	cargo test --all-features --locked

docs:
	RUSTDOCFLAGS="-D warnings" cargo doc --all-features --no-deps --locked

# Rewrites every snapshot; look at the difference before you commit it.
snapshots:
	INSTA_UPDATE=always cargo test --all-features

bench:
	cargo bench --bench scalar --bench funnel

# Makes the events of examples/shop anew; they do not change unless the generator does.
shop:
	cargo run --quiet --example generate_shop > examples/shop/events.jsonl.new
	mv examples/shop/events.jsonl.new examples/shop/events.jsonl

# The property tests with many more cases; of whole workspaces 100 000. It takes a quarter of an hour.
long:
	PROPTEST_CASES=20000 cargo test --release --all-features
	PROPTEST_CASES=100000 cargo test --release --all-features --test meaning
