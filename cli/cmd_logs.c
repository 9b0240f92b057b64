#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/time.h"
#include "base/vec.h"
#include "cli/log_text.h"
#include "cli/run_data.h"
#include "runner/lost.h"
#include "tracker/run.h"
#include "tui/cell.h"
#include "tui/run_text.h"

#define CHUNK (256 << 10)
#define POLL_US 100000
#define PROGRESS_US US_PER_S

struct follow {
	struct context *c;
	struct log_text text;
	int64_t run;
	const char *word;    /* the step that was asked for; NULL: the one that counts */
	char *chosen;        /* the one that counts, once there is one */
	bool whole;          /* a live run is followed: one step's log after the other */
	VEC(int64_t) shown;  /* with whole: steps that are not to be chosen again */
	int64_t version;     /* of the record when it was last asked */
	int64_t attempt;     /* whose log is open; 0 = none yet */
	int fd;              /* -1: not there yet */
	char *path;
	int64_t progress_at;
	bool any;
};

static void follow_release(struct follow *f)
{
	log_text_release(&f->text);
	if (f->fd >= 0)
		close(f->fd);
	free(f->path);
	free(f->chosen);
	vec_release(&f->shown);
}

static bool has_log(const struct context *c, const struct attempt_row *a)
{
	_free_ char *path = mem_printf("%s/%s/log", c->project.jig, a->folder);
	return access(path, R_OK) == 0;
}

/* Of the steps that failed the first that wrote anything, else the first; NULL: none was begun. */
static const struct step_row *failed(struct context *c, const struct run_data *d)
{
	const struct step_row *silent = NULL;
	for (size_t i = 0; i < d->steps.len; i++) {
		const struct step_row *s = &d->steps.v[i];
		const struct attempt_row *a = s->state == STEP_FAILED ? run_data_attempt(d, s) : NULL;
		if (a && has_log(c, a))
			return s;
		if (a && !silent)
			silent = s;
	}
	return silent;
}

/* The step whose log is meant when none is named: one that failed, else (of a live run) one that runs, else the last
 * one that has a log. */
static const struct step_row *meant(struct context *c, const struct run_data *d)
{
	const struct step_row *s = failed(c, d);
	if (s)
		return s;
	for (size_t i = 0; i < d->steps.len; i++)
		if (d->steps.v[i].state == STEP_RUNNING)
			return &d->steps.v[i];
	for (size_t i = d->steps.len; i-- > 0;) {
		const struct attempt_row *a = run_data_attempt(d, &d->steps.v[i]);
		if (a && has_log(c, a))
			return &d->steps.v[i];
	}
	return NULL;
}

static bool was_shown(const struct follow *f, int64_t step)
{
	for (size_t i = 0; i < f->shown.len; i++)
		if (f->shown.v[i] == step)
			return true;
	return false;
}

/* The step to go on with: of those not shown yet the one that began first. */
static const struct step_row *next(const struct follow *f, const struct run_data *d)
{
	const struct step_row *best = NULL;
	int64_t first = INT64_MAX;
	for (size_t i = 0; i < d->steps.len; i++) {
		const struct step_row *s = &d->steps.v[i];
		const struct attempt_row *a = s->state == STEP_REUSED ? NULL : run_data_attempt(d, s);
		if (!a || a->started >= first || was_shown(f, s->id) || !has_log(f->c, a))
			continue;
		best = s;
		first = a->started;
	}
	return best;
}

/* Of a live run that is followed from here on: one that runs, if there is one; what has ended before is not told. */
static const struct step_row *first(struct follow *f, const struct run_data *d)
{
	const struct step_row *s = NULL;
	for (size_t i = 0; i < d->steps.len && !s; i++)
		if (d->steps.v[i].state == STEP_RUNNING)
			s = &d->steps.v[i];
	if (!s && !(s = meant(f->c, d)))
		return NULL;
	for (size_t i = 0; i < d->steps.len; i++)
		if (step_state_ended(d->steps.v[i].state))
			vec_push(&f->shown, d->steps.v[i].id);
	return s;
}

/* Says on a terminal whose log comes, when that was not in the command. */
static void say_which(struct follow *f, const char *step)
{
	struct grid g;
	if (!f->c->out_tty)
		return;
	grid_init(&g, 1, (int)strlen(step) + 8);
	grid_text(&g, 0, 0, -1, ROLE_QUIET, "──");
	grid_text(&g, 0, 3, -1, f->whole ? ROLE_STRONG : ROLE_QUIET, step);
	log_text_end(&f->text, &f->c->out);
	grid_print(&g, &f->c->paint, &f->c->out);
	grid_release(&g);
}

static void choose(struct follow *f, const struct step_row *s)
{
	f->chosen = mem_strdup(s->name);
	if (f->whole)
		vec_push(&f->shown, s->id);
	say_which(f, s->name);
}

static int open_log(struct follow *f, const struct attempt_row *a, struct err *e)
{
	if (f->attempt == a->id && f->fd >= 0)
		return 0;
	if (f->attempt != a->id) {
		log_text_end(&f->text, &f->c->out);
		if (f->fd >= 0)
			close(f->fd);
		free(f->path);
		f->fd = -1;
		f->path = mem_printf("%s/%s/log", f->c->project.jig, a->folder);
		f->attempt = a->id;
	}
	f->fd = open(f->path, O_RDONLY | O_CLOEXEC);
	if (f->fd < 0 && errno != ENOENT)
		return err_errno(e, "%s", f->path);
	return 0;
}

