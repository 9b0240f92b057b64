#include "runner/lost.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/text.h"
#include "base/vec.h"
#include "runner/process/spawn.h"
#include "runner/process/tmpdir.h"
#include "runner/work/checkpoint.h"
#include "tracker/query.h"
#include "tracker/run.h"

/* Each attempt's step.json was written before its process began, so it names also those that never came into the
 * record. */
struct ids {
	char **v; size_t len, cap;
	const struct attempt_rows *known;
	VEC(char *) torn; /* checkpoint folders of attempts that nobody saw end */
};

/* Whether the record knows how the attempt in this folder ended. */
static bool ended(const struct ids *ids, const char *folder)
{
	for (size_t i = 0; i < ids->known->len; i++) {
		const struct attempt_row *a = &ids->known->v[i];

		if (a->state != ATTEMPT_RUNNING && strcmp(path_base(a->folder), folder) == 0)
			return true;
	}
	return false;
}

static int visit(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct ids *ids = arg;
	_free_ char *path = path_join(abs, "step.json");
	_buf_ struct buf text = BUF_INIT;
	_json_ json_t *v = NULL;
	const char *id;
	struct err quiet;

	if (!S_ISDIR(st->st_mode))
		return 0;
	if (text_ends(rel, ".ckpt") || file_read(path, 64 << 20, &text, &quiet) < 0 ||
	    json_parse(text.data, text.len, path, &v, &quiet) < 0)
		return FILE_WALK_SKIP;
	id = json_string_value(json_object_get(v, "attempt_id"));
	if (id)
		vec_push(ids, mem_strdup(id));
	if (!ended(ids, rel) && strchr(rel, '@'))
		vec_push(&ids->torn, mem_printf("%.*s.ckpt", (int)(strrchr(abs, '@') - abs), abs));
	return FILE_WALK_SKIP;
}

/* What died with its supervisor may have torn the newest checkpoint. Not being able to tell is no reason to leave the
 * run unburied. */
static void settle(struct ids *ids)
{
	_arena_ struct arena a = ARENA_INIT;
	const char *torn;
	struct err ignored;

	for (size_t i = 0; i < ids->torn.len; i++)
		if (file_is_dir(ids->torn.v[i]))
			checkpoint_settle(ids->torn.v[i], false, &a, &torn, &ignored);
}

static int bury(const struct project *p, struct tracker *t, int64_t run, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct attempt_rows known = { 0 };
	struct ids ids = { .known = &known };
	_free_ char *folder = mem_printf("%s/runs/%lld", p->jig, (long long)run);
	_close_ int lease = -1;
	int r = lease_take(p, run, &lease, e);

	/* Another command was quicker, or it is alive after all. */
	if (r == ERR_BUSY)
		return 0;
	if (r < 0)
		return r;
	r = query_attempts(t, run, &a, &known, e);
	if (r >= 0)
		r = file_walk(folder, visit, &ids, e);
	/* In a copy of the record the run may live on: with the original. */
	bool ours = lease_of_here(folder);
	if (r >= 0 && ids.len && ours)
		r = spawn_sweep((const char *const *)ids.v, ids.len, e);
	fault_point("lost-swept");
	if (ours)
		tmpdir_remove(folder);
	settle(&ids);
	fault_point("lost-settled");
	for (size_t i = 0; i < ids.len; i++)
		free(ids.v[i]);
	vec_release(&ids);
	for (size_t i = 0; i < ids.torn.len; i++)
		free(ids.torn.v[i]);
	vec_release(&ids.torn);
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
	size_t n = 0;
	int count = 0;
	int r = tracker_is_barred(t) ? 0 : query_live(t, &a, &live, &n, e);

	for (size_t i = 0; r >= 0 && i < n; i++) {
		if (lease_held(p, live[i]))
			continue;
		r = bury(p, t, live[i], e);
		if (r > 0)
			count++;
	}
	return r < 0 ? r : count;
}
