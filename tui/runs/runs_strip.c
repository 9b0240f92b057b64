#include "tui/runs/runs_strip.h"

#include <fcntl.h>
#include <unistd.h>
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runner/code/code.h"
#include "tracker/query_list.h"
#include "tui/run_text.h"
#include "tui/runs/runs_item.h"

enum { TAIL = 4096, METRICS_TOLD = 3, DIFFERENCES_TOLD = 6, FILES_TOLD = 2, RUNS_TOLD = 4 };

/* What is gathered of a run while its strip is made. */
struct about {
	struct tracker *t;
	const char *jig;
	struct arena arena;
	struct run_row row;
	struct step_rows steps;
	struct attempt_rows attempts;
	struct runs_strip *strip;
};

static void __attribute__((format(printf, 4, 5))) put(struct about *b, int line, enum role role, const char *fmt, ...)
{
	_buf_ struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	if (text.len)
		vec_push(&b->strip->lines[line], (struct strip_part){role, buf_steal(&text)});
}

static const struct attempt_row *last_attempt(const struct about *b, const struct step_row *s)
{
	const struct attempt_row *last = NULL;

	for (size_t i = 0; i < b->attempts.len; i++)
		if (b->attempts.v[i].step == s->id)
			last = &b->attempts.v[i];
	return last;
}

static const struct step_row *step_in(const struct about *b, enum step_state state)
{
	for (size_t i = 0; i < b->steps.len; i++)
		if (b->steps.v[i].state == state)
			return &b->steps.v[i];
	return NULL;
}

static void put_failed(struct about *b, const struct step_row *s)
{
	const struct attempt_row *a = last_attempt(b, s);
	char took[24], how[64];

	put(b, 0, ROLE_STRONG, "%s", s->name);
	if (!a) {
		put(b, 0, ROLE_FAILED, " failed");
		return;
	}
	put(b, 0, ROLE_QUIET, "@%d", a->n);
	attempt_clock(a, time_now(), took);
	put(b, 0, ROLE_FAILED, " failed");
	put(b, 0, ROLE_TEXT, " after %s", took);
	if (a->error_file)
		put(b, 0, ROLE_ACCENT, "   %s:%d", a->error_file, a->error_line);
	if (a->error_message) {
		put(b, 0, ROLE_FAILED, "%s%s", a->error_file ? "  " : "   ", a->error_message);
	} else if (!a->error_file) {
		attempt_end_text(a, how);
		put(b, 0, ROLE_TEXT, "   %s", how);
	}
}

/* The last line of what the attempt wrote so far that is not blank. */
static void put_output(struct about *b, const struct attempt_row *a)
{
	_free_ char *path = mem_printf("%s/%s/log", b->jig, a->folder);
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char bytes[TAIL + 1], *line = bytes, *end;
	off_t size = fd < 0 ? -1 : lseek(fd, 0, SEEK_END);
	ssize_t n = size < 0 ? -1 : pread(fd, bytes, TAIL, size > TAIL ? size - TAIL : 0);

	if (n <= 0)
		return;
	while (n > 0 && strchr(" \t\r\n", bytes[n - 1]))
		n--;
	bytes[n] = '\0';
	for (end = bytes + n; end > bytes; end--)
		if (end[-1] == '\n' || end[-1] == '\r') {
			line = end;
			break;
		}
	if (*line)
		put(b, 0, ROLE_QUIET, "   %s", line);
}

/* How much longer: of the steps that are left, what they took last, over those that run at a time. Unknown where one
 * never ran, or has been at it longer than then by more than what is left. */
static int64_t expected_us(struct about *b, struct err *e)
{
	int64_t left = 0, over = 0;
	int running = 0;

	for (size_t i = 0; i < b->steps.len; i++) {
		const struct step_row *s = &b->steps.v[i];
		const struct attempt_row *a = s->state == STEP_RUNNING ? last_attempt(b, s) : NULL;
		int64_t took = -1;

		if (step_state_ended(s->state))
			continue;
		if (query_duration(b->t, s->name, &took, e) < 0 || took < 0)
			return -1;
		if (a)
			took -= attempt_elapsed(a, time_now());
		if (-took > over)
			over = -took;
		left += took > 0 ? took : 0;
		running += a != NULL;
	}
	if (running > 1)
		left /= running;
	return over > left ? -1 : left;
}

static int put_live(struct about *b, struct err *e)
{
	const struct step_row *s = step_in(b, STEP_RUNNING);
	const struct attempt_row *a = s ? last_attempt(b, s) : NULL;
	int64_t left = expected_us(b, e);
	struct metric_rows metrics;
	char text[32];
	int r;

	put(b, 0, ROLE_RUNNING, "%d of %d step%s", b->row.nwell, b->row.nsteps, b->row.nsteps == 1 ? "" : "s");
	if (s)
		put(b, 0, ROLE_STRONG, "   %s", s->name);
	if (a) {
		attempt_clock(a, time_now(), text);
		put(b, 0, ROLE_QUIET, "@%d", a->n);
		put(b, 0, ROLE_TEXT, " for %s", text);
	}
	if (left >= US_PER_S) {
		duration_clock(left, text);
		put(b, 0, ROLE_TEXT, " · about %s left", text);
	}
	r = query_run_metrics(b->t, b->row.number, &b->arena, &metrics, e);
	if (r < 0)
		return r;
	for (size_t i = 0; i < metrics.len && i < METRICS_TOLD; i++) {
		number_short(metrics.v[i].last, text);
		put(b, 0, ROLE_TEXT, "   %s ", metrics.v[i].key);
		put(b, 0, ROLE_STRONG, "%s", text);
	}
	if (a)
		put_output(b, a);
	return 0;
}

