/* What we put into every Python of a step, by a folder at the front of PYTHONPATH: a sitecustomize.py that tells which folders the importer lists, which modules it looks for there,
 * and which files it opens as source, and then runs the user's own sitecustomize. It tells by asking about names that can never exist, which the observer reads (observe.h):
 *   /.jig-trace/list/FOLDER            the next time this thread opens FOLDER it is the importer's listing: no lookup of its names
 *   /.jig-trace/lists/TOKEN/FOLDER     the same, by a Python that keeps to itself which modules it looks for until its end; TOKEN is its own. Until it has told them, and if it never does
 *                                      (it was killed, it crashed), all names of FOLDER count as looked up
 *   /.jig-trace/modules/A/B/…//FOLDER  modules A, B, … were looked for in FOLDER (LOOKUP_MODULE of FOLDER/A, …)
 *   /.jig-trace/told/TOKEN             all that TOKEN kept to itself has been told; modules that it looks for from now on it tells beforehand
 *   /.jig-trace/source/FILE            the next time this thread opens FILE it is the importer reading source (LOOKUP_SOURCE)
 *   /.jig-trace/script/FILE            FILE is the script that will be started: openings of it by this thread are LOOKUP_SOURCE until it says something else
 * with FOLDER and FILE absolute (so a "/" follows WORD or TOKEN, and the path its own). Every such question costs as much as a lookup; hence the names of modules are told together. A
 * forked Python, and one started with -c, are often helpers that get killed: they use `list`, and tell each name before they look.
 * Only for folders below the work folder (the variable JIG_TRACE names it; unset: it tells nothing); `source` and `script` only with JIG_TRACE_SOURCE=1. */
#ifndef RUNNER_PYTHON_HOOK_H
#define RUNNER_PYTHON_HOOK_H

#include "base/err.h"

#define TRACE_SAYS "/.jig-trace/"

/* The folder with sitecustomize.py, below the cache (CACHE/python-<digest>), made when it is not there or differs. *ret owned. */
int python_hook_folder(const char *cache, char **ret, struct err *e);

#endif
