/* Any bytes as a file of a snapshot and as a param: a guess points at a line that is there. */
#include <jansson.h>
#include "base/json.h"
#include "runner/log/secret_guess.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *own = size ? mem_dup(data, size) : NULL;
	int line = 0, lines = 1;
	const char *kind = secret_guess(own ? own : "", size, &line);

	for (size_t i = 0; i < size; i++)
		lines += data[i] == '\n';
	must(!kind || (*kind && line >= 1 && line <= lines));
	if (utf8_valid((const char *)data, size) && !(size && memchr(data, 0, size))) {
		_json_ json_t *v = json_stringn((const char *)data, size);

		must(!kind || secret_guess_param("x", v));
	}
	return 0;
}
