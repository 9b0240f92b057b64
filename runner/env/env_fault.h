/* Why a tool that installs packages failed, from what it said. */
#ifndef RUNNER_ENV_FAULT_H
#define RUNNER_ENV_FAULT_H

#include <stddef.h>
#include "base/buf.h"

/* SYMBOL, the sentence for people. A text may show several; the first here counts. */
#define ENV_FAULTS(X) \
	X(FAULT_SPACE, "there is no space left on the disk; `jig env gc` removes environments that nothing uses") \
	X(FAULT_HASH, "the content of a package has another hash than the lock says; a lock made for another Python " \
	              "or system looks like that, too, and `jig lock` makes it anew") \
	X(FAULT_UNHASHED, "the lock has no hash for a package that is needed; `jig lock` writes them all") \
	X(FAULT_CERTIFICATE, \
	  "the server's certificate is not trusted here; SSL_CERT_FILE names the authorities of a company's network") \
	X(FAULT_NETWORK, "the server of packages cannot be reached") \
	X(FAULT_ACCESS, "the server of packages refuses access") \
	X(FAULT_VERSION, "a package does not go with this version of Python; ask for another by `env: {python: V}`") \
	X(FAULT_PACKAGE, "a package, or the version that is asked for, does not exist where it was looked for") \
	X(FAULT_VENV, "this Python cannot make virtual environments; install its venv module (Debian: python3-venv) " \
	              "or uv (`pip install uv`)") \
	X(FAULT_PYTHON, "the interpreter is not there") \
	X(FAULT_RENV, "R has no renv; `Rscript -e 'install.packages(\"renv\")'` installs it") \
	X(FAULT_COMPILER, "a package has to be compiled here, and that failed; another version may come ready built") \
	X(FAULT_LOCK, "the lock cannot be read")
#define ENV_FAULT_SYMBOL_(s, ...) s,
enum env_fault { FAULT_UNKNOWN, ENV_FAULTS(ENV_FAULT_SYMBOL_) };

enum env_fault env_fault_of(const char *output);
/* NULL for FAULT_UNKNOWN. */
const char *env_fault_text(enum env_fault f);
/* Appends the last lines with text in them, without terminal escapes, "\n    " in front of each. At most `most` of
 * them, each cut at about 300 bytes. */
void env_fault_lines(struct buf *out, const char *output, size_t len, size_t most);

#endif
