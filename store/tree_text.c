#include <limits.h>
#include "base/path.h"
#include "base/vec.h"
#include "store/tree_text.h"

static void path_escape(struct buf *out, const char *path)
{
	for (;;) {
		size_t plain = strcspn(path, "\\\n\t");
		buf_add(out, path, plain);
		path += plain;
		if (!*path)
			return;
		buf_addc(out, '\\');
		buf_addc(out, *path == '\n' ? 'n' : *path == '\t' ? 't' : '\\');
		path++;
	}
}

/* NULL when it is not what path_escape writes. */
static char *path_unescape(struct arena *a, const char *s, size_t n)
{
	char *out = arena_alloc(a, n + 1);
	size_t len = 0;
	for (size_t i = 0; i < n; i++) {
		char c = s[i];
		if (c == '\\') {
			if (++i == n)
				return NULL;
			c = s[i] == 'n' ? '\n' : s[i] == 't' ? '\t' : s[i] == '\\' ? '\\' : '\0';
		} else if (c == '\t') {
			return NULL;
		}
		if (c == '\0')
			return NULL;
		out[len++] = c;
	}
	out[len] = 0;
	return out;
}

void tree_text_add(struct buf *out, const struct tree *t)
{
	char hex[DIGEST_HEX + 1];
	for (size_t i = 0; i < t->len; i++) {
		const struct tree_entry *entry = &t->v[i];
		digest_to_hex(&entry->digest, hex);
		buf_addf(out, "%06o %s %lld\t", entry->mode, hex, (long long)entry->size);
		path_escape(out, entry->path);
		buf_addc(out, '\n');
	}
}

const char *tree_text_link(const char *path, const char *target)
{
	size_t depth = 0, up = 0;
	for (const char *p = path; *p; p++)
		depth += *p == '/';
	if (!*target)
		return "leads nowhere";
	if (*target == '/')
		return "leads to an absolute path";
	bool named = false;
	for (const char *p = target; *p;) {
		size_t n = strcspn(p, "/");
		if (n == 2 && p[0] == '.' && p[1] == '.') {
			if (named)
				return "has a \"..\" behind a name";
			if (++up > depth)
				return "leads out of the folder";
		} else if (n > 0 && !(n == 1 && *p == '.')) {
			named = true;
		}
		p += n;
		p += strspn(p, "/");
	}
	return NULL;
}

/* Decimal digits as tree_text_add writes them: no sign, no needless zero in front. */
static bool size_read(const char *s, size_t n, int64_t *ret)
{
	int64_t v = 0;
	if (n == 0 || n > 18 || (n > 1 && s[0] == '0'))
		return false;
	for (size_t i = 0; i < n; i++) {
		if (s[i] < '0' || s[i] > '9')
			return false;
		v = v * 10 + (s[i] - '0');
	}
	*ret = v;
	return true;
}

static bool mode_read(const char *s, unsigned *ret)
{
	static const struct { char text[7]; unsigned mode; } modes[] = {
		{ "100644", TREE_FILE }, { "100755", TREE_EXEC }, { "120000", TREE_LINK }, { "040000", TREE_FOLDER },
	};
	for (size_t i = 0; i < ARRAY_LEN(modes); i++)
		if (memcmp(s, modes[i].text, 6) == 0) {
			*ret = modes[i].mode;
			return true;
		}
	return false;
}

/* A line without its "\n". What is wrong with it, or NULL. */
static const char *line_read(const char *s, size_t n, struct arena *a, struct tree_entry *ret)
{
	const size_t size_at = 7 + DIGEST_HEX + 1;
	char hex[DIGEST_HEX + 1], again[DIGEST_HEX + 1];
	if (n <= size_at || s[6] != ' ' || s[size_at - 1] != ' ' || !mode_read(s, &ret->mode))
		return "has no mode";
	memcpy(hex, s + 7, DIGEST_HEX);
	hex[DIGEST_HEX] = 0;
	if (!digest_from_hex(hex, &ret->digest))
		return "has no digest";
	digest_to_hex(&ret->digest, again);
	if (memcmp(hex, again, DIGEST_HEX) != 0)
		return "has no digest";
	const char *tab = memchr(s + size_at, '\t', n - size_at);
	if (!tab || !size_read(s + size_at, (size_t)(tab - s) - size_at, &ret->size))
		return "has no size";
	ret->path = path_unescape(a, tab + 1, n - (size_t)(tab + 1 - s));
	if (!ret->path)
		return "has a wrong path";
	size_t len = strlen(ret->path);
	if (path_check_inside(ret->path) || ret->path[len - 1] == '/')
		return "has a path that leads out of the folder";
	if (ret->mode == TREE_FOLDER && ret->size != 0)
		return "is an empty folder with a size";
	return NULL;
}

static int entry_compare(const void *a, const void *b)
{
	return strcmp(((const struct tree_entry *)a)->path, ((const struct tree_entry *)b)->path);
}

/* Whether an entry stands where another entry needs a folder; a link there would lead writes elsewhere. */
static bool tree_has_above(const struct tree *t, const char *path)
{
	char above[PATH_MAX];
	for (const char *p = strchr(path, '/'); p; p = strchr(p + 1, '/')) {
		snprintf(above, sizeof above, "%.*s", (int)(p - path), path);
		struct tree_entry key = { .path = above };
		if (bsearch(&key, t->v, t->len, sizeof *t->v, entry_compare))
			return true;
	}
	return false;
}

int tree_parse(const char *bytes, size_t n, struct arena *a, struct tree *ret, struct err *e)
{
	struct tree t = {0};
	size_t lines = 0;
	for (size_t i = 0; i < n; i++)
		lines += bytes[i] == '\n';
	t.v = lines ? arena_array(a, struct tree_entry, lines) : NULL;
	const char *p = bytes, *end = bytes + n;
	while (p < end) {
		const char *nl = memchr(p, '\n', (size_t)(end - p));
		if (!nl)
			return err_set(e, ERR_BROKEN, "the list of a folder is cut off in line %zu", t.len + 1);
		struct tree_entry *entry = &t.v[t.len];
		const char *wrong = line_read(p, (size_t)(nl - p), a, entry);
		if (!wrong && t.len && strcmp(entry[-1].path, entry->path) >= 0)
			wrong = "is out of order";
		if (!wrong && (entry->mode == TREE_FILE || entry->mode == TREE_EXEC) &&
		    __builtin_add_overflow(t.size, entry->size, &t.size))
			wrong = "makes the folder larger than can be";
		if (wrong)
			return err_set(e, ERR_BROKEN, "the list of a folder is damaged: line %zu %s", t.len + 1, wrong);
		t.len++;
		p = nl + 1;
	}
	for (size_t i = 0; i < t.len; i++)
		if (tree_has_above(&t, t.v[i].path))
			return err_set(e, ERR_BROKEN,
					"the list of a folder is damaged: line %zu stands below a file or link",
				       i + 1);
	*ret = t;
	return 0;
}
