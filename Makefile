# jig's build, one file, no recursion but for the variants (check, fuzz) that are the same build with other flags.
#   make          build/jig, the release
#   make demo     installs what is missing, builds, runs the main job on examples/iris
#   make check    installs what is missing, builds with sanitizers, runs every test
# Variables: CC, B (output folder), MODE (release | check | bench), PLATFORM (linux | posix), PREFIX, DESTDIR.

CC ?= cc
MODE ?= release
PLATFORM ?= linux
PREFIX ?= /usr/local
B ?= build
VERSION := 0.1.0

LAYERS := base store tracker runner tui cli
# Static archives where the system has them: a program without relocations for five libraries starts in half a millisecond.
lib = $(or $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l$(1))

CPPFLAGS := -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DJIG_VERSION='"$(VERSION)"'
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter -Wno-missing-field-initializers
CFLAGS_release := -O2 -g -fno-plt
CFLAGS_check := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DJIG_FAULTS
CFLAGS := -std=gnu17 $(WARN) $(CFLAGS_$(MODE)) $(EXTRA_CFLAGS)
LDFLAGS_check := -fsanitize=address,undefined
LDFLAGS_release := -no-pie
LDFLAGS := $(LDFLAGS_$(MODE))
ifeq ($(MODE),release)
CFLAGS += -fno-pie
endif
ifeq ($(PLATFORM),posix)
CPPFLAGS += -DJIG_POSIX
endif
LDLIBS := $(call lib,sqlite3) $(call lib,jansson) $(call lib,yaml) $(call lib,crypto) -lpthread -ldl -lm

src = $(wildcard $(1)/*.c)
obj = $(patsubst %.c,$(B)/%.o,$(call src,$(1)))
ARCHIVES := $(patsubst %,$(B)/lib%.a,$(LAYERS))
# What a layer's tests may link: its own archive and those below, in link order.
upto_base := base
upto_store := store base
upto_tracker := tracker store base
upto_runner := runner tracker store base
upto_tui := tui runner tracker store base
upto_cli := cli tui runner tracker store base
libs_upto = $(patsubst %,$(B)/lib%.a,$(upto_$(1)))

all: $(B)/jig

$(B)/jig: $(filter $(B)/cli/%,$(call obj,cli)) $(filter-out $(B)/libcli.a,$(ARCHIVES))
	$(CC) $(LDFLAGS) -o $@ $(call obj,cli) $(call libs_upto,tui) $(LDLIBS)

define layer_rule
$(B)/lib$(1).a: $(call obj,$(1))
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/tracker/schema.o: $(wildcard tracker/schema/*.sql)

# tests/<layer>/test_<thing>.c: a program of cmocka tests that links its own layer and those below.
TESTS := $(wildcard tests/*/test_*.c)
TEST_PROGRAMS := $(patsubst %.c,$(B)/%,$(TESTS))
define test_rule
$(B)/tests/$(1)/test_%: $(B)/tests/$(1)/test_%.o $(call libs_upto,$(1))
	$(CC) $(LDFLAGS) -o $$@ $$^ $(LDLIBS) -lcmocka
endef
$(foreach l,$(LAYERS),$(eval $(call test_rule,$(l))))
tests: $(B)/jig $(TEST_PROGRAMS)

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all tests clean
.SECONDARY:
