#include "tui/theme.h"

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/embed.h"
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "tui/config.h"

#define EMBED_(symbol, name, about) EMBED(theme_text_##symbol, "themes/" name);
THEMES(EMBED_)

static const struct { const char *name, *text; } embedded[] = {
#define ROW_(symbol, name, about) { name, theme_text_##symbol },
	THEMES(ROW_)
};

#define BLANKS " \t\r"
#define FILE_MOST (64 << 10)

/* ---- words ---- */

static const char *const words[] = {"black",           "red",           "green",       "yellow",         "blue",
                                    "magenta",         "cyan",          "white",       "bright-black",   "bright-red",
                                    "bright-green",    "bright-yellow", "bright-blue", "bright-magenta", "bright-cyan",
                                    "bright-white",    "default",       "on",
#define WORD_(symbol, text, ...) text,
                                    STYLE_ATTRS(WORD_)};
enum { NAMED = 16, NAMED_DEFAULT = 16 }; /* the first words are the names of the 16 */

static int named_colour(const char *word, size_t n)
{
	for (int i = 0; i <= NAMED_DEFAULT; i++)
		if (strlen(words[i]) == n && !memcmp(words[i], word, n))
			return i;
	return -1;
}

static uint8_t attribute(const char *word)
{
#define ATTRIBUTE_(symbol, text, ...) \
	if (!strcmp(word, text))      \
		return symbol;
	STYLE_ATTRS(ATTRIBUTE_)
	return 0;
}

static int hex_digit(char c)
{
	return c >= '0' && c <= '9'   ? c - '0'
	       : c >= 'a' && c <= 'f' ? c - 'a' + 10
	       : c >= 'A' && c <= 'F' ? c - 'A' + 10
	                              : -1;
}

static bool rgb_parse(const char *s, size_t n, int32_t *ret)
{
	int32_t rgb = 0;

	if (n != 3 && n != 6)
		return false;
	for (size_t i = 0; i < n; i++) {
		int digit = hex_digit(s[i]);

		if (digit < 0)
			return false;
		rgb = n == 3 ? rgb << 8 | digit << 4 | digit : rgb << 4 | digit;
	}
	*ret = COLOUR_RGB | rgb;
	return true;
}

/* COLOUR or COLOUR/STAND-IN. False: neither is meant; the reason, if there is a better one than that, goes to
 * ret_why. */
static bool colour_parse(const char *word, bool back, int32_t *ret, int16_t *ret_stand_in, const char **ret_why)
{
	size_t n = strcspn(word, "/");
	int stand_in = STAND_IN_NEAREST, named = named_colour(word, n);
	int64_t number;

	if (word[n]) {
		const char *other = word + n + 1;

		stand_in = named_colour(other, strlen(other));
		if (stand_in == NAMED_DEFAULT)
			stand_in = STAND_IN_DEFAULT;
		else if (back && !strcmp(other, "reverse"))
			stand_in = STAND_IN_REVERSE;
		else if (stand_in < 0) {
			*ret_why = "behind \"/\" stands one of the terminal's 16 colours by name, or default; behind "
			           "that of a background also reverse";
			return false;
		}
	}
	_free_ char *digits = mem_strndup(word, n);
	if (named >= 0) {
		*ret = named == NAMED_DEFAULT ? COLOUR_DEFAULT : named;
	} else if (*word == '#') {
		if (!rgb_parse(word + 1, n - 1, ret)) {
			*ret_why = "a colour is #rrggbb or #rgb; a comment needs a blank behind its #";
			return false;
		}
	} else if (n && strspn(word, "0123456789") == n) {
		if (!integer_parse(digits, 0, 255, &number)) {
			*ret_why = "the numbers of colours go from 0 to 255";
			return false;
		}
		*ret = (int32_t)number;
	} else {
		return false;
	}
	*ret_stand_in = (int16_t)stand_in;
	return true;
}

/* ---- lines ---- */

struct reader {
	const char *name;
	int line;
	const char *role;
	int seen[ROLE_COUNT]; /* the line of each role */
	struct theme theme;
};

