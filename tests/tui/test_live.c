#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/time.h"
#include "base/utf8.h"
#include "tui/live.h"

#define S US_PER_S
static const struct paint plain = { 0 };

/* A terminal that knows what the live view may use: CR, LF, cursor up, erase to the end of the line and of the screen.
 * It wraps and scrolls. */
#define ROWS_MOST 64
#define COLS_MOST 320
struct screen { int rows, cols, row, col, scrolled; uint32_t cells[ROWS_MOST][COLS_MOST]; };

static void screen_init(struct screen *s, int rows, int cols)
{
	memset(s, 0, sizeof *s);
	s->rows = rows;
	s->cols = cols;
}

static void line_feed(struct screen *s)
{
	if (++s->row < s->rows)
		return;
	s->row = s->rows - 1;
	s->scrolled++;
	memmove(s->cells[0], s->cells[1], sizeof s->cells[0] * (size_t)(s->rows - 1));
	memset(s->cells[s->rows - 1], 0, sizeof s->cells[0]);
}

static void screen_write(struct screen *s, const struct buf *b)
{
	for (size_t i = 0; i < b->len;) {
		uint32_t cp;
		i += utf8_decode(b->data + i, b->len - i, &cp);
		if (cp == '\r') {
			s->col = 0;
		} else if (cp == '\n') {
			line_feed(s);
		} else if (cp == '\033') {
			int n = 0;
			assert_int_equal(b->data[i++], '[');
			while (b->data[i] >= '0' && b->data[i] <= '9')
				n = n * 10 + b->data[i++] - '0';
			char what = b->data[i++];
			if (what == 'A') {
				s->row -= n ? n : 1;
				assert_true(s->row >= 0);
			} else if (what == 'K' || what == 'J') {
				memset(&s->cells[s->row][s->col], 0, sizeof(uint32_t) * (size_t)(s->cols - s->col));
				for (int row = s->row + 1; what == 'J' && row < s->rows; row++)
					memset(s->cells[row], 0, sizeof s->cells[row]);
			} else {
				fail_msg("the sequence ends with %c", what);
			}
		} else {
			/* The last column stays free. */
			assert_true(s->col + utf8_width(cp) < s->cols);
			s->cells[s->row][s->col] = cp;
			s->col += utf8_width(cp);
		}
	}
}

static char *screen_text(const struct screen *s)
{
	_buf_ struct buf b = BUF_INIT;
	for (int row = 0; row < s->rows; row++) {
		size_t end = b.len;
		for (int col = 0; col < s->cols; col++) {
			char bytes[4];
			uint32_t cp = s->cells[row][col];
			if (cp == 0 && col > 0 && s->cells[row][col - 1] && utf8_width(s->cells[row][col - 1]) == 2)
				continue;
			buf_add(&b, bytes, utf8_put(cp ? cp : ' ', bytes));
			if (cp && cp != ' ')
				end = b.len;
		}
		buf_cut(&b, end);
		buf_addc(&b, '\n');
	}
	while (b.len > 1 && b.data[b.len - 1] == '\n' && b.data[b.len - 2] == '\n')
		buf_cut(&b, b.len - 1);
	return buf_steal(&b);
}

static struct live_step steps[6];
static struct run_live run;

