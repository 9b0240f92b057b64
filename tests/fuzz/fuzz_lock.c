/* Any bytes as each kind of lock file (the first byte chooses): a choice whose texts are whole and whose files lie in
 * the project, or a message; and the packages that it names. */
#include <unistd.h>
#include "base/json.h"
#include "runner/env/env_choose.h"
#include "runner/env/env_conda.h"
#include "runner/env/env_lock_packages.h"
#include "target.h"

static void check_text(const char *s)
{
	must(s && utf8_valid(s, strlen(s)));
}

static void check_choice(const struct env_choice *c, const char *root)
{
	struct env_packages packages = {0};
	struct err e = {0};

	must(c->kind < ENV_NKINDS && (unsigned)c->grade <= GRADE_OBSERVED);
	check_text(c->source);
	check_text(c->why);
	for (size_t i = 0; i < c->files.len; i++)
		must(!path_check_inside(c->files.v[i]));
	for (size_t i = 0; i < c->notes.len; i++)
		check_text(c->notes.v[i]);
	int r = env_lock_packages(c, root, &packages, &e);
	if (r < 0)
		must_tell(r, &e);
	for (size_t i = 0; r >= 0 && i < packages.list.len; i++)
		must(packages.list.v[i].name && packages.list.v[i].version);
	env_packages_release(&packages);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const names[] = {"pylock.toml",   "uv.lock",           "conda-lock.yml",
	                                    "pixi.lock",     "environment.yml",   "renv.lock",
	                                    "Manifest.toml", "requirements.lock", "pyproject.toml"};
	static char *const environ_of[] = {NULL};
	static const char project[] = "[project]\nname = \"p\"\nversion = \"1\"\nrequires-python = \">=3.9\"\n";
	const char *root = target_folder();
	_arena_ struct arena a = ARENA_INIT;
	struct env_choice c = {0};
	struct err e = {0};
	static bool begun;

	if (!size)
		return 0;
	const char *name = names[data[0] % ARRAY_LEN(names)];
	if (!begun) {
		_free_ char *path = path_join(root, "Project.toml");

		target_write(path, "", 0);
		begun = true;
	}
	_free_ char *path = path_join(root, name), *pyproject = path_join(root, "pyproject.toml");
	target_write(pyproject, project, sizeof project - 1);
	target_write(path, data + 1, size - 1);
	_json_ json_t *env = data[0] & 0x40 ? json_string(name) : NULL;
	struct env_choose o = {.root = root,
	                       .place = "jig.yaml:1:1: step \"a\"",
	                       .env = env,
	                       .environ = environ_of,
	                       .unpinned = data[0] & 0x80};
	int r = env_choose(&o, &a, &c, &e);
	if (r < 0)
		must_tell(r, &e);
	else
		check_choice(&c, root);
	env_choice_release(&c);
	if (strstr(name, ".yml")) {
		_buf_ struct buf conda = BUF_INIT, pip = BUF_INIT;
		_map_ struct map seen = MAP_INIT;

		e = (struct err){0};
		r = env_conda_explicit(path, name, &conda, &pip, &e);
		if (r < 0)
			must_tell(r, &e);
		r = env_conda_names(path, name, &seen, &e);
		if (r < 0)
			must_tell(r, &e);
	}
	unlink(path);
	return 0;
}
