# Kill -9 in a resume, at each point at which something has just been done, and then a resume once more: it comes to the same outputs, and no step runs
# twice at once.
. "$TESTS/../lib/runs.sh"

# $me: tells of a process of this step that still lives; then it is this one.
cat >begin.sh <<'S2'
if [ -s "$HOME/live.$me" ] && kill -0 "$(cat "$HOME/live.$me")" 2>/dev/null; then
	case $(cut -d' ' -f3 "/proc/$(cat "$HOME/live.$me")/stat") in Z) ;; *) echo "$me" >>"$HOME/overlaps" ;; esac
fi
echo $$ >"$HOME/live.$me"
echo "$me" >>"$HOME/began"
S2
# 6 epochs, a checkpoint after each, half written first; every one of them goes into the model.
cat >train.sh <<'S2'
me=train; . ./begin.sh
last=$(ls "$JIG_CHECKPOINTS" | grep '^epoch-.$' | tail -n 1)
epoch=${last#epoch-}
epoch=${epoch:-0}
echo "from $epoch" >>"$HOME/from"
if [ "$epoch" -gt 0 ]; then model=$(cat "$JIG_CHECKPOINTS/$last"); else model=$(cat clean.txt); fi
while [ "$epoch" -lt 6 ]; do
	epoch=$((epoch + 1))
	model=$(echo "$model $epoch" | cksum)
	[ ! -e "$HOME/fail.$epoch" ] || exit 1
	printf 'half of it' >"$JIG_CHECKPOINTS/epoch-$epoch"
	if [ -e "$HOME/tear.$epoch" ]; then
		: >"$HOME/torn"
		sleep 600
	fi
	echo "$model" >"$JIG_CHECKPOINTS/epoch-$epoch"
done
echo "$model" >model.txt
S2
cat >jig.yaml <<'Y'
steps:
  clean: {run: "me=clean; . ./begin.sh; sort raw.txt >clean.txt", inputs: [raw.txt], outputs: [clean.txt]}
  train: {run: sh train.sh, inputs: [clean.txt], outputs: [model.txt]}
  plot: {run: "me=plot; . ./begin.sh; mkdir plots; cp clean.txt plots/a; cp clean.txt plots/b", inputs: [clean.txt], outputs: [plots/]}
  evaluate: {run: "me=evaluate; . ./begin.sh; wc -c <model.txt >score.txt; cat plots/a >>score.txt; echo score=1 >>$JIG_METRICS", inputs: [model.txt, plots/], outputs: [score.txt]}
Y
printf 'b\na\n' >raw.txt

# What the steps of a run gave, by digest.
given() {
	ask "$1" '[(o["path"], o["digest"]) for x in r["steps"] for o in x["outputs"]]'
}

# The undisturbed one: nothing of a checkpoint is in it. Then a run that failed, and the edit that mends it.
expect 0 jig run
whole=$(given last)
rm -rf .jig
: >"$HOME/fail.4"
expect 1 jig run
rm "$HOME/fail.4"
echo "# edited" >>train.sh
cp -a .jig "$HOME/saved"
JIG_FAULT_LOG=$HOME/points expect 0 jig resume 1
same "$(given last)" "$whole"
same "$(tail -n 1 "$HOME/from")" "from 3"
same "$(states last)" "success clean=reused train=success plot=reused evaluate=success"

# Each point, and of those come to more than once the first and the last time.
sort "$HOME/points" | uniq -c >"$HOME/counts"
for point in checkpoint-copied checkpoint-proved checkpoint-given attempt-made attempt-started attempt-exited outputs-taken object-named plan-made run-added code-pinned run-begun \
	record-before record-after; do
	grep -q " $point\$" "$HOME/counts" || fail "no resume came to $point"
done
while read -r count point <&3; do
	for n in $(printf '1\n%s\n' "$count" | sort -nu); do
		# How often the record is written hangs on time: the last time may be an earlier one now.
		for nth in $(seq "$n" -1 1); do
			rm -rf .jig
			cp -a "$HOME/saved" .jig
			: >"$HOME/began"
			status=0
			JIG_FAULT=$point:$nth jig resume 1 >"$HOME/said" 2>&1 || status=$?
			[ $status = 0 ] || break
		done
		same "$status" 137
		run=$(ask last 'r["run"]')
		case $point:$n:$run:$(ask last 'r["state"]') in
		*:1:failed | *:2:lost | record-after:"$count":2:success) ;;
		*) fail "killed at $point:$n: $(states last)" ;;
		esac
		expect 0 jig resume "$run"
		same "$point:$n $(given last)" "$point:$n $whole"
		hasnt "$(cat "$HOME/began")" clean
		[ ! -e "$HOME/overlaps" ] || fail "$point:$n: two at once: $(cat "$HOME/overlaps")"
		no_tmpdirs
		expect 0 jig fsck
		expect 0 jig verify
	done
done 3<"$HOME/counts"

# ---- the supervisor is killed while the step writes a checkpoint: that one is torn, the one before is whole; also when what buries the run is killed

rm -rf .jig "$HOME/from"
: >"$HOME/tear.4"
env jig run --isolation folder >"$HOME/live" 2>&1 &
await test -e "$HOME/torn"
recorded() {
	case $(states 1) in *train=running*) ;; *) return 1 ;; esac
}
await recorded
kill -9 $!
wait $! || :
await gone "$(cat "$HOME/live.train")"
rm "$HOME/tear.4"
sed -i 's/# edited.*/# edited again/' train.sh
rm -rf "$HOME/saved"
cp -a .jig "$HOME/saved"
for point in none lost-swept checkpoint-settle lost-settled checkpoint-copied checkpoint-given; do
	rm -rf .jig
	cp -a "$HOME/saved" .jig
	: >"$HOME/from"
	case $point in
	none) ;;
	*) JIG_FAULT=$point expect 137 jig resume 1 ;;
	esac
	expect 0 jig resume 1
	same "$point $(given last)" "$point $whole"
	same "$point $(cat "$HOME/from")" "$point from 3"
	same "$(states 1 | cut -d' ' -f1-3)" "lost clean=success train=lost"
	same "$(cat .jig/runs/1/train.torn/epoch-4)" "half of it"
	same "$(ls .jig/runs/1/train.ckpt | tr '\n' ' ')" "epoch-1 epoch-2 epoch-3 "
	same "$(ask last '[s["train"]["attempts"][0]["continued"][k] for k in ("run", "step", "attempt")]')" "[1, 'train', 1]"
	same "$(ask last 's["train"]["attempts"][0]["continued"]["checkpoint"]["digest"]')" "$(sha256sum <.jig/runs/1/train.ckpt/epoch-3 | cut -d' ' -f1)"
	[ ! -e "$HOME/overlaps" ] || fail "$point: two at once: $(cat "$HOME/overlaps")"
	expect 0 jig fsck
	expect 0 jig verify
done