static void example(void)
{
	memset(steps, 0, sizeof steps);
	steps[0] = (struct live_step){ .name = "fetch", .state = STEP_REUSED, .reused_run = 12, .expected = -1 };
	steps[1] = (struct live_step){.name = "clean",
	                              .state = STEP_SUCCESS,
	                              .started = S,
	                              .elapsed = 8 * S,
	                              .nmetrics = 1,
	                              .metrics = {{"rows", 333, 0}}};
	steps[2] = (struct live_step){.name = "train[lr]",
	                              .base = "train",
	                              .state = STEP_SUCCESS,
	                              .started = 9 * S,
	                              .elapsed = 12 * S,
	                              .nmetrics = 1,
	                              .metrics = {{"acc", 0.9031, 0}}};
	steps[3] = (struct live_step){.name = "train[tree]",
	                              .base = "train",
	                              .state = STEP_RUNNING,
	                              .attempt = 1,
	                              .started = 9 * S,
	                              .expected = 20 * S,
	                              .nmetrics = 2,
	                              .metrics = {{"acc", 0.861, 4}, {"loss", 0.3336, 4}}};
	steps[4] = (struct live_step){.name = "train[boost]",
	                              .base = "train",
	                              .state = STEP_FAILED,
	                              .cause = CAUSE_EXIT,
	                              .exit_status = 1,
	                              .started = 9 * S,
	                              .elapsed = 31 * S,
	                              .error_file = "lib/features.py",
	                              .error_line = 31,
	                              .error_message = "ValueError: could not convert string to float: 'NA'",
	                              .nlast_lines = 2,
	                              .last_lines = {"    return [float(v) for v in col]",
	                                             "ValueError: could not convert string to float: 'NA'"}};
	steps[5] = (struct live_step){
	        .name = "evaluate", .state = STEP_PENDING, .waits_for = "train[boost]", .expected = -1};
	run = (struct run_live){.number = 17,
	                        .name = "dull-heron",
	                        .pipeline = "penguins",
	                        .kind = "run",
	                        .commit = "4f2a9c1",
	                        .dirty = 1,
	                        .changed_files = 2,
	                        .env = "system",
	                        .isolation = "folder",
	                        .jobs = 2,
	                        .state = RUN_RUNNING,
	                        .started = S,
	                        .expected_left = 80 * S,
	                        .steps = steps,
	                        .nsteps = 6};
}

static void end_example(void)
{
	steps[3].state = STEP_SUCCESS;
	steps[3].elapsed = 9 * S;
	steps[3].nmetrics = 1;
	steps[5].state = STEP_UPSTREAM_FAILED;
	run.state = RUN_FAILED;
	run.ended = 42 * S;
}

static void show(struct live_view *v, struct screen *s, int64_t now, bool final)
{
	_buf_ struct buf b = BUF_INIT;
	live_view_frame(v, &run, now, s->rows, s->cols, final, &b);
	screen_write(s, &b);
}

static void assert_screen(const struct screen *s, const char *wanted)
{
	_free_ char *text = screen_text(s);
	assert_string_equal(text, wanted);
}

static void a_frame_at_80_by_24(void **state)
{
	static struct screen s;
	struct live_view *v = live_view_new(-1, &plain);
	example();
	screen_init(&s, 24, 80);
	show(v, &s, 19 * S, false);
	assert_screen(&s,
			  "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env system · 2 jobs\n"
			  "  ⟲ fetch          same as run 12\n"
			  "  ✓ clean          0:08   rows 333\n"
			  "  ✓ train[lr]      0:12   acc 0.9031\n"
			  "  ▶ train[tree]    0:10   ▓▓▓▓▓░░░░░  acc 0.861  loss 0.3336\n"
			  "  ✗ train[boost]   0:31   lib/features.py:31\n"
			  "      ValueError: could not convert string to float: 'NA'\n"
			  "      │     return [float(v) for v in col]\n"
			  "  · evaluate       waits for train[boost]\n"
			  "  ▓▓▓▓▓▓░░░░  4 of 6 · 0:18 · about 1:20 left · 1 running\n");
	end_example();
	show(v, &s, 42 * S, true);
	assert_screen(&s,
			  "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env system · 2 jobs\n"
			  "  ⟲ fetch          same as run 12\n"
			  "  ✓ clean          0:08   rows 333\n"
			  "  ✓ train[lr]      0:12   acc 0.9031\n"
			  "  ✓ train[tree]    0:09   acc 0.861\n"
			  "  ✗ train[boost]   0:31   lib/features.py:31\n"
			  "      ValueError: could not convert string to float: 'NA'\n"
			  "      │     return [float(v) for v in col]\n"
			  "  ⊘ evaluate       not started, needs train[boost]\n"
			  "failed in 0:41 · 3 ran, 1 reused, 1 failed, 1 not started\n"
			  "  look:   jig show 17        log:    jig logs 17\n"
			  "  go on:  jig resume 17\n");
	live_view_free(v);
}

