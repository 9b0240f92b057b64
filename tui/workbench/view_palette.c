#include "tui/workbench/view_palette.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "base/vec.h"
#include "tui/svg.h"
#include "tui/workbench/app_parts.h"
#include "tui/workbench/view_pick.h"

#define SYMBOL_(s, ...) s,
enum { PALETTE_COMMANDS(SYMBOL_) PALETTE_COUNT };
const struct palette_command palette_commands[] = {
#define X(symbol, name, words, help) [symbol] = { name, words, help },
	PALETTE_COMMANDS(X)
#undef X
};
const int npalette_commands = PALETTE_COUNT;

/* The themes, tried while the cursor moves. */
struct themes { char **names; size_t n; char *before; };

static void themes_free(void *arg)
{
	struct themes *t = arg;

	for (size_t i = 0; i < t->n; i++)
		free(t->names[i]);
	free(t->names);
	free(t->before);
	free(t);
}

static void theme_moved(void *arg, struct app *a, int row)
{
	struct themes *t = arg;
	struct err e = { 0 };

	if (row >= 0 && bench_theme(bench_of(a), t->names[row], &e) < 0)
		app_say(a, ROLE_FAILED, "%s", e.text);
}

static int theme_chosen(void *arg, struct app *a, int row, const char *typed, struct err *e)
{
	struct themes *t = arg;

	if (row < 0)
		return bench_theme(bench_of(a), t->before, e);
	app_say(a, ROLE_QUIET, "theme %s; \"theme = %s\" in %s keeps it", t->names[row], t->names[row],
		bench_of(a)->config.path ? bench_of(a)->config.path : "the config");
	return VIEW_REDRAW;
}

static void theme_left(void *arg, struct app *a)
{
	struct themes *t = arg;
	struct err e;

	bench_theme(bench_of(a), t->before, &e);
}

static const struct pick_ops theme_ops = {
        .moved = theme_moved, .chosen = theme_chosen, .left = theme_left, .free = themes_free};

static int choose_theme(struct app *a, struct err *e)
{
	struct themes *t = mem_zero(sizeof *t);
	VEC(struct pick_row) rows = { 0 };
	int at = 0, r = theme_names(&t->names, &t->n, e);

	if (r < 0) {
		themes_free(t);
		return r;
	}
	t->before = mem_strdup(bench_of(a)->theme.name);
	for (size_t i = 0; i < t->n; i++) {
		vec_push(&rows, (struct pick_row){ .name = t->names[i] });
		if (!strcmp(t->names[i], t->before))
			at = (int)i;
	}
	view_pick_push(a, "themes", "theme", rows.v, (int)rows.len, at, &theme_ops, t);
	vec_release(&rows);
	return VIEW_REDRAW;
}

static int set_theme(struct app *a, const char *name, struct err *e)
{
	int r;

	if (!*name)
		return choose_theme(a, e);
	r = bench_theme(bench_of(a), name, e);
	return r < 0 ? r : VIEW_REDRAW;
}

static int save_screen(struct app *a, const char *path, struct err *e)
{
	struct bench *b = bench_of(a);
	struct paint p = b->app.paint;
	_buf_ struct buf out = BUF_INIT;
	int r;

	if (!*path)
		return err_set(e, ERR_USAGE, "save-screen needs the name of a file");
	/* The picture is of the screen, not of the line in which this was typed. */
	bench_frame(b);
	p.colour = text_ends(path, ".ansi");
	/* A script has no terminal: what the environment says of one holds. */
	if (p.colour && !b->term)
		p.depth = depth_env();
	if (text_ends(path, ".svg")) {
		const char *plain = getenv("NO_COLOR");

		p.depth = DEPTH_TRUE;
		p.colour = !plain || !*plain;
		grid_svg(&b->grid, &p, &out);
	} else {
		grid_print(&b->grid, &p, &out);
	}
	r = file_write(path, out.data, out.len, 0666, e);
	return r < 0 ? r : VIEW_SAME;
}

