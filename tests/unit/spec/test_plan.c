/* spec/: expansion of the matrix, order of cells and runs, seeds, assignment of nodes. */
#include "experiment_fixture.h"

static void assert_labels(const swb_plan *plan, const char *const *labels)
{
    swb_cell cell;
    uint64_t count = 0;
    for (; labels[count] != NULL; count++) {
        assert_int_equal(swb_plan_cell(&cell, plan, count), SWB_OK);
        assert_string_equal(cell.label, labels[count]);
        assert_int_equal(cell.index, count);
    }
    assert_int_equal(swb_plan_cell_count(plan), count);
}

static void experiment_without_matrix_is_one_cell(void **state)
{
    (void)state;
    static const char *const labels[] = {"file_size=1MB size=4 seeders=1", NULL};
    planned made = plan_of(WHOLE "repetitions: 2\n");
    assert_labels(made.plan, labels);
    assert_int_equal(swb_plan_run_count(made.plan), 2);
    finish(&made);
}

static void full_matrix_has_39_cells_a_mode(void **state)
{
    (void)state;
    planned made = plan_of(HEAD MODE "matrix:\n"
                                     "  file_size: [100MB, 1GB, 5GB]\n"
                                     "  swarm:\n"
                                     "    - {size: 2, seeders: 1}\n"
                                     "    - {size: 8, seeders: [1, 2, 4]}\n"
                                     "    - {size: 16, seeders: [1, 2, 4, 8]}\n"
                                     "    - {size: 32, seeders: [1, 2, 4, 8, 16]}\n");
    swb_cell cell;
    assert_int_equal(swb_plan_cell_count(made.plan), 39);
    assert_int_equal(swb_plan_cell(&cell, made.plan, 38), SWB_OK);
    assert_string_equal(cell.label, "file_size=5GB size=32 seeders=16");
    assert_int_equal(swb_plan_cell(&cell, made.plan, 39), SWB_EINVAL);
    finish(&made);
}

static void exclude_removes_cells_that_match_all_of_a_row(void **state)
{
    (void)state;
    static const char *const labels[] = {"file_size=1MB size=2", "file_size=1MB size=4",
                                         "file_size=2MB size=2", NULL};
    planned made = plan_of(HEAD MODE "matrix:\n"
                                     "  file_size: [1MB, 2MB]\n"
                                     "  size: [2, 4, 8]\n"
                                     "  exclude: [{size: 8}, {file_size: 2000kB, size: [4, 8]}]\n");
    assert_labels(made.plan, labels);
    finish(&made);
}

static void exclude_may_remove_what_would_be_impossible(void **state)
{
    (void)state;
    planned made = plan_of(HEAD MODE "file_size: 1MB\n"
                                     "matrix:\n"
                                     "  size: [2, 4]\n"
                                     "  seeders: [1, 2]\n"
                                     "  exclude: [{size: 2, seeders: 2}]\n");
    assert_int_equal(swb_plan_cell_count(made.plan), 3);
    finish(&made);
}

static void order_sorts_by_value_and_keeps_the_order_of_equals(void **state)
{
    (void)state;
    static const char *const labels[] = {"file_size=900kB size=4",
                                         "file_size=900kB size=2",
                                         "file_size=2MB size=4",
                                         "file_size=2MB size=2",
                                         "file_size=1GB size=4",
                                         "file_size=1GB size=2",
                                         NULL};
    planned made = plan_of(HEAD MODE "order: {by: [file_size]}\n"
                                     "matrix:\n"
                                     "  size: [4, 2]\n"
                                     "  file_size: [1GB, 900kB, 2MB]\n");
    assert_labels(made.plan, labels);
    finish(&made);
}