static void a_frame_at_40_by_10(void **state)
{
	static struct screen s;
	struct live_view *v = live_view_new(-1, &plain);
	example();
	screen_init(&s, 10, 40);
	show(v, &s, 19 * S, false);
	assert_screen(&s,
			  "run 17 dull-heron · code 4f2a9c1* (2 f…\n"
			  "  ⟲ fetch          same as run 12\n"
			  "  ✓ clean          0:08   rows 333\n"
			  "  ✓ train[lr]      0:12   acc 0.9031\n"
			  "  ▶ train[tree]    0:10   acc 0.861  l…\n"
			  "  ✗ train[boost]   0:31   lib/features…\n"
			  "      ValueError: could not convert st…\n"
			  "  · evaluate       waits for train[boo…\n"
			  "  4 of 6 · 0:18 · about 1:20 left · 1 …\n");
	end_example();
	show(v, &s, 42 * S, true);
	assert_screen(&s,
			  "      ValueError: could not convert str\n"
			  "      ing to float: 'NA'\n"
			  "      │     return [float(v) for v in …\n"
			  "  ⊘ evaluate       not started, needs …\n"
			  "failed in 0:41 · 3 ran, 1 reused,\n"
			  "  1 failed, 1 not started\n"
			  "  look:   jig show 17\n"
			  "  log:    jig logs 17\n"
			  "  go on:  jig resume 17\n");
	live_view_free(v);
}

/* A sweep draws its runs with one view. */
static void the_next_run_begins_below(void **state)
{
	static struct screen s;
	struct live_view *v = live_view_new(-1, &plain);
	example();
	run.nsteps = 2;
	screen_init(&s, 24, 80);
	show(v, &s, 19 * S, false);
	end_example();
	run.state = RUN_SUCCESS;
	show(v, &s, 42 * S, true);
	example();
	run.nsteps = 2;
	run.number = 18;
	run.name = "calm-otter";
	steps[0].name = "fetch-all-of-it";
	show(v, &s, 19 * S, false);
	show(v, &s, 20 * S, false);
	assert_screen(&s,
			  "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env system · 2 jobs\n"
			  "  ⟲ fetch   same as run 12\n"
			  "  ✓ clean   0:08   rows 333\n"
			  "succeeded in 0:41 · 1 ran, 1 reused\n"
			  "  outputs: jig get 17        metrics: jig metrics 17\n"
			  "run 18 calm-otter · code 4f2a9c1* (2 files changed) · env system · 2 jobs\n"
			  "  ⟲ fetch-all-of-it   same as run 12\n"
			  "  ✓ clean             0:08   rows 333\n"
			  "  ▓▓▓▓▓▓▓▓▓▓  2 of 2 · 0:19 · about 1:20 left\n");
	/* What was expected is used up. */
	run.expected_left = S - 1;
	show(v, &s, 21 * S, false);
	_free_ char *text = screen_text(&s);
	assert_non_null(strstr(text, "2 of 2 · 0:20"));
	assert_null(strstr(text, "left"));
	live_view_free(v);
}

/* Tried again, the failed step takes nothing out of the bar but itself: what it held up never was in it. */
static void what_was_not_begun_is_not_done(void **state)
{
	static struct screen s;
	static const enum step_state not_begun[] = {STEP_UPSTREAM_FAILED, STEP_STOPPED, STEP_PENDING};
	for (size_t i = 0; i < ARRAY_LEN(not_begun); i++) {
		struct live_view *v = live_view_new(-1, &plain);
		example();
		steps[5].state = not_begun[i];
		screen_init(&s, 24, 80);
		show(v, &s, 19 * S, false);
		_free_ char *text = screen_text(&s);
		assert_non_null(strstr(text, "  4 of 6 · "));
		live_view_free(v);
	}
}

/* Only lines that differ are written, and nothing when none does. */
static void a_frame_writes_what_changed(void **state)
{
	static struct screen s;
	struct live_view *v = live_view_new(-1, &plain);
	_buf_ struct buf b = BUF_INIT;
	example();
	screen_init(&s, 24, 80);
	show(v, &s, 19 * S, false);
	live_view_frame(v, &run, 19 * S, 24, 80, false, &b);
	assert_int_equal(b.len, 0);
	steps[3].metrics[0].value = 0.87;
	live_view_frame(v, &run, 19 * S, 24, 80, false, &b);
	assert_non_null(strstr(b.data, "acc 0.87"));
	assert_null(strstr(b.data, "clean"));
	assert_null(strstr(b.data, "evaluate"));
	screen_write(&s, &b);
	_free_ char *after = screen_text(&s);
	static struct screen fresh;
	struct live_view *other = live_view_new(-1, &plain);
	screen_init(&fresh, 24, 80);
	show(other, &fresh, 19 * S, false);
	assert_screen(&fresh, after);
	live_view_free(other);
	live_view_free(v);
}

