#include "runner/env/env_build.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/statvfs.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/time.h"
#include "base/ulid.h"
#include "runner/env/env_cache.h"
#include "runner/env/env_fault.h"
#include "runner/env/env_files.h"
#include "runner/env/env_packages.h"
#include "runner/env/env_recipe.h"
#include "runner/env/env_unpinned.h"
#include "runner/log/log_clean.h"
#include "runner/process/spawn.h"

/* Of what a tool says, so much of its end is kept to tell why it failed; lines longer than LINE_MOST are passed on in
 * parts. */
enum { SAID_MOST = 1 << 20, LINE_MOST = 4096, LINES_TOLD = 6, ROUNDS = 4, FULL_BELOW = 1 << 20 };

struct job {
	const struct env_build *b;
	struct arena arena;
	struct env_recipe recipe;
	char *folder, *log_path;
	int log, lock;
	struct buf said, line, clean;
	bool waiting; /* was told */
};

static void job_release(struct job *j)
{
	env_recipe_release(&j->recipe);
	arena_release(&j->arena);
	free(j->folder);
	free(j->log_path);
	if (j->log >= 0)
		close(j->log);
	buf_release(&j->said);
	buf_release(&j->line);
	buf_release(&j->clean);
}

/* ---- what the tool says ---- */

static void say_line(struct job *j)
{
	buf_reset(&j->clean);
	log_clean_line(&j->clean, j->line.data, j->line.len);
	buf_reset(&j->line);
	if (j->clean.len && j->b->watch && j->b->watch->says)
		j->b->watch->says(j->b->watch->arg, j->clean.data);
}

static void note(struct job *j, const char *bytes, size_t n)
{
	/* A log that cannot be written is no reason to stop; the tool's own lack of space is. */
	if (j->log >= 0 && file_write_all(j->log, bytes, n) < 0) {
		close(j->log);
		j->log = -1;
	}
}

static void on_output(void *arg, const char *bytes, size_t n)
{
	struct job *j = arg;

	note(j, bytes, n);
	if (j->said.len > SAID_MOST)
		buf_drop(&j->said, j->said.len - SAID_MOST / 2);
	buf_add(&j->said, bytes, n);
	for (size_t i = 0; i < n; i++) {
		/* A bar draws itself anew behind a CR. */
		bool end = bytes[i] == '\n' || bytes[i] == '\r';
		if (!end)
			buf_addc(&j->line, bytes[i]);
		if (end || j->line.len >= LINE_MOST)
			say_line(j);
	}
}

static int run(struct job *j, const char *const *argv, const char *const *envp, struct err *e)
{
	_buf_ struct buf shown = BUF_INIT;
	int status;

	buf_addc(&shown, '$');
	for (const char *const *p = argv; *p; p++) {
		buf_addc(&shown, ' ');
		text_shell_quote(&shown, *p);
	}
	buf_addc(&shown, '\n');
	note(j, shown.data, shown.len);
	struct spawn_stream s = {
	        .argv = argv, .envp = envp, .cwd = j->recipe.cwd, .keep = j->lock, .output = on_output, .arg = j};
	if (spawn_stream(&s, &status, e) < 0)
		return err_set(e, ERR_BROKEN, "%s", e->text);
	say_line(j);
	if (WIFSIGNALED(status))
		return err_set(e, ERR_BROKEN, "%s was ended by signal %d (%s)", argv[0], WTERMSIG(status),
		               strsignal(WTERMSIG(status)));
	if (WEXITSTATUS(status))
		return err_set(e, ERR_BROKEN, "%s ended with status %d", argv[0], WEXITSTATUS(status));
	return 0;
}

/* ---- making it ---- */

/* What stands there without a .ok is half built. Its builder may have died and left programs that write there still:
 * they hold the lock or, where they let go of it, have the key in their variables. */
static int clear(struct job *j, struct err *e)
{
	char id[ULID_LEN + 1];
	static const char *const suffixes[] = {".ok", ".files"};

	snprintf(id, sizeof id, "%s", j->b->key);
	for (size_t i = 0; i < ARRAY_LEN(suffixes); i++) {
		_free_ char *path = env_cache_path(j->b->cache, j->b->key, suffixes[i]);
		if (unlink(path) < 0 && errno != ENOENT)
			return err_errno(e, "cannot remove %s", path);
	}
	int r = spawn_sweep((const char *const[]){id}, 1, e);
	if (r < 0 || !file_exists(j->folder))
		return r < 0 ? r : 0;
	r = file_sync_dir(j->b->cache, e);
	return r < 0 ? r : file_remove_tree(j->folder, e);
}

