#include <stdarg.h>
#include "runner/pipeline/yaml.h"

enum { SHOWN_MOST = 100 };

void diags_addv(struct diags *d, int line, int column, const char *fmt, va_list ap)
{
	_buf_ struct buf text = BUF_INIT;

	if (d->len == SHOWN_MOST) {
		d->dropped++;
		return;
	}
	if (d->len == d->cap) {
		d->cap = d->cap ? d->cap * 2 : 8;
		d->v = mem_array(d->v, d->cap, sizeof *d->v);
	}
	buf_addv(&text, fmt, ap);
	d->v[d->len++] = (struct diag){.line = line, .column = column, .text = buf_steal(&text)};
}

void diags_add(struct diags *d, int line, int column, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	diags_addv(d, line, column, fmt, ap);
	va_end(ap);
}

bool diags_at(const struct diags *d, int line, int column)
{
	for (size_t i = 0; i < d->len; i++)
		if (!d->v[i].file && d->v[i].line == line && d->v[i].column == column)
			return true;
	return false;
}

void diags_merge(struct diags *d, struct diags *from)
{
	for (size_t i = 0; i < from->len; i++) {
		const struct diag *g = &from->v[i];
		size_t before = d->len;
		diags_add(d, g->line, g->column, "%s", g->text);
		if (d->len > before)
			d->v[before].file = g->file ? g->file : from->file;
	}
	d->dropped += from->dropped;
	diags_release(from);
}

void diags_release(struct diags *d)
{
	for (size_t i = 0; i < d->len; i++)
		free(d->v[i].text);
	free(d->v);
	*d = (struct diags){.file = d->file};
}

static bool before(const struct diag *a, const struct diag *b)
{
	if (!a->file != !b->file)
		return !a->file;
	int order = a->file ? strcmp(a->file, b->file) : 0;
	if (order)
		return order < 0;
	return a->line != b->line ? a->line < b->line : a->column < b->column;
}

/* Insertion keeps what stands at one place in the order it was found; there are few. */
static void sort(struct diags *d)
{
	for (size_t i = 1; i < d->len; i++) {
		struct diag g = d->v[i];
		size_t at = i;
		for (; at > 0 && before(&g, &d->v[at - 1]); at--)
			d->v[at] = d->v[at - 1];
		d->v[at] = g;
	}
}

void diags_text(struct diags *d, struct buf *out)
{
	sort(d);
	for (size_t i = 0; i < d->len; i++) {
		const struct diag *g = &d->v[i];
		const char *file = g->file ? g->file : d->file;
		if (i)
			buf_addc(out, '\n');
		if (file && g->line)
			buf_addf(out, "%s:%d:%d: ", file, g->line, g->column);
		buf_adds(out, g->text);
	}
	if (d->dropped)
		buf_addf(out, "\nand %zu more", d->dropped);
}

int diags_result(struct diags *d, struct err *e)
{
	_buf_ struct buf text = BUF_INIT;

	if (!d->len)
		return 0;
	diags_text(d, &text);
	return err_set(e, ERR_USAGE, "%s", text.data);
}
