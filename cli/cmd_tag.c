#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/utf8.h"
#include "cli/command.h"
#include "tracker/query.h"
#include "tracker/run.h"

#define NOTE_MOST (1 << 20)

static int list_tags(struct context *c, int64_t run, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct pair_rows tags;
	int r = query_tags(c->tracker, run, &a, &tags, e);
	for (size_t i = 0; r >= 0 && i < tags.len; i++) {
		buf_addf(&c->out, "%s=", tags.v[i].key);
		utf8_visible(&c->out, tags.v[i].value, strlen(tags.v[i].value), c->out_tty && c->paint.ascii);
		buf_addc(&c->out, '\n');
	}
	return r;
}

static int tag_one(struct context *c, int64_t run, const char *word, struct err *e)
{
	const char *equals = strchr(word, '=');
	if (!equals)
		return err_set(e, ERR_USAGE, "\"%s\" is no tag: KEY=VALUE puts one on, KEY= takes it off", word);
	_free_ char *key = mem_strndup(word, (size_t)(equals - word));
	if (!run_name_valid(key))
		return err_set(e, ERR_USAGE,
			"\"%s\" cannot be the key of a tag: it begins with a letter, has up to 64 of "
			"A–Z a–z 0–9 _ . - and is not \"last\"",
			key);
	if (!utf8_valid(equals + 1, strlen(equals + 1)))
		return err_set(e, ERR_USAGE, "the value of tag \"%s\" is not UTF-8", key);
	return run_tag(c->tracker, run, key, equals[1] ? equals + 1 : NULL, e);
}

static int tag_all(struct context *c, int64_t run, struct err *e)
{
	const char *name = option_text(c, "name");
	int r = name ? run_rename(c->tracker, run, name, e) : 0;
	for (int i = 1; r >= 0 && i < c->nargs; i++)
		r = tag_one(c, run, c->args[i], e);
	return r;
}

static int run_tag_command(struct context *c, struct err *e)
{
	int64_t run;
	int r = run_resolve(c->tracker, c->args[0], &run, e);
	if (r < 0)
		return r;
	if (c->nargs == 1 && !option_text(c, "name"))
		return list_tags(c, run, e);
	if ((r = tracker_begin(c->tracker, e)) < 0)
		return r;
	if ((r = tag_all(c, run, e)) >= 0)
		return tracker_commit(c->tracker, e);
	tracker_rollback(c->tracker);
	return r;
}

/* All of standard input, without the newlines at its end. */
static int read_note(struct buf *text, struct err *e)
{
	ssize_t n;
	while ((n = buf_read(text, STDIN_FILENO, 65536)) > 0)
		if (text->len > NOTE_MOST)
			return err_set(e, ERR_USAGE, "a note has at most %d bytes", NOTE_MOST);
	if (n < 0)
		return err_errno(e, "standard input");
	while (text->len && text->data[text->len - 1] == '\n')
		buf_cut(text, text->len - 1);
	return 0;
}

static int run_note_command(struct context *c, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;
	int64_t run;
	int r = run_resolve(c->tracker, c->args[0], &run, e);
	if (r < 0)
		return r;
	if (!strcmp(c->args[1], "-"))
		r = read_note(&text, e);
	else
		buf_adds(&text, c->args[1]);
	if (r < 0)
		return r;
	if (!utf8_valid(text.data, text.len) || strlen(text.data) != text.len)
		return err_set(e, ERR_USAGE, "the note is not UTF-8");
	if ((r = tracker_begin(c->tracker, e)) < 0)
		return r;
	if ((r = run_note(c->tracker, run, text.data, e)) >= 0)
		return tracker_commit(c->tracker, e);
	tracker_rollback(c->tracker);
	return r;
}

static const struct option_def tag_options[] = {
	{ .name = "name", .kind = OPTION_TEXT, .value = "NAME", .text = "gives the run another name" },
	{ 0 },
};

const struct command cmd_tag = {
	.name = "tag",
	.summary = "puts tags on a run, takes them off, or renames it",
	.usage = "RUN [K=V…]",
	.group = GROUP_KEEP,
	.options = tag_options,
	.min_args = 1,
	.max_args = ARGS_ANY,
	.flags = COMMAND_RECORD | COMMAND_CHANGES,
	.run = run_tag_command,
	.text = "`K=V` puts a tag on, `K=` takes it off. With the run alone its tags are listed. A value has at most "
		"4 KiB; `jig note` takes longer texts.",
};

const struct command cmd_note = {
	.name = "note",
	.summary = "writes a note on a run",
	.usage = "RUN TEXT|-",
	.group = GROUP_KEEP,
	.min_args = 2,
	.max_args = 2,
	.flags = COMMAND_RECORD | COMMAND_CHANGES,
	.run = run_note_command,
	.text = "The text takes the place of the note before; with `-` it comes from standard input; an empty one "
		"takes it off.",
};
