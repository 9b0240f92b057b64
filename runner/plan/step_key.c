#include "runner/plan/step_key.h"

#include <sys/stat.h>
#include "base/json.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "runner/pipeline/command.h"
#include "runner/pipeline/variables.h"

/* Facts being written: keys in the order of their bytes, as canonical JSON has them. */
struct writer {
	const struct step_key_options *o;
	const struct step *step;
	struct arena arena;
	struct buf text;
	size_t inputs_at, inputs_end; /* what the form leaves out, with the comma behind it; equal: nothing */
};

static void writer_release(struct writer *w)
{
	arena_release(&w->arena);
	buf_release(&w->text);
}

void step_key_release(struct step_key *k)
{
	free(k->facts);
	free(k->text);
	*k = (struct step_key){ 0 };
}

/* Names on the disk are bytes; JSON holds UTF-8 only. A byte that is none becomes U+FFFD and its two hex digits, U+FFFD
 * itself is doubled, so that different names stay different. */
static const char *text_of(struct arena *a, const char *s)
{
	static const char mark[] = "\xef\xbf\xbd";
	size_t n = strlen(s), step;
	_buf_ struct buf out = BUF_INIT;

	if (utf8_valid(s, n) && !strstr(s, mark))
		return s;
	for (size_t i = 0; i < n; i += step) {
		uint32_t cp;

		step = utf8_decode(s + i, n - i, &cp);
		if (cp != 0xfffd)
			buf_add(&out, s + i, step);
		else if (step == 1)
			buf_addf(&out, "%s%02x", mark, (unsigned char)s[i]);
		else
			buf_addf(&out, "%s%s", mark, mark);
	}
	return arena_strdup(a, out.data);
}

static void add_text(struct writer *w, const char *s)
{
	const char *text = text_of(&w->arena, s);

	json_string_text(&w->text, text, strlen(text));
}

static void add_key(struct writer *w, const char *key)
{
	if (w->text.len > 1)
		buf_addc(&w->text, ',');
	buf_addc(&w->text, '"');
	buf_adds(&w->text, key);
	buf_add(&w->text, "\":", 2);
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* A list of texts, sorted and each once; nothing when it is empty. */
static void add_set(struct writer *w, const char *key, const char **v, size_t n)
{
	if (!n)
		return;
	if (n > 1)
		qsort(v, n, sizeof *v, by_text);
	add_key(w, key);
	buf_addc(&w->text, '[');
	for (size_t i = 0; i < n; i++) {
		if (i && strcmp(v[i], v[i - 1]) == 0)
			continue;
		if (i)
			buf_addc(&w->text, ',');
		add_text(w, v[i]);
	}
	buf_addc(&w->text, ']');
}

static void add_code(struct writer *w)
{
	const char **v = arena_array(&w->arena, const char *, w->step->ncode);

	for (size_t i = 0; i < w->step->ncode; i++)
		v[i] = w->step->code[i];
	add_set(w, "code", v, w->step->ncode);
}

static void add_outputs(struct writer *w)
{
	const struct step *s = w->step;
	const char **v = arena_array(&w->arena, const char *, s->noutputs),
	           **metrics = arena_array(&w->arena, const char *, s->noutputs);
	size_t n = 0;

	for (size_t i = 0; i < s->noutputs; i++) {
		v[i] = s->outputs[i].folder ? arena_printf(&w->arena, "%s/", s->outputs[i].path) : s->outputs[i].path;
		if (s->outputs[i].metrics)
			metrics[n++] = v[i];
	}
	/* Only of these the values are in the record. */
	add_set(w, "metrics", metrics, n);
	add_set(w, "outputs", v, s->noutputs);
}

static int add_command(struct writer *w, struct err *e)
{
	char *const *argv = w->o->argv;

	if (!argv) {
		struct subst sub = {.params = w->o->pipeline->params,
		                    .matrix = w->step->item,
		                    .step_name = w->step->name,
		                    .step_attempt = 1};
		const char **made;
		int r = command_argv(w->step, &sub, &w->arena, &made, e);

		if (r < 0)
			return err_prefix(e, "step \"%s\"", w->step->name);
		argv = (char *const *)made;
	}
	add_key(w, "command");
	buf_addc(&w->text, '[');
	for (size_t i = 0; argv[i]; i++) {
		if (i)
			buf_addc(&w->text, ',');
		add_text(w, argv[i]);
	}
	buf_addc(&w->text, ']');
	return 0;
}

/* fact NULL: a URL. */
struct input { const char *path; const struct fact *fact; };

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct input *)a)->path, ((const struct input *)b)->path);
}

