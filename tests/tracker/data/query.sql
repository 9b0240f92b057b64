-- The small record of test_query.c: one of everything. $0 to $7 are order keys that the test puts in.
INSERT INTO pipeline VALUES
	(1, zeroblob(32), 'steps: {}');
INSERT INTO env VALUES
	(1, 'abc', 'pinned', 'system', '{}');
INSERT INTO run (number, uid, name, pipeline, pipeline_id, state, kind, created, host, user, argv, options, params, unpinned, elapsed_us, ended, dirty, branch, commit_id, snapshot, exit_status) VALUES
	(1, '00000000000000000000000001', 'alpha', 'p', 1, 'success', 'run', 1000000, 'h', 'u', '[]', '{}', '{}', 0, 40000000, 9, 1, 'main', 'c1', 't1', 0);
INSERT INTO run (number, uid, name, pipeline, pipeline_id, state, kind, created, host, user, argv, options, params, unpinned, elapsed_us, ended, dirty, branch, snapshot, origin) VALUES
	(2, '00000000000000000000000002', 'beta', 'p', 1, 'failed', 'run', 2000000, 'h', 'u', '[]', '{}', '{}', 0, 5500000, 8, 0, 'dev', 't2', 1);
INSERT INTO run (number, uid, name, pipeline, pipeline_id, state, kind, created, host, user, argv, options, params, unpinned, snapshot) VALUES
	(3, '00000000000000000000000003', 'gamma', 'q', 1, 'success', 'run', 3000000, 'h', 'u', '[]', '{}', '{}', 0, 't1'),
	(6, '00000000000000000000000006', 'zeta', 'p', 1, 'success', 'run', 6000000, 'h', 'u', '[]', '{}', '{}', 0, 't6'),
	(7, '00000000000000000000000007', 'eta_x', 'p', 1, 'stopped', 'run', 7000000, 'h', 'u', '[]', '{}', '{}', 0, 't7');
INSERT INTO run (number, uid, name, pipeline, pipeline_id, state, kind, created, host, user, argv, options, params, unpinned, started) VALUES
	(4, '00000000000000000000000004', 'delta', 'q', 1, 'running', 'run', 4000000, 'h', 'u', '[]', '{}', '{}', 0, 4000001);
INSERT INTO run (number, uid, name, pipeline, pipeline_id, state, kind, created, host, user, argv, options, params, unpinned) VALUES
	(5, '00000000000000000000000005', 'Epsilon', 'q', 1, 'success', 'run', 5000000, 'h', 'u', '[]', '{}', '{}', 0),
	(8, '00000000000000000000000008', 'theta', 'p', 1, 'success', 'run', 8000000, 'h', 'u', '[]', '{}', '{}', 0);
INSERT INTO step (id, run, rank, name, base, state, reused_attempt) VALUES
	(1, 1, 0, 'prepare', 'prepare', 'success', NULL),
	(2, 1, 1, 'train[lr]', 'train[lr]', 'success', NULL),
	(3, 2, 0, 'train', 'train', 'failed', NULL),
	(4, 3, 0, 'train', 'train', 'success', NULL),
	(5, 4, 0, 'prepare', 'prepare', 'reused', 1),
	(6, 4, 1, 'train', 'train', 'running', NULL),
	(7, 5, 0, 'train', 'train', 'success', NULL),
	(8, 6, 0, 'train', 'train', 'success', NULL),
	(9, 7, 0, 'train', 'train', 'stopped', NULL),
	(10, 8, 0, 'train[lr]', 'train[lr]', 'reused', 3),
	(11, 8, 1, 'report', 'report', 'success', NULL),
	(12, 8, 2, 'late', 'late', 'reused', 8);
INSERT INTO attempt (id, uid, run, step, name, n, state, cause, started, ended, elapsed_us, host, isolation, command, folder, env) VALUES
	(1, 'a1', 1, 1, 'prepare', 1, 'success', '', 5, 6, 10, 'h', 'folder', '[]', 'runs/x', 1),
	(2, 'a2', 1, 2, 'train[lr]', 1, 'failed', '', 5, 6, 99, 'h', 'folder', '[]', 'runs/x', 1),
	(3, 'a3', 1, 2, 'train[lr]', 2, 'success', '', 5, 6, 30, 'h', 'folder', '[]', 'runs/x', 1),
	(4, 'a4', 2, 3, 'train', 1, 'failed', '', 5, 6, 50, 'h', 'folder', '[]', 'runs/x', 1),
	(5, 'a5', 3, 4, 'train', 1, 'success', '', 5, 6, 60, 'h', 'folder', '[]', 'runs/x', 1),
	(6, 'a6', 4, 6, 'train', 1, 'running', '', 5, 6, NULL, 'h', 'folder', '[]', 'runs/x', 1),
	(7, 'a7', 5, 7, 'train', 1, 'success', '', 5, 6, 20, 'h', 'folder', '[]', 'runs/x', 1),
	(8, 'a8', 6, 8, 'train', 1, 'success', '', 5, 6, 80, 'h', 'folder', '[]', 'runs/x', 1),
	(9, 'a9', 7, 9, 'train', 1, 'stopped', '', 5, 6, 80, 'h', 'folder', '[]', 'runs/x', 1),
	(10, 'a10', 8, 11, 'report', 1, 'success', '', 5, 6, 70, 'h', 'folder', '[]', 'runs/x', 1);
