#include "tests/runner/env_scratch.h"
#include "base/sha256.h"
#include "runner/env/env_dist.h"
#include "runner/env/env_files.h"

#define SITE "v/lib/python3.11/site-packages"

static struct env_drift drift;

static void base64(const struct digest *d, char out[44])
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
	unsigned bits = 0, n = 0;

	for (size_t i = 0; i < DIGEST_SIZE; i++) {
		bits = bits << 8 | d->b[i];
		for (n += 8; n >= 6; bits &= (1u << n) - 1)
			*out++ = digits[bits >> (n -= 6)];
	}
	*out++ = digits[bits << (6 - n)];
	*out = '\0';
}

/* A line of RECORD for a file below site-packages, quoted where CSV wants it. */
static void record(struct buf *out, const char *path)
{
	_buf_ struct buf text = BUF_INIT;
	const char *quote = strchr(path, ',') ? "\"" : "";
	struct digest d;
	char hash[44];

	assert_ok(file_read(at(SITE "/%s", path), 1 << 20, &text, e));
	sha256_bytes(text.data, text.len, &d);
	base64(&d, hash);
	buf_addf(out, "%s%s%s,sha256=%s,%zu\r\n", quote, path, quote, hash, text.len);
}

/* Waits till a file written now gets another time than those so far: some systems count time in steps of some ms. */
static void settle(void)
{
	struct stat before, now;

	put(at("probe"), "1");
	assert_int_equal(stat(at("probe"), &before), 0);
	do {
		put(at("probe"), "2");
		assert_int_equal(stat(at("probe"), &now), 0);
	} while (before.st_mtim.tv_sec == now.st_mtim.tv_sec && before.st_mtim.tv_nsec == now.st_mtim.tv_nsec);
}

static void write_manifest(void)
{
	assert_ok(env_files_write(at("v"), at("files"), e));
	settle();
}

static int make_env(void **state)
{
	_buf_ struct buf lines = BUF_INIT;

	if (scratch_setup(state) < 0)
		return -1;
	put(at("v/pyvenv.cfg"), "home = /usr/bin\n");
	put(at("v/bin/tool"), "#!/usr/bin/python3\n");
	put(at("v/bin/activate"), "export PATH\n");
	chmod(at("v/bin/tool"), 0755);
	put(at(SITE "/numpy/__init__.py"), "import numpy.core\n");
	put(at(SITE "/numpy/core.py"), "def add(a, b): return a + b\n");
	put(at(SITE "/numpy/a, b.txt"), "comma\n");
	put(at(SITE "/numpy/__pycache__/core.cpython-311.pyc"), "bytecode");
	put(at(SITE "/certifi/cacert.pem"), "-----BEGIN\n");
	put(at(SITE "/numpy-1.26.4.dist-info/METADATA"), "Name: numpy\nVersion: 1.26.4\n");
	record(&lines, "numpy/__init__.py");
	record(&lines, "numpy/core.py");
	record(&lines, "numpy/a, b.txt");
	record(&lines, "../../../bin/tool");
	buf_adds(&lines, "numpy-1.26.4.dist-info/RECORD,,\r\n");
	put(at(SITE "/numpy-1.26.4.dist-info/RECORD"), lines.data);
	buf_reset(&lines);
	record(&lines, "certifi/cacert.pem");
	put(at(SITE "/certifi-2024.7.4.dist-info/RECORD"), lines.data);
	if (symlink("/usr/bin/python3", at("v/bin/python")) < 0 || symlink("lib", at("v/lib64")) < 0)
		return -1;
	write_manifest();
	return 0;
}

static int remove_env(void **state)
{
	env_drift_release(&drift);
	drift = (struct env_drift){0};
	return scratch_teardown(state);
}

#define env_test(f) cmocka_unit_test_setup_teardown(f, make_env, remove_env)

static void check(bool thorough)
{
	env_drift_release(&drift);
	assert_ok(env_files_check(at("v"), at("files"), thorough, &drift, e));
	settle();
}

