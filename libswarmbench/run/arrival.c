#include "run/arrival.h"

#include <math.h>

#include "base/random.h"

void swb__arrival_offsets(int64_t *offsets_ns, size_t count, const swb__settings *settings,
                          uint64_t seed)
{
    int64_t every_ns = (int64_t)settings->arrival.every_ns;
    uint32_t wave = settings->arrival.wave == 0 ? 1 : settings->arrival.wave;
    double at_s = 0;
    swb__random random;
    swb__random_init(&random, swb__random_derive(seed, "arrival", 0));
    for (size_t i = 0; i < count; i++) {
        switch ((swb__arrival_pattern)settings->arrival.pattern) {
        case SWB__ARRIVAL_TOGETHER:
            offsets_ns[i] = 0;
            break;
        case SWB__ARRIVAL_STAGGERED:
            offsets_ns[i] = (int64_t)i * every_ns;
            break;
        case SWB__ARRIVAL_WAVES:
            offsets_ns[i] = (int64_t)(i / wave) * every_ns;
            break;
        case SWB__ARRIVAL_POISSON:
            offsets_ns[i] = (int64_t)(at_s * 1e9);
            at_s += -log1p(-swb__random_unit(&random)) / settings->arrival.rate_per_s;
            break;
        }
    }
}
