/* lab01; tests: io_eintr_partial; verdicts: pass | descriptors that are only in sockets' buffers, in a circle */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    for (int i = 0; native() && i < 60; i++) {
        int s[2];
        if (socketpair(AF_UNIX, SOCK_DGRAM, 0, s) < 0)
            break;
        union { struct cmsghdr align; char space[CMSG_SPACE(2 * sizeof(int))]; } c = {0};
        struct iovec iov = {(char *)"x", 1};
        struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1, .msg_control = c.space, .msg_controllen = sizeof(c.space)};
        struct cmsghdr *h = CMSG_FIRSTHDR(&m);
        h->cmsg_level = SOL_SOCKET, h->cmsg_type = SCM_RIGHTS, h->cmsg_len = CMSG_LEN(sizeof(s));
        memcpy(CMSG_DATA(h), s, sizeof(s));
        for (int k = 0; k < 8 && sendmsg(s[0], &m, MSG_DONTWAIT) > 0; k++)
            ;
        close(s[0]);
        close(s[1]);
    }
}
