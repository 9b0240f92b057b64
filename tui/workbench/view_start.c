#include "tui/workbench/view_start.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "tui/lines.h"
#include "tui/workbench/run_actions.h"

struct view_start { struct view view; struct lines lines; };

static void start_free(struct view *v)
{
	struct view_start *s = (struct view_start *)v;

	lines_release(&s->lines);
	free(s);
}

static void fill(struct view_start *s, const char *text, size_t n)
{
	lines_clear(&s->lines);
	while (n) {
		const char *end = memchr(text, '\n', n);
		size_t len = end ? (size_t)(end - text) : n;
		size_t blanks = strspn(text, " ");

		lines_text(&s->lines, blanks < len && text[blanks] == '#' ? ROLE_QUIET : ROLE_TEXT, "%.*s", (int)len,
		           text);
		text += len + (end != NULL);
		n -= len + (end != NULL);
	}
}

static void shown(void *arg, struct app *a, int status, const char *out, size_t n)
{
	fill(arg, out, n);
	app_redraw(a);
}

/* What `jig init` would write, or what `jig plan` says of what is written. */
static int look(struct view_start *s, struct app *a, struct err *e)
{
	static const char *const init[] = { "init", "--print", NULL }, *const plan[] = { "plan", NULL };

	return app_command(a, a->project ? plan : init, shown, s, e);
}

static void written(void *arg, struct app *a, int status, const char *out, size_t n)
{
	struct view_start *s = arg;
	struct err e = { 0 };

	if (status) {
		app_say(a, ROLE_FAILED, "%.*s", (int)strcspn(out, "\n"), text_starts(out, "jig: ") ? out + 5 : out);
		return;
	}
	app_say(a, ROLE_SUCCESS, "%.*s", (int)strcspn(out, "\n"), out);
	if (app_find_project(a, &e) < 0 || look(s, a, &e) < 0)
		app_say(a, ROLE_FAILED, "%s", e.text);
}

static int write_it(void *arg, struct app *a, struct err *e)
{
	static const char *const init[] = { "init", NULL };

	return app_command(a, init, written, arg, e);
}

static int act(struct view *v, struct app *a, enum action action, struct err *e)
{
	struct view_start *s = (struct view_start *)v;

	if (lines_act(&s->lines, action))
		return VIEW_REDRAW;
	if (action != ACT_GO)
		return VIEW_PASS;
	if (a->project)
		return run_act(a, 0, NULL, ACT_NEW_RUN, e);
	app_ask(a, (struct key){ .code = CODE_ENTER }, "write this as jig.yaml here", write_it, s);
	return VIEW_REDRAW;
}

static void draw(struct view *v, struct app *a, struct grid *g, struct rect r)
{
	struct view_start *s = (struct view_start *)v;
	int y = r.row + 1;

	if (a->project) {
		grid_text_cut(g, y++, 2, r.cols - 4, ROLE_STRONG, "No run yet.");
		y++;
		grid_text_cut(g, y++, 2, r.cols - 4, ROLE_TEXT, "Enter starts the first one, as `jig run -d` does.");
		y++;
		grid_text_cut(g, y++, 2, r.cols - 4, ROLE_QUIET, "What jig.yaml would do:");
	} else {
		grid_text_cut(g, y++, 2, r.cols - 4, ROLE_STRONG,
		              "There is no jig.yaml here, nor in the folders above.");
		y++;
		grid_text_cut(g, y++, 2, r.cols - 4, ROLE_TEXT,
		              "Enter writes this one, as `jig init` does. Nothing else is changed.");
	}
	y++;
	lines_draw(&s->lines, g, (struct rect){ y, r.col + 1, r.row + r.rows - y, r.cols - 2 });
}

static void title(struct view *v, struct app *a, struct buf *trail, struct buf *facts)
{
	buf_addf(trail, "%s", a->project ? a->project->name : "a folder without a pipeline");
}

static const enum action foot[] = { ACT_GO, ACT_QUIT, ACT_HELP, ACT_PALETTE, ACT_NONE };
static const struct view_ops ops = { .free = start_free, .draw = draw, .act = act, .title = title, .foot = foot };

struct view *view_start_new(struct app *a)
{
	struct view_start *s = mem_zero(sizeof *s);
	struct err e = { 0 };

	s->view = (struct view){ &ops, SCREEN_START, false };
	if (look(s, a, &e) < 0)
		lines_text(&s->lines, ROLE_FAILED, "%s", e.text);
	return &s->view;
}
