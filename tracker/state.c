#include "tracker/state.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define FULL_(symbol, text, glyph, ascii, role, meaning) {text, glyph, ascii, role, meaning},
#define SHORT_(symbol, text, meaning) {text, NULL, NULL, NULL, meaning},
static const struct word run_states[] = {RUN_STATES(FULL_)};
static const struct word step_states[] = {STEP_STATES(FULL_)};
static const struct word attempt_states[] = {ATTEMPT_STATES(FULL_)};
static const struct word causes[] = {CAUSES(SHORT_)};
static const struct word kinds[] = {RUN_KINDS(SHORT_)};
static const struct word roles[] = {ARTIFACT_ROLES(SHORT_)};
static const struct word forms[] = {ARTIFACT_FORMS(SHORT_)};
static const struct word requests[] = {REQUEST_ACTIONS(SHORT_)};
static const struct word traces[] = {TRACE_KINDS(SHORT_)};

#define LIST_(words) \
	{ \
		words, ARRAY_LEN(words) \
	}
static const struct {
	const struct word *words;
	int len;
} lists[] = {
        [WORDS_RUN_STATE] = LIST_(run_states),
        [WORDS_STEP_STATE] = LIST_(step_states),
        [WORDS_ATTEMPT_STATE] = LIST_(attempt_states),
        [WORDS_CAUSE] = LIST_(causes),
        [WORDS_KIND] = LIST_(kinds),
        [WORDS_ROLE] = LIST_(roles),
        [WORDS_FORM] = LIST_(forms),
        [WORDS_REQUEST] = LIST_(requests),
        [WORDS_TRACE] = LIST_(traces),
};

const struct word *words_of(enum vocabulary v, int *ret_len)
{
	*ret_len = lists[v].len;
	return lists[v].words;
}

const struct word *word_of(enum vocabulary v, int value)
{
	if (value < 0 || value >= lists[v].len)
		abort();
	return &lists[v].words[value];
}

int word_find(enum vocabulary v, const char *text)
{
	for (int i = 0; text && i < lists[v].len; i++)
		if (!strcmp(lists[v].words[i].text, text))
			return i;
	return -1;
}

bool run_state_ended(enum run_state s)
{
	return s != RUN_QUEUED && s != RUN_RUNNING;
}

bool step_state_ended(enum step_state s)
{
	return s != STEP_PENDING && s != STEP_QUEUED && s != STEP_RUNNING && s != STEP_RETRYING;
}

/* The possible moves: a bit for each state that may follow. tracker/schema/ holds the same in triggers; a test
 * compares. */
#define BIT(s) (1u << (s))

static const unsigned run_moves[] = {
        [RUN_QUEUED] = BIT(RUN_RUNNING) | BIT(RUN_FAILED) | BIT(RUN_STOPPED) | BIT(RUN_LOST),
        [RUN_RUNNING] = BIT(RUN_SUCCESS) | BIT(RUN_FAILED) | BIT(RUN_STOPPED) | BIT(RUN_LOST),
        [RUN_LOST] = 0,
};

#define STEP_FINAL_UNRUN \
	(BIT(STEP_UPSTREAM_FAILED) | BIT(STEP_SKIPPED) | BIT(STEP_REUSED) | BIT(STEP_STOPPED) | BIT(STEP_LOST))
static const unsigned step_moves[] = {
        [STEP_PENDING] = BIT(STEP_QUEUED) | BIT(STEP_RUNNING) | STEP_FINAL_UNRUN,
        [STEP_QUEUED] = BIT(STEP_PENDING) | BIT(STEP_RUNNING) | STEP_FINAL_UNRUN,
        [STEP_RUNNING] = BIT(STEP_RETRYING) | BIT(STEP_SUCCESS) | BIT(STEP_FAILED) | BIT(STEP_STOPPED) | BIT(STEP_LOST),
        [STEP_RETRYING] = BIT(STEP_QUEUED) | BIT(STEP_RUNNING) | BIT(STEP_FAILED) | BIT(STEP_STOPPED) | BIT(STEP_LOST),
        /* A person may ask for a new attempt while the run lives; what waited for the step waits again then. */
        [STEP_FAILED] = BIT(STEP_QUEUED) | BIT(STEP_RETRYING) | BIT(STEP_RUNNING),
        [STEP_STOPPED] = BIT(STEP_QUEUED) | BIT(STEP_RETRYING) | BIT(STEP_RUNNING),
        [STEP_UPSTREAM_FAILED] = BIT(STEP_PENDING),
        [STEP_SKIPPED] = BIT(STEP_PENDING),
        [STEP_LOST] = 0,
};

static const unsigned attempt_moves[] = {
        [ATTEMPT_RUNNING] = BIT(ATTEMPT_SUCCESS) | BIT(ATTEMPT_FAILED) | BIT(ATTEMPT_STOPPED) | BIT(ATTEMPT_LOST),
        [ATTEMPT_LOST] = 0,
};

bool run_move_allowed(enum run_state from, enum run_state to)
{
	return run_moves[from] & BIT(to);
}

bool step_move_allowed(enum step_state from, enum step_state to)
{
	return step_moves[from] & BIT(to);
}

bool attempt_move_allowed(enum attempt_state from, enum attempt_state to)
{
	return attempt_moves[from] & BIT(to);
}
