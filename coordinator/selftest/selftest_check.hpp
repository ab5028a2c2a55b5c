#pragma once
// One line of a selftest: what must come out, what came out. Plain data.

#include <string>

namespace squall::coordinator {

struct SelftestCheck {
  std::string name;      // "p99 of an exponential law"
  std::string expected;  // from theory, in words and figures
  std::string measured;
  bool ok = false;
};

}  // namespace squall::coordinator
