#include "tests/runner/pipeline_case.h"

static void edges(void **state)
{
	good("steps:\n"
	     "  use: {run: x, inputs: [d/a, out/part1, tree/, raw.csv, m/none*.csv]}\n"
	     "  a: {run: x, outputs: d/a}\n"
	     "  b: {run: x, outputs: out/}\n"
	     "  c: {run: x, outputs: [tree/p, tree/q/r/], needs: b}\n"
	     "  d: {run: x, outputs: tree/q-z}\n");
	assert_order("a b c d use");
	assert_inputs("use", "f:d/a<a f:out/part1<b f:tree/p<c(tree) f:tree/q/r/<c(tree) f:tree/q-z<d(tree) f:raw.csv "
	                     "g:m/none*.csv");
	assert_needs("use", "a! b! c! d!");
	assert_needs("c", "b");
	good("steps:\n  b: {run: x, inputs: [out/]}\n  a: {run: x, outputs: [out/]}\n  c: {run: x, inputs: [out], "
	     "needs: [a, b, a]}\n");
	assert_order("a b c");
	assert_inputs("b", "f:out/<a");
	assert_inputs("c", "f:out/<a");
	assert_needs("c", "a! b");
}

static void patterns(void **state)
{
	case_file("loose/x.csv", "");
	good("steps:\n"
	     "  t: {matrix: {m: [a, b]}, run: x, outputs: ['m/${matrix.m}.pkl', 'plots/${matrix.m}/', "
	     "'deep/${matrix.m}/x/y.csv']}\n"
	     "  o: {run: x, outputs: ['names/x[1].txt', 'whole/']}\n"
	     "  u1: {run: x, inputs: 'm/*.pkl'}\n"
	     "  u2: {run: x, inputs: ['m/*.pkl', 'm/a.pkl', 'm/?.pkl']}\n"
	     "  u3: {run: x, inputs: 'plots/*/fig.png'}\n"
	     "  u4: {run: x, inputs: 'plots/*'}\n"
	     "  u5: {run: x, inputs: 'plots/*/'}\n"
	     "  u6: {run: x, inputs: 'm/*/'}\n"
	     "  u7: {run: x, inputs: 'deep/**/*.csv'}\n"
	     "  u8: {run: x, inputs: 'names/x[1].txt'}\n"
	     "  u9: {run: x, inputs: 'whole/sub/*.txt'}\n"
	     "  v1: {run: x, inputs: 'loose/*.csv'}\n"
	     "  v2: {run: x, inputs: '**/*.pkl'}\n");
	assert_inputs("u1", "f:m/a.pkl<t[a](m/*.pkl) f:m/b.pkl<t[b](m/*.pkl)");
	assert_inputs("u2", "f:m/a.pkl<t[a](m/*.pkl) f:m/b.pkl<t[b](m/*.pkl)");
	assert_inputs("u3", "f:plots/a/<t[a](plots/*/fig.png) f:plots/b/<t[b](plots/*/fig.png)");
	assert_inputs("u4", "f:plots/a/<t[a](plots/*) f:plots/b/<t[b](plots/*)");
	assert_inputs("u5", "f:plots/a/<t[a](plots/*) f:plots/b/<t[b](plots/*)");
	assert_inputs("u6", "g:m/*/");
	assert_inputs("u7", "f:deep/a/x/y.csv<t[a](deep/**/*.csv) f:deep/b/x/y.csv<t[b](deep/**/*.csv)");
	assert_inputs("u8", "f:names/x[1].txt<o");
	assert_inputs("u9", "f:whole/<o(whole/sub/*.txt)");
	assert_inputs("v1", "g:loose/*.csv");
	assert_inputs("v2", "f:m/a.pkl<t[a](**/*.pkl) f:m/b.pkl<t[b](**/*.pkl)");
}

static void needs(void **state)
{
	good("steps:\n  e: {run: x, needs: train}\n  f: {run: x, needs: ['train[b]', g]}\n  train: {matrix: {m: [a, "
	     "b]}, run: x}\n  g: {run: x}\n");
	assert_order("train[a] train[b] e g f");
	assert_needs("e", "train[a] train[b]");
	assert_needs("f", "train[b] g");
	bad("steps:\n  train: {matrix: {m: [a, b]}, run: x}\n  e: {run: x, needs: [tran]}\n",
	    "jig.yaml:3:23: step \"e\": needs \"tran\", which is no step (did you mean \"train\"?)");
	bad("steps:\n  train: {matrix: {m: [a, b]}, run: x}\n  e: {run: x, needs: 'train[c]'}\n",
	    "jig.yaml:3:22: step \"e\": needs \"train[c]\", which is no step (did you mean \"train[a]\"?)");
	bad("steps: {a: {run: x, needs: a}}\n", "jig.yaml:1:28: step \"a\": needs \"a\", which is the step itself");
	bad("steps: {t: {matrix: {m: [a, b]}, run: x, needs: t}}\n",
	    "jig.yaml:1:49: step \"t[a]\": needs \"t\", which is the step itself");
}

