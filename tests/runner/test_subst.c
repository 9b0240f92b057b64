#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <sys/wait.h>
#include <unistd.h>
#include "base/json.h"
#include "runner/pipeline/subst.h"
#include "runner/pipeline/yaml.h"

static struct err e;
static json_t *params, *matrix;
static unsigned asked; /* random commands, as the first argument says; the second is a seed */

static struct subst about(void)
{
	return (struct subst){.params = params, .matrix = matrix, .step_name = "train[lr]"};
}

static const char *substituted(const char *text, enum subst_how how, int want)
{
	static struct buf out = BUF_INIT;
	struct subst s = about();

	buf_release(&out);
	e = (struct err){0};
	int r = subst_text(text, &s, how, NULL, NULL, &out, NULL, &e);
	if (r != want)
		fail_msg("%s: %d %s", text, r, e.text);
	return r < 0 ? e.text : out.data;
}
#define plain(text, want) assert_string_equal(substituted(text, SUBST_PLAIN, 0), want)
#define shell(text, want) assert_string_equal(substituted(text, SUBST_SHELL, 0), want)
#define refused(text, how, part) \
	do { \
		const char *got_ = substituted(text, how, ERR_USAGE); \
		if (!strstr(got_, part)) \
			fail_msg("\"%s\" does not say \"%s\"", got_, part); \
	} while (0)

static int setup(void **state)
{
	return yaml_value("{lr: 0.1, seed: 7, big: 1e300, neg: -0.0, name: 'a b', q: \"it's \\\"$HOME\\\" `x` \\\\ "
	                  "!\", empty: '', "
	                  "lines: \"a\\nb\", train: {depth: 3}, list: [1, 'x y'], yes: true, none: null, nan: .nan, "
	                  "eof: EOF, cmd: '; echo pwned', "
	                  "star: '*', dash: -n, dollar: '$(echo pwned)'}",
	                  &params, &e) |
	       yaml_value("{model: lr, k: 2}", &matrix, &e);
}

static int teardown(void **state)
{
	json_decref(params);
	json_decref(matrix);
	substituted("", SUBST_PLAIN, 0);
	return 0;
}

static void texts(void **state)
{
	plain("", "");
	plain("x", "x");
	plain("${params.lr}|${params.seed}|${params.train.depth}", "0.1|7|3");
	plain("${params.big} ${params.neg} ${params.nan}", "1e+300 -0.0 NaN");
	plain("${params.name}${params.empty}", "a b");
	plain("${params.yes} ${params.none}", "true null");
	plain("${params.list} ${params.train}", "[1,\"x y\"] {\"depth\":3}");
	plain("models/${matrix.model}/${matrix.k}.pkl", "models/lr/2.pkl");
	plain("${step.name}", "train[lr]");
	/* Not known yet. */
	plain("${run.number} ${run.name} ${step.attempt}", "${run.number} ${run.name} ${step.attempt}");
	/* The shell's. */
	plain("${HOME} $HOME ${params} ${params:-x} ${run} $params.lr ${ params.lr} $$ ${1} $",
	      "${HOME} $HOME ${params} ${params:-x} ${run} $params.lr ${ params.lr} $$ ${1} $");
	plain("$${params.lr} $${matrix.x} $${HOME} $$${params.lr}", "${params.lr} ${matrix.x} $${HOME} $${params.lr}");
	assert_true(subst_has("a ${step.x"));
	assert_false(subst_has("${HOME} $params"));
	struct subst s = about();
	assert_ptr_equal(subst_value("${params.list}", &s), json_object_get(params, "list"));
	assert_null(subst_value("x${params.list}", &s));
	assert_null(subst_value("${params.lr}${params.lr}", &s));
	assert_null(subst_value("${params.no}", &s));
	assert_null(subst_value("${step.name}", &s));
}

static void known(void **state)
{
	struct subst s = about();
	_buf_ struct buf out = BUF_INIT;

	s.run_number = 17;
	s.run_name = "dull-heron";
	s.step_attempt = 2;
	assert_int_equal(
	        subst_text("${run.number} ${run.name} ${step.attempt}", &s, SUBST_SHELL, NULL, NULL, &out, NULL, &e),
	        0);
	assert_string_equal(out.data, "17 dull-heron 2");
}

