#include <math.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runner/log/metric.h"
#include "runner/pipeline/yaml.h"

#define FILE_MAX (64 << 20)
#define KEY_MAX 250

struct reading { const char *name; metric_file_fn *cb; void *arg; int r; struct err *e; int64_t step; };

/* Leaves that are numbers, or one of the three texts that stand for what JSON has not. */
static void leaf(void *arg, const char *dotted, const json_t *v)
{
	struct reading *rd = arg;
	const char *text = json_string_value(v);
	double number;

	if (rd->r < 0)
		return;
	if (json_is_number(v))
		number = json_number_value(v);
	else if (json_is_boolean(v))
		number = json_is_true(v);
	else if (!text ||
	         (strcmp(text, "NaN") != 0 && strcmp(text, "Infinity") != 0 && strcmp(text, "-Infinity") != 0) ||
	         !number_parse(text, strlen(text), &number))
		return;
	if (!*dotted || strlen(dotted) > KEY_MAX)
		return;
	rd->r = rd->cb(rd->arg, dotted, rd->step, -1, number, rd->e);
}

/* Python's json.dump writes NaN and the infinities bare, which no JSON has: they get quotes. */
static void quote_words(struct buf *out, const char *s, size_t n)
{
	static const char *const words[] = { "NaN", "-Infinity", "Infinity" };
	bool quoted = false;

	for (size_t i = 0; i < n;) {
		size_t len = 0;

		for (size_t w = 0; w < ARRAY_LEN(words) && !quoted && !len; w++)
			if (n - i >= strlen(words[w]) && memcmp(s + i, words[w], strlen(words[w])) == 0)
				len = strlen(words[w]);
		if (len) {
			buf_addc(out, '"');
			buf_add(out, s + i, len);
			buf_addc(out, '"');
			i += len;
			continue;
		}
		if (quoted && s[i] == '\\' && i + 1 < n)
			buf_addc(out, s[i++]);
		else if (s[i] == '"')
			quoted = !quoted;
		buf_addc(out, s[i++]);
	}
}

static int read_json(struct reading *rd, const struct buf *text)
{
	_json_ json_t *v = NULL;
	_buf_ struct buf quoted = BUF_INIT;

	if (memmem(text->data, text->len, "NaN", 3) || memmem(text->data, text->len, "Infinity", 8)) {
		quote_words(&quoted, text->data, text->len);
		text = &quoted;
	}
	int r = json_parse(text->data, text->len, rd->name, &v, rd->e);

	if (r < 0)
		return r;
	if (!json_is_object(v))
		return err_set(rd->e, ERR_USAGE, "%s: holds no object of metrics", rd->name);
	json_leaves(v, leaf, rd);
	return rd->r;
}

static int read_yaml(struct reading *rd, const struct buf *text)
{
	_arena_ struct arena a = ARENA_INIT;
	_json_ json_t *v = NULL;
	struct diags d = { .file = rd->name };
	struct yaml_node *node = yaml_parse(text->data, text->len, &a, &d);
	int r = diags_result(&d, rd->e);

	diags_release(&d);
	if (r < 0)
		return r;
	if (!node || node->kind != YAML_MAP)
		return err_set(rd->e, ERR_USAGE, "%s: holds no mapping of metrics", rd->name);
	v = yaml_to_json(node);
	json_leaves(v, leaf, rd);
	return rd->r;
}

static int read_lines(struct reading *rd, const struct buf *text)
{
	struct metric_parser *p = metric_parser_new();
	int64_t row = 0;
	int line = 0, r = 0;

	for (const char *s = text->data, *end = s + text->len; r >= 0 && s < end; row++) {
		const char *nl = memchr(s, '\n', end - s);
		struct metric_line m;

		line++;
		r = metric_parse(p, s, (nl ? nl : end) - s, &m, rd->e);
		s = nl ? nl + 1 : end;
		if (r < 0) {
			err_prefix(rd->e, "%s:%d", rd->name, line);
			break;
		}
		if (r == 0) {
			row--;
			continue;
		}
		/* `epoch` counts as the step where there is no other. */
		if (m.step == METRIC_NO_STEP) {
			m.step = row;
			for (size_t i = 0; i < m.len; i++)
				if (m.v[i].key_len == 5 && memcmp(m.v[i].key, "epoch", 5) == 0)
					metric_step(m.v[i].value, &m.step);
		}
		for (size_t i = 0; r >= 0 && i < m.len; i++) {
			_free_ char *key = mem_strndup(m.v[i].key, m.v[i].key_len);

			if (strcmp(key, "epoch") != 0 && *key && strlen(key) <= KEY_MAX)
				r = rd->cb(rd->arg, key, m.step, m.ts, m.v[i].value, rd->e);
		}
	}
	metric_parser_free(p);
	return r < 0 ? r : 0;
}

struct cells { char **v; size_t len, cap; };

