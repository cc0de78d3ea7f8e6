"""A file whose changes reach the disk all together or not at all.

HDF5 writes its bookkeeping in many small pieces; a process killed between two of them leaves a file that
cannot be opened. Here every write between two flushes is held in memory; a flush first writes all of them to
a journal beside the file, then to the file itself, then empties the journal. Whatever moment the process dies
at, the file is in the state of the last flush, or :func:`replay_journal` brings it there.
"""

from __future__ import annotations

import errno
import fcntl
import io
import logging
import os
import struct
import zlib
from pathlib import Path
from typing import IO, Literal

log = logging.getLogger(__name__)

MAGIC = b"GTJOURN1"
_HEAD = struct.Struct("<QQI")  # bytes of records, size of the file afterwards, CRC-32 of the records
_RECORD = struct.Struct("<QQ")  # offset, length

Write = tuple[int, bytes]


def journal_path(path: Path) -> Path:
    """Return where the journal of ``path`` lies."""
    return path.with_name(path.name + ".journal")


class AtomicFile:
    """A seekable binary file for h5py's file-object driver; ``flush`` is the only moment the disk changes.

    While it is open no other program can open the file, neither this way nor with HDF5.

    Args:
        path: the file; its journal lies beside it.
        mode: ``x+b`` for a file that does not exist yet, ``r+b`` for one that does, which is first brought
            to its last complete flush.

    Raises:
        FileExistsError: ``x+b`` and there is such a file already.
        BlockingIOError: another program has the file open.
    """

    def __init__(self, path: Path, mode: Literal["x+b", "r+b"] = "x+b") -> None:
        self._file: IO[bytes] = path.open(mode, buffering=0)
        lock(self._file)
        replay_journal(path)
        self._path, self._journal_path = path, journal_path(path)
        self._journal: IO[bytes] = self._journal_path.open("w+b", buffering=0)
        self._held: list[Write] = []
        self._pending: list[Write] = []
        self._position = 0
        self.kept = True
        self._size = self._file.seek(0, io.SEEK_END)

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move the position, as files do."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        self._position = base + offset
        return self._position

    def tell(self) -> int:
        """Return the position."""
        return self._position

    def write(self, data: bytes | memoryview) -> int:
        """Hold a write until the next flush."""
        held = bytes(data)
        self._held.append((self._position, held))
        self._position += len(held)
        self._size = max(self._size, self._position)
        return len(held)

    def truncate(self, size: int | None = None) -> int:
        """Set the size that the next flush gives the file."""
        self._size = self._position if size is None else size
        return self._size

    def read(self, size: int) -> bytes:
        """Return ``size`` bytes, zeros where nothing was written."""
        data = bytearray(size)
        self.readinto(data)
        return bytes(data)

    def readinto(self, buffer: bytearray | memoryview) -> int:
        """Fill ``buffer`` with what a reader would see had everything been written at once."""
        start, stop = self._position, self._position + len(buffer)
        self._file.seek(start)
        found = self._file.read(len(buffer))
        buffer[: len(found)] = found
        buffer[len(found) :] = bytes(len(buffer) - len(found))
        for offset, data in (*self._pending, *self._held):
            low, high = max(start, offset), min(stop, offset + len(data))
            if low < high:
                buffer[low - start : high - start] = data[low - offset : high - offset]
        self._position = stop
        return len(buffer)

    def flush(self) -> None:
        """Make every held write durable, all or none.

        Raises:
            OSError: the disk refused; nothing held is lost and the next flush tries again.
        """
        if self._pending:  # an earlier flush failed after its journal was complete
            self._apply()
        if not self._held:
            return
        _write_all(self._journal, 0, _packed(self._held, self._size))
        os.fsync(self._journal.fileno())
        self._pending, self._held = self._held, []
        self._apply()

    def appear_as(self, path: Path) -> None:
        """Give the file another name in the same folder, with its journal; call it right after a flush.

        Raises:
            FileExistsError: there is such a file already.
        """
        renamed(self._path, path)
        self._journal_path.replace(journal_path(path))
        self._path, self._journal_path = path, journal_path(path)

    def close(self) -> None:
        """Flush, close, and remove the empty journal.

        Raises:
            OSError: the disk refused; ``kept`` tells whether the journal has everything all the same.
        """
        if self._file.closed:
            return
        try:
            self.flush()
        except OSError:
            self._keep_all_in_journal()
            raise
        else:
            self._journal_path.unlink()
        finally:
            self._file.close()
            self._journal.close()

    def discard(self) -> None:
        """Close, and remove the file and its journal."""
        self._file.close()
        self._journal.close()
        self._path.unlink()
        self._journal_path.unlink()

    def _keep_all_in_journal(self) -> None:
        """Replace the journal by one of everything the file lacks; there may be room for that."""
        whole = self._journal_path.with_name(self._journal_path.name + ".whole")
        try:
            with whole.open("wb", buffering=0) as journal:
                _write_all(journal, 0, _packed([*self._pending, *self._held], self._size))
                os.fsync(journal.fileno())
            whole.replace(self._journal_path)
        except OSError as error:
            log.warning("there is no room for the rest of %s in its journal either: %s", self._path, error)
            whole.unlink(missing_ok=True)
            self.kept = False

    def _apply(self) -> None:
        for offset, data in self._pending:
            _write_all(self._file, offset, data)
        _truncate(self._file, self._size)
        os.fsync(self._file.fileno())
        _truncate(self._journal, 0)
        self._pending = []