static int word_fault(const struct reader *r, const char *word, const char *why, struct err *e)
{
	const char *near = why ? NULL : text_nearest(word, words, ARRAY_LEN(words));

	if (why)
		return err_set(e, ERR_USAGE, "%s:%d: role \"%s\": \"%s\": %s", r->name, r->line, r->role, word, why);
	return err_set(e, ERR_USAGE, "%s:%d: role \"%s\": \"%s\" is neither a colour nor an attribute%s%s%s", r->name,
	               r->line, r->role, word, near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
}

static int read_words(struct reader *r, char *text, struct theme_role *ret, struct err *e)
{
	bool has_fg = false, has_bg = false, on = false;
	char *save = NULL;

	for (char *word = strtok_r(text, BLANKS, &save); word; word = strtok_r(NULL, BLANKS, &save)) {
		uint8_t attr = attribute(word);
		const char *why = NULL;

		if (!strcmp(word, "#"))
			break;
		if (!on && attr) {
			ret->style.attrs |= attr;
			continue;
		}
		if (!strcmp(word, "on")) {
			if (has_bg || on)
				return word_fault(r, word, "one background is enough", e);
			on = true;
			continue;
		}
		if (!on && has_fg) {
			int32_t colour;
			int16_t stand_in;

			if (colour_parse(word, false, &colour, &stand_in, &why))
				why = "one foreground is enough; a background stands behind \"on\"";
			return word_fault(r, word, why, e);
		}
		if (!colour_parse(word, on, on ? &ret->style.bg : &ret->style.fg, on ? &ret->bg16 : &ret->fg16, &why))
			return word_fault(r, word, why, e);
		*(on ? &has_bg : &has_fg) = true;
		on = false;
	}
	return on ? word_fault(r, "on", "a colour stands behind it", e) : 0;
}

static int read_line(struct reader *r, char *line, struct err *e)
{
	struct theme_role read = {
	        .style = {COLOUR_DEFAULT, COLOUR_DEFAULT, 0}, .fg16 = STAND_IN_NEAREST, .bg16 = STAND_IN_NEAREST};
	char *eq;
	enum role role;

	line += strspn(line, BLANKS);
	if (!*line || *line == '#')
		return 0;
	eq = strchr(line, '=');
	if (!eq)
		return err_set(e, ERR_USAGE, "%s:%d: a line is ROLE = COLOUR on COLOUR ATTRIBUTE…", r->name, r->line);
	*eq = '\0';
	line[strcspn(line, BLANKS)] = '\0';
	role = role_find(line);
	if (role == ROLE_COUNT) {
		const char *near = role_nearest(line);

		return err_set(e, ERR_USAGE, "%s:%d: there is no role \"%s\"%s%s%s", r->name, r->line, line,
		               near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "");
	}
	if (r->seen[role])
		return err_set(e, ERR_USAGE, "%s:%d: role \"%s\" has a line already, line %d", r->name, r->line, line,
		               r->seen[role]);
	r->seen[role] = r->line;
	r->role = line;
	int result = read_words(r, eq + 1, &read, e);
	if (result == 0)
		r->theme.roles[role] = read;
	return result;
}

int theme_parse(const char *name, const char *text, struct theme *ret, struct err *e)
{
	struct reader r = { .name = name };

	snprintf(r.theme.name, sizeof r.theme.name, "%s", path_base(name));
	for (int role = 0; role < ROLE_COUNT; role++)
		r.theme.roles[role] = (struct theme_role){.style = {COLOUR_DEFAULT, COLOUR_DEFAULT, 0},
		                                          .fg16 = STAND_IN_NEAREST,
		                                          .bg16 = STAND_IN_NEAREST};
	while (*text) {
		size_t n = strcspn(text, "\n");
		_free_ char *line = mem_strndup(text, n);

		r.line++;
		int result = read_line(&r, line, e);
		if (result < 0)
			return result;
		text += n + (text[n] == '\n');
	}
	*ret = r.theme;
	return 0;
}

/* ---- names ---- */

/* What may be a name: it stands in messages and is looked for in a folder. */
static bool name_good(const char *name)
{
	size_t n = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-");

	return n && !name[n] && n < sizeof((struct theme *)0)->name && name[0] != '.';
}

static const char *embedded_find(const char *name)
{
	for (size_t i = 0; i < ARRAY_LEN(embedded); i++)
		if (!strcmp(embedded[i].name, name))
			return embedded[i].text;
	return NULL;
}

static int compare_names(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

int theme_names(char ***ret, size_t *ret_len, struct err *e)
{
	VEC(char *) names = { 0 };
	_free_ char *folder = config_place("themes");
	_closedir_ DIR *dir = folder ? opendir(folder) : NULL;

	for (struct dirent *entry; dir && (entry = readdir(dir));) {
		struct stat st;

		if (name_good(entry->d_name) && fstatat(dirfd(dir), entry->d_name, &st, 0) == 0 && S_ISREG(st.st_mode))
			vec_push(&names, mem_strdup(entry->d_name));
	}
	if (names.len)
		qsort(names.v, names.len, sizeof *names.v, compare_names);
	size_t own = names.len;
	for (size_t i = 0; i < ARRAY_LEN(embedded); i++)
		if (!own || !bsearch(&embedded[i].name, names.v, own, sizeof *names.v, compare_names))
			vec_push(&names, mem_strdup(embedded[i].name));
	*ret = names.v;
	*ret_len = names.len;
	return 0;
}

static int no_such_theme(const char *name, struct err *e)
{
	_buf_ struct buf list = BUF_INIT;
	char **names;
	size_t n;
	int r = theme_names(&names, &n, e);

	if (r < 0)
		return r;
	const char *near = text_nearest(name, (const char *const *)names, n);
	for (size_t i = 0; i < n; i++)
		buf_addf(&list, "%s%s", i ? ", " : "", names[i]);
	err_set(e, ERR_NOT_FOUND, "there is no theme \"%s\"%s%s%s; there are: %s", name,
	        near ? " (did you mean \"" : "", near ? near : "", near ? "\"?)" : "", list.data);
	for (size_t i = 0; i < n; i++)
		free(names[i]);
	free(names);
	return ERR_NOT_FOUND;
}

int theme_load(const char *name, struct theme *ret, struct err *e)
{
	if (!name_good(name))
		return no_such_theme(name, e);
	_free_ char *folder = config_place("themes");
	_free_ char *path = folder ? path_join(folder, name) : NULL;
	if (path && file_exists(path)) {
		_buf_ struct buf text = BUF_INIT;
		int r = file_read(path, FILE_MOST, &text, e);

		if (r < 0)
			return r;
		if (memchr(text.data, '\0', text.len))
			return err_set(e, ERR_USAGE, "%s: a theme is text, and this holds a NUL byte", path);
		return theme_parse(path, text.data, ret, e);
	}
	const char *text = embedded_find(name);
	return text ? theme_parse(name, text, ret, e) : no_such_theme(name, e);
}

static const struct theme *theme_embedded(const char *name, struct theme *theme)
{
	struct err e;

	/* A test reads the same text, so it has no fault here. */
	if (!theme->name[0] && theme_parse(name, embedded_find(name), theme, &e) < 0)
		abort();
	return theme;
}

const struct theme *theme_default(void)
{
	static struct theme theme;

	return theme_embedded("default", &theme);
}

const struct theme *theme_mono(void)
{
	static struct theme theme;

	return theme_embedded("mono", &theme);
}
