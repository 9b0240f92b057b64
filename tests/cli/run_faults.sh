# Steps that misbehave, and what the record says of it.
. "$TESTS/../lib/runs.sh"

# ---- inputs that are not there: all are named at once, and nothing is recorded

mkdir data
ln -s loop1 data/loop2
ln -s loop2 data/loop1
ln -s nothing data/dangling
mkfifo data/fifo
cat >jig.yaml <<'Y'
steps:
  a:
    inputs: [data/none.csv, data/loop1]
    run: "true"
  b:
    inputs:
      - data/dangling
      - data/fifo
      - "data/*.parquet"
      - {link: /nonexistent/imagenet}
    run: "true"
Y
expect 2 jig run
for place in 'jig.yaml:3:14: step "a": input "data/none.csv"' 'jig.yaml:3:29: step "a": input "data/loop1"' 'jig.yaml:7:9: step "b": input "data/dangling"' \
	'jig.yaml:8:9: step "b": input "data/fifo"' 'jig.yaml:9:9: step "b": input "data/*.parquet"' 'step "b": input "/nonexistent/imagenet"'; do
	has "$err" "$place"
done
[ "$(printf '%s\n' "$err" | wc -l)" -eq 6 ] || fail "$err"
expect 2 jig show last
if [ "$(id -u)" != 0 ]; then
	echo 1 >data/closed
	chmod 0 data/closed
	printf 'steps:\n  a: {run: "true", inputs: [data/closed, data/none]}\n' >jig.yaml
	expect 2 jig run
	has "$err" "data/closed"
	has "$err" "data/none"
	chmod 600 data/closed
fi
rm -r data

# ---- what comes out of steps

cat >jig.yaml <<'Y'
steps:
  missing_command: {run: [no-such-program, x]}
  missing_in_shell: {run: "no-such-program"}
  no_output: {run: "true", outputs: [a/none.txt, here/none/]}
  symlink: {run: "echo x >real; ln -s real link.txt", outputs: [link.txt]}
  fifo: {run: "mkfifo pipe", outputs: [pipe]}
  socket: {run: ["python3", "-c", "import socket; socket.socket(socket.AF_UNIX).bind('sock')"], outputs: [sock]}
  behind: {run: "mkdir real; rmdir sub; ln -s real sub; echo x >sub/out.txt", outputs: [sub/out.txt]}
  folder_for_file: {run: "mkdir f", outputs: [f]}
  file_for_folder: {run: "echo x >d", outputs: [d/]}
  escape: {run: "rm -rf up; ln -s / up", outputs: [up/etc/passwd]}
  inner_fifo: {run: "mkfifo tree/pipe || { mkdir -p tree; mkfifo tree/pipe; }", outputs: [tree/]}
  ok: {run: "echo fine >ok.txt", outputs: [ok.txt]}
Y
expect 1 jig run -j 2
same "$(ask last '" ".join(n for n, x in s.items() if x["state"] == "success")')" ok
same "$(cause last missing_command) $(cause last missing_in_shell)" "spawn exit"
has "$(message last missing_command)" no-such-program
for step in no_output symlink fifo socket behind folder_for_file file_for_folder escape inner_fifo; do
	same "$step $(cause last $step)" "$step output_missing"
done
has "$(message last no_output)" 'output "a/none.txt" is missing'
has "$(message last no_output)" 'output "here/none"'
has "$(message last symlink)" 'output "link.txt" is a symbolic link'
has "$(message last behind)" 'output "sub/out.txt" lies behind a symbolic link'
has "$(message last folder_for_file)" 'is a folder'
has "$(message last file_for_folder)" 'is a file, not a folder'
has "$(message last inner_fifo)" pipe

# ---- names, places, and what is printed

