#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "runner/env/env.h"
#include "runner/env/env_choose.h"

#define HEX "8abb2f1d86890a2dfb989f9a77cfcfd3e47c2a354b01111771326f8aa26e0254"
#define HASHED(name) name " --hash=sha256:" HEX "\n"

static char *home, *root;
static struct arena arena;
static struct env_choice c;
static struct err e;
static char *variables[3];
static bool unpinned;

static int setup(void **state)
{
	const char *tmp = getenv("TMPDIR");

	if (file_temp_dir(tmp ? tmp : "/tmp", "env", &home, &e) < 0)
		return -1;
	root = path_join(home, "project");
	variables[0] = NULL;
	unpinned = false;
	return file_mkdirs(root, 0755, &e);
}

static int teardown(void **state)
{
	int r = file_remove_tree(home, &e);

	env_choice_release(&c);
	c = (struct env_choice){0};
	arena_release(&arena);
	free(home);
	free(root);
	return r;
}

static void put(const char *path, const char *text)
{
	_free_ char *full = path_join(root, path);

	assert_int_equal(file_mkdirs_parent(full, 0755, &e), 0);
	assert_int_equal(file_write(full, text, strlen(text), 0644, &e), 0);
}

static void drop(const char *path)
{
	_free_ char *full = path_join(root, path);

	assert_int_equal(file_remove_tree(full, &e), 0);
}

/* env as JSON; NULL: not given. */
static int choose(const char *env)
{
	json_t *v = env ? json_loads(env, JSON_DECODE_ANY, NULL) : NULL;
	struct env_choose o = {.root = root,
	                       .place = "jig.yaml:3:1: step \"a\"",
	                       .env = v,
	                       .environ = variables,
	                       .unpinned = unpinned};

	env_choice_release(&c);
	c = (struct env_choice){0};
	int r = env_choose(&o, &arena, &c, &e);
	json_decref(v);
	return r;
}

static void gives(const char *env, enum env_kind kind, enum env_grade grade, const char *source)
{
	if (choose(env) < 0)
		fail_msg("%s", e.text);
	if (c.kind != kind || c.grade != grade || strcmp(c.source, source))
		fail_msg("%s, %s, %s is not %s, %s, %s", env_kind_text(c.kind), env_grade_text(c.grade), c.source,
		         env_kind_text(kind), env_grade_text(grade), source);
	assert_true(c.why && *c.why);
}

static void fails(const char *env, int code, const char *begin, const char *within)
{
	if (choose(env) >= 0)
		fail_msg("%s is chosen, not %s", c.source, begin);
	if (e.code != code || strncmp(e.text, begin, strlen(begin)) || !strstr(e.text, within))
		fail_msg("%d: %s\nis not %s … %s", e.code, e.text, begin, within);
}

static bool noted(const char *text)
{
	for (size_t i = 0; i < c.notes.len; i++)
		if (strstr(c.notes.v[i], text))
			return true;
	return false;
}

static bool listed(const char *const *v, size_t n, const char *text)
{
	for (size_t i = 0; i < n; i++)
		if (!strcmp(v[i], text))
			return true;
	return false;
}

#define PYLOCK(hash) \
	"lock-version = \"1.0\"\ncreated-by = \"uv\"\nrequires-python = \">=3.10\"\n\n[[packages]]\nname = \"six\"\n" \
	"version = \"1.16.0\"\nwheels = [{ url = \"https://example.org/six.whl\"" hash " }]\n"
#define PYHASH ", hashes = { sha256 = \"" HEX "\" }"
#define UV_HEAD "version = 1\nrevision = 3\nrequires-python = \">=3.9\"\n\n"
#define UV_ROOT \
	"[[package]]\nname = \"demo\"\nversion = \"0.1\"\nsource = { editable = \".\" }\ndependencies = [\n    { " \
	"name = \"six\" },\n]\n\n"
#define UV_SIX \
	"[[package]]\nname = \"six\"\nversion = \"1.16.0\"\nsource = { registry = \"https://example.org/simple\" }\n" \
	"sdist = { url = \"https://example.org/six.tar.gz\", hash = \"sha256:" HEX "\" }\n" \
	"wheels = [\n    { url = \"https://example.org/six.whl\", hash = \"sha256:" HEX "\" },\n]\n"
#define PROJECT "[project]\nname = \"demo\"\nrequires-python = \">=3.9\"\ndependencies = [\n    \"six>=1\",\n]\n"

