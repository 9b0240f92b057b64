/* How the project of the golden screens is made: a clock that is set, steps described by a word each, and what attempts
 * leave behind. Included by gen_screens.c alone. */
#ifndef TESTS_LIB_SCREENS_MAKE_H
#define TESTS_LIB_SCREENS_MAKE_H

#include <inttypes.h>
#include "runner/code/code.h"
#include "runner/log/log.h"
#include "runner/work/project.h"
#include "tests/lib/put_whole.h"
#include "tests/lib/record_make.h"

#define MINUTE (60 * US_PER_S)
#define HOUR (60 * MINUTE)
#define DAY (24 * HOUR)
#define SCREENS_NOW INT64_C(1795257720000000) /* 2026-11-21T10:42:00Z: what scripts set with :clock */

struct scene {
	struct project project;
	struct tracker *t;
	struct store *store;
	int64_t env, newer_env;
	char tree[3][41]; /* snapshots: as at first, with another lib/features.py, with a third */
	struct {
		char *name;
		int64_t attempt, run;
	} done[512]; /* the newest success of each step */
	size_t ndone;
};

/* One step of a made run. how is a word: success, reused, failed, timeout, oom, signal, running, queued, pending,
 * retrying, stopped, skipped, upstream, lost; retried: a failed attempt came before. */
struct made_step {
	const char *name, *base, *item, *how;
	int needs[8], nneeds; /* ranks */
	int64_t begun, took;  /* µs after the run's start */
	bool retried;
	const char *error_file, *error;
	int error_line;
};
struct made_run {
	const char *name, *pipeline, *params, *tags, *note; /* params: JSON; tags: "k=v k=v" */
	int64_t ago, took;                                  /* µs before now; −1: live still */
	enum run_state state;
	enum run_kind kind;
	int64_t origin, sweep;
	int code; /* which snapshot */
	bool dirty;
	const struct made_step *steps;
	int nsteps;
};
/* What a test wants to add while an attempt is made: its log, its points, its files. */
struct at {
	struct scene *s;
	const struct made_run *run;
	const struct made_step *step;
	int64_t number, step_id, attempt, begun, ended; /* ended 0: under way */
	int n;
	char *folder; /* absolute */
	bool good;
};
typedef void fill_fn(struct at *a);

static char *step_folder(const char *name, int64_t run, int n)
{
	char *folder = mem_printf("runs/%" PRId64 "/%s@%d", run, name, n);
	char *open = strchr(folder, '['), *close = strrchr(folder, ']');

	if (open && close) {
		*open = '+';
		memmove(close, close + 1, strlen(close));
	}
	return folder;
}

static const char *done_before(struct scene *s, const char *name, int64_t *ret_attempt, int64_t *ret_run)
{
	for (size_t i = s->ndone; i-- > 0;)
		if (!strcmp(s->done[i].name, name)) {
			*ret_attempt = s->done[i].attempt;
			*ret_run = s->done[i].run;
			return name;
		}
	return NULL;
}

static void write_file(const char *folder, const char *name, const char *text, size_t n)
{
	_free_ char *path = path_join(folder, name);

	must(file_mkdirs_parent(path, 0755, &make_err));
	must(file_write_atomic(path, text, n, 0644, &make_err));
}

static void points_at(struct at *a, const char *key, const double *v, size_t n, int64_t apart)
{
	struct point *p = mem_array(NULL, n, sizeof *p);
	int64_t id;

	for (size_t i = 0; i < n; i++)
		p[i] = (struct point){(int64_t)i, a->begun + (int64_t)(i + 1) * apart, v[i]};
	must(series_open(a->s->t, a->number, a->step_id, a->attempt, key, &id, &make_err));
	must(series_add(a->s->t, id, p, n, &make_err));
	free(p);
}

static void value_at(struct at *a, const char *key, double v)
{
	points_at(a, key, &v, 1, US_PER_S);
}

