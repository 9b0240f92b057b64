/* From what other tools have: DVC's stages and MLflow's projects. */
#include <stdlib.h>
#include <string.h>
#include "base/file.h"
#include "base/path.h"
#include "base/text.h"
#include "base/utf8.h"
#include "runner/pipeline/init_text.h"

static bool is_code(const char *path)
{
	static const char *const endings[] = { ".py", ".sh", ".R", ".r", ".jl", ".ipynb", ".c", ".cpp", ".h", ".sql" };

	for (size_t i = 0; i < ARRAY_LEN(endings); i++)
		if (text_ends(path, endings[i]))
			return true;
	return false;
}

static const char *text_of(const struct yaml_node *n)
{
	return n && n->kind != YAML_LIST && n->kind != YAML_MAP && n->kind != YAML_NULL ? n->text : NULL;
}

/* DVC writes a path as a text or as {path: {options}}. */
static const char *path_of(const struct yaml_node *n)
{
	if (n->kind == YAML_MAP && n->n == 1)
		return text_of(n->pairs[0].key);
	return text_of(n);
}

static void begin(struct buf *out, const char *root, const char *from)
{
	_free_ char *params = path_join(root, "params.yaml");

	buf_addf(out, "# Made from %s by `jig init`. `jig plan` says what would run, `jig run` runs it.\n", from);
	if (strcmp(from, "dvc.yaml") == 0 && file_exists(params))
		buf_adds(out,
		         "params: params.yaml        # defaults; `jig run -p key=value` sets another for one run\n");
}

/* "${item}" and "${x.y}" of DVC's templates: matrix values and params. */
static char *template(const char *text, bool foreach)
{
	struct buf out = BUF_INIT;

	for (const char *p = text; *p;) {
		const char *open = strstr(p, "${");
		size_t n;

		if (!open) {
			buf_adds(&out, p);
			break;
		}
		buf_add(&out, p, open - p);
		p = open + 2;
		n = strcspn(p, "}");
		if (foreach && ((n == 4 && memcmp(p, "item", 4) == 0) || (n == 3 && memcmp(p, "key", 3) == 0)))
			buf_addf(&out, "${matrix.%.*s}", (int)n, p);
		else if (foreach && n > 5 && memcmp(p, "item.", 5) == 0)
			buf_addf(&out, "${matrix.%.*s}", (int)n - 5, p + 5);
		else
			buf_addf(&out, "${params.%.*s}", (int)n, p);
		p += n + (p[n] == '}');
	}
	return buf_steal(&out);
}

struct stage {
	const char *root, *name, *wdir;
	const struct yaml_node *node;
	bool foreach;
	struct names inputs, outputs, metrics;
	struct buf *notes;
};

static void collect(struct stage *s, const char *key, struct names *to, bool folders)
{
	const struct yaml_node *list = yaml_get(s->node, key);
	size_t n = !list ? 0 : list->kind == YAML_LIST ? list->n : 1;

	for (size_t i = 0; i < n; i++) {
		const char *raw = path_of(list->kind == YAML_LIST ? list->items[i] : list);
		_free_ char *own = raw ? template(raw, s->foreach) : NULL;
		_free_ char *joined = own && s->wdir ? path_join(s->wdir, own) : NULL;
		const char *path = joined ? joined : own;
		_free_ char *full = path ? path_join(s->root, path) : NULL;

		if (!path)
			continue;
		if (path_check_inside(path)) {
			buf_addf(s->notes,
			         "stage %s: %s \"%s\" %s: use `inputs: [{link: …}]` for data outside the project\n",
			         s->name, key, path, path_check_inside(path));
			continue;
		}
		if (!folders && is_code(path))
			continue; /* the snapshot has it, and what a step reads of it decides */
		if (text_ends(path, "/")) {
			names_add(to, path);
			continue;
		}
		/* DVC's file does not say which, and before the first run the disk does not either: files mostly have
		 * an ending. */
		bool guessed = to != &s->metrics && !file_exists(full) && !strchr(path_base(path), '.');
		if (guessed && to == &s->outputs)
			buf_addf(s->notes,
			         "stage %s: \"%s\" is taken for a folder; if it is a file, take the / off, here and "
			         "where it is an input\n",
			         s->name, path);
		if (guessed || file_is_dir(full)) {
			_free_ char *folder = mem_printf("%s/", path);
			names_add(to, folder);
		} else {
			names_add(to, path);
		}
	}
}

