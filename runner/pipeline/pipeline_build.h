/* Inside of the pipeline reader: what pipeline.c, pipeline_*.c, matrix.c and graph.c share while a file becomes a
 * pipeline. Nobody else includes it. */
#ifndef RUNNER_PIPELINE_BUILD_H
#define RUNNER_PIPELINE_BUILD_H

#include "base/map.h"
#include "base/vec.h"
#include "runner/pipeline/pipeline.h"
#include "runner/pipeline/pipeline_keys.h"
#include "runner/pipeline/subst.h"

enum { STEPS_MOST = 100000, INPUTS_MOST = 1000000, EDGES_MOST = 1000000 };
/* Of all texts after substitution, so that a long param in many steps ends in a message. */
#define TEXT_MOST ((size_t)128 << 20)

/* What a step takes from the file to its row in the record, as far as the heap should be prepared for it. */
#define STEP_BYTES ((size_t)4 << 10)

/* A value of a step or of `defaults`. */
struct slot {
	const struct yaml_node *key, *value; /* NULL: not there */
	bool refs;                           /* it holds references */
};
struct need_word {
	const char *word;
	int line, column;
};
/* A step whose inputs and needs are still words. */
struct draft {
	struct step step;
	struct need_word *words;
	size_t nwords;
};
struct build {
	struct pipeline *p;
	const struct pipeline_options *o;
	struct arena scratch; /* of one step */
	struct diags d;
	struct slot *defaults; /* STEP_NKEYS of them */
	VEC(struct draft) drafts;
	struct map folders; /* folders of the working tree, of build_leaves */
	char *real_root;
	size_t ninputs, text;
	bool stop; /* a limit is passed: what follows is not looked at */
};

/* Where a fault is: in a step (by its full name), in `defaults` or at the top (step NULL). */
struct where {
	struct build *b;
	const char *step;
};
/* One fault a place: what a matrix repeats is said once. */
void build_fault(const struct where *w, const struct yaml_node *at, const char *fmt, ...)
        __attribute__((format(printf, 3, 4)));
void build_fault_at(const struct where *w, int line, int column, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
/* A limit is passed. */
void build_limit(const struct where *w, int line, int column, const char *text);
/* Counts bytes kept against TEXT_MOST; false when it is passed. */
bool build_charge(const struct where *w, const struct yaml_node *at, size_t bytes);
/* ` (did you mean "x"?)` for a word among n candidates, or "". Owned. */
char *build_hint(const char *word, const char *const *candidates, size_t n);
bool build_name_good(const char *name);

/* Typed values. All say what is wrong, in terms of key, and return false (ret untouched) where the node is none. */
struct items {
	struct yaml_node *const *v;
	size_t n;
	struct yaml_node *one;
};
void take_items(const struct where *w, const struct yaml_node *n, const char *key, const char *what,
                struct items *ret); /* a list, or one thing */
bool take_text(const struct where *w, const struct yaml_node *n, const char *key,
               const char **ret); /* not empty, in the pipeline's arena */
bool take_bool(const struct where *w, const struct yaml_node *n, const char *key, bool *ret);
bool take_integer(const struct where *w, const struct yaml_node *n, const char *key, int64_t least, int64_t most,
                  int64_t *ret);
bool take_number(const struct where *w, const struct yaml_node *n, const char *key, double least, double most,
                 double *ret);
bool take_duration(const struct where *w, const struct yaml_node *n, const char *key, bool zero, int64_t *ret_us);
bool take_size(const struct where *w, const struct yaml_node *n, const char *key, int64_t *ret);
bool take_word(const struct where *w, const struct yaml_node *n, const char *key, const char *const *words,
               size_t nwords, size_t *ret);
/* A mapping whose keys are all among keys; values in out[nkeys], NULL = not there or null. */
bool take_map(const struct where *w, const struct yaml_node *n, const char *key, const char *const *keys, size_t nkeys,
              const struct yaml_node **out);
/* A path inside the project, normal. what: "input". */
bool take_path(const struct where *w, const struct yaml_node *n, const char *what, const char **ret, bool *ret_folder);
/* Whether a component of path (all = false: the last one aside) is a symlink out of the project. */
bool build_leaves(struct build *b, const char *path, bool all);
void build_folders_release(struct build *b);

/* References. */
bool node_has_refs(const struct yaml_node *n);
bool node_names_matrix(const struct yaml_node *n); /* refers to ${matrix.…} */
/* A fault at n that tells all that is wrong with the references of its text: `first`, met at byte `at`, and what
 * follows it. */
void node_subst_fault(const struct where *w, const struct yaml_node *n, const struct subst *s, size_t at,
                      const struct err *first);
/* n with its references replaced (new nodes in the scratch arena); NULL after a fault. A key's value that is one
 * reference takes the value's type. */
const struct yaml_node *node_subst(const struct where *w, const struct yaml_node *n, const struct subst *s);

/* A step of one matrix item while its keys are read. */
struct reading {
	struct where w;
	struct draft *draft;
	struct subst subst;
};
/* Reads a key's value (never null, its references replaced but for `run`) into the draft. */
typedef void step_reader(struct reading *r, const struct yaml_node *n);
extern step_reader *const step_readers[STEP_NKEYS];

/* A file of the project, from where the options say, of at most YAML_TEXT_MOST bytes. */
int build_read(const struct pipeline_options *o, const char *path, struct buf *ret, struct err *e);
/* Params of the file, its params files and overrides, into p->params. */
void build_params(struct build *b, const struct yaml_node *n);
/* Fills slots from a mapping of step keys; says which keys are none. */
void build_slots(const struct where *w, const struct yaml_node *map, struct slot out[STEP_NKEYS]);
/* A step and its matrix become drafts. */
void build_step(struct build *b, const struct yaml_node *key, const struct yaml_node *map);

/* The combinations of a matrix. Items are owned, names ("lr,2") too. */
struct matrix {
	json_t **items;
	char **names;
	size_t n;
};
void matrix_expand(const struct where *w, const struct yaml_node *n, struct matrix *ret);
void matrix_release(struct matrix *m);

/* Topological, and among what is ready the order of the file: order[new place] = draft. False after saying which
 * circles there are. */
bool build_order(struct build *b, int *order);
/* Outputs, edges and order: fills p->steps from the drafts unless there are faults. */
void build_graph(struct build *b);

#endif
