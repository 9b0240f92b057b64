/* What `run`, `plan`, `resume` and `restart` share: their options, and what they come to: a pipeline, the steps that
 * take part, and the steps that run whatever there is. */
#ifndef CLI_RUN_OPTIONS_H
#define CLI_RUN_OPTIONS_H

#include "cli/command.h"
#include "runner/pipeline/params.h"
#include "runner/pipeline/pipeline.h"
#include "runner/resume.h"

/* Entries of a table of options. */
#define RUN_OPTION_PARAM \
	{ .name = "param", .letter = 'p', .kind = OPTION_TEXT, .value = "K=V", .repeat = true, \
		.text = "sets a param (+K=V adds one, ~K removes one)" }
#define RUN_OPTIONS_SHARED \
	{ .name = "jobs", .letter = 'j', .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = 100000, \
		.text = "at most N steps at once (as many as CPUs)" }, \
	{ .name = "detach", .letter = 'd', .kind = OPTION_FLAG, \
		.text = "goes on without the terminal; `jig ls` shows it" }, \
	{ .name = "name", .letter = 'n', .kind = OPTION_TEXT, .value = "NAME", .text = "names the run" }, \
	{ .name = "tag", .kind = OPTION_TEXT, .value = "K=V", .repeat = true, .text = "tags the run" }, \
	{ .name = "from", .kind = OPTION_TEXT, .value = "STEP", \
		.text = "the step and all that follows run, what comes before as usual" }, \
	{ .name = "to", .kind = OPTION_TEXT, .value = "STEP", .repeat = true, \
		.text = "the step and what it needs, and no others" }, \
	{ .name = "force", .kind = OPTION_TEXT, .value = "STEP", .repeat = true, \
		.text = "the step runs even if an earlier result would do" }, \
	{ .name = "fresh", .kind = OPTION_FLAG, .text = "every step runs" }, \
	{ .name = "fail-fast", .kind = OPTION_FLAG, .text = "stops everything at the first failure" }, \
	{ .name = "cpu", .kind = OPTION_INTEGER, .value = "N", .min = 1, .max = 100000, \
		.text = "CPUs that steps may reserve (as many as there are)" }, \
	{ .name = "memory", .kind = OPTION_SIZE, .value = "SIZE", \
		.text = "memory that steps may reserve (as much as there is)" }, \
	{ .name = "gpu", .kind = OPTION_INTEGER, .value = "N", .min = 0, .max = 32, \
		.text = "GPUs that steps may reserve (as many as there are)" }, \
	{ .name = "max-snapshot", .kind = OPTION_SIZE, .value = "SIZE", \
		.text = "new files up to this size, and so much in all, may go into the code snapshot (1M and 50M)" }, \
	{ .name = "strict", .kind = OPTION_FLAG, \
		.text = "what is otherwise a remark about the environment is an error" }, \
	{ .name = "unpinned", .kind = OPTION_FLAG, \
		.text = "lets a loose requirements file through; the run is marked so for ever" }, \
	{ .name = "isolation", .kind = OPTION_TEXT, .value = "TIER", \
		.text = "folder or sandbox (the best there is)" }, \
	{ .name = "file", .letter = 'f', .kind = OPTION_TEXT, .value = "FILE", \
		.text = "another pipeline file than jig.yaml" }
extern const struct option_def run_options[];

/* What a command line comes to. Texts are borrowed from the context or live in the arena. */
struct run_choice {
	struct arena arena;
	struct pipeline *pipeline;
	bool *selected;                /* per step: STEP…, --to and what they need; all without */
	bool *asked;                   /* per step: --force, --from and what follows, --fresh */
	const char **overrides; size_t noverrides; /* -p, and what a resume takes over */
	const char *isolation, *file;  /* NULL: not given; file: below the root, or absolute */
	struct resume from;            /* of `resume` and `restart`: where it comes from; row.number 0: nowhere */
};
void run_choice_release(struct run_choice *c);

/* The pipeline with -f, -p and further overrides (may be NULL). Faults of the file go to the context, all of them.
 * Finds the project; with -f the folder need hold no jig.yaml. */
int run_options_pipeline(struct context *c, const char *const *more, size_t nmore, struct pipeline **ret,
                         struct err *e);
/* What `run` and `plan` come to: the pipeline as above, and the steps that the arguments and options name. ret is
 * zeroed. */
int run_options_load(struct context *c, const char *const *more, size_t nmore, struct run_choice *ret, struct err *e);
/* The runs that --sweep asks for; nruns 0: it was not given. A key that -p sets, too, is refused. */
int run_options_sweep(struct context *c, struct sweep *ret, struct err *e);
/* Whether run_options_load can load each of them. */
int run_options_check_sweep(struct context *c, const struct sweep *sweep, struct err *e);
/* What `resume` and `restart` (then every step is asked for) of the run that the first argument names come to. Opens
 * the tracker for writing, unless mode says otherwise. */
int run_options_resume(struct context *c, enum tracker_mode mode, bool fresh, struct run_choice *ret, struct err *e);
/* How it is prepared; without a record the tracker is NULL. Borrows from all of them. */
struct prepare_options run_choice_prepare(struct context *c, const struct run_choice *choice);

#endif
