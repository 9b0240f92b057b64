#include "runner/supervise.h"

#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "runner/attempt_trace.h"
#include "runner/continue.h"
#include "runner/env/env_cache.h"
#include "runner/process/gpu.h"
#include "runner/process/tmpdir.h"
#include "runner/resume.h"
#include "runner/supervisor.h"
#include "runner/trace/python_hook.h"
#include "runner/trace/trace.h"
#include "tracker/query.h"
#include "tracker/run.h"

extern char **environ;

#define SECRET_MIN 8
/* Nothing else is done while the record is asked for; where another process holds it, it is asked again later. */
#define PATIENCE_US (US_PER_S / 2)

static void release(struct supervisor *s)
{
	struct err ignored;

	tracker_patience(s->tracker, TRACKER_PATIENCE_US);
	/* What an error left running ends with the spawner's socket; here only its memory goes. */
	offload_free(s->host.offload);
	for (size_t i = 0; s->p && i < s->p->nsteps; i++) {
		if (s->now)
			attempt_free(s->now[i]);
		if (s->followers)
			vec_release(&s->followers[i]);
	}
	for (size_t i = 0; i < s->over.len; i++)
		attempt_free(s->over.v[i]);
	vec_release(&s->over);
	vec_release(&s->ready);
	vec_release(&s->unsaid);
	vec_release(&s->undecided);
	vec_release(&s->untold);
	journal_free(s->journal);
	usage_free(s->host.usage);
	spares_free(s->host.spares);
	logged_params_free(s->host.params);
	logged_lent_free(s->lent);
	checkpoint_watch_free(s->host.checkpoints);
	loop_free(s->loop);
	observer_free(s->host.observer);
	code_tree_free(s->tree);
	prepared_release(&s->pre);
	free(s->env_ids);
	arena_release(&s->texts);
	if (s->tmp)
		file_remove_tree(s->tmp, &ignored);
	if (s->lease >= 0)
		close(s->lease);
	free(s->tmp);
	free(s->params_path);
	free(s->hook);
	free(s->covers);
	free(s->live_at);
	free(s->states);
	free(s->ids);
	free(s->tries);
	free(s->now);
	free(s->retry_at);
	free(s->followers);
	free(s->waiting);
	free(s->live.steps);
}

/* Masking a short text would mask half of every log. */
static int check_secrets(const struct pipeline *p, const struct step *d, struct err *e)
{
	for (size_t i = 0; i < d->nsecrets; i++) {
		const char *value = getenv(d->secrets[i]);

		if (value && strlen(value) < SECRET_MIN)
			return err_set(e, ERR_USAGE,
			               "%s:%d:%d: step \"%s\": the value of secret %s has under %d bytes, too few to "
			               "be masked; `pass_env` passes what is no secret",
			               p->file, d->line, d->column, d->name, d->secrets[i], SECRET_MIN);
	}
	return 0;
}

/* Whether this machine can run the steps at all; nothing is made before that is known. */
static int check_machine(struct supervisor *s, struct err *e)
{
	const struct supervise_options *o = s->o;

	machine_read(&s->machine);
	s->total = (struct reserve){
		.jobs = o->jobs > 0 ? o->jobs : s->machine.cpus,
		.cpu = o->cpu > 0 ? o->cpu : s->machine.cpus,
		.memory = o->memory > 0 ? o->memory : s->machine.memory,
		.gpu = o->gpu >= 0 ? o->gpu : gpu_visible(),
	};
	/* -j beyond the number of CPUs is a wish to share them. */
	if (s->total.jobs > s->total.cpu && o->cpu <= 0)
		s->total.cpu = s->total.jobs;
	for (size_t i = 0; i < s->p->nsteps; i++) {
		const struct step *d = &s->p->steps[i];
		bool in = !o->selected || o->selected[i];
		const char *what = in ? reserve_impossible(&s->total, d) : NULL;
		char wanted[32], there[32];
		int r = in ? check_secrets(s->p, d, e) : 0;

		if (r < 0)
			return r;
		if (!what)
			continue;
		if (strcmp(what, "memory") == 0) {
			size_text(d->memory, wanted);
			size_text(s->total.memory, there);
		} else {
			number_short(what[0] == 'c' ? d->cpu : d->gpu, wanted);
			number_short(what[0] == 'c' ? s->total.cpu : s->total.gpu, there);
		}
		return err_set(e, ERR_USAGE,
		               "%s:%d:%d: step \"%s\" wants more %s than there is: %s of %s; `--%s` says that so much "
		               "may be used all the same",
		               s->p->file, d->line, d->column, d->name, what, wanted, there, what);
	}
	return 0;
}

