/* What a checked experiment tells about itself. */
#include "spec/model.h"

const char *swb_experiment_name(const swb_experiment *experiment)
{
    return experiment->name;
}

uint64_t swb_experiment_seed(const swb_experiment *experiment)
{
    return experiment->seed;
}

const char *swb_experiment_text(const swb_experiment *experiment)
{
    return experiment->text;
}

size_t swb_experiment_mode_count(const swb_experiment *experiment)
{
    return experiment->mode_count;
}

const char *swb_experiment_mode_name(const swb_experiment *experiment, size_t index)
{
    return index < experiment->mode_count ? experiment->modes[index].name : NULL;
}

size_t swb_experiment_baseline(const swb_experiment *experiment)
{
    return experiment->baseline;
}

const swb__mode *swb__experiment_mode(const swb_experiment *experiment, size_t index)
{
    return index < experiment->mode_count ? &experiment->modes[index] : NULL;
}

const swb_deployer *swb__experiment_deployer(const swb_experiment *experiment)
{
    return experiment->deployer;
}

const swb_option_value *swb__experiment_deployer_options(const swb_experiment *experiment)
{
    return experiment->deployer_options;
}

bool swb__experiment_allow_stand_in(const swb_experiment *experiment)
{
    return experiment->allow_stand_in;
}

double swb__experiment_margin(const swb_experiment *experiment)
{
    return experiment->margin;
}

double swb__experiment_confidence(const swb_experiment *experiment)
{
    return experiment->confidence;
}

const char *swb__experiment_digest(const swb_experiment *experiment)
{
    return experiment->digest;
}
