#include "tui/live_text.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "runner/work/isolation.h"
#include "tui/live.h"

#define PLAIN_CELLS 2000 /* plain lines are not cut to a terminal, but neither can a message fill the log */
#define NAME_CELLS 40    /* of the plain lines' column of names; a longer one moves what follows it */
#define REUSED_SHOWN 6   /* more steps than these are counted in plain output, not listed */
#define NEWS_AT 7        /* cells from the start of the time to what is said behind it */

void pen_put(struct pen *p, enum role role, const char *text)
{
	if (text)
		p->col += grid_text_cut(p->g, p->row, p->col, -1, role, text);
}

void pen_putf(struct pen *p, enum role role, const char *fmt, ...)
{
	_buf_ struct buf b = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&b, fmt, ap);
	va_end(ap);
	pen_put(p, role, b.data);
}

enum role live_role(const struct live_step *s)
{
	enum role role = role_find(word_of(WORDS_STEP_STATE, (int)s->state)->role);
	return role == ROLE_COUNT ? ROLE_TEXT : role;
}

const char *live_glyph(const struct live_step *s)
{
	return word_of(WORDS_STEP_STATE, (int)s->state)->glyph;
}

int64_t live_time(const struct live_step *s, int64_t now_mono)
{
	if (s->state == STEP_RUNNING)
		return s->started > 0 && now_mono > s->started ? now_mono - s->started : 0;
	if (s->state == STEP_REUSED || s->state == STEP_SKIPPED || s->state == STEP_UPSTREAM_FAILED ||
	    !step_state_ended(s->state))
		return -1;
	return s->elapsed > 0 || s->started > 0 ? s->elapsed : -1;
}

int live_name_cells(const struct run_live *r, int most)
{
	int widest = r->name_cells;
	for (int i = 0; i < r->nsteps && !r->name_cells && widest < most; i++) {
		int cells = (int)utf8_cells(r->steps[i].name, strlen(r->steps[i].name));
		widest = cells > widest ? cells : widest;
	}
	return widest < most ? widest : most;
}

void live_put_head(struct pen *p, const struct live_step *s, int name_cells, int64_t now_mono)
{
	bool waits = s->state == STEP_PENDING || s->state == STEP_QUEUED;
	int64_t time = live_time(s, now_mono);
	p->col = 2;
	pen_put(p, live_role(s), live_glyph(s));
	grid_text_cut(p->g, p->row, 4, name_cells, waits ? ROLE_QUIET : ROLE_TEXT, s->name);
	int news = p->col = 4 + name_cells + 3;
	if (time < 0)
		return;
	char clock[24];
	duration_clock(time, clock);
	pen_put(p, ROLE_QUIET, clock);
	p->col = p->col + 2 > news + NEWS_AT ? p->col + 2 : news + NEWS_AT;
}

static void put_metrics(struct pen *p, const struct live_step *s)
{
	for (int i = 0; i < s->nmetrics && i < LIVE_METRICS; i++) {
		char number[32];
		number_short(s->metrics[i].value, number);
		pen_putf(p, ROLE_QUIET, "%s%s ", i ? "  " : "", s->metrics[i].key);
		pen_put(p, ROLE_TEXT, number);
	}
}

/* The root error, or what ended it. */
void live_error_parts(const struct live_step *s, struct buf *place, struct buf *message)
{
	if (s->error_file) {
		buf_adds(place, s->error_file);
		if (s->error_line > 0)
			buf_addf(place, ":%d", s->error_line);
	}
	if (s->error_message) {
		buf_adds(message, s->error_message);
		return;
	}
	switch (s->cause) {
	case CAUSE_NONE: break;
	case CAUSE_EXIT: buf_addf(message, "exit %d", s->exit_status); break;
	case CAUSE_SIGNAL: buf_addf(message, "ended by signal %d (%s)", s->signal, strsignal(s->signal)); break;
	case CAUSE_TIMEOUT: buf_adds(message, "ran longer than its timeout"); break;
	case CAUSE_IDLE: buf_adds(message, "gave no sign of life for its idle_timeout"); break;
	default: buf_adds(message, word_of(WORDS_CAUSE, (int)s->cause)->meaning); break;
	}
}

static void put_error(struct pen *p, const struct live_step *s)
{
	_buf_ struct buf place = BUF_INIT, message = BUF_INIT;
	live_error_parts(s, &place, &message);
	pen_putf(p, ROLE_TEXT, "%s%s%s", place.data, place.len && message.len ? " " : "", message.data);
}

/* Of a run that was stopped before the step's turn came. */
static bool never_began(const struct live_step *s)
{
	return s->state == STEP_STOPPED && s->started <= 0 && s->cause == CAUSE_NONE;
}

bool live_done(const struct live_step *s)
{
	return step_state_ended(s->state) && s->state != STEP_UPSTREAM_FAILED && !never_began(s);
}