static void add_input(struct writer *w, const struct input *in)
{
	const struct fact *f = in->fact;
	char hex[DIGEST_HEX + 1];

	buf_addc(&w->text, '[');
	add_text(w, in->path);
	buf_addc(&w->text, ',');
	if (!f) {
		buf_adds(&w->text, "\"url\",\"url\"]");
		return;
	}
	buf_addc(&w->text, '"');
	buf_adds(&w->text, word_of(WORDS_FORM, f->form)->text);
	/* Of its mode a step sees as much as of the code's. */
	if (f->form == FORM_FILE && f->mode & S_IXUSR)
		buf_adds(&w->text, " x");
	buf_adds(&w->text, "\",\"");
	if (f->has_digest) {
		digest_to_hex(&f->digest, hex);
		buf_add(&w->text, hex, DIGEST_HEX);
	} else {
		buf_addf(&w->text, "%lld:%lld", (long long)f->size, (long long)f->mtime);
	}
	buf_adds(&w->text, "\"]");
}

static void add_inputs(struct writer *w)
{
	const struct facts *handed = w->o->inputs;
	const struct step *s = w->step;
	struct input *v;
	size_t n = 0;
	bool first = true;

	if (!handed)
		return;
	v = arena_array(&w->arena, struct input, handed->len + s->ninputs);
	for (size_t i = 0; i < handed->len; i++)
		v[n++] = (struct input){ handed->v[i].path, &handed->v[i] };
	for (size_t i = 0; i < s->ninputs; i++)
		if (s->inputs[i].kind == INPUT_URL)
			v[n++] = (struct input){ s->inputs[i].path, NULL };
	if (n > 1)
		qsort(v, n, sizeof *v, by_path);
	add_key(w, "inputs");
	w->inputs_at = w->text.len - strlen("\"inputs\":");
	buf_addc(&w->text, '[');
	for (size_t i = 0; i < n; i++) {
		if (i && strcmp(v[i].path, v[i - 1].path) == 0)
			continue;
		if (!first)
			buf_addc(&w->text, ',');
		first = false;
		add_input(w, &v[i]);
	}
	buf_addc(&w->text, ']');
	w->inputs_end = w->text.len + 1;
}

static void add_params(struct writer *w)
{
	const struct step *s = w->step;
	const json_t *params = w->o->pipeline->params;
	bool any = false;

	for (size_t i = 0; i < s->nparams_named; i++) {
		const json_t *v = json_path_get(params, s->params_named[i]);

		if (!v || (i && strcmp(s->params_named[i], s->params_named[i - 1]) == 0))
			continue;
		if (any) {
			buf_addc(&w->text, ',');
		} else {
			add_key(w, "params");
			buf_addc(&w->text, '{');
		}
		any = true;
		add_text(w, s->params_named[i]);
		buf_addc(&w->text, ':');
		json_canonical(&w->text, v);
	}
	if (any)
		buf_addc(&w->text, '}');
}

struct variable { const char *name, *value; size_t at; };

static int by_name(const void *a, const void *b)
{
	const struct variable *x = a, *y = b;
	int c = strcmp(x->name, y->name);

	return c ? c : x->at < y->at ? -1 : x->at > y->at;
}

