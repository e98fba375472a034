/* Times erasure coding through the library and by ISA-L alone on the same buffers, for erasure.py:
 * a line "WHAT SECONDS" for each contender in each round, and the peak of memory at the end. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>

#include <isa-l.h>
#include <swarmbench/erasure.h>

/* What is coded at a time: k + m blocks stay in the processor's second or third cache. */
enum { BLOCK_BYTES = 32768 };

typedef struct bench {
    uint32_t data_parts;
    uint32_t parity_parts;
    size_t part_bytes;
    uint64_t content_bytes;
    swb_content *content;
    swb_content *parity_content; /* the first parity part */
    swb_erasure *erasure;
    swb_erasure_decoder *decoder;
    uint32_t given[SWB_ERASURE_MAX_PARTS]; /* the last k parts */
    uint32_t missing;
    uint8_t *part[SWB_ERASURE_MAX_PARTS];
    uint8_t *out[SWB_ERASURE_MAX_PARTS];
    uint8_t *copies; /* a block of each given part */
    uint8_t *raw_encode_tables;
    uint8_t *raw_decode_tables;
} bench;

/* Processor time: what else the machine does matters less to it. */
static double now_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

static void require(int condition, const char *what)
{
    if (!condition) {
        fprintf(stderr, "erasure_bench: %s failed\n", what);
        exit(1);
    }
}

static void *allocate(size_t bytes)
{
    void *memory = aligned_alloc(4096, (bytes + 4095) / 4096 * 4096);
    require(memory != NULL, "allocation");
    memset(memory, 1, bytes); /* its pages are there before anything is timed */
    return memory;
}

/* The tables as one would make them with ISA-L alone. */
static void make_raw_tables(bench *self)
{
    static uint8_t matrix[SWB_ERASURE_MAX_PARTS * SWB_ERASURE_MAX_PARTS];
    static uint8_t rows[SWB_ERASURE_MAX_PARTS * SWB_ERASURE_MAX_PARTS];
    static uint8_t inverse[SWB_ERASURE_MAX_PARTS * SWB_ERASURE_MAX_PARTS];
    size_t k = self->data_parts;
    self->raw_encode_tables = allocate(32 * k * self->parity_parts);
    self->raw_decode_tables = allocate(32 * k * self->missing);
    gf_gen_cauchy1_matrix(matrix, (int)(k + self->parity_parts), (int)k);
    ec_init_tables((int)k, (int)self->parity_parts, matrix + k * k, self->raw_encode_tables);
    for (size_t i = 0; i < k; i++) {
        memcpy(rows + i * k, matrix + self->given[i] * k, k);
    }
    require(gf_invert_matrix(rows, inverse, (int)k) == 0, "inversion");
    /* What is missing are the first parts. */
    ec_init_tables((int)k, (int)self->missing, inverse, self->raw_decode_tables);
}

static void bench_init(bench *self)
{
    uint32_t k = self->data_parts;
    uint32_t m = self->parity_parts;
    require(swb_content_create(&self->content, 42, self->content_bytes, NULL) == 0, "content");
    require(swb_content_create_part(&self->parity_content, self->content, k, m, k, NULL) == 0,
            "part");
    require(swb_erasure_create(&self->erasure, k, m, NULL) == 0, "code");
    self->part_bytes = (size_t)swb_content_size_bytes(self->parity_content);
    for (uint32_t i = 0; i < k; i++) {
        self->given[i] = m + i;
    }
    require(swb_erasure_decoder_create(&self->decoder, self->erasure, self->given, k, NULL) == 0,
            "decoder");
    self->missing = (uint32_t)swb_erasure_decoder_missing(NULL, self->decoder);
    for (uint32_t i = 0; i < k + m; i++) {
        swb_content *part = NULL;
        self->part[i] = allocate(self->part_bytes);
        self->out[i] = allocate(self->part_bytes);
        require(swb_content_create_part(&part, self->content, k, m, i, NULL) == 0 &&
                    swb_content_read(part, 0, self->part[i], self->part_bytes) == 0,
                "part");
        swb_content_destroy(part);
    }
    self->copies = allocate((size_t)k * BLOCK_BYTES);
    make_raw_tables(self);
}

