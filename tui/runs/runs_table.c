#include "tui/runs/runs_table.h"

#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "tui/spark.h"

enum { BAR_CELLS = 7, TEXT_MOST = 24, NOTE_MOST = 40, MARGIN = 3, GAP = 2 };

/* What stands in one cell: a text, behind it others in roles of their own. */
struct part { const char *text; enum role role; };
struct cell_text { struct part parts[5]; int n, cells, left; /* cells before the decimal point */ bool spark; };

void runs_table_release(struct runs_table *t)
{
	runs_columns_release(&t->columns);
	free(t->places);
	t->places = NULL;
	t->nplaces = 0;
}

void runs_table_changed(struct runs_table *t)
{
	free(t->places);
	t->nplaces = t->columns.len;
	t->places = mem_zero(t->nplaces * sizeof *t->places + 1);
}

static int cells_of(const char *text)
{
	return (int)utf8_cells(text, strlen(text));
}

static void add(struct cell_text *c, enum role role, const char *text)
{
	if (!*text || c->n == (int)ARRAY_LEN(c->parts))
		return;
	c->parts[c->n++] = (struct part){text, role};
	c->cells += cells_of(text);
}

static const char *repeat(struct arena *a, const char *sign, int n)
{
	size_t size = strlen(sign);
	char *text = arena_alloc(a, (size_t)n * size + 1);

	for (int i = 0; i < n; i++)
		memcpy(text + (size_t)i * size, sign, size);
	text[(size_t)n * size] = '\0';
	return text;
}

/* "▓▓▓▓▒░░ 4/7", "▓▓✗···· train", "▓▓▓▓▓▓▓" */
static void add_bar(struct cell_text *c, struct arena *a, const struct runs_item *item)
{
	const struct run_row *r = &item->row;
	int cells = r->nsteps < BAR_CELLS ? r->nsteps : BAR_CELLS, well, running = 0, failed = r->nfailed > 0;
	bool live = runs_item_live(item);

	if (!cells)
		return;
	well = (int)((int64_t)r->nwell * cells / r->nsteps);
	if (well > cells - failed)
		well = cells - failed;
	if (live && item->progress.nrunning)
		running = (item->progress.nrunning * cells + r->nsteps - 1) / r->nsteps;
	if (running > cells - well - failed)
		running = cells - well - failed;
	add(c, live ? ROLE_RUNNING : ROLE_QUIET, repeat(a, "▓", well));
	if (failed)
		add(c, ROLE_FAILED, "✗");
	add(c, ROLE_RUNNING, repeat(a, "▒", running));
	add(c, ROLE_QUIET, repeat(a, live ? "░" : "·", cells - well - running - failed));
	if (failed && item->progress.failed)
		add(c, ROLE_FAILED, arena_printf(a, " %s", item->progress.failed));
	else if (r->state != RUN_SUCCESS)
		add(c, ROLE_TEXT, arena_printf(a, " %d/%d", r->nwell, r->nsteps));
}

static void add_sweep(struct cell_text *c, struct arena *a, const struct runs_column *col, const struct runs_item *item,
                      bool open, int64_t now)
{
	const struct sweep_row *s = &item->sweep;
	enum run_state state = s->nlive      ? RUN_RUNNING
	                       : s->nsuccess ? RUN_SUCCESS
	                       : s->nfailed  ? RUN_FAILED
	                                     : RUN_STOPPED;
	const struct word *w = word_of(WORDS_RUN_STATE, state);
	char text[32] = "", high[32];

	switch ((int)col->kind) {
	case FACT_NUMBER: add(c, ROLE_ACCENT, open ? "▾" : "▸"); break;
	case FACT_STATE: add(c, role_find(w->role), arena_printf(a, "%s sweep", w->glyph)); break;
	case FACT_NAME:
		add(c, ROLE_STRONG, *item->axes ? item->axes : "sweep");
		add(c, ROLE_TEXT, arena_printf(a, " ×%d", s->nruns));
		break;
	case FACT_AGE:
		duration_age(now > s->created ? now - s->created : 0, text);
		add(c, ROLE_QUIET, arena_strdup(a, text));
		break;
	case FACT_TIME:
		duration_clock(s->elapsed_us, text);
		add(c, ROLE_TEXT, arena_strdup(a, text));
		break;
	case FACT_STEPS:
		if (s->nlive)
			add(c, ROLE_RUNNING, arena_printf(a, "%d▶ ", s->nlive));
		add(c, ROLE_TEXT, arena_printf(a, "%d✓", s->nsuccess));
		if (s->nfailed)
			add(c, ROLE_FAILED, arena_printf(a, " %d✗", s->nfailed));
		if (s->nother)
			add(c, ROLE_LOST, arena_printf(a, " %d◌", s->nother));
		break;
	case FACT_METRIC:
		if (!item->ranged || strcmp(col->key, item->range_key))
			break;
		number_short(item->range.low, text);
		number_short(item->range.high, high);
		if (strcmp(text, high) == 0) {
			add(c, ROLE_TEXT, arena_strdup(a, text));
			break;
		}
		add(c, item->lower ? ROLE_BEST : ROLE_TEXT, arena_strdup(a, text));
		add(c, ROLE_QUIET, "…");
		add(c, item->lower ? ROLE_TEXT : ROLE_BEST, arena_strdup(a, high));
		break;
	}
}

