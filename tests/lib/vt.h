/* A whole program under a pseudo-terminal, with libvterm as the screen: for tests and measurements of tui and cli.
 * Everything waits for a condition with a generous deadline, nothing sleeps. What waits gives false when the
 * deadline passed (or the program ended before), and then the screen and what was waited for stand on stderr:
 * `assert_true(vt_wait_text(v, "ready"))`.
 *
 *	const char *const argv[] = { program, "-x", NULL };
 *	struct vt *v = vt_start(&(struct vt_options){ .rows = 24, .cols = 80 }, argv);
 *	vt_wait_text(v, "ready");
 *	vt_keys(v, "/ l o s s Enter Ctrl-l");
 *	vt_free(v);
 *
 * The program is a job as a shell starts one: the foreground process group of a session whose leader waits for it.
 * So it can be stopped and continued. Include it into one file of a program: everything in here is static. It needs
 * -lvterm and the archive of tui. */
#ifndef TESTS_LIB_VT_H
#define TESTS_LIB_VT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "tui/key.h"

#define VT_FN __attribute__((unused)) static

struct vt;
struct vt_options {
	int rows, cols;           /* 0: 24, 80 */
	const char *term;         /* NULL: xterm-256color */
	/* NULL-ended; "NAME=value" sets, "NAME" takes away; on top of this process's environment without COLORTERM,
	 * NO_COLOR, JIG_THEME, TERM_PROGRAM, and with LC_ALL=C.UTF-8 */
	const char *const *env;
	const char *cwd;          /* NULL: this process's */
	int wait_ms;              /* the deadline of everything that waits; 0: 20,000 */
};
/* Never NULL: what goes wrong in here ends the test program with a text. argv[0] is a path. */
VT_FN struct vt *vt_start(const struct vt_options *o, const char *const *argv);
VT_FN void vt_free(struct vt *v); /* kills what still runs; NULL is fine */
VT_FN pid_t vt_pid(const struct vt *v);

/* Waiting. Each takes in what the program writes meanwhile. */
typedef bool vt_condition_fn(struct vt *v, void *arg);
VT_FN bool vt_wait(struct vt *v, vt_condition_fn *condition, void *arg, const char *what);
VT_FN bool vt_wait_text(struct vt *v, const char *text);           /* somewhere on the screen, within one row */
VT_FN bool vt_wait_gone(struct vt *v, const char *text);           /* nowhere on the screen */
VT_FN bool vt_wait_row(struct vt *v, int row, const char *text);   /* the row holds it; row < 0 counts from the last */
VT_FN bool vt_wait_bytes(struct vt *v, const char *bytes);         /* written at any time since vt_mark */
/* No byte for so long: for proofs that nothing comes, never in place of a condition */
VT_FN bool vt_wait_quiet(struct vt *v, int ms);
/* ended, everything it wrote was taken in; status as waitpid */
VT_FN bool vt_wait_end(struct vt *v, int *ret_status);
/* stopped, by Ctrl-Z or from outside: the terminal is the session leader's again */
VT_FN bool vt_wait_stop(struct vt *v);
/* Presses q and frees v: whether the program ended well and left the terminal as it was */
VT_FN bool vt_quit(struct vt *v);
VT_FN void vt_foreground(struct vt *v);                            /* `fg` of a stopped program */
VT_FN void vt_take(struct vt *v);                                  /* takes in what has come, without waiting */

/* What a person does. */
VT_FN void vt_keys(struct vt *v, const char *names);               /* names as key.h has them, with blanks between */
VT_FN void vt_send(struct vt *v, const char *bytes, size_t n);     /* raw */
VT_FN void vt_type(struct vt *v, const char *text);                /* raw, NUL-terminated */
VT_FN void vt_paste(struct vt *v, const char *text);               /* bracketed when the program asked for it */
/* SGR 1006, left button; MOUSE_DOUBLE: two presses and releases */
VT_FN void vt_mouse(struct vt *v, enum mouse_kind kind, int row, int col);
VT_FN void vt_resize(struct vt *v, int rows, int cols);
VT_FN void vt_hangup(struct vt *v);                                /* the terminal goes away */

/* The screen. */
/* owned; without trailing blanks; row < 0 counts from the last */
VT_FN char *vt_row(struct vt *v, int row);
/* All rows, each with a newline, trailing empty rows left out */
VT_FN void vt_screen(struct vt *v, struct buf *out);
/* First place of a text that is on the screen; the column is in cells */
VT_FN bool vt_find(struct vt *v, const char *text, int *ret_row, int *ret_col);
/* A cell as it looks. Colours: -1 the default, 0…255, or 0x1000000 | 0xrrggbb. text: UTF-8 with its marks, "" for
 * the right half of a wide character and for what was never written. */
struct vt_cell { char text[32]; int width; int32_t fg, bg; bool bold, italic, underline, reverse; };
VT_FN struct vt_cell vt_cell(struct vt *v, int row, int col);
VT_FN bool vt_cursor(struct vt *v, int *ret_row, int *ret_col);    /* whether it is shown; ret may be NULL */
VT_FN void vt_size(struct vt *v, int *ret_rows, int *ret_cols);

/* What the program asked for and wrote. */
/* Whether DEC private mode is set now: 1049 alternate screen, 25 cursor (set at first), 1000 1002 1006 mouse, 2004
 * paste, 2026, 1 … */
VT_FN bool vt_mode(struct vt *v, int mode);
/* termios as at the start, alternate screen and mouse and paste off, the cursor shown */
VT_FN bool vt_modes_restored(struct vt *v);
VT_FN size_t vt_bytes(struct vt *v);              /* how many bytes it has written */
VT_FN void vt_mark(struct vt *v);                 /* vt_since and vt_wait_bytes begin here */
VT_FN const char *vt_since(struct vt *v, size_t *ret_n); /* what came since; borrowed until more is taken in */
VT_FN const char *vt_copied(struct vt *v, size_t *ret_n); /* the last OSC 52, decoded; NULL: none */

#include "tests/lib/vt.c"

#endif
