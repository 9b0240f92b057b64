#include "base/json.h"
#include "cli/json_run.h"
#include "tracker/verify.h"

static void print_json(struct context *c, const struct verify_report *v)
{
	_json_ json_t *o = json_object();
	json_object_set_new(o, "ok", json_boolean(v->ok));
	json_object_set_new(o, "events", json_integer(v->events));
	json_object_set_new(o, "runs", json_integer(v->runs));
	json_object_set_new(o, "rows", json_integer(v->rows));
	json_object_set_new(o, "fault", v->ok ? json_null() : json_text(v->fault));
	json_object_set_new(o, "anchor", json_text(v->anchor));
	json_pretty(&c->out, o);
	buf_addc(&c->out, '\n');
}

static void add_count_after(struct context *c, int64_t n, const char *one, const char *many)
{
	buf_adds(&c->out, ", ");
	add_count(&c->out, n, one, many);
}

static void add_notes(struct context *c, const char *notes)
{
	for (size_t n; *notes; notes += n) {
		n = strcspn(notes, "\n");
		buf_addf(&c->out, "note: %.*s\n", (int)n, notes);
		n += notes[n] == '\n';
	}
}

static int run_verify(struct context *c, struct err *e)
{
	const char *anchor = option_text(c, "anchor");
	struct verify_report v = {0};
	int r = verify_all(c->tracker, anchor && *anchor ? anchor : NULL, &v, e);
	if (r < 0)
		return r;
	if (c->json) {
		print_json(c, &v);
	} else if ((v.ok || v.only_file) && anchor && !*anchor) {
		buf_addf(&c->out, "%s\n", v.anchor);
	} else if (v.ok) {
		buf_adds(&c->out, "the record is as it was written: ");
		add_count(&c->out, v.events, "event", "events");
		add_count_after(c, v.ended - v.removed, "ended run", "ended runs");
		if (v.removed)
			buf_addf(&c->out, " (and %lld removed)", (long long)v.removed);
		add_count_after(c, v.rows, "row", "rows");
		buf_addc(&c->out, '\n');
		add_notes(c, v.notes);
	}
	if (v.ok)
		return 0;
	return err_set(e, ERR_FAILED, "the record was changed after it was written: %s", v.fault);
}

static const struct option_def options[] = {
	{ .name = "anchor",
		.kind = OPTION_TEXT,
		.value = "ANCHOR",
		.optional = true,
		.text = "prints the head of the chain, to be kept elsewhere; with a value: checks against one that was "
			"kept" },
	{ 0 },
};

const struct command cmd_verify = {
	.name = "verify",
	.summary = "proves that the record is as it was written",
	.usage = "",
	.group = GROUP_KEEP,
	.options = options,
	.flags = COMMAND_RECORD | COMMAND_JSON,
	.run = run_verify,
	.text = "Recomputes the chain of all events and the digests over every ended run, and names the first thing "
		"that does not hold. Someone who "
		"can write the database can also forge the whole chain: an anchor that was kept elsewhere shows that "
		"too.\n\n"
		"The file .jig/chain keeps the end of the chain as it was when the last run ended. One that is not of "
		"this record stays as it is. Where an older jig.db was put back on purpose, `jig verify --anchor "
		">.jig/chain` takes what is there for the record.\n\n"
		"The exit status is 1 when something does not hold.",
};
