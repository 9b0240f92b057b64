#include "runner/pipeline/requirements_line.h"

#include "base/buf.h"
#include "base/file.h"
#include "base/map.h"
#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"

#define TEXT_MOST (8 << 20)
#define DEPTH_MOST 16

struct reading {
	struct requirements *r;
	const char *root; /* NULL: no includes */
	const char *stack[DEPTH_MOST + 1];
	int depth;
	struct map constraints; /* name → version, of -c files */
	struct map seen;        /* "r " or "c " and the file */
	struct err *e;
};

static int read_file(struct reading *rd, const char *file, bool constraint);

/* NAME as seen from the folder of `file`, below the root, "." and ".." worked in. NULL: it leaves the project. */
static char *inside_of(const char *file, const char *name)
{
	_free_ char *folder = path_parent(file), *joined = path_join(folder, name);
	_buf_ struct buf b = BUF_INIT;

	if (*joined == '/')
		return NULL;
	for (const char *p = joined; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && !memcmp(p, "..", 2)) {
			if (!b.len)
				return NULL;
			while (b.len && b.data[b.len - 1] != '/')
				buf_cut(&b, b.len - 1);
			if (b.len)
				buf_cut(&b, b.len - 1);
		} else if (n && !(n == 1 && *p == '.')) {
			if (b.len)
				buf_addc(&b, '/');
			buf_add(&b, p, n);
		}
		p += n + (p[n] == '/');
	}
	return b.len ? buf_steal(&b) : NULL;
}

static int add_requirement(struct reading *rd, const struct requirements_line *l, char *s, bool editable,
                           bool constraint)
{
	struct requirement q;

	if (requirements_line_read(l, s, editable, &rd->r->arena, &q, rd->e) < 0)
		return rd->e->code;
	if (constraint && q.name && q.version)
		map_set(&rd->constraints, q.name, (void *)q.version);
	else if (!constraint)
		vec_push(&rd->r->list, q);
	return 0;
}

static int include(struct reading *rd, const struct requirements_line *l, const char *name, bool constraint)
{
	if (!*name)
		return requirements_line_fault(l, rd->e, "the option names no file");
	if (!rd->root)
		return requirements_line_fault(l, rd->e, "\"%s\" cannot be included here", name);
	if (requirements_line_is_url(name))
		return requirements_line_fault(
		        l, rd->e, "\"%s\" is fetched anew each time and pins nothing; put a copy into the project",
		        name);
	_free_ char *path = inside_of(l->file, name);
	if (!path)
		return requirements_line_fault(
		        l, rd->e, "the included file \"%s\" leaves the project; put it into the project", name);
	if (rd->depth >= DEPTH_MOST)
		return requirements_line_fault(l, rd->e, "files include each other more than %d deep", DEPTH_MOST);
	for (int i = 0; i < rd->depth; i++)
		if (!strcmp(rd->stack[i], path))
			return requirements_line_fault(l, rd->e, "\"%s\" includes itself", path);
	_free_ char *full = path_join(rd->root, path);
	if (!file_exists(full))
		return requirements_line_fault(l, rd->e, "the included file %s is not there", path);
	return read_file(rd, path, constraint);
}

/* Options on a line of their own. 1: the line is no option. */
static int read_option_line(struct reading *rd, const struct requirements_line *l, bool constraint)
{
	static const struct {
		const char *shorter, *longer;
		bool valued, no_index;
	} plain[] = {
	        {"-i", "--index-url", true, false},         {"", "--pypi-url", true, false},
	        {"", "--extra-index-url", true, false},     {"", "--no-index", false, true},
	        {"-f", "--find-links", true, true},         {"", "--no-binary", true, false},
	        {"", "--only-binary", true, false},         {"", "--prefer-binary", false, false},
	        {"", "--require-hashes", false, false},     {"", "--pre", false, false},
	        {"", "--trusted-host", true, false},        {"", "--use-feature", true, false},
	        {"", "--no-build-isolation", false, false},
	};
	char *rest = l->text, *all = requirements_line_skip(l->text);
	const char *value;

	if (*all != '-')
		return 1;
	if (text_starts(all, "-e") || text_starts(all, "--editable")) {
		size_t n = text_starts(all, "-e") ? 2 : strlen("--editable");
		char *target = all + n + (all[n] == '=');
		return add_requirement(rd, l, target, true, constraint);
	}
	for (char *word; (word = requirements_line_word(&rest));) {
		if ((value = requirements_line_option(word, "-r", "--requirement", &rest))) {
			if (include(rd, l, value, constraint) < 0)
				return rd->e->code;
			continue;
		}
		if ((value = requirements_line_option(word, "-c", "--constraint", &rest))) {
			if (include(rd, l, value, true) < 0)
				return rd->e->code;
			continue;
		}
		size_t i = 0;
		for (; i < ARRAY_LEN(plain); i++) {
			value = plain[i].valued
			                ? requirements_line_option(word, plain[i].shorter, plain[i].longer, &rest)
			        : !strcmp(word, plain[i].longer) ? "-"
			                                         : NULL;
			if (value)
				break;
		}
		if (i == ARRAY_LEN(plain))
			return requirements_line_fault(l, rd->e, "\"%.*s\" is no option of a requirements file",
			                               (int)utf8_fit(word, strlen(word), 100), word);
		if (!*value)
			return requirements_line_fault(l, rd->e, "%s names no value", plain[i].longer);
		rd->r->no_index |= plain[i].no_index;
	}
	return 0;
}

