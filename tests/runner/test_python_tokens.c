/* The tokens of Python files: what is cosmetic and what is not, what is not understood, and a cross-check against
 * Python's own tokenizer. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <unistd.h>
#include <cmocka.h>

#include "base/file.h"
#include "base/path.h"
#include "runner/process/spawn.h"
#include "runner/trace/python_tokens.h"

struct pair { const char *a, *b; };

static const struct pair equal[] = {
	{"", "\n\n"},
	{"", "# nothing\n"},
	{"x = 1\n", "x = 1"},
	{"x = 1\n", "x=1\n"},
	{"x = 1\n", "x = 1   # one\n"},
	{"x = 1\n", "\n\n# head\nx = 1\n\n\n# tail"},
	{"x = 1\n", "x\t=\f1\n"},
	{"x = 1\n", "x = 1\r\n"},
	{"x = 1\ny = 2\n", "x = 1\n      # deep comment\ny = 2\n"},
	{"x = 1\ny = 2\n", "x = 1\n\t\n  \ny = 2\n"},
	{"f(a, b)\n", "f(a,b)\n"},
	{"f(a, b)\n", "f(\n  a,\n\n# two\nb)\n"},
	{"f(a, b)\n", "f(a \\\n, b)\n"},
	{"x = a + b\n", "x = a \\\n    + b\n"},
	{"x = a + b\n", "x = a + b \\\n# the end of it\n"},
	{"if x:\n    y\n", "if x:\n  y\n"},
	{"if x:\n    y\n", "if x:\n\ty\n"},
	{"if x:\n    y\n", "if x:\n# here\n    y\n"},
	{"if x:\n    y\nz\n", "if x:\n    y\n        # off\n  # off\nz"},
	{"if x:\n        y\n        z\n", "if x:\n\ty\n\tz\n"},
	{"if x:\n    y\n", "if x:\n \f    y\n"},
	{"def f():\n  if a:\n    b\n  c\n", "def f():\n\tif a:\n\t\tb\n\tc\n"},
	{"class A:\n    def f(self):\n        return 1\n", "class A:\n\n  def f( self ):\n      return 1 # one\n"},
	{"d = {'a': [1, (2, 3)]}\n", "d = {\n    'a': [\n 1, ( 2,\n3)\n]}\n"},
	{"x = '''a\nb'''\n", "x = '''a\r\nb'''\r\n"},
	{"x = '#no'\n", "x = '#no' # yes\n"},
	{"x = \"\"\"#no\"\"\"\n", "x = \"\"\"#no\"\"\"#yes\n"},
	{"x = f'{a}'\n", "x  =  f'{a}'  # x\n"},
	{"x = f'{d['a']}' + y\n", "x = f'{d['a']}'+y\n"},
	{"x = f'{f'{f'{1}'}'}'\ny\n", "x = f'{f'{f'{1}'}'}'\n\n\ny\n"},
	{"x = f'''{\na # in\n}'''\ny\n", "x = f'''{\na # in\n}''' # out\ny\n"},
	{"x = f'{a:{w}.{p}}'\n", "x=f'{a:{w}.{p}}'\n"},
	{"x = f'{a:#x}'\n", "x = f'{a:#x}' # hex\n"},
	{"x = f'{{#}}'\n", "x = f'{{#}}' #\n"},
	{"x = f'\\N{NUMBER SIGN}#'\n", "x = f'\\N{NUMBER SIGN}#' #\n"},
	{"x = f'\\{a}#'\n", "x = f'\\{a}#' #\n"},
	{"x = rf'\\'{a}#'\n", "x = rf'\\'{a}#' #\n"},
	{"x = f'{a!r:>10}'\n", "x = f'{a!r:>10}'  \n"},
	{"x = f'{a:=^9}'\n", "x = f'{a:=^9}' #\n"},
	{"x = f'{(a:=1)}{lambda_!s}'\n", "x = f'{(a:=1)}{lambda_!s}' #\n"},
	{"x = f'{ {1: 2}[1] }'\n", "x = f'{ {1: 2}[1] }' # }'\n"},
	{"x = t'{a} {b!r}'\n", "x = t'{a} {b!r}' # t\n"},
	{"x = rB'\\''\n", "x = rB'\\'' #'\n"},
	{"x = 'a' 'b'\n", "x = 'a''b'\n"},
	{"x = ('a'\n 'b')\n", "x = ('a' 'b')\n"},
	{"y = 1if x else 2\n", "y = 1 if x else 2\n"},
	{"y = 0x1for x\n", "y = 0x1f or x\n"},
	{"y = 1..real\n", "y = 1. .real\n"},
	{"y = 1_000.5e-3j\n", "y = 1_000.5e-3j  #\n"},
	{"a @= b // c ** d\n", "a@=b//c**d\n"},
	{"a[..., ::2] = b\n", "a[ ... , : :2]=b\n"},
	{"def f(a, /, *, b: int = 1) -> str: ...\n", "def f(a,/,*,b:int=1)->str:...\n"},
	{"async def f():\n  await g()\n", "async  def f():\n    await  g()\n"},
	{"match x:\n  case [1, *_]: pass\n", "match x:\n\n  case [1,* _]:pass\n"},
	{"type A[T] = list[T]\n", "type A [T]=list[T]\n"},
	{"a; b;\n", "a;b ;\n"},
	{"x = 'é'\n", "x = 'é' # ü\n"},
	{"größe = 1\n", "größe=1\n"},
	{"#!/usr/bin/env python3\nx\n", "#!/usr/bin/env python3\n\n# c\nx\n"},
	{"# coding: utf-8\nx\n", "# a -*- coding: utf-8 -*-\nx\n"},
	{"# coding: utf-8\nx\n", "\n# coding: utf-8\nx\n"},
	{"# coding: latin-1\nx = '\xe9'\n", "# coding: latin-1\nx = '\xe9' # \xe9\n"},
	{"\xef\xbb\xbfx\n", "\xef\xbb\xbf# c\nx\n"},
};

static const struct pair different[] = {
	{"x = 1\n", "x = 2\n"},
	{"x = 1\n", "y = 1\n"},
	{"x = 1\n", "x = 1.0\n"},
	{"x = 1000\n", "x = 1_000\n"},
	{"x = 1\n", "x = -1\n"},
	{"x == 1\n", "x = = 1\n"},
	{"x = 1\n", "x += 1\n"},
	{"x = 1\n", ""},
	{"a b\n", "ab\n"},
	{"a; b\n", "a\nb\n"},
	{"a\nb\n", "(a\nb)\n"},
	{"a\n+b\n", "a \\\n+b\n"},
	{"f(a)\n", "f(a,)\n"},
	{"f(a)\n", "f[a]\n"},
	{"if x:\n  y\n  z\n", "if x:\n  y\nz\n"},
	{"if x:\n  if y:\n    a\n  b\n", "if x:\n  if y:\n    a\n    b\n"},
	{"if x:\n  y\nz\n", "if x: y\nz\n"},
	{"x = 'a'\n", "x = \"a\"\n"},
	{"x = 'a'\n", "x = 'a '\n"},
	{"x = 'a'\n", "x = r'a'\n"},
	{"x = 'a'\n", "x = R'a'\n"},
	{"x = 'a'\n", "x = b'a'\n"},
	{"x = 'a'\n", "x = r 'a'\n"},
	{"x = '#a'\n", "x = '#b'\n"},
	{"x = 'ab'\n", "x = 'a' 'b'\n"},
	{"x = 'a\\\nb'\n", "x = 'ab'\n"},
	{"x = '''a\nb'''\n", "x = '''a\n\nb'''\n"},
	{"x = '''a\nb'''\n", "x = '''a\n b'''\n"},
	{"x = '''a\n# b\n'''\n", "x = '''a\n'''\n"},
	{"def f():\n  '''Doc.'''\n", "def f():\n  '''Docs.'''\n"},
	{"x = f'{a}'\n", "x = f'{b}'\n"},
	{"x = f'{a}'\n", "x = f'{a }'\n"},
	{"x = f'{a}'\n", "x = '{a}'\n"},
	{"x = f'{a}'\n", "x = t'{a}'\n"},
	{"x = f'{a=}'\n", "x = f'{a = }'\n"},
	{"x = f'{d['a']}'\n", "x = f'{d['b']}'\n"},
	{"x = f'{a:>10}'\n", "x = f'{a:>11}'\n"},
	{"x = f'''{\na # in\n}'''\n", "x = f'''{\na # inner\n}'''\n"},
	{"x = f'{f'#{1}'}' # a\n", "x = f'{f'#{2}'}' # a\n"},
	{"a <> b\n", "a < > b\n"},
	{"a != b\n", "a == b\n"},
	{"a := b\n", "a : = b\n"},
	{"from ... import x\n", "from .. import x\n"},
	{"a.b\n", "a . c\n"},
	{"1 .real\n", "1.real\n"},
	{"1_a\n", "1 _ a\n"},
	{"a // b\n", "a / / b\n"},
	{"a ** b\n", "a * b\n"},
	{"def f(a, b): pass\n", "def f(b, a): pass\n"},
	{"x: int = 1\n", "x: str = 1\n"},
	{"é = 1\n", "è = 1\n"},
	{"x = 'é'\n", "x = 'e\xcc\x81'\n"},
	{"# coding: utf-8\nx\n", "x\n"},
	{"# coding: utf-8\nx\n", "# coding: latin-1\nx\n"},
	{"# coding: utf-8\nx\n", "\n\n# coding: utf-8\nx\n"},
	{"#!/usr/bin/python3\nx\n", "#!/usr/bin/python3 -O\nx\n"},
	{"#!/usr/bin/python3\nx\n", "#!/usr/bin/python3\r\nx\n"},
	{"#!/usr/bin/python3\nx\n", "\n#!/usr/bin/python3\nx\n"},
	{"\xef\xbb\xbfx\n", "x\n"},
	{"pass\n", "pass\npass\n"},
	{"x = 0xff\n", "x = 0xFF\n"},
	{"x = 1j\n", "x = 1\n"},
	{"@a\ndef f(): pass\n", "def f(): pass\n"},
};

static const char *const refused[] = {
        "x = 'a\n", "x = '''a\n", "x = \"a", "x = 'a\\", "f(\n", "f(]\n", "f)\n",
        "x = [1, 2\ny = 3\n",
        "if x:\n    y\n  z\n", "if x:\n\ty\n        z\n", "if x:\n        y\n\tz\n", "x = \\ \ny\n", "x = 1 \\\n",
        "x = 1 \\", "\\\nx\n", "x = $\n", "x ? y\n", "`x`\n", "!x\n", "x!r\n", "x = 1\ry = 2\n", "x = '\xff'\n",
        "# \xff\n", "# coding: shift_jis\nx\n", "# coding: utf-7\nx\n", "\xef\xbb\xbf# coding: latin-1\nx\n",
        "x = f'{a'\n",
        "x = f'{a\n",
        "x = f'}'\n",
        "x = f'{a:x'\n",
        "x = f'{a:\n}'\n",
        "x = f'{(a}'\n",
        "x = f'{a)}'\n",
        "x = f'''{a''\n",
        "x = f'\\N{DASH'\n",
        "x = f'{a:'}'\n",
        "x = f'{'\n",
        "x = f'{a:{b:{c'\n",
};

static int tokens(const char *text, struct digest *ret)
{
	return python_tokens(text, strlen(text), ret);
}

static void test_cosmetic_edits_are_equal(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(equal); i++) {
		struct digest a, b;

		if (tokens(equal[i].a, &a) < 0 || tokens(equal[i].b, &b) < 0)
			fail_msg("pair %zu is not understood: %s", i, equal[i].a);
		if (!digest_equal(&a, &b))
			fail_msg("pair %zu differs: %s and %s", i, equal[i].a, equal[i].b);
	}
}

static void test_other_edits_are_different(void **state)
{
	for (size_t i = 0; i < ARRAY_LEN(different); i++) {
		struct digest a, b;

		if (tokens(different[i].a, &a) < 0 || tokens(different[i].b, &b) < 0)
			fail_msg("pair %zu is not understood: %s", i, different[i].a);
		if (digest_equal(&a, &b))
			fail_msg("pair %zu is equal: %s and %s", i, different[i].a, different[i].b);
	}
}

static void test_what_is_not_understood_is_refused(void **state)
{
	struct digest d;

	for (size_t i = 0; i < ARRAY_LEN(refused); i++)
		if (tokens(refused[i], &d) >= 0)
			fail_msg("text %zu is understood: %s", i, refused[i]);
	assert_int_equal(python_tokens("x\0y\n", 4, &d), -1);
}

static void test_depth_is_bounded(void **state)
{
	static const char *const openings[] = {"(", "[", "f'{", "f'{a:{a:", "f'{f\"{", "f'{(", "{"};
	struct digest d;

	for (size_t i = 0; i < ARRAY_LEN(openings); i++) {
		_buf_ struct buf b = BUF_INIT;

		for (int n = 0; n < 100000; n++)
			buf_adds(&b, openings[i]);
		assert_int_equal(python_tokens(b.data, b.len, &d), -1);
	}
	_buf_ struct buf deep = BUF_INIT;

	for (int n = 0; n < 150; n++)
		buf_fill(&deep, ' ', (size_t)n), buf_adds(&deep, "if x:\n");
	assert_int_equal(python_tokens(deep.data, deep.len, &d), -1);
}

/* For files of the standard library: N.a as it stands, N.b with comments gone and blank lines, comments and spaces
 * added, N.c with one name changed. */
