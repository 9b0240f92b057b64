#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>

#include <math.h>
#include "base/text.h"
#include "base/vec.h"
#include "tracker/filter_tree.h"

static const char *const op_texts[] = {
        "=", "!=", ">", ">=", "<", "<=", "LIKE", "ILIKE", "NOT LIKE", "NOT ILIKE", "IN", "NOT IN"};
static const char entity_letters[] = "amptx";

/* "p:lr = 0.1" with the letter of the entity, the step in brackets of its own, a value that is a number behind "#". */
static void dump_key(struct buf *out, const struct filter_key *k)
{
	buf_addf(out, "%c:", entity_letters[k->entity]);
	if (k->step)
		buf_addf(out, "{%s}", k->step);
	buf_adds(out, k->name);
}

static void dump(struct buf *out, const struct filter_node *n)
{
	if (n->kind == FILTER_TERM) {
		dump_key(out, &n->term->key);
		buf_addf(out, " %s", op_texts[n->term->op]);
		for (size_t i = 0; i < n->term->nvalues; i++) {
			double v = n->term->values[i].number;
			char number[32];

			number_exact(v, number);
			buf_addf(out, " '%s'", n->term->values[i].text);
			if (n->term->values[i].is_number || v != 0)
				fabs(v) > 1e9 && isfinite(v) ? buf_addf(out, "#%.0f", v) : buf_addf(out, "#%s", number);
		}
		return;
	}
	buf_adds(out, n->kind == FILTER_AND ? "(and" : "(or");
	for (const struct filter_node *c = n->child; c; c = c->next) {
		buf_addc(out, ' ');
		dump(out, c);
	}
	buf_addc(out, ')');
}

static void parses(const char *text, const char *want)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf got = BUF_INIT;
	struct filter *f = NULL;
	struct err e = {0};
	int r = filter_parse(text, &a, &f, &e);

	if (r < 0)
		fail_msg("%s: %s", text, e.text);
	if (f->root)
		dump(&got, f->root);
	assert_string_equal(got.data, want);
}

static void refuses(const char *text, const char *want)
{
	_arena_ struct arena a = ARENA_INIT;
	struct filter *f = NULL;
	struct err e = {0};

	assert_int_equal(filter_parse(text, &a, &f, &e), ERR_USAGE);
	assert_int_equal(e.code, ERR_USAGE);
	assert_null(f);
	if (!strstr(e.text, want))
		fail_msg("%s\n gives: %s\n wants: %s", text, e.text, want);
}

static void sorts(const char *text, const char *want)
{
	_arena_ struct arena a = ARENA_INIT;
	_buf_ struct buf got = BUF_INIT;
	struct filter_sort *s = NULL;
	struct err e = {0};
	int r = filter_parse_sort(text, &a, &s, &e);

	if (r < 0)
		fail_msg("%s: %s", text, e.text);
	for (size_t i = 0; i < s->len; i++) {
		buf_adds(&got, i ? ", " : "");
		dump_key(&got, &s->v[i].key);
		buf_adds(&got, s->v[i].descending ? " down" : " up");
	}
	assert_string_equal(got.data, want);
}

static void refuses_sort(const char *text, const char *want)
{
	_arena_ struct arena a = ARENA_INIT;
	struct filter_sort *s = NULL;
	struct err e = {0};

	assert_int_equal(filter_parse_sort(text, &a, &s, &e), ERR_USAGE);
	assert_null(s);
	if (!strstr(e.text, want))
		fail_msg("%s\n gives: %s\n wants: %s", text, e.text, want);
}

static void test_empty(void **state)
{
	parses("", "");
	parses(" \t\n ", "");
	sorts("", "");
	sorts("  ", "");
}

static void test_operators(void **state)
{
	parses("metrics.acc = 0.5", "m:acc = '0.5'#0.5");
	parses("metrics.acc == 0.5", "m:acc = '0.5'#0.5");
	parses("metrics.acc != 0.5", "m:acc != '0.5'#0.5");
	parses("metrics.acc <> 0.5", "m:acc != '0.5'#0.5");
	parses("metrics.acc>0.5", "m:acc > '0.5'#0.5");
	parses("metrics.acc>=-.5", "m:acc >= '-.5'#-0.5");
	parses("metrics.acc<1e-3", "m:acc < '1e-3'#0.001");
	parses("metrics.acc <= +2", "m:acc <= '+2'#2");
	parses("tags.who LIKE 'a%'", "t:who LIKE 'a%'");
	parses("tags.who ilike \"A%\"", "t:who ILIKE 'A%'");
	parses("tags.who not like 'a_'", "t:who NOT LIKE 'a_'");
	parses("tags.who NOT  ILIKE 'a_'", "t:who NOT ILIKE 'a_'");
	parses("name IN ('a','b' , 'c')", "a:name IN 'a' 'b' 'c'");
	parses("name not in('a')", "a:name NOT IN 'a'");
	parses("metrics.acc in (1, nan, -inf)", "m:acc IN '1'#1 'nan'#NaN '-inf'#-Infinity");
}

