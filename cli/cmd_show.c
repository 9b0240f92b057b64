#include <string.h>
#include <unistd.h>
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "cli/json_run.h"
#include "tracker/request.h"
#include "tui/run_text.h"
#include "tui/table.h"
#include "tui/workbench/run_reads.h"

#define FACT_COLUMN 13
#define READS_SHOWN 8 /* files that are listed without --all */

/* The glyph of a state and what it is called, in its colour. */
static void add_state(struct context *c, const struct word *w, const char *said)
{
	struct grid g;
	grid_init(&g, 1, 40);
	grid_textf(&g, 0, 0, -1, role_find(w->role), "%s %s", w->glyph, said);
	grid_row(&g, 0, &c->paint, &c->out);
	grid_release(&g);
}

static void add_head(struct context *c, const char *name)
{
	buf_addf(&c->out, "  %-*s", FACT_COLUMN - 2, name);
}

/* Further lines of the text stand below the first one. */
static void add_lines(struct context *c, const char *name, const char *text,
                      void (*put)(struct context *c, const char *s))
{
	add_head(c, name);
	for (;;) {
		size_t n = strcspn(text, "\n");
		_free_ char *line = mem_strndup(text, n);
		put(c, line);
		buf_addc(&c->out, '\n');
		text += n + (text[n] == '\n');
		if (!*text)
			return;
		buf_fill(&c->out, ' ', FACT_COLUMN);
	}
}

static void add_fact(struct context *c, const char *name, const char *text)
{
	add_lines(c, name, text, context_text);
}

static void add_contents(struct context *c, const char *name, const char *text)
{
	add_lines(c, name, text, context_contents);
}

static void add_code(struct context *c, const struct run_row *r)
{
	_buf_ struct buf text = BUF_INIT;
	if (r->commit)
		buf_addf(&text, "%.12s%s", r->commit, r->dirty > 0 ? "*" : "");
	else if (r->branch || r->dirty >= 0)
		buf_adds(&text, "no commit yet");
	if (r->branch)
		buf_addf(&text, "%s on %s", r->commit ? "" : ",", r->branch);
	if (r->snapshot)
		buf_addf(&text, "%ssnapshot %.12s", text.len ? " · " : "", r->snapshot);
	if (r->commit && r->dirty > 0)
		buf_adds(&text, " (* differs from the commit)");
	if (text.len)
		add_fact(c, "code", text.data);
}

static void add_when(struct context *c, const struct run_row *r)
{
	char at[24], age[16], took[24];
	_buf_ struct buf text = BUF_INIT;
	int64_t since = time_now() - r->created, elapsed = run_elapsed(r);
	local_time_text(r->created, at);
	duration_age(since < 0 ? 0 : since, age);
	buf_addf(&text, "%s (%s%s)", at, age, strcmp(age, "now") ? " ago" : "");
	if (elapsed >= 0) {
		duration_clock(elapsed, took);
		buf_addf(&text, " · %s %s", r->ended ? "took" : "for", took);
	}
	if (r->host && *r->host)
		buf_addf(&text, " · %s@%s", r->user, r->host);
	add_fact(c, "when", text.data);
}

/* Things side by side; where one has no room on the terminal's line it begins the next, below the first. */
struct items { struct buf text; size_t cells; };

static void add_item(struct context *c, struct items *to, const char *item)
{
	_buf_ struct buf one = BUF_INIT;
	utf8_visible(&one, item, strlen(item), false);
	size_t cells = utf8_cells(one.data, one.len), width = (size_t)context_width(c);
	if (to->text.len && width && FACT_COLUMN + to->cells + 3 + cells > width) {
		buf_addc(&to->text, '\n');
		to->cells = 0;
	} else if (to->text.len) {
		buf_adds(&to->text, " · ");
		to->cells += 3;
	}
	buf_add(&to->text, one.data, one.len);
	to->cells += cells;
}

static void add_items(struct context *c, const char *name, struct items *items)
{
	if (items->text.len)
		add_fact(c, name, items->text.data);
	buf_release(&items->text);
}

