#include "runner/attempt_parts.h"

#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/path.h"
#include "base/time.h"
#include "runner/attempt_trace.h"
#include "runner/log/log.h"

#define HINT_TAIL (16 << 10)

void attempt_set_error(struct attempt *a, const char *message)
{
	free(a->error_message);
	free(a->error_file);
	a->error_file = NULL;
	a->error_message = secrets_mask(&a->secrets, message);
}

void attempt_finish(struct attempt *a, enum attempt_state state, enum cause cause)
{
	struct attempt_result *r = &a->result;

	r->state = state;
	r->cause = cause;
	r->ended = time_now();
	r->elapsed_us = a->begun ? time_mono() - a->begun : 0;
	r->error_file = a->error_file;
	r->error_message = a->error_message;
	a->live->cause = cause;
	a->live->elapsed = r->elapsed_us;
	a->over = true;
	spares_slot_free(a->host->spares, a->slot);
	if (a->spare)
		spares_give(a->host->spares, a->work.work, a->work.checkpoints_empty ? a->work.checkpoints : NULL);
	a->host->ended(a->host->arg, a);
}

static bool memory_gone(const struct attempt *a)
{
	return WIFSIGNALED(a->exit.status) && WTERMSIG(a->exit.status) == SIGKILL && a->host->machine->memory > 0 &&
	       a->exit.max_rss > a->host->machine->memory / 10 * 8;
}

static void classify(struct attempt *a)
{
	struct attempt_result *r = &a->result;
	int status = a->exit.status;

	r->exit_status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
	r->signal = WIFSIGNALED(status) ? WTERMSIG(status) : 0;
	r->state = ATTEMPT_FAILED;
	if (a->ending != CAUSE_NONE) {
		r->cause = a->ending;
		r->state = a->ending == CAUSE_STOPPED ? ATTEMPT_STOPPED : ATTEMPT_FAILED;
	} else if (memory_gone(a)) {
		r->cause = CAUSE_OOM;
	} else if (r->signal) {
		r->cause = CAUSE_SIGNAL;
	} else if (r->exit_status) {
		r->cause = CAUSE_EXIT;
	} else {
		r->state = ATTEMPT_SUCCESS;
		r->cause = CAUSE_NONE;
	}
	r->usage = (struct attempt_usage){.max_rss = a->exit.max_rss,
	                                  .cpu_us = a->exit.cpu_us,
	                                  .read_bytes = -1,
	                                  .written_bytes = -1,
	                                  .gpu_mem = -1};
}

/* Paths of the work folder as the step's author knows them: relative. */
static void cut_folder(char *text, const char *folder)
{
	size_t n = strlen(folder);

	for (char *p = text; (p = strstr(p, folder)); ) {
		if (p[n] != '/') {
			p += n;
			continue;
		}
		memmove(p, p + n + 1, strlen(p + n + 1) + 1);
	}
}

static void explain(struct attempt *a)
{
	struct err e;
	_free_ char *text = NULL;

	switch (a->result.cause) {
	case CAUSE_TIMEOUT:
	case CAUSE_IDLE: {
		char clock[24];

		duration_clock(a->result.cause == CAUSE_IDLE ? a->def->idle_timeout_us : a->def->timeout_us, clock);
		text = mem_printf(a->result.cause == CAUSE_IDLE
		                          ? "no output, no metric and no CPU for %s (idle_timeout)"
		                          : "still ran after %s (timeout)",
		                  clock);
		attempt_set_error(a, text);
		return;
	}
	case CAUSE_ENV:
		attempt_set_error(a, a->problem.text);
		return;
	case CAUSE_STOPPED:
	case CAUSE_SECRET:
		return;
	default:
		break;
	}
	log_root_error(a->work.folder, a->work.work, &a->error_file, &a->result.error_line, &a->error_message, &e);
	if (a->error_message) {
		cut_folder(a->error_message, a->work.work);
		return;
	}
	if (a->result.signal)
		text = mem_printf("ended by signal %d (%s)", a->result.signal, strsignal(a->result.signal));
	else
		text = mem_printf("exited with status %d and no output", a->result.exit_status);
	attempt_set_error(a, text);
}

