#include "runner/work/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/env/env_variable.h"
#include "runner/process/spawn.h"
#include "runner/process/spawn_wire.h"
#include "runner/process/tmpdir.h"
#include "runner/work/sandbox_alias.h"

#define WAY_OUT "--isolation folder runs steps without it"

/* What a mount makes of a path. Where several name one path, the first of these counts. */
enum place_kind {
	PLACE_PROJECT, /* hidden: the working tree, the record */
	PLACE_KEEP,    /* readable */
	PLACE_SECRET,  /* hidden */
	PLACE_LOCKED,  /* readable: part of a cache that steps do not write to */
	PLACE_CACHE,   /* writable */
	PLACE_LINK,    /* a symbolic link that would be gone with the folder it stands in */
};
struct place {
	const char *path, *target; /* absolute, without links in them; target: of a PLACE_LINK */
	enum place_kind kind;
	bool folder;
};

struct sandbox {
	struct arena arena;
	VEC(const char *) args;   /* of every attempt, before its places */
	VEC(struct place) places;
	const char *setsid;       /* NULL: there is none */
};

/* ---- bwrap ---- */

static int find_bwrap(char *const *env, char **ret, struct err *e)
{
#ifdef JIG_POSIX
	return err_set(e, ERR_BROKEN, "the sandbox is bubblewrap's, which there is on Linux only (" WAY_OUT ")");
#else
	int error = spawn_lookup("bwrap", (const char *const *)env, "/", ret);

	if (error == ENOENT)
		return err_set(e, ERR_BROKEN,
		               "the sandbox needs bubblewrap, and there is no bwrap in PATH; install the package "
		               "bubblewrap (" WAY_OUT ")");
	if (error)
		return err_set(e, ERR_BROKEN, "bwrap in PATH cannot be started: %s (" WAY_OUT ")", strerror(error));
	return 0;
#endif
}

