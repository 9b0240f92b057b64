/* A value, a newline, a shell command that holds ${params.x}: refused, or a command in which the value is nothing but
 * data, whatever it holds: every other byte of the command stays as it was written. */
#include "base/json.h"
#include "runner/pipeline/subst.h"
#include "runner/pipeline/shell_scan.h"
#include "target.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	_free_ char *value = bytes_line(&in), *text = mem_strndup(in.n ? (const char *)in.p : "", in.n);
	_buf_ struct buf plain = BUF_INIT, shell = BUF_INIT, safe = BUF_INIT;
	struct err e = {0};
	size_t at = 0;

	if (!utf8_valid(value, strlen(value)))
		return 0;
	_json_ json_t *params = json_pack("{s:s}", "x", value), *word = json_pack("{s:s}", "x", "word");
	struct subst s = {.params = params, .run_number = 3, .run_name = "n", .step_name = "a", .step_attempt = 1},
	             other = s;
	other.params = word;
	int r = subst_text(text, &s, SUBST_PLAIN, NULL, NULL, &plain, &at, &e);
	if (r < 0) {
		must(r == e.code && *e.text && at <= strlen(text));
		return 0;
	}
	if (!subst_has(text))
		must(!strcmp(plain.data, text));
	e = (struct err){0};
	r = subst_text(text, &s, SUBST_SHELL, NULL, NULL, &shell, &at, &e);
	if (r < 0)
		must(r == e.code && *e.text && at <= strlen(text));
	/* A plain word needs no quotes and is refused only where it is the end of a here-document. */
	e = (struct err){0};
	must(subst_text(text, &other, SUBST_SHELL, NULL, NULL, &safe, &at, &e) >= 0 ||
	     strstr(e.text, "ends the here-document"));
	/* Alone, in no quotes, the value is read back as one word. */
	if (r >= 0 && !strcmp(text, "${params.x}")) {
		_buf_ struct buf quoted = BUF_INIT;
		_shell_scan_ struct shell_scan *scan = shell_scan_new();

		must(!shell_scan_quote(scan, value, &quoted) && !strcmp(quoted.data, shell.data));
	}
	return 0;
}
