#include "tui/workbench/script.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "tui/workbench/app_parts.h"
#include "tui/workbench/view_palette.h"

#define WAIT_US (60 * US_PER_S)
#define STEP_US 10000

/* A command that a screen started may take as long as it takes (a run is made in the background). */
static int settle(struct bench *b, struct err *e)
{
	int r = 0;

	while (r >= 0 && !b->quit && bench_busy(b))
		r = bench_step(b, STEP_US, e);
	if (r >= 0 && !b->quit)
		bench_frame(b);
	return r;
}

static bool on_screen(struct bench *b, const char *text)
{
	_buf_ struct buf screen = BUF_INIT;

	bench_frame(b);
	grid_print(&b->grid, &(struct paint){ .ascii = b->app.paint.ascii }, &screen);
	return strstr(screen.data, text) != NULL;
}

static int await(struct bench *b, const char *text, bool wanted, struct err *e)
{
	int64_t until = time_mono() + WAIT_US;

	while (on_screen(b, text) != wanted) {
		int r = bench_step(b, STEP_US, e);

		if (r < 0)
			return r;
		if (time_mono() > until) {
			_buf_ struct buf screen = BUF_INIT;

			grid_print(&b->grid, &(struct paint){ .ascii = b->app.paint.ascii }, &screen);
			return err_set(e, ERR_USAGE, "\"%s\" %s the screen within a minute:\n%s", text,
			               wanted ? "did not come to" : "did not leave", screen.data);
		}
	}
	return 0;
}

/* Drawing shows what is, and changes nothing. */
static int steady(struct bench *b, struct err *e)
{
	size_t n = (size_t)b->grid.rows * (size_t)b->grid.cols;
	struct cell *before = mem_dup(b->grid.cells, n * sizeof *before);
	bool same;

	bench_frame(b);
	same = !memcmp(before, b->grid.cells, n * sizeof *before);
	free(before);
	return same ? 0 : err_set(e, ERR_BROKEN, "drawn once more the screen is another one");
}

static void press(struct bench *b, struct key k)
{
	bench_input(b, &(struct input){ .kind = INPUT_KEY, .key = k });
	/* Some screens know only when drawn how much they show. */
	if (!b->quit)
		bench_frame(b);
}

static int two_numbers(const char *text, char between, int *a, int *c, struct err *e)
{
	const char *second = strchr(text, between);
	_free_ char *first = second ? mem_strndup(text, (size_t)(second - text)) : NULL;
	int64_t x, y;

	if (!second || !integer_parse(first, 0, 9999, &x) || !integer_parse(second + 1, 0, 9999, &y))
		return err_set(e, ERR_USAGE, "two numbers with \"%c\" between them are needed, not \"%s\"", between,
		               text);
	*a = (int)x;
	*c = (int)y;
	return 0;
}

static int click(struct bench *b, enum mouse_kind kind, const char *where, struct err *e)
{
	struct mouse m = { .kind = kind };
	int r = two_numbers(where, ' ', &m.row, &m.col, e);

	if (r >= 0)
		bench_input(b, &(struct input){ .kind = INPUT_MOUSE, .mouse = m });
	return r;
}

static int size(struct bench *b, const char *text, struct err *e)
{
	int rows, cols, r = two_numbers(text, 'x', &cols, &rows, e);

	if (r < 0)
		return r;
	grid_release(&b->grid);
	grid_init(&b->grid, rows, cols);
	b->app.cols = cols;
	return 0;
}

static int clock_at(const char *text, struct err *e)
{
	int64_t us;

	if (!time_from_iso(text, &us))
		return err_set(e, ERR_USAGE, "\"%s\" is no time like 2026-11-21T10:42:00Z", text);
	time_pin(us);
	return 0;
}

static int type(struct bench *b, const char *text)
{
	size_t n = strlen(text);

	while (n) {
		struct key k = { 0 };
		size_t taken = utf8_decode(text, n, &k.code);

		press(b, k);
		text += taken;
		n -= taken;
	}
	return 0;
}

static int command(struct bench *b, const char *line, struct err *e)
{
	static const struct {
		const char *name;
		enum mouse_kind kind;
	} clicks[] = {
	        {"click ", MOUSE_PRESS},
	        {"double ", MOUSE_DOUBLE},
	        {"wheel-up ", MOUSE_WHEEL_UP},
	        {"wheel-down ", MOUSE_WHEEL_DOWN},
	};

	for (size_t i = 0; i < ARRAY_LEN(clicks); i++)
		if (text_starts(line, clicks[i].name))
			return click(b, clicks[i].kind, line + strlen(clicks[i].name), e);
	if (text_starts(line, "type "))
		return type(b, line + 5);
	if (text_starts(line, "wait "))
		return await(b, line + 5, true, e);
	if (text_starts(line, "wait-gone "))
		return await(b, line + 10, false, e);
	if (text_starts(line, "size "))
		return size(b, line + 5, e);
	if (!strcmp(line, "steady"))
		return steady(b, e);
	if (text_starts(line, "clock "))
		return clock_at(line + 6, e);
	return palette_do(&b->app, line, e);
}

static int keys(struct bench *b, char *line, struct err *e)
{
	char *save = NULL;
	int r = 0;

	for (char *word = strtok_r(line, " \t", &save); r >= 0 && word && !b->quit;
	     word = strtok_r(NULL, " \t", &save)) {
		struct key k;

		if (!key_parse(word, &k))
			return err_set(e, ERR_USAGE, "there is no key \"%s\"; texts are typed with :type TEXT", word);
		press(b, k);
		r = settle(b, e);
	}
	return r;
}

void script_clock(const char *path)
{
	_buf_ struct buf text = BUF_INIT;
	struct err told_later;

	if (file_read(path, 1 << 20, &text, &told_later) < 0)
		return;
	for (char *line = text.data, *next; line && *line; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		if (text_starts(line, ":clock "))
			clock_at(line + 7, &told_later);
		if (*line != '#' && line[strspn(line, " \t\r")])
			return;
	}
}

int script_run(struct bench *b, const char *path, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	int number = 0, r = file_read(path, 1 << 20, &text, e);
	char *line = text.data, *next;

	if (r >= 0)
		r = settle(b, e);
	for (; r >= 0 && line && *line && !b->quit; line = next) {
		next = strchr(line, '\n');
		if (next)
			*next++ = '\0';
		number++;
		if (*line == '#' || !line[strspn(line, " \t\r")])
			continue;
		r = *line == ':' ? command(b, line + 1, e) : keys(b, line, e);
		if (r >= 0)
			r = settle(b, e);
		if (r < 0)
			err_prefix(e, "%s:%d", path, number);
	}
	return r;
}