void live_news(struct pen *p, const struct run_live *r, const struct live_step *s)
{
	switch (s->state) {
	case STEP_SUCCESS:
		put_metrics(p, s);
		break;
	case STEP_REUSED:
		if (s->reused_run > 0)
			pen_putf(p, ROLE_QUIET, "same as run %lld", (long long)s->reused_run);
		else
			pen_put(p, ROLE_QUIET, "reused");
		break;
	case STEP_RUNNING:
		if (s->attempt > 1)
			pen_putf(p, ROLE_QUIET, "attempt %d%s", s->attempt,
			         s->nmetrics || s->last_line[0] ? "  " : "");
		if (s->nmetrics)
			put_metrics(p, s);
		else
			pen_put(p, ROLE_QUIET, s->last_line);
		break;
	case STEP_RETRYING:
		pen_putf(p, ROLE_TEXT, "attempt %d failed, tries again: ", s->attempt);
		put_error(p, s);
		break;
	case STEP_PENDING:
		if (s->waits_for && *s->waits_for)
			pen_putf(p, ROLE_QUIET, "waits for %s", s->waits_for);
		break;
	case STEP_QUEUED:
		pen_put(p, ROLE_QUIET, r->paused ? "waits: the run is paused" : "waits for a free place");
		break;
	case STEP_UPSTREAM_FAILED:
		if (s->waits_for && *s->waits_for)
			pen_putf(p, ROLE_QUIET, "not started, needs %s", s->waits_for);
		else
			pen_put(p, ROLE_QUIET, "not started, a step it needs did not succeed");
		break;
	case STEP_SKIPPED:
		pen_put(p, ROLE_QUIET, "skipped, its trigger can no longer hold");
		break;
	case STEP_FAILED:
	case STEP_LOST:
	case STEP_STOPPED:
		if (never_began(s))
			pen_put(p, ROLE_QUIET, "not started");
		else if (s->state == STEP_STOPPED && s->cause == CAUSE_NONE)
			pen_putf(p, ROLE_QUIET, "stopped before attempt %d", s->attempt + 1);
		else
			put_error(p, s);
		break;
	}
}

void live_put_title(struct pen *p, const struct run_live *r)
{
	pen_putf(p, ROLE_STRONG, "run %lld", (long long)r->number);
	if (r->name)
		pen_putf(p, ROLE_STRONG, " %s", r->name);
	if (r->origin)
		pen_putf(p, ROLE_QUIET, " · %s", r->origin);
	if (r->commit[0]) {
		pen_putf(p, ROLE_QUIET, " · code %s%s", r->commit, r->dirty > 0 ? "*" : "");
		if (r->dirty > 0 && r->changed_files > 0)
			pen_putf(p, ROLE_QUIET, " (%d file%s changed)", r->changed_files,
			         r->changed_files == 1 ? "" : "s");
	} else {
		pen_put(p, ROLE_QUIET, r->dirty >= 0 ? " · no commit yet" : " · code without git");
	}
	if (r->env)
		pen_putf(p, ROLE_QUIET, " · env %s", r->env);
	if (r->isolation && strcmp(r->isolation, isolation_text(ISOLATION_FOLDER)))
		pen_putf(p, ROLE_QUIET, " · %s", r->isolation);
	pen_putf(p, ROLE_QUIET, " · %d job%s", r->jobs, r->jobs == 1 ? "" : "s");
}

/* Goes on in the next row where a text of this many cells has no room left. */
static void make_room(struct pen *p, int cells, int last_row)
{
	if (p->col + cells <= p->g->cols || p->col <= 2 || p->row >= last_row)
		return;
	p->row++;
	p->col = 2;
}

static void put_count(struct pen *p, bool *any, int n, enum role role, const char *what, int last_row)
{
	if (n == 0)
		return;
	char text[48];
	int cells = snprintf(text, sizeof text, "%d %s", n, what), row = p->row;
	pen_put(p, ROLE_QUIET, *any ? "," : " ·");
	make_room(p, 2 + cells, last_row);
	if (p->row == row)
		p->col++;
	pen_put(p, role, text);
	*any = true;
}

static const char *ended_how(enum run_state s)
{
	switch (s) {
	case RUN_SUCCESS: return "succeeded in";
	case RUN_FAILED: return "failed in";
	case RUN_STOPPED: return "stopped after";
	case RUN_LOST: return "lost after";
	case RUN_QUEUED:
	case RUN_RUNNING: break;
	}
	return "under way for";
}

