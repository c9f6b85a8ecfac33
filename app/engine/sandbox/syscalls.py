"""System call numbers by architecture: what the child may call at all.

The list is what CPython and the C library need to compute, to read and write open files and
to run threads. Not on it, so denied: sockets, new processes, other processes' memory,
mounts, namespaces, modes and owners of files, kernel keys, BPF, io_uring. Source: the
kernel's ``asm/unistd_64.h`` and ``asm-generic/unistd.h``.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

_X86_64 = {
    "read": 0, "write": 1, "close": 3, "stat": 4, "fstat": 5, "lstat": 6, "poll": 7,
    "lseek": 8, "mmap": 9, "mprotect": 10, "munmap": 11, "brk": 12, "rt_sigaction": 13,
    "rt_sigprocmask": 14, "rt_sigreturn": 15, "pread64": 17, "pwrite64": 18, "readv": 19,
    "writev": 20, "access": 21, "pipe": 22, "select": 23, "sched_yield": 24, "mremap": 25,
    "msync": 26, "mincore": 27, "madvise": 28, "dup": 32, "dup2": 33, "pause": 34,
    "nanosleep": 35, "getitimer": 36, "alarm": 37, "setitimer": 38, "getpid": 39,
    "sendfile": 40, "recvfrom": 45, "shutdown": 48, "getsockname": 51, "setsockopt": 54,
    "getsockopt": 55, "exit": 60, "wait4": 61, "uname": 63, "flock": 73, "fsync": 74,
    "fdatasync": 75, "ftruncate": 77, "getdents": 78, "getcwd": 79, "chdir": 80,
    "fchdir": 81, "rename": 82, "creat": 85, "link": 86, "unlink": 87, "readlink": 89,
    "umask": 95, "gettimeofday": 96, "getrlimit": 97, "getrusage": 98, "sysinfo": 99,
    "times": 100, "getuid": 102, "getgid": 104, "geteuid": 107, "getegid": 108,
    "getppid": 110, "rt_sigpending": 127, "rt_sigtimedwait": 128, "rt_sigsuspend": 130,
    "sigaltstack": 131, "gettid": 186, "time": 201, "futex": 202, "sched_getaffinity": 204,
    "epoll_create": 213, "getdents64": 217, "set_tid_address": 218, "restart_syscall": 219,
    "fadvise64": 221, "clock_gettime": 228, "clock_getres": 229, "clock_nanosleep": 230,
    "exit_group": 231, "epoll_wait": 232, "epoll_ctl": 233, "waitid": 247, "newfstatat": 262,
    "unlinkat": 263, "renameat": 264, "linkat": 265, "readlinkat": 267, "faccessat": 269,
    "pselect6": 270, "ppoll": 271, "set_robust_list": 273, "get_robust_list": 274,
    "epoll_pwait": 281, "fallocate": 285, "eventfd2": 290, "epoll_create1": 291, "dup3": 292,
    "pipe2": 293, "preadv": 295, "pwritev": 296, "getcpu": 309, "renameat2": 316,
    "getrandom": 318, "membarrier": 324, "copy_file_range": 326, "preadv2": 327,
    "pwritev2": 328, "statx": 332, "rseq": 334, "close_range": 436, "faccessat2": 439,
}  # fmt: skip
_X86_64_CHECKED = {
    "open": 2, "openat": 257, "ioctl": 16, "fcntl": 72, "clone": 56, "kill": 62,
    "tgkill": 234, "prlimit64": 302, "socketpair": 53, "sendto": 44,
}  # fmt: skip

_AARCH64 = {
    "getcwd": 17, "eventfd2": 19, "epoll_create1": 20, "epoll_ctl": 21, "epoll_pwait": 22,
    "dup": 23, "dup3": 24, "flock": 32, "unlinkat": 35, "linkat": 37, "renameat": 38,
    "ftruncate": 46, "fallocate": 47, "faccessat": 48, "chdir": 49, "fchdir": 50,
    "close": 57, "pipe2": 59, "getdents64": 61, "lseek": 62, "read": 63, "write": 64,
    "readv": 65, "writev": 66, "pread64": 67, "pwrite64": 68, "preadv": 69, "pwritev": 70,
    "sendfile": 71, "pselect6": 72, "ppoll": 73, "readlinkat": 78, "newfstatat": 79,
    "fstat": 80, "fsync": 82, "fdatasync": 83, "exit": 93, "exit_group": 94, "waitid": 95,
    "set_tid_address": 96, "futex": 98, "set_robust_list": 99, "get_robust_list": 100,
    "nanosleep": 101, "getitimer": 102, "setitimer": 103, "clock_gettime": 113,
    "clock_getres": 114, "clock_nanosleep": 115, "sched_getaffinity": 123,
    "sched_yield": 124, "restart_syscall": 128, "sigaltstack": 132, "rt_sigsuspend": 133,
    "rt_sigaction": 134, "rt_sigprocmask": 135, "rt_sigpending": 136, "rt_sigtimedwait": 137,
    "rt_sigreturn": 139, "times": 153, "uname": 160, "getrlimit": 163, "getrusage": 165,
    "umask": 166, "getcpu": 168, "gettimeofday": 169, "getpid": 172, "getppid": 173,
    "getuid": 174, "geteuid": 175, "getgid": 176, "getegid": 177, "gettid": 178,
    "sysinfo": 179, "getsockname": 204, "recvfrom": 207, "setsockopt": 208,
    "getsockopt": 209, "shutdown": 210, "brk": 214, "munmap": 215, "mremap": 216,
    "mmap": 222, "fadvise64": 223, "mprotect": 226, "msync": 227, "mincore": 232,
    "madvise": 233, "wait4": 260, "renameat2": 276, "getrandom": 278, "membarrier": 283,
    "copy_file_range": 285, "preadv2": 286, "pwritev2": 287, "statx": 291, "rseq": 293,
    "close_range": 436, "faccessat2": 439,
}  # fmt: skip
_AARCH64_CHECKED = {
    "openat": 56, "ioctl": 29, "fcntl": 25, "clone": 220, "kill": 129, "tgkill": 131,
    "prlimit64": 261, "socketpair": 199, "sendto": 206,
}  # fmt: skip


class Architecture(NamedTuple):
    """One machine's numbers.

    Attributes:
        audit: The value of ``seccomp_data.arch``.
        allowed: Calls that are harmless with any argument.
        checked: Calls that are allowed with some arguments only.
        absent: Calls answered with ENOSYS, so that the C library uses an older one whose
            arguments the filter can see: ``clone3``, ``openat2``.
    """

    audit: int
    allowed: Mapping[str, int]
    checked: Mapping[str, int]
    absent: tuple[int, ...] = (435, 437)


ARCHITECTURES: Mapping[str, Architecture] = {
    "x86_64": Architecture(0xC000003E, _X86_64, _X86_64_CHECKED),
    "aarch64": Architecture(0xC00000B7, _AARCH64, _AARCH64_CHECKED),
}
"""By ``os.uname().machine``."""
