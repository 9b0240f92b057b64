/* Numbers and their texts, as base/text.h declares them. All of it is deaf to the locale's decimal point. */
#include "base/text.h"

#include <ctype.h>
#include <float.h>
#include <locale.h>
#include <math.h>
#include <pthread.h>
#include <strings.h>
#ifdef __APPLE__
#include <xlocale.h>
#endif
#include "base/err.h"

static locale_t c_locale;

static void make_c_locale(void)
{
	c_locale = newlocale(LC_ALL_MASK, "C", (locale_t)0);
	if (!c_locale)
		err_oom();
}

/* s is NUL-terminated and has the form of a number. */
static double read_double(const char *s)
{
	static pthread_once_t once = PTHREAD_ONCE_INIT;

	pthread_once(&once, make_c_locale);
	return strtod_l(s, NULL, c_locale);
}

bool size_parse(const char *text, int64_t *ret_bytes)
{
	const char *p = text;
	uint64_t whole = 0, fraction = 0, scale = 1, bytes;
	int shift = 0;

	if (!isdigit((unsigned char)*p))
		return false;
	for (; isdigit((unsigned char)*p); p++) {
		if (__builtin_mul_overflow(whole, 10, &whole) ||
		    __builtin_add_overflow(whole, (uint64_t)(*p - '0'), &whole))
			return false;
	}
	if (*p == '.') {
		if (!isdigit((unsigned char)*++p))
			return false;
		for (; isdigit((unsigned char)*p); p++) {
			if (scale >= 1000000)
				continue;
			fraction = fraction * 10 + (uint64_t)(*p - '0');
			scale *= 10;
		}
	}
	if (*p) {
		static const char units[] = "KMGT";
		const char *unit = strchr(units, toupper((unsigned char)*p));
		if (unit) {
			shift = 10 * (int)(unit - units + 1);
			p++;
		}
		if (unit && *p == 'i' && p[1] == 'B')
			p++;
		if (*p == 'B')
			p++;
	}
	if (*p || whole > (uint64_t)INT64_MAX >> shift)
		return false;
	bytes = (whole << shift) + (fraction << shift) / scale;
	if (bytes > INT64_MAX)
		return false;
	*ret_bytes = (int64_t)bytes;
	return true;
}

void size_text(int64_t bytes, char out[16])
{
	static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB", "EB"};
	uint64_t size = bytes < 0 ? -(uint64_t)bytes : (uint64_t)bytes, unit = 1;
	size_t at = 0;

	/* 999.5 of a unit would show as 1000. */
	while (at + 1 < ARRAY_LEN(units) && size >= (at ? unit * 1000 - unit / 2 : 1000)) {
		unit *= 1000;
		at++;
	}
	const char *sign = bytes < 0 ? "-" : "";
	uint64_t tenths = at ? size / (unit / 10) + (size % (unit / 10) >= unit / 20) : 0;
	if (at && tenths < 100)
		snprintf(out, 16, "%s%d.%d %s", sign, (int)(tenths / 10), (int)(tenths % 10), units[at]);
	else
		snprintf(out, 16, "%s%d %s", sign, (int)(size / unit + (at && size % unit >= unit / 2)), units[at]);
}

void count_text(int64_t n, char out[32])
{
	char reversed[32];
	uint64_t rest = n < 0 ? -(uint64_t)n : (uint64_t)n;
	int len = 0, at = 0;

	for (int digits = 0; digits == 0 || rest; digits++, rest /= 10) {
		if (digits && digits % 3 == 0)
			reversed[len++] = ',';
		reversed[len++] = (char)('0' + rest % 10);
	}
	if (n < 0)
		reversed[len++] = '-';
	while (len > 0)
		out[at++] = reversed[--len];
	out[at] = '\0';
}

/* printf's text of v with a "." whatever the locale. */
static void print_double(double v, int digits, char out[32])
{
	snprintf(out, 32, "%.*g", digits, v);
	for (char *p = out; *p; p++) {
		if (!strchr("0123456789+-e", *p)) {
			/* A decimal point may be several bytes long. */
			char *after = p + 1;
			while (*after && !strchr("0123456789+-e", *after))
				after++;
			*p = '.';
			memmove(p + 1, after, strlen(after) + 1);
		}
	}
}

