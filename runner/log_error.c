#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/log.h"

#define TAIL (256 << 10)

/* One line without escapes, rank prefixes ("[rank0]:", "[default3]:") and the gutters of exception groups. */
static char *clean(const char *s, size_t n)
{
	struct buf b = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		if (s[i] == '\033' && i + 1 < n && s[i + 1] == '[') {
			for (i += 2; i < n && !(s[i] >= '@' && s[i] <= '~');)
				i++;
		} else if (s[i] == '\r') {
			if (i + 1 < n)
				buf_reset(&b);
		} else {
			buf_addc(&b, s[i]);
		}
	}
	char *text = buf_steal(&b), *from = text;
	if (from[0] == '[' && (text_starts(from + 1, "rank") || text_starts(from + 1, "default"))) {
		char *end = strstr(from, "]:");

		if (end)
			from = end + 2 + (end[2] == ' ');
	}
	while (*from == ' ' && strchr("|+", from[strspn(from, " ")]) && from[strspn(from, " ")])
		from += strspn(from, " ") + 1;
	memmove(text, from, strlen(from) + 1);
	return text;
}

struct lines { char **v; size_t len, cap; };

static int read_tail(const char *folder, struct lines *ret, struct err *e)
{
	_free_ char *path = path_join(folder, "log");
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	_buf_ struct buf b = BUF_INIT;
	off_t size;

	if (fd < 0)
		return err_errno(e, "%s", path);
	size = lseek(fd, 0, SEEK_END);
	lseek(fd, size > TAIL ? size - TAIL : 0, SEEK_SET);
	while (buf_read(&b, fd, TAIL) > 0)
		;
	for (const char *s = b.data, *end = s + b.len; s < end;) {
		const char *nl = memchr(s, '\n', end - s);
		size_t n = (nl ? nl : end) - s;

		vec_push(ret, clean(s, n));
		s += n + 1;
	}
	return 0;
}

/* `File "train.py", line 31` (", in encode" may follow). */
static bool python_frame(const char *line, char **ret_file, int *ret_line)
{
	const char *s = line + strspn(line, " \t"), *end;
	int64_t n;

	if (!text_starts(s, "File \""))
		return false;
	s += 6;
	end = strstr(s, "\", line ");
	if (!end)
		return false;
	n = strtol(end + 8, NULL, 10);
	free(*ret_file);
	*ret_file = mem_strndup(s, end - s);
	*ret_line = (int)n;
	return true;
}

static bool header(const char *line)
{
	return strstr(line, "Traceback (most recent call last)") || strstr(line, "most recent call first");
}

static bool blank(const char *s)
{
	return s[strspn(s, " \t")] == 0;
}

int log_root_error(const char *folder, const char *work, char **ret_file, int *ret_line, char **ret_message, struct err *e)
{
	struct lines l = { 0 };
	_free_ char *file = NULL;
	_free_ char *inside = NULL;
	int line = 0, inside_line = 0;
	size_t from = 0;
	const char *message = NULL;
	int r = read_tail(folder, &l, e);

	for (size_t i = 0; i < l.len; i++)
		if (header(l.v[i]))
			from = i + 1;
	for (size_t i = from; from && i < l.len; i++) {
		if (python_frame(l.v[i], &file, &line)) {
			_free_ char *full = path_join(work, file);

			if (path_within(full, work)) {
				free(inside);
				inside = mem_strdup(full + strlen(work) + 1);
				inside_line = line;
			}
			continue;
		}
		if (!blank(l.v[i]) && !isspace((unsigned char)l.v[i][0]))
			message = l.v[i];
	}
	for (size_t i = l.len; i > 0 && !message; i--)
		if (!blank(l.v[i - 1]))
			message = l.v[i - 1];
	if (r >= 0) {
		*ret_message = message ? mem_strdup(message + strspn(message, " \t")) : NULL;
		*ret_line = inside ? inside_line : line;
		*ret_file = inside ? mem_take(inside) : mem_take(file);
	}
	for (size_t i = 0; i < l.len; i++)
		free(l.v[i]);
	vec_release(&l);
	return r;
}