static void faults(void **state)
{
	refused("${params.lrr}", SUBST_PLAIN, "${params.lrr} is not defined (did you mean \"params.lr\"?)");
	refused("${params.depth}", SUBST_PLAIN, "(did you mean \"params.train.depth\"?)");
	refused("${matrix.modle}", SUBST_PLAIN, "(did you mean \"matrix.model\"?)");
	refused("${run.numbr}", SUBST_PLAIN, "(did you mean \"run.number\"?); there are ${run.number} and ${run.name}");
	refused("${step.id}", SUBST_PLAIN, "there are ${step.name} and ${step.attempt}");
	refused("${params.}", SUBST_PLAIN, "${params.} is not defined");
	refused("${params.x:-1}", SUBST_PLAIN, "${params.x:-1} is not defined");
	refused("${params.lr", SUBST_PLAIN, "has no closing }");
	struct subst s = about();
	_buf_ struct buf out = BUF_INIT;
	size_t at = 0;
	assert_int_equal(subst_text("abc ${params.no}", &s, SUBST_PLAIN, NULL, NULL, &out, &at, &e), ERR_USAGE);
	assert_int_equal(at, 4);
	s.matrix = NULL;
	assert_int_equal(subst_text("${matrix.model}", &s, SUBST_PLAIN, NULL, NULL, &out, NULL, &e), ERR_USAGE);
	assert_non_null(strstr(e.text, "the step has no matrix"));
}

static void strange(const char *text, const char *want)
{
	struct subst s = about();
	size_t at = 0;
	int r = subst_check(text, &s, &at, &e);

	if (!want) {
		if (r != 0)
			fail_msg("%s: %s", text, e.text);
		return;
	}
	assert_int_equal(r, ERR_USAGE);
	assert_ptr_equal(text + at, strstr(text, "${"));
	if (!strstr(e.text, want))
		fail_msg("\"%s\" does not say \"%s\"", e.text, want);
}

/* What looks like a reference, and no shell can expand. */
static void near_references(void **state)
{
	strange("echo ${param.lr}", "${param.lr} is no reference of jig's, and no variable that a shell can have "
	                            "(did you mean \"${params.lr}\"?)");
	strange("echo \"x ${parms.lr}\"", "(did you mean \"${params.lr}\"?)");
	strange("echo ${matix.model}", "(did you mean \"${matrix.model}\"?)");
	strange("echo ${steps.name}", "(did you mean \"${step.name}\"?)");
	strange("echo ${train.depth}", "(did you mean \"${params.train.depth}\"?)");
	strange("echo ${config.x:-1}", "jig's begin with params., matrix., run. or step.");
	strange("cat <<E\n${param.lr}\nE\n", "params.lr");
	strange("echo $(cat ${param.lr})", "params.lr");
	/* In what the shell leaves alone it is data. */
	strange("echo '${param.lr}' '${a.$b.c}'", NULL);
	strange("echo 'it'\"'\"'s ${a.b}'", NULL);
	strange("python - <<'E'\nprint('${a.b} ${param.lr}')\nE\n", NULL);
	strange("echo \\${param.lr} \"\\${param.lr}\" $${param.lr}", NULL);
	strange("true # ${param.lr}\n", NULL);
	/* A shell's own. */
	strange("echo ${param} ${param-.lr} ${param:-a.b} ${1.} ${x%.*} $param.lr ${.x} ${param.lr", NULL);
	strange("echo ${params.lr} ${matrix.model} ${run.number} ${step.name}", NULL);
}

static void note(void *arg, const char *ref)
{
	buf_addf(arg, "%s;", ref);
}

static void seen(void **state)
{
	struct subst s = about();
	_buf_ struct buf out = BUF_INIT, refs = BUF_INIT;

	assert_int_equal(
	        subst_text("${params.lr} $${params.seed} ${run.number}", &s, SUBST_SHELL, note, &refs, &out, NULL, &e),
	        0);
	assert_string_equal(refs.data, "params.lr;run.number;");
}