/* Pointers to the block at `at` of the parts from `first` on. */
static void blocks_at(uint8_t **to, uint8_t *const *parts, size_t at, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        to[i] = parts[i] + at;
    }
}

typedef void (*coding)(bench *self, uint8_t **outputs, uint8_t **inputs, size_t length);

static void encode(bench *self, uint8_t **outputs, uint8_t **inputs, size_t length)
{
    swb_erasure_encode(self->erasure, outputs, (const uint8_t *const *)inputs, length);
}

static void raw_encode(bench *self, uint8_t **outputs, uint8_t **inputs, size_t length)
{
    ec_encode_data((int)length, (int)self->data_parts, (int)self->parity_parts,
                   self->raw_encode_tables, inputs, outputs);
}

static void decode(bench *self, uint8_t **outputs, uint8_t **inputs, size_t length)
{
    swb_erasure_decode(self->decoder, outputs, (const uint8_t *const *)inputs, length);
}

static void raw_decode(bench *self, uint8_t **outputs, uint8_t **inputs, size_t length)
{
    ec_encode_data((int)length, (int)self->data_parts, (int)self->missing, self->raw_decode_tables,
                   inputs, outputs);
}

/* As parts that arrive must be held until their block is there: each block is copied first. */
static void raw_copy_decode(bench *self, uint8_t **outputs, uint8_t **inputs, size_t length)
{
    uint8_t *copies[SWB_ERASURE_MAX_PARTS];
    for (uint32_t i = 0; i < self->data_parts; i++) {
        copies[i] = self->copies + (size_t)i * BLOCK_BYTES;
        memcpy(copies[i], inputs[i], length);
    }
    raw_decode(self, outputs, copies, length);
}

/* Codes whole parts, block for block, and checks what came out. */
static void time_coding(bench *self, const char *name, coding code, uint32_t first_input,
                        uint32_t first_output, uint32_t outputs)
{
    uint8_t *to[SWB_ERASURE_MAX_PARTS];
    uint8_t *from[SWB_ERASURE_MAX_PARTS];
    double begun_s = now_s();
    for (size_t at = 0; at < self->part_bytes; at += BLOCK_BYTES) {
        size_t rest = self->part_bytes - at;
        blocks_at(to, self->out + first_output, at, outputs);
        blocks_at(from, self->part + first_input, at, self->data_parts);
        code(self, to, from, rest < BLOCK_BYTES ? rest : BLOCK_BYTES);
    }
    printf("%s %.9f\n", name, now_s() - begun_s);
    for (uint32_t i = first_output; i < first_output + outputs; i++) {
        require(memcmp(self->out[i], self->part[i], self->part_bytes) == 0, name);
        memset(self->out[i], 0, self->part_bytes);
    }
}

/* Parts that arrive in pieces of 16 KiB, as from sockets; what comes out is read once. */
static void time_stream(bench *self)
{
    enum { PIECE_BYTES = 16384 };
    swb_erasure_stream *stream = NULL;
    const uint8_t *bytes = NULL;
    uint64_t offset = 0;
    uint64_t out = 0;
    size_t length;
    require(swb_erasure_stream_create(&stream, self->erasure, self->content_bytes, self->given,
                                      self->data_parts, NULL) == 0,
            "stream");
    double begun_s = now_s();
    for (size_t at = 0; at < self->part_bytes; at += PIECE_BYTES) {
        size_t rest = self->part_bytes - at;
        size_t piece = rest < PIECE_BYTES ? rest : PIECE_BYTES;
        for (uint32_t i = 0; i < self->data_parts; i++) {
            swb_erasure_stream_feed(stream, i, self->part[self->given[i]] + at, piece);
        }
        while ((length = swb_erasure_stream_next(&bytes, &offset, stream)) > 0) {
            out += length;
        }
    }
    printf("stream %.9f\n", now_s() - begun_s);
    require(out == self->content_bytes, "stream");
    swb_erasure_stream_destroy(stream);
}

