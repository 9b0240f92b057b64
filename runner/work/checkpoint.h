/* Checkpoints (3-pipeline.md, $JIG_CHECKPOINTS): the folder runs/<n>/<step>.ckpt outlives attempts. The unit is an
 * entry directly in it, a file or a folder. An entry is complete when it was renamed into place, when a newer entry
 * follows it, or (a file) when it was seen closed while its writer lived on. After an orderly exit every entry is
 * complete; after a death by a signal or a lost supervisor a newest entry without proof is set aside: to
 * runs/<n>/<step>.torn/, for people.
 *
 * The proof is gathered by inotify while the step runs and kept in runs/<n>/<step>.ckpt.seen (a line an entry: device,
 * inode, size, mtime in ns, name), so that it outlives the supervisor; where there is no inotify only newer entries and
 * orderly exits prove anything. */
#ifndef RUNNER_CHECKPOINT_H
#define RUNNER_CHECKPOINT_H

#include "base/arena.h"
#include "base/loop.h"
#include "base/sha256.h"
#include "tracker/state.h"

/* Looks at all checkpoint folders of a run: one inotify descriptor. */
struct checkpoint_watch;
struct checkpoint_watch *checkpoint_watch_new(struct loop *l); /* never fails; without inotify it sees nothing */
void checkpoint_watch_free(struct checkpoint_watch *w);
/* folder: absolute, exists. arg names it for alive and for the end. */
void checkpoint_watch_begin(struct checkpoint_watch *w, const char *folder, void *arg);
/* Call every 100 ms or so for an attempt whose process lives: what was seen closed before the call before, and not
 * written since, becomes proof and is written down. */
void checkpoint_watch_alive(struct checkpoint_watch *w, void *arg);
void checkpoint_watch_end(struct checkpoint_watch *w, void *arg);

struct checkpoint {
	const char *name;                  /* of the entry */
	enum artifact_form form;           /* FORM_FILE, FORM_FOLDER */
	struct digest digest; int64_t size; /* of a folder: as the store's (store/tree.h) */
};
/* After a death: what is torn is set aside (*ret_torn: the name it has there, in the arena; NULL: nothing was), and
 * what stays counts as complete for ever. orderly: the step ended by itself. Call it after checkpoint_watch_end, and
 * again as often as one likes. Safe on another thread. */
int checkpoint_settle(const char *folder, bool orderly, struct arena *a, const char **ret_torn, struct err *e);
/* Gives a copy (reflinks where the file system can; the evidence stays) of all entries of one folder to a step of a
 * later run: complete at `to`, or not there at all. *ret: its newest entry, digested; name NULL: there was nothing, and
 * nothing was made. Special files and links that lead out of their entry are left out. `to` may be there when it is
 * empty, else ERR_EXISTS. Needs room: ERR_BROKEN says how much there is and how much it takes. ERR_BUSY: something
 * still writes there. Names are bytes, not always UTF-8. Safe on another thread. */
int checkpoint_copy(const char *from, const char *to, struct arena *a, struct checkpoint *ret, struct err *e);
/* The newest entry, digested; name NULL: there is none. Safe on another thread. */
int checkpoint_newest(const char *folder, struct arena *a, struct checkpoint *ret, struct err *e);

#endif
