#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/time.h"
#include "cli/command.h"
#include "runner/process/usage.h"
#include "tracker/query.h"
#include "tracker/request.h"
#include "tracker/run.h"

/* A live supervisor looks every 100 ms; one that hashes a large output may take longer. */
#define PATIENCE_US (5 * US_PER_S)

static int find_step(struct tracker *t, int64_t run, const char *name, int64_t *ret, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct step_rows rows;
	int r = query_steps(t, run, &a, &rows, e);

	if (r < 0)
		return r;
	for (size_t i = 0; i < rows.len; i++)
		if (strcmp(rows.v[i].name, name) == 0) {
			*ret = rows.v[i].id;
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "run %lld has no step \"%s\"; `jig show %lld` lists them", (long long)run,
	               name, (long long)run);
}

static int await(struct context *c, int64_t run, int64_t id, struct err *e)
{
	int64_t until = time_mono() + PATIENCE_US;

	for (;;) {
		_arena_ struct arena a = ARENA_INIT;
		const char *answer;
		/* Asked first: a run may answer and end between the two. */
		bool live = lease_held(&c->project, run);
		int r = request_answer(c->tracker, id, &a, &answer, e);

		if (r < 0)
			return r;
		if (r > 0) {
			buf_addf(&c->out, "run %lld%s%s: %s\n", (long long)run, c->nargs > 1 ? ", " : "",
				c->nargs > 1 ? c->args[1] : "", answer);
			return 0;
		}
		if (!live)
			return err_set(e, ERR_USAGE, "run %lld ended before it could take that up", (long long)run);
		if (time_mono() > until) {
			buf_addf(&c->out, "run %lld: asked; its supervisor is busy and will take it up\n",
			         (long long)run);
			return 0;
		}
		usleep(20000);
	}
}

static int wish(struct context *c, enum request_action action, struct err *e)
{
	struct machine m;
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;
	int64_t run, step = 0, id;
	int r = run_resolve(c->tracker, c->args[0], &run, e);

	if (r < 0 || (r = query_run(c->tracker, run, &a, &row, e)) < 0)
		return r;
	if (run_state_ended(row.state))
		return err_set(e, ERR_USAGE, "run %lld has ended: %s; only a live run can be asked to %s",
		               (long long)run, run_state_text(row.state), word_of(WORDS_REQUEST, action)->text);
	if (c->nargs > 1 && (r = find_step(c->tracker, run, c->args[1], &step, e)) < 0)
		return r;
	machine_read(&m);
	if ((r = tracker_begin(c->tracker, e)) < 0)
		return r;
	r = request_add(c->tracker, run, step, action, m.user, &id, e);
	if (r < 0) {
		tracker_rollback(c->tracker);
		return r;
	}
	r = tracker_commit(c->tracker, e);
	return r < 0 ? r : await(c, run, id, e);
}

static int run_stop(struct context *c, struct err *e)
{
	return wish(c, option_flag(c, "now") ? REQUEST_KILL : REQUEST_STOP, e);
}

static int run_retry(struct context *c, struct err *e)
{
	return wish(c, REQUEST_RETRY, e);
}

static int run_pause(struct context *c, struct err *e)
{
	return wish(c, REQUEST_PAUSE, e);
}

static int run_continue(struct context *c, struct err *e)
{
	return wish(c, REQUEST_CONTINUE, e);
}

static const struct option_def stop_options[] = {
	{ .name = "now", .kind = OPTION_FLAG, .text = "kills at once, without the grace period" },
	{ 0 },
};

const struct command cmd_stop = {
	.name = "stop", .summary = "stops a live run, or one step of it", .usage = "RUN [STEP]", .group = GROUP_RUN,
		.options = stop_options,
	.min_args = 1, .max_args = 2, .flags = COMMAND_RECORD, .run = run_stop,
	.text = "Everything that the steps started gets SIGTERM, and SIGKILL after a grace period of 5 s. What was "
		"stopped is recorded as such.",
};
const struct command cmd_retry = {
	.name = "retry", .summary = "a new attempt of a failed step in a live run", .usage = "RUN STEP",
		.group = GROUP_RUN,
	.min_args = 2, .max_args = 2, .flags = COMMAND_RECORD, .run = run_retry,
	.text = "The attempt has the run's own code and inputs, and the checkpoints of the one before. Steps that "
		"could not start because of the failure wait again.",
};
const struct command cmd_pause = {
	.name = "pause", .summary = "starts no new steps in a live run", .usage = "RUN", .group = GROUP_RUN,
	.min_args = 1, .max_args = 1, .flags = COMMAND_RECORD, .run = run_pause,
	.text = "Steps that run go on to their end.",
};
const struct command cmd_continue = {
	.name = "continue", .summary = "starts steps again in a paused run", .usage = "RUN", .group = GROUP_RUN,
	.min_args = 1, .max_args = 1, .flags = COMMAND_RECORD, .run = run_continue,
};
