/* From scripts alone: what they read and write is taken from literal paths in their text, which is a guess that a
 * person reads before it runs. */
#include <ctype.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "runner/pipeline/init_text.h"

static const struct { const char *ending, *interpreter; } languages[] = {
	{ ".py", "python3" }, { ".sh", "sh" }, { ".R", "Rscript" }, { ".r", "Rscript" }, { ".jl", "julia" },
};
static const char *const data_endings[] = {
        ".csv", ".tsv", ".json", ".jsonl", ".parquet", ".pkl",  ".pickle",  ".joblib", ".npy",  ".npz",
        ".txt", ".pt",  ".pth",  ".ckpt",  ".h5",      ".hdf5", ".feather", ".rds",    ".RDS",  ".png",
        ".svg", ".pdf", ".html", ".md",    ".xlsx",    ".gz",   ".zip",     ".db",     ".onnx", ".arrow",
};
/* A literal on a line with one of these is written. */
static const char *const writers[] = {
        "to_csv",      "to_parquet", "to_json",   "to_pickle",     "to_excel",   "to_feather", ".dump(",
        "dump(",       "savefig",    ".save(",    "np.save",       "torch.save", "\"w\"",      "'w'",
        "\"wb\"",      "'wb'",       "write_csv", "write.csv",     "saveRDS",    "ggsave",     "write_text",
        "write_bytes", ">",          "CSV.write", "write_parquet", "save_model",
};

struct script { char *path; const char *interpreter; struct names reads, writes; bool done; bool imported; };
struct scripts { VEC(struct script) v; struct names modules, steps; };

static bool ends_with_any(const char *s, const char *const *list, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (text_ends(s, list[i]))
			return true;
	return false;
}

static int find(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	struct scripts *all = arg;
	const char *base = path_base(rel);

	if (S_ISDIR(st->st_mode)) {
		static const char *const skipped[] = {"tests",       "test",  "node_modules", "venv",          "env",
		                                      "__pycache__", "build", "dist",         "site-packages", "docs"};
		_free_ char *venv = path_join(abs, "pyvenv.cfg");

		for (size_t i = 0; i < ARRAY_LEN(skipped); i++)
			if (strcmp(base, skipped[i]) == 0)
				return FILE_WALK_SKIP;
		return base[0] == '.' || file_exists(venv) || strchr(rel, '/') ? FILE_WALK_SKIP : 0;
	}
	if (!S_ISREG(st->st_mode) || base[0] == '.' || strcmp(base, "setup.py") == 0 ||
	    strcmp(base, "conftest.py") == 0 || text_starts(base, "__") || text_starts(base, "test_"))
		return 0;
	for (size_t i = 0; i < ARRAY_LEN(languages); i++)
		if (text_ends(base, languages[i].ending)) {
			struct script *s = vec_add(&all->v);

			s->path = mem_strdup(rel);
			s->interpreter = languages[i].interpreter;
			return 0;
		}
	return 0;
}

static void literal(struct script *s, const char *line, size_t line_len, const char *word, size_t n)
{
	_free_ char *path = mem_strndup(word, n);
	_free_ char *text = mem_strndup(line, line_len);
	_free_ char *normal = NULL;

	if (!ends_with_any(path, data_endings, ARRAY_LEN(data_endings)) || path_check_inside(path) ||
	    strpbrk(path, "{}$*%<> "))
		return;
	normal = path_normal(path, NULL);
	for (size_t i = 0; i < ARRAY_LEN(writers); i++) {
		if (strstr(text, writers[i])) {
			names_add(&s->writes, normal);
			return;
		}
	}
	names_add(&s->reads, normal);
}

