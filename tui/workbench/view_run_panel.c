#include "tui/workbench/view_run_panel.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "runner/code/code.h"
#include "tracker/query_metric.h"
#include "tracker/series.h"
#include "tui/log/log_line.h"
#include "tui/run_text.h"
#include "tui/spark.h"
#include "tui/wrap.h"

enum { HEAD_CELLS = 13, FILES_SHOWN = 4, METRICS_SHOWN = 6, LOG_LINES = 6 };
enum { SPARK_CELLS = 14, VALUE_CELLS = 7, POINTS_MOST = 2000 };
#define SAMPLE_AGE_US (60 * US_PER_S) /* older ones tell nothing of now */
enum { SAMPLES_MOST = 1000, LOG_TAIL = 16 << 10, SOURCE_MOST = 4 << 20, CHECKPOINTS_LOOKED_AT = 2000 };

void run_panel_release(struct run_panel *p)
{
	arena_release(&p->arena);
	vec_release(&p->lines);
}

static struct panel_line *line(struct run_panel *p, const char *head)
{
	struct panel_line *l = vec_add(&p->lines);
	l->head = head;
	return l;
}

static void blank(struct run_panel *p)
{
	if (p->lines.len && (p->lines.v[p->lines.len - 1].nspans || p->lines.v[p->lines.len - 1].head))
		line(p, NULL);
}

/* Adds a text to the line that was begun last. */
__attribute__((format(printf, 3, 4))) static void span(struct run_panel *p, enum role role, const char *fmt, ...)
{
	struct panel_line *l = &p->lines.v[p->lines.len - 1];
	_buf_ struct buf text = BUF_INIT;
	va_list ap;
	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	if (l->nspans < PANEL_SPANS)
		l->spans[l->nspans++] = (struct panel_span){ role, arena_strndup(&p->arena, text.data, text.len) };
}

/* Steps that have to succeed first, or did not. */
static void add_waiting(struct run_panel *p, const struct run_model *m, const struct step_row *s)
{
	int n = 0, more = 0;
	for (size_t i = 0; i < s->nneeds; i++) {
		int at = run_model_step(m, s->needs[i]);
		const struct step_row *need = at >= 0 ? &m->steps.v[at] : NULL;
		if (!need || need->state == STEP_SUCCESS || need->state == STEP_REUSED || need->state == STEP_SKIPPED)
			continue;
		const struct word *w = word_of(WORDS_STEP_STATE, need->state);
		if (n++ == 0)
			line(p, s->state == STEP_UPSTREAM_FAILED ? "needs" : "waits for");
		if (n > 2)
			more++;
		else
			span(p, role_find(w->role), "%s%s %s", n > 1 ? "  " : "", w->glyph, need->name);
	}
	if (more)
		span(p, ROLE_QUIET, "  and %d more", more);
	if (n == 0 && (s->state == STEP_QUEUED || s->state == STEP_PENDING)) {
		line(p, "waits for");
		span(p, ROLE_TEXT, s->state == STEP_QUEUED ? "a free place" : "its turn");
	}
}

static int add_reason(struct run_panel *p, struct app *a, const struct run_model *m, const struct step_row *s,
                      struct err *e)
{
	struct step_row now;
	int r = query_step(a->tracker, s->id, &p->arena, &now, e);
	if (r < 0)
		return r;
	const char *reason = now.reason;
	if (s->reused_attempt) {
		line(p, "reused")->wrap = true;
		if (reason)
			span(p, ROLE_REUSED, "%s", reason_text(reason));
		else
			span(p, ROLE_REUSED, "from attempt %d of run %lld", s->reused_n, (long long)s->reused_run);
	} else if (reason) {
		line(p, p->begun ? "why it ran" : "why")->wrap = true;
		span(p, ROLE_TEXT, "%s", reason_text(reason));
	}
	if (!step_state_ended(s->state) || s->state == STEP_UPSTREAM_FAILED)
		if (s->state != STEP_RUNNING && s->state != STEP_RETRYING)
			add_waiting(p, m, s);
	return 0;
}

