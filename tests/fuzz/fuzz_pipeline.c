/* Any bytes as a pipeline file: a graph in order, or faults with their text. */
#include <stdint.h>
#include <stdlib.h>
#include "base/json.h"
#include "runner/pipeline/pipeline.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_step(const struct pipeline *p, size_t i)
{
	const struct step *s = &p->steps[i];
	_json_ json_t *declared = pipeline_declared(p, (int)i);

	if (!s->name || !s->base || !s->nargs || !json_object_get(declared, "run") ||
	    pipeline_find(p, s->name) != (int)i)
		abort();
	for (size_t k = 0; k < s->nneeds; k++)
		if (s->needs[k].step < 0 || (size_t)s->needs[k].step >= i ||
		    (k && s->needs[k].step <= s->needs[k - 1].step))
			abort();
	for (size_t k = 0; k < s->ninputs; k++)
		if (!s->inputs[k].path || s->inputs[k].producer >= (int)i)
			abort();
	for (size_t k = 0; k < s->noutputs; k++)
		if (!s->outputs[k].path || s->outputs[k].path[0] == '/')
			abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const struct pipeline_options options = {.root = "/nonexistent"};
	_buf_ struct buf faults = BUF_INIT;
	struct pipeline *p = NULL;
	struct err e = {0};
	int r = pipeline_parse((const char *)data, size, &options, &p, &faults, &e);

	if (r < 0 ? p || !*e.text || !faults.len || r != e.code : !p || !p->nsteps)
		abort();
	for (size_t i = 0; p && i < p->nsteps; i++)
		check_step(p, i);
	pipeline_free(p);
	return 0;
}
