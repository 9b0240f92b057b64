#include "tui/workbench/run_actions.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "base/vec.h"
#include "runner/retry.h"
#include "tracker/query.h"
#include "tracker/request.h"
#include "tui/workbench/view_plan.h"

enum { NAMED = 8 }; /* runs in a question about several */

/* A command that waits for its question to be answered, or for its text; there is one at a time. */
static struct wanted { VEC(char *) args; VEC(int64_t) runs; } wanted;
/* Tags and notes that are being written, one after the other. */
static struct written { const char *word; char *text; VEC(int64_t) runs; size_t done; } written;

static void want_none(void)
{
	for (size_t i = 0; i < wanted.args.len; i++)
		free(wanted.args.v[i]);
	vec_release(&wanted.args);
	vec_release(&wanted.runs);
}

static void want(const char *word)
{
	vec_push(&wanted.args, mem_strdup(word));
}

static void want_number(int64_t n)
{
	vec_push(&wanted.args, mem_printf("%lld", (long long)n));
}

static int do_wanted(void *arg, struct app *a, struct err *e)
{
	int r;

	vec_push(&wanted.args, NULL);
	r = app_do(a, (const char *const *)wanted.args.v, e);
	want_none();
	return r < 0 ? r : VIEW_SAME;
}

static const struct key enter = { .code = CODE_ENTER }, yes = { .code = 'y' };

static int refuse(struct app *a, const struct run_row *row, const char *what)
{
	app_say(a, ROLE_WARNING, "run %lld has ended (%s): %s", (long long)row->number, run_state_text(row->state),
	        what);
	return VIEW_REDRAW;
}

static int stop(struct app *a, const struct run_row *row)
{
	_free_ char *text = mem_printf("stop run %lld %s: its steps get SIGTERM, and 5 s later SIGKILL",
	                               (long long)row->number, row->name);

	if (run_state_ended(row->state))
		return refuse(a, row, "there is nothing to stop");
	want("stop");
	want_number(row->number);
	app_ask(a, enter, text, do_wanted, NULL);
	return VIEW_REDRAW;
}

static int pause_or_go_on(struct app *a, const struct run_row *row, struct err *e)
{
	int r;

	if (run_state_ended(row->state))
		return refuse(a, row, "R resumes it");
	r = request_paused(a->tracker, row->number, e);
	if (r < 0)
		return r;
	want(r ? "continue" : "pause");
	want_number(row->number);
	return do_wanted(NULL, a, e);
}

static int retry(struct app *a, const struct run_row *row, const char *step, struct err *e)
{
	_arena_ struct arena arena = ARENA_INIT;
	_free_ char *text = NULL;
	struct step_row s;
	char why[96];
	int r;

	if (run_state_ended(row->state))
		return refuse(a, row, "R resumes it, with the code as it is now");
	if (!step)
		return err_set(e, ERR_USAGE, "the cursor is on no step that could be retried");
	if ((r = query_step_named(a->tracker, row->number, step, &arena, &s, e)) < 0)
		return r;
	if (!retry_allowed(s.state, why)) {
		app_say(a, ROLE_WARNING, "%s %s", step, why);
		return VIEW_REDRAW;
	}
	text = mem_printf("retry %s of run %lld with the run's own code", step, (long long)row->number);
	want("retry");
	want_number(row->number);
	want(step);
	app_ask(a, enter, text, do_wanted, NULL);
	return VIEW_REDRAW;
}

static int delete(struct app *a, const int64_t *runs, size_t n, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;

	want("rm");
	want("--yes");
	for (size_t i = 0; i < n; i++) {
		_arena_ struct arena arena = ARENA_INIT;
		struct run_row row;
		int r = query_run(a->tracker, runs[i], &arena, &row, e);

		if (r < 0)
			return r;
		if (!run_state_ended(row.state))
			return err_set(e, ERR_USAGE, "run %lld is live; s stops it", (long long)row.number);
		want_number(runs[i]);
		if (n == 1)
			buf_addf(&text, "delete run %lld %s (%s)", (long long)row.number, row.name,
			         run_state_text(row.state));
	}
	if (n > 1)
		buf_addf(&text, "delete %zu runs:", n);
	for (size_t i = 0; n > 1 && i < n; i++) {
		if (i == NAMED) {
			buf_adds(&text, " …");
			break;
		}
		buf_addf(&text, "%s %lld", i ? "," : "", (long long)runs[i]);
	}
	app_ask(a, yes, text.data, do_wanted, NULL);
	return VIEW_REDRAW;
}

static int write_next(struct app *a, struct err *e);

