-- The record, version 1. Never edited once released: a change is a new file beside this one.
-- Times are UTC µs, durations µs. Metric values are order keys (tracker/series.h); point_real and metric_real give plain REAL.
-- A run whose `seal` is set has ended for good: the triggers below refuse every change to its rows, tags, note, name and removed aside.

CREATE TABLE tally (name TEXT PRIMARY KEY, n INTEGER NOT NULL) STRICT, WITHOUT ROWID; -- counts that are kept, not computed
INSERT INTO tally VALUES ('runs', 0); -- runs that were not removed

CREATE TABLE pipeline (
	id INTEGER PRIMARY KEY,
	digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32),
	text TEXT NOT NULL
) STRICT;

CREATE TABLE sweep (
	id INTEGER PRIMARY KEY,
	created INTEGER NOT NULL,
	spec TEXT NOT NULL -- JSON
) STRICT;

CREATE TABLE run (
	number INTEGER PRIMARY KEY AUTOINCREMENT,
	uid TEXT NOT NULL UNIQUE CHECK (length(uid) = 26),
	name TEXT NOT NULL,
	pipeline TEXT NOT NULL,
	pipeline_id INTEGER NOT NULL REFERENCES pipeline(id),
	state TEXT NOT NULL CHECK (state = 'queued' OR state = 'running' OR state = 'success' OR state = 'failed' OR state = 'stopped' OR state = 'lost'),
	kind TEXT NOT NULL CHECK (kind = 'run' OR kind = 'resume' OR kind = 'restart' OR kind = 'sweep'),
	origin INTEGER REFERENCES run(number),
	sweep INTEGER REFERENCES sweep(id),
	created INTEGER NOT NULL,
	started INTEGER,
	ended INTEGER,
	elapsed_us INTEGER,
	host TEXT NOT NULL,
	user TEXT NOT NULL,
	argv TEXT NOT NULL,    -- JSON array
	options TEXT NOT NULL, -- JSON object
	params TEXT NOT NULL,  -- JSON object
	exit_status INTEGER,
	commit_id TEXT,
	branch TEXT,
	remote TEXT,
	dirty INTEGER CHECK (dirty IN (0, 1)),
	snapshot TEXT,
	unpinned INTEGER NOT NULL CHECK (unpinned IN (0, 1)),
	nsteps INTEGER NOT NULL DEFAULT 0,
	ndone INTEGER NOT NULL DEFAULT 0,   -- in a final state
	nfailed INTEGER NOT NULL DEFAULT 0,
	nreused INTEGER NOT NULL DEFAULT 0,
	removed INTEGER NOT NULL DEFAULT 0 CHECK (removed IN (0, 1)),
	seal BLOB -- digest over the run's rows of `seal`; NULL until it has ended
) STRICT;
CREATE UNIQUE INDEX run_by_name ON run(name) WHERE removed = 0;
CREATE INDEX run_kept ON run(number) WHERE removed = 0;
CREATE INDEX run_removed ON run(number) WHERE removed = 1;
CREATE INDEX run_live ON run(number) WHERE state IN ('queued', 'running');
CREATE INDEX run_by_state ON run(state, number);
CREATE INDEX run_by_pipeline ON run(pipeline, number);
CREATE INDEX run_by_created ON run(created);
CREATE INDEX run_by_started ON run(started);
CREATE INDEX run_by_ended ON run(ended);
CREATE INDEX run_by_elapsed ON run(elapsed_us);
CREATE INDEX run_by_snapshot ON run(snapshot) WHERE snapshot IS NOT NULL;
CREATE INDEX run_by_origin ON run(origin) WHERE origin IS NOT NULL;
CREATE INDEX run_by_sweep ON run(sweep) WHERE sweep IS NOT NULL;
CREATE INDEX run_by_definition ON run(pipeline_id);

