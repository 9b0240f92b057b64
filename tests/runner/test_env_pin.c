#include "tests/runner/env_scratch.h"
#include "base/sha256.h"
#include "base/text.h"
#include "runner/env/env_pin.h"
#include "runner/env/env_variable.h"
#include "runner/pipeline/requirements.h"
#include "runner/process/spawn.h"

extern char **environ;

/* Wheels of our own in a folder stand for the index: alpha needs beta, gamma needs an old beta. */
static const char make_wheels[] =
        "import os, sys, zipfile\n"
        "os.makedirs(sys.argv[1], exist_ok=True)\n"
        "def wheel(name, version, *needs):\n"
        "    info = f'{name}-{version}.dist-info'\n"
        "    with zipfile.ZipFile(f'{sys.argv[1]}/{name}-{version}-py3-none-any.whl', 'w') as z:\n"
        "        z.writestr(f'{name}.py', f'version = {version!r}\\n')\n"
        "        z.writestr(f'{info}/METADATA', f'Metadata-Version: 2.1\\nName: {name}\\nVersion: {version}\\n' + "
        "''.join(f'Requires-Dist: {n}\\n' for n in needs))\n"
        "        z.writestr(f'{info}/WHEEL', 'Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')\n"
        "        z.writestr(f'{info}/RECORD', "
        "f'{name}.py,,\\n{info}/METADATA,,\\n{info}/WHEEL,,\\n{info}/RECORD,,\\n')\n"
        "wheel('alpha', '1.0', 'beta>=1')\n"
        "wheel('alpha', '1.1', 'beta>=1')\n"
        "wheel('beta', '1.0')\n"
        "wheel('beta', '2.0')\n"
        "wheel('gamma_ray', '1.0', 'beta<2')\n";

#define INDEX "--no-index\n--find-links wheels\n"

static char *root, *python, *uv; /* NULL where it is not there */
static VEC(char *) variables;
static struct env_pinned pinned;
static VEC(char *) said;

static void set(char *text)
{
	if (variables.len)
		variables.len--;
	vec_push(&variables, text);
	vec_push(&variables, NULL);
}

/* A PATH with an interpreter, and uv where the test is to see it. */
static void tools(bool with_uv)
{
	for (size_t i = 0; i < variables.len; i++)
		free(variables.v[i]);
	vec_clear(&variables);
	for (char **p = environ; *p; p++)
		if (!text_starts(*p, "PATH=") && !text_starts(*p, "HOME=") && !text_starts(*p, "XDG_") &&
		    !text_starts(*p, "UV_") && !text_starts(*p, "PIP_") && !text_starts(*p, "VIRTUAL_ENV") &&
		    !text_starts(*p, "CONDA"))
			set(mem_strdup(*p));
	set(mem_printf("PATH=%s:/usr/bin:/bin", at(with_uv ? "with" : "without")));
	set(mem_printf("HOME=%s", at("home")));
	set(mem_printf("UV_CACHE_DIR=%s", at("uv")));
	set(mem_strdup("PIP_CONFIG_FILE=/dev/null"));
	set(mem_strdup("UV_NO_CONFIG=1"));
}

static int project_setup(void **state)
{
	struct env_python found;
	struct err e;
	_buf_ struct buf ignored = BUF_INIT;
	int status = 0;

	if (scratch_setup(state) < 0 || file_mkdirs(at("project"), 0755, &e) < 0 ||
	    file_mkdirs(at("with"), 0755, &e) < 0 || file_mkdirs(at("without"), 0755, &e) < 0 ||
	    file_mkdirs(at("home"), 0755, &e) < 0)
		return -1;
	root = mem_strdup(at("project"));
	if (env_python_find(NULL, root, environ, NULL, &found, &e) == 0)
		python = mem_take(found.path), env_python_release(&found);
	uv = env_variable_path(environ, "uv", 0);
	if (!python ||
	    spawn_capture((const char *[]){python, "-c", make_wheels, at("project/wheels"), NULL}, NULL, NULL, 1000,
	                  &ignored, &status, &e) < 0 ||
	    status)
		return python ? -1 : 0;
	if (symlink(python, at("with/python3")) < 0 || symlink(python, at("without/python3")) < 0 ||
	    (uv && symlink(uv, at("with/uv")) < 0))
		return -1;
	tools(true);
	return 0;
}

