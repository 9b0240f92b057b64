#include "runner/trace/observe_note.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "base/path.h"
#include "runner/trace/python_hook.h"

/* What a thread said. A thread whose number falls on the same place takes it over: what was forgotten is noted as it
 * is, which is more than needed, never less. */
struct said {
	pid_t tid;
	char *list, *source, *script; /* owned; NULL: nothing */
	int starts;                   /* openings of the script that are still Python's own */
};
/* Python opens its script twice: to see whether it is an archive, and to read it. */
enum { STARTS = 2 };
enum { PLACES = 256 };
struct observe_said {
	struct said at[PLACES];
};

static void forget(struct said *s)
{
	free(s->list);
	free(s->source);
	free(s->script);
	*s = (struct said){ 0 };
}

void observe_notes_release(struct observe_notes *n)
{
	lookups_release(&n->lookups);
	observe_boards_release(&n->boards);
	for (int i = 0; n->said && i < PLACES; i++)
		forget(&n->said->at[i]);
	free(n->said);
	*n = (struct observe_notes){ 0 };
}

static struct said *said_by(const struct observe_notes *n, pid_t tid)
{
	struct said *s = n->said ? &n->said->at[tid % PLACES] : NULL;

	return s && s->tid == tid ? s : NULL;
}

static void keep(char **at, const char *path)
{
	free(*at);
	*at = mem_strdup(path);
}

static const char *word(const char *message, const char *name)
{
	size_t n = strlen(name);

	return strncmp(message, name, n) == 0 && message[n] == '/' ? message + n : NULL;
}

/* /NAME/FOLDER, FOLDER absolute */
static void take_module(struct observe_notes *n, const char *name)
{
	const char *folder = strchr(name + 1, '/');

	if (!folder || folder == name + 1)
		return;
	_free_ char *path = mem_printf("%s/%.*s", folder, (int)(folder - name - 1), name + 1);
	lookups_add(&n->lookups, path, LOOKUP_MODULE);
}

/* message: what stands behind TRACE_SAYS. */
static void take_message(struct observe_notes *n, pid_t tid, const char *message)
{
	const char *path;

	if (word(message, "board"))
		return;
	if (!n->said)
		n->said = mem_zero(sizeof *n->said);
	struct said *s = &n->said->at[tid % PLACES];
	if (s->tid != tid)
		forget(s);
	s->tid = tid;
	free(mem_take(s->script));
	if ((path = word(message, "list"))) {
		keep(&s->list, path);
	} else if ((path = word(message, "module"))) {
		take_module(n, path);
	} else if ((path = word(message, "source"))) {
		keep(&s->source, path);
	} else if ((path = word(message, "script"))) {
		keep(&s->script, path);
		s->starts = STARTS;
	}
}

bool observe_note_board(struct observe_notes *n, pid_t tid, const struct observe_call *c)
{
	static const char name[] = TRACE_SAYS "board/";
	const char *path = c->n == 1 ? c->looks[0].path.data : "";
	char *end;

	if (strncmp(path, name, sizeof name - 1))
		return false;
	long number = strtol(path + sizeof name - 1, &end, 10);
	return !*end && number >= 0 && number <= INT_MAX &&
	       observe_board_take(&n->boards, tid, (int)number, &n->lookups);
}

void observe_notes_end(struct observe_notes *n)
{
	observe_boards_end(&n->boards, &n->lookups);
}

static bool same_path(const char *a, const char *b)
{
	if (strcmp(a, b) == 0)
		return true;
	_free_ char *x = path_normal(a, NULL), *y = path_normal(b, NULL);
	return strcmp(x, y) == 0;
}

/* How an opening for reading counts after what its thread said. */
static unsigned how_said(struct said *s, const char *path, unsigned how)
{
	unsigned rest = how & ~(unsigned)LOOKUP_READ;

	if (s->list && same_path(s->list, path)) {
		free(mem_take(s->list));
		return rest | LOOKUP_STAT;
	}
	if (s->source && same_path(s->source, path)) {
		free(mem_take(s->source));
		return rest | LOOKUP_SOURCE;
	}
	if (s->script && same_path(s->script, path)) {
		if (--s->starts == 0)
			free(mem_take(s->script));
		return rest | LOOKUP_SOURCE;
	}
	return how;
}

void observe_note(struct observe_notes *n, pid_t tid, const struct observe_call *c)
{
	struct said *s = said_by(n, tid);

	if (c->executes) {
		if (s)
			forget(s);
		s = NULL;
	}
	if (c->blind && !n->lookups.untrusted)
		n->lookups.untrusted = c->blind;
	for (size_t i = 0; i < c->n; i++) {
		const char *path = c->looks[i].path.data;
		unsigned how = c->looks[i].how;

		if (strncmp(path, TRACE_SAYS, sizeof TRACE_SAYS - 1) == 0) {
			take_message(n, tid, path + sizeof TRACE_SAYS - 1);
			continue;
		}
		if (s && (how & LOOKUP_READ) && !c->executes)
			how = how_said(s, path, how);
		lookups_add(&n->lookups, path, how);
	}
}
