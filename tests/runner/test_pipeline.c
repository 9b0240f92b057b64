#include "tests/runner/pipeline_case.h"

static const char penguins[] =
        "pipeline: penguins\n"
        "params:\n"
        "  seed: 7\n"
        "  train: {lr: 0.1, depth: 3}\n"
        "env: requirements.lock\n"
        "defaults: {timeout: 2h}\n"
        "\n"
        "steps:\n"
        "  clean:\n"
        "    inputs: [data/raw.csv]\n"
        "    run: python clean.py --seed ${params.seed}\n"
        "    outputs: [data/clean.csv]\n"
        "  train:\n"
        "    matrix: {model: [lr, tree, boost]}\n"
        "    inputs: [data/clean.csv]\n"
        "    run: [python, train.py, --model, \"${matrix.model}\", --lr, \"${params.train.lr}\"]\n"
        "    outputs: [\"models/${matrix.model}.pkl\", \"plots/${matrix.model}/\"]\n"
        "    metrics: [\"metrics/${matrix.model}.json\"]\n"
        "    checkpoints: ckpt/\n"
        "    code: [train.py, lib/]\n"
        "    env: {python: \"3.11\", lock: train.lock}\n"
        "    retry: {limit: 3, delay: 10s, backoff: 2, max_delay: 5m, on: [error, timeout, lost, 75]}\n"
        "    timeout: 90m\n"
        "    idle_timeout: 15m\n"
        "    resources: {cpu: 2.5, memory: 4G, gpu: 1}\n"
        "    cache: false\n"
        "    keep: never\n"
        "    log_limit: 2M\n"
        "    goal: {acc: max}\n"
        "    reuse: {python: tokens}\n"
        "    pass_env: [OMP_NUM_THREADS, TZ, TZ]\n"
        "    secrets: HF_TOKEN\n"
        "    network: false\n"
        "  evaluate:\n"
        "    needs: [clean]\n"
        "    inputs: [\"models/*.pkl\"]\n"
        "    trigger: all_done\n"
        "    run: python evaluate.py\n"
        "    metrics: [scores.json]\n";

static void whole_file(void **state)
{
	good(penguins);
	assert_string_equal(case_p->name, "penguins");
	assert_value(case_p->params, "{\"seed\":7,\"train\":{\"depth\":3,\"lr\":0.1}}");
	assert_order("clean train[lr] train[tree] train[boost] evaluate");
	assert_int_equal(case_p->len, strlen(penguins));
	assert_string_equal(case_p->text, penguins);

	const struct step *c = step_of("clean");
	assert_true(c->shell);
	assert_string_equal(c->argv[0], "python clean.py --seed ${params.seed}");
	assert_int_equal(c->nparams_named, 1);
	assert_string_equal(c->params_named[0], "seed");
	assert_value(c->env, "\"requirements.lock\"");
	assert_int_equal(c->timeout_us, 7200 * US_PER_S);
	assert_int_equal(c->idle_timeout_us, 0);
	assert_null(c->item);
	assert_true(c->cache && c->network && !c->python_tokens);
	assert_int_equal(c->keep, KEEP_FAILED);
	assert_int_equal(c->trigger, TRIGGER_ALL_SUCCESS);
	assert_int_equal(c->log_limit, 1 << 30);
	assert_true(c->cpu == 1 && c->memory == 0 && c->gpu == 0);
	assert_int_equal(c->retry.limit, 0);
	assert_true(c->retry.all && c->retry.backoff == 1);
	assert_int_equal(c->retry.max_delay_us, 3600 * US_PER_S);
	assert_int_equal(c->line, 9);
	assert_int_equal(c->column, 3);
	assert_declared("clean", NULL,
	             "{\"env\":\"requirements.lock\",\"inputs\":[\"data/raw.csv\"],\"outputs\":[\"data/clean.csv\"],"
	             "\"run\":\"python clean.py --seed 7\",\"timeout\":\"2h\"}");

	const struct step *t = step_of("train[tree]");
	assert_string_equal(t->base, "train");
	assert_value(t->item, "{\"model\":\"tree\"}");
	assert_false(t->shell);
	assert_int_equal(t->nargs, 6);
	assert_string_equal(t->argv[3], "${matrix.model}");
	assert_string_equal(t->params_named[0], "train.lr");
	assert_int_equal(t->noutputs, 3);
	assert_string_equal(t->outputs[0].path, "models/tree.pkl");
	assert_false(t->outputs[0].folder || t->outputs[0].metrics);
	assert_string_equal(t->outputs[1].path, "plots/tree");
	assert_true(t->outputs[1].folder);
	assert_true(t->outputs[2].metrics);
	assert_string_equal(t->checkpoints, "ckpt");
	assert_int_equal(t->ncode, 2);
	assert_string_equal(t->code[1], "lib");
	assert_value(t->env, "{\"lock\":\"train.lock\",\"python\":\"3.11\"}");
	assert_int_equal(t->retry.limit, 3);
	assert_int_equal(t->retry.delay_us, 10 * US_PER_S);
	assert_int_equal(t->retry.max_delay_us, 300 * US_PER_S);
	assert_true(t->retry.backoff == 2 && !t->retry.all);
	assert_int_equal(t->retry.causes, 1u << CAUSE_EXIT | 1u << CAUSE_SIGNAL | 1u << CAUSE_OUTPUT_MISSING |
	                                          1u << CAUSE_SPAWN | 1u << CAUSE_TIMEOUT | 1u << CAUSE_LOST);
	assert_int_equal(t->retry.nexits, 1);
	assert_int_equal(t->retry.exits[0], 75);
	assert_int_equal(t->timeout_us, 5400 * US_PER_S);
	assert_int_equal(t->idle_timeout_us, 900 * US_PER_S);
	assert_true(t->cpu == 2.5 && t->memory == (int64_t)4 << 30 && t->gpu == 1);
	assert_false(t->cache || t->network);
	assert_int_equal(t->keep, KEEP_NEVER);
	assert_int_equal(t->log_limit, 2 << 20);
	assert_declared("train[tree]", "goal", "{\"acc\":\"max\"}");
	assert_true(t->python_tokens);
	assert_int_equal(t->npass_env, 2);
	assert_int_equal(t->nsecrets, 1);
	assert_string_equal(t->secrets[0], "HF_TOKEN");
	assert_declared("train[tree]", "run",
	             "[\"python\",\"train.py\",\"--model\",\"tree\",\"--lr\",\"0.1\"]");
	assert_declared("train[tree]", "outputs", "[\"models/tree.pkl\",\"plots/tree/\"]");
	assert_declared("train[tree]", "resources", "{\"cpu\":2.5,\"gpu\":1,\"memory\":\"4G\"}");

	assert_int_equal(step_of("evaluate")->trigger, TRIGGER_ALL_DONE);
	assert_needs("evaluate", "clean train[lr]! train[tree]! train[boost]!");
	assert_inputs("evaluate",
	              "f:models/boost.pkl<train[boost](models/*.pkl) f:models/lr.pkl<train[lr](models/*.pkl) "
	              "f:models/tree.pkl<train[tree](models/*.pkl)");
}

