#include "tui/log/log_hits.h"

#include <string.h>
#include "base/time.h"
#include "tui/log/log_level.h"

#define UNKNOWN UINT32_MAX

static size_t block_count(const struct log_hits *h)
{
	return (size_t)((h->file->size + LOG_BLOCK - 1) / LOG_BLOCK);
}

static void resize(struct log_hits *h)
{
	size_t n = block_count(h);

	while (h->counts.len > n) {
		uint32_t count = vec_pop(&h->counts);
		if (count != UNKNOWN) {
			h->known--;
			h->total -= count;
		}
	}
	vec_reserve(&h->counts, n);
	while (h->counts.len < n)
		vec_push(&h->counts, UNKNOWN);
}

struct log_hits *log_hits_new(struct log_file *f, struct log_pattern *pattern, int64_t off)
{
	struct log_hits *h = mem_zero(sizeof *h);

	h->file = f;
	h->pattern = pattern;
	h->next = (size_t)(off / LOG_BLOCK);
	for (size_t i = 0; i < LOG_HITS_KEPT; i++)
		h->kept[i].block = -1;
	resize(h);
	return h;
}

void log_hits_free(struct log_hits *h)
{
	if (!h)
		return;
	log_pattern_free(h->pattern);
	vec_release(&h->counts);
	for (size_t i = 0; i < LOG_HITS_KEPT; i++)
		vec_release(&h->kept[i].at);
	free(h);
}

static void forget(struct log_hits *h, size_t from)
{
	if (h->adopted > from)
		h->adopted = from;
	for (size_t i = from; i < h->counts.len; i++)
		if (h->counts.v[i] != UNKNOWN) {
			h->known--;
			h->total -= h->counts.v[i];
			h->counts.v[i] = UNKNOWN;
		}
	for (size_t i = 0; i < LOG_HITS_KEPT; i++)
		if (h->kept[i].block >= (int64_t)from)
			h->kept[i].block = -1;
}

void log_hits_changed(struct log_hits *h, enum log_change change, int64_t old_size)
{
	if (change == LOG_GREW) {
		/* What was its last line may have grown, too. */
		int64_t last = old_size - 2 * LOG_PIECE;
		size_t from = last > 0 ? (size_t)(last / LOG_BLOCK) : 0;
		struct log_window w = LOG_WINDOW_INIT;
		for (size_t i = (size_t)(old_size / LOG_BLOCK); i > from; i--) {
			log_window_read(&w, h->file, (int64_t)i);
			/* A line begins here that began here before, too: those before it have ended. */
			if (w.from < w.end && w.at + (int64_t)w.from < old_size) {
				from = i;
				break;
			}
		}
		log_window_release(&w);
		forget(h, from);
	} else if (change == LOG_CUT || change == LOG_REPLACED) {
		forget(h, 0);
	}
	resize(h);
}

/* ---- a block ---- */

static void errors_of(struct log_hits *h, const struct log_window *w, struct log_hits_kept *to)
{
	const char *s = w->b.data + w->from, *end = w->b.data + w->end, *from = s;

	while (s < end && (s = log_level_candidate(s, end)) < end) {
		const char *nl = memrchr(from, '\n', (size_t)(s - from)), *line = nl ? nl + 1 : from;
		const char *stop = memchr(s, '\n', (size_t)(end - s));
		stop = stop ? stop : end;
		if (log_level_of(line, (size_t)(stop - line), log_window_indented(w, line)) == LEVEL_ERROR)
			vec_push(&to->at, w->at + (line - w->b.data));
		s = from = stop + (stop < end);
	}
}

static void matches_of(struct log_hits *h, const struct log_window *w, struct log_hits_kept *to)
{
	const char *line = w->b.data + w->from, *end = w->b.data + w->end;
	struct log_pass pass;

	log_pass_begin(&pass, h->pattern, line, end);
	while (line < end) {
		const char *c = log_pass_candidate(&pass, line);
		if (c == end)
			break;
		const char *nl = memrchr(line, '\n', (size_t)(c - line));
		line = nl ? nl + 1 : line;
		const char *stop = memchr(c, '\n', (size_t)(end - c));
		stop = stop ? stop : end;
		if (log_pass_match(&pass, line, (size_t)(stop - line), c))
			vec_push(&to->at, w->at + (line - w->b.data));
		line = stop + 1;
	}
	log_pass_release(&pass);
}

