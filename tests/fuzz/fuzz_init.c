/* Any bytes as dvc.yaml (the first byte even) or MLproject: refused, or a jig.yaml that is good YAML, with nothing in
 * it but what a pipeline file has. */
#include "runner/pipeline/init_text.h"
#include "target.h"

/* Keys that no text of the input may bring in at these places. */
static bool known(const char *key, const char *const *keys, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(key, keys[i]))
			return true;
	return false;
}

static void check_steps(const struct yaml_node *steps)
{
	static const char *const keys[] = {"matrix", "inputs", "outputs", "metrics", "run", "cache"};

	must(steps && steps->kind == YAML_MAP && steps->n);
	for (size_t i = 0; i < steps->n; i++) {
		const struct yaml_node *step = steps->pairs[i].value;

		must(step->kind == YAML_MAP);
		for (size_t k = 0; k < step->n; k++)
			must(known(step->pairs[k].key->text, keys, ARRAY_LEN(keys)));
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const keys[] = {"params", "pipeline", "steps"};
	_arena_ struct arena arena = ARENA_INIT;
	_buf_ struct buf out = BUF_INIT, notes = BUF_INIT, faults = BUF_INIT;
	struct diags d = {.file = "fuzz"};
	struct err e = {0};

	if (!size)
		return 0;
	const char *text = (const char *)data + 1;
	int r = data[0] % 2 ? init_from_mlproject("/nonexistent", text, size - 1, &out, &notes, &e) :
	                      init_from_dvc("/nonexistent", text, size - 1, &out, &notes, &e);
	if (r < 0) {
		must_tell(r, &e);
		return 0;
	}
	const struct yaml_node *doc = yaml_parse(out.data, out.len, &arena, &d);
	diags_text(&d, &faults);
	must(doc && !d.len && doc->kind == YAML_MAP);
	for (size_t i = 0; i < doc->n; i++)
		must(known(doc->pairs[i].key->text, keys, ARRAY_LEN(keys)));
	check_steps(yaml_get(doc, "steps"));
	diags_release(&d);
	return 0;
}