static void no_steps(void **state)
{
	bad("", "jig.yaml:1:1: the file is empty");
	bad("# nothing\n", "jig.yaml:1:1: the file holds only comments");
	bad("- a\n", "jig.yaml:1:1: the file should be a mapping with \"steps\", not a list");
	bad("text", "jig.yaml:1:1: the file should be a mapping with \"steps\", not a text");
	bad("steps: {}\n", "jig.yaml:1:8: \"steps\" holds no steps");
	bad("steps:\n", "jig.yaml:1:1: \"steps\" holds no steps");
	bad("steps: [a]\n", "jig.yaml:1:8: \"steps\" should be a mapping from names to steps, not a list");
	bad("pipeline: x\n", "jig.yaml:1:1: there is no \"steps\" in the file");
	bad("steps:\n  a:\n", "jig.yaml:2:3: step \"a\": it has no \"run\": the command to execute");
	bad("steps: {a: {inputs: x}}\n", "jig.yaml:1:9: step \"a\": it has no \"run\"");
	bad("steps: {a: x}\n", "jig.yaml:1:12: step \"a\": a step should be a mapping with \"run\", not a text");
	bad("steps: {a: [x]}\n", "jig.yaml:1:12: step \"a\": a step should be a mapping with \"run\", not a list");
	bad("a:\n\tb", "jig.yaml:2:1");
	assert_int_equal(case_read("steps: \0", 8, NULL), ERR_USAGE);
	assert_string_equal(case_e.text, "jig.yaml:1:8: character U+0000 may not stand in YAML");
}

static void unknown_keys(void **state)
{
	bad("steps: {train: {imputs: [x], run: y}}\n",
	    "jig.yaml:1:17: step \"train\": unknown key \"imputs\" (did you mean \"inputs\"?)");
	bad("steps: {train: {zzz: [x], run: y}}\n", "jig.yaml:1:17: step \"train\": unknown key \"zzz\"");
	bad("step: {a: {run: y}}\n", "jig.yaml:1:1: unknown key \"step\" (did you mean \"steps\"?)");
	bad("clean: {run: y}\n", "jig.yaml:1:1: unknown key \"clean\"; steps stand below \"steps\"");
	bad("xyz: 1\nsteps: {a: {run: y}}\n",
	    "jig.yaml:1:1: unknown key \"xyz\"; there are pipeline, params, env, defaults and steps");
	bad("defaults: {timeot: 2h}\nsteps: {a: {run: y}}\n",
	    "jig.yaml:1:12: defaults: unknown key \"timeot\" (did you mean \"timeout\"?)");
	bad("steps: {a: {run: y, retry: {limt: 3}}}\n",
	    "jig.yaml:1:29: step \"a\": unknown key \"limt\" in \"retry\" (did you mean \"limit\"?)");
	bad("steps: {a: {run: y, resources: {cpus: 3}}}\n",
	    "jig.yaml:1:33: step \"a\": unknown key \"cpus\" in \"resources\" (did you mean \"cpu\"?)");
	bad("steps:\n  a: {run: y}\n  a: {run: z}\n", "jig.yaml:3:3: key \"a\" stands here twice (first at 2:3)");
	bad("steps:\n  a: {run: y, run: z}\n", "jig.yaml:2:15: key \"run\" stands here twice");
	bad("x: &x {run: y}\nsteps:\n  a:\n    <<: *x\n", "jig.yaml:4:5: merge keys (<<)");
	bad("steps: {\"a b\": {run: y}}\n",
	    "jig.yaml:1:9: step \"a b\": a step's name is made of letters, digits, and _ . -");
	bad("steps: {\"a[b]\": {run: y}}\n", "jig.yaml:1:9: step \"a[b]\": a step's name");
	good("steps: {A-z_0.9: {run: y}, 1: {run: y}, no: {run: y}}\n");
	assert_order("A-z_0.9 1 no");
}

/* A step `a` with one more key. */
static void key(const char *text, const char *line)
{
	_free_ char *file = mem_printf("steps:\n  a:\n    run: x\n    %s\n", text);
	_free_ char *want = mem_printf("jig.yaml:4:%s", line);

	bad(file, want);
}

