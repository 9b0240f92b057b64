/* The promise of traces against the kernel: a random script of reads, listings, links and renames runs in a folder with
 * a random tree; then the tree changes. Whenever the trace of the first run still holds, the script must find exactly
 * the same in the changed tree. */
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/runner/trace_scratch.h"
#include "base/file.h"
#include "base/path.h"
#include "runner/trace/trace_answer.h"

enum { SCRIPTS = 1500, CHANGES = 4 };

static char *top, *project, *jig, *work;
static uint64_t state;

static unsigned pick(unsigned n)
{
	state = state * 6364136223846793005u + 1442695040888963407u;
	return (unsigned)(state >> 33) % n;
}

static const char *one_of(const char *const *v, size_t n)
{
	return v[pick(n)];
}
#define ONE_OF(...) one_of((const char *const[]){ __VA_ARGS__ }, ARRAY_LEN(((const char *const[]){ __VA_ARGS__ })))

/* ---- trees ---- */

struct entry { char path[64]; unsigned mode; char content[128]; };
struct tree { struct entry v[16]; size_t len; };

static bool fits(const struct tree *t, const char *path)
{
	for (size_t i = 0; i < t->len; i++)
		if (path_within(path, t->v[i].path) || path_within(t->v[i].path, path))
			return false;
	return true;
}

static void random_path(char *ret, size_t size)
{
	size_t n = 1 + pick(3), len = 0;

	for (size_t i = 0; i < n; i++)
		len += snprintf(ret + len, size - len, "%s%s", i ? "/" : "",
		                i + 1 < n ? ONE_OF("a", "b", "c") : ONE_OF("a", "b", "c", "m.py", "m.so", "m"));
}

static void random_content(struct entry *e)
{
	if (e->mode != 0120000) {
		snprintf(e->content, sizeof e->content, "%s", ONE_OF("x", "y"));
		return;
	}
	const char *up = ONE_OF("", "", "", "../", "./", "b/../");
	const char *to = ONE_OF("a", "b", "c", "a/b", "b/a", "c/", ".", "..", "m.py", "m", "a/m.py");

	if (!pick(12))
		snprintf(e->content, sizeof e->content, "%s/%s", work, to);
	else
		snprintf(e->content, sizeof e->content, "%s%s", up, to);
}

static void add_entry(struct tree *t)
{
	struct entry e = { 0 };

	random_path(e.path, sizeof e.path);
	if (t->len == ARRAY_LEN(t->v) || !fits(t, e.path))
		return;
	e.mode = pick(4) ? pick(4) ? 0100644 : 0100755 : 0120000;
	random_content(&e);
	t->v[t->len++] = e;
}

static void change(struct tree *t)
{
	struct entry *e = t->len ? &t->v[pick(t->len)] : NULL;

	switch (e ? pick(7) : 0) {
	case 0:
		add_entry(t);
		return;
	case 1:
		*e = t->v[--t->len];
		return;
	case 2:
		if (e->mode != 0120000)
			e->mode ^= 0111;
		return;
	case 3:
		/* A link or a file becomes the other. */
		e->mode = e->mode == 0120000 ? 0100644 : 0120000;
		random_content(e);
		return;
	case 4: {
		/* A file becomes a folder. */
		struct entry old = *e;

		*e = t->v[--t->len];
		snprintf(old.path + strlen(old.path), sizeof old.path - strlen(old.path), "/%s",
		         ONE_OF("a", "b", "m.py"));
		if (strlen(old.path) < 40 && fits(t, old.path))
			t->v[t->len++] = old;
		return;
	}
	case 5: {
		/* A folder moves, and a link leads there. */
		size_t parent = strcspn(e->path, "/");
		char folder[64];

		snprintf(folder, sizeof folder, "%.*s", (int)parent, e->path);
		if (!e->path[parent] || !fits(t, "z"))
			return;
		for (size_t i = 0; i < t->len; i++) {
			_free_ char *moved =
			        path_within(t->v[i].path, folder) ? mem_printf("z%s", t->v[i].path + parent) : NULL;

			if (moved)
				snprintf(t->v[i].path, sizeof t->v[i].path, "%s", moved);
		}
		if (t->len < ARRAY_LEN(t->v)) {
			struct entry link = { .mode = 0120000, .content = "z" };

			snprintf(link.path, sizeof link.path, "%s", folder);
			t->v[t->len++] = link;
		}
		return;
	}
	default:
		random_content(e);
	}
}

