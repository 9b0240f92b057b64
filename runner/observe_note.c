#include "runner/observe_note.h"

#include "base/path.h"
#include "base/vec.h"
#include "runner/python_hook.h"

/* What a thread said. A thread whose number falls on the same place takes it over: what was forgotten is noted as it is, which is more than needed, never less. */
struct said {
	pid_t tid;
	char *list, *source, *script; /* owned; NULL: nothing */
	int starts;                   /* openings of the script that are still Python's own */
};
/* Python opens its script twice: to see whether it is an archive, and to read it. */
enum { STARTS = 2 };
enum { PLACES = 256, OWING_MOST = 4096 };
/* The folders whose listings a Python made without having told yet what it looked for there. */
struct owing {
	char *token;
	struct map folders;
};
struct observe_said {
	struct said at[PLACES];
	VEC(struct owing) owing;
};

static void forget(struct said *s)
{
	free(s->list);
	free(s->source);
	free(s->script);
	*s = (struct said){ 0 };
}

static void owing_release(struct owing *o)
{
	free(o->token);
	map_release(&o->folders);
}

void observe_notes_release(struct observe_notes *n)
{
	lookups_release(&n->lookups);
	for (int i = 0; n->said && i < PLACES; i++)
		forget(&n->said->at[i]);
	for (size_t i = 0; n->said && i < n->said->owing.len; i++)
		owing_release(&n->said->owing.v[i]);
	if (n->said)
		vec_release(&n->said->owing);
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

static size_t find_owing(const struct observe_said *all, const char *token, size_t n)
{
	size_t i = 0;

	while (i < all->owing.len && (strncmp(all->owing.v[i].token, token, n) != 0 || all->owing.v[i].token[n]))
		i++;
	return i;
}

/* TOKEN/FOLDER. The folder; NULL: there is none. */
static const char *take_owed(struct observe_notes *n, const char *text)
{
	const char *folder = strchr(text, '/');
	struct observe_said *all = n->said;

	if (!folder)
		return NULL;
	size_t i = find_owing(all, text, (size_t)(folder - text));
	if (i == OWING_MOST) {
		lookups_add(&n->lookups, folder, LOOKUP_READ);
		return folder;
	}
	if (i == all->owing.len)
		vec_add(&all->owing)->token = mem_strndup(text, (size_t)(folder - text));
	map_add(&all->owing.v[i].folders, folder, NULL);
	return folder;
}

static void take_told(struct observe_said *all, const char *token)
{
	size_t i = find_owing(all, token, strlen(token));

	if (i == all->owing.len)
		return;
	owing_release(&all->owing.v[i]);
	vec_remove(&all->owing, i);
}

/* /NAME/NAME…//FOLDER */
static void take_modules(struct observe_notes *n, const char *names)
{
	const char *end = strstr(names, "//");

	while (end && names < end) {
		size_t len = strcspn(names + 1, "/");
		_free_ char *path = mem_printf("%s/%.*s", end + 1, (int)len, names + 1);

		lookups_add(&n->lookups, path, LOOKUP_MODULE);
		names += 1 + len;
	}
}

/* message: what stands behind TRACE_SAYS. */
static void take_message(struct observe_notes *n, pid_t tid, const char *message)
{
	const char *path;

	if (!n->said)
		n->said = mem_zero(sizeof *n->said);
	struct said *s = &n->said->at[tid % PLACES];
	if (s->tid != tid)
		forget(s);
	s->tid = tid;
	free(mem_take(s->script));
	if ((path = word(message, "list"))) {
		keep(&s->list, path);
	} else if ((path = word(message, "lists"))) {
		path = take_owed(n, path + 1);
		if (path)
			keep(&s->list, path);
	} else if ((path = word(message, "modules"))) {
		take_modules(n, path);
	} else if ((path = word(message, "told"))) {
		take_told(n->said, path + 1);
	} else if ((path = word(message, "source"))) {
		keep(&s->source, path);
	} else if ((path = word(message, "script"))) {
		keep(&s->script, path);
		s->starts = STARTS;
	}
}

void observe_notes_end(struct observe_notes *n)
{
	for (size_t i = 0; n->said && i < n->said->owing.len; i++) {
		const struct map *folders = &n->said->owing.v[i].folders;

		for (size_t k = 0; k < folders->len; k++)
			lookups_add(&n->lookups, folders->entries[k].key, LOOKUP_READ);
	}
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