static void key_good(const char *text)
{
	_free_ char *file = mem_printf("steps:\n  a:\n    run: x\n    %s\n", text);

	good(file);
}

static void wrong_types(void **state)
{
	key("inputs: 3", "13: step \"a\": \"inputs\" should be a path or a list of them, not a whole number");
	key("inputs: [3]", "14: step \"a\": input should be a path, not a whole number; write it in quotes");
	key("inputs: [[x]]", "14: step \"a\": input should be a path, not a list");
	key("inputs: {lnk: /x}", "14: step \"a\": unknown key \"lnk\" in \"inputs\"");
	key("inputs: [{link: x/y}]", "21: step \"a\": link \"x/y\" should be an absolute path");
	key("inputs: [{link: /x/../y}]", "21: step \"a\": link \"/x/../y\" should be an absolute path");
	key("outputs: {a: b}", "14: step \"a\": output should be a path, not a mapping");
	key("outputs: ['*.csv']", "15: step \"a\": output \"*.csv\" is a pattern");
	key("metrics: [m/]", "15: step \"a\": metrics file \"m/\" should be a file, not a folder");
	key("checkpoints: [a, b]", "18: step \"a\": checkpoints should be a path, not a list");
	key("code: '*.py'", "11: step \"a\": code \"*.py\" is a pattern; name the folder instead");
	key("needs: 3", "12: step \"a\": \"needs\" should be a step or a list of them");
	key("env: 3", "10: step \"a\": \"env\" should be `system`");
	key("env: {python: 3.11}",
	    "19: step \"a\": \"python\" should be a text, not a number; write it in quotes: \"3.11\"");
	key("env: {python: 'x'}", "19: step \"a\": python \"x\" should be a version");
	key("env: {lck: x}", "11: step \"a\": unknown key \"lck\" in \"env\" (did you mean \"lock\"?)");
	key("env: {image: 'python:3.11'}", "18: step \"a\": image \"python:3.11\" is not pinned");
	key("env: {lock: x, image: 'y@sha256:z'}", "27: step \"a\": an image brings its own packages");
	key("env: {}", "10: step \"a\": \"env\" names neither a lock nor an image");
	key("env: ../x", "10: step \"a\": env \"../x\" leaves the project");
	key("trigger: all_sucess", "14: step \"a\": \"trigger\" should be all_success, all_done, all_failed, "
	                           "one_success, one_failed, none_failed or always "
	                           "(did you mean \"all_success\"?)");
	key("trigger: 3", "14: step \"a\": \"trigger\" should be all_success");
	key("keep: sometimes", "11: step \"a\": \"keep\" should be failed, always or never");
	key("retry: many", "12: step \"a\": \"retry\" should be a whole number or a mapping, not a text");
	key("retry: -1", "12: step \"a\": \"retry\" should be from 0 to 10000");
	key("retry: {delay: 1s}", "12: step \"a\": \"retry\" needs a limit");
	key("retry: {limit: 1.5}", "20: step \"a\": \"limit\" should be a whole number, not a number");
	key("retry: {limit: 1, backoff: 0.5}", "32: step \"a\": \"backoff\" should be from 1 to 1000");
	key("retry: {limit: 1, delay: 10}", "30: step \"a\": \"delay\" needs a unit");
	key("retry: {limit: 1, on: [eror]}",
	    "28: step \"a\": unknown cause \"eror\" in \"on\" (did you mean \"error\"?); there are error, exit, ");
	key("retry: {limit: 1, on: stopped}", "27: step \"a\": \"on\" cannot hold \"stopped\"");
	key("retry: {limit: 1, on: [0]}", "28: step \"a\": \"on\" should be from 1 to 255");
	key("retry: {limit: 1, on: [256]}", "28: step \"a\": \"on\" should be from 1 to 255");
	key("retry: {limit: 1, on: ['']}", "28: step \"a\": unknown cause \"\"");
	key("retry: {limit: 1, on: []}", "27: step \"a\": \"on\" is empty");
	key("timeout: 30", "14: step \"a\": \"timeout\" needs a unit: 250ms, 10s, 5m, 2h or 1d");
	key("timeout: soon", "14: step \"a\": \"timeout\" should be a duration");
	key("timeout: 0s", "14: step \"a\": \"timeout\" is no time at all");
	key("timeout: [1s]", "14: step \"a\": \"timeout\" should be a duration");
	key("idle_timeout: -1s", "19: step \"a\": \"idle_timeout\" should be a duration");
	key("resources: 3", "16: step \"a\": \"resources\" should be a mapping, not a whole number");
	key("resources: {cpu: -1}", "22: step \"a\": \"cpu\" should be from 0");
	key("resources: {cpu: .nan}", "22: step \"a\": \"cpu\" should be from 0");
	key("resources: {cpu: two}", "22: step \"a\": \"cpu\" should be a number, not a text");
	key("resources: {memory: 4X}", "25: step \"a\": \"memory\" should be a size");
	key("resources: {gpu: 0.5}", "22: step \"a\": \"gpu\" should be a whole number");
	key("cache: no", "12: step \"a\": \"cache\" should be true or false, not the text \"no\"");
	key("cache: 1", "12: step \"a\": \"cache\" should be true or false, not a whole number");
	key("network: 'false'", "14: step \"a\": \"network\" should be true or false, not the text \"false\"");
	key("log_limit: big", "16: step \"a\": \"log_limit\" should be a size");
	key("goal: max", "11: step \"a\": \"goal\" should be a mapping");
	key("goal: {acc: up}", "17: step \"a\": \"acc\" should be max or min");
	key("reuse: {python: bytes}", "21: step \"a\": \"python\" should be tokens");
	key("pass_env: [A=B]", "16: step \"a\": \"A=B\" in \"pass_env\" is no name of a variable");
	key("pass_env: [1A]", "16: step \"a\": \"1A\" in \"pass_env\" is no name");
	key("pass_env: [true]",
	    "16: step \"a\": \"pass_env\" should be a text, not a truth value; write it in quotes: \"true\"");
	key("secrets: [T]\n    pass_env: [T]", "14: step \"a\": \"T\" stands in \"pass_env\" too");
	bad("steps: {a: {run: ''}}", "jig.yaml:1:18: step \"a\": \"run\" is empty");
	bad("steps: {a: {run: []}}",
	    "jig.yaml:1:18: step \"a\": \"run\" should be a text for the shell or a list of words, not an empty list");
	bad("steps: {a: {run: 3}}",
	    "jig.yaml:1:18: step \"a\": \"run\" should be a text for the shell or a list of words, not a whole number");
	bad("steps: {a: {run: [x, [y]]}}", "jig.yaml:1:22: step \"a\": word 2 of \"run\" should be a text, not a list");
	bad("steps: {a: {run: ['', y]}}",
	    "jig.yaml:1:19: step \"a\": word 1 of \"run\" should be a text, not an empty one");
	bad("steps: {a: {run: [x, null]}}",
	    "jig.yaml:1:22: step \"a\": word 2 of \"run\" should be a text, not nothing");
	bad("pipeline: 3\nsteps: {a: {run: x}}", "jig.yaml:1:11: \"pipeline\" should be a text, not a whole number");
	bad("pipeline: a b\nsteps: {a: {run: x}}", "jig.yaml:1:11: the pipeline's name \"a b\" should be made of");
	bad("defaults: 3\nsteps: {a: {run: x}}", "jig.yaml:1:11: \"defaults\" should be a mapping");
	bad("params: 3\nsteps: {a: {run: x}}",
	    "jig.yaml:1:9: \"params\" should be a mapping, a file or a list of them");
}

