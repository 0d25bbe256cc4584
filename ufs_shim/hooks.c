// SPDX-License-Identifier: GPL-2.0-only
/*
 * Being told about resets. ufshcd tells its host driver, through a table of
 * operations (ufs_hba_variant_ops), when a controller is being enabled and when
 * it resumes. The host gets a copy of that table with these two replaced.
 *
 * ufshcd reads hba->vops more than once for one call and without a lock, so the
 * old table is never put back: it might have no such operation at the second
 * look. The copy lives as long as the host, and therefore so does this module.
 */
#include <ufs/ufshcd.h>

#include "hooks.h"
#include "host.h"

static struct shim_host *host_of(struct ufs_hba *hba)
{
	return container_of(hba->vops, struct shim_host, our_vops);
}

/*
 * PRE comes with HCE = 0, where mainline programs its keys, POST after HCE = 1.
 * Both program all: some controllers forget the keys at one edge and some at
 * the other, and a key that was programmed in between must not be missed.
 */
static int hce_enable_notify(struct ufs_hba *hba,
			     enum ufs_notify_change_status status)
{
	struct shim_host *host = host_of(hba);
	int err = 0;

	if (host->vops && host->vops->hce_enable_notify)
		err = host->vops->hce_enable_notify(hba, status);
	shim_host_reprogram(host);
	return err;
}

/* The controller may have lost power, whatever the link's state says. */
static int resume(struct ufs_hba *hba, enum ufs_pm_op pm_op)
{
	struct shim_host *host = host_of(hba);
	int err = 0;

	if (host->vops && host->vops->resume)
		err = host->vops->resume(hba, pm_op);
	if (!err)
		shim_host_reprogram(host);
	return err;
}

/**
 * shim_hooks_install() - be told about resets of a host from now on
 * @host: the host
 *
 * Context: process context. Cannot be undone while the host's driver is bound.
 */
void shim_hooks_install(struct shim_host *host)
{
	host->vops = host->hba->vops;
	if (host->vops)
		host->our_vops = *host->vops;
	else
		host->our_vops.name = "";
	host->our_vops.hce_enable_notify = hce_enable_notify;
	host->our_vops.resume = resume;
	/* Whoever sees the new table sees what is in it. */
	smp_store_release(&host->hba->vops, &host->our_vops);
}

/**
 * shim_hooks_forget() - leave nothing behind that points here
 * @host: the host, whose driver has been unbound: nobody calls its operations,
 *	but who has a disk of it open keeps it in memory
 *
 * Context: process context.
 */
void shim_hooks_forget(struct shim_host *host)
{
	host->hba->vops = host->vops;
}
