#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "cli/command.h"
#include "runner/pipeline/init.h"

static const struct option_def options[] = {
	{ .name = "force", .kind = OPTION_FLAG, .text = "replaces a jig.yaml that is there" },
	{ .name = "print", .kind = OPTION_FLAG, .text = "writes to standard output instead of jig.yaml" },
	{ 0 },
};

static int run_init(struct context *c, struct err *e)
{
	static const char *const from[] = {
		[INIT_DVC] = "made from dvc.yaml",
		[INIT_MLPROJECT] = "made from MLproject",
		[INIT_SCRIPTS] = "made from the scripts here",
		[INIT_EMPTY] = "a small example that runs as it is: there are no scripts here yet",
	};
	_buf_ struct buf text = BUF_INIT, notes = BUF_INIT;
	enum init_source source;
	int r = project_here(&c->project, e);
	if (r < 0)
		return r;
	_free_ char *path = path_join(c->project.root, "jig.yaml");
	bool print = option_flag(c, "print");
	if (!print && !option_flag(c, "force") && file_exists(path))
		return err_set(e, ERR_EXISTS,
			"jig.yaml is there already; `jig init --force` replaces it, `jig init --print` only shows");
	if ((r = init_pipeline(c->project.root, &text, &notes, &source, e)) < 0)
		return r;
	if (print) {
		context_contents(c, text.data);
		return 0;
	}
	if ((r = file_write_atomic(path, text.data, text.len, 0644, e)) < 0)
		return r;
	buf_addf(&c->out, "jig.yaml: %s; read it once before the first run\n", from[source]);
	for (const char *s = notes.data; *s;) {
		size_t n = strcspn(s, "\n");
		_free_ char *line = mem_printf("  %.*s\n", (int)n, s);
		context_text(c, line);
		s += n + (s[n] == '\n');
	}
	buf_adds(&c->out, "  see:  jig dag        go:  jig run\n");
	return 0;
}

const struct command cmd_init = {
	.name = "init",
	.summary = "makes a jig.yaml from what it finds here",
	.usage = "",
	.group = GROUP_RUN,
	.options = options,
	.run = run_init,
	.text = "Looks for dvc.yaml, then MLproject, then scripts, and writes jig.yaml with comments. "
		"Nothing else is "
		"changed. What could not be carried over is named.",
};