/* Three lines of a text around one of it. */
static void add_source(struct run_panel *p, const char *text, int wanted)
{
	int at = 1;
	for (const char *s = text; *s; at++) {
		size_t n = strcspn(s, "\n");
		if (at >= wanted - 2 && (at <= wanted || (at == wanted + 1 && n > 0))) {
			_buf_ struct buf expanded = BUF_INIT;
			for (size_t i = 0; i < n && s[i] != '\r'; i++) {
				if (s[i] == '\t')
					buf_fill(&expanded, ' ', 4);
				else
					buf_addc(&expanded, s[i]);
			}
			line(p, NULL);
			span(p, at == wanted ? ROLE_FAILED : ROLE_QUIET, at == wanted ? "▸ %3d  " : "  %3d  ", at);
			span(p, at == wanted ? ROLE_STRONG : ROLE_QUIET, "%s", expanded.data);
		}
		s += n + (s[n] == '\n');
	}
}

static bool readable(const char *path)
{
	struct stat st;
	return access(path, R_OK) == 0 && stat(path, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= SOURCE_MOST;
}

static bool read_source(const char *path, struct buf *ret)
{
	struct err ignored;
	return readable(path) && file_read(path, SOURCE_MOST, ret, &ignored) >= 0;
}

/* The file of an error: what the step had, else the run's snapshot of it, else the project's as it is now. NULL: it is
 * nowhere. */
static const char *find_source(struct run_panel *p, struct app *a, const struct run_model *m, const char *file,
                               struct buf *ret)
{
	_free_ char *work = p->attempt.folder ? mem_printf("%s/%s/work", a->project->jig, p->attempt.folder) : NULL;
	_free_ char *kept = work ? path_join(work, file) : NULL, *now = path_join(a->project->root, file);
	bool outside = file[0] == '/';
	struct err ignored;
	if (kept && read_source(kept, ret))
		return outside ? "" : "as it ran";
	if (!outside && m->row.snapshot && code_read(a->project->jig, m->row.snapshot, file, ret, &ignored) >= 0)
		return "as it ran";
	return read_source(now, ret) ? outside ? "" : "as it is now" : NULL;
}

static void add_error(struct run_panel *p, struct app *a, const struct run_model *m)
{
	const struct attempt_row *x = &p->attempt;
	if (x->state != ATTEMPT_FAILED || (!x->error_file && !x->error_message))
		return;
	blank(p);
	if (x->error_file) {
		_buf_ struct buf text = BUF_INIT;
		const char *which = find_source(p, a, m, x->error_file, &text);
		line(p, NULL);
		span(p, ROLE_FAILED, "✗ ");
		span(p, ROLE_STRONG, "%s:%d", x->error_file, x->error_line);
		if (which) {
			span(p, ROLE_QUIET, "  %s", which);
			add_source(p, text.data, x->error_line);
		}
		/* To be corrected is the project's file, not the copy that ran. */
		_free_ char *now = path_join(a->project->root, x->error_file);
		_free_ char *work = mem_printf("%s/%s/work", a->project->jig, x->folder ? x->folder : "");
		_free_ char *kept = path_join(work, x->error_file);
		p->error_path = readable(now)    ? arena_strdup(&p->arena, now)
		                : readable(kept) ? arena_strdup(&p->arena, kept)
		                                 : NULL;
	}
	if (x->error_message) {
		line(p, NULL)->wrap = true;
		span(p, ROLE_FAILED, "%s%s", x->error_file ? "  " : "✗ ", x->error_message);
	}
}

static void add_files(struct run_panel *p, const struct artifact_rows *rows, const char *head, enum artifact_role one,
                      enum artifact_role other)
{
	int n = 0, more = 0;
	for (size_t i = 0; i < rows->len; i++) {
		const struct artifact_row *f = &rows->v[i];
		char size[16], hex[DIGEST_HEX + 1];
		if (f->role != one && f->role != other)
			continue;
		if (n++ >= FILES_SHOWN) {
			more++;
			continue;
		}
		size_text(f->size, size);
		line(p, n == 1 ? head : "");
		span(p, ROLE_TEXT, "%s%s", f->path, f->form == FORM_FOLDER ? "/" : "");
		span(p, ROLE_QUIET, "  %s", size);
		if (f->has_digest) {
			digest_to_hex(&f->digest, hex);
			span(p, ROLE_QUIET, "  %.4s…", hex);
		}
	}
	if (more) {
		line(p, "");
		span(p, ROLE_QUIET, "and %d more", more);
	}
}

static void add_env(struct run_panel *p)
{
	const struct attempt_row *x = &p->attempt;
	_json_ json_t *detail = NULL;
	struct err ignored;
	if (!x->env_key)
		return;
	if (x->env_detail)
		json_parse(x->env_detail, strlen(x->env_detail), "env", &detail, &ignored);
	json_int_t n = json_integer_value(json_path_get(detail, "packages.count"));
	const char *python = json_string_value(json_path_get(detail, "python.version"));
	line(p, "env");
	span(p, ROLE_TEXT, "%s", x->env_grade ? x->env_grade : "?");
	if (n) {
		char count[32];
		count_text(n, count);
		span(p, ROLE_TEXT, " · %s package%s", count, n == 1 ? "" : "s");
	} else if (x->env_kind) {
		span(p, ROLE_QUIET, " · %s", x->env_kind);
	}
	if (python)
		span(p, ROLE_TEXT, " · python %s", python);
}

static void put_usage(struct run_panel *p, const char *head, int64_t memory, int64_t cpu_us, int64_t elapsed_us,
                      int64_t gpu_mem)
{
	char size[16];
	if (memory < 0 && cpu_us < 0)
		return;
	line(p, head);
	if (memory >= 0) {
		size_text(memory, size);
		span(p, ROLE_TEXT, "%s", size);
	}
	if (cpu_us >= 0 && elapsed_us > 0)
		span(p, ROLE_TEXT, "%s%.1f cores", memory >= 0 ? " · " : "", (double)cpu_us / (double)elapsed_us);
	if (gpu_mem > 0) {
		size_text(gpu_mem, size);
		span(p, ROLE_TEXT, " · GPU %s", size);
	}
}

/* What it used; of a running step what it uses by its newest sample. */
static int add_usage(struct run_panel *p, struct app *a, struct err *e)
{
	const struct attempt_usage *u = &p->attempt.usage;
	struct sample_rows samples;
	if (p->attempt.state != ATTEMPT_RUNNING) {
		put_usage(p, "peak", u->max_rss, u->cpu_us, p->attempt.elapsed_us, u->gpu_mem);
		return 0;
	}
	int r = query_samples_after(a->tracker, p->attempt.id, time_now() - SAMPLE_AGE_US, SAMPLES_MOST, &p->arena,
	                            &samples, e);
	if (r >= 0 && samples.len) {
		const struct sample *s = &samples.v[samples.len - 1];
		put_usage(p, "uses", s->rss, s->cpu_us, s->ts - p->attempt.started, s->gpu_mem);
	}
	return r < 0 ? r : 0;
}

/* The means of a series' points, in as many parts as a sparkline has cells. */
static int add_spark(struct run_panel *p, struct app *a, const struct metric_row *m, struct err *e)
{
	struct series_cursor cursor = { 0 };
	static struct point points[POINTS_MOST];
	double means[SPARK_CELLS];
	if (m->count > POINTS_MOST)
		cursor = (struct series_cursor){
		        .begun = true, .step = m->last_step - POINTS_MOST, .ts = INT64_MIN, .key = INT64_MIN};
	int n = series_read(a->tracker, m->series, &cursor, points, POINTS_MOST, e),
	    cells = n < SPARK_CELLS ? n : SPARK_CELLS;
	if (n < 2)
		return n < 0 ? n : 0;
	for (int i = 0; i < cells; i++) {
		int from = (int)((int64_t)n * i / cells), to = (int)((int64_t)n * (i + 1) / cells), real = 0;
		double sum = 0;
		for (int k = from; k < to; k++)
			if (isfinite(points[k].value)) {
				sum += points[k].value;
				real++;
			}
		means[i] = real ? sum / real : points[from].value;
	}
	_buf_ struct buf text = BUF_INIT;
	spark_text(&text, means, (size_t)cells, cells);
	span(p, ROLE_SERIES_1, "  %s", text.data);
	return 0;
}

static int add_metrics(struct run_panel *p, struct app *a, struct err *e)
{
	struct metric_rows rows;
	int r = query_attempt_metrics(a->tracker, p->attempt.id, &p->arena, &rows, e);
	if (r < 0 || rows.len == 0)
		return r;
	blank(p);
	char last[METRICS_SHOWN][32];
	/* A live value changes its length; the sparkline behind it stays where it is. */
	int wide = VALUE_CELLS;
	for (size_t i = 0; i < rows.len && i < METRICS_SHOWN; i++) {
		number_short(rows.v[i].last, last[i]);
		wide = (int)strlen(last[i]) > wide ? (int)strlen(last[i]) : wide;
	}
	for (size_t i = 0; r >= 0 && i < rows.len && i < METRICS_SHOWN; i++) {
		const struct metric_row *m = &rows.v[i];
		line(p, m->key);
		span(p, ROLE_STRONG, "%-*s", wide, last[i]);
		r = add_spark(p, a, m, e);
	}
	if (rows.len > METRICS_SHOWN) {
		line(p, "");
		span(p, ROLE_QUIET, "and %zu more", rows.len - METRICS_SHOWN);
	}
	return r < 0 ? r : 0;
}

/* The newest entry of the step's folder of checkpoints: what the record does not know yet. */
static bool newest_entry(struct run_panel *p, struct app *a, const struct run_model *m, const struct step_row *s,
                         const char **ret_name, int64_t *ret_at)
{
	_free_ char *name = path_attempt(s->name, 0);
	_free_ char *folder = mem_printf("%s/runs/%lld/%s.ckpt", a->project->jig, (long long)m->number, name);
	_closedir_ DIR *d = opendir(folder);
	*ret_at = 0;
	for (int i = 0; d && i < CHECKPOINTS_LOOKED_AT; i++) {
		struct dirent *entry = readdir(d);
		struct stat st;
		if (!entry)
			break;
		if (entry->d_name[0] == '.' || fstatat(dirfd(d), entry->d_name, &st, AT_SYMLINK_NOFOLLOW) < 0)
			continue;
		int64_t at = (int64_t)st.st_mtim.tv_sec * US_PER_S + st.st_mtim.tv_nsec / 1000;
		if (at > *ret_at) {
			*ret_at = at;
			*ret_name = arena_strdup(&p->arena, entry->d_name);
		}
	}
	return *ret_at > 0;
}

static void add_checkpoint(struct run_panel *p, struct app *a, const struct run_model *m, const struct step_row *s,
                           const struct artifact_rows *rows)
{
	const struct artifact_row *newest = NULL;
	const char *name = NULL, *state = "complete";
	int64_t at = 0;
	for (size_t i = 0; i < rows->len; i++)
		if (rows->v[i].role == ROLE_CHECKPOINT && (!newest || rows->v[i].mtime >= newest->mtime))
			newest = &rows->v[i];
	if (newest) {
		name = path_base(newest->path);
		at = newest->mtime;
	} else if (!s->reused_attempt && newest_entry(p, a, m, s, &name, &at)) {
		state = p->attempt.state == ATTEMPT_RUNNING ? "newest" : "";
	}
	if (!name)
		return;
	char clock[16];
	time_clock(at, clock);
	line(p, "checkpoint");
	span(p, ROLE_TEXT, "%s", name);
	span(p, ROLE_QUIET, "%s%s", *state ? "  " : "", state);
	if (at)
		span(p, ROLE_QUIET, "  %.8s", clock);
}

static int open_log(const struct run_panel *p, struct app *a, int64_t *ret_size)
{
	_free_ char *path = mem_printf("%s/%s/log", a->project->jig, p->attempt.folder);
	struct stat st;
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	*ret_size = fd >= 0 && fstat(fd, &st) == 0 ? st.st_size : 0;
	return fd;
}

static void add_log(struct run_panel *p, struct app *a)
{
	static char tail[LOG_TAIL];
	_close_ int fd = open_log(p, a, &p->log_size);
	int64_t from = p->log_size > LOG_TAIL ? p->log_size - LOG_TAIL : 0;
	ssize_t n = fd < 0 ? 0 : pread(fd, tail, LOG_TAIL, from);
	const char *lines[LOG_LINES];
	size_t lens[LOG_LINES];
	int found = 0;
	for (ssize_t end = n; end > 0 && found < LOG_LINES;) {
		ssize_t begin = end - 1;
		if (tail[begin] == '\n') {
			end--;
			if (end == 0)
				break;
			begin = end - 1;
		}
		while (begin > 0 && tail[begin - 1] != '\n')
			begin--;
		lines[found] = tail + begin;
		lens[found++] = (size_t)(end - begin);
		end = begin;
	}
	if (!found)
		return;
	blank(p);
	line(p, NULL);
	span(p, ROLE_QUIET, "log");
	while (found-- > 0) {
		struct log_line text = LOG_LINE_INIT;
		log_line_set_text(&text, lines[found], lens[found]);
		line(p, NULL);
		span(p, ROLE_TEXT, "  %s", text.text.data);
		log_line_release(&text);
	}
}

bool run_panel_stale(const struct run_panel *p, struct app *a)
{
	int64_t size;
	if (p->step < 0 || !p->begun || p->attempt.state != ATTEMPT_RUNNING || !p->attempt.folder)
		return false;
	_close_ int fd = open_log(p, a, &size);
	return fd >= 0 && size != p->log_size;
}

static int add_attempt(struct run_panel *p, struct app *a, const struct run_model *m, const struct step_row *s,
                       struct err *e)
{
	struct artifact_rows files;
	int r;
	add_error(p, a, m);
	if ((r = query_attempt_artifacts(a->tracker, p->attempt.id, &p->arena, &files, e)) < 0)
		return r;
	blank(p);
	add_files(p, &files, "inputs", ROLE_IN, ROLE_IN);
	add_files(p, &files, "outputs", ROLE_OUT, ROLE_METRIC);
	add_env(p);
	if ((r = add_usage(p, a, e)) < 0 || (r = add_metrics(p, a, e)) < 0)
		return r;
	size_t before = p->lines.len;
	blank(p);
	size_t with_blank = p->lines.len;
	add_checkpoint(p, a, m, s, &files);
	if (p->lines.len == with_blank)
		p->lines.len = before;
	bool silent = p->attempt.state == ATTEMPT_FAILED && !p->attempt.error_message;
	if (p->attempt.folder && (p->attempt.state == ATTEMPT_RUNNING || silent))
		add_log(p, a);
	return 0;
}

int run_panel_load(struct run_panel *p, struct app *a, const struct run_model *m, const struct dag_view *v,
                   struct err *e)
{
	int step = dag_view_step(v), r = 0;
	bool same = p->lines.len > 0 && step == p->step;
	arena_release(&p->arena);
	vec_clear(&p->lines);
	p->step = step;
	p->begun = false;
	p->error_path = NULL;
	p->log_size = 0;
	p->nfolded = dag_view_folded(v, &p->base);
	p->tally = dag_view_tally(v);
	if (!same)
		p->top = 0;
	if (step < 0)
		return 0;
	const struct step_row *s = &m->steps.v[step];
	const struct attempt_row *newest = run_model_attempt(m, step);
	if ((r = tracker_read_begin(a->tracker, e)) >= 0) {
		if (s->reused_attempt) {
			r = query_attempt(a->tracker, s->reused_attempt, &p->arena, &p->attempt, e);
			p->begun = r >= 0;
		} else if (newest) {
			p->attempt = *newest;
			p->begun = true;
		}
		if (r >= 0)
			r = add_reason(p, a, m, s, e);
		if (r >= 0 && p->begun)
			r = add_attempt(p, a, m, s, e);
	}
	tracker_read_end(a->tracker);
	return r < 0 ? r : 0;
}

bool run_panel_act(struct run_panel *p, enum action action)
{
	int before = p->top, page = p->shown > 2 ? p->shown - 1 : 1, last = p->rows > p->shown ? p->rows - p->shown : 0;
	switch (action) {
	case ACT_UP: p->top--; break;
	case ACT_DOWN: p->top++; break;
	case ACT_PAGE_UP: p->top -= page; break;
	case ACT_PAGE_DOWN: p->top += page; break;
	case ACT_FIRST: p->top = 0; break;
	case ACT_LAST: p->top = last; break;
	default: break;
	}
	p->top = p->top > last ? last : p->top;
	p->top = p->top < 0 ? 0 : p->top;
	return p->top != before;
}

/* Where the next row is drawn; rows outside are counted only. */
struct pen { struct grid *g; struct rect r; int row; };

static bool visible(const struct pen *n)
{
	return n->row >= 0 && n->row < n->r.rows;
}

static void draw_wrapped(struct pen *n, int indent, enum role role, const char *text)
{
	/* Blanks in front are those of all rows. */
	int blanks = (int)strspn(text, " "), width = n->r.cols - indent - blanks;
	size_t len = strlen(text += blanks);
	indent += blanks;
	if (width < 4)
		return;
	for (int rows = 0; len > 0 && rows < 4; rows++) {
		size_t next, fit = wrap_row(text, len, width, &next);
		bool last = rows == 3 && fit < len;
		_free_ char *part = mem_strndup(text, last ? len : fit);
		if (visible(n))
			grid_text_cut(n->g, n->r.row + n->row, n->r.col + indent, width, role, part);
		n->row++;
		text += next;
		len -= next;
	}
}

static void draw_line(struct pen *n, const struct panel_line *l)
{
	int at = l->head ? HEAD_CELLS : 0;
	if (l->head && visible(n))
		grid_text_cut(n->g, n->r.row + n->row, n->r.col,
		              HEAD_CELLS - 1 < n->r.cols ? HEAD_CELLS - 1 : n->r.cols, ROLE_QUIET, l->head);
	if (l->wrap && l->nspans == 1) {
		draw_wrapped(n, at, l->spans[0].role, l->spans[0].text);
		return;
	}
	for (int i = 0; i < l->nspans && visible(n) && at < n->r.cols; i++)
		at += grid_text_cut(n->g, n->r.row + n->row, n->r.col + at, n->r.cols - at, l->spans[i].role,
		                    l->spans[i].text);
	n->row++;
}

static void draw_head(const struct run_panel *p, const struct run_model *m, struct pen *n, int64_t now)
{
	const struct step_row *s = &m->steps.v[p->step];
	const struct word *w = word_of(WORDS_STEP_STATE, s->state);
	const char *said = step_state_said(s->state);
	int row = n->r.row + n->row, at = 0, width = n->r.cols;
	_buf_ struct buf name = BUF_INIT, tail = BUF_INIT;
	buf_adds(&name, s->name);
	if (p->begun && !s->reused_attempt)
		buf_addf(&name, " @%d", p->attempt.n);
	if (p->begun && !s->reused_attempt) {
		char end[64], took[24];
		attempt_end_text(&p->attempt, end);
		attempt_clock(&p->attempt, now, took);
		if (*end && strcmp(end, said) != 0)
			buf_addf(&tail, "  %s", end);
		buf_addf(&tail, "   %s", took);
	}
	int wanted = (int)utf8_cells(name.data, name.len), behind = 4 + (int)utf8_cells(tail.data, tail.len),
	    word = 1 + (int)utf8_cells(said, strlen(said));
	/* Where there is little room the glyph tells the state alone. */
	bool spelled = wanted + behind + word <= width || tail.len == 0;
	behind += spelled ? word : 0;
	if (visible(n)) {
		at += grid_text_cut(n->g, row, n->r.col, width - behind > 8 ? width - behind : width, ROLE_STRONG,
		                    name.data);
		if (width - at > 3)
			at += 3 + grid_textf(n->g, row, n->r.col + at + 3, width - at - 3, role_find(w->role), "%s%s%s",
			                     w->glyph, spelled ? " " : "", spelled ? said : "");
		if (width > at)
			grid_text(n->g, row, n->r.col + at, width - at, ROLE_TEXT, tail.data);
	}
	n->row++;
}

static void draw_folded(const struct run_panel *p, struct pen *n)
{
	const struct dag_tally *t = &p->tally;
	int row = n->r.row + n->row, col = n->r.col, end = n->r.col + n->r.cols;
	if (visible(n)) {
		col += grid_text_cut(n->g, row, col, end - col, ROLE_STRONG, p->base);
		col += grid_textf(n->g, row, col, end - col, ROLE_QUIET, " ×%d  ", t->n);
		if (t->failed)
			col += grid_textf(n->g, row, col, end - col, ROLE_FAILED, " %d✗", t->failed);
		if (t->done)
			col += grid_textf(n->g, row, col, end - col, ROLE_SUCCESS, " %d✓", t->done);
		if (t->running)
			col += grid_textf(n->g, row, col, end - col, ROLE_RUNNING, " %d▶", t->running);
		if (t->waiting)
			grid_textf(n->g, row, col, end - col, ROLE_QUIET, " %d waiting", t->waiting);
	}
	n->row += 2;
}

void run_panel_draw(struct run_panel *p, const struct run_model *m, struct grid *g, struct rect r, bool focused,
                    int64_t now)
{
	struct pen n = { .g = g, .r = r, .row = -p->top };
	p->shown = r.rows;
	if (p->step < 0 || r.rows <= 0 || r.cols <= 0)
		return;
	int head = r.row + n.row + (p->nfolded > 1 ? 2 : 0);
	if (p->nfolded > 1)
		draw_folded(p, &n);
	draw_head(p, m, &n, now);
	for (size_t i = 0; i < p->lines.len; i++)
		draw_line(&n, &p->lines.v[i]);
	p->rows = n.row + p->top;
	if (focused && head >= r.row)
		grid_attr(g, head, r.col, r.cols, CELL_CURSOR);
}