static void put_ended(struct about *b)
{
	const struct word *w = word_of(WORDS_RUN_STATE, b->row.state);
	char took[24];

	put(b, 0, role_find(w->role), "%s", w->text);
	if (run_elapsed(&b->row) >= 0) {
		duration_clock(run_elapsed(&b->row), took);
		put(b, 0, ROLE_TEXT, b->row.state == RUN_SUCCESS ? " in %s" : " after %s", took);
	}
	put(b, 0, ROLE_TEXT, " · %d of %d step%s", b->row.nwell, b->row.nsteps, b->row.nsteps == 1 ? "" : "s");
	if (*b->row.note)
		put(b, 0, ROLE_QUIET, " · %s", b->row.note);
}

static void put_params(struct about *b, const struct pair_rows *before, const struct pair_rows *now, int *told)
{
	for (size_t i = 0; i < now->len; i++) {
		const char *old = pair_rows_find(before, now->v[i].key);

		if (old && !strcmp(old, now->v[i].value))
			continue;
		if ((*told)++ >= DIFFERENCES_TOLD)
			continue;
		put(b, 1, ROLE_QUIET, "%s%s ", *told > 1 ? " · " : "  ", now->v[i].key);
		put(b, 1, ROLE_TEXT, "%s → ", old ? old : "none");
		put(b, 1, ROLE_DIFF, "%s", now->v[i].value);
	}
	for (size_t i = 0; i < before->len; i++) {
		if (pair_rows_find(now, before->v[i].key) || (*told)++ >= DIFFERENCES_TOLD)
			continue;
		put(b, 1, ROLE_QUIET, "%s%s ", *told > 1 ? " · " : "  ", before->v[i].key);
		put(b, 1, ROLE_TEXT, "%s → ", before->v[i].value);
		put(b, 1, ROLE_DIFF, "none");
	}
	if (*told > DIFFERENCES_TOLD)
		put(b, 1, ROLE_QUIET, " · %d more", *told - DIFFERENCES_TOLD);
}

static void put_code(struct about *b, const struct run_row *before, int *told)
{
	struct code_changes changes = {0};
	struct err ignored;

	if (!before->snapshot || !b->row.snapshot || !strcmp(before->snapshot, b->row.snapshot))
		return;
	/* A tree that is not there any more still differs. */
	if (code_diff(b->jig, before->snapshot, b->row.snapshot, &changes, &ignored) < 0) {
		put(b, 1, ROLE_DIFF, "%scode", (*told)++ ? " · " : "  ");
		return;
	}
	for (size_t i = 0; i < changes.len && i < FILES_TOLD; i++) {
		const struct code_change *c = &changes.v[i];

		put(b, 1, ROLE_TEXT, "%s%s", (*told)++ ? " · " : "  ", c->path);
		if (c->added >= 0)
			put(b, 1, ROLE_DIFF, " +%d −%d", c->added, c->removed);
	}
	if (changes.len > FILES_TOLD)
		put(b, 1, ROLE_QUIET, " · %zu more files", changes.len - FILES_TOLD);
	code_changes_release(&changes);
}

static int put_differences(struct about *b, struct err *e)
{
	int64_t before = b->row.origin;
	struct pair_rows old, now;
	struct run_row row = {0};
	int r = 0, told = 0;

	if (!before)
		r = query_run_before(b->t, b->row.number, &before, e);
	if (r >= 0 && before)
		r = query_run(b->t, before, &b->arena, &row, e);
	if (r < 0)
		return r;
	if (before) {
		if ((r = query_params(b->t, before, &b->arena, &old, e)) < 0 ||
		    (r = query_params(b->t, b->row.number, &b->arena, &now, e)) < 0)
			return r;
		put(b, 1, ROLE_QUIET, "differs from %lld:", (long long)before);
		put_params(b, &old, &now, &told);
		put_code(b, &row, &told);
		if (!told) {
			free(b->strip->lines[1].v[0].text);
			b->strip->lines[1].v[0].text = mem_printf("params and code as run %lld", (long long)before);
		}
	}
	if (b->row.nreused)
		put(b, 1, ROLE_REUSED, "%sreused %d of %d steps", before ? "      " : "", b->row.nreused,
		    b->row.nsteps);
	return 0;
}

