#include "runner/attempt.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "runner/log.h"
#include "runner/metric.h"

#define OFFLOAD_BYTES (4 << 20)
#define METRICS_CHUNK (1 << 20)
#define METRICS_CHUNKS_A_TICK 4
#define METRIC_LINE_MAX (1 << 20)
/* CPU below this share of a core is the noise of sleeping threads. */
#define IDLE_CPU_SHARE 0.005

static void spawn(struct attempt *a);
static void settle(struct attempt *a);

/* ---- the process's streams ---- */

static void stream_bytes(struct attempt *a, int stream, const char *bytes, size_t n)
{
	struct err e;

	a->active = time_mono();
	if (a->log_failed)
		return;
	if (log_write(a->log, stream, bytes, n, time_now(), &e) < 0) {
		a->log_failed = true;
		a->problem = e;
		attempt_stop(a, CAUSE_ENV, false);
		return;
	}
	const char *line = log_last_line(a->log, -1);
	size_t cut = utf8_fit(line, strlen(line), sizeof a->live->last_line / 4);
	memcpy(a->live->last_line, line, cut);
	a->live->last_line[cut] = 0;
}

static void close_pipe(struct pipe_end *p)
{
	if (p->fd < 0)
		return;
	loop_remove(p->source);
	p->source = NULL;
	close(p->fd);
	p->fd = -1;
}

/* Reads what is there; false at the end of the stream. */
static bool read_pipe(struct pipe_end *p, int rounds)
{
	static char bytes[65536];

	while (rounds-- != 0) {
		ssize_t n = read(p->fd, bytes, sizeof bytes);

		if (n > 0)
			stream_bytes(p->attempt, p->stream, bytes, n);
		else if (n == 0 || (errno != EAGAIN && errno != EINTR))
			return false;
		else
			return true;
	}
	return true;
}

static void pipe_ready(void *arg, int fd, short revents)
{
	struct pipe_end *p = arg;

	if (!read_pipe(p, 4))
		close_pipe(p);
}

/* ---- metrics ---- */

static void note_metric(struct attempt *a, const char *key, size_t n, double value, int64_t step)
{
	struct live_step *l = a->live;
	int i = 0;

	for (; i < l->nmetrics; i++)
		if (strlen(l->metrics[i].key) == n && memcmp(l->metrics[i].key, key, n) == 0)
			break;
	if (i == LIVE_METRICS || n >= sizeof l->metrics[i].key)
		return;
	if (i == l->nmetrics) {
		memcpy(l->metrics[i].key, key, n);
		l->metrics[i].key[n] = 0;
		l->nmetrics++;
	}
	l->metrics[i].value = value;
	l->metrics[i].step = step;
}

static void metric_line(struct attempt *a, const char *line, size_t n, int64_t now)
{
	struct metric_line m;
	struct err e;
	int r = metric_parse(a->parser, line, n, &m, &e);

	for (size_t i = 0; r > 0 && i < m.len; i++) {
		int64_t step;

		r = journal_point(a->host->journal, &a->rec, m.v[i].key, m.v[i].key_len, m.step, m.ts < 0 ? now : m.ts, m.v[i].value, &step, &e);
		if (r >= 0) {
			r = 1;
			note_metric(a, m.v[i].key, m.v[i].key_len, m.v[i].value, step);
		}
	}
	if (r < 0 && a->broken_lines++ == 0) {
		/* One line in the log says so; the rest is counted there at the end. */
		_free_ char *text = mem_printf("[jig: a line in $JIG_METRICS is no metric: %s]\n", e.text);
		stream_bytes(a, 1, text, strlen(text));
	}
}

/* A step may have put anything in the place of the file; opening a FIFO must not wait. */
static void open_metrics(struct attempt *a)
{
	struct stat st;
	int fd = open(a->work.metrics, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);

	if (fd >= 0 && (fstat(fd, &st) < 0 || !S_ISREG(st.st_mode))) {
		close(fd);
		fd = -1;
	}
	a->metrics_fd = fd;
}

/* One chunk of what was appended; false at the end. last: a line without a newline counts too. */
static bool read_metrics(struct attempt *a, bool last)
{
	int64_t now = time_now();
	size_t from = 0;
	ssize_t n;

	if (a->metrics_fd < 0)
		open_metrics(a);
	if (a->metrics_fd < 0)
		return false;
	n = buf_read(&a->metrics_rest, a->metrics_fd, METRICS_CHUNK);
	if (n > 0)
		a->active = time_mono();
	for (;;) {
		char *start = a->metrics_rest.data + from;
		char *nl = memchr(start, '\n', a->metrics_rest.len - from);

		if (!nl)
			break;
		metric_line(a, start, nl - start, now);
		from = nl - a->metrics_rest.data + 1;
	}
	buf_drop(&a->metrics_rest, from);
	if (n <= 0 && last && a->metrics_rest.len) {
		metric_line(a, a->metrics_rest.data, a->metrics_rest.len, now);
		buf_reset(&a->metrics_rest);
	}
	if (a->metrics_rest.len > METRIC_LINE_MAX) {
		a->broken_lines++;
		buf_reset(&a->metrics_rest);
	}
	return n > 0;
}

