// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_sim, the driver: a device with runtime power management, for which it is
 * enough to remember whether there is power. ksm_core is to turn it on before
 * it uses the slots.
 */
#include <linux/err.h>
#include <linux/module.h>
#include <linux/platform_device.h>
#include <linux/pm_runtime.h>

#include "ksm_sim.h"

static int set_suspended(struct device *device, bool suspended)
{
	struct ksm_sim_dev *dev = dev_get_drvdata(device);

	WRITE_ONCE(dev->hw.suspended, suspended);
	return 0;
}

static int runtime_suspend(struct device *device)
{
	struct ksm_sim_dev *dev = dev_get_drvdata(device);

	if (READ_ONCE(dev->suspend_fails))
		return -EIO;
	return set_suspended(device, true);
}

static int runtime_resume(struct device *device)
{
	struct ksm_sim_dev *dev = dev_get_drvdata(device);

	if (READ_ONCE(dev->power_fails))
		return -EIO;
	return set_suspended(device, false);
}

static const struct dev_pm_ops pm_ops = {
	.runtime_suspend = runtime_suspend,
	.runtime_resume = runtime_resume,
};

static struct platform_driver driver = {
	.driver = {
		.name = KBUILD_MODNAME,
		.pm = pm_ptr(&pm_ops),
		.suppress_bind_attrs = true,
	},
};

/**
 * ksm_sim_pm_init() - register the driver of the platform devices
 *
 * Return: 0 or a negative errno.
 */
int ksm_sim_pm_init(void)
{
	return platform_driver_register(&driver);
}

/**
 * ksm_sim_pm_exit() - unregister it
 */
void ksm_sim_pm_exit(void)
{
	platform_driver_unregister(&driver);
}

/**
 * ksm_sim_pm_add() - give a device power management if it is to have it
 * @dev: the device
 *
 * Return: 0 or a negative errno.
 */
int ksm_sim_pm_add(struct ksm_sim_dev *dev)
{
	struct platform_device *pdev;

	if (!dev->params.rpm)
		return 0;
	pdev = platform_device_register_simple(KBUILD_MODNAME, dev->nr, NULL,
					       0);
	if (IS_ERR(pdev))
		return PTR_ERR(pdev);
	platform_set_drvdata(pdev, dev);
	dev->pdev = pdev;
	/* Without power until somebody asks for it. */
	dev->hw.suspended = true;
	pm_runtime_set_autosuspend_delay(&pdev->dev, 0);
	pm_runtime_use_autosuspend(&pdev->dev);
	pm_runtime_enable(&pdev->dev);
	return 0;
}

/**
 * ksm_sim_pm_remove() - take it away again
 * @dev: the device
 */
void ksm_sim_pm_remove(struct ksm_sim_dev *dev)
{
	if (!dev->pdev)
		return;
	pm_runtime_dont_use_autosuspend(&dev->pdev->dev);
	pm_runtime_disable(&dev->pdev->dev);
	platform_device_unregister(dev->pdev);
	dev->pdev = NULL;
}

/**
 * ksm_sim_pm_get() - turn the power on for the driver's own use of the slots
 * @dev: the device
 *
 * Return: 0, and ksm_sim_pm_put() must follow; or a negative errno.
 */
int ksm_sim_pm_get(struct ksm_sim_dev *dev)
{
	return dev->pdev ? pm_runtime_resume_and_get(&dev->pdev->dev) : 0;
}

/**
 * ksm_sim_pm_fail() - have the device not wake up any more, or do so again
 * @dev: the device
 * @fail: which of both
 *
 * Return: 0; -ENODEV if it has no power management; or a negative errno.
 */
int ksm_sim_pm_fail(struct ksm_sim_dev *dev, bool fail)
{
	if (!dev->pdev)
		return -ENODEV;
	WRITE_ONCE(dev->power_fails, fail);
	/* The kernel does not try again by itself. */
	if (!fail && dev->pdev->dev.power.runtime_error)
		return pm_runtime_set_suspended(&dev->pdev->dev);
	return 0;
}

/**
 * ksm_sim_pm_put() - it may be turned off again
 * @dev: the device
 */
void ksm_sim_pm_put(struct ksm_sim_dev *dev)
{
	if (dev->pdev)
		pm_runtime_put(&dev->pdev->dev);
}
