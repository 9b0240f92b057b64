#include "runner/plan/plan_memo.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/file.h"
#include "base/path.h"

#define MAGIC "jigplan1"
#define FILE_MOST ((size_t)1 << 30)
/* The events since are looked through at each plan. */
#define EVENTS_MOST 300

/* Stand in the file as they are. */
struct record {
	struct digest key;
	int64_t attempt, run, step, trace;
	int32_t n;
	uint32_t name;           /* offset in the texts */
	uint32_t outputs, count; /* places among the outputs */
};
struct output {
	struct digest digest;
	int64_t size;
	uint32_t path; /* offset in the texts */
	uint16_t form, mode;
};
struct header {
	char magic[8];
	struct digest sum; /* of all that follows this field */
	struct record_mark mark;
	uint32_t nrecords, noutputs, texts;
	uint32_t none;
};
struct plan_memo {
	char *path;
	struct buf file;
	struct header h;
	const struct record *records;
	const char *texts;
	struct fact *outputs;
	bool *used;
	size_t nused;
	uint32_t *slots; /* index + 1 of a record, by the first bytes of its key; 0 = free */
	size_t nslots;   /* a power of two */
	struct record_mark now;
	bool renew;
	/* To be written: those that were found and those that are new. */
	struct buf new_records, new_outputs, new_texts;
};

static size_t slot_of(const struct plan_memo *m, const struct digest *key)
{
	uint64_t at;

	memcpy(&at, key->b, sizeof at);
	for (at &= m->nslots - 1; m->slots[at]; at = (at + 1) & (m->nslots - 1))
		if (digest_equal(&m->records[m->slots[at] - 1].key, key))
			break;
	return (size_t)at;
}

/* Whether all of it is what was written, and no offset leads out of it. */
static bool is_whole(const struct plan_memo *m, const struct output *outputs)
{
	const size_t summed = offsetof(struct header, mark);
	struct digest sum;

	if (m->h.texts && m->texts[m->h.texts - 1])
		return false;
	for (uint32_t i = 0; i < m->h.nrecords; i++)
		if (m->records[i].name >= m->h.texts || m->records[i].outputs > m->h.noutputs ||
		    m->records[i].count > m->h.noutputs - m->records[i].outputs)
			return false;
	for (uint32_t i = 0; i < m->h.noutputs; i++)
		if (outputs[i].path >= m->h.texts)
			return false;
	sha256_bytes(m->file.data + summed, m->file.len - summed, &sum);
	return digest_equal(&sum, &m->h.sum);
}

static void read_file(struct plan_memo *m, struct tracker *t)
{
	const struct output *outputs;
	struct header h;
	struct err ignored;

	if (file_read(m->path, FILE_MOST, &m->file, &ignored) < 0 || m->file.len < sizeof h)
		return;
	memcpy(&h, m->file.data, sizeof h);
	if (memcmp(h.magic, MAGIC, sizeof h.magic) != 0 ||
	    m->file.len != sizeof h + h.nrecords * sizeof(struct record) + h.noutputs * sizeof *outputs + h.texts)
		return;
	m->h = h;
	m->records = (const struct record *)(m->file.data + sizeof h);
	outputs = (const struct output *)(m->records + h.nrecords);
	m->texts = (const char *)(outputs + h.noutputs);
	if (!is_whole(m, outputs) || query_unchanged(t, &h.mark, &ignored) <= 0) {
		m->h.nrecords = 0;
		return;
	}
	m->renew = m->now.event - h.mark.event > EVENTS_MOST;
	m->outputs = mem_array(NULL, h.noutputs + 1, sizeof *m->outputs);
	for (uint32_t i = 0; i < h.noutputs; i++)
		m->outputs[i] = (struct fact){.path = m->texts + outputs[i].path,
		                              .form = outputs[i].form,
		                              .digest = outputs[i].digest,
		                              .has_digest = true,
		                              .size = outputs[i].size,
		                              .mode = outputs[i].mode};
	m->used = mem_zero(h.nrecords + 1);
	for (m->nslots = 16; m->nslots < (size_t)h.nrecords * 2; m->nslots *= 2)
		;
	m->slots = mem_zero(m->nslots * sizeof *m->slots);
	for (uint32_t i = 0; i < h.nrecords; i++)
		m->slots[slot_of(m, &m->records[i].key)] = i + 1;
}

struct plan_memo *plan_memo_open(const char *jig, struct tracker *t)
{
	struct plan_memo *m = mem_zero(sizeof *m);
	struct err ignored;

