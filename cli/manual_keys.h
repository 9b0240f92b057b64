/* Tables of the manuals that come from the workbench's actions. Not for others than manual.c. */
#ifndef CLI_MANUAL_KEYS_H
#define CLI_MANUAL_KEYS_H

#include "base/buf.h"
#include "base/err.h"

/* word: a screen's name: the keys that hold there and not everywhere; "all": those that hold everywhere. */
int manual_keys(struct buf *out, const char *word, struct err *e);
/* word: "screens": their names in the config. */
int manual_key_words(struct buf *out, const char *word, struct err *e);
/* What the palette takes with words behind it. */
int manual_palette(struct buf *out, const char *word, struct err *e);

#endif
