/* What vt.h says. It includes this file. */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pty.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <vterm.h>
#include "base/text.h"
#include "base/time.h"
#include "base/utf8.h"
#include "base/vec.h"
#include "tests/lib/vt.h"

/* What the session's leader tells. */
struct vt_news {
	pid_t pid;
	int status;
};

struct vt {
	VTerm *term;
	VTermScreen *screen;
	int master, slave; /* the slave is kept open: what the program leaves behind can be looked at when it is gone */
	int news, orders;  /* from and to the leader */
	pid_t leader, pid;
	bool ended, stopped;
	int status, wait_ms;
	bool cursor_shown;
	struct termios modes; /* before the program */
	struct buf output, copied;
	size_t mark;
	bool has_copied;
	VEC(int) set; /* DEC private modes */
	struct {
		enum { SCAN_TEXT, SCAN_ESC, SCAN_CSI, SCAN_OSC, SCAN_OSC_ESC } state;
		struct buf text;
	} scan;
};

VT_FN void vt_die(const char *what)
{
	fprintf(stderr, "vt: %s: %s\n", what, strerror(errno));
	abort();
}

VT_FN void vt_write_all(int fd, const char *bytes, size_t n)
{
	while (n > 0) {
		ssize_t done = write(fd, bytes, n);
		if (done < 0 && errno == EINTR)
			continue;
		if (done < 0)
			return;
		bytes += done;
		n -= (size_t)done;
	}
}

/* The session's leader, as a shell would: starts the program in the foreground, tells each of its changes, gives it the
 * terminal back when told to. Never returns. */
VT_FN void vt_lead(int slave, int news, int orders, char *const *argv, char *const *envp, const char *cwd)
{
	/* Ends of other terminals of this program would keep those from hanging up. */
	for (int fd = 3; fd < 256; fd++)
		if (fd != slave && fd != news && fd != orders)
			close(fd);
	signal(SIGHUP, SIG_IGN);
	setsid();
	if (ioctl(slave, TIOCSCTTY, 0) < 0)
		_exit(126);
	signal(SIGTTOU, SIG_IGN);
	pid_t pid = fork();
	if (pid == 0) {
		setpgid(0, 0);
		tcsetpgrp(slave, getpid());
		signal(SIGTTOU, SIG_DFL);
		signal(SIGHUP, SIG_DFL);
		for (int fd = 0; fd < 3; fd++)
			dup2(slave, fd);
		closefrom(3);
		if (cwd && chdir(cwd) < 0)
			_exit(125);
		execve(argv[0], argv, envp);
		_exit(127);
	}
	struct vt_news n = {.pid = pid, .status = -1};
	setpgid(pid, pid);
	while (write(news, &n, sizeof n) == sizeof n) {
		if (n.status != -1 && !WIFSTOPPED(n.status))
			_exit(0);
		if (n.status != -1) {
			char order;
			tcsetpgrp(slave, getpid());
			/* Told again, now that the terminal is taken back. */
			if (write(news, &n, sizeof n) != sizeof n || read(orders, &order, 1) != 1)
				break;
			tcsetpgrp(slave, pid);
			kill(-pid, SIGCONT);
		}
		while (waitpid(pid, &n.status, WUNTRACED) < 0 && errno == EINTR)
			;
	}
	kill(-pid, SIGKILL);
	_exit(0);
}

typedef VEC(char *) vt_strings;

VT_FN void vt_set_env(vt_strings *env, const char *entry)
{
	const char *equal = strchr(entry, '=');
	size_t n = equal ? (size_t)(equal - entry) : strlen(entry);

	for (size_t i = 0; i < env->len; i++)
		if (strncmp(env->v[i], entry, n) == 0 && env->v[i][n] == '=') {
			free(env->v[i]);
			vec_remove(env, i);
			break;
		}
	if (equal)
		vec_push(env, mem_strdup(entry));
}

VT_FN int vt_on_property(VTermProp property, VTermValue *value, void *arg)
{
	struct vt *v = arg;

	if (property == VTERM_PROP_CURSORVISIBLE)
		v->cursor_shown = value->boolean;
	return 1;
}

VT_FN void vt_on_reply(const char *bytes, size_t n, void *arg)
{
	struct vt *v = arg;

	vt_write_all(v->master, bytes, n);
}

