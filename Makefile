# Suishou. `make demo` and `make test` are all that a newcomer needs; each sets itself up.

# Build output lies in the user's cache folder, shared by every clone.
export CARGO_TARGET_DIR ?= $(or $(XDG_CACHE_HOME),$(HOME)/.cache)/suishou/target
CARGO ?= cargo
DEMO_DIR ?= $(CARGO_TARGET_DIR)/demo
SEED ?= 1
KEEP ?= 1
# The console's files are packed by `make console` and embedded where this is given.
CONSOLE := --features suishou-server/console

SEEDS ?= 200
FROM ?= 1
HOURS ?= 8
SIMULATE := "$(CARGO_TARGET_DIR)/debug/simulate"

.DEFAULT_GOAL := help

.PHONY: help
help: ## What can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{ printf "  make %-10s %s\n", $$1, $$2 }'

.PHONY: setup
setup:
	@scripts/setup

.PHONY: demo
demo: console ## A whole township on this machine: relay, phones, dispatcher (SEED= KEEP=0 PHOTOS= GRIDS= MEMBERS= DEPARTMENTS=)
	@echo "building (the first time takes some minutes) ..."
	@$(CARGO) build --quiet --workspace --bins $(CONSOLE)
	@"$(CARGO_TARGET_DIR)/debug/demo" --program "$(CARGO_TARGET_DIR)/debug/suishou" --dir "$(DEMO_DIR)" \
		--seed "$(SEED)" --keep "$(KEEP)" \
		$(if $(PHOTOS),--photos "$(PHOTOS)") $(if $(GRIDS),--grids "$(GRIDS)") \
		$(if $(MEMBERS),--members "$(MEMBERS)") $(if $(DEPARTMENTS),--departments "$(DEPARTMENTS)")

.PHONY: console
console: setup ## The browser console: npm ci and build; embedded with --features suishou-server/console
	@scripts/console build

.PHONY: console-test
console-test: setup ## The console's own tests: types, lints, vitest, and Chromium against a real relay
	@scripts/console build
	@scripts/console check
	$(CARGO) build --workspace --bins $(CONSOLE)
	@scripts/console e2e

.PHONY: test
test: setup lint ## Every test of every language, and other people's programs against a real relay
	@scripts/console build
	@scripts/console check
	$(CARGO) build --workspace --bins $(CONSOLE)
	@scripts/setup crash
	$(CARGO) test --workspace $(CONSOLE) --no-fail-fast
	@$(SIMULATE) --seeds 300
	@$(SIMULATE) --bug all --seeds 2000
	@"$(CARGO_TARGET_DIR)/debug/mutants" --count 100000
	@"$(CARGO_TARGET_DIR)/debug/crash"
	@scripts/schemathesis
	@scripts/console e2e
	@scripts/android

.PHONY: sim
sim: setup ## The simulator: whole townships with every fault, from seeds (SEEDS= FROM=)
	$(CARGO) build --quiet --workspace --bins
	@$(SIMULATE) --seeds $(SEEDS) --from $(FROM)

.PHONY: bugs
bugs: setup ## Faults that are built in on purpose, and how soon the simulator finds each
	$(CARGO) build --quiet --workspace --bins
	@$(SIMULATE) --bug all --seeds 2000

.PHONY: soak
soak: setup ## The simulator for HOURS=, going on where it last stopped
	$(CARGO) build --quiet --workspace --bins
	@$(SIMULATE) --seeds 1 --seconds $$(( $(HOURS) * 3600 )) --resume "$(CARGO_TARGET_DIR)/soak"

.PHONY: mutants
mutants: setup ## Crafted Automerge changes, two million of them
	$(CARGO) build --profile bench --workspace --bins
	@"$(CARGO_TARGET_DIR)/release/mutants"

.PHONY: crash
crash: ## Power cuts at every operation on files of phones and relay (CRASH="--points N --seed S --work phone")
	@scripts/setup crash
	$(CARGO) build --workspace --bins
	"$(CARGO_TARGET_DIR)/debug/crash" $(CRASH)

.PHONY: android
android: setup ## The Android app: build it, test it with the real library and a real relay, draw every screen
	$(CARGO) build --workspace
	@scripts/android

.PHONY: apk
apk: setup ## The Android app as an APK; with ANDROID_HOME and ANDROID_NDK_HOME it holds the native libraries
	$(CARGO) build --workspace
	@scripts/apk

.PHONY: guests
guests: setup ## Other people's programs against a real relay: schemathesis, hostile bodies, a tus client
	$(CARGO) build --workspace --bins
	@scripts/schemathesis

.PHONY: lint
lint: setup ## Formatting and lints, warnings denied
	$(CARGO) fmt --all --check
	$(CARGO) clippy --workspace --all-targets -- --deny warnings

.PHONY: deny
deny: setup ## Licences, sources and bans of dependencies
	@scripts/deny

.PHONY: bench
bench: setup ## Figures beside their references; writes target/bench.json
	@scripts/setup bench
	$(CARGO) build --profile bench --workspace --bins
	@mkdir -p target
	"$(CARGO_TARGET_DIR)/release/bench" --program "$(CARGO_TARGET_DIR)/release/suishou" --json target/bench.json $(BENCH)

.PHONY: bench-relay
bench-relay: setup ## The relay under load: storm, dawdling sockets, 1,200 waiting phones, a million documents (some 15 minutes)
	$(CARGO) build --profile bench --workspace --bins
	@mkdir -p target
	"$(CARGO_TARGET_DIR)/release/bench" --program "$(CARGO_TARGET_DIR)/release/suishou" --only relay --json target/bench-relay.json

.PHONY: peers
peers: setup ## The same 1,000 reports through automerge-repo, samod, PouchDB and Yjs/Hocuspocus, beside Suishou (PEERS="--only pouchdb")
	@scripts/setup peers
	$(CARGO) build --profile bench --workspace --bins
	@scripts/peers $(PEERS)

.PHONY: release
release: console ## The relay for real use: a static program for x86-64 and one for arm64, in target/dist (TARGETS= for one)
	@scripts/release $(TARGETS)

.PHONY: clean
clean: ## Removes the demo township and the build output
	rm -rf "$(DEMO_DIR)" "$(CARGO_TARGET_DIR)" target
