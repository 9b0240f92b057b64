#include "tui/runs/runs_list.h"

#include "base/time.h"
#include "tui/runs/runs_fold.h"
#include "tui/runs/runs_fuzzy.h"

enum { ITEMS_KEPT = 512, ANEW_MOST = 100000 };

/* What hangs on a list that may be gone when an answer comes. Loop thread only. */
struct tie { struct runs_list *list; int owners; };

struct runs_list {
	struct tracker *t;
	struct asker *k;
	void (*changed)(void *arg);
	void *arg;
	struct tie *tie;
	struct fuzzy *fuzzy;
	bool fuzzy_anew;
	struct { char *filter, *fuzzy, *sort; } asked;
	uint64_t serial; /* of what was asked for last */
	bool pending, asking, complete, outdated;
	int64_t ask_again; /* monotonic µs: not before */
	int64_t *entries;
	size_t len, cap;
	int64_t matching, total, top, nlive;
	VEC(int64_t) open;
	VEC(struct runs_item *) items;
	uint64_t clock; /* of uses of items */
	char *metric;
};

/* One question to the asker, and its answer. */
struct list_wish {
	struct tie *tie;
	uint64_t serial;
	char *filter, *fuzzy, *sort;
	struct fuzzy *texts;
	bool anew, whole;
	int64_t limit;
	int64_t *open;
	size_t nopen;
	int64_t *entries;
	size_t len, matching;
	int64_t took;
};

static void tie_release(struct tie *t)
{
	if (--t->owners == 0)
		free(t);
}

static void wish_drop(void *arg)
{
	struct list_wish *w = arg;

	tie_release(w->tie);
	fuzzy_free(w->texts);
	free(w->filter);
	free(w->fuzzy);
	free(w->sort);
	free(w->open);
	free(w->entries);
	free(w);
}