VT_FN struct vt *vt_start(const struct vt_options *o, const char *const *argv)
{
	extern char **environ;
	static const VTermScreenCallbacks callbacks = {.settermprop = vt_on_property};
	static const char *const always[] = {"COLORTERM", "NO_COLOR", "JIG_THEME", "TERM_PROGRAM", "LC_ALL=C.UTF-8"};
	struct vt *v = mem_zero(sizeof *v);
	struct winsize size = {.ws_row = (unsigned short)(o->rows ? o->rows : 24),
	                       .ws_col = (unsigned short)(o->cols ? o->cols : 80)};
	int news[2], orders[2];
	vt_strings env = {0};

	for (char **e = environ; *e; e++)
		vec_push(&env, mem_strdup(*e));
	for (size_t i = 0; i < ARRAY_LEN(always); i++)
		vt_set_env(&env, always[i]);
	_free_ char *term = mem_printf("TERM=%s", o->term ? o->term : "xterm-256color");
	vt_set_env(&env, term);
	for (const char *const *e = o->env; e && *e; e++)
		vt_set_env(&env, *e);
	vec_push(&env, NULL);

	if (openpty(&v->master, &v->slave, NULL, NULL, &size) < 0)
		vt_die("openpty");
	if (tcgetattr(v->slave, &v->modes) < 0 || pipe2(news, O_CLOEXEC) < 0 || pipe2(orders, O_CLOEXEC) < 0)
		vt_die("a pipe");
	fcntl(v->master, F_SETFD, FD_CLOEXEC);
	fcntl(v->slave, F_SETFD, FD_CLOEXEC);
	v->leader = fork();
	if (v->leader < 0)
		vt_die("fork");
	if (v->leader == 0)
		vt_lead(v->slave, news[1], orders[0], (char *const *)argv, env.v, o->cwd);
	close(news[1]);
	close(orders[0]);
	v->news = news[0];
	v->orders = orders[1];
	fcntl(v->master, F_SETFL, O_NONBLOCK);
	buf_init(&v->output);
	buf_init(&v->copied);
	buf_init(&v->scan.text);
	v->wait_ms = o->wait_ms ? o->wait_ms : 20000;
	v->term = vterm_new(size.ws_row, size.ws_col);
	vterm_set_utf8(v->term, 1);
	vterm_output_set_callback(v->term, vt_on_reply, v);
	v->screen = vterm_obtain_screen(v->term);
	vterm_screen_set_callbacks(v->screen, &callbacks, v);
	vterm_screen_enable_altscreen(v->screen, 1);
	vterm_screen_reset(v->screen, 1);
	v->cursor_shown = true;
	vec_push(&v->set, 25);
	for (size_t i = 0; i < env.len; i++)
		free(env.v[i]);
	vec_release(&env);
	struct vt_news first;
	if (read(v->news, &first, sizeof first) != sizeof first)
		vt_die("the session's leader said nothing");
	v->pid = first.pid;
	return v;
}

VT_FN void vt_close_terminal(struct vt *v)
{
	if (v->master >= 0)
		close(v->master);
	if (v->slave >= 0)
		close(v->slave);
	v->master = v->slave = -1;
}

VT_FN void vt_free(struct vt *v)
{
	if (!v)
		return;
	if (!v->ended)
		kill(-v->pid, SIGKILL);
	close(v->orders);
	vt_close_terminal(v);
	while (waitpid(v->leader, NULL, 0) < 0 && errno == EINTR)
		;
	close(v->news);
	vterm_free(v->term);
	buf_release(&v->output);
	buf_release(&v->copied);
	buf_release(&v->scan.text);
	vec_release(&v->set);
	free(v);
}

VT_FN pid_t vt_pid(const struct vt *v)
{
	return v->pid;
}

/* Our own look at the sequences: libvterm tells neither all modes nor OSC 52. */

VT_FN void vt_scan_modes(struct vt *v, const char *text, bool on)
{
	for (const char *p = text + 1; *p;) {
		char *end;
		int mode = (int)strtol(p, &end, 10);
		if (end == p)
			break;
		for (size_t i = 0; i < v->set.len; i++)
			if (v->set.v[i] == mode) {
				vec_remove(&v->set, i);
				break;
			}
		if (on)
			vec_push(&v->set, mode);
		p = *end == ';' ? end + 1 : end;
	}
}

VT_FN void vt_scan_osc(struct vt *v)
{
	static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *text = v->scan.text.data, *data = strncmp(text, "52;", 3) == 0 ? strchr(text + 3, ';') : NULL;
	uint32_t bits = 0;
	int have = 0;

	if (!data)
		return;
	v->has_copied = true;
	buf_reset(&v->copied);
	for (data++; *data && *data != '='; data++) {
		const char *digit = strchr(digits, *data);
		if (!digit)
			return;
		bits = bits << 6 | (uint32_t)(digit - digits);
		have += 6;
		if (have >= 8) {
			have -= 8;
			buf_addc(&v->copied, (char)(bits >> have & 0xff));
		}
	}
}

