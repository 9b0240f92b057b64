#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/mem.h"
#include "base/text.h"
#include "base/utf8.h"
#include "tui/action.h"

static void keymap_freep(struct keymap **m)
{
	keymap_free(*m);
}

static struct key key_of(const char *name)
{
	struct key k;

	if (!key_parse(name, &k))
		fail_msg("%s is no key", name);
	return k;
}

static enum action on(const struct keymap *m, enum screen s, const char *name)
{
	return keymap_find(m, s, key_of(name));
}

/* What a config's text makes of the defaults. */
static struct keymap *changed(const char *text, struct buf *faults)
{
	_cleanup_(config_release) struct config c;
	struct keymap *m = keymap_new();

	config_parse("config", text, &c, faults);
	c.path = mem_strdup("config");
	keymap_set(m, &c, faults);
	return m;
}

static void every_action_can_be_told_and_found(void **state)
{
	for (int a = 1; a < ACT_COUNT; a++) {
		const struct action_def *d = action_def(a);

		assert_int_equal(action_find(d->name), a);
		assert_true(d->name[0] && d->help[0] && d->screens && !(d->screens & ~(unsigned)ON_ALL));
		assert_true(utf8_valid(d->help, strlen(d->help)));
		for (const char *s = d->name; *s; s++)
			assert_true((*s >= 'a' && *s <= 'z') || *s == '-');
		/* One row of the palette, the help and the manual. */
		assert_in_range(utf8_cells(d->name, strlen(d->name)), 2, 16);
		assert_in_range(utf8_cells(d->help, strlen(d->help)), 4, 66);
		assert_in_range(utf8_cells(d->foot, strlen(d->foot)), 0, 10);
		assert_true(d->help[strlen(d->help) - 1] != '.');
	}
	assert_int_equal(action_find(""), ACT_NONE);
	assert_int_equal(action_find("none"), ACT_NONE);
	assert_int_equal(action_find("Quit"), ACT_NONE);
}

static void screens_have_names(void **state)
{
	for (int s = 0; s < SCREEN_COUNT; s++) {
		assert_int_equal(screen_find(screen_name(s)), s);
		assert_true(screen_title(s)[0] >= 'A' && screen_title(s)[0] <= 'Z');
	}
	assert_int_equal(screen_find("all"), -1);
	assert_int_equal(screen_find(""), -1);
}

static void no_key_has_two_meanings_on_one_screen(void **state)
{
	for (int a = 1; a < ACT_COUNT; a++) {
		_free_ char *keys = mem_strdup(action_def(a)->keys);
		char *save = NULL;
		int n = 0;

		for (char *name = strtok_r(keys, " ", &save); name; name = strtok_r(NULL, " ", &save), n++) {
			struct key k = key_of(name);

			for (int b = a; b < ACT_COUNT; b++) {
				_free_ char *others = mem_strdup(action_def(b)->keys);
				char *at = NULL;

				for (char *other = strtok_r(others, " ", &at); other; other = strtok_r(NULL, " ", &at))
					if (other - others != name - keys && a == b)
						assert_false(key_equal(k, key_of(other)));
					else if (a != b && key_equal(k, key_of(other)) &&
					         action_def(a)->screens & action_def(b)->screens)
						fail_msg("%s is both %s and %s", name, action_def(a)->name,
						         action_def(b)->name);
			}
		}
		assert_true(n > 0);
	}
}

static void defaults_hold_on_their_screens_alone(void **state)
{
	_cleanup_(keymap_freep) struct keymap *m = keymap_new();

	for (int a = 1; a < ACT_COUNT; a++) {
		const struct action_def *d = action_def(a);
		_free_ char *first = mem_strndup(d->keys, strcspn(d->keys, " "));

		for (int s = 0; s < SCREEN_COUNT; s++) {
			if (d->screens & ON(s)) {
				assert_int_equal(on(m, s, first), a);
				assert_true(key_equal(keymap_key(m, s, a), key_of(first)));
			} else {
				assert_int_not_equal(on(m, s, first), a);
				assert_int_equal(keymap_key(m, s, a).code, 0);
			}
		}
	}
	assert_int_equal(on(m, SCREEN_RUNS, "N"), ACT_NOTE);
	assert_int_equal(on(m, SCREEN_LOG, "N"), ACT_PREVIOUS_HIT);
	assert_int_equal(on(m, SCREEN_LOG, "End"), ACT_LAST);
	assert_int_equal(on(m, SCREEN_RUNS, "F9"), ACT_NONE);
	assert_int_equal(keymap_find(m, SCREEN_RUNS, (struct key){ 0 }), ACT_NONE);
}

static void keys_can_be_given_another_meaning(void **state)
{
	_buf_ struct buf faults = BUF_INIT;
	_cleanup_(keymap_freep) struct keymap *m = changed(
	        "key runs c = delete\nkey runs F9 = compare\nkey all x = quit\nkey log Space = page-down\n", &faults);

	assert_string_equal(faults.data, "");
	assert_int_equal(on(m, SCREEN_RUNS, "c"), ACT_DELETE);
	assert_int_equal(on(m, SCREEN_RUNS, "d"), ACT_DELETE);
	/* What is set stands in the foot line. */
	assert_true(key_equal(keymap_key(m, SCREEN_RUNS, ACT_DELETE), key_of("c")));
	assert_true(key_equal(keymap_key(m, SCREEN_RUNS, ACT_COMPARE), key_of("F9")));
	for (int s = 0; s < SCREEN_COUNT; s++)
		assert_int_equal(on(m, s, "x"), ACT_QUIT);
	assert_int_equal(on(m, SCREEN_LOG, "Space"), ACT_PAGE_DOWN);
	assert_int_equal(on(m, SCREEN_RUNS, "Space"), ACT_MARK);
	assert_int_equal(on(m, SCREEN_METRICS, "Space"), ACT_OVERLAY);
}

