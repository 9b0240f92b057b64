#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include "tests/runner/code_scratch.h"
#include "tests/runner/trace_scratch.h"
#include "base/json.h"
#include "runner/trace/python_tokens.h"

/* A step that is handed data/raw.csv and data/set, makes models/m.pkl, keeps checkpoints in ckpt, and has its params in
 * params.yaml. */
static struct step_output outputs[] = { { .path = "models/m.pkl" } };
static struct step step = { .name = "train", .outputs = outputs, .noutputs = 1, .checkpoints = "ckpt" };
static const char *const inputs[] = { "data/raw.csv", "data/set", "/far/linked" };
static const char *const param_files[] = { "params.yaml" };
static const char *const covered[] = { "/far/env" };
static const struct digest params = { { 1 } };
static struct trace_places places = {
	.root = "/far/p", .jig = "/far/p/.jig", .work = "/far/p/.jig/runs/1/train@1/work", .step = &step,
		.inputs = inputs, .ninputs = ARRAY_LEN(inputs),
	.param_files = param_files, .nparam_files = 1, .params = "/far/p/.jig/runs/1/params.json", .covered = covered,
		.ncovered = 1, .params_digest = &params,
};
#define WORK "/far/p/.jig/runs/1/train@1/work"

#define CHANGES(X) \
	X(SAME) \
	X(CHANGED) X(NEW) X(GONE) X(MODE) X(TARGET) X(TYPE) X(LISTED_NEW) X(LISTED_GONE) X(NAME_NEW) X(NAME_GONE) \
	        X(ALL_PARAMS) X(UNDECLARED) X(ANYTHING)
static const char *change_text(enum trace_change c)
{
#define TEXT(name) [TRACE_##name] = #name,
	static const char *const texts[] = { CHANGES(TEXT) };

	return texts[c];
}

static void look_all(struct lookups *l, const char *text)
{
	_free_ char *copy = mem_strdup(text);
	char *save = NULL;

	for (char *word = strtok_r(copy, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		char *colon = strchr(word, ':');

		*colon = '\0';
		scratch_look(l, places.work, word, colon + 1);
	}
}

static char *rows_text(const struct trace_rows *rows)
{
	struct buf text = BUF_INIT;

	for (size_t i = 0; i < rows->len; i++) {
		const struct trace_row *row = &rows->v[i];

		buf_addf(&text, "%s%s:%s", i ? " " : "", scratch_kind(row->kind), row->path);
		if (i) {
			int order = strcmp(row[-1].path, row->path);

			assert_true(order < 0 || (order == 0 && row[-1].kind < row->kind));
		}
	}
	return text.cap ? buf_steal(&text) : mem_strdup("");
}

/* tree, lookups, the rows that they come to; then trees and what they differ in, "" for nothing. */
struct shot { int line; const char *tree, *lookups, *rows; struct { const char *tree, *change; } now[4]; };
#define SHOT __LINE__,

static const struct code_names *names_of_then(void *arg)
{
	return arg;
}

static void check_shot(const struct shot *s, enum witness witness, const char *untrusted)
{
	_scratch_tree_ struct scratch_tree tree;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = witness, .untrusted = untrusted };
	struct trace_rows rows;
	struct err why;

	scratch_parse(&tree, s->tree);
	look_all(&l, s->lookups);
	assert_int_equal(trace_make(&l, &tree.names, &places, &a, &rows, &why), 0);
	_free_ char *text = rows_text(&rows);
	if (strcmp(text, s->rows))
		fail_msg("line %d: %s gives\n%s\ninstead of\n%s", s->line, s->lookups, text, s->rows);
	for (size_t i = 0; i < 1 + ARRAY_LEN(s->now); i++) {
		bool itself = !i;
		const char *now_text = itself ? s->tree : s->now[i - 1].tree,
		           *expected = itself ? "SAME" : s->now[i - 1].change;
		_scratch_tree_ struct scratch_tree tree_now;
		struct trace_difference d;
		const char *tokens;

		if (!expected)
			break;
		scratch_parse(&tree_now, now_text);
		struct trace_now now = {
		        .names = &tree_now.names, .params = &params, .then = names_of_then, .arg = &tree.names};
		assert_int_equal(trace_check(&rows, &now, false, &a, &d, &tokens, &why), 0);
		_free_ char *found = d.change ? mem_printf("%s %s", change_text(d.change), d.path) : mem_strdup("SAME");
		if (strcmp(found, expected))
			fail_msg("line %d: %s is \"%s\" instead of \"%s\"", s->line, now_text, found, expected);
		assert_int_equal(trace_check(&rows, &now, true, &a, &d, NULL, &why), 0);
		assert_int_equal(d.change == TRACE_SAME, !strcmp(expected, "SAME"));
	}
}