static void cells_clear(struct cells *c)
{
	for (size_t i = 0; i < c->len; i++)
		free(c->v[i]);
	vec_clear(c);
}

/* One record (RFC 4180: quotes, doubled quotes, line breaks inside quotes). Returns where the next begins. */
static const char *record(const char *s, const char *end, char sep, struct cells *ret, int *line)
{
	_buf_ struct buf cell = BUF_INIT;
	bool quoted = false;

	cells_clear(ret);
	for (; s < end; s++) {
		if (quoted) {
			if (*s == '"' && s + 1 < end && s[1] == '"')
				buf_addc(&cell, *s++);
			else if (*s == '"')
				quoted = false;
			else
				buf_addc(&cell, *s);
			*line += *s == '\n';
		} else if (*s == '"' && cell.len == 0) {
			quoted = true;
		} else if (*s == sep) {
			vec_push(ret, mem_strdup(cell.data));
			buf_reset(&cell);
		} else if (*s == '\n') {
			break;
		} else if (*s != '\r') {
			buf_addc(&cell, *s);
		}
	}
	vec_push(ret, mem_strdup(cell.data));
	return s < end ? s + 1 : end;
}

static int column(const struct cells *head, const char *name)
{
	for (size_t i = 0; i < head->len; i++)
		if (strcmp(head->v[i], name) == 0)
			return (int)i;
	return -1;
}

static bool number_of(const struct cells *row, int c, double *ret)
{
	return c >= 0 && c < (int)row->len && *row->v[c] && number_parse(row->v[c], strlen(row->v[c]), ret);
}

static int read_table(struct reading *rd, const struct buf *text, char sep)
{
	struct cells head = { 0 }, row = { 0 };
	const char *s = text->data, *end = s + text->len;
	int line = 1, r = 0;
	int step, time;
	bool strict;

	s = record(s, end, sep, &head, &line);
	step = column(&head, "step") >= 0 ? column(&head, "step") : column(&head, "epoch");
	/* Some count epochs in fractions; such a row counts from 0. */
	strict = column(&head, "step") >= 0;
	time = column(&head, "timestamp");
	for (int64_t n = 0; r >= 0 && s < end; n++) {
		double v, at = 0, ts = -1;
		int64_t at_step = n;

		line++;
		s = record(s, end, sep, &row, &line);
		if (row.len == 1 && !*row.v[0]) {
			n--;
			continue;
		}
		if (row.len != head.len) {
			r = err_set(rd->e, ERR_USAGE, "%s:%d: %zu columns where the head line has %zu", rd->name, line,
			            row.len, head.len);
			break;
		}
		if (step >= 0 && (!number_of(&row, step, &at) || !metric_step(at, &at_step)) && strict) {
			r = err_set(rd->e, ERR_USAGE, "%s:%d: column \"%s\" holds no whole number", rd->name, line,
			            head.v[step]);
			break;
		}
		/* DVCLive writes milliseconds. */
		if (number_of(&row, time, &ts) && ts > 1e11)
			ts /= 1000;
		if (!(ts >= 0 && ts < 9e11))
			ts = -1;
		for (int c = 0; r >= 0 && c < (int)head.len; c++) {
			size_t len = strlen(head.v[c]);

			if (c == step || c == time || len == 0 || len > KEY_MAX || !number_of(&row, c, &v))
				continue;
			r = rd->cb(rd->arg, head.v[c], at_step, ts >= 0 ? (int64_t)(ts * US_PER_S) : -1, v, rd->e);
		}
	}
	cells_clear(&head);
	cells_clear(&row);
	vec_release(&head);
	vec_release(&row);
	return r < 0 ? r : 0;
}

int metric_file_read(const char *path, metric_file_fn *cb, void *arg, struct err *e)
{
	struct reading rd = { .name = path_base(path), .cb = cb, .arg = arg, .e = e, .step = METRIC_NO_STEP };
	_buf_ struct buf text = BUF_INIT;
	int r = file_read(path, FILE_MAX, &text, e);

	if (r < 0)
		return r;
	if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
		buf_drop(&text, 3);
	if (!utf8_valid(text.data, text.len))
		return err_set(e, ERR_USAGE, "%s: is not UTF-8", rd.name);
	if (text_ends(path, ".json"))
		return read_json(&rd, &text);
	if (text_ends(path, ".yaml") || text_ends(path, ".yml"))
		return read_yaml(&rd, &text);
	if (text_ends(path, ".jsonl") || text_ends(path, ".ndjson"))
		return read_lines(&rd, &text);
	if (text_ends(path, ".csv"))
		return read_table(&rd, &text, ',');
	if (text_ends(path, ".tsv"))
		return read_table(&rd, &text, '\t');
	return err_set(e, ERR_USAGE, "%s: a metrics file ends in .json .yaml .yml .jsonl .ndjson .csv or .tsv",
	               rd.name);
}
