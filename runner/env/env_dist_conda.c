/* Files as conda-meta has them: https://docs.conda.io/projects/conda/en/stable/dev-guide/specs/ (PrefixRecord). */
#include <dirent.h>
#include <errno.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/env/env_dist.h"

enum { JSON_MOST = 64 << 20 };

static const char *string_of(const json_t *v, const char *name)
{
	return json_string_value(json_object_get(v, name));
}

static void record_read(const json_t *v, struct env_dist_files *f)
{
	const char *name = string_of(v, "name"), *version = string_of(v, "version");
	const json_t *x;
	size_t i;

	if (!name || !version)
		return;
	const char *package = arena_printf(&f->arena, "%s %s", name, version);
	json_array_foreach(json_path_get(v, "paths_data.paths"), i, x)
	{
		const char *path = string_of(x, "_path"), *here = string_of(x, "sha256_in_prefix");
		if (!path || path_check_inside(path))
			continue;
		/* Without it the digest is that of the archive's file, and the same unless the prefix was written into
		 * it. */
		if (!here && !json_object_get(x, "prefix_placeholder"))
			here = string_of(x, "sha256");
		struct env_dist_file *file = arena_new(&f->arena, struct env_dist_file);
		file->package = package;
		file->hashed = here && digest_from_hex(here, &file->digest);
		env_dist_file_add(f, path, file);
	}
}

int env_dist_conda_read(const char *prefix, struct env_dist_files *f, struct err *e)
{
	_free_ char *folder = path_join(prefix, "conda-meta");
	_closedir_ DIR *dir = opendir(folder);
	struct dirent *entry;

	if (!dir)
		return errno == ENOENT || errno == ENOTDIR ? 0 : err_errno(e, "cannot read the folder %s", folder);
	while (errno = 0, entry = readdir(dir)) {
		_free_ char *path = path_join(folder, entry->d_name);
		_buf_ struct buf text = BUF_INIT;
		_json_ json_t *v = NULL;
		struct err ignored;
		/* One that makes no sense names nothing: its own look tells whether it was always so. */
		if (text_ends(entry->d_name, ".json") && file_read(path, JSON_MOST, &text, &ignored) >= 0 &&
		    json_parse(text.data, text.len, path, &v, &ignored) >= 0)
			record_read(v, f);
	}
	return errno ? err_errno(e, "cannot read the folder %s", folder) : 0;
}