/* What is new in the log, written out. */
static int pump(struct follow *f, struct err *e)
{
	_buf_ struct buf bytes = BUF_INIT;
	ssize_t n = 0;
	while (f->fd >= 0 && (n = buf_read(&bytes, f->fd, CHUNK)) > 0) {
		f->any = true;
		if (f->c->out_tty)
			log_text_add(&f->text, bytes.data, bytes.len, &f->c->out);
		else
			buf_add(&f->c->out, bytes.data, bytes.len);
		buf_reset(&bytes);
		int r = context_flush(f->c, e);
		if (r < 0)
			return r;
	}
	return n < 0 ? err_errno(e, "%s", f->path) : 0;
}

static void show_progress(struct follow *f)
{
	int64_t now = time_mono();
	if (!f->c->out_tty || now < f->progress_at)
		return;
	f->progress_at = now + PROGRESS_US;
	log_text_progress(&f->text, &f->c->out);
}

/* One look: 1 = it can go on, 0 = what is followed has ended and all is shown. */
static int look(struct follow *f, bool follow, struct err *e)
{
	_run_data_ struct run_data d = {0};
	const struct step_row *s = NULL;
	const struct attempt_row *a = NULL;
	int64_t version = tracker_data_version(f->c->tracker);
	int r;
	if (f->fd >= 0 && version == f->version)
		return (r = pump(f, e)) < 0 ? r : 1;
	f->version = version;
	if ((r = run_data_load(f->c->tracker, f->run, true, &d, e)) < 0)
		return r;
	const char *word = f->word ? f->word : f->chosen;
	if (word) {
		if ((r = run_data_find(&d, word, &s, &a, e)) < 0)
			return r;
	} else {
		f->whole = f->whole || (follow && !run_state_ended(d.row.state));
		s = !f->whole ? meant(f->c, &d) : f->shown.len ? next(f, &d) : first(f, &d);
		if (s) {
			a = run_data_attempt(&d, s);
			choose(f, s);
		}
	}
	/* The record said that the attempt has ended before its log is read to its end: then nothing more can come. */
	bool run_ended = run_state_ended(d.row.state);
	bool ended = run_ended || (s && step_state_ended(s->state)) ||
		     (s && a && strchr(word ? word : "", '@') && a->state != ATTEMPT_RUNNING);
	if (a && a->folder && ((r = open_log(f, a, e)) < 0 || (r = pump(f, e)) < 0))
		return r;
	if (!f->whole || !s || !ended)
		return !ended;
	free(f->chosen);
	f->chosen = NULL;
	f->version = -1;
	return !run_ended || next(f, &d);
}

/* Where a step wrote nothing, how it failed is what there is to say. */
static int silent(const struct follow *f, const char *step, struct err *e)
{
	_arena_ struct arena arena = ARENA_INIT;
	_buf_ struct buf why = BUF_INIT;
	struct attempt_row a;
	char end[64];
	int r = query_attempt(f->c->tracker, f->attempt, &arena, &a, e);

	if (r < 0)
		return r;
	attempt_end_text(&a, end);
	buf_addf(&why, "%s%s", *end ? ": " : "", end);
	if (a.error_file || a.error_message)
		buf_adds(&why, ", ");
	attempt_error_text(&why, &a);
	return err_set(e, ERR_NOT_FOUND, "\"%s\" of run %lld wrote nothing%s", step, (long long)f->run, why.data);
}

static int nothing(const struct follow *f, struct err *e)
{
	long long run = f->run;
	const char *step = f->word ? f->word : f->chosen;
	if (!f->attempt && step)
		return err_set(
			e, ERR_NOT_FOUND, "\"%s\" of run %lld has not begun; `jig show %lld` says why", step, run, run);
	if (!f->attempt)
		return err_set(e, ERR_NOT_FOUND, "no step of run %lld has a log", run);
	if (step && f->fd < 0)
		return silent(f, step, e);
	return 0;
}

static int run_logs(struct context *c, struct err *e)
{
	_cleanup_(follow_release) struct follow f = { .c = c, .text = LOG_TEXT_INIT(c->paint.ascii), .fd = -1 };
	bool follow = option_flag(c, "follow");
	int64_t next_lost = time_mono() + US_PER_S;
	int r = run_resolve(c->tracker, c->args[0], &f.run, e);
	if (r < 0)
		return r;
	f.word = c->nargs > 1 ? c->args[1] : NULL;
	while ((r = look(&f, follow, e)) > 0 && follow) {
		show_progress(&f);
		if ((r = context_flush(c, e)) < 0)
			return r;
		usleep(POLL_US);
		if (time_mono() < next_lost)
			continue;
		next_lost = time_mono() + US_PER_S;
		if ((r = lost_find(&c->project, c->tracker, e)) < 0)
			return r;
		/* What this connection writes does not count as a change. */
		if (r > 0)
			f.version = -1;
	}
	if (r < 0)
		return r;
	log_text_end(&f.text, &c->out);
	return f.any ? 0 : nothing(&f, e);
}

static const struct option_def options[] = {
	{ .name = "follow",
		.letter = 'f',
		.kind = OPTION_FLAG,
		.text = "goes on as the step writes, until it has ended; of a live run without STEP: as its steps "
			"write, one after the other" },
	{ 0 },
};

const struct command cmd_logs = {
	.name = "logs",
	.summary = "the log of a step",
	.usage = "RUN [STEP]",
	.group = GROUP_LOOK,
	.options = options,
	.min_args = 1,
	.max_args = 2,
	.flags = COMMAND_RECORD,
	.run = run_logs,
	.text = "Without STEP: of the first step that failed and wrote anything, else of one that runs, else of the "
		"last one that has a log. "
		"`train[lr]@2` names one attempt.\n\n"
		"On a terminal everything that it could act on is made visible, colours aside; elsewhere the bytes "
		"come as they were written.",
};