VT_FN void vt_scan(struct vt *v, char c)
{
	switch (v->scan.state) {
	case SCAN_TEXT:
		if (c == '\033')
			v->scan.state = SCAN_ESC;
		return;
	case SCAN_ESC:
		buf_reset(&v->scan.text);
		v->scan.state = c == '[' ? SCAN_CSI : c == ']' ? SCAN_OSC : SCAN_TEXT;
		return;
	case SCAN_CSI:
		if (c < 0x40 || c == 0x7f) {
			buf_addc(&v->scan.text, c);
			return;
		}
		if ((c == 'h' || c == 'l') && v->scan.text.data[0] == '?')
			vt_scan_modes(v, v->scan.text.data, c == 'h');
		v->scan.state = SCAN_TEXT;
		return;
	case SCAN_OSC:
		if (c == '\033')
			v->scan.state = SCAN_OSC_ESC;
		else if (c == '\a') {
			vt_scan_osc(v);
			v->scan.state = SCAN_TEXT;
		} else
			buf_addc(&v->scan.text, c);
		return;
	case SCAN_OSC_ESC:
		vt_scan_osc(v);
		v->scan.state = SCAN_TEXT;
		return;
	}
}

/* One reading of what the program wrote. False: there is nothing now. */
VT_FN bool vt_take_once(struct vt *v)
{
	char bytes[65536];
	ssize_t n = v->master < 0 ? -1 : read(v->master, bytes, sizeof bytes);

	if (n <= 0)
		return false;
	buf_add(&v->output, bytes, (size_t)n);
	for (ssize_t i = 0; i < n; i++)
		vt_scan(v, bytes[i]);
	vterm_input_write(v->term, bytes, (size_t)n);
	return true;
}

VT_FN void vt_take(struct vt *v)
{
	while (vt_take_once(v))
		;
}

/* Waits for bytes or news, at most so long. Whether bytes came. */
VT_FN bool vt_step(struct vt *v, int ms)
{
	struct pollfd p[2] = {{.fd = v->master, .events = POLLIN}, {.fd = v->ended ? -1 : v->news, .events = POLLIN}};
	struct vt_news n;

	if (poll(p, 2, ms) <= 0)
		return false;
	if (p[1].revents) {
		if (read(v->news, &n, sizeof n) != sizeof n)
			vt_die("the session's leader is gone");
		v->status = n.status;
		if (!WIFSTOPPED(n.status))
			v->ended = true;
		else if (read(v->news, &n, sizeof n) != sizeof n)
			vt_die("the session's leader is gone");
		else
			v->stopped = true;
	}
	bool came = vt_take_once(v);
	vt_take(v);
	return came;
}

VT_FN bool vt_wait(struct vt *v, vt_condition_fn *condition, void *arg, const char *what)
{
	int64_t end = time_mono() + v->wait_ms * 1000LL;

	vt_take(v);
	while (!condition(v, arg)) {
		int64_t left = end - time_mono();
		if (left > 0 && !v->ended) {
			vt_step(v, (int)(left / 1000) + 1);
			continue;
		}
		_buf_ struct buf screen = BUF_INIT;
		vt_screen(v, &screen);
		fprintf(stderr, "vt: waited for %s in vain, the program %s (status %d); the screen:\n%s\n", what,
		        v->ended ? "ended" : "goes on", v->status, screen.data);
		return false;
	}
	return true;
}

struct vt_place {
	int row;
	const char *text;
};
VT_FN bool vt_has_text(struct vt *v, void *arg)
{
	const struct vt_place *p = arg;
	_free_ char *row = vt_row(v, p->row);

	return strstr(row, p->text) != NULL;
}
VT_FN bool vt_shows(struct vt *v, void *text)
{
	return vt_find(v, text, NULL, NULL);
}
VT_FN bool vt_shows_not(struct vt *v, void *text)
{
	return !vt_find(v, text, NULL, NULL);
}
VT_FN bool vt_wrote(struct vt *v, void *bytes)
{
	return memmem(v->output.data + v->mark, v->output.len - v->mark, bytes, strlen(bytes)) != NULL;
}
VT_FN bool vt_has_ended(struct vt *v, void *arg)
{
	return v->ended;
}
VT_FN bool vt_has_stopped(struct vt *v, void *arg)
{
	return v->stopped;
}

