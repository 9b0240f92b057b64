#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_build.h"
#include "runner/env/env_cache.h"
#include "runner/env/env_conda.h"

#define KEY "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

/* Tools here are shell scripts that do what their namesakes do with these arguments, as far as anyone looks. MODE in
 * their variables says how they fail. */
struct fixture {
	char *dir, *root, *cache, *prefix;
	char *environ[16];
	struct env_choice choice;
	struct env_python python;
	struct env_tool tool;
	struct env_watch watch;
	struct buf told;
	int held; /* given back when the build says that it waits */
	struct err e;
};

/* Each start is a line in $NOTES. */
static const char fake_uv[] =
        "#!/bin/sh\n"
        "echo \"$*\" >>$NOTES\n"
        "env >$NOTES.env\n"
        "for last; do :; done\n"
        "package() { d=$1/lib/python3.11/site-packages; mkdir -p $d/$2-$3.dist-info; echo >$d/$2.py\n"
        "	printf 'Name: %s\\nVersion: %s\\n' $2 $3 >$d/$2-$3.dist-info/METADATA; }\n"
        "case \"$MODE:$1\" in\n"
        "*:venv) mkdir -p $last/bin; touch $last/bin/python; echo \"Creating $last\" >&2; exit 0;;\n"
        "empty:*) rm -r $UV_FOLDER; exit 0;;\n"
        "hang:*) touch $UV_FOLDER/half; echo $$ >$NOTES.pid; echo x >$NOTES.started; exec sleep 1000;;\n"
        "behind:*) touch $UV_FOLDER/half; (echo x >$NOTES.started; while ! [ -e $NOTES.go ]; do sleep 0.01; done; echo "
        ">$UV_FOLDER/stray); exit 0;;\n"
        "escape:*) touch $UV_FOLDER/half; setsid bash -c \"for fd in /proc/\\$\\$/fd/*; do n=\\${fd##*/}; [ \\$n -gt 2 "
        "] && eval \\\"exec \\$n>&-\\\"; done\n"
        "	echo x >$NOTES.started; while sleep 0.01; do mkdir -p $UV_FOLDER; echo >$UV_FOLDER/stray; done\" & "
        "wait; exit 0;;\n"
        "fail:*) printf '\\033[31merror\\033[0m: %s\\n' \"$SAYS\"; echo 'last words' >&2; exit 2;;\n"
        "network:*) [ \"$UV_OFFLINE\" ] || { echo 'error: dns error: failed'; exit 1; };;\n"
        "offline:*) [ \"$UV_OFFLINE\" ] && echo 'error: was not found in the package registry' || echo 'error: dns "
        "error: failed'; exit 1;;\n"
        "signal:*) kill -SEGV $$;;\n"
        "wait:*) while ! [ -e $NOTES.go ]; do sleep 0.01; done;;\n"
        "esac\n"
        "f=${UV_PROJECT_ENVIRONMENT:-$UV_FOLDER}; mkdir -p $f/bin; touch $f/bin/python\n"
        "package $f six 1.16.0\n"
        "[ \"$MODE\" = more ] && package $f idna 3.3\n"
        "echo 'Installed 1 package' >&2\n"
        "exit 0\n";
static const char fake_python[] =
        "#!/bin/sh\n"
        "echo \"$*\" >>$NOTES\n"
        "for last; do :; done\n"
        "[ \"$2\" = venv ] && { mkdir -p $last/bin $last/lib/python3.11/site-packages; cp $0 $last/bin/python; touch "
        "$last/bin/pip\n"
        "	for p in pip setuptools; do d=$last/lib/python3.11/site-packages/$p-1.0.dist-info; mkdir $d; printf "
        "'Name: %s\\nVersion: 1.0\\n' $p >$d/METADATA; done; }\n"
        "exit 0\n";
static const char fake_conda[] = "#!/bin/sh\n"
                                 "echo \"$*\" >>$NOTES\n"
                                 "env >$NOTES.env\n"
                                 "while [ $# -gt 1 ]; do [ \"$1\" = -p ] && p=$2; shift; done\n"
                                 "[ \"$MODE\" = fail ] && { echo 'PackagesNotFoundError: nothing'; exit 1; }\n"
                                 "mkdir -p $p/conda-meta $p/bin; printf '#!/bin/sh\\necho \"$*\" >>$NOTES\\n' "
                                 ">$p/bin/python; chmod +x $p/bin/python\n"
                                 "for n in six-1.16.0-py_0 typing_extensions-4.1.0-h_1; do echo '{\"name\": "
                                 "\"'${n%%-*}'\", \"version\": \"1\"}' >$p/conda-meta/$n.json; done\n"
                                 "exit 0\n";

