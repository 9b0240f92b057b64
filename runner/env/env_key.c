/* What names an environment: the digest of everything that decides what is in it and how it behaves. Lock bytes alone
 * do not (another interpreter, another libc, another place on disk give other files); times and the project's name do
 * not belong to it, so that projects share what is the same. */
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#ifdef __GLIBC__
#include <gnu/libc-version.h>
#endif
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "runner/env/env.h"
#include "runner/env/env_variable.h"
#include "runner/process/gpu.h"

/* Raised when the same facts make another environment, or when what stands beside one (KEY.files, KEY.ok) has another
 * form: then it is built anew. */
#define KEY_SCHEMA 1

static void set_text(json_t *o, const char *key, const char *value)
{
	if (value)
		json_object_set_new(o, key, json_string(value));
}

static void set_platform(json_t *o)
{
	struct utsname u;

	uname(&u);
	set_text(o, "os", u.sysname);
	set_text(o, "arch", u.machine);
#ifdef __GLIBC__
	set_text(o, "libc", gnu_get_libc_version());
#endif
}

static int file_digest(const char *path, struct digest *ret, struct err *e)
{
	struct stat st;
	_close_ int fd = file_open(path, &st, e);

	return fd < 0 ? fd : sha256_fd(fd, ret, NULL, e);
}

static json_t *hex_of(const struct digest *d)
{
	char hex[DIGEST_HEX + 1];

	digest_to_hex(d, hex);
	return json_string(hex);
}

/* What a build itself leaves in a local project: with it, each build would ask for the next one. */
static bool is_built_folder(const char *rel)
{
	return strcmp(rel, "build") == 0 || strcmp(rel, "dist") == 0 || text_ends(rel, ".egg-info");
}

/* A local project counts by what a build could take from it: caches, environments and hidden folders are none of it. */
static int add_local(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct sha256 *all = arg;
	_free_ char *line = NULL;
	char hex[DIGEST_HEX + 1];
	struct digest d;
	int r;

	if (S_ISDIR(st->st_mode)) {
		_free_ char *venv = path_join(abs, "pyvenv.cfg");
		const char *base = path_base(rel);

		return base[0] == '.' || strcmp(base, "__pycache__") == 0 || is_built_folder(rel) || file_exists(venv)
		               ? FILE_WALK_SKIP
		               : 0;
	}
	if (!S_ISREG(st->st_mode))
		return 0;
	if ((r = file_digest(abs, &d, e)) < 0)
		return r;
	digest_to_hex(&d, hex);
	line = mem_printf("%s %o %s\n", hex, st->st_mode & 0111 ? 0755 : 0644, rel);
	sha256_update(all, line, strlen(line));
	return 0;
}

static int local_digest(const char *path, struct digest *ret, struct err *e)
{
	struct sha256 *all;
	int r;

	if (!file_is_dir(path))
		return file_digest(path, ret, e);
	all = sha256_new();
	r = file_walk(path, add_local, all, e);
	sha256_final(all, ret);
	sha256_free(all);
	return r;
}

static int set_files(json_t *o, const struct env_choice *c, const char *root, struct err *e)
{
	json_t *files = json_array(), *locals = json_array();
	struct digest d;
	int r = 0;

	json_object_set_new(o, "files", files);
	json_object_set_new(o, "locals", locals);
	for (size_t i = 0; r >= 0 && i < c->files.len; i++) {
		_free_ char *full = path_join(root, c->files.v[i]);

		r = file_digest(full, &d, e);
		if (r >= 0)
			json_array_append_new(files, hex_of(&d));
	}
	for (size_t i = 0; r >= 0 && i < c->locals.len; i++) {
		_free_ char *full = path_join(root, c->locals.v[i]);

		r = local_digest(full, &d, e);
		if (r >= 0)
			json_array_append_new(locals, hex_of(&d));
	}
	return r;
}