/* What is known before there is a run. */
static int prepare_run(struct supervisor *s, struct err *e)
{
	const struct supervise_options *o = s->o;
	struct prepare_options po = {.project = o->project,
	                             .tracker = s->tracker,
	                             .pipeline = s->p,
	                             .selected = o->selected,
	                             .asked = o->asked,
	                             .code = o->code,
	                             .inputs = o->inputs,
	                             .isolation = o->isolation,
	                             .env_watch = o->env_watch,
	                             .origin = o->origin,
	                             .max_snapshot = o->max_snapshot,
	                             .unpinned = o->unpinned,
	                             .strict = o->strict};
	int r = prepare(&po, &s->pre, e);
	bool any = false;

	s->in = s->pre.in;
	if (r >= 0 && o->origin)
		r = resume_compare(s->tracker, o->origin, o->project, s->p, &s->pre, e);
	if (r >= 0 && o->kind == KIND_RESUME && !o->keep_checkpoint)
		r = continue_notes(s->tracker, o->origin, o->project->jig, s->p, &s->pre, e);
	for (size_t i = 0; r >= 0 && i < s->p->nsteps; i++) {
		s->live_at[i] = s->live.nsteps;
		s->live.nsteps += s->in[i];
		any |= s->in[i] && plan_may_run(s->pre.plan, (int)i);
	}
	return r < 0 || !any ? r : prepare_tree(&po, &s->pre, &s->tree, e);
}

static void describe_step(struct supervisor *s, size_t i, struct step_new *ret)
{
	const struct step *d = &s->p->steps[i];
	const struct plan_step *plan = plan_get(s->pre.plan, (int)i);
	struct step_need_new *needs = arena_array(&s->texts, struct step_need_new, d->nneeds);
	_buf_ struct buf command = BUF_INIT;

	*ret = (struct step_new){.name = d->name,
	                         .base = d->base,
	                         .item = d->item,
	                         .state = STEP_PENDING,
	                         .rank = (int)i,
	                         .needs = needs};
	for (size_t k = 0; k < d->nneeds; k++)
		if (s->in[d->needs[k].step])
			needs[ret->nneeds++] = (struct step_need_new){ d->needs[k].step, d->needs[k].data };
	if (plan->action == PLAN_REUSE && plan->at_once) {
		ret->state = STEP_REUSED;
		ret->reused_attempt = plan->attempt_id;
		ret->reason = plan->reason;
		return;
	}
	ret->declared = pipeline_declared(s->p, (int)i);
	for (size_t k = 0; k < d->nargs; k++) {
		if (k)
			buf_addc(&command, ' ');
		buf_adds(&command, d->argv[k]);
	}
	ret->command = arena_strdup(&s->texts, command.data);
}

static int add_steps(struct supervisor *s, int64_t run, struct err *e)
{
	VEC(struct step_new) steps = { 0 };
	_free_ int64_t *ids = mem_alloc(sizeof *ids * (s->p->nsteps + 1));
	size_t n = 0;
	int r;

	for (size_t i = 0; i < s->p->nsteps; i++)
		if (s->in[i])
			describe_step(s, i, vec_add(&steps));
	r = step_add(s->tracker, run, steps.v, steps.len, ids, e);
	for (size_t i = 0; r >= 0 && i < s->p->nsteps; i++)
		if (s->in[i])
			s->ids[i] = ids[n++];
	for (size_t i = 0; i < steps.len; i++)
		json_decref((json_t *)steps.v[i].declared);
	vec_release(&steps);
	return r;
}

