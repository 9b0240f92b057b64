/* Any text as an override and as an axis of a sweep: done, or refused with a text and nothing changed. */
#include <stdint.h>
#include <stdlib.h>
#include "base/json.h"
#include "runner/pipeline/params.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void override(const char *text)
{
	_json_ json_t *params = json_pack("{s:i, s:{s:f, s:n}, s:[i,i], s:i}", "seed", 7, "train", "lr", 0.1, "depth",
	                                  "layers", 1, 2, "a.b", 1);
	_json_ json_t *before = json_deep_copy(params);
	_buf_ struct buf out = BUF_INIT;
	struct err e = {0};
	int r = params_override(params, text, &e);

	if (r < 0 ? !*e.text || r != e.code || !json_equal(params, before) : !json_is_object(params))
		abort();
	json_canonical(&out, params);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_free_ char *text = mem_strndup((const char *)data, size);
	const char *axis = text;
	struct sweep s = {0};
	struct err e = {0};

	override(text);
	if (sweep_parse(&axis, 1, &s, &e) < 0) {
		if (!*e.text || s.spec)
			abort();
		return 0;
	}
	if (!s.nruns || s.naxes != 1 || json_array_size(json_object_iter_value(json_object_iter(s.spec))) != s.nruns)
		abort();
	override(s.overrides[s.nruns - 1][0]);
	sweep_release(&s);
	return 0;
}
