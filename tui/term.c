/* curses has a struct of this name. */
#define term curses_term
#define NCURSES_NOMACROS
#define NCURSES_WIDECHAR 0 /* only terminfo is used, and key_name is a name of ours */
#include <curses.h>
#include <term.h>
#undef term

#include "tui/term.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <termios.h>
#include <unistd.h>
#include "base/text.h"
#include "base/time.h"
#include "tui/key_decode.h"
#include "tui/term_frame.h"
#include "tui/term_rescue.h"

#define ESC_US 25000
#define COPY_MAX 74994

struct term {
	int in, out;
	struct loop *loop;
	struct loop_source *source, *timer, *winch, *stop, *cont;
	void (*input)(void *arg);
	void *arg;
	struct key_decoder keys;
	bool waited;  /* nothing came for ESC_US */
	bool resized; /* INPUT_RESIZE is to be told */
	bool left, gone;
	int rows, cols;
	struct termios before, raw;
	char *screen, *modes; /* what is written to enter: the alternate screen; keypad, mouse and paste */
	struct frame frame;
	struct buf bytes; /* of a frame; memory is kept */
};

/* ---- what terminfo says ---- */

/* terminfo of $TERM, or of its family where $TERM is not there; loaded once. *ret_known: there is any. */
static const char *terminfo(bool *ret_known)
{
	static char name[64];
	static bool known;
	static const char *const families[] = {"xterm", "tmux", "screen", "rxvt", "linux", "vt"},
	                         *const stand_ins[] = {"xterm-256color", "xterm", "vt100"};
	const char *wanted = getenv("TERM");
	int status;

	wanted = wanted ? wanted : "";
	if (*name && strcmp(name, wanted) == 0) {
		*ret_known = known;
		return name;
	}
	snprintf(name, sizeof name, "%s", wanted);
	known = *wanted && strcmp(wanted, "dumb") != 0 && strcmp(wanted, "unknown") != 0;
	bool kin = strstr(wanted, "256color") || strstr(wanted, "-direct");
	for (size_t i = 0; i < ARRAY_LEN(families); i++)
		kin |= text_starts(wanted, families[i]);
	if (known && setupterm(name, STDOUT_FILENO, &status) != OK) {
		known = false;
		for (size_t i = strstr(wanted, "256color") || strstr(wanted, "-direct") ? 0 : 1;
		     kin && !known && i < ARRAY_LEN(stand_ins); i++)
			known = setupterm((char *)stand_ins[i], STDOUT_FILENO, &status) == OK;
	}
	*ret_known = known;
	return name;
}

/* A capability without its padding, which no terminal of today needs; "" where there is none. */
static char *capability(const char *name)
{
	const char *s = tigetstr((char *)name);
	struct buf out = BUF_INIT;

	for (s = s && s != (char *)-1 ? s : ""; *s; s++) {
		const char *end = s[0] == '$' && s[1] == '<' ? strchr(s, '>') : NULL;
		if (end)
			s = end;
		else
			buf_addc(&out, *s);
	}
	buf_reserve(&out, 1);
	return buf_steal(&out);
}

static bool has(const char *name)
{
	_free_ char *s = capability(name);

	return *s;
}

static bool flag(const char *name)
{
	return tigetflag((char *)name) > 0;
}

static bool extended(const char *name)
{
	const char *s = tigetstr((char *)name);

	return flag(name) || tigetnum((char *)name) > 0 || (s && s != (char *)-1);
}

static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value ? value : "";
}

/* How many colours; names say it where terminfo is that of a relative. */
static int colours(void)
{
	int n = tigetnum((char *)"colors");
	const char *term = variable("TERM");

	if (n < 256 && strstr(term, "256color"))
		return 256;
	if (n < 16 && strstr(term, "-16color"))
		return 16;
	return n > 0 ? n : 0;
}

enum depth term_depth(void)
{
	bool known;
	const char *term = terminfo(&known);

