#include "tui/theme.h"

#include <stdlib.h>
#include <string.h>
#include "base/embed.h"
#include "base/text.h"

EMBED(theme_default_text, "themes/default");

#define BRIGHT "bright-"
#define BLANKS " \t\r"
static const char *const colours[] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"};
static const struct { const char *name, *code; } attributes[] = {{"bold", "1"}, {"dim", "2"}, {"italic", "3"}, {"underline", "4"}};

static int add_word(const char *word, struct buf *codes)
{
	bool bright = text_starts(word, BRIGHT);
	const char *plain = bright ? word + strlen(BRIGHT) : word;
	const char *between = codes->len ? ";" : "";

	for (size_t i = 0; i < ARRAY_LEN(colours); i++)
		if (!strcmp(plain, colours[i])) {
			buf_addf(codes, "%s%d", between, (bright ? 90 : 30) + (int)i);
			return 0;
		}
	for (size_t i = 0; i < ARRAY_LEN(attributes); i++)
		if (!strcmp(word, attributes[i].name)) {
			buf_addf(codes, "%s%s", between, attributes[i].code);
			return 0;
		}
	return -1;
}

static int read_line(const char *name, int number, char *line, struct theme *ret, struct err *e)
{
	_buf_ struct buf codes = BUF_INIT;
	char *eq, *save = NULL;
	enum role role;

	line[strcspn(line, "#")] = '\0';
	line += strspn(line, BLANKS);
	if (!*line)
		return 0;
	eq = strchr(line, '=');
	if (!eq)
		return err_set(e, ERR_USAGE, "%s:%d: a line is ROLE = COLOUR ATTRIBUTE…", name, number);
	*eq = '\0';
	line[strcspn(line, BLANKS)] = '\0';
	role = role_find(line);
	if (role == ROLE_COUNT) {
		const char *near = role_nearest(line);

		return err_set(e, ERR_USAGE, "%s:%d: there is no role \"%s\"%s%s%s", name, number, line, near ? " (did you mean \"" : "", near ? near : "",
			       near ? "\"?)" : "");
	}
	for (char *word = strtok_r(eq + 1, BLANKS, &save); word; word = strtok_r(NULL, BLANKS, &save))
		if (add_word(word, &codes) < 0)
			return err_set(e, ERR_USAGE, "%s:%d: role \"%s\": \"%s\" is neither a colour nor an attribute", name, number, line, word);
	if (codes.len >= THEME_SGR)
		return err_set(e, ERR_USAGE, "%s:%d: role \"%s\" has too many words", name, number, line);
	memcpy(ret->sgr[role], codes.data, codes.len + 1);
	return 0;
}

int theme_parse(const char *name, const char *text, struct theme *ret, struct err *e)
{
	struct theme t = {0};

	for (int number = 1; *text; number++) {
		size_t n = strcspn(text, "\n");
		_free_ char *line = mem_strndup(text, n);
		int r = read_line(name, number, line, &t, e);

		if (r < 0)
			return r;
		text += n + (text[n] == '\n');
	}
	*ret = t;
	return 0;
}

const struct theme *theme_default(void)
{
	static struct theme theme;
	static bool ready;
	struct err e;

	/* A test reads the same text, so it has no fault here. */
	if (!ready && theme_parse("themes/default", theme_default_text, &theme, &e) < 0)
		abort();
	ready = true;
	return &theme;
}
