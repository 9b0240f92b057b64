/* Places in files that a line of a log names: `File "a.py", line 3`, `a.c:12:`, `at a.jl:3`, `train.R#3`. */
#ifndef TUI_LOG_PLACE_H
#define TUI_LOG_PLACE_H

#include <stdbool.h>
#include <stddef.h>

/* The first place in the text of a line, owned; false when there is none. What it names need not be there. */
bool log_place_find(const char *text, size_t n, char **ret_file, int *ret_line);
/* The file to open: that of the project where an attempt's own (below `work`) is there too, else the one that was
 * named, else NULL. Relative names are looked for in the project, then in work. root or work may be NULL. Owned. */
char *log_place_resolve(const char *file, const char *root, const char *work);

#endif
