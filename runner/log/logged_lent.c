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
	VEC(struct lender { int64_t run; bool ended; json_t *lists; }) lenders;
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

/* A lender whose params are those of this run, as it is where nothing was changed, has nothing to add. One that lives
 * may log more. */
static void read_lists(struct logged_lent *l, struct lender *lender)
{
	_arena_ struct arena a = ARENA_INIT;
	_json_ json_t *params = NULL;
	struct run_row row;
	struct err ignored;

	json_decref(lender->lists);
	lender->lists = NULL;
	if (query_run(l->tracker, lender->run, &a, &row, &ignored) < 0 ||
	    json_parse(row.params, strlen(row.params), "params", &params, &ignored) < 0)
		return;
	lender->ended = run_state_ended(row.state);
	if (!json_equal(params, l->begun_with))
		query_logged_params(l->tracker, lender->run, &lender->lists, &ignored);
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
		*lender = (struct lender){ .run = run };
	}
	if (!lender->ended)
		read_lists(l, lender);
	snprintf(id, sizeof id, "%lld", (long long)attempt);
	return json_object_get(lender->lists, id);
}
