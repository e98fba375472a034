#include "base/registry.h"

#include <string.h>

/* With the lock held. */
static const void *at(const swb__registry *registry, size_t index)
{
    size_t builtin_count = 0;
    for (; registry->builtin[builtin_count] != NULL; builtin_count++) {
        if (builtin_count == index) {
            return registry->builtin[index];
        }
    }
    index -= builtin_count;
    return index < registry->count ? registry->registered[index] : NULL;
}

static const void *find(const swb__registry *registry, const char *name)
{
    const void *table;
    for (size_t i = 0; (table = at(registry, i)) != NULL; i++) {
        if (strcmp(registry->name(table), name) == 0) {
            return table;
        }
    }
    return NULL;
}

const void *swb__registry_at(swb__registry *registry, size_t index)
{
    pthread_mutex_lock(&registry->lock);
    const void *table = at(registry, index);
    pthread_mutex_unlock(&registry->lock);
    return table;
}

const void *swb__registry_find(swb__registry *registry, const char *name)
{
    pthread_mutex_lock(&registry->lock);
    const void *table = find(registry, name);
    pthread_mutex_unlock(&registry->lock);
    return table;
}

int swb__registry_add(swb__registry *registry, const void *table, swb_error *error)
{
    int status = SWB_OK;
    const char *name = registry->name(table);
    pthread_mutex_lock(&registry->lock);
    if (find(registry, name) != NULL) {
        status = swb__fail(error, SWB_EEXIST, "there is a %s '%s' already", registry->what, name);
    } else if (registry->count == SWB__REGISTERED_MAX) {
        status =
            swb__fail(error, SWB_ENOSPACE, "more than %d %ss", SWB__REGISTERED_MAX, registry->what);
    } else {
        registry->registered[registry->count++] = table;
    }
    pthread_mutex_unlock(&registry->lock);
    return status;
}