static void quoting(void **state)
{
	shell("x --lr ${params.lr}", "x --lr 0.1");
	shell("x ${params.name}", "x 'a b'");
	shell("x ${params.empty} y", "x '' y");
	shell("x --n=${params.name}.txt", "x --n='a b'.txt");
	shell("x \"${params.name}\"", "x \"a b\"");
	shell("x '${params.name}'", "x 'a b'");
	shell("'${params.q}'", "'it'\\''s \"$HOME\" `x` \\ !'");
	shell("\"${params.q}\"", "\"it's \\\"\\$HOME\\\" \\`x\\` \\\\ !\"");
	shell("\"$(echo ${params.name})\"", "\"$(echo 'a b')\"");
	shell("\"$(echo \"${params.name}\")\" ${params.name}", "\"$(echo \"a b\")\" 'a b'");
	shell("$(${params.name})", "$('a b')");
	shell("# it's\nx ${params.name}", "# it's\nx 'a b'");
	shell("x \r#<${params.name}", "x \r#<'a b'");
	shell("x#'${params.name}'", "x#'a b'");
	shell("x <${params.name} >${params.name}", "x <'a b' >'a b'");
	shell("case $x in a) y ${params.name};; esac", "case $x in a) y 'a b';; esac");
	shell("(cd x && y ${params.name}) '${params.name}'", "(cd x && y 'a b') 'a b'");
	shell("echo \\\"${params.name}", "echo \\\"'a b'");
	shell("cat <<EOF\n${params.q}\nEOF\nx ${params.name}",
	      "cat <<EOF\nit's \"\\$HOME\" \\`x\\` \\\\ !\nEOF\nx 'a b'");
	shell("cat <<'EOF'\n${params.q}\nEOF\nx ${params.name}", "cat <<'EOF'\nit's \"$HOME\" `x` \\ !\nEOF\nx 'a b'");
	shell("cat <<-A <<B\n\tx\n\tA\n'\nB\nx ${params.name}", "cat <<-A <<B\n\tx\n\tA\n'\nB\nx 'a b'");
	shell("cat <<EOF\n${params.eof}x x${params.eof}\n x $(y '${params.name}')\nEOF\nx ${params.name}",
	      "cat <<EOF\nEOFx xEOF\n x $(y 'a b')\nEOF\nx 'a b'");
	shell("cat <<'$x'\n$(y)x\n$x\nx ${params.name}", "cat <<'$x'\n$(y)x\n$x\nx 'a b'");
	shell("cat <<A $(y ${params.name})\n${params.q}\nA\n",
	      "cat <<A $(y 'a b')\nit's \"\\$HOME\" \\`x\\` \\\\ !\nA\n");
	shell("echo $((1 << 2)) ${params.name}", "echo $((1 << 2)) 'a b'");
	shell("echo ${x:-y} ${#x} ${params.name}", "echo ${x:-y} ${#x} 'a b'");
	shell("x `y ${params.seed}` ${y:-${params.lr}}", "x `y 7` ${y:-0.1}");
	shell("x $${params.name} ${params.name}", "x ${params.name} 'a b'");
	shell("x ${run.name} ${params.name}", "x ${run.name} 'a b'");
}