VT_FN bool vt_wait_text(struct vt *v, const char *text)
{
	return vt_wait(v, vt_shows, (void *)text, text);
}
VT_FN bool vt_wait_gone(struct vt *v, const char *text)
{
	_free_ char *what = mem_printf("the end of %s", text);

	return vt_wait(v, vt_shows_not, (void *)text, what);
}
VT_FN bool vt_wait_row(struct vt *v, int row, const char *text)
{
	_free_ char *what = mem_printf("row %d: %s", row, text);

	return vt_wait(v, vt_has_text, &(struct vt_place){row, text}, what);
}
VT_FN bool vt_wait_bytes(struct vt *v, const char *bytes)
{
	return vt_wait(v, vt_wrote, (void *)bytes, "bytes");
}

VT_FN bool vt_wait_quiet(struct vt *v, int ms)
{
	int64_t end = time_mono() + v->wait_ms * 1000LL, since = time_mono();

	vt_take(v);
	while (time_mono() < end) {
		int64_t left = since + ms * 1000LL - time_mono();
		if (left <= 0)
			return true;
		if (vt_step(v, (int)(left / 1000) + 1))
			since = time_mono();
	}
	fprintf(stderr, "vt: the program never rests\n");
	return false;
}

VT_FN bool vt_wait_end(struct vt *v, int *ret_status)
{
	if (!vt_wait(v, vt_has_ended, NULL, "the end"))
		return false;
	vt_take(v);
	*ret_status = v->status;
	return true;
}

VT_FN bool vt_wait_stop(struct vt *v)
{
	return vt_wait(v, vt_has_stopped, NULL, "its being stopped");
}

VT_FN void vt_foreground(struct vt *v)
{
	v->stopped = false;
	vt_write_all(v->orders, "f", 1);
}

VT_FN void vt_send(struct vt *v, const char *bytes, size_t n)
{
	int64_t end = time_mono() + v->wait_ms * 1000LL;

	while (n > 0 && time_mono() < end) {
		ssize_t done = write(v->master, bytes, n < 1024 ? n : 1024);
		if (done > 0) {
			bytes += done;
			n -= (size_t)done;
		} else
			vt_step(v, 10);
	}
}

VT_FN void vt_type(struct vt *v, const char *text)
{
	vt_send(v, text, strlen(text));
}

VT_FN void vt_key(struct vt *v, struct key k)
{
	static const struct {
		uint32_t code;
		const char *plain;
		char final;
		int number;
	} keys[] = {
	        {CODE_ENTER, "\r", 0, 0},       {CODE_ESC, "\033", 0, 0},    {CODE_TAB, "\t", 0, 0},
	        {CODE_BACKSPACE, "\177", 0, 0}, {CODE_UP, NULL, 'A', 0},     {CODE_DOWN, NULL, 'B', 0},
	        {CODE_RIGHT, NULL, 'C', 0},     {CODE_LEFT, NULL, 'D', 0},   {CODE_HOME, NULL, 'H', 0},
	        {CODE_END, NULL, 'F', 0},       {CODE_INSERT, NULL, '~', 2}, {CODE_DELETE, NULL, '~', 3},
	        {CODE_PGUP, NULL, '~', 5},      {CODE_PGDN, NULL, '~', 6},   {CODE_F1, NULL, 'P', 0},
	        {CODE_F2, NULL, 'Q', 0},        {CODE_F3, NULL, 'R', 0},     {CODE_F4, NULL, 'S', 0},
	        {CODE_F5, NULL, '~', 15},       {CODE_F6, NULL, '~', 17},    {CODE_F7, NULL, '~', 18},
	        {CODE_F8, NULL, '~', 19},       {CODE_F9, NULL, '~', 20},    {CODE_F10, NULL, '~', 21},
	        {CODE_F11, NULL, '~', 23},      {CODE_F12, NULL, '~', 24},
	};
	_buf_ struct buf out = BUF_INIT;
	int mods = 1 + (k.mods & MOD_SHIFT ? 1 : 0) + (k.mods & MOD_ALT ? 2 : 0) + (k.mods & MOD_CTRL ? 4 : 0);

	for (size_t i = 0; i < ARRAY_LEN(keys); i++) {
		if (keys[i].code != k.code)
			continue;
		if (k.code == CODE_TAB && k.mods == MOD_SHIFT)
			buf_adds(&out, "\033[Z");
		else if (keys[i].plain)
			buf_addf(&out, "%s%s", k.mods & MOD_ALT ? "\033" : "", keys[i].plain);
		else if (keys[i].final == '~')
			buf_addf(&out, mods > 1 ? "\033[%d;%d~" : "\033[%d~", keys[i].number, mods);
		else if (mods > 1)
			buf_addf(&out, "\033[1;%d%c", mods, keys[i].final);
		else
			buf_addf(&out, "\033%c%c", vt_mode(v, 1) || k.code >= CODE_F1 ? 'O' : '[', keys[i].final);
		vt_send(v, out.data, out.len);
		return;
	}
	if (k.mods & MOD_ALT)
		buf_addc(&out, '\033');
	if (k.mods & MOD_CTRL)
		buf_addc(&out, (char)(k.code & 0x1f));
	else {
		char utf8[4];
		buf_add(&out, utf8, utf8_put(k.code, utf8));
	}
	vt_send(v, out.data, out.len);
}

