/* Any bytes as JSON: refused with a place, or a value that both writings give back, the canonical one byte for byte. */
#include "base/json.h"
#include "target.h"

static void leaf(void *arg, const char *dotted, const json_t *v)
{
	must(dotted && v);
	++*(size_t *)arg;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_json_ json_t *v = NULL, *again = NULL, *people = NULL, *sorted = NULL;
	_buf_ struct buf text = BUF_INIT, second = BUF_INIT, pretty = BUF_INIT;
	struct err e = {0};
	size_t leaves = 0;
	int r = json_parse((const char *)data, size, "fuzz", &v, &e);

	if (r < 0) {
		must_tell(r, &e);
		must(!v);
		return 0;
	}
	json_canonical(&text, v);
	must(json_parse(text.data, text.len, "again", &again, &e) >= 0 && json_same(v, again));
	json_canonical(&second, again);
	must(text.len == second.len && !memcmp(text.data, second.data, text.len) && !memchr(text.data, '\n', text.len));
	json_pretty(&pretty, v);
	must(json_parse(pretty.data, pretty.len, "pretty", &people, &e) >= 0 && json_same(v, people));
	sorted = json_sorted(v);
	must(json_same(v, sorted));
	json_leaves(v, leaf, &leaves);
	must(json_is_object(v) ? !json_object_size(v) || leaves : leaves == 1 || !leaves);
	return 0;
}
