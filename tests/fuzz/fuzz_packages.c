/* Any bytes as METADATA of an installed package and as the list of packages of a record: names and versions that are
 * whole and in order, and a list that is read as it was written. */
#include "base/json.h"
#include "runner/env/env_packages.h"
#include "target.h"

static void check(const struct env_packages *p)
{
	_json_ json_t *v = env_packages_json(p);
	_buf_ struct buf text = BUF_INIT;
	struct env_packages again = {0};
	struct err e = {0};

	must(v != NULL);
	json_canonical(&text, v);
	must(env_packages_from_json(v, &again, &e) >= 0 && again.list.len == p->list.len);
	for (size_t i = 0; i < p->list.len; i++) {
		must(p->list.v[i].name && *p->list.v[i].name &&
		     utf8_valid(p->list.v[i].name, strlen(p->list.v[i].name)));
		must(!strcmp(again.list.v[i].name, p->list.v[i].name) &&
		     !strcmp(again.list.v[i].version, p->list.v[i].version));
		must(!i || strcmp(p->list.v[i - 1].name, p->list.v[i].name) <= 0);
	}
	env_packages_release(&again);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *path, *url, *prefix;
	struct env_packages p = {0};
	_json_ json_t *v = NULL;
	struct err e = {0};

	if (!path) {
		prefix = mem_printf("%s/env", target_folder());
		path = mem_printf("%s/lib/python3.11/site-packages/a_b-1.0.dist-info/METADATA", prefix);
		url = mem_printf("%s/lib/python3.11/site-packages/a_b-1.0.dist-info/direct_url.json", prefix);
		must(file_mkdirs_parent(path, 0700, &e) >= 0);
	}
	struct bytes in = {data, size};
	_free_ char *first = bytes_line(&in);
	target_write(url, first, strlen(first));
	target_write(path, in.p, in.n);
	int r = env_packages_read(prefix, &p, &e);
	if (r < 0)
		must_tell(r, &e);
	else
		check(&p);
	env_packages_release(&p);
	if (size && json_parse((const char *)data, size, "fuzz", &v, &e) >= 0) {
		struct env_packages q = {0};

		r = env_packages_from_json(v, &q, &e);
		if (r < 0)
			must(*e.text);
		env_packages_release(&q);
	}
	return 0;
}
