#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/time.h"
#include "cli/log_text.h"
#include "cli/run_data.h"
#include "runner/lost.h"
#include "tracker/run.h"

#define CHUNK (256 << 10)
#define POLL_US 100000
#define PROGRESS_US US_PER_S

struct follow {
	struct context *c;
	struct log_text text;
	int64_t run;
	const char *word;    /* the step that was asked for; NULL: the one that counts */
	char *chosen;        /* the one that counts, once there is one */
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
}

static bool has_log(const struct context *c, const struct attempt_row *a)
{
	_free_ char *path = mem_printf("%s/%s/log", c->project.jig, a->folder);
	return access(path, R_OK) == 0;
}

/* The step whose log is meant when none is named: the first that failed, else (of a live run) one that runs, else the
 * last one that has a log. */
static const struct step_row *meant(struct context *c, const struct run_data *d)
{
	const struct step_row *s = run_data_failed(d);
	if (s && run_data_attempt(d, s))
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

/* One look: 1 = it can go on, 0 = the step has ended and all is shown. */
static int look(struct follow *f, struct err *e)
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
	} else if ((s = meant(f->c, &d))) {
		a = run_data_attempt(&d, s);
		f->chosen = mem_strdup(s->name);
	}
	/* The record said that the attempt has ended before its log is read to its end: then nothing more can come. */
	bool ended = run_state_ended(d.row.state) || (s && step_state_ended(s->state)) ||
		     (s && a && strchr(word ? word : "", '@') && a->state != ATTEMPT_RUNNING);
	if (a && a->folder && ((r = open_log(f, a, e)) < 0 || (r = pump(f, e)) < 0))
		return r;
	return !ended;
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
		return err_set(e, ERR_NOT_FOUND, "\"%s\" of run %lld wrote nothing", step, run);
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
	while ((r = look(&f, e)) > 0 && follow) {
		show_progress(&f);
		if ((r = context_flush(c, e)) < 0)
			return r;
		usleep(POLL_US);
		if (time_mono() < next_lost)
			continue;
		next_lost = time_mono() + US_PER_S;
		if ((r = lost_find(&c->project, c->tracker, e)) < 0)
			return r;
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
		.text = "goes on as the step writes, until it has ended" },
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
	.text = "Without STEP: of the first step that failed, else of one that runs, else of the last one that has a "
		"log. "
		"`train[lr]@2` names one attempt.\n\n"
		"On a terminal everything that it could act on is made visible, colours aside; elsewhere the bytes "
		"come as they were written.",
};
