#include "tui/run_text.h"

#include <stdio.h>
#include <time.h>
#include "base/json.h"
#include "base/text.h"
#include "base/time.h"

void attempt_end_text(const struct attempt_row *a, char out[64])
{
	if (a->cause == CAUSE_EXIT && a->exit_status >= 0)
		snprintf(out, 64, "exit %d", a->exit_status);
	else if (a->cause == CAUSE_SIGNAL && a->signal)
		snprintf(out, 64, "signal %d", a->signal);
	else
		snprintf(out, 64, "%s", cause_text(a->cause));
}

void attempt_error_text(struct buf *out, const struct attempt_row *a)
{
	if (a->error_file)
		buf_addf(out, "%s:%d", a->error_file, a->error_line);
	if (a->error_file && a->error_message)
		buf_addc(out, ' ');
	if (a->error_message)
		buf_adds(out, a->error_message);
}

const char *reason_text(const char *reason)
{
	return text_starts(reason, "run: ") ? reason + 5 : text_starts(reason, "reuse: ") ? reason + 7 : reason;
}

const char *step_state_said(enum step_state s)
{
	return s == STEP_UPSTREAM_FAILED ? "not started" : step_state_text(s);
}

void local_time_text(int64_t us, char out[24])
{
	time_t s = us / US_PER_S;
	struct tm tm;
	localtime_r(&s, &tm);
	strftime(out, 24, "%Y-%m-%d %H:%M:%S", &tm);
}

int64_t run_elapsed(const struct run_row *r)
{
	if (r->elapsed_us >= 0)
		return r->elapsed_us;
	if (!r->started)
		return -1;
	return (r->ended ? r->ended : time_now()) - r->started;
}

int64_t attempt_elapsed(const struct attempt_row *a, int64_t now)
{
	if (a->elapsed_us >= 0 || a->state == ATTEMPT_LOST)
		return a->elapsed_us;
	return (a->ended ? a->ended : now) - a->started;
}

void attempt_clock(const struct attempt_row *a, int64_t now, char out[24])
{
	int64_t us = attempt_elapsed(a, now);

	if (us < 0 && a->state == ATTEMPT_LOST)
		snprintf(out, 24, "–");
	else
		duration_clock(us, out);
}

void attempt_env_text(struct buf *out, const struct attempt_row *a)
{
	_json_ json_t *detail = NULL;
	struct err ignored;
	if (a->env_detail)
		json_parse(a->env_detail, strlen(a->env_detail), "env", &detail, &ignored);
	const char *source = json_string_value(json_object_get(detail, "source"));
	json_int_t n = json_integer_value(json_path_get(detail, "packages.count"));
	buf_addf(out, "%s · %s", a->env_grade ? a->env_grade : "?", source ? source : a->env_kind ? a->env_kind : "?");
	if (n) {
		char count[32];
		count_text(n, count);
		buf_addf(out, " · %s package%s", count, n == 1 ? "" : "s");
	}
	buf_addf(out, " · %.16s", a->env_key);
}
