#include "cli/plan_text.h"

#include <string.h>
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"
#include "cli/json_run.h"
#include "cli/launch.h"
#include "runner/continue.h"
#include "tui/table.h"

/* So many steps of one matrix, of one action and for one reason, are one line. */
#define FOLD 4

struct sign { const char *glyph; enum role role; };

static struct sign sign_of(enum plan_action a)
{
	const struct word *reused = word_of(WORDS_STEP_STATE, STEP_REUSED),
	                  *skipped = word_of(WORDS_STEP_STATE, STEP_SKIPPED),
	                  *running = word_of(WORDS_STEP_STATE, STEP_RUNNING);

	switch (a) {
	case PLAN_RUN: return (struct sign){ running->glyph, role_find(running->role) };
	case PLAN_REUSE: return (struct sign){ reused->glyph, role_find(reused->role) };
	case PLAN_SKIP: return (struct sign){ skipped->glyph, ROLE_QUIET };
	case PLAN_UNKNOWN: break;
	}
	return (struct sign){ "?", ROLE_QUIET };
}

/* The action stands in a column of its own. */
static const char *behind_action(const char *reason)
{
	const char *colon = strstr(reason, ": ");

	return colon ? colon + 2 : reason;
}

/* The reason with the step's own name as the matrix is called, so that all its steps can share it. */
static char *shared_reason(const struct step *s, const char *reason)
{
	_buf_ struct buf out = BUF_INIT;
	const char *at;

	if (!s->item)
		return mem_strdup(reason);
	while ((at = strstr(reason, s->name))) {
		buf_add(&out, reason, (size_t)(at - reason));
		buf_adds(&out, s->base);
		reason = at + strlen(s->name);
	}
	buf_adds(&out, reason);
	return buf_steal(&out);
}

struct line { size_t first, n; char *reason; bool done; };

/* Steps that have action, reason and matrix in common, by the place of the first. */
static void gather(const struct pipeline *p, const bool *in, const struct plan *plan, struct line *lines, size_t *of)
{
	_map_ struct map known = MAP_INIT;

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct plan_step *ps = in[i] ? plan_get(plan, (int)i) : NULL;
		_free_ char *key = NULL;
		bool is_new;

		if (!ps)
			continue;
		lines[i].reason = shared_reason(&p->steps[i], behind_action(ps->reason));
		key = mem_printf("%d %s %s", (int)ps->action, p->steps[i].base, lines[i].reason);
		struct map_entry *at = map_add(&known, key, &is_new);
		if (is_new)
			at->num = (intptr_t)i;
		of[i] = (size_t)at->num;
		lines[of[i]].n++;
	}
}

static void add_part(struct buf *out, int64_t n, const char *what)
{
	char text[32];

	if (!n)
		return;
	count_text(n, text);
	buf_addf(out, "%s%s %s", out->len ? ", " : "", text, what);
}

/* "3 run, 12 reused; about 4:10" */
static void add_counts(struct context *c, const int64_t counts[4], int64_t expected)
{
	_buf_ struct buf text = BUF_INIT;

	add_part(&text, counts[PLAN_RUN], "run");
	add_part(&text, counts[PLAN_REUSE], "reused");
	add_part(&text, counts[PLAN_UNKNOWN], "known later");
	add_part(&text, counts[PLAN_SKIP], "skipped");
	if (!text.len)
		buf_adds(&text, "no step takes part");
	if (expected >= US_PER_S) {
		char clock[24];

		duration_clock(expected, clock);
		buf_addf(&text, "; about %s", clock);
	}
	buf_addf(&c->out, "%s\n", text.data);
}

void plan_text(struct context *c, const struct pipeline *p, const bool *in, const struct plan *plan)
{
	static const struct table_column columns[] = { { .min = 10, .max = 48 }, { 0 }, { .min = 12 } };
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	struct line *lines = mem_zero((p->nsteps + 1) * sizeof *lines);
	_free_ size_t *of = mem_zero((p->nsteps + 1) * sizeof *of);
	int64_t counts[4] = { 0 };

	gather(p, in, plan, lines, of);
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];
		const struct plan_step *ps = in[i] ? plan_get(plan, (int)i) : NULL;

		if (!ps)
			continue;
		struct line *l = &lines[of[i]];
		struct sign sign = sign_of(ps->action);
		bool folds = l->n >= FOLD;

		counts[ps->action]++;
		if (folds && l->done)
			continue;
		l->done = true;
		table_row(t);
		if (folds)
			table_cell(t, sign.role, "  %s %s ×%zu", sign.glyph, s->base, l->n);
		else
			table_cell(t, sign.role, "  %s %s", sign.glyph, s->name);
		table_cell(t, ROLE_TEXT, "%s", plan_action_text(ps->action));
		table_cell(t, ROLE_QUIET, "%s", folds ? l->reason : behind_action(ps->reason));
	}
	table_print(t, context_width(c), &c->paint, &c->out);
	table_free(t);
	for (size_t i = 0; i < p->nsteps; i++)
		free(lines[i].reason);
	free(lines);
	add_counts(c, counts, plan_expected(plan));
}

