/* What looks like a secret where it would be recorded for ever: values of params, files of the snapshot. Only ever a
 * remark. */
#ifndef RUNNER_SECRET_GUESS_H
#define RUNNER_SECRET_GUESS_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

/* The kind of secret that a text holds ("a private key", "an AWS access key", "a token of GitHub"), by the fixed
 * beginnings and shapes that issuers publish; NULL: none. Static text. *ret_line (may be NULL): where, from 1. */
const char *secret_guess(const char *text, size_t n, int *ret_line);
/* Whether a param looks like one: by its value, or by its name (password, token, secret, api_key) with a text of 8 or
 * more bytes. Static text, or NULL. */
const char *secret_guess_param(const char *name, const json_t *value);

#endif