static void test_numbers(void **state)
{
	parses("metrics.a = NaN", "m:a = 'NaN'#NaN");
	parses("metrics.a < Infinity", "m:a < 'Infinity'#Infinity");
	parses("metrics.a = -0", "m:a = '-0'#-0");
	parses("metrics.a = 1e400", "m:a = '1e400'#Infinity");
	parses("params.lr = 0.1", "p:lr = '0.1'#0.1");
	parses("params.lr = '0.1'", "p:lr = '0.1'#0.1");
	parses("params.opt = 'adam'", "p:opt = 'adam'");
}

static void test_keys(void **state)
{
	parses("metrics.val/acc-1.x = 1", "m:val/acc-1.x = '1'#1");
	parses("metrics.\"val acc\" = 1", "m:val acc = '1'#1");
	parses("metrics.`val acc`>1", "m:val acc > '1'#1");
	parses("metrics.\"a\"\"b\" = 1", "m:a\"b = '1'#1");
	parses("metrics.\"train[lr]\".acc = 1", "m:{train[lr]}acc = '1'#1");
	parses("metrics.`train[lr]`.`val acc` = 1", "m:{train[lr]}val acc = '1'#1");
	parses("params.train.lr = 1", "p:train.lr = '1'#1");
	parses("params.`a b.c` = 'x'", "p:a b.c = 'x'");
	parses("tags.mlflow.parentRunId = 'x'", "t:mlflow.parentRunId = 'x'");
	parses("Metric.x = 1 and parameters.y = 1 and param.y = 1 and tag.z = 'z'",
	       "(and m:x = '1'#1 p:y = '1'#1 p:y = '1'#1 t:z = 'z')");
	parses("tags.\xc3\xa9t\xc3\xa9 = '\xe2\x9c\x93'", "t:\xc3\xa9t\xc3\xa9 = '\xe2\x9c\x93'");
}

static void test_texts(void **state)
{
	parses("tags.a = 'it''s'", "t:a = 'it's'");
	parses("tags.a = \"say \"\"x\"\"\"", "t:a = 'say \"x\"'");
	parses("tags.a = ''", "t:a = ''");
	parses("tags.a = 'x) OR (1'", "t:a = 'x) OR (1'");
	parses("tags.a = 'a\\'", "t:a = 'a\\'");
}

static void test_attributes(void **state)
{
	parses("number > 12", "a:number > '12'#12");
	parses("attributes.name = 'x' OR attr.name = 'y' OR run.name = 'z' OR attributes.`Run name` = 'w' OR `name` = "
	       "'v'",
	       "(or a:name = 'x' a:name = 'y' a:name = 'z' a:name = 'w' a:name = 'v')");
	parses("run_name = 'x' AND user_id = 'u' AND run_id = '01J'", "(and a:name = 'x' a:user = 'u' a:uid = '01J')");
	parses("state = 'Failed'", "a:state = 'failed'");
	parses("status IN ('FINISHED', 'KILLED', 'scheduled', 'running')",
	       "a:state IN 'success' 'stopped' 'queued' 'running'");
	parses("state LIKE 'fail%'", "a:state LIKE 'fail%'");
	parses("kind = 'resume' AND origin = 3", "(and a:kind = 'resume' a:origin = '3'#3)");
	parses("created > '2026-11-21'", "a:created > '2026-11-21'#1795219200000000");
	parses("created > '2026-11-21T10:00:00Z'", "a:created > '2026-11-21T10:00:00Z'#1795255200000000");
	parses("created > '2026-11-21 10:00'", "a:created > '2026-11-21 10:00'#1795255200000000");
	parses("start_time >= 1795255200000 AND end_time < 1795255200001",
	       "(and a:started >= '1795255200000'#1795255200000000 a:ended < '1795255200001'#1795255200001000)");
	parses("seconds > 41.2", "a:seconds > '41.2'#41200000");
	parses("dirty = true AND dirty != 0 AND dirty = '1'",
	       "(and a:dirty = 'true'#1 a:dirty != '0'#0 a:dirty = '1'#1)");
	parses("note ILIKE '%x%' AND host = 'h' AND branch = 'b' AND commit LIKE 'a%'",
	       "(and a:note ILIKE '%x%' a:host = 'h' a:branch = 'b' a:commit LIKE 'a%')");
}

