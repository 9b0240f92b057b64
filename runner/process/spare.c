#include "runner/process/spare.h"

#include <stdbool.h>
#include <stdlib.h>
#include "base/file.h"
#include "base/mem.h"
#include "base/vec.h"

struct spares {
	VEC(struct spare) v;
	VEC(bool) used; /* by slot */
};

void spare_release(struct spare *s)
{
	free(s->work);
	free(s->checkpoints);
	*s = (struct spare){ 0 };
}

struct spares *spares_new(void)
{
	return mem_zero(sizeof(struct spares));
}

void spares_free(struct spares *s)
{
	struct err ignored;

	if (!s)
		return;
	for (size_t i = 0; i < s->v.len; i++) {
		file_remove_tree(s->v.v[i].work, &ignored);
		if (s->v.v[i].checkpoints)
			file_remove_tree(s->v.v[i].checkpoints, &ignored);
		spare_release(&s->v.v[i]);
	}
	vec_release(&s->v);
	vec_release(&s->used);
	free(s);
}

struct spare spares_take(struct spares *s)
{
	return s->v.len ? vec_pop(&s->v) : (struct spare){ 0 };
}

void spares_give(struct spares *s, const char *work, const char *checkpoints)
{
	vec_push(&s->v, (struct spare){ mem_strdup(work), mem_strdup(checkpoints) });
}

int spares_slot(struct spares *s)
{
	size_t i = 0;

	while (i < s->used.len && s->used.v[i])
		i++;
	if (i == s->used.len)
		vec_push(&s->used, false);
	s->used.v[i] = true;
	return (int)i;
}

void spares_slot_free(struct spares *s, int slot)
{
	s->used.v[slot] = false;
}
