#include "base/vec.h"
#include "cli/command.h"
#include "tracker/query.h"
#include "tracker/run.h"

struct numbers { int64_t *v; size_t len, cap; };

static void numbers_release(struct numbers *n)
{
	vec_release(n);
}

static int resolve_all(struct context *c, struct numbers *ret, struct err *e)
{
	for (int i = 0; i < c->nargs; i++) {
		int64_t run;
		bool twice = false;
		int r = run_resolve(c->tracker, c->args[i], &run, e);
		if (r < 0)
			return r;
		for (size_t k = 0; k < ret->len; k++)
			twice |= ret->v[k] == run;
		if (!twice)
			vec_push(ret, run);
	}
	return 0;
}

static int remove_all(struct context *c, const struct numbers *runs, struct err *e)
{
	int r = tracker_begin(c->tracker, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < runs->len; i++)
		if ((r = run_remove(c->tracker, runs->v[i], e)) < 0) {
			tracker_rollback(c->tracker);
			return r;
		}
	return tracker_commit(c->tracker, e);
}

static int ask(struct context *c, const struct numbers *runs, bool *ret, struct err *e)
{
	_buf_ struct buf question = BUF_INIT;
	if (runs->len > 1) {
		buf_addf(&question, "remove %zu runs from the record?", runs->len);
	} else {
		_arena_ struct arena a = ARENA_INIT;
		struct run_row row;
		int r = query_run(c->tracker, runs->v[0], &a, &row, e);
		if (r < 0)
			return r;
		buf_addf(&question, "remove run %lld %s (%s) from the record?", (long long)row.number, row.name,
			run_state_text(row.state));
	}
	*ret = context_ask(c, question.data);
	return 0;
}

static int run_rm(struct context *c, struct err *e)
{
	_cleanup_(numbers_release) struct numbers runs = {0};
	bool yes = option_flag(c, "yes");
	int r;
	if ((r = resolve_all(c, &runs, e)) < 0 || (!yes && (r = ask(c, &runs, &yes, e)) < 0))
		return r;
	if (!yes)
		return err_set(e, ERR_INTERRUPTED, "nothing was removed");
	if ((r = remove_all(c, &runs, e)) < 0)
		return r;
	if (runs.len == 1)
		buf_addf(&c->out, "removed run %lld; `jig gc` frees what no other run uses of it\n",
			(long long)runs.v[0]);
	else
		buf_addf(&c->out, "removed %zu runs; `jig gc` frees what no other run uses of them\n", runs.len);
	return 0;
}

static const struct option_def options[] = {
	{ .name = "yes", .letter = 'y', .kind = OPTION_FLAG, .text = "does not ask" },
	{ 0 },
};

const struct command cmd_rm = {
	.name = "rm",
	.summary = "takes runs out of the record",
	.usage = "RUN…",
	.group = GROUP_KEEP,
	.options = options,
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = COMMAND_RECORD | COMMAND_CHANGES,
	.run = run_rm,
	.text = "All of them or none. What a kept run reuses of them stays until the last one that does is gone. On a "
		"terminal it asks first. The "
		"removal itself stays in the audit chain; the space that no other run needs is freed by `jig gc`.",
};
