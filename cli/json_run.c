#include "cli/json_run.h"

#include <string.h>
#include "base/time.h"
#include "base/utf8.h"
#include "tui/workbench/run_reads.h"

json_t *json_text(const char *s)
{
	if (!s)
		return json_null();
	size_t n = strlen(s);
	if (utf8_valid(s, n))
		return json_stringn_nocheck(s, n);
	_buf_ struct buf text = BUF_INIT;
	while (n) {
		uint32_t cp;
		char bytes[4];
		size_t len = utf8_decode(s, n, &cp);
		buf_add(&text, bytes, utf8_put(cp, bytes));
		s += len;
		n -= len;
	}
	return json_stringn_nocheck(text.data, text.len);
}

static json_t *json_time(int64_t us)
{
	char text[28];
	if (!us)
		return json_null();
	time_iso(us, text);
	return json_string(text);
}

static json_t *json_seconds(int64_t us)
{
	return us < 0 ? json_null() : json_real((double)us / US_PER_S);
}

static json_t *json_known(int64_t v, int64_t unknown)
{
	return v == unknown ? json_null() : json_integer(v);
}

/* Stored JSON text; null where there is none. */
static json_t *json_stored(const char *text, const char *name)
{
	struct err ignored;
	json_t *v;
	return text && json_parse(text, strlen(text), name, &v, &ignored) >= 0 ? v : json_null();
}

static json_t *json_metric(const struct metric_row *m)
{
	json_t *o = json_object();
	json_object_set_new(o, "step", json_text(m->step_name));
	json_object_set_new(o, "key", json_text(m->key));
	json_object_set_new(o, "last", json_number(m->last));
	json_object_set_new(o, "last_step", json_integer(m->last_step));
	json_object_set_new(o, "min", json_number(m->min));
	json_object_set_new(o, "max", json_number(m->max));
	json_object_set_new(o, "count", json_integer(m->count));
	return o;
}

static json_t *json_artifact(const struct artifact_row *a)
{
	char hex[DIGEST_HEX + 1];
	json_t *o = json_object();
	if (a->has_digest)
		digest_to_hex(&a->digest, hex);
	json_object_set_new(o, "path", json_text(a->path));
	json_object_set_new(o, "digest", a->has_digest ? json_string(hex) : json_null());
	json_object_set_new(o, "size", json_integer(a->size));
	json_object_set_new(o, "form", json_string(word_of(WORDS_FORM, a->form)->text));
	return o;
}

static json_t *json_error(const struct attempt_row *a)
{
	if (!a->error_file && !a->error_message)
		return json_null();
	json_t *o = json_object();
	json_object_set_new(o, "file", json_text(a->error_file));
	json_object_set_new(o, "line", a->error_file ? json_integer(a->error_line) : json_null());
	json_object_set_new(o, "message", json_text(a->error_message));
	return o;
}

static json_t *json_env(const struct attempt_row *a)
{
	if (!a->env_key)
		return json_null();
	_json_ json_t *detail = json_stored(a->env_detail, "env");
	json_t *o = json_object();
	json_object_set_new(o, "key", json_text(a->env_key));
	json_object_set_new(o, "grade", json_text(a->env_grade));
	json_object_set_new(o, "kind", json_text(a->env_kind));
	json_object_set_new(o, "source", json_text(json_string_value(json_object_get(detail, "source"))));
	json_object_set_new(o, "packages", json_null());
	return o;
}

static json_t *json_usage(const struct attempt_usage *u)
{
	json_t *o = json_object();
	json_object_set_new(o, "max_rss", json_known(u->max_rss, -1));
	json_object_set_new(o, "cpu_seconds", json_seconds(u->cpu_us));
	json_object_set_new(o, "read_bytes", json_known(u->read_bytes, -1));
	json_object_set_new(o, "written_bytes", json_known(u->written_bytes, -1));
	json_object_set_new(o, "gpu_memory", json_known(u->gpu_mem, -1));
	return o;
}

static json_t *json_attempt(const struct attempt_row *a)
{
	json_t *o = json_object();
	json_object_set_new(o, "attempt", json_integer(a->n));
	json_object_set_new(o, "state", json_string(attempt_state_text(a->state)));
	json_object_set_new(o, "cause", a->cause == CAUSE_NONE ? json_null() : json_string(cause_text(a->cause)));
	json_object_set_new(o, "exit", json_known(a->exit_status, -1));
	json_object_set_new(o, "signal", json_known(a->signal, 0));
	json_object_set_new(o, "started", json_time(a->started));
	json_object_set_new(o, "ended", json_time(a->ended));
	json_object_set_new(o, "seconds", json_seconds(a->elapsed_us));
	json_object_set_new(o, "error", json_error(a));
	json_object_set_new(o, "isolation", json_text(a->isolation));
	json_object_set_new(o, "env", json_env(a));
	json_object_set_new(o, "usage", json_usage(&a->usage));
	json_object_set_new(o, "folder", json_text(a->folder));
	json_object_set_new(o, "command", json_stored(a->command, "command"));
	json_object_set_new(o, "host", json_text(a->host));
	json_object_set_new(o, "uid", json_text(a->uid));
	json_object_set_new(o, "continued", json_null());
	return o;
}