static int try(struct job *j, bool offline, struct err *e)
{
	int r;

	env_recipe_release(&j->recipe);
	buf_reset(&j->said);
	buf_reset(&j->line);
	if ((r = clear(j, e)) < 0 || (r = env_recipe(j->b, &j->arena, &j->recipe, e)) < 0)
		return r;
	const char **envp = env_recipe_environ(j->b, &j->recipe, offline, &j->arena);
	for (size_t i = 0; r >= 0 && i < j->recipe.commands.len; i++)
		r = run(j, j->recipe.commands.v[i], envp, e);
	free(envp);
	if (r >= 0 && !file_exists(j->recipe.made))
		r = err_set(e, ERR_BROKEN, "%s says it is done, and there is no %s", j->b->tool->name, j->recipe.made);
	return r;
}

/* `python -m venv` keeps to itself what its own helper died of. */
static bool disk_is_full(const char *folder)
{
	struct statvfs st;

	return statvfs(folder, &st) == 0 && st.f_blocks > 0 &&
	       (st.f_bavail * st.f_frsize < FULL_BELOW || (st.f_files > 0 && st.f_favail == 0));
}

/* Puts the tool's own words behind what is known of its end. What it left is still there. */
static int explain(struct job *j, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	enum env_fault fault = env_fault_of(j->said.data);
	if (fault == FAULT_UNKNOWN && disk_is_full(j->b->cache))
		fault = FAULT_SPACE;
	const char *sentence = env_fault_text(fault);
	struct err end = *e;

	env_fault_lines(&text, j->said.data, j->said.len, LINES_TOLD);
	return err_set(e, end.code, "%s: the environment could not be made: %s%s%s%s", j->b->choice->source,
	               sentence ? sentence : end.text, text.data,
	               j->log >= 0 ? "\n    all that was said stands in " : "", j->log >= 0 ? j->log_path : "");
}

static json_t *facts_of(const struct job *j, const struct env_packages *packages, const char *unpinned)
{
	const struct env_choice *c = j->b->choice;
	bool observed = c->loose || unpinned;
	json_t *v = j->b->facts ? json_deep_copy(j->b->facts) : json_object(), *notes = json_array();
	char built[28];

	time_iso(time_now(), built);
	if (unpinned)
		json_array_append_new(notes, json_string(unpinned));
	json_object_set_new(v, "prefix", json_string(j->recipe.prefix));
	json_object_set_new(v, "packages", env_packages_json(packages));
	json_object_set_new(v, "grade", json_string(env_grade_text(observed ? GRADE_OBSERVED : c->grade)));
	json_object_set_new(v, "notes", notes);
	json_object_set_new(v, "source", json_string(c->source));
	json_object_set_new(v, "tool", json_string(j->b->tool->name));
	json_object_set_new(v, "built", json_string(built));
	return v;
}

/* Looks at what was made, and says last that it is whole. */
static int seal(struct job *j, struct err *e)
{
	struct env_packages packages = {0};
	_free_ char *files = env_cache_path(j->b->cache, j->b->key, ".files"),
	            *ok = env_cache_path(j->b->cache, j->b->key, ".ok"), *unpinned = NULL;
	_buf_ struct buf text = BUF_INIT;
	int r = env_packages_read(j->recipe.prefix, &packages, e);

	if (r >= 0)
		r = env_unpinned(j->b, j->recipe.prefix, &packages, &unpinned, e);
	if (r >= 0)
		r = env_files_write(j->recipe.prefix, files, e);
	if (r >= 0) {
		_json_ json_t *facts = facts_of(j, &packages, unpinned);
		json_canonical(&text, facts);
		r = file_write_atomic(ok, text.data, text.len, 0644, e);
	}
	env_packages_release(&packages);
	return r;
}

