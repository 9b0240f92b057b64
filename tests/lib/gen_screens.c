/* gen_screens DIR: makes in DIR (empty or not there) a project whose record has runs of every state and kind, the same
 * for every call: what the golden screens of tests/tui/golden look at. The workbench is to be told that it is
 * SCREENS_NOW.
 *
 * gen_screens DIR COMMAND…: runs a command while the leases of the runs that are under way are held, so that they are
 * not taken for lost. */
#include <fcntl.h>
#include <sys/wait.h>
#include <unistd.h>
#include "tests/lib/screens_logs.h"
#include "tests/lib/screens_make.h"
#include "tracker/query.h"

/* The files of the working tree, as code 0, 1 and 2. */
static void write_code(const char *dir, int code)
{
	static const char yaml[] =
	        "pipeline: penguins\nparams:\n  seed: 7\n  model: lr\n  train: {lr: 0.1, epochs: 50}\nsteps:\n"
	        "  fetch:\n    run: python3 fetch.py\n    outputs: [data/raw.csv]\n"
	        "  clean:\n    inputs: [data/raw.csv]\n    run: python3 clean.py --seed ${params.seed}\n    outputs: "
	        "[data/clean.csv]\n"
	        "  train:\n    matrix: {model: [lr, tree, boost]}\n    inputs: [data/clean.csv]\n    run: [python3, "
	        "train.py, --model, \"${matrix.model}\", --lr, \"${params.train.lr}\"]\n"
	        "    outputs: [\"models/${matrix.model}.json\"]\n"
	        "  evaluate:\n    inputs: [\"models/*.json\"]\n    run: python3 evaluate.py\n    outputs: "
	        "[scores.csv]\n"
	        "  report:\n    needs: [evaluate]\n    inputs: [scores.csv]\n    run: python3 report.py\n    outputs: "
	        "[report.md]\n";
	_buf_ struct buf features = BUF_INIT, train = BUF_INIT;

	buf_adds(&features, "\"\"\"Columns of the table as numbers.\"\"\"\n\nCOLUMNS = [\"bill_length_mm\", "
	                    "\"bill_depth_mm\", \"flipper_length_mm\", \"body_mass_g\"]\n");
	for (int line = 4; line < 28; line++)
		buf_addf(&features, line == 8    ? "def scale(col, low, high):\n"
		                    : line == 9  ? "    return [(v - low) / (high - low) for v in col]\n"
		                    : line == 18 ? "def drop(rows, column):\n"
		                    : line == 19
		                            ? "    return [{k: v for k, v in r.items() if k != column} for r in rows]\n"
		                            : "\n");
	buf_adds(&features,
	         code == 0 ? "\ndef encode(col):\n    out = [v for v in col if v != \"NA\"]\n    return [float(v) for "
	                     "v in out]\n"
	         : code == 1 ? "\ndef encode(col):\n    out = []\n    return [float(v) for v in col]\n\n\nBINS = 12\n"
	                     : "\ndef encode(col):\n    out = [0.0 if v == \"NA\" else float(v) for v in col]\n    # "
	                       "what is missing is nothing\n    assert len(out) == len(col)\n    return out\n");
	for (int line = 1; line <= 88; line++)
		buf_addf(&train,
		         line == 71   ? "    rows = encode(read(path))\n"
		         : line == 88 ? "main()\n"
		                      : "# %d\n",
		         line);
	write_file(dir, "jig.yaml", yaml, sizeof yaml - 1);
	write_file(dir, "lib/features.py", features.data, features.len);
	write_file(dir, "train.py", train.data, train.len);
	write_file(dir, "clean.py", "print('clean')\n", 15);
}

static void take_code(struct scene *s, int code)
{
	struct code_options o = {
	        .root = s->project.root, .jig = s->project.jig, .max_file = 1 << 20, .max_total = 50 << 20};
	struct code_snapshot shot;

	write_code(s->project.root, code);
	must(code_snapshot(&o, &shot, &make_err));
	memcpy(s->tree[code], shot.tree, sizeof shot.tree);
	code_snapshot_release(&shot);
}