static const struct shot shots[] = {
        /* files */
        {SHOT "a.py=x b.py=y",
         "r:a.py",
         "file:a.py",
         {{"a.py=z b.py=y", "CHANGED a.py"},
          {"a.py=x b.py=z c.py=n", "SAME"},
          {"b.py=y", "GONE a.py"},
          {"a.py/b=x", "TYPE a.py"}}},
        {SHOT "t.sh=x",
         "r:t.sh",
         "file:t.sh",
         {{"t.sh*=x", "MODE t.sh"}, {"t.sh*=y", "CHANGED t.sh"}, {"t.sh->x", "TYPE t.sh"}}},
        {SHOT "a=x", "s:a", "file:a", {{"a=y", "CHANGED a"}, {"a*=x", "MODE a"}}},
        {SHOT "a=x", "l:a", "file:a", {{"a->b b=x", "TYPE a"}}},
        {SHOT "a=x", "r:./a l:.//a s:b/../a", "file:a nothing:b", {{"a=x b=n", "NEW b"}}},
        {SHOT "a=x", "r:a/", "file:a"},
        {SHOT "a=x", "r:a/b/c", "file:a", {{"a/b/c=x", "TYPE a"}}},
        {SHOT "lib/a=x b=y",
         "r:lib/../b",
         "file:b folder:lib",
         {{"b=y", "GONE lib"}, {"b=y lib->x x/y=1", "TYPE lib"}, {"b=y lib/other=1", "SAME"}}},
        {SHOT "a/b/c=x d=y", "r:a/b/../../d", "folder:a folder:a/b file:d", {{"a/z=x d=y", "GONE a/b"}}},
        {SHOT "a=x b=y",
         "w:a",
         "nothing:a",
         {{"a=z b=y", "SAME"}, {"b=y", "SAME"}, {"a->b b=y", "TYPE a"}, {"a/c=x b=y", "TYPE a"}}},
        {SHOT "lib/a=x",
         "w:lib/out",
         "folder:lib nothing:lib/out",
         {{"lib/a=x lib/out=y", "SAME"}, {"c=x", "GONE lib"}}},
        {SHOT "a=x", "w:no/out", "nothing:no", {{"a=x no/b=y", "NEW no"}}},
        {SHOT "a=x", "rw:a", "file:a"},
        /* names that are not there */
        {SHOT "a=x", "s:b", "nothing:b", {{"a=x b=y", "NEW b"}, {"a=x b/c=y", "NEW b"}, {"b->a", "NEW b"}}},
        {SHOT "a=x", "r:lib/x/y.py s:lib/z", "nothing:lib", {{"a=x lib/z=y", "NEW lib"}}},
        {SHOT "lib/a=x",
         "r:lib/x/y.py",
         "nothing:lib/x",
         {{"lib/a=y", "SAME"}, {"lib->l2 l2/x/y.py=z", "TYPE lib"}, {"lib=z", "TYPE lib"}, {"b=x", "SAME"}}},
        {SHOT "lib/a=x", "l:lib/x", "folder:lib nothing:lib/x", {{"b=x", "GONE lib"}}},
        {SHOT "a=x", "s:.git s:.git/HEAD s:.jig/x r:__pycache__/a.pyc r:node_modules/y s:.DS_Store r:.mypy_cache/z",
         ""},
        {SHOT "a=x", "s:lib/.DS_Store s:.env", "nothing:.env nothing:lib"},
        /* folders */
        {SHOT "lib/a=x",
         "s:lib s:lib/. s:lib/",
         "folder:lib",
         {{"lib/b=y", "SAME"}, {"lib=y", "TYPE lib"}, {"lib->x x/y=z", "TYPE lib"}, {"b=y", "GONE lib"}}},
        {SHOT "lib/a=x lib/b/c=y d=z",
         "r:lib",
         "listing:lib",
         {{"lib/a=1 lib/b/d=2 lib/b/e=3", "SAME"},
          {"lib/a=x lib/b/c=y lib/n=1", "LISTED_NEW lib/n"},
          {"lib/b/c=y", "LISTED_GONE lib/a"},
          {"lib/a=x lib/b=y", "TYPE lib/b"}}},
        {SHOT "a=x", "r:. s:.", "listing:", {{"a=y", "SAME"}, {"a=x b=y", "LISTED_NEW b"}}},
        {SHOT "a=x", "s:. s: l:./", "", {{"b=y", "SAME"}}},
        {SHOT "lib/a=x", "r:lib s:lib", "listing:lib", {{"b=y", "GONE lib"}, {"lib=x", "TYPE lib"}}},
        {SHOT "lib/a=x", "w:lib", "folder:lib"},
        /* links */
        {SHOT "a=x l->a",
         "r:l",
         "file:a link:l",
         {{"a=y l->a", "CHANGED a"}, {"a=x b=x l->b", "TARGET l"}, {"a=x l=x", "TYPE l"}, {"a=x", "GONE l"}}},
        {SHOT "a=x l->a", "l:l", "link:l", {{"a=y l->a", "SAME"}, {"l->b", "TARGET l"}}},
        {SHOT "a=x l->a", "ls:l", "file:a link:l"},
        {SHOT "lib/a=x l->lib", "l:l/", "link:l folder:lib"},
        {SHOT "lib/a=x l->lib",
         "r:l/a s:l/b",
         "link:l file:lib/a nothing:lib/b",
         {{"lib/a=x lib/b=y l->lib", "NEW lib/b"}}},
        {SHOT "a/b/c=x a/d=y l->a/b", "r:l/../d", "folder:a/b file:a/d link:l"},
        {SHOT "a/l->../b/f b/f=x", "r:a/l", "folder:a link:a/l file:b/f"},
        {SHOT "l->m m->l", "r:l", "link:l link:m", {{"l->m m=x", "TYPE m"}}},
        {SHOT "l->none/x", "s:l", "link:l nothing:none", {{"l->none/x none/x=y", "NEW none"}}},
        {SHOT "a=x l->" WORK "/a", "r:l", "file:a link:l"},
        {SHOT "l->/far/else/x", "r:l", "outside:/far/else/x link:l"},
        {SHOT "l->/far/env/x l2->/usr/include", "r:l r:l2/stdio.h", "link:l link:l2"},
        {SHOT "a=x l->a", "w:l", "nothing:a link:l", {{"a=y l->a", "SAME"}}},
        /* what the step was handed, and what it makes */
        {SHOT "data/raw.csv=x a=y", "r:data/raw.csv r:data/set/1.csv s:data/set", "", {{"a=y data/raw.csv=z", "SAME"}}},
        {SHOT "a=y", "r:data/raw.csv s:data", "", {{"a=y data/README=z", "SAME"}}},
        {SHOT "a=y",
         "r:data/other.csv",
         "nothing:data/other.csv",
         {{"a=y data/README=z", "SAME"},
          {"data/other.csv=z", "NEW data/other.csv"},
          {"data->d2 d2/other.csv=x", "TYPE data"}}},
        {SHOT "a=y", "r:data", "nothing:data", {{"data/b=x", "NEW data"}}},
        {SHOT "models/README=x", "s:models r:models/m.pkl l:models/m.pkl r:ckpt/1 s:ckpt", "folder:models"},
        {SHOT "a=y", "r:models/../a", "file:a"},
        {SHOT "a=y", "r:data/set/../../a", "file:a"},
        {SHOT "a=y", "r:made/../a r:out/deep/../../a", "file:a nothing:made nothing:out"},
        {SHOT "data/b=x",
         "m:data/set m:data/raw",
         "module:data/raw module:data/set",
         {{"data/b=x data/set.py=y", "NEW data/set.py"}}},
        /* params */
        {SHOT "params.yaml=x",
         "r:params.yaml",
         "params: params:params.yaml",
         {{"params.yaml=y", "ALL_PARAMS params.yaml"}}},
        {SHOT "l->params.yaml", "s:l", "params: link:l params:params.yaml"},
        {SHOT "params.yaml=x a=y", "r:/far/p/.jig/runs/1/params.json", "params:"},
        {SHOT "params.yaml=x a=y",
         "d:.",
         "listing: params: file:a params:params.yaml",
         {{"params.yaml=z a=y", "ALL_PARAMS params.yaml"}}},
        /* modules */
        {SHOT "m.py=x train.py=y",
         "m:m m:n",
         "module:m module:n",
         {{"m.py=z train.py=y train2.py=y notes.md=n", "SAME"},
          {"m.py=x n.py=y", "NEW n.py"},
          {"m.py=x m/__init__.py=y", "NEW m"},
          {"train.py=y", "GONE m.py"}}},
        {SHOT "lib/a=x",
         "m:lib/n",
         "module:lib/n",
         {{"lib/a=x lib/n.abi3.so=y", "NEW lib/n.abi3.so"},
          {"lib/n=y lib/n.txt=z lib/nn.py=1 lib/n.d/a.py=2", "SAME"},
          {"lib->l2 l2/n.py=y", "TYPE lib"},
          {"a=x", "SAME"}}},
        {SHOT "l->lib lib/a.py=x",
         "m:l/a m:no/a",
         "link:l module:lib/a nothing:no",
         {{"l->lib lib/a.pyc=x lib/a.py=x", "NEW lib/a.pyc"}}},
        {SHOT "lib/a.py=x",
         "m:lib/a",
         "module:lib/a",
         {{"lib/a->b lib/a.py=1", "NEW lib/a"}, {"lib/a/b=1", "NEW lib/a"}, {"lib/a.py->x", "TYPE lib/a.py"}}},
        /* moved or linked to */
        {SHOT "lib/a=x lib/b/c=y d=z",
         "d:lib",
         "listing:lib file:lib/a listing:lib/b file:lib/b/c",
         {{"lib/a=x lib/b/c=z", "CHANGED lib/b/c"},
          {"lib/a=x lib/b/c=y lib/b/d=1", "LISTED_NEW lib/b/d"},
          {"lib/a=x lib/b/c=y d=n", "SAME"}}},
        {SHOT "a=x", "d:a", "file:a"},
        {SHOT "a=x", "d:new", "nothing:new"},
        {SHOT "lib/l->a lib/a=x",
         "d:lib",
         "tree:a link was moved or linked to",
         {{"lib/l->a lib/a=x n=1", "ANYTHING a link was moved or linked to"}}},
        {SHOT "lib/a=x lib/b=y c=z", "d:lib/ r:lib/../c",
         "tree:a folder of the code was moved or linked to, and a path led up by \"..\""},
        /* outside */
        {SHOT "a=x", "r:/far/env/lib/x s:/usr/bin/python r:/etc/hosts s:/far/linked/1", ""},
        {SHOT "a=x", "s:/far s:/far/p s:/ l:/far/p/.jig s:.. s:../../..", ""},
        {SHOT "a=x", "r:/far/p/.jig/runs/2/x r:../params s:../tmp/x", ""},
        {SHOT "a=x", "s:/far/p/a r:/far/q/b w:/far/q/c", "outside:/far/p/a outside:/far/q/b"},
        {SHOT "a=x", "s:../../../../../data", "outside:/far/p/data"},
        {SHOT "a=x", "s:/dev/shm/sem.1 s:/dev/null r:/run/media/disk/x", "outside:/run/media/disk/x"},
};

