/* Codex's own erasure code: what is asked of a node for it, and what its answers are taken for. */
#include "support/cmocka_all.h"

#include <stdlib.h>
#include <string.h>

#include "drivers/builtin.h"
#include "drivers/codex.h"
#include "drivers/launch.h"
#include "support/player.h"

#define CID "zDvZRwzm3bm6d93Q66b7RNTqfj6TqWcyLqfC8euUy3ySgfTiT6Pq"
#define CODED "zDvZRwzm4tpKVWtDi2xavB8ufxYGdt7D3W4V8fN1DH6t6kTfV2Uj"
#define PURCHASE "1c807a89ff8e8d8415bbac3ef5c613759334bc5b690e03800d8880d1c20acc9a"
#define BYTES 10485760

#define INFO                                                                                       \
    "> GET /api/codex/v1/debug/info\n"                                                             \
    "< 200 application/json\n"                                                                     \
    "{\"codex\":{\"version\":\"v0.2.5\",\"revision\":\"bd49591f\"}}\n"
#define REQUEST                                                                                    \
    "> POST /api/codex/v1/storage/request/" CID " {\"duration\":3600,\"proofProbability\":\"3\","  \
    "\"pricePerBytePerSecond\":\"1\",\"collateralPerByte\":\"1\",\"expiry\":600,\"nodes\":3,"      \
    "\"tolerance\":1}"
#define REQUESTED                                                                                  \
    REQUEST "\n"                                                                                   \
            "< 200 text/plain\n" PURCHASE "\n"
#define ASKED "> GET /api/codex/v1/storage/purchases/" PURCHASE "\n"
#define SUBMITTED                                                                                  \
    ASKED "< 200 application/json\n"                                                               \
          "{\"requestId\":\"0x" PURCHASE "\",\"request\":{\"content\":{\"cid\":\"" CODED "\"}},"   \
          "\"state\":\"submitted\",\"error\":null}\n"
#define MANIFEST(text)                                                                             \
    "> GET /api/codex/v1/data/" CODED "/network/manifest\n"                                        \
    "< 200 application/json\n{\"cid\":\"" CODED "\",\"manifest\":" text "}\n"

static void open_coder(test_player *player)
{
    player_open(player, &swb__driver_codex);
    player->node.content_bytes = BYTES;
    player->node.data_parts = 2;
    player->node.parity_parts = 1;
    ((swb__codex_session *)(void *)player->session)->api = SWB__CODEX_OLDER;
}

static int play(test_player *player, swb_operation operation, const char *tape)
{
    const swb_command command = {.operation = operation, .handle = CID};
    return player_play_text(player, &command, tape);
}

static void node_with_a_chain_is_able(void **state)
{
    test_player player;
    (void)state;
    open_coder(&player);
    assert_int_equal(play(&player, SWB_OP_ABLE,
                          INFO "> GET /api/codex/v1/storage/purchases\n"
                               "< 200 application/json\n[\"0x" PURCHASE "\"]\n"),
                     SWB_OK);
}

static void node_without_persistence_is_refused_by_name(void **state)
{
    test_player player;
    (void)state;
    open_coder(&player);
    assert_int_equal(play(&player, SWB_OP_ABLE,
                          INFO "> GET /api/codex/v1/storage/purchases\n"
                               "< 503 text/html\nPersistence is not enabled\n"),
                     SWB_EUNSUPPORTED);
    assert_false(player.retriable);
    assert_non_null(strstr(player.error.message, "Codex v0.2.5 (bd49591f)"));
    assert_non_null(strstr(player.error.message, "eth_provider, account, marketplace"));
}

static void newer_generation_is_refused_by_name(void **state)
{
    test_player player;
    (void)state;
    open_coder(&player);
    ((swb__codex_session *)(void *)player.session)->api = SWB__CODEX_NEWER;
    assert_int_equal(play(&player, SWB_OP_ABLE,
                          "> GET /api/storage/v1/debug/info\n"
                          "< 200 application/json\n"
                          "{\"storage\":{\"version\":\"v0.4.5\",\"revision\":\"10bb4975\"}}\n"
                          "> GET /api/storage/v1/storage/purchases\n< 404\n\n"),
                     SWB_EUNSUPPORTED);
    assert_non_null(strstr(player.error.message, "Logos Storage v0.4.5 (10bb4975)"));
    assert_non_null(strstr(player.error.message, "via: library"));
}

static void purchase_names_the_coded_dataset_and_its_size(void **state)
{
    test_player player;
    (void)state;
    open_coder(&player);
    assert_int_equal(play(&player, SWB_OP_CODE,
                          REQUESTED SUBMITTED MANIFEST(
                              "{\"datasetSize\":15728640,\"blockSize\":65536,\"protected\":true}")),
                     SWB_OK);
    assert_string_equal(player.result.handle, CODED);
    assert_true(player.result.stored_bytes == 15728640);
}

