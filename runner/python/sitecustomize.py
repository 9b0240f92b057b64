"""Stands in front of a step's Python: tells the observer what the importer looks for (runner/python_hook.h), then hands over to the next sitecustomize."""
# For Python 3.6 to 3.14. It imports only what is loaded already or built in, and leaves no trace but wrapped functions: three of the importer's, three of os that end a process.
import sys


def watch(work, sources):
    import _imp
    import atexit
    import os
    import posix
    import _frozen_importlib_external as external

    access, getcwd, getpid, frame, encode = posix.access, posix.getcwd, posix.getpid, sys._getframe, os.fsencode
    inside = work + '/'
    token, process = posix.urandom(8).hex(), getpid()
    # What is told at the end, and what was told at once.
    names, said = set(), set()
    listed = False
    # 3.6 does not know its arguments yet.
    script = (getattr(sys, 'argv', None) or [''])[0]
    # Whether nothing is left for the end: it has come, or it may not come, as multiprocessing starts its helpers with -c and often kills them.
    over = script in ('', '-c')

    # The path as an absolute one; None outside the work folder.
    def place(path):
        if path[:1] != '/':
            path = getcwd() + '/' + path if path else getcwd()
        return path if path == work or path.startswith(inside) else None

    # access() asks about a name without raising, and the name is never there.
    def tell(word, path):
        try:
            path = place(path)
            # Of a longer one the names might not fit behind it.
            if path and len(encode(path)) < 3000:
                access('/.jig-trace/' + word + path, 0)
                return True
        except (OSError, ValueError):
            pass
        return False

    def tell_names(folder, some):
        start, end = b'/.jig-trace/modules', b'/' + encode(folder)
        text = start
        for name in some:
            try:
                name = encode(name)
            except ValueError:
                continue
            # No file has a longer one.
            if not name or len(name) > 255:
                continue
            if len(text) + len(name) + len(end) > 4000:
                access(text + end, 0)
                text = start
            text += b'/' + name
        if text is not start:
            access(text + end, 0)

    def look(folder, name):
        folder = place(folder)
        if folder is None or '/' in name or '\0' in name:
            return
        if not over and getpid() == process:
            names.add((folder, name))
            # The end may have come in between.
            if not over:
                return
        if (folder, name) not in said:
            tell_names(folder, (name,))
            said.add((folder, name))

    def finish():
        nonlocal over
        if over or getpid() != process:
            return
        over = True
        if not listed:
            return
        try:
            folders = {}
            for folder, name in list(names):
                folders.setdefault(folder, []).append(name)
            for folder in folders:
                tell_names(folder, folders[folder])
            access('/.jig-trace/told/' + token, 0)
        except Exception:
            pass

    finder, loader = external.FileFinder, external.FileLoader
    usual = set(external.SOURCE_SUFFIXES + external.BYTECODE_SUFFIXES + _imp.extension_suffixes())
    find, fill, read = finder.find_spec, finder._fill_cache, loader.get_data
    compiling = external.SourceLoader.get_code.__code__

    def find_spec(self, fullname, target=None):
        try:
            look(self.path, fullname.rpartition('.')[2])
        except (OSError, ValueError):
            pass
        return find(self, fullname, target)

    def _fill_cache(self):
        nonlocal listed
        # Under other suffixes than Python's own a name is more than the files that it is known to be.
        if not all(s in usual for s, _ in self._loaders):
            return fill(self)
        if over or getpid() != process:
            tell('list', self.path)
        elif tell('lists/' + token, self.path):
            listed = True
        return fill(self)

    def get_data(self, path):
        # Only what get_code() asks for is compiled; others (pkgutil, get_source) read a text.
        if frame(1).f_code is not compiling:
            return read(self, path)
        if path == self.path:
            if sources:
                tell('source', path)
            return read(self, path)
        # Compiled code that is at hand is used in place of the source: the source is opened all the same, so that it counts as read.
        data = read(self, path)
        try:
            if self.path.startswith(inside):
                if sources:
                    tell('source', self.path)
                posix.close(posix.open(self.path, posix.O_RDONLY | posix.O_CLOEXEC))
        except (OSError, ValueError):
            pass
        return data

    # With the names and the file of what they wrap, tracebacks and signatures are what they were.
    for new, old in (find_spec, find), (_fill_cache, fill), (get_data, read):
        new.__module__, new.__qualname__, new.__doc__ = old.__module__, old.__qualname__, old.__doc__
        if hasattr(new.__code__, 'replace'):
            new.__code__ = new.__code__.replace(co_filename=old.__code__.co_filename)
    finder.find_spec, finder._fill_cache, loader.get_data = find_spec, _fill_cache, get_data

    # Registered first, it runs last; what ends without it is told of before.
    atexit.register(finish)

    def before(leave):
        def last(*args, **kwargs):
            finish()
            return leave(*args, **kwargs)
        last.__module__, last.__name__, last.__qualname__, last.__doc__ = 'os', leave.__name__, leave.__name__, leave.__doc__
        last.__wrapped__ = leave
        return last

    os._exit, os.execv, os.execve = before(posix._exit), before(posix.execv), before(posix.execve)

    if sources and script not in ('', '-', '-c', '-m'):
        try:
            if posix.stat(script).st_mode & 0o170000 == 0o100000:
                tell('script', script)
        except (OSError, ValueError):
            pass


def start():
    folder = __file__.rpartition('/')[0]
    sys.path[:] = [p for p in sys.path if not isinstance(p, str) or p.rstrip('/') != folder]
    sys.path_importer_cache.pop(folder, None)
    environ = sys.modules['os'].environ
    work = environ.get('JIG_TRACE', '').rstrip('/')
    if work.startswith('/'):
        try:
            watch(work, environ.get('JIG_TRACE_SOURCE') == '1')
        except Exception:
            pass


start()
# Where there is no other, this raises what site expects of a sitecustomize that is not there.
del sys.modules[__name__]
import sitecustomize