/* Whether a shell's empty command runs in it. out: what bwrap said. */
static bool try_bwrap(const char *bwrap, char *const *env, bool network, struct buf *out)
{
	const char *argv[] = {bwrap,
	                      "--die-with-parent", "--unshare-pid", "--ro-bind", "/", "/", "--dev", "/dev", "--proc",
	                      "/proc", "--tmpfs", "/tmp", "--remount-ro", "/tmp", network ? "--" : "--unshare-net",
	                      network ? "true" : "--", network ? NULL : "true", NULL};
	struct err e;
	int status;

	buf_reset(out);
	if (spawn_capture(argv, (const char *const *)env, "/", 4096, out, &status, &e) < 0) {
		buf_adds(out, e.text);
		return false;
	}
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/* Some systems forbid namespaces to programs that no profile of AppArmor names, and bwrap's own words do not say so. */
static bool apparmor_forbids(void)
{
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	return file_read("/proc/sys/kernel/apparmor_restrict_unprivileged_userns", 16, &b, &e) == 0 && *b.data == '1';
}

int sandbox_probe(char *const *env, bool *ret_network, struct err *e)
{
	_free_ char *bwrap = NULL;
	_buf_ struct buf out = BUF_INIT;
	int r = find_bwrap(env, &bwrap, e);

	if (r < 0)
		return r;
	bool network = try_bwrap(bwrap, env, false, &out);
	if (!network && !try_bwrap(bwrap, env, true, &out)) {
		while (out.len && (out.data[out.len - 1] == '\n' || out.data[out.len - 1] == ' '))
			buf_cut(&out, out.len - 1);
		return err_set(e, ERR_BROKEN, "the sandbox does not work here: %s%s (" WAY_OUT ")",
		               out.len ? out.data : "bwrap failed without a word",
		               apparmor_forbids()
		                       ? "; AppArmor restricts user namespaces: a profile for bwrap or the sysctl "
		                         "kernel.apparmor_restrict_unprivileged_userns=0 allows them"
		                       : "");
	}
	*ret_network = network;
	return 0;
}

/* ---- places ---- */

/* bwrap mounts only where no link is on the way. NULL: there is nothing. */
static const char *real(struct arena *a, const char *path)
{
	_free_ char *p = realpath(path, NULL);

	return arena_strdup(a, p);
}

static void add_place(struct sandbox *s, const char *path, enum place_kind kind)
{
	const char *at = path && *path == '/' ? real(&s->arena, path) : NULL;
	struct stat st;

	if (at && stat(at, &st) == 0)
		vec_push(&s->places, (struct place){ .path = at, .kind = kind, .folder = S_ISDIR(st.st_mode) });
}

/* As add_place, of a path that steps use as it is written: links on its way that stand in a hidden folder are made
 * there again. */
static void add_reached(struct sandbox *s, const char *path, enum place_kind kind)
{
	_free_ char *way = mem_strdup(path);
	const char *at = "/";
	char *save = NULL;

	add_place(s, path, kind);
	for (char *name = strtok_r(way, "/", &save); name && at; name = strtok_r(NULL, "/", &save)) {
		const char *next = arena_printf(&s->arena, "%s/%s", strcmp(at, "/") ? at : "", name);
		struct stat st;

		at = real(&s->arena, next);
		if (at && lstat(next, &st) == 0 && S_ISLNK(st.st_mode))
			vec_push(&s->places, (struct place){ .path = next, .target = at, .kind = PLACE_LINK });
	}
}

static void add_below(struct sandbox *s, const char *folder, const char *name, enum place_kind kind)
{
	if (folder && *folder == '/')
		add_place(s, arena_printf(&s->arena, "%s/%s", folder, name), kind);
}

/* Sockets of agents and terminals that the user's programs keep in /tmp. */
static void add_temporary(struct sandbox *s)
{
	static const char *const begins[] = { "ssh-", "tmux-", "screen", "emacs", "gpg-", "keyring-" };
	_closedir_ DIR *d = opendir("/tmp");
	struct dirent *entry;
	struct stat st;

	while (d && (entry = readdir(d))) {
		const char *path = arena_printf(&s->arena, "/tmp/%s", entry->d_name);
		bool named = false;

		for (size_t i = 0; i < ARRAY_LEN(begins); i++)
			named |= text_starts(entry->d_name, begins[i]);
		if (named && lstat(path, &st) == 0 && S_ISDIR(st.st_mode) && st.st_uid == getuid())
			add_place(s, path, PLACE_SECRET);
	}
}

static void add_secrets(struct sandbox *s, const char *home, char *const *env)
{
	static const char *const names[] = {
#define X(path, what) path,
		SANDBOX_HIDDEN(X)
#undef X
	};
	/* Whoever reaches what stands behind these acts outside: containers, services, sessions, screens. */
	static const char *const sockets[] = {"docker.sock",
	                                      "docker", "podman", "containerd", "crio", "buildkit", "k3s", "libvirt",
	                                      "screen", "snapd.socket", "systemd/private", "dbus/system_bus_socket"};
	static const char *const far_sockets[] = {"/var/lib/lxd/unix.socket", "/var/snap/lxd/common/lxd/unix.socket",
	                                          "/var/lib/incus/unix.socket", "/tmp/.X11-unix"};
	static const struct { const char *variable, *below;
	} moved[] = {
	        {"XDG_CONFIG_HOME", ".config/"},
	        {"XDG_DATA_HOME", ".local/share/"},
	        {"XDG_CACHE_HOME", ".cache/"},
	        {"HF_HOME", ".cache/huggingface/"},
	};

	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		add_below(s, home, names[i], PLACE_SECRET);
		for (size_t k = 0; k < ARRAY_LEN(moved); k++)
			if (text_starts(names[i], moved[k].below))
				add_below(s, env_variable(env, moved[k].variable), names[i] + strlen(moved[k].below),
				          PLACE_SECRET);
	}
	for (size_t i = 0; i < ARRAY_LEN(sockets); i++) {
		add_below(s, "/run", sockets[i], PLACE_SECRET);
		add_below(s, "/var/run", sockets[i], PLACE_SECRET);
	}
	for (size_t i = 0; i < ARRAY_LEN(far_sockets); i++)
		add_place(s, far_sockets[i], PLACE_SECRET);
	add_place(s, arena_printf(&s->arena, "/run/user/%u", (unsigned)getuid()), PLACE_SECRET);
	add_place(s, env_variable(env, "XDG_RUNTIME_DIR"), PLACE_SECRET);
	add_place(s, env_variable(env, "SSH_AUTH_SOCK"), PLACE_SECRET);
	add_temporary(s);
}

static bool is_link(const char *path)
{
	struct stat st;

	return lstat(path, &st) == 0 && S_ISLNK(st.st_mode);
}

/* Parts of a cache that environments are built from, for every project. */
static const char *const locked[] = { "jig", "uv" };

/* A link in a writable folder could be put aside for something else: the folders in it are writable, it itself is
 * not. */
