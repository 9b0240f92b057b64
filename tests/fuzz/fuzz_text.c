/* Any text as a number, a size, a time, a duration, a path, a word of a shell: what is read is written and read again
 * the same. */
#include "base/text.h"
#include "base/time.h"
#include "target.h"

static void check_numbers(const char *s, size_t n)
{
	double v, again;
	int64_t i, j;
	char out[32], small[16], iso[28];

	if (number_parse(s, n, &v)) {
		number_exact(v, out);
		must(number_parse(out, strlen(out), &again) &&
		     (!memcmp(&v, &again, sizeof v) || (v != v && again != again)));
		number_short(v, out);
		must(*out && strlen(out) < sizeof out);
	}
	if (integer_parse(s, INT64_MIN, INT64_MAX, &i)) {
		snprintf(out, sizeof out, "%lld", (long long)i);
		must(integer_parse(out, i, i, &j) && i == j);
		count_text(i, out);
		must(strspn(out, "-0123456789,") == strlen(out));
		time_iso(i, iso);
		must(strlen(iso) < sizeof iso);
		must(!integer_parse(s, -5, 5, &j) == (i < -5 || i > 5));
	}
	if (size_parse(s, &i)) {
		must(i >= 0);
		size_text(i, small);
	}
	if (time_from_iso(s, &i)) {
		time_iso(i, iso);
		must(time_from_iso(iso, &j) && i == j);
	}
	if (duration_parse(s, &i)) {
		must(i >= 0);
		duration_clock(i, (char[24]){0});
		duration_age(i, small);
	}
}

/* The word as a POSIX shell reads the quoting. */
static void check_quoted(const char *s)
{
	_buf_ struct buf quoted = BUF_INIT, word = BUF_INIT;
	const char *p;

	text_shell_quote(&quoted, s);
	for (p = quoted.data; *p;) {
		if (*p == '\'') {
			const char *end = strchr(p + 1, '\'');

			must(end != NULL);
			buf_add(&word, p + 1, (size_t)(end - p - 1));
			p = end + 1;
		} else if (*p == '\\') {
			must(p[1] != 0 && p[1] != '\n');
			buf_addc(&word, p[1]);
			p += 2;
		} else {
			must(!strchr(" \t\n\"$`;&|<>()*?[#~!{}", *p) || (p > quoted.data && strchr("#~!{}", *p)));
			buf_addc(&word, *p++);
		}
	}
	must(quoted.len && !strcmp(word.data, s));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const words[] = {"train", "evaluate", "prepare", "lr", "seed"};
	_free_ char *s = mem_strndup((const char *)data, size);
	bool folder, again_folder;

	check_numbers(s, strlen(s));
	check_quoted(s);
	text_nearest(s, words, ARRAY_LEN(words));
	_free_ char *normal = path_normal(s, &folder), *again = path_normal(normal, &again_folder);
	must(!strcmp(normal, again));
	must(path_check_inside(s) || !path_check_inside(normal));
	_free_ char *parent = path_parent(s), *joined = path_join(parent, path_base(s)), *attempt = path_attempt(s, 3);
	must(*parent && joined && strlen(attempt) < 128 &&
	     strspn(attempt, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.+-@") == strlen(attempt));
	return 0;
}
