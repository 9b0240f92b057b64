#include "runner/env/env_python_ask.h"

#include <fcntl.h>
#include <limits.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/sha256.h"
#include "base/text.h"
#include "base/vec.h"
#include "base/time.h"
#include "runner/env/env_variable.h"
#include "runner/process/spawn.h"

enum { ANSWER_MOST = 1 << 16, VERSION_FILE_MOST = 1 << 16, VENV_DEPTH = 4, SCHEMA = 1 };

/* Without site, so that nothing the user installed runs. A copied interpreter of a virtual environment is not the one
 * that it stands for. */
static const char question[] =
        "import os, sys, sysconfig, json\n"
        "exe = os.path.realpath(getattr(sys, '_base_executable', None) or sys.executable)\n"
        "print(json.dumps({'exe': exe, 'implementation': sys.implementation.name, 'version': sys.version.split()[0],\n"
        "	'soabi': sysconfig.get_config_var('SOABI') or '', 'base_prefix': "
        "os.path.realpath(sys.base_prefix)}))\n";

void env_python_release(struct env_python *p)
{
	free(p->path);
	free(p->implementation);
	free(p->version);
	free(p->soabi);
	free(p->base_prefix);
	*p = (struct env_python){0};
}

/* ---- what is kept ---- */

static char *kept_path(const char *cache, const char *what, const char *path, const char *root)
{
	struct digest d;
	char hex[DIGEST_HEX + 1];
	_free_ char *text = mem_printf("%s\n%s\n%s", what, path, root);

	sha256_bytes(text, strlen(text), &d);
	digest_to_hex(&d, hex);
	return mem_printf("%s/%.32s.json", cache, hex);
}

static json_t *kept_read(const char *file)
{
	_buf_ struct buf b = BUF_INIT;
	json_t *v = NULL;
	struct err ignored;

	if (file_read(file, ANSWER_MOST, &b, &ignored) < 0 || json_parse(b.data, b.len, file, &v, &ignored) < 0)
		return NULL;
	return v;
}

/* As well as can be: without it the next start asks again. */
static void kept_write(const char *cache, const char *file, const json_t *v)
{
	_buf_ struct buf b = BUF_INIT;
	struct err ignored;

	json_canonical(&b, v);
	if (file_mkdirs(cache, 0700, &ignored) == 0)
		file_write_atomic(file, b.data, b.len, 0600, &ignored);
}

static const char *text_of(const json_t *v, const char *key)
{
	const char *s = json_string_value(json_object_get(v, key));

	return s ? s : "";
}

static bool from_answer(const json_t *v, struct env_python *ret)
{
	struct stat st;
	const char *exe = text_of(v, "exe");

	if (*exe != '/' || !*text_of(v, "version") || stat(exe, &st) < 0)
		return false;
	*ret = (struct env_python){.path = mem_strdup(exe),
	                           .implementation = mem_strdup(text_of(v, "implementation")),
	                           .version = mem_strdup(text_of(v, "version")),
	                           .soabi = mem_strdup(text_of(v, "soabi")),
	                           .base_prefix = mem_strdup(text_of(v, "base_prefix")),
	                           .size = st.st_size,
	                           .mtime_ns = time_ns(&st.st_mtim)};
	return true;
}

/* ---- asking ---- */

static int start(const char *path, const char *root, char *const *env, json_t **ret, struct err *e)
{
	VEC(const char *) envp = {0};
	_buf_ struct buf out = BUF_INIT;
	int status = 0;

	for (; *env; env++)
		if (!text_starts(*env, "PYTHON") && !text_starts(*env, "__PYVENV_LAUNCHER__="))
			vec_push(&envp, *env);
	vec_push(&envp, NULL);
	int r = spawn_capture((const char *const[]){path, "-I", "-S", "-c", question, NULL}, envp.v, root, ANSWER_MOST,
	                      &out, &status, e);
	vec_release(&envp);
	if (r < 0)
		return r;
	if (!WIFEXITED(status) || WEXITSTATUS(status)) {
		buf_cut(&out, strcspn(out.data, "\n"));
		return err_set(e, ERR_NOT_FOUND, "%s: it does not answer as Python 3 does (%s)", path,
		               out.len ? out.data : "it failed");
	}
	return json_parse(out.data, out.len, path, ret, e);
}

