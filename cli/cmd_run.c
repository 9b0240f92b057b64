#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/time.h"
#include "base/utf8.h"
#include "cli/env_progress.h"
#include "cli/run_options.h"
#include "runner/params.h"
#include "runner/supervise.h"
#include "tracker/run.h"
#include "tui/live.h"

/* A detached supervisor says on this descriptor which run it carries ("17 calm-otter\n"), or "!" and what went wrong. */
#define REPORT_FD 3
#define DETACHED "JIG_DETACHED"

struct screen {
	struct context *context;
	struct live_view *view; /* NULL: plain lines */
	int report;             /* -1: not detached */
	struct env_progress progress;
};

static void put(struct screen *s, struct buf *text)
{
	file_write_all(STDOUT_FILENO, text->data, text->len);
	buf_reset(text);
}

static void frame(struct screen *s, const struct run_live *r, bool final)
{
	_buf_ struct buf out = BUF_INIT;
	struct winsize w = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	live_view_frame(s->view, r, time_mono(), w.ws_row ? w.ws_row : 24, w.ws_col ? w.ws_col : 80, final, &out);
	put(s, &out);
}

static void on_begun(void *arg, const struct run_live *r)
{
	struct screen *s = arg;
	_buf_ struct buf out = BUF_INIT;

	env_progress_end(&s->progress);
	if (s->report >= 0) {
		buf_addf(&out, "%lld %s\n", (long long)r->number, r->name);
		file_write_all(s->report, out.data, out.len);
		close(s->report);
		s->report = -1;
		return;
	}
	if (s->view) {
		frame(s, r, false);
		return;
	}
	live_title(r, &s->context->paint, &out);
	for (int i = 0; i < r->nnotes; i++) {
		buf_adds(&out, "  ");
		utf8_visible(&out, r->notes[i], strlen(r->notes[i]), s->context->paint.ascii);
		buf_addc(&out, '\n');
	}
	put(s, &out);
}

static void on_step(void *arg, const struct run_live *r, int step)
{
	struct screen *s = arg;
	_buf_ struct buf out = BUF_INIT;
	_free_ char *line = NULL;

	if (s->view)
		return;
	line = live_line(r, step, &s->context->paint);
	if (!line)
		return;
	buf_addf(&out, "%s\n", line);
	put(s, &out);
}

static void on_tick(void *arg, const struct run_live *r)
{
	struct screen *s = arg;

	if (s->view)
		frame(s, r, false);
}

static void on_ended(void *arg, const struct run_live *r)
{
	struct screen *s = arg;
	_buf_ struct buf out = BUF_INIT;

	if (s->view) {
		frame(s, r, true);
		return;
	}
	live_summary(r, &s->context->paint, &out);
	put(s, &out);
}

static json_t *texts(const char *const *list, size_t n)
{
	json_t *a = json_array();

	for (size_t i = 0; i < n; i++)
		json_array_append_new(a, json_string(list[i]));
	return a;
}

/* What a resume must know again. */
static json_t *options_json(struct context *c, const char *const *more, size_t nmore)
{
	const char *const *given;
	size_t n = option_list(c, "param", &given);
	json_t *o = json_object(), *overrides = texts(given, n);

	for (size_t i = 0; i < nmore; i++)
		json_array_append_new(overrides, json_string(more[i]));
	json_object_set_new(o, "overrides", overrides);
	if (option_text(c, "isolation"))
		json_object_set_new(o, "isolation", json_string(option_text(c, "isolation")));
	if (option_text(c, "file"))
		json_object_set_new(o, "file", json_string(option_text(c, "file")));
	return o;
}

struct one { int64_t sweep; size_t nth; const char *const *overrides; size_t noverrides; };

