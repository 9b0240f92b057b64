#include "runner/gc.h"

#include <sys/stat.h>
#include <unistd.h>
#include "base/fault.h"
#include "base/path.h"
#include "base/time.h"
#include "base/vec.h"
#include "runner/code/code.h"
#include "runner/code/code_prune.h"
#include "runner/pipeline/named.h"
#include "runner/work/leftovers.h"
#include "runner/work/run_folders.h"
#include "tracker/query.h"
#include "tracker/run.h"
#include "tracker/verify.h"

/* A transaction lasts no longer, and others get their turn before the next one. */
#define BATCH_US (US_PER_S / 2)
#define BATCH 2000 /* objects */
#define PAUSE_US 50000 /* who waits asks every few milliseconds */

struct garbage { struct digest digest; int64_t size; };
struct gc {
	const struct project *project;
	struct tracker *tracker;
	struct store *store;
	const struct gc_options *options;
	struct gc_report *report;
	struct named named;
	struct arena arena;
	VEC(struct garbage) garbage;
	int64_t *folders;
	size_t nfolders;
	int64_t lost; /* a run that has a folder and is not in the record */
	const char **trees; /* that kept runs name */
	size_t ntrees;
	int64_t version; /* of the record when `named` was gathered */
	struct err failed; /* the first thing that could not be removed; code 0: none */
};

static void gc_release(struct gc *g)
{
	named_release(&g->named);
	arena_release(&g->arena);
	vec_release(&g->garbage);
}

/* One thing that cannot be removed is no reason to leave the others. */
static int go_on(struct gc *g, int r, const struct err *e)
{
	if (r >= 0 || r == ERR_BUSY)
		return r;
	if (!g->failed.code)
		g->failed = *e;
	return 0;
}

static bool goes(const struct gc *g, const struct run_row *r, int64_t newer)
{
	const struct gc_options *o = g->options;
	if (!run_state_ended(r->state))
		return false;
	return (o->keep_runs < 0 || newer >= o->keep_runs) &&
	       (o->older_than_us < 0 || time_now() - r->ended > o->older_than_us);
}

/* In a transaction. */
static int remove_runs(struct gc *g, int64_t *ret, struct err *e)
{
	struct run_rows rows;
	*ret = 0;
	if (g->options->keep_runs < 0 && g->options->older_than_us < 0)
		return 0;
	int r = query_runs(g->tracker, NULL, NULL, -1, 0, &g->arena, &rows, e);
	for (size_t i = 0; r >= 0 && i < rows.len; i++) {
		if (!goes(g, &rows.v[i], (int64_t)i))
			continue;
		r = run_remove(g->tracker, rows.v[i].number, e);
		++*ret;
	}
	return r;
}

static int gather_named(struct gc *g, struct err *e)
{
	named_release(&g->named);
	g->version = tracker_data_version(g->tracker);
	int r = named_gather(g->tracker, g->store, &g->named, e);
	return r < 0 ? err_prefix(e, "nothing was freed: `jig fsck` says more") : 0;
}

/* Whether a run is being prepared. Where none is, none begins to be until store_let_go. */
static int any_prepared(struct gc *g, bool *ret, struct err *e)
{
	int r = store_hold(g->store, true, e);
	*ret = r == ERR_BUSY;
	return *ret ? 0 : r;
}

/* Whether a run lives or is being prepared. */
static int any_live(struct gc *g, bool *ret, struct err *e)
{
	int64_t *live;
	size_t n;
	int r = query_live(g->tracker, &g->arena, &live, &n, e);
	return r < 0 || (*ret = n) ? r : any_prepared(g, ret, e);
}

/* The folders of removed runs, in a transaction. A run that is being prepared may go on from the checkpoints of any of
 * them; the record tells that once it has begun. */
static int find_folders(struct gc *g, struct err *e)
{
	bool prepared;
	int r = any_prepared(g, &prepared, e);
	if (r < 0 || (r = run_folders_dead(g->project, g->tracker, &g->arena, &g->folders, &g->nfolders, &g->lost,
				e)) < 0)
		return r;
	if (prepared) {
		g->report->live = true;
		g->nfolders = 0;
	}
	return 0;
}

/* An older record, or an emptied one, does not name what the runs have made that it does not know. */
static int spare_lost(struct gc *g, struct err *e)
{
	struct err why;
	int r = event_check_head(g->tracker, &why);
	if (r >= 0 && g->lost)
		r = err_set(&why, ERR_FAILED, "%s/runs/%lld is of a run that it does not know", g->project->jig,
			(long long)g->lost);
	if (r >= 0)
		return 0;
	if (r != ERR_FAILED) {
		*e = why;
		return r;
	}
	g->report->lost = true;
	g->nfolders = 0;
	return go_on(g,
		err_set(e, r, "what no run names stays, for the record may have lost runs: %s: `jig verify` tells more",
			why.text),
		e);
}

/* Runs go by the options, and what is named then is gathered: behind the transaction, for it takes long. A dry run has
 * to do it within, and takes all of that back. */
