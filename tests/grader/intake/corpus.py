# SPDX-License-Identifier: MIT
"""What students hand in, as it should be, a little wrong, and hostile: made here, and graded.

Each case is a function below its table line:

    @case(STATUS, REASON, ENTRY)      what the result must say; ENTRY is a part of the entry's name
    def name(c): ...                  makes it in the folder c.dir and returns its path

A case of status "taken" is compiled (and not linked, there being no programs: that is quick). The digest of
the result must be that of the files in TAKEN, or in c.taken: exactly these were read, with exactly these
bytes. c.notes are the notes that it must get.
"""
import bz2
import gzip
import hashlib
import io
import json
import lzma
import os
import socket
import struct
import subprocess
import sys
import tarfile
import zipfile
import zlib
from concurrent.futures import ThreadPoolExecutor

TAKEN = {'src/lab05.c': b'int a;\n', 'src/own.h': b'/* mine */\n'}
MIB = 1 << 20
CASES = []


class Case:
    def __init__(self, make, status, reason, entry):
        self.make, self.status, self.reason, self.entry = make, status, reason, entry
        self.name = make.__name__.replace('_', ' ')
        self.taken, self.notes, self.wrap = TAKEN, [], []

    def path(self, name):
        path = os.path.join(self.dir, name)
        os.makedirs(os.path.dirname(path), exist_ok=True)
        return path

    def write(self, name, data):
        with open(self.path(name), 'wb') as f:
            f.write(data)
        return self.path(name)

    def folder(self, files=None, top='alice'):
        for name, data in (TAKEN if files is None else files).items():
            self.write(f'{top}/{name}', data)
        return os.path.join(self.dir, top)


class Skip(Exception):
    pass


def case(status, reason=None, entry=None):
    return lambda make: CASES.append(Case(make, status, reason, entry))


def zip_of(entries, method=zipfile.ZIP_DEFLATED):
    """entries: of (name, data) or (name, data, unix mode)."""
    out = io.BytesIO()
    with zipfile.ZipFile(out, 'w', method) as z:
        for name, data, *mode in entries:
            info = zipfile.ZipInfo('x', (2026, 1, 1, 0, 0, 0))
            info.filename = name  # not as the constructor would mend it
            info.external_attr = (mode[0] if mode else 0o100644) << 16
            info.compress_type = method
            z.writestr(info, data)
    return out.getvalue()