static void forget(void)
{
	env_pinned_release(&pinned);
	for (size_t i = 0; i < said.len; i++)
		free(said.v[i]);
	vec_release(&said);
}

static int project_teardown(void **state)
{
	forget();
	for (size_t i = 0; i < variables.len; i++)
		free(variables.v[i]);
	vec_release(&variables);
	free(root);
	free(python);
	free(uv);
	python = uv = NULL;
	return scratch_teardown(state);
}

static void says(void *arg, const char *line)
{
	vec_push(&said, mem_strdup(line));
}

static const struct env_watch watch = {.says = says};

static int pin_with(const struct env_pin *more, struct err *e)
{
	struct env_pin o = *more;

	forget();
	o.root = root;
	o.environ = variables.v;
	o.watch = &watch;
	return env_pin(&o, &pinned, e);
}
#define pin(...) pin_with(&(struct env_pin){__VA_ARGS__}, e)

static void assert_text(const char *path, const char *part, bool there)
{
	_buf_ struct buf text = BUF_INIT;
	assert_ok(file_read(at("project/%s", path), 1 << 20, &text, e));
	if (!strstr(text.data, part) == there)
		fail_msg("\"%s\" is %sin %s:\n%s", part, there ? "not " : "", path, text.data);
}
#define assert_in(path, part) assert_text(path, part, true)

/* Both resolvers, where they are: with each the test begins anew. */
static void each_tool(void (*test)(const char *tool))
{
	if (!python)
		skip();
	if (uv)
		test("uv");
	tools(false);
	assert_ok(file_remove_tree(at("project/requirements.lock"), e));
	test("pip");
}

static void pins(const char *tool)
{
	struct digest digest;
	char hex[DIGEST_HEX + 1];

	put(at("project/requirements.txt"), INDEX "alpha  # any\n");
	assert_ok(pin(.from = NULL));
	assert_string_equal(pinned.from, "requirements.txt");
	assert_string_equal(pinned.to, "requirements.lock");
	assert_int_equal(pinned.packages, 2);
	assert_true(pinned.changed);
	assert_true(text_starts(pinned.python, "CPython 3.") || !strstr(pinned.python, "CPython"));
	if (!strcmp(tool, "uv"))
		assert_string_equal(pinned.tool, "uv");
	_close_ int fd = open(at("project/wheels/alpha-1.1-py3-none-any.whl"), O_RDONLY | O_CLOEXEC);
	assert_ok(sha256_fd(fd, &digest, NULL, e));
	digest_to_hex(&digest, hex);
	_free_ char *line = mem_printf("alpha==1.1 \\\n    --hash=sha256:%s\n", hex);
	assert_in("requirements.lock", line);
	assert_in("requirements.lock", "\nbeta==2.0 \\\n    --hash=sha256:");
	assert_in("requirements.lock", "#    jig lock\n" INDEX);
	assert_text("requirements.lock", scratch, false);
	struct requirements r = {0};
	assert_ok(requirements_read(root, "requirements.lock", &r, e));
	assert_int_equal(requirements_pin(&r), PIN_HASHED);
	assert_int_equal(r.list.len, 2);
	requirements_release(&r);
	if (!strcmp(pinned.tool, "pip"))
		assert_true(said.len > 0);
	for (size_t i = 0; i < said.len; i++)
		assert_false(strstr(said.v[i], "--hash") || strchr(said.v[i], '\n'));

	/* Versions stay while they fit; the same lock is not written again. */
	assert_ok(pin(.from = "requirements.txt", .to = "requirements.lock"));
	assert_in("requirements.lock", "jig lock requirements.txt -o requirements.lock\n");
	put(at("project/requirements.txt"), INDEX "alpha<1.1\ngamma.ray\n");
	assert_ok(pin(.from = NULL));
	assert_true(pinned.changed);
	assert_in("requirements.lock", "alpha==1.0");
	assert_in("requirements.lock", "beta==1.0");
	assert_in("requirements.lock", "gamma-ray==1.0");
	put(at("project/requirements.txt"), INDEX "alpha\n");
	assert_ok(pin(.from = NULL));
	assert_in("requirements.lock", "alpha==1.0");
	assert_in("requirements.lock", "beta==1.0");
	assert_ok(pin(.from = NULL));
	assert_false(pinned.changed);
	assert_ok(pin(.upgrade = true));
	assert_true(pinned.changed);
	assert_in("requirements.lock", "alpha==1.1");
	assert_in("requirements.lock", "beta==2.0");
}