static void assert_same(void)
{
	check(false);
	if (drift.total) {
		_free_ char *text = env_drift_text(&drift);
		fail_msg("%s", text);
	}
	assert_int_equal(drift.files.len, 0);
}

/* Exactly this one file is another. package "" = none. */
static void assert_drift(enum drift_kind kind, const char *path, const char *package)
{
	check(false);
	assert_int_equal(drift.total, 1);
	assert_int_equal(drift.files.len, 1);
	assert_int_equal(drift.files.v[0].kind, kind);
	assert_string_equal(drift.files.v[0].path, path);
	assert_string_equal(drift.files.v[0].package ? drift.files.v[0].package : "", package);
	/* What was found stays found. */
	check(false);
	assert_int_equal(drift.total, 1);
}

static ino_t manifest_ino(void)
{
	struct stat st;

	assert_int_equal(stat(at("files"), &st), 0);
	return st.st_ino;
}

static void set_times(const char *path, const struct stat *st)
{
	struct timespec times[2] = {st->st_atim, st->st_mtim};

	assert_int_equal(utimensat(AT_FDCWD, path, times, AT_SYMLINK_NOFOLLOW), 0);
}

#define CORE SITE "/numpy/core.py"
#define NUMPY "numpy 1.26.4"
#define IN "lib/python3.11/site-packages/"

static void unchanged(void **state)
{
	ino_t before = manifest_ino();

	assert_same();
	check(true);
	assert_int_equal(drift.total, 0);
	assert_int_equal(manifest_ino(), before);
	_free_ char *text = env_drift_text(&drift);
	assert_string_equal(text, "nothing changed");
}

static void edit_of_the_same_size(void **state)
{
	put(at(CORE), "def add(a, b): return a - b\n");
	assert_drift(DRIFT_CHANGED, IN "numpy/core.py", NUMPY);
	_free_ char *text = env_drift_text(&drift);
	assert_string_equal(text, NUMPY ": " IN "numpy/core.py changed");
	assert_false(drift.files.v[0].certificates);
}

static void edit_with_the_time_put_back(void **state)
{
	struct stat st;

	assert_int_equal(stat(at(CORE), &st), 0);
	put(at(CORE), "import os\ndef add(a, b): return a - b\n");
	set_times(at(CORE), &st);
	assert_drift(DRIFT_CHANGED, IN "numpy/core.py", NUMPY);
}

static void edit_with_time_and_size_put_back(void **state)
{
	struct stat st;

	assert_int_equal(stat(at(CORE), &st), 0);
	put(at(CORE), "def add(a, b): return a * b\n");
	set_times(at(CORE), &st);
	/* The time of the last change of the look cannot be put back; a list written after it knows no better. */
	assert_drift(DRIFT_CHANGED, IN "numpy/core.py", NUMPY);
	write_manifest();
	assert_same();
	check(true);
	assert_int_equal(drift.total, 1);
	assert_string_equal(drift.files.v[0].path, IN "numpy/core.py");
}

static void replaced_by_the_same_content(void **state)
{
	ino_t before = manifest_ino();
	struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_sec = 1000, .tv_nsec = 5}};

	put(at("copy"), "def add(a, b): return a + b\n");
	assert_int_equal(rename(at("copy"), at(CORE)), 0);
	assert_int_equal(utimensat(AT_FDCWD, at(SITE "/numpy/__init__.py"), now, 0), 0);
	assert_int_equal(chmod(at(SITE "/numpy/a, b.txt"), 0600), 0);
	assert_int_equal(chmod(at(SITE "/numpy"), 0700), 0);
	assert_same();
	/* It is written down, so that the next check reads nothing. */
	assert_true(manifest_ino() != before);
	before = manifest_ino();
	assert_same();
	assert_int_equal(manifest_ino(), before);
	put(at(CORE), "def add(a, b): return a - b\n");
	assert_drift(DRIFT_CHANGED, IN "numpy/core.py", NUMPY);
}