static json_t *json_needs(const struct run_data *d, const struct step_row *s)
{
	json_t *list = json_array();
	for (size_t i = 0; i < s->nneeds; i++) {
		const struct step_row *n = run_data_step(d, s->needs[i]);
		if (n)
			json_array_append_new(list, json_text(n->name));
	}
	return list;
}

static json_t *json_artifacts(const struct run_data *d, const struct step_row *s, unsigned roles)
{
	json_t *list = json_array();
	const struct attempt_row *a = run_data_attempt(d, s);
	for (size_t i = 0; a && i < d->artifacts.len; i++) {
		const struct artifact_row *f = &d->artifacts.v[i];
		if (f->step == s->id && f->attempt == a->id && (roles & 1u << f->role))
			json_array_append_new(list, json_artifact(f));
	}
	return list;
}

int json_run_packages(struct tracker *t, struct run_data *d, const struct step_row *s, json_t *step, struct err *e)
{
	json_t *attempts = json_object_get(step, "attempts");
	size_t n = 0;
	for (size_t i = 0; i < d->attempts.len; i++) {
		struct package_rows rows;
		if (d->attempts.v[i].step != s->id)
			continue;
		json_t *env = json_object_get(json_array_get(attempts, n++), "env");
		int r = query_packages(t, d->attempts.v[i].id, &d->arena, &rows, e);
		if (r < 0)
			return r;
		if (!json_is_object(env))
			continue;
		json_t *list = json_array();
		for (size_t k = 0; k < rows.len; k++) {
			json_t *o = json_object();
			json_object_set_new(o, "name", json_text(rows.v[k].name));
			json_object_set_new(o, "version", json_text(rows.v[k].version));
			json_object_set_new(o, "source", json_text(rows.v[k].source));
			json_array_append_new(list, o);
		}
		json_object_set_new(env, "packages", list);
	}
	return 0;
}

static json_t *json_paths(const char *const *v, size_t n)
{
	json_t *list = json_array();
	for (size_t i = 0; i < n; i++)
		json_array_append_new(list, json_text(v[i]));
	return list;
}

static void set_reads(json_t *step, const struct run_reads *reads)
{
	if (!reads->known)
		return;
	if (strcmp(reads->witness, "tree"))
		json_object_set_new(step, "reads", json_paths(reads->files, reads->nfiles));
	json_object_set_new(step, "undeclared", json_paths(reads->undeclared, reads->nundeclared));
	json_object_set_new(step, "lookups", json_integer((json_int_t)reads->lookups));
	json_object_set_new(step, "witness", json_string(reads->witness));
}

/* What it was handed. */
static json_t *json_checkpoint(const struct run_data *d, const struct attempt_row *a)
{
	for (size_t i = 0; i < d->artifacts.len; i++)
		if (d->artifacts.v[i].role == ROLE_CHECKPOINT && d->artifacts.v[i].attempt == a->id)
			return json_artifact(&d->artifacts.v[i]);
	return json_null();
}

int json_run_reads(struct tracker *t, struct run_data *d, const struct step_row *s, json_t *step, struct err *e)
{
	json_t *attempts = json_object_get(step, "attempts");
	const struct attempt_row *counts = run_data_attempt(d, s);
	size_t n = 0;
	for (size_t i = 0; i < d->attempts.len; i++) {
		const struct attempt_row *a = &d->attempts.v[i];
		struct run_reads reads;
		if (a->step != s->id && a != counts)
			continue;
		int r = run_reads_load(t, a->id, &d->arena, &reads, e);
		if (r < 0)
			return r;
		if (a == counts)
			set_reads(step, &reads);
		if (a->step != s->id)
			continue;
		json_t *one = json_array_get(attempts, n++);
		if (reads.continued.id)
			json_object_set_new(one, "continued",
			                    json_pack("{s:I, s:o, s:i, s:o}", "run", (json_int_t)reads.continued.run,
			                              "step", json_text(reads.continued.name), "attempt",
			                              reads.continued.n, "checkpoint", json_checkpoint(d, a)));
	}
	return 0;
}

