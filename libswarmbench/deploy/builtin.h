/* The deployers that come with the library; listed in registry.c. */
#ifndef SWB_DEPLOY_BUILTIN_H
#define SWB_DEPLOY_BUILTIN_H

#include <swarmbench/sys/deployer.h>

extern const swb_deployer swb__deployer_local;
extern const swb_deployer swb__deployer_attach;

#ifdef SWB_HAVE_KUBERNETES
extern const swb_deployer swb__deployer_kubernetes;
#endif

#endif
