/* Keys and the mouse, as views and files name them. */
#ifndef TUI_KEY_H
#define TUI_KEY_H

#include <stdbool.h>
#include <stdint.h>

/* Beyond Unicode. SYMBOL, name */
#define KEY_CODES(X) \
	X(CODE_ENTER, "Enter") \
	X(CODE_ESC, "Esc") \
	X(CODE_TAB, "Tab") \
	X(CODE_BACKSPACE, "Backspace") \
	X(CODE_UP, "Up") \
	X(CODE_DOWN, "Down") \
	X(CODE_LEFT, "Left") \
	X(CODE_RIGHT, "Right") \
	X(CODE_PGUP, "PgUp") \
	X(CODE_PGDN, "PgDn") \
	X(CODE_HOME, "Home") \
	X(CODE_END, "End") \
	X(CODE_INSERT, "Insert") \
	X(CODE_DELETE, "Delete") \
	X(CODE_F1, "F1") X(CODE_F2, "F2") X(CODE_F3, "F3") X(CODE_F4, "F4") X(CODE_F5, "F5") X(CODE_F6, "F6") \
	X(CODE_F7, "F7") X(CODE_F8, "F8") X(CODE_F9, "F9") X(CODE_F10, "F10") X(CODE_F11, "F11") X(CODE_F12, "F12")
#define KEY_SYMBOL_(s, ...) s,
enum key_code { CODE_FIRST_ = 0x110000 - 1, KEY_CODES(KEY_SYMBOL_) CODE_END_ };

enum { MOD_CTRL = 1, MOD_ALT = 2, MOD_SHIFT = 4 };
/* code: a code point or an enum key_code; 0: none. Shift of a letter is its capital, not MOD_SHIFT; Ctrl of a letter is
 * the small letter with MOD_CTRL. */
struct key { uint32_t code; uint8_t mods; };
static inline bool key_equal(struct key a, struct key b) { return a.code == b.code && a.mods == b.mods; }

/* "R", "Space", "Enter", "Ctrl-L", "Alt-x", "Shift-Tab", "/": names are taken in any case, single characters as they
 * are. */
bool key_parse(const char *name, struct key *ret);
#define KEY_NAME 32
void key_name(struct key k, char out[KEY_NAME]);

enum mouse_kind { MOUSE_PRESS, MOUSE_DOUBLE, MOUSE_DRAG, MOUSE_RELEASE, MOUSE_WHEEL_UP, MOUSE_WHEEL_DOWN };
struct mouse { enum mouse_kind kind; int row, col; };

enum input_kind { INPUT_NONE, INPUT_KEY, INPUT_MOUSE, INPUT_PASTE, INPUT_RESIZE };
struct input {
	enum input_kind kind;
	struct key key;
	struct mouse mouse;
	const char *text; /* of a paste; until the next term_input */
};

#endif