static int by_number(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

/* Those of `numbers` that are among `found`, in their order. */
static void keep_found(int64_t *numbers, size_t *len, int64_t *found, size_t nfound)
{
	size_t kept = 0;

	qsort(found, nfound, sizeof *found, by_number);
	for (size_t i = 0; i < *len; i++)
		if (bsearch(&numbers[i], found, nfound, sizeof *found, by_number))
			numbers[kept++] = numbers[i];
	*len = kept;
}

static int find_numbers(struct list_wish *w, struct tracker *t, int64_t **ret, size_t *ret_len, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct filter *filter = NULL;
	struct filter_sort *sort = NULL;
	_free_ int64_t *found = NULL;
	size_t nfound = 0;
	int r = 0;

	if (w->filter)
		r = filter_parse(w->filter, &a, &filter, e);
	if (r >= 0 && w->sort)
		r = filter_parse_sort(w->sort, &a, &sort, e);
	if (r >= 0 && w->fuzzy) {
		r = fuzzy_load(w->texts, t, w->anew, e);
		if (r < 0)
			return r;
		w->anew = false;
		fuzzy_find(w->texts, w->fuzzy, &found, &nfound);
		if (!sort) {
			*ret = mem_take(found);
			*ret_len = nfound;
			return 0;
		}
	}
	if (r >= 0)
		r = query_numbers(t, filter, sort, w->limit, 0, ret, ret_len, e);
	if (r >= 0 && w->fuzzy)
		keep_found(*ret, ret_len, found, nfound);
	return r;
}

static int wish_ask(void *arg, struct tracker *t, struct err *e)
{
	struct list_wish *w = arg;
	_free_ int64_t *numbers = NULL;
	_free_ struct swept *swept = NULL;
	size_t n = 0, nswept = 0;
	int64_t begun = time_mono();
	int r = find_numbers(w, t, &numbers, &n, e);

	if (r >= 0)
		r = query_swept(t, &swept, &nswept, e);
	if (r < 0)
		return r;
	free(w->entries);
	w->entries = NULL;
	w->matching = n;
	if (!nswept) {
		w->entries = mem_take(numbers);
		w->len = n;
	} else {
		runs_fold(numbers, n, swept, nswept, w->open, w->nopen, &w->entries, &w->len);
	}
	w->took = time_mono() - begun;
	tracker_trim(t);
	return 0;
}

static void take_entries(struct runs_list *l, int64_t *entries, size_t len)
{
	free(l->entries);
	l->entries = entries;
	l->len = l->cap = len;
	for (size_t i = 0; i < len && i < 1000; i++)
		l->top = entries[i] > l->top ? entries[i] : l->top;
}

static void wish_done(void *arg, int r, const struct err *e)
{
	struct list_wish *w = arg;
	struct runs_list *l = w->tie->list;

	if (l && w->serial == l->serial) {
		l->asking = l->asking && !w->whole;
		l->pending = false;
		if (r >= 0) {
			take_entries(l, mem_take(w->entries), w->len);
			l->complete = w->whole || (int64_t)w->matching < w->limit;
			l->matching = l->complete ? (int64_t)w->matching : -1;
			l->ask_again = time_mono() + 5 * w->took;
		}
		l->changed(l->arg);
	}
	wish_drop(w);
}

static void ask_lane(struct runs_list *l, bool whole, int rows)
{
	struct list_wish *w = mem_zero(sizeof *w);

	l->tie->owners++;
	*w = (struct list_wish){
	        .tie = l->tie,
	        .serial = l->serial,
	        .filter = mem_strdup(l->asked.filter),
	        .fuzzy = mem_strdup(l->asked.fuzzy),
	        .sort = mem_strdup(l->asked.sort),
	        .whole = whole,
	        .limit = whole ? -1 : rows,
	        .open = mem_dup(l->open.v, l->open.len * sizeof *l->open.v),
	        .nopen = l->open.len,
	};
	if (w->fuzzy) {
		if (!l->fuzzy)
			l->fuzzy = fuzzy_new();
		w->texts = fuzzy_share(l->fuzzy);
		w->anew = l->fuzzy_anew;
		l->fuzzy_anew = false;
	}
	l->asking = l->asking || whole;
	asker_wish(l->k, &(struct wish){wish_ask, wish_done, wish_drop, whole && !w->fuzzy ? ASK_ALL : ASK_SCREEN}, w);
}

struct runs_list *runs_list_new(struct tracker *t, struct asker *k, void (*changed)(void *arg), void *arg)
{
	struct runs_list *l = mem_zero(sizeof *l);

	*l = (struct runs_list){.t = t, .k = k, .changed = changed, .arg = arg, .tie = mem_zero(sizeof *l->tie)};
	l->tie->list = l;
	l->tie->owners = 1;
	return l;
}

static void item_free(struct runs_item *item)
{
	runs_item_release(item);
	free(item);
}

static void forget_items(struct runs_list *l)
{
	for (size_t i = 0; i < l->items.len; i++)
		item_free(l->items.v[i]);
	vec_clear(&l->items);
}

void runs_list_free(struct runs_list *l)
{
	if (!l)
		return;
	l->tie->list = NULL;
	tie_release(l->tie);
	fuzzy_free(l->fuzzy);
	forget_items(l);
	vec_release(&l->items);
	vec_release(&l->open);
	free(l->asked.filter);
	free(l->asked.fuzzy);
	free(l->asked.sort);
	free(l->entries);
	free(l->metric);
	free(l);
}

static bool is_plain(const struct runs_list *l)
{
	return !l->asked.filter && !l->asked.fuzzy && !l->asked.sort;
}

static struct runs_item *item_of(const struct runs_list *l, int64_t entry)
{
	for (size_t i = 0; i < l->items.len; i++)
		if (l->items.v[i]->entry == entry)
			return l->items.v[i];
	return NULL;
}

/* Of the items that were used longest ago one makes place. */
static struct runs_item *item_place(struct runs_list *l, int64_t entry)
{
	struct runs_item *item = mem_zero(sizeof *item);
	size_t oldest = 0;

	item->entry = entry;
	if (l->items.len < ITEMS_KEPT) {
		vec_push(&l->items, item);
		return item;
	}
	for (size_t i = 1; i < l->items.len; i++)
		if (l->items.v[i]->used < l->items.v[oldest]->used)
			oldest = i;
	item_free(l->items.v[oldest]);
	l->items.v[oldest] = item;
	return item;
}

static int item_load(struct runs_list *l, int64_t entry, struct runs_item **ret, struct err *e)
{
	struct runs_item *item = item_of(l, entry);
	int r;

	if (!item || item->stale) {
		struct runs_item fresh = {.entry = entry};

		r = runs_item_load(l->t, l->metric, &fresh, e);
		if (r < 0) {
			runs_item_release(&fresh);
			return r;
		}
		if (item) {
			runs_item_keep_sparks(&fresh, item);
			runs_item_release(item);
		} else {
			item = item_place(l, entry);
		}
		*item = fresh;
	}
	item->used = ++l->clock;
	*ret = item;
	return 0;
}

static int count_runs(struct runs_list *l, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	int64_t *live;
	size_t n;
	int r = query_count(l->t, NULL, &l->total, e);

	if (r >= 0)
		r = query_live(l->t, &a, &live, &n, e);
	if (r >= 0)
		l->nlive = (int64_t)n;
	return r;
}

/* Which of these runs are of a sweep, by what is loaded of them. */
static int swept_of(struct runs_list *l, const int64_t *numbers, size_t n, struct swept **ret, size_t *ret_len,
                    struct err *e)
{
	VEC(struct swept) swept = {0};
	int r = 0;

	for (size_t i = 0; r >= 0 && i < n; i++) {
		struct runs_item *item;

		r = item_load(l, numbers[i], &item, e);
		if (r >= 0 && item->row.sweep)
			vec_push(&swept, (struct swept){numbers[i], item->row.sweep});
	}
	*ret = swept.v;
	*ret_len = swept.len;
	return r;
}

static int first_screenful(struct runs_list *l, int rows, struct err *e)
{
	_free_ int64_t *numbers = NULL;
	_free_ struct swept *swept = NULL;
	size_t n, nswept, len;
	int64_t *entries;
	int r = tracker_read_begin(l->t, e);

	if (r >= 0)
		r = count_runs(l, e);
	if (r >= 0)
		r = query_numbers(l->t, NULL, NULL, rows, 0, &numbers, &n, e);
	if (r >= 0)
		r = swept_of(l, numbers, n, &swept, &nswept, e);
	tracker_read_end(l->t);
	if (r < 0)
		return r;
	runs_fold(numbers, n, swept, nswept, l->open.v, l->open.len, &entries, &len);
	take_entries(l, entries, len);
	l->complete = n < (size_t)rows;
	l->matching = l->total;
	l->pending = false;
	return 0;
}

static void set_text(char **to, const char *text)
{
	char *copy = mem_strdup(text);

	free(*to);
	*to = copy;
}

int runs_list_ask(struct runs_list *l, const struct runs_asked *q, int rows, struct err *e)
{
	int r = 0;

	set_text(&l->asked.filter, q->filter);
	set_text(&l->asked.fuzzy, q->fuzzy);
	set_text(&l->asked.sort, q->sort);
	l->serial++;
	l->outdated = false;
	l->asking = false;
	l->pending = true;
	if (is_plain(l)) {
		r = first_screenful(l, rows, e);
		if (r < 0 || l->complete)
			return r;
		ask_lane(l, true, rows);
		return 0;
	}
	if (l->asked.fuzzy) {
		ask_lane(l, true, rows);
		return 0;
	}
	ask_lane(l, false, rows);
	ask_lane(l, true, rows);
	return 0;
}

void runs_list_anew(struct runs_list *l)
{
	l->fuzzy_anew = true;
}

/* Takes up runs that came since; 1: it cannot be told where they belong. */
static int prepend(struct runs_list *l, struct err *e)
{
	_free_ int64_t *numbers = NULL;
	size_t n = 0;
	int r = query_numbers_after(l->t, l->top, &numbers, &n, e);

	if (r < 0 || !n)
		return r;
	for (size_t i = 0; i < n; i++) {
		struct runs_item *item;

		r = item_load(l, numbers[i], &item, e);
		if (r < 0)
			return r;
		if (item->row.sweep)
			return 1;
	}
	if (l->len + n > l->cap) {
		l->cap = l->len + n + 1024;
		l->entries = mem_array(l->entries, l->cap, sizeof *l->entries);
	}
	memmove(l->entries + n, l->entries, l->len * sizeof *l->entries);
	memcpy(l->entries, numbers, n * sizeof *numbers);
	l->len += n;
	l->top = numbers[0];
	return 0;
}

int runs_list_refresh(struct runs_list *l, int rows, struct err *e)
{
	int r;

	for (size_t i = 0; i < l->items.len; i++)
		l->items.v[i]->stale = true;
	r = tracker_read_begin(l->t, e);
	if (r >= 0)
		r = count_runs(l, e);
	if (r >= 0 && l->total < ANEW_MOST)
		l->fuzzy_anew = true;
	if (r >= 0 && is_plain(l))
		r = prepend(l, e);
	else if (r >= 0)
		l->outdated = true;
	tracker_read_end(l->t);
	if (r < 0)
		return r;
	if (is_plain(l))
		l->matching = l->total;
	l->outdated = l->outdated || r > 0;
	if (l->outdated && !l->asking && time_mono() >= l->ask_again) {
		l->outdated = false;
		ask_lane(l, true, rows);
	}
	return 0;
}

void runs_list_fold(struct runs_list *l, int64_t sweep, int rows)
{
	for (size_t i = 0; i < l->open.len; i++)
		if (l->open.v[i] == sweep) {
			vec_remove(&l->open, i);
			ask_lane(l, true, rows);
			return;
		}
	vec_push(&l->open, sweep);
	ask_lane(l, true, rows);
}

bool runs_list_is_open(const struct runs_list *l, int64_t sweep)
{
	for (size_t i = 0; i < l->open.len; i++)
		if (l->open.v[i] == sweep)
			return true;
	return false;
}

size_t runs_list_len(const struct runs_list *l)
{
	return l->len;
}

int64_t runs_list_entry(const struct runs_list *l, size_t i)
{
	return l->entries[i];
}

static int64_t find(const struct runs_list *l, int64_t entry, size_t about)
{
	for (size_t d = 0; d < l->len || d <= about; d++) {
		if (about + d < l->len && l->entries[about + d] == entry)
			return (int64_t)(about + d);
		if (d <= about && about - d < l->len && l->entries[about - d] == entry)
			return (int64_t)(about - d);
	}
	return -1;
}

int64_t runs_list_find(const struct runs_list *l, int64_t entry, size_t about)
{
	int64_t at = find(l, entry, about);
	const struct runs_item *item = at < 0 && entry > 0 ? item_of(l, entry) : NULL;

	return item && item->row.sweep ? find(l, -item->row.sweep, about) : at;
}

bool runs_list_complete(const struct runs_list *l)
{
	return l->complete;
}

bool runs_list_pending(const struct runs_list *l)
{
	return l->pending;
}

int64_t runs_list_total(const struct runs_list *l)
{
	return l->total;
}

int64_t runs_list_matching(const struct runs_list *l)
{
	return l->matching;
}

int64_t runs_list_live(const struct runs_list *l)
{
	return l->nlive;
}

void runs_list_metric(struct runs_list *l, const char *key)
{
	set_text(&l->metric, key);
	for (size_t i = l->items.len; i-- > 0;)
		if (l->items.v[i]->entry < 0) {
			item_free(l->items.v[i]);
			vec_remove(&l->items, i);
		}
}

int runs_list_load(struct runs_list *l, size_t from, size_t n, int64_t budget_us, struct err *e)
{
	int64_t until = time_mono() + budget_us;
	int r = tracker_read_begin(l->t, e);

	for (size_t i = from; r >= 0 && i < from + n && i < l->len;) {
		struct runs_item *item;

		if (budget_us >= 0 && time_mono() > until) {
			r = 1;
			break;
		}
		r = item_load(l, l->entries[i], &item, e);
		if (r >= 0 && item->gone) {
			memmove(l->entries + i, l->entries + i + 1, (l->len - i - 1) * sizeof *l->entries);
			l->len--;
			l->matching -= l->matching > 0 && !is_plain(l);
			continue;
		}
		i++;
	}
	tracker_read_end(l->t);
	return r;
}

int runs_list_spark(struct runs_list *l, const struct runs_columns *c, size_t from, size_t n, int64_t budget_us,
                    struct err *e)
{
	int64_t until = time_mono() + budget_us;
	int r = tracker_read_begin(l->t, e);

	for (size_t i = from; r >= 0 && i < from + n && i < l->len; i++) {
		struct runs_item *item = item_of(l, l->entries[i]);

		if (!item || item->sparked)
			continue;
		if (time_mono() > until) {
			r = 1;
			break;
		}
		r = runs_item_spark(l->t, c, item, e);
	}
	tracker_read_end(l->t);
	return r;
}

void runs_list_unspark(struct runs_list *l)
{
	for (size_t i = 0; i < l->items.len; i++)
		l->items.v[i]->sparked = false;
}

const struct runs_item *runs_list_item(const struct runs_list *l, size_t i)
{
	return item_of(l, l->entries[i]);
}

static int by_use(const void *a, const void *b)
{
	const struct runs_item *x = *(struct runs_item *const *)a, *y = *(struct runs_item *const *)b;

	return (x->used < y->used) - (x->used > y->used);
}

size_t runs_list_loaded(const struct runs_list *l, struct run_facts *ret, size_t most)
{
	size_t n = 0;
	_free_ struct runs_item **items = mem_alloc(l->items.len * sizeof *items + 1);

	for (size_t i = 0; i < l->items.len; i++)
		items[i] = l->items.v[i];
	qsort(items, l->items.len, sizeof *items, by_use);
	for (size_t i = 0; i < l->items.len && n < most; i++)
		if (items[i]->entry > 0 && !items[i]->gone && !items[i]->stale)
			ret[n++] = runs_item_facts(items[i]);
	return n;
}
