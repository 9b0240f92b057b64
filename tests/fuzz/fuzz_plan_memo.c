/* Any bytes as the memo of plans, with the right sum and mark in front where the first byte says so: never more than
 * misses, texts that end, and what is added is found by the next one. */
#include "runner/plan/plan_memo.h"
#include "target.h"
#include "tracker/tracker.h"
#include "tracker/verify.h"

#define MAGIC "jigplan1"

static struct tracker *record;
static void leave(void)
{
	tracker_close(record);
}

static void look(struct plan_memo *m, const struct digest *key)
{
	uint32_t at = plan_memo_find(m, key);

	if (!at)
		return;
	struct past_attempt a = plan_memo_attempt(m, at);
	struct plan_outputs o = plan_memo_outputs(m, at);
	size_t total = strlen(a.name);

	must(digest_equal(&a.key, key));
	for (size_t i = 0; i < o.len; i++)
		total += strlen(o.v[i].path) + (size_t)(o.v[i].form & 1);
	must(total < SIZE_MAX);
	plan_memo_use(m, at);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *folder = target_folder();
	_free_ char *path = path_join(folder, "plan.cache");
	_buf_ struct buf file = BUF_INIT, body = BUF_INIT;
	struct record_mark mark;
	struct digest sum, key, mine;
	struct err e;

	if (!size)
		return 0;
	if (!record) {
		must(tracker_open(folder, TRACKER_WRITE, &record, &e) >= 0);
		atexit(leave);
		must(tracker_begin(record, &e) >= 0 && event_add(record, 0, "note", "{}", &e) >= 0 &&
		     tracker_commit(record, &e) >= 0);
	}
	must(query_mark(record, &mark, &e) >= 0);
	if (data[0] & 1) {
		buf_add(&body, &mark, sizeof mark);
		buf_add(&body, data + 1, size - 1);
		buf_add(&file, MAGIC, 8);
		sha256_bytes(body.data, body.len, &sum);
		buf_add(&file, &sum, sizeof sum);
		buf_add(&file, body.data, body.len);
	} else {
		buf_add(&file, data + 1, size - 1);
	}
	target_write(path, file.data, file.len);
	memset(&mine, 9, sizeof mine);
	struct plan_memo *m = plan_memo_open(folder, record);
	for (size_t i = 17; i + sizeof key <= size && i < 1024; i += 8) {
		memcpy(&key, data + i, sizeof key);
		look(m, &key);
	}
	/* What the bytes say of this key already stands before what is added. */
	const bool adds = data[0] & 2 && !plan_memo_find(m, &mine);
	if (adds) {
		struct fact f = {.path = "out", .digest = mine, .has_digest = true, .size = 5};
		struct facts facts = {.v = &f, .len = 1};

		plan_memo_add(m, &mine, &(struct past_attempt){.id = 4, .name = "train"}, &facts);
	}
	plan_memo_close(m);
	m = plan_memo_open(folder, record);
	if (adds) {
		uint32_t at = plan_memo_find(m, &mine);

		must(at && !strcmp(plan_memo_outputs(m, at).v[0].path, "out"));
	}
	plan_memo_close(m);
	return 0;
}
