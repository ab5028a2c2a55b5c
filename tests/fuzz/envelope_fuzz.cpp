// libFuzzer's entry: any bytes as a frame between coordinator and agents.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/envelope_checks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::fixtures::check_envelope({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