/* size 0: that of the text; else the text as often as it goes in. */
static void artifact_at(struct at *a, enum artifact_role role, enum artifact_form form, const char *path,
                        const char *text, int64_t size)
{
	_buf_ struct buf bytes = BUF_INIT;
	struct digest d;

	do
		buf_adds(&bytes, text);
	while (form == FORM_FILE && (int64_t)bytes.len < size);
	if (form == FORM_FILE && size)
		buf_cut(&bytes, (size_t)size);
	sha256_bytes(bytes.data, bytes.len, &d);
	if (form == FORM_FILE && role != ROLE_CHECKPOINT)
		must(put_whole(a->s->store, bytes.data, bytes.len, &d, &make_err));
	must(artifact_add(a->s->t,
	                  &(struct artifact_new){a->number, a->step_id, a->attempt, role, form, path, &d,
	                                         size ? size : (int64_t)bytes.len,
	                                         form == FORM_LINK ? SCREENS_NOW - 30 * DAY : 0, 0644},
	                  &make_err));
}

/* What the step looked up. */
static int64_t looked_up(struct scene *s, const char *base)
{
	_free_ char *script = mem_printf("%s.py", base);
	struct trace_row rows[] = {
	        {.kind = TRACE_OUTSIDE, .path = "/srv/penguins/raw.csv", .mode = 0100000, .size = 13400, .mtime = 34},
	        {.kind = TRACE_NOTHING, .path = "lib/extra.py"},
	        {.kind = TRACE_PYTHON, .path = "lib/features.py", .digest = {1, 2}, .digest_len = 32, .mode = 0100644},
	        {.kind = TRACE_PYTHON, .path = script, .digest = {3, 4}, .digest_len = 32, .mode = 0100644},
	};
	bool reads_lib = strcmp(base, "fetch") != 0, sorted = strcmp(script, "lib/") > 0;
	struct trace_row early[] = {rows[0], rows[3], rows[1], rows[2]};
	int64_t set;

	if (!reads_lib)
		must(trace_record(s->t, &rows[3], 1, &set, &make_err));
	else
		must(trace_record(s->t, sorted ? rows : early, 4, &set, &make_err));
	return set;
}

static double unit(uint64_t a, uint64_t b)
{
	uint64_t x = a * 0x9e3779b97f4a7c15u + b * 0xd1b54a32d192ed03u + 0x8cb92ba72f3d8dd7u;

	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	x = (x ^ (x >> 32)) * 0xd6e8feb86659fd93u;
	return (double)((x ^ (x >> 32)) >> 11) / 9007199254740992.0;
}

static void samples_at(struct at *a, int64_t rss)
{
	int64_t took = (a->ended ? a->ended : SCREENS_NOW) - a->begun,
	        apart = took / 60 > US_PER_S ? took / 60 : US_PER_S;
	int64_t cpu = 0;

	for (int64_t at = apart, i = 0; at < took; at += apart, i++) {
		double u = unit((uint64_t)a->attempt, (uint64_t)i);

		cpu += (int64_t)((double)apart * (1.1 + 0.9 * u));
		must(sample_add(a->s->t, a->attempt,
		                &(struct sample){a->begun + at, cpu, rss - rss / 3 + (int64_t)((double)rss / 3 * u),
		                                 1000000 + i * 40000, i * 9000, -1, NAN, 2 + i % 3},
		                &make_err));
	}
}

