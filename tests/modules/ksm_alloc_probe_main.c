// SPDX-License-Identifier: GPL-2.0-only
/*
 * ksm_alloc_probe: allocates and keys ciphers in chosen contexts, so that a
 * suite can look at what is reached from there.
 *
 * /sys/kernel/debug/ksm_alloc_probe/do takes one line,
 *
 *	WHAT ALGORITHM KEY_BYTES [CONTEXT]...
 *
 * and says after that what came of it: the error, nanoseconds, whether it had
 * to wait for crypto_alg_sem, and the implementation. The parts around the thing
 * itself are outside of ksm_probe_begin() and ksm_probe_end(), for tracing.
 */
#define pr_fmt(fmt) KBUILD_MODNAME ": " fmt

#include <crypto/skcipher.h>
#include <linux/completion.h>
#include <linux/debugfs.h>
#include <linux/delay.h>
#include <linux/err.h>
#include <linux/kthread.h>
#include <linux/ktime.h>
#include <linux/module.h>
#include <linux/random.h>
#include <linux/sched/mm.h>
#include <linux/slab.h>
#include <linux/uaccess.h>

#ifdef KSM_HAVE_AES_XTS_LIB
#include <crypto/aes-xts.h>
#endif

#include "ksm_alloc_probe.h"

#define MAX_LINE  200
#define MAX_COUNT 256

/* How long to look whether something waits for a lock. */
#define LOOK_MS 10000

enum what { ALLOC, SETKEY, LIBRARY, WHATS };

static const char *const what_names[WHATS] = { "alloc", "setkey", "library" };

/**
 * struct probe_op - one thing that is done
 * @what: what
 * @alg: name of the algorithm
 * @key_size: bytes of the key for @what SETKEY and LIBRARY
 * @count: allocate so many of them
 * @noio: in the scope of memalloc_noio_save()
 * @reclaim: where lockdep believes that memory is being reclaimed
 * @noload: with CRYPTO_NOLOAD
 * @locked: while another thread holds crypto_alg_sem for writing
 * @hold: while another transform of the same algorithm is there
 * @held: that
 * @tfm: the transforms
 * @lib_key: the library's key
 * @key: a random key
 * @err: result
 * @ns: result: how long it took
 * @waited: result: it waited for crypto_alg_sem
 * @driver: result: the implementation
 * @done: it has been done
 */
struct probe_op {
	enum what what;
	char alg[CRYPTO_MAX_ALG_NAME];
	unsigned int key_size;
	unsigned int count;
	bool noio;
	bool reclaim;
	bool noload;
	bool locked;
	bool hold;
	struct crypto_skcipher *held;
	struct crypto_skcipher *tfm[MAX_COUNT];
#ifdef KSM_HAVE_AES_XTS_LIB
	struct aes_xts_key *lib_key;
#endif
	u8 key[KSM_PROBE_KEY_SIZE];
	int err;
	u64 ns;
	bool waited;
	char driver[CRYPTO_MAX_ALG_NAME];
	struct completion done;
};

static DEFINE_MUTEX(result_lock); /* protects result */
static char result[MAX_LINE];

static struct dentry *root;

/*
 * For kprobes: what is traced between these is what was asked for. Each counts
 * for itself, since compilers make one function of two that are the same.
 */
static unsigned int begun, ended;

static noinline void ksm_probe_begin(void)
{
	WRITE_ONCE(begun, begun + 1);
}

static noinline void ksm_probe_end(void)
{
	WRITE_ONCE(ended, ended + 1);
}

#ifdef KSM_HAVE_AES_XTS_LIB
static int library_key(struct probe_op *op)
{
	op->lib_key = kzalloc(sizeof(*op->lib_key), GFP_NOIO);
	if (!op->lib_key)
		return -ENOMEM;
	strscpy(op->driver, "library", sizeof(op->driver));
	return aes_xts_preparekey(op->lib_key, op->key, op->key_size, 0);
}

static void library_free(struct probe_op *op)
{
	kfree_sensitive(op->lib_key);
}
#else
static int library_key(struct probe_op *op)
{
	return -EOPNOTSUPP;
}

