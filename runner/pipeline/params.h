/* Params: objects of any depth, merged in order, changed by overrides. */
#ifndef RUNNER_PARAMS_H
#define RUNNER_PARAMS_H

#include <jansson.h>
#include "base/err.h"

/* Merges `over` into `base` deeply: objects merge, all else is replaced. */
void params_merge(json_t *base, const json_t *over);
/* "train.lr=0.3", "layers=[64,64]", "+new.key=1", "~train.depth". ERR_USAGE: an unknown key without "+" (names the
 * nearest), removal of what is not there, a value that is no YAML, a key through a scalar. A name that is there may be
 * any text without "="; one that is added holds no blanks. */
int params_override(json_t *params, const char *text, struct err *e);
/* The name that such a text gives a value to, or removes; returns how long it is. */
size_t params_override_name(const char *text, const char **ret);

/* A sweep: "train.lr=0.1,0.3", "seed=range(0,5)", "model=choice(a,b)", "range(0,1,0.25)" (stop not included, as
 * Hydra's). Axes in the order given; the product in order, the last axis fastest; each item is a list of overrides. At
 * most 10,000 runs. */
struct sweep {
	char ***overrides;
	size_t nruns, naxes;
	json_t *spec;
};
int sweep_parse(const char *const *axes, size_t n, struct sweep *ret, struct err *e);
void sweep_release(struct sweep *s);

#endif
