#include "runner/lost.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/spawn.h"
#include "runner/tmpdir.h"
#include "tracker/query.h"
#include "tracker/run.h"

struct found {
	VEC(char *) ids;  /* ULIDs of attempts */
	VEC(char *) tmps; /* their TMPDIRs' common parents */
};

/* Each attempt's step.json was written before its process began, so it names also those that never came into the record. */
static void look_at_attempt(struct found *f, const char *folder)
{
	_free_ char *path = path_join(folder, "step.json");
	_free_ char *link = path_join(folder, "tmp");
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *v = NULL;
	char target[PATH_MAX];
	const char *id;
	struct err e;
	ssize_t n = readlink(link, target, sizeof target - 1);

	if (n > 0) {
		target[n] = 0;
		vec_push(&f->tmps, path_parent(target));
	}
	if (file_read(path, 64 << 20, &text, &e) < 0 || json_parse(text.data, text.len, path, &v, &e) < 0)
		return;
	id = json_string_value(json_object_get(v, "attempt_id"));
	if (id)
		vec_push(&f->ids, mem_strdup(id));
}

static int visit(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct found *f = arg;

	if (!S_ISDIR(st->st_mode))
		return 0;
	if (!text_ends(rel, ".ckpt"))
		look_at_attempt(f, abs);
	return FILE_WALK_SKIP;
}

static int bury(const struct project *p, struct tracker *t, int64_t run, struct err *e)
{
	struct found f = { 0 };
	_free_ char *folder = mem_printf("%s/runs/%lld", p->jig, (long long)run);
	_close_ int lease = -1;
	int r = lease_take(p, run, &lease, e);

	/* Another command was quicker, or it is alive after all. */
	if (r == ERR_BUSY)
		return 0;
	if (r < 0)
		return r;
	r = file_walk(folder, visit, &f, e);
	if (r >= 0 && f.ids.len)
		r = spawn_sweep((const char *const *)f.ids.v, f.ids.len, e);
	for (size_t i = 0; i < f.tmps.len; i++) {
		struct err ignored;

		if (tmpdir_is_ours(f.tmps.v[i]))
			file_remove_tree(f.tmps.v[i], &ignored);
		free(f.tmps.v[i]);
	}
	for (size_t i = 0; i < f.ids.len; i++)
		free(f.ids.v[i]);
	vec_release(&f.ids);
	vec_release(&f.tmps);
	if (r < 0)
		return r;
	r = tracker_begin(t, e);
	if (r < 0)
		return r;
	r = run_mark_lost(t, run, e);
	if (r < 0) {
		tracker_rollback(t);
		return r;
	}
	int r2 = tracker_commit(t, e);
	return r2 < 0 ? r2 : r;
}

int lost_find(const struct project *p, struct tracker *t, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	int64_t *live;
	size_t n;
	int count = 0;
	int r = query_live(t, &a, &live, &n, e);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (lease_held(p, live[i]))
			continue;
		r = bury(p, t, live[i], e);
		if (r > 0)
			count++;
	}
	return r < 0 ? r : count;
}