static void write_file(struct fixture *f, const char *rel, mode_t mode, const char *text)
{
	_free_ char *path = path_join(f->dir, rel);

	assert_int_equal(file_mkdirs_parent(path, 0755, &f->e), 0);
	assert_int_equal(file_write(path, text, strlen(text), mode, &f->e), 0);
}

static char *read_text(struct fixture *f, const char *path)
{
	_buf_ struct buf b = BUF_INIT;
	_free_ char *at = path_join(f->dir, path);

	if (file_read(at, 1 << 24, &b, &f->e) < 0)
		return mem_strdup("");
	return b.len ? buf_steal(&b) : mem_strdup("");
}

static void set(struct fixture *f, const char *name, const char *value)
{
	size_t i = 0, n = strlen(name);

	while (f->environ[i] && (strncmp(f->environ[i], name, n) != 0 || f->environ[i][n] != '='))
		i++;
	assert_true(i + 1 < ARRAY_LEN(f->environ));
	free(f->environ[i]);
	f->environ[i] = mem_printf("%s=%s", name, value);
}

static void tell_begun(void *arg, const char *source, const char *tool)
{
	buf_addf(&((struct fixture *)arg)->told, "begun %s %s\n", source, tool);
}

static void tell_waits(void *arg, const char *source)
{
	struct fixture *f = arg;

	buf_addf(&f->told, "waits %s\n", source);
	if (f->held >= 0)
		close(f->held);
	f->held = -1;
	write_file(f, "notes.go", 0644, "");
}

static void tell_says(void *arg, const char *line)
{
	buf_addf(&((struct fixture *)arg)->told, "says %s\n", line);
}

static void tell_done(void *arg, const char *source, int64_t elapsed_us)
{
	assert_true(elapsed_us >= 0);
	buf_addf(&((struct fixture *)arg)->told, "done %s\n", source);
}

static int set_up(void **state)
{
	struct fixture *f = mem_zero(sizeof *f);

	assert_int_equal(file_temp_dir("/tmp", "build", &f->dir, &f->e), 0);
	f->root = path_join(f->dir, "project");
	f->cache = path_join(f->dir, "cache");
	f->prefix = path_join(f->cache, KEY);
	assert_int_equal(file_mkdirs(f->cache, 0755, &f->e), 0);
	_free_ char *path = mem_printf("%s/bin:/usr/bin:/bin", f->dir), *notes = path_join(f->dir, "notes");
	set(f, "PATH", path);
	set(f, "HOME", f->dir);
	set(f, "NOTES", notes);
	set(f, "MODE", "");
	set(f, "UV_FOLDER", f->prefix);
	set(f, "VIRTUAL_ENV", "/some/where");
	set(f, "CONDA_PREFIX", "/some/conda");
	set(f, "PYTHONPATH", "/some/lib");
	set(f, "PIP_TARGET", "/some/target");
	write_file(f, "bin/uv", 0755, fake_uv);
	write_file(f, "bin/python3", 0755, fake_python);
	write_file(f, "project/requirements.lock", 0644,
	           "six==1.16.0 --hash=sha256:8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254\n");
	f->python = (struct env_python){.path = path_join(f->dir, "bin/python3"), .version = mem_strdup("3.11.7")};
	f->watch = (struct env_watch){
	        .arg = f, .begun = tell_begun, .waits = tell_waits, .says = tell_says, .done = tell_done};
	f->choice = (struct env_choice){.kind = ENV_REQUIREMENTS, .grade = GRADE_PINNED, .source = "requirements.lock"};
	buf_init(&f->told);
	f->held = -1;
	*state = f;
	return 0;
}

static int tear_down(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->dir, &f->e), 0);
	for (size_t i = 0; f->environ[i]; i++)
		free(f->environ[i]);
	env_python_release(&f->python);
	env_tool_release(&f->tool);
	vec_release(&f->choice.files);
	vec_release(&f->choice.notes);
	buf_release(&f->told);
	free(f->dir);
	free(f->root);
	free(f->cache);
	free(f->prefix);
	free(f);
	return 0;
}