static const char mutate[] =
	"import sys, os, tokenize, io, keyword, random\n"
	"out, limit = sys.argv[1], int(sys.argv[2])\n"
	"top = os.path.dirname(os.__file__)\n"
	"names = []\n"
	"for folder, dirs, files in os.walk(top):\n"
	"    dirs[:] = sorted(d for d in dirs if d not in ('site-packages', 'dist-packages', '__pycache__', 'lib2to3', "
	"'idlelib'))\n"
	"    names += [os.path.join(folder, f) for f in sorted(files) if f.endswith('.py')]\n"
	"random.seed(7)\n"
	"random.shuffle(names)\n"
	"n = 0\n"
	"for name in names:\n"
	"    if n == limit: break\n"
	"    data = open(name, 'rb').read()\n"
	"    if len(data) > 60000 and limit < 1000: continue\n"
	"    try:\n"
	"        encoding = tokenize.detect_encoding(io.BytesIO(data).readline)[0]\n"
	"        text = io.TextIOWrapper(io.BytesIO(data), encoding).read()\n"
	"        compile(data, name, 'exec', dont_inherit=True)\n"
	"        toks = list(tokenize.generate_tokens(io.StringIO(text).readline))\n"
	"    except Exception:\n"
	"        continue\n"
	"    if encoding not in ('utf-8', 'iso-8859-1') or b'\\r' in data.replace(b'\\r\\n', b''): continue\n"
	"    lines = text.split('\\n')\n"
	"    edits, renames, depth, before = [], [], 0, None\n"
	"    for t in toks:\n"
	"        kind = tokenize.tok_name[t.type]\n"
	"        if kind in ('FSTRING_START', 'TSTRING_START'): depth += 1\n"
	"        if not depth:\n"
	"            row, col = t.start\n"
	"            if kind == 'COMMENT' and row > 2: edits.append((row, col, len(t.string), ''))\n"
	"            if kind == 'OP' and before and before.end[0] == row and before.string.strip(): edits.append((row, "
	"col, 0, random.choice(['', ' ', '\\t'])))\n"
	"            if kind == 'OP' and t.string in '([{' and row > 2: edits.append((row, col + 1, 0, "
	"random.choice(['', '\\n\\n', ' # added\\n'])))\n"
	"            if kind == 'NEWLINE' and row > 2 and t.string: edits.append((row, col, 0, random.choice(['', "
	"'\\n', '\\n      # added\\n'])))\n"
	"            if kind == 'NAME' and not keyword.iskeyword(t.string): renames.append((row, t.end[1], 0, '_x'))\n"
	"        if kind in ('FSTRING_END', 'TSTRING_END'): depth -= 1\n"
	"        before = t\n"
	"    if not renames: continue\n"
	"    def write(suffix, edits):\n"
	"        copy = list(lines)\n"
	"        for row, col, cut, new in sorted(edits, reverse=True):\n"
	"            line = copy[row - 1]\n"
	"            copy[row - 1] = line[:col] + new + line[col + cut:]\n"
	"        with io.open(os.path.join(out, '%d.%s' % (n, suffix)), 'w', encoding=encoding, newline='') as f: "
	"f.write('\\n'.join(copy))\n"
	"    with open(os.path.join(out, '%d.a' % n), 'wb') as f: f.write(data)\n"
	"    with open(os.path.join(out, '%d.name' % n), 'w') as f: f.write(name)\n"
	"    write('b', edits)\n"
	"    write('c', [random.choice(renames)])\n"
	"    n += 1\n"
	"print(n)\n";

