/* Logs of the golden screens: of epochs, of a traceback, and one with all that makes logs hard to show. Included by
 * gen_screens.c alone. */
#ifndef TESTS_LIB_SCREENS_LOGS_H
#define TESTS_LIB_SCREENS_LOGS_H

#include <fcntl.h>
#include "base/path.h"
#include "tests/lib/screens_make.h"

struct log_at {
	struct log *log;
	int64_t us;
};

static void say_at(struct log_at *l, int stream, const char *text, size_t n, int64_t later)
{
	l->us += later;
	must(log_write(l->log, stream, text, n, l->us, &make_err));
}

static void say(struct log_at *l, int stream, int64_t later, const char *fmt, ...)
        __attribute__((format(printf, 4, 5)));
static void say(struct log_at *l, int stream, int64_t later, const char *fmt, ...)
{
	_buf_ struct buf text = BUF_INIT;
	va_list ap;

	va_start(ap, fmt);
	buf_addv(&text, fmt, ap);
	va_end(ap);
	say_at(l, stream, text.data, text.len, later);
}

static struct log_at log_begin(struct at *a)
{
	return (struct log_at){log_new(a->folder, 1 << 30), a->begun};
}

static void log_end(struct at *a, struct log_at *l)
{
	_free_ char *path = path_join(a->folder, "log");
	struct digest d;
	int64_t size;

	must(log_finish(l->log, l->us, &size, &make_err));
	log_free(l->log);
	if (size <= 0 || !a->ended)
		return;
	_close_ int fd = open(path, O_RDONLY | O_CLOEXEC);
	must(sha256_fd(fd, &d, &size, &make_err));
	must(artifact_add(a->s->t,
	                  &(struct artifact_new){a->number, a->step_id, a->attempt, ROLE_LOG, FORM_PLACE, "log", &d,
	                                         size, 0, 0644},
	                  &make_err));
}

static void log_plain(struct at *a)
{
	struct log_at l = log_begin(a);

	say(&l, 0, 200000, "%s: begins\n", a->step->base);
	say(&l, 0, 900000, "333 rows, 7 columns\n");
	say(&l, 0, 400000, "%s: done\n", a->step->base);
	log_end(a, &l);
}

static void log_epochs(struct at *a, int epochs, int64_t apart)
{
	struct log_at l = log_begin(a);

	say(&l, 0, 300000, "train: model %s, seed 7, 233 rows\n", a->step->name);
	for (int i = 0; i < epochs; i++) {
		say(&l, 0, apart, "epoch %2d  loss %.3f  acc %.3f\n", i,
		    0.9 * exp(-0.06 * i) + 0.05 * unit(7, (uint64_t)i), 1 - 0.5 * exp(-0.05 * i));
		if (i % 17 == 9)
			say(&l, 1, 2000, "warning: 2 rows without a value in bill_depth_mm\n");
	}
	if (!a->good && a->ended) {
		say(&l, 1, 4000,
		    "Traceback (most recent call last):\n  File \"train.py\", line 88, in <module>\n    main()\n");
		say(&l, 1, 0, "  File \"train.py\", line 71, in main\n    rows = encode(read(path))\n");
		say(&l, 1, 0, "  File \"lib/features.py\", line 31, in encode\n    return [float(v) for v in col]\n");
		say(&l, 1, 0, "ValueError: could not convert string to float: 'NA'\n");
	}
	log_end(a, &l);
}

/* Colours, a progress bar, escape sequences that would do harm, torn UTF-8, and a line of a megabyte. */
static void log_wild(struct at *a)
{
	static const char hostile[] = "before\x1b]52;c;ZXZpbA==\x07\x1b]0;title\x07\x1b[2J\x1b[Hafter\n"
	                              "\x1b[?1049hno other screen\x1b[?1049l\x9b"
	                              "31m\n"
	                              "invalid \xff\xfe\xc3( bytes, \xed\xa0\x80 and \xf8\x88\x80\x80\x80\n"
	                              "left to right \xe2\x80\xae"
	                              "desrever\xe2\x80\xac and zero\xe2\x80\x8bwidth \xf3\xa0\x81\x81tags\n"
	                              "tab\tstops\there\tand a NUL \x00 inside\n";
	struct log_at l = log_begin(a);
	_buf_ struct buf wide = BUF_INIT;

	say(&l, 0, 100000,
	    "\x1b[1mbold\x1b[0m \x1b[31mred\x1b[0m \x1b[32mgreen\x1b[0m \x1b[38;5;208morange\x1b[0m "
	    "\x1b[38;2;90;90;250mviolet\x1b[0m \x1b[7mreversed\x1b[0m \x1b[4munderlined\x1b[0m\n");
	say(&l, 0, 1000, "\x1b[33mnever ended, and yet the next line is plain\n");
	for (int i = 0; i <= 100; i += 5)
		say(&l, 1, 50000, "\rdownloading %3d%% |%-20.*s|", i, i / 5, "####################");
	say(&l, 1, 1000, "\n");
	say_at(&l, 0, hostile, sizeof hostile - 1, 1000);
	say(&l, 0, 1000,
	    "INFO  started\nDEBUG cache is cold\nWARN  slow disk\nERROR cannot read part 7: retrying\nINFO  part 7 "
	    "read at the second try\n");
	say(&l, 0, 1000, "日本語 wide characters, cafe\xcc\x81 with a mark, \xf0\x9f\x90\xa7 and a bird\n");
	for (int i = 0; wide.len < 1 << 20; i++)
		buf_addf(&wide, "%d,", i);
	buf_addc(&wide, '\n');
	say_at(&l, 0, wide.data, wide.len, 1000);
	say(&l, 0, 1000,
	    "  File \"lib/features.py\", line 12, in clean\nthe line behind the long one\n\n\nlast line, without its "
	    "end");
	log_end(a, &l);
}

#endif