/* Finds the tool unless it stands, and builds. The lock is given back. */
static int build_with(struct fixture *f, bool rebuild)
{
	_json_ json_t *facts = json_pack("{s:s}", "interpreter", "given");
	struct env_build b = {.root = f->root,
	                      .cache = f->cache,
	                      .key = KEY,
	                      .choice = &f->choice,
	                      .python = &f->python,
	                      .tool = &f->tool,
	                      .environ = f->environ,
	                      .facts = facts,
	                      .watch = &f->watch,
	                      .rebuild = rebuild};
	_close_ int lock = -1;
	int r = f->tool.name ? 0 : env_tool_find(&f->choice, &f->python, f->environ, &f->tool, &f->e);

	if (r >= 0)
		r = env_build(&b, &lock, &f->e);
	if (r >= 0) {
		_free_ char *file = env_cache_path(f->cache, KEY, ".lock");
		_close_ int other = open(file, O_RDONLY | O_CLOEXEC);
		assert_true(lock >= 0);
		assert_true(flock(other, LOCK_EX | LOCK_NB) < 0 && errno == EWOULDBLOCK);
		assert_int_equal(flock(other, LOCK_SH | LOCK_NB), 0);
		assert_true(fcntl(lock, F_GETFD) & FD_CLOEXEC);
	}
	return r;
}

static void assert_built(struct fixture *f)
{
	if (build_with(f, false) < 0)
		fail_msg("%s", f->e.text);
}

static void assert_fails(struct fixture *f, int code, const char *part)
{
	_free_ char *ok = env_cache_path(f->cache, KEY, ".ok"), *files = env_cache_path(f->cache, KEY, ".files");

	assert_int_equal(build_with(f, false), code);
	if (!strstr(f->e.text, part))
		fail_msg("\"%s\" does not say \"%s\"", f->e.text, part);
	assert_false(file_exists(f->prefix));
	assert_false(file_exists(ok));
	assert_false(file_exists(files));
}

static json_t *facts_now(struct fixture *f)
{
	json_t *v = NULL;

	if (env_cache_facts(f->cache, KEY, &v, &f->e) < 0)
		fail_msg("%s", f->e.text);
	return v;
}

static size_t count(struct fixture *f, const char *file, const char *part)
{
	_free_ char *text = read_text(f, file);
	size_t n = 0;

	for (const char *p = text; (p = strstr(p, part)); p++)
		n++;
	return n;
}

static void assert_has(struct fixture *f, const char *file, const char *part)
{
	if (!count(f, file, part)) {
		_free_ char *text = read_text(f, file);
		fail_msg("%s does not have \"%s\":\n%s", file, part, text);
	}
}

static void test_pinned(void **state)
{
	struct fixture *f = *state;

	/* Why it was chosen is not part of it: others choose it for their own reasons. */
	vec_push(&f->choice.notes, "a remark");
	set(f, "MODE", "more");
	assert_built(f);
	assert_string_equal(f->tool.name, "uv");
	assert_true(text_starts(f->told.data, "begun requirements.lock uv\nsays Creating "));
	assert_true(text_ends(f->told.data, "says Installed 1 package\ndone requirements.lock\n"));
	_free_ char *venv = mem_printf("venv --no-project --python %s %s\n", f->python.path, f->prefix);
	_free_ char *sync = mem_printf(
	        "pip sync --require-hashes --allow-empty-requirements --python %s/bin/python %s/requirements.lock\n",
	        f->prefix, f->root);
	assert_has(f, "notes", venv);
	assert_has(f, "notes", sync);
	assert_has(f, "notes.env", "UV_PYTHON_DOWNLOADS=never\n");
	assert_has(f, "notes.env", "UV_COMPILE_BYTECODE=1\n");
	assert_has(f, "notes.env", "UV_LINK_MODE=c");
	assert_int_equal(count(f, "notes.env", "/some/"), 0);
	assert_has(f, "cache/" KEY ".log", sync);
	assert_has(f, "cache/" KEY ".log", "Installed 1 package\n");
	_json_ json_t *facts = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(facts, "interpreter")), "given");
	assert_string_equal(json_string_value(json_object_get(facts, "prefix")), f->prefix);
	assert_string_equal(json_string_value(json_object_get(facts, "grade")), "pinned");
	assert_string_equal(json_string_value(json_object_get(facts, "source")), "requirements.lock");
	assert_string_equal(json_string_value(json_object_get(facts, "tool")), "uv");
	assert_int_equal(json_array_size(json_object_get(facts, "packages")), 2);
	assert_int_equal(json_array_size(json_object_get(facts, "notes")), 0);

	/* One that is ready starts nothing. */
	buf_reset(&f->told);
	assert_built(f);
	assert_string_equal(f->told.data, "");
	assert_int_equal(count(f, "notes", "venv"), 1);
}

