#include "cli/manual.h"

#include <string.h>
#include "base/text.h"
#include "cli/command.h"
#include "cli/manual_keys.h"
#include "cli/help.h"
#include "runner/env/env_choose.h"
#include "runner/work/isolation.h"
#include "runner/pipeline/pipeline.h"
#include "runner/pipeline/pipeline_keys.h"
#include "runner/pipeline/variables.h"
#include "tracker/state.h"
#include "tui/theme.h"

/* What stands in `backquotes` becomes bold, and each sentence begins a line, as mdoc wants it. */
static void add_prose(struct buf *out, const char *text, size_t n)
{
	bool bold = false;

	for (size_t i = 0; i < n; i++) {
		bool sentence = i && text[i] == ' ' && text[i - 1] == '.' && i + 1 < n && text[i + 1] >= 'A' &&
		                text[i + 1] <= 'Z';

		if (text[i] == '`')
			buf_adds(out, (bold = !bold) ? "\\fB" : "\\fR");
		else
			buf_addc(out, sentence ? '\n' : text[i]);
	}
	if (bold)
		buf_adds(out, "\\fR");
}

/* Text of a table, with nothing that roff would act on. */
static void add_text(struct buf *out, const char *text)
{
	_buf_ struct buf safe = BUF_INIT;

	for (const char *s = text; *s; s++) {
		if ((s == text || s[-1] == '\n') && (*s == '.' || *s == '\''))
			buf_adds(&safe, "\\&");
		if (*s == '\\')
			buf_adds(&safe, "\\e");
		else
			buf_addc(&safe, *s);
	}
	add_prose(out, safe.data, safe.len);
	buf_addc(out, '\n');
}

static void add_sentence(struct buf *out, const char *text)
{
	_buf_ struct buf b = BUF_INIT;
	size_t n = strlen(text);

	buf_adds(&b, text);
	if (*text >= 'a' && *text <= 'z')
		b.data[0] -= 'a' - 'A';
	if (n && text[n - 1] != '.')
		buf_addc(&b, '.');
	add_text(out, b.data);
}

static void add_item(struct buf *out, const char *head, const char *beside, const char *text)
{
	buf_addf(out, ".It Cm %s", head);
	if (beside)
		buf_addf(out, " Pq %s", beside);
	buf_addc(out, '\n');
	add_sentence(out, text);
}

/* ---- commands ---- */

static const char *const groups[] = {
        [GROUP_RUN] = "run", [GROUP_LOOK] = "look", [GROUP_KEEP] = "keep", [GROUP_OTHER] = "other"};

static bool shown(const struct command *cmd, size_t group)
{
	return (size_t)cmd->group == group && !(cmd->flags & COMMAND_HIDDEN);
}

static int part_commands(struct buf *out, const char *word, struct err *e)
{
	_buf_ struct buf b = BUF_INIT;

	for (size_t g = 0; g < ARRAY_LEN(groups); g++) {
		if (strcmp(groups[g], word))
			continue;
		for (const struct command *const *c = commands; *c; c++)
			if (shown(*c, g))
				help_mdoc(&b, *c);
		for (const char *line = b.data; *line;) {
			size_t n = strcspn(line, "\n");

			if (*line == '.')
				buf_add(out, line, n);
			else
				add_prose(out, line, n);
			buf_addc(out, '\n');
			line += n + (line[n] == '\n');
		}
		return 0;
	}
	return err_set(e, ERR_USAGE, "there is no group of commands \"%s\"", word);
}

static int part_overview(struct buf *out, const char *word, struct err *e)
{
	static const char *const headings[] = {
#define X(symbol, heading) [symbol] = heading,
		COMMAND_GROUPS(X)
#undef X
	};

	for (size_t g = 0; g < ARRAY_LEN(headings); g++) {
		buf_addf(out, ".Ss %s\n.Bl -tag -width completion -compact\n", headings[g]);
		for (const struct command *const *c = commands; *c; c++)
			if (shown(*c, g))
				add_item(out, (*c)->name, NULL, (*c)->summary);
		buf_adds(out, ".El\n");
	}
	return 0;
}

/* ---- vocabularies ---- */

static void add_words(struct buf *out, const struct word *v, int n)
{
	buf_adds(out, ".Bl -tag -width upstream_failed -compact\n");
	for (int i = 0; i < n; i++) {
		_free_ char *signs = v[i].glyph ? mem_printf("%s, without UTF-8 \\&%s", v[i].glyph, v[i].ascii) : NULL;
		if (*v[i].text)
			add_item(out, v[i].text, signs, v[i].meaning);
	}
	buf_adds(out, ".El\n");
}

#define WORD_(symbol, name, about) { .text = name, .meaning = about },
static const struct word triggers[] = { TRIGGERS(WORD_) };
static const struct word keeps[] = { KEEPS(WORD_) };
static const struct word env_grades[] = { ENV_GRADES(WORD_) };
static const struct word isolations[] = { ISOLATIONS(WORD_) };
#define KIND_(symbol, name, files, about) { .text = name, .meaning = about },
static const struct word env_kinds[] = { ENV_KINDS(KIND_) };
#define HIDDEN_(path, about) { .text = "~/" path, .meaning = about },
static const struct word hidden[] = { SANDBOX_HIDDEN(HIDDEN_) };

