#include "kernels/formats/block_formats.hpp"

#include <cassert>

namespace squall::kernels {

std::size_t values_per_block(Format format) {
  switch (format) {
    case Format::f32:
    case Format::f16:
      return 1;
    case Format::q8_0:
    case Format::q4_0:
      return 32;
  }
  assert(false && "every format is listed above");
  return 1;
}

std::size_t bytes_per_block(Format format) {
  switch (format) {
    case Format::f32:
      return sizeof(float);
    case Format::f16:
      return sizeof(std::uint16_t);
    case Format::q8_0:
      return sizeof(BlockQ8_0);
    case Format::q4_0:
      return sizeof(BlockQ4_0);
  }
  assert(false && "every format is listed above");
  return 1;
}

std::string_view name(Format format) {
  switch (format) {
    case Format::f32:
      return "f32";
    case Format::f16:
      return "f16";
    case Format::q8_0:
      return "q8_0";
    case Format::q4_0:
      return "q4_0";
  }
  assert(false && "every format is listed above");
  return "unknown";
}

std::size_t bytes_per_row(Format format, std::size_t columns) {
  assert(columns % values_per_block(format) == 0);
  return columns / values_per_block(format) * bytes_per_block(format);
}

}  // namespace squall::kernels
