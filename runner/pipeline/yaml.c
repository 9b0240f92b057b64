#include "runner/pipeline/yaml.h"

#include <errno.h>
#include <math.h>
#include <yaml.h>
#include "base/json.h"
#include "base/map.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/vec.h"

/* Below so many keys a walk is quicker than a table. */
enum { FEW_KEYS = 16 };

struct frame {
	struct yaml_node *node;
	VEC(struct yaml_pair) pairs;
	VEC(struct yaml_node *) items;
	struct map keys;
	struct yaml_node *key; /* waits for its value */
	bool skip;             /* the value that comes belongs to a key that is no good */
	ssize_t anchor;        /* its place in the reader's anchors, -1 = none */
	size_t before;         /* nodes counted when it began */
	int height;            /* levels below it */
};

struct anchor {
	struct yaml_node *node;
	size_t weight; /* nodes of it, aliases expanded */
	int height;
	bool done;
};

struct reader {
	yaml_parser_t parser;
	struct arena *arena;
	struct diags *d;
	struct frame frames[YAML_DEPTH_MOST];
	int depth;
	struct map names; /* of anchors, to index + 1 */
	VEC(struct anchor) anchors;
	size_t nodes;
	struct yaml_node *root;
	bool stop;
};

const char *yaml_kind_text(enum yaml_kind kind)
{
	static const char *const texts[] = {
	        [YAML_NULL] = "nothing",  [YAML_BOOL] = "a truth value", [YAML_INT] = "a whole number",
	        [YAML_REAL] = "a number", [YAML_TEXT] = "a text",        [YAML_LIST] = "a list",
	        [YAML_MAP] = "a mapping",
	};

	return texts[kind];
}

static bool one_of(const char *text, const char *const *words)
{
	for (; *words; words++)
		if (!strcmp(text, *words))
			return true;
	return false;
}

static const char *set_integer(struct yaml_node *n, const char *digits, int base, bool negative)
{
	errno = 0;
	unsigned long long v = strtoull(digits, NULL, base);
	if (errno || v > (unsigned long long)INT64_MAX + negative)
		return "does not fit 64 bits; write it in quotes to make it a text";
	n->kind = YAML_INT;
	n->integer = negative ? (int64_t)(0 - v) : (int64_t)v;
	n->real = (double)n->integer;
	return NULL;
}

/* [-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)? */
static bool is_real(const char *p)
{
	static const char digits[] = "0123456789";
	size_t whole, part = 0;

	p += *p == '-' || *p == '+';
	whole = strspn(p, digits);
	p += whole;
	if (*p == '.') {
		part = strspn(++p, digits);
		p += part;
	}
	if (!whole && !part)
		return false;
	if (*p == 'e' || *p == 'E') {
		p++;
		p += *p == '-' || *p == '+';
		if (!strspn(p, digits))
			return false;
		p += strspn(p, digits);
	}
	return !*p;
}

const char *yaml_resolve(struct yaml_node *n)
{
	static const char *const nulls[] = {"", "~", "null", "Null", "NULL", NULL};
	static const char *const trues[] = {"true", "True", "TRUE", NULL};
	static const char *const falses[] = {"false", "False", "FALSE", NULL};
	static const char *const infinities[] = {".inf", ".Inf", ".INF", NULL};
	static const char *const nans[] = {".nan", ".NaN", ".NAN", NULL};
	const char *text = n->text;

	n->kind = YAML_TEXT;
	if (one_of(text, nulls)) {
		n->kind = YAML_NULL;
		return NULL;
	}
	if (one_of(text, trues) || one_of(text, falses)) {
		n->kind = YAML_BOOL;
		n->boolean = one_of(text, trues);
		return NULL;
	}
	if (one_of(text, nans)) {
		n->kind = YAML_REAL;
		n->real = NAN;
		return NULL;
	}
	bool sign = *text == '-' || *text == '+';
	const char *bare = text + sign;
	if (one_of(bare, infinities)) {
		n->kind = YAML_REAL;
		n->real = *text == '-' ? -INFINITY : INFINITY;
		return NULL;
	}
	if (*bare && !bare[strspn(bare, "0123456789")])
		return set_integer(n, bare, 10, *text == '-');
	if (!sign && text[0] == '0' && text[1] == 'o' && text[2] && !text[2 + strspn(text + 2, "01234567")])
		return set_integer(n, text + 2, 8, false);
	if (!sign && text[0] == '0' && text[1] == 'x' && text[2] &&
	    !text[2 + strspn(text + 2, "0123456789abcdefABCDEF")])
		return set_integer(n, text + 2, 16, false);
	double v;
	if (!is_real(text) || !number_parse(bare, strlen(bare), &v))
		return NULL;
	if (isinf(v))
		return "is beyond the numbers of 64 bits; write it in quotes to make it a text";
	n->kind = YAML_REAL;
	n->real = *text == '-' ? -v : v;
	return NULL;
}