json_t *plan_json(const struct pipeline *p, const bool *in, const struct plan *plan)
{
	json_t *all = json_object(), *steps = json_array();
	int64_t expected = plan_expected(plan);

	for (size_t i = 0; i < p->nsteps; i++) {
		const struct plan_step *ps = in[i] ? plan_get(plan, (int)i) : NULL;
		json_t *one, *from = NULL;

		if (!ps)
			continue;
		one = json_object();
		if (ps->action == PLAN_REUSE)
			from = json_pack("{s:I, s:i}", "run", (json_int_t)ps->run, "attempt", ps->attempt);
		json_object_set_new(one, "step", json_text(p->steps[i].name));
		json_object_set_new(one, "action", json_string(plan_action_text(ps->action)));
		json_object_set_new(one, "reason", json_text(ps->reason));
		json_object_set_new(one, "from", from ? from : json_null());
		json_array_append_new(steps, one);
	}
	json_object_set_new(all, "steps", steps);
	json_object_set(all, "params", p->params);
	json_object_set_new(all, "expected", expected < 0 ? json_null() : json_real((double)expected / US_PER_S));
	return all;
}

/* Remarks about the machine are for those who run it: of now's notes the first nnotes are told. */
static void print_text(struct context *c, const struct run_choice *choice, const struct prepared *now, size_t nnotes)
{
	launch_head(c, choice);
	for (size_t i = 0; i < nnotes; i++) {
		_free_ char *line = mem_printf("  %s\n", now->notes.v[i]);

		context_text(c, line);
	}
	plan_text(c, choice->pipeline, now->in, now->plan);
}

static json_t *whole_json(const struct run_choice *choice, const struct prepared *now)
{
	json_t *v = plan_json(choice->pipeline, now->in, now->plan), *notes = json_array();

	for (size_t i = 0; i < choice->from.nnotes; i++)
		json_array_append_new(notes, json_text(choice->from.notes[i]));
	for (size_t i = 0; i < now->notes.len; i++)
		json_array_append_new(notes, json_text(now->notes.v[i]));
	json_object_set_new(v, "notes", notes);
	return v;
}

/* ret_json: owned by the caller; NULL: the plan is written as text. */
static int make_plan(struct context *c, const struct run_choice *choice, json_t **ret_json, struct err *e)
{
	_cleanup_(prepared_release) struct prepared now = { 0 };
	struct prepare_options o = run_choice_prepare(c, choice);
	size_t nnotes;
	int r;

	o.dry = true;
	r = prepare(&o, &now, e);
	nnotes = now.notes.len;
	if (r >= 0 && choice->from.row.number)
		r = resume_compare(c->tracker, choice->from.row.number, &c->project, choice->pipeline, &now, e);
	if (r >= 0 && c->command == &cmd_resume && !option_flag(c, "keep-checkpoint"))
		r = continue_notes(c->tracker, choice->from.row.number, c->project.jig, choice->pipeline, &now, e);
	if (r < 0)
		return r;
	if (ret_json)
		*ret_json = whole_json(choice, &now);
	else
		print_text(c, choice, &now, now.notes.len - nnotes);
	return 0;
}

static void put_json(struct context *c, const json_t *v)
{
	json_pretty(&c->out, v);
	buf_addc(&c->out, '\n');
}

int plan_print(struct context *c, const struct run_choice *choice, struct err *e)
{
	_json_ json_t *v = NULL;
	int r = make_plan(c, choice, c->json ? &v : NULL, e);

	if (r >= 0 && v)
		put_json(c, v);
	return r;
}

static void put_overrides(struct context *c, const char *const *overrides, size_t n)
{
	_buf_ struct buf text = BUF_INIT;

	for (size_t i = 0; i < n; i++)
		buf_addf(&text, "%s%s", i ? " " : "", overrides[i]);
	buf_addc(&text, '\n');
	context_text(c, text.data);
}

static int plan_swept(struct context *c, const char *const *overrides, size_t n, json_t *runs, struct err *e)
{
	_cleanup_(run_choice_release) struct run_choice choice = { 0 };
	json_t *v = NULL, *texts;
	int r = run_options_load(c, overrides, n, &choice, e);

	if (r >= 0 && !runs)
		put_overrides(c, overrides, n);
	if (r < 0 || (r = make_plan(c, &choice, runs ? &v : NULL, e)) < 0 || !runs)
		return r;
	texts = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(texts, json_text(overrides[i]));
	json_object_set_new(v, "overrides", texts);
	json_array_append_new(runs, v);
	return 0;
}

int plan_print_sweep(struct context *c, const struct sweep *sweep, struct err *e)
{
	_json_ json_t *all = c->json ? json_object() : NULL;
	json_t *runs = NULL;
	int r = 0;

	if (all)
		json_object_set_new(all, "runs", runs = json_array());
	for (size_t i = 0; r >= 0 && i < sweep->nruns; i++)
		r = plan_swept(c, (const char *const *)sweep->overrides[i], sweep->naxes, runs, e);
	if (r < 0)
		return r;
	if (all)
		put_json(c, all);
	else if (sweep->nruns > 1)
		buf_addf(&c->out, "a sweep of %zu runs, each planned alone: what one runs, those after it may reuse\n",
		         sweep->nruns);
	return 0;
}
