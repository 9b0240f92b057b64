#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>
#include <cmocka.h>
#include <string.h>
#include "base/file.h"
#include "base/text.h"
#include "runner/log/secret_guess.h"

/* Samples are put together here, so that this file holds none. */
#define LETTERS "aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgHiJ" /* 36 */
#define MIXED "a1B2c3D4e5F6g7H8i9J0k1L2m3N4o5P6q7R8"   /* 36 */
#define LINE "MIIEowIBAAKCAQEAx5Zz8kq1Q2w3E4r5T6y7U8i9O0pAsDfGhJkLzXcVbNm12345"
#define HEX40 "4721f391ed90541fddacab5acf947aa0d3dc7d27"

static const char *guess(const char *text)
{
	return secret_guess(text, strlen(text), NULL);
}

static void test_shapes(void **state)
{
	static const struct {
		const char *text, *kind;
	} cases[] = {
	        {"aws_access_key_id = AKI"
	         "A2E4G6I8K0M2O4Q6S\n",
	         "an AWS access key"},
	        {"ASI"
	         "A2E4G6I8K0M2O4Q6S",
	         "an AWS access key"},
	        {"key=AIz"
	         "aSyA-1b2C3d4E5f6G7h8I9j0K1l2M3n4O5_p",
	         "an API key of Google"},
	        {"GH=\"gh"
	         "p_" MIXED "\"",
	         "a token of GitHub"},
	        {"gh"
	         "o_" MIXED,
	         "a token of GitHub"},
	        {"gh"
	         "s_" MIXED,
	         "a token of GitHub"},
	        {"github_"
	         "pat_11ABCDEFG0a1b2c3d4e5f6_" MIXED MIXED,
	         "a token of GitHub"},
	        {"https://oauth2:gl"
	         "pat-a1B2c3D4e5F6g7H8i9J0@git.example.org/x",
	         "a password in an address"},
	        {"gl"
	         "pat-a1B2c3D4e5F6g7H8i9J0",
	         "a token of GitLab"},
	        {"login('hf"
	         "_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH')",
	         "a token of Hugging Face"},
	        {"//registry:_authToken=np"
	         "m_" MIXED,
	         "a token of npm"},
	        {"py"
	         "pi-AgEIcHlwaS5vcmc" MIXED MIXED,
	         "a token of PyPI"},
	        {"sk"
	         "_live_a1B2c3D4e5F6g7H8i9J0k1L2",
	         "a key of Stripe"},
	        {"sk"
	         "-ant-api03-" MIXED "-" MIXED "_" MIXED "AA",
	         "an API key of Anthropic"},
	        {"sk"
	         "-proj-" MIXED "T3Blbk"
	         "FJ" MIXED,
	         "an API key of OpenAI"},
	        {"sk"
	         "-a1B2c3D4e5F6g7H8i9J0T3Blbk"
	         "FJa1B2c3D4e5F6g7H8i9J0",
	         "an API key of OpenAI"},
	        {"sk"
	         "-4721f391ed90541fddacab5acf947aa0",
	         "an API key"},
	        {"xo"
	         "xb-123456789012-123456789012-" LETTERS,
	         "a token of Slack"},
	        {"Bearer ey"
	         "JhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.ey"
	         "JzdWIiOiIxMjM0NTY3ODkwIn0." MIXED,
	         "a JSON web token"},
	        {"-----BEGIN RSA PRIVATE KEY-----\n" LINE "\n" LINE "\n", "a private key"},
	        {"-----BEGIN EC PRIVATE KEY-----\n" LINE "\n", "a private key"},
	        {"-----BEGIN PRIVATE KEY-----\n" LINE "\n", "a private key"},
	        {"-----BEGIN ENCRYPTED PRIVATE KEY-----\r\n" LINE "\r\n", "a private key"},
	        {"-----BEGIN OPENSSH PRIVATE KEY-----\n" LINE "\n", "a private key"},
	        {"-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\n" LINE "\n",
	         "a private key"},
	        {"-----BEGIN PGP PRIVATE KEY BLOCK-----\nVersion: 1\n\n" LINE "\n", "a private key"},
	        {"{\"private_key\": \"-----BEGIN PRIVATE KEY-----\\n" LINE "\\n\"}", "a private key"},
	        {"postgres://jig:s3cr3t"
	         "Pw@db.example.org/x",
	         "a password in an address"},
	        {"\\nhf"
	         "_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH\\n",
	         "a token of Hugging Face"},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *kind = guess(cases[i].text);
		if (!kind || strcmp(kind, cases[i].kind))
			fail_msg("%s: %s, not %s", cases[i].text, kind ? kind : "nothing", cases[i].kind);
	}
}

