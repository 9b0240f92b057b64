/* Hands every file of tests/fuzz/corpus to its fuzz target, once each, in order of names; what ever made a target fail
 * lies there too. A failure names the file first. Runs where tests/fuzz is, or with the folder of the sources as its
 * argument. */
#include <dirent.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"

typedef int target_fn(const uint8_t *data, size_t size);
#define X(name) target_fn fuzz_##name;
FUZZ_TARGETS
#undef X
static const struct { const char *name; target_fn *run; } targets[] = {
#define X(name) { #name, fuzz_##name },
	FUZZ_TARGETS
#undef X
};

static char now[4096];

static void tell(int sig)
{
	ssize_t ignored = write(STDERR_FILENO, now, strlen(now));

	(void)ignored;
	signal(sig, SIG_DFL);
	raise(sig);
}

struct replay { target_fn *run; int n; };

static int replay(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct replay *p = arg;
	_buf_ struct buf text = BUF_INIT;

	if (!S_ISREG(st->st_mode))
		return 0;
	snprintf(now, sizeof now, "failed on %s\n", abs);
	if (file_read(abs, 1 << 20, &text, e) < 0)
		return e->code;
	/* A copy of its exact size: a look beyond is seen. */
	uint8_t *own = mem_alloc(text.len ? text.len : 1);
	memcpy(own, text.data, text.len);
	p->run(own, text.len);
	free(own);
	p->n++;
	return 0;
}

int main(int argc, char **argv)
{
	_free_ char *corpus = path_join(argc > 1 ? argv[1] : ".", "tests/fuzz/corpus");
	int total = 0;

	signal(SIGABRT, tell);
	for (size_t i = 0; i < ARRAY_LEN(targets); i++) {
		_free_ char *folder = path_join(corpus, targets[i].name);
		struct replay p = {targets[i].run, 0};
		struct err e;

		if (file_walk(folder, replay, &p, &e) < 0 || !p.n) {
			fprintf(stderr, "%s: %s\n", targets[i].name, p.n ? e.text : "has no corpus");
			return 1;
		}
		total += p.n;
	}
	printf("%zu targets, %d files\n", ARRAY_LEN(targets), total);
	return 0;
}
