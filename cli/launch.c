#include "cli/launch.h"

#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "cli/env_progress.h"
#include "runner/code/code.h"
#include "runner/pipeline/params.h"
#include "tracker/run.h"
#include "tui/live.h"

/* A detached supervisor says on this descriptor which run it carries ("17 calm-otter\n"), or "!" and what went
 * wrong; before that, in lines that begin with "~", what it waits for. */
#define REPORT_FD 3
#define DETACHED "JIG_DETACHED"

struct launcher {
	struct context *context;
	struct spawner *spawner;
	struct live_view *view; /* NULL: plain lines */
	int report;             /* -1: not detached */
	struct env_progress progress;
	bool *told;             /* per step of the run: that it is reused */
	VEC(int) reused;        /* steps that are and were not told yet */
};

static void put(struct launcher *s, struct buf *text)
{
	file_write_all(STDOUT_FILENO, text->data, text->len);
	buf_reset(text);
}

static void frame(struct launcher *s, const struct run_live *r, bool final)
{
	_buf_ struct buf out = BUF_INIT;
	struct winsize w = { 0 };

	ioctl(STDOUT_FILENO, TIOCGWINSZ, &w);
	live_view_frame(s->view, r, time_mono(), w.ws_row ? w.ws_row : 24, w.ws_col ? w.ws_col : 80, final, &out);
	put(s, &out);
}

static void find_reused(struct launcher *s, const struct run_live *r)
{
	for (int i = 0; i < r->nsteps; i++)
		if (r->steps[i].state == STEP_REUSED && !s->told[i])
			vec_push(&s->reused, i);
}

static void on_begun(void *arg, const struct run_live *r)
{
	struct launcher *s = arg;
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
	free(s->told);
	s->told = mem_zero((size_t)r->nsteps + 1);
	vec_clear(&s->reused);
	find_reused(s, r);
}

/* Steps are reused many at a time. */
static void add_reused(struct launcher *s, const struct run_live *r, struct buf *out)
{
	live_reused(r, s->reused.v, s->reused.len, &s->context->paint, out);
	for (size_t i = 0; i < s->reused.len; i++)
		s->told[s->reused.v[i]] = true;
	vec_clear(&s->reused);
}

static void on_step(void *arg, const struct run_live *r, int step)
{
	struct launcher *s = arg;
	_buf_ struct buf out = BUF_INIT;
	_free_ char *line = NULL;

	if (s->view)
		return;
	if (r->steps[step].state == STEP_REUSED) {
		if (!s->told[step])
			vec_push(&s->reused, step);
		return;
	}
	add_reused(s, r, &out);
	line = live_line(r, step, &s->context->paint);
	if (line)
		buf_addf(&out, "%s\n", line);
	put(s, &out);
}

static void on_tick(void *arg, const struct run_live *r)
{
	struct launcher *s = arg;

	if (s->view)
		frame(s, r, false);
}

static void on_held(void *arg, const struct run_live *r)
{
	struct launcher *s = arg;
	_buf_ struct buf out = BUF_INIT;

	if (s->view) {
		frame(s, r, false);
		return;
	}
	buf_adds(&out, "  ");
	utf8_visible(&out, r->held, strlen(r->held), s->context->paint.ascii);
	buf_addc(&out, '\n');
	put(s, &out);
}

