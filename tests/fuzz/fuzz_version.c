/* Three lines as versions: an order that holds for any three, and ranges that agree with it. */
#include "runner/env/env_version.h"
#include "target.h"

static int sign(int v)
{
	return (v > 0) - (v < 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct bytes in = {data, size};
	_free_ char *a = bytes_line(&in), *b = bytes_line(&in), *c = bytes_line(&in);
	int ab = sign(env_version_compare(a, b)), bc = sign(env_version_compare(b, c)),
	    ac = sign(env_version_compare(a, c));

	must(ab == -sign(env_version_compare(b, a)) && env_version_compare(a, a) == 0);
	must(!(ab >= 0 && bc >= 0) || ac >= 0);
	must(!(ab <= 0 && bc <= 0) || ac <= 0);
	if (env_version_valid(a))
		env_version_fits(a, b);
	if (!strchr(a, '*'))
		must(env_version_fits("", a) == env_version_fits(">=0", a));
	return 0;
}
