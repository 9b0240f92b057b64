#include "runner/work/checkpoint_proof.h"

#include <inttypes.h>
#include <unistd.h>
#include "base/file.h"
#include "base/time.h"

enum { PROOFS_MAX = 64 << 20 };

int64_t proof_changed(const struct stat *st)
{
#ifdef __APPLE__
	return time_ns(&st->st_mtimespec);
#else
	return time_ns(&st->st_mtim);
#endif
}

int64_t proof_touched(const struct stat *st)
{
#ifdef __APPLE__
	return time_ns(&st->st_ctimespec);
#else
	return time_ns(&st->st_ctim);
#endif
}

char *proofs_path(const char *folder)
{
	return mem_printf("%s.seen", folder);
}

void proof_add(struct buf *text, const char *name, const struct proof *p)
{
	buf_addf(text, "%" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " ", p->device, p->inode, p->size, p->at_ns);
	for (; *name; name++) {
		if (*name == '\\' || *name == '\n')
			buf_addc(text, '\\');
		buf_addc(text, *name == '\n' ? 'n' : *name);
	}
	buf_addc(text, '\n');
}

/* In place; a line that is not of this form proves nothing. */
static void read_line(char *line, struct map *ret)
{
	struct proof p;
	int at = 0;
	char *to, *from;

	if (sscanf(line, "%" SCNu64 " %" SCNu64 " %" SCNd64 " %" SCNd64 "%n", &p.device, &p.inode, &p.size, &p.at_ns,
	           &at) != 4 ||
	    line[at] != ' ')
		return;
	for (to = from = line + at + 1; *from; from++) {
		if (*from == '\\' && from[1])
			*to++ = *++from == 'n' ? '\n' : *from;
		else
			*to++ = *from;
	}
	*to = '\0';
	bool new;
	struct map_entry *entry = map_add(ret, line + at + 1, &new);
	if (new)
		entry->ptr = mem_dup(&p, sizeof p);
	else
		*(struct proof *)entry->ptr = p;
}

void proofs_load(const char *folder, struct map *ret)
{
	_free_ char *path = proofs_path(folder);
	_buf_ struct buf text = BUF_INIT;
	struct err none;

	*ret = (struct map)MAP_INIT;
	if (file_read(path, PROOFS_MAX, &text, &none) < 0)
		return;
	for (char *line = text.data, *end; (end = memchr(line, '\n', text.len - (size_t)(line - text.data)));
	     line = end + 1) {
		*end = '\0';
		read_line(line, ret);
	}
}

void proofs_release(struct map *m)
{
	for (size_t i = 0; i < m->len; i++)
		free(m->entries[i].ptr);
	map_release(m);
}

int proofs_save(const char *folder, const struct buf *text, struct err *e)
{
	_free_ char *path = proofs_path(folder), *temp = mem_printf("%s~", path);

	if (file_write(temp, text->data, text->len, 0644, e) < 0) {
		unlink(temp);
		return e->code;
	}
	return rename(temp, path) < 0 ? err_errno(e, "cannot write %s", path) : 0;
}