static void attempt_of(struct scene *s, const struct made_run *run, const struct made_step *m, int64_t number,
                       int64_t step_id, int n, int64_t begun, int64_t ended, const char *how, bool last, fill_fn *fill)
{
	_free_ char *rel = step_folder(m->name, number, n), *folder = path_join(s->project.jig, rel);
	_free_ char *command = mem_printf("[\"sh\",\"-euc\",\"python3 %s.py\"]", m->base);
	bool good = !strcmp(how, "success"), live = !strcmp(how, "running"), stopped = !strcmp(how, "stopped"),
	     lost = !strcmp(how, "lost");
	struct at a = {s, run, m, number, step_id, 0, begun, live || lost ? 0 : ended, n, folder, good};
	char uid[ULID_LEN + 1];

	time_pin(begun);
	ulid_make(begun, uid);
	must(attempt_begin(s->t,
	                   &(struct attempt_new){.run = number,
	                                         .step = step_id,
	                                         .uid = uid,
	                                         .n = n,
	                                         .command = command,
	                                         .folder = rel,
	                                         .isolation = "sandbox",
	                                         .env = run->code == 2 ? s->newer_env : s->env,
	                                         .host = "host",
	                                         .reason = run->code == 1 ? "run: lib/features.py changed (+5 −2)"
	                                                   : run->kind == KIND_RESTART ? "run: asked for"
	                                                   : run->origin               ? "run: never finished"
	                                                   : run->sweep ? "run: param train.lr 0.1 → 0.3"
	                                                                : "run: never finished",
	                                         .started = begun,
	                                         .pid = 4000 + number,
	                                         .pid_start = 1000},
	                   &a.attempt, &make_err));
	must(file_mkdirs(folder, 0755, &make_err));
	fill(&a);
	if (live || lost)
		return;
	time_pin(ended);
	must(attempt_end(
	        s->t, number, step_id, a.attempt,
	        &(struct attempt_result){.state = good      ? ATTEMPT_SUCCESS
	                                          : stopped ? ATTEMPT_STOPPED
	                                                    : ATTEMPT_FAILED,
	                                 .cause = good                      ? CAUSE_NONE
	                                          : stopped                 ? CAUSE_STOPPED
	                                          : !strcmp(how, "timeout") ? CAUSE_TIMEOUT
	                                          : !strcmp(how, "oom")     ? CAUSE_OOM
	                                          : !strcmp(how, "signal")  ? CAUSE_SIGNAL
	                                                                    : CAUSE_EXIT,
	                                 .exit_status = good                                                 ? 0
	                                                : !strcmp(how, "failed") || !strcmp(how, "retrying") ? 1
	                                                                                                     : -1,
	                                 .signal = !strcmp(how, "signal") ? 11
	                                           : !strcmp(how, "oom")  ? 9
	                                           : stopped              ? 15
	                                                                  : 0,
	                                 .error_file = good ? NULL : m->error_file,
	                                 .error_line = good ? 0 : m->error_line,
	                                 .error_message = good ? NULL : m->error,
	                                 .ended = ended,
	                                 .elapsed_us = ended - begun,
	                                 .usage = {612 << 20, (ended - begun) * 19 / 10, 41 << 20, 3 << 20, -1},
	                                 .step_state = good                              ? STEP_SUCCESS
	                                               : stopped                         ? STEP_STOPPED
	                                               : last && strcmp(how, "retrying") ? STEP_FAILED
	                                                                                 : STEP_RETRYING,
	                                 .trace = good ? looked_up(s, m->base) : 0},
	        &make_err));
	if (good && s->ndone < ARRAY_LEN(s->done)) {
		s->done[s->ndone].name = mem_strdup(m->name);
		s->done[s->ndone].attempt = a.attempt;
		s->done[s->ndone++].run = number;
	}
}

static void tags_of(struct scene *s, int64_t number, const char *tags)
{
	_free_ char *copy = mem_strdup(tags ? tags : "");
	char *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *value = strchr(word, '=');

		*value++ = '\0';
		must(run_tag(s->t, number, word, value, &make_err));
	}
}

static void step_of(struct scene *s, const struct made_run *run, const struct made_step *m, int64_t number, int64_t id,
                    int64_t started, fill_fn *fill)
{
	int64_t begun = started + m->begun, ended = begun + m->took, attempt, from;

	if (!strcmp(m->how, "pending"))
		return;
	if (!strcmp(m->how, "queued") || !strcmp(m->how, "skipped") || !strcmp(m->how, "upstream")) {
		must(step_move(s->t, number, &id, 1,
		               *m->how == 'q'   ? STEP_QUEUED
		               : *m->how == 's' ? STEP_SKIPPED
		                                : STEP_UPSTREAM_FAILED,
		               NULL, &make_err));
		return;
	}
	if (!strcmp(m->how, "reused") && done_before(s, m->name, &attempt, &from)) {
		_free_ char *reason = mem_printf("reuse: same as %s@1 of run %" PRId64, m->name, from);

		must(step_reuse(s->t, number, &(struct step_reuse){id, attempt, reason}, 1, &make_err));
		return;
	}
	if (m->retried)
		attempt_of(s, run, m, number, id, 1, begun, begun + m->took / 3, "failed", false, fill);
	attempt_of(s, run, m, number, id, m->retried ? 2 : 1, m->retried ? begun + m->took / 2 : begun, ended, m->how,
	           true, fill);
}