static void test_no_hits(void **state)
{
	static const char *const texts[] = {
	        "",
	        "sk-",
	        "hf_",
	        "-----BEGIN ",
	        "://",
	        "a://",
	        "https://:@",
	        "eyJ",
	        "ghp_",
	        "AKIA",
	        /* digests, UUIDs, data in base64 */
	        "sha256:4721f391ed90541fddacab5acf947aa0d3dc7d27b2e1e8eda2be8970586c3274",
	        HEX40,
	        "123e4567-e89b-12d3-a456-426614174000",
	        "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
	        /* what examples and templates hold */
	        "AKIAIOSFODNN7"
	        "EXAMPLE",
	        "ghp"
	        "_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
	        "hf"
	        "_XXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXXX",
	        "sk-your-api-key-goes-here-0123456789012345",
	        "https://user:password@host",
	        "https://${USER}:${PASS}@host",
	        "https://{user}:{pw}@host",
	        "https://<user>:<pw>@host",
	        "postgres://%s:%s@%s/db",
	        "https://user:***@host",
	        "https://user:xxxx@host",
	        "https://user:...@host",
	        "http://host:8080/@scope/package",
	        "git@github.com:a/b.git",
	        "mailto://a@b",
	        "if (text_starts(s, \"-----BEGIN RSA PRIVATE KEY-----\")) return key_load(s); /* and so on */",
	        "-----BEGIN PUBLIC KEY-----\n" LINE "\n",
	        "-----BEGIN CERTIFICATE-----\n" LINE "\n",
	        "-----BEGIN RSA PRIVATE KEY-----\n-----END RSA PRIVATE KEY-----\n" LINE,
	        /* names that begin alike */
	        "sk-container-id-1-toggleable-label-arrow-estimator-fitted-doc-link",
	        "hf_hub_download_with_a_very_long_name_that_goes_on",
	        "npm_config_registry_and_more_of_these_things",
	        "xhf"
	        "_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
	        "hf"
	        "_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgHi",
	        "sk"
	        "_test_a1B2c3D4e5F6g7H8i9J0k1L2",
	};

	for (size_t i = 0; i < ARRAY_LEN(texts); i++)
		if (guess(texts[i]))
			fail_msg("%s: %s", texts[i], guess(texts[i]));
}

static void test_line(void **state)
{
	int line = 0;
	const char *text = "a\nb\r\n\nkey: gh"
	                   "p_" MIXED "\n";

	assert_string_equal(secret_guess(text, strlen(text), &line), "a token of GitHub");
	assert_int_equal(line, 4);
	/* Not a byte behind the end is read: one token for each length that it may be cut to. */
	for (size_t n = 0; n < strlen(text) - 1; n++) {
		char *cut = mem_dup(text, n ? n : 1);
		assert_null(secret_guess(cut, n, &line));
		free(cut);
	}
	assert_int_equal(line, 4);
}

static int look(void *arg, const char *rel, const char *abs, const struct stat *st, struct err *e)
{
	int *files = arg;

	if (S_ISDIR(st->st_mode))
		return rel[0] == '.' || !strcmp(rel, "build") ? FILE_WALK_SKIP : 0;
	if (!S_ISREG(st->st_mode) || !(text_ends(rel, ".c") || text_ends(rel, ".h") || text_ends(rel, ".md") ||
	                               text_ends(rel, ".sh") || text_ends(rel, ".in")))
		return 0;
	_buf_ struct buf text = BUF_INIT;
	int line;
	assert_int_equal(file_read(abs, 16 << 20, &text, e), 0);
	const char *kind = secret_guess(text.data, text.len, &line);
	if (kind)
		fail_msg("%s:%d: %s", rel, line, kind);
	++*files;
	return 0;
}

