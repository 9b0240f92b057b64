#include "tui/wrap.h"

#include <string.h>
#include "base/utf8.h"

size_t wrap_row(const char *text, size_t n, int cells, size_t *ret_next)
{
	const char *end = memchr(text, '\n', n);
	size_t len = end ? (size_t)(end - text) : n, fit = utf8_fit(text, len, cells > 0 ? (size_t)cells : 1), next;

	if (fit == 0 && len)
		fit = utf8_decode(text, len, &(uint32_t){0});
	if (fit < len)
		for (size_t back = fit; back > fit / 2; back--)
			if (text[back] == ' ') {
				fit = back;
				break;
			}
	next = fit;
	while (next < len && text[next] == ' ')
		next++;
	while (fit > 1 && text[fit - 1] == ' ')
		fit--;
	*ret_next = next == len && end ? next + 1 : next;
	return fit;
}