static int add_tags(struct supervisor *s, int64_t run, struct err *e)
{
	int r = 0;

	for (size_t i = 0; r >= 0 && i < s->o->ntags; i++) {
		const char *eq = strchr(s->o->tags[i], '=');
		_free_ char *key = eq ? mem_strndup(s->o->tags[i], eq - s->o->tags[i]) : NULL;

		if (!eq)
			return err_set(e, ERR_USAGE, "--tag %s: a tag is KEY=VALUE", s->o->tags[i]);
		r = run_tag(s->tracker, run, key, eq + 1, e);
	}
	return r;
}

/* Two files of the run's folder. One of a run that was never committed may still stand there.
 * The link tells who finds the run lost what to sweep, also when it died before its first attempt. */
static int write_run_files(struct supervisor *s, struct err *e)
{
	_free_ char *folder = mem_printf("%s/runs/%lld", s->o->project->jig, (long long)s->work.number);
	_free_ char *link = path_join(folder, "tmp");
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *v = json_object();
	int r;

	s->params_path = mem_printf("%s/runs/%lld/params.json", s->o->project->jig, (long long)s->work.number);
	json_object_set(v, "params", s->p->params);
	json_object_set_new(v, "matrix", json_object());
	json_pretty(&text, v);
	buf_addc(&text, '\n');
	unlink(s->params_path);
	if (lease_of_here(folder))
		tmpdir_remove(folder);
	unlink(link);
	if ((r = lease_sign(s->lease, e)) < 0)
		return r;
	if (symlink(s->tmp, link) < 0)
		return err_errno(e, "%s", link);
	return file_write(s->params_path, text.data, text.len, 0444, e);
}

/* One transaction: a run is in the record with all its steps, its lease held, or not at all. The lock of the code comes
 * first: `gc` holds it long. */
static int make_run(struct supervisor *s, char name[80], struct err *e)
{
	const struct supervise_options *o = s->o;
	struct run_new n = {
		.name = o->name, .pipeline = s->p->name, .pipeline_text = s->p->text, .kind = o->kind,
			.origin = o->origin, .sweep = o->sweep,
		.host = s->machine.host, .user = s->machine.user, .argv = o->argv, .params = s->p->params,
			.options = o->options, .unpinned = o->unpinned,
		.code = { s->pre.code.commit, s->pre.code.branch, s->pre.code.remote, s->pre.code.dirty,
			s->pre.code.tree },
	};
	char uid[ULID_LEN + 1];
	_arena_ struct arena a = ARENA_INIT;
	struct run_row row;
	int64_t run;
	int r = tracker_begin(s->tracker, e);

	if (r < 0)
		return r;
	for (size_t i = 0; r >= 0 && i < s->pre.envs.len; i++) {
		struct env_facts f = env_facts_of(&s->pre.envs.v[i]);

		if (!s->pre.envs.v[i].wanted)
			continue;
		r = env_record(s->tracker, &f, &s->env_ids[i], e);
	}
	if (r >= 0)
		r = run_create(s->tracker, &n, &run, uid, e);
	if (r >= 0)
		r = lease_take(o->project, run, &s->lease, e);
	s->work.number = r >= 0 ? run : 0;
	if (r >= 0)
		r = write_run_files(s, e);
	if (r >= 0)
		r = add_steps(s, run, e);
	fault_point("run-added");
	if (r >= 0)
		r = add_tags(s, run, e);
	if (r >= 0)
		r = code_pin(o->project->jig, s->pre.code.tree, run, e);
	fault_point("code-pinned");
	if (r >= 0)
		r = run_start(s->tracker, run, e);
	if (r >= 0)
		r = tracker_commit(s->tracker, e);
	if (r < 0) {
		tracker_rollback(s->tracker);
		return r;
	}
	r = query_run(s->tracker, run, &a, &row, e);
	if (r < 0)
		return r;
	snprintf(name, 80, "%s", row.name);
	return 0;
}

