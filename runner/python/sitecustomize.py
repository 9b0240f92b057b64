"""Stands in front of a step's Python: tells the observer what the importer looks for (runner/python_hook.h), then hands over to the next sitecustomize."""
# For Python 3.6 to 3.14. It imports only what is loaded already or built in, and leaves no trace but three wrapped functions.
import sys


def watch(work):
    import posix
    import _frozen_importlib_external as external

    access, getcwd, frame = posix.access, posix.getcwd, sys._getframe
    inside = work + '/'
    told = set()

    # access() asks about a name without raising, and the name is never there.
    def tell(word, path, name=None):
        try:
            if path[:1] != '/':
                path = getcwd() + '/' + path if path else getcwd()
            if path != work and not path.startswith(inside):
                return
            if name is not None:
                if (path, name) in told:
                    return
                told.add((path, name))
                path = path.rstrip('/') + '//' + name
            access('/.jig-trace/' + word + path, 0)
        except (OSError, ValueError):
            pass

    finder, loader = external.FileFinder, external.FileLoader
    find, fill, read = finder.find_spec, finder._fill_cache, loader.get_data
    compiling = external.SourceLoader.get_code.__code__

    def find_spec(self, fullname, target=None):
        name = fullname.rpartition('.')[2]
        if '/' not in name:
            tell('module', self.path, name)
        return find(self, fullname, target)

    def _fill_cache(self):
        tell('list', self.path)
        return fill(self)

    def get_data(self, path):
        # Only what get_code() asks for is compiled; others (pkgutil, get_source) read a text.
        if frame(1).f_code is not compiling:
            return read(self, path)
        if path == self.path:
            tell('source', path)
            return read(self, path)
        # Compiled code that is at hand is used in place of the source: the source is opened all the same, so that it counts as read.
        data = read(self, path)
        try:
            if self.path.startswith(inside):
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

    # 3.6 does not know its arguments yet; there the script counts as any file that is read.
    script = getattr(sys, 'argv', None) or ['']
    if script[0] not in ('', '-', '-c', '-m'):
        try:
            if posix.stat(script[0]).st_mode & 0o170000 == 0o100000:
                tell('script', script[0])
        except (OSError, ValueError):
            pass


def start():
    folder = __file__.rpartition('/')[0]
    sys.path[:] = [p for p in sys.path if not isinstance(p, str) or p.rstrip('/') != folder]
    sys.path_importer_cache.pop(folder, None)
    work = sys.modules['os'].environ.get('JIG_TRACE', '').rstrip('/')
    if work.startswith('/'):
        try:
            watch(work)
        except Exception:
            pass


start()
# Where there is no other, this raises what site expects of a sitecustomize that is not there.
del sys.modules[__name__]
import sitecustomize
