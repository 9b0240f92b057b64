/* Edges from inputs, outputs and needs. Outputs stand in one sorted array in which a folder comes
 * right before what lies in it, so that every question about paths is a binary search. */
#include "base/path.h"
#include "base/text.h"
#include "runner/pipeline/pipeline_build.h"

/* Patterns times the outputs that they are held against. */
enum { LOOKS_MOST = 20000000 };

struct made {
	const char *path;
	int step;
	int index;
	struct step_output *out;
};
struct list {
	size_t *v, n;
};

struct graph {
	struct build *b;
	size_t n; /* of drafts */
	struct made *made;
	size_t nmade;
	struct map bases;       /* names of matrices, to index of the first + 1 */
	VEC(struct list) lists; /* what patterns matched */
	struct map patterns;    /* to index of lists + 1 */
	int *seen_for;          /* by step: the step whose need it was last */
	size_t *seen_at;        /* and its place among them */
	size_t looks, ninputs, nedges;
};

/* "/" sorts before all other bytes. */
static int path_compare(const char *a, const char *b)
{
	for (; *a && *a == *b; a++, b++)
		;
	int x = *a == '/' ? 1 : *a ? 1 + (unsigned char)*a : 0;
	int y = *b == '/' ? 1 : *b ? 1 + (unsigned char)*b : 0;
	return x - y;
}

static int by_path(const void *a, const void *b)
{
	const struct made *x = a, *y = b;
	int order = path_compare(x->path, y->path);

	if (order)
		return order;
	return x->step != y->step ? (x->step > y->step) - (x->step < y->step) : x->index - y->index;
}

/* The first that does not sort before path. */
static size_t lower_bound(const struct graph *g, const char *path)
{
	size_t low = 0, high = g->nmade;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		if (path_compare(g->made[middle].path, path) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

static struct where where_of(const struct graph *g, int step)
{
	return (struct where){.b = g->b, .step = g->b->drafts.v[step].step.name};
}

static const char *name_of(const struct graph *g, int step)
{
	return g->b->drafts.v[step].step.name;
}

/* Two outputs of one path: a metrics file may be listed as an output too, all else is a fault. True when `b` goes. */
static bool same_path(const struct graph *g, const struct made *a, const struct made *b)
{
	struct where w = where_of(g, b->step);

	if (a->step != b->step) {
		bool matrix = g->b->drafts.v[a->step].step.base == g->b->drafts.v[b->step].step.base;
		build_fault_at(&w, b->out->line, b->out->column,
		               "output \"%s\" is an output of step \"%s\" too (%d:%d)%s", b->path, name_of(g, a->step),
		               a->out->line, a->out->column, matrix ? "; put ${matrix.…} into it" : "");
		return false;
	}
	if (a->out->folder != b->out->folder)
		build_fault_at(&w, b->out->line, b->out->column,
		               "\"%s\" stands here once as a folder and once as a file", b->path);
	else if (a->out->metrics == b->out->metrics)
		build_fault_at(&w, b->out->line, b->out->column, "output \"%s\" stands here twice", b->path);
	a->out->metrics = true;
	return true;
}

static void gather_outputs(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++)
		g->nmade += g->b->drafts.v[i].step.noutputs;
	g->made = mem_array(NULL, g->nmade, sizeof *g->made);
	size_t at = 0;
	for (size_t i = 0; i < g->n; i++) {
		struct step *s = &g->b->drafts.v[i].step;
		for (size_t k = 0; k < s->noutputs; k++)
			g->made[at++] = (struct made){
			        .path = s->outputs[k].path, .step = (int)i, .index = (int)k, .out = &s->outputs[k]};
	}
	qsort(g->made, g->nmade, sizeof *g->made, by_path);
	size_t kept = 0, root = 0;
	for (size_t i = 0; i < g->nmade; i++) {
		struct made m = g->made[i];
		if (kept && !strcmp(g->made[kept - 1].path, m.path) && same_path(g, &g->made[kept - 1], &m)) {
			m.out->path = NULL;
			continue;
		}
		if (kept && strcmp(g->made[root].path, m.path) && path_within(m.path, g->made[root].path)) {
			struct where w = where_of(g, m.step);
			build_fault_at(&w, m.out->line, m.out->column,
			               "output \"%s\" lies inside output \"%s\" of step \"%s\" (%d:%d)", m.path,
			               g->made[root].path, name_of(g, g->made[root].step), g->made[root].out->line,
			               g->made[root].out->column);
		} else {
			root = kept;
		}
		g->made[kept++] = m;
	}
	g->nmade = kept;
}

/* Outputs that were said twice go; places in the arrays move, so this comes after all else has been looked up. */
static void drop_doubles(struct step *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->noutputs; i++)
		if (s->outputs[i].path)
			s->outputs[kept++] = s->outputs[i];
	s->noutputs = kept;
}