static void add_spark(struct cell_text *c, struct arena *a, const struct runs_item *item, const char *key)
{
	for (int i = 0; i < item->nsparks; i++) {
		_buf_ struct buf text = BUF_INIT;

		if (strcmp(item->sparks[i].key, key))
			continue;
		spark_text(&text, item->sparks[i].v, item->sparks[i].n, SPARK_CELLS);
		add(c, runs_item_live(item) ? ROLE_RUNNING : ROLE_QUIET, arena_strdup(a, text.data));
		c->spark = true;
	}
}

static struct cell_text make_cell(struct arena *a, const struct runs_column *col, const struct runs_table_row *row,
                                  int64_t now)
{
	_buf_ struct buf text = BUF_INIT;
	struct cell_text c = {0};
	struct run_facts facts;
	enum role role;
	const char *t;

	if (!row->item)
		return c;
	if (row->item->entry < 0) {
		add_sweep(&c, a, col, row->item, row->open, now);
		return c;
	}
	if (col->kind == FACT_STEPS) {
		add_bar(&c, a, row->item);
		return c;
	}
	facts = runs_item_facts(row->item);
	role = runs_column_cell(col, &facts, now, &text);
	t = arena_strdup(a, text.data);
	if (col->kind == FACT_NAME && row->inside)
		add(&c, ROLE_RULE, "  ");
	add(&c, role, t);
	if (col->kind == FACT_METRIC) {
		c.left = (int)strcspn(t, ".e");
		add_spark(&c, a, row->item, col->key);
	}
	return c;
}

static int text_most(const struct runs_column *c)
{
	return c->kind == FACT_NOTE ? NOTE_MOST : c->kind == FACT_STATE ? 12 : TEXT_MOST;
}

/* Makes room for the cell in its column. */
static void widen(struct runs_table_place *p, const struct runs_column *col, const struct cell_text *c)
{
	int spark = c->spark ? cells_of(c->parts[c->n - 1].text) : 0, cells = c->cells - spark, most = text_most(col);

	if (runs_column_align(col) == ALIGN_POINT && c->n && c->left) {
		p->left = c->left > p->left ? c->left : p->left;
		p->right = cells - c->left > p->right ? cells - c->left : p->right;
		p->spark = spark > p->spark ? spark : p->spark;
		return;
	}
	cells = cells > most ? most : cells;
	if (runs_column_align(col) == ALIGN_POINT)
		p->whole = cells > p->whole ? cells : p->whole;
	else if (cells > p->left + p->right)
		p->left = cells - p->right;
}

static int width_of(const struct runs_table_place *p, const struct runs_column *col)
{
	int title = cells_of(runs_column_title(col)), width = p->left + p->right + (p->spark ? 1 + p->spark : 0);

	width = width > p->whole ? width : p->whole;
	title = title > TEXT_MOST ? TEXT_MOST : title;
	return width > title ? width : title;
}

/* Chooses what is shown within `width` cells, and where. */
static void lay_out(struct runs_table *t, int first, int width)
{
	size_t n = t->columns.len;
	int total;

	for (size_t i = 0; i < n; i++)
		t->places[i].width = width_of(&t->places[i], &t->columns.v[i]);
	for (;;) {
		size_t worst = n;

		total = MARGIN - GAP;
		for (size_t i = 0; i < n; i++)
			total += t->places[i].width ? t->places[i].width + GAP : 0;
		if (total <= width)
			break;
		for (size_t i = 0; i < n; i++)
			if (t->places[i].width && t->columns.v[i].drop &&
			    (worst == n || t->columns.v[i].drop >= t->columns.v[worst].drop))
				worst = i;
		/* Before the last figure goes, the state is its glyph alone, and shapes go. */
		if (worst == n || t->columns.v[worst].drop <= 3) {
			bool narrowed = false;

			for (size_t i = 0; i < n; i++)
				if (t->columns.v[i].kind == FACT_STATE && t->places[i].width > 1) {
					t->places[i].width = 1;
					narrowed = true;
				} else if (t->columns.v[i].kind == FACT_METRIC &&
				           t->places[i].width > t->places[i].left + t->places[i].right &&
				           t->places[i].spark) {
					t->places[i].width = t->places[i].left + t->places[i].right;
					narrowed = true;
				}
			if (narrowed)
				continue;
		}
		if (worst == n)
			break;
		t->places[worst].width = 0;
	}
	total = first + MARGIN;
	for (size_t i = 0; i < n; i++) {
		t->places[i].col = total;
		total += t->places[i].width ? t->places[i].width + GAP : 0;
	}
}

