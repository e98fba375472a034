#include "spec/modes.h"

#include <string.h>

#include "spec/read.h"
#include "spec/value.h"

bool swb__is_name(const char *name)
{
    static const char letters[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    static const char all[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-";
    size_t length = strlen(name);
    return length >= 1 && length <= 64 && strspn(name, all) == length &&
           strchr(letters, name[0]) != NULL;
}

int swb__read_name(const char **out, swb__reader *reader, const yaml_node_t *node, const char *what)
{
    const char *text = swb__node_text(node);
    if (!swb__is_name(text)) {
        char shown[SWB__EXCERPT_BYTES];
        return swb__refuse(reader, node, "'%s' cannot be the name of %s; " SWB__NAME_RULE,
                           swb__excerpt(shown, sizeof shown, text), what);
    }
    *out = swb__arena_text(reader->arena, text, strlen(text));
    return *out == NULL ? swb__fail_nomem(reader->error) : SWB_OK;
}

static int refuse_driver(swb__reader *reader, const yaml_node_t *node, bool services,
                         const char *what)
{
    swb__names names = {{NULL}, 0};
    const swb_driver *driver;
    for (size_t i = 0; (driver = swb_driver_at(i)) != NULL; i++) {
        if ((driver->kind == SWB_DRIVER_SERVICE) == services) {
            swb__names_add(&names, driver->name);
        }
    }
    if (strcmp(what, "tracker") == 0) {
        swb__names_add(&names, "none");
    }
    return swb__refuse_unknown(reader, node, what, &names);
}

int swb__read_driver_name(const swb_driver **out, swb__reader *reader, const yaml_node_t *node,
                          bool service, const char *what)
{
    int status = swb__expect(reader, node, YAML_SCALAR_NODE, "driver", "deluge");
    if (status != SWB_OK) {
        return status;
    }
    const swb_driver *driver = swb_driver_find(swb__node_text(node));
    if (driver == NULL || (driver->kind == SWB_DRIVER_SERVICE) != service) {
        return refuse_driver(reader, node, service, what);
    }
    *out = driver;
    return SWB_OK;
}

static swb__option_list options_of(const swb_driver *driver)
{
    swb__option_list list = {driver->options, driver->option_count};
    return list;
}

/* Reads a mapping with `driver:`, the options of that driver, those of `own` and of `more`, which
 * may be NULL. */
static int read_driver(swb__group *group, swb__fields *own, swb__fields *more, const char *others,
                       swb__reader *reader, const yaml_node_t *node)
{
    const yaml_node_t *name = swb__mapping_get(reader, node, "driver");
    if (name == NULL) {
        return swb__refuse(reader, node, "no driver is given here; for example: driver: deluge");
    }
    int status = swb__read_driver_name(&group->driver, reader, name, false, "driver");
    if (status != SWB_OK) {
        return status;
    }
    swb__fields fields[3] = {*own, {.list = options_of(group->driver)}};
    if (more != NULL) {
        fields[2] = *more;
    }
    status = swb__read_options(fields, more != NULL ? 3 : 2, others, reader, node);
    *own = fields[0];
    group->options = fields[1].values;
    if (more != NULL) {
        *more = fields[2];
    }
    return status != SWB_OK ? status
                            : swb__check_driver_options(group->driver, &fields[1], reader, node);
}

static int read_group(swb__group *group, swb__reader *reader, const yaml_node_t *node)
{
    swb__fields own = {.list = swb__group_options};
    int status =
        swb__expect(reader, node, YAML_MAPPING_NODE, "a group", "{driver: deluge, share: 50%}");
    if (status == SWB_OK) {
        status = read_driver(group, &own, NULL, NULL, reader, node);
    }
    if (status != SWB_OK) {
        return status;
    }
    const yaml_node_t *name = swb__mapping_get(reader, node, "name");
    group->name = group->driver->name;
    group->role = (swb__group_role)own.values[SWB__GROUP_ROLE].integer;
    group->share = own.values[SWB__GROUP_SHARE].number;
    return name == NULL ? SWB_OK : swb__read_name(&group->name, reader, name, "a group");
}

static const char *role_name(swb__group_role role)
{
    static const char *const names[] = {"any", "seeder", "leecher"};
    return names[role];
}

/* Splits what the given shares of a role leave among its other groups. */
static int complete_shares(swb__mode *mode, swb__group_role role, swb__reader *reader,
                           const yaml_node_t *node)
{
    double given = 0;
    size_t open = 0;
    size_t members = 0;
    for (size_t i = 0; i < mode->group_count; i++) {
        if (mode->groups[i].role == role) {
            given += mode->groups[i].share;
            open += mode->groups[i].share == 0;
            members++;
        }
    }
    if (members == 0) {
        return swb__refuse(reader, node, "no group has the role %s; every node needs a group",
                           role_name(role));
    }
    if (given > 1 + 1e-9 || (open == 0 && given < 1 - 1e-9) || (open > 0 && given > 1 - 1e-9)) {
        return swb__refuse(reader, node,
                           "the shares of role %s sum to %.10g%%; write shares that sum to 100%%%s",
                           role_name(role), given * 100,
                           open > 0 ? " and leave something for the groups without one" : "");
    }
    for (size_t i = 0; i < mode->group_count; i++) {
        swb__group *group = &mode->groups[i];
        if (group->role == role && group->share == 0) {
            group->share = (1 - given) / (double)open;
        }
    }
    return SWB_OK;
}

static int check_group(const swb__mode *mode, size_t index, swb__reader *reader,
                       const yaml_node_t *node)
{
    const swb__group *group = &mode->groups[index];
    const swb__group *first = &mode->groups[0];
    if (group->driver->kind != first->driver->kind ||
        (group->driver != first->driver && group->driver->kind != SWB_DRIVER_TORRENT)) {
        return swb__refuse(reader, node,
                           "drivers %s and %s cannot share a content: only torrent "
                           "clients mix",
                           first->driver->name, group->driver->name);
    }
    if ((group->role == SWB__GROUP_ANY) != (first->role == SWB__GROUP_ANY)) {
        return swb__refuse(reader, node,
                           "this group has the role %s, but the first one %s; say "
                           "seeder or leecher for each group, or for none",
                           role_name(group->role), role_name(first->role));
    }
    for (size_t i = 0; i < index; i++) {
        if (strcmp(mode->groups[i].name, group->name) == 0) {
            return swb__refuse(reader, node, "there is a group '%s' already; give this one a name",
                               group->name);
        }
    }
    return SWB_OK;
}

static int read_groups(swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    int status = swb__expect(reader, node, YAML_SEQUENCE_NODE, "groups",
                             "[{driver: deluge}, {driver: qbittorrent}]");
    if (status != SWB_OK) {
        return status;
    }
    size_t count = swb__member_count(node);
    if (count < 1 || count > 64) {
        return swb__refuse(reader, node, "%zu groups; a mode has 1 to 64", count);
    }
    mode->groups = swb__arena_array(reader->arena, count, sizeof *mode->groups);
    if (mode->groups == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m);) {
        status = read_group(&mode->groups[mode->group_count], reader, m.value);
        if (status == SWB_OK) {
            status = check_group(mode, mode->group_count, reader, m.value);
        }
        if (status != SWB_OK) {
            return status;
        }
        mode->group_count++;
    }
    if (mode->groups[0].role == SWB__GROUP_ANY) {
        return complete_shares(mode, SWB__GROUP_ANY, reader, node);
    }
    status = complete_shares(mode, SWB__GROUP_SEEDERS, reader, node);
    return status != SWB_OK ? status : complete_shares(mode, SWB__GROUP_LEECHERS, reader, node);
}

/* A mode without `groups` is one group of all nodes. */
static int read_only_group(swb__mode *mode, swb__fields *coding, swb__reader *reader,
                           const yaml_node_t *node)
{
    swb__fields own = {.list = swb__mode_options};
    mode->groups = swb__arena_array(reader->arena, 1, sizeof *mode->groups);
    if (mode->groups == NULL) {
        return swb__fail_nomem(reader->error);
    }
    int status = read_driver(mode->groups, &own, coding, "tracker|beside|actions", reader, node);
    if (status != SWB_OK) {
        return status;
    }
    mode->group_count = 1;
    mode->groups[0].name = mode->groups[0].driver->name;
    mode->groups[0].share = 1;
    return SWB_OK;
}

/* The service that the drivers of the mode's groups name. */
static int default_service(swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    const char *wanted = NULL;
    for (size_t i = 0; i < mode->group_count; i++) {
        const char *service = mode->groups[i].driver->service;
        if (service != NULL && wanted != NULL && strcmp(service, wanted) != 0) {
            return swb__refuse(reader, node,
                               "its drivers want different services, %s and %s; "
                               "choose one with tracker: NAME",
                               wanted, service);
        }
        wanted = service != NULL ? service : wanted;
    }
    mode->service = wanted == NULL ? NULL : swb_driver_find(wanted);
    if (wanted != NULL && mode->service == NULL) {
        return swb__refuse(reader, node,
                           "its driver needs the service '%s', which this library "
                           "does not have; choose another with tracker: NAME",
                           wanted);
    }
    return SWB_OK;
}

/* A tracker that runs already. */
static int read_tracker_url(swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    static const char *const schemes[] = {"http://", "https://", "udp://"};
    char shown[SWB__EXCERPT_BYTES];
    const char *text = swb__node_text(node);
    size_t length = strlen(text);
    for (size_t i = 0; i < sizeof schemes / sizeof schemes[0]; i++) {
        size_t scheme = strlen(schemes[i]);
        if (strncmp(text, schemes[i], scheme) == 0 && length > scheme && length < 128 &&
            strpbrk(text, " \t\r\n@") == NULL) {
            mode->tracker_url = swb__arena_text(reader->arena, text, length);
            return mode->tracker_url != NULL ? SWB_OK : swb__fail_nomem(reader->error);
        }
    }
    return swb__refuse(reader, node,
                       "'%s' is no announce URL of at most 127 bytes; for example "
                       "http://10.0.0.1:6969/announce",
                       swb__excerpt(shown, sizeof shown, text));
}

/* The service that `tracker:` names, by itself or in a mapping with its options. */
static int named_service(swb__mode *mode, swb__reader *reader, const yaml_node_t *node)
{
    const yaml_node_t *name = node;
    if (node->type == YAML_MAPPING_NODE) {
        name = swb__mapping_get(reader, node, "driver");
    }
    if (name == NULL) {
        return swb__refuse(reader, node,
                           "no driver is given here; for example: tracker: {driver: opentracker}");
    }
    if (name == node && strstr(swb__node_text(name), "://") != NULL) {
        return read_tracker_url(mode, reader, name);
    }
    if (name->type != YAML_SCALAR_NODE || strcmp(swb__node_text(name), "none") != 0) {
        return swb__read_driver_name(&mode->service, reader, name, true, "tracker");
    }
    return name == node ? SWB_OK
                        : swb__refuse(reader, name, "no service has options; write tracker: none");
}

/* `node` NULL: the mode has no `tracker`. */
static int read_service(swb__mode *mode, swb__reader *reader, const yaml_node_t *node,
                        const yaml_node_t *of_mode)
{
    int status =
        node == NULL ? default_service(mode, reader, of_mode) : named_service(mode, reader, node);
    if (status != SWB_OK || mode->service == NULL) {
        return status;
    }
    bool has_options = node != NULL && node->type == YAML_MAPPING_NODE;
    swb__fields fields[2] = {{.list = swb__mode_options}, {.list = options_of(mode->service)}};
    status = swb__read_options(fields, 2, NULL, reader, has_options ? node : NULL);
    mode->service_options = fields[1].values;
    return status != SWB_OK ? status
                            : swb__check_driver_options(mode->service, &fields[1], reader,
                                                        node != NULL ? node : of_mode);
}

static int read_mode(swb__mode *mode, swb__reader *reader, const yaml_node_t *name,
                     const yaml_node_t *node)
{
    int status = swb__read_name(&mode->name, reader, name, "a mode");
    if (status == SWB_OK) {
        status = swb__expect(reader, node, YAML_MAPPING_NODE, "a mode", "{driver: deluge}");
    }
    if (status != SWB_OK) {
        return status;
    }
    const yaml_node_t *groups = swb__mapping_get(reader, node, "groups");
    swb__fields coding = {.list = swb__coding_options};
    if (groups != NULL) {
        status = swb__read_options(&coding, 1, "groups|tracker|beside|actions", reader, node);
        if (status == SWB_OK) {
            status = read_groups(mode, reader, groups);
        }
    } else {
        status = read_only_group(mode, &coding, reader, node);
    }
    if (status == SWB_OK) {
        status = swb__read_coding(mode, &coding, reader, swb__mapping_get(reader, node, "erasure"));
    }
    if (status == SWB_OK) {
        status = swb__read_beside(mode, reader, swb__mapping_get(reader, node, "beside"));
    }
    if (status == SWB_OK) {
        status = swb__read_actions(mode, reader, swb__mapping_get(reader, node, "actions"));
    }
    if (status != SWB_OK) {
        return status;
    }
    return read_service(mode, reader, swb__mapping_get(reader, node, "tracker"), node);
}

int swb__read_modes(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    if (node == NULL) {
        return swb__refuse(reader, swb__document_root(reader),
                           "no modes; write for example modes: {deluge: {driver: deluge}}");
    }
    int status =
        swb__expect(reader, node, YAML_MAPPING_NODE, "modes", "{deluge: {driver: deluge}}");
    if (status != SWB_OK) {
        return status;
    }
    size_t count = swb__member_count(node);
    if (count < 1 || count > SWB__MODES_MAX) {
        return swb__refuse(reader, node, "%zu modes; an experiment has 1 to %d", count,
                           SWB__MODES_MAX);
    }
    experiment->modes = swb__arena_array(reader->arena, count, sizeof *experiment->modes);
    if (experiment->modes == NULL) {
        return swb__fail_nomem(reader->error);
    }
    for (swb__member m = swb__members(reader, node); swb__next_member(&m);) {
        status = read_mode(&experiment->modes[experiment->mode_count], reader, m.key, m.value);
        if (status != SWB_OK) {
            return status;
        }
        experiment->mode_count++;
    }
    return SWB_OK;
}
