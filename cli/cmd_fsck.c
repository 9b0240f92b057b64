#include "base/text.h"
#include "cli/json_run.h"
#include "runner/fsck.h"

struct faults { struct context *c; json_t *list; };

static void on_fault(void *arg, const char *text)
{
	struct faults *f = arg;
	if (f->list) {
		json_array_append_new(f->list, json_text(text));
		return;
	}
	context_text(f->c, text);
	buf_addc(&f->c->out, '\n');
}

static void print_json(struct context *c, const struct fsck_report *f, json_t *faults)
{
	_json_ json_t *o = json_object();
	json_object_set_new(o, "ok", json_boolean(!f->faults));
	json_object_set_new(o, "objects", json_integer(f->named));
	json_object_set_new(o, "bytes", json_integer(f->named_bytes));
	json_object_set(o, "faults", faults);
	json_object_set_new(o, "garbage", json_integer(f->garbage));
	json_object_set_new(o, "garbage_bytes", json_integer(f->garbage_bytes));
	json_object_set_new(o, "strays", json_integer(f->strays));
	json_object_set_new(o, "folders", json_integer(f->folders));
	json_pretty(&c->out, o);
	buf_addc(&c->out, '\n');
}

static void print_report(struct context *c, const struct fsck_report *f)
{
	char size[16];
	if (!f->faults) {
		size_text(f->named_bytes, size);
		buf_adds(&c->out, "every object that the record names is there and whole: ");
		add_count(&c->out, f->named, "object", "objects");
		buf_addf(&c->out, ", %s\n", size);
	}
	if (f->garbage) {
		size_text(f->garbage_bytes, size);
		buf_adds(&c->out, "named by no run: ");
		add_count(&c->out, f->garbage, "object", "objects");
		buf_addf(&c->out, ", %s; `jig gc` frees what is not in use\n", size);
	}
	if (f->folders) {
		add_count(&c->out, f->folders, "folder of a removed run", "folders of removed runs");
		buf_adds(&c->out, "; `jig gc` removes them\n");
	}
	if (f->strays) {
		buf_adds(&c->out, "in the store, but none of jig's: ");
		add_count(&c->out, f->strays, "file\n", "files\n");
	}
}

static int run_fsck(struct context *c, struct err *e)
{
	_json_ json_t *list = c->json ? json_array() : NULL;
	struct fsck_report report;
	int r = fsck_all(&c->project, c->tracker, context_store(c), on_fault, &(struct faults){ c, list }, &report, e);
	if (r < 0)
		return r;
	if (c->json)
		print_json(c, &report, list);
	else
		print_report(c, &report);
	if (!report.faults)
		return 0;
	_buf_ struct buf n = BUF_INIT;
	add_count(&n, report.faults, "part is", "parts are");
	return err_set(e, ERR_FAILED,
			"%s missing or damaged; `jig run --fresh` makes outputs and the code of the working tree "
			"anew, a log comes back from a copy only",
			n.data);
}

const struct command cmd_fsck = {
	.name = "fsck",
	.summary = "compares the store with the record",
	.usage = "",
	.group = GROUP_KEEP,
	.flags = COMMAND_RECORD | COMMAND_JSON,
	.run = run_fsck,
	.text = "Reads every object that the record names, and the code and the logs of every run, and compares "
		"the content with the record; counts what no run names. What is damaged is moved away, so that a run "
		"makes it anew.\n\n"
		"The exit status is 1 when something is missing or damaged.",
};