/* Ordinary sources: the project's own, where the test is run in its folder. */
static void test_own_sources(void **state)
{
	int files = 0;
	struct err e;

	if (!file_exists("runner/log/secret_guess.c"))
		skip();
	assert_int_equal(file_walk(".", look, &files, &e), 0);
	assert_true(files > 100);
}

static const char *param(const char *name, const char *value)
{
	json_t *v = json_string(value);
	const char *kind = secret_guess_param(name, v);

	json_decref(v);
	return kind;
}

static void test_params(void **state)
{
	static const struct {
		const char *name, *value, *kind;
	} cases[] = {
	        {"train.hf_token",
	         "hf"
	         "_aBcDeFgHiJkLmNoPqRsTuVwXyZaBcDeFgH",
	         "a token of Hugging Face"},
	        {"note",
	         "use gh"
	         "p_" MIXED,
	         "a token of GitHub"},
	        {"password", "correct horse", "a password"},
	        {"db.password", "hunter22x", "a password"},
	        {"dbPassword", "hunter22x", "a password"},
	        {"DB_PASSWD", "hunter22x", "a password"},
	        {"client_secret", "q8w7e6r5", "a secret"},
	        {"service.token", "abc12345def", "a token"},
	        {"api_key", "abcdefghij", "an API key"},
	        {"apiKey", "abcdefghij", "an API key"},
	        {"x.apikey", "abcdefghij", "an API key"},
	        {"aws_secret_access_key", "wJalrXUtnFEMI/K7MDENG", "an access key"},
	        {"ssh-private-key", "abcdefghij", "a private key"},
	        {"credential", "abcdefghij", "a credential"},
	        {"wandb_key", HEX40, "a key of Weights & Biases"},
	};
	static const char *const no[][2] = {
	        {"password", "short"},
	        {"password", ""},
	        {"", "abcdefgh1"},
	        {"lr", "abcdefgh1"},
	        {"tokens", "abcdefgh1"},
	        {"tokenizer", "bert-base-uncased2"},
	        {"max_tokens", "abcdefgh1"},
	        {"secret_santa", "abcdefgh1"},
	        {"pad_token", "<|endoftext|>"},
	        {"eos_token", "abcdefgh1"},
	        {"token", "[MASK_TOKEN_1]"},
	        {"token", "character"},
	        {"hf_token", "HF_TOKEN"},
	        {"hf_token", "${env.HF_TOKEN}"},
	        {"password_file", "/run/passwords/x1"},
	        {"password", "~/secrets/x1"},
	        {"credentials", "service-account.json"},
	        {"key", "abcdefgh1"},
	        {"sort_key", "abcdefgh1"},
	        {"monkey", "abcdefgh1"},
	        {"password", "********"},
	        {"password", "password"},
	        {"commit", HEX40},
	};

	for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
		const char *kind = param(cases[i].name, cases[i].value);
		if (!kind || strcmp(kind, cases[i].kind))
			fail_msg("%s: %s, not %s", cases[i].name, kind ? kind : "nothing", cases[i].kind);
	}
	for (size_t i = 0; i < ARRAY_LEN(no); i++)
		if (param(no[i][0], no[i][1]))
			fail_msg("%s: %s: %s", no[i][0], no[i][1], param(no[i][0], no[i][1]));
}

static void test_param_kinds(void **state)
{
	json_t *list = json_pack("[i, s]", 12345678, "hunter22x"), *number = json_integer(1234567890),
	       *yes = json_true();

	assert_string_equal(secret_guess_param("password", list), "a password");
	assert_null(secret_guess_param("lr", list));
	assert_null(secret_guess_param("password", number));
	assert_null(secret_guess_param("password", yes));
	assert_null(secret_guess_param("password", NULL));
	/* A name of any length. */
	char name[500];
	memset(name, 'a', sizeof name);
	name[sizeof name - 1] = '\0';
	assert_null(param(name, "abcdefgh1"));
	assert_null(param("a_b_c_d_e_f_token_g", "abcdefgh1"));
	assert_string_equal(param("a_b_c_d_e_f_g_token", "abcdefgh1"), "a token");
	json_decref(list);
	json_decref(number);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	        cmocka_unit_test(test_shapes),      cmocka_unit_test(test_no_hits), cmocka_unit_test(test_line),
	        cmocka_unit_test(test_own_sources), cmocka_unit_test(test_params),  cmocka_unit_test(test_param_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