static void frames_that_grow_and_shrink_leave_nothing_behind(void **state)
{
	static struct screen s;
	for (int rows = 3; rows <= 24; rows++) {
		for (int cols = 20; cols <= 300; cols += 35) {
			struct live_view *v = live_view_new(-1, &plain);
			screen_init(&s, rows, cols);
			example();
			const char *notes[] = { "left out: data/raw.csv (2 GB), which no step declares" };
			for (int i = 0; i < 6; i++) {
				run.notes = notes;
				run.nnotes = i % 2;
				run.nsteps = i % 3 ? 6 : 2;
				show(v, &s, (19 + i) * S, false);
				static struct screen fresh;
				struct live_view *other = live_view_new(-1, &plain);
				screen_init(&fresh, rows, cols);
				show(other, &fresh, (19 + i) * S, false);
				_free_ char *wanted = screen_text(&fresh), *got = screen_text(&s);
				if (s.scrolled == 0)
					assert_string_equal(got, wanted);
				else
					assert_non_null(strstr(got, wanted));
				live_view_free(other);
			}
			live_view_free(v);
		}
	}
}

static void remarks_keep_their_way_out(void **state)
{
	static struct screen s;
	static const char *notes[] = {
		"left out data/raw.csv (2.1 GiB): declare it as an input, or allow it with --max-snapshot 3GiB",
		"left/out/a/path/without/a/blank/that/is/longer/than/the/line/of/the/terminal",
	};
	struct live_view *v = live_view_new(-1, &plain);
	example();
	run.notes = notes;
	run.nnotes = 2;
	run.nsteps = 2;
	screen_init(&s, 12, 60);
	show(v, &s, 19 * S, false);
	assert_screen(&s,
			  "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env …\n"
			  "  left out data/raw.csv (2.1 GiB): declare it as an input,\n"
			  "    or allow it with --max-snapshot 3GiB\n"
			  "  left/out/a/path/without/a/blank/that/is/longer/than/the/l\n"
			  "    ine/of/the/terminal\n"
			  "  ⟲ fetch   same as run 12\n"
			  "  ✓ clean   0:08   rows 333\n"
			  "  2 of 2 · 0:18 · about 1:20 left\n");
	live_view_free(v);
	/* Where steps need the room, the remarks have what they leave, until the last frame. */
	v = live_view_new(-1, &plain);
	screen_init(&s, 6, 60);
	show(v, &s, 19 * S, false);
	assert_screen(&s,
			  "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env …\n"
			  "  left out data/raw.csv (2.1 GiB): declare it as an input,…\n"
			  "  ⟲ fetch   same as run 12\n"
			  "  ✓ clean   0:08   rows 333\n"
			  "  2 of 2 · 0:18 · about 1:20 left\n");
	_buf_ struct buf b = BUF_INIT;
	end_example();
	live_view_frame(v, &run, 42 * S, 6, 60, true, &b);
	assert_non_null(strstr(b.data, "    or allow it with --max-snapshot 3GiB"));
	assert_non_null(strstr(b.data, "    ine/of/the/terminal"));
	live_view_free(v);
	/* Wide characters on hardly any columns. */
	notes[0] = "中文 中文";
	for (int cols = 1; cols < 12; cols++) {
		v = live_view_new(-1, &plain);
		screen_init(&s, 12, cols < 2 ? 2 : cols);
		show(v, &s, 19 * S, false);
		live_view_free(v);
	}
}