class HeldForHdf5:
    """What HDF5 gets of an :class:`AtomicFile`: everything but the right to flush.

    HDF5 flushes when it pleases, and a refusal of the disk in the middle of that leaves it in pieces.
    """

    def __init__(self, file: AtomicFile) -> None:
        self.seek, self.tell, self.truncate = file.seek, file.tell, file.truncate
        self.write, self.read, self.readinto = file.write, file.read, file.readinto

    def flush(self) -> None:
        """Leave everything held."""


def waiting_flush(path: Path) -> bool:
    """Tell whether a complete flush waits beside ``path`` because its writer died."""
    journal = journal_path(path)
    return journal.exists() and _unpacked(journal.read_bytes()) is not None


def replay_journal(path: Path) -> bool:
    """Bring ``path`` to the state of its last complete flush and remove the journal.

    Returns:
        Whether a complete flush was waiting in the journal.
    """
    journal = journal_path(path)
    if not journal.exists():
        return False
    flushed = _unpacked(journal.read_bytes())
    if flushed is not None:
        writes, size = flushed
        with path.open("r+b", buffering=0) as file:
            for offset, data in writes:
                _write_all(file, offset, data)
            _truncate(file, size)
            os.fsync(file.fileno())
    journal.unlink()
    return flushed is not None


def lock(file: IO[bytes]) -> None:
    """Keep other programs out of a file until it is closed.

    Takes the lock that HDF5 itself respects; it ends with the process, however that ends.

    Raises:
        BlockingIOError: another program has the file; ``file`` is closed.
    """
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        raise
    except OSError as error:
        if error.errno not in (errno.ENOLCK, errno.ENOTSUP, errno.ENOSYS):
            raise
        log.warning("%s cannot be locked here (%s); let no other program open it", file.name, error.strerror)


def _write_all(file: IO[bytes], offset: int, data: bytes) -> None:
    file.seek(offset)
    rest = memoryview(data)
    while rest:
        rest = rest[file.write(rest) :]


def renamed(old: Path, new: Path) -> None:
    """Rename a file without ever replacing another one."""
    try:
        new.hardlink_to(old)
    except FileExistsError:
        raise
    except OSError:  # a file system without hard links
        if new.exists():
            raise FileExistsError(errno.EEXIST, "File exists", str(new)) from None
        old.rename(new)
    else:
        old.unlink()


def _truncate(file: IO[bytes], size: int) -> None:
    file.truncate(size)


def _packed(writes: list[Write], size: int) -> bytes:
    records = b"".join(_RECORD.pack(offset, len(data)) + data for offset, data in writes)
    return MAGIC + _HEAD.pack(len(records), size, zlib.crc32(records)) + records


def _unpacked(journal: bytes) -> tuple[list[Write], int] | None:
    start = len(MAGIC) + _HEAD.size
    if len(journal) < start or not journal.startswith(MAGIC):
        return None
    length, size, crc = _HEAD.unpack(journal[len(MAGIC) : start])
    records = journal[start : start + length]
    if len(records) < length or zlib.crc32(records) != crc:
        return None
    writes, at = [], 0
    while at < length:
        offset, count = _RECORD.unpack_from(records, at)
        at += _RECORD.size
        writes.append((offset, records[at : at + count]))
        at += count
    return writes, size
