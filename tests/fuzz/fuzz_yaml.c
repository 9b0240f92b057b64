/* Any bytes as a YAML document: a tree whose places lie in the text and whose JSON can be written, or faults. */
#include <stdint.h>
#include <stdlib.h>
#include "base/json.h"
#include "runner/pipeline/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const struct yaml_node *n, int depth)
{
	if (n->line < 1 || n->column < 1 || depth > YAML_DEPTH_MOST)
		abort();
	if (n->kind != YAML_LIST && n->kind != YAML_MAP && (!n->text || strlen(n->text) != n->len))
		abort();
	for (size_t i = 0; i < n->n; i++) {
		if (n->kind == YAML_MAP)
			check(n->pairs[i].key, depth + 1);
		check(n->kind == YAML_MAP ? n->pairs[i].value : n->items[i], depth + 1);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_arena_ struct arena arena = ARENA_INIT;
	_buf_ struct buf out = BUF_INIT;
	struct diags d = {.file = "fuzz"};
	const struct yaml_node *n = yaml_parse((const char *)data, size, &arena, &d);

	if (!n && !d.len)
		abort();
	if (n) {
		check(n, 0);
		json_t *v = yaml_to_json(n);
		json_canonical(&out, v);
		json_decref(v);
	}
	diags_text(&d, &out);
	diags_release(&d);
	return 0;
}
