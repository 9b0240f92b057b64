#include "runner/pipeline/variables.h"

#include <stdlib.h>
#include <string.h>
#include "base/text.h"

/* A trailing "*" stands for any ending. */
struct allowed { const char *name; bool decides; };
static const struct allowed allowed[] = {
	{ "PATH", false },         { "HOME", false },          { "USER", false },         { "LOGNAME", false },
	{ "SHELL", false },        { "TERM", false },          { "LANG", true },          { "LANGUAGE", true },
	{ "LC_*", true },          { "TZ", true },             { "http_proxy", false },   { "https_proxy", false },
	{ "no_proxy", false },     { "all_proxy", false },     { "HTTP_PROXY", false },   { "HTTPS_PROXY", false },
	{ "NO_PROXY", false },     { "ALL_PROXY", false },     { "SSL_CERT_FILE", false }, { "SSL_CERT_DIR", false },
	{ "REQUESTS_CA_BUNDLE", false }, { "CUDA_VISIBLE_DEVICES", true }, { "CUDA_*", false }, { "NVIDIA_*", false },
	{ "NCCL_*", false },       { "HIP_*", false },         { "ROCR_*", false },       { "PYTORCH_*", false },
	{ "OMP_*", true },         { "MKL_*", true },          { "LD_LIBRARY_PATH", true }, { "HF_*", false },
	{ "TORCH_HOME", false },   { "XDG_CACHE_HOME", false }, { "WANDB_*", false },      { "MLFLOW_*", false },
};

static bool matches(const char *pattern, const char *name, size_t n)
{
	size_t p = strlen(pattern);

	if (pattern[p - 1] == '*')
		return n >= p - 1 && memcmp(pattern, name, p - 1) == 0;
	return n == p && memcmp(pattern, name, n) == 0;
}

static const struct allowed *find_allowed(const char *name, size_t n)
{
	for (size_t i = 0; i < ARRAY_LEN(allowed); i++)
		if (matches(allowed[i].name, name, n))
			return &allowed[i];
	return NULL;
}

const char *variable_allowed(size_t i, bool *ret_decides)
{
	if (i >= ARRAY_LEN(allowed))
		return NULL;
	*ret_decides = allowed[i].decides;
	return allowed[i].name;
}

bool variable_secret(const char *name)
{
	static const char *const words[] = { "TOKEN", "KEY", "SECRET", "PASSWORD" };

	for (size_t i = 0; i < ARRAY_LEN(words); i++)
		if (strcasestr(name, words[i]))
			return true;
	return false;
}

void variables_release(struct variables *v)
{
	for (size_t i = 0; i < v->len; i++)
		free(v->v[i]);
	free(v->v);
	*v = (struct variables){ 0 };
}

static void append(struct variables *v, char *owned)
{
	if (v->len + 2 > v->cap) {
		v->cap = v->cap ? v->cap * 2 : 64;
		v->v = mem_array(v->v, v->cap, sizeof *v->v);
	}
	v->v[v->len++] = owned;
	v->v[v->len] = NULL;
}

static bool named(const char *const *names, size_t n, const char *name, size_t len)
{
	for (size_t i = 0; i < n; i++)
		if (matches(names[i], name, len))
			return true;
	return false;
}

bool variable_decides_for(const struct step *s, const char *name, size_t n)
{
	const struct allowed *a;

	if (s && named(s->secrets, s->nsecrets, name, n))
		return false;
	a = find_allowed(name, n);
	return (a && a->decides) || (s && named(s->pass_env, s->npass_env, name, n));
}

void variables_pass(struct variables *v, char *const *env, const struct step *s)
{
	for (; *env; env++) {
		const char *eq = strchr(*env, '=');

		if (!eq || eq == *env)
			continue;
		if (find_allowed(*env, eq - *env) || named(s->pass_env, s->npass_env, *env, eq - *env) ||
		    named(s->secrets, s->nsecrets, *env, eq - *env))
			append(v, mem_strdup(*env));
	}
}

static char **find(const struct variables *v, const char *name)
{
	size_t n = strlen(name);

	for (size_t i = 0; i < v->len; i++)
		if (strncmp(v->v[i], name, n) == 0 && v->v[i][n] == '=')
			return &v->v[i];
	return NULL;
}

void variables_set(struct variables *v, const char *name, const char *value)
{
	char *text = mem_printf("%s=%s", name, value);
	char **old = find(v, name);

	if (old) {
		free(*old);
		*old = text;
	} else {
		append(v, text);
	}
}

const char *variables_get(const struct variables *v, const char *name)
{
	char **p = find(v, name);

	return p ? *p + strlen(name) + 1 : NULL;
}