static void stage_matrix(struct buf *out, const struct yaml_node *outer, struct stage *s)
{
	const struct yaml_node *each = yaml_get(outer, "foreach");
	const struct yaml_node *matrix = yaml_get(outer, "matrix");
	struct names values = { 0 };

	if (each && each->kind == YAML_LIST) {
		for (size_t i = 0; i < each->n; i++)
			if (text_of(each->items[i]))
				names_add(&values, each->items[i]->text);
		if (values.len) {
			buf_adds(out, "    matrix:\n  ");
			init_list(out, "item", &values);
		} else {
			buf_addf(s->notes, "stage %s: foreach over mappings: write a matrix with `include`\n", s->name);
		}
	} else if (each) {
		buf_addf(s->notes, "stage %s: foreach over a mapping or a param: write the items as a matrix\n",
		         s->name);
	}
	names_release(&values);
	if (each || !matrix || matrix->kind != YAML_MAP)
		return;
	for (size_t i = 0, written = 0; i < matrix->n; i++) {
		const struct yaml_node *list = matrix->pairs[i].value;

		for (size_t k = 0; list->kind == YAML_LIST && k < list->n; k++)
			if (text_of(list->items[k]))
				names_add(&values, list->items[k]->text);
		if (values.len && !written++)
			buf_adds(out, "    matrix:\n");
		if (values.len)
			buf_adds(out, "  ");
		init_list(out, matrix->pairs[i].key->text, &values);
		names_release(&values);
	}
}

static void write_stage(struct buf *out, const char *root, const struct yaml_node *key, const struct yaml_node *outer,
                        struct names *taken, struct buf *notes)
{
	const struct yaml_node *body = yaml_get(outer, "do");
	struct stage s = { .root = root, .name = key->text, .notes = notes, .node = body ? body : outer,
			   .foreach = body || yaml_get(outer, "matrix") };
	const struct yaml_node *cmd = yaml_get(s.node, "cmd");
	const char *flag = text_of(yaml_get(s.node, "always_changed"));
	_free_ char *name = init_name(taken, key->text);
	_buf_ struct buf command = BUF_INIT;

	s.wdir = text_of(yaml_get(s.node, "wdir"));
	if (s.wdir) {
		_free_ char *folder = template(s.wdir, s.foreach);

		buf_adds(&command, "cd ");
		if (strstr(folder, "${"))
			buf_adds(&command, folder); /* quoted where it is put in */
		else
			text_shell_quote(&command, folder);
		buf_adds(&command, " && ");
	}
	for (size_t i = 0; cmd && i < (cmd->kind == YAML_LIST ? cmd->n : 1); i++) {
		const char *line = text_of(cmd->kind == YAML_LIST ? cmd->items[i] : cmd);
		_free_ char *mine = line ? template(line, s.foreach) : NULL;

		if (mine)
			buf_addf(&command, "%s%s", i ? "\n" : "", mine);
	}
	buf_addf(out, "\n  %s:\n", name);
	if (text_of(yaml_get(s.node, "desc"))) {
		const char *text = yaml_get(s.node, "desc")->text;

		buf_adds(out, "    # ");
		utf8_visible(out, text, strlen(text), false);
		buf_addc(out, '\n');
	}
	stage_matrix(out, outer, &s);
	collect(&s, "deps", &s.inputs, false);
	collect(&s, "outs", &s.outputs, true);
	collect(&s, "plots", &s.outputs, true);
	collect(&s, "metrics", &s.metrics, true);
	init_list(out, "inputs", &s.inputs);
	init_run(out, command.data);
	init_list(out, "outputs", &s.outputs);
	init_list(out, "metrics", &s.metrics);
	if (flag && strcmp(flag, "true") == 0)
		buf_adds(out, "    cache: false         # always_changed: it always runs\n");
	if (yaml_get(s.node, "frozen"))
		buf_addf(notes,
		         "stage %s: frozen has no twin; leave the step out of a run by naming the ones you want\n",
		         key->text);
	if (yaml_get(s.node, "vars"))
		buf_addf(notes, "stage %s: vars: put them under params\n", key->text);
	names_release(&s.inputs);
	names_release(&s.outputs);
	names_release(&s.metrics);
}