void number_exact(double v, char out[32])
{
	if (isnan(v)) {
		memcpy(out, "NaN", 4);
		return;
	}
	if (isinf(v)) {
		snprintf(out, 32, "%sInfinity", v < 0 ? "-" : "");
		return;
	}
	if (fabs(v) < 1e15 && v == (double)(int64_t)v) {
		snprintf(out, 32, "%s%lld", signbit(v) && v == 0 ? "-" : "", (long long)v);
		return;
	}
	/* A text of at most 15 digits is unique for a normal number; subnormal ones may need a single digit. */
	for (int digits = fabs(v) < DBL_MIN ? 1 : 15; digits <= 17; digits++) {
		print_double(v, digits, out);
		if (read_double(out) == v)
			return;
	}
}

void number_short(double v, char out[32])
{
	if (isnan(v)) {
		memcpy(out, "NaN", 4);
		return;
	}
	if (isinf(v)) {
		snprintf(out, 32, "%sinf", v < 0 ? "-" : "");
		return;
	}
	print_double(v, 4, out);
	char *e = strchr(out, 'e');
	if (!e)
		return;
	/* "1.235e+06" reads better as "1.235e6". */
	char *to = e + 1, *from = e + 1;
	if (*from == '-')
		to++;
	for (from++; *from == '0'; from++)
		;
	memmove(to, from, strlen(from) + 1);
}

static bool parse_word(const char *text, size_t len, bool negative, double *ret)
{
	if (len == 3 && !strncasecmp(text, "nan", 3))
		*ret = NAN;
	else if ((len == 3 && !strncasecmp(text, "inf", 3)) || (len == 8 && !strncasecmp(text, "infinity", 8)))
		*ret = negative ? -INFINITY : INFINITY;
	else
		return false;
	return true;
}

static double read_copy(const char *text, size_t len)
{
	char small[64];
	_free_ char *large = NULL;
	char *copy = len < sizeof small ? small : (large = mem_alloc(len + 1));

	memcpy(copy, text, len);
	copy[len] = '\0';
	return read_double(copy);
}

bool number_parse(const char *text, size_t len, double *ret)
{
	static const double powers[] = {1e0,  1e1,  1e2,  1e3,  1e4,  1e5,  1e6,  1e7,  1e8,  1e9,  1e10, 1e11,
	                                1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22};
	const char *p = text, *end = text + len;
	bool negative = false;
	uint64_t mantissa = 0;
	int significant = 0, exponent = 0;

	if (p < end && (*p == '-' || *p == '+'))
		negative = *p++ == '-';
	const char *first = p;
	for (; p < end && (unsigned)(*p - '0') < 10; p++) {
		if (significant < 19)
			mantissa = mantissa * 10 + (unsigned)(*p - '0');
		significant += mantissa != 0;
	}
	size_t digits = (size_t)(p - first);
	if (p < end && *p == '.') {
		const char *point = ++p;
		for (; p < end && (unsigned)(*p - '0') < 10; p++) {
			if (significant < 19) {
				mantissa = mantissa * 10 + (unsigned)(*p - '0');
				exponent--;
			}
			significant += mantissa != 0;
		}
		digits += (size_t)(p - point);
	}
	if (!digits)
		return p == first && parse_word(first, (size_t)(end - first), negative, ret);
	if (p < end && (*p == 'e' || *p == 'E')) {
		bool below = false;
		int power = 0;
		p++;
		if (p < end && (*p == '-' || *p == '+'))
			below = *p++ == '-';
		if (p == end)
			return false;
		for (; p < end && (unsigned)(*p - '0') < 10; p++)
			power = power < 100000 ? power * 10 + (*p - '0') : power;
		exponent += below ? -power : power;
	}
	if (p != end)
		return false;
	/* Both factors are exact doubles here, so their product or quotient is rounded once, as it should be. */
	if (mantissa <= 1ull << 53 && significant < 19 && exponent >= -22 && exponent <= 22) {
		double v = (double)mantissa;
		v = exponent < 0 ? v / powers[-exponent] : v * powers[exponent];
		*ret = negative ? -v : v;
		return true;
	}
	*ret = mantissa ? read_copy(text, len) : negative ? -0.0 : 0.0;
	return true;
}

bool integer_parse(const char *text, int64_t min, int64_t max, int64_t *ret)
{
	const char *p = text;
	bool negative = *p == '-';
	int64_t value = 0;

	if (*p == '-' || *p == '+')
		p++;
	if (!*p)
		return false;
	for (; *p; p++) {
		if (!isdigit((unsigned char)*p) || __builtin_mul_overflow(value, 10, &value))
			return false;
		int digit = *p - '0';
		if (__builtin_add_overflow(value, negative ? -digit : digit, &value))
			return false;
	}
	if (value < min || value > max)
		return false;
	*ret = value;
	return true;
}
