#include "runner/attempt_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/time.h"
#include "base/utf8.h"
#include "runner/log/log.h"
#include "runner/log/metric.h"

/* More than any pipe holds: what a stranger goes on writing to it is not the step's. */
#define DRAIN_ROUNDS 64
#define METRICS_CHUNK (1 << 20)
#define METRIC_LINE_MAX (1 << 20)
/* Of a line that is no metric; the remark on it is one line. */
#define BROKEN_CELLS 60

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

/* Reads what is there, at most so many times 64 KiB; false at the end of the stream. */
static bool read_pipe(struct pipe_end *p, int rounds)
{
	static char bytes[65536];

	while (rounds-- > 0) {
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

int attempt_open_pipes(struct attempt *a, int ret_ends[2], struct err *e)
{
	for (int i = 0; i < 2; i++) {
		int fds[2];

		if (pipe2(fds, O_CLOEXEC) < 0)
			return err_errno(e, "a pipe for the step's output");
		fcntl(fds[0], F_SETFL, O_NONBLOCK);
		a->pipes[i].fd = fds[0];
		ret_ends[i] = fds[1];
		a->pipes[i].source = loop_fd(a->host->loop, fds[0], POLLIN, pipe_ready, &a->pipes[i]);
	}
	return 0;
}

void attempt_close_pipes(struct attempt *a, bool drain)
{
	for (int i = 0; i < 2; i++) {
		if (drain && a->pipes[i].fd >= 0)
			read_pipe(&a->pipes[i], DRAIN_ROUNDS);
		close_pipe(&a->pipes[i]);
	}
}

void attempt_note_metric(struct attempt *a, const char *key, size_t n, double value, int64_t step)
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

/* The name of the secret that a line holds, as it stands or in a name with its escapes read. m: NULL, not parsed. */
static const char *secret_in_metrics(const struct attempt *a, const char *line, size_t n, const struct metric_line *m)
{
	const char *name = secrets_in(&a->secrets, line, n);

	for (size_t i = 0; !name && m && i < m->len; i++)
		name = secrets_in(&a->secrets, m->v[i].key, m->v[i].key_len);
	return name;
}

/* The first is shown; the others are counted, and told at the end. */
static void broken_line(struct attempt *a, const char *line, size_t n, const char *why)
{
	_buf_ struct buf text = BUF_INIT, shown = BUF_INIT;

	if (a->broken_lines++)
		return;
	size_t fit = utf8_fit(line, n, BROKEN_CELLS);
	utf8_visible(&shown, line, fit, false);
	buf_addf(&text, "[jig: line %lld of $JIG_METRICS is no metric: %s: %s%s]\n", (long long)a->metric_lines, why,
	         shown.data, fit < n ? "…" : "");
	stream_bytes(a, 1, text.data, text.len);
}

static void tell_broken_lines(struct attempt *a)
{
	char text[80];
	int n = snprintf(text, sizeof text, "[jig: %lld lines of $JIG_METRICS are no metrics]\n",
	                 (long long)a->broken_lines);

	if (a->broken_lines > 1)
		stream_bytes(a, 1, text, (size_t)n);
}

static void metric_line(struct attempt *a, const char *line, size_t n, int64_t now)
{
	struct metric_line m;
	struct err e;

	if (a->metric_cut) {
		a->metric_cut = false;
		return;
	}
	a->metric_lines++;
	int r = metric_parse(a->parser, line, n, &m, &e);
	const char *secret = a->def->nsecrets ? secret_in_metrics(a, line, n, r > 0 ? &m : NULL) : NULL;

	if (secret) {
		_free_ char *text = mem_printf(
		        "[jig: a line in $JIG_METRICS holds the value of secret %s and is not taken]\n", secret);

		if (!a->secret_line)
			stream_bytes(a, 1, text, strlen(text));
		a->secret_line = secret;
		return;
	}
	for (size_t i = 0; r > 0 && i < m.len; i++) {
		int64_t step;

		r = journal_point(a->host->journal, &a->rec, m.v[i].key, m.v[i].key_len, m.step, m.ts < 0 ? now : m.ts,
		                  m.v[i].value, &step, &e);
		if (r >= 0) {
			r = 1;
			attempt_note_metric(a, m.v[i].key, m.v[i].key_len, m.v[i].value, step);
		}
	}
	if (r < 0)
		broken_line(a, line, n, e.text);
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
bool attempt_read_metrics(struct attempt *a, bool last)
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
		if (!a->metric_cut) {
			a->metric_lines++;
			broken_line(a, a->metrics_rest.data, a->metrics_rest.len, "it is longer than 1 MiB");
			a->metric_cut = true;
		}
		buf_reset(&a->metrics_rest);
	}
	if (n <= 0 && last)
		tell_broken_lines(a);
	return n > 0;
}

void logged_release(struct logged *l)
{
	for (size_t i = 0; i < l->artifacts.len; i++)
		free(l->artifacts.v[i]);
	vec_release(&l->artifacts);
	free(l->secret);
}

/* NULL: it holds no secret's value. Owned. The line is looked at as it stands, and with its escapes read. */
static char *secret_in_line(const struct attempt *a, const char *line, size_t n, const json_t *v)
{
	const char *key = json_string_value(json_object_get(v, "param"));
	const char *path = json_string_value(json_object_get(v, "artifact"));
	const char *name = secrets_in(&a->secrets, line, n);
	_buf_ struct buf plain = BUF_INIT;
	_free_ char *full = NULL, *below = NULL, *shown = NULL;

	if (!name) {
		json_canonical(&plain, v);
		name = secrets_in(&a->secrets, plain.data, plain.len);
	}
	if (name && key) {
		shown = secrets_mask(&a->secrets, key);
		return mem_printf("the value of secret %s stands in what `jig log --param %s` handed over", name,
		                  shown);
	}
	if (name)
		return mem_printf("the value of secret %s stands in %s", name,
		                  path ? "the path of an artifact" : "what `jig log` handed over");
	if (!path)
		return NULL;
	full = path_join(a->work.work, path);
	return secrets_find(&a->secrets, full, &name, &below)
	               ? mem_printf("artifact \"%s\" holds the value of secret %s", path, name)
	               : NULL;
}

struct reading {
	struct attempt *a;
	struct logged *ret;
	int64_t broken;
};

static void logged_line(void *arg, const char *line, size_t n, json_t *v)
{
	struct reading *g = arg;
	const char *path = json_string_value(json_object_get(v, "artifact"));
	const json_t *value;
	const char *key = logged_param(v, &value);
	_free_ char *secret = v && g->a->def->nsecrets ? secret_in_line(g->a, line, n, v) : NULL;

	if (secret) {
		if (!g->ret->secret)
			g->ret->secret = mem_strdup(secret);
		return;
	}
	g->broken += !path && !key;
	if (path)
		vec_push(&g->ret->artifacts, mem_strdup(path));
	if (key)
		json_array_append_new(g->a->params, json_pack("[s, O]", key, value));
}

int attempt_read_logged(struct attempt *a, struct logged *ret, struct err *e)
{
	struct reading g = {.a = a, .ret = ret};
	_buf_ struct buf text = BUF_INIT;
	_free_ char *line = NULL;
	struct stat st;
	int r = lstat(a->work.logged, &st);

	a->params = json_array();
	if (r < 0 && errno == ENOENT)
		return 0;
	/* A step may have put anything in the place of the file. */
	if (r == 0 && !S_ISREG(st.st_mode))
		r = err_set(e, ERR_USAGE, "it is no file");
	else
		r = file_read(a->work.logged, LOGGED_READ, &text, e);
	if (r < 0)
		return err_prefix(e, "logged.jsonl, with all that `jig log` handed over");
	logged_lines(&text, logged_line, &g);
	if (!g.broken)
		return 0;
	line = mem_printf("%lld line%s of logged.jsonl tell%s neither a param nor an artifact", (long long)g.broken,
	                  g.broken > 1 ? "s" : "", g.broken > 1 ? "" : "s");
	attempt_say(a, line);
	return 0;
}

void attempt_take_artifacts(struct attempt *a, const struct logged *l, struct err *e)
{
	for (size_t i = 0; i < l->artifacts.len; i++) {
		struct err wrong;

		if (outputs_take_path(a->host->run->store, a->work.work, l->artifacts.v[i], &a->taken, &wrong) < 0 &&
		    a->made >= 0 && a->result.state == ATTEMPT_SUCCESS)
			*e = wrong, a->made = ERR_NOT_FOUND;
	}
}
