# The code that steps see: exactly the working tree as it was when the run began, and nothing of it ever changes.
. "$TESTS/../lib/runs.sh"
needs git
GIT_AUTHOR_NAME=a GIT_AUTHOR_EMAIL=a@example.org GIT_COMMITTER_NAME=a GIT_COMMITTER_EMAIL=a@example.org
export GIT_AUTHOR_NAME GIT_AUTHOR_EMAIL GIT_COMMITTER_NAME GIT_COMMITTER_EMAIL
git config --global init.defaultBranch main
top=$PWD

# FOLDER: what it holds, to the last byte, mode and time of change.
print_of() {
	(cd "$1" && find . -printf '%p %m %T@ %s %l\n' | sort && find . -type f -print0 | sort -z | xargs -0 sha256sum) | sha256sum
}
# The files that a step saw, by path, mode and content.
listing='find . -mindepth 1 -not -type d -printf "%P %m %l\n" | sort >"$HOME/list"; tar -cf "$HOME/seen.tar" .'
pipeline() {
	printf "steps:\n  a: {run: '%s'}\n" "$listing" >jig.yaml
}
# The working tree, without the names given, is what the step saw.
saw_but() {
	rm -rf "$HOME/seen" "$HOME/here"
	mkdir "$HOME/seen" "$HOME/here"
	tar -xf "$HOME/seen.tar" -C "$HOME/seen"
	tar -cf - --exclude=./.git --exclude=./.jig . | tar -xf - -C "$HOME/here"
	for name; do
		rm -rf "${HOME:?}/here/$name"
	done
	find "$HOME/here" -mindepth 1 -type d -empty -delete
	diff -r --no-dereference "$HOME/here" "$HOME/seen" >&2 || fail "the step saw another tree"
	(cd "$HOME/here" && find . -type f -perm -u+x | sort) >"$HOME/x1"
	(cd "$HOME/seen" && find . -type f -perm -u+x | sort) >"$HOME/x2"
	cmp "$HOME/x1" "$HOME/x2"
}

# ---- without git

mkdir "$top/plain"
cd "$top/plain"
pipeline
mkdir -p src/deep .venv/bin 'a folder' __pycache__ node_modules/x .mypy_cache
echo "home = x" >.venv/pyvenv.cfg
head -c 3000000 /dev/zero >.venv/bin/big
echo code >src/deep/code.py
echo '#!/bin/sh' >tool.sh
chmod 755 tool.sh
ln -s src/deep/code.py link.py
ln -s nowhere dangling
echo umlaut >'a folder/naïve é.txt'
printf '\000\001\377' >binary
: >empty
echo x | tee __pycache__/x.pyc node_modules/x/index.js .mypy_cache/x .DS_Store >/dev/null
expect 0 jig run
saw_but .venv __pycache__ node_modules .mypy_cache .DS_Store
has "$(cat "$HOME/list")" "tool.sh 755"
has "$(cat "$HOME/list")" "link.py 777 src/deep/code.py"
same "$(ask last 'r["code"]["commit"], r["code"]["branch"], r["code"]["dirty"]')" "(None, None, None)"

has "$out" .venv

# A big file is left out, and named; as an input it is no code either.
head -c 3000000 /dev/zero >big.bin
expect 0 jig run
has "$out" big.bin
saw_but .venv __pycache__ node_modules .mypy_cache .DS_Store big.bin
expect 0 jig run --max-snapshot 10M
saw_but .venv __pycache__ node_modules .mypy_cache .DS_Store
printf "steps:\n  a: {run: '%s; wc -c <big.bin >\"\$HOME/size\"', inputs: [big.bin]}\n  b: {run: 'ls >\"\$HOME/b\"'}\n" "$listing" >jig.yaml
expect 0 jig run
same "$(cat "$HOME/size")" 3000000
hasnt "$(cat "$HOME/b")" big.bin
echo big.bin >.jigignore
pipeline
expect 0 jig run
hasnt "$(cat "$HOME/list")" big.bin
rm big.bin .jigignore

# ---- git: the working tree counts, not the last commit; the repository stays as it is

mkdir "$top/repo"
cd "$top/repo"
pipeline
git init -q
echo one >tracked.py
echo two >removed.py
echo "*.tmp" >.gitignore
expect 0 jig run # HEAD is unborn
saw_but
has "$out" " · no commit yet · "
same "$(ask last 'r["code"]["commit"]')" None
expect 0 jig show last
has "$out" "  code       no commit yet, on $(git symbolic-ref --short HEAD) · snapshot "
git add .
git commit -qm first
echo changed >>tracked.py
rm removed.py
echo staged >staged.py
git add staged.py
echo later >>staged.py
echo untracked >untracked.py
echo ignored >ignored.tmp
before=$(print_of .git)
expect 0 jig run
same "$(print_of .git)" "$before"
saw_but ignored.tmp
same "$(ask last 'r["code"]["commit"], r["code"]["branch"], r["code"]["dirty"]')" "('$(git rev-parse HEAD)', 'main', True)"
git add -A
git commit -qm second
before=$(print_of .git)
expect 0 jig run
same "$(ask last 'r["code"]["dirty"]')" False
git checkout -q --detach HEAD~1
expect 0 jig run # the code of the first run
has "$out" "⟲ a   same as run 1"
expect 0 jig run --fresh
saw_but ignored.tmp
same "$(ask last 'r["code"]["commit"], r["code"]["branch"]')" "('$(git rev-parse HEAD)', None)"
git checkout -q main

