/* Keys from a file, for tests and pictures: the workbench without a terminal. A line of it is
 *
 *	# a remark
 *	j j Enter                 keys by name (key.h), one after the other
 *	:save-screen FILE         a command of the palette, without the palette
 *	:type TEXT                every character of TEXT as a key
 *	:wait TEXT                waits until TEXT is on the screen; at most 60 s (:wait-gone TEXT: until it is not)
 *	:click ROW COL            (:double ROW COL, :wheel-up ROW COL, :wheel-down ROW COL)
 *	:size 120x40              another size of the screen
 *	:steady                   drawn once more the screen has to be the same
 *	:clock 2026-11-21T10:42:00Z   time_now() stands still there
 *
 * Before a line begins, what the last one set in motion has ended: slices of work, questions to the record,
 * commands. */
#ifndef TUI_SCRIPT_H
#define TUI_SCRIPT_H

#include "base/err.h"

struct bench;
/* Sets the clock of a script that begins with it: before anything is drawn. What is wrong with the file is told by
 * script_run. */
void script_clock(const char *path);
/* ERR_USAGE names file and line. It ends with the file, or when the workbench is quit. */
int script_run(struct bench *b, const char *path, struct err *e);

#endif
