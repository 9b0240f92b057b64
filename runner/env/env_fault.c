#include "runner/env/env_fault.h"

#include <string.h>
#include "base/text.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runner/log/log_clean.h"

enum { LINE_MOST = 300 };

/* Words of uv, pip, conda, mamba, pixi, R and Julia, any case. */
static const struct sign {
	enum env_fault fault;
	const char *text;
} signs[] = {
        {FAULT_SPACE, "no space left on device"},
        {FAULT_SPACE, "disk quota exceeded"},
        {FAULT_SPACE, "NoSpaceLeftError"},
        {FAULT_HASH, "hash mismatch"},
        {FAULT_HASH, "do not match the hashes"},
        {FAULT_HASH, "ChecksumMismatchError"},
        {FAULT_HASH, "checksum mismatch"},
        {FAULT_HASH, "tree hash mismatch"},
        {FAULT_UNHASHED, "hashes are required in --require-hashes mode"},
        {FAULT_UNHASHED, "in `--require-hashes` mode, all requirements must have"},
        {FAULT_UNHASHED, "in --require-hashes mode, all requirements must have"},
        {FAULT_CERTIFICATE, "CERTIFICATE_VERIFY_FAILED"},
        {FAULT_CERTIFICATE, "invalid peer certificate"},
        {FAULT_CERTIFICATE, "certificate verify failed"},
        {FAULT_NETWORK, "dns error"},
        {FAULT_NETWORK, "could not resolve"},
        {FAULT_NETWORK, "couldn't resolve host"},
        {FAULT_NETWORK, "name or service not known"},
        {FAULT_NETWORK, "temporary failure in name resolution"},
        {FAULT_NETWORK, "nodename nor servname"},
        {FAULT_NETWORK, "network is unreachable"},
        {FAULT_NETWORK, "connection refused"},
        {FAULT_NETWORK, "connection timed out"},
        {FAULT_NETWORK, "failed to establish a new connection"},
        {FAULT_NETWORK, "ConnectTimeoutError"},
        {FAULT_NETWORK, "ReadTimeoutError"},
        {FAULT_NETWORK, "error sending request for url"},
        {FAULT_NETWORK, "CondaHTTPError: HTTP 000"},
        {FAULT_NETWORK, "the network was disabled"},
        {FAULT_ACCESS, "401 unauthorized"},
        {FAULT_ACCESS, "403 forbidden"},
        {FAULT_ACCESS, "401 client error"},
        {FAULT_ACCESS, "403 client error"},
        {FAULT_VERSION, "requires a different python"},
        {FAULT_VERSION, "does not satisfy Python"},
        {FAULT_VERSION, "is incompatible with the project's Python requirement"},
        {FAULT_PACKAGE, "was not found in the package registry"},
        {FAULT_PACKAGE, "there is no version of"},
        {FAULT_PACKAGE, "no matching distribution found"},
        {FAULT_PACKAGE, "PackagesNotFoundError"},
        {FAULT_PACKAGE, "ResolvePackageNotFound"},
        {FAULT_PACKAGE, "nothing provides"},
        {FAULT_PACKAGE, "does not exist (perhaps a typo"},
        {FAULT_PACKAGE, "404 not found"},
        {FAULT_PACKAGE, "expected package"},
        {FAULT_VENV, "ensurepip is not available"},
        {FAULT_VENV, "no module named venv"},
        {FAULT_VENV, "no module named pip"},
        {FAULT_VENV, "no module named ensurepip"},
        {FAULT_PYTHON, "no interpreter found"},
        {FAULT_RENV, "there is no package called \xe2\x80\x98renv\xe2\x80\x99"},
        {FAULT_RENV, "there is no package called 'renv'"},
        {FAULT_COMPILER, "failed building wheel"},
        {FAULT_COMPILER, "failed to build"},
        {FAULT_LOCK, "failed to parse"},
        {FAULT_LOCK, "invalid requirement"},
};

enum env_fault env_fault_of(const char *output)
{
	enum env_fault best = FAULT_UNKNOWN;

	for (size_t i = 0; i < ARRAY_LEN(signs); i++)
		if ((best == FAULT_UNKNOWN || signs[i].fault < best) && strcasestr(output, signs[i].text))
			best = signs[i].fault;
	return best;
}

const char *env_fault_text(enum env_fault f)
{
	static const char *const texts[] = {NULL,
#define TEXT(symbol, text) text,
	                                    ENV_FAULTS(TEXT)
#undef TEXT
	};

	return texts[f];
}

void env_fault_lines(struct buf *out, const char *output, size_t len, size_t most)
{
	_buf_ struct buf lines = BUF_INIT;
	VEC(size_t) starts = {0};

	for (const char *p = output, *end = output + len; p < end;) {
		const char *stop = memchr(p, '\n', (size_t)(end - p));
		size_t n = stop ? (size_t)(stop - p) : (size_t)(end - p), at = lines.len;
		log_clean_line(&lines, p, n);
		if (lines.len > at && !text_starts(lines.data + at, "[notice]")) {
			buf_addc(&lines, '\0');
			vec_push(&starts, at);
		} else {
			buf_cut(&lines, at);
		}
		p += n + 1;
	}
	for (size_t i = starts.len > most ? starts.len - most : 0; i < starts.len; i++) {
		const char *line = lines.data + starts.v[i];
		size_t n = strlen(line), fit = n > LINE_MOST ? utf8_fit(line, n, LINE_MOST) : n;
		buf_addf(out, "\n    %.*s%s", (int)fit, line, fit < n ? "…" : "");
	}
	vec_release(&starts);
}