static void test_precedence(void **state)
{
	parses("number = 1 OR number = 2 AND number = 3",
	       "(or (and a:number = '2'#2 a:number = '3'#3) a:number = '1'#1)");
	parses("(number = 1 OR number = 2) AND number = 3",
	       "(and (or a:number = '1'#1 a:number = '2'#2) a:number = '3'#3)");
	parses("((number = 1))", "a:number = '1'#1");
	parses("number=1 AND (number=2 AND (number=3))", "(and a:number = '1'#1 a:number = '2'#2 a:number = '3'#3)");
	parses("(number=1 OR number=2) OR number=3 or number=4",
	       "(or a:number = '1'#1 a:number = '2'#2 a:number = '3'#3 a:number = '4'#4)");
	parses("(number=1)AND(number=2)", "(and a:number = '1'#1 a:number = '2'#2)");
}

static void test_refused_keys(void **state)
{
	refuses("sate = 'failed'", "filter, column 1: there is no attribute \"sate\": did you mean state?");
	refuses("number = 1 AND acc > 0.9", "column 16: there is no attribute \"acc\"");
	refuses("acc > 0.9", "metrics.K");
	refuses("metrcs.acc > 1", "column 1: a key begins with metrics., params., tags. or attributes., found "
	                          "\"metrcs.\": did you mean metrics?");
	refuses("attributes.stat = 'x'", "column 12: there is no attribute \"stat\": did you mean state");
	refuses("attributes. = 'x'", "there is no attribute \"\"");
	refuses("metrics. > 1", "column 9: expected the name of a metric, found \">\"");
	refuses("params.", "column 8: expected the name of a param, found the end");
	refuses("tags.\"\" = 'x'", "column 6: expected the name of a tag");
	refuses("metrics.'acc' > 1", "not in '");
	refuses("metrics.\"\".acc > 1", "column 9: the name of the step is empty");
	refuses("metrics.\"a\".\"b\".c > 1", "column 16: a key is quoted as a whole");
	refuses("params.\"a\".b > 1", "column 11: a key is quoted as a whole");
	refuses("metrics.train.\"b\" > 1", "column 15: a key is quoted as a whole");
	refuses("metrics.\"acc > 1", "column 9: the text that begins here has no closing \"");
	refuses("'x' = name", "column 1: expected a key");
	refuses("\xc3\xa9\xc3\xa9 = 1", "column 1: there is no attribute \"\xc3\xa9\xc3\xa9\"");
}

static void test_refused_operators(void **state)
{
	refuses("metrics.acc", "column 12: expected one of =, !=, >, >=, <, <=, IN, NOT IN behind acc, found the end");
	refuses("metrics.acc ~ 1", "column 13: expected one of");
	refuses("metrics.acc LIKE 'x'", "LIKE does not fit acc, which takes");
	refuses("metrics.acc LIK 'x'",
	        "column 13: expected one of =, !=, >, >=, <, <=, IN, NOT IN behind acc, found \"LIK\"");
	refuses("metrics.acc NOT 1", "column 13: expected one of");
	refuses("state > 'failed'", "column 7: > does not fit state");
	refuses("dirty IN (1)", "IN does not fit dirty, which takes =, !=");
	refuses("created LIKE '2026%'", "LIKE does not fit created");
	refuses("NOT name = 'x'", "column 1: NOT stands behind a key only");
	refuses("number = 1 AND NOT (number = 2)", "column 16: NOT stands behind a key only");
}

static void test_refused_values(void **state)
{
	refuses("metrics.acc >", "column 14: expected a number or a quoted text behind >, found the end");
	refuses("metrics.acc > 'x'",
	        "column 15: metrics compare with a number (or NaN, inf) without quotes, found 'x'");
	refuses("metrics.acc > 0x10", "found \"0x10\"");
	refuses("params.opt = adam", "column 14: a text needs quotes, 'adam'");
	refuses("tags.a = 'x", "column 10: the text that begins here has no closing '");
	refuses("tags.a LIKE 5", "column 13: LIKE needs a quoted pattern");
	refuses("name = 5", "column 8: name compares with a quoted text, found \"5\"");
	refuses("state = 'faild'",
	        "column 9: there is no state 'faild': did you mean failed; there are queued, running, success");
	refuses("kind = 'resumed'", "there is no kind 'resumed': did you mean resume");
	refuses("number = 'x'", "number compares with a number, found 'x'");
	refuses("number = nan", "number compares with a number");
	refuses("seconds > inf", "seconds compares with a number");
	refuses("dirty = 2", "dirty is true or false, found \"2\"");
	refuses("created > 'yesterday'", "created compares with a time, such as '2026-11-21T10:00:00Z'");
	refuses("name IN 'a'", "column 9: expected \"(\" and values behind IN, found 'a'");
	refuses("name IN ()", "column 10: expected a number or a quoted text behind IN, found \")\"");
	refuses("name IN ('a' 'b')", "column 14: expected \",\" or \")\" in the list, found 'b'");
	refuses("name IN ('a',)", "found \")\"");
	refuses("name IN ('a'", "found the end");
}