static void test_versions(void **state)
{
	struct fixture *f = *state;

	f->choice.source = "requirements.txt";
	f->choice.grade = GRADE_VERSIONS;
	write_file(f, "project/requirements.txt", 0644, "Six==1.16.0\n");
	assert_built(f);
	assert_has(f, "notes", "/requirements.txt\n");
	assert_has(f, "notes", "pip install --python ");
	_json_ json_t *facts = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(facts, "grade")), "versions");

	/* What the file does not name came in any version. */
	set(f, "MODE", "more");
	assert_int_equal(build_with(f, true), 0);
	_json_ json_t *more = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(more, "grade")), "observed");
	assert_string_equal(
	        json_string_value(json_array_get(json_object_get(more, "notes"), 0)),
	        "requirements.txt does not name all that it needs: idna came along in whatever version there was");

	set(f, "MODE", "");
	f->choice.loose = true;
	f->choice.grade = GRADE_OBSERVED;
	assert_int_equal(build_with(f, true), 0);
	_json_ json_t *loose = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(loose, "grade")), "observed");
}

static void test_uv_lock(void **state)
{
	struct fixture *f = *state;

	f->choice = (struct env_choice){.kind = ENV_UV, .grade = GRADE_PINNED, .source = "uv.lock"};
	assert_built(f);
	_free_ char *sync = mem_printf("sync --frozen --no-install-project --no-editable --python %s --project %s\n",
	                               f->python.path, f->root);
	_free_ char *where = mem_printf("UV_PROJECT_ENVIRONMENT=%s\n", f->prefix);
	assert_has(f, "notes", sync);
	assert_has(f, "notes.env", where);
}

static void test_pip(void **state)
{
	struct fixture *f = *state;

	f->tool = (struct env_tool){.name = "pip", .path = mem_strdup(f->python.path)};
	assert_built(f);
	assert_has(f, "notes", "-m venv ");
	assert_has(f, "notes", "-m pip install --require-hashes --no-deps -r ");
	f->choice.grade = GRADE_VERSIONS;
	assert_int_equal(build_with(f, true), 0);
	assert_has(f, "notes", "-m pip install -r ");
	/* pip and setuptools come with the virtual environment. */
	_json_ json_t *facts = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(facts, "grade")), "versions");
	assert_int_equal(json_array_size(json_object_get(facts, "packages")), 2);
}

static void test_rebuild(void **state)
{
	struct fixture *f = *state;
	_free_ char *stray = path_join(f->prefix, "stray");

	assert_built(f);
	assert_int_equal(file_write(stray, "x", 1, 0644, &f->e), 0);
	assert_built(f);
	assert_true(file_exists(stray));
	/* It waits for those that use it. */
	assert_int_equal(env_cache_lock(f->cache, KEY, false, false, &f->held, &f->e), 0);
	buf_reset(&f->told);
	assert_int_equal(build_with(f, true), 0);
	assert_true(text_starts(f->told.data, "waits requirements.lock\nbegun requirements.lock uv\n"));
	assert_false(file_exists(stray));
	assert_int_equal(count(f, "notes", "venv"), 2);
}

static void test_half_built(void **state)
{
	struct fixture *f = *state;

	write_file(f, "cache/" KEY "/bin/half", 0644, "");
	write_file(f, "cache/" KEY ".files", 0644, "half");
	write_file(f, "cache/" KEY ".ok", 0644, "{\"half\":");
	assert_built(f);
	assert_false(count(f, "cache/" KEY ".ok", "half"));
	_free_ char *half = path_join(f->prefix, "bin/half");
	assert_false(file_exists(half));
}

