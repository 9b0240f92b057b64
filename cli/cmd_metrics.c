#include <math.h>
#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"
#include "cli/run_data.h"
#include "tracker/series.h"
#include "tui/chart/chart.h"
#include "tui/table.h"

#define BATCH 1024
#define CHART_ROWS 14
#define CHART_COLS 80
#define SERIES_MOST 6 /* in one chart; as many as there are roles for them */

/* A field of TSV: tabs and newlines inside are written as \t and \n. */
static void add_field(struct context *c, const char *s)
{
	_buf_ struct buf text = BUF_INIT;
	for (; *s; s++) {
		if (*s == '\t' || *s == '\n' || *s == '\r' || *s == '\\')
			buf_addf(&text, "\\%c", *s == '\t' ? 't' : *s == '\n' ? 'n' : *s == '\r' ? 'r' : '\\');
		else
			buf_addc(&text, *s);
	}
	context_contents(c, text.data);
	buf_addc(&c->out, '\t');
}

static int print_series(struct context *c, const struct metric_row *m, struct err *e)
{
	struct series_cursor cursor = {0};
	struct point points[BATCH];
	int n;
	while ((n = series_read(c->tracker, m->series, &cursor, points, BATCH, e)) > 0) {
		for (int i = 0; i < n; i++) {
			char at[28], value[32];
			time_iso(points[i].ts, at);
			number_exact(points[i].value, value);
			add_field(c, m->key);
			add_field(c, m->step_name);
			buf_addf(&c->out, "%lld\t%s\t%s\n", (long long)points[i].step, at, value);
		}
		int r = context_flush(c, e);
		if (r < 0)
			return r;
	}
	return n;
}

struct curves { struct chart_series v[SERIES_MOST]; int n; };

static void curves_release(struct curves *s)
{
	for (int i = 0; i < s->n; i++)
		pyramid_free(s->v[i].points);
}

static int load_curve(struct context *c, const struct metric_row *m, struct curves *to, struct err *e)
{
	struct series_cursor cursor = {0};
	struct point points[BATCH];
	struct pyramid *p = pyramid_new(0);
	int n;
	to->v[to->n] = (struct chart_series){ .name = m->step_name, .points = p, .look = to->n };
	to->n++;
	while ((n = series_read(c->tracker, m->series, &cursor, points, BATCH, e)) > 0) {
		double x[BATCH], y[BATCH];
		for (int i = 0; i < n; i++) {
			x[i] = (double)points[i].step;
			y[i] = points[i].value;
		}
		pyramid_add(p, x, y, (size_t)n);
	}
	return n;
}

/* Whether a key is among those that were named; all are when none was. */
static bool wanted(const struct context *c, const char *key)
{
	for (int i = 1; i < c->nargs; i++)
		if (!strcmp(c->args[i], key))
			return true;
	return c->nargs < 2;
}

/* One chart for a key: a curve for each step that has it. */
static int plot_key(struct context *c, const struct run_data *d, const char *key, struct err *e)
{
	_cleanup_(curves_release) struct curves curves = {0};
	int r = 0, left_out = 0, width = context_width(c);
	for (size_t i = 0; r >= 0 && i < d->metrics.len; i++) {
		if (strcmp(d->metrics.v[i].key, key))
			continue;
		if (curves.n == SERIES_MOST)
			left_out++;
		else
			r = load_curve(c, &d->metrics.v[i], &curves, e);
	}
	if (r < 0)
		return r;
	struct chart_options o = {
		.log_y = option_flag(c, "log"), .title = key, .x_label = "step", .x_unit = SCALE_INTEGER,
			.ascii = c->paint.ascii
	};
	struct grid g;
	int cols = width ? width : CHART_COLS;
	grid_init(&g, CHART_ROWS, cols);
	chart_draw(&g, (struct rect){ .rows = CHART_ROWS, .cols = cols }, curves.v, curves.n, &o, NULL);
	grid_print(&g, &c->paint, &c->out);
	grid_release(&g);
	if (left_out)
		buf_addf(&c->out, "and %d more steps\n", left_out);
	return 0;
}

static bool drawn_before(const struct run_data *d, size_t i)
{
	for (size_t j = 0; j < i; j++)
		if (!strcmp(d->metrics.v[j].key, d->metrics.v[i].key))
			return true;
	return false;
}

