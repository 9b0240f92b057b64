/* The tokens of a Python file, for `reuse: {python: tokens}`: two files with the same tokens compile to the same code,
 * line numbers aside. Comments, blank lines, and space between tokens do not count; INDENT, DEDENT and NEWLINE do,
 * strings do byte by byte (f-strings whole, with their nested quotes of 3.12), so do a coding cookie and a #! line.
 * (Python's Lib/tokenize.py and "Lexical analysis" in its reference describe the tokens.) */
#ifndef RUNNER_PYTHON_TOKENS_H
#define RUNNER_PYTHON_TOKENS_H

#include <stddef.h>
#include "base/sha256.h"

/* 0 and the digest; -1 when the text is not understood (an unclosed string or bracket, inconsistent dedent, a NUL):
 * then the file counts by its bytes. */
int python_tokens(const char *text, size_t n, struct digest *ret);

#endif
