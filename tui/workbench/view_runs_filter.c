/* What is typed behind "/": letters that runs are searched by, or the grammar of `jig ls`. */
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

int runs_view_filter(struct runs_view *w, const char *text, struct err *e)
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
	return runs_view_ask(w, e);
}
