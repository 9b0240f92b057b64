/* How the runs are drawn, and what the title line says of them. */
#include "tui/workbench/view_runs_parts.h"

#include "base/text.h"
#include "base/time.h"

enum {
	STRIP_FROM = 9, /* rows from which on there is place for the strip */
	STRIP_ROWS = 3,
};

static bool is_marked(const struct view_runs *w, int64_t run)
{
	for (size_t i = 0; i < w->marks.len; i++)
		if (w->marks.v[i] == run)
			return true;
	return false;
}

static void draw_empty(const struct view_runs *w, struct grid *g, struct rect r)
{
	int row = r.row + (r.rows > 4 ? 2 : 0);

	if (w->filter) {
		grid_text(g, row, r.col + 3, r.cols - 3, ROLE_TEXT,
		          runs_list_pending(w->list) ? "looking …" : "no run matches");
		grid_text(g, row + 1, r.col + 3, r.cols - 3, ROLE_QUIET, "Esc shows all again");
		return;
	}
	grid_text(g, row, r.col + 3, r.cols - 3, ROLE_TEXT, "no run yet");
	grid_text(g, row + 1, r.col + 3, r.cols - 3, ROLE_QUIET, "`jig run` makes the first one; + does so from here");
}

void view_runs_draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_runs *w = of(v);
	bool strip = r.rows >= STRIP_FROM;
	int rows = r.rows - 1 - (strip ? STRIP_ROWS : 0);
	struct runs_table_row *shown;
	size_t n = 0;

	w->drawn_at = time_mono();
	if (rows < 1)
		rows = 1;
	if (w->rows != rows) {
		w->rows = rows;
		if (w->at >= w->top + visible(w))
			w->top = w->at - visible(w) + 1;
		if (w->top + visible(w) > len(w))
			w->top = len(w) > visible(w) ? len(w) - visible(w) : 0;
		app_work(a, v);
	}
	if (!len(w)) {
		draw_empty(w, g, r);
		return;
	}
	shown = mem_zero((size_t)rows * sizeof *shown);
	for (; n < (size_t)rows && w->top + n < len(w); n++) {
		int64_t entry = runs_list_entry(w->list, w->top + n);
		const struct runs_item *item = runs_list_item(w->list, w->top + n);

		shown[n] = (struct runs_table_row){
		        .item = item, .cursor = w->top + n == w->at, .marked = is_marked(w, entry)};
		if (item && entry < 0)
			shown[n].open = runs_list_is_open(w->list, -entry);
		else if (item && item->row.sweep)
			shown[n].inside = runs_list_is_open(w->list, item->row.sweep);
	}
	runs_table_draw(&w->table, g, (struct rect){r.row, r.col, rows + 1, r.cols}, shown, n, time_now());
	free(shown);
	if (!strip)
		return;
	grid_rule(g, r.row + r.rows - STRIP_ROWS, r.col + 1, r.cols - 2);
	runs_strip_draw(&w->strip, g, (struct rect){r.row + r.rows - STRIP_ROWS + 1, r.col, STRIP_ROWS - 1, r.cols});
}

void view_runs_draw_title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	struct view_runs *w = of(v);
	char count[32] = "…";

	buf_addf(trail, "%s ▸ runs", a->project ? a->project->name : "jig");
	if (!w->list)
		return;
	if (w->marks.len)
		buf_addf(facts, "%zu marked · ", w->marks.len);
	if (w->filter && !w->typing) {
		if (runs_list_matching(w->list) >= 0)
			count_text(runs_list_matching(w->list), count);
		buf_addf(facts, "%s: %s of ", w->filter, count);
	}
	count_text(runs_list_total(w->list), count);
	buf_addf(facts, "%s run%s", count, runs_list_total(w->list) == 1 ? "" : "s");
	if (runs_list_live(w->list))
		buf_addf(facts, " · %lld live", (long long)runs_list_live(w->list));
	if (w->git && *w->git)
		buf_addf(facts, " · %s%s", w->git, w->dirty ? "*" : "");
}
