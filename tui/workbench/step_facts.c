#include "tui/workbench/step_facts.h"

#include <string.h>
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"
#include "tui/run_text.h"
#include "tui/workbench/run_reads.h"

void step_facts_release(struct step_facts *f)
{
	arena_release(&f->arena);
	*f = (struct step_facts){ 0 };
}

static int load_attempts(struct tracker *t, struct step_facts *f, struct err *e)
{
	struct attempt_row *one;
	int r;

	if (!f->step.reused_attempt)
		return query_step_attempts(t, f->step.id, &f->arena, &f->attempts, e);
	one = arena_new(&f->arena, struct attempt_row);
	r = query_attempt(t, f->step.reused_attempt, &f->arena, one, e);
	f->attempts = (struct attempt_rows){ one, r >= 0 };
	return r;
}

int step_facts_load(struct tracker *t, int64_t run, int64_t step, int64_t attempt, struct step_facts *f, struct err *e)
{
	struct step_facts now = { 0 };
	int r = query_run(t, run, &now.arena, &now.run, e);

	if (r >= 0 && now.run.removed)
		r = err_set(e, ERR_NOT_FOUND, "run %lld was deleted", (long long)run);
	if (r >= 0)
		r = query_step(t, step, &now.arena, &now.step, e);
	if (r >= 0)
		r = load_attempts(t, &now, e);
	if (r < 0) {
		step_facts_release(&now);
		return r;
	}
	for (size_t i = 0; i < now.attempts.len; i++)
		if (now.attempts.v[i].id == attempt || (!attempt && i + 1 == now.attempts.len))
			now.seen = &now.attempts.v[i];
	step_facts_release(f);
	*f = now;
	return 0;
}

static bool none_yet(const struct step_facts *f, struct lines *l)
{
	lines_clear(l);
	if (f->seen)
		return false;
	lines_text(l, ROLE_QUIET, "%s has not begun", f->step.name);
	return true;
}

static void add_artifact(struct lines *l, const struct artifact_row *a)
{
	struct line *line = lines_add(l);
	char size[16], digest[2 * DIGEST_SIZE + 1] = "";

	size_text(a->size, size);
	if (a->has_digest)
		digest_to_hex(&a->digest, digest);
	lines_part(l, line, ROLE_TEXT, "%s", a->path);
	lines_part(l, line, ROLE_QUIET, "%s", size);
	lines_part(l, line, ROLE_QUIET, "%.16s", digest);
	lines_part(l, line, ROLE_QUIET, "%s",
	           a->form == FORM_LINK     ? "outside, by its digest only"
	           : a->form == FORM_FOLDER ? "folder"
	                                    : "");
	line->copy = line->parts[0].text;
}

static void add_role(struct lines *l, const struct artifact_rows *rows, const char *title, unsigned roles)
{
	bool any = false;

	for (size_t i = 0; i < rows->len; i++) {
		if (!(roles & 1u << rows->v[i].role))
			continue;
		if (!any)
			lines_head(l, title);
		any = true;
		add_artifact(l, &rows->v[i]);
	}
}

static void add_paths(struct lines *l, const char *title, const char *const *paths, size_t n)
{
	if (n)
		lines_head(l, title);
	for (size_t i = 0; i < n; i++)
		lines_text(l, ROLE_TEXT, "%s", paths[i]);
}

int step_files(struct tracker *t, const struct step_facts *f, struct lines *l, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct artifact_rows rows;
	struct run_reads reads;
	int r;

	if (none_yet(f, l))
		return 0;
	r = query_attempt_artifacts(t, f->seen->id, &a, &rows, e);
	if (r >= 0)
		r = run_reads_load(t, f->seen->id, &a, &reads, e);
	if (r < 0)
		return r;
	l->right[1] = true;
	add_role(l, &rows, "inputs", 1u << ROLE_IN);
	add_role(l, &rows, "outputs", 1u << ROLE_OUT | 1u << ROLE_METRIC);
	add_role(l, &rows, "logged", 1u << ROLE_LOGGED);
	add_role(l, &rows, "checkpoints", 1u << ROLE_CHECKPOINT);
	if (reads.known && !strcmp(reads.witness, "tree"))
		lines_head(l, "what it read is not known: all of the code decides");
	else
		add_paths(l, "read of the code", reads.files, reads.nfiles);
	add_paths(l, "read outside the project, and not declared", reads.undeclared, reads.nundeclared);
	if (!l->v.len)
		lines_text(l, ROLE_QUIET, "no inputs, no outputs%s",
		           f->seen->state == ATTEMPT_RUNNING ? " yet: outputs are taken when it ends" : "");
	return 0;
}

struct leaf_arg { struct lines *l; };

static void add_leaf(void *arg, const char *dotted, const json_t *leaf)
{
	struct leaf_arg *a = arg;
	struct line *line = lines_add(a->l);
	_buf_ struct buf text = BUF_INIT;

	if (json_is_string(leaf))
		buf_adds(&text, json_string_value(leaf));
	else
		json_canonical(&text, leaf);
	lines_part(a->l, line, ROLE_QUIET, "%s", dotted);
	lines_part(a->l, line, ROLE_TEXT, "%s", text.data);
	line->copy = line->parts[1].text;
}

static void add_leaves(struct lines *l, const char *title, const char *json)
{
	_json_ json_t *v = NULL;
	struct err ignored;

	if (!json || json_parse(json, strlen(json), title, &v, &ignored) < 0)
		return;
	if (json_is_object(v) && !json_object_size(v))
		return;
	lines_head(l, title);
	json_leaves(v, add_leaf, &(struct leaf_arg){ l });
}