static void order_by_several_settings_sorts_by_the_first_first(void **state)
{
    (void)state;
    static const char *const labels[] = {"size=2 retries=3", "size=4 retries=0", "size=4 retries=5",
                                         "size=8 retries=0", NULL};
    planned made = plan_of(HEAD MODE "file_size: 1MB\n"
                                     "order: {by: [size, retries]}\n"
                                     "matrix:\n"
                                     "  x:\n"
                                     "    - {size: 8, retries: 0}\n"
                                     "    - {size: 4, retries: [5, 0]}\n"
                                     "    - {retries: 3, size: 2}\n");
    assert_labels(made.plan, labels);
    finish(&made);
}

static void sections_are_axes_and_rows_keep_what_they_do_not_set(void **state)
{
    (void)state;
    static const char *const labels[] = {
        "arrival.pattern=together arrival.every=none network.delay=10ms network.loss=0%",
        "arrival.pattern=together arrival.every=none network.delay=50ms network.loss=1%",
        "arrival.pattern=staggered arrival.every=2s network.delay=10ms network.loss=0%",
        "arrival.pattern=staggered arrival.every=2s network.delay=50ms network.loss=1%", NULL};
    planned made =
        plan_of(WHOLE "network: {up: 100Mbit}\n"
                      "matrix:\n"
                      "  arrival: [{pattern: together}, {pattern: staggered, every: 2s}]\n"
                      "  link:\n"
                      "    - network: {delay: 10ms}\n"
                      "    - {network.delay: 50ms, network.loss: 1%}\n");
    swb__settings settings;
    assert_labels(made.plan, labels);
    swb__plan_settings(&settings, made.plan, 3);
    assert_int_equal(settings.arrival.pattern, SWB__ARRIVAL_STAGGERED);
    assert_int_equal(settings.arrival.every_ns, 2000000000);
    assert_int_equal(settings.network.up_bps, 100000000);
    assert_true(settings.network.loss == 0.01);
    finish(&made);
}

static void faults_are_an_axis(void **state)
{
    (void)state;
    static const char *const labels[] = {"faults=none", "faults=kill(seeder,1)@50%",
                                         "faults=partition(any,25%)@30s+10s;restart(any,1)@1min",
                                         NULL};
    planned made = plan_of(WHOLE "seeders: 2\n"
                                 "matrix:\n"
                                 "  faults:\n"
                                 "    - []\n"
                                 "    - [{at: 50%, kill: {role: seeder, count: 1}}]\n"
                                 "    - [{at: 30s, partition: {fraction: 0.25}, for: 10s},\n"
                                 "       {at: 60s, restart: {count: 1}}]\n");
    swb__settings settings;
    assert_labels(made.plan, labels);
    swb__plan_settings(&settings, made.plan, 2);
    assert_int_equal(settings.fault_count, 2);
    assert_int_equal(settings.faults[0].kind, SWB__FAULT_PARTITION);
    assert_true(settings.faults[0].at_fraction < 0);
    assert_int_equal(settings.faults[0].at_ns, 30000000000);
    assert_int_equal(settings.faults[0].for_ns, 10000000000);
    assert_int_equal(settings.faults[0].count, 0);
    finish(&made);
}

static void runs_go_by_cell_repetition_seeder_set_and_block(void **state)
{
    (void)state;
    planned made = plan_of(HEAD MODES "file_size: 1MB\n"
                                      "seeder_sets: 2\n"
                                      "repetitions: {min: 2, max: 3}\n"
                                      "matrix: {size: [4, 8]}\n");
    swb_planned_run run;
    assert_int_equal(swb_plan_run_count(made.plan), 2 * 3 * 2 * 3);
    for (uint64_t i = 0; i < swb_plan_run_count(made.plan); i++) {
        assert_int_equal(swb_plan_run(&run, made.plan, i), SWB_OK);
        assert_int_equal(run.index, i);
        assert_int_equal(run.block, i / 3);
        assert_int_equal(run.cell, i / 18);
        assert_int_equal(run.repetition, i / 6 % 3);
        assert_int_equal(run.seeder_set, i / 3 % 2);
        assert_int_equal(run.optional != 0, run.repetition >= 2);
        assert_true(run.content_seed < UINT64_C(1) << 53 && run.run_seed < UINT64_C(1) << 53);
    }
    assert_int_equal(swb_plan_run(&run, made.plan, 36), SWB_EINVAL);
    finish(&made);
}

