#include "tui/live.h"

#include <limits.h>
#include <string.h>
#include <sys/ioctl.h>
#include "base/time.h"
#include "base/utf8.h"
#include "tui/live_text.h"

#define FINAL_STEPS 60 /* step lines that the last frame may have however low the terminal is */
#define BAR 10
#define NARROW 60      /* below that the words need the cells of the progress bar */
#define ERROR_AT 6     /* column of what stands below a failed step */
#define ERROR_ROWS 3
#define NOTE_AT 2      /* column of a remark, and of what goes on below it */
#define NOTE_MORE_AT 4

struct drawn { char *text; int cells; };

struct live_view {
	int fd;
	struct paint paint;
	struct drawn *lines; /* of the last frame; the cursor stands below them */
	int nlines, rows, cols;
	int name_cells, nsteps; /* widest name, and for how many steps that was found out */
};

struct live_view *live_view_new(int fd, const struct paint *p)
{
	struct live_view *v = mem_zero(sizeof *v);
	v->fd = fd;
	v->paint = *p;
	return v;
}

static void forget_lines(struct live_view *v)
{
	for (int i = 0; i < v->nlines; i++)
		free(v->lines[i].text);
	free(v->lines);
	v->lines = NULL;
	v->nlines = 0;
}

void live_view_free(struct live_view *v)
{
	if (!v)
		return;
	forget_lines(v);
	free(v);
}

static void find_size(const struct live_view *v, int *rows, int *cols)
{
	struct winsize size = { 0 };
	if (*rows > 0 && *cols > 0)
		return;
	if (ioctl(v->fd, TIOCGWINSZ, &size) < 0 || size.ws_row == 0 || size.ws_col == 0)
		size = (struct winsize){ .ws_row = 24, .ws_col = 80 };
	*rows = size.ws_row;
	*cols = size.ws_col;
}

/* Which steps get a line when not all can: what failed, what runs, what comes next, then what ended last. */
static int rank_of(enum step_state s)
{
	switch (s) {
	case STEP_FAILED:
	case STEP_LOST: return 0;
	case STEP_RUNNING:
	case STEP_RETRYING: return 1;
	case STEP_STOPPED: return 2;
	case STEP_QUEUED: return 3;
	case STEP_PENDING: return 4;
	default: return 5;
	}
}

/* Marks up to `budget` steps. Failures leave a third of the lines to what still runs. */
static void choose(const struct run_live *r, int budget, bool *chosen)
{
	int by_rank[6] = { 0 }, allowed[6], left = budget;
	for (int i = 0; i < r->nsteps; i++)
		by_rank[rank_of(r->steps[i].state)]++;
	for (int k = 0; k < 6; k++)
		allowed[k] = by_rank[k];
	int moving = by_rank[1] < budget / 3 ? by_rank[1] : budget / 3;
	if (allowed[0] > budget - moving)
		allowed[0] = budget - moving;
	for (int k = 0; k < 6; k++) {
		if (allowed[k] > left)
			allowed[k] = left;
		left -= allowed[k];
	}
	for (int i = 0; i < r->nsteps; i++) {
		int k = rank_of(r->steps[i].state);
		if (k == 5 || allowed[k] == 0)
			continue;
		allowed[k]--;
		chosen[i] = true;
	}
	for (int i = r->nsteps - 1; i >= 0 && allowed[5] > 0; i--) {
		if (rank_of(r->steps[i].state) != 5)
			continue;
		allowed[5]--;
		chosen[i] = true;
	}
}