static void test_failures(void **state)
{
	struct fixture *f = *state;
	static const struct {
		const char *says;
		const char *part;
	} cases[] = {
	        {"Hash mismatch for `six==1.16.0`", "requirements.lock: the environment could not be made: the content "
	                                            "of a package has another hash than the lock says"},
	        {"ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE",
	         "another hash than the lock says"},
	        {"Because no-such was not found in the package registry", "does not exist where it was looked for"},
	        {"ERROR: No matching distribution found for no-such==1", "does not exist where it was looked for"},
	        {"[Errno 28] No space left on device", "there is no space left on the disk"},
	        {"invalid peer certificate: UnknownIssuer", "SSL_CERT_FILE"},
	        {"something else", "bin/uv ended with status 2\n    Creating "},
	};

	set(f, "MODE", "fail");
	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		_free_ char *words =
		        mem_printf("\n    error: %s\n    last words\n    all that was said stands in ", cases[i].says);
		set(f, "SAYS", cases[i].says);
		assert_fails(f, ERR_BROKEN, cases[i].part);
		assert_non_null(strstr(f->e.text, words));
		assert_true(text_ends(f->e.text, "/" KEY ".log"));
		assert_has(f, "cache/" KEY ".log", cases[i].says);
	}
	set(f, "MODE", "signal");
	assert_fails(f, ERR_BROKEN, "was ended by signal 11");
	set(f, "MODE", "empty");
	assert_fails(f, ERR_BROKEN, "uv says it is done, and there is no ");
	set(f, "MODE", "");
	free(f->tool.path);
	f->tool.path = mem_strdup("/no/such/uv");
	assert_fails(f, ERR_BROKEN, "/no/such/uv");
	/* After all that it can be made. */
	env_tool_release(&f->tool);
	assert_built(f);
}

static void test_no_network(void **state)
{
	struct fixture *f = *state;

	/* What uv keeps is enough. */
	set(f, "MODE", "network");
	assert_built(f);
	assert_int_equal(count(f, "notes", "venv"), 2);
	assert_has(f, "notes.env", "UV_OFFLINE=1\n");
	/* It is not: the first reason is told. */
	set(f, "MODE", "offline");
	assert_int_equal(build_with(f, true), ERR_BROKEN);
	assert_non_null(strstr(f->e.text, "the server of packages cannot be reached\n"));
	assert_non_null(strstr(f->e.text, "    error: dns error: failed\n"));
	assert_false(file_exists(f->prefix));
}

