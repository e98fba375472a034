#include <swarmbench/sys/deployer.h>

#include <pthread.h>
#include <string.h>

#include "base/error.h"
#include "deploy/builtin.h"

#define COUNT(array) (sizeof(array) / sizeof(array)[0])
#define REGISTERED_MAX 32

/* Every built-in deployer has its line here; NULL ends the list. */
static const swb_deployer *const builtin[] = {
    &swb__deployer_local,
    NULL,
};

/* The one registry of the process: deployers of users, added under the lock and never removed. */
static pthread_mutex_t registry_lock = PTHREAD_MUTEX_INITIALIZER;
static const swb_deployer *registered[REGISTERED_MAX];
static size_t registered_count;

const swb_deployer *swb_deployer_at(size_t index)
{
    size_t builtin_count = 0;
    while (builtin[builtin_count] != NULL) {
        if (builtin_count == index) {
            return builtin[index];
        }
        builtin_count++;
    }
    index -= builtin_count;
    pthread_mutex_lock(&registry_lock);
    const swb_deployer *deployer = index < registered_count ? registered[index] : NULL;
    pthread_mutex_unlock(&registry_lock);
    return deployer;
}

const swb_deployer *swb_deployer_find(const char *name)
{
    const swb_deployer *deployer;
    for (size_t i = 0; (deployer = swb_deployer_at(i)) != NULL; i++) {
        if (strcmp(deployer->name, name) == 0) {
            return deployer;
        }
    }
    return NULL;
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
    if (swb_deployer_find(deployer->name) != NULL) {
        return swb__fail(error, SWB_EEXIST, "there is a deployer '%s' already", deployer->name);
    }
    int status = SWB_OK;
    pthread_mutex_lock(&registry_lock);
    if (registered_count == REGISTERED_MAX) {
        status = swb__fail(error, SWB_ENOSPACE, "more than %d deployers", REGISTERED_MAX);
    } else {
        registered[registered_count++] = deployer;
    }
    pthread_mutex_unlock(&registry_lock);
    return status;
}