static int tokens_of(const char *folder, long n, const char *suffix, struct digest *ret)
{
	_free_ char *path = mem_printf("%s/%ld.%s", folder, n, suffix);
	_buf_ struct buf b = BUF_INIT;
	struct err e;

	assert_int_equal(file_read(path, 1 << 26, &b, &e), 0);
	return python_tokens(b.data, b.len, ret);
}

static void test_agrees_with_pythons_own_tokenizer(void **state)
{
	const char *sample = getenv("PYTHON_TOKENS_SAMPLE");
	_buf_ struct buf out = BUF_INIT;
	_free_ char *folder = NULL;
	struct err e;
	int status;
	long n;

	assert_int_equal(file_temp_dir("/tmp", "tokens", &folder, &e), 0);
	const char *argv[] = {"python3", "-I", "-W", "ignore", "-c", mutate, folder, sample ? sample : "60", NULL};
	int r = spawn_capture(argv, NULL, folder, 1 << 16, &out, &status, &e);

	if (r < 0 || status) {
		print_message("no python3 that works here: %s\n", r < 0 ? e.text : out.data);
		file_remove_tree(folder, &e);
		skip();
	}
	n = strtol(out.data, NULL, 10);
	assert_true(n > 20);
	for (long i = 0; i < n; i++) {
		_free_ char *name = mem_printf("%s/%ld.name", folder, i);
		_buf_ struct buf of = BUF_INIT;
		struct digest a, b, c;

		assert_int_equal(file_read(name, 1 << 16, &of, &e), 0);
		if (tokens_of(folder, i, "a", &a) < 0)
			fail_msg("%s is not understood", of.data);
		if (tokens_of(folder, i, "b", &b) < 0 || !digest_equal(&a, &b))
			fail_msg("%s has other tokens after a cosmetic edit (%s/%ld.b)", of.data, folder, i);
		if (tokens_of(folder, i, "c", &c) >= 0 && digest_equal(&a, &c))
			fail_msg("%s has the same tokens after a name was changed (%s/%ld.c)", of.data, folder, i);
	}
	assert_int_equal(file_remove_tree(folder, &e), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_cosmetic_edits_are_equal),
		cmocka_unit_test(test_other_edits_are_different),
		cmocka_unit_test(test_what_is_not_understood_is_refused),
		cmocka_unit_test(test_depth_is_bounded),
		cmocka_unit_test(test_agrees_with_pythons_own_tokenizer),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
