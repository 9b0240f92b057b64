#include "cli/manual_keys.h"

#include <string.h>
#include "tui/action.h"
#include "tui/workbench/view_palette.h"

/* A backslash is roff's own sign. */
static void add_key(struct buf *out, struct key k)
{
	char name[KEY_NAME];

	key_name(k, name);
	buf_adds(out, strcmp(name, "\\") ? name : "\\e");
}

static void add_keys(struct buf *out, const char *keys)
{
	for (bool first = true; *keys; first = false) {
		size_t n = strcspn(keys, " ");
		_free_ char *word = mem_strndup(keys, n);
		struct key k;

		buf_adds(out, first ? " Cm \\&" : " , Cm \\&");
		if (key_parse(word, &k))
			add_key(out, k);
		keys += n + (keys[n] == ' ');
	}
}

static void add_action(struct buf *out, const struct action_def *d)
{
	buf_adds(out, ".It");
	add_keys(out, d->keys);
	if (*d->mouse)
		buf_addf(out, " , No %s", d->mouse);
	buf_addf(out, "\n.Pq Cm %s\n%c%s.\n", d->name, *d->help >= 'a' && *d->help <= 'z' ? *d->help - 32 : *d->help,
	         d->help + 1);
}

int manual_keys(struct buf *out, const char *word, struct err *e)
{
	bool all = !strcmp(word, "all");
	int screen = screen_find(word);

	if (!all && screen < 0)
		return err_set(e, ERR_USAGE, "there is no screen \"%s\"", word);
	buf_adds(out, ".Bl -tag -width Ds -compact\n");
	for (int a = 1; a < ACT_COUNT; a++) {
		const struct action_def *d = action_def(a);

		if (all ? action_everywhere(a) : !action_everywhere(a) && d->screens & ON(screen))
			add_action(out, d);
	}
	buf_adds(out, ".El\n");
	return 0;
}

static void add_word(struct buf *out, const char *name, const char *text)
{
	buf_addf(out, ".It Cm %s\n%s\n", name, text);
}

int manual_key_words(struct buf *out, const char *word, struct err *e)
{
	buf_adds(out, ".Bl -tag -width restart-instead -compact\n");
	if (!strcmp(word, "screens"))
		for (int s = 0; s < SCREEN_COUNT; s++)
			add_word(out, screen_name(s), screen_title(s));
	else
		return err_set(e, ERR_USAGE, "there is no list of words \"%s\" about keys", word);
	buf_adds(out, ".El\n");
	return 0;
}

int manual_palette(struct buf *out, const char *word, struct err *e)
{
	buf_adds(out, ".Bl -tag -width Ds -compact\n");
	for (int i = 0; i < npalette_commands; i++)
		buf_addf(out, ".It Cm %s Ar %s\n%s.\n", palette_commands[i].name, palette_commands[i].words,
		         palette_commands[i].help);
	buf_adds(out, ".El\n");
	return 0;
}
