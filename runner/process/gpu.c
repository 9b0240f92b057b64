#include "runner/process/gpu.h"

#include <dlfcn.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include "base/mem.h"

/* The part of NVML's binary interface that is used; documented by NVIDIA as stable ("NVML API Reference"). */
typedef struct nvml_device *nvml_device;
struct nvml_process { unsigned pid; unsigned long long memory; unsigned gpu_instance, compute_instance; };
struct nvml_utilisation { unsigned gpu, memory; };

#define GPU_MAX 32
#define PROCESS_MAX 256

static struct {
	bool looked;
	unsigned count;
	nvml_device devices[GPU_MAX];
	char names[GPU_MAX][96];
	char driver[80], cuda[16];
	int (*init)(void);
	int (*get_count)(unsigned *n);
	int (*get_device)(unsigned i, nvml_device *ret);
	int (*get_name)(nvml_device d, char *name, unsigned len);
	int (*get_driver)(char *version, unsigned len);
	int (*get_cuda)(int *version); /* 12020 is 12.2 */
	int (*get_utilisation)(nvml_device d, struct nvml_utilisation *ret);
	int (*get_processes)(nvml_device d, unsigned *n, struct nvml_process *ret);
} nvml;

static bool load(void)
{
	void *lib;

	/* Without the driver's device node there is nothing to ask, and looking for the library would cost a start 100
	 * µs. */
	if (access("/dev/nvidiactl", F_OK) < 0)
		return false;
	lib = dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
	if (!lib)
		return false;
	*(void **)&nvml.init = dlsym(lib, "nvmlInit_v2");
	*(void **)&nvml.get_count = dlsym(lib, "nvmlDeviceGetCount_v2");
	*(void **)&nvml.get_device = dlsym(lib, "nvmlDeviceGetHandleByIndex_v2");
	*(void **)&nvml.get_name = dlsym(lib, "nvmlDeviceGetName");
	*(void **)&nvml.get_driver = dlsym(lib, "nvmlSystemGetDriverVersion");
	*(void **)&nvml.get_cuda = dlsym(lib, "nvmlSystemGetCudaDriverVersion_v2");
	*(void **)&nvml.get_utilisation = dlsym(lib, "nvmlDeviceGetUtilizationRates");
	*(void **)&nvml.get_processes = dlsym(lib, "nvmlDeviceGetComputeRunningProcesses_v3");
	if (!nvml.get_processes)
		*(void **)&nvml.get_processes = dlsym(lib, "nvmlDeviceGetComputeRunningProcesses_v2");
	return nvml.init && nvml.get_count && nvml.get_device && nvml.init() == 0;
}

static void look(void)
{
	if (nvml.looked)
		return;
	nvml.looked = true;
	if (!load() || nvml.get_count(&nvml.count) != 0)
		nvml.count = 0;
	if (nvml.count > GPU_MAX)
		nvml.count = GPU_MAX;
	int version;
	if (nvml.count && nvml.get_driver && nvml.get_driver(nvml.driver, sizeof nvml.driver) != 0)
		nvml.driver[0] = 0;
	if (nvml.count && nvml.get_cuda && nvml.get_cuda(&version) == 0)
		snprintf(nvml.cuda, sizeof nvml.cuda, "%d.%d", version / 1000, version % 1000 / 10);
	for (unsigned i = 0; i < nvml.count; i++) {
		if (nvml.get_device(i, &nvml.devices[i]) != 0) {
			nvml.count = i;
			break;
		}
		if (!nvml.get_name || nvml.get_name(nvml.devices[i], nvml.names[i], sizeof nvml.names[i]) != 0)
			memcpy(nvml.names[i], "GPU", 4);
	}
}

int gpu_count(void)
{
	look();
	return (int)nvml.count;
}

static const char *visible(void)
{
	return getenv("CUDA_VISIBLE_DEVICES");
}

int gpu_visible(void)
{
	const char *list = visible();
	int n = 0;

	if (!list)
		return gpu_count();
	for (const char *p = list; *p; p += strcspn(p, ","), p += *p == ',')
		n += *p != ',';
	return n;
}

void gpu_device(int i, struct buf *out)
{
	const char *p = visible();
	int n = gpu_visible();

	if (!p || n == 0) {
		buf_addf(out, "%d", i);
		return;
	}
	for (i %= n; *p == ',' || i-- > 0; p += *p == ',')
		p += strcspn(p, ",");
	buf_add(out, p, strcspn(p, ","));
}

const char *gpu_name(int index)
{
	return index >= 0 && index < gpu_count() ? nvml.names[index] : NULL;
}

const char *gpu_driver(void)
{
	return gpu_count() > 0 && nvml.driver[0] ? nvml.driver : NULL;
}

const char *gpu_cuda(void)
{
	return gpu_count() > 0 && nvml.cuda[0] ? nvml.cuda : NULL;
}

static bool listed(const pid_t *pids, size_t n, unsigned pid)
{
	for (size_t i = 0; i < n; i++)
		if ((unsigned)pids[i] == pid)
			return true;
	return false;
}

void gpu_usage(const pid_t *pids, size_t n, int64_t *ret_memory, double *ret_utilisation)
{
	int64_t memory = 0;
	double sum = 0;
	int used = 0;

	*ret_memory = -1;
	*ret_utilisation = NAN;
	if (gpu_count() == 0 || !nvml.get_processes)
		return;
	for (unsigned i = 0; i < nvml.count; i++) {
		struct nvml_process list[PROCESS_MAX];
		struct nvml_utilisation u;
		unsigned len = PROCESS_MAX;
		bool ours = false;

		if (nvml.get_processes(nvml.devices[i], &len, list) != 0)
			continue;
		for (unsigned k = 0; k < len; k++)
			if (listed(pids, n, list[k].pid)) {
				ours = true;
				/* All bits set: the driver does not tell. */
				if (list[k].memory != ~0ULL)
					memory += (int64_t)list[k].memory;
			}
		if (ours && nvml.get_utilisation && nvml.get_utilisation(nvml.devices[i], &u) == 0) {
			sum += u.gpu / 100.0;
			used++;
		}
	}
	*ret_memory = memory;
	if (used)
		*ret_utilisation = sum / used;
}