static void test_shots(void **unused)
{
	for (size_t i = 0; i < ARRAY_LEN(shots); i++)
		check_shot(&shots[i], WITNESS_CALLS, NULL);
}

static enum trace_change check_now(const struct trace_rows *rows, const struct trace_now *now, struct arena *a,
                                   const char **ret_path)
{
	struct trace_difference d;
	const char *tokens;
	struct err why;

	assert_int_equal(trace_check(rows, now, false, a, &d, &tokens, &why), 0);
	*ret_path = d.path;
	return d.change;
}

/* What cannot be known never holds. */
static void test_never(void **unused)
{
	_scratch_tree_ struct scratch_tree tree;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct trace_rows rows;
	const char *path;
	struct err why;

	scratch_parse(&tree, "a=x");
	look_all(&l, "r:/proc/self/cwd/a r:a");
	assert_int_equal(trace_make(&l, &tree.names, &places, &a, &rows, &why), 0);
	struct trace_now now = { .names = &tree.names, .params = &params };
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_ANYTHING);
	assert_non_null(strstr(path, "/proc"));
}

static void test_witnesses(void **unused)
{
	static const struct shot files = {SHOT "a=x b=y l->a lib/c=z",
	                                  "r:a r:lib",
	                                  "params: names: file:a listing:lib",
	                                  {{"a=x b=n l->a lib/c=z", "SAME"},
	                                   {"a=x b=y l->a lib/c=z n=1", "NAME_NEW n"},
	                                   {"a=x l->a lib/c=z", "NAME_GONE b"},
	                                   {"a=x b=y l->b lib/c=z", "TARGET l"}}};
	static const struct shot modes = {
	        SHOT "a=x b=y",
	        "r:a",
	        "params: names: file:a",
	        {{"a=x b*=y", "MODE b"}, {"a=z b=y n=2", "CHANGED a"}, {"a=x b->y", "TYPE b"}}};
	static const struct shot lost = {SHOT "a=x b=y",
	                                 "r:a r:/far/q/b",
	                                 "params: outside:/far/q/b tree:the watches ran out",
	                                 {{"a=x b=z", "ANYTHING the watches ran out"}}};
	static const struct shot nobody = {
	        SHOT "a=x", "", "params: tree:nobody saw what it read", {{"a=y", "ANYTHING nobody saw what it read"}}};

	check_shot(&files, WITNESS_FILES, NULL);
	check_shot(&modes, WITNESS_FILES, NULL);
	check_shot(&lost, WITNESS_CALLS, "the watches ran out");
	check_shot(&nobody, WITNESS_NONE, NULL);
}

