/* A scratch project, and short forms for reading pipelines in it. */
#ifndef TESTS_RUNNER_PIPELINE_CASE_H
#define TESTS_RUNNER_PIPELINE_CASE_H

#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <unistd.h>
#include "base/file.h"
#include "base/json.h"
#include "base/path.h"
#include "base/time.h"
#include "runner/pipeline/pipeline.h"

static char *case_root;
static struct pipeline *case_p; /* what was read last */
static struct buf case_faults = BUF_INIT;
static struct err case_e;

static int case_setup(void **state)
{
	const char *tmp = getenv("TMPDIR");
	_free_ char *dir = NULL;

	if (file_temp_dir(tmp ? tmp : "/tmp", "pipeline", &dir, &case_e) < 0)
		return -1;
	case_root = path_join(dir, "penguins");
	return file_mkdirs(case_root, 0755, &case_e);
}

static int case_teardown(void **state)
{
	_free_ char *dir = path_parent(case_root);

	pipeline_free(case_p);
	case_p = NULL;
	buf_release(&case_faults);
	free(case_root);
	return file_remove_tree(dir, &case_e);
}
#define case_test(f) cmocka_unit_test_setup_teardown(f, case_setup, case_teardown)

__attribute__((unused)) static void case_file(const char *rel, const char *text)
{
	_free_ char *path = path_join(case_root, rel);

	assert_int_equal(file_mkdirs_parent(path, 0755, &case_e), 0);
	assert_int_equal(file_write(path, text, strlen(text), 0644, &case_e), 0);
}

static int case_read(const char *text, size_t len, const struct pipeline_options *more)
{
	struct pipeline_options o = more ? *more : (struct pipeline_options){0};

	o.root = case_root;
	pipeline_free(case_p);
	case_p = NULL;
	buf_release(&case_faults);
	case_e = (struct err){0};
	return pipeline_parse(text, len, &o, &case_p, &case_faults, &case_e);
}

__attribute__((unused)) static void good(const char *text)
{
	if (case_read(text, strlen(text), NULL) < 0)
		fail_msg("%s", case_faults.data);
	assert_non_null(case_p);
}

/* Refused, and a line of the faults is `line` to its end or begins with it. */
__attribute__((unused)) static void bad(const char *text, const char *line)
{
	int r = case_read(text, strlen(text), NULL);

	assert_null(case_p);
	assert_int_equal(r, ERR_USAGE);
	const char *at = strstr(case_faults.data, line);
	if (!at || (at != case_faults.data && at[-1] != '\n'))
		fail_msg("no line of \"%s\" begins with \"%s\"", case_faults.data, line);
}

__attribute__((unused)) static const struct step *step_of(const char *name)
{
	int i = pipeline_find(case_p, name);

	if (i < 0)
		fail_msg("no step %s", name);
	return &case_p->steps[i];
}

__attribute__((unused)) static void assert_value(const json_t *v, const char *want)
{
	_buf_ struct buf out = BUF_INIT;

	json_canonical(&out, v);
	assert_string_equal(out.data, want);
}

/* What the file says of a step: of one key, or (NULL) all. */
__attribute__((unused)) static void assert_declared(const char *step, const char *key, const char *want)
{
	_json_ json_t *all = pipeline_declared(case_p, pipeline_find(case_p, step));

	assert_value(key ? json_object_get(all, key) : all, want);
}

/* Names in order, parted by blanks. */
__attribute__((unused)) static void assert_order(const char *want)
{
	_buf_ struct buf out = BUF_INIT;

	for (size_t i = 0; i < case_p->nsteps; i++)
		buf_addf(&out, "%s%s", i ? " " : "", case_p->steps[i].name);
	assert_string_equal(out.data, want);
}

/* "clean! raw": needs of a step, "!" behind those that hand data over. */
__attribute__((unused)) static void assert_needs(const char *step, const char *want)
{
	const struct step *s = step_of(step);
	_buf_ struct buf out = BUF_INIT;

	for (size_t i = 0; i < s->nneeds; i++)
		buf_addf(&out, "%s%s%s", i ? " " : "", case_p->steps[s->needs[i].step].name,
		         s->needs[i].data ? "!" : "");
	assert_string_equal(out.data, want);
}

/* "f:data/x<clean g:*.csv": kind, path, "/" of a folder, producer. */
__attribute__((unused)) static void assert_inputs(const char *step, const char *want)
{
	const struct step *s = step_of(step);
	_buf_ struct buf out = BUF_INIT;

	for (size_t i = 0; i < s->ninputs; i++) {
		const struct step_input *in = &s->inputs[i];
		buf_addf(&out, "%s%c:%s%s", i ? " " : "", "fglu"[in->kind], in -> path, in -> folder ? "/" : "");
		if (in->producer >= 0)
			buf_addf(&out, "<%s", case_p->steps[in->producer].name);
		if (in->from_glob)
			buf_addf(&out, "(%s)", in->from_glob);
	}
	assert_string_equal(out.data, want);
}

#endif