static void set_stat(json_t *o, const char *path, const char *name)
{
	struct stat st;

	if (stat(path, &st) < 0)
		return;
	set_text(o, name, path);
	json_object_set_new(o, "size", json_integer(st.st_size));
	json_object_set_new(o, "mtime_ns", json_integer(time_ns(&st.st_mtim)));
}

/* The interpreter that the environment hangs on: a venv's Python, R, Julia. conda's kinds bring their own. */
static json_t *interpreter(const struct env *v)
{
	json_t *o = json_object();

	if (v->python.path) {
		set_text(o, "implementation", v->python.implementation);
		set_text(o, "version", v->python.version);
		set_text(o, "soabi", v->python.soabi);
		set_text(o, "path", v->python.path);
		json_object_set_new(o, "size", json_integer(v->python.size));
		json_object_set_new(o, "mtime_ns", json_integer(v->python.mtime_ns));
	} else if (v->choice.kind == ENV_RENV || v->choice.kind == ENV_JULIA) {
		set_stat(o, v->tool.path, "path");
	}
	return o;
}

static void set_accelerator(json_t *o)
{
	set_text(o, "accelerator", gpu_count() > 0 ? "cuda" : "none");
}

/* Variables that change what a tool makes of the same files; each tool listens to its own only. */
static bool is_of_tool(const char *name, const struct env *v)
{
	static const char *const begins[][2] = { { "UV_", "uv" }, { "PIP_", "pip" } };

	for (size_t i = 0; i < ARRAY_LEN(begins); i++)
		if (text_starts(name, begins[i][0]))
			return strcmp(v->tool.name, begins[i][1]) == 0;
	return true;
}

static void set_variables(json_t *o, const struct env *v, char *const *environ, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		const char *value = is_of_tool(names[i], v) ? env_variable(environ, names[i]) : NULL;

		if (value && *value)
			set_text(o, names[i], value);
	}
}

static void set_config(json_t *o, const char *folder, const char *name)
{
	_free_ char *path = folder && name && *name ? path_join(folder, name) : NULL;
	struct digest d;
	struct err ignored;

	if (path && file_digest(path, &d, &ignored) >= 0)
		json_object_set_new(o, path, hex_of(&d));
}

/* The tool's own settings that say where packages come from. */
static void set_configs(json_t *o, const struct env *v, const struct env_options *opt)
{
	const char *home = env_variable(opt->environ, "HOME"), *config = env_variable(opt->environ, "XDG_CONFIG_HOME");
	_free_ char *usual = home ? path_join(home, ".config") : NULL;

	if (!config || *config != '/')
		config = usual;
	if (strcmp(v->tool.name, "uv") == 0) {
		set_config(o, opt->root, env_variable(opt->environ, "UV_CONFIG_FILE"));
		set_config(o, opt->root, "uv.toml");
		set_config(o, config, "uv/uv.toml");
		set_config(o, "/etc/uv", "uv.toml");
	} else if (strcmp(v->tool.name, "pip") == 0) {
		set_config(o, opt->root, env_variable(opt->environ, "PIP_CONFIG_FILE"));
		set_config(o, config, "pip/pip.conf");
		set_config(o, home, ".pip/pip.conf");
		set_config(o, "/etc", "pip.conf");
	}
}

