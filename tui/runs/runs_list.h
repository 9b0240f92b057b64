/* The runs that a list shows: numbers of all of them, in order, and what is loaded of the few that are on the screen.
 * The first screenful comes at once, the whole list from the asker. */
#ifndef TUI_RUNS_LIST_H
#define TUI_RUNS_LIST_H

#include "tui/asker.h"
#include "tui/runs/runs_item.h"

struct runs_list;
/* changed: something came that was asked for. Both connections are borrowed. */
struct runs_list *runs_list_new(struct tracker *t, struct asker *k, void (*changed)(void *arg), void *arg);
void runs_list_free(struct runs_list *l);

/* What is shown, and in which order; NULL texts: all, newest first. filter: the grammar of `jig ls`, which has been
 * parsed well; or fuzzy: a few letters (runs_fuzzy.h). */
struct runs_asked { const char *filter, *fuzzy, *sort; };
/* rows: how many make a screenful. Without filter, fuzzy and sort the first screenful is there on return; else what was
 * there stays until the answer comes. */
int runs_list_ask(struct runs_list *l, const struct runs_asked *q, int rows, struct err *e);
/* The texts that fuzzy looks at have changed here. */
void runs_list_anew(struct runs_list *l);
/* Somebody committed: new runs are there, and what is loaded is loaded anew. */
int runs_list_refresh(struct runs_list *l, int rows, struct err *e);
/* Opens or folds a sweep; the list comes by changed(). */
void runs_list_fold(struct runs_list *l, int64_t sweep, int rows);

bool runs_list_is_open(const struct runs_list *l, int64_t sweep);

size_t runs_list_len(const struct runs_list *l);
int64_t runs_list_entry(const struct runs_list *l, size_t i);
/* The place of an entry, near `about` first; -1: not there. A run that is folded away gives its sweep's. */
int64_t runs_list_find(const struct runs_list *l, int64_t entry, size_t about);
bool runs_list_complete(const struct runs_list *l); /* all of it is there, not a first screenful only */
bool runs_list_pending(const struct runs_list *l);  /* what was asked for last has not come at all */
int64_t runs_list_total(const struct runs_list *l); /* runs in the record */
int64_t runs_list_matching(const struct runs_list *l); /* runs shown, folded ones too; -1: not known yet */
int64_t runs_list_live(const struct runs_list *l);

/* The metric whose range a sweep shows. */
void runs_list_metric(struct runs_list *l, const char *key);
/* Loads what is missing of [from, from + n), for about budget_us (< 0: as long as it takes); entries that are gone
 * leave the list. 1: there is more to load. */
int runs_list_load(struct runs_list *l, size_t from, size_t n, int64_t budget_us, struct err *e);
/* The same for shapes of metrics, of entries that are loaded. */
int runs_list_spark(struct runs_list *l, const struct runs_columns *c, size_t from, size_t n, int64_t budget_us,
                    struct err *e);
void runs_list_unspark(struct runs_list *l); /* other columns: shapes are to be loaded again */
/* Of runs that are loaded, up to `most`, those that were looked at last. Returns their number. */
size_t runs_list_loaded(const struct runs_list *l, struct run_facts *ret, size_t most);
const struct runs_item *runs_list_item(const struct runs_list *l, size_t i); /* NULL: not loaded */

#endif
