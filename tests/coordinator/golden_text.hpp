#pragma once
// Compares a text with the one kept in tests/golden/; SQUALL_UPDATE_GOLDEN=1 keeps the new one.

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <fstream>
#include <sstream>
#include <string>

namespace squall::tests {

inline void check_golden(const std::string& name, const std::string& text) {
  const std::string path = "tests/golden/" + name;
  if (std::getenv("SQUALL_UPDATE_GOLDEN") != nullptr) {
    std::ofstream(path, std::ios::binary) << text;
    return;
  }
  std::ifstream file(path, std::ios::binary);
  BOOST_REQUIRE_MESSAGE(file.good(), path << " is missing; run with SQUALL_UPDATE_GOLDEN=1");
  std::ostringstream kept;
  kept << file.rdbuf();
  BOOST_TEST(text == kept.str(), "differs from " << path
                                                 << " (SQUALL_UPDATE_GOLDEN=1 accepts this):\n"
                                                 << text);
}

}  // namespace squall::tests
