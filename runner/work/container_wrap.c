/* The client's command line and environment. */
#include "runner/work/container_wrap.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/buf.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/env/container_image.h"

/* Variables that say where something of the host is: they go in only when the place they name is bound. */
static const char *const host_places[] = {
	"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUESTS_CA_BUNDLE", "XDG_CACHE_HOME", "HF_HOME", "HF_HUB_CACHE",
	"HF_DATASETS_CACHE", "TORCH_HOME", "CUDA_HOME", "CUDA_PATH", "CUDA_CACHE_PATH",
};
static const char *const host_only[] = { "PATH", "SHELL", "LD_LIBRARY_PATH", "VIRTUAL_ENV", "CONDA_PREFIX" };
static const char *const proxies[] = { "http_proxy", "https_proxy", "all_proxy" };
/* Given by value inside: the client has its own; podman without XDG_RUNTIME_DIR even keeps its state below TMPDIR. */
static const char *const twofold[] = { "HOME", "TMPDIR" };
/* What a client finds its daemon, its store and its helpers by; a trailing "*" stands for any ending. */
static const char *const client_needs[] = {
	"PATH", "HOME", "TMPDIR", "USER", "XDG_RUNTIME_DIR", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_CACHE_HOME",
	"DBUS_SESSION_BUS_ADDRESS", "SSH_AUTH_SOCK", "DOCKER_*", "CONTAINER_*", "CONTAINERS_*", "PODMAN_*", "STORAGE_*",
	"REGISTRY_AUTH_FILE",
};

struct words { VEC(const char *) list; struct arena *arena; };

static void add(struct words *w, const char *word)
{
	vec_push(&w->list, word);
}

static void add2(struct words *w, const char *option, const char *value)
{
	add(w, option);
	add(w, value);
}

static bool listed(const char *const *names, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++) {
		size_t k = strlen(names[i]);
		bool any = names[i][k - 1] == '*';
		k -= any;
		if ((any ? len >= k : len == k) && memcmp(names[i], name, k) == 0)
			return true;
	}
	return false;
}
#define LISTED(names, name, len) listed(names, ARRAY_LEN(names), name, len)

/* ---- folders ---- */

/* Both clients read --mount as one line of CSV. */
static void add_field(struct buf *b, const char *key, const char *value)
{
	buf_addc(b, ',');
	if (!strpbrk(value, ",\"\r\n")) {
		buf_addf(b, "%s=%s", key, value);
		return;
	}
	buf_addf(b, "\"%s=", key);
	for (; *value; value++) {
		if (*value == '"')
			buf_addc(b, '"');
		buf_addc(b, *value);
	}
	buf_addc(b, '"');
}

static void bind(struct words *w, const char *path, bool writable)
{
	_buf_ struct buf b = BUF_INIT;

	if (!path)
		return;
	buf_adds(&b, "type=bind");
	add_field(&b, "source", path);
	add_field(&b, "target", path);
	if (!writable)
		buf_adds(&b, ",readonly");
	add2(w, "--mount", arena_strndup(w->arena, b.data, b.len));
}

static void bind_all(struct words *w, const struct container_attempt *a)
{
	const struct sandbox_attempt *f = a->folders;

	bind(w, f->folder, false);
	bind(w, f->work, true);
	bind(w, f->tmp, true);
	bind(w, f->checkpoints, true);
	for (size_t i = 0; i < ARRAY_LEN(f->files) && f->files[i]; i++)
		bind(w, f->files[i], true);
	bind(w, f->params, false);
	for (size_t i = 0; i < a->nlinks; i++)
		bind(w, a->links[i], false);
}

static bool is_bound(const struct container_attempt *a, const char *path)
{
	const struct sandbox_attempt *f = a->folders;
	const char *const own[] = { f->folder, f->work, f->tmp, f->checkpoints };

	for (size_t i = 0; i < ARRAY_LEN(own); i++)
		if (own[i] && path_within(path, own[i]))
			return true;
	for (size_t i = 0; i < a->nlinks; i++)
		if (path_within(path, a->links[i]))
			return true;
	return false;
}

/* ---- variables ---- */

/* "http://user:word@127.0.0.1:3128/", "localhost:3128", "http://[::1]:80": a server on this machine, to which a
 * container has no way. */
static bool is_loopback(const char *proxy)
{
	const char *host = strstr(proxy, "://"), *at;

	host = host ? host + 3 : proxy;
	at = memrchr(host, '@', strcspn(host, "/"));
	if (at)
		host = at + 1;
	size_t n = *host == '[' ? strcspn(host, "]") + 1 : strcspn(host, ":/");
	return text_starts(host, "127.") || (n == 9 && strncasecmp(host, "localhost", n) == 0) ||
	       (n == 5 && strncmp(host, "[::1]", n) == 0);
}

static bool is_proxy(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(proxies); i++)
		if (n == strlen(proxies[i]) && strncasecmp(name, proxies[i], n) == 0)
			return true;
	return false;
}

