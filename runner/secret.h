/* Finds the values of a step's secrets in files, so that they reach neither the store nor, unnoticed, a kept folder. */
#ifndef RUNNER_SECRET_H
#define RUNNER_SECRET_H

#include "runner/pipeline.h"
#include "runner/variables.h"

/* Looks through a file, or a folder with all below it; links are not followed, what cannot be read is passed over. 1: found, *ret_name is the secret's name
 * (borrowed) and *ret_path where it stands, below path ("" for a file; owned); 0: not found. */
int secret_find(const char *path, const struct step *s, const struct variables *vars, const char **ret_name, char **ret_path);

#endif