static void one_written(void *arg, struct app *a, int status, const char *out, size_t n)
{
	struct err e = { 0 };
	bool off = !*written.text || (!strcmp(written.word, "tag") && written.text[strlen(written.text) - 1] == '=');
	const char *why = text_starts(out, "jig: ") ? out + 5 : out;

	written.done++;
	if (status) {
		app_say(a, ROLE_FAILED, "%.*s", (int)strcspn(why, "\n"), why);
		vec_clear(&written.runs);
	} else if (written.done < written.runs.len) {
		if (write_next(a, &e) < 0) {
			app_say(a, ROLE_FAILED, "%s", e.text);
			vec_clear(&written.runs);
		}
	} else if (written.done > 1) {
		app_say(a, ROLE_QUIET, "%zu runs: %s %s%s", written.done, written.word, written.text,
		        off ? " taken off" : "");
	} else {
		app_say(a, ROLE_QUIET, "run %lld: %s %s%s", (long long)written.runs.v[0], written.word, written.text,
		        off ? " taken off" : "");
	}
}

/* "tag 5 team=a" */
static int write_next(struct app *a, struct err *e)
{
	_free_ char *number = mem_printf("%lld", (long long)written.runs.v[written.done]);

	return app_command(a, (const char *const[]){ written.word, "--", number, written.text, NULL }, one_written,
	                   NULL, e);
}

static int write_each(struct app *a, const char *text, struct err *e)
{
	if (written.done < written.runs.len)
		return err_set(e, ERR_USAGE, "the last %s is still being written", written.word);
	free(written.text);
	vec_clear(&written.runs);
	written.word = !strcmp(wanted.args.v[0], "tag") ? "tag" : "note";
	written.text = mem_strdup(text);
	written.done = 0;
	for (size_t i = 0; i < wanted.runs.len; i++)
		vec_push(&written.runs, wanted.runs.v[i]);
	want_none();
	int r = write_next(a, e);

	if (r < 0)
		vec_clear(&written.runs);
	return r < 0 ? r : VIEW_SAME;
}

static int on_text(void *arg, struct app *a, enum typed how, const char *text, struct err *e)
{
	bool tags = wanted.args.len && !strcmp(wanted.args.v[0], "tag");
	const char *eq = strchr(text, '=');

	if (how == TYPED_CHANGE) {
		if (tags)
			app_type_note(a, *text && (!eq || eq == text), "key=value; key= takes it off");
		return VIEW_REDRAW;
	}
	if (how == TYPED_ESC || (tags && !*text)) {
		want_none();
		return VIEW_REDRAW;
	}
	return write_each(a, text, e);
}

static int ask_text(struct app *a, const int64_t *runs, size_t n, enum action action, struct err *e)
{
	_free_ char *label = NULL;

	want(action_def(action)->name);
	for (size_t i = 0; i < n; i++)
		vec_push(&wanted.runs, runs[i]);
	label = n > 1 ? mem_printf("%s of %zu runs", wanted.args.v[0], n) :
	                mem_printf("%s of run %lld", wanted.args.v[0], (long long)runs[0]);
	if (action == ACT_NOTE) {
		_arena_ struct arena arena = ARENA_INIT;
		struct run_row row;
		int r = query_run(a->tracker, runs[0], &arena, &row, e);

		if (r < 0)
			return r;
		app_type(a, label, row.note, on_text, NULL);
	} else {
		app_type(a, label, "", on_text, NULL);
		app_type_note(a, false, "key=value; key= takes it off");
	}
	return VIEW_REDRAW;
}

static int later(struct app *a, const char *what)
{
	app_say(a, ROLE_WARNING, "%s is not in this version of jig", what);
	return VIEW_REDRAW;
}

static int on_run(struct app *a, int64_t run, const char *step, enum action action, struct err *e)
{
	_arena_ struct arena arena = ARENA_INIT;
	struct run_row row;
	int r = query_run(a->tracker, run, &arena, &row, e);

	if (r < 0)
		return r;
	switch (action) {
	case ACT_STOP: return stop(a, &row);
	case ACT_PAUSE: return pause_or_go_on(a, &row, e);
	case ACT_RETRY: return retry(a, &row, step, e);
	case ACT_RESUME:
	case ACT_RESTART:
		if (!run_state_ended(row.state))
			return err_set(e, ERR_USAGE, "run %lld is live: s stops it, r in it retries a step",
			               (long long)run);
		return view_plan_push(a, run, action, e);
	default: return VIEW_PASS;
	}
}

int run_act(struct app *a, int64_t run, const char *step, enum action action, struct err *e)
{
	want_none();
	switch (action) {
	case ACT_NEW_RUN: return view_plan_push(a, run, action, e);
	case ACT_DEBUG: return later(a, "walking into a step");
	case ACT_COMPARE: return later(a, "comparing runs");
	case ACT_DELETE: return delete(a, &run, 1, e);
	case ACT_TAG:
	case ACT_NOTE: return ask_text(a, &run, 1, action, e);
	default: return on_run(a, run, step, action, e);
	}
}

int run_act_many(struct app *a, const int64_t *runs, size_t n, enum action action, struct err *e)
{
	want_none();
	if (n == 1)
		return run_act(a, runs[0], NULL, action, e);
	switch (action) {
	case ACT_COMPARE: return later(a, "comparing runs");
	case ACT_DELETE: return delete(a, runs, n, e);
	case ACT_TAG: return ask_text(a, runs, n, action, e);
	default: return VIEW_PASS;
	}
}
