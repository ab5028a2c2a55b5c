// Not AMD's: a library with ROCm SMI's names and made-up answers, for the tests of its reader.

#include <cstdint>
#include <cstdio>

extern "C" {
int rsmi_init(std::uint64_t) { return 0; }
int rsmi_shut_down() { return 0; }
int rsmi_num_monitor_devices(std::uint32_t* count) { return *count = 2, 0; }
int rsmi_dev_name_get(std::uint32_t device, char* name, std::size_t length) {
  std::snprintf(name, length, "%s", device == 0 ? "AMD Instinct MI300X" : "AMD Radeon 890M");
  return 0;
}
int rsmi_version_str_get(unsigned component, char* text, std::uint32_t length) {
  std::snprintf(text, length, "6.8.5");
  return component == 0 ? 0 : 1;
}
int rsmi_dev_memory_total_get(std::uint32_t device, unsigned type, std::uint64_t* bytes) {
  *bytes = device == 0 ? 206141652992ULL : 8589934592ULL;
  return type == 0 ? 0 : 1;
}
int rsmi_dev_memory_usage_get(std::uint32_t device, unsigned type, std::uint64_t* bytes) {
  *bytes = 1000 + device;
  return type == 0 ? 0 : 1;
}
int rsmi_dev_pci_id_get(std::uint32_t device, std::uint64_t* place) {
  *place = device == 0 ? 0xc100 : 0x200000500ULL;  // 0000:c1:00.0 and 0002:05:00.0
  return 0;
}
int rsmi_dev_busy_percent_get(std::uint32_t device, std::uint32_t* percent) {
  return *percent = device == 0 ? 100 : 255, 0;
}
int rsmi_dev_temp_metric_get(std::uint32_t, std::uint32_t, unsigned, std::int64_t* thousandths) {
  return *thousandths = 41500, 0;
}
int rsmi_dev_current_socket_power_get(std::uint32_t, std::uint64_t* microwatts) {
  return *microwatts = 176000000, 0;
}
}
