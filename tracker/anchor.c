#include "tracker/anchor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include "base/buf.h"
#include "base/file.h"
#include "base/path.h"

bool anchor_parse(const char *text, struct anchor *ret)
{
	char *end;
	char hex[DIGEST_HEX + 1];
	long long id = strtoll(text, &end, 10);

	if (*text < '0' || *text > '9' || *end != ':' || strlen(end + 1) < DIGEST_HEX)
		return false;
	memcpy(hex, end + 1, DIGEST_HEX);
	hex[DIGEST_HEX] = 0;
	end += 1 + DIGEST_HEX;
	if (*end && strcmp(end, "\n") != 0)
		return false;
	ret->id = id;
	return digest_from_hex(hex, &ret->hash);
}

void anchor_text(const struct anchor *a, char out[ANCHOR_TEXT])
{
	char hex[DIGEST_HEX + 1];

	digest_to_hex(&a->hash, hex);
	snprintf(out, ANCHOR_TEXT, "%lld:%s", (long long)a->id, hex);
}

int anchor_read(const char *dir, struct anchor *ret, struct err *e)
{
	_free_ char *path = path_join(dir, "chain");
	_buf_ struct buf text = BUF_INIT;
	int r = file_read(path, 4096, &text, e);

	if (r == ERR_NOT_FOUND)
		return 0;
	if (r < 0 && r != ERR_USAGE)
		return r;
	if (r < 0 || !text.len || strlen(text.data) != text.len || !anchor_parse(text.data, ret))
		return err_set(e, ERR_FAILED, "the file %s is damaged", path);
	return 1;
}

int anchor_write(const char *dir, const struct anchor *a, struct err *e)
{
	_free_ char *path = path_join(dir, "chain");
	char text[ANCHOR_TEXT], line[ANCHOR_TEXT + 1];

	anchor_text(a, text);
	snprintf(line, sizeof line, "%s\n", text);
	return file_write_atomic(path, line, strlen(line), 0600, e);
}
