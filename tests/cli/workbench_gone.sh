# Runs that are deleted, and logs that are cut, replaced and deleted, while they are on the screen.
. "$TESTS/lib.sh"
XDG_CONFIG_HOME=$HOME/config
export XDG_CONFIG_HOME
cat >jig.yaml <<'E'
steps: {first: {run: "for i in $(seq 1 50); do echo line $i; done; exit 1"}}
E
for i in 1 2 3; do
	expect 1 jig run
done

# NUMBER KEYS: opens a run's screen, has the run deleted from beside, and goes on.
gone() {
	rm -f saw
	cat >keys <<E
:wait $1
Enter
$2
:save-screen saw
:wait run $1 was deleted
j k 1 2 3 6 R s e
:save-screen after.txt
Esc Esc Esc
E
	(
		while [ ! -s saw ]; do sleep 0.05; done
		jig rm --yes "$1"
		jig gc
	) >/dev/null &
	expect 0 jig --script keys --size 80x24
	wait
}
gone 3 1
gone 2 ""
gone 1 T
expect 0 jig ls
hasnt "$out" "failed"

# A log that does what it likes.
cat >jig.yaml <<'E'
steps:
  slow:
    run: |
      echo begins
      until [ -e "$HOME/end" ]; do sleep 0.05; done
E
jig run -d >/dev/null
log=$(echo .jig/runs/*/slow@1/log)
begun() { log=$(echo .jig/runs/*/slow@1/log) && grep -q begins "$log"; }
await begun
cat >keys <<'E'
Enter 1
:wait begins
:save-screen cut
:wait another
:save-screen replaced
:wait and longer
:save-screen deleted
g G w o n
:wait stopped
E
(
	until [ -s cut ]; do sleep 0.05; done
	: >"$log"
	echo another >>"$log"
	until [ -s replaced ]; do sleep 0.05; done
	{
		head -c 200000 /dev/zero | tr '\0' '\377'
		echo
		echo "and longer"
	} >new
	mv new "$log"
	until [ -s deleted ]; do sleep 0.05; done
	rm "$log"
	jig stop last
) >/dev/null &
expect 0 jig --script keys --size 80x24
wait

# The whole record deleted, and another made: what is there now is shown.
echo 'steps: {first: {run: "true"}}' >jig.yaml
jig run >/dev/null
cat >keys <<'E'
Enter 1
:save-screen open
:wait deleted or replaced
:wait No run yet
:save-screen away
:wait 1 run
Enter
:wait first
j 2 T Esc Esc
E
rm -f open away
(
	until [ -s open ]; do sleep 0.05; done
	chmod -R u+w .jig
	rm -rf .jig
	until [ -s away ]; do sleep 0.05; done
	jig run --name anew
) >/dev/null &
expect 0 jig --script keys --size 80x24
wait
