#pragma once
// Which start of which machine this is: the steady clock counts from there (random(4)).

#include <fstream>
#include <string>

namespace squall::actors {

/// Empty where nobody says.
inline std::string boot_id() {
  std::ifstream file("/proc/sys/kernel/random/boot_id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace squall::actors
