/* FILE DRAWS SEED OUT: the bootstrap distribution of the mean of FILE's second column. Each draw is a point of the
 * metric "mean". */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

static uint64_t state;

static uint64_t next(void) /* xorshift64* */
{
	state ^= state >> 12;
	state ^= state << 25;
	state ^= state >> 27;
	return state * 2685821657736338717ULL;
}

int main(int argc, char **argv)
{
	static double v[1000000];
	size_t n = 0;
	double sum = 0, squares = 0;
	int draws;
	FILE *in, *out, *metrics;

	if (argc != 5 || !(in = fopen(argv[1], "r")) || !(out = fopen(argv[4], "w")) ||
	    !(metrics = fopen(getenv("JIG_METRICS"), "a"))) {
		fprintf(stderr, "usage: bootstrap FILE DRAWS SEED OUT\n");
		return 2;
	}
	while (n < sizeof v / sizeof *v && fscanf(in, "%*s %lf", &v[n]) == 1)
		n++;
	if (n == 0) {
		fprintf(stderr, "%s: no rows\n", argv[1]);
		return 1;
	}
	draws = (int)strtol(argv[2], NULL, 10);
	state = strtoull(argv[3], NULL, 10) + 1;
	for (int d = 0; d < draws; d++) {
		double s = 0;

		for (size_t i = 0; i < n; i++)
			s += v[next() % n];
		s /= (double)n;
		sum += s;
		squares += s * s;
		fprintf(metrics, "mean=%.6f step=%d\n", s, d);
	}
	sum /= draws;
	fprintf(out, "mean\t%.4f\nsd\t%.4f\n", sum, sqrt(fmax(squares / draws - sum * sum, 0)));
	printf("%d draws of %zu rows\n", draws, n);
	return fclose(out) || fclose(metrics);
}
