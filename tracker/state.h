/* The vocabularies of the record. Each is one X-macro list: enum, the text in the database (a CHECK there; a test
 * compares), glyph, theme role and manual row come from it. Arguments: SYMBOL, text, glyph, ASCII glyph, theme role,
 * what it means. */
#ifndef TRACKER_STATE_H
#define TRACKER_STATE_H

#include <stdbool.h>

#define RUN_STATES(X)                                                                                        \
	X(RUN_QUEUED, "queued", "·", ".", "quiet", "made, its supervisor has not begun")                    \
	X(RUN_RUNNING, "running", "▶", ">", "running", "its supervisor lives")                              \
	X(RUN_SUCCESS, "success", "✓", "+", "success", "every step succeeded, was reused, skipped or forgiven") \
	X(RUN_FAILED, "failed", "✗", "x", "failed", "a step failed and no trigger forgave it")              \
	X(RUN_STOPPED, "stopped", "■", "#", "stopped", "it was asked to stop, or a step of it was") \
	X(RUN_LOST, "lost", "◌", "?", "lost", "its supervisor died without a word; it can be resumed")

#define STEP_STATES(X)                                                                                       \
	X(STEP_PENDING, "pending", "·", ".", "quiet", "waits for the steps it needs")                       \
	X(STEP_QUEUED, "queued", "∙", ",", "quiet", "could run, waits for a free place")                     \
	X(STEP_RUNNING, "running", "▶", ">", "running", "an attempt of it runs")                            \
	X(STEP_RETRYING, "retrying", "↻", "~", "running", "an attempt failed, the next one waits for its delay") \
	X(STEP_SUCCESS, "success", "✓", "+", "success", "its last attempt succeeded")                       \
	X(STEP_FAILED, "failed", "✗", "x", "failed", "its last attempt failed")                             \
	X(STEP_UPSTREAM_FAILED, "upstream_failed", "⊘", "/", "quiet", "a step it needs did not succeed")     \
	X(STEP_SKIPPED, "skipped", "↷", "-", "quiet", "its trigger can no longer hold")                     \
	X(STEP_REUSED, "reused", "⟲", "=", "reused", "an earlier attempt stands in for it")                  \
	X(STEP_STOPPED, "stopped", "■", "#", "stopped", "it was asked to stop, or its run was")             \
	X(STEP_LOST, "lost", "◌", "?", "lost", "its supervisor died while it was under way")

#define ATTEMPT_STATES(X)                                                                                    \
	X(ATTEMPT_RUNNING, "running", "▶", ">", "running", "its process lives")                             \
	X(ATTEMPT_SUCCESS, "success", "✓", "+", "success", "it exited 0 and left every output")             \
	X(ATTEMPT_FAILED, "failed", "✗", "x", "failed", "see its cause")                                    \
	X(ATTEMPT_STOPPED, "stopped", "■", "#", "stopped", "it was asked to stop, by a person or by a signal to jig") \
	X(ATTEMPT_LOST, "lost", "◌", "?", "lost", "its supervisor died without a word")

/* SYMBOL, text, meaning */
#define CAUSES(X) \
	X(CAUSE_NONE, "", "none: it runs, or succeeded") \
	X(CAUSE_EXIT, "exit", "the command exited with a status other than 0") \
	X(CAUSE_SIGNAL, "signal", "a signal ended the command") \
	X(CAUSE_TIMEOUT, "timeout", "it ran longer than `timeout`") \
	X(CAUSE_IDLE, "idle", "no output, no metric and no CPU for `idle_timeout`") \
	X(CAUSE_OOM, "oom", "the system ended it for want of memory") \
	X(CAUSE_OUTPUT_MISSING, "output_missing", \
		"it exited 0 without a declared output, or with one that cannot be taken") \
	X(CAUSE_SECRET, "secret", "an output, or what was logged, holds the value of a secret") \
	X(CAUSE_LOST, "lost", "the supervisor died, or failed, while it ran") \
	X(CAUSE_STOPPED, "stopped", "it was asked to stop") \
	X(CAUSE_SPAWN, "spawn", "the command could not be started") \
	X(CAUSE_ENV, "env", "its environment, inputs or work folder could not be made")

#define RUN_KINDS(X)                                                     \
	X(KIND_RUN, "run", "`jig run`")                                 \
	X(KIND_RESUME, "resume", "`jig resume`: takes over what is valid") \
	X(KIND_RESTART, "restart", "`jig restart`: reuses nothing")     \
	X(KIND_SWEEP, "sweep", "one of a sweep")