static void unsure(void **state)
{
	refused("x `y ${params.name}`", SUBST_SHELL, "${params.name}: its value needs quotes");
	refused("x ${y:-${params.name}}", SUBST_SHELL, "put it into a variable first");
	refused("x $((${params.name}))", SUBST_SHELL, "needs quotes");
	refused("x $'a' ${params.name}", SUBST_SHELL, "needs quotes");
	refused("((x = ${params.name}))", SUBST_SHELL, "needs quotes");
	refused("x \\${params.name}", SUBST_SHELL, "needs quotes");
	refused("\"$(case x in a) y;; esac; z ${params.name})\"", SUBST_SHELL, "needs quotes");
	refused("cat <<${params.name}\nx\n", SUBST_SHELL, "needs quotes");
	refused("cat <<EOF\n${params.lines}\nEOF\n", SUBST_SHELL, "several lines");
	refused("cat <<EOF\n${params.eof}\nEOF\n", SUBST_SHELL, "ends the here-document");
	refused("cat <<EOF\n${params.eof}", SUBST_SHELL, "params.eof}: its value ends the here-document");
	refused("cat <<-xtrueEOF\n\tx${params.yes}EOF\nxtrueEOF\n", SUBST_SHELL, "ends the here-document");
	refused("cat <<EOF\n$(x\n${params.eof}\n)\nEOF\n", SUBST_SHELL, "ends the here-document");
	refused("cat <<EOF\n$(x '${params.lines}')\nEOF\n", SUBST_SHELL, "several lines");
	refused("cat <<EOF\n$(x\nEOF\n${params.name}", SUBST_SHELL, "needs quotes");
	refused("x $(cat <<EOF\nEOF) ${params.name}\nEOF\n)", SUBST_SHELL, "needs quotes");
	refused("x $(cat <<true\n${params.yes})\ntrue\n)", SUBST_SHELL, "ends the here-document");
	refused("x $(cat <<EOF)\n${params.name}\nEOF\n", SUBST_SHELL, "needs quotes");
	refused("cat <<EOF\nx\\\nEOF\n${params.name}\nEOF\n", SUBST_SHELL, "needs quotes");
	refused("x # ${params.lines}\n", SUBST_SHELL, "stands in a comment");
}

/* What sh makes of the command: the words of the value must come out as one, whatever they hold. */
static char *run_shell(const char *shell, const char *options, const char *command, int *ret_status)
{
	int fds[2];
	_buf_ struct buf out = BUF_INIT;

	assert_int_equal(pipe(fds), 0);
	pid_t pid = fork();
	if (!pid) {
		dup2(fds[1], 1);
		close(fds[0]);
		close(2);
		execle(shell, shell, options, command, (char *)NULL, (char *[]){"PATH=/nonexistent", NULL});
		_exit(127);
	}
	close(fds[1]);
	while (buf_read(&out, fds[0], 4096) > 0)
		;
	close(fds[0]);
	waitpid(pid, ret_status, 0);
	return buf_steal(&out);
}

static void as_sh_reads_it(void **state)
{
	static const char *const names[] = {"name", "q",    "empty",  "lines", "cmd",
	                                    "star", "dash", "dollar", "list",  "train"};
	static const char *const commands[] = {
	        "printf '%%s|' %s",
	        "printf '%%s|' \"%s\"",
	        "printf '%%s|' '%s'",
	        "x=%s; printf '%%s|' \"$x\"",
	        "printf '%%s|' \"$(printf %%s %s)\"",
	        "printf '%%s|' \"$(printf %%s \"%s\")\"",
	        "(printf '%%s|' %s)",
	        "case a in a) printf '%%s|' %s;; esac",
	        "# don't\nprintf '%%s|' %s",
	        "printf '%%s|' \"$(printf %%s \"$(printf %%s '%s')\")\"",
	        "if true; then printf '%%s|' \"\"%s''; fi",
	};

	for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
		_buf_ struct buf want = BUF_INIT;
		const json_t *v = json_object_get(params, names[i]);
		if (json_is_string(v))
			buf_adds(&want, json_string_value(v));
		else
			json_canonical(&want, v);
		buf_addc(&want, '|');
		for (size_t k = 0; k < sizeof commands / sizeof *commands; k++) {
			_free_ char *ref = mem_printf("${params.%s}", names[i]);
			_buf_ struct buf text = BUF_INIT;
			for (const char *p = commands[k]; *p; p++) {
				if (p[0] == '%' && p[1] == 's' && (p == commands[k] || p[-1] != '%'))
					buf_adds(&text, ref), p++;
				else if (p[0] == '%' && p[1] == '%')
					buf_addc(&text, '%'), p++, buf_addc(&text, p[1]), p++;
				else
					buf_addc(&text, *p);
			}
			int status;
			_free_ char *got =
			        run_shell("/bin/sh", "-euc", substituted(text.data, SUBST_SHELL, 0), &status);
			assert_int_equal(status, 0);
			if (strcmp(got, want.data))
				fail_msg("%s: \"%s\", not \"%s\"", text.data, got, want.data);
		}
	}
}

