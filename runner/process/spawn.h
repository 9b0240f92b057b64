/* The spawner: a small single-threaded process, forked before the supervisor grows, that starts steps. It is the
 * subreaper of all that steps leave behind, holds no lease and no file of the supervisor, and talks over a socket pair.
 * Process spawning is done only in spawn*.c.
 *
 * A step gets a session of its own (its pid is the group's), /dev/null as standard input, no core files, NOFILE at the
 * hard limit, default signal dispositions and an empty mask, and PR_SET_PDEATHSIG SIGKILL. When the socket closes (the
 * supervisor died), the spawner kills everything it started and what descends from it, and exits. When the spawner was
 * killed, the supervisor does that. */
#ifndef RUNNER_SPAWN_H
#define RUNNER_SPAWN_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>
#include "base/buf.h"
#include "base/err.h"

struct spawner;

/* Forks it. Call early: while the process is small and single-threaded, before the lease is taken. */
int spawner_start(struct spawner **ret, struct err *e);
/* Closes the socket and waits for it; all that is left of steps is killed first. NULL is fine. */
void spawner_free(struct spawner *s);
int spawner_fd(const struct spawner *s); /* readable when spawner_read has something */
/* Where listeners of traced steps arrive, each with its token (observe.h reads it): a message of 8 bytes with one
 * descriptor; without one: the filter was refused, and the step runs untraced. -1 where there are no notifications
 * (JIG_POSIX). */
int spawner_trace_fd(const struct spawner *s);

/* What stands between the spawner and the step's own process. */
enum spawn_wrap {
	SPAWN_PLAIN,     /* nothing */
	/* bubblewrap: other signals than SIGKILL go to the step's own processes, not to the two that keep the
	 * sandbox up */
	SPAWN_SANDBOX,
	/* the client of podman or docker: signals go to it, and it hands them on; argv[0] is the image's affair */
	SPAWN_CONTAINER,
};
struct spawn_request {
	uint64_t token;               /* the caller's name for it */
	const char *const *argv;      /* NULL-ended; argv[0] is searched in the PATH of envp */
	const char *const *envp;      /* NULL-ended */
	const char *cwd;
	int out, err;                 /* descriptors that become 1 and 2; the caller closes its copies afterwards */
	const char *attempt_id;       /* to find what it started: JIG_ATTEMPT_ID in the environment of processes */
	enum spawn_wrap wrap;
	/* Its lookups are witnessed (observe.h); it can then gain no privileges by setuid programs. In a sandbox the
	 * last word of the prefix but one, which only begins a session, gives way to this program itself
	 * (spawn_inside.h). Not for containers. */
	bool trace;
	/* NULL-ended; what stands before argv when it is wrapped, else NULL. In a sandbox argv[0] is searched too,
	 * before anything is started */
	const char *const *prefix;
};
/* Sends the request; the answer comes by spawner_read. Up to 1 MiB of strings (ERR_USAGE beyond). */
int spawner_spawn(struct spawner *s, const struct spawn_request *r, struct err *e);
/* Signals the step's process group and every descendant of it that left the group. signo as given. For a sandboxed step
 * later the group's leader is spared. */
int spawner_signal(struct spawner *s, uint64_t token, int signo, struct err *e);

enum spawn_event_kind {
	SPAWN_STARTED, /* pid, start (clock ticks, field 22 of /proc/PID/stat; 0 where there is none) */
	/* exec or chdir failed: error is the errno, stage says where ("exec", "chdir", "fork", "trace", "dup") */
	SPAWN_FAILED,
	SPAWN_EXITED,  /* status (as wait4), usage; what it left running was killed (leftover: how many) */
};
struct spawn_event {
	enum spawn_event_kind kind;
	uint64_t token;
	pid_t pid;
	uint64_t start;
	int error;
	char stage[16];
	/* of a wrapped step as if it were the direct child: a status above 128 that the wrapper passes on is that
	 * signal */
	int status;
	int leftover;            /* how many processes it left running; those in a sandbox end with it, uncounted: 0 */
	/* bytes, µs: of the direct child, those it waited for, and what it left behind that ended before it was told */
	int64_t max_rss, cpu_us, elapsed_us;
};
/* One event without waiting: 1 and *ret, 0 when there is none, negative when the spawner is gone, and with it all that
 * steps have started (Linux). Several may wait behind one readable descriptor: call until 0. A start is told at most
 * 2 ms late, together with what comes after it; a step that FAILED was never STARTED. */
int spawner_read(struct spawner *s, struct spawn_event *ret, struct err *e);

/* Ends every process on this machine whose environment holds JIG_ATTEMPT_ID=<one of ids> (a lost run's leftovers):
 * SIGKILL, then waits until they are gone (at most 2 s). Returns how many there were. Where there is no /proc it
 * returns 0. */
int spawn_sweep(const char *const *ids, size_t n, struct err *e);
/* Runs a program to its end for git, uv and the like: no shell, found by PATH of envp (NULL: the caller's own). Its
 * standard output is appended to out (at most max bytes, the rest is dropped), and behind it, when it did not exit 0,
 * what it wrote to stderr. What it leaves running is not waited for. *ret_status as wait4. ERR_NOT_FOUND: no such
 * program or folder. cwd NULL: the caller's. */
int spawn_capture(const char *const *argv, const char *const *envp, const char *cwd, size_t max, struct buf *out,
                  int *ret_status, struct err *e);
/* A program that takes its time, with its output as it comes. */
struct spawn_stream {
	const char *const *argv, *const *envp; /* as in spawn_capture */
	const char *cwd;
	/* a descriptor that it and all it starts inherit (a lock that is to hold until the last of them ended); -1:
	 * none */
	int keep;
	void (*output)(void *arg, const char *bytes, size_t n); /* both streams, as they come */
	void *arg;
};
/* Runs it to its end. It is killed when the caller's thread ends before it does. What it leaves running is not waited
 * for. Errors as spawn_capture. */
int spawn_stream(const struct spawn_stream *s, int *ret_status, struct err *e);
/* Starts a program detached: own session, the three streams at /dev/null, no inherited descriptor but `keep` (-1: none)
 * as descriptor 3. The caller may wait for *ret_pid or leave it to init by ending first. envp and cwd as in
 * spawn_capture. */
int spawn_detached(const char *const *argv, const char *const *envp, const char *cwd, int keep, pid_t *ret_pid,
                   struct err *e);
/* Runs a program in the foreground of the caller's terminal, with its three streams, and waits for it: an editor.
 * Ctrl-C and Ctrl-\ are the program's alone meanwhile; it is in the caller's process group, so that Ctrl-Z stops
 * both. */
int spawn_foreground(const char *const *argv, const char *cwd, int *ret_status, struct err *e);
/* Starts a program whose output the caller reads as it comes: *ret_out and *ret_err are its standard output and stderr
 * (ret_err NULL: both are *ret_out), not blocking and closed by exec. Standard input is empty. The caller closes them,
 * and waits for *ret_pid behind their end. */
int spawn_piped(const char *const *argv, const char *const *envp, const char *cwd, pid_t *ret_pid, int *ret_out,
                int *ret_err, struct err *e);

#endif