static void on_ended(void *arg, const struct run_live *r)
{
	struct launcher *s = arg;
	_buf_ struct buf out = BUF_INIT;

	if (s->view) {
		frame(s, r, true);
		return;
	}
	vec_clear(&s->reused);
	find_reused(s, r);
	add_reused(s, r, &out);
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
static json_t *options_json(const struct run_choice *choice)
{
	json_t *o = json_object();

	json_object_set_new(o, "overrides", texts(choice->overrides, choice->noverrides));
	if (choice->isolation)
		json_object_set_new(o, "isolation", json_string(choice->isolation));
	if (choice->file)
		json_object_set_new(o, "file", json_string(choice->file));
	return o;
}

void launch_head(struct context *c, const struct run_choice *choice)
{
	const struct run_row *r = &choice->from.row;
	_buf_ struct buf text = BUF_INIT;

	if (!r->number)
		return;
	buf_addf(&text, "from run %lld %s: %s, %d of %d steps done\n", (long long)r->number, r->name,
	         run_state_text(r->state), r->nwell, r->nsteps);
	for (size_t i = 0; i < choice->from.nnotes; i++)
		buf_addf(&text, "  %s\n", choice->from.notes[i]);
	context_text(c, text.data);
}

int launch_one(struct launcher *s, const struct run_choice *choice, const struct launch_as *one,
               struct supervise_result *ret, struct err *e)
{
	struct context *c = s->context;
	_json_ json_t *argv = NULL, *options = NULL;
	_free_ char *numbered = NULL;
	const char *const *tags;
	const char *name = option_text(c, "name");
	struct run_watch watch = { .arg = s, .begun = on_begun, .wants_tick = s->view != NULL };
	struct prepare_options p;
	int r = context_tracker(c, TRACKER_WRITE, e);

	if (r < 0)
		return r;
	if (s->report < 0) {
		watch.step = on_step;
		watch.tick = on_tick;
		watch.ended = on_ended;
		watch.held = on_held;
		launch_head(c, choice);
		put(s, &c->out);
	}
	if (name && one->nth)
		name = numbered = mem_printf("%s-%zu", name, one->nth);
	if (name && !run_name_valid(name))
		return err_set(e, ERR_USAGE,
		               "--name %s: a run's name begins with a letter, has up to 64 of A–Z a–z 0–9 _ . - and is "
		               "not \"last\"",
		               name);
	argv = texts(c->args, (size_t)c->nargs);
	json_array_insert_new(argv, 0, json_string("jig"));
	json_array_insert_new(argv, 1, json_string(c->command->name));
	options = options_json(choice);
	p = run_choice_prepare(c, choice);
	struct supervise_options o = {
		.project = &c->project, .pipeline = choice->pipeline, .selected = choice->selected,
			.asked = choice->asked, .code = p.code, .inputs = p.inputs,
		.keep_checkpoint = one->kind == KIND_RESUME && option_flag(c, "keep-checkpoint"), .kind = one->kind,
			.origin = choice->from.row.number, .sweep = one->sweep,
		.name = name, .ntags = option_list(c, "tag", &tags), .argv = argv, .options = options,
			.jobs = (int)option_number(c, "jobs", 0),
		.cpu = (double)option_number(c, "cpu", 0), .memory = option_number(c, "memory", 0),
			.gpu = (int)option_number(c, "gpu", -1),
		.fail_fast = option_flag(c, "fail-fast"), .unpinned = p.unpinned, .strict = p.strict,
			.params_changed = choice->pipeline->params_changed,
		.max_snapshot = p.max_snapshot, .isolation = p.isolation, .watch = &watch,
			.env_watch = s->report < 0 ? &s->progress.watch : NULL,
	};
	o.tags = tags;
	r = supervise(c->tracker, s->spawner, &o, ret, e);
	env_progress_end(&s->progress);
	return r;
}

extern char **environ;

/* What takes minutes is done while someone watches: the detached run finds its environments ready. */
static int build_envs(struct context *c, struct launcher *s, const struct launch_body *body, struct err *e)
{
	_cleanup_(run_choice_release) struct run_choice choice = { 0 };
	_cleanup_(prepared_release) struct prepared pre = { 0 };
	struct prepare_options o;
	int r = body->load(c, &choice, e);

	if (r < 0)
		return r;
	o = run_choice_prepare(c, &choice);
	o.dry = true;
	o.env_watch = &s->progress.watch;
	r = prepare(&o, &pre, e);
	if (r >= 0)
		r = env_set_prepare(&pre.envs, &pre.env_options, e);
	env_progress_end(&s->progress);
	if (r >= 0)
		launch_head(c, &choice);
	return r;
}

/* said: "17 calm-otter", the (first) run that goes on. */
static void say_detached(struct context *c, const char *said, size_t nruns)
{
	long number = strtol(said, NULL, 10);

	if (nruns < 2) {
		buf_addf(&c->out, "run %s goes on without this terminal\n", said);
		buf_addf(&c->out, "  look:   jig show %ld        log:    jig logs %ld -f        stop:   jig stop %ld\n",
		         number, number, number);
		return;
	}
	/* One after the other, so that the later ones have no number yet. */
	buf_addf(&c->out, "a sweep of %zu runs goes on without this terminal, the first is run %s\n", nruns, said);
	buf_addf(&c->out,
	         "  look:   jig ls --filter 'kind = \"sweep\" AND number >= %ld'\n  log:    jig logs last -f        "
	         "stop:   jig stop last\n",
	         number);
}

/* What the detached supervisor waits for is told at once; ret is what it says at last. */
static void hear(const struct context *c, int from, struct buf *ret)
{
	const char *nl;

	while (buf_read(ret, from, 4096) > 0)
		while (ret->len && ret->data[0] == '~' && (nl = memchr(ret->data, '\n', ret->len))) {
			_free_ char *text = mem_strndup(ret->data + 1, (size_t)(nl - ret->data) - 1);

			context_say(c, text);
			buf_drop(ret, (size_t)(nl - ret->data) + 1);
		}
}

/* The same command once more with a session of its own; its first words come through a pipe. */
static int detach(struct context *c, struct launcher *s, const struct launch_body *body, struct err *e)
{
	_close_ int from = -1, to = -1;
	_buf_ struct buf said = BUF_INIT;
	_free_ char *self = path_self();
	int fds[2];
	int r = body->load ? build_envs(c, s, body, e) : 0;

	if (r < 0)
		return r;
	if (!self)
		return err_errno(e, "where jig itself stands");
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
	hear(c, from, &said);
	if (said.len && said.data[0] == '!') {
		buf_add(&c->faults, said.data + 1, said.len - 1);
		return err_set(e, ERR_USAGE, "%s", said.data + 1);
	}
	if (!said.len)
		return err_set(e, ERR_BROKEN, "the detached run ended before it could begin");
	if (said.data[said.len - 1] == '\n')
		buf_cut(&said, said.len - 1);
	say_detached(c, said.data, body->nruns);
	return 0;
}

static int run_here(struct context *c, struct launcher *s, const struct launch_body *body, struct err *e)
{
	int r = spawner_start(&s->spawner, e);

	if (r < 0)
		return r;
	/* No thread before the spawner is forked off. */
	code_preload();
	r = body->runs(c, s, e);
	code_preload_end();
	vec_release(&s->reused);
	free(s->told);
	spawner_free(s->spawner);
	return r;
}

/* Of a detached run; when nobody waits to hear of it any more it does not begin. */
static bool on_wait(void *arg, const char *text)
{
	struct launcher *s = arg;
	struct pollfd p = { .fd = s->report };
	_free_ char *line = NULL;

	if (s->report < 0)
		return true;
	if (poll(&p, 1, 0) > 0)
		return false;
	if (text) {
		line = mem_printf("~%s\n", text);
		file_write_all(s->report, line, strlen(line));
	}
	return true;
}

int launch(struct context *c, const struct launch_body *body, struct err *e)
{
	struct launcher s = { .context = c, .report = -1 };
	int r;

	env_progress_init(&s.progress, c, "building its environment", false);
	if (getenv(DETACHED)) {
		unsetenv(DETACHED);
		s.report = REPORT_FD;
		fcntl(REPORT_FD, F_SETFD, FD_CLOEXEC);
		code_lock_tells(on_wait, &s);
		r = run_here(c, &s, body, e);
		if (r < 0 && s.report >= 0) {
			const char *text = c->faults.len ? c->faults.data : e->text;

			file_write_all(s.report, "!", 1);
			file_write_all(s.report, text, strlen(text));
		}
		code_lock_tells(NULL, NULL);
		return r;
	}
	if (option_flag(c, "detach"))
		return detach(c, &s, body, e);
	if (term_obeys(STDOUT_FILENO))
		s.view = live_view_new(STDOUT_FILENO, &c->paint);
	r = run_here(c, &s, body, e);
	live_view_free(s.view);
	return r;
}