# Big new files in a repository: an error that names them and the ways out.
head -c 3000000 /dev/zero >big.bin
expect 2 jig run
has "$err" big.bin
has "$err" --max-snapshot
rm big.bin

# git in a step does not find the user's repository.
cat >jig.yaml <<'Y'
steps:
  a: {run: 'git rev-parse HEAD >"$HOME/git" 2>&1 || echo none >"$HOME/git"'}
Y
before=$(print_of .git)
expect 0 jig run
same "$(cat "$HOME/git")" none
same "$(print_of .git)" "$before"

# A project below the top of its repository: its own folder is the code.
mkdir -p sub/project
cd sub/project
pipeline
echo below >below.py
expect 0 jig run
same "$(cut -d' ' -f1 "$HOME/list" | tr '\n' ' ')" "below.py jig.yaml "
[ -d .jig ]
[ ! -e ../../sub/.jig ]

# ---- secrets stay out

cd "$top/plain"
pipeline
echo "KEY=hunter2hunter2" >.env
mkdir -p .ssh conf
echo "-----BEGIN OPENSSH PRIVATE KEY-----" >.ssh/id_rsa
echo x >conf/credentials.json
expect 0 jig run
hasnt "$(cat "$HOME/list")" .env
hasnt "$(cat "$HOME/list")" id_rsa
has "$out$err$(jig show last)" .env
rm -r .env .ssh conf

# ---- what is edited while a run goes on is the next run's

mkdir "$top/edit"
cd "$top/edit"
cat >jig.yaml <<'Y'
steps:
  first: {run: 'touch "$HOME/first"; until [ -e "$HOME/edited" ]; do sleep 0.02; done; cat lib.py in.txt >"$HOME/saw1"', inputs: [in.txt]}
  second: {run: 'cat lib.py in.txt >"$HOME/saw2"; ls >"$HOME/ls2"', needs: [first], inputs: [in.txt]}
Y
echo old >lib.py
echo old >in.txt
head -c 200000 /dev/zero >large.py
jig run >/dev/null &
sup=$!
await test -e "$HOME/first"
echo new >lib.py
echo new >in.txt
echo new >added.py
rm large.py
cp jig.yaml jig.old
echo 'steps: {first: {run: "false"}}' >jig.yaml
touch "$HOME/edited"
wait $sup
same "$(cat "$HOME/saw1" "$HOME/saw2" | tr '\n' ' ')" "old old old old "
same "$(tr '\n' ' ' <"$HOME/ls2")" "in.txt jig.yaml large.py lib.py "
mv jig.old jig.yaml
expect 0 jig run
same "$(tr '\n' ' ' <"$HOME/saw2")" "new new "

# A step that spoils its own copy spoils no other's.
cat >jig.yaml <<'Y'
steps:
  spoils: {run: 'echo evil >lib.py; echo evil >in.txt; chmod 777 big.py; echo evil >big.py; rm jig.yaml; mkdir jig.yaml; ln -s / new', inputs: [in.txt]}
  next: {run: 'head -c 5 big.py lib.py in.txt jig.yaml >"$HOME/saw3"; ls >"$HOME/ls3"', needs: [spoils], inputs: [in.txt]}
Y
head -c 200000 /dev/zero | tr '\0' b >big.py
expect 0 jig run -j 1
hasnt "$(cat "$HOME/saw3")" evil
has "$(cat "$HOME/saw3")" bbbbb
same "$(tr '\n' ' ' <"$HOME/ls3")" "added.py big.py in.txt jig.yaml lib.py "
same "$(cat lib.py in.txt | tr '\n' ' ')" "new new "
finish
cd "$top/plain"
finish
cd "$top/repo"
finish

# What looks like a secret, in the code or among the params, is told before it is recorded for ever.
mkdir guess
cd guess
echo 'params: {x: 1}
steps: {a: {run: ":"}}' >jig.yaml
printf 'key = "ghp_%s"\n' abcdefghijklmnopqrstuvwxyz0123456789 >s.py
letters=abcdefghijklmnopqrstuvwxyz
expect 0 jig run -p +hf_token="hf_${letters}ABCDEFGH"
has "$out" "s.py:1 (a token of GitHub)"
has "$out" "param hf_token looks like a token of Hugging Face"
expect 0 jig run -p x=2
hasnt "$out" "param"
cd ..