#define ARTIFACT_ROLES(X)                                        \
	X(ROLE_IN, "in", "an input")                            \
	X(ROLE_OUT, "out", "an output")                         \
	X(ROLE_METRIC, "metric", "a metrics file (an output too)") \
	X(ROLE_CHECKPOINT, "checkpoint", "a checkpoint")        \
	X(ROLE_LOG, "log", "the log of an attempt")             \
	X(ROLE_LOGGED, "logged", "handed over by `jig log --artifact`")

/* How an artifact's bytes are kept. */
#define ARTIFACT_FORMS(X)                                                                    \
	X(FORM_FILE, "file", "an object")                                                   \
	X(FORM_FOLDER, "folder", "an object that lists its entries, and their objects")      \
	X(FORM_LINK, "link", "outside the project: path, size, mtime, a digest for a file; never copied") \
	X(FORM_PLACE, "place", "a file in the attempt's folder, digested but not in the store (logs)")

/* What a lookup found. SYMBOL, text, meaning */
#define TRACE_KINDS(X) \
	X(TRACE_FILE, "file", "a file of the code: its content and mode") \
	X(TRACE_PYTHON, "python", "a Python file read as source: its tokens") \
	X(TRACE_FOLDER, "folder", "a folder that was asked about") \
	X(TRACE_LISTING, "listing", "a folder that was listed: its names") \
	X(TRACE_LINK, "link", "a symbolic link: its target") \
	X(TRACE_NOTHING, "nothing", "a name that was looked for and not there") \
	X(TRACE_MODULE, "module", "a Python module looked for in a folder: the files it could be") \
	X(TRACE_OUTSIDE, "outside", "a path outside the work folder that nothing else covers: its size and time") \
	X(TRACE_PARAMS, "params", "all params were read; with a path: how that file of params is written") \
	X(TRACE_NAMES, "names", "all names of the code: lookups of names could not be seen") \
	X(TRACE_TREE, "tree", "all of the code: what was read could not be seen")

#define REQUEST_ACTIONS(X)                                                     \
	X(REQUEST_STOP, "stop", "stop the run or the step orderly")           \
	X(REQUEST_KILL, "kill", "stop it at once, without the grace period")  \
	X(REQUEST_RETRY, "retry", "a new attempt of the step")                \
	X(REQUEST_PAUSE, "pause", "start no new steps")                       \
	X(REQUEST_CONTINUE, "continue", "start steps again")

#define STATE_SYMBOL_(s, ...) s,
enum run_state { RUN_STATES(STATE_SYMBOL_) };
enum step_state { STEP_STATES(STATE_SYMBOL_) };
enum attempt_state { ATTEMPT_STATES(STATE_SYMBOL_) };
enum cause { CAUSES(STATE_SYMBOL_) };
enum run_kind { RUN_KINDS(STATE_SYMBOL_) };
enum artifact_role { ARTIFACT_ROLES(STATE_SYMBOL_) };
enum artifact_form { ARTIFACT_FORMS(STATE_SYMBOL_) };
enum request_action { REQUEST_ACTIONS(STATE_SYMBOL_) };
enum trace_kind { TRACE_KINDS(STATE_SYMBOL_) };

/* One row of a vocabulary; glyph, ascii and role are NULL where the list has none. */
struct word { const char *text, *glyph, *ascii, *role, *meaning; };
enum vocabulary {
	WORDS_RUN_STATE, WORDS_STEP_STATE, WORDS_ATTEMPT_STATE, WORDS_CAUSE, WORDS_KIND, WORDS_ROLE, WORDS_FORM,
	WORDS_REQUEST,
	WORDS_TRACE
};

/* The rows of a vocabulary in the order of its enum. */
const struct word *words_of(enum vocabulary v, int *ret_len);
const struct word *word_of(enum vocabulary v, int value); /* aborts on a value out of range */
/* The value of a text, or -1. */
int word_find(enum vocabulary v, const char *text);
#define run_state_text(s) (word_of(WORDS_RUN_STATE, (s))->text)
#define step_state_text(s) (word_of(WORDS_STEP_STATE, (s))->text)
#define attempt_state_text(s) (word_of(WORDS_ATTEMPT_STATE, (s))->text)
#define cause_text(s) (word_of(WORDS_CAUSE, (s))->text)

bool run_state_ended(enum run_state s);
bool step_state_ended(enum step_state s);
/* Whether the move is in the table of possible moves; the tracker aborts a transaction with any other. */
bool run_move_allowed(enum run_state from, enum run_state to);
bool step_move_allowed(enum step_state from, enum step_state to);
bool attempt_move_allowed(enum attempt_state from, enum attempt_state to);

#endif