static void test_conda_lock(void **state)
{
	struct fixture *f = *state;
	const char *p = env_conda_platform();
	_free_ char *lock =
	        mem_printf("version: 1\npackage:\n"
	                   "- {name: six, version: 1.16.0, manager: conda, platform: %s, url: "
	                   "'https://conda.example.org/%s/six-1.16.0-py_0.conda', hash: {md5: aa11, sha256: bb}}\n"
	                   "- {name: other, version: 1, manager: conda, platform: other-64, url: "
	                   "'https://conda.example.org/other', hash: {md5: cc}}\n"
	                   "- {name: dev, version: 1, manager: conda, platform: %s, url: "
	                   "'https://conda.example.org/dev', hash: {md5: cc}, category: dev, optional: true}\n"
	                   "- {name: new, version: 1, manager: conda, platform: %s, url: "
	                   "'https://conda.example.org/new', hash: {sha256: dd22}, category: main}\n"
	                   "- {name: idna, version: '3.3', manager: pip, platform: %s, url: "
	                   "'https://index.example.org/idna.whl', hash: {sha256: ee33}}\n",
	                   p, p, p, p, p);

	f->choice = (struct env_choice){.kind = ENV_CONDA_LOCK, .grade = GRADE_PINNED, .source = "conda-lock.yml"};
	write_file(f, "bin/micromamba", 0755, fake_conda);
	write_file(f, "bin/conda", 0755, fake_conda);
	write_file(f, "project/conda-lock.yml", 0644, lock);
	assert_built(f);
	assert_string_equal(f->tool.name, "micromamba");
	_free_ char *create = mem_printf("create -y -p %s/env --file %s/explicit.txt\n", f->prefix, f->prefix);
	_free_ char *pip = mem_printf("-m pip install --no-deps --require-hashes -r %s/pip.txt\n", f->prefix);
	_free_ char *wanted = mem_printf("@EXPLICIT\nhttps://conda.example.org/%s/six-1.16.0-py_0.conda#aa11\nhttps://"
	                                 "conda.example.org/new#sha256:dd22\n",
	                                 p);
	assert_has(f, "notes", create);
	assert_has(f, "notes", pip);
	assert_has(f, "notes.env", "MAMBA_ALWAYS_COPY=true\n");
	_free_ char *list = read_text(f, "cache/" KEY "/explicit.txt"), *more = read_text(f, "cache/" KEY "/pip.txt");
	assert_string_equal(list, wanted);
	assert_string_equal(more, "idna @ https://index.example.org/idna.whl#sha256=ee33\n");
	_json_ json_t *facts = facts_now(f);
	assert_true(text_ends(json_string_value(json_object_get(facts, "prefix")), KEY "/env"));

	set(f, "MODE", "fail");
	assert_int_equal(build_with(f, true), ERR_BROKEN);
	assert_non_null(strstr(f->e.text, "does not exist where it was looked for"));
	static const struct {
		const char *text, *part;
	} bad[] = {
	        {"version: 1\npackage: []\n", "conda-lock.yml: it has no packages for "},
	        {"name: x\n", "it has no list \"package\""},
	        {"package: [\n", "conda-lock.yml:"},
	        {"", "conda-lock.yml"},
	};
	for (size_t i = 0; i < ARRAY_LEN(bad); i++) {
		write_file(f, "project/conda-lock.yml", 0644, bad[i].text);
		assert_fails(f, ERR_USAGE, bad[i].part);
	}
	_free_ char *unhashed = mem_printf(
	        "package:\n- {name: six, manager: conda, platform: %s, url: 'https://conda.example.org/six'}\n", p);
	write_file(f, "project/conda-lock.yml", 0644, unhashed);
	assert_fails(f, ERR_USAGE, "conda-lock.yml:2: the package \"six\" has no address or no hash");
}

static void test_conda(void **state)
{
	struct fixture *f = *state;

	f->choice = (struct env_choice){.kind = ENV_CONDA, .grade = GRADE_VERSIONS, .source = "environment.yml"};
	write_file(f, "bin/conda", 0755, fake_conda);
	write_file(f, "project/environment.yml", 0644,
	           "dependencies:\n- conda-forge::six=1.16.0=py_0\n- typing-extensions=4.1.0\n- pip: [idna==3.3]\n");
	assert_built(f);
	_free_ char *create = mem_printf("env create -p %s -f %s/environment.yml\n", f->prefix, f->root);
	assert_has(f, "notes", create);
	_json_ json_t *facts = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(facts, "grade")), "versions");
	write_file(f, "project/environment.yml", 0644, "dependencies: [six=1.16.0=py_0]\n");
	write_file(f, "bin/micromamba", 0755, fake_conda);
	env_tool_release(&f->tool);
	assert_int_equal(build_with(f, true), 0);
	_free_ char *micromamba = mem_printf("create -y -p %s -f %s/environment.yml\n", f->prefix, f->root);
	assert_has(f, "notes", micromamba);
	_json_ json_t *more = facts_now(f);
	assert_string_equal(json_string_value(json_object_get(more, "grade")), "observed");
}

static void test_pixi(void **state)
{
	struct fixture *f = *state;

	f->choice = (struct env_choice){.kind = ENV_PIXI, .grade = GRADE_PINNED, .source = "pixi.lock"};
	vec_push(&f->choice.files, "pixi.lock");
	write_file(f, "project/pixi.lock", 0644, "version: 6\n");
	write_file(f, "bin/pixi", 0755,
	           "#!/bin/sh\necho \"$*\" >>$NOTES\nmkdir -p ${4%/*}/.pixi/envs/default/conda-meta\n");
	assert_fails(f, ERR_USAGE, "pixi.lock: neither pixi.toml nor pyproject.toml stands beside it");
	write_file(f, "project/pixi.toml", 0644, "[workspace]\n");
	vec_push(&f->choice.files, "pixi.toml");
	assert_built(f);
	_free_ char *install = mem_printf("install --frozen --manifest-path %s/project/pixi.toml\n", f->prefix);
	assert_has(f, "notes", install);
	assert_has(f, "cache/" KEY "/project/pixi.lock", "version: 6");
	_json_ json_t *facts = facts_now(f);
	assert_true(text_ends(json_string_value(json_object_get(facts, "prefix")), KEY "/project/.pixi/envs/default"));
}