static char *secret_in_outputs(const struct attempt *a)
{
	for (size_t i = 0; i < a->def->noutputs; i++) {
		_free_ char *full = path_join(a->work.work, a->def->outputs[i].path);
		_free_ char *below = NULL;
		const char *name;

		if (secrets_find(&a->secrets, full, &name, &below))
			return mem_printf("output \"%s%s%s\" holds the value of secret %s", a->def->outputs[i].path,
			                  *below ? "/" : "", below, name);
	}
	return NULL;
}

void attempt_say(struct attempt *a, const char *text)
{
	_free_ char *line = mem_printf("[jig: %s]\n", text);
	struct err ignored;

	log_write(a->log, 1, line, strlen(line), time_now(), &ignored);
}

static void say(void *arg, const char *text)
{
	attempt_say(arg, text);
}

/* A secret in what would go into the store or the record fails the step, with no output taken. */
static void refuse_secrets(struct attempt *a, const struct logged *logged)
{
	_free_ char *text = NULL;

	if (logged->secret)
		attempt_say(a, logged->secret);
	if (a->result.state != ATTEMPT_SUCCESS)
		return;
	if (logged->secret)
		text = mem_strdup(logged->secret);
	else if (a->secret_line)
		text = mem_printf("the value of secret %s stands in a line of $JIG_METRICS", a->secret_line);
	else
		text = secret_in_outputs(a);
	if (!text)
		return;
	a->result.state = ATTEMPT_FAILED;
	a->result.cause = CAUSE_SECRET;
	attempt_set_error(a, text);
}

/* Names in metrics files, with their escapes read. */
static int check_points(struct attempt *a)
{
	const char *name = NULL;

	for (size_t i = 0; !name && i < a->taken.points.len; i++)
		name = secrets_in(&a->secrets, a->taken.points.v[i].key, strlen(a->taken.points.v[i].key));
	if (!name)
		return 0;
	for (size_t i = 0; i < a->taken.points.len; i++)
		free(a->taken.points.v[i].key);
	vec_clear(&a->taken.points);
	return err_set(&a->problem, ERR_FAILED, "the value of secret %s stands in a name in the step's metrics", name);
}

/* What stays on the disk is told in the log, which a person reads who goes there. */
static void name_kept_secret(struct attempt *a, const char *path)
{
	_free_ char *below = NULL;
	_free_ char *text = NULL;
	const char *name;

	if (!secrets_find(&a->secrets, path, &name, &below))
		return;
	text = mem_printf("the value of secret %s stands in %s%s%s, which is kept", name, path, *below ? "/" : "",
	                  below);
	attempt_say(a, text);
}

static void look_at_kept(struct attempt *a)
{
	const char *own[] = { a->work.metrics, a->work.logged };
	bool all = a->def->keep == KEEP_ALWAYS || a->result.state != ATTEMPT_SUCCESS;

	for (int i = 0; i < 2; i++)
		if (!secrets_mask_file(&a->secrets, own[i]))
			name_kept_secret(a, own[i]);
	if (all && a->def->keep != KEEP_NEVER)
		name_kept_secret(a, a->work.work);
	if (all)
		name_kept_secret(a, a->work.checkpoints);
}

static void close_log(struct attempt *a)
{
	_free_ char *path = path_join(a->work.folder, "log");
	_close_ int fd = -1;
	struct err e;

	if (log_finish(a->log, time_now(), &a->log_size, &e) < 0)
		a->log_size = 0;
	if (a->log_size <= 0)
		return;
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0 || sha256_fd(fd, &a->log_digest, &a->log_size, &e) < 0)
		a->log_size = 0;
}