static int run_once(struct context *c, struct spawner *spawner, struct screen *screen, const struct one *one, struct supervise_result *ret, struct err *e)
{
	_cleanup_(pipeline_freep) struct pipeline *p = NULL;
	_free_ bool *selected = NULL;
	_json_ json_t *argv = NULL, *options = NULL;
	_free_ char *numbered = NULL;
	const char *const *tags, *const *params;
	const char *name = option_text(c, "name");
	struct run_watch watch = { .arg = screen, .begun = on_begun, .wants_tick = screen->view != NULL };
	int r = run_options_pipeline(c, one->overrides, one->noverrides, &p, e);

	if (r < 0 || (r = run_options_select(c, p, &selected, e)) < 0 || (r = project_prepare(&c->project, e)) < 0 ||
	    (r = context_tracker(c, TRACKER_WRITE, e)) < 0)
		return r;
	if (screen->report < 0) {
		watch.step = on_step;
		watch.tick = on_tick;
		watch.ended = on_ended;
	}
	if (name && one->nth)
		name = numbered = mem_printf("%s-%zu", name, one->nth);
	if (name && !run_name_valid(name))
		return err_set(e, ERR_USAGE, "--name %s: a run's name begins with a letter, has up to 64 of A–Z a–z 0–9 _ . - and is not \"last\"", name);
	argv = texts(c->args, (size_t)c->nargs);
	json_array_insert_new(argv, 0, json_string("jig"));
	json_array_insert_new(argv, 1, json_string(c->command->name));
	options = options_json(c, one->overrides, one->noverrides);
	struct supervise_options o = {
		.project = &c->project, .pipeline = p, .selected = selected, .kind = one->sweep ? KIND_SWEEP : KIND_RUN, .sweep = one->sweep, .name = name,
		.ntags = option_list(c, "tag", &tags), .argv = argv, .options = options, .jobs = (int)option_number(c, "jobs", 0),
		.cpu = (double)option_number(c, "cpu", 0), .memory = option_number(c, "memory", 0), .gpu = (int)option_number(c, "gpu", -1),
		.fail_fast = option_flag(c, "fail-fast"), .unpinned = option_flag(c, "unpinned"), .strict = option_flag(c, "strict"),
		.params_changed = option_list(c, "param", &params) + one->noverrides > 0, .max_snapshot = option_number(c, "max-snapshot", 0),
		.isolation = option_text(c, "isolation"), .watch = &watch, .env_watch = screen->report < 0 ? &screen->progress.watch : NULL,
	};
	o.tags = tags;
	r = supervise(c->tracker, spawner, &o, ret, e);
	env_progress_end(&screen->progress);
	return r;
}

static int run_sweep(struct context *c, struct spawner *spawner, struct screen *screen, const char *const *axes, size_t naxes, struct err *e)
{
	_cleanup_(sweep_release) struct sweep sweep = { 0 };
	int64_t id;
	int r = sweep_parse(axes, naxes, &sweep, e);

	if (r < 0)
		return r;
	/* The first pipeline is loaded before anything is recorded: a misspelt key must leave no empty sweep behind. */
	for (size_t i = 0; i < sweep.nruns; i++) {
		_cleanup_(pipeline_freep) struct pipeline *p = NULL;

		r = run_options_pipeline(c, (const char *const *)sweep.overrides[i], sweep.naxes, &p, e);
		if (r < 0)
			return r;
	}
	if ((r = project_prepare(&c->project, e)) < 0 || (r = context_tracker(c, TRACKER_WRITE, e)) < 0 || (r = tracker_begin(c->tracker, e)) < 0)
		return r;
	r = sweep_create(c->tracker, sweep.spec, &id, e);
	if (r < 0) {
		tracker_rollback(c->tracker);
		return r;
	}
	if ((r = tracker_commit(c->tracker, e)) < 0)
		return r;
	for (size_t i = 0; i < sweep.nruns; i++) {
		struct supervise_result res;
		struct one one = { .sweep = id, .nth = i + 1, .overrides = (const char *const *)sweep.overrides[i], .noverrides = sweep.naxes };

		r = run_once(c, spawner, screen, &one, &res, e);
		if (r < 0)
			return r;
		if (res.exit_status > c->exit_status)
			c->exit_status = res.exit_status;
		if (res.state == RUN_STOPPED)
			break;
	}
	return 0;
}

/* What takes minutes is done while someone watches: the detached run finds its environments ready. Not for a sweep: a
 * pipeline whose params only the sweep gives cannot be read here, and its runs build what they need themselves. */
static int build_envs(struct context *c, struct screen *screen, struct err *e)
{
	_cleanup_(pipeline_freep) struct pipeline *p = NULL;
	_cleanup_(env_set_release) struct env_set envs = { 0 };
	_free_ bool *selected = NULL;
	struct env_options o = { .environ = environ, .unpinned = option_flag(c, "unpinned"), .strict = option_flag(c, "strict"), .watch = &screen->progress.watch };
	int r;

	if ((r = run_options_pipeline(c, NULL, 0, &p, e)) < 0 || (r = run_options_select(c, p, &selected, e)) < 0)
		return r;
	o.root = c->project.root;
	r = env_set_resolve(p, selected, &o, &envs, e);
	if (r >= 0)
		r = env_set_prepare(&envs, &o, e);
	env_progress_end(&screen->progress);
	return r;
}