static void read_block(struct log_hits *h, int64_t block, struct log_window *w, struct log_hits_kept *to)
{
	vec_clear(&to->at);
	to->block = block;
	log_window_read(w, h->file, block);
	if (w->from < w->end && h->pattern)
		matches_of(h, w, to);
	else if (w->from < w->end)
		errors_of(h, w, to);
	if ((size_t)block >= h->counts.len)
		return;
	uint32_t *count = &h->counts.v[block];
	if (*count == UNKNOWN) {
		h->known++;
		*count = 0;
	}
	h->total += (int64_t)to->at.len - *count;
	*count = (uint32_t)to->at.len;
}

/* The hits of a block. */
static const struct log_hits_kept *hits_of(struct log_hits *h, int64_t block)
{
	size_t i = 0;

	while (i < LOG_HITS_KEPT - 1 && h->kept[i].block != block)
		i++;
	struct log_hits_kept one = h->kept[i];
	memmove(&h->kept[1], &h->kept[0], i * sizeof one);
	if (one.block != block) {
		struct log_window w = LOG_WINDOW_INIT;
		read_block(h, block, &w, &one);
		log_window_release(&w);
	}
	h->kept[0] = one;
	return &h->kept[0];
}

/* ---- all ---- */

/* What the file counted already. */
static void adopt(struct log_hits *h)
{
	for (; h->adopted < h->file->blocks.len && h->adopted < h->counts.len; h->adopted++) {
		uint32_t *count = &h->counts.v[h->adopted];
		if (*count != UNKNOWN)
			continue;
		*count = h->file->blocks.v[h->adopted].errors;
		h->total += *count;
		h->known++;
	}
}

bool log_hits_complete(const struct log_hits *h)
{
	return h->known == h->counts.len;
}

bool log_hits_work(struct log_hits *h, int64_t us)
{
	struct log_window w = LOG_WINDOW_INIT;
	struct log_hits_kept scratch = { 0 };
	int64_t until = time_mono() + us;

	if (!h->pattern)
		adopt(h);
	while (!log_hits_complete(h) && time_mono() < until) {
		if (h->next >= h->counts.len)
			h->next = 0;
		if (h->counts.v[h->next] == UNKNOWN)
			read_block(h, (int64_t)h->next, &w, &scratch);
		h->next++;
	}
	log_window_release(&w);
	vec_release(&scratch.at);
	return !log_hits_complete(h);
}

enum log_found log_hits_next(struct log_hits *h, int64_t off, int64_t *ret)
{
	int64_t first = off < 0 ? 0 : off / LOG_BLOCK;

	for (int64_t block = first; block < (int64_t)h->counts.len; block++) {
		/* The block where a person stands is read at once. */
		if (block > first && h->counts.v[block] == UNKNOWN)
			return FOUND_LATER;
		if (h->counts.v[block] == 0)
			continue;
		const struct log_hits_kept *k = hits_of(h, block);
		for (size_t i = 0; i < k->at.len; i++)
			if (k->at.v[i] > off) {
				*ret = k->at.v[i];
				return FOUND_LINE;
			}
	}
	return FOUND_NONE;
}

enum log_found log_hits_previous(struct log_hits *h, int64_t off, int64_t *ret)
{
	int64_t first = (off < h->file->size ? off : h->file->size - 1) / LOG_BLOCK;

	for (int64_t block = first; block >= 0 && h->counts.len; block--) {
		if (block < first && h->counts.v[block] == UNKNOWN)
			return FOUND_LATER;
		if (h->counts.v[block] == 0)
			continue;
		const struct log_hits_kept *k = hits_of(h, block);
		for (size_t i = k->at.len; i > 0; i--)
			if (k->at.v[i - 1] < off) {
				*ret = k->at.v[i - 1];
				return FOUND_LINE;
			}
	}
	return FOUND_NONE;
}

bool log_hits_at(struct log_hits *h, int64_t off)
{
	int64_t at;

	return log_hits_next(h, off - 1, &at) == FOUND_LINE && at == off;
}

int64_t log_hits_ordinal(struct log_hits *h, int64_t off)
{
	int64_t block = off / LOG_BLOCK, sum = 0;

	for (int64_t i = 0; i < block && i < (int64_t)h->counts.len; i++) {
		if (h->counts.v[i] == UNKNOWN)
			return -1;
		sum += h->counts.v[i];
	}
	if (block >= (int64_t)h->counts.len)
		return sum;
	const struct log_hits_kept *k = hits_of(h, block);
	for (size_t i = 0; i < k->at.len && k->at.v[i] <= off; i++)
		sum++;
	return sum;
}