static void added_files(void **state)
{
	put(at(SITE "/numpy/extra.py"), "x = 1\n");
	assert_drift(DRIFT_ADDED, IN "numpy/extra.py", "");
	_free_ char *text = env_drift_text(&drift);
	assert_string_equal(text, IN "numpy/extra.py added");
	assert_int_equal(unlink(at(SITE "/numpy/extra.py")), 0);
	assert_same();
	put(at(SITE "/evil/sub/mod.py"), "x = 1\n");
	assert_drift(DRIFT_ADDED, IN "evil/sub/mod.py", "");
	assert_ok(file_remove_tree(at(SITE "/evil"), e));
	assert_int_equal(symlink("numpy", at(SITE "/scipy")), 0);
	assert_drift(DRIFT_ADDED, IN "scipy", "");
}

static void added_with_the_folders_time_put_back(void **state)
{
	struct stat st;

	assert_int_equal(stat(at(SITE "/numpy"), &st), 0);
	put(at(SITE "/numpy/extra.py"), "x = 1\n");
	set_times(at(SITE "/numpy"), &st);
	assert_drift(DRIFT_ADDED, IN "numpy/extra.py", "");
}

static void removed_files(void **state)
{
	assert_int_equal(unlink(at(SITE "/numpy/__init__.py")), 0);
	assert_drift(DRIFT_REMOVED, IN "numpy/__init__.py", NUMPY);
	assert_ok(file_remove_tree(at(SITE "/numpy"), e));
	check(false);
	assert_int_equal(drift.total, 4);
	for (size_t i = 0; i < drift.files.len; i++) {
		assert_int_equal(drift.files.v[i].kind, DRIFT_REMOVED);
		assert_string_equal(drift.files.v[i].package, NUMPY);
	}
	_free_ char *text = env_drift_text(&drift);
	assert_non_null(strstr(text, "removed (and 3 more files)"));
}

static void folder_replaced(void **state)
{
	assert_int_equal(rename(at(SITE "/certifi"), at("certifi")), 0);
	assert_int_equal(symlink(at("certifi"), at(SITE "/certifi")), 0);
	check(false);
	assert_int_equal(drift.total, 2);
	assert_int_equal(drift.files.v[0].kind, DRIFT_CHANGED);
	assert_string_equal(drift.files.v[0].path, IN "certifi");
	assert_string_equal(drift.files.v[1].path, IN "certifi/cacert.pem");
}

static void file_replaced_by_a_folder(void **state)
{
	assert_int_equal(unlink(at(CORE)), 0);
	assert_int_equal(mkdir(at(CORE), 0755), 0);
	assert_drift(DRIFT_CHANGED, IN "numpy/core.py", NUMPY);
}

static void links_by_their_target(void **state)
{
	/* A link made anew that says the same is the same. */
	assert_int_equal(unlink(at("v/bin/python")), 0);
	assert_int_equal(symlink("/usr/bin/python3", at("v/bin/python")), 0);
	assert_same();
	assert_int_equal(unlink(at("v/bin/python")), 0);
	assert_int_equal(symlink("/usr/bin/python2", at("v/bin/python")), 0);
	assert_drift(DRIFT_CHANGED, "bin/python", "");
	assert_int_equal(unlink(at("v/bin/python")), 0);
	put(at("v/bin/python"), "#!/bin/sh\n");
	assert_drift(DRIFT_CHANGED, "bin/python", "");
	assert_int_equal(unlink(at("v/bin/python")), 0);
	assert_drift(DRIFT_REMOVED, "bin/python", "");
}

static void executable_bits(void **state)
{
	assert_int_equal(chmod(at("v/bin/tool"), 0644), 0);
	assert_drift(DRIFT_CHANGED, "bin/tool", NUMPY);
	assert_int_equal(chmod(at("v/bin/tool"), 0700), 0);
	assert_drift(DRIFT_CHANGED, "bin/tool", NUMPY);
	assert_int_equal(chmod(at("v/bin/tool"), 0755), 0);
	assert_same();
	/* No RECORD knows this one; its content cannot be another one when only its look's change is newer. */
	assert_int_equal(chmod(at("v/bin/activate"), 0600), 0);
	assert_same();
}

