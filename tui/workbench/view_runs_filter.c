/* Which runs are asked for, by what is typed behind "/" (letters to search by, or the grammar of `jig ls`), and in
 * what order. */
#include "tui/workbench/view_runs_parts.h"

#include <string.h>
#include "base/text.h"
#include "tracker/filter.h"

static bool is_word(const char *text, const char *word)
{
	size_t n = strlen(word);

	for (const char *p = text; (p = strcasestr(p, word)); p++)
		if (p > text && p[-1] == ' ' && (p[n] == ' ' || p[n] == '('))
			return true;
	return false;
}

/* Of the grammar of `jig ls`: it has an operator, or a key of its that none was typed behind yet. */
static bool is_grammar(const char *text)
{
	static const char *const families[] = {"metrics.", "params.", "tags.", "attributes."};

	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		if (text_starts(text, families[i]))
			return true;
	return strpbrk(text, "=<>!~") || is_word(text, "like") || is_word(text, "ilike") || is_word(text, "in") ||
	       is_word(text, "not");
}

/* The parser's reason without its place and its advice. */
static char *fault_text(const struct err *why)
{
	const char *text = text_starts(why->text, "filter, column ") ? strstr(why->text, ": ") : NULL;

	if (text_ends(why->text, ", found the end"))
		return mem_strdup("not complete; the last result stays");
	text = text ? text + 2 : why->text;
	return mem_strndup(text, strcspn(text, ":;,("));
}

int view_runs_filter(struct view_runs *w, const char *text, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct filter *parsed;
	struct err why;
	bool grammar;

	text += strspn(text, " ");
	grammar = is_grammar(text);
	w->bad = grammar && filter_parse(text, &a, &parsed, &why) < 0;
	free(w->fault);
	w->fault = w->bad ? fault_text(&why) : NULL;
	/* What was found by single letters says nothing once it is known that a comparison begins. */
	if (w->bad && !w->fuzzy)
		return VIEW_REDRAW;
	if (w->bad)
		text = "";
	free(w->filter);
	w->filter = *text ? mem_strdup(text) : NULL;
	w->fuzzy = *text && !grammar;
	return view_runs_filter_ask(w, e);
}

void view_runs_filter_note(struct view_runs *w)
{
	char matching[32] = "…", total[32];

	if (!w->typing)
		return;
	if (w->bad) {
		app_type_note(w->app, true, "%s", w->fault);
		return;
	}
	if (runs_list_matching(w->list) >= 0)
		count_text(runs_list_matching(w->list), matching);
	count_text(runs_list_total(w->list), total);
	app_type_note(w->app, false, "%s of %s", matching, total);
}

static char *sort_text(const struct view_runs *w)
{
	struct runs_columns c = {0};
	struct err ignored;
	_free_ char *key = NULL;
	char *text = NULL;
	bool down = w->descending;

	if (w->sort && runs_columns_add(&c, w->sort, &ignored) >= 0 && (key = runs_column_sort(&c.v[0]))) {
		/* A small age is a late time. */
		down = c.v[0].kind == FACT_AGE ? !down : down;
		if (c.v[0].kind != FACT_NUMBER || !down)
			text = mem_printf("%s%s", key, down ? " DESC" : "");
	}
	runs_columns_release(&c);
	return text;
}

int view_runs_filter_ask(struct view_runs *w, struct err *e)
{
	_free_ char *sort = sort_text(w);
	struct runs_asked q = {
	        .filter = w->fuzzy ? NULL : w->filter, .fuzzy = w->fuzzy ? w->filter : NULL, .sort = sort};
	int r = runs_list_ask(w->list, &q, asked_rows(w), e);

	if (r < 0)
		return r;
	return runs_list_pending(w->list) ? VIEW_REDRAW : view_runs_cursor_stick(w, e);
}

static int typed(void *arg, struct app *a, enum typed how, const char *text, struct err *e)
{
	struct view_runs *w = arg;
	int r;

	if (how == TYPED_ESC) {
		w->typing = w->bad = false;
		return view_runs_filter(w, "", e);
	}
	if (how == TYPED_ENTER) {
		struct err why;
		_arena_ struct arena arena = ARENA_INIT;
		struct filter *parsed;

		w->typing = false;
		/* What does not hold is said, and the last that did stands. */
		if (w->bad && filter_parse(text, &arena, &parsed, &why) < 0)
			app_say(a, ROLE_WARNING, "%s", why.text);
		w->bad = false;
		view_runs_columns_choose(w);
		return view_runs_cursor_show(w, e);
	}
	r = view_runs_filter(w, text, e);
	view_runs_filter_note(w);
	return r;
}

int view_runs_filter_type(struct view_runs *w)
{
	w->typing = true;
	app_type(w->app, "filter", w->filter ? w->filter : "", typed, w);
	view_runs_filter_note(w);
	return VIEW_REDRAW;
}