/* said: "17 calm-otter", the (first) run that goes on. */
static void say_detached(struct context *c, const char *said, size_t nruns)
{
	long number = strtol(said, NULL, 10);

	if (nruns < 2) {
		buf_addf(&c->out, "run %s goes on without this terminal\n", said);
		buf_addf(&c->out, "  look:   jig show %ld        log:    jig logs %ld -f        stop:   jig stop %ld\n", number, number, number);
		return;
	}
	/* One after the other, so that the later ones have no number yet. */
	buf_addf(&c->out, "a sweep of %zu runs goes on without this terminal, the first is run %s\n", nruns, said);
	buf_addf(&c->out, "  look:   jig ls --filter 'kind = \"sweep\" AND number >= %ld'\n  log:    jig logs last -f        stop:   jig stop last\n", number);
}

/* The same command once more with a session of its own; its first words come through a pipe. */
static int detach(struct context *c, struct screen *screen, struct err *e)
{
	_close_ int from = -1, to = -1;
	_buf_ struct buf said = BUF_INIT;
	_cleanup_(sweep_release) struct sweep sweep = { 0 };
	const char *const *axes;
	size_t naxes = option_list(c, "sweep", &axes);
	char self[4096];
	int fds[2];
	ssize_t n = readlink("/proc/self/exe", self, sizeof self - 1);
	int r = naxes ? sweep_parse(axes, naxes, &sweep, e) : build_envs(c, screen, e);

	if (r < 0)
		return r;
	if (n < 0)
		return err_errno(e, "where jig itself stands");
	self[n] = 0;
	if (pipe2(fds, O_CLOEXEC) < 0)
		return err_errno(e, "a pipe to the detached run");
	from = fds[0];
	to = fds[1];
	setenv(DETACHED, "1", 1);
	_free_ const char **args = mem_zero((c->raw_argc + 1) * sizeof *args);
	args[0] = self;
	for (int i = 1; i < c->raw_argc; i++)
		args[i] = c->raw_argv[i];
	r = spawn_detached(args, (const char *const *)environ, NULL, to, NULL, e);
	unsetenv(DETACHED);
	if (r < 0)
		return r;
	close(mem_take_fd(to));
	while (buf_read(&said, from, 4096) > 0)
		;
	if (said.len && said.data[0] == '!') {
		buf_add(&c->faults, said.data + 1, said.len - 1);
		return err_set(e, ERR_USAGE, "%s", said.data + 1);
	}
	if (!said.len)
		return err_set(e, ERR_BROKEN, "the detached run ended before it could begin");
	if (said.data[said.len - 1] == '\n')
		buf_cut(&said, said.len - 1);
	say_detached(c, said.data, sweep.nruns);
	return 0;
}

static int run_here(struct context *c, struct screen *screen, struct err *e)
{
	struct spawner *spawner = NULL;
	const char *const *axes;
	size_t naxes = option_list(c, "sweep", &axes);
	struct supervise_result res;
	struct one one = { 0 };
	int r = spawner_start(&spawner, e);

	if (r < 0)
		return r;
	if (naxes) {
		r = run_sweep(c, spawner, screen, axes, naxes, e);
	} else {
		r = run_once(c, spawner, screen, &one, &res, e);
		if (r >= 0)
			c->exit_status = res.exit_status;
	}
	spawner_free(spawner);
	return r;
}

static int run_run(struct context *c, struct err *e)
{
	struct screen screen = { .context = c, .report = -1 };
	int r;

	env_progress_init(&screen.progress, c, "building its environment", false);
	if (getenv(DETACHED)) {
		unsetenv(DETACHED);
		screen.report = REPORT_FD;
		fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
		r = run_here(c, &screen, e);
		if (r < 0 && screen.report >= 0) {
			const char *text = c->faults.len ? c->faults.data : e->text;

			file_write_all(screen.report, "!", 1);
			file_write_all(screen.report, text, strlen(text));
		}
		return r;
	}
	if (option_flag(c, "detach"))
		return detach(c, &screen, e);
	if (term_obeys(STDOUT_FILENO))
		screen.view = live_view_new(STDOUT_FILENO, &c->paint);
	r = run_here(c, &screen, e);
	live_view_free(screen.view);
	return r;
}

const struct command cmd_run = {
	.name = "run",
	.summary = "runs the pipeline, or the steps named and what they need",
	.usage = "[STEP…]",
	.group = GROUP_RUN,
	.options = run_options,
	.max_args = ARGS_ANY,
	.run = run_run,
	.text = "Runs jig.yaml, found here or in a folder above. Each step gets a folder of its own with the code as it is now and its declared inputs; what it leaves is "
		"kept by content, and everything about the run stands in the record (.jig/).\n\n"
		"On a terminal it shows the steps as they go; elsewhere a plain line a step. Ctrl-C once stops orderly and records it, twice at once.\n\n"
		"The exit status is 0 when the run succeeded, 1 when it failed, 2 when the pipeline or the command line is wrong and nothing ran.",
};