/* "  … 118 ✓ · 4 ⟲ · 850 ·": the steps without a line. */
static void put_folded(struct pen *p, const struct run_live *r, const bool *chosen)
{
	static const enum step_state order[] = {STEP_SUCCESS, STEP_REUSED,  STEP_FAILED,          STEP_LOST,
	                                        STEP_STOPPED, STEP_SKIPPED, STEP_UPSTREAM_FAILED, STEP_RUNNING,
	                                        STEP_RETRYING};
	int by_state[STEP_LOST + 1] = { 0 };
	for (int i = 0; i < r->nsteps; i++)
		if (!chosen[i])
			by_state[r->steps[i].state]++;
	bool any = false;
	p->col = 2;
	for (size_t i = 0; i < ARRAY_LEN(order); i++) {
		struct live_step like = { .state = order[i] };
		if (by_state[order[i]] == 0)
			continue;
		pen_put(p, ROLE_QUIET, any ? " · " : "");
		pen_putf(p, live_role(&like), "%d %s", by_state[order[i]], live_glyph(&like));
		any = true;
	}
	int waiting = by_state[STEP_PENDING] + by_state[STEP_QUEUED];
	if (waiting)
		pen_putf(p, ROLE_QUIET, "%s%d waiting", any ? " · " : "", waiting);
}

static void put_bar(struct pen *p, int64_t part, int64_t whole, int cells)
{
	int full = whole > 0 ? (int)((double)part / (double)whole * cells) : 0;
	for (int i = 0; i < cells; i++)
		grid_put(p->g, p->row, p->col++, i < full ? 0x2593 : 0x2591, i < full ? ROLE_RUNNING : ROLE_QUIET);
}

/* An error that is too long for the rest of its step's line goes on below, whole as far as there is room. Returns the
 * rows used. */
static int put_long_error(struct pen *p, const struct live_step *s, int room)
{
	_buf_ struct buf place = BUF_INIT, message = BUF_INIT, text = BUF_INIT;
	live_error_parts(s, &place, &message);
	utf8_visible(&text, message.data, message.len, false);
	size_t needed = utf8_cells(place.data, place.len) + 1 + utf8_cells(text.data, text.len);
	int wide = p->g->cols - ERROR_AT, left = p->g->cols - p->col, used = 0;
	if (needed <= (size_t)(left > 0 ? left : 0) || room < 1 || wide < 1)
		return -1;
	pen_put(p, ROLE_TEXT, place.data);
	room = room < ERROR_ROWS ? room : ERROR_ROWS;
	for (const char *rest = text.data; *rest && used < room; used++) {
		size_t n = used + 1 < room ? utf8_fit(rest, strlen(rest), (size_t)wide) : strlen(rest);
		_free_ char *part = mem_strndup(rest, n);
		p->row++;
		p->col = ERROR_AT;
		pen_put(p, ROLE_TEXT, part);
		rest += n;
	}
	return used;
}

/* Returns the rows used below the step's own, at most `room`. */
static int put_step(struct pen *p, const struct run_live *r, const struct live_step *s, int name_cells,
                    int64_t now_mono, int room)
{
	int below;
	int64_t time = live_time(s, now_mono);
	live_put_head(p, s, name_cells, now_mono);
	if (s->state == STEP_RUNNING && s->expected > 0 && p->g->cols - p->col >= BAR + 16) {
		/* The bar never says that a step has ended. */
		put_bar(p, time < s->expected ? time : s->expected - 1, s->expected, BAR);
		p->col += 2;
	}
	if (s->state == STEP_FAILED && (below = put_long_error(p, s, room)) >= 0)
		return below;
	live_news(p, r, s);
	return 0;
}

/* The last lines of a failed step's log, without what repeats its error. Returns the rows used. */
static int put_last_lines(struct pen *p, const struct live_step *s, int room)
{
	int used = 0;
	for (int i = 0; i < s->nlast_lines && used < room; i++) {
		if (!s->last_lines[i] || (s->error_message && strstr(s->last_lines[i], s->error_message)))
			continue;
		p->col = ERROR_AT;
		pen_put(p, ROLE_QUIET, "│ ");
		pen_put(p, ROLE_QUIET, s->last_lines[i]);
		p->row++;
		used++;
	}
	return used;
}

/* The bytes of the text that make a line of so many cells: up to a blank if there is one. Never 0. */
static size_t line_fit(const char *text, int cells)
{
	size_t n = utf8_fit(text, strlen(text), (size_t)(cells > 2 ? cells : 2)), end = n;
	if (!text[n] || text[n] == ' ')
		return n;
	while (end > 0 && text[end - 1] != ' ')
		end--;
	return end > 0 ? end : n;
}

