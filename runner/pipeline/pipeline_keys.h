/* The keys of the pipeline file, one list each: the reader, the messages and the manual page come from them.
 * NAME, what it takes, meaning. */
#ifndef RUNNER_PIPELINE_KEYS_H
#define RUNNER_PIPELINE_KEYS_H

#define PIPELINE_KEYS(X) \
	X(pipeline, "name", "the pipeline's name; default: the name of the project's folder") \
	X(params, "mapping, file or list of files", \
	  "defaults of the params, of any depth; files merge in order, deeply, later ones win") \
	X(env, "as a step's", "the environment of every step that names none") \
	X(defaults, "mapping", "the default of any key of a step") \
	X(steps, "mapping", "the steps, each under its name: letters, digits, and _ . -")

#define STEP_KEYS(X) \
	X(matrix, "mapping of lists", \
	  "a step for each combination of the values, named train[a,b] in the order of the keys; " \
	  "`include` adds combinations, or further keys to those it fits, `exclude` takes out those " \
	  "it fits") \
	X(needs, "step or list", \
	  "steps that must come before; orders only. A name means all of a matrix, train[a] one of " \
	  "it") \
	X(inputs, "path or list", \
	  "files, folders, patterns (* ? [..] **), URLs or {link: /absolute/path}. What a step " \
	  "makes comes from that step, all else from the working tree. A folder or a pattern that " \
	  "holds outputs of steps means these outputs") \
	X(run, "command", "a text goes to `sh -euc`, a list is executed without a shell") \
	X(outputs, "path or list", "files, or folders with a trailing /, that the command leaves") \
	X(metrics, "path or list", "files that hold metrics, read after the step; outputs in every respect") \
	X(checkpoints, "path", "a folder kept on failure, handed to the next attempt and to a resume") \
	X(code, "path or list", "the files and folders that decide about reuse instead of what was observed") \
	X(env, "text or mapping", \
	  "`system`, the name of a file of pinned packages, {lock: FILE, python: VERSION} or " \
	  "{image: NAME@sha256:…}") \
	X(trigger, "word", "which ends of its needs let it start") \
	X(retry, "number or mapping", \
	  "further attempts after the first: {limit, delay, backoff, max_delay, on}; `on` names " \
	  "causes and exit codes") \
	X(timeout, "duration", "of an attempt") \
	X(idle_timeout, "duration", "how long an attempt may show no output, no metric and no CPU") \
	X(resources, "mapping", "{cpu, memory, gpu} reserved while it runs; 1, 0 and 0 when not given") \
	X(cache, "true or false", "false: always runs") \
	X(keep, "word", "when the work folder is kept") \
	X(log_limit, "size", "of an attempt's log; 1G when not given") \
	X(goal, "mapping", "which way a metric gets better: {acc: max} or {loss: min}") \
	X(reuse, "mapping", "{python: tokens}: comments and blanks of Python files do not count") \
	X(pass_env, "name or list", "variables handed on; their values decide about reuse") \
	X(secrets, "name or list", "variables handed on whose values are recorded nowhere") \
	X(network, "true or false", "false: cut off from the network, where the sandbox is there")

#define PIPELINE_KEY_ENUM_(name, type, doc) KEY_##name,
enum step_key { STEP_KEYS(PIPELINE_KEY_ENUM_) STEP_NKEYS };

#endif