/* By name: the client takes the value from its own environment. */
static void pass(struct words *w, const struct container_attempt *a)
{
	for (size_t i = 0; a->vars && i < a->vars->len; i++) {
		const char *name = a->vars->v[i], *value = strchr(name, '=') + 1;
		size_t n = (size_t)(value - name) - 1;

		if (LISTED(host_only, name, n) || LISTED(twofold, name, n))
			continue;
		if (LISTED(host_places, name, n) && !is_bound(a, value))
			continue;
		if (is_proxy(name, n) && is_loopback(value))
			continue;
		/* podman takes a trailing star for any ending. */
		if (name[n - 1] == '*')
			continue;
		add2(w, "--env", arena_strndup(w->arena, name, n));
	}
	for (size_t i = 0; i < ARRAY_LEN(twofold); i++)
		add2(w, "--env", arena_printf(w->arena, "%s=%s", twofold[i], a->folders->tmp));
}

void container_variables(const struct variables *step, char *const *env, struct variables *ret)
{
	*ret = (struct variables){ 0 };
	for (size_t i = 0; i < step->len; i++) {
		const char *name = step->v[i], *value = strchr(name, '=') + 1;
		size_t n = (size_t)(value - name) - 1;

		if (LISTED(twofold, name, n) || (n == 4 && memcmp(name, "PATH", n) == 0))
			continue;
		_free_ char *key = mem_strndup(name, n);
		variables_set(ret, key, value);
	}
	for (; *env; env++) {
		const char *eq = strchr(*env, '=');

		if (!eq || !LISTED(client_needs, *env, (size_t)(eq - *env)))
			continue;
		_free_ char *key = mem_strndup(*env, (size_t)(eq - *env));
		if (!variables_get(ret, key))
			variables_set(ret, key, eq + 1);
	}
}

/* ---- the command line ---- */

/* podman refuses --init where its init program is not installed; docker brings its own. */
static bool has_init(const struct env_tool *t)
{
	static const char *const places[] = { "/usr/libexec/podman/catatonit", "/usr/lib/podman/catatonit" };

	if (strcmp(t->name, "docker") == 0)
		return true;
	for (size_t i = 0; i < ARRAY_LEN(places); i++)
		if (access(places[i], X_OK) == 0)
			return true;
	return false;
}

/* What the step writes belongs to the caller. Whom that is inside hangs on who runs containers: root is the caller
 * himself where docker is rootless, and podman keeps his number on request. */
static void add_user(struct words *w, const struct env_tool *t)
{
	bool podman = strcmp(t->name, "podman") == 0;

	if (podman && t->rootless)
		add(w, "--userns=keep-id");
	if (!podman && t->rootless)
		add2(w, "--user", "0:0");
	else
		add2(w, "--user", arena_printf(w->arena, "%u:%u", (unsigned)getuid(), (unsigned)getgid()));
}

/* The kernel's own bound for /dev/shm. Containers get 64 MB without asking, which data loaders outgrow. */
static const char *shm_size(struct arena *arena)
{
	return arena_printf(arena, "%lld", (long long)sysconf(_SC_PHYS_PAGES) * sysconf(_SC_PAGESIZE) / 2);
}

const char *const *container_wrap(const struct env_tool *t, const struct container_attempt *a, struct arena *arena)
{
	struct words w = { .arena = arena };
	bool podman = strcmp(t->name, "podman") == 0;
	_free_ char *image = container_image_exact(a->image);

	add(&w, t->path);
	add(&w, "run");
	add(&w, "--rm");
	add2(&w, "--pull", "never");
	add2(&w, "--name", a->name);
	if (has_init(t))
		add(&w, "--init");
	/* The output comes through the client; a second copy of it would only fill the disk. */
	add2(&w, "--log-driver", "none");
	add(&w, "--no-healthcheck");
	add_user(&w, t);
	/* SELinux would deny the bound folders to containers that it confines; new labels would change the user's
	 * files. */
	add2(&w, "--security-opt", "label=disable");
	if (podman)
		/* It would hand in the client's proxies, those at loopback too. */
		add(&w, "--http-proxy=false");
	else
		/* podman's containers inherit this bound from the client, docker's have the daemon's. */
		add2(&w, "--ulimit", "core=0:0");
	add2(&w, "--shm-size", shm_size(arena));
	if (!a->folders->network)
		add2(&w, "--network", "none");
	if (a->gpus)
		add2(&w, podman ? "--device" : "--gpus", podman ? "nvidia.com/gpu=all" : "all");
	bind_all(&w, a);
	add2(&w, "--workdir", a->folders->work);
	pass(&w, a);
	add2(&w, "--entrypoint", "");
	add(&w, arena_strdup(arena, image ? image : a->image));
	add(&w, NULL);

	const char *const *words = arena_dup(arena, w.list.v, w.list.len * sizeof *w.list.v);
	vec_release(&w.list);
	return words;
}