static int parse(const char *file, const char *text, size_t len, struct arena *a, struct yaml_node **ret, struct err *e)
{
	struct diags d = { .file = file };
	int r;

	*ret = yaml_parse(text, len, a, &d);
	r = diags_result(&d, e);
	diags_release(&d);
	if (r >= 0 && (!*ret || (*ret)->kind != YAML_MAP))
		return err_set(e, ERR_USAGE, "%s: holds no mapping", file);
	return r;
}

int init_from_dvc(const char *root, const char *text, size_t len, struct buf *out, struct buf *notes, struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct yaml_node *doc;
	const struct yaml_node *stages;
	struct names taken = { 0 };
	int r = parse("dvc.yaml", text, len, &a, &doc, e);

	if (r < 0)
		return r;
	stages = yaml_get(doc, "stages");
	if (!stages || stages->kind != YAML_MAP || !stages->n)
		return err_set(e, ERR_USAGE, "dvc.yaml: has no stages");
	begin(out, root, "dvc.yaml");
	buf_adds(out, "\nsteps:");
	for (size_t i = 0; i < stages->n; i++)
		write_stage(out, root, stages->pairs[i].key, stages->pairs[i].value, &taken, notes);
	names_release(&taken);
	return 0;
}

/* "{x}" of an MLproject's command becomes "${params.x}". */
static char *braces(const char *text)
{
	struct buf out = BUF_INIT;

	for (const char *p = text; *p; p++) {
		size_t n = *p == '{' ? strcspn(p + 1, "}{ ") : 0;

		if (*p == '{' && n && p[n + 1] == '}') {
			buf_addf(&out, "${params.%.*s}", (int)n, p + 1);
			p += n + 1;
		} else {
			buf_addc(&out, *p);
		}
	}
	return buf_steal(&out);
}

int init_from_mlproject(const char *root, const char *text, size_t len, struct buf *out, struct buf *notes,
                        struct err *e)
{
	_arena_ struct arena a = ARENA_INIT;
	struct yaml_node *doc;
	const struct yaml_node *entries;
	struct names seen = { 0 }, taken = { 0 };
	int r = parse("MLproject", text, len, &a, &doc, e);

	if (r < 0)
		return r;
	entries = yaml_get(doc, "entry_points");
	if (!entries || entries->kind != YAML_MAP || !entries->n)
		return err_set(e, ERR_USAGE, "MLproject: has no entry_points");
	begin(out, root, "MLproject");
	if (text_of(yaml_get(doc, "name"))) {
		buf_adds(out, "pipeline: ");
		init_scalar(out, yaml_get(doc, "name")->text);
		buf_addc(out, '\n');
	}
	for (size_t i = 0; i < entries->n; i++) {
		const struct yaml_node *params = yaml_get(entries->pairs[i].value, "parameters");

		for (size_t k = 0; params && params->kind == YAML_MAP && k < params->n; k++) {
			const struct yaml_node *v = params->pairs[k].value;
			const struct yaml_node *given = v->kind == YAML_MAP ? yaml_get(v, "default") : NULL;
			const char *value = text_of(given);
			const char *name = params->pairs[k].key->text;

			if (names_have(&seen, name))
				continue;
			buf_adds(out, seen.len ? "  " : "params:\n  ");
			init_scalar(out, name);
			buf_adds(out, ": ");
			if (value && given->kind != YAML_TEXT)
				buf_adds(out, value);
			else
				init_scalar(out, value ? value : "");
			buf_addc(out, '\n');
			if (!value)
				buf_addf(notes, "param %s has no default: give one in the file or with -p %s=…\n", name,
				         name);
			names_add(&seen, name);
		}
	}
	names_release(&seen);
	buf_adds(out, "\nsteps:");
	for (size_t i = 0; i < entries->n; i++) {
		const char *command = text_of(yaml_get(entries->pairs[i].value, "command"));
		_free_ char *name = init_name(&taken, entries->pairs[i].key->text);
		_free_ char *mine = braces(command ? command : "true");

		buf_addf(out, "\n  %s:\n", name);
		init_run(out, mine);
	}
	names_release(&taken);
	buf_adds(notes, "entry points share no files in an MLproject: add `outputs:` and `inputs:` where one step "
	                "needs what another makes\n");
	if (yaml_get(doc, "docker_env"))
		buf_adds(notes, "docker_env was left out\n");
	return 0;
}
