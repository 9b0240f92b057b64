/* Any bytes as the list of a stored folder: refused, or the very bytes that its entries are written as, in order, with
 * nothing that leads out. And a link that is held to stay inside stays inside. */
#include "store/tree_text.h"
#include "target.h"

static void check_link(const char *path, const char *target)
{
	long depth = 0;

	for (const char *p = path; *p; p++)
		depth += *p == '/';
	if (tree_text_link(path, target))
		return;
	must(*target && *target != '/');
	for (const char *p = target; *p; p += strspn(p, "/")) {
		size_t n = strcspn(p, "/");

		depth += n == 2 && !memcmp(p, "..", 2) ? -1 : n == 1 && *p == '.' ? 0 : 1;
		must(depth >= 0);
		p += n;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf text = BUF_INIT;
	struct tree t = {0};
	struct err e = {0};
	struct bytes in = {data, size};
	_free_ char *path = bytes_line(&in), *target = bytes_line(&in);
	int r = tree_parse((const char *)data, size, &a, &t, &e);
	int64_t sum = 0;

	if (!path_check_inside(path))
		check_link(path, target);
	if (r < 0) {
		must(r == ERR_BROKEN && *e.text);
		return 0;
	}
	tree_text_add(&text, &t);
	must(text.len == size && (!size || !memcmp(text.data, data, size)));
	for (size_t i = 0; i < t.len; i++) {
		must(!path_check_inside(t.v[i].path) && (!i || strcmp(t.v[i - 1].path, t.v[i].path) < 0));
		sum += t.v[i].mode == TREE_FILE || t.v[i].mode == TREE_EXEC ? t.v[i].size : 0;
	}
	must(sum == t.size);
	return 0;
}
