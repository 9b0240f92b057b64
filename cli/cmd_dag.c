#include <string.h>
#include "base/time.h"
#include "base/vec.h"
#include "cli/run_data.h"
#include "runner/pipeline/pipeline.h"
#include "tui/dag/dag.h"

#define FOLD 8 /* steps of one matrix that are drawn each on its own */

struct picture {
	VEC(struct dag_step) steps;
	VEC(struct dag_edge) edges;
};

static void picture_release(struct picture *p)
{
	vec_release(&p->steps);
	vec_release(&p->edges);
}

static int draw(struct context *c, const struct picture *p, struct err *e)
{
	int fold = option_flag(c, "all") ? INT_MAX : FOLD;
	return dag_print(p->steps.v, (int)p->steps.len, p->edges.v, (int)p->edges.len, fold, context_width(c),
		&c->paint, &c->out, e);
}

static int draw_file(struct context *c, struct err *e)
{
	_cleanup_(picture_release) struct picture pic = {0};
	_cleanup_(pipeline_freep) struct pipeline *p = NULL;
	struct pipeline_options o = { .root = c->project.root, .file = option_text(c, "file") };
	int r = pipeline_load(&o, &p, &c->faults, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];
		vec_push(&pic.steps, (struct dag_step){ .name = s->name, .base = s->base, .role = ROLE_TEXT });
		for (size_t k = 0; k < s->nneeds; k++)
			vec_push(&pic.edges, (struct dag_edge){ s->needs[k].step, (int)i });
	}
	return draw(c, &pic, e);
}

static int draw_run(struct context *c, const char *word, struct err *e)
{
	_cleanup_(picture_release) struct picture pic = {0};
	_run_data_ struct run_data d = {0};
	int r = context_tracker(c, TRACKER_READ, e);
	if (r < 0 || (r = run_data_named(c, word, &d, e)) < 0)
		return r;
	for (size_t i = 0; i < d.steps.len; i++) {
		const struct step_row *s = &d.steps.v[i];
		const struct attempt_row *a = run_data_attempt(&d, s);
		const struct word *w = word_of(WORDS_STEP_STATE, s->state);
		char took[24];
		struct dag_step step = {
		        .name = s->name, .base = s->base, .role = role_find(w->role), .glyph = w->glyph};
		if (a && !s->reused_attempt) {
			attempt_clock(a, time_now(), took);
			step.detail = arena_strdup(&d.arena, took);
		}
		vec_push(&pic.steps, step);
		for (size_t k = 0; k < s->nneeds; k++) {
			const struct step_row *n = run_data_step(&d, s->needs[k]);
			if (n)
				vec_push(&pic.edges, (struct dag_edge){ (int)(n - d.steps.v), (int)i });
		}
	}
	return draw(c, &pic, e);
}

static int run_dag(struct context *c, struct err *e)
{
	return c->nargs ? draw_run(c, c->args[0], e) : draw_file(c, e);
}

static const struct option_def options[] = {
	{ .name = "file",
		.letter = 'f',
		.kind = OPTION_TEXT,
		.value = "FILE",
		.text = "another pipeline file than jig.yaml" },
	{ .name = "all", .kind = OPTION_FLAG, .text = "every step of a matrix on its own, however many there are" },
	{ 0 },
};

const struct command cmd_dag = {
	.name = "dag",
	.summary = "draws the steps and what they need",
	.usage = "[RUN]",
	.group = GROUP_LOOK,
	.options = options,
	.max_args = 1,
	.flags = COMMAND_PROJECT,
	.run = run_dag,
	.text = "Of jig.yaml as it is now, or of a run with the states of its steps. The picture is not cut when it "
		"goes to no terminal.",
};