/* "import a, b.c as d" and "from a import b". */
static void add_imports(struct names *modules, const char *line, size_t n)
{
	const char *end = line + n;

	line += strspn(line, " \t");
	if (line >= end || (!text_starts(line, "import ") && !text_starts(line, "from ")))
		return;
	for (line = strchr(line, ' '); line && line < end;) {
		line += strspn(line, " ,");
		size_t len = strspn(line, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_");
		_free_ char *module = mem_strndup(line, len);
		const char *comma = memchr(line, ',', end - line);

		if (len)
			names_add(modules, module);
		line = comma;
	}
}

/* Quoted words, and in shell scripts bare ones. Imported modules of the project are code, not steps. */
static void scan(struct script *s, struct names *modules, const char *text)
{
	bool shell = strcmp(s->interpreter, "sh") == 0;

	for (const char *line = text; *line;) {
		size_t n = strcspn(line, "\n");

		add_imports(modules, line, n);
		for (size_t i = 0; i < n; i++) {
			if (line[i] == '#' && (i == 0 || isspace((unsigned char)line[i - 1])))
				break;
			if (line[i] == '"' || line[i] == '\'') {
				size_t k = i + 1;

				while (k < n && line[k] != line[i])
					k++;
				if (k < n)
					literal(s, line, n, line + i + 1, k - i - 1);
				i = k;
			} else if (shell && !isspace((unsigned char)line[i])) {
				size_t k = i;

				while (k < n && !strchr(" \t;|<>()\"'", line[k]))
					k++;
				bool written = i > 0 && (line[i - 1] == '>' ||
				                         (i > 1 && line[i - 1] == ' ' && line[i - 2] == '>'));
				literal(s, written ? ">" : "", written, line + i, k - i);
				i = k > i ? k - 1 : i;
			}
		}
		line += n + (line[n] == '\n');
	}
}

static int by_path(const void *a, const void *b)
{
	return strcmp(((const struct script *)a)->path, ((const struct script *)b)->path);
}

static bool made_by_open(const struct scripts *all, const struct script *me, const char *path)
{
	for (size_t i = 0; i < all->v.len; i++)
		if (&all->v.v[i] != me && !all->v.v[i].done && !all->v.v[i].imported &&
		    names_have(&all->v.v[i].writes, path))
			return true;
	return false;
}

/* By the names that people give such files; only the endings that are read as metrics. */
static bool is_metrics(const char *path)
{
	static const char *const endings[] = { ".json", ".jsonl", ".csv", ".tsv" };
	const char *base = path_base(path);

	return ends_with_any(path, endings, ARRAY_LEN(endings)) &&
	       (strcasestr(base, "metric") || strcasestr(base, "score"));
}

static void write_step(struct buf *out, const char *root, struct scripts *all, struct script *s, struct buf *notes)
{
	const char *base = path_base(s->path);
	_free_ char *stem = mem_strndup(base, strrchr(base, '.') - base);
	_free_ char *name = init_name(&all->steps, stem);
	struct names inputs = { 0 }, outputs = { 0 }, metrics = { 0 };
	_buf_ struct buf command = BUF_INIT;

	for (size_t i = 0; i < s->reads.len; i++) {
		_free_ char *full = path_join(root, s->reads.v[i]);
		bool made = false;

		for (size_t k = 0; k < all->v.len; k++)
			made |= all->v.v[k].done && names_have(&all->v.v[k].writes, s->reads.v[i]);
		if (names_have(&s->writes, s->reads.v[i]))
			continue;
		if (made || file_exists(full))
			names_add(&inputs, s->reads.v[i]);
		else
			buf_addf(notes, "%s reads \"%s\", which is not there and which no script was seen to write\n",
			         s->path, s->reads.v[i]);
	}
	buf_addf(out, "\n  %s:\n", name);
	init_list(out, "inputs", &inputs);
	buf_addf(&command, "%s %s", s->interpreter, s->path);
	init_run(out, command.data);
	for (size_t i = 0; i < s->writes.len; i++)
		names_add(is_metrics(s->writes.v[i]) ? &metrics : &outputs, s->writes.v[i]);
	init_list(out, "outputs", &outputs);
	init_list(out, "metrics", &metrics);
	names_release(&inputs);
	names_release(&outputs);
	names_release(&metrics);
}

static void write_all(struct buf *out, const char *root, struct scripts *all, struct buf *notes)
{
	for (size_t left = all->v.len; left > 0;) {
		bool any = false;

		for (size_t i = 0; i < all->v.len; i++) {
			struct script *s = &all->v.v[i];
			bool waits = false;

			if (s->done)
				continue;
			for (size_t k = 0; k < s->reads.len && !s->imported; k++)
				waits |= made_by_open(all, s, s->reads.v[k]);
			if (waits)
				continue;
			if (!s->imported)
				write_step(out, root, all, s, notes);
			s->done = any = true;
			left--;
		}
		if (!any) {
			buf_adds(notes, "some scripts read what each other write: they stand in order of name; take "
			                "the loop apart\n");
			for (size_t i = 0; i < all->v.len; i++)
				if (!all->v.v[i].done) {
					write_step(out, root, all, &all->v.v[i], notes);
					all->v.v[i].done = true;
				}
			return;
		}
	}
}

int init_from_scripts(const char *root, struct buf *out, struct buf *notes, struct err *e)
{
	struct scripts all = { 0 };
	size_t steps = 0;
	int r = file_walk(root, find, &all, e);

	for (size_t i = 0; r >= 0 && i < all.v.len; i++) {
		_free_ char *path = path_join(root, all.v.v[i].path);
		_buf_ struct buf text = BUF_INIT;

		r = file_read(path, 4 << 20, &text, e);
		if (r >= 0)
			scan(&all.v.v[i], &all.modules, text.data);
	}
	for (size_t i = 0; i < all.v.len; i++) {
		const char *base = path_base(all.v.v[i].path);
		_free_ char *stem = mem_strndup(base, strrchr(base, '.') - base);

		all.v.v[i].imported = text_ends(base, ".py") && names_have(&all.modules, stem);
		steps += !all.v.v[i].imported;
	}
	if (r >= 0 && steps) {
		_free_ char *requirements = path_join(root, "requirements.txt"),
		            *params = path_join(root, "params.yaml");

		qsort(all.v.v, all.v.len, sizeof *all.v.v, by_path);
		buf_adds(out, "# Made by `jig init` from the scripts here: inputs and outputs are the paths\n# that "
		              "stand in them as plain texts. Read them once more.\n"
		              "# `jig plan` says what would run, `jig run` runs it. All keys: man jig.yaml\n");
		buf_adds(out, file_exists(params) ?
			      "params: params.yaml  # scripts go on reading it; `jig run -p key=value` differs\n" :
			      "params:\n"
			      "  seed: 7          # in $JIG_PARAMS (JSON), or ${params.seed} in a command\n");
		if (file_exists(requirements))
			buf_adds(notes, "requirements.txt is there: `jig env` says whether steps get their packages "
			                "from it, `jig lock` pins what is loose in it\n");
		buf_adds(out, "\nsteps:");
		write_all(out, root, &all, notes);
		buf_adds(out, "\n# Also useful in a step:\n#   metrics: [metrics.json]     read after the step\n#   "
		              "checkpoints: ckpt/          outlives a failed attempt\n"
		              "#   retry: 2   timeout: 2h   matrix: {model: [a, b]}\n");
	}
	for (size_t i = 0; i < all.v.len; i++) {
		free(all.v.v[i].path);
		names_release(&all.v.v[i].reads);
		names_release(&all.v.v[i].writes);
	}
	vec_release(&all.v);
	names_release(&all.modules);
	names_release(&all.steps);
	return r < 0 ? r : steps > 0;
}
