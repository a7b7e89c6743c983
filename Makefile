# SPDX-License-Identifier: MIT
# grader: `make run LAB=lab05` and `make test` do all their set-up themselves; `make help` tells more.

MAKEFLAGS += --no-builtin-rules
.SUFFIXES:
.DEFAULT_GOAL := all
SHELL := /bin/sh

# What a fresh Debian 12 needs, by purpose. docs/INSTALL.md says what each is for.
DEPS_BUILD := gcc libc6-dev libcyaml-dev libjansson-dev libexpat1-dev libssl-dev libseccomp-dev libarchive-dev gettext
DEPS_GRADE := libcriterion-dev libnanomsg-dev libffi-dev libnanopb-dev bubblewrap valgrind libc6-dbg lcov uidmap patch binutils
DEPS_TEST := clang clang-tidy clang-format hyperfine python3-jsonschema procps libclang-rt-14-dev netcat-openbsd man-db libarchive-tools strace gdb zsh fish
DEPS_DOCKER := docker.io docker-compose mmdebstrap
DEPS := $(DEPS_BUILD) $(DEPS_GRADE)

V ?= 0
ifeq ($(V),0)
Q := @
endif

CC := gcc
BUILD ?= build
WARNINGS := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Werror
CFLAGS ?= -O2 -g
ALL_CFLAGS := -std=c11 -D_GNU_SOURCE -Igrader $(WARNINGS) $(CFLAGS) $(SANITIZE)
LIBS := -larchive -lcyaml -ljansson -lexpat -lseccomp -lcrypto -lm

