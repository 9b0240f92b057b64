#include "cli/command.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"
#include "base/time.h"
#include "base/vec.h"

struct option_value {
	const struct option_def *def;
	VEC(const char *) texts; /* in order; "" for flags */
	int64_t number;          /* of the last one */
};

const struct option_def option_help = { .name = "help", .letter = 'h', .text = "shows this text" };
const struct option_def option_json = { .name = "json", .text = "as JSON (jig-json(5))" };

void options_each(const struct command *cmd, option_each_fn *cb, void *arg)
{
	for (const struct option_def *o = cmd->options; o && o->name; o++)
		cb(arg, o);
	if (cmd->flags & COMMAND_JSON)
		cb(arg, &option_json);
	cb(arg, &option_help);
}

static void count_option(void *arg, const struct option_def *o)
{
	++*(size_t *)arg;
}

struct fill { struct option_value *v; size_t n; };

static void fill_option(void *arg, const struct option_def *o)
{
	struct fill *f = arg;
	f->v[f->n++].def = o;
}

static struct option_value *by_name(struct option_value *values, const char *name, size_t len)
{
	for (struct option_value *v = values; v->def; v++)
		if (strlen(v->def->name) == len && !memcmp(v->def->name, name, len))
			return v;
	return NULL;
}

static struct option_value *by_letter(struct option_value *values, char letter)
{
	for (struct option_value *v = values; v->def; v++)
		if (v->def->letter == letter)
			return v;
	return NULL;
}

static int unknown_option(
	const struct command *cmd, struct option_value *values, const char *word, size_t len, struct err *e)
{
	_free_ char *name = mem_strndup(word, len);
	VEC(const char *) names = {0};
	for (struct option_value *v = values; v->def; v++)
		vec_push(&names, v->def->name);
	const char *near = text_nearest(name, names.v, names.len);
	int r = near ? err_set(e, ERR_USAGE, "unknown option --%s (did you mean --%s?); see `jig %s --help`", name,
			       near, cmd->name)
		     : err_set(e, ERR_USAGE, "unknown option --%s; see `jig %s --help`", name, cmd->name);
	vec_release(&names);
	return r;
}

static int take_value(struct option_value *v, const char *text, struct err *e)
{
	const struct option_def *o = v->def;
	int64_t min = o->min, max = o->max;
	switch (o->kind) {
	case OPTION_FLAG:
	case OPTION_TEXT:
		break;
	case OPTION_INTEGER:
		if (!min && !max)
			min = INT64_MIN;
		if (!max)
			max = INT64_MAX;
		if (integer_parse(text, min, max, &v->number))
			break;
		if (min == INT64_MIN)
			return err_set(e, ERR_USAGE, "--%s takes a whole number, not \"%s\"", o->name, text);
		if (max == INT64_MAX)
			return err_set(e, ERR_USAGE, "--%s takes a whole number of at least %lld, not \"%s\"", o->name,
				(long long)min, text);
		return err_set(e, ERR_USAGE, "--%s takes a whole number from %lld to %lld, not \"%s\"", o->name,
			(long long)min, (long long)max, text);
	case OPTION_SIZE:
		if (!size_parse(text, &v->number))
			return err_set(e, ERR_USAGE, "--%s takes a size such as 64K or 4G, not \"%s\"", o->name, text);
		break;
	case OPTION_DURATION:
		if (!duration_parse(text, &v->number))
			return err_set(
				e, ERR_USAGE, "--%s takes a time such as 90s, 2h or 30d, not \"%s\"", o->name, text);
		break;
	}
	vec_push(&v->texts, text);
	return 0;
}

static int parse_long(struct context *c, const char *const *argv, int argc, int *i, struct err *e)
{
	const char *word = argv[*i] + 2, *equals = strchr(word, '=');
	size_t len = equals ? (size_t)(equals - word) : strlen(word);
	struct option_value *v = by_name(c->values, word, len);
	if (!v)
		return unknown_option(c->command, c->values, word, len, e);
	if (v->def->kind == OPTION_FLAG) {
		if (equals)
			return err_set(e, ERR_USAGE, "--%s takes no value", v->def->name);
		return take_value(v, "", e);
	}
	if (equals && !equals[1] && v->def->optional)
		return err_set(e, ERR_USAGE, "--%s= has no value behind the \"=\": give one, or write --%s alone",
			v->def->name, v->def->name);
	if (equals)
		return take_value(v, equals + 1, e);
	if (v->def->optional)
		return take_value(v, "", e);
	if (*i + 1 >= argc)
		return err_set(e, ERR_USAGE, "--%s needs a value: --%s %s", v->def->name, v->def->name, v->def->value);
	return take_value(v, argv[++*i], e);
}

