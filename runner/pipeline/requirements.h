/* pip's requirements files: what each line asks for, and how firmly.
 * https://pip.pypa.io/en/stable/reference/requirements-file-format/ and PEP 508. */
#ifndef RUNNER_REQUIREMENTS_H
#define RUNNER_REQUIREMENTS_H

#include <stdbool.h>
#include "base/arena.h"
#include "base/err.h"
#include "base/vec.h"

/* How firmly a set of packages is fixed; the weakest line counts. */
enum pin {
	PIN_HASHED,  /* == (or a URL with a digest, or a commit) and a hash for each */
	PIN_VERSION, /* == without wildcard, or a local path */
	PIN_LOOSE,   /* anything else */
};
struct requirement {
	/* normal form of PEP 503 ("scikit-learn"); NULL where the line names none (a bare path or URL) */
	const char *name;
	const char *version; /* of ==, NULL: none */
	const char *text;    /* the requirement without hashes and comments, in one line */
	const char *local;   /* a path of a local project or archive, as written; NULL: none */
	enum pin pin;
	const char *file;    /* below the root */
	int line;            /* its first */
};
struct requirements {
	struct arena arena;                          /* owns all texts */
	VEC(struct requirement) list;
	/* the file itself, then all that it includes (-r, -c), below the root */
	VEC(const char *) files;
	/* --no-index, --find-links … are kept by the tools that read the file themselves; this says that one is
	 * there */
	bool no_index;
};

void requirements_release(struct requirements *r);
/* Reads root/file with what it includes (at most 16 deep). ERR_USAGE: FILE:LINE: what is wrong (an include that leaves
 * the project, a line that is no requirement, a hash that is none, over 8 MiB); ERR_NOT_FOUND: no such file. */
int requirements_read(const char *root, const char *file, struct requirements *ret, struct err *e);
/* From bytes, for one file without includes (tests, fuzzing): an include is a fault. */
int requirements_parse(const char *text, size_t len, const char *file, struct requirements *ret, struct err *e);
/* The weakest of all; PIN_HASHED when there is none. */
enum pin requirements_pin(const struct requirements *r);

#endif