/* What `jig log --param` and `--artifact` handed over: a JSON object a line. */
static void read_logged(struct attempt *a, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	struct err quiet;
	struct stat st;

	if (lstat(a->work.logged, &st) < 0 || !S_ISREG(st.st_mode) || file_read(a->work.logged, 16 << 20, &text, &quiet) < 0)
		return;
	for (char *line = text.data, *nl; (nl = strchr(line, '\n')); line = nl + 1) {
		_json_ json_t *v = NULL;
		const char *path;

		if (json_parse(line, nl - line, "logged.jsonl", &v, &quiet) < 0)
			continue;
		path = json_string_value(json_object_get(v, "artifact"));
		if (path && outputs_take_path(a->host->run->store, a->work.work, path, &a->taken, &quiet) < 0 && a->made >= 0 &&
		    a->result.state == ATTEMPT_SUCCESS)
			*e = quiet, a->made = ERR_NOT_FOUND;
		const char *key = json_string_value(json_object_get(v, "param"));
		if (key)
			vec_push(&a->params, (struct logged_param){ mem_strdup(key), json_incref(json_object_get(v, "value")) });
	}
}

/* ---- the end ---- */

static void set_error(struct attempt *a, const char *message)
{
	free(a->error_message);
	free(a->error_file);
	a->error_file = NULL;
	a->error_message = mem_strdup(message);
}

static void finish(struct attempt *a, enum attempt_state state, enum cause cause)
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
	r->usage = (struct attempt_usage){ .max_rss = a->exit.max_rss, .cpu_us = a->exit.cpu_us, .read_bytes = -1, .written_bytes = -1, .gpu_mem = -1 };
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
		text = mem_printf(a->result.cause == CAUSE_IDLE ? "no output, no metric and no CPU for %s (idle_timeout)" :
								  "still ran after %s (timeout)", clock);
		set_error(a, text);
		return;
	}
	case CAUSE_ENV:
		set_error(a, a->problem.text);
		return;
	case CAUSE_STOPPED:
		return;
	default:
		break;
	}
	log_root_error(a->work.folder, a->work.work, &a->error_file, &a->result.error_line, &a->error_message, &e);
	if (a->error_message)
		return;
	if (a->result.signal)
		text = mem_printf("ended by signal %d (%s)", a->result.signal, strsignal(a->result.signal));
	else
		text = mem_printf("exited with status %d and no output", a->result.exit_status);
	set_error(a, text);
}

static void settle_work(void *arg)
{
	struct attempt *a = arg;
	enum work_end end;
	struct err e = { 0 };

	if (log_finish(a->log, time_now(), &a->log_size, &e) < 0)
		a->log_size = 0;
	if (a->log_size > 0) {
		_free_ char *path = path_join(a->work.folder, "log");
		int fd = open(path, O_RDONLY | O_CLOEXEC);

		if (fd < 0 || sha256_fd(fd, &a->log_digest, &a->log_size, &e) < 0)
			a->log_size = 0;
		if (fd >= 0)
			close(fd);
	}
	a->made = 0;
	if (a->result.state == ATTEMPT_SUCCESS)
		a->made = outputs_take(a->host->run->store, a->def, a->work.work, a->def->keep != KEEP_ALWAYS, &a->taken, &a->problem);
	if (a->made >= 0)
		read_logged(a, &a->problem);
	if (a->made < 0) {
		a->result.state = ATTEMPT_FAILED;
		a->result.cause = a->made == ERR_BROKEN ? CAUSE_ENV : CAUSE_OUTPUT_MISSING;
		set_error(a, a->problem.text);
	} else if (a->result.state != ATTEMPT_SUCCESS) {
		explain(a);
	}
	if (a->result.state == ATTEMPT_SUCCESS)
		end = a->def->keep == KEEP_ALWAYS ? WORK_KEEP : WORK_SPARE;
	else
		end = a->def->keep == KEEP_NEVER ? WORK_REMOVE : WORK_KEEP;
	a->spare = work_clear(&a->work, end, &e) >= 0 && end == WORK_SPARE;
}

