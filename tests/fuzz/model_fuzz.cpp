// libFuzzer's entry: bytes become a model and tokenize, or are refused; nothing else may happen.

#include <cstddef>
#include <cstdint>

#include "tests/fuzz/load_and_tokenize.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  squall::fixtures::load_and_tokenize({reinterpret_cast<const std::byte*>(data), size});
  return 0;
}