/* Whether no step has a second point of it, and how many have it at all. */
static bool only_points(const struct run_data *d, const char *key, int *ret_steps)
{
	bool only = true;
	*ret_steps = 0;
	for (size_t i = 0; i < d->metrics.len; i++)
		if (!strcmp(d->metrics.v[i].key, key)) {
			++*ret_steps;
			only = only && d->metrics.v[i].count <= 1;
		}
	return only;
}

/* One point makes no curve: a line for it. Returns the number of lines. */
static int list_points(struct context *c, const struct run_data *d)
{
	static const struct table_column columns[] = {{ .min = 1 }, { .align = ALIGN_POINT }, { .drop = 1 }};
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	int lines = 0, steps;
	for (size_t i = 0; i < d->metrics.len; i++) {
		const struct metric_row *m = &d->metrics.v[i];
		char value[32];
		if (!wanted(c, m->key) || !only_points(d, m->key, &steps))
			continue;
		number_short(m->last, value);
		table_row(t);
		table_cell(t, ROLE_TEXT, "%s", m->key);
		table_cell(t, ROLE_TEXT, "%s", value);
		table_cell(t, ROLE_QUIET, "%s", steps > 1 ? m->step_name : "");
		lines++;
	}
	table_print(t, context_width(c), &c->paint, &c->out);
	table_free(t);
	return lines;
}

static int plot(struct context *c, const struct run_data *d, struct err *e)
{
	bool first = list_points(c, d) == 0;
	for (size_t i = 0; i < d->metrics.len; i++) {
		const char *k = d->metrics.v[i].key;
		int steps;
		if (!wanted(c, k) || drawn_before(d, i) || only_points(d, k, &steps))
			continue;
		if (!first)
			buf_addc(&c->out, '\n');
		first = false;
		int r = plot_key(c, d, k, e);
		if (r < 0)
			return r;
	}
	return 0;
}

/* Refuses a key that the run does not have. */
static int check_key(const struct run_data *d, const char *key, struct err *e)
{
	VEC(const char *) keys = {0};
	long long run = d->row.number;
	for (size_t i = 0; i < d->metrics.len; i++) {
		vec_push(&keys, d->metrics.v[i].key);
		if (!strcmp(d->metrics.v[i].key, key)) {
			vec_release(&keys);
			return 0;
		}
	}
	const char *near = text_nearest(key, keys.v, keys.len);
	vec_release(&keys);
	if (near)
		return err_set(
			e, ERR_NOT_FOUND, "run %lld has no metric \"%s\" (did you mean \"%s\"?)", run, key, near);
	return err_set(
		e, ERR_NOT_FOUND, "run %lld has no metric \"%s\"; `jig metrics %lld` gives all of them", run, key, run);
}

static int run_metrics(struct context *c, struct err *e)
{
	_run_data_ struct run_data d = {0};
	int r = run_data_named(c, c->args[0], &d, e);
	for (int i = 1; i < c->nargs && r >= 0; i++)
		r = check_key(&d, c->args[i], e);
	if (r < 0)
		return r;
	if (option_flag(c, "plot"))
		return plot(c, &d, e);
	buf_adds(&c->out, "metric\tstep_name\tstep\ttime\tvalue\n");
	for (size_t i = 0; i < d.metrics.len; i++)
		if (wanted(c, d.metrics.v[i].key) && (r = print_series(c, &d.metrics.v[i], e)) < 0)
			return r;
	return 0;
}

static const struct option_def options[] = {
	{ .name = "plot", .kind = OPTION_FLAG, .text = "draws them" },
	{ .name = "log", .kind = OPTION_FLAG, .text = "with --plot: a logarithmic scale" },
	{ 0 },
};

const struct command cmd_metrics = {
	.name = "metrics",
	.summary = "the series of a run as tab-separated values, or drawn",
	.usage = "RUN [KEY…]",
	.group = GROUP_LOOK,
	.options = options,
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = COMMAND_RECORD,
	.run = run_metrics,
	.text = "Without KEY: all of them. The columns are metric, name of the step, step of the point, time in UTC, "
		"and the exact value (NaN, "
		"Infinity and "
		"-Infinity are written so). The first line names them.",
};