static void add_pairs(struct context *c, const char *name, const struct pair_rows *pairs, const char *between)
{
	struct items items = { .text = BUF_INIT };
	for (size_t i = 0; i < pairs->len; i++) {
		_free_ char *item = mem_printf("%s%s%s", pairs->v[i].key, between, pairs->v[i].value);
		add_item(c, &items, item);
	}
	add_items(c, name, &items);
}

static void add_metrics(struct context *c, const struct run_data *d)
{
	struct items items = { .text = BUF_INIT };
	for (size_t i = 0; i < d->totals.len; i++) {
		char value[32];
		number_short(d->totals.v[i].last, value);
		_free_ char *item = mem_printf("%s %s", d->totals.v[i].key, value);
		add_item(c, &items, item);
	}
	add_items(c, "metrics", &items);
}

static bool went_wrong(const struct step_row *s)
{
	return s->state == STEP_FAILED || s->state == STEP_STOPPED || s->state == STEP_LOST ||
	       s->state == STEP_UPSTREAM_FAILED;
}

/* What a step waited for in vain: of its needs those that went wrong, and below those that were not started either the
 * ones that did begin it. */
static void add_vain(const struct run_data *d, const struct step_row *s, struct buf *out)
{
	const struct step_row *first = NULL;
	size_t more = 0;
	while (s && s->state == STEP_UPSTREAM_FAILED) {
		const struct step_row *of = s;
		s = NULL;
		for (size_t i = 0; i < of->nneeds; i++) {
			const struct step_row *need = run_data_step(d, of->needs[i]);
			if (!need || !went_wrong(need))
				continue;
			more += s != NULL;
			s = s ? s : need;
		}
		first = s ? s : first;
	}
	if (!first)
		return;
	buf_addf(out, "%s %s%s", first->name, first->state == STEP_FAILED ? "" : "was ", step_state_text(first->state));
	if (more)
		buf_addf(out, ", and %zu more", more);
}

/* What a reader wants to know of a step in one line: why it failed, else why it ran. */
static void step_why(const struct run_data *d, const struct step_row *s, struct buf *out)
{
	const struct attempt_row *a = run_data_attempt(d, s);
	if (a && (s->state == STEP_FAILED || s->state == STEP_RETRYING)) {
		char end[64];
		attempt_end_text(a, end);
		buf_adds(out, end);
		if (a->error_file || a->error_message)
			buf_adds(out, "  ");
		attempt_error_text(out, a);
	} else if (s->state == STEP_UPSTREAM_FAILED) {
		add_vain(d, s, out);
	} else if (s->state == STEP_LOST && a && a->state == ATTEMPT_LOST) {
		buf_adds(out, word_of(WORDS_CAUSE, CAUSE_LOST)->meaning);
	} else if (s->state == STEP_LOST) {
		buf_adds(out, "the run was lost before ");
		if (a && !s->reused_attempt)
			buf_addf(out, "attempt %d", a->n + 1);
		else
			buf_adds(out, "it began");
	} else if (s->reason) {
		buf_adds(out, s->reason);
	} else if (a && s->reused_attempt) {
		buf_addf(out, "same as attempt %d of run %lld", a->n, (long long)s->reused_run);
	}
}

/* Of this run, the attempt that counts not being the first. */
static bool later_attempt(const struct step_row *s, const struct attempt_row *a)
{
	return a->n > 1 && !s->reused_attempt;
}

static bool tried_again(const struct run_data *d)
{
	for (size_t i = 0; i < d->steps.len; i++) {
		const struct attempt_row *a = run_data_attempt(d, &d->steps.v[i]);
		if (a && later_attempt(&d->steps.v[i], a))
			return true;
	}
	return false;
}

