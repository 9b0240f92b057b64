#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"
#include "tui/log/log_hits.h"

static struct err e;
static char *dir, *path;
static struct log_file *f;
static struct log_hits *h;
static VEC(int64_t) wanted;
static struct buf text = BUF_INIT;

static int begin(void **state)
{
	assert_int_equal(file_temp_dir("/tmp", "log", &dir, &e), 0);
	path = path_join(dir, "log");
	return 0;
}

static int end(void **state)
{
	log_hits_free(h);
	h = NULL;
	log_file_free(f);
	f = NULL;
	vec_release(&wanted);
	buf_release(&text);
	file_remove_tree(dir, &e);
	free(dir);
	free(path);
	return 0;
}

static void add(const char *line, bool hit)
{
	if (hit)
		vec_push(&wanted, (int64_t)text.len);
	buf_adds(&text, line);
}

static void look_for(const char *pattern, int64_t off)
{
	struct log_pattern *p = NULL;
	assert_int_equal(file_write(path, text.data, text.len, 0644, &e), 0);
	assert_int_equal(log_file_open(path, &f, &e), 0);
	if (pattern)
		assert_int_equal(log_pattern_new(pattern, &p, &e), 0);
	h = log_hits_new(f, p, off);
}

static void work(void)
{
	while (log_hits_work(h, 4000))
		;
	assert_true(log_hits_complete(h));
}

static void assert_hits(void)
{
	int64_t at = -1, got;
	assert_int_equal(h->total, wanted.len);
	for (size_t i = 0; i < wanted.len; i++) {
		assert_int_equal(log_hits_next(h, at, &got), FOUND_LINE);
		assert_int_equal(got, wanted.v[i]);
		assert_true(log_hits_at(h, got));
		assert_false(log_hits_at(h, got + 1));
		assert_int_equal(log_hits_ordinal(h, got), i + 1);
		assert_int_equal(log_hits_ordinal(h, got - 1), i);
		at = got;
	}
	assert_int_equal(log_hits_next(h, at, &got), FOUND_NONE);
	at = f->size;
	for (size_t i = wanted.len; i > 0; i--) {
		assert_int_equal(log_hits_previous(h, at, &got), FOUND_LINE);
		assert_int_equal(got, wanted.v[i - 1]);
		at = got;
	}
	assert_int_equal(log_hits_previous(h, at, &got), FOUND_NONE);
}

static void fill(size_t lines)
{
	for (size_t i = 0; i < lines; i++) {
		bool hit = i % 97 == 0 && (i < 3000 || i > 9000);
		add(hit ? "epoch loss NaN\n" : "epoch 3 loss 0.4 acc 0.9\n", hit);
	}
}

static void hits_are_counted_and_found(void **state)
{
	fill(20000);
	look_for("nan", 0);
	work();
	assert_hits();
}

static void the_order_does_not_matter(void **state)
{
	fill(20000);
	look_for("loss nan", 200000);
	assert_int_equal(h->next, 3);
	int64_t got;
	/* Where a person stands is read at once, the rest later. */
	assert_int_equal(log_hits_next(h, 300000, &got), FOUND_LINE);
	assert_true(got > 300000);
	assert_int_equal(log_hits_next(h, 70000, &got), FOUND_LINE);
	assert_int_equal(log_hits_next(h, 100000, &got), FOUND_LATER);
	assert_int_equal(log_hits_ordinal(h, 300000), -1);
	work();
	assert_hits();
}

static void errors_are_hits_too(void **state)
{
	for (int i = 0; i < 4000; i++) {
		add("Traceback (most recent call last):\n", true);
		add("  File \"a.py\", line 3\n", false);
		add("ValueError: x\n", false);
		add("warning: x\n", false);
		add("10:00 ERROR y\n", true);
	}
	look_for(NULL, 0);
	work();
	assert_hits();
	while (log_file_count(f, 4000))
		;
	assert_int_equal(log_file_errors(f), h->total);
}

static void growth_is_followed(void **state)
{
	fill(3000);
	add("loss ", false);
	look_for("loss nan", 0);
	work();
	assert_hits();
	for (int i = 0; i < 30; i++) {
		int64_t old = f->size;
		size_t from = text.len;
		if (i % 3 == 0)
			vec_push(&wanted, (int64_t)text.len - 5);
		add(i % 3 == 0 ? "NaN\n" : "0.3\n", false);
		for (int k = 0; k < 3000; k++)
			add("epoch loss NaN\n", true);
		add("loss ", false);
		_close_ int fd = open(path, O_WRONLY | O_APPEND | O_CLOEXEC);
		assert_int_equal(file_write_all(fd, text.data + from, text.len - from), 0);
		log_hits_changed(h, log_file_refresh(f), old);
		work();
	}
	assert_hits();
	int64_t old = f->size;
	assert_int_equal(truncate(path, 100), 0);
	log_hits_changed(h, log_file_refresh(f), old);
	work();
	assert_int_equal(h->total, 1);
	old = f->size;
	assert_int_equal(truncate(path, 0), 0);
	log_hits_changed(h, log_file_refresh(f), old);
	int64_t got;
	assert_true(log_hits_complete(h));
	assert_int_equal(h->total, 0);
	assert_int_equal(log_hits_next(h, -1, &got), FOUND_NONE);
	assert_int_equal(log_hits_previous(h, 0, &got), FOUND_NONE);
	assert_int_equal(log_hits_ordinal(h, 0), 0);
}

static void long_lines_are_found_once(void **state)
{
	for (int i = 0; i < 3; i++) {
		vec_push(&wanted, (int64_t)text.len);
		buf_fill(&text, 'x', LOG_BLOCK * 3);
		buf_adds(&text, "needle");
		buf_fill(&text, 'x', LOG_BLOCK * 3 - i);
		buf_adds(&text, "\nother\n");
	}
	look_for("need.e", 0);
	work();
	assert_hits();
}

static void nothing_to_look_in(void **state)
{
	int64_t got;
	look_for("x", 0);
	assert_false(log_hits_work(h, 4000));
	assert_hits();
	assert_int_equal(log_hits_next(h, 5, &got), FOUND_NONE);
	log_hits_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(hits_are_counted_and_found, begin, end),
		cmocka_unit_test_setup_teardown(the_order_does_not_matter, begin, end),
		cmocka_unit_test_setup_teardown(errors_are_hits_too, begin, end),
		cmocka_unit_test_setup_teardown(growth_is_followed, begin, end),
		cmocka_unit_test_setup_teardown(long_lines_are_found_once, begin, end),
		cmocka_unit_test_setup_teardown(nothing_to_look_in, begin, end),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
