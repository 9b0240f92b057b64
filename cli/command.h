/* Commands and what they are given. A command is one constant table in a file of its own (cli/cmd_<name>.c):
 *
 *	static const struct option_def options[] = {
 *		{ .name = "limit", .letter = 'n', .kind = OPTION_INTEGER, .value = "N", .text = "at most N runs" },
 *		{ 0 },
 *	};
 *	static int run_ls(struct context *c, struct err *e) { … }
 *	const struct command cmd_ls = {
 *		.name = "ls", .summary = "lists runs", .group = GROUP_LOOK, .usage = "", .options = options,
 *		.flags = COMMAND_PROJECT | COMMAND_JSON, .run = run_ls,
 *		.text = "One paragraph.\n\nAnother one.",
 *	};
 *
 * and a line in COMMANDS below. From the table come parsing, --help, completion and the manual's option lists. */
#ifndef CLI_COMMAND_H
#define CLI_COMMAND_H

#include <limits.h>
#include <stdbool.h>
#include <stdint.h>
#include "base/buf.h"
#include "base/err.h"
#include "runner/work/project.h"
#include "store/store.h"
#include "tracker/tracker.h"
#include "tui/cell.h"

struct context;

enum option_kind {
	OPTION_FLAG,
	OPTION_TEXT,
	OPTION_INTEGER,  /* within [min, max]; both 0: any */
	OPTION_SIZE,     /* "4G", bytes */
	OPTION_DURATION, /* "2h", µs */
};
struct option_def {
	const char *name;      /* long name without "--"; NULL ends a list */
	char letter;           /* 0: none */
	enum option_kind kind;
	const char *value;     /* what the value is called in help: "FILE"; NULL for flags */
	bool repeat;           /* may be given several times; else the last one counts */
	bool optional;         /* only "--name=value" gives a value; option_text is "" without */
	int64_t min, max;
	const char *text;      /* one sentence without a capital and a full stop */
};

/* SYMBOL, heading of the overview */
#define COMMAND_GROUPS(X)                     \
	X(GROUP_RUN, "Run")                   \
	X(GROUP_LOOK, "Look")                 \
	X(GROUP_KEEP, "Keep, mark and clear") \
	X(GROUP_OTHER, "Other")
#define COMMAND_GROUP_SYMBOL_(s, ...) s,
enum command_group { COMMAND_GROUPS(COMMAND_GROUP_SYMBOL_) GROUP_COUNT };

enum command_flag {
	COMMAND_PROJECT = 1, /* context.project is found before it runs */
	COMMAND_RECORD = 2,  /* context.tracker is open before it runs (TRACKER_READ); implies COMMAND_PROJECT */
	COMMAND_JSON = 4,    /* takes --json */
	COMMAND_CHANGES = 16, /* with COMMAND_RECORD: it is opened for a short change (TRACKER_CHANGE) */
	COMMAND_HIDDEN = 8,  /* not in the overview, the manual and completion */
};

#define ARGS_ANY INT_MAX
struct command {
	const char *name;
	const char *summary;              /* "lists runs" */
	const char *usage;                /* the arguments: "RUN [STEP]"; "" = none */
	const char *text;                 /* paragraphs for help and manual, a blank line between; NULL: none */
	const struct option_def *options; /* NULL: none; --help and --json are added */
	int (*run)(struct context *c, struct err *e); /* with 0 context.exit_status is the exit status */
	enum command_group group;
	int min_args, max_args;           /* ARGS_ANY: no limit */
	unsigned flags;
};

/* All commands, in the order of the overview: X(ls) is `const struct command cmd_ls`. */
#define COMMANDS(X)                                                                       \
	X(init) X(lock)                                                                  \
	X(run) X(plan) X(resume) X(restart) X(stop) X(retry) X(pause) X(continue) X(log)                      \
	X(workbench) X(ls) X(show) X(dag) X(logs) X(metrics) X(get)                                   \
	X(env) X(tag) X(note) X(rm) X(verify) X(fsck) X(gc)                                     \
	X(help) X(completion) X(version) X(manual)