INSERT INTO borrow (run, lender) VALUES
	(4, 1), (8, 1), (8, 6);
INSERT INTO series VALUES
	(1, 1, 2, 2, 'acc', 3, $7, 2, 9, $7, $7),
	(2, 1, 2, 3, 'acc', 3, $0, 2, 9, $0, $0),
	(3, 1, 1, 1, 'acc', 3, $3, 2, 9, $3, $3),
	(4, 1, 2, 3, 'val loss', 3, $7, 2, 9, $7, $7),
	(5, 2, 3, 4, 'acc', 3, $1, 2, 9, $1, $1),
	(6, 3, 4, 5, 'acc', 3, $2, 2, 9, $2, $2),
	(7, 4, 6, 6, 'acc', 3, $3, 2, 9, $3, $3),
	(8, 5, 7, 7, 'acc', 3, $4, 2, 9, $4, $4),
	(9, 6, 8, 8, 'acc', 3, $5, 2, 9, $5, $5),
	(10, 8, 11, 10, 'acc', 3, $6, 2, 9, $6, $6);
INSERT INTO run_metric VALUES
	(1, 'acc', 2, 2, $0, 2),
	(1, 'val loss', 4, 2, $7, 2),
	(2, 'acc', 5, 3, $1, 2),
	(3, 'acc', 6, 4, $2, 2),
	(4, 'acc', 7, 6, $3, 2),
	(5, 'acc', 8, 7, $4, 2),
	(6, 'acc', 9, 8, $5, 2),
	(8, 'acc', 10, 11, $6, 2),
	(8, 'val loss', 4, 10, $7, 2);
UPDATE step SET needs = '[[0,1]]' WHERE id IN (2, 6, 11);
UPDATE step SET needs = '[[0,0],[1,1]]' WHERE id = 12;
INSERT INTO param VALUES
	(1, 'train.lr', 'real', '0.1', 0.1),
	(2, 'train.lr', 'real', '0.01', 0.01),
	(3, 'train.lr', 'text', 'auto', NULL),
	(4, 'train.lr', 'real', '1e-1', 0.1),
	(5, 'train.lr', 'text', '0.1', NULL),
	(6, 'train.lr', 'real', '0.1', 0.1),
	(1, 'opt', 'text', 'adam', NULL),
	(2, 'opt', 'text', 'sgd', NULL),
	(3, 'a b.c', 'integer', '7', 7);
INSERT INTO tag VALUES
	(1, 'team', 'blue'), (3, 'team', 'Red'), (5, 'team', 'b*ue'), (5, 'x y', '1');
INSERT INTO note VALUES
	(1, 'First try'), (3, '100% done');
INSERT INTO artifact (run, step, attempt, role, form, path, digest, size, mtime, mode) VALUES
	(1, 1, 1, 'out', 'file', 'data.csv', CAST(X'01' || zeroblob(31) AS BLOB), 10, 0, 420),
	(1, 2, 3, 'log', 'place', 'log', zeroblob(32), 10, 0, 420),
	(1, 2, 3, 'in', 'file', 'data.csv', CAST(X'01' || zeroblob(31) AS BLOB), 10, 0, 420),
	(1, 2, 3, 'out', 'folder', 'b', CAST(X'02' || zeroblob(31) AS BLOB), 10, 0, 420),
	(1, 2, 3, 'out', 'file', 'a', CAST(X'03' || zeroblob(31) AS BLOB), 10, 0, 420),
	(6, 8, 8, 'out', 'file', 'kept', CAST(X'06' || zeroblob(31) AS BLOB), 10, 0, 420),
	(7, 9, 9, 'out', 'file', 'gone', CAST(X'07' || zeroblob(31) AS BLOB), 10, 0, 420),
	(8, 11, 10, 'in', 'link', '/far', NULL, 10, 0, 420);
INSERT INTO sample VALUES
	(3, 20, 5, NULL, 7, 8, 9, 0.5, 2), (3, 10, 1, 2, 3, 4, NULL, NULL, NULL);
UPDATE run SET removed = 1 WHERE number IN (6, 7);
UPDATE run SET seal = zeroblob(32) WHERE number <> 4;