long=$(python3 -c 'print("n" * 200)')
python3 - "$long" >jig.yaml <<'P'
import json, sys
name = sys.argv[1]
steps = {
    "spaces": {"run": "echo 1 >'a b/c  d.txt'; echo 2 >'naïve-Δ.txt'; echo 3 >" + name + "; echo 4 >\"it's.txt\"",
               "outputs": ["a b/c  d.txt", "naïve-Δ.txt", name, "it's.txt"]},
    "takes": {"run": "cat 'a b/c  d.txt' naïve-Δ.txt " + name + " it\\'s.txt >\"$HOME/taken\"", "inputs": ["a b/c  d.txt", "naïve-Δ.txt", name, "it's.txt"]},
    name: {"run": "pwd >\"$HOME/where\"; echo x >x.txt", "outputs": ["x.txt"]},
    "binary": {"run": "head -c 100000 /dev/urandom; printf '\\000\\377\\033[31m\\n'"},
    "streams": {"run": ["sh", "-c", "exec >&- 2>&- <&-; echo x >s.txt; sleep 0.1"], "outputs": ["s.txt"]},
    "away": {"run": "cd /; pwd; cd \"$OLDPWD\" && echo x >away.txt; cd /tmp", "outputs": ["away.txt"]},
    "longline": {"run": "head -c 3000000 /dev/zero | tr '\\0' a; echo; echo end"},
    "noline": {"run": "printf 'without a newline'"},
    "much": {"run": "echo first; head -c 100000000 /dev/zero | tr '\\0' 'a' | fold -w 99; echo last", "log_limit": "1M"},
    "own": {"run": "echo x >keep; d=$(pwd); cd /; rm -rf \"$d\""},
    "above": {"run": "d=$(dirname \"$(pwd)\"); cd /; rm -rf \"$d\" \"$TMPDIR\" \"$JIG_CHECKPOINTS\""},
    "after": {"needs": ["own", "above"], "trigger": "all_done", "run": "[ -d \"$TMPDIR\" ] && [ -d \"$JIG_CHECKPOINTS\" ] && ls >\"$HOME/after\""},
}
json.dump({"steps": steps}, sys.stdout)
P
expect 0 jig run -j 2
same "$(cat "$HOME/taken" | tr '\n' ' ')" "1 2 3 4 "
same "$(cat "$HOME/after")" jig.yaml
[ "$(wc -c <"$(dirname "$(cat "$HOME/where")")/step.json")" -gt 10 ] || fail "no step.json of the long name"
expect 0 jig logs last noline
same "$out" "without a newline"
expect 0 jig logs last longline
has "$out" end
expect 0 jig logs last much
has "$out" first
has "$out" last
size=$(ask last "$(printf 'max(__import__("os").path.getsize(".jig/" + a["folder"].split(".jig/")[-1] + "/log") for a in s["much"]["attempts"])')")
[ "$size" -lt 2500000 ] || fail "the log has $size bytes"
expect 0 jig get last "a b/c  d.txt" "$long" -o got
same "$(cat "got/a b/c  d.txt" "got/$long" | tr '\n' ' ')" "1 3 "

# ---- metrics of all kinds

cat >jig.yaml <<'Y'
steps:
  m:
    run: |
      { echo '{"loss": NaN, "inf": Infinity, "minus": -Infinity, "big": 1e400, "zero": -0.0, "step": 1}'
        echo 'plain=1.5 step=3'
        echo 'this is no metric'
        echo '{"loss": 0.5, "step": 2'
        echo '{"loss": 0.25, "step": 2, "ts": 1700000000.5}'
        echo '{"text": "no number"}'
        echo '{"nested": {"a": {"b": 7}}}'
        head -c 2000000 /dev/zero | tr '\0' x; echo
        printf 'last=9'
      } >>"$JIG_METRICS"
Y
expect 0 jig run
same "$(ask last '{m["key"]: (m["last"], m["count"]) for m in sorted(r["metrics"], key=lambda m: m["key"])}')" \
	"{'big': ('Infinity', 1), 'inf': ('Infinity', 1), 'last': (9.0, 1), 'loss': (0.25, 2), 'minus': ('-Infinity', 1), 'nested.a.b': (7.0, 1), 'plain': (1.5, 1), 'zero': (-0.0, 1)}"
expect 0 jig logs last m
same "$out" "[jig: line 3 of \$JIG_METRICS is no metric: column 1: NAME=VALUE or a JSON object expected: this is no metric]
[jig: 3 lines of \$JIG_METRICS are no metrics]"
# The first is shown in one line, whatever it holds, and the rest of one that is too long is no line of its own.
cat >jig.yaml <<'Y'
steps:
  one: {run: 'printf "a=1\n\n\033[31mred\303\251 %0100d\n" 7 >>"$JIG_METRICS"'}
  long: {run: '{ head -c 3000000 /dev/zero | tr "\0" x; echo " loss=1"; echo acc=1; } >>"$JIG_METRICS"; exit 3'}
