"""COMMAND…: runs it with a terminal of 30 by 100 as its stdout and stderr and copies what it writes. With TERMINAL_INPUT in the environment
that is typed, and stdin is the terminal too; else stdin is /dev/null."""
import fcntl, os, pty, struct, subprocess, sys, termios

typed = os.environ.pop("TERMINAL_INPUT", None)
os.environ["TERM"] = "xterm-256color"
master, slave = pty.openpty()
fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, 100, 0, 0))
child = subprocess.Popen(sys.argv[1:], stdin=subprocess.DEVNULL if typed is None else slave, stdout=slave, stderr=slave)
os.close(slave)
if typed is not None:
    os.write(master, typed.encode())
while True:
    try:
        data = os.read(master, 65536)
    except OSError:
        break
    if not data:
        break
    sys.stdout.buffer.write(data.replace(b"\r\n", b"\n"))
sys.stdout.flush()
sys.exit(child.wait())