static void test_declared(void **unused)
{
	static const char *code[] = { "train.py", "lib/", "none" };
	static const struct shot shot = {SHOT "train.py=x lib/a=1 lib/l->../b b=2 c=3",
	                                 "r:c r:params.yaml r:/far/q/x",
	                                 "params: outside:/far/q/x file:b listing:lib file:lib/a link:lib/l "
	                                 "nothing:none params:params.yaml file:train.py",
	                                 {{"train.py=x lib/a=1 lib/l->../b b=2 c=4", "SAME"},
	                                  {"train.py=x lib/a=1 lib/l->../b b=3 c=3", "CHANGED b"},
	                                  {"train.py=x lib/a=1 lib/l->../b b=2 none=1", "NEW none"}}};
	struct step declared = step;

	declared.code = code;
	declared.ncode = ARRAY_LEN(code);
	places.step = &declared;
	check_shot(&shot, WITNESS_CALLS, NULL);
	check_shot(&shot, WITNESS_CALLS, "the watches ran out");
	places.step = &step;
}

static void test_params(void **unused)
{
	_scratch_tree_ struct scratch_tree tree;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	_json_ json_t *one = json_pack("{s:i, s:i}", "a", 1, "b", 2), *two = json_pack("{s:i, s:i}", "b", 2, "a", 1),
	              *other = json_pack("{s:i}", "a", 2);
	struct digest d1, d2, d3;
	struct trace_rows rows;
	const char *path;
	struct err why;

	trace_params(one, &d1);
	trace_params(two, &d2);
	trace_params(other, &d3);
	assert_true(digest_equal(&d1, &d2) && !digest_equal(&d1, &d3));
	scratch_parse(&tree, "params.yaml=x");
	look_all(&l, "r:params.yaml");
	assert_int_equal(trace_make(&l, &tree.names, &places, &a, &rows, &why), 0);
	struct trace_now now = { .names = &tree.names, .params = &d3 };
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_ALL_PARAMS);
	now.params = NULL;
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_ALL_PARAMS);
}