static const struct word theme_roles[] = { ROLES(WORD_) };
static const struct word theme_attributes[] = {
#define ATTRIBUTE_(symbol, name, code, about) { .text = name, .meaning = about },
	STYLE_ATTRS(ATTRIBUTE_)
};
static const struct word theme_files[] = { THEMES(WORD_) };

static int part_words(struct buf *out, const char *word, struct err *e)
{
	static const struct { const char *name; enum vocabulary v;
	} lists[] = {
	        {"run_state", WORDS_RUN_STATE},
	        {"step_state", WORDS_STEP_STATE},
	        {"attempt_state", WORDS_ATTEMPT_STATE},
	        {"cause", WORDS_CAUSE},
	        {"role", WORDS_ROLE},
	        {"form", WORDS_FORM},
	};

	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		int n;
		if (strcmp(lists[i].name, word))
			continue;
		const struct word *v = words_of(lists[i].v, &n);
		add_words(out, v, n);
		return 0;
	}
	if (!strcmp(word, "trigger"))
		add_words(out, triggers, ARRAY_LEN(triggers));
	else if (!strcmp(word, "keep"))
		add_words(out, keeps, ARRAY_LEN(keeps));
	else if (!strcmp(word, "env_kind"))
		add_words(out, env_kinds, ARRAY_LEN(env_kinds));
	else if (!strcmp(word, "env_grade"))
		add_words(out, env_grades, ARRAY_LEN(env_grades));
	else if (!strcmp(word, "isolation"))
		add_words(out, isolations, ARRAY_LEN(isolations));
	else if (!strcmp(word, "hidden"))
		add_words(out, hidden, ARRAY_LEN(hidden));
	else if (!strcmp(word, "theme"))
		add_words(out, theme_files, ARRAY_LEN(theme_files));
	else if (!strcmp(word, "theme_role"))
		add_words(out, theme_roles, ARRAY_LEN(theme_roles));
	else if (!strcmp(word, "theme_attribute"))
		add_words(out, theme_attributes, ARRAY_LEN(theme_attributes));
	else
		return err_set(e, ERR_USAGE, "there is no list of words \"%s\"", word);
	return 0;
}

/* ---- the pipeline file ---- */

struct key { const char *name, *type, *text; };
#define KEY_(name, type, text) { #name, type, text },

static void add_keys(struct buf *out, const struct key *v, size_t n)
{
	buf_adds(out, ".Bl -tag -width Ds\n");
	for (size_t i = 0; i < n; i++)
		add_item(out, v[i].name, v[i].type, v[i].text);
	buf_adds(out, ".El\n");
}

static int part_pipeline_keys(struct buf *out, const char *word, struct err *e)
{
	static const struct key keys[] = { PIPELINE_KEYS(KEY_) };

	add_keys(out, keys, ARRAY_LEN(keys));
	return 0;
}

static int part_step_keys(struct buf *out, const char *word, struct err *e)
{
	static const struct key keys[] = { STEP_KEYS(KEY_) };

	add_keys(out, keys, ARRAY_LEN(keys));
	return 0;
}

static int part_variables(struct buf *out, const char *word, struct err *e)
{
	bool wanted = !strcmp(word, "decides");
	const char *name;
	bool decides, first = true;

	if (!wanted && strcmp(word, "passes"))
		return err_set(e, ERR_USAGE, "there is no list of variables \"%s\"", word);
	for (size_t i = 0; (name = variable_allowed(i, &decides)); i++) {
		if (decides != wanted)
			continue;
		buf_addf(out, "%s.Ev %s", first ? "" : " ,\n", name);
		first = false;
	}
	buf_adds(out, " .\n");
	return 0;
}

static int part_version(struct buf *out, const char *word, struct err *e)
{
	buf_adds(out, ".Os jig " JIG_VERSION "\n");
	return 0;
}

int manual_part(struct buf *out, const char *part, struct err *e)
{
	static const struct {
		const char *name;
		int (*make)(struct buf *out, const char *word, struct err *e);
	} parts[] = {
	        {"commands", part_commands},     {"overview", part_overview},
	        {"words", part_words},           {"pipeline_keys", part_pipeline_keys},
	        {"step_keys", part_step_keys},   {"variables", part_variables},
	        {"version", part_version},       {"keys", manual_keys},
	        {"key_words", manual_key_words}, {"palette", manual_palette},
	};
	size_t n = strcspn(part, " ");

	for (size_t i = 0; i < ARRAY_LEN(parts); i++)
		if (strlen(parts[i].name) == n && !memcmp(parts[i].name, part, n))
			return parts[i].make(out, part + n + (part[n] == ' '), e);
	return err_set(e, ERR_USAGE, "the program has no part \"%s\" for a manual page", part);
}

int manual_expand(struct buf *out, const char *text, size_t len, struct err *e)
{
	const char *end = text + len;

	for (int line = 1; text < end; line++) {
		const char *nl = memchr(text, '\n', (size_t)(end - text));
		size_t n = (size_t)((nl ? nl : end) - text);

		if (n > 2 && text[0] == '@' && text[n - 1] == '@') {
			_free_ char *part = mem_strndup(text + 1, n - 2);
			int r = manual_part(out, part, e);

			if (r < 0)
				return err_prefix(e, "line %d", line);
		} else {
			buf_add(out, text, n);
			buf_addc(out, '\n');
		}
		text += n + (nl != NULL);
	}
	return 0;
}