#define COMMAND_EXTERN_(n) extern const struct command cmd_##n;
COMMANDS(COMMAND_EXTERN_)
extern const struct command *const commands[]; /* NULL-ended */
const struct command *command_find(const char *name); /* NULL: none */
int command_unknown(const char *name, struct err *e);  /* ERR_USAGE: there is none; names the nearest */

struct option_value; /* private to options.c */

struct context {
	const struct command *command;
	const char *const *args; int nargs; /* positional ones, borrowed from argv */
	int before_dash;                    /* how many of them stood before "--"; nargs without one */
	bool json;
	bool out_tty;
	struct paint paint, paint_err;      /* for stdout and stderr */
	struct buf out;                     /* for stdout; written by context_flush and when the command returns */
	struct buf faults;                  /* with a negative return: lines shown in place of the error's text */
	int exit_status;                    /* with a return of 0 */
	struct project project;             /* after context_project */
	struct tracker *tracker;            /* after context_tracker */
	struct store *store;                /* after context_store */
	struct option_value *values;        /* one for each option */
	const char *const *raw_argv; int raw_argc; /* the whole command line, as main got it */
};

/* Parses argv behind the command's name into the context. ERR_USAGE names the option and the nearest spelling.
 * ret_help: --help was given, then nothing else is checked. */
int options_parse(struct context *c, const struct command *cmd, int argc, const char *const *argv, bool *ret_help,
	struct err *e);
void options_release(struct context *c);
/* What was given. Naming an option that the command's table does not have ends the program. */
bool option_flag(const struct context *c, const char *name); /* given at all; any kind */
const char *option_text(const struct context *c, const char *name); /* NULL: not given */
size_t option_list(const struct context *c, const char *name, const char *const **ret);
int64_t option_number(const struct context *c, const char *name, int64_t otherwise); /* integer, bytes or µs */

/* The options that main adds to every command: --help, and --json where the command has it; NULL-ended names. */
extern const struct option_def option_help, option_json;
/* cb for each option of a command, those added too. */
typedef void option_each_fn(void *arg, const struct option_def *o);
void options_each(const struct command *cmd, option_each_fn *cb, void *arg);

/* Appends the text of `jig NAME --help`, or for NULL the overview of all commands. */
void help_text(struct buf *out, const struct command *cmd, const struct paint *p, int width);

/* Appends text made harmless for a terminal, newlines kept. */
void visible_lines(struct buf *out, const char *s, size_t n, bool ascii);
/* Words on stdout: harmless wherever they go, newlines kept. */
void context_text(struct context *c, const char *s);
/* "jig: " and the text on stderr, at once: harmless wherever it goes. */
void context_say(const struct context *c, const char *text);
/* Contents that were asked for (a file, a note, paths for another program): harmless on a terminal, elsewhere as they
 * are. */
void context_contents(struct context *c, const char *s);

/* "1 run", "3,214 runs". Appends. */
void add_count(struct buf *out, int64_t n, const char *one, const char *many);

/* All are no-ops when it was done before. */
int context_project(struct context *c, struct err *e);
/* All but TRACKER_WRITE: ERR_NOT_FOUND ("no run yet: …") when there is no record. Runs whose supervisor died are
 * recorded as lost; where the disk has no room for that a line on stderr says so, but for TRACKER_WRITE. */
int context_tracker(struct context *c, enum tracker_mode mode, struct err *e);
struct store *context_store(struct context *c); /* needs the project */
/* Writes what is in context.out. Negative when stdout cannot take it. */
int context_flush(struct context *c, struct err *e);
/* Cells of a line of stdout: the terminal's, 0 (no limit) when it is none. */
int context_width(const struct context *c);
/* Asks on the terminal; true for "y". True at once when stdin is no terminal. */
bool context_ask(struct context *c, const char *question);

#endif
