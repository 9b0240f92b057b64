/* Gives the terminal back whatever ends the process. One terminal at a time. */
#ifndef TUI_TERM_RESCUE_H
#define TUI_TERM_RESCUE_H

#include <stdbool.h>
#include <stddef.h>
#include <termios.h>

/* From now on TERM HUP INT QUIT SEGV BUS FPE ILL ABRT (those that are not ignored) and memory running out do
 * rescue_now() and then what they did before. bytes are copied; at most RESCUE_MOST of them. */
#define RESCUE_MOST 512
void rescue_take(int in, int out, const struct termios *modes, const char *bytes, size_t n);
void rescue_drop(void); /* the signals as before */
/* The terminal is in our hands: what rescue_now() is to undo, once. */
void rescue_arm(void);
/* Writes the bytes and sets the modes when armed. Calls only what may be called within a signal handler. */
void rescue_now(void);
/* Writes all of it, waiting where that is needed; likewise. False: the terminal is gone. */
bool rescue_put(int fd, const char *bytes, size_t n);

#endif
