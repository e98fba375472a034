/* The digest: SHA-256 of all that decides the plan and the runs, in canonical form. */
#include "spec/model.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* Numbers go in as 8 bytes, least first, and texts with their length before: no two experiments
 * give the same bytes. The first failure is kept. */
typedef struct hash_input {
    EVP_MD_CTX *context;
    unsigned char bytes[4096];
    size_t used;
    int good;
} hash_input;

static void flush(hash_input *hasher)
{
    hasher->good &= EVP_DigestUpdate(hasher->context, hasher->bytes, hasher->used);
    hasher->used = 0;
}

static void put(hash_input *hasher, uint64_t number)
{
    if (hasher->used + 8 > sizeof hasher->bytes) {
        flush(hasher);
    }
    for (int i = 0; i < 8; i++) {
        hasher->bytes[hasher->used++] = (unsigned char)(number >> (8 * i));
    }
}

static void put_text(hash_input *hasher, const char *text)
{
    size_t length = text == NULL ? 0 : strlen(text);
    put(hasher, text == NULL ? UINT64_MAX : length);
    flush(hasher);
    hasher->good &= EVP_DigestUpdate(hasher->context, text == NULL ? "" : text, length);
}

static void put_value(hash_input *hasher, const swb_option_value *value)
{
    uint64_t bits;
    memcpy(&bits, &value->number, sizeof bits);
    put(hasher, (uint64_t)value->integer);
    put(hasher, bits);
}

static void put_options(hash_input *hasher, const swb_option *options, size_t count,
                        const swb_option_value *values)
{
    put(hasher, count);
    for (size_t i = 0; i < count; i++) {
        put_text(hasher, options[i].name);
        put_value(hasher, &values[i]);
        put_text(hasher, values[i].string);
    }
}

/* Nothing where there is none: so it was before there were codes. */
static void put_coding(hash_input *hasher, const swb__coding *coding)
{
    if (coding->coder != SWB__CODER_NONE) {
        put_text(hasher, "erasure");
        put(hasher, (uint64_t)coding->coder);
        put(hasher, coding->data_parts);
        put(hasher, coding->parity_parts);
        put(hasher, coding->data_first);
        put(hasher, coding->extra);
        put(hasher, coding->part_stall_ns);
    }
}

/* Nothing where there is none, as above. */
static void put_beside(hash_input *hasher, const swb__mode *mode)
{
    for (size_t i = 0; i < mode->beside_count; i++) {
        const swb__beside *beside = &mode->beside[i];
        put_text(hasher, "beside");
        put_text(hasher, beside->name);
        put_text(hasher, beside->driver->name);
        put(hasher, beside->count);
        put_options(hasher, beside->driver->options, beside->driver->option_count, beside->options);
    }
    for (size_t i = 0; i < mode->action_count; i++) {
        const swb__action_plan *plan = &mode->actions[i];
        const uint64_t numbers[] = {
            plan->beside, plan->node,       plan->at_ns,     plan->every_ns,
            plan->times,  plan->timeout_ns, plan->http.port, (uint64_t)plan->http.expect};
        put_text(hasher, "action");
        for (size_t j = 0; j < sizeof numbers / sizeof numbers[0]; j++) {
            put(hasher, numbers[j]);
        }
        put_text(hasher, plan->http.method);
        put_text(hasher, plan->http.path);
        put_text(hasher, plan->http.body);
        put_text(hasher, plan->http.type);
        put_text(hasher, plan->http.contains);
    }
}

static void put_mode(hash_input *hasher, const swb__mode *mode)
{
    put_text(hasher, mode->name);
    put(hasher, mode->group_count);
    for (size_t i = 0; i < mode->group_count; i++) {
        const swb__group *group = &mode->groups[i];
        swb_option_value share = {(int64_t)group->role, group->share, NULL};
        put_text(hasher, group->name);
        put_text(hasher, group->driver->name);
        put_value(hasher, &share);
        put_options(hasher, group->driver->options, group->driver->option_count, group->options);
    }
    put_text(hasher, mode->service == NULL ? NULL : mode->service->name);
    if (mode->tracker_url != NULL) {
        put_text(hasher, mode->tracker_url);
    }
    if (mode->service != NULL) {
        put_options(hasher, mode->service->options, mode->service->option_count,
                    mode->service_options);
    }
    put_coding(hasher, &mode->coding);
    put_beside(hasher, mode);
}

