// SPDX-License-Identifier: GPL-2.0-only
/*
 * Which hosts may be touched. Some controllers announce the standard engine and
 * do not have it in working order, or reach its keyslots through firmware. So a
 * host is used if its driver says that the engine works (UFSHCD_CAP_CRYPTO,
 * which drivers set whether or not the kernel was built to use it), or if
 * somebody says so here.
 */
#include <linux/module.h>
#include <linux/pci.h>
#include <linux/string.h>
#include <ufs/ufshcd.h>

#include "policy.h"
#include "ufs.h"

static char *devices;
module_param(devices, charp, 0444);
MODULE_PARM_DESC(devices,
		 "Use only these hosts: names of devices (default: all)");

static char *allow;
module_param(allow, charp, 0444);
MODULE_PARM_DESC(allow,
		 "Use these hosts too: drivers, PCI vendor:device, devices");

static bool report_only;
module_param(report_only, bool, 0444);
MODULE_PARM_DESC(report_only, "Only say what there is (default: no)");

/*
 * QEMU's controller: the test's model. Until Linux 6.7 it has no driver of its
 * own, and is known by its PCI identity.
 */
static const char builtin_allow[] = "qemu-pci,1b36:0013";

/* Their keyslots are not those of the standard, whatever the registers say. */
static const char *const never[] = { "qcom", "exynos" };

/* Is @word one of the words in @list, which commas separate? */
static bool listed(const char *list, const char *word)
{
	const size_t len = strlen(word);
	const char *end;

	while (list && *list) {
		end = strchrnul(list, ',');
		if (end - list == len && !strncasecmp(list, word, len))
			return true;
		list = *end ? end + 1 : end;
	}
	return false;
}

static const char *driver_name(struct ufs_hba *hba)
{
	return hba->vops && hba->vops->name ? hba->vops->name : "";
}

static bool listed_host(const char *list, struct ufs_hba *hba)
{
	char pci[sizeof("1234:5678")] = "";

	if (dev_is_pci(hba->dev))
		snprintf(pci, sizeof(pci), "%04x:%04x",
			 to_pci_dev(hba->dev)->vendor,
			 to_pci_dev(hba->dev)->device);
	return listed(list, dev_name(hba->dev)) ||
	       (*pci && listed(list, pci)) ||
	       (*driver_name(hba) && listed(list, driver_name(hba)));
}

/**
 * shim_policy_refuses() - may this host's engine be used?
 * @hba: the host
 *
 * Looks at who it is, not at its registers.
 *
 * Context: any context.
 * Return: NULL, or why not.
 */
const char *shim_policy_refuses(struct ufs_hba *hba)
{
	const char *why = compat_ufs_unusual(hba);
	const char *name = driver_name(hba);
	int i;

	if (devices && *devices && !listed(devices, dev_name(hba->dev)))
		return "it is not among the parameter devices";
	if (why)
		return why;
	for (i = 0; i < ARRAY_SIZE(never); i++) {
		if (*name && str_has_prefix(name, never[i]))
			return "its keyslots are not in the standard registers";
	}
	if (!(hba->caps & UFSHCD_CAP_CRYPTO) && !listed_host(allow, hba) &&
	    !listed_host(builtin_allow, hba))
		return "its driver does not say that its engine works; see the parameter allow";
	return NULL;
}

/**
 * shim_policy_only_reports() - is anything to be used at all?
 *
 * Context: any context.
 * Return: NULL, or why not.
 */
const char *shim_policy_only_reports(void)
{
	return report_only ? "only a report is wanted (report_only)" : NULL;
}