/* The sandbox's part in a failure, told in the log. */
static void name_sandbox(struct attempt *a)
{
	_free_ char *path = path_join(a->work.folder, "log");
	_buf_ struct buf said = BUF_INIT;
	_free_ char *text = NULL;
	const char *hint;
	struct err ignored;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	log_flush(a->log, INT64_MAX, &ignored);
	if (lseek(fd, -HINT_TAIL, SEEK_END) < 0)
		lseek(fd, 0, SEEK_SET);
	while (buf_read(&said, fd, HINT_TAIL) > 0)
		;
	close(fd);
	hint = isolation_hint(a->def, a->host->run->root, variables_get(&a->work.vars, "HOME"), said.data);
	if (!hint)
		return;
	text = mem_printf("%s[jig: %s]\n", said.data[said.len - 1] == '\n' ? "" : "\n", hint);
	log_write(a->log, 1, text, strlen(text), time_now(), &ignored);
}

/* Whether it ended by itself. A shell gives on as 128 + N that what it ran was killed by signal N. */
static bool orderly(const struct attempt_result *r)
{
	return !r->signal && !(r->exit_status > 128 && r->exit_status <= 128 + SIGRTMAX);
}

/* A death may have torn the newest checkpoint: the next attempt must not begin with it. */
static void settle_checkpoints(struct attempt *a)
{
	_free_ char *line = NULL;
	struct err e;

	if (checkpoint_settle(a->work.checkpoints, orderly(&a->result), &a->trace_texts, &a->torn, &e) < 0 || !a->torn)
		return;
	line = mem_printf("checkpoint %s was not complete when the step died; it was set aside", a->torn);
	attempt_say(a, line);
}

static void settle_work(void *arg)
{
	struct attempt *a = arg;
	struct logged logged = { 0 };
	enum work_end end;
	struct err e = { 0 };
	int r;

	if (a->work.wrap == SPAWN_SANDBOX && a->result.state == ATTEMPT_FAILED)
		name_sandbox(a);
	r = attempt_read_logged(a, &logged, &a->problem);
	if (r < 0)
		attempt_say(a, a->problem.text);
	if (a->def->nsecrets)
		refuse_secrets(a, &logged);
	a->made = a->result.state == ATTEMPT_SUCCESS ? r : 0;
	attempt_take_artifacts(a, &logged, &a->problem);
	logged_release(&logged);
	if (a->result.state == ATTEMPT_SUCCESS && a->made >= 0) {
		a->made = outputs_take(a->host->run->store, a->def, a->work.work, a->def->keep != KEEP_ALWAYS,
		                       &a->taken, &a->problem);
		if (a->made >= 0 && a->def->nsecrets)
			a->made = check_points(a);
	}
	fault_point("outputs-taken");
	if (a->made < 0) {
		a->result.state = ATTEMPT_FAILED;
		a->result.cause = a->made == ERR_BROKEN   ? CAUSE_ENV
		                  : a->made == ERR_FAILED ? CAUSE_SECRET
		                                          : CAUSE_OUTPUT_MISSING;
		attempt_set_error(a, a->problem.text);
	}
	attempt_trace_end(a);
	if (a->result.state != ATTEMPT_SUCCESS)
		settle_checkpoints(a);
	if (a->def->nsecrets)
		look_at_kept(a);
	a->params_changed = logged_params_set(a->host->params, a->step, a->params, say, a);
	close_log(a);
	if (a->made >= 0 && a->result.state != ATTEMPT_SUCCESS)
		explain(a);
	if (a->result.state == ATTEMPT_SUCCESS)
		end = a->def->keep == KEEP_ALWAYS ? WORK_KEEP : WORK_SPARE;
	else
		end = a->def->keep == KEEP_NEVER ? WORK_REMOVE : WORK_KEEP;
	fault_point("attempt-settled");
	a->spare = work_clear(&a->work, end, &e) >= 0 && end == WORK_SPARE;
}

