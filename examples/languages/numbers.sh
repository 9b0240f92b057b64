#!/bin/sh
# ROWS SEED: that many lines "group<TAB>value", the same for the same seed (a linear congruential generator in shell arithmetic).
rows=$1
x=$2
i=0
while [ "$i" -lt "$rows" ]; do
	x=$(((x * 1103515245 + 12345) % 2147483648))
	case $((x / 65536 % 3)) in
	0) group=a base=0 ;;
	1) group=b base=100 ;;
	*) group=c base=200 ;;
	esac
	x=$(((x * 1103515245 + 12345) % 2147483648))
	printf '%s\t%d\n' "$group" $((x / 65536 % 1000 + base))
	i=$((i + 1))
done