/* ---- on the disk ---- */

static void set_time(const char *path, time_t s)
{
	struct timespec times[2] = { { .tv_sec = s }, { .tv_sec = s } };

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

static void test_outside(void **unused)
{
	_scratch_tree_ struct scratch_tree tree;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct trace_places here = places;
	struct trace_rows rows;
	const char *path;
	struct err why;
	_free_ char *real = realpath(home, NULL), *work = mem_printf("%s/project/.jig/runs/1/s@1/work", real),
	            *live = mem_printf("%s/project", real), *dot = mem_printf("%s/project/.jig", real),
	            *deep = mem_printf("%s/set", real);

	assert_ok(file_mkdirs(work, 0755, e));
	put("../data/a.csv", "1");
	put("../data/b.csv", "1");
	put("../set/x/1", "1");
	put("live.py", "1");
	_free_ char *file = path_join(real, "data/a.csv"), *link = path_join(real, "l"),
	            *gone = path_join(real, "gone"), *folder = path_join(real, "data"),
	            *set = path_join(real, "set/x/1");
	_free_ char *in_work = path_join(real, "w");
	assert_int_equal(symlink("data/b.csv", link), 0);
	assert_int_equal(symlink(work, in_work), 0);
	set_time(file, 1000);
	scratch_parse(&tree, "m.py=x");
	here.root = live;
	here.jig = dot;
	here.work = work;
	_free_ char *look = mem_printf("r:%s lr:%s s:%s r:%s d:%s r:%s/m.py r:%s/live.py r:%s/data/../w/m.py", file,
	                               link, gone, folder, deep, in_work, live, real);
	look_all(&l, look);
	assert_int_equal(trace_make(&l, &tree.names, &here, &a, &rows, &why), 0);
	_free_ char *text = rows_text(&rows);
	_free_ char *expected = mem_printf(
	        "outside:%s outside:%s/a.csv outside:%s outside:%s outside:%s/live.py outside:%s tree:", folder, folder,
	        gone, link, live, deep);
	/* A path with ".." and a folder that was linked to: what was read there is not known. */
	if (strncmp(text, expected, strlen(expected)))
		fail_msg("%s\ninstead of\n%s", text, expected);
	assert_non_null(strstr(text, "tree:a folder outside was moved"));
	/* Without it. */
	map_release(&l.paths);
	_free_ char *plain = mem_printf("r:%s lr:%s s:%s r:%s d:%s r:%s/m.py", file, link, gone, folder, deep, in_work);
	look_all(&l, plain);
	assert_int_equal(trace_make(&l, &tree.names, &here, &a, &rows, &why), 0);
	struct trace_now now = { .names = &tree.names, .params = &params };
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_SAME);
	set_time(file, 2000);
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_UNDECLARED);
	assert_string_equal(path, file);
	set_time(file, 1000);
	put("../gone", "1");
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_UNDECLARED);
	assert_string_equal(path, gone);
	unlink(gone);
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_SAME);
	/* Same size, another time; and a name that appears in a folder that was listed. */
	set_time(set, 5);
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_UNDECLARED);
	assert_string_equal(path, set);
}