static void files_without_a_hash(void **state)
{
	struct timespec times[2] = {{.tv_sec = 1}, {.tv_sec = 1}};

	assert_int_equal(utimensat(AT_FDCWD, at(SITE "/numpy/__pycache__/core.cpython-311.pyc"), times, 0), 0);
	assert_drift(DRIFT_CHANGED, IN "numpy/__pycache__/core.cpython-311.pyc", NUMPY);
	write_manifest();
	put(at("v/bin/activate"), "export LD_PRELOAD\n");
	assert_drift(DRIFT_CHANGED, "bin/activate", "");
	write_manifest();
	put(at("v/pyvenv.cfg"), "include-system-site-packages = true\n");
	assert_drift(DRIFT_CHANGED, "pyvenv.cfg", "");
	write_manifest();
	/* A RECORD that was made to fit what was edited. */
	put(at(SITE "/certifi-2024.7.4.dist-info/RECORD"), "certifi/cacert.pem,,\n");
	assert_drift(DRIFT_CHANGED, IN "certifi-2024.7.4.dist-info/RECORD", "");
}

static void bytecode_may_come(void **state)
{
	ino_t before = manifest_ino();

	put(at(SITE "/numpy/__pycache__/__init__.cpython-311.pyc"), "new");
	put(at(SITE "/certifi/__pycache__/core.cpython-311.pyc"), "new");
	put(at("v/.lock"), "");
	assert_same();
	assert_true(manifest_ino() != before);
	before = manifest_ino();
	assert_same();
	assert_int_equal(manifest_ino(), before);
	/* From then on it is watched like all others. */
	put(at(SITE "/certifi/__pycache__/core.cpython-311.pyc"), "other");
	assert_drift(DRIFT_CHANGED, IN "certifi/__pycache__/core.cpython-311.pyc", "");
	write_manifest();
	put(at(SITE "/certifi/__pycache__/core.py"), "no bytecode");
	assert_drift(DRIFT_ADDED, IN "certifi/__pycache__/core.py", "");
	write_manifest();
	put(at(SITE "/sourceless.pyc"), "importable");
	assert_drift(DRIFT_ADDED, IN "sourceless.pyc", "");
}

static void a_lock_of_a_tool_comes_and_goes(void **state)
{
	put(at("v/.lock"), "");
	assert_same();
	put(at("v/.lock"), "12345");
	assert_same();
	assert_int_equal(unlink(at("v/.lock")), 0);
	assert_same();
	put(at("v/bin/.lock"), "");
	assert_drift(DRIFT_ADDED, "bin/.lock", "");
}

static void certificates_are_marked(void **state)
{
	put(at(SITE "/certifi/cacert.pem"), "-----BEGIN\n-----OURS\n");
	assert_drift(DRIFT_CHANGED, IN "certifi/cacert.pem", "certifi 2024.7.4");
	assert_true(drift.files.v[0].certificates);
}

static void many_changes_are_counted(void **state)
{
	for (int i = 0; i < 250; i++)
		put(at(SITE "/many/%d.py", i), "x");
	check(false);
	assert_int_equal(drift.total, 250);
	assert_int_equal(drift.files.len, 100);
	_free_ char *text = env_drift_text(&drift);
	assert_string_equal(text, IN "many/0.py added (and 249 more files)");
	/* As many, and all of them right. */
	write_manifest();
	assert_same();
	for (int i = 0; i < 250; i++)
		assert_int_equal(unlink(at(SITE "/many/%d.py", i)), 0);
	check(false);
	assert_int_equal(drift.total, 250);
	assert_int_equal(drift.files.v[0].kind, DRIFT_REMOVED);
}

static void empty_folders_do_not_count(void **state)
{
	assert_int_equal(mkdir(at(SITE "/empty"), 0755), 0);
	assert_same();
	assert_int_equal(rmdir(at(SITE "/empty")), 0);
	assert_same();
	assert_same();
}