int step_env(struct tracker *t, const struct step_facts *f, struct lines *l, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf text = BUF_INIT;
	struct package_rows packages;
	int r;

	if (none_yet(f, l))
		return 0;
	r = query_packages(t, f->seen->id, &a, &packages, e);
	if (r < 0)
		return r;
	if (!f->seen->env_key) {
		lines_text(l, ROLE_QUIET, "no environment is recorded");
		return 0;
	}
	attempt_env_text(&text, f->seen);
	lines_text(l, ROLE_TEXT, "%s", text.data);
	lines_text(l, ROLE_QUIET, "isolation: %s", f->seen->isolation);
	add_leaves(l, "facts", f->seen->env_detail);
	if (packages.len)
		lines_head(l, "packages");
	for (size_t i = 0; i < packages.len; i++) {
		struct line *line = lines_add(l);

		lines_part(l, line, ROLE_TEXT, "%s", packages.v[i].name);
		lines_part(l, line, ROLE_STRONG, "%s", packages.v[i].version);
		lines_part(l, line, ROLE_QUIET, "%s", packages.v[i].source ? packages.v[i].source : "");
		line->copy = arena_printf(&l->arena, "%s==%s", packages.v[i].name, packages.v[i].version);
	}
	return 0;
}

static void add_executed(struct lines *l, const char *json)
{
	_json_ json_t *words = NULL;
	_buf_ struct buf text = BUF_INIT;
	struct err ignored;

	if (!json || json_parse(json, strlen(json), "command", &words, &ignored) < 0)
		return;
	for (size_t i = 0; i < json_array_size(words); i++) {
		const char *word = json_string_value(json_array_get(words, i));

		buf_adds(&text, i ? " " : "");
		text_shell_quote(&text, word ? word : "");
	}
	lines_head(l, "executed");
	lines_text(l, ROLE_TEXT, "%s", text.data);
}

static void add_texts(struct lines *l, enum role role, const char *text)
{
	while (*text) {
		size_t n = strcspn(text, "\n");

		lines_text(l, role, "%.*s", (int)n, text);
		text += n + (text[n] == '\n');
	}
}

static void add_usage(struct lines *l, const struct attempt_usage *u)
{
	const struct {
		const char *name;
		int64_t bytes;
	} sizes[] = {
	        {"peak memory", u->max_rss},
	        {"read", u->read_bytes},
	        {"wrote", u->written_bytes},
	        {"GPU memory", u->gpu_mem},
	};
	char text[16];

	lines_head(l, "used");
	for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
		struct line *line;

		if (sizes[i].bytes < 0)
			continue;
		line = lines_add(l);
		size_text(sizes[i].bytes, text);
		lines_part(l, line, ROLE_QUIET, "%s", sizes[i].name);
		lines_part(l, line, ROLE_TEXT, "%s", text);
	}
	if (u->cpu_us >= 0) {
		struct line *line = lines_add(l);

		lines_part(l, line, ROLE_QUIET, "CPU");
		lines_part(l, line, ROLE_TEXT, "%.1f s", (double)u->cpu_us / US_PER_S);
	}
}

int step_command(struct tracker *t, const struct step_facts *f, struct lines *l, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct pair_rows params;
	int r = query_params(t, f->run.number, &a, &params, e);

	if (r < 0)
		return r;
	lines_clear(l);
	lines_head(l, "command");
	add_texts(l, ROLE_STRONG, f->step.command ? f->step.command : "");
	if (f->seen) {
		add_executed(l, f->seen->command);
		lines_text(l, ROLE_QUIET, "in .jig/%s on %s", f->seen->folder, f->seen->host);
		l->v.v[l->v.len - 1].copy = arena_printf(&l->arena, ".jig/%s", f->seen->folder);
	}
	if (params.len)
		lines_head(l, "params of the run");
	for (size_t i = 0; i < params.len; i++) {
		struct line *line = lines_add(l);

		lines_part(l, line, ROLE_QUIET, "%s", params.v[i].key);
		lines_part(l, line, ROLE_TEXT, "%s", params.v[i].value);
		line->copy = arena_printf(&l->arena, "%s=%s", params.v[i].key, params.v[i].value);
	}
	add_leaves(l, "matrix item", f->step.item);
	add_leaves(l, "declared", f->step.declared);
	if (f->seen && run_state_ended(f->run.state))
		add_usage(l, &f->seen->usage);
	return 0;
}

int step_attempts(const struct step_facts *f, struct lines *l)
{
	if (none_yet(f, l))
		return 0;
	for (size_t i = f->attempts.len; i-- > 0;) {
		const struct attempt_row *a = &f->attempts.v[i];
		const struct word *w = word_of(WORDS_ATTEMPT_STATE, a->state);
		_buf_ struct buf error = BUF_INIT;
		char end[64], took[24], at[24];
		struct line *line = lines_add(l);

		attempt_end_text(a, end);
		attempt_error_text(&error, a);
		attempt_clock(a, time_now(), took);
		local_time_text(a->started, at);
		line->id = a->id;
		lines_part(l, line, ROLE_STRONG, "%s@%d", f->step.name, a->n);
		lines_part(l, line, role_find(w->role), "%s %s%s%s", w->glyph, w->text, *end ? "  " : "", end);
		lines_part(l, line, ROLE_TEXT, "%s", took);
		lines_part(l, line, ROLE_QUIET, "%s", at);
		lines_part(l, line, ROLE_TEXT, "%s", error.data);
		line->copy = arena_printf(&l->arena, ".jig/%s", a->folder);
	}
	l->right[2] = true;
	return 0;
}