static void add_entries(struct sandbox *s, const char *cache)
{
	_closedir_ DIR *d = opendir(cache);
	struct dirent *entry;

	while (d && (entry = readdir(d))) {
		const char *path = arena_printf(&s->arena, "%s/%s", cache, entry->d_name);

		if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, "..") && !is_link(path) && file_is_dir(path))
			add_place(s, path, PLACE_CACHE);
	}
}

/* A cache that is the home folder or one above it is none: the home is never writable. */
static void add_cache(struct sandbox *s, const char *path, const char *home)
{
	const char *at = path && *path == '/' ? real(&s->arena, path) : NULL;
	bool links = false;

	if (!at || !strcmp(at, "/") || (home && path_within(home, at)) || !file_is_dir(at))
		return;
	for (size_t i = 0; i < ARRAY_LEN(locked); i++)
		links |= is_link(arena_printf(&s->arena, "%s/%s", at, locked[i]));
	if (links)
		add_entries(s, at);
	else
		add_place(s, at, PLACE_CACHE);
}

static void add_caches(struct sandbox *s, const char *home, char *const *env)
{
	const char *xdg = env_variable(env, "XDG_CACHE_HOME");
	const char *cache = xdg && *xdg == '/' ? xdg : home ? arena_printf(&s->arena, "%s/.cache", home) : NULL;
	struct err ignored;

	add_cache(s, cache, home);
	add_cache(s, env_variable(env, "HF_HOME"), home);
	add_cache(s, env_variable(env, "TORCH_HOME"), home);
	add_cache(s, env_variable(env, "PIP_CACHE_DIR"), home);
	for (size_t i = 0; cache && i < ARRAY_LEN(locked); i++) {
		/* What is not there a step could make, with contents of its own. */
		if (file_is_dir(cache))
			file_mkdirs(arena_printf(&s->arena, "%s/%s", cache, locked[i]), 0700, &ignored);
		add_below(s, cache, locked[i], PLACE_LOCKED);
	}
	add_place(s, env_variable(env, "UV_CACHE_DIR"), PLACE_LOCKED);
}

static int compare_places(const void *a, const void *b)
{
	const struct place *p = a, *q = b;
	int r = strcmp(p->path, q->path);

	return r ? r : (int)p->kind - (int)q->kind;
}

/* What the places kept so far make of a path. */
static enum place_kind kind_at(const struct place *kept, size_t n, const char *path)
{
	enum place_kind kind = PLACE_LOCKED;
	size_t longest = 0;

	for (size_t i = 0; i < n; i++)
		if (kept[i].kind != PLACE_LINK && path_within(path, kept[i].path) && strlen(kept[i].path) > longest) {
			longest = strlen(kept[i].path);
			kind = kept[i].kind;
		}
	return kind;
}

static bool is_hidden(enum place_kind k)
{
	return k == PLACE_PROJECT || k == PLACE_SECRET;
}

/* Sorted, a folder comes before what lies in it, as it must be mounted; a place that is already what it should be is
 * dropped. */
static void sort_places(struct sandbox *s)
{
	const char *before = "";
	size_t n = 0;

	if (s->places.len)
		qsort(s->places.v, s->places.len, sizeof *s->places.v, compare_places);
	for (size_t i = 0; i < s->places.len; i++) {
		struct place p = s->places.v[i];
		enum place_kind around = kind_at(s->places.v, n, p.path);
		bool needed = p.kind == PLACE_LINK     ? is_hidden(around)
			      : is_hidden(p.kind)      ? !is_hidden(around)
			      : p.kind == PLACE_CACHE  ? around != PLACE_CACHE
						       : is_hidden(around) || around == PLACE_CACHE;

		if (needed && strcmp(before, p.path))
			s->places.v[n++] = p;
		before = p.path;
	}
	s->places.len = n;
}

/* ---- arguments ---- */

#define PUSH(list, ...) \
	do { \
		const char *words_[] = { __VA_ARGS__ }; \
		for (size_t i_ = 0; i_ < ARRAY_LEN(words_); i_++) \
			vec_push(list, words_[i_]); \
	} while (0)

static void push_devices(struct sandbox *s)
{
	static const char *const gpus[] = { "dri", "kfd", "dxg", "infiniband" };
	_closedir_ DIR *d = opendir("/dev");
	struct dirent *de;

	while (d && (de = readdir(d))) {
		bool gpu = text_starts(de->d_name, "nvidia");

		for (size_t i = 0; i < ARRAY_LEN(gpus); i++)
			gpu = gpu || strcmp(de->d_name, gpus[i]) == 0;
		if (gpu) {
			const char *path = arena_printf(&s->arena, "/dev/%s", de->d_name);

			PUSH(&s->args, "--dev-bind-try", path, path);
		}
	}
}

