# SPDX-License-Identifier: MIT
# kit.mk: everything about a lab that is the same for all submissions, built once:
#
#     make -f tests/harness/kit.mk LAB=lab05-sockets KIT=build/kit/lab05-sockets
#
#   tests public-tests       the Criterion runner with all tests, and with the public ones only
#   wrap.o                   what stands in for wrapped calls, where the lab has a wrap.c
#   probe.o                  the lab's probe; every submission links it
#   image_main.o covmap.o forkserver.o covmap.ld   what makes one image of a submission's programs
#   covdump.o                                      what reads the coverage counters of such an image
#   peers/                   helper programs
#   valgrind.supp debug/     suppressions, and slim debug files of the C library
#
# PROGRAMS are the lab's programs; without it, the sources of the template that have a main().

# Not made absolute: make cannot handle the space that may be in the path of a course.
HARNESS := $(patsubst %/,%,$(dir $(lastword $(MAKEFILE_LIST))))
ROOT := $(patsubst %/,%,$(dir $(patsubst %/,%,$(dir $(HARNESS)))))

ifeq ($(strip $(LAB)),)
$(error say which lab: LAB=lab05-sockets)
endif
KIT ?= build/kit/$(LAB)
TESTS ?= $(ROOT)/tests/$(LAB)
TEMPLATE ?= $(ROOT)/templates/$(LAB)
PROGRAMS ?= $(notdir $(basename $(shell grep -l '^int main' $(TEMPLATE)/src/*.c 2>/dev/null)))
NAMES := $(sort $(PROGRAMS) probe $(foreach n,1 2 3 4 5 6 7 8,own_test_$n))

CC ?= cc
OBJCOPY ?= objcopy
CFLAGS ?= -O1 -g
CPPFLAGS += -D_GNU_SOURCE
WARN := -Wall -Wextra -Wpedantic -Wshadow -Wstrict-prototypes
V ?=
Q := $(if $(filter-out 0,$(V)),,@)
compile = $(Q)$(CC) -std=c11 $(WARN) $(CFLAGS) $(CPPFLAGS) $1 -MMD -MP -MF $2 -c -o $@ $<

# Only Criterion's own archives are linked statically: a test starts in 2.5 ms instead of 10.
LIBS := -Wl,--push-state,-Bstatic -lcriterion -lboxfort -lprotobuf-nanopb -Wl,--pop-state \
	-lnanomsg -lffi -ljansson -lm -lpthread

O := $(KIT)/obj
FOR_LAB := -I$(HARNESS) -I$(TEMPLATE)/include
# What harness and grader share.
SHARED := box/confine.c $(patsubst $(ROOT)/grader/%,%,$(sort $(wildcard $(ROOT)/grader/explain/*.c))) util/vec.c util/text.c
HARNESS_O := $(patsubst $(HARNESS)/%.c,$(O)/%.o,$(sort $(wildcard $(HARNESS)/*.c))) $(SHARED:%.c=$(O)/shared/%.o)
PUBLIC_O := $(patsubst $(TESTS)/%.c,$(O)/lab/%.o,$(filter-out %/probe.c %/wrap.c %/hidden.c, \
	$(sort $(wildcard $(TESTS)/*.c))))
HIDDEN_O := $(patsubst $(TESTS)/%.c,$(O)/lab/%.o,$(wildcard $(TESTS)/hidden.c))
PEERS := $(patsubst $(HARNESS)/peers/%.c,$(KIT)/peers/%,$(sort $(wildcard $(HARNESS)/peers/*.c)))

.PHONY: kit runners image peers shared-sources FORCE
kit: runners image peers $(KIT)/valgrind.supp $(KIT)/debug/list
runners: $(KIT)/tests $(KIT)/public-tests
image: $(addprefix $(KIT)/,image_main.o covmap.o covdump.o forkserver.o covmap.ld) \
	$(if $(wildcard $(TESTS)/probe.c),$(KIT)/probe.o) $(if $(wildcard $(TESTS)/wrap.c),$(KIT)/wrap.o)
peers: $(PEERS)

# Of the grader's sources a course needs these.
shared-sources:
	@cd $(ROOT) && printf '%s\n' $(SHARED:%=grader/%) grader/*/*.h

$(KIT)/tests: $(PUBLIC_O) $(HIDDEN_O) $(HARNESS_O)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(KIT)/public-tests: $(PUBLIC_O) $(HARNESS_O)
	$(Q)$(CC) $(CFLAGS) $(LDFLAGS) -o $@ $^ $(LIBS)

$(O)/lab/%.o: $(TESTS)/%.c | $(O)/lab
	$(call compile,$(FOR_LAB),$(O)/lab-$*.d)

$(O)/%.o: $(HARNESS)/%.c | $(O)/lab
	$(call compile,-I$(ROOT)/grader,$(O)/$*.d)

$(O)/shared/%.o: $(ROOT)/grader/%.c | $(O)/lab
	@mkdir -p $(@D)
	$(call compile,-I$(ROOT)/grader,$(O)/shared-$(subst /,-,$*).d)

# Renamed like the students' programs: it is one program of the image.
$(KIT)/probe.o: $(O)/lab/probe.o
	$(Q)$(OBJCOPY) --redefine-sym main=lab_main_probe --keep-global-symbol=lab_main_probe $< $@

# Calls of the student's code that the lab wraps (lab.yaml: wrap): faults on demand, guards.
$(KIT)/wrap.o: $(TESTS)/wrap.c | $(O)/lab
	$(call compile,$(FOR_LAB),$(O)/wrap.d)

# The table of programs is made of their names, so it is compiled again when they change. A student's
# own tests have places of their own in it (grader/stage/build.c: OWN_TESTS_MAX).
$(O)/names: FORCE | $(O)/lab
	@echo '$(NAMES)' | cmp -s - $@ || echo '$(NAMES)' >$@

$(KIT)/image_main.o: $(HARNESS)/image/image_main.c $(O)/names
	$(call compile,'-DLAB_PROGRAMS_LIST=$(foreach n,$(NAMES),PROGRAM($n))',$(O)/image_main.d)

# There is no C library around it.
$(KIT)/covdump.o: CFLAGS += -ffreestanding -fno-stack-protector -fno-pie

$(KIT)/%.o: $(HARNESS)/image/%.c | $(O)/lab
	$(call compile,,$(O)/image-$*.d)

$(KIT)/covmap.ld: $(HARNESS)/image/covmap.ld | $(O)/lab
	$(Q)cp $< $@

$(KIT)/valgrind.supp: $(HARNESS)/valgrind.supp | $(O)/lab
	$(Q)cp $< $@

$(KIT)/peers/%: $(HARNESS)/peers/%.c
	@mkdir -p $(@D) $(O)
	$(Q)$(CC) -std=c11 $(WARN) $(CFLAGS) $(CPPFLAGS) -MMD -MP -MF $(O)/peer-$*.d -o $@ $<

# memcheck needs the C library's symbol tables, and half of its start is reading the rest of their
# debug files. Without libc6-dbg there is nothing to slim, and the list is empty.
$(KIT)/debug/list: $(HARNESS)/slim-debug.sh | $(O)/lab
	$(Q)sh $< $(KIT)/debug

$(O)/lab:
	@mkdir -p $@

-include $(wildcard $(O)/*.d)