/* How the lookups of steps are witnessed. Without the hook Python's listings count by their names. */
static int init_traces(struct supervisor *s, struct err *e)
{
	_free_ char *envs = NULL, *cache = NULL;
	struct err ignored;

	if (!s->tree)
		return 0;
	trace_params(s->p->params, &s->params_digest);
	s->covers = mem_zero((s->pre.envs.len + 1) * sizeof *s->covers);
	for (size_t i = 0; i < s->pre.envs.len; i++)
		trace_cover_make(&s->work, &s->pre.envs.v[i], &s->texts, &s->covers[i]);
	s->host.covers = s->covers;
	if (env_cache_folder(environ, &envs, &ignored) >= 0) {
		cache = path_parent(envs);
		if (python_hook_folder(cache, &s->hook, &ignored) < 0)
			s->hook = NULL;
	}
	s->work.hook = s->hook;
	return observe_impossible() ? 0 : observer_start(spawner_trace_fd(s->host.spawner), &s->host.observer, e);
}

static void init_live(struct supervisor *s, const char *name)
{
	struct run_live *l = &s->live;

	l->number = s->work.number;
	l->name = name;
	l->pipeline = s->p->name;
	l->kind = word_of(WORDS_KIND, s->o->kind)->text;
	if (s->o->origin)
		l->origin = arena_printf(&s->texts, "%s %lld",
		                         s->o->kind == KIND_RESUME ? "resumed from" : "restarted from",
		                         (long long)s->o->origin);
	if (s->pre.code.commit)
		snprintf(l->commit, sizeof l->commit, "%.7s", s->pre.code.commit);
	l->dirty = s->pre.code.dirty;
	l->changed_files = s->pre.code.changed_files;
	l->env = env_set_text(&s->pre.envs, &s->texts);
	l->isolation = isolation_text(s->pre.isolation.tier);
	l->jobs = s->total.jobs;
	l->state = RUN_RUNNING;
	l->started = time_mono();
	l->expected_left = -1;
	for (size_t i = 0; i < s->p->nsteps; i++) {
		int cells = s->in[i] ? (int)utf8_cells(s->p->steps[i].name, strlen(s->p->steps[i].name)) : 0;

		if (cells > l->name_cells)
			l->name_cells = cells;
	}
	l->notes = s->pre.notes.v;
	l->nnotes = (int)s->pre.notes.len;
}

static void spawner_ready(void *arg, int fd, short revents)
{
	struct supervisor *s = arg;
	struct spawn_event ev;
	struct err e;
	int r;

	while ((r = spawner_read(s->host.spawner, &ev, &e)) > 0) {
		struct attempt *a = s->now[(uint32_t)ev.token];

		if (a && a->token == ev.token)
			attempt_event(a, &ev);
	}
	if (r < 0) {
		s->spawner_gone = true;
		s->failure = e;
	}
}

/* Without its spawner a run cannot go on: no end of a process would ever be told. What can still be written is, the
 * rest stays as it is, and the next command finds the run lost. */
static int abandon(struct supervisor *s, struct err *e)
{
	VEC(const char *) ids = { 0 };
	struct err ignored;

	for (size_t i = 0; i < s->p->nsteps; i++)
		if (s->now[i])
			vec_push(&ids, s->now[i]->uid);
	spawn_sweep(ids.v, ids.len, &ignored);
	vec_release(&ids);
	control_flush(s);
	control_lost(s);
	return err_set(e, ERR_BROKEN, "run %lld is lost: %s; `jig resume %lld` goes on", (long long)s->work.number,
	               s->failure.text, (long long)s->work.number);
}

static void flush_now(void *arg)
{
	control_flush(arg);
}