static void add_steps(struct context *c, const struct run_data *d)
{
	struct table_column columns[] = {
		{ .title = "  step", .min = 10, .max = 48 },
		{ .title = "state" },
		{ .title = "time", .align = ALIGN_RIGHT, .drop = 2 },
		{ .title = "try", .align = ALIGN_RIGHT, .drop = 3 },
		{ .title = "why", .min = 12, .drop = 1 },
	};
	bool tried = tried_again(d);
	if (!tried)
		columns[3] = columns[4];
	struct table *t = table_new(columns, tried ? 5 : 4);
	for (size_t i = 0; i < d->steps.len; i++) {
		const struct step_row *s = &d->steps.v[i];
		const struct attempt_row *a = run_data_attempt(d, s);
		const struct word *w = word_of(WORDS_STEP_STATE, s->state);
		enum role role = role_find(w->role);
		char took[24] = "";
		_buf_ struct buf why = BUF_INIT;
		if (a)
			attempt_clock(a, time_now(), took);
		step_why(d, s, &why);
		table_row(t);
		table_cell(t, role, "%s %s", w->glyph, s->name);
		table_cell(t, role, "%s", step_state_said(s->state));
		/* That of the attempt which a reused step stands for took no time in this run. */
		table_cell(t, s->reused_attempt ? ROLE_QUIET : ROLE_TEXT, "%s", took);
		if (a && later_attempt(s, a))
			table_cell(t, ROLE_TEXT, "%d", a->n);
		else if (tried)
			table_cell(t, ROLE_TEXT, "%s", "");
		table_cell(t, s->state == STEP_FAILED ? ROLE_FAILED : ROLE_QUIET, "%s", why.data);
	}
	table_print(t, context_width(c), &c->paint, &c->out);
	table_free(t);
}

static void add_failure(struct context *c, const struct run_data *d, const struct step_row *s)
{
	const struct attempt_row *a = run_data_attempt(d, s);
	long long run = d->row.number;
	_buf_ struct buf name = BUF_INIT;
	text_shell_quote(&name, s->name);
	if (a) {
		_buf_ struct buf text = BUF_INIT;
		char end[64], took[24];
		attempt_end_text(a, end);
		attempt_clock(a, time_now(), took);
		buf_addf(&text, "\n%s@%d failed after %s: %s\n", s->name, a->n, took, end);
		if (a->error_file || a->error_message) {
			buf_adds(&text, "  ");
			attempt_error_text(&text, a);
			buf_addc(&text, '\n');
		}
		context_text(c, text.data);
	}
	buf_addf(&c->out, "  log:  jig logs %lld %s", run, name.data);
	buf_addf(&c->out, "        all about it:  jig show %lld %s\n", run, name.data);
}

static void show_run(struct context *c, const struct run_data *d, bool paused)
{
	const struct run_row *r = &d->row;
	buf_addf(&c->out, "run %lld %s  ", (long long)r->number, r->name);
	add_state(c, word_of(WORDS_RUN_STATE, r->state), run_state_text(r->state));
	if (paused)
		buf_addf(&c->out, "  paused: no new step starts until `jig continue %lld`", (long long)r->number);
	if (r->unpinned)
		buf_adds(&c->out, "  unpinned");
	buf_addc(&c->out, '\n');
	_buf_ struct buf pipeline = BUF_INIT;
	buf_adds(&pipeline, r->pipeline);
	if (r->origin)
		buf_addf(&pipeline, " · %s of %lld", word_of(WORDS_KIND, r->kind)->text, (long long)r->origin);
	else if (r->sweep)
		buf_addf(&pipeline, " · of sweep %lld", (long long)r->sweep);
	add_fact(c, "pipeline", pipeline.data);
	add_code(c, r);
	add_when(c, r);
	add_pairs(c, "params", &d->params, " ");
	add_metrics(c, d);
	add_pairs(c, "tags", &d->tags, "=");
	if (*r->note)
		add_contents(c, "note", r->note);
	add_fact(c, "uid", r->uid);
	if (d->steps.len) {
		buf_addc(&c->out, '\n');
		add_steps(c, d);
	}
	const struct step_row *failed = run_data_failed(d);
	if (failed)
		add_failure(c, d, failed);
}

