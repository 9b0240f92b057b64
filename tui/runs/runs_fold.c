#include "tui/runs/runs_fold.h"

#include "base/vec.h"

struct group { int64_t sweep; size_t count; bool open, begun; };
struct groups { struct group *v; size_t len, cap; };

static int64_t sweep_of(int64_t run, const struct swept *swept, size_t n)
{
	size_t from = 0, to = n;

	while (from < to) {
		size_t middle = from + (to - from) / 2;

		if (swept[middle].run == run)
			return swept[middle].sweep;
		if (swept[middle].run > run)
			from = middle + 1;
		else
			to = middle;
	}
	return 0;
}

static int by_sweep(const void *a, const void *b)
{
	const struct group *x = a, *y = b;

	return (x->sweep > y->sweep) - (x->sweep < y->sweep);
}

static struct group *group_find(const struct groups *g, int64_t sweep)
{
	struct group key = {.sweep = sweep};

	return bsearch(&key, g->v, g->len, sizeof key, by_sweep);
}

/* The sweeps there are, sorted. */
static void groups_make(struct groups *g, const struct swept *swept, size_t n, const int64_t *open, size_t nopen)
{
	size_t kept = 0;

	for (size_t i = 0; i < n; i++)
		if (!g->len || g->v[g->len - 1].sweep != swept[i].sweep)
			vec_push(g, (struct group){.sweep = swept[i].sweep});
	qsort(g->v, g->len, sizeof *g->v, by_sweep);
	for (size_t i = 0; i < g->len; i++)
		if (!kept || g->v[kept - 1].sweep != g->v[i].sweep)
			g->v[kept++] = g->v[i];
	g->len = kept;
	for (size_t i = 0; i < nopen; i++) {
		struct group *o = group_find(g, open[i]);

		if (o)
			o->open = true;
	}
}

void runs_fold(const int64_t *numbers, size_t n, const struct swept *swept, size_t nswept, const int64_t *open,
               size_t nopen, int64_t **ret, size_t *ret_len)
{
	struct groups groups = {0};
	VEC(int64_t) out = {0};
	_free_ int64_t *sweeps = NULL;

	vec_reserve(&out, n + 1);
	if (!nswept) {
		for (size_t i = 0; i < n; i++)
			out.v[i] = numbers[i];
		*ret = out.v;
		*ret_len = n;
		return;
	}
	groups_make(&groups, swept, nswept, open, nopen);
	sweeps = mem_array(NULL, n + 1, sizeof *sweeps);
	for (size_t i = 0; i < n; i++)
		if ((sweeps[i] = sweep_of(numbers[i], swept, nswept)))
			group_find(&groups, sweeps[i])->count++;
	for (size_t i = 0; i < n; i++) {
		struct group *g = sweeps[i] ? group_find(&groups, sweeps[i]) : NULL;

		if (!g || g->count == 1) {
			vec_push(&out, numbers[i]);
			continue;
		}
		if (g->begun)
			continue;
		g->begun = true;
		vec_push(&out, -g->sweep);
		for (size_t k = i; g->open && k < n; k++)
			if (sweeps[k] == g->sweep)
				vec_push(&out, numbers[k]);
	}
	vec_release(&groups);
	*ret = out.v;
	*ret_len = out.len;
}
