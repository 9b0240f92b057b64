#include "runner/trace/trace_answer.h"

#include <string.h>
#include "base/text.h"
#include "base/vec.h"

void trace_listing_release(struct trace_listing *l)
{
	vec_release(l);
}

static void add_name(void *arg, const char *name, size_t len, enum code_kind kind)
{
	struct trace_listing *l = arg;

	vec_push(l, (struct trace_name){ .text = name, .len = len, .kind = kind });
}

void trace_listing_folder(const struct code_names *n, const char *folder, struct trace_listing *ret)
{
	size_t at;

	vec_clear(ret);
	if (code_names_find(n, folder, &at) == CODE_FOLDER)
		code_names_list(n, folder, at, add_name, ret);
}

size_t trace_parent_length(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? (size_t)(slash - path) : 0;
}

static bool is_module_suffix(const char *suffix)
{
	static const char *const whole[] = { ".py", ".pyc", ".pyd", ".so" };

	for (size_t i = 0; i < ARRAY_LEN(whole); i++)
		if (!strcmp(suffix, whole[i]))
			return true;
	return text_ends(suffix, ".so");
}

void trace_listing_module(const struct code_names *n, const char *path, struct trace_listing *ret)
{
	_buf_ struct buf dotted = BUF_INIT;
	size_t at, parent = trace_parent_length(path), skip = parent ? parent + 1 : 0, len = strlen(path);
	enum code_kind kind = code_names_find(n, path, &at);

	vec_clear(ret);
	if (kind == CODE_FOLDER || kind == CODE_LINK)
		add_name(ret, n->v[at].path + skip, len - skip, kind);
	buf_add(&dotted, path, len);
	buf_addc(&dotted, '.');
	code_names_find(n, dotted.data, &at);
	for (; at < n->len && !strncmp(n->v[at].path, dotted.data, len + 1); at++) {
		const char *suffix = n->v[at].path + len;

		if (!strchr(suffix, '/') && is_module_suffix(suffix))
			add_name(ret, n->v[at].path + skip, len - skip + strlen(suffix),
			         n->v[at].mode == 0120000 ? CODE_LINK : CODE_FILE);
	}
}

void trace_listing_digest(const struct trace_listing *l, unsigned char ret[DIGEST_SIZE])
{
	_buf_ struct buf text = BUF_INIT;
	struct digest d;

	for (size_t i = 0; i < l->len; i++) {
		buf_addc(&text, "nflo"[l->v[i].kind]);
		buf_add(&text, l->v[i].text, l->v[i].len);
		buf_addc(&text, '\0');
	}
	sha256_bytes(text.data, text.len, &d);
	memcpy(ret, d.b, DIGEST_SIZE);
}

/* As in the snapshot: byte order of the parts. */
static int compare_names(const struct trace_name *a, const struct trace_name *b)
{
	int order = memcmp(a->text, b->text, a->len < b->len ? a->len : b->len);

	return order ? order : (a->len > b->len) - (a->len < b->len);
}

const struct trace_name *trace_listing_differs(const struct trace_listing *then, const struct trace_listing *now,
                                               int *ret_change)
{
	const struct trace_name *gone = NULL, *other = NULL;

	for (size_t i = 0, k = 0; i < then->len || k < now->len;) {
		int order = i == then->len ? 1 : k == now->len ? -1 : compare_names(&then->v[i], &now->v[k]);

		if (order > 0) {
			*ret_change = 1;
			return &now->v[k];
		}
		if (order < 0 && !gone)
			gone = &then->v[i];
		if (!order && then->v[i].kind != now->v[k].kind && !other)
			other = &now->v[k];
		i++;
		k += !order;
	}
	*ret_change = gone ? -1 : 0;
	return gone ? gone : other;
}

static int nibble(char c)
{
	return c <= '9' ? c - '0' : c - 'a' + 10;
}

void trace_tree_bytes(const struct code_names *n, unsigned char ret[CODE_OID_BYTES])
{
	for (int i = 0; i < CODE_OID_BYTES; i++)
		ret[i] = nibble(n->tree[2 * i]) << 4 | nibble(n->tree[2 * i + 1]);
}

void trace_all_names(const struct code_names *n, unsigned char ret[DIGEST_SIZE])
{
	struct sha256 *s = sha256_new();
	struct digest d;

	for (size_t i = 0; i < n->len; i++) {
		const struct code_name *name = &n->v[i];

		sha256_update(s, name->path, strlen(name->path) + 1);
		sha256_update(s, &name->mode, sizeof name->mode);
		if (name->mode == 0120000)
			sha256_update(s, name->oid, sizeof name->oid);
	}
	sha256_final(s, &d);
	sha256_free(s);
	memcpy(ret, d.b, DIGEST_SIZE);
}
