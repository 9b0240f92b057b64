#include "runner/pipeline/named.h"

#include <string.h>
#include "base/vec.h"
#include "store/tree.h"
#include "tracker/query.h"

void named_release(struct named *n)
{
	free(n->slots);
	*n = (struct named){0};
}

/* The place of d, or the free one where it belongs. Digests are uniform: their first bytes are hash enough. */
static struct digest *place(const struct named *n, const struct digest *d)
{
	uint64_t h;
	memcpy(&h, d->b, sizeof h);
	for (size_t i = h & (n->nslots - 1);; i = (i + 1) & (n->nslots - 1))
		if (digest_is_zero(&n->slots[i]) || digest_equal(&n->slots[i], d))
			return &n->slots[i];
}

static void grow(struct named *n)
{
	struct named bigger = { .n = n->n, .nslots = n->nslots ? n->nslots * 2 : 1024 };
	bigger.slots = mem_zero(bigger.nslots * sizeof *bigger.slots);
	for (size_t i = 0; i < n->nslots; i++)
		if (!digest_is_zero(&n->slots[i]))
			*place(&bigger, &n->slots[i]) = n->slots[i];
	free(n->slots);
	*n = bigger;
}

bool named_add(struct named *n, const struct digest *d)
{
	if (n->n * 4 >= n->nslots * 3)
		grow(n);
	struct digest *at = place(n, d);
	if (!digest_is_zero(at))
		return false;
	*at = *d;
	n->n++;
	return true;
}

bool named_has(const struct named *n, const struct digest *d)
{
	return n->nslots && !digest_is_zero(place(n, d));
}

struct folder { struct digest digest; int64_t run; };
/* A list may have the digest of a file that is named as well: whether its entries were asked for is known apart. */
struct gathering { struct named *named, listed; VEC(struct folder) folders; };

static int take(void *arg, const struct digest *d, int64_t size, enum artifact_form form, int64_t run, const char *path,
	struct err *e)
{
	struct gathering *g = arg;
	named_add(g->named, d);
	if (form == FORM_FOLDER && named_add(&g->listed, d))
		vec_push(&g->folders, (struct folder){ *d, run });
	return 0;
}

static int add_entries(struct named *n, struct store *s, const struct folder *f, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct tree tree;
	int r = tree_load(s, &f->digest, &a, &tree, e);
	if (r < 0) {
		struct err why = *e;
		return err_set(e, ERR_BROKEN,
			"a folder of run %lld: %s, or give it up by `jig rm` of run %lld and of those that reuse "
			"its step",
			(long long)f->run, why.text, (long long)f->run);
	}
	for (size_t i = 0; i < tree.len; i++)
		named_add(n, &tree.v[i].digest);
	return 0;
}

int named_gather(struct tracker *t, struct store *s, struct named *n, struct err *e)
{
	struct gathering g = { .named = n };
	int r = query_digests(t, take, &g, e);
	for (size_t i = 0; r >= 0 && i < g.folders.len; i++)
		r = add_entries(n, s, &g.folders.v[i], e);
	vec_release(&g.folders);
	named_release(&g.listed);
	return r < 0 ? r : 0;
}