/* A remark in as many rows as it needs, loud when it begins with "!"; its end is the way out; in the last row that
 * there is room for it is cut. p NULL: they are only counted. Returns the rows. */
static int put_note(struct pen *p, const char *note, int cols, int room)
{
	_buf_ struct buf text = BUF_INIT;
	enum role role = note[0] == '!' ? ROLE_STOPPED : ROLE_QUIET;
	int used = 0;
	utf8_visible(&text, note, strlen(note), false);
	for (const char *rest = text.data; *rest && used < room; used++) {
		int at = used ? NOTE_MORE_AT : NOTE_AT;
		size_t n = used + 1 < room ? line_fit(rest, cols - at) : strlen(rest);
		_free_ char *part = mem_strndup(rest, n);
		if (p) {
			p->col = at;
			pen_put(p, role, part);
			p->row++;
		}
		rest += n;
		rest += strspn(rest, " ");
	}
	return used;
}

static int note_rows(const struct run_live *r, int cols)
{
	int rows = 0;
	for (int i = 0; i < r->nnotes; i++)
		rows += put_note(NULL, r->notes[i], cols, INT_MAX);
	if (r->held)
		rows += put_note(NULL, r->held, cols, INT_MAX);
	return rows;
}

static void put_progress(struct pen *p, const struct run_live *r, int64_t now_mono)
{
	int ended = 0, running = 0;
	for (int i = 0; i < r->nsteps; i++) {
		ended += live_done(&r->steps[i]);
		running += r->steps[i].state == STEP_RUNNING;
	}
	char clock[24];
	duration_clock(r->started > 0 && now_mono > r->started ? now_mono - r->started : 0, clock);
	p->col = 2;
	if (p->g->cols >= NARROW) {
		put_bar(p, ended, r->nsteps, BAR);
		p->col += 2;
	}
	pen_putf(p, ROLE_TEXT, "%d of %d", ended, r->nsteps);
	pen_putf(p, ROLE_TEXT, " · %s", clock);
	if (r->expected_left >= US_PER_S) {
		duration_clock(r->expected_left, clock);
		pen_putf(p, ROLE_TEXT, " · about %s left", clock);
	}
	if (running > 0)
		pen_putf(p, ROLE_QUIET, " · %d running", running);
	if (r->stopping)
		pen_put(p, ROLE_STOPPED, " · stopping, Ctrl-C again: at once");
	else if (r->paused)
		pen_put(p, ROLE_STOPPED, " · paused");
}

static int name_width(struct live_view *v, const struct run_live *r, int width)
{
	if (v->nsteps != r->nsteps) {
		v->nsteps = r->nsteps;
		v->name_cells = live_name_cells(r, INT_MAX);
	}
	int most = width > 100 ? 40 : width * 2 / 5;
	return v->name_cells < most ? v->name_cells : most;
}

/* Draws the frame into g and returns its rows, at most `height`. */
static int compose(struct live_view *v, const struct run_live *r, int64_t now_mono, struct grid *g, int height,
                   bool final)
{
	int foot = final ? LIVE_CLOSING : 1, budget = height - foot - 1;
	struct pen p = { .g = g };
	if (height > foot) {
		live_put_title(&p, r);
		p.row++;
	}
	if (budget < 0)
		budget = 0;
	/* Steps go before remarks, but the last frame has room for these. */
	int note_room = final ? note_rows(r, g->cols) : budget - r->nsteps;
	for (int i = 0; i < r->nnotes && note_room > 0; i++) {
		int used = put_note(&p, r->notes[i], g->cols, note_room);
		note_room -= used;
		budget -= used;
	}
	if (r->held && note_room > 0)
		budget -= put_note(&p, r->held, g->cols, note_room);
	_free_ bool *chosen = mem_zero((size_t)r->nsteps + 1);
	bool folded = r->nsteps > budget;
	choose(r, folded && budget > 0 ? budget - 1 : budget, chosen);
	if (folded && budget > 0) {
		put_folded(&p, r, chosen);
		p.row++;
	}
	int name_cells = name_width(v, r, g->cols), spare = folded ? 0 : budget - r->nsteps;
	for (int i = 0; i < r->nsteps; i++) {
		if (!chosen[i])
			continue;
		spare -= put_step(&p, r, &r->steps[i], name_cells, now_mono, spare);
		p.row++;
		if (r->steps[i].state == STEP_FAILED)
			spare -= put_last_lines(&p, &r->steps[i], spare);
	}
	p.col = 0;
	if (final)
		return p.row + live_put_summary(&p, r);
	put_progress(&p, r, now_mono);
	return p.row + 1;
}

