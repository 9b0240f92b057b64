/* JIG PROJECT [PROJECT…]: how long a command takes from exec to exit, beside /bin/true. `version` needs nothing; `ls`
 * reads each project's record (the runs in them by gen_record). The programs take turns; the least of each counts, for
 * everything else on the machine only adds. */
#include "base/buf.h"
#include "tests/bench/bench.h"

#define ROUNDS 400

int main(int argc, char **argv)
{
	const char *true_argv[] = { "/bin/true", NULL };
	const char *version[] = { argc > 1 ? argv[1] : "", "version", NULL };
	const char *ls[] = { argc > 1 ? argv[1] : "", "ls", NULL };
	double least_true = 1e9, least_version = 1e9;

	if (argc < 3) {
		fprintf(stderr, "usage: bench_start JIG PROJECT…\n");
		return 2;
	}
	for (int i = 0; i < ROUNDS; i++) {
		least_true = bench_least(least_true, bench_run_once(true_argv));
		least_version = bench_least(least_version, bench_run_once(version));
	}
	bench_row("jig version", least_version, least_true, 4);
	for (int p = 2; p < argc; p++) {
		double least_ls = 1e9;
		char name[256];

		if (chdir(argv[p]) < 0)
			bench_die(argv[p]);
		least_true = 1e9;
		for (int i = 0; i < ROUNDS; i++) {
			least_true = bench_least(least_true, bench_run_once(true_argv));
			least_ls = bench_least(least_ls, bench_run_once(ls));
		}
		snprintf(name, sizeof name, "jig ls in %s",
		         strrchr(argv[p], '/') ? strrchr(argv[p], '/') + 1 : argv[p]);
		bench_row(name, least_ls, least_true, 8);
	}
	return 0;
}