struct words { VEC(const char *) list; };

static void push_place(struct words *w, const struct place *p)
{
	switch (p->kind) {
	case PLACE_PROJECT:
	case PLACE_SECRET:
		/* As a device: without that right, opening it is refused instead of giving an empty file. */
		if (p->folder)
			PUSH(&w->list, "--tmpfs", p->path);
		else
			PUSH(&w->list, "--dev-bind", "/dev/null", p->path);
		break;
	case PLACE_KEEP:
	case PLACE_LOCKED:
		PUSH(&w->list, "--ro-bind", p->path, p->path);
		break;
	case PLACE_CACHE:
		PUSH(&w->list, "--bind", p->path, p->path);
		break;
	case PLACE_LINK:
		PUSH(&w->list, "--symlink", p->target, p->path);
		break;
	}
}

/* Hiding only concerns what is still there: a session that ended since took its sockets along, and bwrap would fail for
 * want of a place to mount on. */
static bool is_there(const struct place *p)
{
	return p->kind == PLACE_LINK || file_exists(p->path);
}

/* Root may write to these by being their owner, whatever rights were dropped, and what they set is the machine's. */
static void push_machine(struct sandbox *s)
{
	static const char *const names[] = {"/proc/sys",  "/proc/irq",           "/proc/bus",
	                                    "/proc/fs",   "/proc/acpi",          "/proc/scsi",
	                                    "/proc/mtrr", "/proc/sysrq-trigger", "/proc/dynamic_debug"};

	for (size_t i = 0; i < ARRAY_LEN(names); i++)
		PUSH(&s->args, "--ro-bind-try", names[i], names[i]);
}

/* The same places under the other names they have. */
struct aliases { struct sandbox *s; enum place_kind kind; };

static void add_alias(void *arg, const char *path)
{
	struct aliases *a = arg;

	add_place(a->s, path, a->kind);
}

static void add_aliases(struct sandbox *s)
{
	struct mount_table t;
	size_t n = s->places.len;

	mount_table_read(&t, &s->arena);
	for (size_t i = 0; i < n; i++) {
		struct place p = s->places.v[i];
		struct aliases a = { s, p.kind };

		if (is_hidden(p.kind))
			mount_table_aliases(&t, p.path, &s->arena, add_alias, &a);
	}
	mount_table_release(&t);
}

static const char *home_of(struct arena *a, char *const *env)
{
	const char *home = env_variable(env, "HOME");

	if (!home || *home != '/') {
		struct passwd *pw = getpwuid(getuid());

		home = pw ? pw->pw_dir : NULL;
	}
	return home ? real(a, home) : NULL;
}

int sandbox_new(const struct sandbox_options *o, struct sandbox **ret, struct err *e)
{
	static const char *const kept_rights[] = {
	        "CAP_CHOWN", "CAP_DAC_OVERRIDE", "CAP_FOWNER", "CAP_FSETID",
	        "CAP_KILL",  "CAP_SETGID",       "CAP_SETUID", "CAP_NET_BIND_SERVICE"};
	_free_ char *bwrap = NULL;
	int r = find_bwrap(o->environ, &bwrap, e);

	if (r < 0)
		return r;
	_cleanup_(arena_release) struct arena scratch = ARENA_INIT;
	const char *root = real(&scratch, o->root), *jig = real(&scratch, o->jig),
	           *home = home_of(&scratch, o->environ);
	if (!root || !jig)
		return err_errno(e, "%s: the sandbox cannot hide it", root ? o->jig : o->root);
	const char *holds = strcmp(root, "/") == 0 || (home && path_within(home, root)) ? root
	                    : home && path_within(home, jig)                            ? jig
	                                                                                : NULL;
	if (holds)
		return err_set(e, ERR_BROKEN,
			       "%s holds the home folder %s, and the sandbox hides the project's folder; move the "
			       "project into a folder of its own (" WAY_OUT ")",
			       holds, home ? home : "");

	struct sandbox *s = mem_zero(sizeof *s);
	PUSH(&s->args, arena_strdup(&s->arena, bwrap), "--die-with-parent", "--unshare-pid", "--ro-bind", "/", "/",
	     "--dev", "/dev");
	push_devices(s);
	PUSH(&s->args, "--proc", "/proc");
	if (geteuid() == 0) {
		/* Root would only have to unmount what hides something. */
		PUSH(&s->args, "--cap-drop", "ALL");
		for (size_t i = 0; i < ARRAY_LEN(kept_rights); i++)
			PUSH(&s->args, "--cap-add", kept_rights[i]);
		push_machine(s);
	}
	_free_ char *runs = path_join(o->jig, "runs");
	add_place(s, o->root, PLACE_PROJECT);
	add_reached(s, o->jig, PLACE_PROJECT);
	add_reached(s, runs, PLACE_PROJECT);
	add_secrets(s, home, o->environ);
	add_caches(s, home, o->environ);
	for (size_t i = 0; i < o->nkeep; i++)
		add_reached(s, o->keep[i], PLACE_KEEP);
	add_aliases(s);
	sort_places(s);
	s->setsid = access("/usr/bin/setsid", X_OK) == 0 ? "/usr/bin/setsid"
	            : access("/bin/setsid", X_OK) == 0   ? "/bin/setsid"
	                                                 : NULL;
	*ret = s;
	return 0;
}