/* Puts the cursor at the start of the line `up` lines above. */
static void go_up(struct buf *out, int up)
{
	if (up > 0)
		buf_addf(out, "\033[%dA", up);
}

/* The frame at another size: the terminal may have broken the old lines into several, so all of it is drawn anew. */
static void erase(const struct live_view *v, int rows, int cols, struct buf *out)
{
	int up = 0;
	for (int i = 0; i < v->nlines; i++)
		up += v->lines[i].cells > cols ? (v->lines[i].cells + cols - 1) / cols : 1;
	buf_addc(out, '\r');
	go_up(out, up < rows - 1 ? up : rows - 1);
	buf_adds(out, "\033[J");
}

/* Writes the lines that differ; the cursor starts and ends below the last line. */
static void write_changes(const struct live_view *v, const struct drawn *lines, int n, struct buf *out)
{
	int common = n < v->nlines ? n : v->nlines, first = 0;
	while (first < common && strcmp(lines[first].text, v->lines[first].text) == 0)
		first++;
	if (first == n && n == v->nlines)
		return;
	if (v->nlines > 0)
		buf_addc(out, '\r');
	go_up(out, v->nlines - first);
	for (int i = first; i < n; i++) {
		if (i >= common || strcmp(lines[i].text, v->lines[i].text) != 0) {
			buf_adds(out, lines[i].text);
			if (i < v->nlines)
				buf_adds(out, "\033[K");
		}
		buf_adds(out, "\r\n");
	}
	if (n < v->nlines)
		buf_adds(out, "\033[J");
}

void live_view_frame(struct live_view *v, const struct run_live *r, int64_t now_mono, int rows, int cols, bool final,
                     struct buf *out)
{
	find_size(v, &rows, &cols);
	int height = rows > 2 ? rows - 1 : 1;
	if (final) {
		/* Nothing goes back above the last frame, so it may be taller than the terminal. Of very many steps
		 * the good ones would only push the failed ones out of sight. */
		int lines = r->nsteps * 6;
		if (r->nsteps >= FINAL_STEPS)
			for (int i = lines = 0; i < r->nsteps && lines < FINAL_STEPS; i++)
				lines += rank_of(r->steps[i].state) < 5;
		int wanted = lines + note_rows(r, cols - 1) + 1 + LIVE_CLOSING;
		height = wanted > height ? wanted : height;
	}
	/* The last column stays free: a line that fills it leaves the cursor where terminals disagree. */
	struct grid g;
	grid_init(&g, height, cols > 1 ? cols - 1 : 1);
	int n = compose(v, r, now_mono, &g, height, final);
	struct drawn *lines = mem_zero(((size_t)n + 1) * sizeof *lines);
	for (int i = 0; i < n; i++) {
		_buf_ struct buf line = BUF_INIT;
		grid_row(&g, i, &v->paint, &line);
		lines[i].text = buf_steal(&line);
		for (lines[i].cells = g.cols; lines[i].cells > 0; lines[i].cells--)
			if (g.cells[(size_t)i * (size_t)g.cols + (size_t)lines[i].cells - 1].cp[0] != ' ')
				break;
	}
	grid_release(&g);
	if (v->nlines > 0 && (rows != v->rows || cols != v->cols)) {
		erase(v, rows, cols, out);
		forget_lines(v);
	}
	write_changes(v, lines, n, out);
	forget_lines(v);
	v->lines = lines;
	v->nlines = n;
	v->rows = rows;
	v->cols = cols;
	if (final) {
		/* What comes next is of another run and begins below. */
		forget_lines(v);
		v->nsteps = 0;
	}
}