/* A comment begins at the line's begin or behind a blank. Gives whether there was one. */
static bool cut_comment(char *s, size_t *n)
{
	for (size_t i = 0; i < *n; i++)
		if (s[i] == '#' && (!i || requirements_line_is_blank(s[i - 1]))) {
			*n = i;
			return true;
		}
	return false;
}

static bool has_control(const char *s, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (((unsigned char)s[i] < 0x20 && !requirements_line_is_blank(s[i])) || s[i] == 0x7f)
			return true;
	return false;
}

static int read_text(struct reading *rd, const char *text, size_t len, const char *file, bool constraint)
{
	_buf_ struct buf b = BUF_INIT;
	struct requirements_line l = {.file = file, .first = 1};
	int number = 0;

	if (len >= 2 && (!memcmp(text, "\xff\xfe", 2) || !memcmp(text, "\xfe\xff", 2)))
		return requirements_line_fault(&l, rd->e,
		                               "the text is UTF-16 (PowerShell's \">\" writes so); save it as UTF-8");
	if (len >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		text += 3;
		len -= 3;
	}
	for (const char *p = text, *end = text + len; p < end;) {
		const char *newline = memchr(p, '\n', end - p), *stop = newline ? newline : end;
		size_t from = b.len, n = stop - p;
		number++;
		if (!from)
			l.first = number;
		if (n && p[n - 1] == '\r')
			n--;
		buf_add(&b, p, n);
		p = newline ? newline + 1 : end;
		if (!utf8_valid(b.data + from, n)) {
			l.first = number;
			return requirements_line_fault(&l, rd->e, "the line is not UTF-8 text");
		}
		if (has_control(b.data + from, n)) {
			l.first = number;
			return requirements_line_fault(&l, rd->e, "the line holds a control character");
		}
		bool comment = cut_comment(b.data + from, &n);
		buf_cut(&b, from + n);
		if (!comment && n && b.data[b.len - 1] == '\\') {
			buf_cut(&b, b.len - 1);
			buf_addc(&b, ' ');
			if (p >= end)
				return requirements_line_fault(
				        &l, rd->e, "the line continues (\"\\\") where the file ends; was it cut off?");
			continue;
		}
		l.text = b.data;
		if (*requirements_line_skip(l.text)) {
			int r = read_option_line(rd, &l, constraint);
			if (r > 0)
				r = add_requirement(rd, &l, requirements_line_skip(l.text), false, constraint);
			if (r < 0)
				return r;
		}
		buf_reset(&b);
	}
	return 0;
}

static int read_file(struct reading *rd, const char *file, bool constraint)
{
	_buf_ struct buf b = BUF_INIT;
	_free_ char *full = path_join(rd->root, file), *key = mem_printf("%c %s", constraint ? 'c' : 'r', file);
	const char *name = arena_strdup(&rd->r->arena, file);
	bool new;

	map_add(&rd->seen, key, &new);
	if (!new)
		return 0;
	bool listed = false;
	for (size_t i = 0; i < rd->r->files.len; i++)
		listed |= !strcmp(rd->r->files.v[i], file);
	if (!listed)
		vec_push(&rd->r->files, name);
	if (file_read(full, TEXT_MOST, &b, rd->e) < 0)
		return rd->e->code;
	rd->stack[rd->depth++] = name;
	int r = read_text(rd, b.data, b.len, name, constraint);
	rd->depth--;
	return r;
}

/* A loose line whose version a constraint fixes is no longer loose. */
static void apply_constraints(struct reading *rd)
{
	for (size_t i = 0; i < rd->r->list.len; i++) {
		struct requirement *q = &rd->r->list.v[i];
		const char *version = q->pin == PIN_LOOSE && q->name && !strstr(q->text, "://")
		                              ? map_get(&rd->constraints, q->name)
		                              : NULL;
		if (version) {
			q->version = version;
			q->pin = PIN_VERSION;
		}
	}
}

static int finish(struct reading *rd, int r, struct requirements *ret)
{
	if (r >= 0) {
		apply_constraints(rd);
		*ret = *rd->r;
	} else {
		requirements_release(rd->r);
	}
	map_release(&rd->constraints);
	map_release(&rd->seen);
	return r;
}

int requirements_read(const char *root, const char *file, struct requirements *ret, struct err *e)
{
	struct requirements r = {.arena = ARENA_INIT};
	struct reading rd = {.r = &r, .root = root, .e = e};

	return finish(&rd, read_file(&rd, file, false), ret);
}

int requirements_parse(const char *text, size_t len, const char *file, struct requirements *ret, struct err *e)
{
	struct requirements r = {.arena = ARENA_INIT};
	struct reading rd = {.r = &r, .e = e};
	const char *name = arena_strdup(&r.arena, file);

	vec_push(&r.files, name);
	if (len > TEXT_MOST)
		return finish(&rd, err_set(e, ERR_USAGE, "%s: the file has more than %d bytes", file, TEXT_MOST), ret);
	return finish(&rd, read_text(&rd, text, len, name, false), ret);
}

void requirements_release(struct requirements *r)
{
	vec_release(&r->list);
	vec_release(&r->files);
	arena_release(&r->arena);
}

enum pin requirements_pin(const struct requirements *r)
{
	enum pin weakest = PIN_HASHED;

	for (size_t i = 0; i < r->list.len; i++)
		if (r->list.v[i].pin > weakest)
			weakest = r->list.v[i].pin;
	return weakest;
}
