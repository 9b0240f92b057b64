#include "tui/action.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"

static const struct action_def defs[ACT_COUNT] = {
#define X(symbol, name, keys, screens, mouse, foot, help) [symbol] = { name, keys, screens, mouse, foot, help },
	ACTIONS(X)
#undef X
};
static const struct { const char *name, *title; } screens[SCREEN_COUNT] = {
#define X(symbol, name, title) [symbol] = { name, title },
	SCREENS(X)
#undef X
};

const struct action_def *action_def(enum action a)
{
	return &defs[a];
}

bool action_everywhere(enum action a)
{
	return (defs[a].screens | ON_GO) == ON_ALL;
}

enum action action_find(const char *name)
{
	for (int a = 1; a < ACT_COUNT; a++)
		if (!strcmp(defs[a].name, name))
			return a;
	return ACT_NONE;
}

const char *action_foot(enum action a, enum screen s)
{
	if (a == ACT_SEARCH && (s == SCREEN_RUNS || s == SCREEN_LOG))
		return s == SCREEN_RUNS ? "filter" : "search";
	return defs[a].foot;
}

const char *screen_name(enum screen s)
{
	return screens[s].name;
}

const char *screen_title(enum screen s)
{
	return screens[s].title;
}

int screen_find(const char *name)
{
	for (int s = 0; s < SCREEN_COUNT; s++)
		if (!strcmp(screens[s].name, name))
			return s;
	return -1;
}

/* In order of the action table; what people set comes in front. */
struct binding { struct key key; enum action action; };
struct keymap { struct { struct binding *v; size_t len; } on[SCREEN_COUNT]; };

static void bind(struct keymap *m, enum screen s, struct key k, enum action a, bool first)
{
	size_t n = m->on[s].len++;
	struct binding *v = m->on[s].v = mem_array(m->on[s].v, m->on[s].len, sizeof *v);

	if (first)
		memmove(v + 1, v, n * sizeof *v);
	v[first ? 0 : n] = (struct binding){ k, a };
}

static void unbind(struct keymap *m, enum screen s, struct key k)
{
	size_t kept = 0;

	for (size_t i = 0; i < m->on[s].len; i++)
		if (!key_equal(m->on[s].v[i].key, k))
			m->on[s].v[kept++] = m->on[s].v[i];
	m->on[s].len = kept;
}

struct keymap *keymap_new(void)
{
	struct keymap *m = mem_zero(sizeof *m);

	for (int a = 1; a < ACT_COUNT; a++) {
		const char *at = defs[a].keys;

		while (*at) {
			size_t n = strcspn(at, " ");
			_free_ char *name = mem_strndup(at, n);
			struct key k;

			if (!key_parse(name, &k))
				abort(); /* a test reads the same table */
			for (int s = 0; s < SCREEN_COUNT; s++)
				if (defs[a].screens & ON(s))
					bind(m, s, k, a, false);
			at += n + (at[n] == ' ');
		}
	}
	return m;
}

void keymap_free(struct keymap *m)
{
	if (!m)
		return;
	for (int s = 0; s < SCREEN_COUNT; s++)
		free(m->on[s].v);
	free(m);
}

static void fault(struct buf *faults, const struct config_key *k, const char *kind, const char *word, const char *near)
{
	buf_addf(faults, "config:%d: there is no %s \"%s\"", k->line, kind, word);
	if (near)
		buf_addf(faults, " (did you mean \"%s\"?)", near);
	buf_addc(faults, '\n');
}

static const char *nearest_action(const char *word)
{
	const char *names[ACT_COUNT];

	for (int a = 1; a < ACT_COUNT; a++)
		names[a - 1] = defs[a].name;
	return text_nearest(word, names, ACT_COUNT - 1);
}

static const char *nearest_screen(const char *word)
{
	const char *names[SCREEN_COUNT + 1];

	for (int s = 0; s < SCREEN_COUNT; s++)
		names[s] = screens[s].name;
	names[SCREEN_COUNT] = "all";
	return text_nearest(word, names, ARRAY_LEN(names));
}

static void set(struct keymap *m, const struct config_key *k, struct buf *faults)
{
	int screen = screen_find(k->screen);
	bool all = !strcmp(k->screen, "all"), none = !strcmp(k->action, "none");
	enum action a = action_find(k->action);
	unsigned on = all ? ON_ALL : screen < 0 ? 0 : ON(screen);
	struct key key;

	if (!on)
		fault(faults, k, "screen", k->screen, nearest_screen(k->screen));
	else if (!key_parse(k->key, &key))
		buf_addf(faults,
		         "config:%d: there is no key \"%s\"; keys are written x, Ctrl-x, Alt-x, F5, PgUp, Space\n",
		         k->line, k->key);
	else if (!a && !none)
		fault(faults, k, "action", k->action, nearest_action(k->action));
	else if (a && !(defs[a].screens & on))
		buf_addf(faults, "config:%d: \"%s\" does nothing on the screen \"%s\"\n", k->line, k->action,
		         k->screen);
	else
		for (int s = 0; s < SCREEN_COUNT; s++)
			if (on & ON(s) & (none ? ON_ALL : defs[a].screens)) {
				unbind(m, s, key);
				if (!none)
					bind(m, s, key, a, true);
			}
}

void keymap_set(struct keymap *m, const struct config *c, struct buf *faults)
{
	for (size_t i = 0; i < c->nkeys; i++)
		set(m, &c->keys[i], faults);
}

enum action keymap_find(const struct keymap *m, enum screen s, struct key k)
{
	for (size_t i = 0; i < m->on[s].len; i++)
		if (key_equal(m->on[s].v[i].key, k))
			return m->on[s].v[i].action;
	return ACT_NONE;
}

struct key keymap_key(const struct keymap *m, enum screen s, enum action a)
{
	for (size_t i = 0; i < m->on[s].len; i++)
		if (m->on[s].v[i].action == a)
			return m->on[s].v[i].key;
	return (struct key){ 0 };
}
