#include "agents/engine/model/gguf_writer.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cassert>
#include <cerrno>
#include <cstring>
#include <system_error>
#include <unistd.h>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie here");

namespace {

using kernels::Format;

constexpr std::uint64_t alignment = 32;  // what a file has that says nothing else

template <class Number>
void append(std::vector<std::byte>& bytes, Number value) {
  const auto* first = reinterpret_cast<const std::byte*>(&value);
  bytes.insert(bytes.end(), first, first + sizeof value);
}

void append_bytes(std::vector<std::byte>& bytes, std::span<const std::byte> added) {
  bytes.insert(bytes.end(), added.begin(), added.end());
}

void append_text(std::vector<std::byte>& bytes, std::string_view text) {
  append(bytes, std::uint64_t{text.size()});
  append_bytes(bytes, std::as_bytes(std::span(text)));
}

template <class Number>
void append_array(std::vector<std::byte>& bytes, MetadataType element,
                  std::span<const Number> values) {
  append(bytes, static_cast<std::uint32_t>(element));
  append(bytes, std::uint64_t{values.size()});
  append_bytes(bytes, std::as_bytes(values));
}

std::uint64_t padding(std::uint64_t bytes) { return (alignment - bytes % alignment) % alignment; }

/// A number in the width that its type has.
void append_scalar(std::vector<std::byte>& bytes, MetadataType type, std::uint64_t bits) {
  const auto* first = reinterpret_cast<const std::byte*>(&bits);
  bytes.insert(bytes.end(), first, first + size_in_bytes(type));
}

struct ValueBytes {
  MetadataType type;
  std::vector<std::byte>& bytes;

  void operator()(std::uint64_t value) const { append_scalar(bytes, type, value); }
  void operator()(std::int64_t value) const {
    append_scalar(bytes, type, static_cast<std::uint64_t>(value));
  }
  void operator()(double value) const {
    if (type == MetadataType::float32) return append(bytes, static_cast<float>(value));
    append(bytes, value);
  }
  void operator()(bool value) const { append(bytes, static_cast<std::uint8_t>(value)); }
  void operator()(std::string_view value) const { append_text(bytes, value); }
  void operator()(const MetadataArray& array) const {
    append(bytes, static_cast<std::uint32_t>(array.element));
    append(bytes, array.count);
    append_bytes(bytes, array.packed);
    for (const std::string_view text : array.texts) append_text(bytes, text);
  }
};

}  // namespace

std::uint32_t gguf_type_number(Format format) {
  switch (format) {
    case Format::f32:
      return 0;
    case Format::f16:
      return 1;
    case Format::q4_0:
      return 2;
    case Format::q4_1:
      return 3;
    case Format::q5_0:
      return 6;
    case Format::q5_1:
      return 7;
    case Format::q8_0:
      return 8;
    case Format::q2_k:
      return 10;
    case Format::q3_k:
      return 11;
    case Format::q4_k:
      return 12;
    case Format::q5_k:
      return 13;
    case Format::q6_k:
      return 14;
    case Format::bf16:
      return 30;
    case Format::tq1_0:
      return 34;
    case Format::tq2_0:
      return 35;
    case Format::i2_s:
      return 36;
  }
  assert(false && "every format is listed above");
  return 0;
}

std::uint64_t gguf_tensor_bytes(Format format, std::span<const std::uint64_t> extents) {
  std::uint64_t bytes = kernels::bytes_per_row(format, extents.front());
  for (const std::uint64_t extent : extents.subspan(1)) bytes *= extent;
  return bytes + (format == Format::i2_s ? kernels::i2_s_scale_bytes : 0);
}

GgufWriter::~GgufWriter() {
  if (unfinished_.empty()) return;
  stream_.close();
  std::error_code ignored;
  std::filesystem::remove(unfinished_, ignored);
}

void GgufWriter::append_key(std::string_view key, MetadataType type) {
  append_text(metadata_, key);
  append(metadata_, static_cast<std::uint32_t>(type));
  ++keys_;
}

void GgufWriter::add(std::string_view key, const MetadataValue& value) {
  append_key(key, value.type);
  std::visit(ValueBytes{value.type, metadata_}, value.value);
}

void GgufWriter::add_integer(std::string_view key, std::uint32_t value) {
  append_key(key, MetadataType::uint32);
  append(metadata_, value);
}

void GgufWriter::add_real(std::string_view key, float value) {
  append_key(key, MetadataType::float32);
  append(metadata_, value);
}

void GgufWriter::add_boolean(std::string_view key, bool value) {
  append_key(key, MetadataType::boolean);
  append(metadata_, static_cast<std::uint8_t>(value));
}