static void library_free(struct probe_op *op)
{
}
#endif

static int alloc_one(struct probe_op *op, struct crypto_skcipher **slot)
{
	struct crypto_skcipher *tfm;

	tfm = crypto_alloc_skcipher(op->alg, 0, op->noload ? CRYPTO_NOLOAD : 0);
	if (IS_ERR(tfm))
		return PTR_ERR(tfm);
	*slot = tfm;
	return 0;
}

/* What must be there before, in an ordinary context. */
static int prepare(struct probe_op *op)
{
	int err = 0;

	get_random_bytes(op->key, sizeof(op->key));
	init_completion(&op->done);
	if (op->hold)
		err = alloc_one(op, &op->held);
	if (!err && op->what == SETKEY)
		err = alloc_one(op, &op->tfm[0]);
	return err;
}

static void clean_up(struct probe_op *op)
{
	unsigned int i;

	for (i = 0; i < op->count; i++)
		crypto_free_skcipher(op->tfm[i]);
	crypto_free_skcipher(op->held);
	library_free(op);
}

static int alloc_all(struct probe_op *op)
{
	unsigned int i;
	int err = 0;

	for (i = 0; i < op->count && !err; i++)
		err = alloc_one(op, &op->tfm[i]);
	if (!err)
		strscpy(op->driver, crypto_skcipher_driver_name(op->tfm[0]),
			sizeof(op->driver));
	return err;
}

static int perform_what(struct probe_op *op)
{
	switch (op->what) {
	case ALLOC:
		return alloc_all(op);
	case SETKEY:
		return crypto_skcipher_setkey(op->tfm[0], op->key,
					      op->key_size);
	default:
		return library_key(op);
	}
}

static void perform(struct probe_op *op)
{
	unsigned int flags = 0;
	u64 start;

	/* As in reclaim that writes out: first that, then what it calls. */
	if (op->reclaim)
		fs_reclaim_acquire(GFP_KERNEL);
	if (op->noio)
		flags = memalloc_noio_save();
	start = ktime_get_ns();
	ksm_probe_begin();
	op->err = perform_what(op);
	ksm_probe_end();
	op->ns = ktime_get_ns() - start;
	if (op->noio)
		memalloc_noio_restore(flags);
	if (op->reclaim)
		fs_reclaim_release(GFP_KERNEL);
}

static int perform_thread(void *data)
{
	struct probe_op *op = data;

	perform(op);
	kthread_complete_and_exit(&op->done, 0);
}

/* While this thread holds the lock that registering an algorithm takes. */
static int perform_locked(struct probe_op *op)
{
	struct task_struct *task;
	unsigned int ms;

	task = kthread_create(perform_thread, op, "ksm_probe");
	if (IS_ERR(task))
		return PTR_ERR(task);
	down_write(&crypto_alg_sem);
	wake_up_process(task);
	for (ms = 0; ms < LOOK_MS; ms++) {
		if (completion_done(&op->done))
			break;
		op->waited = rwsem_is_contended(&crypto_alg_sem);
		if (op->waited)
			break;
		usleep_range(1000, 1100);
	}
	up_write(&crypto_alg_sem);
	wait_for_completion(&op->done);
	return 0;
}

static void store_result(const struct probe_op *op)
{
	mutex_lock(&result_lock);
	snprintf(result, sizeof(result), "%d %llu %s %s", op->err, op->ns,
		 op->waited ? "waited" : "-", op->driver[0] ? op->driver : "-");
	mutex_unlock(&result_lock);
}

static int parse_context(struct probe_op *op, const char *word)
{
	if (!strcmp(word, "noio"))
		op->noio = true;
	else if (!strcmp(word, "reclaim"))
		op->reclaim = true;
	else if (!strcmp(word, "noload"))
		op->noload = true;
	else if (!strcmp(word, "locked"))
		op->locked = true;
	else if (!strcmp(word, "hold"))
		op->hold = true;
	else if (sscanf(word, "count=%u", &op->count) != 1 || !op->count ||
		 op->count > MAX_COUNT)
		return -EINVAL;
	return 0;
}

