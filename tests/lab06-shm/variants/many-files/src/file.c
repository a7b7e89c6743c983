/* SPDX-License-Identifier: MIT */
/* E. The mapped file. */
#include "parts.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* One button at a time: whoever comes meanwhile asks again a little later. */
static int lock_alone(int fd)
{
    struct flock l = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    const struct timespec nap = {.tv_nsec = 1000000};
    int r;

    while ((r = fcntl(fd, F_SETLK, &l)) < 0 && (errno == EAGAIN || errno == EACCES || errno == EINTR))
        (void)clock_nanosleep(CLOCK_MONOTONIC, 0, &nap, NULL);
    return r;
}

/* Zeros are a button that nobody has pressed, so a new file needs no initialisation that others
 * could see half done: making it longer is enough, and harmless if somebody else did it just now. */
int button_run(const char *file, long presses)
{
    int fd = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    struct stat st;
    button_file *b;
    int sound;

    if (fd < 0)
        return complain("button", file);
    if (lock_alone(fd) < 0 || fstat(fd, &st) < 0
        || (st.st_size == 0 && (ftruncate(fd, sizeof(*b)) < 0 || fstat(fd, &st) < 0))) {
        close(fd);
        return complain("button", file);
    }
    if (st.st_size != sizeof(*b)) {
        close(fd);
        errno = EPROTO;
        return complain("button", file);
    }
    b = mmap(NULL, sizeof(*b), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (b == MAP_FAILED) {
        close(fd);
        return complain("button", file);
    }
    sound = magic_get(&b->magic) == BUTTON_MAGIC || magic_get(&b->magic) == 0;
    if (sound) {
        magic_set(&b->magic, BUTTON_MAGIC);
        while (presses-- > 0)
            b->presses++;
    }
    munmap(b, sizeof(*b));
    close(fd); /* the lock goes with it */
    errno = EPROTO;
    return sound ? EXIT_OK : complain("button", file);
}

int led_run(const char *file)
{
    int fd = open(file, O_RDONLY | O_CLOEXEC);
    const button_file *b;
    struct stat st;
    uint64_t presses;
    region_t r;
    int sound;

    if (fd < 0)
        return complain("led", file);
    if (fstat(fd, &st) < 0 || st.st_size != sizeof(*b)) {
        close(fd);
        errno = EPROTO;
        return complain("led", file);
    }
    if (map_and_close(fd, sizeof(*b), 0, &r) < 0)
        return complain("led", file);
    b = r.addr;
    sound = magic_get(&b->magic) == BUTTON_MAGIC;
    presses = __atomic_load_n(&b->presses, __ATOMIC_SEQ_CST);
    region_detach(&r);
    if (!sound) {
        errno = EPROTO;
        return complain("led", file);
    }
    printf("LED %s presses=%llu\n", presses % 2 ? "on" : "off", (unsigned long long)presses);
    return flushed("led");
}
