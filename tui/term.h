/* The terminal: the one place that touches curses (of it, terminfo alone). It shows a grid by writing what differs from
 * what stands there, and reads keys, the mouse and pastes.
 *
 * Ctrl-Z is a key (see term_suspend); Ctrl-C and Ctrl-\ stay signals. A terminal that goes away is a hang-up: the
 * process ends by SIGHUP, whether or not the system sends it. Whatever ends the process gives the terminal back: TERM
 * HUP INT QUIT SEGV BUS FPE ILL ABRT write a string prepared at the start (mouse, paste, attributes, cursor, the
 * alternate screen), set the modes back with tcsetattr and are raised again; Ctrl-Z does the same and comes back to a
 * full drawing. */
#ifndef TUI_TERM_H
#define TUI_TERM_H

#include <stdint.h>
#include "base/err.h"
#include "base/loop.h"
#include "tui/cell.h"
#include "tui/key.h"

struct term;
/* in, out: the terminal's two ends. theme and ascii come from paint (paint_for). ERR_USAGE: no terminal, TERM is unset,
 * dumb or not known, with the way out. SIGWINCH, SIGTSTP and SIGCONT are taken through the loop; `input` is called when
 * term_input has something (a key, a resize). */
int term_open(int in, int out, struct loop *loop, const struct paint *p, bool mouse, void (*input)(void *arg),
              void *arg, struct term **ret, struct err *e);
void term_close(struct term *t); /* gives the terminal back as it was; NULL is fine */
void term_size(const struct term *t, int *ret_rows, int *ret_cols);
/* Another theme from the next drawing on. */
void term_paint(struct term *t, const struct paint *p);
/* Writes the difference, in one write and within a synchronized update where the terminal knows those. cursor_row < 0:
 * no cursor is shown. A grid of another size than the terminal's is drawn as far as both reach. Nothing differs:
 * nothing is written. */
void term_draw(struct term *t, const struct grid *g, int cursor_row, int cursor_col);
/* The next draw begins from a cleared screen (Ctrl-L). */
void term_forget(struct term *t);
/* The next input without waiting: false when there is none. A lone Esc is known after ESCDELAY 25 ms: `input` is called
 * again then. */
bool term_input(struct term *t, struct input *ret);
/* Leaves the screen for another program, and comes back. Between the two nothing may be drawn or read. */
void term_leave(struct term *t);
void term_return(struct term *t);
/* Stops the process as Ctrl-Z does (SIGTSTP to the process group, after the screen was left). */
void term_suspend(struct term *t);
/* Hands a text to the terminal's clipboard by OSC 52. ERR_USAGE: longer than 74,994 bytes of base64's source. */
int term_copy(struct term *t, const char *text, size_t n, struct err *e);
/* Truecolor only with COLORTERM or terminfo's Tc or RGB; 256 and 16 by terminfo; none with NO_COLOR. For paint_for. */
enum depth term_depth(void);

#endif