static int parse(struct probe_op *op, char *line)
{
	char *word;
	int i, err = 0;

	op->count = 1;
	for (i = 0; !err && (word = strsep(&line, "\n ")); i++) {
		if (!*word)
			break;
		switch (i) {
		case 0:
			err = match_string(what_names, WHATS, word);
			op->what = err;
			err = min(err, 0);
			break;
		case 1:
			strscpy(op->alg, word, sizeof(op->alg));
			break;
		case 2:
			err = kstrtouint(word, 10, &op->key_size);
			break;
		default:
			err = parse_context(op, word);
		}
	}
	if (i < 3 || op->key_size > KSM_PROBE_KEY_SIZE)
		return -EINVAL;
	return err;
}

static int probe(char *line)
{
	struct probe_op *op;
	int err;

	op = kzalloc(sizeof(*op), GFP_KERNEL);
	if (!op)
		return -ENOMEM;
	err = parse(op, line);
	if (!err)
		err = prepare(op);
	if (!err && op->locked)
		err = perform_locked(op);
	else if (!err)
		perform(op);
	if (!err)
		store_result(op);
	clean_up(op);
	kfree_sensitive(op);
	return err;
}

static ssize_t get_line(char *line, const char __user *buf, size_t len)
{
	if (len >= MAX_LINE)
		return -EINVAL;
	if (copy_from_user(line, buf, len))
		return -EFAULT;
	line[len] = 0;
	return 0;
}

static ssize_t do_write(struct file *file, const char __user *buf, size_t len,
			loff_t *pos)
{
	char line[MAX_LINE];
	ssize_t err = get_line(line, buf, len);

	if (!err)
		err = probe(line);
	return err ?: len;
}

static ssize_t do_read(struct file *file, char __user *buf, size_t len,
		       loff_t *pos)
{
	char line[MAX_LINE + 1];
	int n;

	mutex_lock(&result_lock);
	n = scnprintf(line, sizeof(line), "%s\n", result);
	mutex_unlock(&result_lock);
	return simple_read_from_buffer(buf, len, pos, line, n);
}

static const struct file_operations do_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = do_write,
	.read = do_read,
};

static ssize_t register_write(struct file *file, const char __user *buf,
			      size_t len, loff_t *pos)
{
	char line[MAX_LINE];
	ssize_t err = get_line(line, buf, len);

	if (!err)
		err = ksm_probe_register(line);
	return err ?: len;
}

static const struct file_operations register_fops = {
	.owner = THIS_MODULE,
	.open = simple_open,
	.write = register_write,
};

DEFINE_SHOW_ATTRIBUTE(ksm_lazy);
DEFINE_SHOW_ATTRIBUTE(ksm_watch);

static int __init ksm_alloc_probe_init(void)
{
	int err = ksm_lazy_init();

	if (err)
		return err;
	err = ksm_probe_register_init();
	if (err)
		goto lazy_exit;
	err = ksm_watch_init();
	if (err)
		goto register_exit;
	root = debugfs_create_dir("ksm_alloc_probe", NULL);
	debugfs_create_file("do", 0600, root, NULL, &do_fops);
	debugfs_create_file("register", 0200, root, NULL, &register_fops);
	debugfs_create_file("lazy", 0400, root, NULL, &ksm_lazy_fops);
	debugfs_create_file("watch", 0400, root, NULL, &ksm_watch_fops);
	return 0;

register_exit:
	ksm_probe_register_exit();
lazy_exit:
	ksm_lazy_exit();
	return err;
}

static void __exit ksm_alloc_probe_exit(void)
{
	debugfs_remove(root);
	ksm_watch_exit();
	ksm_probe_register_exit();
	ksm_lazy_exit();
}

module_init(ksm_alloc_probe_init);
module_exit(ksm_alloc_probe_exit);

MODULE_DESCRIPTION("Test: ciphers allocated where that may not be safe");
MODULE_LICENSE("GPL");
