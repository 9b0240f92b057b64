#include "tui/runs/runs_fuzzy.h"

#include <stdatomic.h>
#include "base/text.h"
#include "base/vec.h"
#include "tracker/query_list.h"
#include "tui/fuzzy.h"

enum { WORDS_MOST = 8 };
enum stage { STAGE_NAMES, STAGE_TAGS, STAGE_NOTES, STAGE_READY };

/* Texts of one kind: where that of run n begins (0: it has none), in small letters. */
struct texts {
	VEC(uint32_t) at;
	struct buf blob;
	int64_t last; /* the run that was added to last */
};

struct fuzzy {
	atomic_int owners;
	enum stage stage;
	struct texts names, tags, notes;
	char *cursor; /* the last name or key that was read */
	int64_t top;  /* highest number with a name */
	char *pattern;
	VEC(uint32_t) found; /* by the pattern, newest first */
};

static void texts_reset(struct texts *t)
{
	vec_clear(&t->at);
	buf_reset(&t->blob);
	buf_addc(&t->blob, '\0');
	t->last = 0;
}

static void texts_release(struct texts *t)
{
	vec_release(&t->at);
	buf_release(&t->blob);
}

struct fuzzy *fuzzy_new(void)
{
	struct fuzzy *f = mem_zero(sizeof *f);

	f->owners = 1;
	for (struct texts *t = &f->names; t <= &f->notes; t++)
		buf_init(&t->blob);
	return f;
}

struct fuzzy *fuzzy_share(struct fuzzy *f)
{
	atomic_fetch_add(&f->owners, 1);
	return f;
}

void fuzzy_free(struct fuzzy *f)
{
	if (!f || atomic_fetch_sub(&f->owners, 1) > 1)
		return;
	for (struct texts *t = &f->names; t <= &f->notes; t++)
		texts_release(t);
	free(f->cursor);
	free(f->pattern);
	vec_release(&f->found);
	free(f);
}

static void add_small(struct buf *out, const char *s)
{
	for (; *s; s++)
		buf_addc(out, *s == '\n' ? ' ' : *s >= 'A' && *s <= 'Z' ? (char)(*s | 32) : *s);
}

/* Texts of one run that come one after the other stand in one, with "\n" between them. */
static void texts_add(struct texts *t, int64_t run, const char *text, const char *value)
{
	if (run <= 0 || run >= UINT32_MAX || t->blob.len > UINT32_MAX - 100000)
		return;
	while (t->at.len <= (size_t)run)
		vec_push(&t->at, 0);
	if (t->last == run)
		t->blob.data[t->blob.len - 1] = '\n';
	else
		t->at.v[run] = (uint32_t)t->blob.len;
	t->last = run;
	add_small(&t->blob, text);
	if (value) {
		buf_addc(&t->blob, '=');
		add_small(&t->blob, value);
	}
	buf_addc(&t->blob, '\0');
}

static void keep_cursor(struct fuzzy *f, const char *text)
{
	free(f->cursor);
	f->cursor = mem_strdup(text);
}

/* What a callback gets: where to add, and the last text where the cursor hangs on it. */
struct reading { struct fuzzy *f; struct texts *to; int64_t most; char last[512]; int64_t last_run; bool any; };

static void read_text(void *arg, int64_t run, const char *text, const char *value)
{
	struct reading *r = arg;

	if (run > r->most)
		return;
	texts_add(r->to, run, text, value);
	if (r->to == &r->f->names && run > r->f->top)
		r->f->top = run;
	snprintf(r->last, sizeof r->last, "%s", text);
	r->last_run = run;
	r->any = true;
}

static int stage_read(struct fuzzy *f, struct tracker *t, enum query_texts which, struct texts *to,
                      struct texts_cursor from, int64_t most, struct err *e)
{
	struct reading reading = {.f = f, .to = to, .most = most};
	int r = query_texts(t, which, &from, read_text, &reading, e);

	if (r < 0 && reading.any)
		keep_cursor(f, reading.last);
	if (r >= 0) {
		free(f->cursor);
		f->cursor = NULL;
	}
	return r;
}

/* What came since: runs above the top. */
static int read_newer(struct fuzzy *f, struct tracker *t, struct err *e)
{
	struct texts_cursor from = {.run = f->top};
	int64_t before = f->top;
	/* DEL stands behind every key, so that no tag of the top itself comes again. */
	struct texts_cursor tags = {.run = f->top, .text = "\x7f"};
	int r = stage_read(f, t, TEXTS_NEWER_NAME, &f->names, from, INT64_MAX, e);

	if (r < 0) {
		f->top = before;
		return r;
	}
	if (f->top == before)
		return 0;
	/* Interrupted in the midst, all is read anew: it is little. */
	r = stage_read(f, t, TEXTS_TAG, &f->tags, tags, f->top, e);
	if (r >= 0)
		r = stage_read(f, t, TEXTS_NOTE, &f->notes, from, f->top, e);
	free(f->pattern);
	f->pattern = NULL;
	if (r < 0)
		f->top = before;
	return r;
}

