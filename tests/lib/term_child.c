/* term_child [mouse] [theme NAME]: a program on tui/term.h for its tests. The first row says "term_child ROWSxCOLS
 * depth N", the rows below the inputs that came, newest last, and the last row "end N" with their number. Keys that do
 * something, beside being shown: q ends, Ctrl-l draws anew, Ctrl-z stops, y copies the last paste, Y too much, e leaves
 * the screen, runs `sh -c "echo within; read line"` and returns, c shows the cursor at 2,3, C hides it, w shows wide
 * characters and marks, r draws again what is there, Alt-a aborts, Alt-s reads from nowhere, Alt-o overflows the
 * stack, Alt-t is slow: takes 60 ms for an input. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/time.h"
#include "base/vec.h"
#include "runner/process/spawn.h"
#include "tui/term.h"
#include "tui/theme.h"

struct child {
	struct loop *loop;
	struct term *term;
	struct grid grid;
	struct paint paint;
	int inputs, cursor_row, cursor_col;
	bool quit, wide;
	VEC(char *) said;
	char *paste;
};

static int *volatile nowhere = (int *)16;

static int overflow(int depth)
{
	volatile char room[1000];

	room[0] = (char)depth;
	return depth < 0 ? 0 : overflow(depth + 1) + room[0];
}

static void draw(struct child *c)
{
	int rows, cols;

	term_size(c->term, &rows, &cols);
	if (rows != c->grid.rows || cols != c->grid.cols) {
		grid_release(&c->grid);
		grid_init(&c->grid, rows, cols);
	}
	grid_clear(&c->grid);
	grid_textf(&c->grid, 0, 0, -1, ROLE_STRONG, "term_child %dx%d depth %d", rows, cols, (int)c->paint.depth);
	int room = rows - 2, first = (int)c->said.len > room ? (int)c->said.len - room : 0;
	for (int i = first; i < (int)c->said.len; i++)
		grid_text(&c->grid, 1 + i - first, 0, -1, i % 2 ? ROLE_FAILED : ROLE_TEXT, c->said.v[i]);
	if (c->wide)
		grid_text(&c->grid, 1, cols - 12, -1, ROLE_ACCENT, "漢字e\xcc\x81|─✗漢");
	grid_textf(&c->grid, rows - 1, 0, -1, ROLE_QUIET, "end %d.", c->inputs);
	grid_put(&c->grid, rows - 1, cols - 1, '#', ROLE_SUCCESS);
	term_draw(c->term, &c->grid, c->cursor_row, c->cursor_col);
}

static void say(struct child *c, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void say(struct child *c, const char *fmt, ...)
{
	_buf_ struct buf line = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&line, fmt, ap);
	va_end(ap);
	vec_push(&c->said, mem_strdup(line.data));
}

static void edit(struct child *c)
{
	const char *const argv[] = {"sh", "-c", "echo within; read line; test \"$line\" = yes", NULL};
	struct err e = {0};
	int status = -1;

	term_leave(c->term);
	int r = spawn_foreground(argv, NULL, &status, &e);
	term_return(c->term);
	say(c, "ran %d %d %s", r, status, e.text);
}

static void on_key(struct child *c, struct key k)
{
	char name[KEY_NAME];
	struct err e = {0};

	key_name(k, name);
	say(c, "key %s.", name);
	if (k.mods == MOD_CTRL && k.code == 'l')
		term_forget(c->term);
	if (k.mods == MOD_CTRL && k.code == 'z')
		term_suspend(c->term);
	if (k.mods == MOD_ALT && k.code == 'a')
		abort();
	if (k.mods == MOD_ALT && k.code == 's')
		say(c, "%d", *nowhere);
	if (k.mods == MOD_ALT && k.code == 'o')
		say(c, "%d", overflow(0));
	if (k.mods == MOD_ALT && k.code == 't')
		usleep(60000);
	if (k.mods)
		return;
	switch (k.code) {
	case 'q':
		c->quit = true;
		break;
	case 'e':
		edit(c);
		break;
	case 'w':
		c->wide = !c->wide;
		break;
	case 'r':
		free(c->said.v[--c->said.len]);
		c->inputs--;
		break;
	case 'c':
		c->cursor_row = 2;
		c->cursor_col = 3;
		break;
	case 'C':
		c->cursor_row = -1;
		break;
	case 'y':
		if (c->paste && term_copy(c->term, c->paste, strlen(c->paste), &e) < 0)
			say(c, "%s", e.text);
		break;
	case 'Y': {
		_free_ char *much = mem_zero(74995);
		if (term_copy(c->term, much, 74995, &e) < 0)
			say(c, "%s", e.text);
		break;
	}
	default:
		break;
	}
}

static void on_input(void *arg)
{
	static const char *const kinds[] = {
	        [MOUSE_PRESS] = "press",     [MOUSE_DOUBLE] = "double", [MOUSE_DRAG] = "drag",
	        [MOUSE_RELEASE] = "release", [MOUSE_WHEEL_UP] = "up",   [MOUSE_WHEEL_DOWN] = "down"};
	struct child *c = arg;
	struct input in;

	while (!c->quit && term_input(c->term, &in)) {
		c->inputs++;
		switch (in.kind) {
		case INPUT_KEY:
			on_key(c, in.key);
			break;
		case INPUT_MOUSE:
			say(c, "mouse %s %d,%d.", kinds[in.mouse.kind], in.mouse.row, in.mouse.col);
			break;
		case INPUT_PASTE:
			free(c->paste);
			c->paste = mem_strdup(in.text);
			say(c, "paste %zu <%s>", strlen(in.text), in.text);
			break;
		case INPUT_RESIZE:
			say(c, "resize.");
			break;
		case INPUT_NONE:
			break;
		}
	}
	if (!c->quit)
		draw(c);
}

int main(int argc, char **argv)
{
	struct child c = {.loop = loop_new(), .paint = paint_for(STDOUT_FILENO), .cursor_row = -1};
	struct theme theme;
	struct err e = {0};
	bool mouse = false;

	c.paint.depth = term_depth();
	c.paint.theme = NULL;
	for (int i = 1; i < argc; i++) {
		mouse |= strcmp(argv[i], "mouse") == 0;
		if (strcmp(argv[i], "theme") == 0 && argv[i + 1] && theme_load(argv[++i], &theme, &e) == 0)
			c.paint.theme = &theme;
	}
	grid_init(&c.grid, 0, 0);
	int r = term_open(STDIN_FILENO, STDOUT_FILENO, c.loop, &c.paint, mouse, on_input, &c, &c.term, &e);
	if (r == 0)
		draw(&c);
	while (r == 0 && !c.quit)
		r = loop_step(c.loop, -1, &e);
	term_close(c.term);
	grid_release(&c.grid);
	for (size_t i = 0; i < c.said.len; i++)
		free(c.said.v[i]);
	vec_release(&c.said);
	free(c.paste);
	loop_free(c.loop);
	if (r < 0)
		fprintf(stderr, "term_child: %s\n", e.text);
	return err_exit_status(r);
}