static void odd_names(void **state)
{
	put(at(SITE "/new\nline \xff.txt"), "x");
	assert_int_equal(mkfifo(at(SITE "/pipe"), 0600), 0);
	write_manifest();
	assert_same();
	check(true);
	assert_int_equal(drift.total, 0);
	assert_int_equal(unlink(at(SITE "/pipe")), 0);
	assert_drift(DRIFT_REMOVED, IN "pipe", "");
}

static void faults(void **state)
{
	_buf_ struct buf text = BUF_INIT;

	assert_fails(ERR_NOT_FOUND, "none", env_files_check(at("v"), at("none"), false, &drift, e));
	assert_fails(ERR_NOT_FOUND, "gone", env_files_check(at("gone"), at("files"), false, &drift, e));
	assert_fails(ERR_NOT_FOUND, "gone", env_files_write(at("gone"), at("files2"), e));
	assert_false(file_exists(at("files2")));
	assert_fails(ERR_NOT_FOUND, "no", env_files_write(at("v"), at("no/files"), e));
	assert_ok(file_read(at("files"), 1 << 20, &text, e));
	/* Cut at every length, and with any byte of its head another. */
	for (size_t n = 0; n < text.len; n++) {
		put_bytes(at("cut"), text.data, n);
		assert_fails(ERR_NOT_FOUND, "damaged", env_files_check(at("v"), at("cut"), false, &drift, e));
	}
	for (size_t i = 0; i < 13; i++) {
		text.data[i] ^= 64;
		put_bytes(at("cut"), text.data, text.len);
		assert_fails(ERR_NOT_FOUND, "damaged", env_files_check(at("v"), at("cut"), false, &drift, e));
		text.data[i] ^= 64;
	}
	buf_addc(&text, 'E');
	put_bytes(at("cut"), text.data, text.len);
	assert_fails(ERR_NOT_FOUND, "damaged", env_files_check(at("v"), at("cut"), false, &drift, e));
}

static bool checks_without_writing(const void *arg)
{
	struct env_drift d = {0};
	struct err e;

	return env_files_check(at("v"), at("files"), false, &d, &e) == 0 && d.total == 0 &&
	       env_files_write(at("v"), at("files"), &e) == ERR_BROKEN;
}

static void read_only_cache(void **state)
{
	ino_t before = manifest_ino();

	put(at("copy"), "def add(a, b): return a + b\n");
	assert_int_equal(rename(at("copy"), at(CORE)), 0);
	assert_int_equal(chmod(scratch, 0555), 0);
	assert_true(as_nobody(checks_without_writing, NULL));
	assert_int_equal(chmod(scratch, 0755), 0);
	assert_int_equal(manifest_ino(), before);
}

static void records_are_read_with_care(void **state)
{
	struct env_dist_files f = {.arena = ARENA_INIT, .files = MAP_INIT};
	static const char text[] =
	        "\"quoted \"\"name\"\".py\",sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
	        "../../../../out.py,,\n/etc/passwd,,\n,,\n\n"
	        "./a//b/../c.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU=,0\r\n"
	        "short.py,sha256=47DE,0\nlong.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFUAA,0\n"
	        "bits.py,sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFV,0\n"
	        "md5.py,md5=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU,0\n"
	        "last,\"sha256=47DEQpj8HBSa-_TImW-5JCeuQeRkm5NMpJWZG3hSuFU";
	struct digest empty;

	sha256_bytes("", 0, &empty);
	env_dist_record_parse(text, sizeof text - 1, "lib/s", "p 1", &f);
	env_dist_record_parse("a/c.py,,\n", 9, "lib/s", "q 2", &f);
	const struct env_dist_file *x = env_dist_file_of(&f, "lib/s/quoted \"name\".py");
	assert_true(x && x->hashed && digest_equal(&x->digest, &empty));
	assert_string_equal(x->package, "p 1");
	x = env_dist_file_of(&f, "lib/s/a/c.py");
	assert_true(x && !x->hashed && x->next && x->next->hashed && digest_equal(&x->next->digest, &empty));
	assert_string_equal(x->package, "q 2");
	static const char *const unhashed[] = {"short.py", "long.py", "bits.py", "md5.py"};
	for (size_t i = 0; i < ARRAY_LEN(unhashed); i++) {
		_free_ char *path = path_join("lib/s", unhashed[i]);
		x = env_dist_file_of(&f, path);
		assert_true(x && !x->hashed);
	}
	assert_true(env_dist_file_of(&f, "lib/s/last")->hashed);
	assert_string_equal(env_dist_package_of(&f, "lib/s/__pycache__/md5.cpython-311.opt-1.pyc"), "p 1");
	assert_null(env_dist_package_of(&f, "lib/s/pycache__/md5.cpython-311.pyc"));
	assert_int_equal(f.files.len, 7);
	env_dist_files_release(&f);
}

