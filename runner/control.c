#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/supervisor.h"
#include "tracker/request.h"

#define TICK_US 100000
/* The record is held by another process: when it is asked again, and when people are told. */
#define AGAIN_US (US_PER_S / 4)
#define TOLD_US (10 * US_PER_S)

static void fail(struct supervisor *s, const struct err *e)
{
	if (s->failed_itself)
		return;
	s->failed_itself = true;
	s->failure = *e;
	control_stop(s, 0, true);
}

/* Nobody who reads the record sees what is written to a file that is no longer in its place. */
static bool database_gone(const struct supervisor *s)
{
	struct stat st;

	if (!tracker_moved(s->tracker))
		return false;
	/* So it says, too, when the disk fails just then. */
	_free_ char *path = path_join(s->work.jig, "jig.db");
	return stat(path, &st) == 0 ? tracker_moved(s->tracker) : errno == ENOENT;
}

/* Steps know their places by path. What they do once those lead elsewhere proves nothing, and must not be taken for
 * what the run did. */
static void check_place(struct supervisor *s)
{
	struct stat st;
	struct err e;

	if (s->failed_itself)
		return;
	if (stat(s->work.jig, &st) == 0 ? st.st_ino != s->place.st_ino || st.st_dev != s->place.st_dev
	                                : errno == ENOENT)
		err_set(&e, ERR_BROKEN,
		        "%s was renamed or removed under it; `jig resume %lld` goes on where the folder is now",
		        s->work.jig, (long long)s->work.number);
	else if (database_gone(s))
		err_set(&e, ERR_BROKEN,
		        "%s/jig.db was removed or replaced under it: put that file back, with its jig.db-wal; then "
		        "`jig resume %lld` goes on",
		        s->work.jig, (long long)s->work.number);
	else
		return;
	fail(s, &e);
}

int control_in_place(struct supervisor *s, struct err *e)
{
	check_place(s);
	if (!s->failed_itself)
		return 0;
	*e = s->failure;
	return e->code;
}

/* The last lines with text of a failed step's log, for the screen. */
static void read_tail(struct supervisor *s, int step)
{
	struct live_step *l = live_step(s, step);
	_free_ char *name = path_attempt(l->name, l->attempt);
	_free_ char *path = mem_printf("%s/runs/%lld/%s/log", s->work.jig, (long long)s->work.number, name);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[2048];
	const char *found[ARRAY_LEN(l->last_lines)];
	int n = 0;
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	ssize_t got = size <= 0 ? -1
	                        : pread(fd, bytes, sizeof bytes - 1,
	                                size > (off_t)sizeof bytes - 1 ? size - (off_t)sizeof bytes + 1 : 0);

	l->nlast_lines = 0;
	if (got <= 0)
		return;
	bytes[got] = 0;
	while (got > 0 && n < (int)ARRAY_LEN(found)) {
		char *nl;

		while (got > 0 && (bytes[got - 1] == '\n' || bytes[got - 1] == 0))
			bytes[--got] = 0;
		nl = memrchr(bytes, '\n', got);
		if (nl == NULL && got == 0)
			break;
		found[n++] = arena_strdup(&s->texts, nl ? nl + 1 : bytes);
		got = nl ? nl - bytes : 0;
		bytes[got] = 0;
	}
	for (int i = 0; i < n; i++)
		l->last_lines[i] = found[n - 1 - i];
	l->nlast_lines = n;
}

static void forget_error(struct live_step *l)
{
	l->cause = CAUSE_NONE;
	l->error_file = l->error_message = NULL;
	l->error_line = 0;
}

/* What is in the record now. */
static void tell(struct supervisor *s, const struct untold *u)
{
	const struct run_watch *w = s->o->watch;
	struct live_step *l = live_step(s, u->step);

	l->state = u->state;
	/* It ended between two attempts: what went wrong in the earlier one is not what ended the step. */
	if (u->state == STEP_STOPPED && l->cause != CAUSE_STOPPED)
		forget_error(l);
	if (u->state == STEP_FAILED)
		read_tail(s, u->step);
	s->ticked = true;
	if (w && w->step)
		w->step(w->arg, &s->live, s->live_at[u->step]);
}

bool control_waits(const struct supervisor *s)
{
	return s->held_since && time_mono() < s->try_again;
}

void control_held(struct supervisor *s, const struct err *e)
{
	const struct run_watch *w = s->o->watch;
	const char *what = s->ending ? "! all steps have ended; the run waits to be recorded, Ctrl-C gives up"
	                             : "! what happens now is recorded later";
	int64_t now = time_mono();

	if (!s->held_since)
		s->held_since = now;
	s->held = *e;
	s->try_again = now + AGAIN_US;
	if (now - s->held_since < TOLD_US || (s->live.held && text_starts(s->live.held, what)))
		return;
	s->live.held = arena_printf(&s->texts, "%s: %s", what, e->text);
	s->ticked = true;
	if (w && w->held)
		w->held(w->arg, &s->live);
}