/* Of a run with more steps than the last frame has lines for, too. */
static void remarks_of_many_steps_come_at_the_end(void **state)
{
	static struct live_step many[200];
	static const char *notes[] = { "a remark" };
	example();
	for (int i = 0; i < 200; i++)
		many[i] = (struct live_step){ .name = "x", .state = STEP_SUCCESS };
	run.steps = many;
	run.nsteps = 200;
	run.notes = notes;
	run.nnotes = 1;
	run.state = RUN_SUCCESS;
	for (int rows = 1; rows < 30; rows++) {
		struct live_view *v = live_view_new(-1, &plain);
		_buf_ struct buf b = BUF_INIT;
		live_view_frame(v, &run, 42 * S, rows, 60, true, &b);
		assert_non_null(strstr(b.data, "  a remark\r\n"));
		assert_non_null(strstr(b.data, "jig metrics 17"));
		live_view_free(v);
	}
}

static void a_resize_draws_all_anew(void **state)
{
	struct live_view *v = live_view_new(-1, &plain);
	_buf_ struct buf b = BUF_INIT;
	example();
	live_view_frame(v, &run, 19 * S, 24, 100, false, &b);
	buf_reset(&b);
	live_view_frame(v, &run, 19 * S, 24, 50, false, &b);
	/* Eight lines of which the title (84), two steps and the progress were broken into two or more. */
	assert_int_equal(strncmp(b.data, "\r\033[", 3), 0);
	assert_true(strtol(b.data + 3, NULL, 10) > 9);
	assert_non_null(strstr(b.data, "\033[J"));
	assert_non_null(strstr(b.data, "clean"));
	buf_reset(&b);
	live_view_frame(v, &run, 19 * S, 6, 50, false, &b);
	assert_true(strtol(b.data + 3, NULL, 10) <= 5);
	live_view_free(v);
	live_view_free(NULL);
}

static void many_steps_are_counted(void **state)
{
	static struct live_step many[1000];
	static char names[1000][16];
	static struct screen s;
	example();
	for (int i = 0; i < 1000; i++) {
		snprintf(names[i], sizeof names[i], "t[%03d]", i);
		many[i] = (struct live_step){.name = names[i],
		                             .expected = -1,
		                             .state = i < 700   ? STEP_SUCCESS
		                                      : i < 704 ? STEP_RUNNING
		                                                : STEP_PENDING,
		                             .started = i < 704 ? S : 0,
		                             .elapsed = i < 700 ? 2 * S : 0};
	}
	many[13].state = many[500].state = STEP_FAILED;
	many[13].cause = many[500].cause = CAUSE_OOM;
	many[20].state = STEP_REUSED;
	run.steps = many;
	run.nsteps = 1000;
	struct live_view *v = live_view_new(-1, &plain);
	screen_init(&s, 12, 60);
	show(v, &s, 19 * S, false);
	assert_screen(&s,
			  "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env …\n"
			  "  697 ✓ · 1 ⟲ · 294 waiting\n"
			  "  ✗ t[013]   0:02   the system ended it for want of memory\n"
			  "  ✗ t[500]   0:02   the system ended it for want of memory\n"
			  "  ▶ t[700]   0:18\n"
			  "  ▶ t[701]   0:18\n"
			  "  ▶ t[702]   0:18\n"
			  "  ▶ t[703]   0:18\n"
			  "  · t[704]\n"
			  "  · t[705]\n"
			  "  700 of 1000 · 0:18 · about 1:20 left · 4 running\n");
	/* The failures are still there at the end, and the lines are few. */
	for (int i = 0; i < 1000; i++)
		if (!step_state_ended(many[i].state))
			many[i].state = STEP_SUCCESS;
	run.state = RUN_FAILED;
	run.ended = 90 * S;
	_buf_ struct buf b = BUF_INIT;
	live_view_free(v);
	v = live_view_new(-1, &plain);
	live_view_frame(v, &run, 90 * S, 12, 60, true, &b);
	assert_non_null(strstr(b.data, "✗ t[013]"));
	assert_non_null(strstr(b.data, "✗ t[500]"));
	assert_non_null(strstr(b.data, "failed in 1:29 · 997 ran, 1 reused, 2 failed"));
	int lines = 0;
	for (const char *c = b.data; *c; c++)
		lines += *c == '\n';
	/* No more than the terminal has, so that the failures stay in sight. */
	assert_in_range(lines, 6, 11);
	live_view_free(v);
}