static void settle_done(void *arg)
{
	struct attempt *a = arg;
	char message[128];
	int64_t now = time_now(); /* the same for all values of a file: lists by time have one order */

	for (size_t i = 0; i < a->taken.points.len; i++) {
		const struct output_point *p = &a->taken.points.v[i];
		struct err e;
		int64_t step;

		if (journal_point(a->host->journal, &a->rec, p->key, strlen(p->key), p->step, p->ts < 0 ? now : p->ts,
		                  p->value, &step, &e) >= 0)
			attempt_note_metric(a, p->key, strlen(p->key), p->value, step);
	}
	if (a->broken_lines > 1 && !a->error_message && a->result.state != ATTEMPT_SUCCESS) {
		snprintf(message, sizeof message, "%lld lines in $JIG_METRICS are no metrics",
		         (long long)a->broken_lines);
		attempt_set_error(a, message);
	}
	attempt_finish(a, a->result.state, a->result.cause);
}

/* Whether settling has much to read. */
static bool heavy(const struct attempt *a)
{
	struct stat st;
	_free_ char *log = path_join(a->work.folder, "log");

	if ((stat(log, &st) == 0 && st.st_size > ATTEMPT_OFFLOAD_BYTES) || a->def->nsecrets)
		return true;
	for (size_t i = 0; i < a->def->noutputs; i++) {
		_free_ char *full = path_join(a->work.work, a->def->outputs[i].path);

		if (a->def->outputs[i].folder || (lstat(full, &st) == 0 && st.st_size > ATTEMPT_OFFLOAD_BYTES))
			return true;
	}
	return false;
}

void attempt_settle(struct attempt *a)
{
	attempt_close_pipes(a, true);
	attempt_trace_deaf(a);
	while (attempt_read_metrics(a, true))
		if (journal_due(a->host->journal) == 0)
			a->host->flush(a->host->arg);
	classify(a);
	if (heavy(a)) {
		offload_start(a->host->offload, settle_work, settle_done, a);
	} else {
		settle_work(a);
		settle_done(a);
	}
}

static void record_fact(struct attempt *a, const struct fact *f, enum artifact_role role)
{
	struct artifact_new n = {
	        .role = role, .form = f->form, .path = f->path, .digest = &f->digest, .size = f->size, .mode = f->mode};

	journal_artifact(a->host->journal, &a->rec, &n);
}

void attempt_record(struct attempt *a, enum step_state s)
{
	bool good = a->result.state == ATTEMPT_SUCCESS;
	size_t outputs = good ? a->taken.facts.len : 0;
	int64_t peak = -1;

	if (a->pid) {
		usage_forget(a->host->usage, a->pid, &peak);
		if (peak > a->result.usage.max_rss)
			a->result.usage.max_rss = peak;
	}
	for (size_t i = 0; i < outputs; i++)
		record_fact(a, &a->taken.facts.v[i], a->taken.facts.v[i].metrics ? ROLE_METRIC : ROLE_OUT);
	for (size_t i = 0; i < a->taken.logged.len; i++)
		record_fact(a, &a->taken.logged.v[i], ROLE_LOGGED);
	if (a->log_size > 0) {
		struct fact log = {.path = "log",
		                   .form = FORM_PLACE,
		                   .digest = a->log_digest,
		                   .has_digest = true,
		                   .size = a->log_size,
		                   .mode = 0644};

		record_fact(a, &log, ROLE_LOG);
	}
	/* One that never began logged nothing, and it is the last. */
	if (!a->params)
		a->params_changed = logged_params_set(a->host->params, a->step, NULL, NULL, NULL);
	if (a->params_changed)
		journal_params(a->host->journal, logged_params_all(a->host->params));
	a->result.step_state = s;
	a->result.params = a->params;
	journal_end(a->host->journal, &a->rec, &a->result, a->traced ? &a->trace : NULL);
	for (size_t i = 0; i < outputs; i++)
		vec_push(&a->host->outputs[a->step], a->taken.facts.v[i]);
}
