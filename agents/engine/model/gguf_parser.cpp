#include "agents/engine/model/gguf_parser.hpp"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <numeric>
#include <optional>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

static_assert(std::endian::native == std::endian::little, "numbers are read as they lie in files");

namespace {

// Far above what any model needs, far below what would hurt before the file's end is noticed.
constexpr std::uint64_t most_keys = 1U << 16;
constexpr std::uint64_t most_tensors = 1U << 16;
constexpr std::uint64_t longest_key = 65535;  // the format's own limit
constexpr std::uint64_t longest_text = 1U << 26;
constexpr std::uint64_t longest_tensor_name = 64;  // likewise
constexpr std::uint64_t longest_array = 1U << 24;
constexpr std::uint64_t largest_alignment = 1U << 20;

constexpr std::size_t least_key_bytes = 8 + 1 + 4 + 1;             // length, name, type, value
constexpr std::size_t least_tensor_bytes = 8 + 1 + 4 + 8 + 4 + 8;  // … rank, extent, type, offset

struct TensorType {
  std::uint32_t number;
  std::string_view name;
  std::optional<kernels::Format> format;  // none: known by name only
};

constexpr TensorType tensor_types[] = {
    {0, "f32", kernels::Format::f32},
    {1, "f16", kernels::Format::f16},
    {2, "q4_0", kernels::Format::q4_0},
    {3, "q4_1", kernels::Format::q4_1},
    {6, "q5_0", kernels::Format::q5_0},
    {7, "q5_1", kernels::Format::q5_1},
    {8, "q8_0", kernels::Format::q8_0},
    {9, "q8_1", {}},
    {10, "q2_k", kernels::Format::q2_k},
    {11, "q3_k", kernels::Format::q3_k},
    {12, "q4_k", kernels::Format::q4_k},
    {13, "q5_k", kernels::Format::q5_k},
    {14, "q6_k", kernels::Format::q6_k},
    {15, "q8_k", {}},
    {16, "iq2_xxs", {}},
    {17, "iq2_xs", {}},
    {18, "iq3_xxs", {}},
    {19, "iq1_s", {}},
    {20, "iq4_nl", {}},
    {21, "iq3_s", {}},
    {22, "iq2_s", {}},
    {23, "iq4_xs", {}},
    {24, "i8", {}},
    {25, "i16", {}},
    {26, "i32", {}},
    {27, "i64", {}},
    {28, "f64", {}},
    {29, "iq1_m", {}},
    {30, "bf16", kernels::Format::bf16},
    {34, "tq1_0", kernels::Format::tq1_0},
    {35, "tq2_0", kernels::Format::tq2_0},
    {36, "i2_s", kernels::Format::i2_s},  // bitnet.cpp's number; ggml itself uses it no more
    {39, "mxfp4", {}},
    {40, "nvfp4", {}},
    {41, "q1_0", {}},
    {42, "q2_0", {}},
};

/// "f32, f16, …": what a remedy offers.
std::string supported_formats() {
  std::string list;
  for (std::size_t i = 0; i < kernels::format_count; ++i) {
    if (i > 0) list += i + 1 == kernels::format_count ? " or " : ", ";
    list += kernels::name(static_cast<kernels::Format>(i));
  }
  return list;
}

std::string quoted(std::string_view text) {
  std::string result = "'";
  for (const char c : text.substr(0, 80)) {
    const bool printable = static_cast<unsigned char>(c) >= 0x20 && c != 0x7F;
    result += printable ? c : '?';
  }
  return result + "'";
}

bool multiply_overflows(std::uint64_t a, std::uint64_t b, std::uint64_t& product) {
  return __builtin_mul_overflow(a, b, &product);
}

}  // namespace

void GgufParser::fail(std::size_t offset, const std::string& what,
                      const std::string& remedy) const {
  throw ModelError(file_.name_ + ": " + what + " (at byte " + std::to_string(offset) + " of " +
                   std::to_string(bytes_.size()) + "); " + remedy);
}

std::span<const std::byte> GgufParser::take(std::uint64_t count, std::string_view what) {
  if (count > left()) {
    fail(position_, "the file ends inside " + std::string(what) + ", which needs " +
                        std::to_string(count) + " bytes where " + std::to_string(left()) +
                        " are left");
  }
  const auto taken = bytes_.subspan(position_, count);
  position_ += count;
  return taken;
}