def tar_of(entries, form=tarfile.PAX_FORMAT):
    """entries: of (name, data), or of (name, type, where a link leads)."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode='w', format=form) as t:
        for name, data, *link in entries:
            info = tarfile.TarInfo(name)
            if not link:
                info.size = len(data)
                t.addfile(info, io.BytesIO(data))
            else:
                info.type = data
                info.linkname = link[0]
                t.addfile(info)
    return out.getvalue()


FILES = list(TAKEN.items())
INSIDE = [('alice/' + name, data) for name, data in FILES]


def bsdtar(c, name, *options):
    """What Python cannot write."""
    top = c.folder()
    out = os.path.join(c.dir, name)
    subprocess.run(['bsdtar', '-cf', out, *options, '-C', os.path.dirname(top), os.path.basename(top)], check=True)
    return out


def vint(n):
    out = b''
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def rar5_of(entries):
    def block(kind, flags, fields, data=b''):
        body = vint(kind) + vint(flags) + (vint(len(data)) if flags & 2 else b'') + fields
        head = vint(len(body)) + body
        return struct.pack('<I', zlib.crc32(head)) + head + data

    out = b'Rar!\x1a\x07\x01\x00' + block(1, 0, vint(0))
    for name, data in entries:
        raw = name.encode()
        fields = (vint(4) + vint(len(data)) + vint(0o100644) + struct.pack('<I', zlib.crc32(data)) + vint(0) + vint(1) +
                  vint(len(raw)) + raw)
        out += block(2, 2, fields, data)
    return out + block(5, 0, vint(0))


def rar4_of(entries):
    def block(kind, flags, rest, data=b''):
        head = struct.pack('<BHH', kind, flags, 7 + len(rest)) + rest
        return struct.pack('<H', zlib.crc32(head) & 0xffff) + head + data

    out = b'Rar!\x1a\x07\x00' + block(0x73, 0, b'\0' * 6)
    for name, data in entries:
        raw = name.replace('/', '\\').encode()
        rest = struct.pack('<IIBIIBBHI', len(data), len(data), 3, zlib.crc32(data), 0x5a210000, 20, 0x30, len(raw),
                           0o100644) + raw
        out += block(0x74, 0x8000, rest, data)
    return out + block(0x7b, 0x4000, b'')


# Taken ---------------------------------------------------------------------------------------------


@case('taken')
def a_folder(c):
    return c.folder()


@case('taken')
def a_folder_in_a_folder(c):
    c.folder(top='alice/home/alice/lab 5')
    return os.path.join(c.dir, 'alice')


@case('taken')
def a_folder_by_a_link(c):
    os.symlink(c.folder(), c.path('link'))
    return c.path('link')


@case('taken')
def a_single_file(c):
    c.taken = {'src/lab05.c': b'int a;\n'}
    return c.write('my solution.c', b'int a;\n')


@case('taken')
def a_zip(c):
    return c.write('a.zip', zip_of(FILES))


@case('taken')
def a_zip_that_is_not_compressed(c):
    return c.write('a.zip', zip_of(FILES, zipfile.ZIP_STORED))


@case('taken')
def a_zip_with_bzip2(c):
    return c.write('a.zip', zip_of(FILES, zipfile.ZIP_BZIP2))


@case('taken')
def a_zip_with_lzma(c):
    return c.write('a.zip', zip_of(FILES, zipfile.ZIP_LZMA))


@case('taken')
def a_zip_that_was_written_to_a_pipe(c):
    class Pipe(io.RawIOBase):  # sizes come after the data then
        def __init__(self):
            self.bytes = b''

        def writable(self):
            return True

        def write(self, data):
            self.bytes += bytes(data)
            return len(data)

    pipe = Pipe()
    with zipfile.ZipFile(pipe, 'w', zipfile.ZIP_DEFLATED) as z:
        for name, data in FILES:
            with z.open(name, 'w') as f:
                f.write(data)
    return c.write('a.zip', pipe.bytes)


@case('taken')
def a_zip_of_a_mac(c):
    return c.write('a.zip', zip_of(INSIDE + [('__MACOSX/alice/src/._lab05.c', b'\0\5'), ('alice/.DS_Store', b'\0'),
                                             ('alice/src/._own.h', b'\0')]))


@case('taken')
def a_zip_of_windows_in_an_old_character_set(c):
    data = zip_of([(name.replace('alice', 'JoXo'), data) for name, data in INSIDE] + [('JoXo/relatXrio.pdf', b'x')])
    return c.write('a.zip', data.replace(b'JoXo', b'Jo\xc6o').replace(b'relatX', b'relat\xa2'))


@case('taken')
def a_zip_with_accents(c):
    c.taken = dict(TAKEN, **{'src/função.c': b'int b;\n'})
    return c.write('a.zip', zip_of([('João Ção/' + name, data) for name, data in c.taken.items()]))


@case('taken')
def a_tar(c):
    return c.write('a.tar', tar_of(INSIDE, tarfile.USTAR_FORMAT))


@case('taken')
def a_tar_of_gnu_with_a_long_name(c):
    c.taken = dict(TAKEN, **{'src/' + 'x' * 150 + '.c': b''})
    return c.write('a.tar', tar_of(c.taken.items(), tarfile.GNU_FORMAT))


@case('taken')
def a_tar_of_the_working_folder(c):
    return c.write('a.tar.gz', gzip.compress(tar_of([('./', tarfile.DIRTYPE, '')] + [('./' + n, d) for n, d in FILES])))


@case('taken')
def a_tar_with_needless_dots(c):
    return c.write('a.tar', tar_of([('.//alice/./' + n.replace('/', '//'), d) for n, d in FILES]))


@case('taken')
def a_tar_gz(c):
    return c.write('a.tar.gz', gzip.compress(tar_of(INSIDE)))


@case('taken')
def a_tar_bz2(c):
    return c.write('a.tar.bz2', bz2.compress(tar_of(INSIDE)))


@case('taken')
def a_tar_xz(c):
    return c.write('a.tar.xz', lzma.compress(tar_of(INSIDE)))


@case('taken')
def a_tar_zst(c):
    return bsdtar(c, 'a.tar.zst', '--zstd', '--format', 'ustar')


@case('taken')
def a_7z(c):
    return bsdtar(c, 'a.7z', '--format', '7zip')


@case('taken')
def a_rar_of_version_5(c):
    return c.write('a.rar', rar5_of(INSIDE))


@case('taken')
def a_rar_of_version_4(c):
    return c.write('a.rar', rar4_of(INSIDE))


@case('taken')
def an_archive_whose_name_says_something_else(c):
    return c.write('a.zip', gzip.compress(tar_of(FILES)))


@case('taken')
def files_alone_without_src(c):
    return c.write('a.zip', zip_of([('work/lab05.c', b'int a;\n'), ('work/own.h', b'/* mine */\n')]))


@case('taken')
def an_older_copy_deeper_inside(c):
    c.taken = dict(TAKEN, **{'backup/old/src/lab05.c': b'int old;\n'})  # not compiled
    return c.write('a.zip', zip_of(c.taken.items()))


DATA = [('Makefile', b'all:\n\ttouch /tmp/pwned; exit 1\n'), ('.gdbinit', b'shell touch /tmp/pwned\n'),
        ('.valgrindrc', b'--error-exitcode=9 --suppressions=/nowhere\n'), ('.git/hooks/post-checkout', b'#!/bin/sh\n'),
        ('src/.valgrindrc', b'--tool=none\n'), ('include/.hidden.h', b'#error hidden\n'), ('lab.yaml', b'lab: mine\n'),
        ('@args.txt', b'-fplugin=./x.so\n'), ('src/specs', b'*cc1:\n'), ('build/chatd', b'\x7fELF')]


@case('taken')
def a_folder_with_files_that_tools_would_obey(c):
    return c.folder(dict(FILES + DATA))


@case('taken')
def a_tar_with_files_that_tools_would_obey(c):
    return c.write('a.tar', tar_of(FILES + DATA))


@case('taken')
def an_archive_beside_the_sources(c):
    return c.write('a.zip', zip_of(FILES + [('src/more.zip', zip_of([('src/more.c', b'#error no\n')]))]))


@case('taken')
def much_that_is_no_source(c):
    return c.write('a.tar.gz', gzip.compress(tar_of([('core', bytes(100 * MIB))] + FILES), 1))


@case('taken')
def names_that_differ_in_case_in_a_folder(c):
    c.taken = dict(TAKEN, **{'src/OWN.h': b''})
    return c.folder(c.taken)


@case('taken')
def sources_of_windows(c):
    c.taken = {'src/lab05.c': b'\xef\xbb\xbfint a;\r\n', 'src/own.h': b'/* \xe7 */\n'}
    c.notes = ['source.bom src/lab05.c', 'source.crlf src/lab05.c', 'source.not_utf8 src/own.h']
    return c.write('a.zip', zip_of(c.taken.items()))


# Refused: what entries are ----------------------------------------------------------------------------


@case('rejected', 'link', 'src/lab05.c')
def a_symbolic_link_in_a_tar(c):
    return c.write('a.tar', tar_of([('src/lab05.c', tarfile.SYMTYPE, '/etc/passwd')]))


@case('rejected', 'link', 'src')
def a_folder_that_is_a_link_in_a_tar(c):
    return c.write('a.tar', tar_of([('src', tarfile.SYMTYPE, '/etc')] + FILES))


@case('rejected', 'link', 'src/own.h')
def a_hard_link_in_a_tar(c):
    return c.write('a.tar', tar_of([('src/lab05.c', b''), ('src/own.h', tarfile.LNKTYPE, 'src/lab05.c')]))


@case('rejected', 'link', 'src/x.c')
def a_link_to_a_link_in_a_tar(c):
    return c.write('a.tar', tar_of([('src/x.c', tarfile.SYMTYPE, '../../../etc/shadow'),
                                    ('src/lab05.c', tarfile.LNKTYPE, 'src/x.c')]))


@case('rejected', 'link', 'src/lab05.c')
def a_symbolic_link_in_a_zip(c):
    return c.write('a.zip', zip_of([('src/lab05.c', b'/etc/passwd', 0o120777)]))


@case('rejected', 'special-file', 'src/lab05.c')
def a_fifo_in_a_tar(c):
    return c.write('a.tar', tar_of([('src/lab05.c', tarfile.FIFOTYPE, '')]))


@case('rejected', 'special-file', 'src/lab05.c')
def a_character_device_in_a_tar(c):
    return c.write('a.tar', tar_of([('src/lab05.c', tarfile.CHRTYPE, '')]))


@case('rejected', 'special-file', 'disk')
def a_block_device_in_a_tar(c):
    return c.write('a.tar', tar_of(FILES + [('disk', tarfile.BLKTYPE, '')]))


@case('rejected', 'file-and-folder', 'src/a.c')
def a_file_that_is_a_folder_in_a_tar(c):
    return c.write('a.tar', tar_of(FILES + [('src/a.c', b''), ('src/a.c/b.c', b'')]))


# Refused: names ----------------------------------------------------------------------------------------


@case('rejected', 'absolute-name', '/tmp/src/lab05.c')
def an_absolute_name_in_a_tar(c):
    return c.write('a.tar', tar_of([('/tmp/src/lab05.c', b'')]))


@case('rejected', 'absolute-name', '/tmp/src/lab05.c')
def an_absolute_name_in_a_zip(c):
    return c.write('a.zip', zip_of([('/tmp/src/lab05.c', b'')]))


@case('rejected', 'absolute-name', 'C:/src/lab05.c')
def a_drive(c):
    return c.write('a.zip', zip_of([('C:/src/lab05.c', b'')]))


@case('rejected', 'outside', '../src/lab05.c')
def a_name_that_leads_out(c):
    return c.write('a.tar', tar_of([('../src/lab05.c', b'')]))


@case('rejected', 'outside', 'src/../../x.c')
def a_name_that_leads_out_later(c):
    return c.write('a.zip', zip_of(FILES + [('src/../../x.c', b'')]))


@case('rejected', 'control-characters', '..\\..\\x.c')
def backslashes_in_a_tar(c):
    return c.write('a.tar', tar_of([('..\\..\\x.c', b'')] + FILES))


@case('rejected', 'control-characters', 'src/a\nb.c')
def a_newline_in_a_name(c):
    return c.write('a.tar', tar_of(FILES + [('src/a\nb.c', b'')]))


@case('rejected', 'control-characters', '\\x1b[2J')
def an_escape_sequence_in_a_name(c):
    return c.write('a.zip', zip_of(FILES + [('src/\x1b[2J.c', b'')]))


@case('rejected', 'control-characters', '\\xc2\\x9b')
def an_escape_sequence_of_one_character_in_a_name(c):
    return c.write('a.tar', tar_of(FILES + [('src/\x9b2J.c', b'')]))


@case('rejected', 'text-direction', 'src/\\xe2\\x80\\xae')
def a_name_that_turns_the_direction_of_text(c):
    return c.write('a.zip', zip_of(FILES + [('src/\u202ec.50bal', b'')]))


@case('rejected', 'text-direction', 'src/\\xe2\\x81\\xa6')
def a_name_that_isolates_text(c):
    return c.write('a.tar', tar_of(FILES + [('src/\u2066x.c', b'')]))


@case('taken')
def a_zero_byte_in_a_name(c):  # the name ends there
    return c.write('a.zip', zip_of([('src/lab05.cXevil.png', b'int a;\n'), FILES[1]]).replace(b'cXevil', b'c\0evil'))


@case('rejected', 'name-not-utf8', 'src/fun\\xe7.c')
def a_source_whose_name_is_not_utf8(c):
    return c.write('a.zip', zip_of(FILES + [('src/funX.c', b'')]).replace(b'funX', b'fun\xe7'))


@case('rejected', 'long-name', 'x' * 200)
def a_name_that_is_too_long(c):
    return c.write('a.tar', tar_of(FILES + [('src/' + 'x' * 256 + '.c', b'')]))


@case('rejected', 'long-name', 'y/' * 20)
def a_path_that_is_too_long(c):
    return c.write('a.zip', zip_of(FILES + [('y/' * 260 + 'x.c', b'')]))


@case('rejected', 'too-deep', 'd/d/d')
def folders_nested_too_deep(c):
    return c.write('a.zip', zip_of(FILES + [('d/' * 16 + 'x.c', b'')]))


@case('rejected', 'twice', 'src/lab05.c')
def a_name_twice_in_a_tar(c):
    return c.write('a.tar', tar_of(FILES + [('src/lab05.c', b'int another;\n')]))


@case('rejected', 'twice', 'src/lab05.c')
def a_name_twice_in_a_zip(c):
    return c.write('a.zip', zip_of(FILES + [('src/lab0X.c', b'int another;\n')]).replace(b'lab0X', b'lab05'))


@case('rejected', 'twice', 'src/lab05.c')
def a_name_twice_by_dots(c):
    return c.write('a.tar', tar_of(FILES + [('./src/.//lab05.c', b'')]))


@case('rejected', 'twice', 'SRC/Lab05.c')
def names_that_differ_in_case(c):
    return c.write('a.zip', zip_of(FILES + [('SRC/Lab05.c', b'')]))


@case('rejected', 'twice', 'src/Função.c')
def names_that_differ_in_the_case_of_an_accent(c):
    return c.write('a.tar', tar_of(FILES + [('src/funÇÃo.c', b''), ('src/Função.c', b'')]))


# Refused: how much there is -------------------------------------------------------------------------


@case('rejected', 'too-many', '')
def too_many_entries_in_a_zip(c):
    return c.write('a.zip', zip_of(FILES + [(f'{i}.txt', b'') for i in range(2000)]))


@case('rejected', 'too-many', '')
def too_many_entries_in_a_tar(c):
    return c.write('a.tar.gz', gzip.compress(tar_of([(f'{i}', tarfile.DIRTYPE, '') for i in range(2001)] + FILES), 1))


@case('rejected', 'too-large', 'src/big.c')
def a_source_that_is_too_large(c):
    return c.write('a.zip', zip_of(FILES + [('src/big.c', os.urandom(4 * MIB + 1))], zipfile.ZIP_STORED))


@case('rejected', 'too-large-together', 'src/8.c')
def sources_that_are_too_large_together(c):
    return c.write('a.zip', zip_of([(f'src/{i}.c', os.urandom(4 * MIB)) for i in range(9)], zipfile.ZIP_STORED))


@case('rejected', 'bomb', 'src/zeros.c')
def a_bomb(c):
    return c.write('a.zip', zip_of(FILES + [('src/zeros.c', bytes(3 * MIB))]))


@case('rejected', 'bomb', 'src/zeros.c')
def a_bomb_packed_three_times(c):
    data = tar_of(FILES + [('src/zeros.c', bytes(3 * MIB))])
    return c.write('a.tar.xz.gz.bz2', bz2.compress(gzip.compress(lzma.compress(data))))


@case('rejected', 'bulk', 'video.mp4')
def a_file_of_600_mib(c):
    tar = bytearray(tar_of([('video.mp4', b'')], tarfile.USTAR_FORMAT)[:512])
    tar[124:136] = b'%011o\0' % (600 * MIB)
    return c.write('a.tar', checksum(tar))


@case('rejected', 'bomb', '.c')
def a_zip_whose_entries_overlap(c):
    first = zip_of([('src/00.c', bytes(3 * MIB))])
    at = first.index(b'PK\x01\x02')
    entry, end = first[at:first.index(b'PK\x05\x06')], first[first.index(b'PK\x05\x06'):]
    entries = b''.join(entry.replace(b'src/00.c', b'src/%02d.c' % i) for i in range(60))
    end = end[:8] + struct.pack('<HHII', 60, 60, len(entries), at) + end[20:]
    return c.write('a.zip', first[:at] + entries + end)


@case('rejected', 'archive-too-large', '')
def an_archive_that_is_too_large(c):
    path = c.write('a.zip', zip_of(FILES))
    os.truncate(path, 64 * MIB + 1)
    return path


# Refused: what cannot be read --------------------------------------------------------------------------


@case('rejected', 'no-archive', '')
def a_text(c):
    return c.write('a.zip', b'I had no time.\n')


@case('rejected', 'no-archive', '')
def an_empty_file(c):
    return c.write('a.zip', b'')


@case('rejected', 'damaged', '')
def a_zip_cut_short(c):
    return c.write('a.zip', zip_of([('src/lab05.c', os.urandom(5000))])[:3000])


@case('rejected', 'damaged', '')
def a_tar_gz_cut_short(c):
    return c.write('a.tar.gz', gzip.compress(tar_of([('src/lab05.c', os.urandom(50000))]))[:30000])


@case('rejected', 'damaged', '')
def a_tar_xz_cut_short(c):
    return c.write('a.tar.xz', lzma.compress(tar_of([('src/lab05.c', os.urandom(50000))]))[:30000])


@case('rejected', 'damaged', '')
def a_7z_cut_short(c):
    path = bsdtar(c, 'a.7z', '--format', '7zip')
    os.truncate(path, os.path.getsize(path) - 20)
    return path


@case('rejected', 'damaged', 'src/lab05.c')
def a_zip_with_a_wrong_checksum(c):
    return c.write('a.zip', zip_of(FILES, zipfile.ZIP_STORED).replace(b'int a;\n', b'int b;\n'))


@case('rejected', 'encrypted', 'src/lab05.c')
def an_encrypted_zip(c):
    data = bytearray(zip_of([('src/lab05.c', bytes(100))], zipfile.ZIP_STORED))
    data[6] |= 1
    data[data.index(b'PK\x01\x02') + 8] |= 1
    return c.write('a.zip', bytes(data))


# Refused: what is in it ------------------------------------------------------------------------------


@case('rejected', 'no-source', '')
def nothing_but_a_report(c):
    return c.write('a.zip', zip_of([('report.pdf', b'%PDF')]))


@case('rejected', 'no-source', '')
def a_zip_without_entries(c):
    return c.write('a.zip', zip_of([]))


@case('rejected', 'nested-archive', 'alice/lab05.tar.gz')
def nothing_but_an_archive(c):
    return c.write('a.zip', zip_of([('alice/lab05.tar.gz', gzip.compress(tar_of(FILES)))]))


@case('rejected', 'ambiguous', '/src/lab05.c')
def two_submissions_in_one(c):
    return c.write('a.zip', zip_of([('a/src/lab05.c', b''), ('another/src/lab05.c', b'')]))


@case('rejected', 'utf16', 'src/lab05.c')
def a_source_in_utf16(c):
    return c.write('a.zip', zip_of([('src/lab05.c', 'int a;\n'.encode('utf-16'))]))


# Folders ----------------------------------------------------------------------------------------------


@case('rejected', 'link', 'src/lab05.c')
def a_link_in_a_folder(c):
    top = c.folder({'src/own.h': b''})
    os.symlink('/etc/passwd', top + '/src/lab05.c')
    return top


@case('rejected', 'link', 'src')
def a_folder_that_is_a_link(c):
    os.makedirs(c.path('alice/x'))
    os.symlink(c.folder(top='other') + '/src', c.path('alice/src'))
    return c.path('alice')


@case('rejected', 'special-file', 'src/lab05.c')
def a_fifo_in_a_folder(c):
    top = c.folder({'src/own.h': b''})
    os.mkfifo(top + '/src/lab05.c')
    return top


@case('rejected', 'special-file', 'src/lab05.c')
def a_socket_in_a_folder(c):
    top = c.folder({'src/own.h': b''})
    here = os.open(top + '/src', os.O_RDONLY)
    with socket.socket(socket.AF_UNIX) as s:
        s.bind(f'/proc/self/fd/{here}/lab05.c')
    os.close(here)
    return top


@case('rejected', 'special-file', 'src/lab05.c')
def a_device_in_a_folder(c):
    top = c.folder({'src/own.h': b''})
    try:
        os.mknod(top + '/src/lab05.c', 0o020666, os.makedev(1, 5))
    except PermissionError:
        raise Skip('only root makes devices')
    return top


@case('rejected', 'special-file', '/dev/zero')
def a_device(c):
    return '/dev/zero'


@case('rejected', 'unreadable', 'src/lab05.c')
def a_file_that_nobody_may_read(c):
    if os.geteuid() == 0:
        raise Skip('root reads everything; a unit test does it as somebody else')
    top = c.folder()
    os.chmod(top + '/src/lab05.c', 0)
    return top


@case('rejected', 'changed', 'src/lab05.c')
def a_file_that_is_not_as_large_as_it_says(c):  # as one does that grows meanwhile
    top = c.folder()
    c.wrap = ['unshare', '-m', 'sh', '-c', 'mount --bind /proc/version "$0/src/lab05.c" && exec "$@"', top]
    if subprocess.run(['unshare', '-m', 'true'], stderr=subprocess.DEVNULL).returncode != 0:
        raise Skip('only root mounts, and not in a container')
    return top


@case('rejected', 'too-many', '')
def a_folder_with_fifty_thousand_entries(c):
    top = c.folder()
    os.makedirs(top + '/data')
    here = os.open(top + '/data', os.O_RDONLY)
    os.close(os.open('0', os.O_WRONLY | os.O_CREAT, dir_fd=here))
    for i in range(1, 50000):  # links are quicker made; so many that ext4 allows them
        os.link('0', f'.{i}' if i % 2 else f'{i}', src_dir_fd=here, dst_dir_fd=here)
    os.close(here)
    return top


@case('rejected', 'too-deep', 'd/d/d')
def folders_in_folders_in_folders(c):
    c.folder()
    c.write('alice/' + 'd/' * 17 + 'x.c', b'')
    return c.path('alice')


@case('rejected', 'too-large', 'src/big.c')
def a_large_file_in_a_folder(c):
    top = c.folder()
    os.truncate(c.write('alice/src/big.c', b''), 1 << 40)
    return top


@case('rejected', 'too-large-together', 'src/')
def large_files_in_a_folder(c):
    top = c.folder()
    for i in range(9):
        os.truncate(c.write(f'alice/src/{i}.c', b''), 4 * MIB)
    return top


@case('rejected', 'control-characters', 'src/a\\x08b.c')
def a_control_character_in_a_folder(c):
    return c.folder(dict(TAKEN, **{'src/a\bb.c': b''}))


@case('rejected', 'text-direction', 'src/')
def a_name_in_a_folder_that_turns_the_direction_of_text(c):
    return c.folder(dict(TAKEN, **{'src/\u202ex.c': b''}))


@case('rejected', 'nested-archive', 'lab05.zip')
def a_folder_with_an_archive_alone(c):
    return c.folder({'lab05.zip': zip_of(FILES)})


@case('rejected', 'ambiguous', 'src/lab05.c')
def a_class_instead_of_a_submission(c):
    c.folder(top='class/ann')
    c.folder(top='class/robert')
    return os.path.join(c.dir, 'class')


@case('rejected', '', '')
def the_processes_of_this_machine(c):
    return '/proc/self/'


@case('rejected', '', '')
def the_devices_of_this_machine(c):
    return '/dev'


# -----------------------------------------------------------------------------------------------------


def checksum(header):
    header[148:156] = b' ' * 8
    header[148:156] = b'%06o\0 ' % sum(header[:512])
    return bytes(header)


def digest(files):
    h = hashlib.sha256()
    for name, data in sorted((n.encode(), d) for n, d in files.items()):
        h.update(name + b'\n%d\n' % len(data) + data)
    return 'sha256:' + h.hexdigest()


def look(c, grader, schema):
    """What is wrong with the result; nothing: it is as the table says."""
    import jsonschema

    path = c.make(c)
    argv = c.wrap + [grader, 'run', 'lab05', path, '--format', 'json', '--deterministic']
    run = subprocess.run(argv, capture_output=True, timeout=120, stdin=subprocess.DEVNULL)
    said = b'--class' in run.stderr if c.reason == 'ambiguous' else not run.stderr
    if run.returncode != (0 if c.status == 'taken' else 1) or not said:
        return f'exit status {run.returncode}: {run.stderr.decode(errors="replace")[:500]}'
    text = run.stdout.decode()
    result = json.loads(text)
    jsonschema.validate(result, schema)
    why = result.get('rejection', {})
    if c.status == 'taken' and result.get('message') == 'the programs cannot be linked':
        result['status'] = 'taken'
    if result['status'] != c.status:
        return f'status {result["status"]}: {result.get("message")}'
    if c.status == 'rejected':
        if c.reason and why['reason'] != c.reason:
            return f'reason {why["reason"]}: {result["message"]}'
        if c.entry is not None and c.entry not in why.get('entry', ''):
            return f'entry {why.get("entry")!r}: {result["message"]}'
        if c.entry and f"'{why['entry']}': " not in result['message']:
            return f'the message names no entry: {result["message"]}'
        return None
    if result['submission']['digest'] != digest(c.taken):
        return 'other files were taken, or other bytes'
    notes = [f['kind'] + ' ' + f['file'] for f in result['findings'] if f['kind'].startswith('source.')]
    return None if notes == c.notes else f'notes: {notes}'


def try_case(c, number, work, grader, schema):
    c.dir = os.path.join(work, str(number))
    os.makedirs(c.dir)
    expected = c.status + (f', {c.reason}' if c.reason else '') + (f', {c.entry[:40]!r}' if c.entry else '')
    try:
        wrong = look(c, grader, schema)
    except Skip as why:
        return True, f'ok - {c.name} # SKIP {why}'
    except Exception as why:  # a fault of the case is one failure, and the others go on
        wrong = f'{type(why).__name__}: {why}'
    finally:
        subprocess.run(['rm', '-rf', c.dir], check=True)
    return not wrong, f'ok - {c.name}: {expected}' if not wrong else f'not ok - {c.name}: {expected}\n# ' + wrong.replace('\n', '\n# ')


def main():
    grader, root, work = sys.argv[1:4]
    wanted = sys.argv[4:]
    with open(os.path.join(root, 'docs/result.schema.json')) as f:
        schema = json.load(f)
    cases = [c for c in CASES if not wanted or any(w in c.name for w in wanted)]
    good = True
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for ok, line in pool.map(lambda ic: try_case(ic[1], ic[0], work, grader, schema), enumerate(cases)):
            good &= ok
            print(line, flush=True)
    return 0 if good else 1


if __name__ == '__main__':
    sys.exit(main())
