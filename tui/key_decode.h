/* What a terminal sends, as keys, the mouse and pastes: those of its terminfo, and what xterm and its kin, the
 * linux console and rxvt send. Knows no terminal. */
#ifndef TUI_KEY_DECODE_H
#define TUI_KEY_DECODE_H

#include "base/buf.h"
#include "tui/key.h"

struct key_sequence { char *bytes; size_t n; struct key key; };
struct key_decoder {
	struct buf in;                   /* not decoded yet, from `at` on */
	size_t at;
	struct key_sequence *sequences;  /* terminfo's */
	size_t nsequences;
	bool pasting;
	struct buf paste;
	size_t paste_left;               /* of a paste that grows without end the rest is dropped */
	int64_t now, pressed_at;         /* µs; of the last press that was no double click */
	int pressed_row, pressed_col;
};
void key_decoder_init(struct key_decoder *d);
void key_decoder_release(struct key_decoder *d);
/* A sequence of the terminal's own; goes before what is known otherwise. Those of less than two bytes are ignored. */
void key_decoder_add(struct key_decoder *d, const char *sequence, struct key k);
/* now: time_mono(), for double clicks: a second press on the same cell within 0.4 s. */
void key_decoder_feed(struct key_decoder *d, const char *bytes, size_t n, int64_t now);
/* The next input. False: none, or what there is could be the beginning of more. waited: nothing came for a while,
 * so that an Esc at the end is the key. */
bool key_decoder_next(struct key_decoder *d, bool waited, struct input *ret);
/* Whether time alone may make a key of what has come. */
bool key_decoder_pending(const struct key_decoder *d);

#endif