static void more_failures_than_lines(void **state)
{
	static struct live_step many[100];
	static struct screen s;
	example();
	for (int i = 0; i < 100; i++)
		many[i] = (struct live_step){.name = "x",
		                             .state = i < 90 ? STEP_FAILED : STEP_RUNNING,
		                             .cause = CAUSE_EXIT,
		                             .exit_status = 2};
	run.steps = many;
	run.nsteps = 100;
	for (int rows = 1; rows < 40; rows++) {
		struct live_view *v = live_view_new(-1, &plain);
		screen_init(&s, rows < 2 ? 2 : rows, 60);
		show(v, &s, 19 * S, false);
		assert_int_equal(s.scrolled, 0);
		live_view_free(v);
	}
	_free_ char *text = screen_text(&s);
	assert_non_null(strstr(text, "✗ x   exit 2"));
	assert_non_null(strstr(text, "▶ x"));
}

static void text_of_steps_is_harmless(void **state)
{
	static struct screen s;
	example();
	steps[4].error_message = "bad \033[2J\033]0;title\007 \xff\xe2\x80\xae";
	steps[3].nmetrics = 0;
	memcpy(steps[3].last_line, "\033[31mred\r50 %", sizeof "\033[31mred\r50 %");
	struct live_view *v = live_view_new(-1, &plain);
	screen_init(&s, 24, 120);
	show(v, &s, 19 * S, false);
	_free_ char *text = screen_text(&s);
	assert_non_null(strstr(text, "·[31mred·50 %"));
	assert_non_null(strstr(text, "bad ·[2J·]0;title· \xef\xbf\xbd·"));
	live_view_free(v);
}

static void assert_line(int step, const char *wanted)
{
	_free_ char *line = live_line(&run, step, &plain);
	if (wanted)
		assert_string_equal(line, wanted);
	else
		assert_null(line);
}

static void plain_lines_say_what_ended(void **state)
{
	example();
	assert_line(0, "  ⟲ fetch          same as run 12");
	assert_line(1, "  ✓ clean          0:08   rows 333");
	assert_line(2, "  ✓ train[lr]      0:12   acc 0.9031");
	assert_line(3, NULL);
	assert_line(4,
	            "  ✗ train[boost]   0:31   lib/features.py:31 ValueError: could not convert string to float: 'NA'");
	/* What ended once and waits anew. */
	assert_line(5, "  · evaluate       waits again for what it needs");
	steps[4].error_file = steps[4].error_message = NULL;
	assert_line(4, "  ✗ train[boost]   0:31   exit 1");
	steps[4].cause = CAUSE_TIMEOUT;
	assert_line(4, "  ✗ train[boost]   0:31   ran longer than its timeout");
	steps[4].cause = CAUSE_OUTPUT_MISSING;
	assert_line(
	        4, "  ✗ train[boost]   0:31   it exited 0 without a declared output, or with one that cannot be taken");
	steps[4].state = STEP_RETRYING;
	steps[4].attempt = 1;
	steps[4].cause = CAUSE_EXIT;
	assert_line(4, "  ↻ train[boost]   attempt 1 failed, tries again: exit 1");
	steps[4].state = STEP_QUEUED;
	assert_line(4, "  ∙ train[boost]   begins again: attempt 2");
	steps[5].state = STEP_UPSTREAM_FAILED;
	assert_line(5, "  ⊘ evaluate       not started, needs train[boost]");
	steps[5].state = STEP_SKIPPED;
	assert_line(5, "  ↷ evaluate       skipped, its trigger can no longer hold");
	steps[5].state = STEP_STOPPED;
	assert_line(5, "  ■ evaluate       not started");
	/* Stopped while its second attempt waited. */
	steps[5].started = S;
	steps[5].elapsed = 2 * S;
	steps[5].attempt = 1;
	assert_line(5, "  ■ evaluate       0:02   stopped before attempt 2");
	steps[5].cause = CAUSE_STOPPED;
	assert_line(5, "  ■ evaluate       0:02   it was asked to stop");
	steps[5].cause = CAUSE_NONE;
	steps[5].started = steps[5].elapsed = 0;
	steps[5].state = STEP_SUCCESS;
	steps[5].name = "a-name-that-is-much-longer-than-the-column-has-room-for";
	assert_line(5, "  ✓ a-name-that-is-much-longer-than-the-column-has-room-for");
	assert_line(0, "  ⟲ fetch                                      same as run 12");
	steps[5].name = "evaluate";
	_free_ char *ascii = live_line(&run, 1, &(struct paint){ .ascii = true });
	assert_string_equal(ascii, "  + clean          0:08   rows 333");
}