static void put_failed_runs(struct about *b, const int64_t *runs, size_t n, int all)
{
	const struct step_row *s = step_in(b, STEP_FAILED);
	const struct attempt_row *a = s ? last_attempt(b, s) : NULL;

	put(b, 1, ROLE_FAILED, "failed ");
	for (size_t i = 0; i < n; i++)
		put(b, 1, ROLE_TEXT, "%s%lld", i ? ", " : "", (long long)runs[i]);
	if (all > (int)n)
		put(b, 1, ROLE_QUIET, " and %d more", all - (int)n);
	if (s)
		put(b, 1, ROLE_STRONG, "   %s", s->name);
	if (a && a->error_message)
		put(b, 1, ROLE_FAILED, "  %s", a->error_message);
}

static int load_sweep(struct about *b, int64_t sweep, const char *metric, struct err *e)
{
	_cleanup_(runs_item_release) struct runs_item item = {.entry = -sweep};
	const struct sweep_row *s = &item.sweep;
	int64_t failed[RUNS_TOLD];
	size_t nfailed = 0;
	char text[32];
	int r = runs_item_load(b->t, metric, &item, e);

	if (r == ERR_NOT_FOUND || (r >= 0 && item.gone))
		return 0;
	if (r < 0)
		return r;
	put(b, 0, ROLE_TEXT, "%d run%s:", s->nruns, s->nruns == 1 ? "" : "s");
	const struct { int n; const char *word; enum role role; } ends[] = {
	        {s->nlive, "live", ROLE_RUNNING},
	        {s->nsuccess, "success", ROLE_SUCCESS},
	        {s->nfailed, "failed", ROLE_FAILED},
	        {s->nother, "stopped or lost", ROLE_LOST},
	};
	for (size_t i = 0, told = 0; i < ARRAY_LEN(ends); i++)
		if (ends[i].n)
			put(b, 0, ends[i].role, "%s%d %s", told++ ? " · " : " ", ends[i].n, ends[i].word);
	if (item.ranged) {
		number_short(item.lower ? item.range.low : item.range.high, text);
		put(b, 0, ROLE_QUIET, "   best %s ", metric);
		put(b, 0, ROLE_BEST, "%s", text);
		put(b, 0, ROLE_QUIET, " run ");
		put(b, 0, ROLE_TEXT, "%lld", (long long)(item.lower ? item.range.low_run : item.range.high_run));
		if (item.best)
			put(b, 0, ROLE_TEXT, "  %s", item.best);
	}
	if (!s->nfailed)
		return 0;
	if ((r = query_sweep_failed(b->t, sweep, failed, RUNS_TOLD, &nfailed, e)) < 0 || !nfailed ||
	    (r = query_steps(b->t, failed[0], &b->arena, &b->steps, e)) < 0 ||
	    (r = query_attempts(b->t, failed[0], &b->arena, &b->attempts, e)) < 0)
		return r;
	put_failed_runs(b, failed, nfailed, s->nfailed);
	return 0;
}

static int load(struct about *b, int64_t run, struct err *e)
{
	const struct step_row *failed;
	int r = query_run(b->t, run, &b->arena, &b->row, e);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r < 0 || (r = query_steps(b->t, run, &b->arena, &b->steps, e)) < 0 ||
	    (r = query_attempts(b->t, run, &b->arena, &b->attempts, e)) < 0)
		return r;
	failed = step_in(b, STEP_FAILED);
	put(b, 0, ROLE_QUIET, "%lld  ", (long long)run);
	if (failed)
		put_failed(b, failed);
	else if (!run_state_ended(b->row.state))
		r = put_live(b, e);
	else
		put_ended(b);
	return r < 0 ? r : put_differences(b, e);
}

int runs_strip_load(struct tracker *t, const char *jig, int64_t entry, const char *metric, struct runs_strip *ret,
                    struct err *e)
{
	struct runs_strip strip = {.entry = entry};
	struct about b = {.t = t, .jig = jig, .strip = &strip};
	int r = entry < 0 ? load_sweep(&b, -entry, metric, e) : load(&b, entry, e);

	arena_release(&b.arena);
	if (r < 0) {
		runs_strip_release(&strip);
		return r;
	}
	*ret = strip;
	return 0;
}

void runs_strip_release(struct runs_strip *s)
{
	for (int i = 0; i < 2; i++) {
		for (size_t k = 0; k < s->lines[i].len; k++)
			free(s->lines[i].v[k].text);
		vec_release(&s->lines[i]);
	}
	s->entry = 0;
}

void runs_strip_draw(const struct runs_strip *s, struct grid *g, struct rect r)
{
	for (int i = 0; i < 2 && i < r.rows; i++) {
		const struct strip_line *line = &s->lines[i];
		int at = r.col + (i && s->entry > 0 ? 5 : 1), end = r.col + r.cols;

		for (size_t k = 0; k < line->len && at < end; k++)
			at += k + 1 < line->len && (int)utf8_cells(line->v[k].text, strlen(line->v[k].text)) <= end - at
			              ? grid_text(g, r.row + i, at, end - at, line->v[k].role, line->v[k].text)
			              : grid_text_cut(g, r.row + i, at, end - at, line->v[k].role, line->v[k].text);
	}
}
