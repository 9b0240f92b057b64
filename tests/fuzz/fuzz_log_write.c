/* Bytes as what a step writes to both streams, in chunks: within the limit each stream's bytes come out as they came,
 * lines are never mixed, the index tells where each part begins; beyond it the middle is left out; a masked value never
 * comes through, in one piece or with the other stream in between. */
#include <unistd.h>
#include "runner/log/log.h"
#include "target.h"

#define SECRET "swordfish"

/* Without line ends: an unfinished line gets one where the other stream goes on. */
static void add(struct buf *to, const void *bytes, size_t n)
{
	for (const char *p = bytes, *end = p + n; p < end; p++)
		if (*p != '\n')
			buf_addc(to, *p);
}

static void check_masked(const struct buf *b)
{
	must(!b->len || !memmem(b->data, b->len, SECRET, strlen(SECRET)));
}

/* Parts of the value that each stream writes for itself may come to stand side by side in the log: neither is a
 * secret. */
static void check_secret(const struct buf *text, const struct log_mark *v, size_t n, bool complete)
{
	_buf_ struct buf run = BUF_INIT;

	for (size_t i = 0; i < n; i++) {
		uint64_t end = i + 1 < n ? v[i + 1].offset : text->len;

		if (i && v[i].stream != v[i - 1].stream)
			buf_reset(&run);
		buf_add(&run, text->data + v[i].offset, end - v[i].offset);
		check_masked(&run);
	}
	for (int k = 0; k < 2 && complete; k++) {
		buf_reset(&run);
		for (size_t i = 0; i < n; i++)
			if (v[i].stream == k)
				buf_add(&run, text->data + v[i].offset,
				        (i + 1 < n ? v[i + 1].offset : text->len) - v[i].offset);
		check_masked(&run);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static const char *const secrets[] = {SECRET};
	const char *folder = target_folder();
	_free_ char *path = path_join(folder, "log"), *index = path_join(folder, "log.idx");
	struct buf expected[2] = {BUF_INIT, BUF_INIT}, seen[2] = {BUF_INIT, BUF_INIT};
	_buf_ struct buf text = BUF_INIT;
	struct bytes in = {data, size};
	struct err e = {0};
	struct log_mark *v = NULL;
	size_t n = 0;
	int64_t now = 1, log_size = 0;

	unlink(path);
	unlink(index);
	uint8_t how = bytes_take(&in);
	int64_t limit = how & 1 ? 64 + how : 1 << 20;
	struct log *l = log_new(folder, limit);
	if (how & 2)
		log_mask(l, secrets, 1);
	while (in.n) {
		uint8_t what = bytes_take(&in);
		size_t len = bytes_take(&in) % 40;

		len = len < in.n ? len : in.n;
		must(log_write(l, what & 1, (const char *)in.p, len, now, &e) >= 0);
		if (what & 2)
			must(log_flush(l, now, &e) >= 0);
		add(&expected[what & 1], in.p, len);
		in.p += len;
		in.n -= len;
		now += what >> 2 << 14;
	}
	must(log_finish(l, now, &log_size, &e) >= 0);
	log_free(l);
	if (log_size)
		must(file_read(path, 1 << 24, &text, &e) >= 0 && (int64_t)text.len == log_size);
	must(log_index_read(folder, &v, &n, &e) >= 0 || !log_size);
	for (size_t i = 0; i < n; i++) {
		uint64_t end = i + 1 < n ? v[i + 1].offset : text.len;

		must(v[i].offset < text.len && end > v[i].offset && (i || v[i].offset == 0 || limit < 1 << 20));
		add(&seen[v[i].stream], text.data + v[i].offset, end - v[i].offset);
	}
	if (how & 2)
		check_secret(&text, v, n, !(how & 1));
	for (int k = 0; k < 2; k++) {
		if (!(how & 3))
			must(seen[k].len == expected[k].len &&
			     (!seen[k].len || !memcmp(seen[k].data, expected[k].data, seen[k].len)));
		buf_release(&seen[k]);
		buf_release(&expected[k]);
	}
	free(v);
	return 0;
}