/* A word of short options: "-fn20", "-n 20". */
static int parse_short(struct context *c, const char *const *argv, int argc, int *i, struct err *e)
{
	for (const char *p = argv[*i] + 1; *p; p++) {
		struct option_value *v = by_letter(c->values, *p);
		if (!v)
			return err_set(e, ERR_USAGE, "unknown option -%c; see `jig %s --help`", *p, c->command->name);
		int r;
		if (v->def->kind == OPTION_FLAG || (v->def->optional && !p[1])) {
			if ((r = take_value(v, "", e)) < 0)
				return r;
			continue;
		}
		if (p[1])
			return take_value(v, p + 1, e);
		if (*i + 1 >= argc)
			return err_set(e, ERR_USAGE, "-%c needs a value: -%c %s", *p, *p, v->def->value);
		return take_value(v, argv[++*i], e);
	}
	return 0;
}

/* --help wins over whatever else is wrong with the line. */
static bool asks_help(int argc, const char *const *argv)
{
	for (int i = 0; i < argc && strcmp(argv[i], "--"); i++)
		if (!strcmp(argv[i], "--help") || !strcmp(argv[i], "-h"))
			return true;
	return false;
}

int options_parse(
	struct context *c, const struct command *cmd, int argc, const char *const *argv, bool *ret_help, struct err *e)
{
	size_t n = 0;
	options_each(cmd, count_option, &n);
	c->command = cmd;
	c->values = mem_zero((n + 1) * sizeof *c->values);
	options_each(cmd, fill_option, &(struct fill){ .v = c->values });
	*ret_help = asks_help(argc, argv);
	if (*ret_help)
		return 0;

	const char **args = mem_zero(((size_t)argc + 1) * sizeof *args);
	c->args = args;
	c->before_dash = -1;
	for (int i = 0; i < argc; i++) {
		int r = 0;
		if (c->before_dash >= 0 || argv[i][0] != '-' || !argv[i][1])
			args[c->nargs++] = argv[i];
		else if (!strcmp(argv[i], "--"))
			c->before_dash = c->nargs;
		else
			r = argv[i][1] == '-' ? parse_long(c, argv, argc, &i, e) : parse_short(c, argv, argc, &i, e);
		if (r < 0)
			return r;
	}
	if (c->before_dash < 0)
		c->before_dash = c->nargs;
	if (cmd->flags & COMMAND_JSON)
		c->json = option_flag(c, "json");
	if (c->nargs < cmd->min_args)
		return err_set(e, ERR_USAGE, "too few arguments: jig %s %s%s", cmd->name, cmd->usage,
			text_starts(cmd->usage, "RUN") ? " (RUN: a number, a name, or last)" : "");
	if (c->nargs > cmd->max_args)
		return err_set(e, ERR_USAGE, "too many arguments, \"%s\" is one: jig %s%s%s", args[cmd->max_args],
			cmd->name, *cmd->usage ? " " : "", cmd->usage);
	return 0;
}

void options_release(struct context *c)
{
	for (struct option_value *v = c->values; v && v->def; v++)
		vec_release(&v->texts);
	free(c->values);
	free((void *)c->args);
	c->values = NULL;
	c->args = NULL;
}

static const struct option_value *value_of(const struct context *c, const char *name)
{
	const struct option_value *v = by_name(c->values, name, strlen(name));
	if (!v)
		abort();
	return v;
}

bool option_flag(const struct context *c, const char *name)
{
	return value_of(c, name)->texts.len > 0;
}

const char *option_text(const struct context *c, const char *name)
{
	const struct option_value *v = value_of(c, name);
	return v->texts.len ? v->texts.v[v->texts.len - 1] : NULL;
}

size_t option_list(const struct context *c, const char *name, const char *const **ret)
{
	const struct option_value *v = value_of(c, name);
	*ret = v->texts.v;
	return v->texts.len;
}

int64_t option_number(const struct context *c, const char *name, int64_t otherwise)
{
	const struct option_value *v = value_of(c, name);
	return v->texts.len ? v->number : otherwise;
}