static void order(void **state)
{
	good("steps:\n  z: {run: x}\n  y: {run: x, needs: a}\n  m: {run: x}\n  a: {run: x, needs: z}\n  b: {run: x}\n");
	assert_order("z m a y b");
}

static void cycles(void **state)
{
	bad("steps:\n  a: {run: x, inputs: q, outputs: p}\n  b: {run: x, inputs: p, outputs: q}\n",
	    "jig.yaml:2:23: the steps need each other in a circle: \"a\" → \"b\" → \"a\"");
	bad("steps:\n  s: {run: x, needs: [c]}\n  a: {run: x, needs: [c]}\n  b: {run: x, needs: [a]}\n  c: {run: x, "
	    "needs: [b]}\n  d: {run: x, needs: [c]}\n"
	    "  e: {run: x, needs: f}\n  f: {run: x, needs: e}\n",
	    "jig.yaml:3:23: the steps need each other in a circle: \"a\" → \"b\" → \"c\" → \"a\"\n"
	    "jig.yaml:7:22: the steps need each other in a circle: \"e\" → \"f\" → \"e\"");
	bad("steps:\n  t: {matrix: {m: [a, b]}, run: x, inputs: all, outputs: 'o/${matrix.m}'}\n  u: {run: x, inputs: "
	    "'o/*', outputs: all}\n",
	    "jig.yaml:2:44: the steps need each other in a circle: \"t[a]\" → \"u\" → \"t[a]\"");
}

static void itself(void **state)
{
	bad("steps: {a: {run: x, inputs: [o], outputs: [o]}}\n",
	    "jig.yaml:1:30: step \"a\": it reads its own output \"o\"; a step cannot need itself");
	bad("steps: {a: {run: x, inputs: [d/], outputs: [d/o]}}\n",
	    "jig.yaml:1:30: step \"a\": its input \"d\" takes in its own output \"d/o\"");
	bad("steps: {a: {run: x, inputs: [d/o], outputs: [d/]}}\n",
	    "jig.yaml:1:30: step \"a\": its input \"d/o\" takes in its own output \"d\"");
	bad("steps: {a: {run: x, inputs: ['*.json'], metrics: [all.json]}}\n",
	    "jig.yaml:1:30: step \"a\": its input \"*.json\" takes in its own output \"all.json\"");
}

static void outputs(void **state)
{
	bad("steps:\n  a: {run: x, outputs: p}\n  b: {run: x, outputs: ./p}\n",
	    "jig.yaml:3:24: step \"b\": output \"p\" is an output of step \"a\" too (2:24)");
	bad("steps:\n  a: {run: x, metrics: p}\n  b: {run: x, outputs: p/}\n",
	    "jig.yaml:3:24: step \"b\": output \"p\" is an output of step \"a\" too");
	bad("steps:\n  t: {matrix: {m: [a, b, c]}, run: x, outputs: o.pkl}\n",
	    "jig.yaml:2:48: step \"t[b]\": output \"o.pkl\" is an output of step \"t[a]\" too (2:48); put ${matrix.…} "
	    "into it");
	assert_null(strstr(case_faults.data, "t[c]"));
	bad("steps:\n  a: {run: x, outputs: [p, p]}\n", "jig.yaml:2:28: step \"a\": output \"p\" stands here twice");
	bad("steps:\n  a: {run: x, outputs: p/, metrics: p}\n",
	    "jig.yaml:2:37: step \"a\": \"p\" stands here once as a folder and once as a file");
	bad("steps:\n  a: {run: x, outputs: [d/, d/x]}\n",
	    "jig.yaml:2:29: step \"a\": output \"d/x\" lies inside output \"d\" of step \"a\" (2:25)");
	bad("steps:\n  a: {run: x, outputs: d/x/y}\n  b: {run: x, outputs: [d-x, d0]}\n  c: {run: x, outputs: d}\n",
	    "jig.yaml:2:24: step \"a\": output \"d/x/y\" lies inside output \"d\" of step \"c\" (4:24)");
	bad("steps:\n  a: {run: x, outputs: d/}\n  b: {run: x, outputs: [d/p]}\n  c: {run: x, outputs: [d/q]}\n",
	    "jig.yaml:3:25: step \"b\": output \"d/p\" lies inside");
	assert_non_null(strstr(case_faults.data, "jig.yaml:4:25: step \"c\": output \"d/q\" lies inside"));
	bad("steps:\n  a: {run: x, outputs: d}\n  b: {run: x, inputs: d/x}\n",
	    "jig.yaml:3:23: step \"b\": input \"d/x\" lies inside \"d\", which step \"a\" makes as a file; a folder is "
	    "written \"d/\"");
	bad("steps: {a: {run: x, outputs: ckpt/x, checkpoints: ckpt}}\n",
	    "jig.yaml:1:30: step \"a\": output \"ckpt/x\" and the checkpoints \"ckpt\" lie inside each other");
	good("steps: {a: {run: x, outputs: d/x}, b: {run: x, outputs: [d-x, d/xy, dx]}}\n");
}

