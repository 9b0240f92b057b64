#include <git2.h>
#include "base/text.h"
#include "runner/code/code_walk.h"

#define NAMED 5

struct share {
	const char *path;
	size_t len;
	int64_t size;
	int files;
};

static void drop_marked(struct code_list *l)
{
	size_t n = 0;
	for (size_t i = 0; i < l->files.len; i++)
		if (!l->files.v[i].dropped)
			l->files.v[n++] = l->files.v[i];
	l->files.len = n;
}

static int by_size(const void *a, const void *b)
{
	int64_t x = ((const struct share *)a)->size, y = ((const struct share *)b)->size;
	return x < y ? 1 : x > y ? -1 : 0;
}

/* "data/a.bin (34 MB), … and 3 more" */
static char *name_shares(struct share *v, size_t n)
{
	_buf_ struct buf b = BUF_INIT;
	qsort(v, n, sizeof *v, by_size);
	for (size_t i = 0; i < n && i < NAMED; i++) {
		char size[16], count[32];
		size_text(v[i].size, size);
		count_text(v[i].files, count);
		buf_addf(&b, "%s%.*s (%s", i ? ", " : "", (int)v[i].len, v[i].path, size);
		buf_addf(&b, v[i].path[v[i].len] ? " in %s files)" : ")", count);
	}
	if (n > NAMED)
		buf_addf(&b, " and %zu more", n - NAMED);
	return buf_steal(&b);
}

#define WAYS_OUT \
	"keep out what is no code by .gitignore or .jigignore, name data that steps read under inputs:, or take it " \
	"all with --max-snapshot"

static int refuse_files(const struct code_list *l, int64_t max, struct err *e)
{
	VEC(struct share) big = {0};
	for (size_t i = 0; i < l->files.len; i++) {
		const struct code_record *r = &l->files.v[i];
		const char *path = code_list_path(l, r);
		if (r->is_new && r->size > max && !r->input)
			vec_push(&big, (struct share){.path = path, .len = strlen(path), .size = r->size, .files = 1});
	}
	_free_ char *names = name_shares(big.v, big.len);
	char limit[16];
	size_text(max, limit);
	err_set(e, ERR_USAGE, "%zu new file%s over %s, too big for a snapshot: %s; " WAYS_OUT, big.len,
	        big.len == 1 ? " is" : "s are", limit, names);
	vec_release(&big);
	return e->code;
}

static int refuse_total(const struct code_list *l, int64_t total, int64_t max, struct err *e)
{
	VEC(struct share) shares = {0};
	for (size_t i = 0; i < l->files.len; i++) {
		const struct code_record *r = &l->files.v[i];
		if (!r->is_new || r->input)
			continue;
		const char *path = code_list_path(l, r);
		size_t len = strcspn(path, "/");
		struct share *last = shares.len ? &shares.v[shares.len - 1] : NULL;
		if (!last || last->len != len || memcmp(last->path, path, len))
			last = (struct share *)vec_add(&shares);
		last->path = path;
		last->len = len;
		last->size += r->size;
		last->files++;
	}
	_free_ char *names = name_shares(shares.v, shares.len);
	char limit[16], all[16];
	size_text(max, limit);
	size_text(total, all);
	err_set(e, ERR_USAGE, "the new files have %s, over the %s that a snapshot takes: %s; " WAYS_OUT, all, limit,
	        names);
	vec_release(&shares);
	return e->code;
}

int code_guard(const struct code_options *o, bool git, struct code_list *l, struct code_left *left, struct err *e)
{
	int64_t max_file = o->max_file > 0 ? o->max_file : 1 << 20,
	        max_total = o->max_total > 0 ? o->max_total : 50 << 20;
	int64_t total = 0, inputs = 0;
	for (size_t i = 0; i < l->files.len; i++) {
		struct code_record *r = &l->files.v[i];
		if (!r->is_new)
			continue;
		if (r->size > max_file) {
			if (!r->input && git)
				return refuse_files(l, max_file, e);
			/* Without git nobody has said what is code, and the first run shall just work. */
			code_left_add(left, code_list_path(l, r), r->input ? LEFT_DECLARED : LEFT_BIG, r->size);
			r->dropped = true;
		} else if (r->input) {
			inputs += r->size;
		} else {
			total += r->size;
		}
	}
	if (total > max_total) {
		drop_marked(l);
		return refuse_total(l, total, max_total, e);
	}
	for (size_t i = 0; total + inputs > max_total && i < l->files.len; i++) {
		struct code_record *r = &l->files.v[i];
		if (!r->is_new || !r->input || r->dropped)
			continue;
		code_left_add(left, code_list_path(l, r), LEFT_DECLARED, r->size);
		r->dropped = true;
	}
	drop_marked(l);
	return 0;
}
