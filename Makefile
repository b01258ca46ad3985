# The Inception stack and the program that runs it. `make help` lists the targets.

INCEPTION ?= target/release/inception
MINUTES ?= 60
STACK := srcs/docker-compose.yml
COMPOSE = $(INCEPTION) -f $(STACK)
# Changes when anything an image is built from changes.
BUILD_STAMP := target/images.stamp
IMAGE_SOURCES := $(shell find srcs/requirements -type f)

# Random histories to play, and where to begin: `make soak SEEDS=100000 FIRST=7`. Without FIRST the clock chooses.
SEEDS ?= 20000
FIRST ?= $(shell date +%s)000

.DEFAULT_GOAL := help
.PHONY: up down re build ps logs smoke test podman soak check bench fuzz base init clean fclean help setup

up: setup $(INCEPTION) base init ## build what is needed, start the stack, wait until it is ready
	@if [ $(BUILD_STAMP) -nt $(INCEPTION) ] && [ -z "$$(find $(IMAGE_SOURCES) -newer $(BUILD_STAMP) -print -quit)" ]; then \
	  $(COMPOSE) up -d --wait; \
	else \
	  $(COMPOSE) up -d --build --wait && touch $(BUILD_STAMP); \
	fi
	@scripts/told.sh

down: $(INCEPTION) ## stop and remove the containers and networks; data stays
	@$(COMPOSE) down

re: down up ## down and up again

build: setup $(INCEPTION) base init ## build the images
	@$(COMPOSE) build && touch $(BUILD_STAMP)

ps: $(INCEPTION) ## list the containers
	@$(COMPOSE) ps -a

logs: $(INCEPTION) ## follow the logs
	@$(COMPOSE) logs -f

smoke: ## check the running stack from outside: TLS, pages, ports, and that a post survives down and up
	@INCEPTION=$(INCEPTION) scripts/smoke.sh

test: ## run all tests, those on the real engine and of the stack included
	@scripts/test.sh

podman: ## play the stories of the tests on Podman, where it is installed; part of `make test`
	@scripts/test-podman.sh

soak: ## play many random histories on the simulated engine: SEEDS=20000
	@SEEDS=$(SEEDS) FIRST=$(FIRST) cargo test --profile soak --locked --test simulation whatever_goes_wrong -- --nocapture

check: ## what must hold before a commit: format, lints, documentation, scripts, licences
	@scripts/check.sh

bench: setup $(INCEPTION) ## compare speed with docker compose, where it is installed
	@scripts/bench.sh

fuzz: ## fuzz the loader, MINUTES=60 in all; says what is missing where it cannot
	@MINUTES=$(MINUTES) scripts/fuzz.sh

base: ## provide the image debian:bookworm
	@scripts/base-image.sh

init: ## make srcs/.env, secrets, certificates and data folders where they are missing
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

$(INCEPTION): Cargo.toml Cargo.lock $(shell find src -type f)
	cargo build --release --locked
	@touch $@
