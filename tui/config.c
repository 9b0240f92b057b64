#include "tui/config.h"

#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"

#define FILE_MOST (1 << 20)
#define BLANKS " \t\r"

char *config_place(const char *name)
{
	const char *xdg = getenv("XDG_CONFIG_HOME"), *home = getenv("HOME");

	/* A relative XDG_CONFIG_HOME is to be ignored, says its specification. */
	if (xdg && *xdg == '/')
		return mem_printf("%s/jig/%s", xdg, name);
	if (home && *home)
		return mem_printf("%s/.config/jig/%s", home, name);
	return NULL;
}

struct reader {
	const char *name;
	int line;
	struct config *config;
	VEC(struct config_key) keys;
	int theme, ambiguous, mouse; /* the lines where they were said */
	struct buf *faults;
};

static void __attribute__((format(printf, 2, 3))) fault(struct reader *r, const char *fmt, ...)
{
	va_list ap;

	if (!r->faults)
		return;
	buf_addf(r->faults, "%s:%d: ", r->name, r->line);
	va_start(ap, fmt);
	buf_addv(r->faults, fmt, ap);
	va_end(ap);
	buf_addc(r->faults, '\n');
}

/* A word at *s, which is moved behind it and the blanks that follow; the word ends at a blank or, from its second byte
 * on, at one of `ends`. */
static char *take_word(char **s, const char *ends)
{
	char *word = *s;
	size_t n = *word ? 1 : 0;

	while (word[n] && !strchr(BLANKS, word[n]) && !strchr(ends, word[n]))
		n++;
	char *owned = mem_strndup(word, n);
	*s = word + n + strspn(word + n, BLANKS);
	return owned;
}

/* The value behind "=", without a comment and without blanks around. */
static char *value_of(char *s)
{
	s += strspn(s, BLANKS);
	for (char *c = s; *c; c++)
		if (*c == '#' && (c == s || strchr(BLANKS, c[-1]))) {
			*c = '\0';
			break;
		}
	size_t n = strlen(s);
	while (n && strchr(BLANKS, s[n - 1]))
		n--;
	s[n] = '\0';
	return s;
}

/* True when this is the first time; a second line is a fault. */
static bool first_time(struct reader *r, const char *name, int *line)
{
	if (*line) {
		fault(r, "%s is set already, in line %d", name, *line);
		return false;
	}
	*line = r->line;
	return true;
}

/* ret is which of the two it is. */
static bool one_of(struct reader *r, const char *name, const char *value, const char *usual, const char *other,
                   bool *ret)
{
	bool is_other = !strcmp(value, other);

	if (!is_other && strcmp(value, usual)) {
		fault(r, "%s is %s or %s, not \"%s\"", name, usual, other, value);
		return false;
	}
	*ret = is_other;
	return true;
}

static void read_setting(struct reader *r, const char *name, const char *value)
{
	static const char *const names[] = { "theme", "ambiguous", "mouse", "key" };
	struct config *c = r->config;

	if (!strcmp(name, "theme")) {
		if (first_time(r, name, &r->theme))
			c->theme = mem_strdup(value);
	} else if (!strcmp(name, "ambiguous")) {
		if (first_time(r, name, &r->ambiguous))
			one_of(r, name, value, "narrow", "wide", &c->wide);
	} else if (!strcmp(name, "mouse")) {
		if (first_time(r, name, &r->mouse))
			one_of(r, name, value, "on", "off", &c->no_mouse);
	} else {
		const char *near = text_nearest(name, names, ARRAY_LEN(names));

		if (near)
			fault(r, "there is no setting \"%s\" (did you mean \"%s\"?)", name, near);
		else
			fault(r, "there is no setting \"%s\"; there are: theme, ambiguous, mouse, key", name);
	}
}

#define KEY_USAGE "a key is set by: key SCREEN KEY = ACTION"

/* Behind "key". "=" may be the key itself, and part of one behind "-" ("Ctrl-="). */
static void read_key(struct reader *r, char *s)
{
	_free_ char *screen = take_word(&s, "="), *key = *s ? take_word(&s, "=") : mem_strdup("");
	size_t n = strlen(key);

	if (!*screen || *screen == '=' || !*key) {
		fault(r, KEY_USAGE);
		return;
	}
	if (key[n - 1] == '-' && n > 1 && *s == '=') {
		_free_ char *shorter = mem_take(key);

		key = mem_printf("%s=", shorter);
		s += 1 + strspn(s + 1, BLANKS);
	}
	if (*s != '=') {
		fault(r, KEY_USAGE);
		return;
	}
	char *action = value_of(s + 1);
	if (!*action || strpbrk(action, BLANKS)) {
		fault(r, KEY_USAGE "; the action is %s", *action ? "one word" : "missing (\"none\" takes a key away)");
		return;
	}
	vec_push(&r->keys, (struct config_key){.screen = mem_take(screen),
	                                       .key = mem_take(key),
	                                       .action = mem_strdup(action),
	                                       .line = r->line});
}

static void read_line(struct reader *r, char *s)
{
	s += strspn(s, BLANKS);
	if (!*s || *s == '#')
		return;
	char *whole = s;
	_free_ char *name = take_word(&s, "=");
	if (!strcmp(name, "key")) {
		read_key(r, s);
		return;
	}
	if (*s != '=' || *whole == '=') {
		fault(r, "a line is NAME = VALUE");
		return;
	}
	char *value = value_of(s + 1);
	if (!*value)
		fault(r, "%s has no value", name);
	else
		read_setting(r, name, value);
}

void config_parse(const char *name, const char *text, struct config *ret, struct buf *faults)
{
	struct reader r = { .name = name, .config = ret, .faults = faults };

	*ret = (struct config){ 0 };
	while (*text) {
		size_t n = strcspn(text, "\n");
		_free_ char *line = mem_strndup(text, n);

		r.line++;
		read_line(&r, line);
		text += n + (text[n] == '\n');
	}
	ret->keys = r.keys.v;
	ret->nkeys = r.keys.len;
}

void config_load(struct config *ret, struct buf *faults)
{
	_free_ char *path = config_place("config");
	_buf_ struct buf text = BUF_INIT;
	struct err e;
	int r = path ? file_read(path, FILE_MOST, &text, &e) : 0;

	if (r < 0 && r != ERR_NOT_FOUND && faults)
		buf_addf(faults, "config: %s\n", e.text);
	if (r == 0 && memchr(text.data, '\0', text.len) && faults)
		buf_addf(faults, "config: %s holds a NUL byte and is read up to there\n", path);
	config_parse("config", r < 0 ? "" : text.data, ret, faults);
	ret->path = mem_take(path);
}

void config_release(struct config *c)
{
	for (size_t i = 0; i < c->nkeys; i++) {
		free(c->keys[i].screen);
		free(c->keys[i].key);
		free(c->keys[i].action);
	}
	free(c->keys);
	free(c->path);
	free(c->theme);
	*c = (struct config){ 0 };
}

const char *config_theme(const struct config *c)
{
	const char *wanted = getenv("JIG_THEME");

	return wanted && *wanted ? wanted : c->theme ? c->theme : "default";
}
