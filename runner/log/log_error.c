#include <ctype.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runner/log/log.h"
#include "runner/log/log_clean.h"
#include "runner/log/log_trace.h"

#define TAIL (256 << 10)
#define MESSAGE_MAX 2000
#define GROUPS_MAX 64

/* A line belongs to a stream and, with launchers that put a prefix in front ("[rank0]:"), to a process: their lines
 * come in between each other. */
struct line { char *text; int stream; int group; };
struct tail {
	VEC(struct line) lines;
	VEC(char *) prefixes; /* group i is prefixes[i - 1]; group 0 has none */
	char *work, *real_work;
};

static void tail_release(struct tail *t)
{
	for (size_t i = 0; i < t->lines.len; i++)
		free(t->lines.v[i].text);
	for (size_t i = 0; i < t->prefixes.len; i++)
		free(t->prefixes.v[i]);
	vec_release(&t->lines);
	vec_release(&t->prefixes);
	free(t->work);
	free(t->real_work);
}

/* The length of "[rank0]: ", "[default3]:", "[1,0]<stderr>:" or "(train pid=123) "; 0 when there is none. */
static size_t prefix_len(const char *s)
{
	size_t n;

	if (text_starts(s, "[rank") || text_starts(s, "[default")) {
		n = strcspn(s, "]");
		if (isdigit((unsigned char)s[n - 1]) && s[n] && s[n + 1] == ':')
			return n + 2 + (s[1] == 'r' && s[n + 2] == ' ');
	} else if (*s == '[' && isdigit((unsigned char)s[1])) {
		n = 1 + strspn(s + 1, "0123456789,");
		if (text_starts(s + n, "]<stderr>:") || text_starts(s + n, "]<stdout>:"))
			return n + 10;
	} else if (*s == '(') {
		n = strcspn(s, ")");
		const char *pid = strstr(s, " pid=");
		if (pid && pid < s + n && s[n] && s[n + 1] == ' ')
			return n + 2;
	}
	return 0;
}

static int group_of(struct tail *t, const char *prefix, size_t n)
{
	while (n && prefix[n - 1] == ' ')
		n--;
	if (!n)
		return 0;
	for (size_t i = 0; i < t->prefixes.len; i++)
		if (strlen(t->prefixes.v[i]) == n && memcmp(t->prefixes.v[i], prefix, n) == 0)
			return (int)i + 1;
	if (t->prefixes.len == GROUPS_MAX)
		return GROUPS_MAX;
	vec_push(&t->prefixes, mem_strndup(prefix, n));
	return (int)t->prefixes.len;
}

static void add_line(struct tail *t, const char *s, size_t n, int stream)
{
	_buf_ struct buf b = BUF_INIT;

	log_clean_line(&b, s, n);
	size_t prefix = prefix_len(b.data);
	vec_push(&t->lines, (struct line){.text = mem_strdup(b.data + prefix),
	                                  .stream = stream,
	                                  .group = group_of(t, b.data, prefix)});
}

/* Which stream a byte came from; stderr where the index does not tell. */
static int stream_at(const struct log_mark *marks, size_t n, size_t *at, uint64_t offset)
{
	while (*at + 1 < n && marks[*at + 1].offset <= offset)
		++*at;
	return n && marks[*at].offset <= offset ? marks[*at].stream : 1;
}

static int read_tail(struct tail *t, const char *folder, struct err *e)
{
	_free_ char *path = path_join(folder, "log");
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_buf_ struct buf b = BUF_INIT;
	_free_ struct log_mark *marks = NULL;
	size_t nmarks = 0, mark = 0;
	struct err ignored;

	if (fd < 0)
		return err_errno(e, "%s", path);
	off_t size = lseek(fd, 0, SEEK_END), from = size > TAIL ? size - TAIL : 0;
	lseek(fd, from, SEEK_SET);
	while ((off_t)b.len < size - from && buf_read(&b, fd, (size_t)(size - from) - b.len) > 0)
		;
	log_index_read(folder, &marks, &nmarks, &ignored);
	for (const char *s = b.data, *end = s + b.len; s < end;) {
		const char *nl = memchr(s, '\n', (size_t)(end - s)), *stop = nl ? nl : end;
		/* The first line of a part of the log is cut. */
		if (s != b.data || from == 0 || !nl)
			add_line(t, s, (size_t)(stop - s),
			         stream_at(marks, nmarks, &mark, (uint64_t)from + (uint64_t)(s - b.data)));
		s = stop + 1;
	}
	return 0;
}

/* The part of a normal path behind the work folder, or NULL. */
static const char *below(const char *path, const char *work)
{
	if (!work || strcmp(path, work) == 0 || !path_within(path, work))
		return NULL;
	return path + strlen(work) + 1;
}

