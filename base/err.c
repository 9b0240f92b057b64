#include "base/err.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"

void (*err_oom_hook)(void);

/* Ends a text that was cut at `size - 1` bytes on a whole character. */
static void cut_at_character(char *text, size_t size)
{
	size_t end = size - 1, lead = end;

	while (lead > 0 && end - lead < 4 && ((unsigned char)text[lead - 1] & 0xc0) == 0x80)
		lead--;
	if (lead == 0)
		return;
	unsigned char c = (unsigned char)text[--lead];
	size_t need = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : c >= 0xc0 ? 2 : 1;
	if (end - lead < need)
		text[lead] = '\0';
}

int err_setv(struct err *e, int code, const char *fmt, va_list ap)
{
	/* Arguments may lie in e->text itself. */
	char text[sizeof e->text];

	if (vsnprintf(text, sizeof text, fmt, ap) >= (int)sizeof text)
		cut_at_character(text, sizeof text);
	memcpy(e->text, text, strlen(text) + 1);
	e->code = code;
	e->full = false;
	return code;
}

int err_set(struct err *e, int code, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	err_setv(e, code, fmt, ap);
	va_end(ap);
	return code;
}

static const char *way_out(int errnum)
{
	switch (errnum) {
	case ENOSPC:
		return "; free space on that disk";
	case EDQUOT:
		return "; free space or ask for a larger quota";
	case EMFILE:
		return "; raise the limit with 'ulimit -n'";
	case EROFS:
		return "; mount it writable or work in another folder";
	case EACCES:
		return "; check its owner and permissions";
	}
	return "";
}

int err_errno(struct err *e, const char *fmt, ...)
{
	int errnum = errno;
	char text[sizeof e->text];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	const char *reason = strerror(errnum), *way = way_out(errnum);
	/* The reason must survive a long text in front of it. */
	size_t room = sizeof text - strlen(reason) - strlen(way) - sizeof ": ";
	if (strlen(text) > room) {
		text[room] = '\0';
		cut_at_character(text, room + 1);
	}
	err_set(e, errnum == ENOENT ? ERR_NOT_FOUND : ERR_BROKEN, "%s: %s%s", text, reason, way);
	e->full = errnum == ENOSPC || errnum == EDQUOT;
	errno = errnum;
	return e->code;
}

bool err_is_machine(int errnum)
{
	switch (errnum) {
	case EIO:
	case ENOSPC:
	case EDQUOT:
	case EMFILE:
	case ENFILE:
	case ENOLCK:
	case ENOMEM:
	case ESTALE:
		return true;
	}
	return false;
}

int err_prefix(struct err *e, const char *fmt, ...)
{
	char text[sizeof e->text];
	bool full = e->full;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof text, fmt, ap);
	va_end(ap);
	err_set(e, e->code, "%s: %s", text, e->text);
	e->full = full;
	return e->code;
}

int err_exit_status(int code)
{
	switch (code) {
#define X(name, status, text) \
	case name: \
		return status;
		ERR_CODES(X)
#undef X
	}
	return code >= 0 ? 0 : err_exit_status(ERR_BROKEN);
}

void err_oom(void)
{
	static const char text[] = "jig: out of memory\n";

	if (err_oom_hook)
		err_oom_hook();
	if (write(STDERR_FILENO, text, sizeof text - 1) < 0)
		abort();
	abort();
}
