# jig's build, one file, no recursion but for the variants (check, fuzz) that are the same build with other flags.
#   make          build/jig, the release
#   make demo     installs what is missing, builds, runs the main job on examples/iris
#   make check    installs what is missing, builds with sanitizers, runs every test
# Variables: CC, B (output folder), MODE (release | check | bench), PLATFORM (linux | posix), PREFIX, DESTDIR.

CC ?= cc
MODE ?= release
PLATFORM ?= linux
PREFIX ?= /usr/local
B ?= build$(if $(filter-out linux,$(PLATFORM)),/$(PLATFORM))
VERSION := 0.1.0

LAYERS := base store tracker runner tui cli
# Static archives where the system has them: a program without relocations for five libraries starts in half a millisecond.
lib = $(or $(filter /%,$(shell $(CC) -print-file-name=lib$(1).a)),-l$(1))

CPPFLAGS := -I. -D_GNU_SOURCE -D_FILE_OFFSET_BITS=64 -DJIG_VERSION='"$(VERSION)"'
WARN := -Wall -Wextra -Werror -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wvla -Wno-unused-parameter -Wno-missing-field-initializers
WARN += $(if $(findstring clang,$(shell $(CC) --version)),,-Wjump-misses-init)
CFLAGS_release := -O2 -g -fno-plt
CFLAGS_check := -O1 -g -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined -DJIG_FAULTS
# Comparisons are not traced: the corpora and dictionaries know the words, and without it more is found in the same time (docs/fuzzing.md).
CFLAGS_fuzz := -O2 -g -fno-omit-frame-pointer -fsanitize=address,undefined,fuzzer-no-link -fno-sanitize-coverage=trace-cmp \
	-fno-sanitize-recover=undefined
CFLAGS := -std=gnu17 $(WARN) $(CFLAGS_$(MODE)) $(EXTRA_CFLAGS)
LDFLAGS_check := -fsanitize=address,undefined
LDFLAGS_fuzz := -fsanitize=address,undefined
LDFLAGS_release := -no-pie
LDFLAGS := $(LDFLAGS_$(MODE))
ifeq ($(MODE),release)
CFLAGS += -fno-pie
endif
ifeq ($(PLATFORM),posix)
CPPFLAGS += -DJIG_POSIX
endif
LDLIBS := $(call lib,sqlite3) $(call lib,jansson) $(call lib,yaml) $(call lib,crypto) $(call lib,ncursesw) $(call lib,tinfo) -lpthread -ldl -lm

src = $(wildcard $(1)/*.c $(1)/*/*.c)
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

# A word a file; V=1 shows the commands.
Q := $(if $(V),,@)
say = $(if $(V)$(findstring s,$(firstword -$(MAKEFLAGS))),,@printf '  %-5s %s\n' $(1) $(2))

all: $(B)/jig

