#include <string.h>
#include "tui/log/log_pane_parts.h"

/* The first match in the line under the cursor is brought in sight. */
static void show_match(struct log_pane *p)
{
	size_t n, from, to, first = SIZE_MAX, last = 0;
	const char *s = log_file_line(p->file, p->cursor, &n);

	if (p->wrap || !p->hits)
		return;
	log_line_set(&p->line, s, n, SIZE_MAX);
	if (!log_pattern_find(p->hits->pattern, p->line.text.data, p->line.text.len, 0, false, &from, &to))
		return;
	for (size_t i = 0; i < p->line.cells.len; i++)
		if (p->line.at.v[i] >= from && p->line.at.v[i] < to) {
			first = first == SIZE_MAX ? i : first;
			last = i + 1;
		}
	size_t w = (size_t)pane_width(p), shift = (size_t)p->shift;
	if (first == SIZE_MAX || (first >= shift && last <= shift + w))
		return;
	p->shift = last <= w ? 0 : (int)(first > w / 3 ? first - w / 3 : 0);
}

/* The head of an error alone says little: its last line, behind what is indented, comes in sight too. */
static void show_error(struct log_pane *p)
{
	int64_t end = p->cursor, at;

	for (int i = 0; i < FRAMES_LOOK && (at = log_file_next(p->file, end)) < p->file->size; i++) {
		bool inside = pane_blank(p, at);
		if (!inside && end == p->cursor)
			break;
		end = at;
		if (!inside)
			break;
	}
	if (!pane_fit(p) || pane_shows(p, end))
		return;
	pane_top(p, p->cursor, p->rows / 3);
	if (!pane_shows(p, end))
		pane_top(p, p->cursor, 0);
}

static void arrive(struct log_pane *p, int64_t off)
{
	bool error = p->jump == JUMP_ERROR;

	p->cursor = off;
	p->follow = p->at_end = false;
	if (!error)
		show_match(p);
	else
		p->shift = 0;
	p->jump = JUMP_NONE;
	if (error)
		show_error(p);
	else
		pane_fit(p);
}

void pane_jump_on(struct log_pane *p)
{
	struct log_hits *h = p->jump == JUMP_ERROR ? p->errors : p->hits;
	int64_t at;

	while (p->jump != JUMP_NONE) {
		enum log_found r = p->jump == JUMP_HIT_BACK ? log_hits_previous(h, p->from, &at) :
		                                              log_hits_next(h, p->from, &at);
		if (r == FOUND_LATER)
			return;
		if (r == FOUND_LINE) {
			if (p->wrapped)
				pane_say(p, p->jump == JUMP_HIT_BACK ? "went on from the end" :
				                                       "went on from the beginning");
			arrive(p, at);
		} else if (p->wrapped) {
			if (!p->typing)
				pane_say(p, p->jump == JUMP_ERROR ? "no errors in this log" : "no match");
			p->jump = JUMP_NONE;
		} else {
			p->wrapped = true;
			p->from = p->jump == JUMP_HIT_BACK ? p->file->size : -1;
		}
	}
}

static bool jump(struct log_pane *p, enum jump kind, int64_t from)
{
	p->jump = kind;
	p->from = from;
	p->wrapped = false;
	pane_jump_on(p);
	if (p->jump != JUMP_NONE)
		pane_say(p, "looking …");
	return true;
}

static void drop_search(struct log_pane *p)
{
	log_hits_free(p->hits);
	p->hits = NULL;
	free(p->pattern);
	p->pattern = NULL;
	p->only = false;
	if (p->jump != JUMP_ERROR)
		p->jump = JUMP_NONE;
}

void log_pane_search_begin(struct log_pane *p)
{
	p->typing = true;
	p->before = (struct where){ p->top, p->cursor, p->top_row, p->shift, p->follow };
	p->only_before = p->only;
	log_hits_free(p->hits_before);
	free(p->pattern_before);
	p->hits_before = p->hits;
	p->pattern_before = p->pattern;
	p->hits = NULL;
	p->pattern = NULL;
	p->only = false;
	if (p->jump != JUMP_ERROR)
		p->jump = JUMP_NONE;
}

static void go_back(struct log_pane *p)
{
	p->top = p->before.top;
	p->cursor = p->before.cursor;
	p->top_row = p->before.top_row;
	p->shift = p->before.shift;
	p->follow = p->before.follow && p->live;
	p->jump = JUMP_NONE;
}

int log_pane_search(struct log_pane *p, const char *text, struct err *e)
{
	struct log_pattern *pattern;

	if (!p->file)
		return 0;
	if (!*text) {
		drop_search(p);
		go_back(p);
		return 0;
	}
	int r = log_pattern_new(text, &pattern, e);
	if (r < 0)
		return r;
	drop_search(p);
	go_back(p);
	p->pattern = mem_strdup(text);
	p->hits = log_hits_new(p->file, pattern, p->cursor);
	p->wrapped = false;
	p->jump = JUMP_HIT;
	p->from = p->cursor - 1;
	pane_jump_on(p);
	return 0;
}

void log_pane_search_end(struct log_pane *p, bool keep)
{
	p->typing = false;
	if (!keep) {
		drop_search(p);
		p->hits = mem_take(p->hits_before);
		p->pattern = mem_take(p->pattern_before);
		p->only = p->hits && p->only_before;
		go_back(p);
		return;
	}
	log_hits_free(p->hits_before);
	p->hits_before = NULL;
	free(p->pattern_before);
	p->pattern_before = NULL;
}

const char *log_pane_pattern(const struct log_pane *p)
{
	return p->pattern ? p->pattern : "";
}

bool log_pane_next_hit(struct log_pane *p, int direction)
{
	if (!p->hits) {
		pane_say(p, "nothing was searched yet · / searches");
		return false;
	}
	return jump(p, direction < 0 ? JUMP_HIT_BACK : JUMP_HIT, p->cursor);
}

bool log_pane_next_error(struct log_pane *p)
{
	if (pane_empty(p))
		return false;
	if (p->only)
		p->only = false;
	if (!p->errors) {
		p->errors = log_hits_new(p->file, NULL, p->cursor);
		log_hits_work(p->errors, 0);
	}
	return jump(p, JUMP_ERROR, p->cursor);
}

bool log_pane_only_hits(struct log_pane *p)
{
	if (!p->hits) {
		pane_say(p, "nothing was searched yet · / searches");
		return false;
	}
	p->only = !p->only;
	p->top_row = 0;
	if (p->only)
		p->follow = false;
	pane_say(p, p->only ? "only lines with a match" : "all lines");
	return true;
}

bool log_pane_back(struct log_pane *p)
{
	return p->only && log_pane_only_hits(p);
}