json_t *json_run_step(const struct run_data *d, const struct step_row *s)
{
	json_t *o = json_object(), *reused = json_null(), *attempts = json_array();
	const struct attempt_row *counts = run_data_attempt(d, s);
	if (s->reused_attempt) {
		reused = json_object();
		json_object_set_new(reused, "run", json_integer(s->reused_run));
		json_object_set_new(reused, "attempt", json_integer(s->reused_n));
	}
	for (size_t i = 0; i < d->attempts.len; i++)
		if (d->attempts.v[i].step == s->id)
			json_array_append_new(attempts, json_attempt(&d->attempts.v[i]));
	json_object_set_new(o, "step", json_text(s->name));
	json_object_set_new(o, "state", json_string(step_state_text(s->state)));
	json_object_set_new(o, "reason", json_text(s->reason));
	json_object_set_new(o, "needs", json_needs(d, s));
	json_object_set_new(o, "reused", reused);
	json_object_set_new(o, "seconds", counts ? json_seconds(counts->elapsed_us) : json_null());
	json_object_set_new(o, "attempts", attempts);
	json_object_set_new(o, "inputs", json_artifacts(d, s, 1u << ROLE_IN));
	json_object_set_new(o, "outputs", json_artifacts(d, s, 1u << ROLE_OUT | 1u << ROLE_METRIC));
	json_object_set_new(o, "logged", json_artifacts(d, s, 1u << ROLE_LOGGED));
	json_object_set_new(o, "reads", json_null());
	json_object_set_new(o, "undeclared", json_null());
	json_object_set_new(o, "lookups", json_null());
	json_object_set_new(o, "witness", json_null());
	json_object_set_new(o, "command", json_text(s->command));
	json_object_set_new(o, "matrix", json_stored(s->item, "matrix"));
	return o;
}

static json_t *json_code(const struct run_row *r)
{
	json_t *o = json_object();
	json_object_set_new(o, "commit", json_text(r->commit));
	json_object_set_new(o, "branch", json_text(r->branch));
	json_object_set_new(o, "dirty", r->dirty < 0 ? json_null() : json_boolean(r->dirty));
	json_object_set_new(o, "snapshot", json_text(r->snapshot));
	json_object_set_new(o, "remote", json_text(r->remote));
	return o;
}

json_t *json_run(const struct run_data *d, bool steps)
{
	const struct run_row *r = &d->row;
	json_t *o = json_object(), *tags = json_object(), *metrics = json_array();
	for (size_t i = 0; i < d->tags.len; i++)
		json_object_set_new_nocheck(tags, d->tags.v[i].key, json_text(d->tags.v[i].value));
	for (size_t i = 0; i < d->metrics.len; i++)
		json_array_append_new(metrics, json_metric(&d->metrics.v[i]));
	json_object_set_new(o, "run", json_integer(r->number));
	json_object_set_new(o, "uid", json_text(r->uid));
	json_object_set_new(o, "name", json_text(r->name));
	json_object_set_new(o, "pipeline", json_text(r->pipeline));
	json_object_set_new(o, "state", json_string(run_state_text(r->state)));
	json_object_set_new(o, "kind", json_string(word_of(WORDS_KIND, r->kind)->text));
	json_object_set_new(o, "origin", json_known(r->origin, 0));
	json_object_set_new(o, "sweep", json_known(r->sweep, 0));
	json_object_set_new(o, "created", json_time(r->created));
	json_object_set_new(o, "started", json_time(r->started));
	json_object_set_new(o, "ended", json_time(r->ended));
	json_object_set_new(o, "seconds", json_seconds(r->elapsed_us));
	json_object_set_new(o, "exit", json_known(r->exit_status, -1));
	json_object_set_new(o, "host", json_text(r->host));
	json_object_set_new(o, "user", json_text(r->user));
	json_object_set_new(o, "argv", json_stored(r->argv, "argv"));
	json_object_set_new(o, "code", json_code(r));
	json_object_set_new(o, "params", json_stored(r->params, "params"));
	json_object_set_new(o, "tags", tags);
	json_object_set_new(o, "note", json_text(r->note));
	json_object_set_new(o, "unpinned", json_boolean(r->unpinned));
	json_object_set_new(o, "metrics", metrics);
	if (!steps)
		return o;
	json_t *list = json_array();
	for (size_t i = 0; i < d->steps.len; i++)
		json_array_append_new(list, json_run_step(d, &d->steps.v[i]));
	json_object_set_new(o, "steps", list);
	return o;
}