/* Hands a finished node to what it belongs to. */
static void place(struct reader *r, struct yaml_node *n)
{
	if (!r->depth) {
		r->root = n;
		return;
	}
	struct frame *f = &r->frames[r->depth - 1];
	if (f->node->kind == YAML_LIST) {
		vec_push(&f->items, n);
		return;
	}
	if (f->key) {
		if (!f->skip)
			vec_push(&f->pairs, (struct yaml_pair){.key = f->key, .value = n});
		f->key = NULL;
		return;
	}
	f->key = n;
	f->skip = true;
	if (n->kind == YAML_LIST || n->kind == YAML_MAP) {
		diags_add(r->d, n->line, n->column, "a key must be a text, not %s", yaml_kind_text(n->kind));
		return;
	}
	if (!n->len) {
		diags_add(r->d, n->line, n->column, "a key is empty");
		return;
	}
	if (!n->quoted && !strcmp(n->text, "<<")) {
		diags_add(r->d, n->line, n->column, "merge keys (<<) are no part of YAML 1.2; write the keys out");
		return;
	}
	const struct yaml_node *first = NULL;
	if (f->pairs.len < FEW_KEYS) {
		for (size_t i = 0; i < f->pairs.len && !first; i++)
			if (!strcmp(f->pairs.v[i].key->text, n->text))
				first = f->pairs.v[i].key;
	} else {
		for (size_t i = f->keys.len; i < f->pairs.len; i++)
			map_set(&f->keys, f->pairs.v[i].key->text, f->pairs.v[i].key);
		bool is_new;
		struct map_entry *entry = map_add(&f->keys, n->text, &is_new);
		if (is_new)
			entry->ptr = n;
		else
			first = entry->ptr;
	}
	if (first)
		diags_add(r->d, n->line, n->column, "key \"%s\" stands here twice (first at %d:%d)", n->text,
		          first->line, first->column);
	f->skip = first;
}

static void refuse(struct reader *r, const yaml_mark_t *at, const char *text)
{
	diags_add(r->d, (int)at->line + 1, (int)at->column + 1, "%s", text);
	r->stop = true;
}

static struct yaml_node *node_new(struct reader *r, enum yaml_kind kind, const yaml_mark_t *at)
{
	struct yaml_node *n = arena_new(r->arena, struct yaml_node);

	n->kind = kind;
	n->line = (int)at->line + 1;
	n->column = (int)at->column + 1;
	if (++r->nodes > YAML_NODES_MOST)
		refuse(r, at, "more than 1,000,000 values");
	return n;
}

static ssize_t anchor_add(struct reader *r, const yaml_char_t *name, struct anchor a)
{
	if (!name)
		return -1;
	vec_push(&r->anchors, a);
	map_add(&r->names, (const char *)name, NULL)->num = (intptr_t)r->anchors.len;
	return (ssize_t)r->anchors.len - 1;
}

static void on_alias(struct reader *r, const yaml_event_t *ev)
{
	const char *name = (const char *)ev->data.alias.anchor;
	const struct map_entry *entry = map_find(&r->names, name);
	const struct anchor *a = entry ? &r->anchors.v[entry->num - 1] : NULL;
	struct yaml_node *n = node_new(r, YAML_NULL, &ev->start_mark);
	int line = n->line, column = n->column;

	n->text = "";
	if (!a || !a->done) {
		diags_add(r->d, line, column,
		          a ? "alias *%s stands inside of what it names"
		            : "alias *%s names nothing; no &%s comes before it",
		          name, name);
	} else if (r->depth + a->height > YAML_DEPTH_MOST) {
		refuse(r, &ev->start_mark, "more than 64 levels, aliases included");
	} else if ((r->nodes += a->weight - 1) > YAML_NODES_MOST) {
		refuse(r, &ev->start_mark, "more than 1,000,000 values, aliases included");
	} else {
		*n = *a->node;
		n->line = line;
		n->column = column;
		if (r->depth && r->frames[r->depth - 1].height < a->height)
			r->frames[r->depth - 1].height = a->height;
	}
	place(r, n);
}