static void nothing(void **state)
{
	gives(NULL, ENV_SYSTEM, GRADE_OBSERVED, "system");
	assert_string_equal(c.why, "nothing pins packages here");
	gives("\"system\"", ENV_SYSTEM, GRADE_OBSERVED, "system");
	assert_string_equal(c.why, "env: system");
	assert_int_equal(c.files.len, 0);
	put("pyproject.toml", "[tool.ruff]\nline-length = 120\n[project]\nname = 'x'\n");
	gives(NULL, ENV_SYSTEM, GRADE_OBSERVED, "system");
	put("pyproject.toml", "[tool.poetry.dependencies]\npython = \"^3.9\"\n");
	gives(NULL, ENV_SYSTEM, GRADE_OBSERVED, "system");
	put("Pipfile.lock", "{}");
	gives(NULL, ENV_SYSTEM, GRADE_OBSERVED, "system");
	assert_true(noted("`pipenv requirements --hash"));
}

static void pylock(void **state)
{
	put("pylock.toml", PYLOCK(PYHASH));
	put("requirements.txt", "numpy\n");
	gives(NULL, ENV_PYLOCK, GRADE_PINNED, "pylock.toml");
	assert_string_equal(c.why, "pylock.toml, every package with hashes");
	assert_string_equal(c.python, ">=3.10");
	assert_string_equal(c.python_from, "pylock.toml");
	assert_int_equal(c.files.len, 1);
	put("lib/setup.py", "");
	put("pylock.dev.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"lib\"\ndirectory = { path = \"lib\" }\n"
	                       "[[packages]]\nname = \"g\"\nvcs = { type = \"git\", url = \"https://example.org/g\", "
	                       "commit-id = \"abc\" }\n");
	gives("\"pylock.dev.toml\"", ENV_PYLOCK, GRADE_VERSIONS, "pylock.dev.toml");
	assert_true(listed(c.locals.v, c.locals.len, "lib"));
	put("pylock.toml", PYLOCK(""));
	fails(NULL, ERR_USAGE, "pylock.toml:5: ", "package \"six\" names no file with hashes");
	put("pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"g\"\nvcs = { type = \"git\" }\n");
	fails(NULL, ERR_USAGE, "pylock.toml:2: ", "names no commit-id");
	put("pylock.toml", "lock-version = \"1.0\"\n[[packages]]\nname = \"l\"\ndirectory = { path = \"gone\" }\n");
	fails(NULL, ERR_USAGE, "pylock.toml:2: ", "the local package gone is not there");
	put("pylock.toml", "lock-version = \"2.0\"\npackages = []\n");
	fails(NULL, ERR_USAGE, "pylock.toml:1: ", "lock-version should be \"1.0\"");
	put("pylock.toml", "lock-version = \"1.0\"\n");
	fails(NULL, ERR_USAGE, "pylock.toml:1: ", "lists no packages");
	put("pylock.toml", "lock-version = \"1.0\"\n\n[[packages]]\nname = \"si");
	fails(NULL, ERR_USAGE, "pylock.toml:4:", "was the file cut off?");
	put("pylock.toml", "\n \n");
	fails(NULL, ERR_USAGE, "pylock.toml:1: the file is empty", "make it anew");
}

static void uv(void **state)
{
	put("uv.lock", UV_HEAD UV_ROOT UV_SIX);
	put("pyproject.toml", PROJECT "[build-system]\nrequires = [\"hatchling\"]\n");
	gives(NULL, ENV_UV, GRADE_PINNED, "uv.lock");
	assert_true(c.has_project);
	assert_string_equal(c.python, ">=3.9");
	assert_string_equal(c.python_from, "uv.lock");
	assert_string_equal(c.files.v[0], "uv.lock");
	assert_string_equal(c.files.v[1], "pyproject.toml");
	assert_int_equal(c.locals.len, 0);
	assert_int_equal(c.notes.len, 0);
	put(".python-version", "# mine\n3.11.7 \n");
	gives(NULL, ENV_UV, GRADE_PINNED, "uv.lock");
	assert_string_equal(c.python, "3.11.7");
	assert_string_equal(c.python_from, ".python-version");
	put(".python-version", "3.12-dev\n");
	gives("{\"python\": \"3.12\"}", ENV_UV, GRADE_PINNED, "uv.lock");
	assert_string_equal(c.python, "3.12");
	assert_string_equal(c.python_from, "jig.yaml:3:1: step \"a\"");
	gives(NULL, ENV_UV, GRADE_PINNED, "uv.lock");
	assert_string_equal(c.python, ">=3.9");

	put("pyproject.toml", "[project]\nname = \"demo\"\ndependencies = [\"six\", "
	                      "\"Pandas[x]>=2\"]\n[tool.uv]\npackage = false\n[build-system]\n");
	put("libs/one/pyproject.toml", "");
	put("uv.lock",
	    UV_HEAD UV_ROOT UV_SIX "[[package]]\nname = \"one\"\nsource = { editable = \"libs/one\" }\n"
	                           "[[package]]\nname = \"g\"\nsource = { git = \"https://example.org/g#abc\" }\n");
	gives(NULL, ENV_UV, GRADE_VERSIONS, "uv.lock");
	assert_false(c.has_project);
	assert_true(listed(c.locals.v, c.locals.len, "libs/one"));
	assert_true(noted("pyproject.toml asks for pandas, which uv.lock does not hold"));

	put("uv.lock", UV_HEAD UV_ROOT);
	fails(NULL, ERR_USAGE,
	      "uv.lock:5: ", "needs \"six\", which the lock does not hold; was the file cut off? `uv lock`");
	put("uv.lock", UV_HEAD "[[package]]\nname = \"six\"\n");
	fails(NULL, ERR_USAGE, "uv.lock:5: ", "has no source");
	put("uv.lock", UV_HEAD UV_ROOT "[[package]]\nname = \"six\"\nversion = \"1.");
	fails(NULL, ERR_USAGE, "uv.lock:15:", "was the file cut off?");
	put("uv.lock", "requires-python = \">=3\"\n");
	fails(NULL, ERR_USAGE, "uv.lock:1: ", "\"version\"");
	put("uv.lock", UV_HEAD UV_ROOT UV_SIX);
	drop("pyproject.toml");
	fails(NULL, ERR_USAGE, "uv.lock:1: pyproject.toml", "put it beside the lock");
	put("sub/uv.lock", UV_HEAD UV_SIX);
	put("sub/pyproject.toml", "[project]\nname = 'x'\n");
	gives("{\"lock\": \"./sub/uv.lock\", \"python\": \"3.10\"}", ENV_UV, GRADE_PINNED, "sub/uv.lock");
	assert_string_equal(c.files.v[1], "sub/pyproject.toml");
	put("pylock.toml", PYLOCK(PYHASH));
	fails(NULL, ERR_USAGE, "jig.yaml:3:1: step \"a\": pylock.toml and uv.lock both pin", "`env: pylock.toml`");
}

