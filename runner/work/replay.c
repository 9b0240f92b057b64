#include "runner/work/replay.h"

#include <string.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"

static bool is_secret(const struct step *s, const char *pair)
{
	size_t n = strcspn(pair, "=");

	for (size_t i = 0; i < s->nsecrets; i++)
		if (strlen(s->secrets[i]) == n && memcmp(s->secrets[i], pair, n) == 0)
			return true;
	return false;
}

/* Paths and variables may hold any bytes, JSON only UTF-8: what is none becomes U+FFFD. */
static void add_text(struct buf *out, const char *s)
{
	static const char hex[] = "0123456789abcdef";
	size_t n = strlen(s), len;

	buf_addc(out, '"');
	for (; n; s += len, n -= len) {
		char utf8[4];
		uint32_t cp;

		len = utf8_decode(s, n, &cp);
		if (cp == '"' || cp == '\\') {
			buf_addc(out, '\\');
			buf_addc(out, (char)cp);
		} else if (cp < 0x20) {
			buf_adds(out, "\\u00");
			buf_addc(out, hex[cp >> 4]);
			buf_addc(out, hex[cp & 15]);
		} else {
			buf_add(out, utf8, utf8_put(cp, utf8));
		}
	}
	buf_addc(out, '"');
}

static void add_member(struct buf *out, const char *key, const char *value)
{
	buf_adds(out, ",\n  ");
	add_text(out, key);
	buf_adds(out, ": ");
	add_text(out, value);
}

/* Written by hand rather than through a tree of values: it is made for every attempt, before anything else can
 * happen. */
static void step_json(struct buf *out, const struct work *w, const struct work_run *r, const struct step *s, int n,
                      const char *uid)
{
	buf_addf(out, "{\n  \"run\": %lld,\n  \"attempt\": %d", (long long)r->number, n);
	add_member(out, "step", s->name);
	add_member(out, "attempt_id", uid);
	buf_addf(out, ",\n  \"argv\": %s", w->command);
	add_member(out, "cwd", w->work);
	add_member(out, "tree", r->tree->id);
	add_member(out, "isolation", isolation_text(isolation_of(r->isolation, w->env)));
	add_member(out, "env_key", w->env->key);
	buf_adds(out, ",\n  \"environment\": {");
	for (size_t i = 0, k = 0; i < w->vars.len; i++) {
		const char *pair = w->vars.v[i];
		const char *eq = strchr(pair, '=');
		char name[256];

		if (is_secret(s, pair) || (size_t)(eq - pair) >= sizeof name)
			continue;
		memcpy(name, pair, eq - pair);
		name[eq - pair] = 0;
		buf_adds(out, k++ ? ",\n    " : "\n    ");
		add_text(out, name);
		buf_adds(out, ": ");
		add_text(out, variable_secret(name) ? "***" : eq + 1);
	}
	buf_adds(out, "\n  },\n  \"inputs\": [");
	for (size_t i = 0; i < w->inputs.len; i++) {
		char hex[DIGEST_HEX + 1];

		digest_to_hex(&w->inputs.v[i].digest, hex);
		buf_adds(out, i ? ",\n    {\"path\": " : "\n    {\"path\": ");
		add_text(out, w->inputs.v[i].path);
		if (w->inputs.v[i].has_digest)
			buf_addf(out, ", \"digest\": \"%s\"", hex);
		buf_addf(out, ", \"size\": %lld}", (long long)w->inputs.v[i].size);
	}
	buf_adds(out, "\n  ]\n}\n");
}

/* A word for the shell in which the folder of the run's TMPDIRs, which is gone by then, is a new one. */
static void add_word(struct buf *out, const char *word, const char *tmp)
{
	const char *at;
	bool found = false;

	for (; (at = strstr(word, tmp)); word = at + strlen(tmp)) {
		_free_ char *before = mem_strndup(word, (size_t)(at - word));

		if (*before)
			text_shell_quote(out, before);
		buf_adds(out, "\"$tmp\"");
		found = true;
	}
	if (*word || !found)
		text_shell_quote(out, word);
}

static void replay_text(struct buf *out, const struct work *w, const struct work_run *r, const struct step *s, int n)
{
	const struct variables *vars = w->wrap == SPAWN_CONTAINER ? &w->client : &w->vars;

	buf_adds(out, "#!/bin/sh\n# Runs ");
	utf8_visible(out, s->name, strlen(s->name), false);
	buf_addf(out, "@%d of run %lld again, where and as it ran.\ncd ", n, (long long)r->number);
	text_shell_quote(out, w->work);
	buf_addf(out,
	         " || exit\ntmp=$(mktemp -d /tmp/jig.XXXXXX) || exit\ntrap 'rm -rf \"$tmp\"' EXIT\nmkdir \"$tmp\"/%s "
	         "|| exit\nenv -i",
	         path_base(w->tmp));
	for (size_t i = 0; i < vars->len; i++) {
		const char *pair = vars->v[i];
		int name = (int)strcspn(pair, "=");
		_free_ char *bare = mem_printf("%.*s", name, pair);

		buf_adds(out, " \\\n\t");
		if (is_secret(s, pair) || variable_secret(bare))
			buf_addf(out, "%s=\"$%s\"", bare, bare);
		else
			add_word(out, pair, r->tmp);
	}
	buf_adds(out, " \\\n\t");
	for (size_t i = 0; w->prefix && w->prefix[i]; i++) {
		add_word(out, w->prefix[i], r->tmp);
		buf_addc(out, ' ');
	}
	for (size_t i = 0; w->argv[i]; i++) {
		if (i)
			buf_addc(out, ' ');
		text_shell_quote(out, w->argv[i]);
	}
	buf_addc(out, '\n');
}

int replay_write(const struct work *w, const struct work_run *r, const struct step *s, int n, const char *uid,
                 struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	_free_ char *json = mem_printf("%s/step.json", w->folder);
	_free_ char *replay = mem_printf("%s/replay", w->folder);
	int err;

	step_json(&text, w, r, s, n, uid);
	err = file_write(json, text.data, text.len, 0644, e);
	if (err < 0)
		return err;
	buf_reset(&text);
	replay_text(&text, w, r, s, n);
	return file_write(replay, text.data, text.len, 0755, e);
}
