/* Paths as texts: nothing here touches the disk. */
#ifndef BASE_PATH_H
#define BASE_PATH_H

#include <stdbool.h>
#include <stddef.h>
#include "base/buf.h"

char *path_join(const char *a, const char *b);      /* owned; b absolute gives b */
const char *path_base(const char *path);            /* behind the last "/" (trailing "/" counts as part of it) */
char *path_parent(const char *path);                /* owned; "." where there is none */
/* Relative, not empty, no empty, "." or ".." parts ("a/" is fine: a folder), no NUL, ≤ 4,095 bytes. NULL when good,
 * else what is wrong, to be put behind the path: "is absolute", "leaves the project", "is empty", … */
const char *path_check_inside(const char *path);
/* Removes "./", "//" and a trailing "/" (ret_folder, may be NULL, tells whether there was one). Owned. */
char *path_normal(const char *path, bool *ret_folder);
/* Whether `path` is `folder` or lies below it (both normal). */
bool path_within(const char *path, const char *folder);
/* An attempt's folder name: "train[boost]", 2 -> "train+boost@2": "[" becomes "+",
 * "]" goes, other bytes than [A-Za-z0-9_.+-] become "_"; cut at 80 bytes; "-" and 8 hex digits of the SHA-256 of the
 * step's name where anything but the brackets was replaced or cut, or the name has a "+" itself. attempt 0: without
 * "@n". Owned. */
char *path_attempt(const char *step, int attempt);
/* The program that runs, by its absolute path; NULL where the system does not tell. Owned. */
char *path_self(void);

#endif