/* A parity part made from nothing, beside the k data parts that it is made from. */
static void time_making(bench *self)
{
    double begun_s = now_s();
    for (uint32_t i = 0; i < self->data_parts; i++) {
        uint64_t from = i * (uint64_t)self->part_bytes;
        uint64_t rest = from < self->content_bytes ? self->content_bytes - from : 0;
        swb_content_read(self->content, from, self->out[0],
                         rest < self->part_bytes ? (size_t)rest : self->part_bytes);
    }
    printf("make-data %.9f\n", now_s() - begun_s);
    begun_s = now_s();
    swb_content_read(self->parity_content, 0, self->out[0], self->part_bytes);
    printf("make-parity %.9f\n", now_s() - begun_s);
    require(memcmp(self->out[0], self->part[self->data_parts], self->part_bytes) == 0, "parity");
}

static void run_round(bench *self)
{
    uint32_t k = self->data_parts;
    time_coding(self, "raw-encode", raw_encode, 0, k, self->parity_parts);
    time_coding(self, "encode", encode, 0, k, self->parity_parts);
    time_coding(self, "raw-decode", raw_decode, self->parity_parts, 0, self->missing);
    time_coding(self, "decode", decode, self->parity_parts, 0, self->missing);
    time_coding(self, "raw-copy-decode", raw_copy_decode, self->parity_parts, 0, self->missing);
    time_stream(self);
    time_making(self);
}

/* Content of any size through a stream, parts made on the way, every byte compared. */
static int run_through(uint32_t data_parts, uint32_t parity_parts, uint64_t content_bytes)
{
    bench self = {.data_parts = data_parts, .parity_parts = parity_parts};
    swb_erasure_stream *stream = NULL;
    swb_content *part[SWB_ERASURE_MAX_PARTS] = {NULL};
    uint64_t fed[SWB_ERASURE_MAX_PARTS] = {0};
    static uint8_t piece[SWB_ERASURE_STREAM_CHUNK_BYTES];
    const uint8_t *bytes = NULL;
    uint64_t offset = 0;
    size_t length;
    struct rusage usage;
    require(swb_content_create(&self.content, 42, content_bytes, NULL) == 0, "content");
    require(swb_erasure_create(&self.erasure, data_parts, parity_parts, NULL) == 0, "code");
    for (uint32_t i = 0; i < data_parts; i++) {
        self.given[i] = parity_parts + i;
        require(swb_content_create_part(&part[i], self.content, data_parts, parity_parts,
                                        self.given[i], NULL) == 0,
                "part");
    }
    require(swb_erasure_stream_create(&stream, self.erasure, content_bytes, self.given, data_parts,
                                      NULL) == 0,
            "stream");
    double begun_s = now_s();
    while (!swb_erasure_stream_is_done(stream)) {
        for (uint32_t i = 0; i < data_parts; i++) {
            uint64_t room = swb_erasure_stream_room(stream, i);
            length = room < sizeof piece ? (size_t)room : sizeof piece;
            require(swb_content_read(part[i], fed[i], piece, length) == 0, "read");
            require(swb_erasure_stream_feed(stream, i, piece, length) == 0, "feed");
            fed[i] += length;
        }
        while ((length = swb_erasure_stream_next(&bytes, &offset, stream)) > 0) {
            require(swb_content_compare(NULL, self.content, offset, bytes, length) == 0, "compare");
        }
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("through %.9f\npeak %ld\n", now_s() - begun_s, usage.ru_maxrss * 1024);
    for (uint32_t i = 0; i < data_parts; i++) {
        swb_content_destroy(part[i]);
    }
    swb_erasure_stream_destroy(stream);
    swb_erasure_destroy(self.erasure);
    swb_content_destroy(self.content);
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 5) {
        fprintf(stderr, "usage: erasure_bench rounds K M BYTES ROUNDS\n"
                        "       erasure_bench through K M BYTES\n");
        return 2;
    }
    bench self = {.data_parts = (uint32_t)strtoul(argv[2], NULL, 10),
                  .parity_parts = (uint32_t)strtoul(argv[3], NULL, 10),
                  .content_bytes = strtoull(argv[4], NULL, 10)};
    if (strcmp(argv[1], "through") == 0) {
        return run_through(self.data_parts, self.parity_parts, self.content_bytes);
    }
    bench_init(&self);
    for (long left = argc > 5 ? strtol(argv[5], NULL, 10) : 1; left > 0; left--) {
        run_round(&self);
    }
    return 0; /* what it holds goes with the process */
}