/* Someone changed a file while the step ran: nobody knows which content it read. */
static void test_changed_meanwhile(void **unused)
{
	_scratch_tree_ struct scratch_tree tree;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct trace_places here = places;
	struct trace_rows rows;
	const char *path;
	struct err why;
	_free_ char *file = path_join(home, "shared.csv");
	struct stat st;

	put("../shared.csv", "1");
	assert_int_equal(stat(file, &st), 0);
	scratch_parse(&tree, "a=x");
	_free_ char *look = mem_printf("r:%s", file), *rewrite = mem_printf("rw:%s", file);
	look_all(&l, look);
	struct trace_now now = { .names = &tree.names, .params = &params };
	here.began = st.st_mtim.tv_sec * 1000000000LL + st.st_mtim.tv_nsec + 1;
	assert_int_equal(trace_make(&l, &tree.names, &here, &a, &rows, &why), 0);
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_SAME);
	here.began--;
	assert_int_equal(trace_make(&l, &tree.names, &here, &a, &rows, &why), 0);
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_UNDECLARED);
	/* The step itself did. */
	look_all(&l, rewrite);
	assert_int_equal(trace_make(&l, &tree.names, &here, &a, &rows, &why), 0);
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_SAME);
}

static void test_many_outside(void **unused)
{
	_scratch_tree_ struct scratch_tree tree;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct trace_rows rows;
	const char *path;
	struct err why;
	_free_ char *folder = path_join(home, "many"), *look = mem_printf("d:%s", folder);

	assert_int_equal(mkdir(folder, 0755), 0);
	for (int i = 0; i <= 10000; i++) {
		_free_ char *file = mem_printf("%s/%d", folder, i);

		assert_int_equal(symlink("x", file), 0);
	}
	scratch_parse(&tree, "a=x");
	look_all(&l, look);
	assert_int_equal(trace_make(&l, &tree.names, &places, &a, &rows, &why), 0);
	struct trace_now now = { .names = &tree.names, .params = &params };
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_ANYTHING);
	assert_non_null(strstr(path, "more than can be compared"));
}