int live_put_summary(struct pen *p, const struct run_live *r)
{
	int by_state[STEP_LOST + 1] = { 0 };
	for (int i = 0; i < r->nsteps; i++)
		by_state[never_began(&r->steps[i]) ? STEP_PENDING : r->steps[i].state]++;
	bool any = false;
	int first_row = p->row, last = p->row + LIVE_CLOSING - 4;
	char clock[24];
	duration_clock(r->ended > r->started ? r->ended - r->started : 0, clock);
	enum role role = role_find(word_of(WORDS_RUN_STATE, (int)r->state)->role);
	pen_put(p, role == ROLE_COUNT ? ROLE_TEXT : role, ended_how(r->state));
	pen_putf(p, ROLE_TEXT, " %s", clock);
	put_count(p, &any, by_state[STEP_SUCCESS], ROLE_TEXT, "ran", last);
	put_count(p, &any, by_state[STEP_REUSED], ROLE_TEXT, "reused", last);
	put_count(p, &any, by_state[STEP_FAILED], ROLE_FAILED, "failed", last);
	put_count(p, &any, by_state[STEP_LOST], ROLE_LOST, "lost", last);
	put_count(p, &any, by_state[STEP_STOPPED], ROLE_STOPPED, "stopped", last);
	put_count(p, &any, by_state[STEP_RUNNING] + by_state[STEP_RETRYING], ROLE_TEXT, "running", last);
	put_count(p, &any, by_state[STEP_SKIPPED], ROLE_TEXT, "skipped", last);
	put_count(p, &any, by_state[STEP_PENDING] + by_state[STEP_QUEUED] + by_state[STEP_UPSTREAM_FAILED], ROLE_TEXT,
	          "not started", last);
	p->row++;
	p->col = 2;
	bool success = r->state == RUN_SUCCESS;
	char first[48], second[48];
	long long number = (long long)r->number;
	snprintf(first, sizeof first, success ? "jig get %lld" : "jig show %lld", number);
	snprintf(second, sizeof second, success ? "jig metrics %lld" : "jig logs %lld", number);
	pen_put(p, ROLE_QUIET, success ? "outputs: " : "look:   ");
	pen_put(p, ROLE_ACCENT, first);
	p->col += 8;
	make_room(p, 9 + (int)strlen(second), p->row + 1);
	pen_put(p, ROLE_QUIET, success ? "metrics: " : "log:    ");
	pen_put(p, ROLE_ACCENT, second);
	if (!success) {
		p->row++;
		p->col = 2;
		pen_put(p, ROLE_QUIET, "go on:  ");
		pen_putf(p, ROLE_ACCENT, "jig resume %lld", number);
	}
	return p->row + 1 - first_row;
}

void live_summary(const struct run_live *r, const struct paint *p, struct buf *out)
{
	struct grid g;
	grid_init(&g, LIVE_CLOSING, PLAIN_CELLS);
	struct pen pen = { .g = &g };
	live_put_summary(&pen, r);
	grid_print(&g, p, out);
	grid_release(&g);
}

void live_title(const struct run_live *r, const struct paint *p, struct buf *out)
{
	struct grid g;
	grid_init(&g, 1, PLAIN_CELLS);
	struct pen pen = { .g = &g };
	live_put_title(&pen, r);
	grid_print(&g, p, out);
	grid_release(&g);
}

/* A step that had ended and now waits. */
static void put_again(struct pen *p, const struct live_step *s)
{
	if (s->state == STEP_QUEUED)
		pen_putf(p, ROLE_QUIET, "begins again: attempt %d", s->attempt + 1);
	else
		pen_put(p, ROLE_QUIET, "waits again for what it needs");
}

/* "⟲ 12 steps   same as run 9": those of one earlier run. */
static void add_reused(const struct run_live *r, int64_t run, int n, const struct paint *p, struct buf *out)
{
	struct live_step like = { .state = STEP_REUSED, .reused_run = run };
	char name[32];
	struct grid g;
	grid_init(&g, 1, PLAIN_CELLS);
	struct pen pen = { .g = &g };
	int widest = live_name_cells(r, NAME_CELLS);
	snprintf(name, sizeof name, "%d step%s", n, n == 1 ? "" : "s");
	like.name = name;
	live_put_head(&pen, &like, (int)strlen(name) > widest ? (int)strlen(name) : widest, 0);
	live_news(&pen, r, &like);
	grid_print(&g, p, out);
	grid_release(&g);
}

void live_reused(const struct run_live *r, const int *steps, size_t n, const struct paint *p, struct buf *out)
{
	for (size_t i = 0; i < n && n <= REUSED_SHOWN; i++) {
		_free_ char *line = live_line(r, steps[i], p);
		buf_addf(out, "%s\n", line ? line : "");
	}
	for (size_t i = 0; i < n && n > REUSED_SHOWN; i++) {
		int64_t run = r->steps[steps[i]].reused_run;
		int same = 0;
		bool said = false;
		for (size_t k = 0; k < i && !said; k++)
			said = r->steps[steps[k]].reused_run == run;
		for (size_t k = i; k < n && !said; k++)
			same += r->steps[steps[k]].reused_run == run;
		if (!said)
			add_reused(r, run, same, p, out);
	}
}

char *live_line(const struct run_live *r, int step, const struct paint *p)
{
	const struct live_step *s = &r->steps[step];
	if (s->state == STEP_RUNNING)
		return NULL;
	int widest = live_name_cells(r, NAME_CELLS), own = (int)utf8_cells(s->name, strlen(s->name));
	struct grid g;
	grid_init(&g, 1, PLAIN_CELLS);
	struct pen pen = { .g = &g };
	live_put_head(&pen, s, own > widest ? own : widest, 0);
	if (s->state == STEP_QUEUED || s->state == STEP_PENDING)
		put_again(&pen, s);
	else
		live_news(&pen, r, s);
	_buf_ struct buf line = BUF_INIT;
	grid_row(&g, 0, p, &line);
	grid_release(&g);
	return buf_steal(&line);
}