static void conda_knows_its_files(void **state)
{
	_buf_ struct buf json = BUF_INIT;
	char one[DIGEST_HEX + 1], two[DIGEST_HEX + 1];
	struct digest d;

	put(at("v/lib/libz.so"), "library");
	put(at("v/bin/z-config"), "#!/prefix/bin/sh\n");
	put(at("v/share/z.txt"), "text");
	sha256_bytes("library", 7, &d);
	digest_to_hex(&d, one);
	sha256_bytes("#!/prefix/bin/sh\n", 17, &d);
	digest_to_hex(&d, two);
	buf_addf(&json,
	         "{\"name\": \"zlib\", \"version\": \"1.3\", \"files\": [\"share/z.txt\", \"lib/libz.so\"], "
	         "\"paths_data\": "
	         "{\"paths\": [{\"_path\": \"lib/libz.so\", \"sha256\": \"%s\"}, {\"_path\": \"bin/z-config\", "
	         "\"sha256\": "
	         "\"%s\", \"sha256_in_prefix\": \"%s\", \"prefix_placeholder\": \"/p\"}, {\"_path\": \"share/z.txt\", "
	         "\"sha256\": \"%s\", \"prefix_placeholder\": \"/p\"}, {\"_path\": \"../out\"}, 7]}}",
	         one, one, two, one);
	put(at("v/conda-meta/zlib-1.3-0.json"), json.data);
	put(at("v/conda-meta/half.json"), "{\"name\": ");
	write_manifest();
	check(true);
	assert_int_equal(drift.total, 0);
	/* The same content again, where it is known; what conda put its own path into is known by its look only. */
	put(at("v/lib/libz.so"), "library");
	put(at("v/bin/z-config"), "#!/prefix/bin/sh\n");
	assert_same();
	put(at("v/share/z.txt"), "text");
	assert_drift(DRIFT_CHANGED, "share/z.txt", "zlib 1.3");
	write_manifest();
	put(at("v/lib/libz.so"), "libraRy");
	assert_drift(DRIFT_CHANGED, "lib/libz.so", "zlib 1.3");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        env_test(unchanged),
	        env_test(edit_of_the_same_size),
	        env_test(edit_with_the_time_put_back),
	        env_test(edit_with_time_and_size_put_back),
	        env_test(replaced_by_the_same_content),
	        env_test(added_files),
	        env_test(added_with_the_folders_time_put_back),
	        env_test(removed_files),
	        env_test(folder_replaced),
	        env_test(file_replaced_by_a_folder),
	        env_test(links_by_their_target),
	        env_test(executable_bits),
	        env_test(files_without_a_hash),
	        env_test(bytecode_may_come),
	        env_test(a_lock_of_a_tool_comes_and_goes),
	        env_test(certificates_are_marked),
	        env_test(many_changes_are_counted),
	        env_test(empty_folders_do_not_count),
	        env_test(odd_names),
	        env_test(faults),
	        env_test(read_only_cache),
	        env_test(records_are_read_with_care),
	        env_test(conda_knows_its_files),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
