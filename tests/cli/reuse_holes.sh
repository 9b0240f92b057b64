# What is easily overlooked when a step is reused: each case changes what a step sees in a way that nothing else tells.
. "$TESTS/../lib/runs.sh"
needs git

# NAME: a project of its own, entered; its pipeline is read from standard input.
project() {
	mkdir "$HOME/$1"
	cd "$HOME/$1"
	git init -q .
	cat >jig.yaml
}

# Runs it with further arguments for jig; what decided last is in $said.
again() {
	jig run --isolation folder -j 1 "$@" >"$HOME/out" 2>&1 || fail "$(cat "$HOME/out")"
	said=$(ask last 's["a"]["reason"]')
}

# ---- a file of params counts by its values and, once it was opened, by how they are written; $JIG_PARAMS by its values alone

project params_text <<'Y'
params: params.yaml
steps: {a: {run: "wc -l <params.yaml >o", outputs: [o]}}
Y
printf 'lr: 1\nseed: 2\n' >params.yaml
again
again -p lr=1
has "$said" "reuse: same as a@1 of run 1"
echo '# a remark' >>params.yaml
again
same "$said" "run: params.yaml changed"
printf 'lr: 3\nseed: 2\n' >params.yaml
again
same "$said" "run: param lr 1 → 3"

project params_order <<'Y'
params: {lr: 1, more: {x: 1, a: 2}}
steps: {a: {run: 'cat "$JIG_PARAMS" >o', outputs: [o]}}
Y
again
jig get 1 o -o "$HOME/first" >/dev/null
sed -i 's/{lr: 1, more: {x: 1, a: 2}}/{more: {a: 2, x: 1}, lr: 1}/' jig.yaml
again
has "$said" "reuse: same as a@1 of run 1"
again --fresh
jig get last o -o "$HOME/second" >/dev/null
cmp "$HOME/first/o" "$HOME/second/o"

# ---- whether an input can be executed, and whether the output of another step can

project input_mode <<'Y'
steps: {a: {run: "./tool >o || echo no >o", inputs: [tool], outputs: [o]}}
Y
echo tool >.gitignore
printf '#!/bin/sh\necho yes\n' >tool
chmod 644 tool
again
chmod 600 tool
again
has "$said" "reuse: same as a@1 of run 1"
chmod 755 tool
again
same "$said" "run: input tool changed"

project output_mode <<'Y'
steps:
  make: {run: sh make.sh, outputs: [tool]}
  a: {run: "./tool >o || echo no >o", inputs: [tool], outputs: [o]}
Y
printf 'printf "#!/bin/sh\\necho yes\\n" >tool\nchmod 755 tool\n' >make.sh
again
sed -i 's/755/644/' make.sh
again
same "$said" "run: input tool changed (make ran again)"

needs_lookups

# ---- a module beside an output or an input of its name

project module_output <<'Y'
steps: {a: {run: "python3 a.py; mkdir model; echo >model/x", outputs: [o, model/]}}
Y
printf 'try:\n    from model import X\nexcept ImportError:\n    X = 0\nopen("o", "w").write(str(X))\n' >a.py
again
echo 'X = 1' >model.py
again
same "$said" "run: model.py is new, a looked for it"

# ---- finders of modules with suffixes of their own

project suffixes <<'Y'
steps: {a: {run: python3 a.py, outputs: [o]}}
Y
mkdir plugins
echo >plugins/keep
cat >a.py <<'P'
import os
from importlib.machinery import FileFinder, SourceFileLoader
found = FileFinder(os.getcwd() + "/plugins", (SourceFileLoader, [".plugin"])).find_spec("x")
open("o", "w").write(str(found is None))
P
again
echo >plugins/x.plugin
again
same "$said" "run: plugins/x.plugin is new, a listed its folder"

# ---- a script that reads its own text

project own_text <<'Y'
steps: {a: {run: python3 a.py, reuse: {python: tokens}, outputs: [o]}}
Y
printf 'import sys\n# one\nopen("o", "w").write(open(sys.argv[0]).read())\n' >a.py
again
sed -i 's/one/two/' a.py
again
same "$said" "run: a.py changed (+1 −1)"

# ---- a folder that is to be made in one of the code

project made_in <<'Y'
steps: {a: {run: "mkdir sub/new/ && echo made >o || echo not >o", outputs: [o]}}
Y
mkdir sub
echo >sub/keep
again
rm -r sub
again
same "$said" "run: sub is gone"

# ---- links through the folders of a process

project processes <<'Y'
steps: {a: {run: "cat here/c //proc/self/cwd/c >o", outputs: [o]}}
Y
ln -s /proc/self/cwd here
echo 1 >c
again
echo 2 >c
again
has "$said" "a path led through /proc to a folder that is not known"

# ---- a folder outside that someone changed while it was listed

mkdir "$HOME/lists"
project listed <<'Y'
steps: {a: {run: "ls lists >o; : >../ready; while [ ! -e lists/new ]; do sleep 0.01; done", outputs: [o]}}
Y
ln -s "$HOME/lists" lists
(
	while ! ls .jig/runs/1/*/ready >/dev/null 2>&1; do sleep 0.01; done
	echo >"$HOME/lists/new"
) &
again
wait
again
same "$said" "run: $HOME/lists, read but not declared, changed"

# ---- what a step before did to its own work folder is not there for the next

project folders <<'Y'
steps:
  first: {run: "chmod 700 lib . && chmod 600 c tool", outputs: []}
  a: {run: "stat -c %a lib . c tool >o", needs: [first], outputs: [o]}
Y
mkdir lib
echo >lib/x
echo >c
printf '#!/bin/sh\n' >tool
chmod +x tool
again
jig get 1 o -o "$HOME/after" >/dev/null
cat >jig.yaml <<'Y'
steps: {a: {run: "stat -c %a lib . c tool >o", outputs: [o]}}
Y
again --fresh
jig get last o -o "$HOME/alone" >/dev/null
cmp "$HOME/after/o" "$HOME/alone/o" || fail "$(cat "$HOME/after/o" "$HOME/alone/o")"

# ---- data that stands beside a folder of programs

mkdir -p "$HOME/data/bin"
PATH=$HOME/data/bin:$PATH
echo 1 >"$HOME/data/set.csv"
project beside_programs <<'Y'
steps: {a: {run: 'cat "$HOME/data/set.csv" >o', outputs: [o]}}
Y
again
echo 22 >"$HOME/data/set.csv"
again
same "$said" "run: $HOME/data/set.csv, read but not declared, changed"

# ---- a link that a step made in one folder and moved to another leads elsewhere from there

project moved_link <<'Y'
steps: {a: {run: "ln -s ../data one/l; mv one/l two/deep/l; cat two/deep/l/x >o", outputs: [o]}}
Y
mkdir -p one two/deep two/data
echo 1 | tee one/keep two/deep/keep >two/data/x
again
echo 2 >two/data/x
again
has "$said" "run: "