static int64_t environment(struct scene *s, const char *key, const char *numpy)
{
	_json_ json_t *detail = json_pack("{s:s, s:s, s:s}", "source", "requirements.lock", "python", "3.11.7",
	                                  "platform", "linux x86_64");
	struct env_package packages[] = {{"joblib", "1.3.2", NULL},
	                                 {"numpy", numpy, NULL},
	                                 {"pandas", "2.2.0", NULL},
	                                 {"scikit-learn", "1.4.0", NULL},
	                                 {"scipy", "1.12.0", NULL}};
	int64_t id;

	must(env_record(s->t, &(struct env_facts){key, "pinned", "requirements", detail, packages, ARRAY_LEN(packages)},
	                &id, &make_err));
	return id;
}

static double value_of(const struct at *a, uint64_t what)
{
	return unit((uint64_t)a->number * 7 + what, (uint64_t)strlen(a->step->name) + what);
}

/* What the steps of the pipeline "penguins" leave behind. */
static void fill_usual(struct at *a)
{
	const char *base = a->step->base;

	/* The others' work folders were taken away: the snapshot has the code. */
	if (a->step->error_file && !strcmp(a->step->error_file, "lib/features.py") && a->ended && !a->good) {
		_free_ char *work = path_join(a->folder, "work");

		write_code(work, a->run->code);
	}
	if (!strcmp(base, "train")) {
		bool failed = !a->good && a->ended;
		int epochs = failed ? 12 : a->ended ? 50 : 31;
		double acc[50], loss[50], best = 0.86 + 0.08 * value_of(a, 3);
		int64_t apart = ((a->ended ? a->ended : SCREENS_NOW) - a->begun) / (epochs + 2);

		for (int i = 0; i < epochs; i++) {
			acc[i] = best - 0.4 * exp(-0.09 * i) + 0.01 * unit(a->attempt + 1, i);
			loss[i] = failed && i > 8 ? 0.441 : 1.2 * exp(-0.05 * i) + 0.03 * unit(a->attempt + 2, i);
		}
		points_at(a, "acc", acc, (size_t)epochs, apart);
		points_at(a, "loss", loss, (size_t)epochs, apart);
		log_epochs(a, epochs, apart);
		samples_at(a, 612 << 20);
		artifact_at(a, ROLE_IN, FORM_FILE, "data/clean.csv", "bill_length_mm,bill_depth_mm\n", 43100);
		for (int i = 0; i < 2 && epochs > 10 && strstr(a->step->name, "boost"); i++)
			artifact_at(a, ROLE_CHECKPOINT, FORM_FILE, i ? "epoch-010.pt" : "epoch-005.pt", "checkpoint",
			            1200000 + i);
	} else {
		log_plain(a);
		if (!strcmp(base, "clean") && a->good)
			value_at(a, "rows", 333);
		if (!strcmp(base, "evaluate") && a->good) {
			value_at(a, "acc", 0.87 + 0.06 * value_of(a, 5));
			value_at(a, "f1", 0.85 + 0.06 * value_of(a, 6));
			value_at(a, "loss", 0.3 + 0.15 * value_of(a, 9));
			artifact_at(a, ROLE_METRIC, FORM_FILE, "metrics/scores.json", "{\"acc\": 0.9}\n", 0);
		}
		if (strcmp(base, "fetch"))
			artifact_at(a, ROLE_IN, FORM_FILE, "data/raw.csv", "species,island,bill_length_mm\n", 13400);
		else
			artifact_at(a, ROLE_IN, FORM_LINK, "/srv/penguins", "link", 13400);
	}
	if (a->good)
		artifact_at(a, ROLE_OUT, FORM_FILE, !strcmp(base, "clean") ? "data/clean.csv" : "out/result.json",
		            a->step->name, 0);
}