VT_FN void vt_keys(struct vt *v, const char *names)
{
	while (*(names += strspn(names, " "))) {
		size_t n = strcspn(names, " ");
		_free_ char *name = mem_strndup(names, n);
		struct key k;
		if (!key_parse(name, &k)) {
			fprintf(stderr, "vt: no key is called %s\n", name);
			abort();
		}
		vt_key(v, k);
		names += n;
	}
}

VT_FN void vt_paste(struct vt *v, const char *text)
{
	bool bracketed = vt_mode(v, 2004);

	if (bracketed)
		vt_type(v, "\033[200~");
	vt_type(v, text);
	if (bracketed)
		vt_type(v, "\033[201~");
}

VT_FN void vt_mouse(struct vt *v, enum mouse_kind kind, int row, int col)
{
	static const struct {
		int button;
		char final;
	} codes[] = {
	        [MOUSE_PRESS] = {0, 'M'},     [MOUSE_DRAG] = {32, 'M'},       [MOUSE_RELEASE] = {0, 'm'},
	        [MOUSE_WHEEL_UP] = {64, 'M'}, [MOUSE_WHEEL_DOWN] = {65, 'M'},
	};
	_buf_ struct buf out = BUF_INIT;

	if (kind == MOUSE_DOUBLE)
		for (int i = 0; i < 2; i++) {
			vt_mouse(v, MOUSE_PRESS, row, col);
			vt_mouse(v, MOUSE_RELEASE, row, col);
		}
	else {
		buf_addf(&out, "\033[<%d;%d;%d%c", codes[kind].button, col + 1, row + 1, codes[kind].final);
		vt_send(v, out.data, out.len);
	}
}

VT_FN void vt_resize(struct vt *v, int rows, int cols)
{
	struct winsize size = {.ws_row = (unsigned short)rows, .ws_col = (unsigned short)cols};

	vt_take(v);
	vterm_set_size(v->term, rows, cols);
	ioctl(v->master, TIOCSWINSZ, &size);
}

VT_FN void vt_hangup(struct vt *v)
{
	vt_take(v);
	vt_close_terminal(v);
}

VT_FN void vt_size(struct vt *v, int *ret_rows, int *ret_cols)
{
	vterm_get_size(v->term, ret_rows, ret_cols);
}

VT_FN struct vt_cell vt_cell(struct vt *v, int row, int col)
{
	struct vt_cell ret = {0};
	VTermScreenCell c;
	size_t n = 0;

	if (!vterm_screen_get_cell(v->screen, (VTermPos){.row = row, .col = col}, &c))
		return ret;
	for (int i = 0; i < VTERM_MAX_CHARS_PER_CELL && c.chars[i] && c.chars[i] != UINT32_MAX; i++)
		n += utf8_put(c.chars[i], ret.text + n);
	const VTermColor *colours[] = {&c.fg, &c.bg};
	for (int i = 0; i < 2; i++) {
		const VTermColor *from = colours[i];
		*(i ? &ret.bg : &ret.fg) =
		        (i ? VTERM_COLOR_IS_DEFAULT_BG(from) : VTERM_COLOR_IS_DEFAULT_FG(from)) ? -1
		        : VTERM_COLOR_IS_INDEXED(from)
		                ? from->indexed.idx
		                : 0x1000000 | from->rgb.red << 16 | from->rgb.green << 8 | from->rgb.blue;
	}
	ret.width = c.width;
	ret.bold = c.attrs.bold;
	ret.italic = c.attrs.italic;
	ret.underline = c.attrs.underline;
	ret.reverse = c.attrs.reverse;
	return ret;
}

