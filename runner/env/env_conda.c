#include "runner/env/env_conda.h"

#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>
#include "base/file.h"
#include "base/text.h"
#include "runner/pipeline/yaml.h"

const char *env_conda_platform(void)
{
	static const struct {
		const char *kernel, *machine, *name;
	} known[] = {
	        {"Linux", "x86_64", "linux-64"},       {"Linux", "aarch64", "linux-aarch64"},
	        {"Linux", "ppc64le", "linux-ppc64le"}, {"Linux", "s390x", "linux-s390x"},
	        {"Linux", "riscv64", "linux-riscv64"}, {"Darwin", "x86_64", "osx-64"},
	        {"Darwin", "arm64", "osx-arm64"},
	};
	struct utsname u;

	for (size_t i = 0; uname(&u) == 0 && i < ARRAY_LEN(known); i++)
		if (strcmp(u.sysname, known[i].kernel) == 0 && strcmp(u.machine, known[i].machine) == 0)
			return known[i].name;
	return "noarch";
}

static int read_yaml(const char *path, const char *name, struct arena *a, struct yaml_node **ret, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	struct diags d = {.file = name};
	int r = file_read(path, YAML_TEXT_MOST, &text, e);

	if (r < 0)
		return r;
	*ret = yaml_parse(text.data, text.len, a, &d);
	r = diags_result(&d, e);
	diags_release(&d);
	return r < 0 ? r : *ret ? 0 : err_set(e, ERR_USAGE, "%s: it is empty", name);
}

static const char *text_of(const struct yaml_node *map, const char *key)
{
	const struct yaml_node *n = map ? yaml_get(map, key) : NULL;

	return n && n->text ? n->text : "";
}

int env_conda_explicit(const char *path, const char *name, struct buf *conda, struct buf *pip, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	const char *platform = env_conda_platform();
	struct yaml_node *root;
	int r = read_yaml(path, name, &a, &root, e);

	if (r < 0)
		return r;
	const struct yaml_node *list = yaml_get(root, "package");
	if (!list || list->kind != YAML_LIST)
		return err_set(
		        e, ERR_USAGE,
		        "%s: it has no list \"package\", so it is no lock of conda-lock; `conda-lock lock` writes one",
		        name);
	buf_adds(conda, "@EXPLICIT\n");
	size_t empty = conda->len;
	for (size_t i = 0; i < list->n; i++) {
		const struct yaml_node *p = list->items[i];
		const struct yaml_node *optional = yaml_get(p, "optional");
		const char *category = text_of(p, "category"), *url = text_of(p, "url"), *package = text_of(p, "name");
		const char *md5 = text_of(yaml_get(p, "hash"), "md5"), *sha256 = text_of(yaml_get(p, "hash"), "sha256");
		bool is_pip = strcmp(text_of(p, "manager"), "pip") == 0;
		if (strcmp(text_of(p, "platform"), platform) != 0 || (*category && strcmp(category, "main") != 0) ||
		    (optional && optional->boolean))
			continue;
		if (!*url || (is_pip ? !*sha256 : !*md5 && !*sha256) || strpbrk(url, " \t\n") ||
		    strpbrk(package, " \t\n"))
			return err_set(
			        e, ERR_USAGE,
			        "%s:%d: the package \"%s\" has no address or no hash; `conda-lock lock` writes both",
			        name, p->line, package);
		if (is_pip)
			buf_addf(pip, "%s @ %s#sha256=%s\n", package, url, sha256);
		else
			buf_addf(conda, "%s#%s%s\n", url, *md5 ? "" : "sha256:", *md5 ? md5 : sha256);
	}
	if (conda->len == empty && pip->len == 0)
		return err_set(e, ERR_USAGE, "%s: it has no packages for %s; `conda-lock lock -p %s` adds them", name,
		               platform, platform);
	return 0;
}

static void add_name(struct map *names, const char *spec)
{
	_buf_ struct buf b = BUF_INIT;
	const char *channel = strstr(spec, "::");

	if (channel)
		spec = channel + 2;
	for (spec += strspn(spec, " "); isalnum((unsigned char)*spec) || (*spec && strchr("._-", *spec)); spec++)
		buf_addc(&b, (char)tolower((unsigned char)*spec));
	if (b.len)
		map_add(names, b.data, NULL);
}

int env_conda_names(const char *path, const char *name, struct map *ret, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct yaml_node *root;
	int r = read_yaml(path, name, &a, &root, e);

	if (r < 0)
		return r;
	const struct yaml_node *list = yaml_get(root, "dependencies");
	for (size_t i = 0; list && list->kind == YAML_LIST && i < list->n; i++) {
		const struct yaml_node *item = list->items[i],
		                       *pip = item->kind == YAML_MAP ? yaml_get(item, "pip") : NULL;
		if (item->text)
			add_name(ret, item->text);
		for (size_t k = 0; pip && pip->kind == YAML_LIST && k < pip->n; k++)
			if (pip->items[k]->text)
				add_name(ret, pip->items[k]->text);
	}
	return 0;
}
