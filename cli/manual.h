/* The manual pages: text in man/NAME.SECTION.in, with the tables of the program itself in the place of lines like
 * "@words cause@". */
#ifndef CLI_MANUAL_H
#define CLI_MANUAL_H

#include <stddef.h>
#include "base/buf.h"
#include "base/err.h"

/* Appends one part in mdoc. part: "overview", "commands run" (look, keep, other), "words run_state" (step_state,
 * attempt_state, cause, role, form, trigger, keep, theme, theme_role, theme_attribute), "pipeline_keys", "step_keys",
 * "variables decides" (passes), "version", "keys runs" (any screen, all), "key_words screens", "palette". ERR_USAGE:
 * there is none of that name. */
int manual_part(struct buf *out, const char *part, struct err *e);
/* Appends a page: text with every line "@PART@" replaced by the part. ERR_USAGE names the line. */
int manual_expand(struct buf *out, const char *text, size_t len, struct err *e);

#endif