void GgufWriter::add_text(std::string_view key, std::string_view value) {
  append_key(key, MetadataType::text);
  append_text(metadata_, value);
}

void GgufWriter::add_texts(std::string_view key, std::span<const std::string> values) {
  append_key(key, MetadataType::array);
  append(metadata_, static_cast<std::uint32_t>(MetadataType::text));
  append(metadata_, std::uint64_t{values.size()});
  for (const std::string& value : values) append_text(metadata_, value);
}

void GgufWriter::add_reals(std::string_view key, std::span<const float> values) {
  append_key(key, MetadataType::array);
  append_array(metadata_, MetadataType::float32, values);
}

void GgufWriter::add_integers(std::string_view key, std::span<const std::int32_t> values) {
  append_key(key, MetadataType::array);
  append_array(metadata_, MetadataType::int32, values);
}

void GgufWriter::add_tensor(Tensor tensor) { tensors_.push_back(std::move(tensor)); }

std::vector<std::byte> GgufWriter::head() const {
  std::vector<std::byte> bytes;
  append_bytes(bytes, std::as_bytes(std::span("GGUF", 4)));
  append(bytes, std::uint32_t{3});
  append(bytes, std::uint64_t{tensors_.size()});
  append(bytes, keys_);
  append_bytes(bytes, metadata_);
  std::uint64_t offset = 0;
  for (const Tensor& tensor : tensors_) {
    append_text(bytes, tensor.name);
    append(bytes, static_cast<std::uint32_t>(tensor.extents.size()));
    for (const std::uint64_t extent : tensor.extents) append(bytes, extent);
    append(bytes, gguf_type_number(tensor.format));
    append(bytes, offset);
    const std::uint64_t size = gguf_tensor_bytes(tensor.format, tensor.extents);
    offset += size + padding(size);
  }
  bytes.resize(bytes.size() + padding(bytes.size()));
  return bytes;
}

std::uint64_t GgufWriter::file_bytes() const {
  std::uint64_t bytes = head().size();
  for (const Tensor& tensor : tensors_) {
    const std::uint64_t size = gguf_tensor_bytes(tensor.format, tensor.extents);
    bytes += size + padding(size);
  }
  return bytes;
}

void GgufWriter::begin(const std::filesystem::path& path) {
  assert(unfinished_.empty() && current_ == 0);
  path_ = path;
  std::error_code trouble;
  const auto folder = path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
  const auto space = std::filesystem::space(folder, trouble);
  if (trouble) {
    throw ModelError("cannot write in the folder " + folder.string() + ": " + trouble.message());
  }
  if (space.available < file_bytes()) {
    throw ModelError(path.string() + " needs " + std::to_string(file_bytes() >> 20) +
                     " MiB, but its disk has only " + std::to_string(space.available >> 20) +
                     " MiB free; choose another folder or a smaller model");
  }
  const auto beside = path.string() + ".part." + std::to_string(getpid());
  stream_.open(beside, std::ios::binary | std::ios::trunc);
  if (!stream_) throw ModelError("cannot create " + beside + ": " + std::strerror(errno));
  unfinished_ = beside;
  const auto bytes = head();
  stream_.write(reinterpret_cast<const char*>(bytes.data()),
                static_cast<std::streamsize>(bytes.size()));
  check_stream();
}

void GgufWriter::check_stream() {
  if (!stream_) {
    throw ModelError("writing " + unfinished_.string() + " failed: " + std::strerror(errno) +
                     "; is the disk full?");
  }
}

void GgufWriter::write(std::span<const std::byte> data) {
  while (!data.empty()) {
    assert(current_ < tensors_.size() && "no more data than the tensors have");
    const Tensor& tensor = tensors_[current_];
    const std::uint64_t size = gguf_tensor_bytes(tensor.format, tensor.extents);
    const auto count = std::min<std::uint64_t>(data.size(), size - written_of_it_);
    stream_.write(reinterpret_cast<const char*>(data.data()), static_cast<std::streamsize>(count));
    check_stream();
    written_of_it_ += count;
    data = data.subspan(count);
    if (written_of_it_ == size) pad_after_tensor();
  }
}

void GgufWriter::pad_after_tensor() {
  constexpr std::array<char, alignment> zeros{};
  stream_.write(zeros.data(), static_cast<std::streamsize>(padding(written_of_it_)));
  check_stream();
  ++current_;
  written_of_it_ = 0;
}

void GgufWriter::finish() {
  assert(current_ == tensors_.size() && "every tensor has its data");
  stream_.close();
  check_stream();
  std::error_code trouble;
  std::filesystem::rename(unfinished_, path_, trouble);
  if (trouble) throw ModelError("cannot name " + path_.string() + ": " + trouble.message());
  unfinished_.clear();
}

}  // namespace squall::agents