static bool is_incidental(const swb_deployer *deployer, const char *option)
{
    for (size_t i = 0; deployer->incidental != NULL && deployer->incidental[i] != NULL; i++) {
        if (strcmp(deployer->incidental[i], option) == 0) {
            return true;
        }
    }
    return false;
}

static void put_place(hash_input *hasher, const swb_experiment *experiment)
{
    const swb_deployer *deployer = experiment->deployer;
    for (size_t i = 0; i < deployer->option_count; i++) {
        if (!is_incidental(deployer, deployer->options[i].name)) {
            put_options(hasher, &deployer->options[i], 1, &experiment->deployer_options[i]);
        }
    }
}

/* Where a node is, and what it can be; how it is reached and looked at does not change a plan. */
static void put_nodes(hash_input *hasher, const swb_experiment *experiment)
{
    for (size_t i = 0; i < experiment->node_count; i++) {
        const swb__deploy_node *node = &experiment->nodes[i];
        put(hasher, node->mode);
        put(hasher, node->group);
        put(hasher, (uint64_t)node->role);
        put_text(hasher, node->options[0].string);
    }
}

static void put_base(hash_input *hasher, const swb_experiment *experiment)
{
    for (size_t id = 0; id < SWB__SETTING_COUNT; id++) {
        swb_option_value value;
        if (id == SWB__FAULTS) {
            put_text(hasher, experiment->base_texts[id]);
        } else {
            swb__setting_load(&value, &experiment->base, id);
            put_value(hasher, &value);
        }
    }
}

static void put_axis(hash_input *hasher, const swb__rows *rows)
{
    put(hasher, rows->mask);
    put(hasher, rows->count);
    for (size_t row = 0; row < rows->count; row++) {
        for (size_t column = 0; column < rows->width; column++) {
            const swb__assignment *given = rows->cells[row * rows->width + column];
            put(hasher, given == NULL ? 0 : rows->columns[column] + UINT64_C(1));
            if (given != NULL && given->faults != NULL) {
                put_text(hasher, given->text);
            } else if (given != NULL) {
                put_value(hasher, &given->value);
            }
        }
    }
}

static void put_all(hash_input *hasher, const swb_experiment *experiment, const uint64_t *points,
                    uint64_t count)
{
    put_text(hasher, "swarmbench experiment 1");
    put(hasher, experiment->seed);
    put(hasher, experiment->modes_listed);
    put_text(hasher, experiment->deployer->name);
    put_place(hasher, experiment);
    put_nodes(hasher, experiment);
    put(hasher, experiment->mode_count);
    for (size_t i = 0; i < experiment->mode_count; i++) {
        put_mode(hasher, &experiment->modes[i]);
    }
    put_base(hasher, experiment);
    put(hasher, experiment->axis_count);
    for (size_t i = 0; i < experiment->axis_count; i++) {
        put_axis(hasher, &experiment->axes[i].rows);
    }
    put(hasher, count);
    for (uint64_t i = 0; i < count; i++) {
        put(hasher, points[i]);
    }
}

int swb__digest(swb_experiment *experiment, const uint64_t *points, uint64_t count,
                swb_error *error)
{
    unsigned char digest[32];
    hash_input hasher = {EVP_MD_CTX_new(), {0}, 0, 1};
    if (hasher.context == NULL || EVP_DigestInit_ex(hasher.context, EVP_sha256(), NULL) != 1) {
        EVP_MD_CTX_free(hasher.context);
        return swb__fail_nomem(error);
    }
    put_all(&hasher, experiment, points, count);
    flush(&hasher);
    hasher.good &= EVP_DigestFinal_ex(hasher.context, digest, NULL);
    EVP_MD_CTX_free(hasher.context);
    if (!hasher.good) {
        return swb__fail_nomem(error);
    }
    for (size_t i = 0; i < sizeof digest; i++) {
        snprintf(experiment->digest + 2 * i, 3, "%02x", digest[i]);
    }
    return SWB_OK;
}