static void test_pins(void **state)
{
	each_tool(pins);
}

static void test_half_written_lock(void **state)
{
	if (!python)
		skip();
	put(at("project/requirements.txt"), INDEX "beta\n");
	put(at("project/requirements.lock"), "beta==1.0 \\\n    --hash=sha256:12");
	assert_ok(pin(.from = NULL));
	assert_in("requirements.lock", "beta==2.0");
	assert_int_equal(pinned.packages, 1);
}

static void unresolvable(const char *tool)
{
	put(at("project/requirements.lock"), "# mine\n");
	put(at("project/requirements.txt"), INDEX "alpha\nno-such-thing\n");
	assert_fails(ERR_BROKEN, "no-such-thing", pin(.from = NULL));
	put(at("project/requirements.txt"), INDEX "alpha==7\n");
	assert_fails(ERR_BROKEN, "requirements.txt cannot be resolved for ", pin(.from = NULL));
	put(at("project/requirements.txt"), INDEX "beta==2.0\ngamma-ray==1.0\n");
	assert_fails(ERR_BROKEN, "cannot be had together", pin(.from = NULL));
	/* What was there stays as it is. */
	assert_in("requirements.lock", "# mine\n");
	assert_null(pinned.to);
}

static void test_unresolvable(void **state)
{
	each_tool(unresolvable);
}

static void project_file(const char *tool)
{
	struct err ignored;

	set(mem_printf("PIP_FIND_LINKS=%s", at("project/wheels")));
	set(mem_printf("UV_FIND_LINKS=%s", at("project/wheels")));
	set(mem_strdup("PIP_NO_INDEX=1"));
	set(mem_strdup("UV_NO_INDEX=1"));
	put(at("project/pyproject.toml"), "[project]\nname = \"p\"\nversion = \"1\"\ndependencies = [\"alpha>1\"]\n");
	assert_ok(pin(.from = NULL));
	assert_string_equal(pinned.from, "pyproject.toml");
	assert_string_equal(pinned.to, "requirements.lock");
	assert_in("requirements.lock", "alpha==1.1");
	assert_int_equal(pinned.packages, 2);
	put(at("project/pyproject.toml"), "[project]\nname = \"p\"\nversion = \"1\"\ndynamic = [\"dependencies\"]\n");
	if (!strcmp(pinned.tool, "pip"))
		assert_fails(ERR_BROKEN, "takes uv", pin(.from = NULL));
	put(at("project/pyproject.toml"),
	    "[project]\nname = \"p\"\nversion = \"1\"\nrequires-python = \">=3.98\"\ndependencies = [\"alpha\"]\n");
	assert_fails(ERR_NOT_FOUND, "3.98", pin(.from = NULL));
	file_remove_tree(at("project/pyproject.toml"), &ignored);
}

static void test_project_file(void **state)
{
	each_tool(project_file);
}

/* The first of requirements.in, requirements.txt, pyproject.toml that is loose. */
static void test_choice(void **state)
{
	if (!python)
		skip();
	assert_fails(ERR_NOT_FOUND, "neither requirements.in nor requirements.txt nor pyproject.toml",
	             pin(.from = NULL));
	put(at("project/pyproject.toml"), "[tool.black]\nline-length = 100\n");
	assert_fails(ERR_NOT_FOUND, "pyproject.toml here asks for no package", pin(.from = NULL));
	assert_fails(ERR_NOT_FOUND, "no project.dependencies", pin(.from = "pyproject.toml"));
	put(at("project/requirements.txt"),
	    "beta==2.0 --hash=sha256:0000000000000000000000000000000000000000000000000000000000000000\n");
	assert_fails(ERR_NOT_FOUND, "requirements.txt, pyproject.toml here ask for", pin(.from = NULL));
	assert_fails(ERR_USAGE, "it is a lock already", pin(.from = "requirements.txt"));
	put(at("project/requirements.in"), "# none yet\n");
	assert_fails(ERR_NOT_FOUND, "asks for no package", pin(.from = "requirements.in"));
	put(at("project/requirements.in"), INDEX "beta\n");
	put(at("project/sub/dev.txt"), "--no-index\n--find-links ../wheels\nbeta\n");
	assert_ok(pin(.to = "requirements.txt"));
	assert_string_equal(pinned.from, "requirements.in");
	assert_in("requirements.txt", "beta==2.0");
	if (uv) {
		assert_ok(pin(.from = "sub/dev.txt"));
		assert_string_equal(pinned.to, "sub/dev.lock");
	}
}

