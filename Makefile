# The Inception stack and the program that runs it. `make help` lists the targets.

# Built by the profile `use`, which compiles fast. `make release` builds the program to distribute.
INCEPTION ?= target/use/inception
MINUTES ?= 60
STACK := srcs/docker-compose.yml
COMPOSE = $(INCEPTION) -f $(STACK)
# The images are built again when a file of theirs is newer than this stamp.
BUILD_STAMP := target/images.stamp
SETUP_STAMP := target/setup.stamp
IMAGE_SOURCES := $(shell find srcs/requirements -type f)

# Where `make install` puts the program; DESTDIR stands before it, for those who package.
PREFIX ?= /usr/local
DESTDIR ?=
RELEASE := target/release/inception

# How many random histories to play, and the first seed: `make soak SEEDS=100000 FIRST=7`. Without FIRST the clock chooses.
SEEDS ?= 20000
FIRST ?= $(shell date +%s)000

# How often `make leaks` does each thing.
ROUNDS ?= 200
EXECS ?= 1000

.DEFAULT_GOAL := help
.PHONY: pictures install deb up down re build ps logs smoke test podman soak leaks check bench fuzz base init clean fclean help setup release

# The program is compiled while the images are built. If one of the two fails, make waits for the other and fails.
# None of make's own rules applies here, and looking through them for each source takes a tenth of a second.
MAKEFLAGS += --jobs=2 --no-builtin-rules

up: $(INCEPTION) $(BUILD_STAMP) ## build what is needed, start the stack, wait until it is ready
	@INCEPTION=$(INCEPTION) scripts/up.sh

down: $(INCEPTION) ## stop and remove the containers and networks; data stays
	@$(COMPOSE) down

re: ## down and up again
	@$(MAKE) --no-print-directory down
	@$(MAKE) --no-print-directory up

build: $(INCEPTION) | $(SETUP_STAMP) ## build the images
	@scripts/base-image.sh && scripts/init.sh
	@$(COMPOSE) build && touch $(BUILD_STAMP)

release: ## build the optimised program to distribute: target/release/inception
	cargo build --release --locked

install: $(RELEASE) ## install the optimised program, completions, manual and docker's plugin: PREFIX=/usr/local, DESTDIR=
	install -D -m 755 $(RELEASE) $(DESTDIR)$(PREFIX)/bin/inception
	scripts/install-texts.sh $(RELEASE) $(DESTDIR)$(PREFIX)/share
	install -d $(DESTDIR)$(PREFIX)/libexec/docker/cli-plugins
	ln -sf $(PREFIX)/bin/inception $(DESTDIR)$(PREFIX)/libexec/docker/cli-plugins/docker-inception

deb: $(RELEASE) ## make a Debian package, where cargo-deb is installed
	scripts/install-texts.sh $(RELEASE) target/deb
	ln -sfn /usr/bin/inception target/deb/docker-inception
	cargo deb --no-build

ps: $(INCEPTION) ## list the containers
	@$(COMPOSE) ps -a

logs: $(INCEPTION) ## follow the logs
	@$(COMPOSE) logs -f

smoke: $(INCEPTION) ## check the running stack from outside: TLS, pages, ports, and that a post survives down and up
	@$(COMPOSE) smoke
	@INCEPTION=$(INCEPTION) scripts/smoke.sh

test: ## run all tests, also those on the real engine and of the stack
	@scripts/test.sh

podman: ## play the scenarios of the tests on Podman, if it is installed; part of `make test`
	@scripts/test-podman.sh

soak: ## play many random histories on the simulated engine: SEEDS=20000
	@SEEDS=$(SEEDS) FIRST=$(FIRST) cargo test --profile soak --locked --test simulation whatever_goes_wrong -- --nocapture

leaks: $(INCEPTION) ## look for leaks over many rounds of up and down, restarts and exec: ROUNDS=200 EXECS=1000
	@scripts/leaks.py $(INCEPTION) --rounds $(ROUNDS) --restarts $(ROUNDS) --execs $(EXECS)

check: ## check what must hold before a commit: format, lints, documentation, scripts, licences
	@scripts/check.sh

bench: release | $(SETUP_STAMP) ## compare speed with docker compose, if it is installed
	@scripts/bench.sh

fuzz: ## fuzz the loader, MINUTES=60 in all; says which tool is missing
	@MINUTES=$(MINUTES) scripts/fuzz.sh

base: ## provide the image debian:bookworm
	@scripts/base-image.sh

pictures: $(INCEPTION) ## draw the pictures of the documentation again
	@$(INCEPTION) --env-file .env.example -f $(STACK) graph --offline -o docs/pictures/inception.svg

init: ## make srcs/.env, secrets, certificates and data folders if they are missing
	@scripts/init.sh

setup:
	@scripts/setup.sh

clean: $(INCEPTION) ## also remove the images built here; data stays
	@$(COMPOSE) --profile '*' down --rmi all --remove-orphans
	@rm -f $(BUILD_STAMP)

fclean: ## also remove volumes and all data; asks first (FORCE=1 does not ask)
	@INCEPTION=$(INCEPTION) FORCE=$(FORCE) scripts/fclean.sh

help: ## show this list
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/  make \1|\2/p' $(MAKEFILE_LIST) | awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

# Cargo chooses its own number of jobs; make's number is for compiling beside building images.
$(INCEPTION): Cargo.toml Cargo.lock $(shell find src -type f) | $(SETUP_STAMP)
	env -u MAKEFLAGS -u MFLAGS cargo build --profile use --locked
	@touch $@

$(RELEASE): Cargo.toml Cargo.lock $(shell find src srcs/docker-compose.yml stacks -type f) $(IMAGE_SOURCES)
	env -u MAKEFLAGS -u MFLAGS cargo build --release --locked
	@touch $@

$(BUILD_STAMP): $(IMAGE_SOURCES) scripts/images.sh | $(SETUP_STAMP)
	@scripts/images.sh
	@touch $@

$(SETUP_STAMP):
	@scripts/setup.sh
	@mkdir -p $(@D) && touch $@