/* Steps are made in the order in which they begin, so that the record's events are. */
static int64_t run_of(struct scene *s, const struct made_run *m, fill_fn *fill)
{
	static const char pipeline_text[] = "pipeline: penguins\nsteps: {}\n";
	_json_ json_t *params = json_loads(m->params ? m->params : "{}", 0, NULL),
	              *argv = json_pack("[s,s]", "jig", "run"), *options = json_pack("{s:s}", "isolation", "sandbox");
	int64_t started = SCREENS_NOW - m->ago, number, *ids = mem_array(NULL, (size_t)m->nsteps, sizeof *ids),
	        took = m->took;
	static const char *const commits[] = {"4f2a9c1be05d3a7768f0c1d2e3b4a5968778695a",
	                                      "4f2a9c1be05d3a7768f0c1d2e3b4a5968778695a",
	                                      "b7e01d24c95f6a3811d2c3b4a5968778695a0f1e"};
	struct run_new n = {
	        .name = m->name,
	        .pipeline = m->pipeline ? m->pipeline : "penguins",
	        .pipeline_text = pipeline_text,
	        .kind = m->kind,
	        .origin = m->origin,
	        .sweep = m->sweep,
	        .host = "host",
	        .user = "user",
	        .argv = argv,
	        .params = params,
	        .options = options,
	        .code = {commits[m->code], "main", "https://example.org/penguins", m->dirty, s->tree[m->code]}};
	char uid[ULID_LEN + 1];

	time_pin(started);
	must(tracker_begin(s->t, &make_err));
	must(run_create(s->t, &n, &number, uid, &make_err));
	for (int i = 0; i < m->nsteps; i++) {
		const struct made_step *d = &m->steps[i];
		_json_ json_t *item = d->item ? json_loads(d->item, 0, NULL) : NULL,
		              *declared = json_pack("{s:[s], s:[s]}", "inputs", "data/clean.csv", "outputs",
		                                    "models/model.json");
		_free_ char *command = mem_printf("python3 %s.py --seed 7", d->base);
		struct step_need_new needs[8];

		for (int k = 0; k < d->nneeds; k++)
			needs[k] = (struct step_need_new){d->needs[k], true};
		must(step_add(s->t, number,
		              &(struct step_new){.name = d->name,
		                                 .base = d->base,
		                                 .item = item,
		                                 .command = command,
		                                 .declared = declared,
		                                 .state = STEP_PENDING,
		                                 .rank = i,
		                                 .needs = needs,
		                                 .nneeds = (size_t)d->nneeds},
		              1, &ids[i], &make_err));
	}
	if (m->state != RUN_QUEUED)
		must(run_start(s->t, number, &make_err));
	for (int i = 0; i < m->nsteps; i++)
		if (m->state != RUN_QUEUED)
			step_of(s, m, &m->steps[i], number, ids[i], started, fill);
	tags_of(s, number, m->tags);
	if (m->note)
		must(run_note(s->t, number, m->note, &make_err));
	time_pin(started + took);
	if (m->state == RUN_LOST)
		must(run_mark_lost(s->t, number, &make_err));
	else if (run_state_ended(m->state))
		must(run_end(s->t, number, m->state, m->state == RUN_SUCCESS ? 0 : 1, took, &make_err));
	must(tracker_commit(s->t, &make_err));
	free(ids);
	return number;
}

#endif
