/* Queries that may take long: one thread with a connection of its own. Only the newest wish counts: a new one
 * interrupts the one under way, whose answer is thrown away. */
#ifndef TUI_ASKER_H
#define TUI_ASKER_H

#include "base/loop.h"
#include "tracker/tracker.h"

struct asker;
/* dir: the .jig folder. The connection is made by the thread at its first wish. */
int asker_new(struct loop *l, const char *dir, struct asker **ret, struct err *e);
/* interrupts and waits for the thread; wishes under way are dropped (drop is called) */
void asker_free(struct asker *k);

struct wish {
	/* in the thread; its queries end with ERR_INTERRUPTED when a wish of the same or a lower lane comes, in the
	 * latter case it is called again later */
	int (*ask)(void *arg, struct tracker *t, struct err *e);
	void (*done)(void *arg, int r, const struct err *e);              /* in the loop; ends with freeing arg */
	/* instead of done, when a newer wish of the same lane came: frees arg. In the loop, or where asker_wish or
	 * asker_free is called */
	void (*drop)(void *arg);
	/* wishes replace only those of their lane: 0 … ASKER_LANES − 1; lower lanes go first */
	int lane;
};
/* Lanes, shared by all views: what is looked at, details of it, whole lists, what can wait. */
enum { ASK_SCREEN, ASK_DETAIL, ASK_ALL, ASK_LATER, ASKER_LANES };
bool asker_busy(const struct asker *k); /* a wish is open whose done was not called yet */
void asker_wish(struct asker *k, const struct wish *w, void *arg);

#endif