static void check_checkpoints(const struct graph *g, int step)
{
	const struct step *s = &g->b->drafts.v[step].step;
	struct where w = where_of(g, step);

	for (size_t i = 0; s->checkpoints && i < s->noutputs; i++) {
		const struct step_output *o = &s->outputs[i];
		if (o->path && (path_within(o->path, s->checkpoints) || path_within(s->checkpoints, o->path)))
			build_fault_at(&w, o->line, o->column,
			               "output \"%s\" and the checkpoints \"%s\" lie inside each other", o->path,
			               s->checkpoints);
	}
}

/* Where the edges of a step are gathered. */
struct linking {
	struct graph *g;
	int step;
	struct where w;
	struct map paths;
	VEC(struct step_input) inputs;
	VEC(struct step_need) needs;
};

static bool add_need(struct linking *l, int on, bool data, int line, int column)
{
	struct graph *g = l->g;

	if (g->seen_for[on] == l->step) {
		l->needs.v[g->seen_at[on]].data |= data;
		return true;
	}
	if (++g->nedges > EDGES_MOST) {
		build_limit(&l->w, line, column, "more than 1,000,000 edges between steps");
		return false;
	}
	g->seen_for[on] = l->step;
	g->seen_at[on] = l->needs.len;
	vec_push(&l->needs, (struct step_need){.step = on, .data = data});
	return true;
}

static void add_input(struct linking *l, struct step_input in)
{
	bool is_new = true;

	/* Most steps have one: a map is made for the second. */
	if (l->inputs.len == 1)
		map_add(&l->paths, l->inputs.v[0].path, NULL);
	if (l->inputs.len)
		map_add(&l->paths, in.path, &is_new);
	if (!is_new)
		return;
	if (++l->g->ninputs > INPUTS_MOST) {
		build_limit(&l->w, in.line, in.column, "more than 1,000,000 inputs");
		return;
	}
	vec_push(&l->inputs, in);
	if (in.producer >= 0)
		add_need(l, in.producer, true, in.line, in.column);
}

/* An input is (or lies in, or holds) what a step makes. */
static void add_made(struct linking *l, const struct step_input *in, const struct made *m, const char *path,
                     bool folder, bool pattern)
{
	if (m->step == l->step) {
		if (!strcmp(in->path, m->path))
			build_fault_at(&l->w, in->line, in->column,
			               "it reads its own output \"%s\"; a step cannot need itself", m->path);
		else
			build_fault_at(&l->w, in->line, in->column,
			               "its input \"%s\" takes in its own output \"%s\"; a step cannot need itself",
			               in->path, m->path);
		return;
	}
	struct step_input new = *in;
	new.kind = INPUT_FILE;
	new.path = path;
	new.folder = folder;
	new.producer = m->step;
	new.from_glob = pattern ? in->path : NULL;
	add_input(l, new);
}

/* The folder output that path lies in, or NULL. */
static const struct made *holder_of(const struct graph *g, const char *path)
{
	size_t at = lower_bound(g, path);

	if (at < g->nmade && !strcmp(g->made[at].path, path))
		return &g->made[at];
	return at && path_within(path, g->made[at - 1].path) ? &g->made[at - 1] : NULL;
}

/* Whether a pattern reaches into a folder: its first parts match all of the folder's path. */
static bool reaches_into(const char *pattern, const char *folder)
{
	size_t parts = 1;
	const char *end = pattern;

	for (const char *p = folder; *p; p++)
		parts += *p == '/';
	for (; parts && *end; parts--) {
		const char *next = end + strcspn(end, "/");
		if (next - end == 2 && end[0] == '*' && end[1] == '*')
			return false;
		end = *next && parts > 1 ? next + 1 : next;
	}
	if (parts || *end != '/')
		return false;
	_free_ char *front = mem_strndup(pattern, (size_t)(end - pattern));
	return text_glob(front, folder);
}

