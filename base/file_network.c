#include "base/file.h"

#include <limits.h>
#if defined(__linux__)
#include <sys/statfs.h>
#include <sys/sysmacros.h>
#elif defined(__APPLE__)
#include <sys/mount.h>
#include <sys/param.h>
#endif
#include "base/path.h"

#if defined(__linux__)
/* f_type of statfs(2), by the numbers of linux/magic.h and of the file systems' own sources. */
static const struct {
	uint32_t type;
	const char *name;
} network_types[] = {
        {0x6969, "NFS"},     {0x517b, "SMB"},      {0xfe534d42, "SMB2"},   {0xff534d42, "CIFS"},   {0x01021997, "9p"},
        {0x5346414f, "AFS"}, {0x6b414653, "AFS"},  {0x00c36400, "Ceph"},   {0x0bd00bd0, "Lustre"}, {0x73757245, "Coda"},
        {0x564c, "NCP"},     {0x47504653, "GPFS"}, {0x19830326, "BeeGFS"}, {0x7461636f, "OCFS2"},
};
static const uint32_t fuse_type = 0x65735546;
static const char *const network_fuse[] = {
        "fuse.sshfs", "fuse.s3fs",      "fuse.gcsfuse", "fuse.rclone", "fuse.goofys",    "fuse.glusterfs",
        "fuse.ceph",  "fuse.ceph-fuse", "fuse.juicefs", "fuse.davfs",  "fuse.curlftpfs", "fuse.mount-s3",
};

/* The network file system that FUSE serves on a device, by /proc/self/mountinfo, or NULL. */
static const char *fuse_name(dev_t device)
{
	_fclose_ FILE *f = fopen("/proc/self/mountinfo", "re");
	_free_ char *line = NULL;
	size_t size = 0;

	while (f && getline(&line, &size, f) > 0) {
		unsigned major_id, minor_id;
		const char *type = strstr(line, " - ");
		if (!type || sscanf(line, "%*d %*d %u:%u", &major_id, &minor_id) != 2)
			continue;
		if (makedev(major_id, minor_id) != device)
			continue;
		type += 3;
		size_t len = strcspn(type, " ");
		for (size_t i = 0; i < ARRAY_LEN(network_fuse); i++) {
			if (strlen(network_fuse[i]) == len && !memcmp(type, network_fuse[i], len))
				return network_fuse[i] + sizeof "fuse." - 1;
		}
	}
	return NULL;
}
#endif

static const char *network_name(const char *path)
{
#if defined(__linux__)
	struct statfs fs;
	struct stat st;
	if (statfs(path, &fs) < 0)
		return NULL;
	uint32_t type = (uint32_t)fs.f_type;
	for (size_t i = 0; i < ARRAY_LEN(network_types); i++) {
		if (network_types[i].type == type)
			return network_types[i].name;
	}
	if (type == fuse_type && stat(path, &st) == 0)
		return fuse_name(st.st_dev);
#elif defined(__APPLE__)
	struct statfs fs;
	if (statfs(path, &fs) == 0 && !(fs.f_flags & MNT_LOCAL))
		return "network";
#endif
	return NULL;
}

bool file_on_network(const char *path, const char **ret_name)
{
	_free_ char *at = mem_strdup(path);
	const char *name;

	/* What is not there yet will stand where its parent does. */
	while (!file_exists(at) && strcmp(at, "/") && strcmp(at, ".")) {
		char *parent = path_parent(at);
		free(at);
		at = parent;
	}
	name = network_name(at);
	if (name && ret_name)
		*ret_name = name;
	return name != NULL;
}