void control_flush(struct supervisor *s)
{
	struct err e;
	int r;

	check_place(s);
	if (s->failed_itself || control_waits(s))
		return;
	if (journal_due(s->journal) >= 0) {
		r = journal_flush(s->journal, &e);
		if (r == ERR_BUSY)
			control_held(s, &e);
		else if (r < 0)
			fail(s, &e);
		if (r < 0)
			return;
		s->held_since = 0;
		s->live.held = NULL;
	}
	for (size_t i = 0; i < s->untold.len; i++)
		tell(s, &s->untold.v[i]);
	vec_clear(&s->untold);
	for (size_t i = 0; i < s->over.len; i++)
		attempt_free(s->over.v[i]);
	vec_clear(&s->over);
}

void control_lost(struct supervisor *s)
{
	const struct run_watch *w = s->o->watch;

	for (size_t i = 0; i < s->p->nsteps; i++) {
		struct live_step *l = s->in[i] ? live_step(s, (int)i) : NULL;

		if (!l || l->attempt == 0 || step_state_ended(l->state))
			continue;
		if (s->states[i] == STEP_RUNNING)
			l->elapsed = time_mono() - l->started;
		forget_error(l);
		l->error_message = "jig could not record how it ended";
		tell(s, &(struct untold){ (int)i, STEP_LOST });
	}
	s->live.state = RUN_LOST;
	s->live.ended = time_mono();
	if (w && w->ended)
		w->ended(w->arg, &s->live);
}

void control_stop(struct supervisor *s, int signo, bool at_once)
{
	int level = at_once ? 2 : 1;

	if (!s->stop_signal)
		s->stop_signal = signo;
	if (s->stopping >= level)
		return;
	s->live.stopping = true;
	s->stopping = level;
	s->ticked = true;
	for (size_t i = 0; i < s->p->nsteps; i++)
		if (s->now[i])
			attempt_stop(s->now[i], CAUSE_STOPPED, at_once);
	dispatch_end_pending(s);
}

static void on_signal(void *arg, int signo)
{
	struct supervisor *s = arg;
	const struct run_watch *w = s->o->watch;
	/* A session that ends sends it behind SIGTERM: that is one wish. */
	bool behind = signo == SIGHUP && s->stopping;
	bool insists = !behind && s->last_signal &&
	               (signo == s->last_signal || signo == SIGINT || signo == SIGQUIT);

	if (!behind) {
		s->given_up = s->ending;
		s->last_signal = signo;
	}
	s->stopped_by_person = true;
	control_stop(s, signo, insists);
	/* Who pressed a key wants to see that it was seen. */
	if (w && w->wants_tick && s->live.started)
		w->tick(w->arg, &s->live);
}

static int find_step(const struct supervisor *s, int64_t id)
{
	for (size_t i = 0; i < s->p->nsteps; i++)
		if (s->in[i] && s->ids[i] == id)
			return (int)i;
	return -1;
}

static void stop_step(struct supervisor *s, int step, bool at_once, char answer[128])
{
	if (s->now[step]) {
		bool lives = attempt_stop(s->now[step], CAUSE_STOPPED, at_once);

		snprintf(answer, 128, "%s", lives ? "stopping" : "its command has ended; no further attempt follows");
	} else if (step_state_ended(s->states[step])) {
		snprintf(answer, 128, "it has ended: %s", step_state_text(s->states[step]));
	} else {
		dispatch_stop_waiting(s, step);
		snprintf(answer, 128, "%s",
		         s->tries[step] ? "stopped: no further attempt follows" : "stopped before it began");
	}
}

static void obey(struct supervisor *s, const struct request *r)
{
	char answer[128] = "";
	int step = r->step ? find_step(s, r->step) : -1;

	if (r->step && step < 0) {
		snprintf(answer, sizeof answer, "no such step in this run");
	} else {
		switch (r->action) {
		case REQUEST_STOP:
		case REQUEST_KILL:
			if (step >= 0) {
				stop_step(s, step, r->action == REQUEST_KILL, answer);
				break;
			}
			s->stopped_by_person = true;
			control_stop(s, 0, r->action == REQUEST_KILL);
			snprintf(answer, sizeof answer, "stopping");
			break;
		case REQUEST_RETRY:
			if (step < 0)
				snprintf(answer, sizeof answer, "retry needs a step");
			else
				dispatch_retry(s, step, answer);
			break;
		case REQUEST_PAUSE:
			s->live.paused = true;
			snprintf(answer, sizeof answer, "paused: no new step starts");
			break;
		case REQUEST_CONTINUE:
			snprintf(answer, sizeof answer, s->live.paused ? "goes on" : "it was not paused");
			s->live.paused = false;
			break;
		}
	}
	s->ticked = true;
	journal_take(s->journal, r->id, answer);
}

