/* What we put into every Python of a step, by a folder at the front of PYTHONPATH: a sitecustomize.py that tells which
 * folders the importer lists, which modules it looks for there, and which files it opens as source, and then runs the
 * user's own sitecustomize. It tells by asking about names that can never exist, which the observer reads (observe.h):
 *   /.jig-trace/list/FOLDER      the next time this thread opens FOLDER it is the importer's listing: no lookup of its
 *                                names
 *   /.jig-trace/module/A/FOLDER  module A was looked for in FOLDER (LOOKUP_MODULE of FOLDER/A)
 *   /.jig-trace/source/FILE      the next time this thread opens FILE it is the importer reading source (LOOKUP_SOURCE)
 *   /.jig-trace/script/FILE      FILE is the script that will be started: openings of it by this thread are
 *                                LOOKUP_SOURCE until it says something else
 *   /.jig-trace/board/N          its descriptor N is a board (observe_board.h). Where that is taken the name is there,
 *                                for once
 * with FOLDER and FILE absolute (so a "/" follows WORD or A, and the path its own). Every such question costs as much
 * as a lookup. Therefore a Python whose board was taken writes there which module, file and folder its importer is
 * about to ask for, and asks through the descriptor TRACE_AWAY, which the filter lets pass (spawn_filter.h): it is
 * none, and the kernel looks at none where a path is absolute. Listings and modules only of folders below the work
 * folder (the variable JIG_TRACE names it; unset: it tells nothing); `source` and `script` only with
 * JIG_TRACE_SOURCE=1. */
#ifndef RUNNER_PYTHON_HOOK_H
#define RUNNER_PYTHON_HOOK_H

#include "base/err.h"

#define TRACE_SAYS "/.jig-trace/"

/* The folder with sitecustomize.py, below the cache (CACHE/python-<digest>), made when it is not there or differs. *ret
 * owned. */
int python_hook_folder(const char *cache, char **ret, struct err *e);

#endif