/* The seven steps of the pipeline by a word each, with the times they take. */
static int64_t usual(struct scene *s, struct made_run m, const char *hows, const char *error)
{
	static const char *const names[] = {"fetch",        "clean",    "train[lr]", "train[tree]",
	                                    "train[boost]", "evaluate", "report"};
	static const char *const bases[] = {"fetch", "clean", "train", "train", "train", "evaluate", "report"};
	static const char *const items[] = {
	        NULL, NULL, "{\"model\": \"lr\"}", "{\"model\": \"tree\"}", "{\"model\": \"boost\"}", NULL, NULL};
	static const int64_t begun[] = {100000,        3 * US_PER_S,  12 * US_PER_S, 12 * US_PER_S,
	                                12 * US_PER_S, 44 * US_PER_S, 50 * US_PER_S};
	static const int64_t took[] = {2 * US_PER_S,  8 * US_PER_S, 12 * US_PER_S, 9 * US_PER_S,
	                               31 * US_PER_S, 4 * US_PER_S, 1200000};
	_free_ char *words = mem_strdup(hows);
	struct made_step steps[7];
	char *save = NULL, *word = strtok_r(words, " ", &save);

	for (int i = 0; i < 7; i++, word = strtok_r(NULL, " ", &save)) {
		steps[i] = (struct made_step){.name = names[i],
		                              .base = bases[i],
		                              .item = items[i],
		                              .how = word,
		                              .begun = begun[i],
		                              .took = took[i]};
		if (*word == '+') {
			steps[i].how++;
			steps[i].retried = true;
		}
		steps[i].error = error;
		if (error && !strncmp(error, "ValueError", 10)) {
			steps[i].error_file = "lib/features.py";
			steps[i].error_line = 31;
		} else if (error && !strncmp(error, "FloatingPoint", 13)) {
			steps[i].error_file = "train.py";
			steps[i].error_line = 71;
		}
		steps[i].nneeds = i == 0 ? 0 : i == 5 ? 3 : 1;
		for (int k = 0; k < steps[i].nneeds; k++)
			steps[i].needs[k] = i == 5 ? 2 + k : i >= 2 && i <= 4 ? 1 : i - 1;
	}
	m.steps = steps;
	m.nsteps = 7;
	if (!m.took)
		m.took = 52 * US_PER_S;
	return run_of(s, &m, fill_usual);
}

static void sweep(struct scene *s)
{
	static const char *const rates[] = {"0.01", "0.03", "0.05", "0.1", "0.2", "0.3", "0.5", "1.0"};
	_json_ json_t *spec = json_pack("{s:[s,s,s,s,s,s,s,s], s:[i,i,i]}", "train.lr", "0.01", "0.03", "0.05", "0.1",
	                                "0.2", "0.3", "0.5", "1.0", "seed", 1, 2, 3);
	int64_t id;

	time_pin(SCREENS_NOW - 27 * HOUR);
	must(tracker_begin(s->t, &make_err));
	must(sweep_create(s->t, spec, &id, &make_err));
	must(tracker_commit(s->t, &make_err));
	for (int i = 0; i < 24; i++) {
		_free_ char *name = mem_printf("sweep-%02d", i + 1),
		            *params = mem_printf(
		                    "{\"seed\": %d, \"model\": \"boost\", \"train\": {\"lr\": %s, \"epochs\": 50}}",
		                    i % 3 + 1, rates[i / 3]);
		bool bad = i == 21;

		usual(s,
		      (struct made_run){.name = name,
		                        .params = params,
		                        .ago = 27 * HOUR - i * 2 * MINUTE,
		                        .state = bad ? RUN_FAILED : RUN_SUCCESS,
		                        .kind = KIND_SWEEP,
		                        .sweep = id},
		      bad ? "reused reused success success failed upstream upstream"
		          : "reused reused success success success success success",
		      bad ? "FloatingPointError: loss is not finite" : NULL);
	}
}

/* 200 items of which three failed; live: 40 run, 37 wait. */
static void fill_item(struct at *a)
{
	struct log_at l = log_begin(a);

	say(&l, 0, 100000, "fold %s\n", a->step->name);
	if (!a->good && a->ended)
		say(&l, 1, 100000, "MemoryError: cannot allocate 3.1 GB\n");
	log_end(a, &l);
	if (a->good)
		value_at(a, "acc", 0.8 + 0.1 * value_of(a, 1));
}