static void repetitions_may_differ_between_cells(void **state)
{
    (void)state;
    static const uint64_t cells[] = {0, 0, 1, 1, 1, 1, 2};
    planned made = plan_of(WHOLE "matrix: {repetitions: [2, {min: 2, max: 4}, 1]}\n");
    swb_planned_run run;
    assert_int_equal(swb_plan_run_count(made.plan), 7);
    for (uint64_t i = 0; i < 7; i++) {
        assert_int_equal(swb_plan_run(&run, made.plan, i), SWB_OK);
        assert_int_equal(run.cell, cells[i]);
    }
    assert_int_equal(run.repetition, 0);
    finish(&made);
}

static void modes_of_a_block_share_the_content_and_all_come_once(void **state)
{
    (void)state;
    planned made = plan_of(HEAD MODES "file_size: 1MB\nsize: 4\nrepetitions: 20\n");
    unsigned orders = 0;
    uint64_t content_before = 0;
    for (uint64_t block = 0; block < 20; block++) {
        swb_planned_run run[3];
        for (uint64_t i = 0; i < 3; i++) {
            assert_int_equal(swb_plan_run(&run[i], made.plan, 3 * block + i), SWB_OK);
        }
        assert_true(run[0].content_seed == run[1].content_seed);
        assert_true(run[0].content_seed == run[2].content_seed);
        assert_true(run[0].content_seed != content_before);
        assert_true(run[0].run_seed != run[1].run_seed);
        assert_int_equal(1u << run[0].mode | 1u << run[1].mode | 1u << run[2].mode, 7);
        orders |= 1u << run[0].mode;
        content_before = run[0].content_seed;
    }
    assert_int_equal(orders, 7); /* in 20 shuffled blocks each mode comes first at least once */
    finish(&made);
}

static void listed_modes_keep_the_order_of_the_file(void **state)
{
    (void)state;
    planned made = plan_of(HEAD MODES "file_size: 1MB\nsize: 4\norder: {modes: listed}\n");
    for (uint64_t i = 0; i < swb_plan_run_count(made.plan); i++) {
        swb_planned_run run;
        assert_int_equal(swb_plan_run(&run, made.plan, i), SWB_OK);
        assert_int_equal(run.mode, i % 3);
    }
    finish(&made);
}

static void seeders_depend_on_cell_and_set_alone(void **state)
{
    (void)state;
    planned made = plan_of(HEAD MODES "file_size: 1MB\nsize: 32\nseeders: 4\nseeder_sets: 2\n"
                                      "repetitions: 2\n");
    swb_role sets[2][32];
    for (uint64_t i = 0; i < swb_plan_run_count(made.plan); i++) {
        swb_planned_run run;
        swb_role roles[32];
        uint32_t groups[32];
        unsigned seeders = 0;
        assert_int_equal(swb_plan_run(&run, made.plan, i), SWB_OK);
        swb__plan_assign(roles, groups, made.plan, &run);
        for (size_t node = 0; node < 32; node++) {
            assert_int_equal(groups[node], 0);
            seeders += roles[node] == SWB_ROLE_SEEDER;
        }
        assert_int_equal(seeders, 4);
        if (i % 3 == 0 && run.repetition == 0) {
            memcpy(sets[run.seeder_set], roles, sizeof roles);
        }
        assert_memory_equal(sets[run.seeder_set], roles, sizeof roles);
    }
    assert_memory_not_equal(sets[0], sets[1], sizeof sets[0]);
    finish(&made);
}

