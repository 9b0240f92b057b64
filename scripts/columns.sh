#!/bin/sh
# No line of C is wider than 120 columns, tabs being 8.
set -eu
find base store tracker runner tui cli tests examples -name '*.[ch]' -exec perl -CSD -lne '
	1 while s/\t/" " x (8 - $-[0] % 8)/e;
	$wide = print "$ARGV:$.: wider than 120 columns" if length > 120;
	close ARGV if eof;
	END { $? = $wide ? 1 : 0 }' {} +