static int make(struct job *j, struct err *e)
{
	const struct env_watch *w = j->b->watch;
	int64_t began = time_mono();
	struct err other;

	if (w && w->begun)
		w->begun(w->arg, j->b->choice->source, j->b->tool->name);
	j->log = open(j->log_path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
	if (j->log < 0)
		return err_errno(e, "%s: the environment cannot be made in %s: its log", j->b->choice->source,
		                 j->b->cache);
	int r = try(j, false, e);
	if (r < 0 && j->recipe.offline.len && env_fault_of(j->said.data) == FAULT_NETWORK) {
		/* What the tool has of earlier may do; if not, why there was no network is worth more than that this
		 * failed too. */
		_buf_ struct buf first = BUF_INIT;
		buf_add(&first, j->said.data, j->said.len);
		r = try(j, true, &other);
		if (r < 0) {
			buf_reset(&j->said);
			buf_add(&j->said, first.data, first.len);
		}
	}
	if (r < 0 && j->said.len)
		r = explain(j, e);
	else if (r < 0)
		r = err_prefix(e, "%s: the environment could not be made", j->b->choice->source);
	else if ((r = seal(j, e)) < 0)
		r = err_prefix(e, "%s: the environment was made and cannot be kept", j->b->choice->source);
	if (r < 0)
		clear(j, &other);
	else if (w && w->done)
		w->done(w->arg, j->b->choice->source, time_mono() - began);
	close(j->log);
	j->log = -1;
	return r < 0 ? r : 0;
}

/* ---- who makes it ---- */

static int take_lock(struct job *j, bool exclusive, int *ret, struct err *e)
{
	const struct env_watch *w = j->b->watch;
	int r = env_cache_lock(j->b->cache, j->b->key, exclusive, false, ret, e);

	if (r < 0 && r != ERR_BUSY)
		return err_prefix(e, "%s: its environment cannot be made", j->b->choice->source);
	if (r >= 0)
		return r;
	if (!j->waiting && w && w->waits)
		w->waits(w->arg, j->b->choice->source);
	j->waiting = true;
	return env_cache_lock(j->b->cache, j->b->key, exclusive, true, ret, e);
}

/* When it was built; NULL: it is not ready. Owned. */
static char *built_at(const struct env_build *b)
{
	_json_ json_t *facts = NULL;
	struct err ignored;

	if (env_cache_facts(b->cache, b->key, &facts, &ignored) < 0)
		return NULL;
	const char *at = json_string_value(json_object_get(facts, "built"));
	return mem_strdup(at ? at : "");
}

static bool is_ready(const struct env_build *b)
{
	_free_ char *at = built_at(b);

	return at;
}

int env_build(const struct env_build *b, int *ret_lock, struct err *e)
{
	_cleanup_(job_release) struct job j = {
	        .b = b, .arena = ARENA_INIT, .log = -1, .said = BUF_INIT, .line = BUF_INIT, .clean = BUF_INIT};
	_free_ char *before = b->rebuild ? built_at(b) : NULL;
	int r;

	j.folder = env_cache_path(b->cache, b->key, "");
	j.log_path = env_cache_path(b->cache, b->key, ".log");
	if (!b->rebuild) {
		_close_ int fd = -1;
		if ((r = take_lock(&j, false, &fd, e)) < 0)
			return r;
		if (is_ready(b)) {
			*ret_lock = mem_take_fd(fd);
			return 0;
		}
	}
	for (int round = 0; round < ROUNDS; round++) {
		_close_ int fd = -1;
		if ((r = take_lock(&j, true, &fd, e)) < 0)
			return r;
		_free_ char *now = built_at(b);
		/* Another may have made it, or made it anew, while this one waited. */
		bool stale = b->rebuild && now && before && strcmp(now, before) == 0;
		if (!now || stale) {
			j.lock = fd;
			if ((r = make(&j, e)) < 0)
				return r;
		}
		/* Not by a second lock: what the tool left running would then keep this one waiting. The change is not
		 * in one step, so someone may remove it in between. */
		while ((r = flock(fd, LOCK_SH)) < 0 && errno == EINTR)
			;
		if (r < 0)
			return err_errno(e, "cannot lock the environment %.12s", b->key);
		if (is_ready(b)) {
			*ret_lock = mem_take_fd(fd);
			return 0;
		}
	}
	return err_set(e, ERR_BUSY, "%s: the environment %.12s is removed by others as soon as it is made",
	               b->choice->source, b->key);
}