/* ---- contents ---- */

static void snapshot_names(struct code_names **ret)
{
	take_ok();
	code_names_freep(ret);
	assert_ok(code_names_open(jig, snap.tree, ret, e));
}

static void test_tokens(void **unused)
{
	_cleanup_(code_names_freep) struct code_names *names = NULL;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct step tokens_step = step;
	struct trace_places here = places;
	struct trace_rows rows;
	struct trace_difference d;
	const char *tokens;
	struct err why;

	tokens_step.python_tokens = true;
	here.step = &tokens_step;
	here.jig = jig;
	put("train.py", "x = 1\n");
	put("read.py", "y = 1\n");
	put("broken.py", "y = (\n");
	snapshot_names(&names);
	look_all(&l, "ps:train.py p:read.py r:./read.py p:broken.py");
	assert_ok(trace_make(&l, names, &here, &a, &rows, e));
	_free_ char *text = rows_text(&rows);
	assert_string_equal(text, "file:broken.py file:read.py file:train.py python:train.py");
	put("train.py", "# why\nx   = 1 # one\n\n");
	snapshot_names(&names);
	struct trace_now now = { .jig = jig, .names = names, .params = &params };
	assert_int_equal(trace_check(&rows, &now, false, &a, &d, &tokens, &why), 0);
	assert_int_equal(d.change, TRACE_SAME);
	assert_string_equal(tokens, "train.py");
	_free_ char *script = path_join(root, "train.py");
	chmod(script, 0755);
	snapshot_names(&names);
	now.names = names;
	assert_int_equal(trace_check(&rows, &now, false, &a, &d, &tokens, &why), 0);
	assert_int_equal(d.change, TRACE_MODE);
	assert_null(tokens);
	put("train.py", "x = 2\n");
	snapshot_names(&names);
	now.names = names;
	assert_int_equal(trace_check(&rows, &now, false, &a, &d, &tokens, &why), 0);
	assert_int_equal(d.change, TRACE_CHANGED);
	assert_memory_not_equal(d.before, d.after, CODE_OID_BYTES);
	/* The same edit counts where the file was read as a text too, and where tokens were not asked for. */
	put("train.py", "x = 1\n");
	put("read.py", "y = 1 # one\n");
	chmod(script, 0644);
	snapshot_names(&names);
	now.names = names;
	assert_int_equal(trace_check(&rows, &now, false, &a, &d, &tokens, &why), 0);
	assert_int_equal(d.change, TRACE_CHANGED);
	assert_string_equal(d.path, "read.py");
	assert_ok(trace_make(&l, names, &places, &a, &rows, e));
	_free_ char *without = rows_text(&rows);
	assert_null(strstr(without, "python:"));
}