static void count_groups(unsigned *counts, const swb_plan *plan, swb_role *roles, uint32_t *groups,
                         size_t size)
{
    swb_planned_run run;
    assert_int_equal(swb_plan_run(&run, plan, 0), SWB_OK);
    swb__plan_assign(roles, groups, plan, &run);
    for (size_t node = 0; node < size; node++) {
        counts[groups[node]]++;
    }
}

static void groups_get_their_shares_and_none_stays_empty(void **state)
{
    (void)state;
    planned made = plan_of(HEAD "modes: {m: {groups: [\n"
                                "  {driver: fake-torrent, share: 75%},\n"
                                "  {driver: fake-torrent2, share: 24%},\n"
                                "  {name: rest, driver: fake-torrent2}]}}\n"
                                "file_size: 1MB\nsize: 16\n");
    swb_role roles[16];
    uint32_t groups[16];
    unsigned counts[3] = {0, 0, 0};
    count_groups(counts, made.plan, roles, groups, 16);
    assert_int_equal(counts[0], 11);
    assert_int_equal(counts[1], 4);
    assert_int_equal(counts[2], 1);
    finish(&made);
}

static void groups_of_a_role_hold_its_nodes_only(void **state)
{
    (void)state;
    planned made = plan_of(HEAD "modes: {m: {groups: [\n"
                                "  {driver: fake-torrent, role: seeder},\n"
                                "  {driver: fake-torrent2, role: leecher, share: 50%},\n"
                                "  {name: rest, driver: fake-torrent, role: leecher}]}}\n"
                                "file_size: 1MB\nsize: 16\nseeders: 4\n");
    swb_role roles[16];
    uint32_t groups[16];
    unsigned counts[3] = {0, 0, 0};
    count_groups(counts, made.plan, roles, groups, 16);
    assert_int_equal(counts[0], 4);
    assert_int_equal(counts[1], 6);
    assert_int_equal(counts[2], 6);
    for (size_t node = 0; node < 16; node++) {
        assert_int_equal(groups[node] == 0, roles[node] == SWB_ROLE_SEEDER);
    }
    finish(&made);
}

static void modes_know_their_driver_options_and_service(void **state)
{
    (void)state;
    swb_experiment *experiment =
        parse(HEAD "file_size: 1MB\nsize: 4\n"
                   "modes:\n"
                   "  a: {driver: fake-torrent, slots: 9, choke: slow, cache: {size: 2KiB}}\n"
                   "  b: {driver: fake-torrent2, tracker: none}\n"
                   "  c: {driver: fake-store, tracker: {driver: fake-tracker, interval: 5s}}\n"
                   "baseline: b\n");
    const swb__mode *a = swb__experiment_mode(experiment, 0);
    const swb__mode *c = swb__experiment_mode(experiment, 2);
    assert_int_equal(a->group_count, 1);
    assert_null(a->groups[0].options[0].string);
    assert_int_equal(a->groups[0].options[1].integer, 9);
    assert_int_equal(a->groups[0].options[2].integer, 1);
    assert_string_equal(a->groups[0].options[2].string, "slow");
    assert_int_equal(a->groups[0].options[4].integer, 2048);
    assert_string_equal(a->service->name, "fake-tracker");
    assert_int_equal(a->service_options[0].integer, 30000000000);
    assert_null(swb__experiment_mode(experiment, 1)->service);
    assert_int_equal(c->service_options[0].integer, 5000000000);
    assert_null(swb__experiment_mode(experiment, 3));
    assert_int_equal(swb_experiment_baseline(experiment), 1);
    assert_string_equal(swb_experiment_mode_name(experiment, 2), "c");
    assert_null(swb_experiment_mode_name(experiment, 3));
    swb_experiment_destroy(experiment);
}

