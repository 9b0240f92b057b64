/* The order of the steps, and the circles that leave none. */
#include "runner/pipeline/pipeline_build.h"

static const char *name_of(const struct build *b, int step)
{
	return b->drafts.v[step].step.name;
}

/* A heap of step numbers, the smallest on top. */
struct heap {
	int *v;
	size_t n;
};

static void heap_push(struct heap *h, int x)
{
	size_t i = h->n++;

	for (; i && h->v[(i - 1) / 2] > x; i = (i - 1) / 2)
		h->v[i] = h->v[(i - 1) / 2];
	h->v[i] = x;
}

static int heap_pop(struct heap *h)
{
	int top = h->v[0], x = h->v[--h->n];
	size_t i = 0;

	for (size_t child; (child = 2 * i + 1) < h->n; i = child) {
		if (child + 1 < h->n && h->v[child + 1] < h->v[child])
			child++;
		if (h->v[child] >= x)
			break;
		h->v[i] = h->v[child];
	}
	h->v[i] = x;
	return top;
}

/* What of `step` asks for `on`, for the place of a fault. */
static void place_of_need(const struct build *b, int step, int on, int *line, int *column)
{
	const struct draft *d = &b->drafts.v[step];

	*line = d->step.line;
	*column = d->step.column;
	for (size_t i = 0; i < d->nwords; i++) {
		if (strcmp(d->words[i].word, name_of(b, on)) && strcmp(d->words[i].word, b->drafts.v[on].step.base))
			continue;
		*line = d->words[i].line;
		*column = d->words[i].column;
	}
	for (size_t i = 0; i < d->step.ninputs; i++) {
		if (d->step.inputs[i].producer != on)
			continue;
		*line = d->step.inputs[i].line;
		*column = d->step.inputs[i].column;
		return;
	}
}

/* Each loop once: from every step that is left a way along needs that are left ends in one. `left` counts the needs of
 * a step that are left. */
static void say_cycles(struct build *b, const size_t *left)
{
	_free_ int *walk = mem_zero(b->drafts.len * sizeof *walk);
	_free_ int *next = mem_array(NULL, b->drafts.len, sizeof *next);

	for (size_t i = 0; i < b->drafts.len; i++) {
		const struct step *s = &b->drafts.v[i].step;
		next[i] = -1;
		for (size_t k = 0; left[i] && k < s->nneeds && next[i] < 0; k++)
			if (left[s->needs[k].step])
				next[i] = s->needs[k].step;
	}
	for (size_t i = 0; i < b->drafts.len; i++) {
		if (!left[i] || walk[i])
			continue;
		int at = (int)i;
		for (; !walk[at]; at = next[at])
			walk[at] = (int)i + 1;
		if (walk[at] != (int)i + 1)
			continue;
		/* `at` is in a loop that is new. It is told from its first step on, in the order in which things would
		 * be handed over. */
		int first = at;
		VEC(int) loop = {0};
		for (int k = next[at]; k != at; k = next[k])
			first = k < first ? k : first;
		int k = first;
		do {
			vec_push(&loop, k);
			k = next[k];
		} while (k != first);
		_buf_ struct buf text = BUF_INIT;
		buf_addf(&text, "\"%s\"", name_of(b, first));
		for (size_t m = loop.len; m-- > 0;)
			buf_addf(&text, " → \"%s\"", name_of(b, loop.v[m]));
		int line, column;
		place_of_need(b, first, next[first], &line, &column);
		struct where w = {.b = b};
		build_fault_at(&w, line, column, "the steps need each other in a circle: %s", text.data);
		vec_release(&loop);
	}
}

/* Topological, and among what is ready the order of the file: order[new place] = draft. False after saying which
 * circles there are. */
bool build_order(struct build *b, int *order)
{
	size_t n = b->drafts.len, done = 0;
	_free_ size_t *left = mem_zero(n * sizeof *left);
	/* Followers of step i stand from first[i] to first[i + 1]. */
	_free_ size_t *first = mem_zero((n + 1) * sizeof *first);
	struct heap ready = {.v = mem_array(NULL, n, sizeof *ready.v)};

	for (size_t i = 0; i < n; i++) {
		const struct step *s = &b->drafts.v[i].step;
		left[i] = s->nneeds;
		for (size_t k = 0; k < s->nneeds; k++)
			first[s->needs[k].step + 1]++;
	}
	for (size_t i = 0; i < n; i++)
		first[i + 1] += first[i];
	_free_ int *followers = mem_array(NULL, first[n], sizeof *followers);
	_free_ size_t *fill = mem_dup(first, n * sizeof *first);
	for (size_t i = 0; i < n; i++) {
		const struct step *s = &b->drafts.v[i].step;
		for (size_t k = 0; k < s->nneeds; k++)
			followers[fill[s->needs[k].step]++] = (int)i;
		if (!left[i])
			heap_push(&ready, (int)i);
	}
	while (ready.n) {
		int i = heap_pop(&ready);
		order[done++] = i;
		for (size_t k = first[i]; k < first[i + 1]; k++)
			if (!--left[followers[k]])
				heap_push(&ready, followers[k]);
	}
	free(ready.v);
	if (done < n)
		say_cycles(b, left);
	return done == n;
}