static void test_renv(void **state)
{
	struct fixture *f = *state;
	_free_ char *library = path_join(f->prefix, "library");

	f->choice = (struct env_choice){.kind = ENV_RENV, .grade = GRADE_PINNED, .source = "renv.lock"};
	write_file(f, "bin/Rscript", 0755,
	           "#!/bin/sh\necho \"$*\" >>$NOTES\nenv >$NOTES.env\n[ $MODE ] || exit 0\n"
	           "echo \"Error: there is no package called \xe2\x80\x98renv\xe2\x80\x99\"; exit 1\n");
	write_file(f, "project/renv.lock", 0644, "{\"R\": {\"Version\": \"4.3.1\"}, \"Packages\": {}}");
	/* Without packages nothing is started, and renv need not be there. */
	assert_built(f);
	assert_true(file_is_dir(library));
	_free_ char *started = read_text(f, "notes");
	assert_string_equal(started, "");
	write_file(f, "project/renv.lock", 0644, "{\"Packages\": {\"R6\": {\"Version\": \"2.5.1\"}}}");
	assert_int_equal(build_with(f, true), 0);
	assert_has(f, "notes", "renv::restore(");
	assert_has(f, "notes.env", "RENV_CONFIG_CACHE_ENABLED=FALSE\n");
	set(f, "MODE", "x");
	assert_int_equal(build_with(f, true), ERR_BROKEN);
	assert_non_null(strstr(f->e.text, "R has no renv; "));
	write_file(f, "project/renv.lock", 0644, "{\"Packages\": ");
	assert_fails(f, ERR_USAGE, "renv.lock");
}

static void test_julia(void **state)
{
	struct fixture *f = *state;

	f->choice = (struct env_choice){.kind = ENV_JULIA, .grade = GRADE_PINNED, .source = "Manifest.toml"};
	vec_push(&f->choice.files, "Manifest.toml");
	vec_push(&f->choice.files, "Project.toml");
	write_file(f, "project/Manifest.toml", 0644, "manifest_format = \"2.0\"\n");
	write_file(f, "project/Project.toml", 0644, "[deps]\n");
	write_file(f, "bin/julia", 0755, "#!/bin/sh\necho \"$*\" >>$NOTES\nenv >$NOTES.env\n");
	assert_built(f);
	_free_ char *project =
	        mem_printf("--startup-file=no --project=%s/project -e using Pkg; Pkg.instantiate()\n", f->prefix);
	_free_ char *depot = mem_printf("JULIA_DEPOT_PATH=%s/depot\n", f->prefix);
	assert_has(f, "notes", project);
	assert_has(f, "notes.env", depot);
	assert_has(f, "cache/" KEY "/project/Project.toml", "[deps]");
}

/* ---- several at once, and the death of one ---- */

static void wait_for(struct fixture *f, const char *rel)
{
	_free_ char *path = path_join(f->dir, rel);

	while (!file_exists(path))
		usleep(1000);
}

static pid_t build_elsewhere(struct fixture *f)
{
	pid_t pid = fork();

	if (pid == 0)
		_exit(build_with(f, false) < 0 ? 1 : 0);
	assert_true(pid > 0);
	return pid;
}

static void test_two_at_once(void **state)
{
	struct fixture *f = *state;
	int status;

	/* The one that waits lets the other go on. */
	set(f, "MODE", "wait");
	pid_t a = build_elsewhere(f), b = build_elsewhere(f);
	assert_int_equal(waitpid(a, &status, 0), a);
	assert_int_equal(status, 0);
	assert_int_equal(waitpid(b, &status, 0), b);
	assert_int_equal(status, 0);
	assert_int_equal(count(f, "notes", "venv"), 1);
	assert_built(f);
	assert_int_equal(count(f, "notes", "venv"), 1);
}

