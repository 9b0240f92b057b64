/* Finding the client, fetching images, ending containers. */
#include "runner/env/container.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/env/container_image.h"
#include "runner/process/spawn.h"
#include "runner/process/spawn_wire.h"

#define ANSWER_MAX (64 << 10)
#define DIGEST_MARK "@sha256:"

char *container_image_exact(const char *image)
{
	const char *digest = strstr(image, DIGEST_MARK);
	size_t hex = digest ? strspn(digest + strlen(DIGEST_MARK), "0123456789abcdef") : 0;

	if (hex != 64 || digest[strlen(DIGEST_MARK) + hex] || digest == image)
		return NULL;
	size_t n = (size_t)(digest - image);
	const char *slash = memrchr(image, '/', n), *from = slash ? slash : image;
	const char *colon = memchr(from, ':', (size_t)(digest - from)); /* in front of a "/" it would be a port */
	if (colon)
		n = (size_t)(colon - image);
	return mem_printf("%.*s%s", (int)n, image, digest);
}

/* The last line that says something, as it may stand in an error. Owned. */
static char *last_line(const struct buf *b)
{
	size_t end = b->len, from;

	for (;; end = from) {
		while (end && isspace((unsigned char)b->data[end - 1]))
			end--;
		for (from = end; from && b->data[from - 1] != '\n' && b->data[from - 1] != '\r'; from--)
			;
		if (from < end || from == 0)
			break;
	}
	if (end - from > 7 && strncasecmp(b->data + from, "Error: ", 7) == 0)
		from += 7;
	while (end > from && b->data[end - 1] == '.')
		end--;
	if (end == from)
		return mem_strdup("it says nothing");
	char *line = mem_strndup(b->data + from, end - from);
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ')
			*p = ' ';
	return line;
}

/* A client's command run to its end: 0, or -1 and *ret_words (owned) says what went wrong. */
static int ask(const char *const *argv, char *const *env, struct buf *out, char **ret_words)
{
	struct err e;
	int status;

	if (spawn_capture(argv, (const char *const *)env, NULL, ANSWER_MAX, out, &status, &e) < 0)
		*ret_words = mem_strdup(e.text);
	else if (status != 0)
		*ret_words = last_line(out);
	else
		return 0;
	return -1;
}

/* Whether the client works. An owned complaint, or NULL. */
static char *try_tool(struct env_tool *t, char *const *env)
{
	bool podman = strcmp(t->name, "podman") == 0;
	const char *format = podman ? "{{.Host.Security.Rootless}}" : "{{.ServerVersion}} {{json .SecurityOptions}}";
	const char *const argv[] = { t->path, "info", "--format", format, NULL };
	_buf_ struct buf out = BUF_INIT;
	_free_ char *words = NULL;

	if (ask(argv, env, &out, &words) < 0)
		return mem_printf("%s (%s) does not work (%s)", t->name, t->path, words);
	/* Some versions of docker end well without a daemon, and have no version of it to tell. */
	if (!*out.data || isspace((unsigned char)*out.data))
		return mem_printf("%s (%s) does not work (its daemon does not answer)", t->name, t->path);
	t->rootless = podman ? text_starts(out.data, "true") : strstr(out.data, "name=rootless") != NULL;
	return NULL;
}

int container_tool(char *const *env, struct env_tool *ret, struct err *e)
{
	static const char *const names[] = { "podman", "docker" };
	_buf_ struct buf why = BUF_INIT;

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		struct env_tool t = { .name = names[i] };
		_free_ char *complaint = NULL;
		if (spawn_lookup(t.name, (const char *const *)env, NULL, &t.path) != 0)
			complaint = mem_printf("%s is not on PATH", t.name);
		else
			complaint = try_tool(&t, env);
		if (!complaint) {
			*ret = t;
			return 0;
		}
		free(t.path);
		buf_addf(&why, "%s%s", why.len ? ", and " : "", complaint);
	}
	return err_set(e, ERR_BROKEN,
		       "nothing here runs container images: %s: install podman or mend what is there, or give the step "
		       "a lock file in the place of its image", why.data);
}

bool container_has_image(const struct env_tool *t, const char *image, char *const *env)
{
	_free_ char *exact = container_image_exact(image);
	const char *const argv[] = { t->path, "image", "inspect", "--format", "{{.Id}}", exact, NULL };
	_buf_ struct buf out = BUF_INIT;
	_free_ char *words = NULL;

	return exact && ask(argv, env, &out, &words) == 0;
}

struct pull { const struct env_watch *watch; struct buf text; };

/* Lines as they come; a "\r" ends one too, where a client draws its progress. The last ones are kept, to be told when
 * it fails. */
static void take_output(void *arg, const char *bytes, size_t n)
{
	struct pull *p = arg;

	for (size_t i = 0; i < n; i++) {
		if (bytes[i] != '\n' && bytes[i] != '\r') {
			buf_addc(&p->text, bytes[i]);
			continue;
		}
		size_t from = p->text.len;
		while (from && p->text.data[from - 1] != '\n')
			from--;
		if (from == p->text.len)
			continue;
		if (p->watch && p->watch->says)
			p->watch->says(p->watch->arg, p->text.data + from);
		buf_addc(&p->text, '\n');
		if (p->text.len > ANSWER_MAX)
			buf_drop(&p->text, from);
	}
}

int container_pull(const struct env_tool *t, const char *image, char *const *env, const struct env_watch *w,
		   struct err *e)
{
	_free_ char *exact = container_image_exact(image);
	const char *const argv[] = { t->path, "pull", exact, NULL };
	struct pull p = { .watch = w, .text = BUF_INIT };
	int64_t began = time_mono();
	int status;

	if (!exact)
		return err_set(e, ERR_USAGE,
			       "%s: the image has no digest: name it as NAME@sha256:… with its 64 digits, which "
			       "`%s images --digests` shows", image, t->name);
	if (container_has_image(t, image, env))
		return 0;
	if (w && w->begun)
		w->begun(w->arg, image, t->name);
	struct spawn_stream s = { .argv = argv, .envp = (const char *const *)env, .keep = -1, .output = take_output,
				  .arg = &p };
	int r = spawn_stream(&s, &status, e);
	if (r == 0 && status != 0) {
		_free_ char *line = last_line(&p.text);
		r = err_set(e, ERR_BROKEN,
			    "%s: %s cannot fetch the image: %s: see to its name, the network and `%s login`, or fetch "
			    "it by hand: %s pull %s", image, t->name, line, t->name, t->name, exact);
	} else if (r == 0 && w && w->done) {
		w->done(w->arg, image, time_mono() - began);
	}
	buf_release(&p.text);
	return r;
}

void container_kill(const struct env_tool *t, const char *name, char *const *env)
{
	const char *const podman[] = { t->path, "rm", "--force", "--ignore", "--time", "0", "--volumes", name, NULL };
	const char *const docker[] = { t->path, "rm", "--force", "--volumes", name, NULL };
	_buf_ struct buf out = BUF_INIT;
	_free_ char *words = NULL;

	ask(strcmp(t->name, "podman") == 0 ? podman : docker, env, &out, &words);
}
