#include <string.h>
#include "base/utf8.h"
#include "cli/command.h"
#include "cli/help.h"

#define TEXT_CELLS 100 /* longer lines are hard to read */

static void painted(struct buf *out, const struct paint *p, const char *sgr, const char *text)
{
	if (p->colour)
		buf_addf(out, "\033[%sm%s\033[0m", sgr, text);
	else
		buf_adds(out, text);
}

/* One paragraph from `column` on, whose first line already stands up to there. */
static void wrap(struct buf *out, const char *text, size_t n, int column, int width)
{
	int at = column;
	for (size_t i = 0; i < n;) {
		size_t end = i;
		while (end < n && text[end] != ' ' && text[end] != '\n')
			end++;
		int cells = (int)utf8_cells(text + i, end - i);
		if (at > column && at + 1 + cells > width) {
			buf_addc(out, '\n');
			buf_fill(out, ' ', (size_t)column);
			at = column;
		} else if (at > column) {
			buf_addc(out, ' ');
			at++;
		}
		buf_add(out, text + i, end - i);
		at += cells;
		i = end < n ? end + 1 : end;
	}
	buf_addc(out, '\n');
}

static void paragraphs(struct buf *out, const char *text, int width)
{
	while (*text) {
		const char *end = strstr(text, "\n\n");
		size_t n = end ? (size_t)(end - text) : strlen(text);
		wrap(out, text, n, 0, width);
		buf_addc(out, '\n');
		text += n + (end ? 2 : 0);
	}
}

void help_option_head(struct buf *out, const struct option_def *o)
{
	if (o->letter)
		buf_addf(out, "-%c, ", o->letter);
	buf_addf(out, "--%s", o->name);
	if (o->value && o->optional)
		buf_addf(out, "[=%s]", o->value);
	else if (o->value)
		buf_addf(out, " %s", o->value);
}

struct option_print { struct buf *out; int column, width; bool measure; };

static void print_option(void *arg, const struct option_def *o)
{
	struct option_print *p = arg;
	_buf_ struct buf head = BUF_INIT;
	buf_adds(&head, o->letter ? "  " : "      ");
	help_option_head(&head, o);
	int cells = (int)utf8_cells(head.data, head.len);
	if (p->measure) {
		if (cells + 2 > p->column && cells <= 26)
			p->column = cells + 2;
		return;
	}
	buf_add(p->out, head.data, head.len);
	if (cells + 2 > p->column) {
		buf_addc(p->out, '\n');
		cells = 0;
	}
	buf_fill(p->out, ' ', (size_t)(p->column - cells));
	wrap(p->out, o->text, strlen(o->text), p->column, p->width);
}

static void help_command(struct buf *out, const struct command *cmd, const struct paint *p, int width)
{
	struct option_print print = { .out = out, .column = 12, .width = width, .measure = true };
	painted(out, p, "1", "jig ");
	painted(out, p, "1", cmd->name);
	buf_addf(out, " [OPTION…]%s%s\n\n", *cmd->usage ? " " : "", cmd->usage);
	_buf_ struct buf summary = BUF_INIT;
	buf_addf(&summary, "%s.", cmd->summary);
	if (summary.data[0] >= 'a' && summary.data[0] <= 'z')
		summary.data[0] -= 'a' - 'A';
	wrap(out, summary.data, summary.len, 0, width);
	buf_addc(out, '\n');
	if (cmd->text)
		paragraphs(out, cmd->text, width);
	options_each(cmd, print_option, &print);
	print.measure = false;
	options_each(cmd, print_option, &print);
}

static void help_overview(struct buf *out, const struct paint *p, int width)
{
	static const char *const headings[] = {
#define X(symbol, heading) [symbol] = heading,
		COMMAND_GROUPS(X)
#undef X
	};
	static const char about[] =
		"jig runs the steps of a pipeline, keeps a true record of every run, and goes on where one failed.";
	wrap(out, about, strlen(about), 0, width);
	for (int g = 0; g < GROUP_COUNT; g++) {
		buf_addc(out, '\n');
		painted(out, p, "1", headings[g]);
		buf_addc(out, '\n');
		for (const struct command *const *c = commands; *c; c++) {
			if ((*c)->group != (enum command_group)g || ((*c)->flags & COMMAND_HIDDEN))
				continue;
			buf_addf(out, "  %s", (*c)->name);
			buf_fill(out, ' ', 12 - strlen((*c)->name));
			wrap(out, (*c)->summary, strlen((*c)->summary), 14, width);
		}
	}
	buf_adds(out, "\n`jig COMMAND --help` says all about one. A run is named by its number, `last`, `last~2`, its "
		      "name, or\n"
		      "four and more letters of its ULID.\n");
}

void help_text(struct buf *out, const struct command *cmd, const struct paint *p, int width)
{
	if (width <= 0 || width > TEXT_CELLS)
		width = TEXT_CELLS;
	if (cmd)
		help_command(out, cmd, p, width);
	else
		help_overview(out, p, width);
}

/* In mdoc a leading "." or "'" and every backslash would act. */
static void mdoc_text(struct buf *out, const char *text)
{
	bool fresh = true;
	for (const char *s = text; *s; s++) {
		if (fresh && (*s == '.' || *s == '\''))
			buf_adds(out, "\\&");
		fresh = *s == '\n';
		if (s[0] == '\n' && s[1] == '\n') {
			buf_adds(out, "\n.Pp\n");
			fresh = true;
			s++;
		} else if (*s == '\\') {
			buf_adds(out, "\\e");
		} else if (*s == '-') {
			buf_adds(out, "\\-");
		} else {
			buf_addc(out, *s);
		}
	}
	buf_addc(out, '\n');
}

static void mdoc_option(void *arg, const struct option_def *o)
{
	struct buf *out = arg;
	buf_adds(out, ".It");
	if (o->letter)
		buf_addf(out, " Fl %c ,", o->letter);
	buf_addf(out, " Fl Fl %s", o->name);
	if (o->value && o->optional)
		buf_addf(out, " Ns Oo Ns = Ns Ar %s Oc", o->value);
	else if (o->value)
		buf_addf(out, " Ar %s", o->value);
	buf_addc(out, '\n');
	_buf_ struct buf sentence = BUF_INIT;
	buf_addf(&sentence, "%s.", o->text);
	if (sentence.data[0] >= 'a' && sentence.data[0] <= 'z')
		sentence.data[0] -= 'a' - 'A';
	mdoc_text(out, sentence.data);
}

void help_mdoc(struct buf *out, const struct command *cmd)
{
	buf_addf(out, ".Ss jig %s%s%s\n", cmd->name, *cmd->usage ? " " : "", cmd->usage);
	_buf_ struct buf sentence = BUF_INIT;
	buf_addf(&sentence, "%s.", cmd->summary);
	if (sentence.data[0] >= 'a' && sentence.data[0] <= 'z')
		sentence.data[0] -= 'a' - 'A';
	mdoc_text(out, sentence.data);
	if (cmd->text) {
		buf_adds(out, ".Pp\n");
		mdoc_text(out, cmd->text);
	}
	buf_adds(out, ".Bl -tag -width Ds\n");
	options_each(cmd, mdoc_option, out);
	buf_adds(out, ".El\n");
}