static void add_artifacts(struct context *c, const struct run_data *d, const struct step_row *s,
	const struct attempt_row *a, enum artifact_role role, const char *title)
{
	const struct table_column columns[] = {
		{ .title = title, .min = 12 },
		{ .title = "size", .align = ALIGN_RIGHT, .drop = 1 },
		{ .title = "digest", .drop = 2 },
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	size_t n = 0;
	for (size_t i = 0; i < d->artifacts.len; i++) {
		const struct artifact_row *f = &d->artifacts.v[i];
		char size[16], hex[DIGEST_HEX + 1] = "";
		if (f->step != s->id || f->attempt != a->id || f->role != role)
			continue;
		size_text(f->size, size);
		if (f->has_digest)
			digest_to_hex(&f->digest, hex);
		table_row(t);
		table_cell(t, ROLE_TEXT, "%s%s", f->path, f->form == FORM_FOLDER ? "/" : "");
		table_cell(t, ROLE_QUIET, "%s", size);
		table_cell(t, ROLE_QUIET, "%.16s%s", hex, f->form == FORM_LINK ? " (linked, not kept)" : "");
		n++;
	}
	if (n) {
		buf_addc(&c->out, '\n');
		table_print(t, context_width(c), &c->paint, &c->out);
	}
	table_free(t);
}

/* The argument vector as a person would type it. */
static void add_command(struct context *c, const char *json)
{
	struct err ignored;
	_json_ json_t *list = NULL;
	_buf_ struct buf line = BUF_INIT;
	if (!json || json_parse(json, strlen(json), "command", &list, &ignored) < 0)
		return;
	for (size_t i = 0; i < json_array_size(list); i++) {
		const char *word = json_string_value(json_array_get(list, i));
		if (i)
			buf_addc(&line, ' ');
		text_shell_quote(&line, word ? word : "");
	}
	add_contents(c, "executed", line.data);
}

static void add_usage(struct context *c, const struct attempt_row *a)
{
	_buf_ struct buf text = BUF_INIT;
	char size[16];
	if (a->usage.max_rss >= 0) {
		size_text(a->usage.max_rss, size);
		buf_addf(&text, "peak %s", size);
	}
	if (a->usage.cpu_us >= 0)
		buf_addf(&text, "%s%.1f s CPU", text.len ? " · " : "", (double)a->usage.cpu_us / US_PER_S);
	if (a->usage.read_bytes >= 0) {
		size_text(a->usage.read_bytes, size);
		buf_addf(&text, "%sread %s", text.len ? " · " : "", size);
	}
	if (a->usage.written_bytes >= 0) {
		size_text(a->usage.written_bytes, size);
		buf_addf(&text, "%swrote %s", text.len ? " · " : "", size);
	}
	if (text.len)
		add_fact(c, "used", text.data);
}

/* "12 files, 840 lookups": which files, as many as are quickly read, or all. */
static void add_reads(struct context *c, const struct run_reads *r)
{
	size_t shown = option_flag(c, "all") || r->nfiles <= READS_SHOWN ? r->nfiles : READS_SHOWN;
	_buf_ struct buf text = BUF_INIT;
	if (r->continued.id) {
		_free_ char *from = mem_printf("from a checkpoint of %s@%d of run %lld", r->continued.name,
		                               r->continued.n, (long long)r->continued.run);
		add_fact(c, "went on", from);
	}
	if (!r->known)
		return;
	if (!strcmp(r->witness, "tree")) {
		add_fact(c, "reads", "not known: all of the code decides");
		return;
	}
	add_count(&text, (int64_t)r->nfiles, "file", "files");
	buf_adds(&text, " of the code, ");
	add_count(&text, (int64_t)r->lookups, "lookup", "lookups");
	if (!strcmp(r->witness, "names"))
		buf_adds(&text, " (names that were looked for could not be seen)");
	for (size_t i = 0; i < shown; i++)
		buf_addf(&text, "\n%s", r->files[i]);
	if (shown < r->nfiles) {
		buf_addc(&text, '\n');
		add_count(&text, (int64_t)(r->nfiles - shown), "file more (--all)", "files more (--all)");
	}
	add_fact(c, "reads", text.data);
	buf_reset(&text);
	for (size_t i = 0; i < r->nundeclared; i++)
		buf_addf(&text, "%s%s", i ? "\n" : "", r->undeclared[i]);
	if (text.len)
		add_fact(c, "undeclared", text.data);
}

static void add_attempt(struct context *c, const struct step_row *s, const struct attempt_row *a,
                        const struct run_reads *reads)
{
	char at[24], took[24], end[64];
	local_time_text(a->started, at);
	attempt_clock(a, time_now(), took);
	attempt_end_text(a, end);
	buf_addf(&c->out, "\nattempt %d", a->n);
	if (a->step != s->id)
		buf_addf(&c->out, " of run %lld", (long long)s->reused_run);
	buf_adds(&c->out, "  ");
	add_state(c, word_of(WORDS_ATTEMPT_STATE, a->state), word_of(WORDS_ATTEMPT_STATE, a->state)->text);
	if (a->cause == CAUSE_LOST)
		buf_addf(&c->out, "  %s\n", word_of(WORDS_CAUSE, CAUSE_LOST)->meaning);
	else
		buf_addf(&c->out, "%s%s\n", *end ? "  " : "", end);
	if (a->error_file || a->error_message) {
		_buf_ struct buf error = BUF_INIT;
		attempt_error_text(&error, a);
		add_fact(c, "error", error.data);
	}
	_buf_ struct buf when = BUF_INIT;
	buf_addf(&when, "%s · %s %s", at, a->ended ? "took" : "for", took);
	add_fact(c, "when", when.data);
	add_usage(c, a);
	_buf_ struct buf where = BUF_INIT;
	buf_addf(&where, "%s on %s", a->isolation ? a->isolation : "?", a->host ? a->host : "?");
	add_fact(c, "isolation", where.data);
	if (a->env_key) {
		_buf_ struct buf env = BUF_INIT;
		attempt_env_text(&env, a);
		add_fact(c, "env", env.data);
	}
	if (a->folder) {
		_free_ char *folder = mem_printf("%s/%s", c->project.jig, a->folder);
		add_fact(c, "folder", folder);
	}
	add_command(c, a->command);
	add_reads(c, reads);
}

static void add_step_metrics(struct context *c, const struct run_data *d, const struct step_row *s)
{
	static const struct table_column columns[] = {
		{ .title = "metric", .min = 8 },
		{ .title = "last", .align = ALIGN_POINT },
		{ .title = "min", .align = ALIGN_POINT, .drop = 2 },
		{ .title = "max", .align = ALIGN_POINT, .drop = 1 },
		{ .title = "points", .align = ALIGN_RIGHT, .drop = 3 },
	};
	struct table *t = table_new(columns, ARRAY_LEN(columns));
	size_t n = 0;
	for (size_t i = 0; i < d->metrics.len; i++) {
		const struct metric_row *m = &d->metrics.v[i];
		char last[32], min[32], max[32], count[32];
		if (strcmp(m->step_name, s->name))
			continue;
		number_short(m->last, last);
		number_short(m->min, min);
		number_short(m->max, max);
		count_text(m->count, count);
		table_row(t);
		table_cell(t, ROLE_TEXT, "%s", m->key);
		table_cell(t, ROLE_TEXT, "%s", last);
		table_cell(t, ROLE_QUIET, "%s", min);
		table_cell(t, ROLE_QUIET, "%s", max);
		table_cell(t, ROLE_QUIET, "%s", count);
		n++;
	}
	if (n) {
		buf_addc(&c->out, '\n');
		table_print(t, context_width(c), &c->paint, &c->out);
	}
	table_free(t);
}

/* What to type next about an attempt that failed. */
static void add_next(struct context *c, const struct run_data *d, const struct step_row *s, const struct attempt_row *a)
{
	_buf_ struct buf name = BUF_INIT, line = BUF_INIT;
	text_shell_quote(&name, s->name);
	buf_addf(&line, "\n  log:  jig logs %lld %s", (long long)d->row.number, name.data);
	_free_ char *replay = a->folder ? mem_printf("%s/%s/replay", c->project.jig, a->folder) : NULL;
	if (replay && access(replay, R_OK) == 0) {
		buf_adds(&line, "        again, as it ran:  sh ");
		text_shell_quote(&line, replay);
	}
	context_contents(c, line.data);
	buf_addc(&c->out, '\n');
}

static int show_step(struct context *c, struct run_data *d, const struct step_row *s, const struct attempt_row *a,
                     struct err *e)
{
	_buf_ struct buf name = BUF_INIT, needs = BUF_INIT, vain = BUF_INIT;
	buf_addf(&name, "%s of run %lld %s  ", s->name, (long long)d->row.number, d->row.name);
	context_text(c, name.data);
	add_state(c, word_of(WORDS_STEP_STATE, s->state), step_state_said(s->state));
	buf_addc(&c->out, '\n');
	add_vain(d, s, &vain);
	if (s->reason || vain.len)
		add_fact(c, "why", vain.len ? vain.data : s->reason);
	for (size_t i = 0; i < s->nneeds; i++) {
		const struct step_row *n = run_data_step(d, s->needs[i]);
		if (n)
			buf_addf(&needs, "%s%s", needs.len ? ", " : "", n->name);
	}
	if (needs.len)
		add_fact(c, "needs", needs.data);
	if (s->command && !a)
		add_contents(c, "run", s->command);
	for (size_t i = 0; i < d->attempts.len; i++)
		if (d->attempts.v[i].step == s->id || d->attempts.v[i].id == s->reused_attempt) {
			struct run_reads reads;
			int r = run_reads_load(c->tracker, d->attempts.v[i].id, &d->arena, &reads, e);
			if (r < 0)
				return r;
			add_attempt(c, s, &d->attempts.v[i], &reads);
		}
	if (!a)
		return 0;
	add_artifacts(c, d, s, a, ROLE_IN, "input");
	add_artifacts(c, d, s, a, ROLE_OUT, "output");
	add_artifacts(c, d, s, a, ROLE_METRIC, "metrics file");
	add_artifacts(c, d, s, a, ROLE_LOGGED, "logged");
	add_artifacts(c, d, s, a, ROLE_CHECKPOINT, "checkpoint");
	add_step_metrics(c, d, s);
	if (a->state == ATTEMPT_FAILED)
		add_next(c, d, s, a);
	return 0;
}

static int add_json_reads(struct context *c, struct run_data *d, json_t *run, struct err *e)
{
	json_t *steps = json_object_get(run, "steps");
	int r = 0;
	for (size_t i = 0; r >= 0 && i < d->steps.len; i++)
		r = json_run_reads(c->tracker, d, &d->steps.v[i], json_array_get(steps, i), e);
	return r;
}

static int run_show(struct context *c, struct err *e)
{
	_run_data_ struct run_data d = {0};
	const struct step_row *s = NULL;
	const struct attempt_row *a = NULL;
	int r = run_data_named(c, c->args[0], &d, e);
	if (r < 0 || (c->nargs > 1 && (r = run_data_find(&d, c->args[1], &s, &a, e)) < 0))
		return r;
	if (c->json) {
		_json_ json_t *v = s ? json_run_step(&d, s) : json_run(&d, true);
		if (s && ((r = json_run_packages(c->tracker, &d, s, v, e)) < 0 ||
		          (r = json_run_reads(c->tracker, &d, s, v, e)) < 0))
			return r;
		if (!s && (r = add_json_reads(c, &d, v, e)) < 0)
			return r;
		json_pretty(&c->out, v);
		buf_addc(&c->out, '\n');
	} else if (s) {
		return show_step(c, &d, s, a, e);
	} else {
		r = run_state_ended(d.row.state) ? 0 : request_paused(c->tracker, d.row.number, e);
		if (r < 0)
			return r;
		show_run(c, &d, r > 0);
	}
	return 0;
}

static const struct option_def options[] = {
	{ .name = "all", .kind = OPTION_FLAG,
		.text = "every file of the code that the step read, however many there are" },
	{ 0 },
};

const struct command cmd_show = {
	.name = "show", .summary = "all about one run, or one step of it", .usage = "RUN [STEP]", .group = GROUP_LOOK,
	.options = options, .min_args = 1, .max_args = 2, .flags = COMMAND_RECORD | COMMAND_JSON, .run = run_show,
	.text = "A step is named as in the pipeline, `train[lr]`, one attempt of it as `train[lr]@2`. Of a step that "
		"was reused it shows the attempt that was executed, in whichever run.",
};