$(B)/jig: $(filter $(B)/cli/%,$(call obj,cli)) $(filter-out $(B)/libcli.a,$(ARCHIVES))
	$(call say,link,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $(call obj,cli) $(call libs_upto,tui) $(LDLIBS)

define layer_rule
$(B)/lib$(1).a: $(call obj,$(1))
	@rm -f $$@
	@ar rcs $$@ $$^
endef
$(foreach l,$(LAYERS),$(eval $(call layer_rule,$(l))))

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(call say,cc,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c -o $@ $<
$(B)/tracker/schema.o: $(wildcard tracker/schema/*.sql)
$(B)/tui/theme.o: $(wildcard themes/*)
$(B)/tests/tui/test_theme.o: man/jig-themes.5.in $(wildcard themes/*)
$(B)/runner/trace/python_hook.o: runner/trace/python/sitecustomize.py

# tests/<layer>/test_<thing>.c: a program of cmocka tests that links its own layer and those below.
TESTS := $(wildcard tests/*/test_*.c)
TEST_PROGRAMS := $(patsubst %.c,$(B)/%,$(TESTS))
define test_rule
$(B)/tests/$(1)/test_%: $(B)/tests/$(1)/test_%.o $(call libs_upto,$(1))
	$$(call say,link,$$@)
	$$(Q)$(CC) $(LDFLAGS) -o $$@ $$^ $(LDLIBS) -lcmocka -lvterm -lutil
endef
$(foreach l,$(LAYERS),$(eval $(call test_rule,$(l))))
tests: $(B)/jig $(TEST_PROGRAMS)

# The same build with other flags, in a folder of its own.
CHECKED := build/check$(if $(filter-out linux,$(PLATFORM)),-$(PLATFORM))
CHECK = $(MAKE) $(JOBS) --no-print-directory MODE=check B=$(CHECKED)
# As many at once as there are cores, unless -j says how many.
JOBS = $(if $(filter -j%,$(MAKEFLAGS)),,-j$(shell getconf _NPROCESSORS_ONLN))
check:
	@CC="$(CC)" scripts/install-missing.sh check
	+@$(CHECK) tests
	@scripts/layers.sh
	@scripts/columns.sh
	@$(MAKE) --no-print-directory hdr-check
	+@$(CHECK) docs-check
	@tests/run.sh $(CHECKED)

demo:
	@CC="$(CC)" scripts/install-missing.sh build
	@$(MAKE) $(JOBS) --no-print-directory all
	@scripts/demo.sh build/jig

# Screens for README.md, by the real program.
pictures: $(B)/jig $(B)/tests/lib/gen_screens
	@scripts/pictures.sh $(B)/jig $(B)/tests/lib/gen_screens

BENCHES := $(patsubst %.c,$(B)/%,$(wildcard tests/bench/bench_*.c))
$(B)/tests/bench/bench_%: $(B)/tests/bench/bench_%.o $(call libs_upto,tui)
	$(call say,link,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS) -lvterm -lutil
$(B)/tests/lib/%: $(B)/tests/lib/%.o $(call libs_upto,tui)
	$(call say,link,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)
LIB_PROGRAMS := $(patsubst %.c,$(B)/%,$(shell grep -lE '^int main' tests/lib/*.c 2>/dev/null))
tests: $(LIB_PROGRAMS)
bench: $(B)/jig $(BENCHES) $(LIB_PROGRAMS)
	@tests/bench/run.sh $(B)

# libFuzzer comes with clang. fuzz: FUZZ_SECONDS each. fuzz-long: an hour each, or as many seconds or executions as are asked for (FUZZ_RUNS).
FUZZERS ?= $(patsubst tests/fuzz/fuzz_%.c,%,$(wildcard tests/fuzz/fuzz_*.c))
FUZZ_RUNS ?= 0
fuzz: FUZZ_SECONDS ?= 60
fuzz-long: FUZZ_SECONDS ?= $(if $(filter-out 0,$(FUZZ_RUNS)),0,3600)
fuzz fuzz-long:
	@CC="$(CC)" scripts/install-missing.sh fuzz
	@$(MAKE) $(JOBS) --no-print-directory CC=clang MODE=fuzz B=build/fuzz $(patsubst %,build/fuzz/tests/fuzz/fuzz_%,$(FUZZERS))
	@FUZZ_RUNS=$(FUZZ_RUNS) scripts/fuzz.sh build/fuzz $(FUZZ_SECONDS) $(FUZZERS)
$(B)/tests/fuzz/fuzz_%: $(B)/tests/fuzz/fuzz_%.o $(call libs_upto,tui)
	$(call say,link,$@)
	$(Q)$(CC) $(LDFLAGS) -fsanitize=fuzzer -o $@ $^ $(LDLIBS)
# Without libFuzzer, for every compiler: one program that hands each target its corpus.
FUZZ_REPLAYS := $(patsubst tests/fuzz/fuzz_%.c,$(B)/tests/fuzz/replay_%.o,$(wildcard tests/fuzz/fuzz_*.c))
$(B)/tests/fuzz/replay_%.o: tests/fuzz/fuzz_%.c Makefile
	@mkdir -p $(@D)
	$(call say,cc,$<)
	$(Q)$(CC) $(CPPFLAGS) $(CFLAGS) -DLLVMFuzzerTestOneInput=fuzz_$* -MMD -MP -c -o $@ $<
$(B)/tests/fuzz/test_corpus.o: CPPFLAGS += -DFUZZ_TARGETS='$(patsubst $(B)/tests/fuzz/replay_%.o,X(%),$(FUZZ_REPLAYS))'
$(B)/tests/fuzz/test_corpus.o: $(wildcard tests/fuzz/fuzz_*.c)
$(B)/tests/fuzz/test_corpus: $(B)/tests/fuzz/test_corpus.o $(FUZZ_REPLAYS) $(call libs_upto,tui)
	$(call say,link,$@)
	$(Q)$(CC) $(LDFLAGS) -o $@ $^ $(LDLIBS)

layers:
	@scripts/layers.sh

# Each header compiles alone.
HEADERS := $(foreach l,$(LAYERS),$(wildcard $(l)/*.h $(l)/*/*.h))
hdr-check:
	@for h in $(HEADERS); do \
		echo "#include \"$$h\"" | $(CC) $(CPPFLAGS) -std=gnu17 -Wall -Wextra -Wno-unused-parameter -Werror -fsyntax-only -x c - || exit 1; \
	done; echo "headers: $(words $(HEADERS)) compile alone"

# Manual pages: text in man/*.in, tables from the program's own.
docs: $(B)/jig
	@scripts/docs.sh $(B)/jig $(B)/man
docs-check: $(B)/jig
	@scripts/docs.sh $(B)/jig $(B)/man check

install: all docs
	install -d $(DESTDIR)$(PREFIX)/bin $(DESTDIR)$(PREFIX)/share/man/man1 $(DESTDIR)$(PREFIX)/share/man/man5
	install -m 755 $(B)/jig $(DESTDIR)$(PREFIX)/bin/jig
	install -m 644 $(B)/man/*.1 $(DESTDIR)$(PREFIX)/share/man/man1/
	install -m 644 $(B)/man/*.5 $(DESTDIR)$(PREFIX)/share/man/man5/
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/jig $(DESTDIR)$(PREFIX)/share/man/man1/jig*.1 $(DESTDIR)$(PREFIX)/share/man/man5/jig*.5

clean:
	rm -rf build

-include $(shell find $(B) -name '*.d' 2>/dev/null)
.PHONY: all tests clean check demo pictures bench fuzz fuzz-long layers hdr-check docs docs-check install uninstall
.SECONDARY:
