#include "runner/attempt_parts.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/path.h"
#include "base/time.h"
#include "runner/attempt_trace.h"
#include "runner/continue.h"
#include "runner/env/container.h"
#include "runner/log/log.h"
#include "runner/log/metric.h"
#include "runner/process/gpu.h"

#define METRICS_CHUNKS_A_TICK 4
/* Between two ticks: nobody looked for so long that it was no work that held them up. */
#define SLEEP_US (5 * US_PER_S)
#define ENV_CHECK_AGAIN_US (10 * US_PER_S)
/* CPU below this share of a core is the noise of sleeping threads. */
#define IDLE_CPU_SHARE 0.005

static struct env *env_of(const struct attempt *a)
{
	return &a->host->envs->v[a->host->envs->of[a->step]];
}

/* The client is gone; a container that was killed with it may still run. */
static void end_container(struct attempt *a)
{
	_free_ char *name = mem_printf("jig-%s", a->uid);

	if (a->work.wrap == SPAWN_CONTAINER && a->ending != CAUSE_NONE)
		container_kill(&env_of(a)->tool, name, a->host->run->environ);
}

static void record_begin(struct attempt *a, int64_t pid, int64_t pid_start)
{
	const struct env *env = env_of(a);
	struct attempt_new n = {
		.run = a->host->run->number, .step = a->rec.step, .uid = a->uid, .n = a->n,
			.command = a->work.command ? a->work.command : "[]",
		.folder = a->work.rel, .isolation = isolation_text(isolation_of(a->host->run->isolation, env)),
		.env = a->host->env_ids[env - a->host->envs->v], .host = a->host->machine->host,
		.reason = a->reason, .started = time_now(), .pid = pid, .pid_start = pid_start,
		.facts = a->key.facts, .form = a->key.never ? NULL : &a->key.form,
			.key = a->key.never ? NULL : &a->key.key,
		.continued = a->checkpoint.name ? a->continues->id : 0,
	};

	a->recorded = true;
	journal_begin(a->host->journal, &a->rec, &n);
	for (size_t i = 0; i < a->work.inputs.len; i++) {
		const struct fact *f = &a->work.inputs.v[i];
		struct artifact_new in = {.role = ROLE_IN,
		                          .form = f->form,
		                          .path = f->path,
		                          .digest = f->has_digest ? &f->digest : NULL,
		                          .size = f->size,
		                          .mtime = f->mtime,
		                          .mode = f->mode};

		journal_artifact(a->host->journal, &a->rec, &in);
	}
	if (a->checkpoint.name) {
		struct artifact_new c = {.role = ROLE_CHECKPOINT,
		                         .form = a->checkpoint.form,
		                         .path = a->checkpoint.name,
		                         .digest = &a->checkpoint.digest,
		                         .size = a->checkpoint.size};

		journal_artifact(a->host->journal, &a->rec, &c);
	}
}

/* It never became a process. */
static void fail_early(struct attempt *a, enum cause cause, const char *message)
{
	struct err e;

	if (!a->recorded)
		record_begin(a, 0, 0);
	a->result.exit_status = -1;
	a->result.usage = (struct attempt_usage){ -1, -1, -1, -1, -1 };
	if (cause != CAUSE_STOPPED)
		attempt_set_error(a, message);
	log_finish(a->log, time_now(), &a->log_size, &e);
	a->log_size = 0;
	work_clear(&a->work, a->def->keep == KEEP_NEVER ? WORK_REMOVE : WORK_KEEP, &e);
	attempt_finish(a, cause == CAUSE_STOPPED ? ATTEMPT_STOPPED : ATTEMPT_FAILED, cause);
}

/* What an attempt of an earlier run left, a copy: where nothing but the code differs from what it had, or all the same.
 * *ret_line: for its log, owned; NULL: nothing. */
static int take_checkpoints(struct attempt *a, char **ret_line)
{
	const struct past_attempt *past = a->continues;
	_free_ char *from = continue_folder(a->host->run->jig, past);
	const char *why;

	if (past->run == a->host->run->number)
		return checkpoint_newest(from, &a->trace_texts, &a->checkpoint, &a->problem);
	why = continue_refused(past, &a->key, a->def, &a->trace_texts);
	if (why)
		*ret_line = mem_printf(a->host->keep_checkpoint ? "goes on from a checkpoint of run %lld, though %s"
		                                                : "begins anew, without its checkpoint of run %lld: %s",
		                       (long long)past->run, why);
	if (why && !a->host->keep_checkpoint)
		return 0;
	return checkpoint_copy(from, a->work.checkpoints, &a->trace_texts, &a->checkpoint, &a->problem);
}

/* What was there when the run began is gone. For its log, owned; NULL: nothing. */
static char *broken_promise(const struct attempt *a)
{
	long long said = a->promised, got = a->checkpoint.name ? a->continues->run : 0;

	if (!said || got == said)
		return NULL;
	if (got)
		return mem_printf("goes on from a checkpoint of run %lld: that of run %lld is gone", got, said);
	return mem_printf("begins anew: its checkpoint of run %lld is gone", said);
}

static void make_work(void *arg)
{
	struct attempt *a = arg;
	_free_ char *line = NULL;
	bool certificates = false;

	a->made = a->continues ? take_checkpoints(a, &line) : 0;
	if (a->made < 0)
		return;
	a->made = a->check_env ? env_check(a->host->envs->cache, env_of(a), &certificates, &a->problem) : 0;
	if (a->made >= 0 || certificates)
		a->made = work_make(&a->work, a->host->run, a->step, a->n, a->uid, &a->problem);
	fault_point("attempt-made");
	if (a->made >= 0 && !line)
		line = broken_promise(a);
	if (a->made >= 0 && line)
		attempt_say(a, line);
	if (a->made >= 0)
		attempt_trace_begin(a);
}

/* An environment is looked at again when a step that could write to it has run since, and when someone else had time
 * to. */
static bool wants_check(struct attempt *a)
{
	struct env *env = env_of(a);
	int64_t now = time_mono();

	if (!env->cached || (!env->touched && now - env->checked < ENV_CHECK_AGAIN_US))
		return false;
	env->checked = now;
	env->touched = false;
	return true;
}

static void spawn(struct attempt *a)
{
	int ends[2] = { -1, -1 };
	struct err e;
	int r = attempt_open_pipes(a, ends, &e);

	a->begun = a->active = a->live->started = time_mono();
	env_of(a)->touched |= isolation_of(a->host->run->isolation, env_of(a)) == ISOLATION_FOLDER;
	if (r >= 0) {
		const struct variables *vars = a->work.wrap == SPAWN_CONTAINER ? &a->work.client : &a->work.vars;
		struct spawn_request req = {.token = a->token,
		                            .argv = a->work.argv,
		                            .envp = (const char *const *)vars->v,
		                            .cwd = a->work.work,
		                            .out = ends[0],
		                            .err = ends[1],
		                            .attempt_id = a->uid,
		                            .wrap = a->work.wrap,
		                            .prefix = a->work.prefix,
		                            .trace = a->observed};

		attempt_trace_listen(a);
		checkpoint_watch_begin(a->host->checkpoints, a->work.checkpoints, a);
		r = spawner_spawn(a->host->spawner, &req, &e);
	}
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	if (r < 0)
		fail_early(a, CAUSE_SPAWN, e.text);
}

static void made_done(void *arg)
{
	struct attempt *a = arg;

	if (a->made < 0)
		fail_early(a, CAUSE_ENV, a->problem.text);
	else if (a->ending != CAUSE_NONE)
		fail_early(a, a->ending, "");
	else
		spawn(a);
}

static int make_key(struct attempt *a)
{
	struct step_key_options o = {.pipeline = a->host->run->pipeline,
	                             .step = a->step,
	                             .argv = (char *const *)a->work.argv,
	                             .env_key = env_of(a)->key,
	                             .environ = a->host->run->environ,
	                             .inputs = &a->work.inputs};

	return step_key(&o, &a->key, &a->problem);
}

struct attempt *attempt_start(const struct attempt_host *h, int step, int n, uint64_t token, const char *reason,
                              unsigned gpus, const struct past_attempt *continues, int64_t promised,
                              struct live_step *live)
{
	struct attempt *a = mem_zero(sizeof *a);
	_buf_ struct buf devices = BUF_INIT;
	int64_t bytes = 0;

	a->host = h;
	a->step = step;
	a->def = &h->run->pipeline->steps[step];
	a->n = n;
	a->token = token;
	a->rec.step = h->step_ids[step];
	a->reason = reason;
	a->gpus = gpus;
	a->continues = continues;
	a->promised = promised;
	a->live = live;
	a->metrics_fd = -1;
	a->kill_at = -1;
	a->slot = spares_slot(h->spares);
	buf_init(&a->metrics_rest);
	for (int i = 0; i < 2; i++)
		a->pipes[i] = (struct pipe_end){ .fd = -1, .stream = i, .attempt = a };
	a->parser = metric_parser_new();
	ulid_make(time_now(), a->uid);
	for (int i = 0; i < 32; i++)
		if (gpus & (1u << i)) {
			buf_adds(&devices, devices.len ? "," : "");
			gpu_device(i, &devices);
		}
	live->nmetrics = 0;
	live->last_line[0] = 0;
	a->made = work_plan(&a->work, h->run, step, n, a->uid, h->inputs, h->outputs, gpus ? devices.data : NULL,
	                    a->slot, &a->problem);
	a->work.spare = spares_take(h->spares);
	a->log = log_new(a->work.folder ? a->work.folder : h->run->jig, a->def->log_limit);
	secrets_init(&a->secrets, a->def, &a->work.vars);
	for (size_t i = 0; i < a->secrets.len; i++)
		log_mask(a->log, (const char *const *)&a->secrets.v[i].bytes, 1);
	if (a->made >= 0)
		a->made = make_key(a);
	if (a->made >= 0) {
		for (size_t i = 0; i < a->work.inputs.len; i++)
			bytes += a->work.inputs.v[i].form == FORM_LINK ? 0 : a->work.inputs.v[i].size;
		a->check_env = wants_check(a);
		if (bytes > ATTEMPT_OFFLOAD_BYTES || a->check_env || a->continues) {
			offload_start(h->offload, make_work, made_done, a);
			return a;
		}
		make_work(a);
	}
	made_done(a);
	return a;
}

void attempt_free(struct attempt *a)
{
	if (!a)
		return;
	attempt_close_pipes(a, false);
	if (a->metrics_fd >= 0)
		close(a->metrics_fd);
	buf_release(&a->metrics_rest);
	metric_parser_free(a->parser);
	secrets_release(&a->secrets);
	log_free(a->log);
	json_decref(a->params);
	outputs_release(&a->taken);
	attempt_trace_release(a);
	step_key_release(&a->key);
	journal_attempt_release(&a->rec);
	work_release(&a->work);
	free(a->error_file);
	free(a->error_message);
	free(a);
}

void attempt_event(struct attempt *a, const struct spawn_event *ev)
{
	_free_ char *text = NULL;

	switch (ev->kind) {
	case SPAWN_STARTED:
		fault_point("attempt-started");
		a->pid = ev->pid;
		record_begin(a, ev->pid, (int64_t)ev->start);
		a->host->started(a->host->arg, a);
		return;
	case SPAWN_FAILED:
		if (ev->error == ENOENT && strcmp(ev->stage, "exec") == 0)
			text = mem_printf("command not found: %s", a->work.argv[0]);
		else
			text = mem_printf("%s: %s: %s", ev->stage, a->work.argv[0], strerror(ev->error));
		attempt_close_pipes(a, false);
		fail_early(a, CAUSE_SPAWN, text);
		return;
	case SPAWN_EXITED:
		fault_point("attempt-exited");
		a->exit = *ev;
		checkpoint_watch_end(a->host->checkpoints, a);
		end_container(a);
		a->exited = true;
		attempt_settle(a);
		return;
	}
}

static bool idle(const struct attempt *a, int64_t now)
{
	return a->def->idle_timeout_us && now - a->active >= a->def->idle_timeout_us;
}

/* While the machine slept, or this program was stopped, the step stood still too: what it asks for has to be
 * answered. */
static void forget_sleep(struct attempt *a, int64_t now)
{
	int64_t gap = a->looked ? now - a->looked : 0;

	if (gap > SLEEP_US) {
		a->slept += gap;
		if (a->active <= a->looked)
			a->active += gap;
	}
	a->looked = now;
}

void attempt_tick(struct attempt *a, int64_t now)
{
	struct err e;

	if (a->exited || a->over || !a->pid)
		return;
	forget_sleep(a, now);
	for (int i = 0; i < METRICS_CHUNKS_A_TICK && attempt_read_metrics(a, false); i++)
		;
	checkpoint_watch_alive(a->host->checkpoints, a);
	if (!a->log_failed)
		log_flush(a->log, time_now(), &e);
	if (a->kill_at >= 0 && now >= a->kill_at) {
		a->kill_at = INT64_MAX;
		spawner_signal(a->host->spawner, a->token, SIGKILL, &e);
	}
	if (a->ending != CAUSE_NONE)
		return;
	if (a->def->timeout_us && now - a->begun - a->slept >= a->def->timeout_us) {
		attempt_stop(a, CAUSE_TIMEOUT, false);
	} else if (idle(a, now)) {
		/* CPU is sampled once a second; a step that only computes must not end between two looks. */
		usage_scan(a->host->usage);
		attempt_sample(a, now);
		if (idle(a, now))
			attempt_stop(a, CAUSE_IDLE, false);
	}
}

void attempt_sample(struct attempt *a, int64_t now)
{
	struct sample s;

	if (a->exited || a->over || !a->pid || !usage_sample(a->host->usage, a->pid, &s))
		return;
	if (s.cpu_us - a->last_cpu > (int64_t)(IDLE_CPU_SHARE * US_PER_S))
		a->active = now;
	a->last_cpu = s.cpu_us;
	journal_sample(a->host->journal, &a->rec, &s);
}

bool attempt_stop(struct attempt *a, enum cause cause, bool at_once)
{
	struct err e;

	a->unwanted |= cause == CAUSE_STOPPED;
	if (a->exited || a->over)
		return false;
	if (a->ending == CAUSE_NONE)
		a->ending = cause;
	else if (!at_once)
		return true;
	if (!a->begun)
		return true;
	if (at_once) {
		a->kill_at = INT64_MAX;
		spawner_signal(a->host->spawner, a->token, SIGKILL, &e);
	} else {
		a->kill_at = time_mono() + a->host->grace_us;
		spawner_signal(a->host->spawner, a->token, SIGTERM, &e);
	}
	return true;
}
