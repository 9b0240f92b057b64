#include <string.h>
#include "tui/workbench/app_parts.h"
#include "tui/workbench/view_help.h"
#include "tui/workbench/view_palette.h"

void bench_take(struct bench *b, int r, const struct err *e)
{
	if (r < 0)
		app_say(&b->app, ROLE_FAILED, "%s", e->text);
	else if (r & VIEW_REDRAW)
		app_redraw(&b->app);
}

static void copy(struct bench *b, struct view *v)
{
	_buf_ struct buf text = BUF_INIT;

	if (v->ops->copy && v->ops->copy(v, &b->app, &text))
		app_copy(&b->app, text.data, text.len);
	else
		app_say(&b->app, ROLE_QUIET, "nothing to copy here");
}

static void by_default(struct bench *b, struct view *v, enum action action)
{
	switch (action) {
	case ACT_BACK:
		if (b->stack.len > 1)
			app_pop(&b->app);
		else
			app_say(&b->app, ROLE_QUIET, "this is the first screen; q quits");
		break;
	case ACT_QUIT: app_quit(&b->app); break;
	case ACT_HELP: app_push(&b->app, view_help_new(&b->app, v)); break;
	case ACT_PALETTE: palette_push(&b->app, v->screen); break;
	case ACT_REDRAW:
		if (b->term)
			term_forget(b->term);
		app_redraw(&b->app);
		break;
	case ACT_SUSPEND:
		if (b->term)
			term_suspend(b->term);
		break;
	case ACT_COPY: copy(b, v); break;
	case ACT_SEARCH: app_say(&b->app, ROLE_QUIET, "nothing to search here"); break;
	default: break;
	}
}

void bench_action(struct bench *b, enum action action)
{
	struct view *v = bench_top(b);
	struct err e = { 0 };
	int r;

	buf_reset(&b->said);
	b->echoed = action;
	app_redraw(&b->app);
	r = v->ops->act(v, &b->app, action, &e);
	if (r < 0 || !(r & VIEW_PASS))
		bench_take(b, r, &e);
	else
		by_default(b, v, action);
}

static void end_typing(struct bench *b)
{
	b->typing.on = false;
	buf_reset(&b->typing.label);
	buf_reset(&b->typing.note);
	b->typing.bad = false;
}

/* The callback may begin another line. */
static void typed(struct bench *b, enum typed how)
{
	_free_ char *text = mem_strdup(b->typing.line.text.data);
	struct err e = { 0 };
	app_typed_fn *cb = b->typing.cb;
	void *arg = b->typing.arg;

	if (how != TYPED_CHANGE)
		end_typing(b);
	app_redraw(&b->app);
	bench_take(b, cb(arg, &b->app, how, text, &e), &e);
}

static void on_key(struct bench *b, struct key k);

/* Esc and a letter that come together are read as Alt with the letter. Where that means nothing they are what was
 * pressed. */
static void esc_and_key(struct bench *b, struct key k)
{
	on_key(b, (struct key){ .code = CODE_ESC });
	k.mods &= ~MOD_ALT;
	on_key(b, k);
}

static void key_while_typing(struct bench *b, struct key k)
{
	struct view *v = bench_top(b);
	enum action action = keymap_find(b->keys, v->screen, k);

	if (k.code == CODE_ENTER && !k.mods) {
		typed(b, TYPED_ENTER);
		return;
	}
	if (k.code == CODE_ESC) {
		typed(b, TYPED_ESC);
		return;
	}
	/* What moves in a list beside the line is no text. */
	if (k.code == CODE_UP || k.code == CODE_DOWN || k.code == CODE_PGUP || k.code == CODE_PGDN ||
	    k.code == CODE_TAB) {
		struct err e = { 0 };
		int r = action ? v->ops->act(v, &b->app, action, &e) : VIEW_SAME;

		bench_take(b, r, &e);
		return;
	}
	switch (line_edit_key(&b->typing.line, k)) {
	case LINE_CHANGED: typed(b, TYPED_CHANGE); break;
	case LINE_MOVED: app_redraw(&b->app); break;
	case LINE_NOT_MINE:
		if (k.mods & MOD_ALT)
			esc_and_key(b, k);
		break;
	}
}

static void key_while_asking(struct bench *b, struct key k)
{
	struct err e = { 0 };

	if (!key_equal(k, b->asking.key) && k.code != CODE_ESC)
		return;
	b->asking.on = false;
	app_redraw(&b->app);
	if (k.code != CODE_ESC)
		bench_take(b, b->asking.cb(b->asking.arg, &b->app, &e), &e);
}

static void say_unbound(struct bench *b, struct key k)
{
	struct key help = keymap_key(b->keys, bench_top(b)->screen, ACT_HELP);
	char name[KEY_NAME], help_name[KEY_NAME];

	key_name(k, name);
	if (!help.code) {
		app_say(&b->app, ROLE_QUIET, "%s does nothing here", name);
		return;
	}
	key_name(help, help_name);
	app_say(&b->app, ROLE_QUIET, "%s does nothing here; %s shows the keys of this screen", name, help_name);
}

static void on_key(struct bench *b, struct key k)
{
	enum action action;

	if (b->asking.on) {
		key_while_asking(b, k);
		return;
	}
	if (b->typing.on) {
		key_while_typing(b, k);
		return;
	}
	action = keymap_find(b->keys, bench_top(b)->screen, k);
	if (action)
		bench_action(b, action);
	else if (k.mods & MOD_ALT)
		esc_and_key(b, k);
	else
		say_unbound(b, k);
}

static void on_mouse(struct bench *b, const struct mouse *m)
{
	struct view *v = bench_top(b);
	struct err e = { 0 };
	int r = VIEW_PASS;

	if (b->typing.on || b->asking.on)
		return;
	if (m->kind == MOUSE_PRESS && m->row == b->grid.rows - 1) {
		for (size_t i = 0; i < b->zones.len; i++)
			if (m->col >= b->zones.v[i].col && m->col < b->zones.v[i].col + b->zones.v[i].cells) {
				bench_action(b, b->zones.v[i].action);
				return;
			}
		return;
	}
	if (v->ops->mouse)
		r = v->ops->mouse(v, &b->app, m, bench_body(b), &e);
	if (r >= 0 && r & VIEW_PASS) {
		r = VIEW_SAME;
		/* The wheel is three rows, where a view has nothing better. */
		if (m->kind == MOUSE_WHEEL_UP || m->kind == MOUSE_WHEEL_DOWN)
			for (int i = 0; i < 3 && r >= 0; i++)
				r = v->ops->act(v, &b->app, m->kind == MOUSE_WHEEL_UP ? ACT_UP : ACT_DOWN, &e);
	}
	bench_take(b, r < 0 ? r : r & VIEW_REDRAW, &e);
}

static void on_resize(struct bench *b)
{
	int rows, cols;

	term_size(b->term, &rows, &cols);
	grid_release(&b->grid);
	grid_init(&b->grid, rows, cols);
	b->app.cols = cols;
	app_redraw(&b->app);
}

void bench_input(struct bench *b, const struct input *in)
{
	switch (in->kind) {
	case INPUT_NONE: break;
	case INPUT_KEY: on_key(b, in->key); break;
	case INPUT_MOUSE: on_mouse(b, &in->mouse); break;
	case INPUT_RESIZE: on_resize(b); break;
	case INPUT_PASTE:
		if (b->typing.on) {
			line_edit_paste(&b->typing.line, in->text);
			typed(b, TYPED_CHANGE);
		}
		break;
	}
}