#define TAG "tag:yaml.org,2002:"
static void on_scalar(struct reader *r, const yaml_event_t *ev)
{
	struct yaml_node *n = node_new(r, YAML_TEXT, &ev->start_mark);
	const char *tag = (const char *)ev->data.scalar.tag, *fault = NULL;

	n->len = ev->data.scalar.length;
	n->text = arena_strndup(r->arena, (const char *)ev->data.scalar.value, n->len);
	n->quoted = ev->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
	if (strlen(n->text) != n->len) {
		diags_add(r->d, n->line, n->column, "a text holds a NUL byte");
		n->len = strlen(n->text);
	}
	if (tag && (!strcmp(tag, "!") || !strcmp(tag, TAG "str"))) {
		n->quoted = true;
	} else if (!n->quoted || tag) {
		fault = yaml_resolve(n);
	}
	if (fault)
		diags_add(r->d, n->line, n->column, "%s %s", n->text, fault);
	if (tag && !n->quoted) {
		static const char *const tags[] = {
		        [YAML_NULL] = TAG "null",  [YAML_BOOL] = TAG "bool", [YAML_INT] = TAG "int",
		        [YAML_REAL] = TAG "float", [YAML_TEXT] = TAG "str",
		};
		bool widened = n->kind == YAML_INT && !strcmp(tag, tags[YAML_REAL]);
		if (widened)
			n->kind = YAML_REAL;
		if (strcmp(tag, tags[n->kind]))
			diags_add(r->d, n->line, n->column,
			          "the tag %s does not fit this value, or is no tag of YAML's core", tag);
	} else if (tag && strcmp(tag, "!") && strcmp(tag, TAG "str")) {
		diags_add(r->d, n->line, n->column,
		          "the tag %s does not fit a text in quotes, or is no tag of YAML's core", tag);
	}
	anchor_add(r, ev->data.scalar.anchor, (struct anchor){.node = n, .weight = 1, .height = 0, .done = true});
	place(r, n);
}

static void on_start(struct reader *r, const yaml_event_t *ev, enum yaml_kind kind, const yaml_char_t *tag,
                     const char *right_tag, const yaml_char_t *anchor)
{
	struct yaml_node *n = node_new(r, kind, &ev->start_mark);

	if (tag && strcmp((const char *)tag, right_tag) && strcmp((const char *)tag, "!"))
		diags_add(r->d, n->line, n->column, "the tag %s is no tag of YAML's core", (const char *)tag);
	if (r->depth == YAML_DEPTH_MOST) {
		refuse(r, &ev->start_mark, "more than 64 levels");
		return;
	}
	ssize_t at = anchor_add(r, anchor, (struct anchor){.node = n});
	r->frames[r->depth++] = (struct frame){.node = n, .keys = MAP_INIT, .anchor = at, .before = r->nodes - 1};
}

static void frame_release(struct frame *f)
{
	vec_release(&f->pairs);
	vec_release(&f->items);
	map_release(&f->keys);
}

static void on_end(struct reader *r)
{
	struct frame *f = &r->frames[--r->depth];
	struct yaml_node *n = f->node;
	int height = f->height + 1;

	n->n = n->kind == YAML_LIST ? f->items.len : f->pairs.len;
	if (n->kind == YAML_LIST)
		n->items = arena_dup(r->arena, f->items.v, f->items.len * sizeof *f->items.v);
	else
		n->pairs = arena_dup(r->arena, f->pairs.v, f->pairs.len * sizeof *f->pairs.v);
	if (f->anchor >= 0) {
		struct anchor *a = &r->anchors.v[f->anchor];
		a->weight = r->nodes - f->before;
		a->height = height;
		a->done = true;
	}
	frame_release(f);
	if (r->depth && r->frames[r->depth - 1].height < height)
		r->frames[r->depth - 1].height = height;
	place(r, n);
}