	m->path = path_join(jig, "plan.cache");
	buf_init(&m->file);
	buf_init(&m->new_records);
	buf_init(&m->new_outputs);
	buf_init(&m->new_texts);
	if (query_mark(t, &m->now, &ignored) >= 0)
		read_file(m, t);
	return m;
}

uint32_t plan_memo_find(const struct plan_memo *m, const struct digest *key)
{
	return m && m->h.nrecords ? m->slots[slot_of(m, key)] : 0;
}

struct past_attempt plan_memo_attempt(const struct plan_memo *m, uint32_t at)
{
	const struct record *r = &m->records[at - 1];

	return (struct past_attempt){.id = r->attempt,
	                             .run = r->run,
	                             .step = r->step,
	                             .n = r->n,
	                             .name = m->texts + r->name,
	                             .key = r->key,
	                             .trace = r->trace,
	                             .state = ATTEMPT_SUCCESS};
}

struct plan_outputs plan_memo_outputs(const struct plan_memo *m, uint32_t at)
{
	const struct record *r = &m->records[at - 1];

	return (struct plan_outputs){ m->outputs + r->outputs, r->count };
}

void plan_memo_use(struct plan_memo *m, uint32_t at)
{
	m->nused += !m->used[at - 1];
	m->used[at - 1] = true;
}

static uint32_t add_text(struct plan_memo *m, const char *text)
{
	uint32_t at = (uint32_t)m->new_texts.len;

	buf_add(&m->new_texts, text, strlen(text) + 1);
	return at;
}

static void add(struct plan_memo *m, const struct digest *key, const struct past_attempt *a, const struct fact *v,
                size_t n)
{
	struct record r = {.key = *key,
	                   .attempt = a->id,
	                   .run = a->run,
	                   .step = a->step,
	                   .trace = a->trace,
	                   .n = a->n,
	                   .name = add_text(m, a->name),
	                   .outputs = (uint32_t)(m->new_outputs.len / sizeof(struct output)),
	                   .count = (uint32_t)n};

	for (size_t i = 0; i < n; i++) {
		struct output o = {.digest = v[i].digest,
		                   .size = v[i].size,
		                   .path = add_text(m, v[i].path),
		                   .form = (uint16_t)v[i].form,
		                   .mode = (uint16_t)v[i].mode};

		buf_add(&m->new_outputs, &o, sizeof o);
	}
	buf_add(&m->new_records, &r, sizeof r);
}

void plan_memo_add(struct plan_memo *m, const struct digest *key, const struct past_attempt *a,
                   const struct facts *outputs)
{
	if (m && !a->continued)
		add(m, key, a, outputs->v, outputs->len);
}

/* Not synced: a crash can only leave a file whose sum is wrong. */
static void write_file(struct plan_memo *m)
{
	const size_t summed = offsetof(struct header, mark);
	_free_ char *temp = mem_printf("%s.%ld", m->path, (long)getpid());
	_buf_ struct buf all = BUF_INIT;
	struct header h;
	struct err ignored;

	for (uint32_t i = 0; i < m->h.nrecords; i++) {
		struct past_attempt a = plan_memo_attempt(m, i + 1);
		struct plan_outputs outputs = plan_memo_outputs(m, i + 1);

		if (m->used[i])
			add(m, &a.key, &a, outputs.v, outputs.len);
	}
	memset(&h, 0, sizeof h);
	memcpy(h.magic, MAGIC, sizeof h.magic);
	h.mark = m->now;
	h.nrecords = (uint32_t)(m->new_records.len / sizeof(struct record));
	h.noutputs = (uint32_t)(m->new_outputs.len / sizeof(struct output));
	h.texts = (uint32_t)m->new_texts.len;
	buf_add(&all, &h, sizeof h);
	buf_add(&all, m->new_records.data, m->new_records.len);
	buf_add(&all, m->new_outputs.data, m->new_outputs.len);
	buf_add(&all, m->new_texts.data, m->new_texts.len);
	sha256_bytes(all.data + summed, all.len - summed, &h.sum);
	memcpy(all.data, &h, sizeof h);
	if (all.len > FILE_MOST || file_write(temp, all.data, all.len, 0600, &ignored) < 0 || rename(temp, m->path) < 0)
		unlink(temp);
}

void plan_memo_close(struct plan_memo *m)
{
	if (!m)
		return;
	if (m->new_records.len || m->renew || m->nused * 2 < m->h.nrecords)
		write_file(m);
	buf_release(&m->file);
	buf_release(&m->new_records);
	buf_release(&m->new_outputs);
	buf_release(&m->new_texts);
	free(m->outputs);
	free(m->used);
	free(m->slots);
	free(m->path);
	free(m);
}