static void all_means_the_screens_where_the_action_holds(void **state)
{
	_buf_ struct buf faults = BUF_INIT;
	_cleanup_(keymap_freep) struct keymap *m = changed("key all s = wrap\n", &faults);

	assert_string_equal(faults.data, "");
	assert_int_equal(on(m, SCREEN_LOG, "s"), ACT_WRAP);
	assert_int_equal(on(m, SCREEN_RUNS, "s"), ACT_STOP);
	assert_int_equal(on(m, SCREEN_HELP, "s"), ACT_NONE);
}

static void none_takes_a_key_away(void **state)
{
	_buf_ struct buf faults = BUF_INIT;
	_cleanup_(keymap_freep) struct keymap *m =
	        changed("key runs q = none\nkey all Ctrl-z = none\nkey runs F12 = none\nkey log k = none\n", &faults);

	assert_string_equal(faults.data, "");
	assert_int_equal(on(m, SCREEN_RUNS, "q"), ACT_NONE);
	assert_int_equal(keymap_key(m, SCREEN_RUNS, ACT_QUIT).code, 0);
	assert_int_equal(on(m, SCREEN_RUN, "q"), ACT_QUIT);
	for (int s = 0; s < SCREEN_COUNT; s++)
		assert_int_equal(on(m, s, "Ctrl-z"), ACT_NONE);
	assert_int_equal(on(m, SCREEN_LOG, "Up"), ACT_UP);
	assert_int_equal(on(m, SCREEN_LOG, "k"), ACT_NONE);
}

static void the_last_line_wins(void **state)
{
	_buf_ struct buf faults = BUF_INIT;
	_cleanup_(keymap_freep) struct keymap *m =
	        changed("key runs c = delete\nkey runs c = note\nkey runs d = none\nkey runs d = stop\nkey runs s = "
	                "stop\nkey runs s = none\n",
	                &faults);

	assert_int_equal(on(m, SCREEN_RUNS, "c"), ACT_NOTE);
	assert_int_equal(on(m, SCREEN_RUNS, "d"), ACT_STOP);
	assert_int_equal(on(m, SCREEN_RUNS, "s"), ACT_NONE);
	assert_true(key_equal(keymap_key(m, SCREEN_RUNS, ACT_NOTE), key_of("c")));
	assert_true(key_equal(keymap_key(m, SCREEN_RUNS, ACT_STOP), key_of("d")));
	assert_int_equal(keymap_key(m, SCREEN_RUNS, ACT_DELETE).code, 0);
}

static void faults_are_told_and_the_other_keys_hold(void **state)
{
	static const struct { const char *line, *fault;
	} rows[] = {
	        {"key rums c = delete", "config:1: there is no screen \"rums\" (did you mean \"runs\"?)\n"},
	        {"key al c = quit", "config:1: there is no screen \"al\" (did you mean \"all\"?)\n"},
	        {"key zzzzzzzz c = quit", "config:1: there is no screen \"zzzzzzzz\"\n"},
	        {"key runs Hyper-x = quit",
	         "config:1: there is no key \"Hyper-x\"; keys are written x, Ctrl-x, Alt-x, F5, PgUp, Space\n"},
	        {"key runs F13 = quit",
	         "config:1: there is no key \"F13\"; keys are written x, Ctrl-x, Alt-x, F5, PgUp, Space\n"},
	        {"key runs c = delet", "config:1: there is no action \"delet\" (did you mean \"delete\"?)\n"},
	        {"key runs c = qqqqqqqqqqqq", "config:1: there is no action \"qqqqqqqqqqqq\"\n"},
	        {"key runs c = wrap", "config:1: \"wrap\" does nothing on the screen \"runs\"\n"},
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_buf_ struct buf faults = BUF_INIT;
		_free_ char *text = mem_printf("%s\nkey runs F9 = note\n", rows[i].line);
		_cleanup_(keymap_freep) struct keymap *m = changed(text, &faults);

		assert_string_equal(faults.data, rows[i].fault);
		assert_int_equal(on(m, SCREEN_RUNS, "c"), ACT_COMPARE);
		assert_int_equal(on(m, SCREEN_RUNS, "F9"), ACT_NOTE);
	}
}

static void each_fault_has_its_line(void **state)
{
	_buf_ struct buf faults = BUF_INIT;
	_cleanup_(keymap_freep) struct keymap *m =
	        changed("# mine\nkey runs c = nope\n\nkey nowhere c = quit\nkey log c = mark\n", &faults);

	assert_non_null(m);
	assert_non_null(strstr(faults.data, "config:2: "));
	assert_non_null(strstr(faults.data, "config:4: "));
	assert_non_null(strstr(faults.data, "config:5: "));
	keymap_free(NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_action_can_be_told_and_found),
		cmocka_unit_test(screens_have_names),
		cmocka_unit_test(no_key_has_two_meanings_on_one_screen),
		cmocka_unit_test(defaults_hold_on_their_screens_alone),
		cmocka_unit_test(keys_can_be_given_another_meaning),
		cmocka_unit_test(all_means_the_screens_where_the_action_holds),
		cmocka_unit_test(none_takes_a_key_away),
		cmocka_unit_test(the_last_line_wins),
		cmocka_unit_test(faults_are_told_and_the_other_keys_hold),
		cmocka_unit_test(each_fault_has_its_line),
	};
	return cmocka_run_group_tests(tests, NULL, NULL);
}