/* What the step is handed, and what it is to make. */
static struct step_output outputs[] = { { .path = "o/x" } };
static struct step step = { .name = "s", .outputs = outputs, .noutputs = 1 };
static const char *const inputs[] = { "c/in" };

static void to_names(const struct tree *t, struct scratch_tree *ret)
{
	*ret = (struct scratch_tree){ 0 };
	for (size_t i = 0; i < t->len; i++)
		scratch_add(ret, t->v[i].path, t->v[i].mode, t->v[i].content);
	scratch_end(ret);
}

/* False: the input cannot be placed, so no step could run; nor are inputs and outputs behind links tried: where such a
 * link leads decides where they stand. */
static bool write_tree(const struct tree *t)
{
	struct err e;

	assert_int_equal(file_remove_tree(project, &e), 0);
	assert_int_equal(file_mkdirs(work, 0755, &e), 0);
	for (size_t i = 0; i < t->len; i++) {
		_free_ char *full = path_join(work, t->v[i].path);

		if (path_within(t->v[i].path, inputs[0]) || path_within(t->v[i].path, outputs[0].path))
			continue;
		assert_int_equal(file_mkdirs_parent(full, 0755, &e), 0);
		if (t->v[i].mode == 0120000 &&
		    (path_within(inputs[0], t->v[i].path) || path_within(outputs[0].path, t->v[i].path)))
			return false;
		if (t->v[i].mode == 0120000)
			assert_int_equal(symlink(t->v[i].content, full), 0);
		else
			assert_int_equal(
			        file_write(full, t->v[i].content, strlen(t->v[i].content), t->v[i].mode & 0777, &e), 0);
	}
	_free_ char *in = path_join(work, inputs[0]), *out = path_join(work, outputs[0].path);
	struct stat st;
	return file_mkdirs_parent(in, 0755, &e) >= 0 && lstat(in, &st) < 0 && file_write(in, "IN", 2, 0644, &e) >= 0 &&
	       file_mkdirs_parent(out, 0755, &e) >= 0;
}

/* ---- scripts ---- */

enum op { OP_STAT, OP_LSTAT, OP_READ, OP_MODULE, OP_WRITE, OP_MKDIR, OP_LINK, OP_RENAME, OP_REMOVE, OPS };
struct line { enum op op; char a[96], b[96]; };
struct script { struct line v[8]; size_t len; };

static void random_lookup(char *ret, size_t size, bool changes)
{
	size_t n = 1 + pick(4), len = 0;

	for (size_t i = 0; i < n; i++) {
		const char *part = ONE_OF("a", "b", "c", "a", "b", "m.py", "m", "o", "in", "x");

		if (!changes && !pick(6))
			part = ONE_OF("..", "..", ".", "");
		len += snprintf(ret + len, size - len, "%s%s", i ? "/" : "", part);
	}
	if (!pick(12) && !changes)
		snprintf(ret + len, size - len, "/");
	if (!*ret || *ret == '/')
		snprintf(ret, size, ".");
}

static void random_script(struct script *s)
{
	s->len = 1 + pick(4);
	/* Half of the scripts only look. */
	unsigned ops = pick(2) ? OP_WRITE : OPS;
	for (size_t i = 0; i < s->len; i++) {
		struct line *l = &s->v[i];

		l->op = pick(ops);
		random_lookup(l->a, sizeof l->a, l->op >= OP_WRITE);
		random_lookup(l->b, sizeof l->b, true);
		if (l->op == OP_LINK)
			snprintf(l->a, sizeof l->a, "%s%s", ONE_OF("", "", "../"),
			         ONE_OF("a", "b", "c", "a/b", "c/a", "m.py", "a/m"));
		if (l->op == OP_MODULE) {
			random_path(l->a, sizeof l->a);
			l->a[trace_parent_length(l->a)] = '\0';
			snprintf(l->b, sizeof l->b, "m");
		}
	}
}