/* s NULL: those that decide for every step. Nothing when there are none. */
static void variables_text(struct buf *out, char *const *env, const struct step *s)
{
	struct arena a = ARENA_INIT;
	VEC(struct variable) found = { 0 };

	for (size_t i = 0; env && env[i]; i++) {
		const char *eq = strchr(env[i], '=');

		if (eq && eq != env[i] && variable_decides_for(s, env[i], (size_t)(eq - env[i])))
			vec_push(&found,
			         (struct variable){text_of(&a, arena_strndup(&a, env[i], (size_t)(eq - env[i]))),
			                           eq + 1, i});
	}
	if (found.len > 1)
		qsort(found.v, found.len, sizeof *found.v, by_name);
	for (size_t i = 0; i < found.len; i++) {
		const struct variable *v = &found.v[i];
		char hex[DIGEST_HEX + 1];
		struct digest d;

		/* What getenv finds is the first of two. */
		if (i && strcmp(v->name, v[-1].name) == 0)
			continue;
		buf_addc(out, i ? ',' : '{');
		json_string_text(out, v->name, strlen(v->name));
		sha256_bytes(v->value, strlen(v->value), &d);
		digest_to_hex(&d, hex);
		buf_adds(out, ":\"");
		buf_add(out, hex, 16);
		buf_addc(out, '"');
	}
	if (found.len)
		buf_addc(out, '}');
	vec_release(&found);
	arena_release(&a);
}

char *step_key_variables(char *const *env)
{
	_buf_ struct buf out = BUF_INIT;

	variables_text(&out, env, NULL);
	return mem_strndup(out.data, out.len);
}

static void add_variables(struct writer *w)
{
	const struct step *s = w->step;
	const char *text = !s->npass_env && !s->nsecrets ? w->o->variables : NULL;
	_buf_ struct buf made = BUF_INIT;

	if (!text) {
		variables_text(&made, w->o->environ, s);
		text = made.data;
	}
	if (!*text)
		return;
	add_key(w, "variables");
	buf_adds(&w->text, text);
}

static void find_never(const struct step *s, struct step_key *k)
{
	if (!s->cache) {
		k->never = "cache is false";
		return;
	}
	for (size_t i = 0; i < s->ninputs && !k->never; i++)
		if (s->inputs[i].kind == INPUT_URL)
			k->never = k->text = mem_printf("input %s cannot be checked", s->inputs[i].path);
}

int step_key(const struct step_key_options *o, struct step_key *ret, struct err *e)
{
	_cleanup_(writer_release) struct writer w = { .o = o, .step = &o->pipeline->steps[o->step], .text = BUF_INIT };
	struct step_key k = { 0 };
	int r;

	buf_reserve(&w.text, 500);
	buf_addc(&w.text, '{');
	add_code(&w);
	if ((r = add_command(&w, e)) < 0)
		return r;
	if (o->env_key) {
		add_key(&w, "env");
		add_text(&w, o->env_key);
	}
	add_inputs(&w);
	if (w.step->item) {
		add_key(&w, "item");
		json_canonical(&w.text, w.step->item);
	}
	add_outputs(&w);
	add_params(&w);
	add_key(&w, "shell");
	buf_adds(&w.text, w.step->shell ? "true" : "false");
	add_variables(&w);
	buf_addc(&w.text, '}');

	if (o->inputs) {
		_buf_ struct buf form = BUF_INIT;

		sha256_bytes(w.text.data, w.text.len, &k.key);
		buf_add(&form, w.text.data, w.inputs_at);
		buf_adds(&form, w.text.data + w.inputs_end);
		sha256_bytes(form.data, form.len, &k.form);
	} else {
		sha256_bytes(w.text.data, w.text.len, &k.form);
	}
	k.facts = buf_steal(&w.text);
	find_never(w.step, &k);
	*ret = k;
	return 0;
}