/* The outputs that a pattern matches, looked for once. */
static const struct list *match_pattern(struct linking *l, const struct step_input *in)
{
	struct graph *g = l->g;
	bool is_new;
	_free_ char *key = mem_printf("%s%s", in->path, in->folder ? "/" : "");
	struct map_entry *entry = map_add(&g->patterns, key, &is_new);

	if (!is_new)
		return &g->lists.v[entry->num - 1];
	VEC(size_t) found = {0};
	size_t literal = strcspn(in->path, "*?[\\");
	_free_ char *prefix = mem_strndup(in->path, literal);
	char *slash = strrchr(prefix, '/');
	const struct made *holder = NULL;
	if (slash) {
		_free_ char *folder = mem_strndup(prefix, (size_t)(slash - prefix));
		holder = holder_of(g, folder);
	}
	if (holder)
		vec_push(&found, (size_t)(holder - g->made));
	for (size_t at = lower_bound(g, prefix);
	     !holder && at < g->nmade && !strncmp(g->made[at].path, prefix, literal); at++) {
		const struct made *m = &g->made[at];
		if (++g->looks > LOOKS_MOST) {
			build_limit(&l->w, in->line, in->column,
			            "patterns times the outputs they are held against are more than 20,000,000");
			break;
		}
		if (m->out->folder ? text_glob(in->path, m->path) || reaches_into(in->path, m->path)
		                   : !in->folder && text_glob(in->path, m->path))
			vec_push(&found, at);
	}
	vec_push(&g->lists, (struct list){.v = found.v, .n = found.len});
	entry->num = (intptr_t)g->lists.len;
	return &g->lists.v[g->lists.len - 1];
}

static void link_input(struct linking *l, const struct step_input *in)
{
	struct graph *g = l->g;

	if (in->kind == INPUT_LINK || in->kind == INPUT_URL) {
		add_input(l, *in);
		return;
	}
	size_t at = lower_bound(g, in->path);
	if (at < g->nmade && !strcmp(g->made[at].path, in->path)) {
		add_made(l, in, &g->made[at], in->path, g->made[at].out->folder, false);
		return;
	}
	if (in->kind == INPUT_GLOB) {
		struct list found = *match_pattern(l, in);
		for (size_t i = 0; i < found.n && !g->b->stop; i++) {
			const struct made *m = &g->made[found.v[i]];
			add_made(l, in, m, m->path, m->out->folder, true);
		}
		if (!found.n)
			add_input(l, *in);
		return;
	}
	const struct made *holder = holder_of(g, in->path);
	if (holder && !holder->out->folder) {
		build_fault_at(&l->w, in->line, in->column,
		               "input \"%s\" lies inside \"%s\", which step \"%s\" makes as a file; a folder is "
		               "written \"%s/\"",
		               in->path, holder->path, name_of(g, holder->step), holder->path);
		return;
	}
	if (holder) {
		add_made(l, in, holder, in->path, in->folder, false);
		return;
	}
	bool any = false;
	for (; at < g->nmade && path_within(g->made[at].path, in->path) && !g->b->stop; at++) {
		add_made(l, in, &g->made[at], g->made[at].path, g->made[at].out->folder, true);
		any = true;
	}
	if (any)
		return;
	if (build_leaves(g->b, in->path, true))
		build_fault_at(&l->w, in->line, in->column,
		               "input \"%s\" is reached by a symlink that leaves the project; data outside is taken by "
		               "{link: /its/path}",
		               in->path);
	else
		add_input(l, *in);
}

static void link_word(struct linking *l, const struct need_word *word)
{
	struct graph *g = l->g;
	const struct map *names = &g->b->p->names;
	const struct map_entry *one = map_find(names, word->word),
	                       *base = one ? NULL : map_find(&g->bases, word->word);

	if (!one && !base) {
		/* Beyond what is shown nobody reads the hint. */
		bool close = g->b->d.len < 100;
		const char **all = mem_array(NULL, g->bases.len + names->len, sizeof *all);
		size_t nall = 0;
		for (size_t i = 0; close && i < g->bases.len; i++)
			all[nall++] = g->bases.entries[i].key;
		for (size_t i = 0; close && i < names->len; i++)
			all[nall++] = names->entries[i].key;
		_free_ char *escaped = pipeline_name_escaped(word->word), *hint = build_hint(escaped, all, nall);
		build_fault_at(&l->w, word->line, word->column, "needs \"%s\", which is no step%s", word->word, hint);
		free(all);
		return;
	}
	size_t first = (size_t)(one ? one->num : base->num) - 1, last = first;
	while (base && last + 1 < g->n && g->b->drafts.v[last + 1].step.base == g->b->drafts.v[first].step.base)
		last++;
	for (size_t i = first; i <= last; i++) {
		if ((int)i == l->step) {
			build_fault_at(&l->w, word->line, word->column, "needs \"%s\", which is the step itself",
			               word->word);
			return;
		}
		if (!add_need(l, (int)i, false, word->line, word->column))
			return;
	}
}

