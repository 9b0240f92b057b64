/* One logical line of a requirements file; used by requirements.c alone. */
#ifndef RUNNER_REQUIREMENTS_LINE_H
#define RUNNER_REQUIREMENTS_LINE_H

#include "runner/pipeline/requirements.h"

struct requirements_line {
	const char *file;
	int first;  /* of its lines in the file */
	char *text; /* without comment; changed while it is read */
};

/* ERR_USAGE with FILE:LINE in front. */
int requirements_line_fault(const struct requirements_line *l, struct err *e, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
/* s, a part of the line: a requirement with its hashes and options, or what stands behind -e. */
int requirements_line_read(const struct requirements_line *l, char *s, bool editable, struct arena *a,
                           struct requirement *ret, struct err *e);

bool requirements_line_is_blank(char c);
char *requirements_line_skip(char *s); /* blanks */
/* Takes the next word off a text; blanks in quotes belong to it. NULL at the end. */
char *requirements_line_word(char **s);
/* The value of an option whose word was taken: "--hash=V", "--hash V", "-rV", "-r V". NULL: another option. "" when the
 * value is missing. */
const char *requirements_line_option(const char *word, const char *shorter, const char *longer, char **rest);
bool requirements_line_is_url(const char *s);

#endif
