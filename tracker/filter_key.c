#include "tracker/filter_key.h"

#include <strings.h>
#include "base/text.h"

static const struct {
	const char *name;
	enum filter_type type;
} attributes[] = {
#define X(symbol, text, t) [symbol] = {.name = text, .type = t},
        FILTER_ATTRIBUTES(X)
#undef X
};

/* MLflow's names. */
static const struct {
	const char *name;
	enum filter_attribute a;
} aliases[] = {
        {"run_id", FILTER_UID},       {"run_name", FILTER_NAME},      {"run name", FILTER_NAME},
        {"status", FILTER_RUN_STATE}, {"start_time", FILTER_STARTED}, {"end_time", FILTER_ENDED},
        {"user_id", FILTER_USER},
};

static const struct {
	const char *name;
	enum filter_entity entity;
} entities[] = {
        {"metrics", FILTER_METRIC},
        {"metric", FILTER_METRIC},
        {"params", FILTER_PARAM},
        {"param", FILTER_PARAM},
        {"parameters", FILTER_PARAM},
        {"parameter", FILTER_PARAM},
        {"tags", FILTER_TAG},
        {"tag", FILTER_TAG},
        {"attributes", FILTER_ATTRIBUTE},
        {"attribute", FILTER_ATTRIBUTE},
        {"attr", FILTER_ATTRIBUTE},
        {"run", FILTER_ATTRIBUTE},
};

static void attribute_set(struct filter_key *k, enum filter_attribute a)
{
	*k = (struct filter_key){
	        .entity = FILTER_ATTRIBUTE, .attribute = a, .type = attributes[a].type, .name = attributes[a].name};
}

static int attribute_find(struct filter_scan *s, const char *at, const char *name, struct filter_key *ret,
                          struct err *e)
{
	const char *all[ARRAY_LEN(attributes) + ARRAY_LEN(aliases)], *near;
	_buf_ struct buf list = BUF_INIT;
	size_t n = 0;

	for (size_t i = 0; i < ARRAY_LEN(attributes); i++) {
		if (!strcasecmp(attributes[i].name, name)) {
			attribute_set(ret, (enum filter_attribute)i);
			return 0;
		}
		all[n++] = attributes[i].name;
		buf_addf(&list, "%s%s", i ? " " : "", attributes[i].name);
	}
	for (size_t i = 0; i < ARRAY_LEN(aliases); i++) {
		if (!strcasecmp(aliases[i].name, name)) {
			attribute_set(ret, aliases[i].a);
			return 0;
		}
		all[n++] = aliases[i].name;
	}
	near = text_nearest(name, all, n);
	if (near)
		return scan_err(s, at, e,
		                "there is no attribute \"%s\": did you mean %s? (there are %s; others are metrics.K, "
		                "params.K, tags.K)",
		                scan_short(s, name), near, list.data);
	return scan_err(s, at, e, "there is no attribute \"%s\"; there are %s, and metrics.K, params.K, tags.K",
	                scan_short(s, name), list.data);
}

static int entity_find(struct filter_scan *s, const char *at, const char *name, enum filter_entity *ret, struct err *e)
{
	const char *all[ARRAY_LEN(entities)], *near;

	for (size_t i = 0; i < ARRAY_LEN(entities); i++) {
		if (!strcasecmp(entities[i].name, name)) {
			*ret = entities[i].entity;
			return 0;
		}
		all[i] = entities[i].name;
	}
	near = text_nearest(name, all, ARRAY_LEN(all));
	return scan_err(s, at, e, "a key begins with metrics., params., tags. or attributes., found \"%s.\"%s%s%s",
	                scan_short(s, name), near ? ": did you mean " : "", near ? near : "", near ? "?" : "");
}

/* What stands behind "metrics.", "params.", "tags.": K, "K", and for metrics "step".K. */
static int name_parse(struct filter_scan *s, struct filter_key *k, struct err *e)
{
	const char *at = s->p;
	char *name;
	int r;

	if (!*at || !strchr("'\"`", *at)) {
		name = scan_word(s);
		if (*s->p && strchr("\"`", *s->p))
			return scan_err(s, s->p, e,
			                "a key is quoted as a whole: metrics.\"a b\"; a step's metric is "
			                "metrics.\"train[lr]\".acc");
	} else {
		if (*at == '\'')
			return scan_err(s, at, e, "a key is quoted in \" or `, not in '");
		r = scan_quoted(s, &name, e);
		if (r < 0)
			return r;
		if (*s->p == '.') {
			if (k->entity != FILTER_METRIC || k->step)
				return scan_err(s, s->p, e, "a key is quoted as a whole: params.\"a.b c\"");
			if (!*name)
				return scan_err(s, at, e, "the name of the step is empty");
			s->p++;
			k->step = name;
			return name_parse(s, k, e);
		}
	}
	if (!*name)
		return scan_err(s, at, e, "expected the name of a %s, found %s",
		                k->entity == FILTER_METRIC  ? "metric"
		                : k->entity == FILTER_PARAM ? "param"
		                                            : "tag",
		                scan_found(s, at));
	k->name = name;
	return 0;
}

int filter_key_parse(struct filter_scan *s, struct filter_key *ret, struct err *e)
{
	struct filter_key k = {0};
	const char *at;
	char *word, *dot;
	int r;

	scan_blanks(s);
	at = s->p;
	if (*at == '"' || *at == '`') {
		r = scan_quoted(s, &word, e);
		return r < 0 ? r : attribute_find(s, at, word, ret, e);
	}
	word = scan_word(s);
	if (!*word)
		return scan_err(s, at, e,
		                "expected a key (metrics.K, params.K, tags.K, or an attribute such as state), found %s",
		                scan_found(s, at));
	dot = strchr(word, '.');
	if (!dot)
		return attribute_find(s, at, word, ret, e);
	*dot = '\0';
	r = entity_find(s, at, word, &k.entity, e);
	if (r < 0)
		return r;
	s->p = at + (dot - word) + 1;
	if (k.entity == FILTER_ATTRIBUTE) {
		const char *name_at = s->p;

		if (*s->p == '"' || *s->p == '`') {
			r = scan_quoted(s, &word, e);
			if (r < 0)
				return r;
		} else {
			word = scan_word(s);
		}
		return attribute_find(s, name_at, word, ret, e);
	}
	r = name_parse(s, &k, e);
	if (r < 0)
		return r;
	*ret = k;
	return 0;
}