static void many(struct scene *s, const char *name, int64_t ago, bool live)
{
	struct made_step *v = mem_zero(203 * sizeof *v);
	char(*names)[2][40] = mem_zero(203 * sizeof *names);

	v[0] = (struct made_step){
	        .name = "fetch", .base = "fetch", .how = "success", .begun = 100000, .took = 12 * US_PER_S};
	v[1] = (struct made_step){.name = "clean",
	                          .base = "clean",
	                          .how = "success",
	                          .needs = {0},
	                          .nneeds = 1,
	                          .begun = 13 * US_PER_S,
	                          .took = 8 * US_PER_S};
	for (int i = 0; i < 200; i++) {
		bool failed = i == 17 || i == 90 || i == 143;

		snprintf(names[i][0], sizeof names[i][0], "train[%03d]", i);
		snprintf(names[i][1], sizeof names[i][1], "{\"fold\": %d}", i);
		v[2 + i] = (struct made_step){.name = names[i][0],
		                              .base = "train",
		                              .item = names[i][1],
		                              .needs = {1},
		                              .nneeds = 1,
		                              .how = failed     ? "failed"
		                                     : !live    ? "success"
		                                     : i < 123  ? "success"
		                                     : i == 143 ? "failed"
		                                     : i < 164  ? "running"
		                                                : "queued",
		                              .begun = 22 * US_PER_S + i / 40 * 30 * US_PER_S,
		                              .took = (10 + i * 7 % 19) * US_PER_S,
		                              .error = failed ? "MemoryError: cannot allocate 3.1 GB" : NULL};
	}
	v[202] = (struct made_step){.name = "evaluate",
	                            .base = "evaluate",
	                            .how = live ? "pending" : "upstream",
	                            .needs = {2, 3, 4, 5, 6, 7, 8, 9},
	                            .nneeds = 8};
	run_of(s,
	       &(struct made_run){.name = name,
	                          .pipeline = "folds",
	                          .params = "{\"folds\": 200}",
	                          .ago = ago,
	                          .took = 190 * US_PER_S,
	                          .state = live ? RUN_RUNNING : RUN_FAILED,
	                          .steps = v,
	                          .nsteps = 203},
	       fill_item);
	free(v);
	free(names);
}

static void fill_wild(struct at *a)
{
	double *v = mem_array(NULL, 2000, sizeof *v);

	log_wild(a);
	for (int i = 0; i < 2000; i++)
		v[i] = i == 700    ? NAN
		       : i == 701  ? INFINITY
		       : i == 702  ? -INFINITY
		       : i == 1234 ? 40
		                   : 2 * exp(-i / 400.0) + 0.2 * unit(3, (uint64_t)i);
	points_at(a, "loss", v, 2000, 10000);
	for (int i = 0; i < 2000; i++)
		v[i] = 1e-4 * pow(10, -i / 700.0);
	points_at(a, "lr", v, 2000, 10000);
	for (int i = 0; i < 2000; i++)
		v[i] = 0.5 + 0.3 * sin(i / 90.0) + (i / 250 % 2 ? 0.1 : 0);
	points_at(a, "acc", v, 2000, 10000);
	for (int i = 0; i < 60; i++)
		v[i] = NAN;
	points_at(a, "all_nan", v, 60, 10000);
	for (int i = 0; i < 40; i++)
		v[i] = 5;
	points_at(a, "constant", v, 40, 10000);
	value_at(a, "one_value", 1.5e300);
	value_at(a,
	         "\xe2\x80\xae"
	         "desrever\x1b[31m",
	         3);
	samples_at(a, INT64_C(5) << 30);
	free(v);
}