static int by_step(const void *a, const void *b)
{
	return ((const struct step_need *)a)->step - ((const struct step_need *)b)->step;
}

static void link_step(struct graph *g, int step)
{
	struct draft *d = &g->b->drafts.v[step];
	struct arena *a = &g->b->p->arena;
	struct linking l = {.g = g, .step = step, .w = where_of(g, step), .paths = MAP_INIT};

	check_checkpoints(g, step);
	for (size_t i = 0; i < d->step.ninputs && !g->b->stop; i++)
		link_input(&l, &d->step.inputs[i]);
	for (size_t i = 0; i < d->nwords && !g->b->stop; i++)
		link_word(&l, &d->words[i]);
	d->step.inputs = arena_dup(a, l.inputs.v, l.inputs.len * sizeof *l.inputs.v);
	d->step.ninputs = l.inputs.len;
	if (l.needs.len)
		qsort(l.needs.v, l.needs.len, sizeof *l.needs.v, by_step);
	d->step.needs = arena_dup(a, l.needs.v, l.needs.len * sizeof *l.needs.v);
	d->step.nneeds = l.needs.len;
	vec_release(&l.inputs);
	vec_release(&l.needs);
	map_release(&l.paths);
}

static void settle(struct graph *g, const int *order)
{
	struct pipeline *p = g->b->p;
	_free_ int *place = mem_array(NULL, g->n, sizeof *place);

	p->nsteps = g->n;
	p->steps = arena_array(&p->arena, struct step, g->n);
	for (size_t i = 0; i < g->n; i++)
		place[order[i]] = (int)i;
	for (size_t i = 0; i < g->n; i++) {
		struct step *s = &p->steps[i];
		*s = g->b->drafts.v[order[i]].step;
		g->b->drafts.v[order[i]].step.env = NULL;
		g->b->drafts.v[order[i]].step.item = NULL;
		drop_doubles(s);
		for (size_t k = 0; k < s->ninputs; k++)
			if (s->inputs[k].producer >= 0)
				s->inputs[k].producer = place[s->inputs[k].producer];
		for (size_t k = 0; k < s->nneeds; k++)
			s->needs[k].step = place[s->needs[k].step];
		if (s->nneeds)
			qsort(s->needs, s->nneeds, sizeof *s->needs, by_step);
		p->names.entries[order[i]].num = (intptr_t)i + 1;
	}
}

/* The map keeps the order of the drafts: no name stands in it twice, or there are faults. */
static void name_steps(struct graph *g)
{
	for (size_t i = 0; i < g->n; i++) {
		const struct step *s = &g->b->drafts.v[i].step;
		bool is_new;
		struct map_entry *entry = map_add(&g->b->p->names, s->name, &is_new);
		struct where w = where_of(g, (int)i);
		if (is_new)
			entry->num = (intptr_t)i + 1;
		else
			build_fault_at(&w, s->line, s->column, "two combinations of the matrix have this name");
		if (!s->item)
			continue;
		entry = map_add(&g->bases, s->base, &is_new);
		if (is_new)
			entry->num = (intptr_t)i + 1;
	}
}

void build_graph(struct build *b)
{
	struct graph g = {.b = b, .n = b->drafts.len, .bases = MAP_INIT, .patterns = MAP_INIT};

	g.seen_for = mem_array(NULL, g.n, sizeof *g.seen_for);
	g.seen_at = mem_zero(g.n * sizeof *g.seen_at);
	for (size_t i = 0; i < g.n; i++)
		g.seen_for[i] = -1;
	name_steps(&g);
	gather_outputs(&g);
	for (size_t i = 0; i < g.n && !b->stop; i++)
		link_step(&g, (int)i);
	_free_ int *order = mem_array(NULL, g.n, sizeof *order);
	if (!b->stop && build_order(b, order) && !b->d.len)
		settle(&g, order);
	for (size_t i = 0; i < g.lists.len; i++)
		free(g.lists.v[i].v);
	vec_release(&g.lists);
	map_release(&g.bases);
	map_release(&g.patterns);
	free(g.made);
	free(g.seen_for);
	free(g.seen_at);
}
