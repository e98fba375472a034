#include <swarmbench/sys/deployer.h>

#include "base/error.h"
#include "base/registry.h"
#include "deploy/builtin.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* Every built-in deployer has its line here; NULL ends the list. */
static const void *const builtin[] = {
    &swb__deployer_local,
    &swb__deployer_attach,
#ifdef SWB_HAVE_KUBERNETES
    &swb__deployer_kubernetes,
#endif
    NULL,
};

static const char *name_of(const void *table)
{
    return ((const swb_deployer *)table)->name;
}

static swb__registry registry = SWB__REGISTRY_INIT("deployer", builtin, name_of);

const swb_deployer *swb_deployer_at(size_t index)
{
    return swb__registry_at(&registry, index);
}

const swb_deployer *swb_deployer_find(const char *name)
{
    return swb__registry_find(&registry, name);
}

static const char *missing_member(const swb_deployer *deployer)
{
    const struct {
        const char *name;
        int there;
    } members[] = {
        {"description", deployer->description != NULL},
        {"check", deployer->check != NULL},
        {"open", deployer->open != NULL},
        {"place", deployer->place != NULL},
        {"prepare", deployer->prepare != NULL},
        {"make_torrent", deployer->make_torrent != NULL},
        {"torrent", deployer->torrent != NULL},
        {"start", deployer->start != NULL},
        {"watch", deployer->watch != NULL},
        {"verify", deployer->verify != NULL},
        {"sample", deployer->sample != NULL},
        {"fault", deployer->fault != NULL},
        {"stop", deployer->stop != NULL},
        {"close", deployer->close != NULL},
        {"node_options", !deployer->attaches || deployer->node_option_count > 0},
        {"check_node", !deployer->attaches || deployer->check_node != NULL},
        {"holds", !deployer->attaches || deployer->holds != NULL},
        {"removed", !deployer->attaches || deployer->removed != NULL},
    };
    for (size_t i = 0; i < COUNT(members); i++) {
        if (!members[i].there) {
            return members[i].name;
        }
    }
    return NULL;
}

int swb_deployer_register(const swb_deployer *deployer, swb_error *error)
{
    if (deployer == NULL || deployer->name == NULL) {
        return swb__fail(error, SWB_EINVAL, "a deployer needs a name");
    }
    if (deployer->api_version != SWB_DEPLOYER_API_VERSION) {
        return swb__fail(error, SWB_EINVAL, "deployer '%s' has api_version %u, this library has %u",
                         deployer->name, deployer->api_version, SWB_DEPLOYER_API_VERSION);
    }
    const char *missing = missing_member(deployer);
    if (missing != NULL) {
        return swb__fail(error, SWB_EINVAL, "deployer '%s' lacks %s", deployer->name, missing);
    }
    return swb__registry_add(&registry, deployer, error);
}