static void accepted(void **state)
{
	key_good("inputs: data/raw.csv");
	assert_inputs("a", "f:data/raw.csv");
	key_good("inputs: [./a//b/, {link: /data/imagenet/}, 's3://bucket/key', 'x/*.csv', 'https://x/y?z=*']");
	assert_inputs("a", "f:a/b/ l:/data/imagenet/ u:s3://bucket/key g:x/*.csv u:https://x/y?z=*");
	key_good("inputs: {link: /x}");
	assert_inputs("a", "l:/x");
	key_good("inputs: [x, x, ./x]");
	assert_inputs("a", "f:x");
	key_good("retry: 2");
	assert_int_equal(step_of("a")->retry.limit, 2);
	assert_true(step_of("a")->retry.all);
	key_good("retry: {limit: 1, on: 75}");
	assert_int_equal(step_of("a")->retry.exits[0], 75);
	key_good("retry: {limit: 1, on: oom}");
	assert_int_equal(step_of("a")->retry.causes, 1u << CAUSE_OOM);
	key_good("env: system");
	assert_value(step_of("a")->env, "\"system\"");
	key_good("env: {image: 'python@sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef'}");
	key_good("resources: {memory: 1048576}");
	assert_int_equal(step_of("a")->memory, 1 << 20);
	key_good("outputs: [m.json, x]\n    metrics: m.json");
	assert_int_equal(step_of("a")->noutputs, 2);
	assert_true(step_of("a")->outputs[0].metrics);
	assert_false(step_of("a")->outputs[1].metrics);
	good("steps: {a: {run: [sleep, 1, 2.50, true, 0x1F]}}");
	assert_string_equal(step_of("a")->argv[2], "2.50");
	assert_string_equal(step_of("a")->argv[4], "0x1F");
	assert_string_equal(case_p->name, "penguins");
}

static void defaults(void **state)
{
	good("env: a.lock\ndefaults: {timeout: 1m, env: b.lock, needs: x, cache: false}\n"
	     "steps: {x: {run: x, needs: []}, y: {run: y, env: c.lock, cache: true}, z: {run: z, env: null, timeout: "
	     "~}}\n");
	assert_value(step_of("x")->env, "\"b.lock\"");
	assert_value(step_of("y")->env, "\"c.lock\"");
	assert_null(step_of("z")->env);
	assert_int_equal(step_of("x")->timeout_us, 60 * US_PER_S);
	assert_int_equal(step_of("z")->timeout_us, 0);
	assert_false(step_of("x")->cache);
	assert_true(step_of("y")->cache);
	assert_needs("y", "x");
	good("defaults: {run: 'do ${step.name}', outputs: '${step.name}.txt'}\nsteps: {a: , b: {matrix: {k: [1, "
	     "2]}}}\n");
	assert_string_equal(step_of("b[2]")->outputs[0].path, "b[2].txt");
	assert_declared("b[2]", "run", "\"do 'b[2]'\"");
	bad("defaults: {timeout: soon}\nsteps: {a: {run: x}, b: {run: y}}\n",
	    "jig.yaml:1:21: step \"a\": \"timeout\" should be a duration");
	assert_null(strstr(case_faults.data, "step \"b\""));
}

