#include "runner/pipeline/init.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"
#include "runner/pipeline/init_text.h"

void names_release(struct names *n)
{
	for (size_t i = 0; i < n->len; i++)
		free(n->v[i]);
	vec_release(n);
}

bool names_have(const struct names *n, const char *text)
{
	for (size_t i = 0; i < n->len; i++)
		if (strcmp(n->v[i], text) == 0)
			return true;
	return false;
}

void names_add(struct names *n, const char *text)
{
	if (!names_have(n, text))
		vec_push(n, mem_strdup(text));
}

/* Whether it is UTF-8 and all of it can be seen, but for some control characters. */
static bool visible(const char *s, const char *but)
{
	if (!utf8_valid(s, strlen(s)))
		return false;
	for (size_t left = strlen(s), n = 0; left; left -= n, s += n) {
		uint32_t cp;

		n = utf8_decode(s, left, &cp);
		if (utf8_harmful(cp) && !(cp < 0x80 && strchr(but, (int)cp)))
			return false;
	}
	return true;
}

static bool plain(const char *s)
{
	struct yaml_node n = { .text = s };

	if (!*s || strpbrk(s, "\"'#{}[],&*!|>%@`\\") || strstr(s, ": ") || strstr(s, ":?") ||
	    strchr("-?: =<.", *s) || s[strlen(s) - 1] == ' ' || s[strlen(s) - 1] == ':' || !visible(s, ""))
		return false;
	return !yaml_resolve(&n) && n.kind == YAML_TEXT;
}

void init_scalar(struct buf *out, const char *s)
{
	if (plain(s)) {
		buf_adds(out, s);
		return;
	}
	buf_addc(out, '"');
	for (size_t left = strlen(s), n = 0; left; left -= n, s += n) {
		uint32_t cp;

		n = utf8_decode(s, left, &cp);
		if (cp == '\n')
			buf_adds(out, "\\n");
		else if (cp == '\t')
			buf_adds(out, "\\t");
		else if (utf8_harmful(cp) || cp == 0xfffd)
			buf_addf(out, "\\U%08x", (unsigned)cp);
		else if (cp == '"' || cp == '\\')
			buf_addf(out, "\\%c", (char)cp);
		else
			buf_add(out, s, n);
	}
	buf_addc(out, '"');
}

void init_list(struct buf *out, const char *key, const struct names *n)
{
	if (!n->len)
		return;
	buf_adds(out, "    ");
	init_scalar(out, key);
	buf_adds(out, ": [");
	for (size_t i = 0; i < n->len; i++) {
		if (i)
			buf_adds(out, ", ");
		init_scalar(out, n->v[i]);
	}
	buf_adds(out, "]\n");
}

/* Whether a block of lines gives the text back: an indentation of its own, or anything that cannot be seen, would not
 * be. */
static bool block(const char *s)
{
	return strchr(s, '\n') && !strchr(" \t\n", *s) && visible(s, "\n\t");
}

void init_run(struct buf *out, const char *command)
{
	if (!block(command)) {
		buf_adds(out, "    run: ");
		init_scalar(out, command);
		buf_addc(out, '\n');
		return;
	}
	buf_adds(out, "    run: |\n");
	for (const char *line = command; *line;) {
		size_t n = strcspn(line, "\n");

		buf_addf(out, "      %.*s\n", (int)n, line);
		line += n + (line[n] == '\n');
	}
}

char *init_name(struct names *taken, const char *text)
{
	_free_ char *first = isalnum((unsigned char)*text) ? mem_strdup(text) : mem_printf("step%s", text);
	char *s;

	for (char *p = first; *p; p++)
		if (!strchr("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-", *p))
			*p = '-';
	s = mem_strdup(first);
	for (int n = 2; names_have(taken, s); n++) {
		free(s);
		s = mem_printf("%s-%d", first, n);
	}
	names_add(taken, s);
	return s;
}

static const char example[] =
	"# A pipeline of two steps that runs as it is: `jig run`. Change it to yours.\n"
	"params:\n"
	"  n: 10                    # set another for one run: jig run -p n=20\n"
	"\n"
	"steps:\n"
	"  numbers:                 # a step is any command\n"
	"    run: seq ${params.n} > numbers.txt\n"
	"    outputs: [numbers.txt] # what it leaves; kept by content\n"
	"\n"
	"  total:\n"
	"    inputs: [numbers.txt]  # an input that a step outputs is the edge between them\n"
	"    run: |\n"
	"      sum=$(awk '{ s += $1 } END { print s }' numbers.txt)\n"
	"      echo \"{\\\"sum\\\": $sum}\" > total.json\n"
	"    metrics: [total.json]  # read after the step: `jig metrics last`, `jig ls`\n";

int init_pipeline(const char *root, struct buf *out, struct buf *ret_notes, enum init_source *ret_source, struct err *e)
{
	static const struct {
		const char *file;
		enum init_source source;
		int (*read)(const char *root, const char *text, size_t len, struct buf *out, struct buf *notes,
		            struct err *e);
	} known[] = { { "dvc.yaml", INIT_DVC, init_from_dvc }, { "MLproject", INIT_MLPROJECT, init_from_mlproject } };
	int r;

	for (size_t i = 0; i < ARRAY_LEN(known); i++) {
		_free_ char *path = path_join(root, known[i].file);
		_buf_ struct buf text = BUF_INIT;

		if (!file_exists(path))
			continue;
		r = file_read(path, 8 << 20, &text, e);
		if (r < 0)
			return r;
		*ret_source = known[i].source;
		return known[i].read(root, text.data, text.len, out, ret_notes, e);
	}
	r = init_from_scripts(root, out, ret_notes, e);
	if (r < 0)
		return r;
	*ret_source = r ? INIT_SCRIPTS : INIT_EMPTY;
	if (!r)
		buf_adds(out, example);
	return 0;
}