	if (*variable("NO_COLOR") || !known)
		return DEPTH_NONE;
	int n = colours();
	if (n < 8)
		return DEPTH_NONE;
	bool told = strcmp(variable("COLORTERM"), "truecolor") == 0 || strcmp(variable("COLORTERM"), "24bit") == 0;
	/* GNU screen hands COLORTERM on, but not the colours. */
	if (text_starts(term, "screen") && !*variable("TMUX"))
		told = false;
	if (told || extended("Tc") || extended("RGB"))
		return DEPTH_TRUE;
	return n >= 256 ? DEPTH_256 : DEPTH_16;
}

/* Terminals that are known to keep a synchronized update together. Asking would leave an answer behind that a shell may
 * read. */
static bool synchronizes(const char *term)
{
	static const char *const terms[] = {"xterm-kitty", "xterm-ghostty", "alacritty", "foot", "contour", "wezterm"};
	static const char *const programs[] = {"ghostty", "WezTerm", "iTerm.app", "contour", "mintty"};

	if (extended("Sync"))
		return true;
	if (text_starts(term, "screen") || text_starts(term, "tmux"))
		return false;
	for (size_t i = 0; i < ARRAY_LEN(terms); i++)
		if (text_starts(term, terms[i]))
			return true;
	for (size_t i = 0; i < ARRAY_LEN(programs); i++)
		if (strcmp(variable("TERM_PROGRAM"), programs[i]) == 0)
			return true;
	return false;
}

static void put_capability(char *out, size_t size, const char *name)
{
	_free_ char *s = capability(name);

	snprintf(out, size, "%s", s);
}

static struct frame_abilities abilities(const char *term)
{
	int not_coloured = tigetnum((char *)"ncv");
	struct frame_abilities can = {
	        .colours = colours(),
	        .erases_coloured = flag("bce"),
	        .corner = !flag("am") || flag("xenl"),
	        .synchronized = synchronizes(term),
	        .attrs = (uint8_t)((has("bold") ? STYLE_BOLD : 0) | (has("dim") ? STYLE_DIM : 0) |
	                           (has("sitm") ? STYLE_ITALIC : 0) | (has("smul") ? STYLE_UNDERLINE : 0) |
	                           (has("rev") ? STYLE_REVERSE : 0)),
	};

	if (not_coloured > 0)
		can.not_coloured =
		        (uint8_t)((not_coloured & 2 ? STYLE_UNDERLINE : 0) | (not_coloured & 16 ? STYLE_DIM : 0) |
		                  (not_coloured & 32 ? STYLE_BOLD : 0));
	put_capability(can.show, sizeof can.show, "cnorm");
	put_capability(can.hide, sizeof can.hide, "civis");
	return can;
}

static void add_keys(struct key_decoder *d)
{
	static const struct {
		const char *name;
		uint32_t code;
		int mods;
	} keys[] = {
	        {"kcuu1", CODE_UP, 0},          {"kcud1", CODE_DOWN, 0},         {"kcub1", CODE_LEFT, 0},
	        {"kcuf1", CODE_RIGHT, 0},       {"khome", CODE_HOME, 0},         {"kend", CODE_END, 0},
	        {"kpp", CODE_PGUP, 0},          {"knp", CODE_PGDN, 0},           {"kich1", CODE_INSERT, 0},
	        {"kdch1", CODE_DELETE, 0},      {"kcbt", CODE_TAB, MOD_SHIFT},   {"kent", CODE_ENTER, 0},
	        {"kLFT", CODE_LEFT, MOD_SHIFT}, {"kRIT", CODE_RIGHT, MOD_SHIFT}, {"kDC", CODE_DELETE, MOD_SHIFT},
	        {"kind", CODE_DOWN, MOD_SHIFT}, {"kri", CODE_UP, MOD_SHIFT},
	};

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		_free_ char *s = capability(keys[i].name);
		key_decoder_add(d, s, (struct key){keys[i].code, (uint8_t)keys[i].mods});
	}
	for (uint32_t n = 0; n < 12; n++) {
		char name[8];
		snprintf(name, sizeof name, "kf%d", (int)n + 1);
		_free_ char *s = capability(name);
		key_decoder_add(d, s, (struct key){CODE_F1 + n, 0});
	}
}

