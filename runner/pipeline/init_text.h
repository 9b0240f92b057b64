/* Private to init*.c: writing the text of a jig.yaml. */
#ifndef RUNNER_INIT_TEXT_H
#define RUNNER_INIT_TEXT_H

#include "base/buf.h"
#include "base/vec.h"
#include "runner/pipeline/yaml.h"

struct names { char **v; size_t len, cap; }; /* owned texts */
void names_release(struct names *n);
void names_add(struct names *n, const char *text); /* once each */
bool names_have(const struct names *n, const char *text);

/* A scalar, quoted where plain YAML would mean something else. */
void init_scalar(struct buf *out, const char *text);
/* "    key: [a, b]\n", nothing for an empty list. */
void init_list(struct buf *out, const char *key, const struct names *n);
/* "    run: …\n", as a block when it has several lines. */
void init_run(struct buf *out, const char *command);
/* A step's name out of any text: other bytes than those allowed become "-", and one that is taken gets a number. Owned;
 * added to taken. */
char *init_name(struct names *taken, const char *text);

int init_from_dvc(const char *root, const char *text, size_t len, struct buf *out, struct buf *notes, struct err *e);
int init_from_mlproject(const char *root, const char *text, size_t len, struct buf *out, struct buf *notes,
                        struct err *e);
/* 0 when there is no script. */
int init_from_scripts(const char *root, struct buf *out, struct buf *notes, struct err *e);

#endif