/* What decides besides the files. Which index a package comes from decides only where no hash does. */
static json_t *settings(const struct env *v, const struct env_options *opt)
{
	static const char *const always[] = {
	        "UV_NO_DEV", "UV_NO_GROUP", "UV_NO_DEFAULT_GROUPS", "UV_NO_BINARY", "UV_NO_BINARY_PACKAGE",
	        "UV_NO_BUILD", "UV_NO_BUILD_PACKAGE", "PIP_NO_BINARY", "PIP_ONLY_BINARY", "CFLAGS", "CXXFLAGS",
	        "CPPFLAGS", "LDFLAGS", "CMAKE_ARGS", "FORCE_CUDA", "TORCH_CUDA_ARCH_LIST",
	};
	static const char *const unhashed[] = {
	        "UV_INDEX",      "UV_DEFAULT_INDEX", "UV_INDEX_URL",        "UV_EXTRA_INDEX_URL",
	        "UV_FIND_LINKS", "UV_NO_INDEX",      "UV_INDEX_STRATEGY",   "UV_TORCH_BACKEND",
	        "UV_PRERELEASE", "UV_RESOLUTION",    "UV_EXCLUDE_NEWER",    "UV_CONSTRAINT",
	        "UV_OVERRIDE",   "PIP_INDEX_URL",    "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS",
	        "PIP_NO_INDEX",  "PIP_PRE",          "PIP_CONSTRAINT",
	};
	json_t *o = json_object();

	set_variables(o, v, opt->environ, always, ARRAY_LEN(always));
	if (v->choice.grade != GRADE_PINNED || v->choice.loose) {
		set_variables(o, v, opt->environ, unhashed, ARRAY_LEN(unhashed));
		set_configs(o, v, opt);
	}
	return o;
}

static json_t *detail_of(const struct env *v)
{
	json_t *o = json_object();

	set_platform(o);
	if (v->choice.kind == ENV_SYSTEM)
		return o;
	set_text(o, "source", v->choice.source);
	set_text(o, "why", v->choice.why);
	set_text(o, "tool", v->tool.name);
	if (v->python.path) {
		json_t *python = json_object();

		set_text(python, "implementation", v->python.implementation);
		set_text(python, "version", v->python.version);
		set_text(python, "path", v->python.path);
		json_object_set_new(o, "python", python);
	}
	set_accelerator(o);
	if (gpu_count() > 0) {
		set_text(o, "gpu", gpu_name(0));
		set_text(o, "driver", gpu_driver());
		set_text(o, "cuda", gpu_cuda());
	}
	return o;
}

/* The machine's own tools are known by the platform alone; an active environment by what is installed. */
static int seen_key(struct env *v, struct buf *text)
{
	if (v->choice.kind == ENV_SYSTEM) {
		buf_adds(text, "system ");
		json_canonical(text, v->detail);
		return 0;
	}
	_json_ json_t *o = json_object();
	json_object_set_new(o, "schema", json_integer(KEY_SCHEMA));
	set_text(o, "kind", env_kind_text(v->choice.kind));
	set_platform(o);
	set_text(o, "image", v->choice.image);
	set_text(o, "prefix", v->choice.prefix);
	if (v->choice.kind == ENV_ACTIVE)
		json_object_set_new(o, "packages", env_packages_json(&v->packages));
	json_canonical(text, o);
	return 0;
}

static int built_key(struct env *v, const struct env_options *o, const char *cache, struct buf *text, struct err *e)
{
	_json_ json_t *k = json_object();
	int r;

	json_object_set_new(k, "schema", json_integer(KEY_SCHEMA));
	set_text(k, "kind", env_kind_text(v->choice.kind));
	set_text(k, "manager", v->tool.name);
	json_object_set_new(k, "loose", json_boolean(v->choice.loose));
	if ((r = set_files(k, &v->choice, o->root, e)) < 0)
		return err_prefix(e, "%s", v->choice.source);
	json_object_set_new(k, "interpreter", interpreter(v));
	set_platform(k);
	set_accelerator(k);
	json_object_set_new(k, "settings", settings(v, o));
	set_text(k, "root", cache);
	json_canonical(text, k);
	return 0;
}

int env_key(struct env *v, const struct env_options *o, const char *cache, struct err *e)
{
	bool built = v->choice.kind != ENV_SYSTEM && v->choice.kind != ENV_ACTIVE && v->choice.kind != ENV_IMAGE;
	_buf_ struct buf text = BUF_INIT;
	struct digest d;
	int r;

	v->detail = detail_of(v);
	r = built ? built_key(v, o, cache, &text, e) : seen_key(v, &text);
	if (r < 0)
		return r;
	sha256_bytes(text.data, text.len, &d);
	digest_to_hex(&d, v->key);
	return 0;
}