static int by_text(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

static bool is_module(const char *name)
{
	return !strcmp(name, "m") || !strcmp(name, "m.py") || !strcmp(name, "m.so");
}

static char kind_of(mode_t mode)
{
	return S_ISDIR(mode) ? 'd' : S_ISLNK(mode) ? 'l' : 'f';
}

static void list(int fd, bool module, struct buf *out)
{
	DIR *d = fdopendir(fd);
	struct dirent *entry;
	VEC(char *) names = { 0 };

	assert_non_null(d);
	while ((entry = readdir(d))) {
		struct stat st;

		assert_int_equal(fstatat(fd, entry->d_name, &st, AT_SYMLINK_NOFOLLOW), 0);
		if (!module || (is_module(entry->d_name) && (entry->d_name[1] || !S_ISREG(st.st_mode)) &&
		                (!entry->d_name[1] || !S_ISDIR(st.st_mode))))
			vec_push(&names, mem_printf("%s:%c", entry->d_name, kind_of(st.st_mode)));
	}
	closedir(d);
	if (names.len)
		qsort(names.v, names.len, sizeof *names.v, by_text);
	for (size_t i = 0; i < names.len; i++) {
		buf_addf(out, " %s", names.v[i]);
		free(names.v[i]);
	}
	vec_release(&names);
}

static void read_one(const char *path, bool module, struct buf *out)
{
	char text[64];
	int fd = open(path, O_RDONLY | O_CLOEXEC | (module ? O_DIRECTORY : 0));
	struct stat st;

	if (fd < 0) {
		/* The importer takes a folder that is not there for an empty one. */
		if (!module)
			buf_addf(out, " %s", strerror(errno));
		return;
	}
	assert_int_equal(fstat(fd, &st), 0);
	if (S_ISDIR(st.st_mode)) {
		list(fd, module, out);
		return;
	}
	ssize_t n = read(fd, text, sizeof text);
	buf_addf(out, " \"%.*s\"", (int)(n < 0 ? 0 : n), text);
	close(fd);
}

static void look_one(const char *path, bool follow, struct buf *out)
{
	char target[256];
	struct stat st;

	if (follow ? stat(path, &st) < 0 : lstat(path, &st) < 0) {
		buf_addf(out, " %s", strerror(errno));
		return;
	}
	buf_addf(out, " %c", kind_of(st.st_mode));
	if (S_ISREG(st.st_mode))
		buf_addf(out, "%o", st.st_mode & 0111);
	if (S_ISLNK(st.st_mode)) {
		ssize_t n = readlink(path, target, sizeof target);

		buf_addf(out, " %.*s", (int)n, target);
	}
}

/* What a step would find, and what a witness of its calls would note. */
static void run_script(const struct script *s, struct buf *out, struct lookups *l)
{
	for (size_t i = 0; i < s->len; i++) {
		const struct line *line = &s->v[i];
		_free_ char *a = mem_printf("%s/%s", work, line->a), *b = mem_printf("%s/%s", work, line->b);
		_free_ char *folder = path_parent(b), *linked = mem_printf("%s/%s", folder, line->a);
		_free_ char *module = mem_printf("%s%s%s", line->a, *line->a ? "/" : "", line->b);
		int fd, r = 0;

		switch (line->op) {
		case OP_STAT:
			scratch_look(l, work, "s", line->a);
			look_one(a, true, out);
			break;
		case OP_LSTAT:
			scratch_look(l, work, "l", line->a);
			look_one(a, false, out);
			break;
		case OP_READ:
			scratch_look(l, work, "r", line->a);
			read_one(a, false, out);
			break;
		case OP_MODULE:
			scratch_look(l, work, "m", module);
			read_one(a, true, out);
			break;
		case OP_WRITE:
			scratch_look(l, work, "w", line->a);
			fd = open(a, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
			r = fd;
			if (fd >= 0) {
				assert_int_equal(write(fd, "w", 1), 1);
				close(fd);
			}
			break;
		case OP_MKDIR:
			scratch_look(l, work, "l", line->a);
			r = mkdir(a, 0755);
			break;
		case OP_LINK:
			scratch_look(l, work, "d", linked);
			scratch_look(l, work, "l", line->b);
			r = symlink(line->a, b);
			break;
		case OP_RENAME:
			scratch_look(l, work, "ld", line->a);
			scratch_look(l, work, "lr", line->b);
			r = rename(a, b);
			break;
		case OP_REMOVE:
			scratch_look(l, work, "l", line->a);
			r = unlink(a);
			break;
		case OPS:
			break;
		}
		if (r < 0)
			buf_addf(out, " %s", strerror(errno));
		buf_adds(out, ";");
	}
}

static void describe(const struct tree *t, struct buf *out)
{
	for (size_t i = 0; i < t->len; i++)
		buf_addf(out, "%s%s%s%s ", t->v[i].path, t->v[i].mode == 0100755 ? "*" : "",
		         t->v[i].mode == 0120000 ? "->" : "=", t->v[i].content);
}

static void describe_all(const struct script *s, const struct tree *before, const struct tree *after,
                         const struct trace_rows *rows, struct buf *out)
{
	static const char *const ops[] = {"stat",  "lstat", "read",   "module", "write",
	                                  "mkdir", "link",  "rename", "remove"};

	buf_adds(out, "\nbefore: ");
	describe(before, out);
	buf_adds(out, "\nafter: ");
	describe(after, out);
	buf_adds(out, "\nscript: ");
	for (size_t i = 0; i < s->len; i++)
		buf_addf(out, "%s %s %s; ", ops[s->v[i].op], s->v[i].a, s->v[i].b);
	buf_adds(out, "\nrows: ");
	for (size_t i = 0; i < rows->len; i++)
		buf_addf(out, "%s:%s ", scratch_kind(rows->v[i].kind), rows->v[i].path);
}

static int same, needless;

static void try_change(const struct script *s, const struct tree *before, const char *found,
                       const struct trace_rows *rows, struct arena *a)
{
	struct tree after = *before;
	_scratch_tree_ struct scratch_tree names;
	_buf_ struct buf out = BUF_INIT, text = BUF_INIT;
	struct trace_difference d, first;
	struct digest params = { 0 };
	const char *tokens;
	struct lookups ignored = { .paths = MAP_INIT };
	struct err e;

	for (unsigned n = 1 + pick(2); n; n--)
		change(&after);
	to_names(&after, &names);
	struct trace_now now = { .jig = jig, .names = &names.names, .params = &params };
	assert_int_equal(trace_check(rows, &now, false, a, &d, &tokens, &e), 0);
	assert_int_equal(trace_check(rows, &now, true, a, &first, &tokens, &e), 0);
	assert_int_equal(d.change == TRACE_SAME, first.change == TRACE_SAME);
	assert_null(tokens);
	if (!write_tree(&after))
		return;
	run_script(s, &out, &ignored);
	map_release(&ignored.paths);
	if (d.change != TRACE_SAME) {
		needless += !strcmp(out.data, found);
		return;
	}
	same++;
	if (!strcmp(out.data, found))
		return;
	describe_all(s, before, &after, rows, &text);
	fail_msg("the trace holds, but the step finds\n%s\ninstead of\n%s%s", out.data, found, text.data);
}

static void try_script(void)
{
	struct tree t = { 0 };
	struct script s;
	_scratch_tree_ struct scratch_tree names;
	_buf_ struct buf found = BUF_INIT;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct digest params = { 0 };
	struct trace_places places = {.root = project,
	                              .jig = jig,
	                              .work = work,
	                              .step = &step,
	                              .inputs = inputs,
	                              .ninputs = 1,
	                              .params_digest = &params};
	struct trace_rows rows;
	struct err e;

	for (unsigned n = 1 + pick(8); n; n--)
		add_entry(&t);
	random_script(&s);
	to_names(&t, &names);
	if (!write_tree(&t))
		return;
	run_script(&s, &found, &l);
	assert_int_equal(trace_make(&l, &names.names, &places, &a, &rows, &e), 0);
	/* Against the same snapshot it always holds. */
	for (int i = 0; i < CHANGES; i++)
		try_change(&s, &t, found.data, &rows, &a);
}

static void test_promise(void **unused)
{
	for (uint64_t seed = 1; seed <= SCRIPTS; seed++) {
		state = seed * 0x9e3779b97f4a7c15u;
		try_script();
	}
	/* Not by saying always that something differs. */
	print_message("%d held, %d ran although nothing that they saw differed\n", same, needless);
	assert_true(same > SCRIPTS);
}

static int make_top(void **unused)
{
	struct err e;
	char *made;

	if (file_temp_dir("/tmp", "trace", &made, &e) < 0)
		return -1;
	top = realpath(made, NULL);
	free(made);
	project = mem_printf("%s/p", top);
	jig = mem_printf("%s/.jig", project);
	work = mem_printf("%s/runs/1/s@1/work", jig);
	return 0;
}

static int remove_top(void **unused)
{
	struct err e;

	file_remove_tree(top, &e);
	free(top);
	free(project);
	free(jig);
	free(work);
	return 0;
}

int main(void)
{
	const struct CMUnitTest tests[] = { cmocka_unit_test(test_promise) };

	return cmocka_run_group_tests(tests, make_top, remove_top);
}