/* ---- the way to and from the terminal ---- */

static int set_modes(const struct term *t, const struct termios *modes)
{
	int r;

	while ((r = tcsetattr(t->in, TCSADRAIN, modes)) < 0 && errno == EINTR)
		;
	return r;
}

/* The terminal went away: what a hang-up is, whether or not the system says so too. */
static void hang_up(struct term *t)
{
	if (t->gone)
		return;
	t->gone = true;
	loop_fd_events(t->source, 0);
	struct sigaction now;
	if (sigaction(SIGHUP, NULL, &now) == 0 && now.sa_handler == SIG_IGN)
		signal(SIGHUP, SIG_DFL);
	raise(SIGHUP);
}

static void put_all(struct term *t, const char *bytes, size_t n)
{
	if (t->gone)
		return;
	if (!rescue_put(t->out, bytes, n))
		hang_up(t);
}

static void measure(struct term *t)
{
	struct winsize size;

	t->rows = t->cols = 0;
	if (ioctl(t->out, TIOCGWINSZ, &size) == 0) {
		t->rows = size.ws_row;
		t->cols = size.ws_col;
	}
	if (t->rows <= 0)
		t->rows = 24;
	if (t->cols <= 0)
		t->cols = 80;
}

static void tell(struct term *t)
{
	t->input(t->arg);
	if (key_decoder_pending(&t->keys) && !t->waited && !t->left)
		loop_timer_set(t->timer, time_mono() + ESC_US);
}

/* Sets what may have been set otherwise, and has everything drawn anew. */
static void resume(struct term *t, bool screen)
{
	if (set_modes(t, &t->raw) < 0 && (errno == EIO || errno == ENOTTY)) {
		hang_up(t);
		return;
	}
	rescue_arm();
	if (screen)
		put_all(t, t->screen, strlen(t->screen));
	put_all(t, t->modes, strlen(t->modes));
	measure(t);
	frame_forget(&t->frame);
	t->resized = true;
}

static void on_readable(void *arg, int fd, short revents)
{
	struct term *t = arg;
	char bytes[4096];
	ssize_t n = read(fd, bytes, sizeof bytes);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return;
	if (n <= 0) {
		hang_up(t);
		return;
	}
	t->waited = false;
	key_decoder_feed(&t->keys, bytes, (size_t)n, time_mono());
	tell(t);
}

static void on_wait(void *arg)
{
	struct term *t = arg;

	t->waited = true;
	tell(t);
}

static void on_winch(void *arg, int signo)
{
	struct term *t = arg;
	int rows = t->rows, cols = t->cols;

	if (t->left)
		return;
	measure(t);
	if (rows == t->rows && cols == t->cols)
		return;
	t->resized = true;
	tell(t);
}

static void on_stop(void *arg, int signo)
{
	struct term *t = arg;

	term_suspend(t);
	tell(t);
}

/* After a stop that could not be seen coming (SIGSTOP) the terminal may have been the shell's. */
static void on_continue(void *arg, int signo)
{
	struct term *t = arg;

	if (t->left)
		return;
	resume(t, false);
	tell(t);
}

/* ---- entering and leaving ---- */

static void add_capability(struct buf *out, const char *name)
{
	_free_ char *s = capability(name);

	buf_adds(out, s);
}