static void requirements(void **state)
{
	put("requirements.txt", "-r more.txt\n" HASHED("six==1.16.0"));
	put("more.txt", HASHED("attrs==23.1.0"));
	put("pyproject.toml", "[project]\nname = 'x'\nrequires-python = '>=3.11'\ndependencies = ['six']\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements.txt");
	assert_string_equal(c.why, "requirements.txt, every package with hashes");
	assert_int_equal(c.files.len, 2);
	assert_string_equal(c.files.v[1], "more.txt");
	assert_string_equal(c.python, ">=3.11");
	assert_string_equal(c.python_from, "pyproject.toml");
	put("requirements.lock", HASHED("six==1.16.0"));
	fails(NULL, ERR_USAGE, "jig.yaml:3:1: step \"a\": requirements.lock and requirements.txt both pin",
	      "`env: requirements.lock`");
	put("requirements.txt", "six\npandas>=2\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements.lock");
	assert_true(noted(
	        "requirements.txt:2 asks for pandas, which requirements.lock does not hold; `jig lock` renews it"));
	put("requirements.txt", "Six\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements.lock");
	assert_int_equal(c.notes.len, 0);
	put("requirements-dev.lock", HASHED("six==1.16.0"));
	fails(NULL, ERR_USAGE, "jig.yaml:3:1: ", "requirements-dev.lock and requirements.lock both pin");
	gives("\"requirements-dev.lock\"", ENV_REQUIREMENTS, GRADE_PINNED, "requirements-dev.lock");
	drop("requirements.lock");
	put("requirements.txt", "six==1.16.0\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements-dev.lock");
	assert_true(noted("`env: requirements.txt` takes it instead"));
	gives("\"requirements.txt\"", ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.txt");
	assert_true(noted("requirements.txt pins versions without hashes; `jig lock` adds them"));
	drop("requirements-dev.lock");
	gives(NULL, ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.txt");
	put("requirements.lock", "six==1.16.0\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.lock");
	put("requirements-b.lock", "six==1.16.0\n");
	fails(NULL, ERR_USAGE, "jig.yaml:3:1: ", "requirements-b.lock and requirements.lock both pin");
	drop("requirements-b.lock");
	put("requirements.lock", "six==1.16.0 \\\n   --hash=sha256:8abb");
	fails(NULL, ERR_USAGE, "requirements.lock:1: hash", "was the line cut off?");
	put("requirements.lock", "");
	fails(NULL, ERR_USAGE, "requirements.lock:1: the file is empty", "");
	put("requirements.lock", HASHED("six==1.16.0") "attrs==1 \\\n");
	fails(NULL, ERR_USAGE, "requirements.lock:2: the line continues", "was it cut off?");
	drop("requirements.lock");
	put("requirements.txt", "# only the standard library\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements.txt");
}

static void locals(void **state)
{
	put("lib/setup.py", "");
	put("other/setup.py", "");
	_free_ char *outside = path_join(home, "outside");
	assert_int_equal(file_mkdirs(outside, 0755, &e), 0);
	put("requirements.txt", HASHED("six==1.16.0") "-e ./lib\n../outside\n./lib[x]\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.txt");
	assert_int_equal(c.locals.len, 2);
	assert_string_equal(c.locals.v[0], "lib");
	assert_true(*c.locals.v[1] == '/' && strstr(c.locals.v[1], "/outside"));
	assert_true(noted("names local packages"));
	put("requirements.txt", "six @ file:///nowhere/six\n");
	fails(NULL, ERR_USAGE, "requirements.txt:1: the local package /nowhere/six is not there", "NAME==VERSION");
}

static void loose(void **state)
{
	put("requirements.txt", "six==1.16.0\n\nnumpy>=1.26\npandas\n");
	fails(NULL, ERR_USAGE, "requirements.txt:3: numpy>=1.26\nrequirements.txt:4: pandas\n",
	      "`jig lock` writes a lock");
	fails("\"requirements.txt\"", ERR_USAGE, "requirements.txt:3: ", "`jig lock requirements.txt`");
	put("for my $HOME.txt", "pandas\n");
	fails("\"for my $HOME.txt\"", ERR_USAGE, "for my $HOME.txt:1: ", "`jig lock 'for my $HOME.txt'`");
	drop("for my $HOME.txt");
	put("requirements.txt", "a\nb\nc\nd\ne\nf\ng\n");
	fails(NULL, ERR_USAGE, "requirements.txt:1: a\n", "requirements.txt:5: e\nand 2 more\n");
	put("poetry.lock", "x");
	fails(NULL, ERR_USAGE, "requirements.txt:1: a\n", "poetry.lock is not read; `poetry export");
	fails("\"poetry.lock\"", ERR_USAGE, "jig.yaml:3:1: ", "poetry.lock is not read");
	drop("poetry.lock");
	unpinned = true;
	gives(NULL, ENV_REQUIREMENTS, GRADE_OBSERVED, "requirements.txt");
	assert_true(c.loose);
	assert_string_equal(c.why, "requirements.txt, not pinned (--unpinned)");
	unpinned = false;
	drop("requirements.txt");
	put("requirements.in", "numpy\n");
	fails(NULL, ERR_USAGE, "requirements.in:1: numpy\n", "`jig lock`");
	drop("requirements.in");
	put("pyproject.toml", PROJECT);
	fails(NULL, ERR_USAGE, "pyproject.toml:5: six>=1\n", "`jig lock`");
	fails("\"pyproject.toml\"", ERR_USAGE, "pyproject.toml:5: six>=1\n", "`jig lock pyproject.toml`");
	unpinned = true;
	gives(NULL, ENV_REQUIREMENTS, GRADE_OBSERVED, "pyproject.toml");
	assert_string_equal(c.python, ">=3.9");
	unpinned = false;
	put("pyproject.toml", "[project]\nname = 'x'\ndynamic = ['dependencies']\n");
	fails(NULL, ERR_USAGE, "pyproject.toml:3: dependencies are dynamic", "`jig lock`");
	put("pyproject.toml",
	    "[tool.poetry.dependencies]\npython = '^3.9'\nnumpy = '^1.26'\ntorch = {version = '2'}\n");
	fails(NULL, ERR_USAGE, "pyproject.toml:3: numpy ^1.26\npyproject.toml:4: torch 2\n", "");
	put("pyproject.toml", "[project\n");
	fails(NULL, ERR_USAGE, "pyproject.toml:1:9: ", "\"]\" should follow");
	put("pyproject.toml", "[tool.ruff]\n");
	fails("\"pyproject.toml\"", ERR_USAGE, "pyproject.toml:1: ", "it has no dependencies");
}

#define CONDA_LOCK(hash) \
	"version: 1\nmetadata:\n  platforms: [linux-64]\npackage:\n- name: zlib\n  version: '1.3'\n  manager: conda\n" \
	"  platform: linux-64\n  url: https://example.org/zlib.conda\n" hash
#define PIXI \
	"version: 6\nenvironments:\n  default:\n    channels: []\n    packages:\n      linux-64:\n" \
	"      - conda: https://example.org/zlib.conda\npackages:\n"

static void conda(void **state)
{
	put("conda-lock.yml", CONDA_LOCK("  hash: {md5: abc, sha256: " HEX "}\n"));
	put("environment.yml", "dependencies:\n- zlib\n");
	gives(NULL, ENV_CONDA_LOCK, GRADE_PINNED, "conda-lock.yml");
	put("conda-lock.yml", CONDA_LOCK(""));
	gives(NULL, ENV_CONDA_LOCK, GRADE_VERSIONS, "conda-lock.yml");
	fails("{\"lock\": \"conda-lock.yml\", \"python\": \"3.11\"}", ERR_USAGE,
	      "jig.yaml:3:1: ", "leave \"python\" out");
	put("environment.yml", "dependencies:\n- zlib==1.3\n");
	fails(NULL, ERR_USAGE, "jig.yaml:3:1: ", "conda-lock.yml and environment.yml both pin");
	put("conda-lock.yml", "version: 1\nmetadata: {}\npackage:\n- name: zlib\n  version: '1.3'\n  manag");
	fails("\"conda-lock.yml\"", ERR_USAGE, "conda-lock.yml:", "");
	put("conda-lock.yml", "version: 1\nmetadata: {}\npackage:\n- name: zlib\n  version: '1.3'\n");
	fails("\"conda-lock.yml\"", ERR_USAGE, "conda-lock.yml:4: package \"zlib\" has no \"manager\"",
	      "`conda-lock` makes it anew");
	put("conda-lock.yml", "version: 1\nmetadata: {a: [\n");
	fails(NULL, ERR_USAGE, "conda-lock.yml:", "");
	put("conda-lock.yml", "");
	fails(NULL, ERR_USAGE, "conda-lock.yml:1: the file is empty", "");
	drop("conda-lock.yml");

	put("environment.yml", "name: x\nchannels: [conda-forge]\ndependencies:\n- python=3.11.7=hab00c5b_0_cpython\n- "
	                       "conda-forge::zlib==1.3\n"
	                       "- numpy 1.26.4 py311_0\n- pip:\n  - six==1.16.0\n");
	gives(NULL, ENV_CONDA, GRADE_VERSIONS, "environment.yml");
	put("environment.yml", "dependencies:\n- python=3.11\n- numpy>=1\n- pip\n- pip:\n  - six\n- x==1.*\n");
	fails(NULL, ERR_USAGE,
	      "environment.yml:2: python=3.11\nenvironment.yml:3: numpy>=1\nenvironment.yml:4: pip\nenvironment.yml:6: "
	      "six\n",
	      "`conda-lock -f environment.yml`");
	fails("\"environment.yml\"", ERR_USAGE, "environment.yml:2: ", "`conda env export`");
	put("my environment.yml", "dependencies:\n- python=3.11\n");
	fails("\"my environment.yml\"", ERR_USAGE, "my environment.yml:2: ", "`conda-lock -f 'my environment.yml'`");
	drop("my environment.yml");
	unpinned = true;
	gives(NULL, ENV_CONDA, GRADE_OBSERVED, "environment.yml");
	assert_true(c.loose);
	unpinned = false;
	put("environment.yml", "name: x\n");
	fails(NULL, ERR_USAGE, "environment.yml:1: it has no list of \"dependencies\"", "cut off");
	put("environment.yml", "dependencies:\n- zlib==1.3\n-\n");
	fails(NULL, ERR_USAGE, "environment.yml:3: ", "where a package should stand");
	put("environment.yml", "dependencies:\n- pip:\n  - '!!'\n");
	fails(NULL, ERR_USAGE, "environment.yml:3: ", "is no requirement");
	put("environment.yml", "- a\n");
	fails(NULL, ERR_USAGE, "environment.yml:1: a mapping should stand here", "");
	drop("environment.yml");

	put("pixi.lock", PIXI "- conda: https://example.org/zlib.conda\n  sha256: " HEX "\n");
	fails(NULL, ERR_USAGE, "pixi.lock:1: pixi.toml", "put it beside the lock");
	put("pixi.toml", "[workspace]\n");
	gives(NULL, ENV_PIXI, GRADE_PINNED, "pixi.lock");
	assert_string_equal(c.files.v[1], "pixi.toml");
	put("lib/x", "");
	put("pixi.lock",
	    PIXI "- conda: https://example.org/zlib.conda\n  sha256: " HEX "\n- pypi: ./lib\n  name: lib\n");
	gives("\"pixi.lock\"", ENV_PIXI, GRADE_VERSIONS, "pixi.lock");
	assert_true(listed(c.locals.v, c.locals.len, "lib"));
	put("pixi.lock", PIXI "- conda: https://example.org/other.conda\n");
	fails(NULL, ERR_USAGE, "pixi.lock:7: ", "is not among the packages");
	put("pixi.lock", PIXI "- name: x\n");
	fails(NULL, ERR_USAGE, "pixi.lock:9: ", "says not where it comes from");
	put("pixi.lock", "version: 6\n");
	fails(NULL, ERR_USAGE, "pixi.lock:1: ", "`pixi lock` makes it anew");
	put("pixi.lock", PIXI "- conda: https://example.org/zlib.conda\n");
	put("conda-lock.yml", CONDA_LOCK(""));
	fails(NULL, ERR_USAGE, "jig.yaml:3:1: ", "conda-lock.yml and pixi.lock both pin");
}

static char *active(const char *name, const char *cfg, const char *activate)
{
	char *prefix = path_join(home, name);
	_free_ char *bin = path_join(prefix, "bin"), *python = path_join(bin, "python"),
	            *file = path_join(prefix, "pyvenv.cfg");
	_free_ char *script = path_join(bin, "activate");

	assert_int_equal(file_mkdirs(bin, 0755, &e), 0);
	unlink(python);
	assert_int_equal(symlink("/bin/sh", python), 0);
	assert_int_equal(file_write(file, cfg, strlen(cfg), 0644, &e), 0);
	assert_int_equal(file_write(script, activate, strlen(activate), 0755, &e), 0);
	free(variables[0]);
	variables[0] = mem_printf("VIRTUAL_ENV=%s", prefix);
	variables[1] = NULL;
	return prefix;
}

static void activated(void **state)
{
	_free_ char *right = mem_printf("deactivate () {\n}\nVIRTUAL_ENV='%s/v'\nexport VIRTUAL_ENV\n", home);
	_free_ char *prefix = active("v", "home = /bin\nversion = 3.11.7\n", right),
	            *python = path_join(prefix, "bin/python");

	gives(NULL, ENV_ACTIVE, GRADE_OBSERVED, prefix);
	assert_string_equal(c.prefix, prefix);
	assert_false(c.conda);
	assert_null(c.python);
	assert_int_equal(c.files.len, 0);
	put("requirements.txt", "six==1.16.0\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.txt");
	drop("requirements.txt");
	put("renv.lock", "{\"R\": {\"Version\": \"4.3.1\"}, \"Packages\": {}}");
	gives(NULL, ENV_ACTIVE, GRADE_OBSERVED, prefix);
	drop("renv.lock");
	fails("{\"python\": \"3.11\"}", ERR_USAGE, "jig.yaml:3:1: ", "no lock is there");

	_free_ char *moved = mem_printf("$VIRTUAL_ENV names %s: ", prefix);
	free(active("v", "home = /bin\n", "export VIRTUAL_ENV=\"/nowhere/v\"\n"));
	fails(NULL, ERR_USAGE, moved, "it was moved from /nowhere/v, and its programs still point there. Make it anew");
	free(active("v", "home = /nowhere/bin\n", right));
	fails(NULL, ERR_USAGE, moved, "the Python it was made from (/nowhere/bin) is gone");
	free(active("v", "home = /bin\n", right));
	assert_int_equal(unlink(python), 0);
	fails(NULL, ERR_USAGE, moved, "it has no bin/python");
	assert_int_equal(symlink("/nowhere/python", python), 0);
	fails(NULL, ERR_USAGE, moved, "points to a Python that is gone");
	free(active("v", "home = /bin\n", right));
	_free_ char *cfg = path_join(prefix, "pyvenv.cfg");
	assert_int_equal(unlink(cfg), 0);
	fails(NULL, ERR_USAGE, moved, "it has no pyvenv.cfg");
	free(active("v", "home = /bin\n", right));
	_free_ char *other = path_join(home, "w");
	assert_int_equal(rename(prefix, other), 0);
	fails(NULL, ERR_USAGE, moved, "it was moved or removed");
	free(variables[0]);
	variables[0] = mem_printf("VIRTUAL_ENV=%s", other);
	fails(NULL, ERR_USAGE, "$VIRTUAL_ENV names ", "it was moved from ");
	gives("\"system\"", ENV_SYSTEM, GRADE_OBSERVED, "system");

	free(variables[0]);
	variables[0] = mem_printf("CONDA_PREFIX=%s/conda", home);
	fails(NULL, ERR_USAGE, "$CONDA_PREFIX names ", "`conda deactivate`");
	_free_ char *meta = mem_printf("%s/conda/conda-meta", home), *conda_prefix = path_join(home, "conda");
	assert_int_equal(file_mkdirs(conda_prefix, 0755, &e), 0);
	fails(NULL, ERR_USAGE, "$CONDA_PREFIX names ", "it has no conda-meta");
	assert_int_equal(file_mkdirs(meta, 0755, &e), 0);
	gives(NULL, ENV_ACTIVE, GRADE_OBSERVED, conda_prefix);
	assert_true(c.conda);
	free(variables[0]);
	variables[0] = mem_strdup("VIRTUAL_ENV=");
	gives(NULL, ENV_SYSTEM, GRADE_OBSERVED, "system");
	free(variables[0]);
	variables[0] = NULL;
}

static void others(void **state)
{
	put("renv.lock",
	    "{\"R\": {\"Version\": \"4.3.1\"}, \"Packages\": {\"R6\": {\"Package\": \"R6\", \"Version\": \"2.5.1\"}}}");
	gives(NULL, ENV_RENV, GRADE_VERSIONS, "renv.lock");
	fails("{\"python\": \"3.11\"}", ERR_USAGE, "jig.yaml:3:1: ", "renv.lock decides about the interpreter itself");
	put("Manifest.toml",
	    "julia_version = \"1.10.0\"\nmanifest_format = \"2.0\"\n\n[[deps.A]]\ndeps = [\"B\"]\nuuid = \"1\"\n"
	    "git-tree-sha1 = \"x\"\nversion = \"1.0\"\n\n[[deps.B]]\nuuid = \"2\"\n");
	gives(NULL, ENV_RENV, GRADE_VERSIONS, "renv.lock");
	put("Project.toml", "[deps]\nA = \"1\"\n");
	fails(NULL, ERR_USAGE, "jig.yaml:3:1: ", "renv.lock and Manifest.toml both pin");
	gives("\"Manifest.toml\"", ENV_JULIA, GRADE_PINNED, "Manifest.toml");
	assert_string_equal(c.files.v[1], "Project.toml");
	put("lock.json", "{\"R\": {\"Version\": \"4.3.1\"}, \"Packages\": {}}");
	gives("\"lock.json\"", ENV_RENV, GRADE_VERSIONS, "lock.json");
	put("lock.json", "{}");
	fails("\"lock.json\"", ERR_USAGE, "jig.yaml:3:1: ", "no lock that jig knows");
	put("renv.lock", "{\"R\": {\"Version\": \"4.3.1\"}, \"Packages\": {\"R6\": {\"Pack");
	fails("\"renv.lock\"", ERR_USAGE, "renv.lock:1:", "not valid JSON");
	put("renv.lock", "{\"R\": {\"Version\": \"4.3.1\"}, \"Packages\": {\"R6\": {}}}");
	fails("\"renv.lock\"", ERR_USAGE, "renv.lock:1: package \"R6\" has no \"Version\"", "renv::snapshot()");
	drop("renv.lock");
	put("Manifest.toml", "manifest_format = \"2.0\"\n[[deps.A]]\ndeps = [\"B\"]\nuuid = \"1\"\n");
	fails(NULL, ERR_USAGE, "Manifest.toml:2: package \"A\" needs what the manifest does not hold: B",
	      "`Pkg.resolve()`");
	put("Manifest.toml", "manifest_format = \"2.0\"\n");
	fails(NULL, ERR_USAGE, "Manifest.toml:1: it has no \"deps\"", "");
	put("Manifest.toml", "[[A]]\nuuid = \"1\"\npath = \"gone\"\n");
	fails(NULL, ERR_USAGE, "Manifest.toml:1: the local package gone is not there", "");
	put("gone/x", "");
	gives(NULL, ENV_JULIA, GRADE_VERSIONS, "Manifest.toml");
	put("env/Manifest.toml", "[[A]]\nuuid = \"1\"\n");
	fails("\"env/Manifest.toml\"", ERR_USAGE, "env/Manifest.toml:1: env/Project.toml", "is not there");
}

static void named(void **state)
{
	fails("\"requirements.lock\"", ERR_NOT_FOUND, "jig.yaml:3:1: step \"a\": requirements.lock is not there",
	      "`jig lock`");
	fails("\"../x.lock\"", ERR_USAGE, "jig.yaml:3:1: ", "leaves the project");
	fails("\"/etc/x.lock\"", ERR_USAGE, "jig.yaml:3:1: ", "is absolute");
	put("d.lock/x", "");
	fails("\"d.lock\"", ERR_USAGE, "jig.yaml:3:1: ", "d.lock is a folder");
	put("Dockerfile", "FROM x\n");
	fails("\"Dockerfile\"", ERR_USAGE, "jig.yaml:3:1: ", "no lock that jig knows; it reads pylock*.toml");
	put("x.yml", "a: 1\n");
	fails("\"x.yml\"", ERR_USAGE, "jig.yaml:3:1: ", "no lock that jig knows");
	put("x.yml", "dependencies: [zlib==1.3]\n");
	gives("\"x.yml\"", ENV_CONDA, GRADE_VERSIONS, "x.yml");
	put("lock.in", "six\n");
	fails("\"lock.in\"", ERR_USAGE, "lock.in:1: six", "`jig lock lock.in`");
	fails("{\"python\": \"3.11\"}", ERR_USAGE, "jig.yaml:3:1: ", "python 3.11 is asked for, but no lock is there");
	fails("{}", ERR_USAGE, "jig.yaml:3:1: ", "neither a lock nor an image");
	fails("3", ERR_USAGE, "jig.yaml:3:1: ", "env should be `system`");
	fails("{\"python\": 3.1}", ERR_USAGE, "jig.yaml:3:1: ", "\"python\" of env should be a text");
	gives("{\"image\": \"example.org/a/b:1@sha256:" HEX "\"}", ENV_IMAGE, GRADE_PINNED,
	      "example.org/a/b:1@sha256:" HEX);
	assert_string_equal(c.image, c.source);
	fails("{\"image\": \"a:latest\"}", ERR_USAGE, "jig.yaml:3:1: ", "image \"a:latest\" is not pinned");
	fails("{\"image\": \"a@sha256:abc\"}", ERR_USAGE, "jig.yaml:3:1: ", "is not pinned");
	fails("{\"image\": \"@sha256:" HEX "\"}", ERR_USAGE, "jig.yaml:3:1: ", "is not pinned");
	fails("{\"image\": \"a@sha256:" HEX "0\"}", ERR_USAGE, "jig.yaml:3:1: ", "is not pinned");
	fails("{\"image\": \"a@sha256:" HEX "\", \"lock\": \"x.yml\"}", ERR_USAGE,
	      "jig.yaml:3:1: ", "an image brings its own packages");
}

/* Installers that ask for a hash of each package refuse commits. */
static void commits(void **state)
{
	put("requirements.lock", HASHED("six==1.16.0"));
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements.lock");
	put("requirements.lock",
	    HASHED("six==1.16.0") "x @ git+https://example.org/x.git@0123456789012345678901234567890123456789\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.lock");
	assert_non_null(strstr(c.why, "or by its commit"));
	assert_int_equal(c.notes.len, 0);
	put("requirements.lock", HASHED("x @ https://example.org/a+b.whl"));
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements.lock");
}

/* The key that the choice has for a tool, where one more variable is set. */
static const char *key_with(const char *tool, const char *variable)
{
	struct env v = {.choice = c, .tool = {.name = tool}};
	_free_ char *at = mem_printf("HOME=%s", home);
	char *const environ[] = {at, (char *)variable, NULL};
	struct env_options o = {.root = root, .environ = environ};

	assert_int_equal(env_key(&v, &o, "/cache", &e), 0);
	json_decref(v.detail);
	return arena_strdup(&arena, v.key);
}

static bool counts(const char *tool, const char *variable)
{
	return strcmp(key_with(tool, NULL), key_with(tool, variable)) != 0;
}

/* What decides besides the lock's bytes. */
static void keys(void **state)
{
	put("requirements.txt", "six==1.16.0\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.txt");
	assert_string_equal(key_with("uv", NULL), key_with("uv", NULL));
	assert_true(strcmp(key_with("uv", NULL), key_with("pip", NULL)));
	assert_true(counts("uv", "UV_DEFAULT_INDEX=https://example.org/simple"));
	assert_true(counts("pip", "PIP_EXTRA_INDEX_URL=https://example.org/simple"));
	assert_true(counts("uv", "CMAKE_ARGS=-DWITH_X=1"));
	assert_false(counts("uv", "PIP_INDEX_URL=https://example.org/simple"));
	assert_false(counts("uv", "UV_DEFAULT_INDEX="));
	assert_false(counts("uv", "UV_CACHE_DIR=/elsewhere"));
	const char *before = key_with("pip", NULL), *other = key_with("uv", NULL);
	put("../.config/pip/pip.conf", "[global]\nindex-url = https://example.org/simple\n");
	assert_true(strcmp(before, key_with("pip", NULL)));
	assert_string_equal(other, key_with("uv", NULL));

	/* Hashes say what comes from wherever it comes. */
	put("requirements.txt", HASHED("six==1.16.0"));
	gives(NULL, ENV_REQUIREMENTS, GRADE_PINNED, "requirements.txt");
	assert_false(counts("uv", "UV_DEFAULT_INDEX=https://example.org/simple"));
	assert_true(counts("uv", "UV_NO_BINARY=1"));

	put("requirements.txt", "./lib\n");
	put("lib/pyproject.toml", "[project]\nname = \"lib\"\nversion = \"1\"\n");
	put("lib/lib/a.py", "x = 1\n");
	gives(NULL, ENV_REQUIREMENTS, GRADE_VERSIONS, "requirements.txt");
	before = key_with("uv", NULL);
	/* A build leaves these, and would else ask for the next one. */
	put("lib/build/lib/a.py", "x = 1\n");
	put("lib/lib.egg-info/PKG-INFO", "Name: lib\n");
	put("lib/lib/__pycache__/a.pyc", "1");
	assert_string_equal(before, key_with("uv", NULL));
	put("lib/lib/a.py", "x = 2\n");
	assert_true(strcmp(before, key_with("uv", NULL)));
}

#define each(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
int main(void)
{
	const struct CMUnitTest tests[] = {
	        each(nothing), each(pylock), each(uv),        each(requirements), each(locals),
	        each(loose),   each(conda),  each(activated), each(others),       each(named),
	        each(commits), each(keys),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