static void read_requests(struct supervisor *s)
{
	int64_t version = tracker_data_version(s->tracker);
	struct request r;
	struct err e;
	int got;

	if (version == s->data_version || s->ending)
		return;
	s->data_version = version;
	while ((got = request_next(s->tracker, s->work.number, &r, &e)) > 0) {
		/* Before a wish changes what is known of a step, what it was is written and told; so is that it was
		 * obeyed, before it is looked for again. */
		control_flush(s);
		if (s->failed_itself)
			return;
		if (s->held_since)
			break;
		if (r.id <= s->obeyed)
			continue;
		obey(s, &r);
		s->obeyed = r.id;
		control_flush(s);
		if (s->failed_itself)
			return;
	}
	if (got > 0 || got == ERR_BUSY)
		s->data_version = -1;
	else if (got < 0)
		fail(s, &e);
}

/* What is left, if every step that has still to run ever ran before: all their times over as many jobs, but no less
 * than the longest way through them. -1: nobody knows, or a step has been at it longer than then, by more than what is
 * left. */
static int64_t time_left(struct supervisor *s, int64_t now)
{
	_free_ int64_t *until = mem_zero((s->p->nsteps + 1) * sizeof *until);
	int64_t sum = 0, longest = 0, over = 0;

	for (size_t i = 0; i < s->p->nsteps; i++) {
		const struct live_step *l;
		int64_t left;

		if (!s->in[i] || step_state_ended(s->states[i]))
			continue;
		l = live_step(s, (int)i);
		if (l->expected < 0)
			return -1;
		left = l->expected - (s->states[i] == STEP_RUNNING ? now - l->started : 0);
		if (-left > over)
			over = -left;
		if (left < 0)
			left = 0;
		sum += left;
		for (size_t k = 0; k < s->p->steps[i].nneeds; k++)
			if (until[s->p->steps[i].needs[k].step] > until[i])
				until[i] = until[s->p->steps[i].needs[k].step];
		until[i] += left;
		if (until[i] > longest)
			longest = until[i];
	}
	sum /= s->total.jobs;
	if (longest > sum)
		sum = longest;
	return over > sum ? -1 : sum;
}

static void on_tick(void *arg)
{
	struct supervisor *s = arg;
	int64_t now = time_mono();
	const struct run_watch *w = s->o->watch;

	check_place(s);
	read_requests(s);
	for (size_t i = 0; i < s->p->nsteps; i++)
		if (s->now[i])
			attempt_tick(s->now[i], now);
	if (now >= s->next_sample) {
		s->next_sample = now + US_PER_S;
		usage_scan(s->host.usage);
		for (size_t i = 0; i < s->p->nsteps; i++)
			if (s->now[i])
				attempt_sample(s->now[i], now);
		s->ticked = true;
	}
	dispatch_retries(s, now);
	dispatch_undecided(s);
	if (w && w->wants_tick && s->ticked) {
		s->live.expected_left = time_left(s, now);
		w->tick(w->arg, &s->live);
	}
	s->ticked = false;
	loop_timer_set(s->tick, time_mono() + TICK_US);
}

static void on_flush(void *arg)
{
	control_flush(arg);
}

static bool ignored(int signo)
{
	struct sigaction now;

	return sigaction(signo, NULL, &now) == 0 && now.sa_handler == SIG_IGN;
}

void control_init(struct supervisor *s)
{
	static const int signals[] = { SIGINT, SIGTERM, SIGHUP, SIGQUIT };

	/* Who had jig begin with a signal ignored (nohup, the background of a script) wants it to last. */
	for (size_t i = 0; i < ARRAY_LEN(signals); i++)
		if (signals[i] == SIGTERM || !ignored(signals[i]))
			loop_signal(s->loop, signals[i], on_signal, s);
	/* Whoever reads what the watcher prints may go away (`jig run | head`) without taking the run along, and a file
	 * that may not grow is a write that fails. Steps have the default. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	s->tick = loop_timer(s->loop, time_mono() + TICK_US, on_tick, s);
	s->flush = loop_timer(s->loop, -1, on_flush, s);
	s->next_sample = time_mono() + US_PER_S;
	s->data_version = -1;
}