static void wild(struct scene *s)
{
	struct made_step step = {
	        .name = "train", .base = "train", .how = "success", .begun = 200000, .took = 25 * US_PER_S};

	run_of(s,
	       &(struct made_run){
	               .name = "wild-lynx",
	               .params = "{\"seed\": 7, \"title\": \"\\u001b[2Jgone \\u202edesrever zero\\u200bwidth\", "
	                         "\"日本\": \"café 🐧\", \"long\": \"a value that is much longer than any column of "
	                         "any "
	                         "list will ever be, and a bit more than that\"}",
	               .tags = "team=blue kind=\x1b[31mred\xe2\x80\xae",
	               .note = "line one\nline \x1b[5mtwo\xe2\x80\x8b",
	               .ago = 20 * HOUR,
	               .took = 26 * US_PER_S,
	               .state = RUN_SUCCESS,
	               .steps = &step,
	               .nsteps = 1},
	       fill_wild);
}

/* Steps that did not run, for each reason. */
static void odd_ends(struct scene *s)
{
	struct made_step v[] = {
	        {.name = "fetch", .base = "fetch", .how = "success", .begun = 100000, .took = 2 * US_PER_S},
	        {.name = "slow",
	         .base = "slow",
	         .how = "timeout",
	         .needs = {0},
	         .nneeds = 1,
	         .begun = 3 * US_PER_S,
	         .took = 60 * US_PER_S,
	         .retried = true,
	         .error = "no end after 30 s"},
	        {.name = "big",
	         .base = "big",
	         .how = "oom",
	         .needs = {0},
	         .nneeds = 1,
	         .begun = 3 * US_PER_S,
	         .took = 7 * US_PER_S,
	         .error = "the system ended it for want of memory"},
	        {.name = "native",
	         .base = "native",
	         .how = "signal",
	         .needs = {0},
	         .nneeds = 1,
	         .begun = 3 * US_PER_S,
	         .took = 1 * US_PER_S,
	         .error = "signal 11 (segmentation fault)"},
	        {.name = "tidy", .base = "tidy", .how = "skipped", .needs = {1}, .nneeds = 1},
	        {.name = "join", .base = "join", .how = "upstream", .needs = {1, 2, 3}, .nneeds = 3},
	};

	run_of(s,
	       &(struct made_run){.name = "odd-newt",
	                          .pipeline = "odd",
	                          .ago = 19 * HOUR,
	                          .took = 64 * US_PER_S,
	                          .state = RUN_FAILED,
	                          .steps = v,
	                          .nsteps = ARRAY_LEN(v)},
	       fill_usual);
}