int palette_do(struct app *a, const char *line, struct err *e)
{
	size_t n = strcspn(line, " ");
	const char *words = line + n + strspn(line + n, " ");
	const char *names[PALETTE_COUNT];

	for (int i = 0; i < PALETTE_COUNT; i++) {
		names[i] = palette_commands[i].name;
		if (strlen(names[i]) != n || strncmp(names[i], line, n))
			continue;
		switch (i) {
		case PALETTE_THEME: return set_theme(a, words, e);
		case PALETTE_SAVE_SCREEN: return save_screen(a, words, e);
		default: break;
		}
	}
	_free_ char *word = mem_strndup(line, n);
	const char *near = text_nearest(word, names, PALETTE_COUNT);

	return err_set(e, ERR_USAGE, "there is no command \"%s\"%s%s%s", word, near ? " (did you mean \"" : "",
	               near ? near : "", near ? "\"?)" : "");
}

/* Rows: the screen's actions, then the commands with words. */
struct palette { VEC(enum action) actions; };

static void palette_free(void *arg)
{
	struct palette *p = arg;

	vec_release(&p->actions);
	free(p);
}

static bool takes_words(const char *typed)
{
	size_t n = strcspn(typed, " ");

	for (int i = 0; i < PALETTE_COUNT; i++)
		if (strlen(palette_commands[i].name) == n && !strncmp(palette_commands[i].name, typed, n))
			return true;
	return false;
}

/* Every word that was typed stands in a row's name or help. */
static bool says(const struct palette *p, int row, const char *typed)
{
	size_t at = (size_t)row, n = p->actions.len;
	const char *name = at < n ? action_def(p->actions.v[at])->name : palette_commands[at - n].name;
	const char *help = at < n ? action_def(p->actions.v[at])->help : palette_commands[at - n].help;

	for (size_t end; *(typed += strspn(typed, " ")); typed += end) {
		end = strcspn(typed, " ");
		_free_ char *word = mem_strndup(typed, end);
		if (!strcasestr(name, word) && !strcasestr(help, word))
			return false;
	}
	return true;
}

/* A command with its words is no text to look for, even if it is written wrong. */
static int chosen(void *arg, struct app *a, int row, const char *typed, struct err *e)
{
	struct palette *p = arg;

	if (row < 0 || takes_words(typed) || (strchr(typed, ' ') && !says(p, row, typed)))
		return palette_do(a, typed, e);
	if ((size_t)row >= p->actions.len)
		return palette_do(a, palette_commands[row - (int)p->actions.len].name, e);
	bench_action(bench_of(a), p->actions.v[row]);
	return VIEW_REDRAW;
}

static const struct pick_ops palette_ops = { .chosen = chosen, .free = palette_free };

void palette_push(struct app *a, enum screen screen)
{
	struct palette *p = mem_zero(sizeof *p);
	VEC(struct pick_row) rows = { 0 };
	char (*keys)[KEY_NAME] = mem_array(NULL, ACT_COUNT, sizeof *keys);

	for (int i = 1; i < ACT_COUNT; i++) {
		const struct action_def *d = action_def(i);
		struct key k = keymap_key(a->keymap, screen, i);

		if (!(d->screens & ON(screen)) || i == ACT_PALETTE)
			continue;
		keys[i][0] = '\0';
		if (k.code)
			key_name(k, keys[i]);
		vec_push(&rows, (struct pick_row){ .key = keys[i], .name = d->name, .text = d->help });
		vec_push(&p->actions, i);
	}
	for (int i = 0; i < PALETTE_COUNT; i++)
		vec_push(&rows, (struct pick_row){.name = palette_commands[i].name, .text = palette_commands[i].help});
	view_pick_push(a, "commands", ":", rows.v, (int)rows.len, 0, &palette_ops, p);
	vec_release(&rows);
	free(keys);
}
