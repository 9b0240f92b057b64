#include <string.h>
#include "base/json.h"
#include "cli/run_options.h"
#include "runner/env.h"
#include "runner/isolation.h"
#include "tracker/query.h"

extern char **environ;

/* What is certain: a step runs unless its trigger waits for a failure. */
static const char *action(const struct pipeline *p, const struct step *s, struct buf *why)
{
	if (s->trigger != TRIGGER_ONE_FAILED && s->trigger != TRIGGER_ALL_FAILED)
		return "run";
	if (!s->nneeds) {
		buf_adds(why, "skip: it needs no step that could fail");
		return "skip";
	}
	buf_addf(why, "unknown: runs if %s", s->trigger == TRIGGER_ALL_FAILED ? "all of " : s->nneeds > 1 ? "one of " : "");
	for (size_t i = 0; i < s->nneeds; i++)
		buf_addf(why, "%s%s", i ? ", " : "", p->steps[s->needs[i].step].name);
	buf_adds(why, " failed");
	return "unknown";
}

static int run_plan(struct context *c, struct err *e)
{
	_cleanup_(pipeline_freep) struct pipeline *p = NULL;
	_free_ bool *selected = NULL;
	_json_ json_t *steps = json_array();
	_cleanup_(env_set_release) struct env_set envs = { 0 };
	struct env_options o = { .environ = environ, .unpinned = option_flag(c, "unpinned"), .strict = option_flag(c, "strict") };
	int width = 4;
	int r = run_options_pipeline(c, NULL, 0, &p, e);

	if (r < 0 || (r = run_options_select(c, p, &selected, e)) < 0)
		return r;
	/* What `jig run` would refuse is refused here, too. */
	o.root = c->project.root;
	if ((r = isolation_check(option_text(c, "isolation"), e)) < 0 || (r = env_set_resolve(p, selected, &o, &envs, e)) < 0)
		return r;
	if (project_has_record(&c->project) && (r = context_tracker(c, TRACKER_READ, e)) < 0)
		return r;
	for (size_t i = 0; i < p->nsteps; i++)
		if (selected[i] && (int)strlen(p->steps[i].name) > width)
			width = (int)strlen(p->steps[i].name);
	for (size_t i = 0; i < p->nsteps; i++) {
		const struct step *s = &p->steps[i];
		_buf_ struct buf why = BUF_INIT;
		const char *what;
		int64_t before = -1;
		json_t *one;

		if (!selected[i])
			continue;
		if (c->tracker && (r = query_duration(c->tracker, s->name, &before, e)) < 0)
			return r;
		what = action(p, s, &why);
		if (!why.len)
			buf_adds(&why, before < 0 ? "run: never finished" : "run: asked for");
		one = json_object();
		json_object_set_new(one, "step", json_string(s->name));
		json_object_set_new(one, "action", json_string(what));
		json_object_set_new(one, "reason", json_string(why.data));
		json_object_set_new(one, "from", json_null());
		json_array_append_new(steps, one);
		if (!c->json)
			buf_addf(&c->out, "  %-*s  %-7s  %s\n", width, s->name, what, strchr(why.data, ' ') + 1);
	}
	if (c->json) {
		_json_ json_t *all = json_object();

		json_object_set(all, "steps", steps);
		json_pretty(&c->out, all);
		buf_addc(&c->out, '\n');
	}
	return 0;
}

const struct command cmd_plan = {
	.name = "plan",
	.summary = "what `jig run` would do, and why; runs nothing",
	.usage = "[STEP…]",
	.group = GROUP_RUN,
	.options = run_options,
	.max_args = ARGS_ANY,
	.flags = COMMAND_JSON,
	.run = run_plan,
	.text = "Takes the options of `jig run` and prints a line a step: run, skip or unknown, and the reason. Nothing is run, made or recorded.",
};