# init runs inside the box as a static program of its own, and travels within grader.
INIT_SOURCES := $(wildcard grader/box/init*.c) grader/box/blame.c grader/box/confine.c grader/box/empty.c
SOURCES := $(filter-out $(wildcard grader/box/init*.c) $(wildcard grader/intake/unpack*.c), $(wildcard grader/*.c grader/*/*.c))
# Programs and data that travel within grader.
IMAGE_OBJECTS := $(patsubst grader/%.S, $(BUILD)/obj/%.o, $(wildcard grader/*/*_image.S))
OBJECTS := $(SOURCES:grader/%.c=$(BUILD)/obj/%.o) $(IMAGE_OBJECTS)
LIBRARY_OBJECTS := $(filter-out $(BUILD)/obj/main.o, $(OBJECTS))
UNIT_TESTS := $(patsubst tests/grader/unit/%.c, $(BUILD)/unit/%, $(wildcard tests/grader/unit/*.c))

ASAN := BUILD=build/asan CFLAGS='-O1 -g -fno-omit-frame-pointer' SANITIZE='-fsanitize=address,undefined -fno-sanitize-recover=undefined'

CATALOGUES := $(patsubst grader/text/%.po, $(BUILD)/locale/%/LC_MESSAGES/grader.mo, $(wildcard grader/text/*.po))

LAB ?= lab05
SUBMISSION ?=

# Where "make install" puts things. STUDENT=1 leaves out what students must not have.
PREFIX ?= /usr/local
DESTDIR ?=
STUDENT ?=
BIN = $(DESTDIR)$(PREFIX)/bin
SHARE = $(DESTDIR)$(PREFIX)/share
PAGES := $(wildcard docs/*.1)
COMPLETIONS := $(BUILD)/completions/grader.bash $(BUILD)/completions/grader.fish $(BUILD)/completions/_grader

.PHONY: all docker test-docker install uninstall run test test-attacks soak check verify bench lint format asan test-asan fuzz test-kill deps deps-test clean help kits unit FORCE

all: $(BUILD)/grader $(CATALOGUES) ## build the grader (build/grader)

run: all ## grade: make run LAB=lab05 [SUBMISSION=path]; without one, the lab's reference solution; LAB=all: every lab
	$(Q)set -- $(or $(if $(SUBMISSION),"$(SUBMISSION)"),$(if $(filter all,$(LAB)),reference),reference/*$(LAB)*); $(BUILD)/grader run $(LAB) "$$@"

test: all deps-test ## run all tests; T=cli picks one suite (unit, boxes, harness, cli, verify, lint)
	$(Q)BUILD=$(BUILD) tests/run $(T)

test-attacks: all deps-test ## hostile submissions, graded end to end; MODE=users or full, T=programs picks a part
	$(Q)BUILD=$(BUILD) MODE=$(or $(MODE),auto) tests/grader/attacks/run $(T)

soak: all deps-test ## N=1000 hostile and honest submissions mixed, four at a time; takes long
	$(Q)BUILD=$(BUILD) MODE=$(or $(MODE),auto) tests/grader/attacks/programs/run --soak $(or $(N),1000)

check: lint test ## what CI runs

verify: all ## prove a lab's tests: make verify LAB=lab05
	$(Q)$(BUILD)/grader verify $(LAB)

bench: all deps-test ## time a whole grading beside a plain shell script that does the same
	$(Q)bench/run $(LAB)

install: all $(COMPLETIONS) ## install under PREFIX (/usr/local), below DESTDIR if given; STUDENT=1: without hidden tests
	$(Q)install -d "$(BIN)" "$(SHARE)/man/man1" "$(SHARE)/bash-completion/completions" \
		"$(SHARE)/fish/vendor_completions.d" "$(SHARE)/zsh/site-functions" "$(SHARE)/grader/tests"
	$(Q)install -m 755 $(BUILD)/grader "$(BIN)/grader"
	$(Q)install -m 644 $(PAGES) "$(SHARE)/man/man1"
	$(Q)for mo in $(CATALOGUES:$(BUILD)/locale/%=%); do install -D -m 644 $(BUILD)/locale/$$mo "$(SHARE)/locale/$$mo" || exit 1; done
	$(Q)install -m 644 $(BUILD)/completions/grader.bash "$(SHARE)/bash-completion/completions/grader"
	$(Q)install -m 644 $(BUILD)/completions/grader.fish "$(SHARE)/fish/vendor_completions.d"
	$(Q)install -m 644 $(BUILD)/completions/_grader "$(SHARE)/zsh/site-functions"
	$(Q)cp --parents $$($(MAKE) --no-print-directory -s -f tests/harness/kit.mk LAB=any shared-sources) "$(SHARE)/grader"
	$(Q)cp -R labs templates $(if $(STUDENT),,reference) "$(SHARE)/grader"
	$(Q)cp -R tests/harness tests/lab* "$(SHARE)/grader/tests"
	$(Q)$(if $(STUDENT),rm -rf "$(SHARE)/grader"/tests/lab*/hidden.c "$(SHARE)/grader"/tests/lab*/bugs "$(SHARE)/grader"/tests/lab*/variants)
	$(Q)chmod -R u=rwX,go=rX "$(SHARE)/grader"

uninstall: ## remove what make install put there
	rm -f "$(BIN)/grader" "$(SHARE)/bash-completion/completions/grader" "$(SHARE)/fish/vendor_completions.d/grader.fish" \
		"$(SHARE)/zsh/site-functions/_grader" $(PAGES:docs/%="$(SHARE)/man/man1/%") \
		$(CATALOGUES:$(BUILD)/locale/%="$(SHARE)/locale/%")
	rm -rf "$(SHARE)/grader"

$(BUILD)/completions/%: tools/completions $(BUILD)/grader
	$(Q)mkdir -p $(@D)
	$(Q)tools/completions $(if $(filter %.bash,$@),bash,$(if $(filter %.fish,$@),fish,zsh)) $(BUILD)/grader >$@.new && mv $@.new $@

deps: ## install what building and grading need (asks for nothing as root, uses sudo otherwise)
	$(Q)tools/install-packages $(DEPS)

deps-test:
	$(Q)tools/install-packages $(DEPS) $(DEPS_TEST)

lint: all deps-test ## warnings as errors with two compilers, clang-tidy, format, the layers' one-way arrows
	$(Q)TIDY=1 BUILD=$(BUILD) tools/lint

format: ## apply .clang-format to the lines that you have changed
	$(Q)git clang-format HEAD -- $$(git ls-files 'grader/*.[ch]' 'tests/grader/*.[ch]' 'tests/harness/*.[ch]') || test $$? = 1 # it has

docker: ## build the images grader and grader-students (docs/docker.md); needs a docker engine
	$(Q)docker/build instructors grader
	$(Q)docker/build students grader-students

test-docker: all deps-test ## the long form of the suite docker: every lab in containers, a class of twenty
	$(Q)FULL=1 SUITE_WALL_S=7200 BUILD=$(BUILD) tests/run docker

asan: ## the grader with ASan and UBSan, in build/asan
	$(Q)$(MAKE) $(ASAN) all

test-asan: asan deps-test ## the suites that run the grader, on that build
	$(Q)LSAN_OPTIONS=suppressions=$(CURDIR)/tools/lsan.supp:print_suppressions=0 $(MAKE) $(ASAN) test T="$(or $(T),unit boxes intake kill mistakes cli)"

fuzz: all deps-test ## fuzz what reads others' bytes, each target for FUZZ_S seconds (600)
	$(Q)BUILD=$(BUILD) FUZZ_S=$${FUZZ_S:-600} tests/grader/fuzz/run

test-kill: all ## kill the grader at a hundred moments of a class of ten; a short form is in `make test`
	$(Q)BUILD=$(BUILD) KILLS=$${KILLS:-100} tests/grader/kill/run

clean: ## remove everything that was built
	rm -rf build

help: ## this list
	@sed -n 's/^\([a-z-]*\):.*## \(.*\)/  make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | awk -F'|' '{printf "%-16s %s\n", $$1, $$2}'

# The flags are part of what an object depends on.
$(BUILD)/flags: FORCE
	$(Q)mkdir -p $(@D); echo '$(CC) $(ALL_CFLAGS)' | cmp -s - $@ || echo '$(CC) $(ALL_CFLAGS)' > $@

$(BUILD)/grader: $(OBJECTS)
	$(Q)$(CC) $(ALL_CFLAGS) -o $@ $^ $(LIBS)

$(BUILD)/obj/%.o: grader/%.c $(BUILD)/flags | deps
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -c $< -o $@

# Never sanitized: it is static, and in its own world.
$(BUILD)/box-init: $(INIT_SOURCES) $(wildcard grader/box/*.h) | deps
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -Igrader $(WARNINGS) -O2 -static -o $@ $(INIT_SOURCES)

$(BUILD)/obj/box/init_image.o: grader/box/init_image.S $(BUILD)/box-init
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -DBOX_INIT='"$(BUILD)/box-init"' -c $< -o $@

$(BUILD)/locale/%/LC_MESSAGES/grader.mo: grader/text/%.po | deps
	$(Q)mkdir -p $(@D)
	$(Q)msgfmt --check -o $@ $<

# Runs in a box on what students sent: a program of its own, embedded as init is.
UNPACK_SOURCES := grader/intake/unpack.c grader/intake/unpack_main.c grader/intake/rules.c
$(BUILD)/unpack: $(UNPACK_SOURCES) $(wildcard grader/intake/*.h) grader/lab/rejection.h | deps
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -std=c11 -D_GNU_SOURCE -Igrader $(WARNINGS) -O2 -o $@ $(UNPACK_SOURCES) -larchive

$(BUILD)/obj/intake/unpack_image.o: grader/intake/unpack_image.S $(BUILD)/unpack
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -DINTAKE_UNPACK='"$(BUILD)/unpack"' -c $< -o $@

$(BUILD)/obj/lab/causes_image.o: grader/lab/causes_image.S grader/text/causes.yaml
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -DLAB_CAUSES='"grader/text/causes.yaml"' -c $< -o $@

$(BUILD)/obj/lab/messages_image.o: grader/lab/messages_image.S grader/text/messages.yaml
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) -DLAB_MESSAGES='"grader/text/messages.yaml"' -c $< -o $@

unit: $(UNIT_TESTS)

$(BUILD)/unit/%: tests/grader/unit/%.c $(LIBRARY_OBJECTS) | deps
	$(Q)mkdir -p $(@D)
	$(Q)$(CC) $(ALL_CFLAGS) -MMD -MP -o $@ $< $(LIBRARY_OBJECTS) $(LIBS) -lcriterion

# The fuzz targets (tests/grader/fuzz): clang has libFuzzer. The grader is an archive here, so that a
# target may be built of one of its sources in place of the object.
FUZZ_FLAGS := -std=c11 -D_GNU_SOURCE -Igrader -O1 -g -fno-omit-frame-pointer \
	-fsanitize=address,undefined -fno-sanitize-recover=undefined
FUZZ_OBJECTS := $(patsubst grader/%.c, $(BUILD)/fuzz/obj/%.o, $(filter-out grader/main.c, $(SOURCES)) grader/intake/unpack.c)

$(BUILD)/fuzz/obj/%.o: grader/%.c Makefile | deps-test
	$(Q)mkdir -p $(@D)
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer-no-link -MMD -MP -c $< -o $@

$(BUILD)/fuzz/grader.a: $(FUZZ_OBJECTS) $(IMAGE_OBJECTS)
	$(Q)rm -f $@; ar rcs $@ $^

$(BUILD)/fuzz/%: tests/grader/fuzz/%.c tests/grader/fuzz/fuzz.h $(BUILD)/fuzz/grader.a
	$(Q)clang $(FUZZ_FLAGS) -fsanitize=fuzzer -o $@ $< $(BUILD)/fuzz/grader.a $(LIBS)

-include $(FUZZ_OBJECTS:.o=.d)
-include $(OBJECTS:.o=.d) $(UNIT_TESTS:=.d)
