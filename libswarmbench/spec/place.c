/* `deploy:`, the place where nodes live. */
#include "spec/modes.h"

#include <string.h>

#include "spec/read.h"

static int refuse_deployer(swb__reader *reader, const yaml_node_t *node, const char *name)
{
    swb__names names = {{NULL}, 0};
    const swb_deployer *deployer;
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        swb__names_add(&names, deployer->name);
    }
    if (node != NULL) {
        return swb__refuse_unknown(reader, node, "place", &names);
    }
    char hint[640];
    return swb__refuse(reader, swb__document_root(reader),
                       "there is no place '%s'; choose one "
                       "with deploy: {on: NAME} (%s)",
                       name, swb__names_hint(hint, sizeof hint, &names, name));
}

int swb__read_deploy(swb_experiment *experiment, swb__reader *reader, const yaml_node_t *node)
{
    swb__fields fields[2] = {{.list = swb__deploy_options}};
    int status = node == NULL
                     ? SWB_OK
                     : swb__expect(reader, node, YAML_MAPPING_NODE, "deploy", "{on: local}");
    if (status != SWB_OK) {
        return status;
    }
    const yaml_node_t *on = node == NULL ? NULL : swb__mapping_get(reader, node, "on");
    status = on == NULL ? SWB_OK : swb__expect(reader, on, YAML_SCALAR_NODE, "on", "local");
    if (status != SWB_OK) {
        return status;
    }
    const char *name = on == NULL ? swb__deploy_options.options[0].fallback : swb__node_text(on);
    experiment->deployer = swb_deployer_find(name);
    if (experiment->deployer == NULL) {
        return refuse_deployer(reader, on, name);
    }
    fields[1].list.options = experiment->deployer->options;
    fields[1].list.count = experiment->deployer->option_count;
    const char *others = experiment->deployer->attaches ? "nodes" : NULL;
    status = swb__read_options(fields, 2, others, reader, node);
    experiment->deployer_options = fields[1].values;
    return status;
}