/* What enters, and what gives back from whatever state. */
static void prepare(struct term *t, bool mouse)
{
	_buf_ struct buf screen = BUF_INIT, modes = BUF_INIT, back = BUF_INIT;

	mouse = mouse && has("kmous");
	add_capability(&screen, "smcup");
	buf_adds(&screen, "\033[0m");
	add_capability(&modes, "smkx");
	if (mouse)
		buf_adds(&modes, "\033[?1000h\033[?1002h\033[?1006h");
	buf_adds(&modes, "\033[?2004h");
	add_capability(&modes, "civis");

	if (t->frame.can.synchronized)
		buf_adds(&back, "\033[?2026l");
	buf_adds(&back, "\033[?2004l");
	if (mouse)
		buf_adds(&back, "\033[?1006l\033[?1002l\033[?1000l");
	buf_adds(&back, "\033[0m");
	add_capability(&back, "rmkx");
	add_capability(&back, "cnorm");
	/* Without an alternate screen the prompt comes to stand in an empty last row. */
	buf_adds(&back, has("rmcup") ? "" : "\033[999;1H\033[K");
	add_capability(&back, "rmcup");
	t->screen = buf_steal(&screen);
	t->modes = buf_steal(&modes);
	rescue_take(t->in, t->out, &t->before, back.data, back.len);

	t->raw = t->before;
	t->raw.c_iflag &= (tcflag_t) ~(IXON | ICRNL | INLCR | IGNCR | ISTRIP | BRKINT | PARMRK);
	t->raw.c_lflag &= (tcflag_t) ~(ICANON | ECHO | ECHONL | IEXTEN);
	t->raw.c_lflag |= ISIG;
	/* Ctrl-Z is a key, Ctrl-C and Ctrl-\ end. */
	t->raw.c_cc[VSUSP] = _POSIX_VDISABLE;
	t->raw.c_cc[VMIN] = 1;
	t->raw.c_cc[VTIME] = 0;
}

static int check(int in, int out, struct err *e)
{
	bool known;

	if (!isatty(in) || !isatty(out))
		return err_set(e, ERR_USAGE,
		               "standard %s is no terminal: the workbench needs one; `jig ls` and `jig show` print the "
		               "same, and --script FILE replays keys without one",
		               isatty(in) ? "output" : "input");
	const char *term = terminfo(&known);
	if (!*term)
		return err_set(e, ERR_USAGE,
		               "TERM is not set, so the terminal cannot be drawn on: set it, e.g. TERM=xterm-256color");
	if (!known)
		return err_set(e, ERR_USAGE,
		               "TERM=%s: such a terminal cannot be drawn on, or this system has no description of it "
		               "(terminfo): set another, e.g. TERM=xterm-256color",
		               term);
	_free_ char *cup = capability("cup");
	if (strcmp(cup, "\033[%i%p1%d;%p2%dH") != 0)
		return err_set(e, ERR_USAGE,
		               "TERM=%s: a terminal without the sequences of ANSI: set another, e.g. TERM=vt100", term);
	return 0;
}

int term_open(int in, int out, struct loop *loop, const struct paint *p, bool mouse, void (*input)(void *arg),
              void *arg, struct term **ret, struct err *e)
{
	int r = check(in, out, e);

	if (r < 0)
		return r;
	struct term *t = mem_zero(sizeof *t);
	t->in = in;
	t->out = out;
	t->loop = loop;
	t->input = input;
	t->arg = arg;
	if (tcgetattr(in, &t->before) < 0) {
		free(t);
		return err_errno(e, "the terminal's modes");
	}
	struct frame_abilities can = abilities(variable("TERM"));
	frame_init(&t->frame, &can, p);
	term_paint(t, p);
	buf_init(&t->bytes);
	key_decoder_init(&t->keys);
	add_keys(&t->keys);
	prepare(t, mouse);
	t->source = loop_fd(loop, in, POLLIN, on_readable, t);
	t->timer = loop_timer(loop, -1, on_wait, t);
	t->winch = loop_signal(loop, SIGWINCH, on_winch, t);
	t->stop = loop_signal(loop, SIGTSTP, on_stop, t);
	t->cont = loop_signal(loop, SIGCONT, on_continue, t);
	resume(t, true);
	t->resized = false;
	*ret = t;
	return 0;
}

void term_close(struct term *t)
{
	if (!t)
		return;
	if (!t->left && !t->gone) {
		/* What was written comes before the modes. */
		tcdrain(t->out);
		rescue_now();
	}
	rescue_drop();
	loop_remove(t->source);
	loop_remove(t->timer);
	loop_remove(t->winch);
	loop_remove(t->stop);
	loop_remove(t->cont);
	key_decoder_release(&t->keys);
	frame_release(&t->frame);
	buf_release(&t->bytes);
	free(t->screen);
	free(t->modes);
	free(t);
}