static void defaults_are_those_of_the_table(void **state)
{
    (void)state;
    planned made = plan_of(WHOLE);
    swb__settings settings;
    swb__plan_settings(&settings, made.plan, 0);
    assert_int_equal(settings.repetitions.min, 5);
    assert_int_equal(settings.repetitions.max, 5);
    assert_int_equal(settings.limits.ready_ns, 60000000000);
    assert_int_equal(settings.limits.seed_ns, 300000000000);
    assert_int_equal(settings.limits.run_ns, 1800000000000);
    assert_int_equal(settings.limits.stall_ns, 120000000000);
    assert_int_equal(settings.limits.teardown_ns, 30000000000);
    assert_int_equal(settings.retries, 1);
    assert_int_equal(settings.seeder_sets, 1);
    assert_int_equal(swb_experiment_seed(made.experiment), 1);
    assert_true(swb__experiment_margin(made.experiment) == 0.2);
    assert_true(swb__experiment_confidence(made.experiment) == 0.95);
    assert_string_equal(swb__experiment_deployer(made.experiment)->name, "fake-place");
    assert_string_equal(swb__experiment_deployer_options(made.experiment)[0].string, "/tmp");
    finish(&made);
}

static void estimate_adds_up(void **state)
{
    (void)state;
    planned made = plan_of(HEAD "modes: {m: {driver: fake-torrent}, s: {driver: fake-store}}\n"
                                "file_size: 200MB\nseeders: 2\nseeder_sets: 2\n"
                                "repetitions: {min: 3, max: 5}\n"
                                "matrix: {size: [4, 10]}\n");
    swb_estimate estimate;
    assert_int_equal(swb_plan_estimate(&estimate, made.plan), SWB_OK);
    assert_int_equal(estimate.runs_min, 2 * 2 * 2 * 3);
    assert_int_equal(estimate.runs_max, 2 * 2 * 2 * 5);
    assert_int_equal(estimate.downloads_min, 12 * (2 + 8));
    assert_int_equal(estimate.traffic_bytes, UINT64_C(120) * 200000000);
    assert_int_equal(estimate.disk_peak_bytes, UINT64_C(9) * 200000000 + 10 * 50000000);
    assert_int_equal(estimate.memory_peak_bytes, 10 * 100000000 + 10000000);
    assert_true(estimate.time_min_ns > UINT64_C(100000000000));
    /* (60 s + 5 min + 30 min + 30 s) twice for each run at most */
    assert_int_equal(estimate.time_max_ns, 40 * 2 * UINT64_C(2190000000000));
    finish(&made);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(experiment_without_matrix_is_one_cell),
        cmocka_unit_test(full_matrix_has_39_cells_a_mode),
        cmocka_unit_test(exclude_removes_cells_that_match_all_of_a_row),
        cmocka_unit_test(exclude_may_remove_what_would_be_impossible),
        cmocka_unit_test(order_sorts_by_value_and_keeps_the_order_of_equals),
        cmocka_unit_test(order_by_several_settings_sorts_by_the_first_first),
        cmocka_unit_test(sections_are_axes_and_rows_keep_what_they_do_not_set),
        cmocka_unit_test(faults_are_an_axis),
        cmocka_unit_test(runs_go_by_cell_repetition_seeder_set_and_block),
        cmocka_unit_test(repetitions_may_differ_between_cells),
        cmocka_unit_test(modes_of_a_block_share_the_content_and_all_come_once),
        cmocka_unit_test(listed_modes_keep_the_order_of_the_file),
        cmocka_unit_test(seeders_depend_on_cell_and_set_alone),
        cmocka_unit_test(groups_get_their_shares_and_none_stays_empty),
        cmocka_unit_test(groups_of_a_role_hold_its_nodes_only),
        cmocka_unit_test(modes_know_their_driver_options_and_service),
        cmocka_unit_test(defaults_are_those_of_the_table),
        cmocka_unit_test(estimate_adds_up),
    };
    return cmocka_run_group_tests(tests, register_fakes, NULL);
}