static void test_refused_shape(void **state)
{
	refuses("number = 1 number = 2", "column 12: expected AND, OR or the end, found \"number\"");
	refuses("number = 1)", "column 11: expected AND, OR or the end, found \")\"");
	refuses("(number = 1", "column 12: expected AND, OR or the \")\" for column 1, found the end");
	refuses("number = 1 AND", "column 15: expected a key");
	refuses("number = 1 OR OR number = 2", "column 15: there is no attribute \"OR\"");
	refuses("()", "column 2: expected a key");
	refuses("number = 1; number = 2", "column 11: expected AND, OR or the end, found \";\"");
	refuses("tags.a = '\xff'", "filter: not valid UTF-8");
}

static void test_limits(void **state)
{
	_buf_ struct buf b = BUF_INIT;

	buf_fill(&b, '(', FILTER_MAX_DEPTH);
	buf_adds(&b, "number=1");
	buf_fill(&b, ')', FILTER_MAX_DEPTH);
	parses(b.data, "a:number = '1'#1");
	buf_reset(&b);
	buf_fill(&b, '(', FILTER_MAX_DEPTH + 1);
	refuses(b.data, "column 65: parentheses are more than 64 deep");
	buf_reset(&b);
	for (int i = 0; i < FILTER_MAX_TERMS; i++)
		buf_adds(&b, "number=1 AND ");
	refuses(b.data, "more than 256 comparisons");
	buf_reset(&b);
	buf_adds(&b, "number IN (1");
	for (int i = 0; i < FILTER_MAX_VALUES; i++)
		buf_adds(&b, ",1");
	buf_adds(&b, ")");
	refuses(b.data, "more than 1000 values");
	buf_reset(&b);
	buf_adds(&b, "tags.a = '");
	buf_fill(&b, 'x', FILTER_MAX_TEXT);
	refuses(b.data, "filter: longer than 65536 bytes");
	refuses_sort(b.data, "sort: longer than 65536 bytes");
	buf_reset(&b);
	buf_adds(&b, "tags.a LIKE '");
	buf_fill(&b, '%', FILTER_MAX_PATTERN + 1);
	buf_adds(&b, "'");
	refuses(b.data, "the pattern is longer than 4096 bytes");
	/* What was found is cut, so that an error stays one line. */
	buf_reset(&b);
	buf_fill(&b, 'y', 30000);
	refuses(b.data, "yyyyyyyy\xe2\x80\xa6");
}

static void test_sort(void **state)
{
	sorts("metrics.acc DESC", "m:acc down");
	sorts("created", "a:created up");
	sorts("params.train.lr ASC , number desc", "p:train.lr up, a:number down");
	sorts("metrics.\"train[lr]\".acc, tags.`a b` DESC, start_time",
	      "m:{train[lr]}acc up, t:a b down, a:started up");
	refuses_sort("metrics.acc DOWN", "sort, column 13: expected ASC, DESC or \",\", found \"DOWN\"");
	refuses_sort("metrics.acc DESC number", "column 18: expected \",\" or the end, found \"number\"");
	refuses_sort("number,", "column 8: expected a key");
	refuses_sort(",number", "column 1: expected a key");
	refuses_sort("creatd", "did you mean created?");
	refuses_sort("number, number DESC", "column 9: number is named twice");
	refuses_sort("status, state", "state is named twice");
	refuses_sort("tags.a,tags.b,tags.c,tags.d,tags.e,tags.f,tags.g,tags.h,tags.i", "column 57: more than 8 keys");
	sorts("metrics.a, metrics.\"s\".a, params.a, tags.a", "m:a up, m:{s}a up, p:a up, t:a up");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_empty),
	        cmocka_unit_test(test_operators),
	        cmocka_unit_test(test_numbers),
	        cmocka_unit_test(test_keys),
	        cmocka_unit_test(test_texts),
	        cmocka_unit_test(test_attributes),
	        cmocka_unit_test(test_precedence),
	        cmocka_unit_test(test_refused_keys),
	        cmocka_unit_test(test_refused_operators),
	        cmocka_unit_test(test_refused_values),
	        cmocka_unit_test(test_refused_shape),
	        cmocka_unit_test(test_limits),
	        cmocka_unit_test(test_sort),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