static void draw_cell(struct grid *g, int row, const struct runs_table_place *p, const struct runs_column *col,
                      const struct cell_text *c, int end)
{
	enum align align = runs_column_align(col);
	int at = p->col, spark = c->spark ? 1 : 0, stop = p->col + p->width;

	if (align == ALIGN_POINT && c->left)
		at += p->left - c->left;
	else if (align == ALIGN_RIGHT || (align == ALIGN_POINT && c->n))
		at += p->width > c->cells ? p->width - c->cells : 0;
	if (align == ALIGN_POINT && !c->left)
		at = p->col;
	stop = stop > end ? end : stop;
	for (int i = 0; i < c->n - spark && at < stop; i++)
		at += i == c->n - 1 && p->width > 1 ?
		              grid_text_cut(g, row, at, stop - at, c->parts[i].role, c->parts[i].text) :
		              grid_text(g, row, at, stop - at, c->parts[i].role, c->parts[i].text);
	at = p->col + p->left + p->right + 1;
	if (spark && at < stop)
		grid_text(g, row, at, stop - at, c->parts[c->n - 1].role, c->parts[c->n - 1].text);
}

static void draw_head(const struct runs_table *t, struct grid *g, struct rect r)
{
	for (size_t i = 0; i < t->columns.len; i++) {
		const struct runs_table_place *p = &t->places[i];
		const char *title = runs_column_title(&t->columns.v[i]);
		bool sorted = (int)i == t->sorted, narrow = t->columns.v[i].kind == FACT_STATE && p->width == 1;
		int cells = cells_of(title), at = p->col;

		if (!p->width || narrow)
			continue;
		cells = cells > p->width ? p->width : cells;
		if (runs_column_align(&t->columns.v[i]) == ALIGN_RIGHT)
			at += p->width - cells;
		grid_text_cut(g, r.row, at, p->width, sorted ? ROLE_ACCENT : ROLE_QUIET, title);
		if (sorted && at + cells < r.col + r.cols)
			grid_text(g, r.row, at + cells, 1, ROLE_ACCENT, t->descending ? "↓" : "↑");
	}
}

/* "best: lr 0.05 seed 3" stands where params stand, in a sweep's row. */
static void draw_best(const struct runs_table *t, struct grid *g, int row, struct rect r, const struct runs_item *item)
{
	for (size_t i = 0; item->best && i < t->columns.len; i++) {
		int end = r.col + r.cols, at = t->places[i].col;

		/* The strip tells it too: a part of it is no help here. */
		if (t->columns.v[i].kind != FACT_PARAM || !t->places[i].width ||
		    at + cells_of("best: ") + cells_of(item->best) > end)
			continue;
		at += grid_text(g, row, at, end - at, ROLE_QUIET, "best: ");
		grid_text_cut(g, row, at, end - at, ROLE_BEST, item->best);
		return;
	}
}

void runs_table_draw(struct runs_table *t, struct grid *g, struct rect r, const struct runs_table_row *rows, size_t n,
                     int64_t now)
{
	_arena_ struct arena a = ARENA_INIT;
	size_t cols = t->columns.len;
	struct cell_text *cells;

	if (t->nplaces != cols)
		runs_table_changed(t);
	if (r.rows < 1 || r.cols < 1 || !cols)
		return;
	if (n > (size_t)r.rows - 1)
		n = (size_t)r.rows - 1;
	cells = arena_array(&a, struct cell_text, n * cols + 1);
	for (size_t i = 0; i < n; i++)
		for (size_t k = 0; k < cols; k++) {
			cells[i * cols + k] = make_cell(&a, &t->columns.v[k], &rows[i], now);
			widen(&t->places[k], &t->columns.v[k], &cells[i * cols + k]);
		}
	lay_out(t, r.col, r.cols);
	draw_head(t, g, r);
	for (size_t i = 0; i < n; i++) {
		int row = r.row + 1 + (int)i;

		for (size_t k = 0; k < cols; k++)
			if (t->places[k].width)
				draw_cell(g, row, &t->places[k], &t->columns.v[k], &cells[i * cols + k],
				          r.col + r.cols);
		if (rows[i].item && rows[i].item->entry < 0)
			draw_best(t, g, row, r, rows[i].item);
		if (rows[i].marked)
			grid_text(g, row, r.col + 1, 1, ROLE_ACCENT, "●");
		else if (rows[i].cursor)
			grid_text(g, row, r.col + 1, 1, ROLE_ACCENT, "▌");
		if (rows[i].cursor)
			grid_attr(g, row, r.col, r.cols, CELL_CURSOR);
	}
}

int runs_table_column_at(const struct runs_table *t, int col)
{
	for (size_t i = 0; i < t->nplaces; i++)
		if (t->places[i].width && col >= t->places[i].col && col < t->places[i].col + t->places[i].width + 1)
			return (int)i;
	return -1;
}
