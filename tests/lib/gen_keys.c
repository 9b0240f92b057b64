/* gen_keys SEED N: prints a script (tui/workbench/script.h) of N random keys, clicks, texts and sizes, the same for the
 * same seed. What it plays changes tags, notes and names of runs and takes runs out of the record; it starts and stops
 * nothing, and does not quit. */
#include <stdint.h>
#include <stdio.h>
#include "base/mem.h"
#include "base/text.h"

static uint64_t state;

static int below(int n)
{
	state = state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
	return (int)((state >> 33) % (uint64_t)n);
}

#define PICK(v) (v)[below((int)ARRAY_LEN(v))]

static void print_text(void)
{
	static const char *const words[] = {
	        "epoch",
	        "state = failed",
	        "metrics.acc > 0.9",
	        "metrics.acc >",
	        "name = \"",
	        "(",
	        "[a-z",
	        "heron",
	        "error|warn",
	        "日本語",
	        "e\xcc\x81",
	        "\xe2\x80\xae",
	        "params.train.lr",
	        "owner=blue",
	        "zzz",
	        "1",
	        ".*",
	        "AND OR",
	};

	printf(":type %s\n", PICK(words));
}

static void print_one(int *rows, int *cols)
{
	static const char *const moves[] = {"Up", "Down", "Left", "Right", "PgUp", "PgDn", "Home",   "End",
	                                    "j",  "k",    "h",    "l",     "g",    "G",    "Ctrl-b", "Ctrl-f"};
	static const char *const others[] = {
	        "Enter",  "Enter",  "Enter", "Esc",    "Esc",   "Tab",       "Space", "c",         "S",
	        "C",      "z",      "y",     "L",      "T",     "e",         "1",     "2",         "3",
	        "4",      "5",      "6",     "n",      "N",     "&",         "E",     "F",         "w",
	        "o",      "=",      "-",     "0",      "x",     "m",         "a",     "v",         "?",
	        "Ctrl-l", "Ctrl-z", "F9",    "Insert", "Alt-x", "Shift-Tab", "é",     "Backspace", "Delete"};
	static const char *const asked[] = {"s", "p", "d", "r", "t", "N"};
	static const char *const clicks[] = {"click", "click", "click", "double", "wheel-up", "wheel-down"};
	static const int sizes[][2] = {{24, 80}, {24, 80}, {40, 120}, {60, 200}, {10, 40},
	                               {9, 39},  {1, 1},   {16, 60},  {11, 300}, {100, 41}};
	int what = below(100);

	if (what < 42) {
		puts(PICK(moves));
	} else if (what < 80) {
		puts(PICK(others));
	} else if (what < 86) {
		puts(below(2) ? "/" : " :");
		print_text();
		puts(below(3) ? "Backspace Left Ctrl-w" : "Ctrl-a Delete");
		puts("Esc");
	} else if (what < 89) {
		puts("/");
		print_text();
		puts("Enter");
	} else if (what < 91) {
		printf("%s Esc\n", PICK(asked));
	} else if (what < 98) {
		/* Not into the foot line: there are the keys that start runs. */
		printf(":%s %d %d\n", PICK(clicks), below(*rows > 1 ? *rows - 1 : 1), below(*cols));
	} else {
		int i = below((int)ARRAY_LEN(sizes));

		*rows = sizes[i][0];
		*cols = sizes[i][1];
		printf(":size %dx%d\n", *cols, *rows);
	}
}

int main(int argc, char **argv)
{
	int64_t seed, n;
	int rows = 24, cols = 80;

	if (argc != 3 || !integer_parse(argv[1], 0, INT64_MAX, &seed) || !integer_parse(argv[2], 0, 1000000, &n)) {
		fprintf(stderr, "usage: gen_keys SEED N\n");
		return 2;
	}
	state = (uint64_t)seed;
	puts(":clock 2026-11-21T10:42:00Z");
	for (int64_t i = 0; i < n; i++) {
		print_one(&rows, &cols);
		puts(":steady");
	}
	return 0;
}