static void references(void **state)
{
	good("params: {out: o.txt, files: [a, b], cpu: 2, cache: false, t: 5m, n: 7}\n"
	     "steps:\n  a:\n    run: x\n    inputs: ${params.files}\n    outputs: ['${params.out}', '${params.n}']\n   "
	     " resources: {cpu: '${params.cpu}'}\n"
	     "    cache: ${params.cache}\n    timeout: ${params.t}\n    retry: ${params.n}\n");
	assert_inputs("a", "f:a f:b");
	assert_string_equal(step_of("a")->outputs[1].path, "7");
	assert_true(step_of("a")->cpu == 2);
	assert_false(step_of("a")->cache);
	assert_int_equal(step_of("a")->retry.limit, 7);
	assert_declared("a", "inputs", "[\"a\",\"b\"]");
	bad("params: {lr: 1}\nsteps: {a: {run: 'x ${params.rl}'}}\n",
	    "jig.yaml:2:18: step \"a\": ${params.rl} is not defined (did you mean \"params.lr\"?)");
	bad("params: {lr: 1}\nsteps: {a: {run: 'x ${param.lr}'}}\n",
	    "jig.yaml:2:18: step \"a\": ${param.lr} is no reference of jig's, and no variable that a shell can have "
	    "(did you mean \"${params.lr}\"?)");
	bad("steps: {a: {run: x, outputs: '${matrix.m}'}}\n",
	    "jig.yaml:1:30: step \"a\": ${matrix.m} is not defined: the step has no matrix");
	bad("steps: {a: {run: x, outputs: 'o-${run.number}'}}\n",
	    "jig.yaml:1:30: step \"a\": ${run.number} is known only when the step starts");
	bad("params: {p: ../x}\nsteps: {a: {run: x, inputs: '${params.p}'}}\n",
	    "jig.yaml:2:29: step \"a\": input \"../x\" leaves the project");
	bad("params: {p: 'a b'}\nsteps: {a: {run: 'x `${params.p}`'}}\n",
	    "jig.yaml:2:18: step \"a\": ${params.p}: its value needs quotes");
	good("steps: {a: {run: 'echo $HOME ${HOME} ${run.number} $${params.x}'}}\n");
	assert_declared("a", "run",
	             "\"echo $HOME ${HOME} ${run.number} ${params.x}\"");
	good("params: {ms: [a, b]}\nsteps: {t: {matrix: {m: '${params.ms}'}, run: x}}\n");
	assert_order("t[a] t[b]");
}

static void paths(void **state)
{
	key("inputs: [/etc/passwd]", "14: step \"a\": input \"/etc/passwd\" is absolute; data outside the project is "
	                             "taken by {link: /its/path}");
	key("inputs: [../x]", "14: step \"a\": input \"../x\" leaves the project; data outside");
	key("inputs: [a/../../x]", "14: step \"a\": input \"a/../../x\" leaves the project");
	key("inputs: ['']", "14: step \"a\": input \"\" is empty");
	key("inputs: [.]", "14: step \"a\": input \".\" is the project itself");
	key("outputs: [/tmp/x]", "15: step \"a\": output \"/tmp/x\" is absolute");
	key("outputs: [.jig/x]", "15: step \"a\": output \".jig/x\" is jig's own");
	key("outputs: [./]", "15: step \"a\": output \"./\" is the project itself");
	key("checkpoints: ..", "18: step \"a\": checkpoints \"..\" leaves the project");
	key("code: /x", "11: step \"a\": code \"/x\" is absolute");
	key("metrics: /x", "14: step \"a\": metrics file \"/x\" is absolute");
	_free_ char *parent = path_parent(case_root), *out = path_join(case_root, "out"),
	            *in = path_join(case_root, "in");
	_free_ char *away = path_join(case_root, "away"), *gone = path_join(case_root, "gone");
	assert_int_equal(symlink(parent, out), 0);
	assert_int_equal(symlink("/etc/passwd", away), 0);
	assert_int_equal(symlink("/no/such/place", gone), 0);
	case_file("real/x", "");
	assert_int_equal(symlink("real", in), 0);
	key("inputs: [out/x]", "14: step \"a\": input \"out/x\" is reached by a symlink that leaves the project");
	key("inputs: [away]", "14: step \"a\": input \"away\" is reached by a symlink");
	key("inputs: [gone]", "14: step \"a\": input \"gone\" is reached by a symlink");
	key("code: out/x/y", "11: step \"a\": code \"out/x/y\" is reached by a symlink");
	key("outputs: out/x", "14: step \"a\": output \"out/x\" is reached by a symlink");
	key("checkpoints: out/x", "18: step \"a\": checkpoints \"out/x\" is reached by a symlink");
	key_good("inputs: [in/x, in, no/such/file]\n    code: in/x\n    outputs: real/y");
}

/* So many that the folder is listed instead of asked for each. */
static void links_among_many(void **state)
{
	_buf_ struct buf file = BUF_INIT;
	_free_ char *inside = path_join(case_root, "many/inside"), *outside = path_join(case_root, "many/outside");

	case_file("many/0", "");
	assert_int_equal(symlink("0", inside), 0);
	buf_adds(&file, "steps:\n  a:\n    run: x\n    inputs:\n");
	for (int i = 0; i < 600; i++)
		buf_addf(&file, "      - many/%d\n", i);
	buf_adds(&file, "      - many/inside\n      - many/outside\n");
	good(file.data);
	assert_int_equal(symlink("/etc/passwd", outside), 0);
	bad(file.data,
	    "jig.yaml:606:9: step \"a\": input \"many/outside\" is reached by a symlink that leaves the project");
}