template <typename Number>
Number GgufParser::take_number(std::string_view what) {
  Number number;
  std::memcpy(&number, take(sizeof(Number), what).data(), sizeof(Number));
  return number;
}

std::string_view GgufParser::take_text(std::string_view what, std::uint64_t limit) {
  const std::size_t start = position_;
  const auto length = take_number<std::uint64_t>(what);
  if (length > limit) {
    fail(start, "the length of " + std::string(what) + " is " + std::to_string(length) +
                    ", above the limit of " + std::to_string(limit));
  }
  const auto text = take(length, what);
  return {reinterpret_cast<const char*>(text.data()), text.size()};
}

std::uint64_t GgufParser::take_count(std::string_view what, std::uint64_t limit,
                                     std::size_t least_bytes) {
  const std::size_t start = position_;
  const auto count = take_number<std::uint64_t>("the number of " + std::string(what));
  if (count > limit || count > left() / least_bytes) {
    fail(start, "the file claims " + std::to_string(count) + " " + std::string(what) +
                    ", more than the " + std::to_string(left()) +
                    " bytes that follow can hold or the limit of " + std::to_string(limit));
  }
  return count;
}

void GgufParser::parse() {
  parse_preamble();
  for (std::uint64_t i = 0; i < key_count_; ++i) parse_key_value();
  file_.tensors_.reserve(tensor_count_);
  placed_.reserve(tensor_count_);
  for (std::uint64_t i = 0; i < tensor_count_; ++i) parse_tensor_entry();
  place_tensors();
}

void GgufParser::parse_preamble() {
  const auto magic_bytes = take(4, "the magic number");
  const std::string_view magic(reinterpret_cast<const char*>(magic_bytes.data()), 4);
  if (magic == "FUGG") fail(0, "this is a big-endian file", "convert the model to little-endian");
  if (magic == "lmgg" || magic == "fmgg" || magic == "tjgg" || magic == "algg") {
    fail(0, "this is a model in the older GGML format", "convert it to GGUF version 3");
  }
  if (magic == "vers") {
    fail(0, "this looks like a Git LFS pointer, not the model", "fetch it with 'git lfs pull'");
  }
  if (magic != "GGUF") {
    fail(0, "this is no GGUF file: it begins with " + quoted(magic),
         "give a file that was made for llama.cpp-compatible engines");
  }
  const auto version = take_number<std::uint32_t>("the version");
  if (version != 0 && (version & 0xFFFFU) == 0) {
    fail(4, "this is a big-endian file", "convert the model to little-endian");
  }
  if (version != 3) {
    fail(4, "this is GGUF version " + std::to_string(version) + "; version 3 is supported",
         "convert the model again with a current tool");
  }
  tensor_count_ = take_count("tensors", most_tensors, least_tensor_bytes);
  key_count_ = take_count("metadata keys", most_keys, least_key_bytes);
}

MetadataType GgufParser::take_metadata_type(std::string_view key) {
  const std::size_t start = position_;
  const auto number = take_number<std::uint32_t>("a value's type");
  if (number > static_cast<std::uint32_t>(MetadataType::float64)) {
    fail(start, "metadata key " + quoted(key) + " has the unknown type " + std::to_string(number));
  }
  return static_cast<MetadataType>(number);
}

void GgufParser::parse_key_value() {
  const std::size_t start = position_;
  const std::string_view key = take_text("a metadata key", longest_key);
  if (key.empty()) fail(start, "a metadata key is empty");
  const MetadataType type = take_metadata_type(key);
  if (!file_.metadata_.insert(key, parse_value(type, key))) {
    fail(start, "metadata key " + quoted(key) + " appears twice");
  }
}

