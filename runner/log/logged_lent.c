#include "runner/log/logged_lent.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/json.h"
#include "base/vec.h"
#include "tracker/reuse.h"

struct logged_lent {
	struct tracker *tracker;
	const json_t *begun_with;
	VEC(struct lender { int64_t run; int64_t after; bool ended; json_t *lists; }) lenders;
};

struct logged_lent *logged_lent_new(struct tracker *t, const json_t *begun_with)
{
	struct logged_lent *l = mem_zero(sizeof *l);

	l->tracker = t;
	l->begun_with = begun_with;
	return l;
}

void logged_lent_free(struct logged_lent *l)
{
	if (!l)
		return;
	for (size_t i = 0; i < l->lenders.len; i++)
		json_decref(l->lenders.v[i].lists);
	vec_release(&l->lenders);
	free(l);
}

/* A lender with the params of this run, as it is where nothing was changed, has nothing to add. */
static bool adds(const struct logged_lent *l, const struct run_row *lender)
{
	_json_ json_t *params = NULL;
	struct err ignored;

	return json_parse(lender->params, strlen(lender->params), "params", &params, &ignored) >= 0 &&
	       !json_equal(params, l->begun_with);
}

/* One that lives may log more. */
static void read_lists(struct logged_lent *l, struct lender *lender)
{
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;
	struct err ignored;

	if (query_run(l->tracker, lender->run, &a, &row, &ignored) < 0)
		return;
	lender->ended = run_state_ended(row.state);
	if (!lender->ended || adds(l, &row))
		query_logged_params(l->tracker, lender->run, &lender->after, lender->lists, &ignored);
}

json_t *logged_lent_list(struct logged_lent *l, int64_t run, int64_t attempt)
{
	struct lender *lender = NULL;
	char id[24];

	for (size_t i = l->lenders.len; i > 0 && !lender; i--)
		if (l->lenders.v[i - 1].run == run)
			lender = &l->lenders.v[i - 1];
	if (!lender) {
		lender = vec_add(&l->lenders);
		*lender = (struct lender){ .run = run, .lists = json_object() };
	}
	if (!lender->ended)
		read_lists(l, lender);
	snprintf(id, sizeof id, "%lld", (long long)attempt);
	return json_object_get(lender->lists, id);
}
