#include "deploy/addresses.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <unistd.h>

#define LOOPBACK UINT32_C(0x7f000000)
/* Addresses as numbers within 127/8; the first and the last /16 hold those in common use. */
#define FIRST UINT32_C(0x010001)
#define LAST UINT32_C(0xfeffff)
#define MOST_TAKEN 1024

/* Returns 0 or an errno. */
static int try_bind(uint32_t address, uint16_t port, int type)
{
    struct sockaddr_in name = {.sin_family = AF_INET, .sin_port = htons(port)};
    name.sin_addr.s_addr = htonl(address);
    int fd = socket(AF_INET, type | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return errno;
    }
    int failure = bind(fd, (const struct sockaddr *)&name, sizeof name) == 0 ? 0 : errno;
    close(fd);
    return failure;
}

static int try_ports(uint32_t address, const swb__address *chosen)
{
    const uint16_t ports[] = {chosen->data_port, chosen->api_port, chosen->extra_port};
    int failure = 0;
    for (size_t i = 0; failure == 0 && i < sizeof ports / sizeof ports[0]; i++) {
        failure = try_bind(address, ports[i], SOCK_STREAM);
        failure = failure != 0 ? failure : try_bind(address, ports[i], SOCK_DGRAM);
    }
    return failure;
}

/* Neighbouring addresses have neighbouring ports, below those that the kernel hands out. */
static uint16_t wildcard_port(uint32_t number)
{
    return (uint16_t)(SWB__WILDCARD_FIRST + number % SWB__WILDCARD_COUNT);
}

static int try_wildcard(uint32_t number)
{
    int failure = try_bind(INADDR_ANY, wildcard_port(number), SOCK_STREAM);
    return failure != 0 ? failure : try_bind(INADDR_ANY, wildcard_port(number), SOCK_DGRAM);
}

/* An address that ends in 0 or 255 looks like a network to some clients. */
static bool is_plain(uint32_t number)
{
    return (number & 0xff) != 0 && (number & 0xff) != 0xff;
}

static uint32_t next_number(uint32_t number)
{
    do {
        number = number == LAST ? FIRST : number + 1;
    } while (!is_plain(number));
    return number;
}

static void choose_ports(swb__address *out, uint16_t step)
{
    uint16_t up = (uint16_t)(step * SWB__PORT_STEP);
    out->data_port = (uint16_t)(SWB__DATA_PORT + up);
    out->api_port = (uint16_t)(SWB__API_PORT + up);
    out->extra_port = (uint16_t)(SWB__EXTRA_PORT + up);
}

int swb__addresses_choose(swb__address *out, size_t count, swb_error *error)
{
    uint32_t number;
    if (getrandom(&number, sizeof number, 0) != (ssize_t)sizeof number) {
        return swb__fail_errno(error, SWB_EENV, errno, "random number");
    }
    number = FIRST + number % (LAST - FIRST);
    size_t taken = 0;
    uint16_t step = 0;
    for (size_t i = 0; i < count;) {
        number = next_number(number);
        choose_ports(&out[i], step);
        int failure = try_ports(LOOPBACK | number, &out[i]);
        /* Hardly ever one address alone: the next one is tried with other ports. */
        if (failure == EADDRINUSE) {
            step = (uint16_t)((step + 1) % SWB__PORT_STEPS);
        }
        failure = failure != 0 ? failure : try_wildcard(number);
        if (failure == 0) {
            snprintf(out[i].text, sizeof out[i].text, "127.%u.%u.%u", number >> 16,
                     (number >> 8) & 0xff, number & 0xff);
            out[i++].wildcard_port = wildcard_port(number);
        } else if (failure != EADDRINUSE || ++taken > MOST_TAKEN) {
            return swb__fail_errno(error, SWB_EENV, failure,
                                   "ports %d, %d and %d on loopback address 127.%u.%u.%u",
                                   out[i].data_port, out[i].api_port, out[i].extra_port,
                                   number >> 16, (number >> 8) & 0xff, number & 0xff);
        }
    }
    return SWB_OK;
}
