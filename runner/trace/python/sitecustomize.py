"""Stands in front of a step's Python: tells the observer what the importer looks for (runner/trace/python_hook.h), then hands over to the next sitecustomize."""
# For Python 3.6 to 3.14. It imports only what is loaded already or built in, and mmap for itself; it leaves no trace but wrapped functions of the importer's.
import sys

# As in runner/trace/python_hook.h and runner/trace/observe_board.h.
AWAY, BOARD = -0x6a6967, 2 << 20


def watch(work, sources):
    import _frozen_importlib as importer
    import _frozen_importlib_external as external
    import _imp
    import posix
    from _io import FileIO

    access, getcwd, getpid, frame, stat = posix.access, posix.getcwd, posix.getpid, sys._getframe, posix.stat
    coding, inside = sys.getfilesystemencoding(), work + '/'
    # What was told: FOLDER/NAME of modules, and paths that were asked about.
    names, asked = set(), set()
    # The process that has a board, or that could not have one, and what writes there. Boards stay, as each holds a descriptor that may long be another's.
    owner, write, boards, mapping = 0, None, [], None

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
            if path and len(path.encode(coding, 'surrogateescape')) < 3000:
                access('/.jig-trace/' + word + path, 0)
        except (OSError, ValueError):
            pass

    def load_mmap():
        spec = importer.BuiltinImporter.find_spec('mmap')
        if spec is None:
            spec = external.PathFinder.find_spec('mmap', [p for p in sys.path if isinstance(p, str) and p.endswith('/lib-dynload')])
        loaded = 'mmap' in sys.modules
        module = importer.module_from_spec(spec)
        spec.loader.exec_module(module)
        if not loaded:
            sys.modules.pop('mmap', None)
        return module.mmap

    def open_board():
        nonlocal owner, write, mapping
        # What comes in between is told without one.
        owner, write = getpid(), None
        try:
            # Where threads run at once nothing keeps them from writing to the same place.
            if 't' in sys.abiflags:
                return
            # To be closed on exec; may be sealed. Python 3.8.
            fd = posix.memfd_create('jig-trace', 1 | 2)
            try:
                posix.ftruncate(fd, BOARD)
                mapping = mapping or load_mmap()
                board = mapping(fd, BOARD)
                boards.append(board)
                # Of all that is asked only this is ever answered with yes: whoever watches has taken it.
                if access('/.jig-trace/board/%d' % fd, 0):
                    write = board.write
            finally:
                posix.close(fd)
        except Exception:
            pass

    # Whether it is told now that this process asks for an absolute path: then it may do so unwatched.
    def note(kind, path):
        if getpid() != owner:
            open_board()
        if write is None or '\0' in path or path.startswith(('/proc/', '/dev/')):
            return False
        try:
            write(kind + path.encode(coding, 'surrogateescape') + b'\0')
            return True
        except ValueError:
            # It is full.
            return False

    def look(folder, name):
        folder = place(folder)
        if folder is None or not name or '/' in name or '\0' in name:
            return
        path = folder + '/' + name
        # No file has a longer name.
        if path in names or len(name.encode(coding, 'surrogateescape')) > 255:
            return
        if not note(b'M', path):
            access('/.jig-trace/module/' + name + folder, 0)
        names.add(path)

    def _path_stat(path):
        if type(path) is not str or path[:1] != '/':
            return stat(path)
        if path not in asked:
            if not note(b'S', path):
                return stat(path)
            asked.add(path)
        return stat(path, dir_fd=AWAY)

    finder, loader = external.FileFinder, external.FileLoader
    usual = set(external.SOURCE_SUFFIXES + external.BYTECODE_SUFFIXES + _imp.extension_suffixes())
    find, fill, read = finder.find_spec, finder._fill_cache, loader.get_data
    compiling = external.SourceLoader.get_code.__code__
    opened, flags = posix.open, posix.O_RDONLY | posix.O_CLOEXEC

    def find_spec(self, fullname, target=None):
        try:
            look(self.path, fullname.rpartition('.')[2])
        except (OSError, ValueError):
            pass
        return find(self, fullname, target)

    def _fill_cache(self):
        # Under other suffixes than Python's own a name is more than the files that it is known to be.
        if not all(s in usual for s, _ in self._loaders):
            return fill(self)
        tell('list', self.path)
        return fill(self)

    def get_data(self, path):
        # Only what get_code() asks for is compiled; others (pkgutil, get_source) read a text.
        if frame(1).f_code is not compiling:
            return read(self, path)
        mine = str(self.path)
        compiled, inner = path != mine, mine.startswith(inside)
        if path[:1] == '/' and note(b'P' if sources and inner and not compiled else b'R', path):
            fd = opened(path, flags, dir_fd=AWAY)
            try:
                file = FileIO(fd, 'r')
            except BaseException:
                posix.close(fd)
                raise
            with file:
                data = file.read()
        else:
            if sources and not compiled:
                tell('source', path)
            data = read(self, path)
        # Compiled code that is at hand is used in place of the source: the source is opened all the same, so that it counts as read.
        if compiled and inner:
            try:
                if note(b'P' if sources else b'R', mine):
                    posix.close(opened(mine, flags, dir_fd=AWAY))
                else:
                    if sources:
                        tell('source', mine)
                    posix.close(opened(mine, flags))
            except (OSError, ValueError):
                pass
        return data

    # With the names and the file of what they wrap, tracebacks and signatures are what they were.
    for new, old in (find_spec, find), (_fill_cache, fill), (get_data, read), (_path_stat, external._path_stat):
        new.__module__, new.__qualname__, new.__doc__ = old.__module__, old.__qualname__, old.__doc__
        if hasattr(new.__code__, 'replace'):
            new.__code__ = new.__code__.replace(co_filename=old.__code__.co_filename)
    finder.find_spec, finder._fill_cache, loader.get_data, external._path_stat = find_spec, _fill_cache, get_data, _path_stat

    # 3.6 does not know its arguments yet.
    script = (getattr(sys, 'argv', None) or [''])[0]
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
