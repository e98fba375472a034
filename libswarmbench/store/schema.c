/* The schema of the results file. Its comments stay in the file, for who reads it with SQL. */
#include "store/migrate.h"

/* What every view of a run's rows begins with. */
#define RUN_COLUMNS                                                                                \
    "experiment.name AS experiment, run.plan_index AS run, run.attempt, run.state AS run_state,"   \
    " cell.plan_index AS cell, cell.label AS cell_label, run.mode, run.seeder_set,"                \
    " run.repetition"
#define RUN_TABLES                                                                                 \
    " JOIN run ON run.id = t.run JOIN cell ON cell.id = run.cell"                                  \
    " JOIN experiment ON experiment.id = run.experiment"
#define NODE_COLUMNS ", t.node, node.name AS node_name, node.role, node.driver"
#define NODE_TABLES RUN_TABLES " LEFT JOIN node ON node.run = t.run AND node.node = t.node"

/* The views join each table with the names of what its rows belong to; exports are these views.
 * Their order follows the keys, so that any size is streamed without sorting. */
const swb__store_step swb__store_steps[] = {
    {1,
     "CREATE TABLE experiment (\n"
     "    id INTEGER PRIMARY KEY,\n"
     "    name TEXT NOT NULL,\n"
     "    digest TEXT NOT NULL UNIQUE,    -- SHA-256 of all that decides its runs\n"
     "    text TEXT NOT NULL,             -- the experiment file\n"
     "    seed TEXT NOT NULL,             -- unsigned 64 bit in decimal, as all seeds here\n"
     "    runs_planned INTEGER NOT NULL,  -- at most\n"
     "    place TEXT NOT NULL,            -- the deployer\n"
     "    baseline TEXT NOT NULL,         -- the mode that others are compared with\n"
     "    margin REAL NOT NULL,           -- of the verdict, 0.2 = 20 %\n"
     "    confidence REAL NOT NULL,\n"
     "    session INTEGER NOT NULL,       -- grows with each opening; the largest is the latest\n"
     "    begun_wall_ns INTEGER NOT NULL, -- Unix time\n"
     "    ended_wall_ns INTEGER,\n"
     "    ending TEXT                     -- 'done', 'interrupted' or a reason; NULL: not ended\n"
     ") STRICT"},
    {1, "CREATE TABLE environment (\n"
        "    experiment INTEGER NOT NULL REFERENCES experiment ON DELETE CASCADE,\n"
        "    name TEXT NOT NULL,\n"
        "    value TEXT NOT NULL,\n"
        "    PRIMARY KEY (experiment, name)\n"
        ") STRICT, WITHOUT ROWID"},
    {1, "CREATE TABLE cell (\n"
        "    id INTEGER PRIMARY KEY,\n"
        "    experiment INTEGER NOT NULL REFERENCES experiment ON DELETE CASCADE,\n"
        "    plan_index INTEGER NOT NULL,    -- position in the plan\n"
        "    label TEXT NOT NULL,\n"
        "    file_size_bytes INTEGER NOT NULL,\n"
        "    size INTEGER NOT NULL,          -- nodes in the swarm\n"
        "    seeders INTEGER NOT NULL,\n"
        "    ending TEXT,                    -- why its repetitions ended\n"
        "    UNIQUE (experiment, plan_index)\n"
        ") STRICT"},
    {1, "CREATE TABLE run (\n"
        "    id INTEGER PRIMARY KEY,\n"
        "    experiment INTEGER NOT NULL REFERENCES experiment ON DELETE CASCADE,\n"
        "    cell INTEGER NOT NULL REFERENCES cell,\n"
        "    plan_index INTEGER NOT NULL,    -- position in the plan\n"
        "    attempt INTEGER NOT NULL,       -- from 1\n"
        "    mode TEXT NOT NULL,\n"
        "    block INTEGER NOT NULL,         -- runs of a block share cell, repetition and seed\n"
        "    seeder_set INTEGER NOT NULL,\n"
        "    repetition INTEGER NOT NULL,\n"
        "    content_seed TEXT NOT NULL,\n"
        "    run_seed TEXT NOT NULL,\n"
        "    state TEXT NOT NULL CHECK (state IN ('running', 'done', 'failed', 'retried',\n"
        "                                         'interrupted')),\n"
        "    begun_wall_ns INTEGER NOT NULL, -- Unix time of the run's begin. All times below, and "
        "in\n"
        "                                    -- the tables that refer to a run, are monotonic ns "
        "since\n"
        "                                    -- that begin, but those of download (see there)\n"
        "    started_ns INTEGER,             -- deployment began\n"
        "    intended_ns INTEGER,            -- the leechers' intended start\n"
        "    ended_ns INTEGER,               -- teardown finished\n"
        "    start_skew_ns INTEGER,\n"
        "    makespan_ns INTEGER,            -- intended start to the last completion\n"
        "    spread_ns INTEGER,\n"
        "    seeder_share REAL,\n"
        "    deploy_ns INTEGER,\n"
        "    content_ns INTEGER,\n"
        "    infohash TEXT,\n"
        "    status TEXT,                    -- 'SWB_OK', or why it failed; NULL: not ended\n"
        "    cause TEXT,                     -- the same in words\n"
        "    UNIQUE (experiment, plan_index, attempt)\n"
        ") STRICT"},
    {1, "CREATE INDEX run_by_cell ON run (cell, mode, state)"},
    {1, "CREATE INDEX run_by_state ON run (state) WHERE state = 'running'"},
    {1,
     "CREATE TABLE node (\n"
     "    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
     "    node INTEGER NOT NULL,\n"
     "    name TEXT NOT NULL,\n"
     "    role TEXT NOT NULL,             -- 'seeder', 'leecher', 'service'\n"
     "    group_name TEXT,\n"
     "    driver TEXT NOT NULL,\n"
     "    version TEXT,\n"
     "    api_version TEXT,\n"
     "    revision TEXT,\n"
     "    address TEXT,\n"
     "    started_ns INTEGER,             -- its process started\n"
     "    ready_ns INTEGER,               -- its API answered\n"
     "    seed_begin_ns INTEGER,          -- a seeder was told to seed\n"
     "    seed_end_ns INTEGER,            -- and served the content\n"
     "    payload_sent INTEGER,           -- bytes, as the client tells\n"
     "    exit_code INTEGER,              -- of an end that nobody asked for\n"
     "    exit_signal INTEGER,\n"
     "    stand_in INTEGER NOT NULL,      -- 1: not the real program\n"
     "    cpu_ns INTEGER,                 -- these from its samples: totals over restarts, peaks\n"
     "    rss_peak_bytes INTEGER,\n"
     "    rss_anon_peak_bytes INTEGER,\n"
     "    disk_read_bytes INTEGER,\n"
     "    disk_written_bytes INTEGER,\n"
     "    wire_in_bytes INTEGER,\n"
     "    wire_out_bytes INTEGER,\n"
     "    PRIMARY KEY (run, node)\n"
     ") STRICT, WITHOUT ROWID"},
    {1,
     "CREATE TABLE download (\n"
     "    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
     "    node INTEGER NOT NULL,\n"
     "    bytes INTEGER NOT NULL,\n"
     "    intended_ns INTEGER,            -- its intended start, since the run's begin; all times\n"
     "                                    -- below are ns since this intended start\n"
     "    started_ns INTEGER,             -- the command was sent\n"
     "    accepted_ns INTEGER,            -- the node had acknowledged it\n"
     "    first_byte_lo_ns INTEGER,       -- not before this ...\n"
     "    first_byte_hi_ns INTEGER,       -- ... and at this at the latest; NULL: not seen\n"
     "    first_byte_source TEXT,\n"
     "    half_lo_ns INTEGER,\n"
     "    half_hi_ns INTEGER,\n"
     "    half_source TEXT,\n"
     "    ninety_lo_ns INTEGER,\n"
     "    ninety_hi_ns INTEGER,\n"
     "    ninety_source TEXT,\n"
     "    completion_lo_ns INTEGER,\n"
     "    completion_hi_ns INTEGER,\n"
     "    completion_source TEXT,\n"
     "    ended_ns INTEGER,               -- completed, failed or given up\n"
     "    bytes_done INTEGER,\n"
     "    payload_received INTEGER,\n"
     "    payload_sent INTEGER,\n"
     "    wasted INTEGER,\n"
     "    stalls INTEGER NOT NULL,\n"
     "    stalled_ns INTEGER,\n"
     "    verified INTEGER NOT NULL,\n"
     "    bad_offset INTEGER,             -- first byte that differs\n"
     "    status TEXT NOT NULL,           -- 'SWB_OK', or why it failed\n"
     "    cause TEXT,                     -- the same in words\n"
     "    PRIMARY KEY (run, node)\n"
     ") STRICT, WITHOUT ROWID"},
    {1, "CREATE TABLE progress (\n"
        "    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
        "    time_ns INTEGER NOT NULL,\n"
        "    node INTEGER NOT NULL,\n"
        "    bytes INTEGER NOT NULL,\n"
        "    PRIMARY KEY (run, time_ns, node)\n"
        ") STRICT, WITHOUT ROWID"},
    {1, "CREATE TABLE sample (\n"
        "    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
        "    time_ns INTEGER NOT NULL,\n"
        "    node INTEGER NOT NULL,\n"
        "    cpu_ns INTEGER,\n"
        "    rss_bytes INTEGER,\n"
        "    rss_anon_bytes INTEGER,\n"
        "    disk_read_bytes INTEGER,\n"
        "    disk_written_bytes INTEGER,\n"
        "    wire_in_bytes INTEGER,\n"
        "    wire_out_bytes INTEGER,\n"
        "    PRIMARY KEY (run, time_ns, node)\n"
        ") STRICT, WITHOUT ROWID"},
    {1, "CREATE TABLE event (\n"
        "    id INTEGER PRIMARY KEY,\n"
        "    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
        "    time_ns INTEGER NOT NULL,\n"
        "    node INTEGER,                   -- NULL: the run\n"
        "    kind TEXT NOT NULL,\n"
        "    text TEXT NOT NULL\n"
        ") STRICT"},
    {1, "CREATE INDEX event_by_run ON event (run)"},
    {1, "CREATE TABLE harness (\n"
        "    run INTEGER PRIMARY KEY REFERENCES run ON DELETE CASCADE,\n"
        "    cpu_ns INTEGER,\n"
        "    leech_cpu_ns INTEGER,           -- from the intended start to the last completion\n"
        "    leech_wall_ns INTEGER,\n"
        "    rss_peak_bytes INTEGER,\n"
        "    rss_bytes INTEGER\n"
        ") STRICT"},
    {1,
     "CREATE VIEW experiment_view AS SELECT name AS experiment, digest, seed, runs_planned, place,"
     " baseline, margin, confidence, begun_wall_ns, ended_wall_ns, ending, text"
     " FROM experiment ORDER BY id"},
    {1, "CREATE VIEW environment_view AS SELECT experiment.name AS experiment, t.name, t.value"
        " FROM environment AS t JOIN experiment ON experiment.id = t.experiment"
        " ORDER BY t.experiment, t.name"},
    {1, "CREATE VIEW cell_view AS SELECT experiment.name AS experiment, t.plan_index AS cell,"
        " t.label AS cell_label, t.file_size_bytes, t.size, t.seeders, t.ending"
        " FROM cell AS t JOIN experiment ON experiment.id = t.experiment"
        " ORDER BY t.experiment, t.plan_index"},
    {1,
     "CREATE VIEW run_view AS SELECT experiment.name AS experiment, t.plan_index AS run, t.attempt,"
     " t.state AS run_state, cell.plan_index AS cell, cell.label AS cell_label, t.mode,"
     " t.seeder_set, t.repetition, t.block, cell.file_size_bytes, cell.size, cell.seeders,"
     " t.content_seed, t.run_seed, t.begun_wall_ns, t.started_ns, t.intended_ns, t.ended_ns,"
     " t.start_skew_ns, t.makespan_ns, t.spread_ns, t.seeder_share, t.deploy_ns, t.content_ns,"
     " t.infohash, t.status, t.cause AS error"
     " FROM run AS t JOIN cell ON cell.id = t.cell JOIN experiment ON experiment.id = t.experiment"
     " ORDER BY t.experiment, t.plan_index, t.attempt"},
    {1, "CREATE VIEW node_view AS SELECT " RUN_COLUMNS ", t.node, t.name AS node_name, t.role,"
        " t.driver, t.group_name, t.version, t.api_version, t.revision, t.address, t.started_ns,"
        " t.ready_ns, t.seed_begin_ns, t.seed_end_ns, t.payload_sent, t.exit_code, t.exit_signal,"
        " t.stand_in, t.cpu_ns, t.rss_peak_bytes, t.rss_anon_peak_bytes, t.disk_read_bytes,"
        " t.disk_written_bytes, t.wire_in_bytes, t.wire_out_bytes"
        " FROM node AS t" RUN_TABLES " ORDER BY t.run, t.node"},
    {1, "CREATE VIEW download_view AS SELECT " RUN_COLUMNS NODE_COLUMNS ", t.bytes, t.intended_ns,"
        " t.started_ns, t.accepted_ns, t.first_byte_lo_ns, t.first_byte_hi_ns, t.first_byte_source,"
        " t.half_lo_ns, t.half_hi_ns, t.half_source, t.ninety_lo_ns, t.ninety_hi_ns,"
        " t.ninety_source, t.completion_lo_ns, t.completion_hi_ns, t.completion_source, t.ended_ns,"
        " t.bytes_done, t.payload_received, t.payload_sent, t.wasted, t.stalls, t.stalled_ns,"
        " t.verified, t.bad_offset, t.status, t.cause AS error"
        " FROM download AS t" NODE_TABLES " ORDER BY t.run, t.node"},
    {1, "CREATE VIEW progress_view AS SELECT " RUN_COLUMNS NODE_COLUMNS ", t.time_ns,"
        " t.time_ns - run.intended_ns AS since_start_ns, t.bytes"
        " FROM progress AS t" NODE_TABLES " ORDER BY t.run, t.time_ns, t.node"},
    {1, "CREATE VIEW sample_view AS SELECT " RUN_COLUMNS NODE_COLUMNS ", t.time_ns,"
        " t.time_ns - run.intended_ns AS since_start_ns, t.cpu_ns, t.rss_bytes, t.rss_anon_bytes,"
        " t.disk_read_bytes, t.disk_written_bytes, t.wire_in_bytes, t.wire_out_bytes"
        " FROM sample AS t" NODE_TABLES " ORDER BY t.run, t.time_ns, t.node"},
    {1, "CREATE VIEW event_view AS SELECT " RUN_COLUMNS NODE_COLUMNS ", t.time_ns,"
        " t.time_ns - run.intended_ns AS since_start_ns, t.kind, t.text"
        " FROM event AS t" NODE_TABLES " ORDER BY t.id"},
    {1, "CREATE VIEW harness_view AS SELECT " RUN_COLUMNS ", t.cpu_ns, t.leech_cpu_ns,"
        " t.leech_wall_ns, t.rss_peak_bytes, t.rss_bytes"
        " FROM harness AS t" RUN_TABLES " ORDER BY t.run"},
    {2, "ALTER TABLE experiment ADD COLUMN\n"
        "    allow_stand_in INTEGER NOT NULL DEFAULT 0 /* 1: stand-ins may enter a verdict */"},
    {3, "ALTER TABLE run ADD COLUMN\n"
        "    coding TEXT /* the erasure code of its content, '4+2 by library'; NULL: none */"},
    {3, "ALTER TABLE run ADD COLUMN\n"
        "    coded_bytes INTEGER /* of the whole code; over file_size_bytes: its overhead */"},
    {3, "ALTER TABLE node ADD COLUMN\n"
        "    code_begin_ns INTEGER /* its client was asked to erasure-code what it was given */"},
    {3, "ALTER TABLE node ADD COLUMN\n"
        "    code_end_ns INTEGER /* and had done so */"},
    {3, "ALTER TABLE node ADD COLUMN\n"
        "    stored_bytes INTEGER /* size of what it coded */"},
    {3, "ALTER TABLE download ADD COLUMN\n"
        "    decode_ns INTEGER /* decoding its parts; within its completion */"},
    {3, "ALTER TABLE download ADD COLUMN\n"
        "    beyond_bytes INTEGER /* fetched of parts that were not needed in the end */"},
    {3, "CREATE TABLE part (\n"
        "    run INTEGER NOT NULL REFERENCES run ON DELETE CASCADE,\n"
        "    node INTEGER NOT NULL,\n"
        "    part INTEGER NOT NULL,          -- 0 .. k-1: data, k .. k+m-1: parity\n"
        "    fate TEXT NOT NULL,             -- 'held' by a seeder; 'used' to decode, 'spare',\n"
        "                                    -- 'cancelled', 'stalled' or 'failed' of a leecher's\n"
        "    bytes INTEGER NOT NULL,\n"
        "    bytes_done INTEGER,\n"
        "    begun_ns INTEGER,               -- given to the seeder; asked for by the leecher\n"
        "    completion_lo_ns INTEGER,\n"
        "    completion_hi_ns INTEGER,\n"
        "    completion_source TEXT,\n"
        "    ended_ns INTEGER,               -- served; complete or given up\n"
        "    cause TEXT,                     -- why it was given up\n"
        "    PRIMARY KEY (run, node, part)\n"
        ") STRICT, WITHOUT ROWID"},
    {3, "CREATE VIEW part_view AS SELECT " RUN_COLUMNS NODE_COLUMNS ", t.part, t.fate, t.bytes,"
        " t.bytes_done, t.begun_ns, t.completion_lo_ns, t.completion_hi_ns, t.completion_source,"
        " t.ended_ns, t.cause AS error"
        " FROM part AS t" NODE_TABLES " ORDER BY t.run, t.node, t.part"},
    {3, "DROP VIEW run_view"},
    {3,
     "CREATE VIEW run_view AS SELECT experiment.name AS experiment, t.plan_index AS run, t.attempt,"
     " t.state AS run_state, cell.plan_index AS cell, cell.label AS cell_label, t.mode,"
     " t.seeder_set, t.repetition, t.block, cell.file_size_bytes, cell.size, cell.seeders,"
     " t.coding, t.coded_bytes, t.content_seed, t.run_seed, t.begun_wall_ns, t.started_ns,"
     " t.intended_ns, t.ended_ns, t.start_skew_ns, t.makespan_ns, t.spread_ns, t.seeder_share,"
     " t.deploy_ns, t.content_ns, t.infohash, t.status, t.cause AS error"
     " FROM run AS t JOIN cell ON cell.id = t.cell JOIN experiment ON experiment.id = t.experiment"
     " ORDER BY t.experiment, t.plan_index, t.attempt"},
    {3, "DROP VIEW node_view"},
    {3, "CREATE VIEW node_view AS SELECT " RUN_COLUMNS ", t.node, t.name AS node_name, t.role,"
        " t.driver, t.group_name, t.version, t.api_version, t.revision, t.address, t.started_ns,"
        " t.ready_ns, t.seed_begin_ns, t.seed_end_ns, t.code_begin_ns, t.code_end_ns,"
        " t.stored_bytes, t.payload_sent, t.exit_code, t.exit_signal, t.stand_in, t.cpu_ns,"
        " t.rss_peak_bytes, t.rss_anon_peak_bytes, t.disk_read_bytes, t.disk_written_bytes,"
        " t.wire_in_bytes, t.wire_out_bytes"
        " FROM node AS t" RUN_TABLES " ORDER BY t.run, t.node"},
    {3, "DROP VIEW download_view"},
    {3, "CREATE VIEW download_view AS SELECT " RUN_COLUMNS NODE_COLUMNS ", t.bytes, t.intended_ns,"
        " t.started_ns, t.accepted_ns, t.first_byte_lo_ns, t.first_byte_hi_ns, t.first_byte_source,"
        " t.half_lo_ns, t.half_hi_ns, t.half_source, t.ninety_lo_ns, t.ninety_hi_ns,"
        " t.ninety_source, t.completion_lo_ns, t.completion_hi_ns, t.completion_source,"
        " t.decode_ns, t.ended_ns, t.bytes_done, t.beyond_bytes, t.payload_received,"
        " t.payload_sent, t.wasted, t.stalls, t.stalled_ns, t.verified, t.bad_offset, t.status,"
        " t.cause AS error"
        " FROM download AS t" NODE_TABLES " ORDER BY t.run, t.node"},
    {4, "ALTER TABLE node ADD COLUMN\n"
        "    warm INTEGER NOT NULL DEFAULT 0 /* 1: it ran before the run, so it was not fresh */"},
    {4, "DROP VIEW node_view"},
    {4, "CREATE VIEW node_view AS SELECT " RUN_COLUMNS ", t.node, t.name AS node_name, t.role,"
        " t.driver, t.group_name, t.version, t.api_version, t.revision, t.address, t.started_ns,"
        " t.ready_ns, t.seed_begin_ns, t.seed_end_ns, t.code_begin_ns, t.code_end_ns,"
        " t.stored_bytes, t.payload_sent, t.exit_code, t.exit_signal, t.stand_in, t.warm,"
        " t.cpu_ns, t.rss_peak_bytes, t.rss_anon_peak_bytes, t.disk_read_bytes,"
        " t.disk_written_bytes, t.wire_in_bytes, t.wire_out_bytes"
        " FROM node AS t" RUN_TABLES " ORDER BY t.run, t.node"},
    {5, "ALTER TABLE node ADD COLUMN\n"
        "    machine TEXT                    /* that it ran on; NULL: the runner's */"},
    {5, "ALTER TABLE node ADD COLUMN\n"
        "    image TEXT                      /* that it was made from, with its digest */"},
    {5, "ALTER TABLE node ADD COLUMN\n"
        "    clock_offset_ns INTEGER         /* its machine's monotonic clock ahead of the "
        "runner's */"},
    {5, "ALTER TABLE node ADD COLUMN\n"
        "    clock_error_ns INTEGER          /* bound of that offset's error; NULL: the runner's "
        "clock */"},
    {5, "DROP VIEW node_view"},
    {5, "CREATE VIEW node_view AS SELECT " RUN_COLUMNS ", t.node, t.name AS node_name, t.role,"
        " t.driver, t.group_name, t.version, t.api_version, t.revision, t.address, t.machine,"
        " t.image, t.clock_offset_ns, t.clock_error_ns, t.started_ns, t.ready_ns,"
        " t.seed_begin_ns, t.seed_end_ns, t.code_begin_ns, t.code_end_ns, t.stored_bytes,"
        " t.payload_sent, t.exit_code, t.exit_signal, t.stand_in, t.warm, t.cpu_ns,"
        " t.rss_peak_bytes, t.rss_anon_peak_bytes, t.disk_read_bytes, t.disk_written_bytes,"
        " t.wire_in_bytes, t.wire_out_bytes"
        " FROM node AS t" RUN_TABLES " ORDER BY t.run, t.node"},
    {6, "ALTER TABLE experiment ADD COLUMN\n"
        "    cells_planned INTEGER           /* NULL: not known, of older files */"},
    {6, "DROP VIEW experiment_view"},
    {6, "CREATE VIEW experiment_view AS SELECT name AS experiment, digest, seed, cells_planned,"
        " runs_planned, place, baseline, margin, confidence, begun_wall_ns, ended_wall_ns, ending,"
        " text FROM experiment ORDER BY id"},
    {0, NULL},
};
