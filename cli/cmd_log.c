#include <fcntl.h>
#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "cli/command.h"
#include "runner/log/logged.h"
#include "runner/pipeline/yaml.h"
#include "tracker/param.h"

/* Whether something else wrote a line and no newline behind it. */
static bool torn(int fd)
{
	struct stat st;
	char last;

	return fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size > 0 &&
	       pread(fd, &last, 1, st.st_size - 1) == 1 && last != '\n';
}

/* One write of whole lines, so that several processes of a step can log at once. */
static int append(const char *path, const struct buf *lines, struct err *e)
{
	_close_ int fd = open(path, O_RDWR | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
	_buf_ struct buf text = BUF_INIT;

	if (fd >= 0 && torn(fd))
		buf_addc(&text, '\n');
	buf_add(&text, lines->data, lines->len);
	if (fd < 0 || file_write_all(fd, text.data, text.len) < 0)
		return err_errno(e, "%s", path);
	return 0;
}

static void add_line(struct buf *out, json_t *v)
{
	json_canonical(out, v);
	buf_addc(out, '\n');
	json_decref(v);
}

static int metrics(struct context *c, struct buf *out, struct err *e)
{
	const char *step = option_text(c, "step");
	json_t *line = json_object();

	for (int i = 0; i < c->nargs; i++) {
		const char *eq = strchr(c->args[i], '=');
		_free_ char *name = eq ? mem_strndup(c->args[i], eq - c->args[i]) : NULL;
		double value;

		if (!eq || eq == c->args[i] || !number_parse(eq + 1, strlen(eq + 1), &value)) {
			json_decref(line);
			return err_set(
			        e, ERR_USAGE,
			        "\"%s\" is no metric: NAME=NUMBER (texts go with --param, files with --artifact)",
			        c->args[i]);
		}
		json_object_set_new(line, name, json_number(value));
	}
	if (step)
		json_object_set_new(line, "step", json_integer(option_number(c, "step", 0)));
	add_line(out, line);
	return 0;
}

/* What this attempt has logged already: params are compared with those among it, of the rest the size counts. */
static int read_logged(struct context *c, const char *path, struct buf *ret, int64_t *ret_size, struct err *e)
{
	const char *const *given;
	struct stat st;
	int r = 0;

	if (option_list(c, "param", &given))
		r = file_read(path, LOGGED_READ, ret, e);
	*ret_size = stat(path, &st) < 0 ? 0 : st.st_size;
	return r == ERR_NOT_FOUND ? 0 : r;
}

static void add_logged(void *arg, const char *line, size_t n, json_t *v)
{
	const json_t *value;
	const char *key = logged_param(v, &value);
	struct err ignored;

	if (key)
		param_put(arg, key, value, &ignored);
}

static int params(struct context *c, const struct buf *before, struct buf *out, struct err *e)
{
	/* Those that the run began with are its supervisor's matter: a step that read them would hang on all. */
	_json_ json_t *known = json_object();
	const char *const *given;
	size_t n = option_list(c, "param", &given);

	logged_lines(before, add_logged, known);
	for (size_t i = 0; i < n; i++) {
		const char *eq = strchr(given[i], '=');
		json_t *value, *line;
		int r;

		if (!eq || eq == given[i])
			return err_set(e, ERR_USAGE, "--param %s: a param is KEY=VALUE", given[i]);
		if ((r = yaml_value(eq + 1, &value, e)) < 0)
			return err_prefix(e, "--param %s", given[i]);
		line = json_object();
		json_object_set_new(line, "param", json_stringn(given[i], eq - given[i]));
		json_object_set_new(line, "value", value);
		r = param_put(known, json_string_value(json_object_get(line, "param")), value, e);
		add_line(out, line);
		if (r < 0)
			return r;
	}
	return 0;
}

static int artifacts(struct context *c, const char *work, struct buf *out, struct err *e)
{
	const char *const *given;
	size_t n = option_list(c, "artifact", &given);
	char top[PATH_MAX], full[PATH_MAX];

	if (n && !realpath(work, top))
		return err_errno(e, "%s", work);
	for (size_t i = 0; i < n; i++) {
		json_t *line;

		if (!realpath(given[i], full))
			return err_errno(e, "--artifact %s", given[i]);
		if (strcmp(full, top) == 0)
			return err_set(e, ERR_USAGE,
			               "--artifact %s: is the step's work folder itself; name what is in it", given[i]);
		if (!path_within(full, top))
			return err_set(e, ERR_USAGE,
			               "--artifact %s: lies outside the step's work folder; copy it there first",
			               given[i]);
		line = json_object();
		json_object_set_new(line, "artifact", json_string(full + strlen(top) + 1));
		add_line(out, line);
	}
	return 0;
}

static int run_log(struct context *c, struct err *e)
{
	const char *file = getenv("JIG_METRICS");
	_buf_ struct buf points = BUF_INIT, logged = BUF_INIT, before = BUF_INIT;
	_free_ char *folder = NULL, *work = NULL, *path = NULL;
	int64_t size;
	int r;

	if (!file || !*file)
		return err_set(e, ERR_USAGE,
		               "`jig log` works inside a step, where JIG_METRICS is set; for a finished run see `jig "
		               "tag` and `jig note`");
	folder = path_parent(file);
	work = path_join(folder, "work");
	path = path_join(folder, "logged.jsonl");
	if ((c->nargs && (r = metrics(c, &points, e)) < 0) || (r = read_logged(c, path, &before, &size, e)) < 0 ||
	    (r = params(c, &before, &logged, e)) < 0 || (r = artifacts(c, work, &logged, e)) < 0)
		return r;
	if (!points.len && !logged.len)
		return err_set(e, ERR_USAGE, "nothing to log: give NAME=VALUE, --param K=V or --artifact PATH");
	if (logged.len && size + (int64_t)logged.len > LOGGED_MOST)
		return err_set(e, ERR_USAGE,
		               "a step hands over at most %d MiB by --param and --artifact, and this is more; what is "
		               "large goes into a file: --artifact PATH",
		               LOGGED_MOST >> 20);
	if (points.len && (r = append(file, &points, e)) < 0)
		return r;
	return logged.len ? append(path, &logged, e) : 0;
}

static const struct option_def options[] = {
	{ .name = "step", .kind = OPTION_INTEGER, .value = "N",
		.text = "the step of the series these values belong to (the next whole number)" },
	{ .name = "param", .kind = OPTION_TEXT, .value = "K=V", .repeat = true, .text = "records a param of the run" },
	{ .name = "artifact", .kind = OPTION_TEXT, .value = "PATH", .repeat = true,
		.text = "keeps a file or folder of the work folder, as it is when the step ends" },
	{ 0 },
};

const struct command cmd_log = {
	.name = "log", .summary = "records metrics, params and artifacts from inside a step", .usage = "[NAME=VALUE…]",
		.group = GROUP_RUN, .options = options,
	.max_args = ARGS_ANY, .run = run_log,
	.text = "The same as appending to the file $JIG_METRICS, from any language. Values are numbers; nan and inf "
		"are numbers too. A param that contradicts one which the run has already is not recorded, and the log "
		"of the step says so.",
};
