// SPDX-License-Identifier: GPL-2.0-only
/*
 * Noticing that hosts and disks come and go.
 *
 * The SCSI midlayer tells of every SCSI device, those that are there included,
 * and thereby of hosts: a UFS host has its well-known logical units before it
 * has disks. The notifiers of the SCSI bus tell when a disk gets and loses its
 * driver, those of the controllers' buses the same of the controllers.
 *
 * A bus's list of notifiers is locked while they run. So none is added by
 * something that a notifier waits for: all are added from add_dev().
 */
#include <linux/device.h>
#include <linux/mutex.h>
#include <scsi/scsi_device.h>
#include <scsi/scsi_driver.h>
#include <scsi/scsi_host.h>

#include "bus.h"
#include "host.h"
#include "ufs.h"

static bool host_is_removed(const struct scsi_device *sdev)
{
	enum scsi_host_state state = READ_ONCE(sdev->host->shost_state);

	return state == SHOST_CANCEL || state == SHOST_CANCEL_RECOVERY;
}

static void disk_unbinds(struct scsi_device *sdev)
{
	/* The host goes, and was seen only after host_event() had been due. */
	if (shim_is_ufs(sdev) && host_is_removed(sdev))
		shim_host_going(shim_host_device(sdev));
	shim_disk_going(sdev);
}

static int scsi_event(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	struct device *dev = data;

	if (!scsi_is_sdev_device(dev))
		return NOTIFY_DONE;
	if (action == BUS_NOTIFY_BOUND_DRIVER)
		shim_disk_added(to_scsi_device(dev));
	else if (action == BUS_NOTIFY_UNBIND_DRIVER)
		disk_unbinds(to_scsi_device(dev));
	return NOTIFY_OK;
}

static int host_event(struct notifier_block *nb, unsigned long action,
		      void *data)
{
	if (action == BUS_NOTIFY_UNBIND_DRIVER)
		shim_host_going(data);
	else if (action == BUS_NOTIFY_UNBOUND_DRIVER)
		shim_host_gone(data);
	return NOTIFY_OK;
}

/* The SCSI bus, and those that UFS hosts are on: PCI and platform so far. */
static struct bus_watch {
	typeof_member(struct device, bus) bus;
	struct notifier_block nb;
} watches[] = {
	{ .nb = { .notifier_call = scsi_event } },
	{ .nb = { .notifier_call = host_event } },
	{ .nb = { .notifier_call = host_event } },
};

static DEFINE_MUTEX(watches_lock);

/* Watch the bus that @dev is on. */
static bool watch(const struct device *dev, notifier_fn_t call)
{
	bool found = false;
	int i;

	mutex_lock(&watches_lock);
	for (i = 0; i < ARRAY_SIZE(watches) && !found; i++) {
		struct bus_watch *w = &watches[i];

		if (w->nb.notifier_call != call)
			continue;
		if (!w->bus && !bus_register_notifier(dev->bus, &w->nb))
			w->bus = dev->bus;
		found = w->bus == dev->bus;
	}
	mutex_unlock(&watches_lock);
	return found;
}

/* Of an existing SCSI device, or a new one whose driver may be bound already. */
static int add_dev(COMPAT_ADD_DEV_ARGS)
{
	struct scsi_device *sdev = to_scsi_device(dev->parent);

	if (!shim_is_ufs(sdev))
		return 0;
	/* Unnoticed, a host would go away underneath. */
	if (!watch(&sdev->sdev_gendev, scsi_event) ||
	    !watch(shim_host_device(sdev), host_event))
		return -EBUSY;
	shim_host_seen(sdev);
	/*
	 * scsi_event() is told of whoever is bound or unbound after this. Others
	 * wait while SCSI devices are added: not for one that is being probed.
	 */
	if (!compat_device_bound(&sdev->sdev_gendev))
		return 0;
	device_lock(&sdev->sdev_gendev);
	if (sdev->sdev_gendev.driver)
		shim_disk_added(sdev);
	device_unlock(&sdev->sdev_gendev);
	return 0;
}

static struct class_interface shim_interface = {
	.add_dev = add_dev,
};

/**
 * shim_bus_watch() - find all hosts, now and from now on
 *
 * Context: process context, may sleep.
 * Return: 0 or a negative errno.
 */
int shim_bus_watch(void)
{
	return scsi_register_interface(&shim_interface);
}

/**
 * shim_bus_unwatch() - undo shim_bus_watch()
 *
 * Waits for what is running.
 *
 * Context: process context, may sleep.
 */
void shim_bus_unwatch(void)
{
	int i;

	scsi_unregister_interface(&shim_interface);
	for (i = 0; i < ARRAY_SIZE(watches); i++) {
		if (watches[i].bus)
			bus_unregister_notifier(watches[i].bus, &watches[i].nb);
	}
}