int fuzzy_load(struct fuzzy *f, struct tracker *t, bool anew, struct err *e)
{
	struct texts_cursor from = {0};
	int r = 0;

	if (anew || !f->names.blob.len) {
		for (struct texts *x = &f->names; x <= &f->notes; x++)
			texts_reset(x);
		free(f->cursor);
		free(f->pattern);
		f->cursor = f->pattern = NULL;
		f->top = 0;
		f->stage = STAGE_NAMES;
	}
	if (f->stage == STAGE_READY)
		return read_newer(f, t, e);
	for (; r >= 0 && f->stage < STAGE_READY; f->stage += r >= 0) {
		from.text = f->cursor;
		from.run = f->stage == STAGE_TAGS ? f->tags.last : f->stage == STAGE_NOTES ? f->notes.last : 0;
		if (f->stage == STAGE_NAMES)
			r = stage_read(f, t, TEXTS_NAME, &f->names, from, INT64_MAX, e);
		else if (f->stage == STAGE_TAGS)
			r = stage_read(f, t, TEXTS_TAG, &f->tags, from, f->top, e);
		else
			r = stage_read(f, t, TEXTS_NOTE, &f->notes, from, f->top, e);
	}
	return r < 0 ? r : 0;
}

/* together: the letters have to stand together, for in prose nearly any letters are found. */
static int best_of(const struct texts *t, int64_t run, bool together, const char *word, size_t word_n)
{
	const char *text, *end;
	int best = 0;

	if ((size_t)run >= t->at.len || !t->at.v[run])
		return 0;
	for (text = t->blob.data + t->at.v[run];; text = end + 1) {
		size_t n = strcspn(text, "\n");
		const char *part = together ? memmem(text, n, word, word_n) : text;
		int score = !part      ? 0
		            : together ? fuzzy_score(part, word_n, word, word_n) / 2
		                       : fuzzy_score(text, n, word, word_n);

		end = text + n;
		best = score > best ? score : best;
		if (!*end)
			return best;
	}
}

static int score_of(const struct fuzzy *f, int64_t run, const char *const *words, const size_t *lens,
                    const bool *digits, int n)
{
	int sum = 0;

	for (int i = 0; i < n; i++) {
		int best = best_of(&f->names, run, false, words[i], lens[i]), score;

		if (digits[i]) {
			char number[24];
			size_t len = (size_t)snprintf(number, sizeof number, "%lld", (long long)run);

			/* A number is meant as a whole or by its first digits. */
			if (len >= lens[i] && !memcmp(number, words[i], lens[i]))
				best = len == lens[i] ? 255 : best > 200 ? best : 200;
		}
		if ((score = best_of(&f->tags, run, false, words[i], lens[i])) > best)
			best = score;
		if ((score = best_of(&f->notes, run, true, words[i], lens[i])) > best)
			best = score;
		if (!best)
			return 0;
		sum += best;
	}
	return sum / n;
}

void fuzzy_find(struct fuzzy *f, const char *pattern, int64_t **ret, size_t *ret_len)
{
	_buf_ struct buf small = BUF_INIT;
	const char *words[WORDS_MOST];
	size_t lens[WORDS_MOST], counts[256] = {0}, places[256], total = 0;
	bool digits[WORDS_MOST], narrower = f->pattern && *f->pattern && text_starts(pattern, f->pattern);
	_free_ unsigned char *scores = NULL;
	int n = 0;

	add_small(&small, pattern);
	for (const char *p = small.data; n < WORDS_MOST; p += lens[n++]) {
		p += strspn(p, " ");
		if (!*p)
			break;
		words[n] = p;
		lens[n] = strcspn(p, " ");
		digits[n] = strspn(p, "0123456789") >= lens[n];
	}
	if (!narrower) {
		vec_clear(&f->found);
		for (size_t i = f->names.at.len; i-- > 1;)
			if (f->names.at.v[i])
				vec_push(&f->found, (uint32_t)i);
	}
	scores = mem_alloc(f->found.len + 1);
	for (size_t i = 0; i < f->found.len; i++) {
		int score = n ? score_of(f, f->found.v[i], words, lens, digits, n) : 1;

		if (!score)
			continue;
		f->found.v[total] = f->found.v[i];
		scores[total++] = (unsigned char)score;
		counts[score]++;
	}
	f->found.len = total;
	free(f->pattern);
	f->pattern = mem_strdup(pattern);
	*ret = mem_alloc(total * sizeof **ret + 1);
	*ret_len = total;
	for (size_t at = 0, s = 256; s-- > 0; at += counts[s])
		places[s] = at;
	for (size_t i = 0; i < total; i++)
		(*ret)[places[scores[i]]++] = f->found.v[i];
}
