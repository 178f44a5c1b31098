# One command for everything; `make help` lists them.
.DEFAULT_GOAL := help
SCRIPTS := $(shell git ls-files '*.sh' .ci/run Benchmarks/bench Benchmarks/stale-fleet Scripts Tests/FaultLab/seeded-bugs)
YAML := $(shell git ls-files '*.yml' '*.yaml')
FORMAT := swift format lint --strict --recursive --configuration .swift-format

.PHONY: help demo test lint build faults drills soak bench deps test-servers test-hiredis-1 clean

help: ## Lists these commands
	@sed -n 's/^\([a-z0-9-]*\):.*## \(.*\)/  make \1\t\2/p' $(MAKEFILE_LIST) | expand -t 24

demo: ## Plays the story of the stale workers with real files, in its own folder
	Scripts/demo

build: ## Builds muster and muster-worker for use, into .build/release
	swift build -c release --product muster
	swift build -c release --product muster-worker

test: lint ## Proves it: every test, on real Redis and real processes (what CI runs)
	swift build --build-tests
	Tests/run-tests.sh --skip-build --skip EndToEndTests --skip FaultLabTests
	Tests/run-tests.sh --skip-build --filter EndToEndTests
	Tests/run-tests.sh --skip-build --filter FaultLabTests
	Tests/thread-sanitizer.sh
	Tests/plugin-stamp.sh
	Tests/deploy-files.sh

lint: ## Format, shell and YAML
	$(FORMAT) Sources Tests Plugins Examples Package.swift
	shellcheck -x $(SCRIPTS)
	yamllint --strict -d '{extends: relaxed, rules: {line-length: {max: 120}}}' $(YAML)

faults: ## The whole fault lab: every fault, at every command; fuzzing; the seeded bugs (root for all of it)
	swift build --build-tests
	MUSTER_FAULTS=full Tests/run-tests.sh --skip-build --filter FaultProxyTests
	MUSTER_FUZZ_ITERATIONS=30000 Tests/run-tests.sh --skip-build --filter FuzzTests
	MUSTER_FAULTS=full Tests/run-tests.sh --skip-build --filter FaultLabTests
	Tests/FaultLab/seeded-bugs

drills: ## The long drills: 180 boxes with an old image (6 GB of memory); six hosts over ssh, of which two vanish (root)
	swift build --build-tests
	MUSTER_DRILLS=full Tests/run-tests.sh --skip-build --filter 'BoxesDrill|FarFleetTests'

soak: ## Random faults for MINUTES=30; SEED= replays a run
	swift build --product muster-lab
	.build/debug/muster-lab soak --minutes $(or $(MINUTES),30) $(if $(SEED),--seed $(SEED))

bench: ## Measures Muster against the floor, as ratios
	Benchmarks/bench
	Benchmarks/stale-fleet

deps: ## Installs what is missing (apt or brew)
	Scripts/install-dependencies

test-servers: ## The tests that talk to Redis, against Redis 8 and Valkey 8 (root, debootstrap)
	Tests/other-servers.sh

test-hiredis-1: ## The same sources against hiredis 1.x, unpacked aside
	Tests/with-hiredis-1.sh swift build --build-tests --scratch-path .build-hiredis-1x
	Tests/with-hiredis-1.sh Tests/run-tests.sh --skip-build --scratch-path .build-hiredis-1x --filter MusterRedisTests

clean: ## Removes everything that was built
	@if mount | grep -F ' on $(CURDIR)/.build'; then \
		echo "clean: that is mounted inside of what would be removed; end Tests/other-servers.sh or unmount it" >&2; exit 1; fi
	rm -rf .build .build-*
