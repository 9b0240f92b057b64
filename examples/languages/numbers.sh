#!/bin/sh
# ROWS SEED: that many lines "group<TAB>value", the same for the same seed (a linear congruential generator in shell arithmetic).
rows=$1
x=$2
i=0
while [ "$i" -lt "$rows" ]; do
	x=$(((x * 1103515245 + 12345) % 2147483648))
	group=$((x / 65536 % 3))
	x=$(((x * 1103515245 + 12345) % 2147483648))
	printf '%s\t%d\n' "$(printf 'abc' | cut -c$((group + 1)))" $((x / 65536 % 1000 + group * 100))
	i=$((i + 1))
done
