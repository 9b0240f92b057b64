#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/utf8.h"
#include "tests/lib/record_make.h"
#include "tracker/state.h"

static const enum vocabulary all[] = {WORDS_RUN_STATE, WORDS_STEP_STATE, WORDS_ATTEMPT_STATE, WORDS_CAUSE,
                                      WORDS_KIND,      WORDS_ROLE,       WORDS_FORM,          WORDS_REQUEST,
                                      WORDS_TRACE};

static void test_words(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(all); i++) {
		int n;
		const struct word *w = words_of(all[i], &n);

		assert_true(n > 0);
		for (int k = 0; k < n; k++) {
			assert_ptr_equal(word_of(all[i], k), &w[k]);
			assert_int_equal(word_find(all[i], w[k].text), k);
			assert_true(*w[k].meaning);
			if (all[i] > WORDS_ATTEMPT_STATE)
				continue;
			assert_int_equal(utf8_cells(w[k].glyph, strlen(w[k].glyph)), 1);
			assert_int_equal(strlen(w[k].ascii), 1);
		}
	}
	assert_int_equal(word_find(WORDS_RUN_STATE, "nothing"), -1);
	assert_int_equal(word_find(WORDS_RUN_STATE, NULL), -1);
	assert_string_equal(step_state_text(STEP_UPSTREAM_FAILED), "upstream_failed");
}

static void test_ended(void **state)
{
	assert_false(run_state_ended(RUN_QUEUED));
	assert_false(run_state_ended(RUN_RUNNING));
	assert_true(run_state_ended(RUN_LOST));
	assert_false(step_state_ended(STEP_RETRYING));
	assert_true(step_state_ended(STEP_REUSED));
}

/* The SQL that made a table or a trigger, without line breaks and tabs. */
static char *schema_of(sqlite3 *db, const char *name)
{
	sqlite3_stmt *st;
	struct buf b = BUF_INIT;

	assert_int_equal(sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema WHERE name = ?", -1, &st, NULL),
	                 SQLITE_OK);
	sqlite3_bind_text(st, 1, name, -1, SQLITE_STATIC);
	assert_int_equal(sqlite3_step(st), SQLITE_ROW);
	for (const char *p = (const char *)sqlite3_column_text(st, 0); *p; p++)
		if (*p == '\n')
			buf_addc(&b, ' ');
		else if (*p != '\t')
			buf_addc(&b, *p);
	sqlite3_finalize(st);
	return buf_steal(&b);
}

/* The lists of the code and the CHECKs and triggers of the schema are the same. */
static void test_schema(void **state)
{
	static const struct {
		const char *table, *column;
		enum vocabulary v;
	} checks[] = {
	        {"run", "state", WORDS_RUN_STATE},   {"run", "kind", WORDS_KIND},
	        {"step", "state", WORDS_STEP_STATE}, {"attempt", "state", WORDS_ATTEMPT_STATE},
	        {"attempt", "cause", WORDS_CAUSE},   {"artifact", "role", WORDS_ROLE},
	        {"artifact", "form", WORDS_FORM},    {"request", "action", WORDS_REQUEST},
	        {"trace", "kind", WORDS_TRACE},
	};
	_free_ char *dir = NULL;
	_tracker_ struct tracker *t = NULL;
	sqlite3 *db;

	must(file_temp_dir("/tmp", "state", &dir, &make_err));
	must(tracker_open(dir, TRACKER_WRITE, &t, &make_err));
	_free_ char *path = path_join(dir, "jig.db");
	assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
	for (size_t i = 0; i < ARRAY_LEN(checks); i++) {
		_free_ char *sql = schema_of(db, checks[i].table);
		_buf_ struct buf want = BUF_INIT;
		int n;
		const struct word *w = words_of(checks[i].v, &n);

		buf_addf(&want, "%s TEXT NOT NULL CHECK (", checks[i].column);
		for (int k = 0; k < n; k++)
			buf_addf(&want, "%s%s = '%s'", k ? " OR " : "", checks[i].column, w[k].text);
		buf_addc(&want, ')');
		if (!strstr(sql, want.data))
			fail_msg("table %s: want %s", checks[i].table, want.data);
	}

	static const struct {
		const char *trigger;
		enum vocabulary v;
	} moves[] = {
	        {"run_move", WORDS_RUN_STATE},
	        {"step_move", WORDS_STEP_STATE},
	        {"attempt_move", WORDS_ATTEMPT_STATE},
	};
	for (size_t i = 0; i < ARRAY_LEN(moves); i++) {
		_free_ char *sql = schema_of(db, moves[i].trigger);
		int n;
		const struct word *w = words_of(moves[i].v, &n);

		for (int from = 0; from < n; from++)
			for (int to = 0; to < n; to++) {
				bool can = i == 0   ? run_move_allowed(from, to)
				           : i == 1 ? step_move_allowed(from, to)
				                    : attempt_move_allowed(from, to);
				_free_ char *text = mem_printf("%s>%s ", w[from].text, w[to].text);
				const char *at = strstr(sql, text);

				if ((at && strchr(" '", at[-1])) != can)
					fail_msg("%s: %s is %s in the code", moves[i].trigger, text,
					         can ? "allowed" : "refused");
			}
	}
	sqlite3_close(db);
	must(file_remove_tree(dir, &make_err));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_words),
	        cmocka_unit_test(test_ended),
	        cmocka_unit_test(test_schema),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