static void on_event(struct reader *r, const yaml_event_t *ev)
{
	switch (ev->type) {
	case YAML_DOCUMENT_START_EVENT:
		if (r->root)
			refuse(r, &ev->start_mark, "a second document begins here; a file holds one");
		return;
	case YAML_ALIAS_EVENT:
		on_alias(r, ev);
		return;
	case YAML_SCALAR_EVENT:
		on_scalar(r, ev);
		return;
	case YAML_SEQUENCE_START_EVENT:
		on_start(r, ev, YAML_LIST, ev->data.sequence_start.tag, TAG "seq", ev->data.sequence_start.anchor);
		return;
	case YAML_MAPPING_START_EVENT:
		on_start(r, ev, YAML_MAP, ev->data.mapping_start.tag, TAG "map", ev->data.mapping_start.anchor);
		return;
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_END_EVENT:
		on_end(r);
		return;
	default:
		return;
	}
}

static const char *wide_name(const char *text, size_t len)
{
	if (len >= 4 && (!memcmp(text, "\xff\xfe\0\0", 4) || !memcmp(text, "\0\0\xfe\xff", 4)))
		return "UTF-32";
	return len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)) ? "UTF-16" : NULL;
}

/* The first byte that no YAML text may hold, said with its place; false when there is one. */
static bool check_bytes(const char *text, size_t len, struct diags *d)
{
	const char *wide = wide_name(text, len);
	int line = 1, column = 1;

	if (wide) {
		diags_add(d, 1, 1, "the text is %s; save it as UTF-8", wide);
		return false;
	}
	for (size_t i = 0; i < len;) {
		unsigned char c = (unsigned char)text[i];
		uint32_t cp = c;
		size_t n = 1;
		if (c >= 0x80)
			n = utf8_decode(text + i, len - i, &cp);
		if (c >= 0x80 && n == 1) {
			diags_add(d, line, column, "byte 0x%02x is no UTF-8; save the file as UTF-8", c);
			return false;
		}
		if (cp == 0 || (cp < 0x20 && cp != '\t' && cp != '\n' && cp != '\r') ||
		    (cp >= 0x7f && cp < 0xa0 && cp != 0x85) || cp == 0xfffe || cp == 0xffff) {
			diags_add(d, line, column, "character U+%04X may not stand in YAML", (unsigned)cp);
			return false;
		}
		column++;
		if (cp == '\n') {
			line++;
			column = 1;
		}
		i += n;
	}
	return true;
}

/* Where a line, counted from 0, begins; its end is that of the text. */
static const char *line_begin(const char *text, const char *end, size_t line)
{
	const char *newline;

	for (; line > 0; line--) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			return end;
		text = newline + 1;
	}
	return text;
}

/* libyaml calls it "cannot start any token". */
static bool tab_indents(const char *text, size_t len, size_t line)
{
	const char *end = text + len, *p = line_begin(text, end, line);

	while (p < end && *p == ' ')
		p++;
	return p < end && *p == '\t';
}

/* Whether the bracket of a ${ stands there, which within brackets opens one of YAML's. */
static bool is_dollar_brace(const char *text, size_t len, const yaml_mark_t *at)
{
	const char *end = text + len, *line = line_begin(text, end, at->line), *p = line;

	for (size_t column = at->column; column > 0 && p < end; column--)
		for (p++; p < end && ((unsigned char)*p & 0xc0) == 0x80; p++)
			;
	return p > line && p < end && p[-1] == '$' && *p == '{';
}

static void say_problem(struct reader *r, const char *text, size_t len)
{
	const yaml_parser_t *p = &r->parser;
	const char *problem = p->problem ? p->problem : "not valid YAML";
	int line = (int)p->problem_mark.line + 1, column = (int)p->problem_mark.column + 1;

	if (p->problem && strstr(p->problem, "cannot start any token") && tab_indents(text, len, p->problem_mark.line))
		diags_add(r->d, line, column, "a tab stands in the indentation; YAML wants spaces there");
	else if (is_dollar_brace(text, len, &p->problem_mark))
		diags_add(r->d, line, column, "within { } or [ ] a text with ${…} stands in quotes");
	else if (p->context && p->context_mark.line != p->problem_mark.line)
		diags_add(r->d, line, column, "%s (%s that began at %zu:%zu)", problem, p->context,
		          p->context_mark.line + 1, p->context_mark.column + 1);
	else
		diags_add(r->d, line, column, "%s%s%s%s", problem, p->context ? " (" : "", p->context ? p->context : "",
		          p->context ? ")" : "");
}