/* Python itself: the answer hangs on the file alone. */
static int ask_interpreter(const char *real, const char *root, char *const *env, const char *cache,
                           struct env_python *ret, struct err *e)
{
	struct stat st;
	_free_ char *file = cache ? kept_path(cache, "interpreter", real, "") : NULL;
	_json_ json_t *kept = file ? kept_read(file) : NULL;

	if (stat(real, &st) < 0)
		return err_errno(e, "%s", real);
	_json_ json_t *decides = json_pack("{s:i, s:s, s:I, s:I}", "schema", SCHEMA, "path", real, "size",
	                                   (json_int_t)st.st_size, "mtime_ns", (json_int_t)time_ns(&st.st_mtim));
	if (json_equal(json_object_get(kept, "of"), decides) && from_answer(json_object_get(kept, "answer"), ret))
		return 0;
	_json_ json_t *answer = NULL;
	int r = start(real, root, env, &answer, e);
	if (r < 0)
		return r;
	if (!from_answer(answer, ret))
		return err_set(e, ERR_NOT_FOUND, "%s: it does not answer as Python 3 does", real);
	if (file) {
		_json_ json_t *v = json_pack("{s:O, s:O}", "of", decides, "answer", answer);
		kept_write(cache, file, v);
	}
	return 0;
}

/* ---- shims: small programs that choose an interpreter by version files and variables ---- */

static void add_file(json_t *list, const char *path)
{
	_buf_ struct buf b = BUF_INIT;
	struct err ignored;

	if (file_read(path, VERSION_FILE_MOST, &b, &ignored) == 0)
		json_array_append_new(list, json_pack("[s, s%]", path, b.data, b.len));
}

/* All that decides what a shim starts. */
static json_t *shim_decides(const char *path, const struct stat *st, const char *root, char *const *env)
{
	static const char *const names[] = {".python-version", ".tool-versions", "mise.toml", ".mise.toml",
	                                    ".config/mise.toml"};
	static const char *const variables[] = {"PYENV_VERSION",       "PYENV_ROOT",          "PYENV_DIR",
	                                        "ASDF_PYTHON_VERSION", "MISE_PYTHON_VERSION", "VIRTUAL_ENV"};
	const char *home = env_variable(env, "HOME"), *pyenv = env_variable(env, "PYENV_ROOT");
	json_t *v = json_pack("{s:i, s:s, s:I, s:I, s:o, s:o}", "schema", SCHEMA, "path", path, "size",
	                      (json_int_t)st->st_size, "mtime_ns", (json_int_t)time_ns(&st->st_mtim), "files",
	                      json_array(), "variables", json_array());
	json_t *files = json_object_get(v, "files");
	_free_ char *folder = path_normal(root, NULL);

	for (;;) {
		for (size_t i = 0; i < ARRAY_LEN(names); i++) {
			_free_ char *file = path_join(folder, names[i]);
			add_file(files, file);
		}
		char *up = path_parent(folder);
		bool end = strcmp(up, folder) == 0 || strcmp(up, ".") == 0;
		free(folder);
		folder = up;
		if (end)
			break;
	}
	_free_ char *global = pyenv ? path_join(pyenv, "version") : home ? path_join(home, ".pyenv/version") : NULL;
	_free_ char *tools = home ? path_join(home, ".tool-versions") : NULL,
	            *mise = home ? path_join(home, ".config/mise/config.toml") : NULL;
	/* pyenv's shims write down where they belong; that root needs no variable. */
	_free_ char *folder_of = path_parent(path), *beside = path_join(folder_of, "../version");
	const char *const more[] = {global, tools, mise, beside};
	for (size_t i = 0; i < ARRAY_LEN(more); i++)
		if (more[i])
			add_file(files, more[i]);
	for (size_t i = 0; i < ARRAY_LEN(variables); i++) {
		const char *value = env_variable(env, variables[i]);
		json_array_append_new(json_object_get(v, "variables"), value ? json_string(value) : json_null());
	}
	return v;
}