static void limits(void **state)
{
	_buf_ struct buf text = BUF_INIT;

	buf_adds(&text, "steps: {t: {run: x, matrix: {a: [0");
	for (int i = 1; i < 400; i++)
		buf_addf(&text, ",%d", i);
	buf_adds(&text, "], b: [0");
	for (int i = 1; i < 400; i++)
		buf_addf(&text, ",%d", i);
	buf_adds(&text, "]}}}\n");
	bad(text.data, "jig.yaml:1:29: step \"t\": more than 100,000 steps after expansion");
	buf_reset(&text);
	buf_adds(&text, "params: {f: [x0");
	for (int i = 1; i < 20000; i++)
		buf_addf(&text, ",x%d", i);
	buf_adds(&text, "]}\nsteps: {t: {run: x, inputs: '${params.f}', matrix: {a: [0");
	for (int i = 1; i < 60; i++)
		buf_addf(&text, ",%d", i);
	buf_adds(&text, "]}}}\n");
	bad(text.data, "jig.yaml:2:29: step \"t[50]\": more than 1,000,000 inputs");
	buf_reset(&text);
	buf_adds(&text, "params: {f: ");
	buf_fill(&text, 'x', 7 << 20);
	buf_adds(&text, "}\nsteps: {t: {run: 'x ${params.f}', matrix: {a: [0");
	for (int i = 1; i < 100; i++)
		buf_addf(&text, ",%d", i);
	buf_adds(&text, "]}}}\n");
	bad(text.data, "jig.yaml:2:18: step \"t[18]\": more than 128 MiB of text");
	buf_reset(&text);
	buf_adds(&text, "x: &v [0");
	for (int i = 1; i < 1100; i++)
		buf_addf(&text, ",%d", i);
	buf_adds(&text, "]\nsteps: {t: {run: x, matrix: {a: *v}}, u: {run: x, needs: t, matrix: {a: *v}}}\n");
	bad(text.data, "jig.yaml:2:58: step \"u[909]\": more than 1,000,000 edges between steps");
}

/* Well below 0.3 s in a release; here with the sanitizers and on a busy machine. */
static void quick(const struct buf *text, size_t nsteps, double seconds)
{
	int64_t from = time_mono();

	good(text->data);
	assert_int_equal(case_p->nsteps, nsteps);
	double took = (double)(time_mono() - from) / US_PER_S;
	if (getenv("JIG_TEST_TIMES"))
		fprintf(stderr, "%zu steps: %.3f s\n", nsteps, took);
	assert_true(took < seconds);
}

static void many_steps(void **state)
{
	_buf_ struct buf text = BUF_INIT;

	buf_adds(&text,
	         "params: {lr: 0.1}\ndefaults: {timeout: 2h, env: a.lock}\nsteps:\n  s0: {run: x, outputs: o/0.csv}\n");
	for (int i = 1; i < 10000; i++)
		buf_addf(&text,
		         "  s%d:\n    inputs: [o/%d.csv, raw/%d.csv]\n    run: python x.py --lr ${params.lr} --n %d\n  "
		         "  outputs: [o/%d.csv]\n    needs: [s0]\n",
		         i, i - 1, i, i, i);
	quick(&text, 10000, 10);
	assert_needs("s9999", "s0 s9998!");
	buf_reset(&text);
	buf_adds(&text, "params: {lr: 0.1, k: [0");
	for (int i = 1; i < 10000; i++)
		buf_addf(&text, ",%d", i);
	buf_adds(&text,
	         "]}\nsteps:\n  t: {matrix: {k: '${params.k}'}, inputs: [raw.csv, 'code/*.py'], run: [python, x.py, "
	         "'${matrix.k}', '${params.lr}'], "
	         "outputs: 'm/${matrix.k}.pkl', metrics: 'm/${matrix.k}.json'}\n  u: {run: x, inputs: 'm/*.pkl'}\n");
	quick(&text, 10001, 10);
	assert_int_equal(step_of("u")->ninputs, 10000);
	buf_reset(&text);
	buf_adds(&text, "steps:\n");
	for (int i = 0; i < 10000; i++)
		buf_addf(&text, "  s%d: {run: x, needs: s%d}\n", i, (i + 1) % 10000);
	int64_t from = time_mono();
	bad(text.data, "jig.yaml:2:23: the steps need each other in a circle: \"s0\" → \"s9999\" → ");
	assert_true(time_mono() - from < 10 * US_PER_S);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
	        case_test(edges),  case_test(patterns), case_test(needs),  case_test(order),      case_test(cycles),
	        case_test(itself), case_test(outputs),  case_test(limits), case_test(many_steps),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