static void param_files(void **state)
{
	case_file("params.yaml", "seed: 1\ntrain: {lr: 0.1, depth: 3}\n");
	case_file("conf/more.yml", "train: {lr: 0.2}\n");
	case_file("last.json", "{\"train\": {\"depth\": 9}, \"s\": \"\\ud83d\\ude00\"}");
	case_file("bad.yaml", "a: 1\na: 2\n");
	case_file("list.yaml", "[1]\n");
	case_file("bad.json", "{\"a\": 1,}");
	case_file("x.txt", "a: 1\n");
	good("params: params.yaml\nsteps: {a: {run: 'x ${params.train.lr}'}}\n");
	assert_value(case_p->params, "{\"seed\":1,\"train\":{\"depth\":3,\"lr\":0.1}}");
	assert_int_equal(case_p->nparam_files, 1);
	good("params: [./params.yaml, conf/more.yml, last.json]\nsteps: {a: {run: x}}\n");
	assert_value(case_p->params, "{\"s\":\"\xf0\x9f\x98\x80\",\"seed\":1,\"train\":{\"depth\":9,\"lr\":0.2}}");
	assert_int_equal(case_p->nparam_files, 3);
	assert_string_equal(case_p->param_files[0], "params.yaml");
	bad("params: [params.yaml, no.yaml]\nsteps: {a: {run: x}}\n",
	    "jig.yaml:1:23: params file \"no.yaml\" does not exist");
	bad("params: bad.yaml\nsteps: {a: {rn: x}}\n", "bad.yaml:2:1: key \"a\" stands here twice");
	bad("params: bad.yaml\nsteps: {a: {rn: x}}\n", "jig.yaml:2:13: step \"a\": unknown key \"rn\"");
	bad("params:\n  a.b: 1\n  a: {b: 2}\nsteps: {a: {run: x}}\n",
	    "jig.yaml:2:3: param a.b stands there twice, with dots in a key and without");
	good("params: {a.b: 1, a: {c: 2}}\nsteps: {a: {run: x}}\n");
	bad("params: list.yaml\nsteps: {a: {run: x}}\n",
	    "jig.yaml:1:9: params file \"list.yaml\" should hold a mapping");
	bad("params: bad.json\nsteps: {a: {run: x}}\n", "jig.yaml:1:9: bad.json:1:");
	bad("params: x.txt\nsteps: {a: {run: x}}\n",
	    "jig.yaml:1:9: params file \"x.txt\" should end in .yaml, .yml or .json");
	bad("params: ../x.yaml\nsteps: {a: {run: x}}\n", "jig.yaml:1:9: params file \"../x.yaml\" leaves the project");
}

static void overrides(void **state)
{
	static const char *const over[] = {"a.b=2", "+c=[1]", "~d"}, *const wrong[] = {"a.x=2", "zzz=1"};
	const char *text = "params: {a: {b: 1, k: 0}, d: 1}\nsteps: {s: {run: 'x ${params.a.b} ${params.c}'}}\n";
	static const char *const inherited[] = {"a.k=5", "gone=1", "+c=[0]", "a.b=7"};

	assert_int_equal(
	        case_read(text, strlen(text),
	                  &(struct pipeline_options){
	                          .overrides = over, .noverrides = 3, .inherited = inherited, .ninherited = 4}),
	        0);
	assert_value(case_p->params, "{\"a\":{\"b\":2,\"k\":5},\"c\":[1]}");
	assert_int_equal(case_p->ndropped, 1);
	assert_string_equal(case_p->dropped[0], "gone=1");
	assert_int_equal(case_read(text, strlen(text), &(struct pipeline_options){.overrides = wrong, .noverrides = 2}),
	                 ERR_USAGE);
	assert_true(!strncmp(case_faults.data, "-p a.x=2: unknown param \"a.x\"", 29));
	assert_non_null(strstr(case_faults.data, "\n-p zzz=1: unknown param"));
	assert_non_null(strstr(case_faults.data, "\njig.yaml:2:18: step \"s\": ${params.c} is not defined"));
}

static int read_from(void *arg, const char *path, struct buf *ret, struct err *e)
{
	const char *const *files = arg;

	for (; *files; files += 2)
		if (!strcmp(*files, path)) {
			buf_adds(ret, files[1]);
			return 0;
		}
	return err_set(e, ERR_NOT_FOUND, "%s: is no file of the snapshot", path);
}

/* A pipeline of a snapshot has its params files from there, too. */
static void read_elsewhere(void **state)
{
	static const char *const files[] = {"jig.yaml", "params: [p.yaml]\nsteps: {a: {run: 'x ${params.n}'}}\n",
	                                    "p.yaml",   "n: 7\n",
	                                    "b.yaml",   "params: [none.yaml]\nsteps: {a: {run: x}}\n",
	                                    NULL};
	struct pipeline_options o = {.root = case_root, .read = read_from, .read_arg = (void *)files};

	case_file("jig.yaml", "steps: {other: {run: x}}\n");
	case_file("p.yaml", "n: 8\n");
	case_file("none.yaml", "n: 9\n");
	assert_int_equal(pipeline_load(&o, &case_p, &case_faults, &case_e), 0);
	assert_value(case_p->params, "{\"n\":7}");
	pipeline_free(case_p);
	case_p = NULL;
	o.file = "b.yaml";
	assert_int_equal(pipeline_load(&o, &case_p, &case_faults, &case_e), ERR_USAGE);
	assert_non_null(strstr(case_e.text, "params file \"none.yaml\" does not exist"));
	o.file = "c.yaml";
	assert_int_equal(pipeline_load(&o, &case_p, &case_faults, &case_e), ERR_NOT_FOUND);
	assert_string_equal(case_e.text, "c.yaml: is no file of the snapshot");
}