static void settle_done(void *arg)
{
	struct attempt *a = arg;
	char message[128];

	for (size_t i = 0; i < a->taken.points.len; i++) {
		const struct output_point *p = &a->taken.points.v[i];
		struct err e;
		int64_t step;

		if (journal_point(a->host->journal, &a->rec, p->key, strlen(p->key), p->step, p->ts < 0 ? time_now() : p->ts, p->value, &step, &e) >= 0)
			note_metric(a, p->key, strlen(p->key), p->value, step);
	}
	if (a->broken_lines > 1 && !a->error_message && a->result.state != ATTEMPT_SUCCESS) {
		snprintf(message, sizeof message, "%lld lines in $JIG_METRICS are no metrics", (long long)a->broken_lines);
		set_error(a, message);
	}
	finish(a, a->result.state, a->result.cause);
}

/* Whether settling has much to read. */
static bool heavy(const struct attempt *a)
{
	struct stat st;
	_free_ char *log = path_join(a->work.folder, "log");

	if (stat(log, &st) == 0 && st.st_size > OFFLOAD_BYTES)
		return true;
	for (size_t i = 0; i < a->def->noutputs; i++) {
		_free_ char *full = path_join(a->work.work, a->def->outputs[i].path);

		if (a->def->outputs[i].folder || (lstat(full, &st) == 0 && st.st_size > OFFLOAD_BYTES))
			return true;
	}
	return false;
}

