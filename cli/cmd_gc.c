#include "base/text.h"
#include "cli/json_run.h"
#include "runner/gc.h"

static void print_json(struct context *c, const struct gc_report *g)
{
	_json_ json_t *o = json_object();
	json_object_set_new(o, "runs", json_integer(g->runs));
	json_object_set_new(o, "objects", json_integer(g->objects));
	json_object_set_new(o, "object_bytes", json_integer(g->object_bytes));
	json_object_set_new(o, "folders", json_integer(g->folders));
	json_object_set_new(o, "folder_bytes", json_integer(g->folder_bytes));
	json_object_set_new(o, "code_objects", json_integer(g->code_objects));
	json_object_set_new(o, "code_bytes", json_integer(g->code_bytes));
	json_object_set_new(o, "temp_bytes", json_integer(g->temp_bytes));
	json_object_set_new(o, "bytes", json_integer(gc_bytes(g)));
	json_object_set_new(o, "kept_objects", json_integer(g->young));
	json_object_set_new(o, "kept_bytes", json_integer(g->young_bytes));
	json_pretty(&c->out, o);
	buf_addc(&c->out, '\n');
}

static void print_report(struct context *c, const struct gc_report *g, bool dry_run)
{
	int64_t bytes = gc_bytes(g);
	char size[16], exact[32];
	if (g->runs) {
		buf_addf(&c->out, "%s ", dry_run ? "would remove" : "removed");
		add_count(&c->out, g->runs, "run from the record\n", "runs from the record\n");
	}
	if (!g->runs && !g->objects && !g->folders && !bytes && !g->young) {
		buf_adds(&c->out, "there is nothing to free\n");
		return;
	}
	size_text(bytes, size);
	count_text(bytes, exact);
	buf_addf(&c->out, "%s %s (%s bytes): ", dry_run ? "would free" : "freed", size, exact);
	add_count(&c->out, g->objects, "object, ", "objects, ");
	add_count(&c->out, g->folders, "folder of a removed run", "folders of removed runs");
	if (g->code_objects) {
		buf_adds(&c->out, ", ");
		add_count(&c->out, g->code_objects, "object of code", "objects of code");
	}
	buf_addc(&c->out, '\n');
	if (g->young) {
		size_text(g->young_bytes, size);
		buf_adds(&c->out, "stays until it is older: ");
		add_count(&c->out, g->young, "object", "objects");
		buf_addf(&c->out, " (%s) that no run names; %s\n", size,
			g->lost   ? "runs that the record has lost may need them"
			: g->live ? "a run is under way and may use them"
				  : "younger than an hour (--now takes them, too)");
	}
}

static int collect(struct context *c, const struct gc_options *o, struct gc_report *report, struct err *e)
{
	int r = context_tracker(c, TRACKER_CHANGE, e);
	return r < 0 ? r : gc_run(&c->project, c->tracker, context_store(c), o, report, e);
}

/* First all that goes without a word in the record, then once more what was asked for. */
static int make_room(struct context *c, const struct gc_options *o, struct gc_report *report, struct err *e)
{
	struct gc_options plain = *o;
	bool chooses = o->keep_runs >= 0 || o->older_than_us >= 0;
	struct err ignored;
	gc_caches(&c->project, context_store(c), o, report, &ignored);
	plain.keep_runs = plain.older_than_us = -1;
	if (chooses)
		collect(c, &plain, report, &ignored);
	int r = collect(c, o, report, e);
	if (r < 0 && e->full && (chooses || !c->tracker))
		return err_set(e, ERR_BROKEN,
			"%s: the disk is full, so %s; make room on it by other means and try again", c->project.jig,
			c->tracker ? "no run can be taken out of the record"
				   : "the record cannot be opened to tell what else may go");
	return r;
}

static int run_gc(struct context *c, struct err *e)
{
	struct gc_options o = {
		.dry_run = option_flag(c, "dry-run"),
		.keep_runs = option_number(c, "keep-runs", -1),
		.older_than_us = option_number(c, "older-than", -1),
		.grace_us = option_flag(c, "now") ? 0 : GC_GRACE_US,
	};
	struct gc_report report = {0};
	int r = collect(c, &o, &report, e);
	if (r < 0 && e->full && !o.dry_run)
		r = make_room(c, &o, &report, e);
	if (r < 0 && (o.dry_run || (!report.runs && !gc_bytes(&report))))
		return r;
	if (c->json)
		print_json(c, &report);
	else
		print_report(c, &report, o.dry_run);
	return r;
}

static const struct option_def options[] = {
	{ .name = "dry-run", .kind = OPTION_FLAG, .text = "only says what would be freed" },
	{ .name = "keep-runs",
		.kind = OPTION_INTEGER,
		.value = "N",
		.min = 0,
		.max = INT64_MAX,
		.text = "removes all ended runs but the newest N first" },
	{ .name = "older-than",
		.kind = OPTION_DURATION,
		.value = "TIME",
		.text = "removes runs that ended longer ago first (30d)" },
	{ .name = "now", .kind = OPTION_FLAG, .text = "takes objects younger than an hour, too" },
	{ 0 },
};

const struct command cmd_gc = {
	.name = "gc",
	.summary = "frees the space of what no run names",
	.usage = "",
	.group = GROUP_KEEP,
	.options = options,
	.flags = COMMAND_PROJECT | COMMAND_JSON,
	.run = run_gc,
	.text = "Removes objects that no kept run names, the folders of removed runs, their snapshots of the code, and "
		"left-over temporary files. What a kept run took over from a removed one stays. "
		"While a run is under way nothing "
		"is removed from the store. Where the record has lost runs, of which `jig verify` tells more, all "
		"that they may have made stays, and the exit status is 1. "
		"On a full disk caches and unused checkouts go first.\n\n"
		"With --keep-runs and --older-than runs are removed first; with both, only those that both name.",
};