static int plan(struct gc *g, struct err *e)
{
	bool dry_run = g->options->dry_run;
	int64_t runs;
	int r = tracker_begin(g->tracker, e);
	if (r < 0)
		return r;
	if ((r = remove_runs(g, &runs, e)) >= 0 && (r = any_live(g, &g->report->live, e)) >= 0 &&
		(!dry_run || (r = gather_named(g, e)) >= 0) &&
		(r = query_snapshots(g->tracker, &g->arena, &g->trees, NULL, &g->ntrees, e)) >= 0)
		r = find_folders(g, e);
	if (r >= 0)
		r = spare_lost(g, e);
	store_let_go(g->store);
	if (r >= 0 && !dry_run)
		r = tracker_commit(g->tracker, e);
	else
		tracker_rollback(g->tracker);
	if (r < 0)
		return r;
	g->report->runs += runs;
	return dry_run ? 0 : gather_named(g, e);
}

/* The change time, for a file that was moved into the store keeps its old modification time. */
static bool is_young(const struct gc *g, const struct digest *d)
{
	_free_ char *path = store_path(g->store, d);
	struct stat st;
	if (stat(path, &st) < 0)
		return true;
	int64_t changed = (int64_t)st.st_ctim.tv_sec * US_PER_S + st.st_ctim.tv_nsec / 1000;
	return time_now() - changed < g->options->grace_us;
}

static int find_garbage(void *arg, const struct digest *d, int64_t size, const char *path, struct err *e)
{
	struct gc *g = arg;
	if (!d || named_has(&g->named, d))
		return 0;
	if (g->report->live || g->report->lost || is_young(g, d)) {
		g->report->young++;
		g->report->young_bytes += size;
		return 0;
	}
	vec_push(&g->garbage, (struct garbage){ *d, size });
	return 0;
}

/* What has been recorded since is gathered outside of the transaction, as far as that can be: it takes long. */
static void gather_ahead(struct gc *g)
{
	struct err ignored;
	if (tracker_data_version(g->tracker) != g->version && gather_named(g, &ignored) < 0)
		g->version = -1;
}

/* The garbage from *at on, as much as one transaction takes. What other commands have recorded meanwhile is looked at
 * first. 0: a run began, so no more is removed. */
static int remove_batch(struct gc *g, size_t *at, struct err *e)
{
	bool live;
	int r = any_live(g, &live, e);
	if (r < 0)
		return r;
	if (live)
		return 0;
	if (tracker_data_version(g->tracker) != g->version && (r = gather_named(g, e)) < 0)
		return r;
	int64_t until = time_mono() + BATCH_US;
	for (size_t n = 0; *at < g->garbage.len && n < BATCH && (!n || time_mono() < until); n++) {
		const struct garbage *o = &g->garbage.v[(*at)++];
		if (named_has(&g->named, &o->digest) || is_young(g, &o->digest))
			continue;
		if ((r = store_remove(g->store, &o->digest, e)) < 0) {
			go_on(g, r, e);
			continue;
		}
		g->report->objects++;
		g->report->object_bytes += o->size;
	}
	return 1;
}

static int remove_garbage(struct gc *g, struct err *e)
{
	size_t at = 0;
	int r = 1;
	while (r > 0 && at < g->garbage.len) {
		if (at)
			usleep(PAUSE_US);
		fault_point("gc-batch");
		gather_ahead(g);
		if ((r = tracker_begin(g->tracker, e)) < 0)
			return r;
		r = remove_batch(g, &at, e);
		store_let_go(g->store);
		tracker_rollback(g->tracker); /* nothing was written: it only kept others from beginning */
	}
	g->report->live |= r == 0;
	return r < 0 ? r : 0;
}

static int set_aside(struct gc *g, int64_t run, struct err *e)
{
	int64_t pin = code_pin_bytes(g->project->jig, run);
	int r = code_unpin(g->project->jig, run, e);
	if (r < 0)
		return r;
	g->report->code_bytes += pin;
	return run_folder_set_aside(g->project, run, e);
}

/* In a transaction, as objects are removed: a run that begins takes its number, its folder and its lease in one, too.
 * *last: the number that was reached. 1: there are more. */
static int set_some_aside(struct gc *g, int64_t *last, struct err *e)
{
	size_t i = 0;
	int r = tracker_begin(g->tracker, e);
	int64_t until = time_mono() + BATCH_US;
	if (r >= 0)
		r = find_folders(g, e);
	while (r >= 0 && i < g->nfolders && g->folders[i] <= *last)
		i++;
	for (size_t first = i; r >= 0 && i < g->nfolders && (i == first || time_mono() < until); i++) {
		*last = g->folders[i];
		r = go_on(g, set_aside(g, *last, e), e);
	}
	store_let_go(g->store);
	tracker_rollback(g->tracker);
	return r < 0 ? r : i < g->nfolders;
}

static int set_all_aside(struct gc *g, struct err *e)
{
	int64_t last = 0;
	int r;
	while ((r = set_some_aside(g, &last, e)) > 0)
		usleep(PAUSE_US);
	return r;
}

