#include "kernels/hip/emulation/emulation_settings.hpp"

#include <cstdlib>
#include <string>

namespace squall::kernels::hip::emulation {
namespace {

/// The environment's number, or what is there already.
template <typename T>
void read_wish(const char* name, T& value) {
  const char* const wish = std::getenv(name);
  if (wish != nullptr && *wish != '\0') value = static_cast<T>(std::stoull(wish));
}

Settings from_environment() {
  Settings settings;
  read_wish("SQUALL_EMULATED_WAVE_SIZE", settings.wave_size);
  read_wish("SQUALL_EMULATED_BACKWARDS", settings.backwards);
  read_wish("SQUALL_EMULATED_MEMORY", settings.memory_bytes);
  read_wish("SQUALL_EMULATED_DEVICES", settings.devices);
  read_wish("SQUALL_EMULATED_LOST_AT_CALL", settings.lost_at_call);
  return settings;
}

}  // namespace

Settings& settings() {
  static Settings the_settings = from_environment();
  return the_settings;
}

}  // namespace squall::kernels::hip::emulation

squall::kernels::hip::emulation::Settings* squall_gpu_emulation_settings() {
  return &squall::kernels::hip::emulation::settings();
}
