// SPDX-License-Identifier: GPL-2.0-only
/*
 * The provider's hardware, on and reachable while its operations are used.
 */
#include <linux/pm_runtime.h>

#include "hold.h"
#include "keyslot.h"

/*
 * A device that once failed to suspend is on, and answers each wish to resume it
 * with that error.
 */
static int power_on(struct device *dev)
{
	int err = pm_runtime_resume_and_get(dev);

	/* Nothing else is EINVAL; EACCES may be a machine that goes to sleep. */
	if (err != -EINVAL || !pm_runtime_active(dev))
		return err;
	pm_runtime_get_noresume(dev);
	return 0;
}

/**
 * ksm_hold() - make the hardware ready for the provider's operations
 * @ksm: the keyslot manager
 *
 * Not under its lock: a device that resumes may have all keys programmed again.
 *
 * Context: process context, may sleep.
 * Return: 0, and ksm_release() must follow; -ENODEV if the provider has gone;
 *	or a negative errno of the device.
 */
int ksm_hold(struct ksm *ksm)
{
	int err;

	down_read(&ksm->life);
	if (READ_ONCE(ksm->ops_gone)) {
		err = -ENODEV;
		goto up;
	}
	if (ksm->dev) {
		err = power_on(ksm->dev);
		if (err)
			goto up;
	}
	err = ksm->ops->hold ? ksm->ops->hold(ksm) : 0;
	if (!err)
		return 0;

	if (ksm->dev)
		pm_runtime_put(ksm->dev);
up:
	up_read(&ksm->life);
	return err;
}

/**
 * ksm_release() - undo ksm_hold()
 * @ksm: the keyslot manager
 *
 * Context: process context, may sleep.
 */
void ksm_release(struct ksm *ksm)
{
	if (ksm->ops->release)
		ksm->ops->release(ksm);
	if (ksm->dev)
		pm_runtime_put(ksm->dev);
	up_read(&ksm->life);
}