/* ---- random commands ---- */

static uint64_t state;

static unsigned pick(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}
#define ONE_OF(...) \
	((const char *const[]){__VA_ARGS__}[pick(sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))])

/* Whatever a shell makes of the command, it runs nothing that stands in the value. */
static void nothing_in_a_value_runs(void **unused)
{
	static const char *const shells[] = {"/bin/sh", "/bin/bash"};
	unsigned commands = asked ? asked : 400, ran = 0;

	for (unsigned i = 0; i < commands; i++) {
		_buf_ struct buf text = BUF_INIT, value = BUF_INIT, out = BUF_INIT;
		buf_adds(&text, ONE_OF("", "", "echo ", "cat <<E\n", "echo \"$(", "cat <<E $(cat <<E)\n"));
		for (unsigned n = 1 + pick(9), at = pick(n), k = 0; k < n; k++) {
			buf_adds(&text, ONE_OF("echo ", "a", " ", "\n", "'", "\"", "\\", "$(", "`", "${y:-", "$((", "(",
			                       ")", "}", "))", ";", "|", "&&", "#", " #", "<<E\n", "<<-E\n",
			                       "<<'E'\n", "<<\"E\" ", "E", "\nE\n", "\tE\n", "<<E;", "<<E)",
			                       "case a in a) ", "esac", ";; ", "$'", "$\"", "${y", "$y", "{ ", ":;",
			                       "if :; then ", "fi\n", "\\\n", "<<\\E\n", "x=", "\"$(", "\")", "<(",
			                       "((", "[[ ", "<<<", "\r"));
			if (k == at || !pick(9))
				buf_adds(&text, "${params.x}");
		}
		buf_adds(&text, ONE_OF("", "", "", "\nE\n", ")\"", "\n", "\"", "'", "}", "\nE\n)\nE\n"));
		for (unsigned n = 1 + pick(4); n; n--)
			buf_adds(&value, ONE_OF("'", "\"", "\n", "E", "\nE\n", "\\", "}", ")", "))", "a", " ", "$",
			                        "\t", "#", "esac", "&", "|", ";;", "`"));
		buf_adds(&value, ONE_OF("\necho P\"WN\"ED\n", ";echo P\"WN\"ED;", "$(echo P\"WN\"ED)",
		                        "`echo P\"WN\"ED`", "';echo P\"WN\"ED;'", "\";echo P\"WN\"ED;\"",
		                        "${y:-$(echo P\"WN\"ED)}", "\nE\necho P\"WN\"ED\n", "a[$(echo P\"WN\"ED)]"));
		_json_ json_t *x = json_pack("{s:s}", "x", value.data);
		struct subst s = {.params = x};
		if (subst_text(text.data, &s, SUBST_SHELL, NULL, NULL, &out, NULL, &e) < 0)
			continue;
		for (size_t k = 0; k < sizeof shells / sizeof *shells; k++) {
			int status;
			_free_ char *said = run_shell(shells[k], "-c", out.data, &status);
			if (strstr(said, "PWNED"))
				fail_msg("%s, command %u: %s\nran what stands in a value: %s", shells[k], i, out.data,
				         said);
		}
		ran++;
	}
	assert_true(ran > commands / 3);
}

int main(int argc, char **argv)
{
	if (argc > 1)
		asked = (unsigned)strtoul(argv[1], NULL, 10);
	state = argc > 2 ? strtoul(argv[2], NULL, 10) : 20261121;
	static const struct CMUnitTest tests[] = {
	        cmocka_unit_test(texts),           cmocka_unit_test(known),
	        cmocka_unit_test(near_references), cmocka_unit_test(faults),
	        cmocka_unit_test(seen),            cmocka_unit_test(quoting),
	        cmocka_unit_test(unsure),          cmocka_unit_test(as_sh_reads_it),
	        cmocka_unit_test(nothing_in_a_value_runs),
	};

	return cmocka_run_group_tests(tests, setup, teardown);
}