static int ask_shim(const char *path, const struct stat *st, const char *root, char *const *env, const char *cache,
                    struct env_python *ret, struct err *e)
{
	_free_ char *file = cache ? kept_path(cache, "shim", path, root) : NULL;
	_json_ json_t *kept = file ? kept_read(file) : NULL;
	_json_ json_t *decides = shim_decides(path, st, root, env);

	if (json_equal(json_object_get(kept, "of"), decides)) {
		const char *exe = json_string_value(json_object_get(kept, "exe"));
		if (!exe)
			return err_set(e, ERR_NOT_FOUND, "%s: it starts no Python here", path);
		if (ask_interpreter(exe, root, env, cache, ret, e) == 0)
			return 0;
	}
	_json_ json_t *answer = NULL;
	int r = start(path, root, env, &answer, e);
	bool good = r >= 0 && from_answer(answer, ret);
	if (file) {
		_json_ json_t *v = json_pack("{s:O, s:s?}", "of", decides, "exe", good ? ret->path : NULL);
		kept_write(cache, file, v);
	}
	if (r >= 0 && !good)
		r = err_set(e, ERR_NOT_FOUND, "%s: it does not answer as Python 3 does", path);
	if (r >= 0 && cache) {
		/* Now the interpreter's own answer is there too, and a later start asks neither. */
		_free_ char *own = kept_path(cache, "interpreter", ret->path, "");
		_json_ json_t *v =
		        json_pack("{s:{s:i, s:s, s:I, s:I}, s:O}", "of", "schema", SCHEMA, "path", ret->path, "size",
		                  (json_int_t)ret->size, "mtime_ns", (json_int_t)ret->mtime_ns, "answer", answer);
		kept_write(cache, own, v);
	}
	return r < 0 ? ERR_NOT_FOUND : 0;
}

static bool is_script(const char *path)
{
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	char head[2];

	return fd >= 0 && read(fd, head, 2) == 2 && memcmp(head, "#!", 2) == 0;
}

/* The interpreter that a virtual environment was made from, by its pyvenv.cfg: "home = /usr/bin". NULL: path is in
 * none. */
static char *venv_base(const char *path)
{
	_free_ char *bin = path_parent(path), *config = path_join(bin, "../pyvenv.cfg");
	_buf_ struct buf b = BUF_INIT;
	struct err ignored;

	if (file_read(config, VERSION_FILE_MOST, &b, &ignored) < 0)
		return NULL;
	for (char *line = b.data; *line;) {
		size_t n = strcspn(line, "\n");
		char *equals = memchr(line, '=', n);
		if (equals && strncmp(line, "home", 4) == 0 && line + 4 + strspn(line + 4, " \t") == equals) {
			char *value = equals + 1 + strspn(equals + 1, " \t");
			size_t len = strcspn(value, "\r\n");
			static const char *const names[] = {NULL, "python3", "python"};
			for (size_t i = 0; i < ARRAY_LEN(names); i++) {
				char *file =
				        mem_printf("%.*s/%s", (int)len, value, names[i] ? names[i] : path_base(path));
				if (access(file, X_OK) == 0)
					return file;
				free(file);
			}
			return NULL;
		}
		line += n + (line[n] == '\n');
	}
	return NULL;
}

int env_python_ask(const char *path, const char *root, char *const *env, const char *cache, struct env_python *ret,
                   struct err *e)
{
	_free_ char *at = mem_strdup(path);
	struct stat st;

	for (int i = 0; i < VENV_DEPTH; i++) {
		char *base = venv_base(at);
		if (!base)
			break;
		free(at);
		at = base;
	}
	_free_ char *real = realpath(at, NULL);
	if (!real || stat(real, &st) < 0)
		return err_errno(e, "%s", at);
	const char *name = path_base(real);
	/* One program may be the shim of many and goes by the name it is called by. */
	if (is_script(real) ||
	    (!text_starts(name, "python") && !text_starts(name, "pypy") && !text_starts(name, "graalpy")))
		return ask_shim(at, &st, root, env, cache, ret, e);
	return ask_interpreter(real, root, env, cache, ret, e);
}