static void settle(struct attempt *a)
{
	for (int i = 0; i < 2; i++) {
		if (a->pipes[i].fd >= 0)
			read_pipe(&a->pipes[i], -1);
		close_pipe(&a->pipes[i]);
	}
	while (read_metrics(a, true))
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

/* ---- the beginning ---- */

static void record_begin(struct attempt *a, int64_t pid, int64_t pid_start)
{
	struct attempt_new n = {
		.run = a->host->run->number, .step = a->rec.step, .uid = a->uid, .n = a->n, .command = a->work.command ? a->work.command : "[]",
		.folder = a->work.rel, .isolation = a->host->run->isolation, .env = a->host->env, .host = a->host->machine->host,
		.reason = a->reason, .started = time_now(), .pid = pid, .pid_start = pid_start,
	};

	a->recorded = true;
	journal_begin(a->host->journal, &a->rec, &n);
	for (size_t i = 0; i < a->work.inputs.len; i++) {
		const struct fact *f = &a->work.inputs.v[i];
		struct artifact_new in = { .role = ROLE_IN, .form = f->form, .path = f->path, .digest = f->has_digest ? &f->digest : NULL,
					   .size = f->size, .mtime = f->mtime, .mode = f->mode };

		journal_artifact(a->host->journal, &a->rec, &in);
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
		set_error(a, message);
	log_finish(a->log, time_now(), &a->log_size, &e);
	a->log_size = 0;
	work_clear(&a->work, a->def->keep == KEEP_NEVER ? WORK_REMOVE : WORK_KEEP, &e);
	finish(a, cause == CAUSE_STOPPED ? ATTEMPT_STOPPED : ATTEMPT_FAILED, cause);
}

static void make_work(void *arg)
{
	struct attempt *a = arg;

	a->made = work_make(&a->work, a->host->run, a->step, a->n, a->uid, &a->problem);
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

static int open_pipes(struct attempt *a, int write_ends[2], struct err *e)
{
	for (int i = 0; i < 2; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0)
			return err_errno(e, "a pipe for the step's output");
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
		a->pipes[i].fd = fds[0];
		write_ends[i] = fds[1];
		a->pipes[i].source = loop_fd(a->host->loop, fds[0], POLLIN, pipe_ready, &a->pipes[i]);
	}
	return 0;
}

static void spawn(struct attempt *a)
{
	int ends[2] = { -1, -1 };
	struct err e;
	int r = open_pipes(a, ends, &e);

	a->begun = a->active = a->live->started = time_mono();
	if (r >= 0) {
		struct spawn_request req = { .token = a->token, .argv = a->work.argv, .envp = (const char *const *)a->work.vars.v, .cwd = a->work.work,
					     .out = ends[0], .err = ends[1], .attempt_id = a->uid };

		r = spawner_spawn(a->host->spawner, &req, &e);
	}
	for (int i = 0; i < 2; i++)
		if (ends[i] >= 0)
			close(ends[i]);
	if (r < 0)
		fail_early(a, CAUSE_SPAWN, e.text);
}

struct attempt *attempt_start(const struct attempt_host *h, int step, int n, uint64_t token, const char *reason, unsigned gpus, struct live_step *live)
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
		if (gpus & (1u << i))
			buf_addf(&devices, "%s%d", devices.len ? "," : "", i);
	live->nmetrics = 0;
	live->last_line[0] = 0;
	live->attempt = n;
	a->made = work_plan(&a->work, h->run, step, n, a->uid, h->inputs, h->outputs, gpus ? devices.data : NULL, a->slot, &a->problem);
	a->work.spare = spares_take(h->spares);
	a->log = log_new(a->work.folder ? a->work.folder : h->run->jig, a->def->log_limit);
	for (size_t i = 0; i < a->def->nsecrets; i++) {
		const char *value = variables_get(&a->work.vars, a->def->secrets[i]);

		if (value)
			log_mask(a->log, &value, 1);
	}
	if (a->made >= 0) {
		for (size_t i = 0; i < a->work.inputs.len; i++)
			bytes += a->work.inputs.v[i].form == FORM_LINK ? 0 : a->work.inputs.v[i].size;
		if (bytes > OFFLOAD_BYTES) {
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
	for (int i = 0; i < 2; i++)
		close_pipe(&a->pipes[i]);
	if (a->metrics_fd >= 0)
		close(a->metrics_fd);
	buf_release(&a->metrics_rest);
	metric_parser_free(a->parser);
	log_free(a->log);
	for (size_t i = 0; i < a->params.len; i++) {
		free(a->params.v[i].key);
		json_decref(a->params.v[i].value);
	}
	vec_release(&a->params);
	outputs_release(&a->taken);
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
		a->pid = ev->pid;
		record_begin(a, ev->pid, (int64_t)ev->start);
		a->host->started(a->host->arg, a);
		return;
	case SPAWN_FAILED:
		if (ev->error == ENOENT && strcmp(ev->stage, "exec") == 0)
			text = mem_printf("command not found: %s", a->work.argv[0]);
		else
			text = mem_printf("%s: %s: %s", ev->stage, a->work.argv[0], strerror(ev->error));
		for (int i = 0; i < 2; i++)
			close_pipe(&a->pipes[i]);
		fail_early(a, CAUSE_SPAWN, text);
		return;
	case SPAWN_EXITED:
		a->exit = *ev;
		a->exited = true;
		settle(a);
		return;
	}
}

static bool idle(const struct attempt *a, int64_t now)
{
	return a->def->idle_timeout_us && now - a->active >= a->def->idle_timeout_us;
}

void attempt_tick(struct attempt *a, int64_t now)
{
	struct err e;

	if (a->exited || a->over || !a->pid)
		return;
	for (int i = 0; i < METRICS_CHUNKS_A_TICK && read_metrics(a, false); i++)
		;
	if (!a->log_failed)
		log_flush(a->log, time_now(), &e);
	if (a->kill_at >= 0 && now >= a->kill_at) {
		a->kill_at = INT64_MAX;
		spawner_signal(a->host->spawner, a->token, SIGKILL, &e);
	}
	if (a->ending != CAUSE_NONE)
		return;
	if (a->def->timeout_us && now - a->begun >= a->def->timeout_us) {
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

void attempt_stop(struct attempt *a, enum cause cause, bool at_once)
{
	struct err e;

	if (a->exited || a->over)
		return;
	if (a->ending == CAUSE_NONE)
		a->ending = cause;
	else if (!at_once)
		return;
	if (!a->begun)
		return;
	if (at_once) {
		a->kill_at = INT64_MAX;
		spawner_signal(a->host->spawner, a->token, SIGKILL, &e);
	} else {
		a->kill_at = time_mono() + a->host->grace_us;
		spawner_signal(a->host->spawner, a->token, SIGTERM, &e);
	}
}

static void record_fact(struct attempt *a, const struct fact *f, enum artifact_role role)
{
	struct artifact_new n = { .role = role, .form = f->form, .path = f->path, .digest = &f->digest, .size = f->size, .mode = f->mode };

	journal_artifact(a->host->journal, &a->rec, &n);
}

void attempt_record(struct attempt *a, enum step_state s)
{
	bool good = a->result.state == ATTEMPT_SUCCESS;
	size_t declared = good ? a->def->noutputs : 0;
	int64_t peak = -1;

	if (a->pid) {
		usage_forget(a->host->usage, a->pid, &peak);
		if (peak > a->result.usage.max_rss)
			a->result.usage.max_rss = peak;
	}
	for (size_t i = 0; i < a->taken.facts.len; i++) {
		const struct fact *f = &a->taken.facts.v[i];

		if (i < declared)
			record_fact(a, f, f->metrics ? ROLE_METRIC : ROLE_OUT);
		else if (good || i >= a->def->noutputs || a->made >= 0)
			record_fact(a, f, ROLE_LOGGED);
	}
	if (a->log_size > 0) {
		struct fact log = { .path = "log", .form = FORM_PLACE, .digest = a->log_digest, .has_digest = true, .size = a->log_size, .mode = 0644 };

		record_fact(a, &log, ROLE_LOG);
	}
	for (size_t i = 0; i < a->params.len; i++)
		journal_param(a->host->journal, a->params.v[i].key, a->params.v[i].value);
	a->result.step_state = s;
	journal_end(a->host->journal, &a->rec, &a->result);
	if (good) {
		struct facts *out = &a->host->outputs[a->step];

		for (size_t i = 0; i < declared; i++)
			vec_push(out, a->taken.facts.v[i]);
	}
}