static void test_bad_names(void **state)
{
	static const char *const locks[] = {"uv.lock",         "pylock.toml", "conda-lock.yml", "pixi.lock",
	                                    "environment.yml", "renv.lock",   "Manifest.toml"};

	if (!python)
		skip();
	put(at("project/requirements.txt"), INDEX "beta\n");
	for (size_t i = 0; i < ARRAY_LEN(locks); i++) {
		put(at("project/%s", locks[i]), "x\n");
		assert_fails(ERR_USAGE, "lock of another kind", pin(.from = locks[i]));
		assert_fails(ERR_USAGE, "lock of another kind", pin(.from = "requirements.txt", .to = locks[i]));
	}
	assert_fails(ERR_NOT_FOUND, "nowhere.txt", pin(.from = "nowhere.txt"));
	assert_fails(ERR_USAGE, "../x: the path", pin(.from = "../x"));
	assert_fails(ERR_USAGE, "/x: the path", pin(.from = "requirements.txt", .to = "/x"));
	assert_fails(ERR_USAGE, "over itself", pin(.from = "requirements.txt", .to = "requirements.txt"));
	assert_fails(ERR_USAGE, "is a folder", pin(.from = "requirements.txt", .to = "wheels"));
	assert_fails(ERR_NOT_FOUND, "no/where.lock", pin(.from = "requirements.txt", .to = "no/where.lock"));
	put(at("project/requirements.txt"), "beta\nbeta=1\n");
	assert_fails(ERR_USAGE, "requirements.txt:2:", pin(.from = "requirements.txt"));
	put(at("project/pyproject.toml"), "[project\n");
	assert_fails(ERR_USAGE, "pyproject.toml:1:", pin(.from = "pyproject.toml"));
}

static void test_python(void **state)
{
	if (!python)
		skip();
	put(at("project/requirements.txt"), INDEX "beta\n");
	assert_fails(ERR_NOT_FOUND, "3.99", pin(.python = "3.99"));
	/* What jig.yaml asks for where it names the lock counts. */
	put(at("project/jig.yaml"), "env: {python: \"3.98\", lock: other.lock}\nsteps:\n  a: {run: a, env: {python: "
	                            "\"3.97\", lock: requirements.lock}}\n");
	assert_fails(ERR_NOT_FOUND, "3.97", pin(.from = NULL));
	assert_fails(ERR_NOT_FOUND, "3.98", pin(.to = "other.lock"));
	put(at("project/jig.yaml"), "steps: [\n");
	if (uv)
		assert_ok(pin(.from = NULL));
}

static bool cannot_write(const void *arg)
{
	struct err e_, *e = &e_;

	return pin(.from = "requirements.txt") < 0 && strstr(e->text, "requirements.lock cannot be written") &&
	       strstr(e->text, "permissions");
}

static void test_unwritable_folder(void **state)
{
	if (!python)
		skip();
	put(at("project/requirements.txt"), INDEX "beta\n");
	assert_int_equal(chmod(root, 0555), 0);
	assert_true(as_nobody(cannot_write, NULL));
	assert_int_equal(chmod(root, 0755), 0);
}

#define project_test(f) cmocka_unit_test_setup_teardown(f, project_setup, project_teardown)

int main(void)
{
	const struct CMUnitTest tests[] = {
	        project_test(test_pins),         project_test(test_half_written_lock),
	        project_test(test_unresolvable), project_test(test_project_file),
	        project_test(test_choice),       project_test(test_bad_names),
	        project_test(test_python),       project_test(test_unwritable_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
