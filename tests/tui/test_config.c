#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "tui/config.h"

static void all_settings_are_read(void **state)
{
	_cleanup_(config_release) struct config c;
	_buf_ struct buf faults = BUF_INIT;

	config_parse("config",
		"# mine\n\n  theme=dark # at night\r\nambiguous = wide\n\tmouse = off\n"
		"key runs c = delete\nkey log Ctrl-f = none # not this\nkey all x=quit\nkey metrics = = zoom-in\nkey "
		"metrics # = zoom-out\n"
		"key run Ctrl-= = fold\nkey runs ü = note", &c, &faults);
	assert_string_equal(faults.data, "");
	assert_string_equal(c.theme, "dark");
	assert_true(c.wide && c.no_mouse);
	static const struct config_key keys[] = {
	        {"runs", "c", "delete", 6},     {"log", "Ctrl-f", "none", 7},     {"all", "x", "quit", 8},
	        {"metrics", "=", "zoom-in", 9}, {"metrics", "#", "zoom-out", 10}, {"run", "Ctrl-=", "fold", 11},
	        {"runs", "ü", "note", 12},
	};
	assert_int_equal(c.nkeys, ARRAY_LEN(keys));
	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		assert_string_equal(c.keys[i].screen, keys[i].screen);
		assert_string_equal(c.keys[i].key, keys[i].key);
		assert_string_equal(c.keys[i].action, keys[i].action);
		assert_int_equal(c.keys[i].line, keys[i].line);
	}
}

static void the_usual_values_are_values_too(void **state)
{
	_cleanup_(config_release) struct config c;
	_buf_ struct buf faults = BUF_INIT;

	config_parse("config", "ambiguous = narrow\nmouse = on\n", &c, &faults);
	assert_string_equal(faults.data, "");
	assert_false(c.wide || c.no_mouse);
	assert_null(c.theme);
	assert_int_equal(c.nkeys, 0);
}

static void faults_are_told_and_the_rest_holds(void **state)
{
	static const struct { const char *text, *wanted; } rows[] = {
		{ "dark", "config:1: a line is NAME = VALUE" },
		{ "theme dark", "config:1: a line is NAME = VALUE" },
		{ "= dark", "config:1: a line is NAME = VALUE" },
		{ "theme =", "config:1: theme has no value" },
		{ "theme = # dark", "config:1: theme has no value" },
		{ "theem = dark", "there is no setting \"theem\" (did you mean \"theme\"?)" },
		{ "colour = red", "there is no setting \"colour\"; there are: theme, ambiguous, mouse, key" },
		{ "theme = a\ntheme = b", "config:2: theme is set already, in line 1" },
		{ "mouse = on\nmouse = off", "config:2: mouse is set already, in line 1" },
		{ "ambiguous = wide\nambiguous = wide", "config:2: ambiguous is set already, in line 1" },
		{ "mouse = no", "config:1: mouse is on or off, not \"no\"" },
		{ "ambiguous = broad", "config:1: ambiguous is narrow or wide, not \"broad\"" },
		{ "key", "config:1: a key is set by: key SCREEN KEY = ACTION" },
		{ "key = x", "a key is set by" },
		{ "key runs", "a key is set by" },
		{ "key runs c", "a key is set by" },
		{ "key runs c delete", "a key is set by" },
		{ "key runs =", "a key is set by" },
		{ "key runs c =", "the action is missing (\"none\" takes a key away)" },
		{ "key runs c = delete all", "the action is one word" },
	};

	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		_cleanup_(config_release) struct config c;
		_buf_ struct buf faults = BUF_INIT, text = BUF_INIT;

		buf_addf(&text, "%s\nkey all q = quit\n", rows[i].text);
		config_parse("config", text.data, &c, &faults);
		if (!strstr(faults.data, rows[i].wanted))
			fail_msg("\"%s\" is not in \"%s\"", rows[i].wanted, faults.data);
		assert_ptr_equal(strchr(faults.data, '\n'), faults.data + faults.len - 1);
		assert_int_equal(c.nkeys, 1);
		/* Nobody has to listen. */
		struct config again;
		config_parse("config", text.data, &again, NULL);
		config_release(&again);
	}
	_cleanup_(config_release) struct config c;
	config_parse("config", "theme = a\ntheme = b\nmouse = no\n", &c, NULL);
	assert_string_equal(c.theme, "a");
	assert_false(c.no_mouse);
}

static void the_file_is_found(void **state)
{
	_free_ char *folder = NULL, *file = NULL, *below = NULL;
	_buf_ struct buf faults = BUF_INIT;
	struct config c;
	struct err e;

	assert_int_equal(file_temp_dir("/tmp", "test_config", &folder, &e), 0);
	file = mem_printf("%s/.config/jig/config", folder);
	setenv("HOME", folder, 1);
	unsetenv("XDG_CONFIG_HOME");
	config_load(&c, &faults);
	assert_string_equal(faults.data, "");
	assert_string_equal(c.path, file);
	assert_null(c.theme);
	config_release(&c);

	assert_int_equal(file_mkdirs_parent(file, 0755, &e), 0);
	assert_int_equal(file_write(file, "theme = dark\nmuose = on\n", 24, 0644, &e), 0);
	config_load(&c, &faults);
	assert_string_equal(c.theme, "dark");
	assert_string_equal(faults.data, "config:2: there is no setting \"muose\" (did you mean \"mouse\"?)\n");
	config_release(&c);
	buf_reset(&faults);

	assert_int_equal(file_write(file, "theme = dark\nmo\0se", 18, 0644, &e), 0);
	config_load(&c, &faults);
	assert_non_null(strstr(faults.data, "holds a NUL byte"));
	assert_string_equal(c.theme, "dark");
	config_release(&c);
	buf_reset(&faults);

	/* A folder in its place, and one that is named by XDG_CONFIG_HOME. */
	below = mem_printf("%s/jig/config", folder);
	assert_int_equal(file_mkdirs(below, 0755, &e), 0);
	setenv("XDG_CONFIG_HOME", folder, 1);
	config_load(&c, &faults);
	assert_string_equal(c.path, below);
	assert_int_equal(strncmp(faults.data, "config: ", 8), 0);
	assert_non_null(strstr(faults.data, below));
	assert_null(c.theme);
	config_release(&c);
	config_load(&c, NULL);
	config_release(&c);
	buf_reset(&faults);

	setenv("XDG_CONFIG_HOME", "not/absolute", 1);
	config_load(&c, NULL);
	assert_string_equal(c.path, file);
	config_release(&c);
	unsetenv("HOME");
	config_load(&c, &faults);
	assert_null(c.path);
	assert_string_equal(faults.data, "");
	config_release(&c);
	assert_int_equal(file_remove_tree(folder, &e), 0);
}

static void the_environment_goes_before_the_file(void **state)
{
	_cleanup_(config_release) struct config c;

	config_parse("config", "theme = dark\n", &c, NULL);
	unsetenv("JIG_THEME");
	assert_string_equal(config_theme(&c), "dark");
	setenv("JIG_THEME", "", 1);
	assert_string_equal(config_theme(&c), "dark");
	setenv("JIG_THEME", "light", 1);
	assert_string_equal(config_theme(&c), "light");
	unsetenv("JIG_THEME");
	config_release(&c);
	assert_string_equal(config_theme(&c), "default");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_settings_are_read),
		cmocka_unit_test(the_usual_values_are_values_too),
		cmocka_unit_test(faults_are_told_and_the_rest_holds),
		cmocka_unit_test(the_file_is_found),
		cmocka_unit_test(the_environment_goes_before_the_file),
	};

	return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