static void titles_and_closing_lines(void **state)
{
	_buf_ struct buf b = BUF_INIT;
	example();
	live_title(&run, &plain, &b);
	assert_string_equal(b.data, "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env system · 2 jobs\n");
	buf_reset(&b);
	run.env = "requirements.lock (pinned)";
	run.isolation = "sandbox";
	live_title(&run, &plain, &b);
	assert_string_equal(b.data,
	                    "run 17 dull-heron · code 4f2a9c1* (2 files changed) · env requirements.lock (pinned)"
	                    " · sandbox · 2 jobs\n");
	buf_reset(&b);
	run.env = "system";
	run.isolation = "folder";
	run.commit[0] = '\0';
	live_title(&run, &plain, &b);
	assert_string_equal(b.data, "run 17 dull-heron · no commit yet · env system · 2 jobs\n");
	buf_reset(&b);
	run.dirty = run.changed_files = -1;
	run.jobs = 1;
	run.origin = "resumed from 12";
	live_title(&run, &plain, &b);
	assert_string_equal(b.data, "run 17 dull-heron · resumed from 12 · code without git · env system · 1 job\n");
	end_example();
	buf_reset(&b);
	live_summary(&run, &plain, &b);
	assert_string_equal(b.data, "failed in 0:41 · 3 ran, 1 reused, 1 failed, 1 not started\n  look:   jig show 17  "
	                            "      log:    jig logs 17\n  go on:  jig resume 17\n");
	run.state = RUN_SUCCESS;
	steps[4].state = steps[5].state = STEP_SUCCESS;
	buf_reset(&b);
	live_summary(&run, &plain, &b);
	assert_string_equal(
	        b.data, "succeeded in 0:41 · 5 ran, 1 reused\n  outputs: jig get 17        metrics: jig metrics 17\n");
}

static void reused_steps_in_plain_output(void **state)
{
	enum { MANY = 9 };
	static struct live_step many[MANY];
	int list[MANY];
	_buf_ struct buf b = BUF_INIT;
	example();
	for (int i = 0; i < MANY; i++) {
		many[i] = (struct live_step){
		        .name = "train[lr]", .base = "train", .state = STEP_REUSED, .reused_run = i < 8 ? 12 : 9};
		list[i] = i;
	}
	run.steps = many;
	run.nsteps = MANY;
	live_reused(&run, list, 2, &plain, &b);
	assert_string_equal(b.data, "  ⟲ train[lr]   same as run 12\n  ⟲ train[lr]   same as run 12\n");
	buf_reset(&b);
	live_reused(&run, list, MANY, &plain, &b);
	assert_string_equal(b.data, "  ⟲ 8 steps     same as run 12\n  ⟲ 1 step      same as run 9\n");
	buf_reset(&b);
	live_reused(&run, list, 0, &plain, &b);
	assert_int_equal(b.len, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_frame_at_80_by_24),
		cmocka_unit_test(a_frame_at_40_by_10),
		cmocka_unit_test(reused_steps_in_plain_output),
		cmocka_unit_test(the_next_run_begins_below),
		cmocka_unit_test(what_was_not_begun_is_not_done),
		cmocka_unit_test(a_frame_writes_what_changed),
		cmocka_unit_test(frames_that_grow_and_shrink_leave_nothing_behind),
		cmocka_unit_test(remarks_keep_their_way_out),
		cmocka_unit_test(remarks_of_many_steps_come_at_the_end),
		cmocka_unit_test(a_resize_draws_all_anew),
		cmocka_unit_test(many_steps_are_counted),
		cmocka_unit_test(more_failures_than_lines),
		cmocka_unit_test(text_of_steps_is_harmless),
		cmocka_unit_test(plain_lines_say_what_ended),
		cmocka_unit_test(titles_and_closing_lines),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
