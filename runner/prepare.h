/* All that is found out before there is a run: whether this machine can do it, environments and isolation (chosen, not
 * built), inputs hashed, the snapshot taken, and the plan made. `jig plan` and `resume --dry-run` stop here; a
 * supervisor goes on from here, so both say the same. */
#ifndef RUNNER_PREPARE_H
#define RUNNER_PREPARE_H

#include "base/arena.h"
#include "base/vec.h"
#include "runner/code/code.h"
#include "runner/env/env.h"
#include "runner/plan/plan.h"
#include "runner/work/inputs.h"
#include "runner/work/isolation.h"
#include "runner/work/project.h"

/* Where the code comes from when it is not the working tree: a tree that is in JIG/code.git. Texts are borrowed, NULL =
 * none. */
struct code_source {
	const char *tree, *commit, *branch, *remote;
	int dirty, changed_files;              /* as in struct code_snapshot */
};

struct prepare_options {
	const struct project *project;
	struct tracker *tracker;               /* NULL: there is no record yet */
	const struct pipeline *pipeline;
	const bool *selected;                  /* per step; NULL: all */
	/* per step: runs whatever there is (--force, --from, --fresh); NULL: none */
	const bool *asked;
	const struct code_source *code;        /* NULL: the working tree, as it is now */
	const struct inputs_recorded *inputs;  /* NULL: as they are in the working tree */
	const char *isolation;                 /* NULL: the best there is; "folder"; "sandbox" */
	const struct env_watch *env_watch;     /* NULL: nobody */
	int64_t origin;                        /* the run that is gone on from; 0: none */
	int64_t max_snapshot;                  /* bytes, 0: the default guards */
	bool unpinned, strict;
	/* nothing is stored but the code (in JIG/code.git); without a .jig folder not even that, and the plan says
	 * `never finished` of all */
	bool dry;
};
struct prepared {
	bool *in;                              /* part of the run */
	struct store *store;
	struct inputs *inputs;
	struct code_snapshot code;
	struct code_names *names;
	struct env_set envs;
	struct env_options env_options;
	struct isolation isolation;
	struct plan *plan;
	struct facts *given; size_t nsteps;    /* per step: what those that are reused give */
	/* per step: the run whose checkpoint it was said to go on from, 0: none. texts'; NULL: nothing was said */
	int64_t *promised;
	/* of code that is not the working tree's, as long as this is; NULL: none */
	char *checkout;
	VEC(const char *) notes;               /* for people */
	size_t nenv_notes;                     /* those of the environments that are among them */
	struct arena texts;
};
/* Unless it is dry, `gc` takes no object from then on: store_let_go(ret->store) once the record names the run. */
int prepare(const struct prepare_options *o, struct prepared *ret, struct err *e);
/* The code of what was prepared. What of it is damaged in JIG/code.git and still stands in the working tree is written
 * anew. */
int prepare_tree(const struct prepare_options *o, const struct prepared *p, struct code_tree **ret, struct err *e);
/* Builds and checks the environments of the steps that run (env_set_prepare); what that brings to light is added to the
 * notes. */
int prepare_envs(struct prepared *p, struct err *e);
void prepared_release(struct prepared *p);

#endif
