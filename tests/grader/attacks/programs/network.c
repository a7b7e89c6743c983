/* lab01; tests: hello_line; verdicts: pass; only: full | the world outside, and routes to it */
/* SPDX-License-Identifier: MIT */
ATTACK
{
    static const char *const hosts[] = {"1.1.1.1", "10.0.0.1", "192.168.1.1", "172.17.0.1", "169.254.169.254", "8.8.8.8"};

    for (size_t i = 0; native() && i < sizeof(hosts) / sizeof(*hosts); i++) {
        struct sockaddr_in sa = {.sin_family = AF_INET, .sin_port = htons(53)};
        inet_pton(AF_INET, hosts[i], &sa.sin_addr);
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        if (sendto(fd, "x", 1, 0, (struct sockaddr *)&sa, sizeof(sa)) > 0)
            loot("a datagram to the outside");
        close(fd);
    }
    int nl = socket(AF_NETLINK, SOCK_RAW, 0);
    struct { uint32_t len; uint16_t type, flags; uint32_t seq, pid; char rest[32]; } add_link = {48, 16, 5, 1, 0, {0}};
    (void)!send(nl, &add_link, sizeof(add_link), 0);
    char answer[256];
    ssize_t n = recv(nl, answer, sizeof(answer), MSG_DONTWAIT);
    if (native() && n >= 20 && *(int32_t *)(answer + 16) == 0 && *(uint16_t *)(answer + 4) == 2)
        loot("made a network device");
    close(nl);
}
