#pragma once
// Tests of real failures need rights that not everybody has: without them they count as skipped,
// and say why.

#include <boost/test/unit_test.hpp>
#include <cstdio>
#include <string>
#include <unistd.h>

#include "tests/failures/network_namespace.hpp"

namespace squall::tests {

inline void skip_if(const std::string& why) {
  if (why.empty()) return;
  std::printf("skipped: %s\n", why.c_str());
  std::fflush(stdout);
  _exit(77);
}

/// For BOOST_TEST_GLOBAL_CONFIGURATION: asked before the first test.
struct NeedsNetworks {
  NeedsNetworks() { skip_if(why_no_networks()); }
};

}  // namespace squall::tests
