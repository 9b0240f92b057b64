/* The supervisor's inside, shared by supervise.c (begin, loop, end), dispatch.c (which step next) and control.c
 * (signals, requests, clocks). */
#ifndef RUNNER_SUPERVISOR_H
#define RUNNER_SUPERVISOR_H

#include <sys/stat.h>
#include "runner/attempt.h"
#include "runner/code/code.h"
#include "runner/env/env.h"
#include "runner/log/logged_lent.h"
#include "runner/plan/schedule.h"
#include "runner/supervise.h"

struct supervisor {
	const struct supervise_options *o;
	const struct pipeline *p;
	struct tracker *tracker;
	struct loop *loop;
	struct journal *journal;
	struct attempt_host host;
	struct work_run work;
	struct machine machine;
	struct prepared pre;         /* what was found out before there was a run */
	struct code_tree *tree;      /* NULL: nothing runs */
	int64_t *env_ids;            /* rows, per environment; 0: no step that runs gets it */
	struct trace_cover *covers;  /* per environment */
	struct logged_lent *lent;    /* params that come along with what is reused */
	struct digest params_digest;
	char *hook;                  /* for Python; NULL: none */
	char *params_path, *tmp;
	int lease;
	struct stat place;           /* of the record's folder when the run began */
	struct err failure;          /* the record cannot be written: everything stops */
	bool failed_itself;
	int64_t held_since;          /* another process holds the record, monotonic; 0: nobody does */
	int64_t try_again;           /* then: when it is asked again */
	struct err held;             /* what it said */
	bool ending;                 /* only the record of the end is missing */
	bool given_up;               /* a person does not wait for that */
	bool spawner_gone;           /* so is every step */

	/* per step of the pipeline */
	const bool *in;              /* part of the run; pre's */
	int *live_at;                /* its place in live.steps */
	enum step_state *states;     /* ahead of those in live, which are in the record */
	int64_t *ids;
	int *tries;                  /* attempts begun */
	struct attempt **now;        /* under way */
	int64_t *retry_at;           /* monotonic, -1 = no retry waits */
	struct followers { int *v; size_t len, cap; } *followers;
	bool *waiting;               /* it stands in ready */

	struct queue { int *v; size_t len, cap; } ready; /* may start, in order */
	struct queue unsaid;         /* became ready, and the record does not know yet */
	VEC(int) undecided;          /* may be reused, once the record can be written again */
	struct arena texts;          /* of the live view */
	VEC(struct attempt *) over;  /* to be freed after the next flush */
	/* what steps ended as; live and the watcher hear of it when the flush that holds it has succeeded */
	VEC(struct untold { int step; enum step_state state; }) untold;
	struct reserve total, used;
	unsigned gpus_used;
	size_t nlive, nopen;         /* attempts under way; steps that have not ended */
	unsigned seed;

	int stopping;                /* 0, 1 orderly, 2 at once */
	int stop_signal;             /* the first that came; 0 = none */
	int last_signal;             /* of those that may be insisted on */
	bool stopped_by_person;
	bool stop_wanted;            /* a step failed under --fail-fast */
	bool ticked;                 /* something moved since the last tick */
	int64_t next_sample, data_version;
	int64_t obeyed;              /* the newest wish; the record may not know yet */
	struct loop_source *tick, *flush;
	struct run_live live;
};

static inline struct live_step *live_step(struct supervisor *s, int step)
{
	return &s->live.steps[s->live_at[step]];
}

/* dispatch.c */
int dispatch_init(struct supervisor *s, struct err *e);   /* states, followers, reasons; needs ids */
void dispatch_first(struct supervisor *s);                /* what is ready from the start */
void dispatch_start(struct supervisor *s);                /* starts what may start */
void dispatch_ended(void *arg, struct attempt *a);        /* attempt_host.ended */
void dispatch_started(void *arg, struct attempt *a);      /* attempt_host.started */
void dispatch_retries(struct supervisor *s, int64_t now); /* delays that are over */
void dispatch_undecided(struct supervisor *s);            /* whether they are reused */
void dispatch_end_pending(struct supervisor *s);          /* the run stops: what has not begun never will */
/* A new attempt of a step that failed or was stopped, asked for by a person; answer says what came of it. */
void dispatch_retry(struct supervisor *s, int step, char answer[128]);
/* The step waits for a retry and now never will run. */
void dispatch_stop_waiting(struct supervisor *s, int step);

/* control.c */
void control_init(struct supervisor *s);                  /* signals and clocks; needs the loop */
void control_stop(struct supervisor *s, int signo, bool at_once);
/* Writes what was gathered and tells the watcher what has ended by it. While another process holds the record nothing
 * is written or told, held_since is set, and it is tried again later. */
void control_flush(struct supervisor *s);
/* e: what tracker_begin said when it was ERR_BUSY. */
void control_held(struct supervisor *s, const struct err *e);
/* Nobody asks now: it was held a moment ago. */
bool control_waits(const struct supervisor *s);
/* Whether the record is still where the run began; asked once more when its end is in it. */
int control_in_place(struct supervisor *s, struct err *e);
/* The record can be written no more: what has begun and not ended in it is lost, and the watcher is told so. */
void control_lost(struct supervisor *s);

#endif
