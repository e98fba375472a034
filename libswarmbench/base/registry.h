/* Named const tables: the built-in ones first, then those that users register. */
#ifndef SWB_BASE_REGISTRY_H
#define SWB_BASE_REGISTRY_H

#include <pthread.h>
#include <stddef.h>

#include "base/error.h"

#define SWB__REGISTERED_MAX 32

/* One static object for each kind of table. What is registered is never removed. Any thread. */
typedef struct swb__registry {
    const char *what;           /* "driver": for messages */
    const void *const *builtin; /* NULL ends the list */
    const char *(*name)(const void *table);
    pthread_mutex_t lock;
    const void *registered[SWB__REGISTERED_MAX];
    size_t count;
} swb__registry;

#define SWB__REGISTRY_INIT(what_text, builtin_list, name_function)                                 \
    {                                                                                              \
        (what_text), (builtin_list), (name_function), PTHREAD_MUTEX_INITIALIZER, {NULL}, 0         \
    }

/* Table `index`; NULL past the end. */
const void *swb__registry_at(swb__registry *registry, size_t index);
/* The table of this name; NULL where there is none. */
const void *swb__registry_find(swb__registry *registry, const char *name);
/* SWB_EEXIST (the name is taken), SWB_ENOSPACE (SWB__REGISTERED_MAX are there). */
int swb__registry_add(swb__registry *registry, const void *table, swb_error *error);

#endif