Y
expect 1 jig run
same "$(states last)" "failed one=success long=failed"
same "$(ask last 'sorted(m["key"] for m in r["metrics"])')" "['a', 'acc']"
expect 0 jig logs last one
same "$out" "[jig: line 3 of \$JIG_METRICS is no metric: column 1: NAME=VALUE or a JSON object expected: ·[31mredé 00000000000000000000000000000000000000000000000000…]"
expect 0 jig logs last long
has "$out" "[jig: line 1 of \$JIG_METRICS is no metric: it is longer than 1 MiB: xxxx"
hasnt "$out" "are no metrics"
# The metrics file may be anything, and the step goes on; what `jig log --param` handed over was meant to last.
cat >jig.yaml <<'Y'
steps:
  link: {run: 'ln -s /etc/passwd "$JIG_METRICS"'}
  folder: {run: 'mkdir "$JIG_METRICS"'}
  fifo: {run: 'mkfifo "$JIG_METRICS"; sleep 0.3'}
  logged: {run: 'mkfifo "$(dirname "$JIG_METRICS")/logged.jsonl"'}
Y
expect 1 jig run
same "$(ask last 'r["metrics"]')" "[]"
same "$(states last | tr ' ' '\n' | sort | tr '\n' ' ')" "failed fifo=success folder=success link=success logged=failed "
has "$(message last logged)" "logged.jsonl, with all that \`jig log\` handed over: it is no file"

# ---- what a step leaves running does not outlive it

cat >jig.yaml <<'Y'
steps:
  child: {run: 'sleep 600 & echo $! >"$HOME/p1"; echo x >x.txt', outputs: [x.txt]}
  daemon:
    run: |
      setsid sh -c 'echo $$ >"$HOME/p2"; exec sleep 600' >/dev/null 2>&1 </dev/null &
      (setsid sh -c 'trap "" TERM HUP; echo $$ >"$HOME/p3"; while :; do sleep 1; done' &) &
      while [ ! -s "$HOME/p2" ] || [ ! -s "$HOME/p3" ]; do sleep 0.02; done
  bare:
    run: |
      setsid env -i sh -c 'echo $$ >"$1"; exec sleep 600' sh "$HOME/p4" >/dev/null 2>&1 </dev/null &
      while [ ! -s "$HOME/p4" ]; do sleep 0.02; done
Y
expect 0 jig run -j 1
leave "$HOME/p2" "$HOME/p3" "$HOME/p4"
all_gone "$HOME/p1" "$HOME/p2" "$HOME/p3" "$HOME/p4"

# ---- bytes that are no text, where the project stands and in a variable

here=$PWD
odd=$(printf 'caf\351')
mkdir "$odd"
cd "$odd"
cat >jig.yaml <<'Y'
steps:
  a: {run: 'printf "caf\351\n"; mkdir o; echo 1 >"$(printf "o/caf\351")"', outputs: [o/]}
  b: {run: 'ls o >"$HOME/odd2"; exit 1', inputs: [o/]}
Y
expect 1 env TZ="$odd" jig run --isolation folder
same "$(states last)" "failed a=success b=failed"
same "$(cat "$HOME/odd2")" "$odd"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' .jig/runs/1/a@1/step.json
finish
cd "$here"

# ---- a FIFO where jig looks for a file: nobody need ever write to it

mkdir fifos
cd fifos
mkfifo jig.yaml
for command in run plan dag "run -f jig.yaml"; do
	expect 2 timeout 60 jig $command
	same "$err" "jig: $PWD/jig.yaml is a FIFO, not a file"
done
rm jig.yaml
printf 'steps: {a: {run: "true"}}\n' >jig.yaml
mkfifo requirements.txt
expect 2 timeout 60 jig run
has "$err" "requirements.txt is a FIFO, not a file"
cd "$here"

# ---- one that does not want to stop

cat >jig.yaml <<'Y'
steps:
  stubborn: {run: "trap '' TERM INT HUP; echo $$ >\"$HOME/p5\"; (trap '' TERM; setsid sleep 600 & echo $! >\"$HOME/p6\"); while :; do sleep 0.05; done"}
Y
expect 0 jig run -d
await test -s "$HOME/p6"
expect 0 jig stop last
await ended last
same "$(states last)" "stopped stubborn=stopped"
leave "$HOME/p6"
all_gone "$HOME/p5" "$HOME/p6"
no_tmpdirs
finish