MetadataValue GgufParser::parse_value(MetadataType type, std::string_view key) {
  MetadataValue result{type, position_, {}};
  const std::string what = "the value of " + quoted(key);
  switch (type) {
    case MetadataType::uint8:
      result.value = std::uint64_t{take_number<std::uint8_t>(what)};
      break;
    case MetadataType::int8:
      result.value = std::int64_t{take_number<std::int8_t>(what)};
      break;
    case MetadataType::uint16:
      result.value = std::uint64_t{take_number<std::uint16_t>(what)};
      break;
    case MetadataType::int16:
      result.value = std::int64_t{take_number<std::int16_t>(what)};
      break;
    case MetadataType::uint32:
      result.value = std::uint64_t{take_number<std::uint32_t>(what)};
      break;
    case MetadataType::int32:
      result.value = std::int64_t{take_number<std::int32_t>(what)};
      break;
    case MetadataType::float32:
      result.value = double{take_number<float>(what)};
      break;
    case MetadataType::uint64:
      result.value = take_number<std::uint64_t>(what);
      break;
    case MetadataType::int64:
      result.value = take_number<std::int64_t>(what);
      break;
    case MetadataType::float64:
      result.value = take_number<double>(what);
      break;
    case MetadataType::text:
      result.value = take_text(what, longest_text);
      break;
    case MetadataType::array:
      result.value = parse_array(key);
      break;
    case MetadataType::boolean: {
      const auto flag = take_number<std::uint8_t>(what);
      if (flag > 1) fail(result.offset, what + " must be 0 or 1 but is " + std::to_string(flag));
      result.value = flag == 1;
      break;
    }
  }
  return result;
}

MetadataArray GgufParser::parse_array(std::string_view key) {
  const std::size_t start = position_;
  MetadataArray array;
  array.element = take_metadata_type(key);
  if (array.element == MetadataType::array) {
    fail(start, "metadata key " + quoted(key) + " holds arrays of arrays, which are not supported");
  }
  const bool texts = array.element == MetadataType::text;
  const std::size_t element_bytes = texts ? sizeof(std::uint64_t) : size_in_bytes(array.element);
  array.count = take_count("elements of " + quoted(key), longest_array, element_bytes);
  if (!texts) {
    array.packed = take(array.count * element_bytes, quoted(key));
    return array;
  }
  array.texts.reserve(array.count);
  const std::string what = "an element of " + quoted(key);
  for (std::uint64_t i = 0; i < array.count; ++i) {
    array.texts.push_back(take_text(what, longest_text));
  }
  return array;
}

std::uint64_t GgufParser::alignment() const {
  constexpr std::string_view key = "general.alignment";
  const std::uint64_t value =
      file_.metadata_.find_integer(key, {.lowest = 8, .highest = largest_alignment}).value_or(32);
  if (!std::has_single_bit(value)) {
    fail(position_, "general.alignment must be a power of two but is " + std::to_string(value));
  }
  return value;
}

void GgufParser::parse_extents(GgufTensor& tensor) {
  const std::size_t start = position_;
  const auto dimensions = take_number<std::uint32_t>("a tensor's number of dimensions");
  if (dimensions < 1 || dimensions > tensor.extents.size()) {
    fail(start, "tensor " + quoted(tensor.name) + " has " + std::to_string(dimensions) +
                    " dimensions; 1 to 4 are possible");
  }
  tensor.dimensions = dimensions;
  for (std::size_t i = 0; i < dimensions; ++i) {
    const std::size_t extent_start = position_;
    tensor.extents[i] = take_number<std::uint64_t>("a tensor's extent");
    if (tensor.extents[i] == 0 || tensor.extents[i] > INT64_MAX) {
      fail(extent_start, "tensor " + quoted(tensor.name) + " has the impossible extent " +
                             std::to_string(tensor.extents[i]));
    }
  }
}