static void matrices(void **state)
{
	good("steps: {t: {matrix: {a: [1, 2], b: [x, y/z]}, run: x}}\n");
	assert_order("t[1,x] t[1,y%2Fz] t[2,x] t[2,y%2Fz]");
	assert_value(step_of("t[2,y%2Fz]")->item, "{\"a\":2,\"b\":\"y/z\"}");
	good("steps: {t: {matrix: {a: [0.1, true, null, [1, 2], {k: 'a b'}, '\xc3\xa4']}, run: x}}\n");
	assert_order("t[0.1] t[true] t[null] t[%5B1%2C2%5D] t[%7B%22k%22%3A%22a%20b%22%7D] t[%C3%A4]");
	/* The example of GitHub's manual. */
	good("steps:\n  t:\n    run: x\n    matrix:\n      fruit: [apple, pear]\n      animal: [cat, dog]\n      "
	     "include:\n"
	     "        - color: green\n        - color: pink\n          animal: cat\n        - fruit: apple\n          "
	     "shape: circle\n"
	     "        - fruit: banana\n        - fruit: banana\n          animal: cat\n");
	assert_order("t[apple,cat] t[apple,dog] t[pear,cat] t[pear,dog] t[banana] t[banana,cat]");
	assert_value(step_of("t[apple,cat]")->item,
	             "{\"animal\":\"cat\",\"color\":\"pink\",\"fruit\":\"apple\",\"shape\":\"circle\"}");
	assert_value(step_of("t[apple,dog]")->item,
	             "{\"animal\":\"dog\",\"color\":\"green\",\"fruit\":\"apple\",\"shape\":\"circle\"}");
	assert_value(step_of("t[pear,cat]")->item, "{\"animal\":\"cat\",\"color\":\"pink\",\"fruit\":\"pear\"}");
	assert_value(step_of("t[pear,dog]")->item, "{\"animal\":\"dog\",\"color\":\"green\",\"fruit\":\"pear\"}");
	assert_value(step_of("t[banana]")->item, "{\"fruit\":\"banana\"}");
	good("steps: {t: {run: x, matrix: {os: [l, m], v: [1, 2], exclude: [{os: m, v: 1}, {v: 9}]}}}\n");
	assert_order("t[l,1] t[l,2] t[m,2]");
	good("steps: {t: {run: x, matrix: {os: [l, m], exclude: [{os: m}], include: [{os: m, v: 3}]}}}\n");
	assert_order("t[l] t[m,3]");
	good("steps: {t: {run: 'x ${matrix.site}', matrix: {include: [{site: a, dc: p}, {site: b}]}}}\n");
	assert_order("t[a,p] t[b]");
	bad("steps: {t: {run: x, matrix: [a]}}\n",
	    "jig.yaml:1:29: step \"t\": \"matrix\" should be a mapping of lists, not a list");
	bad("steps: {t: {run: x, matrix: {}}}\n",
	    "jig.yaml:1:29: step \"t\": \"matrix\" should be a mapping of lists, not an empty one");
	bad("steps: {t: {run: x, matrix: {a: b}}}\n",
	    "jig.yaml:1:33: step \"t\": matrix key \"a\" should be a list of values, not a text");
	bad("steps: {t: {run: x, matrix: {a: []}}}\n",
	    "jig.yaml:1:33: step \"t\": matrix key \"a\" should be a list of values, not an empty one");
	bad("steps: {t: {run: x, matrix: {a.b: [1]}}}\n",
	    "jig.yaml:1:30: step \"t\": matrix key \"a.b\" should be made of");
	bad("steps: {t: {run: x, matrix: {a: [1, 2, 1]}}}\n",
	    "jig.yaml:1:40: step \"t\": matrix key \"a\" holds the value 1 twice");
	bad("steps: {t: {run: x, matrix: {a: [1], exclude: [{b: 1}]}}}\n",
	    "jig.yaml:1:49: step \"t\": \"exclude\" names \"b\", which is no key of the matrix");
	bad("steps: {t: {run: x, matrix: {a: [1], exclude: [{a: 1}]}}}\n",
	    "jig.yaml:1:29: step \"t\": the matrix has no combination left");
	bad("steps: {t: {run: x, matrix: {a: [1], include: x}}}\n",
	    "jig.yaml:1:47: step \"t\": \"include\" should be a list of mappings");
	bad("steps: {t: {run: x, matrix: {a: [1], include: [x]}}}\n",
	    "jig.yaml:1:48: step \"t\": an entry of \"include\" should be a mapping");
	bad("steps: {t: {run: x, matrix: {include: [{a: 1}, {b: 1}]}}}\n",
	    "jig.yaml:1:9: step \"t[1]\": two combinations of the matrix have this name");
	bad("steps: {t: {run: 'x ${matrix.a} ${matrix.b}', matrix: {a: [1, 2]}}}\n",
	    "jig.yaml:1:18: step \"t[1]\": ${matrix.b} is not defined (did you mean \"matrix.a\"?)");
	assert_null(strstr(case_faults.data, "t[2]"));
}

static void all_at_once(void **state)
{
	_buf_ struct buf text = BUF_INIT;

	bad("steps:\n  a: {run: x, imputs: y, timeout: 3}\n  b: {run: x, needs: [c], outputs: [/x]}\n  d: {run: x, "
	    "inputs: [o], outputs: [o]}\n",
	    "jig.yaml:2:15:");
	assert_non_null(strstr(case_faults.data, "\njig.yaml:2:35: step \"a\": \"timeout\""));
	assert_non_null(strstr(case_faults.data, "\njig.yaml:3:23: step \"b\": needs \"c\", which is no step"));
	assert_non_null(strstr(case_faults.data, "\njig.yaml:3:37: step \"b\": output \"/x\" is absolute"));
	assert_non_null(strstr(case_faults.data, "\njig.yaml:4:24: step \"d\": it reads its own output \"o\""));
	/* A wrong matrix hides no other fault of its step and makes none, nor does the first of two wrong references in
	 * one text. */
	bad("steps:\n  a: {matrix: {k: 3}, run: 'x ${params.u} ${matrix.k} ${params.v}', timeout: soon, outputs: "
	    "'${matrix.k}'}\n"
	    "  b: {run: y, needs: a, inputs: '${params.w}/${params.z}'}\n",
	    "jig.yaml:2:19: step \"a\": matrix key \"k\" should be a list");
	assert_non_null(strstr(case_faults.data, "step \"a\": \"timeout\""));
	assert_null(strstr(case_faults.data, "needs"));
	assert_null(strstr(case_faults.data, "${matrix.k}"));
	assert_non_null(strstr(case_faults.data, "step \"b\": ${params.w} is not defined; ${params.z} is not defined"));
	bad("steps:\n  a: {matrix: {k: 3}, run: 'x ${params.u} ${params.v}'}\n", "jig.yaml:2:19:");
	assert_non_null(strstr(case_faults.data, "${params.u} is not defined; ${params.v} is not defined"));
	buf_adds(&text, "steps:\n");
	for (int i = 0; i < 250; i++)
		buf_addf(&text, "  s%d: {rum: x, run: x}\n", i);
	bad(text.data, "jig.yaml:2:8: step \"s0\": unknown key \"rum\" (did you mean \"run\"?)");
	assert_non_null(strstr(case_faults.data, "\nand 150 more"));
}