static void make_all(struct scene *s)
{
	static const char p1[] = "{\"seed\": 7, \"model\": \"lr\", \"train\": {\"lr\": 0.1, \"epochs\": 50}}",
	                  p3[] = "{\"seed\": 7, \"model\": \"boost\", \"train\": {\"lr\": 0.3, \"epochs\": 50}}",
	                  boost[] = "{\"seed\": 7, \"model\": \"boost\", \"train\": {\"lr\": 0.1, \"epochs\": 50}}";
	static const char well[] = "success success success success success success success";

	usual(s,
	      (struct made_run){.name = "first-wren",
	                        .params = p1,
	                        .ago = 12 * DAY,
	                        .state = RUN_SUCCESS,
	                        .note = "the first that went through",
	                        .tags = "team=blue"},
	      well, NULL);
	usual(s,
	      (struct made_run){
	              .name = "pale-crow", .params = p3, .ago = 11 * DAY, .took = 11 * US_PER_S, .state = RUN_FAILED},
	      "reused failed upstream upstream upstream upstream upstream",
	      "FileNotFoundError: [Errno 2] No such file or directory: 'data/raw.csv'");
	usual(s,
	      (struct made_run){.name = "slow-toad",
	                        .params = p1,
	                        .ago = 9 * DAY,
	                        .took = 30 * US_PER_S,
	                        .state = RUN_STOPPED,
	                        .tags = "team=green"},
	      "reused success success success stopped pending pending", NULL);
	usual(s,
	      (struct made_run){
	              .name = "grey-newt", .params = boost, .ago = 3 * DAY, .took = 40 * US_PER_S, .state = RUN_LOST},
	      "reused reused success success lost pending pending", NULL);
	usual(s,
	      (struct made_run){.name = "dawn-heron",
	                        .params = boost,
	                        .ago = 3 * DAY - HOUR,
	                        .state = RUN_SUCCESS,
	                        .kind = KIND_RESUME,
	                        .origin = 4},
	      "reused reused reused reused +success success success",
	      "ConnectionResetError: [Errno 104] Connection reset by peer");
	sweep(s);
	wild(s);
	odd_ends(s);
	many(s, "wide-yak", 5 * HOUR, false);
	usual(s,
	      (struct made_run){.name = "new-ibis",
	                        .params = p1,
	                        .ago = 4 * HOUR,
	                        .state = RUN_SUCCESS,
	                        .kind = KIND_RESTART,
	                        .origin = 1,
	                        .code = 2},
	      well, NULL);
	usual(s,
	      (struct made_run){.name = "calm-otter",
	                        .params = p1,
	                        .ago = 100 * MINUTE,
	                        .state = RUN_SUCCESS,
	                        .tags = "team=blue kept=yes",
	                        .note = "the one to beat"},
	      well, NULL);
	usual(s,
	      (struct made_run){.name = "dull-heron",
	                        .params = p3,
	                        .ago = 63 * MINUTE,
	                        .took = 44 * US_PER_S,
	                        .state = RUN_FAILED,
	                        .code = 1,
	                        .dirty = true},
	      "reused success success success failed upstream upstream",
	      "ValueError: could not convert string to float: 'NA'");
	many(s, "broad-elk", 3 * MINUTE, true);
	usual(s,
	      (struct made_run){.name = "bright-finch",
	                        .params = boost,
	                        .ago = 31 * US_PER_S,
	                        .took = 0,
	                        .state = RUN_RUNNING,
	                        .kind = KIND_RESUME,
	                        .origin = 35,
	                        .code = 2,
	                        .dirty = true},
	      "reused success success success running pending pending", NULL);
	usual(s,
	      (struct made_run){.name = "next-vole", .params = p1, .ago = 2 * US_PER_S, .state = RUN_QUEUED, .code = 2},
	      "pending pending pending pending pending pending pending", NULL);
}

static int make_project(const char *dir)
{
	struct scene s = {0};
	int r;

	must(file_mkdirs(dir, 0755, &make_err));
	write_code(dir, 0);
	if (chdir(dir) < 0)
		return 1;
	unsetenv("JIG_DIR");
	must(project_here(&s.project, &make_err));
	must(project_prepare(&s.project, &make_err));
	time_pin(SCREENS_NOW - 13 * DAY);
	must(tracker_open(s.project.jig, TRACKER_WRITE, &s.t, &make_err));
	s.store = store_new(s.project.jig);
	for (int code = 0; code < 3; code++)
		take_code(&s, code);
	must(tracker_begin(s.t, &make_err));
	s.env = environment(&s, "3f9c0a1b2c3d4e5f", "1.26.4");
	s.newer_env = environment(&s, "77ab01c2d3e4f506", "2.1.0");
	r = must(tracker_commit(s.t, &make_err));
	make_all(&s);
	for (size_t i = 0; i < s.ndone; i++)
		free(s.done[i].name);
	store_free(s.store);
	tracker_close(s.t);
	project_release(&s.project);
	return r < 0;
}

static int hold(const char *dir, char **command)
{
	_arena_ struct arena a = ARENA_INIT;
	_tracker_ struct tracker *t = NULL;
	_cleanup_(project_release) struct project p = {0};
	int64_t *live;
	size_t n;
	int fd, status;
	pid_t pid;

	if (chdir(dir) < 0)
		return 2;
	must(project_here(&p, &make_err));
	must(tracker_open(p.jig, TRACKER_READ, &t, &make_err));
	must(query_live(t, &a, &live, &n, &make_err));
	for (size_t i = 0; i < n; i++)
		must(lease_take(&p, live[i], &fd, &make_err));
	tracker_close(mem_take(t));
	pid = fork();
	if (pid == 0) {
		execvp(command[0], command);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0)
		return 2;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: gen_screens DIR [COMMAND…]\n");
		return 2;
	}
	return argc == 2 ? make_project(argv[1]) : hold(argv[1], argv + 2);
}