static const char only_comments[] = "the file holds only comments", no_content[] = "the file is empty";

struct yaml_node *yaml_parse(const char *text, size_t len, struct arena *arena, struct diags *d)
{
	if (len > YAML_TEXT_MOST) {
		diags_add(d, 1, 1, "the file is larger than 8 MiB");
		return NULL;
	}
	if (!check_bytes(text, len, d))
		return NULL;
	struct reader *r = mem_zero(sizeof *r);
	r->arena = arena;
	r->d = d;
	if (!yaml_parser_initialize(&r->parser))
		err_oom();
	yaml_parser_set_encoding(&r->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input_string(&r->parser, (const unsigned char *)text, len);
	for (bool end = false; !end && !r->stop;) {
		yaml_event_t ev;
		if (!yaml_parser_parse(&r->parser, &ev)) {
			if (r->parser.error == YAML_MEMORY_ERROR)
				err_oom();
			say_problem(r, text, len);
			r->stop = true;
			break;
		}
		on_event(r, &ev);
		end = ev.type == YAML_STREAM_END_EVENT;
		yaml_event_delete(&ev);
	}
	struct yaml_node *root = r->stop ? NULL : r->root;
	if (!r->stop && (!root || root->kind == YAML_NULL)) {
		diags_add(d, 1, 1, "%s", memchr(text, '#', len) ? only_comments : no_content);
		root = NULL;
	}
	while (r->depth > 0)
		frame_release(&r->frames[--r->depth]);
	yaml_parser_delete(&r->parser);
	map_release(&r->names);
	vec_release(&r->anchors);
	free(r);
	return root;
}

struct yaml_node *yaml_get(const struct yaml_node *map, const char *key)
{
	if (!map || map->kind != YAML_MAP)
		return NULL;
	for (size_t i = 0; i < map->n; i++)
		if (!strcmp(map->pairs[i].key->text, key))
			return map->pairs[i].value;
	return NULL;
}

json_t *yaml_to_json(const struct yaml_node *n)
{
	json_t *v = NULL;

	switch (n->kind) {
	case YAML_NULL:
		return json_null();
	case YAML_BOOL:
		return json_boolean(n->boolean);
	case YAML_INT:
		return json_integer(n->integer);
	case YAML_REAL:
		return json_number(n->real);
	case YAML_TEXT:
		return json_stringn_nocheck(n->text, n->len);
	case YAML_LIST:
		v = json_array();
		for (size_t i = 0; i < n->n; i++)
			json_array_append_new(v, yaml_to_json(n->items[i]));
		return v;
	case YAML_MAP:
		v = json_object();
		for (size_t i = 0; i < n->n; i++)
			json_object_set_new_nocheck(v, n->pairs[i].key->text, yaml_to_json(n->pairs[i].value));
		return v;
	}
	return v;
}

int yaml_value(const char *text, json_t **ret, struct err *e)
{
	_arena_ struct arena arena = ARENA_INIT;
	struct diags d = {0};

	if (!text[strspn(text, " \t\n")]) {
		*ret = json_null();
		return 0;
	}
	struct yaml_node *n = yaml_parse(text, strlen(text), &arena, &d);
	/* An explicit null is a value; a comment alone is not what anyone means. */
	static const char *const nulls[] = {"~", "null", "Null", "NULL", NULL};
	bool null = !n && one_of(text, nulls);
	if (d.len && !null) {
		bool comment = !strcmp(d.v[0].text, only_comments) || !strcmp(d.v[0].text, no_content);
		err_set(e, ERR_USAGE, "\"%s\" is no YAML value: %s; write it in quotes to make it a text", text,
		        comment ? "it is only a comment" : d.v[0].text);
		diags_release(&d);
		return e->code;
	}
	diags_release(&d);
	*ret = n ? yaml_to_json(n) : json_null();
	return 0;
}
