# Everything that is done with this tree. `just` lists it.

buf := "@bufbuild/buf@1.75.0"

# This list
default:
    @just --list --unsorted

# Builds the program that is deployed
build:
    cargo build --release --locked

# Plays the flood of July 2021 on a node of its own
demo *ARGS:
    cargo run --release -- demo {{ARGS}}

# All tests; arguments go to cargo
test *ARGS:
    cargo test {{ARGS}}

# Formats the sources
fmt:
    cargo fmt --all

# Clippy, warnings refused
lint:
    cargo fmt --all --check
    cargo clippy --all-targets -- -D warnings

# The library's documentation, warnings refused
doc:
    RUSTDOCFLAGS="-D warnings" cargo doc --no-deps

# Lints the contract (needs Node.js)
proto:
    npx --yes {{buf}} lint proto

# Writes the listing of the contract anew after a change that is meant
proto-snapshot:
    POLDER_UPDATE_SNAPSHOT=1 cargo test -p polder-wire --test descriptor
    git diff --stat -- crates/wire/tests/descriptor.txt

# Licences, advisories and sources of all dependencies (needs cargo-deny)
deny:
    cargo deny check

# The Python example, against a node of its own
python:
    cargo build
    examples/python/run.sh target/debug/polder

# Makes the bundle of the page anew after a change of its sources (needs Node.js)
web:
    crates/web/build.sh

# The page: types, units, its bundle, browsers on real nodes (needs Node.js and Chromium)
web-test:
    cargo build
    crates/web/test.sh target/debug/polder

# How fast the page is, as a table; SECONDS of fifty updates each (needs Node.js and Chromium)
web-speed SECONDS="60":
    cargo build --release
    POLDER_WEB_SOAK_S={{SECONDS}} crates/web/speed.sh target/release/polder

# Whether the page stays as small as it was over SECONDS of fifty updates each (needs Node.js and Chromium)
web-soak SECONDS="600":
    cargo build
    POLDER_WEB_SOAK_S={{SECONDS}} crates/web/soak.sh target/debug/polder

# Many more rounds of everything that is random: hours
soak ROUNDS="200":
    POLDER_SOAK_ROUNDS={{ROUNDS}} POLDER_CRASH_ROUNDS={{ROUNDS}} cargo test --test bad_days --test engines --test links -- killed dropped rotten pulled_out power_cut flipped --nocapture

# Laws over histories that nobody tried before, ROUNDS times as many; failing seeds are kept
laws ROUNDS="20":
    PROPTEST_RNG_SEED=$(od -An -N6 -tu8 /dev/urandom | tr -d ' ') POLDER_SOAK_ROUNDS={{ROUNDS}} cargo test --release -p polder-picture --lib --test charter --test checkpoints --test forks --test jumps --test laws --test receiving --test standing --test team

# Simulates links: so many seeds in a release build; a failing one is named
simulate SEEDS="20000":
    POLDER_LINK_SEEDS={{SEEDS}} cargo test --release -p polder-picture --test links

# Whole nodes on a network that breaks: so many seeds; a failing one is named
networks SEEDS="200":
    POLDER_TURMOIL_SEEDS={{SEEDS}} cargo test --test turmoil -- --nocapture

# A thousand nodes after a national outage, as a table: minutes
thousand:
    cargo test --release -p polder-picture --test links -- --ignored --nocapture

# Fuzzes each target for so many minutes (needs cargo-fuzz; see fuzz/README.md)
fuzz MINUTES="1":
    fuzz/run.sh {{MINUTES}}

# Measures the node beside the raw disk and a bare echo
bench *ARGS:
    cargo run --release -- bench {{ARGS}}

# Measures other programs at the same work (see benches/peers/README.md)
bench-peers *ARGS:
    benches/peers/run.sh {{ARGS}}

# What the server runs, on this machine
ci:
    .ci/run
