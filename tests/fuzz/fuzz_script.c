/* Any bytes as a script of the workbench in a folder without a project: it ends, a fault names file and line, and
 * drawing changes nothing. */
#include <fcntl.h>
#include <unistd.h>
#include "base/text.h"
#include "base/time.h"
#include "target.h"
#include "tui/workbench/app.h"

/* Commands that wait for a minute or write where they are told to are left to the tests of the workbench. */
static bool taken(const char *line)
{
	static const char *const commands[] = {":type ", ":click ", ":double ", ":wheel-", ":steady", ":clock "};

	if (*line != ':')
		return true;
	if (text_starts(line, ":size "))
		return strlen(line) <= strlen(":size 99x99"); /* more cells show no more, and take their time */
	for (size_t i = 0; i < ARRAY_LEN(commands); i++)
		if (text_starts(line, commands[i]))
			return true;
	return false;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static char *path;
	struct bytes in = {data, size};
	_buf_ struct buf script = BUF_INIT;
	struct err e = {0};

	if (!path) {
		path = path_join(target_folder(), "keys");
		setenv("HOME", target_folder(), 1);
		unsetenv("XDG_CONFIG_HOME");
		setenv("JIG_DIR", "/nonexistent", 1);
	}
	if (size > 512)
		return 0;
	while (in.n) {
		_free_ char *line = bytes_line(&in);

		buf_addf(&script, "%s%s\n", taken(line) ? "" : "#", line);
	}
	buf_adds(&script, ":steady\n");
	target_write(path, script.data, script.len);
	int here = open(".", O_RDONLY | O_CLOEXEC);
	must(here >= 0 && chdir(target_folder()) == 0);
	/* To start a program takes longer than all the rest: one in sixteen does, for the others there is none. */
	const char *self = size % 16 ? "/nonexistent" : "/bin/false";
	int r = app_run(&(struct app_options){.self = self, .script = path, .rows = 16, .cols = 64}, &e);
	must(fchdir(here) == 0);
	close(here);
	time_pin(-1);
	if (r < 0)
		must(r == e.code && r == ERR_USAGE && strstr(e.text, "keys:"));
	return 0;
}
