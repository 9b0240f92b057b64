/* TOML 1.0 as a value: tables are objects, arrays arrays; dates and times are strings as written; integers that fit
 * 64 bits, reals by number_parse; NaN and infinities as in base/json.h. https://toml.io/en/v1.0.0 */
#ifndef BASE_TOML_H
#define BASE_TOML_H

#include <jansson.h>
#include <stddef.h>
#include "base/err.h"

/* name is for the message: "pylock.toml:12:3: …". ERR_USAGE: it is not TOML (duplicate keys and redefined tables too),
 * or nested deeper than 100, or a text holds a NUL. */
int toml_parse(const char *text, size_t len, const char *name, json_t **ret, struct err *e);

#endif
