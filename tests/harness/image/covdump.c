/* SPDX-License-Identifier: MIT */
/* covdump: writes the .gcda files from the counters of an image (IMAGE.cov, on standard input). A
 * program of its own, and not a way of the image's: it is linked from the student's objects in the
 * image's order, so that the counters lie where they lie there, but nothing of the student's ever
 * runs in it. It begins here and not in the C library, so there are no constructors, resolvers or
 * handlers; it calls the kernel and libgcov alone; and of names that both define, ours come first:
 *
 *     gcc -static -nostdlib -no-pie -Wl,-e,lab_covdump_start -Wl,-z,muldefs
 *         -Wl,--unresolved-symbols=ignore-all -Wl,-T,covmap.ld covdump.o OBJECT... -lgcov
 *
 * Exit status: 0; 1: a file could not be read or written; 2: the counters are not what counting makes
 * of them: before the first and behind the last of them lies a strip that nothing counts in, and a
 * .gcda file is written once; 3: there are no counters, or not all of them. */
#include <fcntl.h>
#include <stddef.h>
#include <sys/mman.h>
#include <sys/syscall.h>

enum { HEAP = 1 << 16 };

struct gcov_info;
extern void __gcov_info_to_gcda(const struct gcov_info *info,
                                void (*on_name)(const char *name, void *arg),
                                void (*on_data)(const void *data, unsigned size, void *arg),
                                void *(*on_memory)(unsigned size, void *arg), void *arg);
extern const struct gcov_info *const __start_lab_gcov[] __attribute__((weak));
extern const struct gcov_info *const __stop_lab_gcov[] __attribute__((weak));
extern char lab_cov_begin[], lab_cov_first[], lab_cov_last[], lab_cov_end[];

_Noreturn void lab_covdump_start(void);
_Noreturn void abort(void);
void *mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset);

static int failed;

static long call(long number, long a, long b, long c, long d, long e, long f)
{
#if defined(__x86_64__)
    register long r10 __asm__("r10") = d;
    register long r8 __asm__("r8") = e;
    register long r9 __asm__("r9") = f;
    long result;

    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"(number), "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
                     : "rcx", "r11", "memory");
    return result;
#elif defined(__aarch64__)
    register long x8 __asm__("x8") = number;
    register long x0 __asm__("x0") = a;
    register long x1 __asm__("x1") = b;
    register long x2 __asm__("x2") = c;
    register long x3 __asm__("x3") = d;
    register long x4 __asm__("x4") = e;
    register long x5 __asm__("x5") = f;

    __asm__ volatile("svc 0"
                     : "+r"(x0)
                     : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
                     : "memory");
    return x0;
#else
#error "how does one call the kernel here?"
#endif
}

static _Noreturn void leave(int status)
{
    for (;;)
        (void)call(SYS_exit_group, status, 0, 0, 0, 0, 0);
}

/* What libgcov needs of a C library. */
void abort(void)
{
    leave(1);
}

void *mmap(void *addr, size_t size, int prot, int flags, int fd, off_t offset)
{
    long at = call(SYS_mmap, (long)addr, (long)size, prot, flags, fd, (long)offset);

    return at < 0 && at > -4096 ? MAP_FAILED : (void *)at;
}

static void on_name(const char *name, void *arg)
{
    long fd = call(SYS_openat, AT_FDCWD, (long)name, O_WRONLY | O_CREAT | O_EXCL, 0644, 0, 0);

    *(int *)arg = (int)fd;
    if (fd == -17) /* EEXIST: there are two of the same name */
        failed = 2;
    else if (fd < 0)
        failed = failed ? failed : 1;
}

static void on_data(const void *data, unsigned size, void *arg)
{
    if (*(int *)arg >= 0
        && call(SYS_write, *(int *)arg, (long)data, (long)size, 0, 0, 0) != (long)size)
        failed = failed ? failed : 1;
}

static void *on_memory(unsigned size, void *arg)
{
    static char heap[HEAP] __attribute__((aligned(16)));
    static size_t used;
    size_t at = used;

    (void)arg;
    used += (size + 15U) & ~15U;
    return used <= sizeof(heap) ? heap + at : NULL;
}

static int is_clean(const char *from, const char *to)
{
    for (; from < to; from++)
        if (*from)
            return 0;
    return 1;
}

void lab_covdump_start(void)
{
    const size_t size = (size_t)(lab_cov_end - lab_cov_begin);

    /* Beyond the file's end there are no pages: it is as large as its counters need, or there are none. */
    if (!size || call(SYS_lseek, 0, 0, 2, 0, 0, 0) < (long)size
        || mmap(lab_cov_begin, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED, 0, 0)
               == MAP_FAILED)
        leave(3);
    if (!is_clean(lab_cov_begin, lab_cov_first) || !is_clean(lab_cov_last, lab_cov_end))
        leave(2);
    for (const struct gcov_info *const *p = __start_lab_gcov; p < __stop_lab_gcov; p++) {
        int to = -1;

        __gcov_info_to_gcda(*p, on_name, on_data, on_memory, &to);
        if (to >= 0)
            (void)call(SYS_close, to, 0, 0, 0, 0, 0);
    }
    leave(failed);
}