void sandbox_free(struct sandbox *s)
{
	if (!s)
		return;
	vec_release(&s->args);
	vec_release(&s->places);
	arena_release(&s->arena);
	free(s);
}

/* Of what is made only later, the folders on the way are followed. */
static const char *real_to_be(struct arena *a, const char *path)
{
	const char *p = real(a, path);

	if (p || strcmp(path, "/") == 0)
		return p ? p : path;
	_free_ char *parent = path_parent(path);
	const char *above = real_to_be(a, parent);
	return arena_printf(a, "%s/%s", strcmp(above, "/") ? above : "", path_base(path));
}

const char *const *sandbox_wrap(const struct sandbox *s, const struct sandbox_attempt *a, struct arena *arena)
{
	const char *folder = real_to_be(arena, a->folder), *work = real_to_be(arena, a->work),
	           *tmp = real_to_be(arena, a->tmp);
	const char *checkpoints = real_to_be(arena, a->checkpoints), *params = real_to_be(arena, a->params);
	_free_ char *tmps = path_parent(tmp);
	struct words w = { 0 }, closed = { 0 };

	vec_reserve(&w.list, s->args.len + 5 * s->places.len + 48);
	for (size_t i = 0; i < s->args.len; i++)
		vec_push(&w.list, s->args.v[i]);
	for (size_t i = 0; i < s->places.len; i++) {
		const struct place *p = &s->places.v[i];

		if (!is_there(p))
			continue;
		push_place(&w, p);
		if (is_hidden(p->kind) && p->folder)
			vec_push(&closed.list, p->path);
	}
	PUSH(&w.list, "--ro-bind", folder, folder, "--bind", work, work, "--bind", checkpoints, checkpoints);
	for (size_t i = 0; i < ARRAY_LEN(a->files) && a->files[i]; i++) {
		const char *file = real_to_be(arena, a->files[i]);

		PUSH(&w.list, "--bind", file, file);
	}
	if (!path_within(params, folder))
		PUSH(&w.list, "--ro-bind", params, params);
	/* The TMPDIRs of other attempts stand beside it. */
	bool alone = tmpdir_is_ours(tmps);
	if (alone)
		PUSH(&w.list, "--tmpfs", arena_strdup(arena, tmps));
	PUSH(&w.list, "--bind", tmp, tmp);
	if (alone)
		PUSH(&w.list, "--remount-ro", arena_strdup(arena, tmps));
	/* Nothing can be made in hidden folders once all mounts stand. */
	for (size_t i = 0; i < closed.list.len; i++)
		PUSH(&w.list, "--remount-ro", closed.list.v[i]);
	if (!a->network)
		PUSH(&w.list, "--unshare-net");
	PUSH(&w.list, "--chdir", work, "--");
	/* As without a sandbox, the step leads a group of its own: bwrap's would be hit by a `kill 0` from within, and
	 * take everything along. */
	if (s->setsid)
		PUSH(&w.list, s->setsid, "--");
	PUSH(&w.list, NULL);
	const char *const *ret = arena_dup(arena, w.list.v, w.list.len * sizeof *w.list.v);
	vec_release(&w.list);
	vec_release(&closed.list);
	return ret;
}

bool sandbox_session(const struct sandbox *s)
{
	return s->setsid != NULL;
}
