/* The values of a step's secrets: where they stand in texts, files and folders, and `***` in their place. */
#ifndef RUNNER_SECRET_H
#define RUNNER_SECRET_H

#include <stdbool.h>
#include "runner/pipeline/pipeline.h"
#include "runner/pipeline/variables.h"

/* A value as it is, as JSON writes it within quotes, and as `jig log --param` reads it (a number, an object). */
struct secret_form { const char *name /* of the secret, borrowed from the step */; char *bytes; size_t len; };
struct secrets { struct secret_form *v; size_t len, cap, longest; }; /* the longest form first */

/* vars: of the step; a secret that is not set there has no form. */
void secrets_init(struct secrets *s, const struct step *step, const struct variables *vars);
void secrets_release(struct secrets *s);

/* The name of the secret whose value stands in these bytes (borrowed from the step), or NULL. */
const char *secrets_in(const struct secrets *s, const char *bytes, size_t n);
/* The text with *** for every value. Owned. */
char *secrets_mask(const struct secrets *s, const char *text);

/* Looks through a file, or a folder with all below it (what files hold, names, the texts of links). Links are not
 * followed, what cannot be read is passed over. True: *ret_name is the secret's name (borrowed from the step) and
 * *ret_path where it stands, below path, values in it masked ("" for path itself; owned). */
bool secrets_find(const struct secrets *s, const char *path, const char **ret_name, char **ret_path);
/* Every value in a file becomes as many "*". Nothing may be writing to it. A file that is not there, or is no regular
 * one, is fine; false: a value may still stand in it, as it cannot be written or has a second name elsewhere. */
bool secrets_mask_file(const struct secrets *s, const char *path);

#endif