static int count_folder(struct gc *g, int64_t run, struct err *e)
{
	int64_t size;
	int r = run_folder_size(g->project, run, &size, e);
	if (r < 0)
		return r;
	g->report->folders++;
	g->report->folder_bytes += size;
	g->report->code_bytes += code_pin_bytes(g->project->jig, run);
	return 0;
}

static int remove_folders(struct gc *g, struct err *e)
{
	bool dry_run = g->options->dry_run;
	int64_t n, bytes;
	int r = 0;
	for (size_t i = 0; dry_run && r >= 0 && i < g->nfolders; i++)
		r = go_on(g, count_folder(g, g->folders[i], e), e);
	if (!dry_run && g->nfolders)
		r = set_all_aside(g, e);
	if (r < 0 || g->report->lost)
		return r;
	r = go_on(g, run_folders_sweep(g->project, dry_run, &n, &bytes, e), e);
	g->report->folders += n;
	g->report->folder_bytes += bytes;
	return r;
}

static int prune(struct gc *g, struct err *e)
{
	struct code_prune_options o = {
		.keep = g->trees,
		.nkeep = g->ntrees,
		.dropped = g->folders,
		.ndropped = g->nfolders,
		.grace_us = g->options->grace_us,
		.dry_run = g->options->dry_run,
	};
	struct code_pruned pruned;
	int r = code_prune(g->project->jig, &o, &pruned, e);
	if (r < 0)
		return r;
	g->report->code_objects += pruned.objects;
	g->report->code_bytes += pruned.bytes;
	g->report->young += pruned.young;
	g->report->young_bytes += pruned.young_bytes;
	return 0;
}

/* Not in a transaction: a run that begins takes the lock before it pins its tree. */
static int prune_code(struct gc *g, struct err *e)
{
	_close_ int lock = -1;
	int r = code_lock(g->project->jig, &lock, e);
	if (r >= 0 && !g->options->dry_run)
		r = query_snapshots(g->tracker, &g->arena, &g->trees, NULL, &g->ntrees, e);
	return r < 0 ? r : prune(g, e);
}

static int sweep(const struct project *p, struct store *s, const struct gc_options *o, bool folders,
	struct gc_report *report, struct err *e)
{
	int64_t bytes, beside, age = o->grace_us > GC_GRACE_US ? o->grace_us : GC_GRACE_US;
	struct err second;
	int r = store_sweep(s, o->grace_us, o->dry_run, &bytes, e);
	if (leftovers_sweep(p->jig, age, folders, o->dry_run, &beside, &second) < 0 && r >= 0) {
		*e = second;
		r = e->code;
	}
	report->temp_bytes += bytes + beside;
	return r;
}

static bool keeps_none(void *arg, const char *id)
{
	return false;
}

static int drop_checkouts(
	const struct project *p, const struct gc_options *o, struct gc_report *report, struct err *e)
{
	int64_t bytes = 0;
	int r = code_tree_prune(p->jig, keeps_none, NULL, o->dry_run, &bytes, e);
	report->code_bytes += bytes;
	return r;
}

static int collect(struct gc *g, struct err *e)
{
	int r;
	if ((r = plan(g, e)) < 0 || (r = go_on(g, store_each(g->store, find_garbage, g, e), e)) < 0)
		return r;
	if (g->options->dry_run) {
		g->report->objects += (int64_t)g->garbage.len;
		for (size_t i = 0; i < g->garbage.len; i++)
			g->report->object_bytes += g->garbage.v[i].size;
	} else if ((r = remove_garbage(g, e)) < 0) {
		return r;
	}
	if ((r = remove_folders(g, e)) < 0)
		return r;
	r = g->report->lost ? drop_checkouts(g->project, g->options, g->report, e) : prune_code(g, e);
	if ((r = go_on(g, r, e)) < 0)
		return r;
	return go_on(g, sweep(g->project, g->store, g->options, !g->report->live, g->report, e), e);
}

int gc_run(const struct project *p, struct tracker *t, struct store *s, const struct gc_options *o,
	struct gc_report *ret, struct err *e)
{
	_cleanup_(gc_release) struct gc g = { .project = p, .tracker = t, .store = s, .options = o, .report = ret };
	ret->young = ret->young_bytes = 0;
	ret->live = ret->lost = false;
	int r = collect(&g, e);
	if (r < 0 || !g.failed.code)
		return r;
	*e = g.failed;
	return e->code;
}

int gc_caches(const struct project *p, struct store *s, const struct gc_options *o, struct gc_report *ret,
	struct err *e)
{
	static const char *const names[] = { "plan.cache", "inputs.cache" };
	for (size_t i = 0; i < ARRAY_LEN(names); i++) {
		_free_ char *path = path_join(p->jig, names[i]);
		struct stat st;
		if (lstat(path, &st) == 0 && unlink(path) == 0)
			ret->temp_bytes += st.st_size;
	}
	int r = drop_checkouts(p, o, ret, e);
	return r < 0 ? r : sweep(p, s, o, false, ret, e);
}

int64_t gc_bytes(const struct gc_report *r)
{
	return r->object_bytes + r->folder_bytes + r->code_bytes + r->temp_bytes;
}