CREATE TABLE param (
	run INTEGER NOT NULL REFERENCES run(number),
	key TEXT NOT NULL, -- dotted path of the leaf
	type TEXT NOT NULL CHECK (type = 'text' OR type = 'integer' OR type = 'real' OR type = 'boolean' OR type = 'null' OR type = 'array' OR
		type = 'object'),
	text TEXT NOT NULL, -- a text as it is, else JSON
	number REAL,        -- where it is one
	PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX param_by_text ON param(key, text, run) WHERE number IS NULL;
CREATE INDEX param_by_number ON param(key, number, run) WHERE number IS NOT NULL;

CREATE TABLE step (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(number),
	rank INTEGER NOT NULL,
	name TEXT NOT NULL,
	base TEXT NOT NULL,
	item TEXT,     -- JSON object
	command TEXT,
	declared TEXT, -- JSON object
	state TEXT NOT NULL CHECK (state = 'pending' OR state = 'queued' OR state = 'running' OR state = 'retrying' OR state = 'success' OR
		state = 'failed' OR state = 'upstream_failed' OR state = 'skipped' OR state = 'reused' OR state = 'stopped' OR
		state = 'lost'),
	reason TEXT,
	reused_attempt INTEGER REFERENCES attempt(id), -- what executed; then command and declared may stand with its step alone
	needs TEXT,    -- JSON: [[rank, data], …] by rank; data 1: an output of it goes in
	UNIQUE (run, rank),
	UNIQUE (run, name)
) STRICT;
CREATE TABLE borrow ( -- runs with attempts that stand in for steps of this run
	run INTEGER NOT NULL REFERENCES run(number),
	lender INTEGER NOT NULL REFERENCES run(number),
	PRIMARY KEY (lender, run)
) STRICT, WITHOUT ROWID;
CREATE INDEX borrow_by_run ON borrow(run);
CREATE VIEW edge AS
	SELECT s.id AS step, n.id AS needs, j.value ->> 1 AS data FROM step s
	JOIN json_each(s.needs) j JOIN step n ON n.run = s.run AND n.rank = j.value ->> 0;

CREATE TABLE env (
	id INTEGER PRIMARY KEY,
	key TEXT NOT NULL,
	grade TEXT NOT NULL,
	kind TEXT NOT NULL,
	detail TEXT NOT NULL, -- canonical JSON
	UNIQUE (key, grade, kind, detail)
) STRICT;

CREATE TABLE package (
	env INTEGER NOT NULL REFERENCES env(id),
	name TEXT NOT NULL,
	version TEXT NOT NULL,
	source TEXT, -- where it came from, with its digest
	PRIMARY KEY (env, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE trace_set ( -- what attempts looked up; those that looked up the same share one
	id INTEGER PRIMARY KEY,
	digest BLOB NOT NULL UNIQUE CHECK (length(digest) = 32)
) STRICT;

CREATE TABLE trace ( -- one lookup, and what answered
	trace_set INTEGER NOT NULL REFERENCES trace_set(id),
	path TEXT NOT NULL,
	kind TEXT NOT NULL CHECK (kind = 'file' OR kind = 'python' OR kind = 'folder' OR kind = 'listing' OR kind = 'link' OR kind = 'nothing' OR
		kind = 'module' OR kind = 'outside' OR kind = 'params' OR kind = 'names' OR kind = 'tree'),
	digest BLOB CHECK (length(digest) IN (20, 32)), -- a git blob or SHA-256
	mode INTEGER NOT NULL,
	size INTEGER NOT NULL,
	mtime INTEGER NOT NULL, -- ns
	PRIMARY KEY (trace_set, path, kind)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
	id INTEGER PRIMARY KEY,
	uid TEXT NOT NULL UNIQUE,
	run INTEGER NOT NULL REFERENCES run(number),
	step INTEGER NOT NULL REFERENCES step(id),
	name TEXT NOT NULL, -- the step's
	n INTEGER NOT NULL CHECK (n >= 1),
	state TEXT NOT NULL CHECK (state = 'running' OR state = 'success' OR state = 'failed' OR state = 'stopped' OR state = 'lost'),
	cause TEXT NOT NULL CHECK (cause = '' OR cause = 'exit' OR cause = 'signal' OR cause = 'timeout' OR cause = 'idle' OR cause = 'oom' OR
		cause = 'output_missing' OR cause = 'secret' OR cause = 'lost' OR cause = 'stopped' OR cause = 'spawn' OR
		cause = 'env'),
	exit_status INTEGER,
	signal INTEGER,
	started INTEGER NOT NULL,
	ended INTEGER,
	elapsed_us INTEGER,
	pid INTEGER,
	pid_start INTEGER,
	host TEXT NOT NULL,
	isolation TEXT NOT NULL,
	command TEXT NOT NULL, -- JSON array
	folder TEXT NOT NULL,
	env INTEGER REFERENCES env(id),
	error_file TEXT,
	error_line INTEGER,
	error_message TEXT,
	max_rss INTEGER,
	cpu_us INTEGER,
	read_bytes INTEGER,
	written_bytes INTEGER,
	gpu_mem INTEGER,
	facts TEXT, -- JSON: what decides it besides its code; form and key are digests of it, without the inputs and with them
	form BLOB CHECK (length(form) = 32),
	key BLOB CHECK (length(key) = 32),
	trace INTEGER REFERENCES trace_set(id),
	continued INTEGER REFERENCES attempt(id), -- whose checkpoint it was given
	UNIQUE (step, n)
) STRICT;
CREATE INDEX attempt_by_run ON attempt(run);
CREATE INDEX attempt_by_env ON attempt(env) WHERE env IS NOT NULL;
CREATE INDEX attempt_by_trace ON attempt(trace) WHERE trace IS NOT NULL;
CREATE INDEX attempt_by_form ON attempt(form, key) WHERE state = 'success' AND trace IS NOT NULL;
CREATE INDEX attempt_succeeded ON attempt(name, id) WHERE state = 'success';

CREATE TABLE sample (
	attempt INTEGER NOT NULL,
	ts INTEGER NOT NULL,
	cpu_us INTEGER,
	rss INTEGER,
	read_bytes INTEGER,
	written_bytes INTEGER,
	gpu_mem INTEGER,
	gpu_util REAL,
	nprocs INTEGER,
	PRIMARY KEY (attempt, ts)
) STRICT, WITHOUT ROWID;

CREATE TABLE series (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(number),
	step INTEGER NOT NULL REFERENCES step(id),
	attempt INTEGER NOT NULL REFERENCES attempt(id),
	key TEXT NOT NULL,
	count INTEGER NOT NULL DEFAULT 0,
	last INTEGER, -- order keys of the latest point, the least and the greatest
	last_step INTEGER,
	last_ts INTEGER,
	min INTEGER,
	max INTEGER,
	UNIQUE (attempt, key)
) STRICT;
CREATE INDEX series_by_run ON series(run, key);
CREATE INDEX series_by_step ON series(step);

CREATE TABLE point (
	series INTEGER NOT NULL,
	step INTEGER NOT NULL,
	ts INTEGER NOT NULL,
	value INTEGER NOT NULL,
	PRIMARY KEY (series, step, ts, value)
) STRICT, WITHOUT ROWID;

CREATE TABLE run_metric ( -- metrics.K: the last value from the last step that has K
	run INTEGER NOT NULL REFERENCES run(number),
	key TEXT NOT NULL,
	series INTEGER NOT NULL REFERENCES series(id),
	step INTEGER NOT NULL REFERENCES step(id), -- of this run; a reused one too
	value INTEGER NOT NULL,
	last_step INTEGER NOT NULL,
	PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX run_metric_by_value ON run_metric(key, value, run);

CREATE TABLE artifact (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(number),
	step INTEGER NOT NULL REFERENCES step(id),
	attempt INTEGER REFERENCES attempt(id),
	role TEXT NOT NULL CHECK (role = 'in' OR role = 'out' OR role = 'metric' OR role = 'checkpoint' OR role = 'log' OR role = 'logged'),
	form TEXT NOT NULL CHECK (form = 'file' OR form = 'folder' OR form = 'link' OR form = 'place'),
	path TEXT NOT NULL,
	digest BLOB CHECK (length(digest) = 32),
	size INTEGER NOT NULL,
	mtime INTEGER NOT NULL,
	mode INTEGER NOT NULL
) STRICT;
CREATE INDEX artifact_by_run ON artifact(run);
CREATE INDEX artifact_by_step ON artifact(step);
CREATE INDEX artifact_by_attempt ON artifact(attempt, role, path);
CREATE INDEX artifact_by_digest ON artifact(digest) WHERE digest IS NOT NULL;
CREATE INDEX artifact_by_path ON artifact(path, id);

CREATE TABLE tag (
	run INTEGER NOT NULL REFERENCES run(number),
	key TEXT NOT NULL,
	value TEXT NOT NULL,
	PRIMARY KEY (run, key)
) STRICT, WITHOUT ROWID;
CREATE INDEX tag_by_value ON tag(key, value, run);

CREATE TABLE note (
	run INTEGER PRIMARY KEY REFERENCES run(number),
	text TEXT NOT NULL
) STRICT;

CREATE TABLE request (
	id INTEGER PRIMARY KEY,
	run INTEGER NOT NULL REFERENCES run(number),
	step INTEGER REFERENCES step(id), -- NULL: the whole run
	action TEXT NOT NULL CHECK (action = 'stop' OR action = 'kill' OR action = 'retry' OR action = 'pause' OR action = 'continue'),
	user TEXT NOT NULL,
	created INTEGER NOT NULL,
	taken INTEGER,
	answer TEXT
) STRICT;
CREATE INDEX request_open ON request(run, id) WHERE taken IS NULL;
CREATE INDEX request_by_run ON request(run);

CREATE TABLE event ( -- the audit chain
	id INTEGER PRIMARY KEY,
	ts INTEGER NOT NULL,
	run INTEGER, -- NULL: none
	kind TEXT NOT NULL,
	body TEXT NOT NULL, -- JSON object
	hash BLOB NOT NULL CHECK (length(hash) = 32)
) STRICT;
CREATE INDEX event_by_run ON event(run, id) WHERE run IS NOT NULL;

CREATE TABLE seal ( -- what the rows of an ended run were
	run INTEGER NOT NULL,
	tbl TEXT NOT NULL,
	owner INTEGER NOT NULL, -- the series of points; 0: the whole table
	block INTEGER NOT NULL,
	rows INTEGER NOT NULL,
	digest BLOB NOT NULL CHECK (length(digest) = 32),
	tags BLOB, -- 16 bytes a row: its owner's id and a hash, to tell which row it was
	PRIMARY KEY (run, tbl, owner, block)
) STRICT, WITHOUT ROWID;

-- Order keys as plain REAL; NaN is NULL. Two divisions by at most 2^537 each never leave the range of a double half-way.
CREATE TABLE power_of_two (n INTEGER PRIMARY KEY, f REAL NOT NULL) STRICT;
INSERT INTO power_of_two WITH RECURSIVE p(n, f) AS (VALUES (0, 1.0) UNION ALL SELECT n + 1, f * 2.0 FROM p WHERE n < 537) SELECT n, f FROM p;
CREATE VIEW point_real AS
	WITH a AS (SELECT *, iif(value < 0, ~value, value) AS magnitude FROM point),
	b AS (SELECT *, magnitude >> 52 AS exponent, magnitude & 4503599627370495 AS fraction FROM a),
	c AS (SELECT *, max(exponent, 1) - 1075 AS shift, fraction + iif(exponent = 0, 0, 4503599627370496) AS mantissa FROM b)
	SELECT series, step, ts, iif(value < 0, -1.0, 1.0) * CASE
		WHEN exponent = 2047 THEN iif(fraction = 0, 9e999, NULL)
		WHEN shift < 0 THEN mantissa / (SELECT f FROM power_of_two WHERE n = -shift / 2) / (SELECT f FROM power_of_two WHERE n = -shift + shift / 2)
		ELSE mantissa * (SELECT f FROM power_of_two WHERE n = shift / 2) * (SELECT f FROM power_of_two WHERE n = shift - shift / 2)
	END AS value FROM c;
CREATE VIEW metric_real AS
	WITH a AS (SELECT *, iif(value < 0, ~value, value) AS magnitude FROM run_metric),
	b AS (SELECT *, magnitude >> 52 AS exponent, magnitude & 4503599627370495 AS fraction FROM a),
	c AS (SELECT *, max(exponent, 1) - 1075 AS shift, fraction + iif(exponent = 0, 0, 4503599627370496) AS mantissa FROM b)
	SELECT run, key, step, last_step, iif(value < 0, -1.0, 1.0) * CASE
		WHEN exponent = 2047 THEN iif(fraction = 0, 9e999, NULL)
		WHEN shift < 0 THEN mantissa / (SELECT f FROM power_of_two WHERE n = -shift / 2) / (SELECT f FROM power_of_two WHERE n = -shift + shift / 2)
		ELSE mantissa * (SELECT f FROM power_of_two WHERE n = shift / 2) * (SELECT f FROM power_of_two WHERE n = shift - shift / 2)
	END AS value FROM c;

-- Counts that are kept.
CREATE TRIGGER run_counted AFTER INSERT ON run BEGIN UPDATE tally SET n = n + 1 WHERE name = 'runs'; END;
CREATE TRIGGER run_uncounted AFTER UPDATE OF removed ON run WHEN OLD.removed <> NEW.removed BEGIN
	UPDATE tally SET n = n - NEW.removed + OLD.removed WHERE name = 'runs'; END;

-- Only these moves are possible (tracker/state.c has the same table; a test compares).
CREATE TRIGGER run_move BEFORE UPDATE OF state ON run WHEN instr(' ' ||
	'queued>running queued>failed queued>stopped queued>lost ' ||
	'running>success running>failed running>stopped running>lost ', ' ' || OLD.state || '>' || NEW.state || ' ') = 0
BEGIN SELECT RAISE(ABORT, 'a state of run cannot move so'); END;
CREATE TRIGGER step_move BEFORE UPDATE OF state ON step WHEN instr(' ' ||
	'pending>queued pending>running pending>upstream_failed pending>skipped pending>reused pending>stopped pending>lost ' ||
	'queued>pending queued>running queued>upstream_failed queued>skipped queued>reused queued>stopped queued>lost ' ||
	'running>retrying running>success running>failed running>stopped running>lost ' ||
	'retrying>queued retrying>running retrying>failed retrying>stopped retrying>lost ' ||
	'failed>queued failed>retrying failed>running ' ||
	'stopped>queued stopped>retrying stopped>running ' ||
	'upstream_failed>pending ' ||
	'skipped>pending ', ' ' || OLD.state || '>' || NEW.state || ' ') = 0
BEGIN SELECT RAISE(ABORT, 'a state of step cannot move so'); END;
CREATE TRIGGER attempt_move BEFORE UPDATE OF state ON attempt WHEN instr(' ' ||
	'running>success running>failed running>stopped running>lost ', ' ' || OLD.state || '>' || NEW.state || ' ') = 0
BEGIN SELECT RAISE(ABORT, 'a state of attempt cannot move so'); END;

-- A sealed run never changes, by INSERT OR REPLACE neither: a key that is there cannot come again, and keys and owners never change.
-- A row whose run is not there is refused too, so point and sample need no foreign key.
CREATE TRIGGER run_insert BEFORE INSERT ON run WHEN EXISTS (SELECT 1 FROM run WHERE number = NEW.number)
	OR EXISTS (SELECT 1 FROM run WHERE uid = NEW.uid)
	OR EXISTS (SELECT 1 FROM run WHERE name = NEW.name AND removed = 0)
BEGIN SELECT RAISE(ABORT, 'the run is there already'); END;
CREATE TRIGGER run_rename BEFORE UPDATE OF name, removed ON run
	WHEN NEW.removed = 0 AND EXISTS (SELECT 1 FROM run WHERE name = NEW.name AND removed = 0 AND number <> OLD.number)
BEGIN SELECT RAISE(ABORT, 'a run has this name already'); END;
CREATE TRIGGER run_sealed_update BEFORE UPDATE OF number, uid, pipeline, pipeline_id, state, kind, origin, sweep, created, started, ended,
	elapsed_us, host, user, argv, options, params, exit_status, commit_id, branch, remote, dirty, snapshot, unpinned, nsteps, ndone,
	nfailed, nreused, seal ON run WHEN OLD.seal IS NOT NULL OR NEW.number IS NOT OLD.number
	OR EXISTS (SELECT 1 FROM run WHERE uid = NEW.uid AND number <> OLD.number)
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER run_sealed_delete BEFORE DELETE ON run
BEGIN SELECT RAISE(ABORT, 'runs are never deleted'); END;
CREATE TRIGGER param_sealed_insert BEFORE INSERT ON param
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER param_sealed_update BEFORE UPDATE ON param
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1 OR NEW.run IS NOT OLD.run
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER param_sealed_delete BEFORE DELETE ON param
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER step_sealed_insert BEFORE INSERT ON step
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
	OR EXISTS (SELECT 1 FROM step WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER step_sealed_update BEFORE UPDATE ON step
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1 OR NEW.run IS NOT OLD.run
	OR NEW.id IS NOT OLD.id
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER step_sealed_delete BEFORE DELETE ON step
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER borrow_sealed_insert BEFORE INSERT ON borrow
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
	OR EXISTS (SELECT 1 FROM borrow WHERE lender = NEW.lender AND run = NEW.run)
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER borrow_update BEFORE UPDATE ON borrow
BEGIN SELECT RAISE(ABORT, 'rows of borrow never change'); END;
CREATE TRIGGER borrow_delete BEFORE DELETE ON borrow
BEGIN SELECT RAISE(ABORT, 'rows of borrow never change'); END;
CREATE TRIGGER attempt_sealed_insert BEFORE INSERT ON attempt
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
	OR EXISTS (SELECT 1 FROM attempt WHERE id = NEW.id) OR EXISTS (SELECT 1 FROM attempt WHERE uid = NEW.uid)
	OR (SELECT run FROM step WHERE id = NEW.step) <> NEW.run
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER attempt_sealed_update BEFORE UPDATE ON attempt
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1 OR NEW.run IS NOT OLD.run
	OR NEW.id IS NOT OLD.id OR NEW.uid IS NOT OLD.uid OR NEW.step IS NOT OLD.step
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER attempt_sealed_delete BEFORE DELETE ON attempt
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER series_sealed_insert BEFORE INSERT ON series
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
	OR EXISTS (SELECT 1 FROM series WHERE id = NEW.id)
	OR (SELECT run FROM attempt WHERE id = NEW.attempt) <> NEW.run
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER series_sealed_update BEFORE UPDATE ON series
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1 OR NEW.run IS NOT OLD.run
	OR NEW.id IS NOT OLD.id OR NEW.attempt IS NOT OLD.attempt
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER series_sealed_delete BEFORE DELETE ON series
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER run_metric_sealed_insert BEFORE INSERT ON run_metric
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER run_metric_sealed_update BEFORE UPDATE ON run_metric
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1 OR NEW.run IS NOT OLD.run
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER run_metric_sealed_delete BEFORE DELETE ON run_metric
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER artifact_sealed_insert BEFORE INSERT ON artifact
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
	OR EXISTS (SELECT 1 FROM artifact WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER artifact_sealed_update BEFORE UPDATE ON artifact
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1 OR NEW.run IS NOT OLD.run
	OR NEW.id IS NOT OLD.id
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER artifact_sealed_delete BEFORE DELETE ON artifact
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER request_sealed_insert BEFORE INSERT ON request
	WHEN (SELECT seal IS NULL FROM run WHERE number = NEW.run) IS NOT 1
	OR EXISTS (SELECT 1 FROM request WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER request_sealed_update BEFORE UPDATE ON request
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1 OR NEW.run IS NOT OLD.run
	OR NEW.id IS NOT OLD.id
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER request_sealed_delete BEFORE DELETE ON request
	WHEN (SELECT seal IS NULL FROM run WHERE number = OLD.run) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER sample_sealed_insert BEFORE INSERT ON sample
	WHEN (SELECT seal IS NULL FROM attempt JOIN run ON number = run WHERE id = NEW.attempt) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER sample_sealed_update BEFORE UPDATE ON sample
	WHEN (SELECT seal IS NULL FROM attempt JOIN run ON number = run WHERE id = OLD.attempt) IS NOT 1
	OR NEW.attempt IS NOT OLD.attempt
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER sample_sealed_delete BEFORE DELETE ON sample
	WHEN (SELECT seal IS NULL FROM attempt JOIN run ON number = run WHERE id = OLD.attempt) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER point_sealed_insert BEFORE INSERT ON point
	WHEN (SELECT seal IS NULL FROM series JOIN run ON number = run WHERE id = NEW.series) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER point_sealed_update BEFORE UPDATE ON point
	WHEN (SELECT seal IS NULL FROM series JOIN run ON number = run WHERE id = OLD.series) IS NOT 1
	OR NEW.series IS NOT OLD.series
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER point_sealed_delete BEFORE DELETE ON point
	WHEN (SELECT seal IS NULL FROM series JOIN run ON number = run WHERE id = OLD.series) IS NOT 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER seal_sealed_insert BEFORE INSERT ON seal
	WHEN (SELECT seal IS NOT NULL FROM run WHERE number = NEW.run) IS 1
BEGIN SELECT RAISE(ABORT, 'the run has ended: it cannot change'); END;
CREATE TRIGGER seal_sealed_update BEFORE UPDATE ON seal
BEGIN SELECT RAISE(ABORT, 'rows of seal never change'); END;
CREATE TRIGGER seal_sealed_delete BEFORE DELETE ON seal
BEGIN SELECT RAISE(ABORT, 'rows of seal never change'); END;

-- What runs share never changes either.
CREATE TRIGGER pipeline_insert BEFORE INSERT ON pipeline WHEN EXISTS (SELECT 1 FROM pipeline WHERE id = NEW.id)
	OR EXISTS (SELECT 1 FROM pipeline WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'rows of pipeline never change'); END;
CREATE TRIGGER pipeline_update BEFORE UPDATE ON pipeline
BEGIN SELECT RAISE(ABORT, 'rows of pipeline never change'); END;
CREATE TRIGGER pipeline_delete BEFORE DELETE ON pipeline
BEGIN SELECT RAISE(ABORT, 'rows of pipeline never change'); END;
CREATE TRIGGER sweep_insert BEFORE INSERT ON sweep WHEN EXISTS (SELECT 1 FROM sweep WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'rows of sweep never change'); END;
CREATE TRIGGER sweep_update BEFORE UPDATE ON sweep
BEGIN SELECT RAISE(ABORT, 'rows of sweep never change'); END;
CREATE TRIGGER sweep_delete BEFORE DELETE ON sweep
BEGIN SELECT RAISE(ABORT, 'rows of sweep never change'); END;
CREATE TRIGGER env_insert BEFORE INSERT ON env WHEN EXISTS (SELECT 1 FROM env WHERE id = NEW.id)
	OR EXISTS (SELECT 1 FROM env WHERE key = NEW.key AND grade = NEW.grade AND kind = NEW.kind AND detail = NEW.detail)
BEGIN SELECT RAISE(ABORT, 'rows of env never change'); END;
CREATE TRIGGER env_update BEFORE UPDATE ON env
BEGIN SELECT RAISE(ABORT, 'rows of env never change'); END;
CREATE TRIGGER env_delete BEFORE DELETE ON env
BEGIN SELECT RAISE(ABORT, 'rows of env never change'); END;
CREATE TRIGGER package_insert BEFORE INSERT ON package
	WHEN EXISTS (SELECT 1 FROM attempt JOIN run ON number = attempt.run WHERE attempt.env = NEW.env AND seal IS NOT NULL)
	OR EXISTS (SELECT 1 FROM package WHERE env = NEW.env AND name = NEW.name)
BEGIN SELECT RAISE(ABORT, 'a run with this environment has ended: it cannot change'); END;
CREATE TRIGGER package_update BEFORE UPDATE ON package
BEGIN SELECT RAISE(ABORT, 'rows of package never change'); END;
CREATE TRIGGER package_delete BEFORE DELETE ON package
BEGIN SELECT RAISE(ABORT, 'rows of package never change'); END;
CREATE TRIGGER trace_set_insert BEFORE INSERT ON trace_set WHEN EXISTS (SELECT 1 FROM trace_set WHERE id = NEW.id)
	OR EXISTS (SELECT 1 FROM trace_set WHERE digest = NEW.digest)
BEGIN SELECT RAISE(ABORT, 'rows of trace_set never change'); END;
CREATE TRIGGER trace_set_update BEFORE UPDATE ON trace_set
BEGIN SELECT RAISE(ABORT, 'rows of trace_set never change'); END;
CREATE TRIGGER trace_set_delete BEFORE DELETE ON trace_set
BEGIN SELECT RAISE(ABORT, 'rows of trace_set never change'); END;
CREATE TRIGGER trace_insert BEFORE INSERT ON trace WHEN EXISTS (SELECT 1 FROM attempt WHERE trace = NEW.trace_set)
	OR EXISTS (SELECT 1 FROM trace WHERE trace_set = NEW.trace_set AND path = NEW.path AND kind = NEW.kind)
BEGIN SELECT RAISE(ABORT, 'an attempt has this trace: it cannot change'); END;
CREATE TRIGGER trace_update BEFORE UPDATE ON trace
BEGIN SELECT RAISE(ABORT, 'rows of trace never change'); END;
CREATE TRIGGER trace_delete BEFORE DELETE ON trace
BEGIN SELECT RAISE(ABORT, 'rows of trace never change'); END;
CREATE TRIGGER event_insert BEFORE INSERT ON event WHEN EXISTS (SELECT 1 FROM event WHERE id = NEW.id)
BEGIN SELECT RAISE(ABORT, 'rows of event never change'); END;
CREATE TRIGGER event_update BEFORE UPDATE ON event
BEGIN SELECT RAISE(ABORT, 'rows of event never change'); END;
CREATE TRIGGER event_delete BEFORE DELETE ON event
BEGIN SELECT RAISE(ABORT, 'rows of event never change'); END;