void term_leave(struct term *t)
{
	if (t->left)
		return;
	t->left = true;
	rescue_now();
	loop_fd_events(t->source, 0);
	loop_timer_set(t->timer, -1);
	/* The other program's Ctrl-Z stops us too, so that the shell sees it. */
	loop_remove(t->stop);
	t->stop = NULL;
}

void term_return(struct term *t)
{
	if (!t->left)
		return;
	t->left = false;
	t->stop = loop_signal(t->loop, SIGTSTP, on_stop, t);
	loop_fd_events(t->source, POLLIN);
	resume(t, true);
}

void term_suspend(struct term *t)
{
	struct sigaction ignored = {.sa_handler = SIG_IGN}, stopping = {.sa_handler = SIG_DFL}, before;

	if (t->left)
		return;
	t->left = true;
	rescue_now();
	/* To be continued is known here, and needs no second drawing. */
	loop_remove(t->cont);
	/* The group first and this thread last: its own is taken before raise returns. */
	sigaction(SIGTSTP, &ignored, &before);
	kill(0, SIGTSTP);
	sigaction(SIGTSTP, &stopping, NULL);
	raise(SIGTSTP);
	sigaction(SIGTSTP, &before, NULL);
	t->cont = loop_signal(t->loop, SIGCONT, on_continue, t);
	t->left = false;
	resume(t, true);
}

/* ---- the rest ---- */

void term_size(const struct term *t, int *ret_rows, int *ret_cols)
{
	*ret_rows = t->rows;
	*ret_cols = t->cols;
}

void term_paint(struct term *t, const struct paint *p)
{
	struct paint q = *p;

	if (!q.colour)
		q.depth = DEPTH_NONE;
	frame_paint(&t->frame, &q);
}

void term_draw(struct term *t, const struct grid *g, int cursor_row, int cursor_col)
{
	if (t->left || t->gone)
		return;
	buf_reset(&t->bytes);
	frame_draw(&t->frame, g, t->rows, t->cols, cursor_row, cursor_col, &t->bytes);
	put_all(t, t->bytes.data, t->bytes.len);
}

void term_forget(struct term *t)
{
	frame_forget(&t->frame);
}

bool term_input(struct term *t, struct input *ret)
{
	*ret = (struct input){0};
	if (t->left)
		return false;
	if (t->resized) {
		t->resized = false;
		ret->kind = INPUT_RESIZE;
		return true;
	}
	return key_decoder_next(&t->keys, t->waited, ret);
}

static void add_base64(struct buf *out, const unsigned char *s, size_t n)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

	for (size_t i = 0; i < n; i += 3) {
		uint32_t bits =
		        (uint32_t)s[i] << 16 | (i + 1 < n ? (uint32_t)s[i + 1] << 8 : 0) | (i + 2 < n ? s[i + 2] : 0);
		buf_addc(out, digits[bits >> 18]);
		buf_addc(out, digits[bits >> 12 & 63]);
		buf_addc(out, i + 1 < n ? digits[bits >> 6 & 63] : '=');
		buf_addc(out, i + 2 < n ? digits[bits & 63] : '=');
	}
}

int term_copy(struct term *t, const char *text, size_t n, struct err *e)
{
	static const char *const without[] = {"linux", "vt1", "vt2", "cons25"};
	_buf_ struct buf out = BUF_INIT;

	if (n > COPY_MAX)
		return err_set(e, ERR_USAGE,
		               "%zu bytes are too long for the terminal's clipboard, which takes %d: select them with "
		               "the mouse and Shift",
		               n, COPY_MAX);
	for (size_t i = 0; i < ARRAY_LEN(without); i++)
		if (text_starts(variable("TERM"), without[i]))
			return err_set(e, ERR_USAGE,
			               "TERM=%s: this terminal has no clipboard that programs can write to",
			               variable("TERM"));
	if (t->left || t->gone)
		return 0;
	buf_adds(&out, "\033]52;c;");
	add_base64(&out, (const unsigned char *)text, n);
	buf_addc(&out, '\a');
	put_all(t, out.data, out.len);
	return 0;
}