/* The kernel opens what a script's first line names. */
static void test_interpreters(void **unused)
{
	_cleanup_(code_names_freep) struct code_names *names = NULL;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct trace_places here = places;
	struct trace_rows rows;

	here.jig = jig;
	put("system.sh", "#!/bin/sh\n");
	put("other.sh", "#! /far/bin/tool -x\n");
	put("plain", "x");
	snapshot_names(&names);
	scratch_look(&l, places.work, "r", "read.sh");
	map_add(&l.paths, WORK "/system.sh", NULL)->num = LOOKUP_READ | LOOKUP_EXEC;
	map_add(&l.paths, WORK "/other.sh", NULL)->num = LOOKUP_READ | LOOKUP_EXEC;
	map_add(&l.paths, WORK "/plain", NULL)->num = LOOKUP_READ | LOOKUP_EXEC;
	assert_ok(trace_make(&l, names, &here, &a, &rows, e));
	_free_ char *text = rows_text(&rows);
	assert_string_equal(text, "outside:/far/bin/tool file:other.sh file:plain nothing:read.sh file:system.sh");
	put("near.sh", "#!bin/tool\n");
	snapshot_names(&names);
	map_add(&l.paths, WORK "/near.sh", NULL)->num = LOOKUP_READ | LOOKUP_EXEC;
	assert_ok(trace_make(&l, names, &here, &a, &rows, e));
	_free_ char *unclear = rows_text(&rows);
	assert_non_null(strstr(unclear, "tree:a script was executed"));
}

static void test_system(void **unused)
{
	assert_true(trace_is_system("/usr") && trace_is_system("/usr/lib/x") && trace_is_system("/etc/hosts") &&
	            trace_is_system("/proc/self/maps"));
	assert_false(trace_is_system("/usrlocal") || trace_is_system("/home/x") || trace_is_system("/opt/x") ||
	             trace_is_system("/dev/shm/x") || trace_is_system("/"));
}

/* The most telling difference, whatever the order of the rows; without the names of then the folder is named. */
static void test_most_telling(void **unused)
{
	_scratch_tree_ struct scratch_tree tree, changed;
	_arena_ struct arena a = ARENA_INIT;
	_lookups_ struct lookups l = { .paths = MAP_INIT, .witness = WITNESS_CALLS };
	struct trace_rows rows;
	const char *path;
	struct err why;

	scratch_parse(&tree, "a/x=1 b=2 c=3 z=4 l->b");
	look_all(&l, "r:a r:b r:z s:n l:l r:c");
	assert_int_equal(trace_make(&l, &tree.names, &places, &a, &rows, &why), 0);
	scratch_parse(&changed, "a/x=1 a/y=1 b*=2 n=1 z=5 c=4 l->z");
	struct trace_now now = { .names = &changed.names, .params = &params };
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_CHANGED);
	assert_string_equal(path, "c");
	scratch_release(&changed);
	scratch_parse(&changed, "a/x=1 a/y=1 b=2 z=4 c=3 l->b");
	now.names = &changed.names;
	assert_int_equal(check_now(&rows, &now, &a, &path), TRACE_LISTED_NEW);
	assert_string_equal(path, "a");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_shots),
		cmocka_unit_test(test_never),
		cmocka_unit_test(test_witnesses),
		cmocka_unit_test(test_declared),
		cmocka_unit_test(test_params),
		cmocka_unit_test(test_system),
		cmocka_unit_test(test_most_telling),
		cmocka_unit_test_setup_teardown(test_outside, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_changed_meanwhile, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_many_outside, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_tokens, scratch_setup, scratch_teardown),
		cmocka_unit_test_setup_teardown(test_interpreters, scratch_setup, scratch_teardown),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
