// Not NVIDIA's: a library with NVML's names and made-up answers, for the tests of its reader.

#include <cstdio>

namespace {
int open_count = 0;
}

extern "C" {
int nvmlInit_v2() { return ++open_count, 0; }
int nvmlShutdown() { return --open_count, 0; }
int fake_nvml_open() { return open_count; }
int nvmlDeviceGetCount_v2(unsigned* count) { return *count = 3, 0; }
int nvmlDeviceGetHandleByIndex_v2(unsigned index, void** device) {
  static char devices[3];
  *device = &devices[index];
  return index == 1 ? 15 : 0;  // one of them is lost
}
int nvmlDeviceGetName(void* device, char* name, unsigned length) {
  void* first = nullptr;
  nvmlDeviceGetHandleByIndex_v2(0, &first);
  std::snprintf(name, length, "%s", device == first ? "NVIDIA H200" : "NVIDIA L4");
  return 0;
}
struct Memory {
  unsigned long long total, free, used;
};
int nvmlDeviceGetMemoryInfo(void*, Memory* memory) {
  *memory = {150754820096ULL, 150000000000ULL, 754820096ULL};
  return 0;
}
struct PciInfo {
  char old_text[16];
  unsigned domain, bus, device;
  unsigned ids[2];
  char text[32];
};
int nvmlDeviceGetPciInfo_v3(void* device, PciInfo* place) {
  void* first = nullptr;
  nvmlDeviceGetHandleByIndex_v2(0, &first);
  place->domain = 1;
  place->bus = device == first ? 0x3b : 0xaf;
  place->device = device == first ? 0 : 0x1f;
  return 0;
}
int nvmlSystemGetDriverVersion(char* text, unsigned length) {
  std::snprintf(text, length, "550.54.15");
  return 0;
}
int nvmlSystemGetCudaDriverVersion_v2(int* version) { return *version = 12040, 0; }
int nvmlDeviceGetCudaComputeCapability(void*, int* major, int* minor) {
  return *major = 9, *minor = 0, 0;
}
int nvmlDeviceGetUtilizationRates(void*, unsigned* percents) { return percents[0] = 37, 0; }
int nvmlDeviceGetTemperature(void*, unsigned sensor, unsigned* degrees) {
  return *degrees = 64, sensor == 0 ? 0 : 2;
}
int nvmlDeviceGetPowerUsage(void*, unsigned* milliwatts) { return *milliwatts = 311500, 3; }
}
