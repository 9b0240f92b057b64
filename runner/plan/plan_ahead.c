#include "runner/plan/plan_parts.h"

#include "store/pool.h"

/* Steps that a thread looks at in one go. */
#define BATCH 64

/* What a thread uses again for each step. */
struct looker {
	struct arena arena;
	struct facts inputs;
};

static bool takes_from_steps(const struct step *s)
{
	bool any = false;

	for (size_t i = 0; i < s->ninputs; i++)
		any |= s->inputs[i].producer >= 0;
	return any;
}

static void look(struct plan *p, int step, struct looker *l)
{
	_cleanup_(step_key_release) struct step_key k = { 0 };
	struct err ignored;
	uint32_t at;

	vec_clear(&l->inputs);
	if (inputs_of(p->o.inputs, p->o.pipeline, step, NULL, p->o.store, &l->arena, &l->inputs, &ignored) >= 0 &&
	    plan_key(p, step, &l->inputs, &k, &ignored) >= 0 && !k.never && plan_remembered(p, step, &k.key, &at))
		p->ahead[step] = at;
}

static int look_batch(void *arg, void *own, size_t item, struct err *e)
{
	struct plan *p = arg;
	size_t end = (item + 1) * BATCH;

	for (size_t i = item * BATCH; i < end && i < p->o.pipeline->nsteps; i++)
		if (p->o.in[i] && !plan_asked(p, (int)i) && !takes_from_steps(&p->o.pipeline->steps[i]))
			look(p, (int)i, own);
	return 0;
}

void plan_ahead(struct plan *p)
{
	size_t n = p->o.pipeline->nsteps, batches = (n + BATCH - 1) / BATCH;
	struct looker own[POOL_MAX] = { 0 };
	struct err ignored;

	if (!p->memo || !p->o.names)
		return;
	p->ahead = mem_zero(n * sizeof *p->ahead);
	pool_run(pool_threads(n, 0), batches, look_batch, p, own, sizeof *own, &ignored);
	for (size_t i = 0; i < ARRAY_LEN(own); i++) {
		vec_release(&own[i].inputs);
		arena_release(&own[i].arena);
	}
}
