# SPDX-License-Identifier: MIT
# kit.mk: everything about a lab that is the same for all submissions, built once:
#
#     make -f tests/harness/kit.mk LAB=lab05-sockets KIT=build/kit/lab05-sockets
#
#   tests public-tests       the Criterion runner with all tests, and with the public ones only
#   probe.o                  the lab's probe; every submission links it
#   image_main.o covmap.o forkserver.o covmap.ld   what makes one image of a submission's programs
#   peers/                   helper programs
#   valgrind.supp debug/     suppressions, and slim debug files of the C library
#
# PROGRAMS are the lab's programs; without it, the sources of the template that have a main().

HARNESS := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ROOT := $(patsubst %/tests/harness,%,$(abspath $(HARNESS)))

ifeq ($(strip $(LAB)),)
$(error say which lab: LAB=lab05-sockets)
endif
KIT ?= build/kit/$(LAB)
TESTS ?= $(ROOT)/tests/$(LAB)
TEMPLATE ?= $(ROOT)/templates/$(LAB)
PROGRAMS ?= $(notdir $(basename $(shell grep -lE '^int main *\(|^main *\(' \
	$(TEMPLATE)/src/*.c 2>/dev/null)))

CC ?= cc
CFLAGS ?= -O1 -g
CPPFLAGS += -D_GNU_SOURCE
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes
compile = $(CC) -std=c11 $(WARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -c -o $@ $<

# Only Criterion's own archives are linked statically: a test starts in 2.5 ms instead of 10.
LIBS := -Wl,--push-state,-Bstatic -lcriterion -lboxfort -lprotobuf-nanopb -Wl,--pop-state \
	-lnanomsg -lffi -ljansson -lm -lpthread

O := $(KIT)/obj
HARNESS_O := $(patsubst $(HARNESS)/%.c,$(O)/%.o,$(sort $(wildcard $(HARNESS)/*.c))) $(O)/confine.o
PUBLIC_C := $(filter-out %/probe.c %/hidden.c,$(sort $(wildcard $(TESTS)/*.c)))
HIDDEN_C := $(wildcard $(TESTS)/hidden.c)
PEERS := $(patsubst $(HARNESS)/peers/%.c,$(KIT)/peers/%,$(sort $(wildcard $(HARNESS)/peers/*.c)))
IMAGE := $(addprefix $(KIT)/,image_main.o covmap.o forkserver.o covmap.ld)

.PHONY: kit peers
kit: $(KIT)/tests $(KIT)/public-tests $(IMAGE) peers $(KIT)/valgrind.supp $(KIT)/debug.done \
	$(if $(wildcard $(TESTS)/probe.c),$(KIT)/probe.o)
peers: $(PEERS)

$(KIT)/tests: $(PUBLIC_C:$(TESTS)/%.c=$(O)/lab-%.o) $(HIDDEN_C:$(TESTS)/%.c=$(O)/lab-%.o) $(HARNESS_O)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(KIT)/public-tests: $(PUBLIC_C:$(TESTS)/%.c=$(O)/lab-%.o) $(HARNESS_O)
	$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/lab-%.o: CPPFLAGS += -I$(HARNESS) -I$(TEMPLATE)/include
$(O)/lab-%.o: $(TESTS)/%.c | $(O)
	$(compile)

$(O)/%.o: CPPFLAGS += -I$(ROOT)/grader
$(O)/%.o: $(HARNESS)/%.c | $(O)
	$(compile)

$(O)/confine.o: $(ROOT)/grader/box/confine.c | $(O)
	$(compile)

# The probe is our code linked to the student's library: not measured, with debug lines.
$(KIT)/probe.o: CPPFLAGS += -I$(TEMPLATE)/include -I$(HARNESS)
$(KIT)/probe.o: $(TESTS)/probe.c | $(O)
	$(compile)

# The table of programs is made of their names, so it is compiled again when they change.
comma := ,
$(KIT)/programs.list: FORCE | $(O)
	@echo '$(sort $(PROGRAMS) probe)' | cmp -s - $@ || echo '$(sort $(PROGRAMS) probe)' >$@
FORCE:

$(KIT)/image_main.o: CPPFLAGS += '-DLAB_PROGRAMS_LIST=$(foreach p,$(sort $(PROGRAMS) probe),PROGRAM($p))'
$(KIT)/image_main.o: $(HARNESS)/image/image_main.c $(KIT)/programs.list | $(O)
	$(compile)

$(KIT)/%.o: CPPFLAGS += -I$(ROOT)/grader
$(KIT)/%.o: $(HARNESS)/image/%.c | $(O)
	$(compile)

$(KIT)/covmap.ld: $(HARNESS)/image/covmap.ld | $(O)
	cp $< $@

$(KIT)/valgrind.supp: $(HARNESS)/valgrind.supp | $(O)
	cp $< $@

$(KIT)/peers/%: $(HARNESS)/peers/%.c | $(O)
	@mkdir -p $(@D)
	$(CC) -std=c11 $(WARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $(O)/peer-$*.d -o $@ $<

# memcheck needs the C library's symbol tables, and half of its start is reading the rest of their
# debug files. Without libc6-dbg there is nothing to slim.
$(KIT)/debug.done: $(HARNESS)/slim-debug.sh | $(O)
	sh $< $(KIT)/debug
	@touch $@

$(O):
	@mkdir -p $@

-include $(wildcard $(O)/*.d) $(wildcard $(KIT)/*.d)
