/* The workbench: a stack of views over the record, one status line, one event loop. Nothing is drawn without a cause,
 * and nothing blocks. */
#ifndef TUI_APP_H
#define TUI_APP_H

#include "base/arena.h"
#include "runner/work/project.h"
#include "tracker/tracker.h"
#include "tui/config.h"
#include "tui/term.h"
#include "tui/workbench/view.h"

struct app {
	struct loop *loop;
	const struct project *project; /* NULL: the folder has none */
	struct tracker *tracker;      /* this thread's, for small queries; NULL: no record yet */
	/* a thread with a tracker of its own, for queries that may take long (asker.h); NULL as tracker */
	struct asker *asker;
	const struct keymap *keymap;
	struct paint paint;
	const char *self;             /* the program, for commands (app_command) */
	int cols;                     /* of the screen; 0: it has none */
};

/* Whole program: opens the terminal, runs until it is left. project may be NULL (first contact). script: a file of keys
 * (script.h) instead of a terminal, at rows × cols; NULL: none. */
struct app_options { const struct project *project; const char *self, *script; int rows, cols; };
int app_run(const struct app_options *o, struct err *e);

/* Views. The app owns what is pushed. Esc takes the top away, but never the last. */
void app_push(struct app *a, struct view *v);
void app_pop(struct app *a);
struct view *app_top(struct app *a);
struct view *app_first(struct app *a); /* the one at the bottom: the runs, or what stands in for them */
/* A view that another view keeps is about to be freed: no slice, no line that is typed and no answer of a command comes
 * to it any more. */
void app_forget(struct app *a, const struct view *v);
/* Looks for a project once more: `jig init` was done. */
int app_find_project(struct app *a, struct err *e);
/* Asks for a frame; many asks are one frame. */
void app_redraw(struct app *a);
/* The view's work() is called in slices from now on, until it returns without VIEW_MORE. */
void app_work(struct app *a, struct view *v);

/* The status line is the only voice: it stays until the next action. */
void app_say(struct app *a, enum role role, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A line of text is typed in the status line. Called with each change, and at the end; text is borrowed. */
enum typed { TYPED_CHANGE, TYPED_ENTER, TYPED_ESC };
typedef int app_typed_fn(void *arg, struct app *a, enum typed how, const char *text, struct err *e); /* VIEW_… */
void app_type(struct app *a, const char *label, const char *text, app_typed_fn *cb, void *arg);
/* What stands at the right of the line that is typed ("68 of 3,214"); bad: what is typed is not complete or wrong, the
 * last valid result stands. */
void app_type_note(struct app *a, bool bad, const char *fmt, ...) __attribute__((format(printf, 3, 4)));

/* A question in the status line: "[Enter] stop run 18   [Esc] leave". key: Enter, or y for what cannot be undone. Other
 * keys do nothing. cb only when it is answered so. */
typedef int app_answer_fn(void *arg, struct app *a, struct err *e); /* VIEW_… */
void app_ask(struct app *a, struct key key, const char *what, app_answer_fn *cb, void *arg);

/* A jig command as a process of its own, so that what people see done here is what the command does. args: NULL-ended,
 * behind the program's name. Its standard output and, behind it, what it wrote to stderr when it failed; status as
 * wait4. done is called in the loop, unless arg is a view that was taken away meanwhile, or the app ends (the command
 * is left to itself). */
typedef void app_done_fn(void *arg, struct app *a, int status, const char *out, size_t n);
int app_command(struct app *a, const char *const *args, app_done_fn *done, void *arg, struct err *e);
/* Another program, found in $PATH; argv[0] is its name. Where there is none it ends with a status. */
int app_program(struct app *a, const char *const *argv, app_done_fn *done, void *arg, struct err *e);
/* As app_command, with its last line told in the status line, in ROLE_FAILED when it failed. */
int app_do(struct app *a, const char *const *args, struct err *e);
/* $VISUAL or $EDITOR (else vi) at a line of a file, in the terminal; the screen comes back behind it. In a script: told
 * in the status line only. */
int app_edit(struct app *a, const char *path, int line, struct err *e);
void app_copy(struct app *a, const char *text, size_t n);
void app_quit(struct app *a);

#endif
