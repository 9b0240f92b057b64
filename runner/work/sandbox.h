/* The sandbox tier: a step sees the whole file system read-only but for its own folders, with secrets, the working tree
 * and the record hidden, in a process tree of its own. It is bubblewrap (bwrap(1)) with the arguments made here. */
#ifndef RUNNER_SANDBOX_H
#define RUNNER_SANDBOX_H

#include <stdbool.h>
#include <stddef.h>
#include "base/arena.h"
#include "base/err.h"

/* Hidden from steps, below the home folder: PATH, what is there. Folders are empty in the sandbox, files read as
 * empty. */
#define SANDBOX_HIDDEN(X)                                              \
	X(".ssh", "keys and known hosts of SSH")                       \
	X(".gnupg", "keys of GnuPG")                                   \
	X(".aws", "credentials of AWS")                                \
	X(".azure", "credentials of Azure")                            \
	X(".config/gcloud", "credentials of Google Cloud")             \
	X(".kube", "credentials of Kubernetes")                        \
	X(".docker", "credentials of container registries")            \
	X(".config/containers", "credentials of container registries") \
	X(".config/gh", "tokens of GitHub's command")                  \
	X(".config/glab-cli", "tokens of GitLab's command")            \
	X(".config/git/credentials", "passwords that git keeps")       \
	X(".git-credentials", "passwords that git keeps")              \
	X(".netrc", "passwords of hosts")                              \
	X(".pypirc", "tokens of Python's index")                       \
	X(".npmrc", "tokens of npm")                                   \
	X(".cargo/credentials.toml", "tokens of crates.io")            \
	X(".kaggle", "tokens of Kaggle")                               \
	X(".cache/huggingface/token", "the token of Hugging Face")     \
	X(".cache/huggingface/stored_tokens", "tokens of Hugging Face") \
	X(".config/rclone", "passwords of remote stores")              \
	X(".password-store", "passwords of pass")                      \
	X(".local/share/keyrings", "the desktop's keyrings")           \
	X(".mozilla", "profiles of Firefox")                           \
	X(".config/google-chrome", "profiles of Chrome")               \
	X(".config/chromium", "profiles of Chromium")

struct sandbox;
struct sandbox_options {
	const char *root, *jig;                    /* the project's folder and .jig: both hidden */
	/* PATH (where bwrap is), HOME; caches: XDG_CACHE_HOME HF_HOME TORCH_HOME PIP_CACHE_DIR (writable), UV_CACHE_DIR
	 * (not); where secrets were moved to: XDG_CONFIG_HOME XDG_DATA_HOME XDG_RUNTIME_DIR SSH_AUTH_SOCK */
	char *const *environ;
	/* absolute paths that stay readable even below what is hidden: environments, linked inputs */
	const char *const *keep; size_t nkeep;
};
/* Whether it can be had here: bwrap is found and its namespaces work. ERR_BROKEN says what is missing and the way out.
 * *ret_network: also cutting off the network works. */
int sandbox_probe(char *const *environ, bool *ret_network, struct err *e);
/* ERR_BROKEN as sandbox_probe, and where the project's folder or .jig holds the home folder (hiding it would hide
 * everything). Paths may have links on the way; what is not there is passed over, but for jig's and uv's part of a
 * cache that steps may write to: they are made, so that no step makes them. Root's steps keep only the rights that
 * concern files and users: with the others they would take the sandbox down. */
int sandbox_new(const struct sandbox_options *o, struct sandbox **ret, struct err *e);
void sandbox_free(struct sandbox *s);

/* Absolute paths, of what may be made later; all must be there when the step starts, files too (they are bound one by
 * one). */
struct sandbox_attempt {
	const char *folder;                        /* of the attempt: readable */
	const char *work, *tmp, *checkpoints;      /* writable folders */
	const char *files[4];                      /* writable files, NULL-ended */
	const char *params;                        /* readable */
	bool network;                              /* false: cut off */
};
/* What stands before the step's own command: NULL-ended, in the arena, with words that live as long as s. What was to
 * be hidden and is gone by now is passed over. */
const char *const *sandbox_wrap(const struct sandbox *s, const struct sandbox_attempt *a, struct arena *arena);
/* Whether its last words are a program that only begins a session, and "--". */
bool sandbox_session(const struct sandbox *s);

#endif