static int carry(struct supervisor *s, struct err *e)
{
	loop_fd(s->loop, spawner_fd(s->host.spawner), POLLIN, spawner_ready, s);
	dispatch_first(s);
	for (;;) {
		int64_t due;
		int r;

		if (s->stop_wanted)
			control_stop(s, 0, false);
		dispatch_start(s);
		/* The run's own end writes and tells the last of it. */
		if ((s->nopen == 0 && s->nlive == 0) || (s->failed_itself && s->nlive == 0))
			return 0;
		due = journal_due(s->journal);
		loop_timer_set(s->flush, due >= 0 && s->held_since && due < s->try_again ? s->try_again : due);
		r = loop_step(s->loop, -1, e);
		if (r < 0)
			return r;
		offload_poll(s->host.offload);
		if (s->spawner_gone)
			return abandon(s, e);
	}
}

static int not_recorded(struct supervisor *s, struct err *e)
{
	control_lost(s);
	/* A move that the record refuses is nothing that a person has used wrongly. */
	if (e->code == ERR_USAGE)
		e->code = ERR_BROKEN;
	return err_prefix(e, "run %lld could not be recorded to its end", (long long)s->work.number);
}

static int record_end(struct supervisor *s, enum run_state st, int status, struct err *e)
{
	int r = tracker_begin(s->tracker, e);

	if (r >= 0)
		r = run_end(s->tracker, s->work.number, st, status, s->live.ended - s->live.started, e);
	if (r >= 0)
		r = tracker_commit(s->tracker, e);
	if (r < 0)
		tracker_rollback(s->tracker);
	return r;
}

/* Once what was gathered is in the record, the end. While another process holds that, it waits for it, until a person
 * gives up. */
static int end_in_record(struct supervisor *s, enum run_state st, int status, struct err *e)
{
	struct err ignored;
	int r = ERR_BUSY;

	s->ending = true;
	for (;;) {
		control_flush(s);
		if (s->failed_itself) {
			*e = s->failure;
			return e->code;
		}
		if (journal_due(s->journal) < 0 && !control_waits(s)) {
			/* Nobody looks for that of an ended run. */
			file_remove_tree(s->tmp, &ignored);
			r = record_end(s, st, status, e);
			if (r != ERR_BUSY)
				return r < 0 ? r : control_in_place(s, e);
			control_held(s, e);
		}
		if (s->given_up) {
			*e = s->held;
			return e->code;
		}
		loop_timer_set(s->flush, s->try_again);
		if ((r = loop_step(s->loop, -1, e)) < 0)
			return r;
	}
}

static int end_run(struct supervisor *s, struct supervise_result *ret, struct err *e)
{
	const struct run_watch *w = s->o->watch;
	/* What --fail-fast ends has failed, whatever a person wishes then. */
	enum run_state st = s->stopped_by_person && !s->stop_wanted ? RUN_STOPPED
	                                                            : schedule_run_state(s->p, s->states, s->in);
	int status = st == RUN_SUCCESS ? 0 : 1;
	int r;

	if (s->stop_signal)
		status = 128 + (s->stop_signal == SIGINT ? SIGINT : SIGTERM);
	s->live.ended = time_mono();
	r = end_in_record(s, st, status, e);
	if (r < 0)
		return not_recorded(s, e);
	s->live.state = st;
	s->live.held = NULL;
	if (w && w->ended)
		w->ended(w->arg, &s->live);
	*ret = (struct supervise_result){
		.run = s->work.number, .state = st, .exit_status = status, .stopped = s->stopped_by_person
	};
	return 0;
}

int supervise(struct tracker *t, struct spawner *spawner, const struct supervise_options *o,
              struct supervise_result *ret, struct err *e)
{
	_cleanup_(release) struct supervisor s = { .o = o, .p = o->pipeline, .tracker = t, .lease = -1 };
	size_t n = o->pipeline->nsteps;
	const struct run_watch *w = o->watch;
	_close_ int lock = -1;
	char name[80];
	int r;