/* Relative to the work folder; NULL when it lies elsewhere. Owned. */
static char *relative(const struct tail *t, const char *file)
{
	if (*file == '<' || *file == '~' || !*file)
		return NULL;
	_free_ char *full = path_join(t->work, file), *normal = path_normal(full, NULL);
	const char *rel = below(normal, t->work);
	if (!rel)
		rel = below(normal, t->real_work);
	if (!rel || path_check_inside(rel))
		return NULL;
	return mem_strdup(rel);
}

static bool is_own(void *arg, const char *file)
{
	_free_ char *rel = relative(arg, file);

	return rel && !strstr(rel, "site-packages/") && !strstr(rel, "dist-packages/");
}

/* The lines of one stream and group, for the readers. */
static bool search(struct tail *t, int stream, int group, struct trace *ret)
{
	VEC(struct trace_line) lines = { 0 };
	struct trace python = { 0 }, other = { 0 };

	for (size_t i = 0; i < t->lines.len; i++)
		if (t->lines.v[i].stream == stream && t->lines.v[i].group == group)
			vec_push(&lines, (struct trace_line){ t->lines.v[i].text, i });
	struct trace_context c = { .v = lines.v, .len = lines.len, .inside = is_own, .arg = t };
	bool has_python = trace_python(&c, &python), has_other = trace_other(&c, &other);
	vec_release(&lines);
	if (has_other && (!has_python || other.at > python.at)) {
		trace_release(&python);
		*ret = other;
		return true;
	}
	trace_release(&other);
	*ret = python;
	return has_python;
}

/* Of the processes of a group the first that failed: the others mostly fail because of it. Else the last finding of
 * all. */
static bool search_all(struct tail *t, struct trace *ret)
{
	struct trace best = { 0 };
	bool ranked = false, any = false;

	for (int group = (int)t->prefixes.len; group >= 0; group--)
		for (int stream = 0; stream < 2; stream++) {
			struct trace one;
			if (!search(t, stream, group, &one))
				continue;
			bool better = !any || (group    ? one.at < best.at
			                       : ranked ? one.inside && !best.inside
			                                : one.at > best.at);
			if (better) {
				trace_release(&best);
				best = one;
				ranked = group > 0;
			} else {
				trace_release(&one);
			}
			any = true;
		}
	*ret = best;
	return any;
}

/* The last line of stderr (else of stdout) that says something. */
static const char *last_text(const struct tail *t)
{
	for (int stream = 1; stream >= 0; stream--)
		for (size_t i = t->lines.len; i > 0; i--) {
			const char *s = t->lines.v[i - 1].text;
			if (t->lines.v[i - 1].stream != stream || text_starts(s, "make: *** ") ||
			    text_starts(s, "[jig: "))
				continue;
			while (*s && !isalnum((unsigned char)*s) && (unsigned char)*s < 0x80)
				s++;
			if (*s)
				return t->lines.v[i - 1].text + strspn(t->lines.v[i - 1].text, " \t");
		}
	/* Nothing but signs is something, too. */
	for (size_t i = t->lines.len; i > 0; i--)
		if (*t->lines.v[i - 1].text && !text_starts(t->lines.v[i - 1].text, "[jig: "))
			return t->lines.v[i - 1].text;
	return NULL;
}

/* One harmless line of UTF-8. Owned. */
static char *harmless(const char *s)
{
	_buf_ struct buf in = BUF_INIT, out = BUF_INIT;

	buf_add(&in, s, strnlen(s, MESSAGE_MAX));
	while (in.len && s[in.len] && ((unsigned char)s[in.len] & 0xc0) == 0x80)
		buf_cut(&in, in.len - 1);
	for (size_t i = 0; i < in.len; i++)
		if (in.data[i] == '\t')
			in.data[i] = ' ';
	utf8_visible(&out, in.data, in.len, false);
	return buf_steal(&out);
}

int log_root_error(const char *folder, const char *work, char **ret_file, int *ret_line, char **ret_message,
                   struct err *e)
{
	struct tail t = { .work = path_normal(work, NULL) };
	struct trace found = { 0 };
	int r = read_tail(&t, folder, e);

	if (r == ERR_NOT_FOUND) /* a silent step has no log */
		r = 0;
	t.real_work = realpath(work, NULL);
	if (r >= 0) {
		const char *message = search_all(&t, &found) ? found.message : last_text(&t);
		_free_ char *rel = found.file ? relative(&t, found.file) : NULL;
		*ret_message = message ? harmless(message) : NULL;
		*ret_file = rel ? harmless(rel) : found.file ? harmless(found.file) : NULL;
		*ret_line = found.file ? found.line : 0;
	}
	trace_release(&found);
	tail_release(&t);
	return r;
}