static void loading(void **state)
{
	struct pipeline_options o = {.root = case_root};

	assert_int_equal(pipeline_load(&o, &case_p, &case_faults, &case_e), ERR_NOT_FOUND);
	assert_non_null(strstr(case_e.text, "`jig init` makes one"));
	assert_null(case_p);
	case_file("jig.yaml", "steps: {a: {run: x}}\n");
	case_file("other.yaml", "steps: {b: {rn: x}}\n");
	assert_int_equal(pipeline_load(&o, &case_p, NULL, &case_e), 0);
	assert_order("a");
	o.file = "other.yaml";
	struct pipeline *none = NULL;
	assert_int_equal(pipeline_load(&o, &none, NULL, &case_e), ERR_USAGE);
	assert_true(!strncmp(case_e.text, "other.yaml:1:9:", 15));
	assert_null(none);
	_buf_ struct buf big = BUF_INIT;
	buf_fill(&big, '#', (8 << 20) + 1);
	case_file("big.yaml", big.data);
	o.file = "big.yaml";
	assert_int_equal(pipeline_load(&o, &none, NULL, &case_e), ERR_USAGE);
	assert_non_null(strstr(case_e.text, "/big.yaml is larger than the 8 MiB that"));
	buf_release(&big);
	_free_ char *fifo = path_join(case_root, "fifo.yaml");
	assert_int_equal(mkfifo(fifo, 0644), 0);
	o.file = "fifo.yaml";
	assert_int_equal(pipeline_load(&o, &none, NULL, &case_e), ERR_USAGE);
	assert_non_null(strstr(case_e.text, "/fifo.yaml is a FIFO, not a file"));
}

static void selecting_odd_names(void **state)
{
	good("steps: {m: {run: x, matrix: {p: [a/b, 'c  d, e']}}}\n");
	bool sel[2] = {0};

	assert_int_equal(pipeline_select(case_p, "m[a%2Fb]", sel, &case_e), 0);
	assert_int_equal(pipeline_select(case_p, "m[a/b]", sel, &case_e), ERR_NOT_FOUND);
	assert_non_null(strstr(case_e.text, "there is no step \"m[a/b]\" in jig.yaml (did you mean \"m[a%2Fb]\"?)"));
	assert_int_equal(pipeline_select(case_p, "m[c  d, e]", sel, &case_e), ERR_NOT_FOUND);
	assert_non_null(strstr(case_e.text, "(did you mean \"m[c%20%20d%2C%20e]\"?)"));
	bad("steps: {m: {run: x, matrix: {p: [a/b]}}, n: {run: x, needs: ['m[a/b]']}}\n",
	    "jig.yaml:1:62: step \"n\": needs \"m[a/b]\", which is no step (did you mean \"m[a%2Fb]\"?)");
}

static void selecting(void **state)
{
	good(penguins);
	bool sel[5] = {0};

	assert_int_equal(pipeline_select(case_p, "train", sel, &case_e), 0);
	assert_memory_equal(sel, ((bool[]){0, 1, 1, 1, 0}), sizeof sel);
	pipeline_with_needs(case_p, sel);
	assert_memory_equal(sel, ((bool[]){1, 1, 1, 1, 0}), sizeof sel);
	memset(sel, 0, sizeof sel);
	assert_int_equal(pipeline_select(case_p, "train[tree]", sel, &case_e), 0);
	assert_memory_equal(sel, ((bool[]){0, 0, 1, 0, 0}), sizeof sel);
	pipeline_with_followers(case_p, sel);
	assert_memory_equal(sel, ((bool[]){0, 0, 1, 0, 1}), sizeof sel);
	assert_int_equal(pipeline_select(case_p, "trian", sel, &case_e), ERR_NOT_FOUND);
	assert_string_equal(
	        case_e.text,
	        "there is no step \"trian\" in jig.yaml (did you mean \"train\"?); its steps are clean, train and "
	        "evaluate");
	assert_int_equal(pipeline_select(case_p, "train[x]", sel, &case_e), ERR_NOT_FOUND);
	assert_int_equal(pipeline_find(case_p, "train"), -1);
	pipeline_free(NULL);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        case_test(whole_file),  case_test(no_steps),  case_test(unknown_keys),   case_test(wrong_types),
	        case_test(accepted),    case_test(defaults),  case_test(references),     case_test(paths),
	        case_test(param_files), case_test(overrides), case_test(read_elsewhere), case_test(matrices),
	        case_test(all_at_once), case_test(loading),   case_test(selecting),      case_test(links_among_many),
	        case_test(selecting_odd_names),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