/* Where there is neither a death signal nor /proc, the tool outlives its builder until somebody ends it. */
static void end_tool(struct fixture *f)
{
#ifdef JIG_POSIX
	_free_ char *path = path_join(f->dir, "notes.pid");
	_buf_ struct buf pid = BUF_INIT;

	if (file_exists(path)) {
		assert_int_equal(file_read(path, 100, &pid, &f->e), 0);
		assert_int_equal(kill((pid_t)strtol(pid.data, NULL, 10), SIGKILL), 0);
	}
#endif
}

static void killed_case(struct fixture *f, const char *mode)
{
	_free_ char *half = path_join(f->prefix, "half"), *stray = path_join(f->prefix, "stray");

	set(f, "MODE", mode);
	pid_t builder = build_elsewhere(f);
	wait_for(f, "notes.started");
	assert_int_equal(kill(builder, SIGKILL), 0);
	assert_int_equal(waitpid(builder, NULL, 0), builder);
	assert_true(file_exists(half));
	end_tool(f);
	set(f, "MODE", "");
	assert_built(f);
	assert_false(file_exists(half));
	for (int i = 0; i < 5; i++) {
		assert_false(file_exists(stray));
		usleep(10000);
	}
	assert_built(f);
}

static void test_killed(void **state)
{
	killed_case(*state, "hang");
}

/* Its leftovers hold the lock, and are waited for. */
static void test_killed_and_left_behind(void **state)
{
	killed_case(*state, "behind");
}

/* Its leftovers let go of the lock, and write on. */
static void test_killed_and_escaped(void **state)
{
#ifdef JIG_POSIX
	skip(); /* /proc alone would find them */
#endif
	killed_case(*state, "escape");
}

/* ---- where nothing can be written ---- */

static void test_read_only(void **state)
{
	struct fixture *f = *state;
	int status;

	assert_built(f);
	pid_t pid = fork();
	if (pid == 0) {
		if (geteuid() != 0 && chmod(f->cache, 0555) < 0)
			_exit(77);
		if (geteuid() == 0 &&
		    (unshare(CLONE_NEWNS) < 0 || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		     mount(f->cache, f->cache, NULL, MS_BIND, NULL) < 0 ||
		     mount(NULL, f->cache, NULL, MS_BIND | MS_REMOUNT | MS_RDONLY, NULL) < 0))
			_exit(77);
		/* What is ready serves; nothing new is made. */
		if (build_with(f, false) < 0)
			_exit(1);
		if (build_with(f, true) >= 0)
			_exit(2);
		_exit(strstr(f->e.text, f->cache) ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	chmod(f->cache, 0755);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		print_message("a folder cannot be made read-only here\n");
		skip();
	}
	assert_int_equal(status, 0);
	assert_built(f);
}

static void test_full(void **state)
{
	struct fixture *f = *state;
	int status;

	/* As on a full disk no file grows. */
	pid_t pid = fork();
	if (pid == 0) {
		struct rlimit none = {0, 0};
		signal(SIGXFSZ, SIG_IGN);
		setrlimit(RLIMIT_FSIZE, &none);
		if (build_with(f, false) >= 0)
			_exit(1);
		_exit(file_exists(f->prefix) ? 2 : strstr(f->e.text, "requirements.lock") ? 0 : 3);
	}
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	assert_built(f);
}

static void test_no_cache(void **state)
{
	struct fixture *f = *state;

	assert_int_equal(file_remove_tree(f->cache, &f->e), 0);
	write_file(f, "cache", 0644, "a file");
	assert_true(build_with(f, false) < 0);
	assert_non_null(strstr(f->e.text, f->cache));
}

int main(void)
{
#define CASE(t) cmocka_unit_test_setup_teardown(t, set_up, tear_down)
	const struct CMUnitTest tests[] = {
	        CASE(test_pinned),
	        CASE(test_versions),
	        CASE(test_uv_lock),
	        CASE(test_pip),
	        CASE(test_rebuild),
	        CASE(test_half_built),
	        CASE(test_failures),
	        CASE(test_no_network),
	        CASE(test_conda_lock),
	        CASE(test_conda),
	        CASE(test_pixi),
	        CASE(test_renv),
	        CASE(test_julia),

	        CASE(test_two_at_once),
	        CASE(test_killed),
	        CASE(test_killed_and_left_behind),
	        CASE(test_killed_and_escaped),
	        CASE(test_read_only),
	        CASE(test_full),
	        CASE(test_no_cache),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
