# Count, sum and mean of each group. One metric while it runs: how many rows were read.
BEGIN { FS = OFS = "\t" }
{ n[$1]++; sum[$1] += $2 }
END {
	print "group", "count", "mean"
	for (i = 1; i <= 3; i++) {
		g = substr("abc", i, 1)
		printf "%s\t%d\t%.4f\n", g, n[g], sum[g] / n[g]
	}
	printf "rows=%d\n", NR >> ENVIRON["JIG_METRICS"]
}