void GgufParser::parse_tensor_entry() {
  PlacedTensor place;
  place.entry = position_;
  GgufTensor tensor;
  tensor.name = take_text("a tensor's name", longest_tensor_name);
  if (tensor.name.empty()) fail(place.entry, "a tensor's name is empty");
  const std::string label = "tensor " + quoted(tensor.name);
  if (!file_.tensor_index_.emplace(tensor.name, file_.tensors_.size()).second) {
    fail(place.entry, label + " appears twice");
  }
  parse_extents(tensor);

  const std::size_t type_start = position_;
  const auto number = take_number<std::uint32_t>("a tensor's type");
  const auto* type = std::find_if(std::begin(tensor_types), std::end(tensor_types),
                                  [&](const TensorType& known) { return known.number == number; });
  if (type == std::end(tensor_types)) {
    fail(type_start, label + " has the unknown type " + std::to_string(number));
  }
  if (!type->format) {
    fail(type_start,
         label + " has the format " + std::string(type->name) + " (type " + std::to_string(number) +
             "), which is not supported",
         "use a model in " + supported_formats());
  }
  tensor.format = *type->format;

  const std::uint64_t block = kernels::values_per_block(tensor.format);
  if (tensor.extents[0] % block != 0) {
    fail(place.entry, label + " has rows of " + std::to_string(tensor.extents[0]) +
                          " values, no multiple of the " + std::to_string(block) +
                          " that a block of " + std::string(type->name) + " holds");
  }
  place.bytes = tensor.extents[0] / block;
  bool overflow =
      multiply_overflows(place.bytes, kernels::bytes_per_block(tensor.format), place.bytes);
  for (std::size_t i = 1; i < tensor.dimensions; ++i) {
    overflow = overflow || multiply_overflows(place.bytes, tensor.extents[i], place.bytes);
  }
  if (tensor.format == kernels::Format::i2_s) {
    overflow =
        overflow || __builtin_add_overflow(place.bytes, kernels::i2_s_scale_bytes, &place.bytes);
  }
  if (overflow || place.bytes > bytes_.size()) {
    fail(place.entry,
         label + " with the shape " + shape_in_words(tensor) + " is larger than the whole file");
  }
  place.offset = take_number<std::uint64_t>("a tensor's offset");
  file_.tensors_.push_back(tensor);
  placed_.push_back(place);
}

void GgufParser::read_scale(GgufTensor& tensor) const {
  const auto bytes = tensor.data.last(kernels::i2_s_scale_bytes);
  std::memcpy(&tensor.scale, bytes.data(), sizeof tensor.scale);
  if (!std::isfinite(tensor.scale)) {
    fail(static_cast<std::size_t>(bytes.data() - bytes_.data()),
         "the scale of tensor " + quoted(tensor.name) + " is not a finite number");
  }
}

void GgufParser::place_tensors() {
  const std::uint64_t step = alignment();
  file_.data_offset_ = (position_ + step - 1) / step * step;
  if (tensor_count_ == 0) return;
  if (file_.data_offset_ > bytes_.size()) fail(position_, "the file ends before the tensor data");
  const std::uint64_t available = bytes_.size() - file_.data_offset_;

  for (std::size_t i = 0; i < placed_.size(); ++i) {
    const PlacedTensor& place = placed_[i];
    const std::string label = "tensor " + quoted(file_.tensors_[i].name);
    if (place.offset % step != 0) {
      fail(place.entry, label + " begins at the offset " + std::to_string(place.offset) +
                            ", no multiple of the alignment " + std::to_string(step));
    }
    if (place.offset > available || place.bytes > available - place.offset) {
      fail(place.entry, label + " needs " + std::to_string(place.bytes) +
                            " bytes from the offset " + std::to_string(place.offset) +
                            " of the tensor data, which are " + std::to_string(available) +
                            " bytes long");
    }
    file_.tensors_[i].data = bytes_.subspan(file_.data_offset_ + place.offset, place.bytes);
    if (file_.tensors_[i].format == kernels::Format::i2_s) read_scale(file_.tensors_[i]);
  }

  std::vector<std::size_t> by_offset(placed_.size());
  std::iota(by_offset.begin(), by_offset.end(), std::size_t{0});
  std::sort(by_offset.begin(), by_offset.end(),
            [&](std::size_t a, std::size_t b) { return placed_[a].offset < placed_[b].offset; });
  for (std::size_t i = 1; i < by_offset.size(); ++i) {
    const PlacedTensor& before = placed_[by_offset[i - 1]];
    const PlacedTensor& after = placed_[by_offset[i]];
    if (after.offset < before.offset + before.bytes) {
      fail(after.entry, "tensors " + quoted(file_.tensors_[by_offset[i - 1]].name) + " and " +
                            quoted(file_.tensors_[by_offset[i]].name) + " overlap");
    }
  }
}

}  // namespace squall::agents
