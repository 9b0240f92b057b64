#include "tracker/state.h"

#include <stdlib.h>
#include <string.h>
#include "base/mem.h"

#define FULL_(s, text, glyph, ascii, role, meaning) { text, glyph, ascii, role, meaning },
#define BARE_(s, text, meaning) { text, NULL, NULL, NULL, meaning },

static const struct word run_states[] = { RUN_STATES(FULL_) };
static const struct word step_states[] = { STEP_STATES(FULL_) };
static const struct word attempt_states[] = { ATTEMPT_STATES(FULL_) };
static const struct word causes[] = { CAUSES(BARE_) };
static const struct word kinds[] = { RUN_KINDS(BARE_) };
static const struct word roles[] = { ARTIFACT_ROLES(BARE_) };
static const struct word forms[] = { ARTIFACT_FORMS(BARE_) };
static const struct word requests[] = { REQUEST_ACTIONS(BARE_) };

static const struct { const struct word *rows; int len; } vocabularies[] = {
	[WORDS_RUN_STATE] = { run_states, ARRAY_LEN(run_states) },
	[WORDS_STEP_STATE] = { step_states, ARRAY_LEN(step_states) },
	[WORDS_ATTEMPT_STATE] = { attempt_states, ARRAY_LEN(attempt_states) },
	[WORDS_CAUSE] = { causes, ARRAY_LEN(causes) },
	[WORDS_KIND] = { kinds, ARRAY_LEN(kinds) },
	[WORDS_ROLE] = { roles, ARRAY_LEN(roles) },
	[WORDS_FORM] = { forms, ARRAY_LEN(forms) },
	[WORDS_REQUEST] = { requests, ARRAY_LEN(requests) },
};

const struct word *words_of(enum vocabulary v, int *ret_len)
{
	*ret_len = vocabularies[v].len;
	return vocabularies[v].rows;
}

const struct word *word_of(enum vocabulary v, int value)
{
	if (value < 0 || value >= vocabularies[v].len)
		abort();
	return &vocabularies[v].rows[value];
}

int word_find(enum vocabulary v, const char *text)
{
	for (int i = 0; i < vocabularies[v].len; i++)
		if (strcmp(vocabularies[v].rows[i].text, text) == 0)
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

#define TO(s) (1u << (s))

bool run_move_allowed(enum run_state from, enum run_state to)
{
	static const unsigned moves[] = {
		[RUN_QUEUED] = TO(RUN_RUNNING) | TO(RUN_FAILED) | TO(RUN_STOPPED) | TO(RUN_LOST),
		[RUN_RUNNING] = TO(RUN_SUCCESS) | TO(RUN_FAILED) | TO(RUN_STOPPED) | TO(RUN_LOST),
		[RUN_LOST] = 0,
	};

	return moves[from] & TO(to);
}

bool step_move_allowed(enum step_state from, enum step_state to)
{
	const unsigned never = TO(STEP_UPSTREAM_FAILED) | TO(STEP_SKIPPED) | TO(STEP_REUSED) | TO(STEP_STOPPED) | TO(STEP_LOST);
	const unsigned moves[] = {
		[STEP_PENDING] = TO(STEP_QUEUED) | TO(STEP_RUNNING) | never,
		[STEP_QUEUED] = TO(STEP_PENDING) | TO(STEP_RUNNING) | never,
		[STEP_RUNNING] = TO(STEP_RETRYING) | TO(STEP_SUCCESS) | TO(STEP_FAILED) | TO(STEP_STOPPED) | TO(STEP_LOST),
		[STEP_RETRYING] = TO(STEP_QUEUED) | TO(STEP_RUNNING) | TO(STEP_FAILED) | TO(STEP_STOPPED) | TO(STEP_LOST),
		[STEP_FAILED] = TO(STEP_QUEUED) | TO(STEP_RETRYING) | TO(STEP_RUNNING),
		[STEP_UPSTREAM_FAILED] = TO(STEP_PENDING),
		[STEP_SKIPPED] = TO(STEP_PENDING),
		[STEP_STOPPED] = TO(STEP_QUEUED),
		[STEP_LOST] = 0,
	};

	return moves[from] & TO(to);
}

bool attempt_move_allowed(enum attempt_state from, enum attempt_state to)
{
	return from == ATTEMPT_RUNNING && to != ATTEMPT_RUNNING;
}