	s.live_at = mem_zero((n + 1) * sizeof *s.live_at);
	s.states = mem_zero((n + 1) * sizeof *s.states);
	s.ids = mem_zero((n + 1) * sizeof *s.ids);
	s.tries = mem_zero((n + 1) * sizeof *s.tries);
	s.now = mem_zero((n + 1) * sizeof *s.now);
	s.retry_at = mem_zero((n + 1) * sizeof *s.retry_at);
	s.followers = mem_zero((n + 1) * sizeof *s.followers);
	s.waiting = mem_zero(n + 1);
	s.live.steps = mem_zero((n + 1) * sizeof *s.live.steps);
	s.seed = (unsigned)time_now();
	s.work = (struct work_run){
		.jig = o->project->jig, .root = o->project->root, .project = o->project->name, .pipeline = o->pipeline,
		.params_changed = o->params_changed, .envs = &s.pre.envs, .isolation = &s.pre.isolation,
			.environ = environ,
	};

	if ((r = check_machine(&s, e)) < 0 || (r = prepare_run(&s, e)) < 0)
		return r;
	/* Building may take minutes: the code is already what it was when the command was given. */
	fault_point("plan-made");
	r = prepare_envs(&s.pre, e);
	if (r < 0)
		return r;
	s.env_ids = mem_zero((s.pre.envs.len + 1) * sizeof *s.env_ids);
	/* Until the record names the tree. Before signals are heard: one ends who waits for it. */
	if ((r = code_lock(o->project->jig, &lock, e)) < 0)
		return r;
	/* From here on a signal ends the run orderly: none may pass between the moment it is in the record and the
	 * first turn of the loop. */
	s.loop = loop_new();
	if (!s.loop)
		return err_errno(e, "the run cannot begin");
	control_init(&s);
	/* What can fail is tried before there is a run. */
	r = tmpdir_make(&s.tmp, e);
	if (r < 0)
		return r;
	r = make_run(&s, name, e);
	close(mem_take_fd(lock));
	if (r < 0)
		return r;
	tracker_patience(t, PATIENCE_US);
	store_let_go(s.pre.store);
	if (stat(o->project->jig, &s.place) < 0)
		return err_errno(e, "%s", o->project->jig);
	s.work.name = name;
	s.work.tree = s.tree;
	s.work.store = s.pre.store;
	s.work.params_path = s.params_path;
	s.work.tmp = s.tmp;
	s.journal = journal_new(t, s.work.number);
	s.host.loop = s.loop;
	s.host.spawner = spawner;
	s.host.offload = offload_new(s.loop);
	s.host.journal = s.journal;
	s.host.usage = usage_new();
	s.host.spares = spares_new();
	s.host.params = logged_params_new(s.p->params);
	s.lent = logged_lent_new(t, s.p->params);
	s.host.run = &s.work;
	s.host.inputs = s.pre.inputs;
	s.host.step_ids = s.ids;
	s.host.envs = &s.pre.envs;
	s.host.env_ids = s.env_ids;
	s.host.machine = &s.machine;
	s.host.outputs = s.pre.given;
	s.host.names = s.pre.names;
	s.host.params_digest = &s.params_digest;
	s.host.keep_checkpoint = o->keep_checkpoint;
	s.host.checkpoints = checkpoint_watch_new(s.loop);
	s.host.grace_us = (o->grace_ms > 0 ? o->grace_ms : 5000) * 1000LL;
	s.host.arg = &s;
	s.host.started = dispatch_started;
	s.host.flush = flush_now;
	s.host.ended = dispatch_ended;
	if ((r = init_traces(&s, e)) < 0)
		return r;
	init_live(&s, name);
	if ((r = dispatch_init(&s, e)) < 0)
		return r;
	if (w && w->begun)
		w->begun(w->arg, &s.live);
	fault_point("run-begun");
	r = carry(&s, e);
	return r < 0 ? r : end_run(&s, ret, e);
}