VT_FN char *vt_row(struct vt *v, int row)
{
	struct buf out = BUF_INIT;
	int rows, cols;
	size_t end = 0;

	vt_size(v, &rows, &cols);
	row = row < 0 ? rows + row : row;
	for (int col = 0; col < cols; col++) {
		VTermScreenCell raw = {0};
		struct vt_cell c = vt_cell(v, row, col);
		vterm_screen_get_cell(v->screen, (VTermPos){.row = row, .col = col}, &raw);
		if (raw.chars[0] == UINT32_MAX)
			continue;
		buf_adds(&out, *c.text ? c.text : " ");
		if (*c.text && strcmp(c.text, " ") != 0)
			end = out.len;
	}
	buf_reserve(&out, 1);
	buf_cut(&out, end);
	return buf_steal(&out);
}

VT_FN void vt_screen(struct vt *v, struct buf *out)
{
	int rows, cols;
	size_t end = out->len;

	vt_size(v, &rows, &cols);
	for (int row = 0; row < rows; row++) {
		_free_ char *text = vt_row(v, row);
		buf_adds(out, text);
		buf_addc(out, '\n');
		if (*text)
			end = out->len;
	}
	buf_cut(out, end);
}

VT_FN bool vt_find(struct vt *v, const char *text, int *ret_row, int *ret_col)
{
	int rows, cols;

	vt_size(v, &rows, &cols);
	for (int row = 0; row < rows; row++) {
		_free_ char *line = vt_row(v, row);
		const char *at = strstr(line, text);
		if (!at)
			continue;
		if (ret_row)
			*ret_row = row;
		if (ret_col)
			*ret_col = (int)utf8_cells(line, (size_t)(at - line));
		return true;
	}
	return false;
}

VT_FN bool vt_cursor(struct vt *v, int *ret_row, int *ret_col)
{
	VTermPos at;

	vterm_state_get_cursorpos(vterm_obtain_state(v->term), &at);
	if (ret_row)
		*ret_row = at.row;
	if (ret_col)
		*ret_col = at.col;
	return v->cursor_shown;
}

VT_FN bool vt_mode(struct vt *v, int mode)
{
	vt_take(v);
	for (size_t i = 0; i < v->set.len; i++)
		if (v->set.v[i] == mode)
			return true;
	return false;
}

VT_FN bool vt_modes_restored(struct vt *v)
{
	static const int off[] = {1049, 1000, 1002, 1003, 1006, 2004, 2026, 1};
	struct termios now;

	for (size_t i = 0; i < ARRAY_LEN(off); i++)
		if (vt_mode(v, off[i])) {
			fprintf(stderr, "vt: mode %d is still set\n", off[i]);
			return false;
		}
	if (!vt_cursor(v, NULL, NULL)) {
		fprintf(stderr, "vt: the cursor is still hidden\n");
		return false;
	}
	if (tcgetattr(v->slave, &now) < 0)
		vt_die("tcgetattr");
	if (now.c_iflag != v->modes.c_iflag || now.c_oflag != v->modes.c_oflag || now.c_cflag != v->modes.c_cflag ||
	    now.c_lflag != v->modes.c_lflag || memcmp(now.c_cc, v->modes.c_cc, sizeof now.c_cc) != 0) {
		fprintf(stderr, "vt: the terminal's modes are not as before\n");
		return false;
	}
	return true;
}

VT_FN size_t vt_bytes(struct vt *v)
{
	vt_take(v);
	return v->output.len;
}

VT_FN void vt_mark(struct vt *v)
{
	vt_take(v);
	v->mark = v->output.len;
}

VT_FN const char *vt_since(struct vt *v, size_t *ret_n)
{
	vt_take(v);
	if (ret_n)
		*ret_n = v->output.len - v->mark;
	return v->output.data + v->mark;
}

VT_FN const char *vt_copied(struct vt *v, size_t *ret_n)
{
	vt_take(v);
	if (!v->has_copied)
		return NULL;
	if (ret_n)
		*ret_n = v->copied.len;
	return v->copied.data;
}

VT_FN bool vt_quit(struct vt *v)
{
	int status = -1;

	vt_keys(v, "q");
	bool well = vt_wait_end(v, &status) && status == 0 && vt_modes_restored(v);
	if (!well)
		fprintf(stderr, "vt: after q: status %d, the terminal is %sas it was\n", status,
		        vt_modes_restored(v) ? "" : "not ");
	vt_free(v);
	return well;
}