/* It is asked for once; the purchase is asked after until the chain has it. */
static void purchase_that_is_pending_is_asked_for_again_but_not_made_again(void **state)
{
    test_player player;
    (void)state;
    open_coder(&player);
    assert_int_equal(play(&player, SWB_OP_CODE,
                          REQUESTED ASKED "< 200 application/json\n"
                                          "{\"request\":null,\"state\":\"pending\",\"error\":null}"
                                          "\n"),
                     SWB_EBUSY);
    assert_true(player.retriable);
    assert_int_equal(play(&player, SWB_OP_CODE,
                          SUBMITTED MANIFEST("{\"datasetSize\":15728640,\"protected\":true}")),
                     SWB_OK);
}

static void purchase_that_failed_is_told_with_its_reason(void **state)
{
    test_player player;
    (void)state;
    open_coder(&player);
    assert_int_equal(play(&player, SWB_OP_CODE,
                          REQUESTED ASKED "< 200 application/json\n"
                                          "{\"request\":null,\"state\":\"errored\","
                                          "\"error\":\"insufficient funds\"}\n"),
                     SWB_EREMOTE);
    assert_false(player.retriable);
    assert_non_null(strstr(player.error.message, "insufficient funds"));
}

static void answers_that_make_no_sense_are_told(void **state)
{
    static const struct {
        const char *tape;
        int status;
        const char *says;
    } cases[] = {
        {REQUEST
         "\n< 422 text/html\n"
         "Invalid parameters: parameters must satify `1 < (nodes - tolerance) >= tolerance`\n",
         SWB_EINPUT, "it refuses the parameters"},
        {REQUEST "\n< 200 text/plain\n../../x\n", SWB_EPROTO, "no id of a purchase"},
        {REQUESTED ASKED "< 200 application/json\n{\"state\":7}\n", SWB_EPROTO, "no state"},
        {REQUESTED ASKED
         "< 200 application/json\n{\"state\":\"submitted\",\"request\":{\"content\":"
         "{\"cid\":\"a/b\"}}}\n",
         SWB_EPROTO, "has no CID"},
        {REQUESTED SUBMITTED MANIFEST("{\"datasetSize\":15728640,\"protected\":false}"), SWB_EPROTO,
         "not a coded dataset"},
        {REQUESTED SUBMITTED MANIFEST("{\"datasetSize\":5,\"protected\":true}"), SWB_EPROTO,
         "not a coded dataset"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        test_player player;
        open_coder(&player);
        assert_int_equal(play(&player, SWB_OP_CODE, cases[i].tape), cases[i].status);
        assert_non_null(strstr(player.error.message, cases[i].says));
    }
}

static int launch(test_player *player, swb_launch **out, swb_error *error)
{
    assert_int_equal(swb__launch_create(out, NULL), SWB_OK);
    return swb__driver_codex.launch(&player->node, *out, error);
}

static void seeder_that_codes_is_started_with_its_chain(void **state)
{
    test_player player;
    swb_launch *made = NULL;
    (void)state;
    open_coder(&player);
    player.node.role = SWB_ROLE_SEEDER;
    player.options[SWB__CODEX_ETH_PROVIDER].string = "ws://127.0.0.1:8545";
    player.options[SWB__CODEX_ACCOUNT].string = "0xabc";
    player.options[SWB__CODEX_MARKETPLACE].string = "0xdef";
    assert_int_equal(launch(&player, &made, NULL), SWB_OK);
    const char *const *argv = swb_launch_argv(made);
    size_t at = 0;
    while (argv[at] != NULL && strcmp(argv[at], "persistence") != 0) {
        at++;
    }
    assert_non_null(argv[at]); /* a command: all options of the node stand before it */
    assert_string_equal(argv[at + 1], "--eth-provider=ws://127.0.0.1:8545");
    assert_string_equal(argv[at + 2], "--eth-account=0xabc");
    assert_string_equal(argv[at + 3], "--marketplace-address=0xdef");
    assert_null(argv[at + 4]);
    swb__launch_destroy(made);
}

static void leecher_needs_no_chain_and_a_seeder_without_one_is_refused(void **state)
{
    test_player player;
    swb_launch *made = NULL;
    swb_error error = SWB_ERROR_INIT;
    (void)state;
    open_coder(&player);
    player.node.role = SWB_ROLE_LEECHER;
    assert_int_equal(launch(&player, &made, &error), SWB_OK);
    for (const char *const *argv = swb_launch_argv(made); *argv != NULL; argv++) {
        assert_string_not_equal(*argv, "persistence");
    }
    swb__launch_destroy(made);
    player.node.role = SWB_ROLE_SEEDER;
    assert_int_equal(launch(&player, &made, &error), SWB_EINPUT);
    assert_non_null(strstr(error.message, "eth_provider"));
    swb__launch_destroy(made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(node_with_a_chain_is_able),
        cmocka_unit_test(node_without_persistence_is_refused_by_name),
        cmocka_unit_test(newer_generation_is_refused_by_name),
        cmocka_unit_test(purchase_names_the_coded_dataset_and_its_size),
        cmocka_unit_test(purchase_that_is_pending_is_asked_for_again_but_not_made_again),
        cmocka_unit_test(purchase_that_failed_is_told_with_its_reason),
        cmocka_unit_test(answers_that_make_no_sense_are_told),
        cmocka_unit_test(seeder_that_codes_is_started_with_its_chain),
        cmocka_unit_test(leecher_needs_no_chain_and_a_seeder_without_one_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
