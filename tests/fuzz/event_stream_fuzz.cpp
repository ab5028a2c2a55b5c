// libFuzzer's entry: any bytes as an event stream, in any pieces.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/event_stream_checks.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::fixtures::check_event_stream({reinterpret_cast<const char*>(data), size});
  return 0;
}
