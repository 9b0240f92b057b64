# The walk of docs/tour.md, in tmux: a run is watched, fails, is mended and resumed, and the workbench is never left. The screens are those of the document.
# UPDATE=1 writes them there.
. "$TESTS/../lib/runs.sh"
needs tmux
needs_linux /proc # which tells of CPU and memory
doc=$TESTS/../../docs/tour.md
base=$(mktemp -d /tmp/XXXXXX)
socket=$base/tmux
unset TMUX TMUX_PANE NO_COLOR JIG_THEME VISUAL
t() { tmux -u -f /dev/null -S "$socket" "$@"; }
trap 't kill-server 2>/dev/null || :; rm -rf "$base"' EXIT
mkdir screens "$base/rings"
screens=$PWD/screens

cp -R "$TESTS/../../examples/rings/." "$base/rings"
cd "$base/rings"
sed -i 's/min(epoch.*)]/epoch \/\/ 10]/' schedules/steps.py
grep -q 'RATES\[epoch // 10\]' schedules/steps.py || fail "the mistake is not there"

# What a person would do in an editor.
cat >"$base/editor" <<'END'
#!/bin/sh
[ "$1" = +5 ] || exit 1
sed -i '5s|epoch // 10|min(epoch // 10, len(RATES) - 1)|' "$2"
END
chmod +x "$base/editor"

picture() { t capture-pane -p; }
said() { picture | grep -q -- "$1"; }
# PATTERN…: all of them come to the screen.
shows() {
	for pattern; do
		tries=0
		until said "$pattern"; do
			tries=$((tries + 1))
			[ "$tries" -lt 2400 ] || fail "\"$pattern\" never came:
$(picture)"
			sleep 0.05
		done
	done
}
save() { picture | sed "s|$base/|~/|g" >"$screens/$1"; }
key() { t send-keys "$@"; }

EDITOR=$base/editor
export EDITOR
t new-session -d -x 110 -y 24 'jig; echo $? >../status'
t set-option -g status off \; set-option -s escape-time 0

shows 'No run yet' '5 run$'
save first
key Enter
shows '5 run, 0 reused'
save plan
key Enter
shows '1 running\|▶ running' 'acc' 'loss'
save live
key Enter
shows 'epoch [1-3][0-9]' 'checkpoint'
save run
key 2
shows 'charts' 'cpu cores' ' 10 '
save metrics
key Escape
shows '1 [a-z-]* ✗ failed' 'steps.py:5' 'IndexError'
save failed
key 1
shows 'IndexError' ' lines'
save log
key Escape
shows 'checkpoint'
key e
await grep -q min schedules/steps.py
shows 'checkpoint'
key R
shows '2 run, 3 reused'
save again
key Enter
shows '2 [a-z-]* ✓ success' 'best'
save done
key Escape
shows 'runs' '2 runs'
key g
shows 'differs from 1'
save both
key q
await test -s ../status
same "$(cat ../status)" 0
same "$(states 2)" "success points=reused train[constant]=reused train[cosine]=reused train[steps]=success evaluate=success"
jig logs 2 'train[steps]' | grep -q 'going on from epoch-29.json' || fail "it began anew"
jig fsck
jig verify

if [ "${UPDATE:-}" = 1 ]; then
	python3 "$TESTS/tour.py" update "$doc" "$screens"
else
	python3 "$TESTS/tour.py" compare "$doc" "$screens" first plan failed log again done both
fi
