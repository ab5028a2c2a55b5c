#pragma once
// Writes GGUF version 3 files of any size: the table first, then the tensors' data as a stream.
//
// The file grows beside its final name and takes it in one step when it is whole, so that nobody
// ever reads half a model. Layout: gguf_file.hpp.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "agents/engine/model/gguf_metadata.hpp"
#include "kernels/formats/block_formats.hpp"

namespace squall::agents {

/// The number that stands for a format in GGUF files.
std::uint32_t gguf_type_number(kernels::Format format);

/// Bytes of a tensor's data in a file, those outside its rows (i2_s keeps its scale there)
/// included.
std::uint64_t gguf_tensor_bytes(kernels::Format format, std::span<const std::uint64_t> extents);

class GgufWriter {
 public:
  struct Tensor {
    std::string name;
    std::vector<std::uint64_t> extents;  // rows' length first
    kernels::Format format = kernels::Format::f32;
  };

  GgufWriter() = default;
  ~GgufWriter();
  GgufWriter(const GgufWriter&) = delete;
  GgufWriter& operator=(const GgufWriter&) = delete;

  void add(std::string_view key, const MetadataValue& value);
  void add_integer(std::string_view key, std::uint32_t value);
  void add_real(std::string_view key, float value);
  void add_boolean(std::string_view key, bool value);
  void add_text(std::string_view key, std::string_view value);
  void add_texts(std::string_view key, std::span<const std::string> values);
  void add_reals(std::string_view key, std::span<const float> values);
  void add_integers(std::string_view key, std::span<const std::int32_t> values);
  void add_tensor(Tensor tensor);

  /// Bytes of the whole file, as far as it is described.
  std::uint64_t file_bytes() const;

  /// Writes everything before the data. Throws ModelError when the folder cannot be written or its
  /// disk has too little room.
  void begin(const std::filesystem::path& path);
  /// Data of the tensors in the order of add_tensor(), in pieces of any length.
  void write(std::span<const std::byte> data);
  /// All data have been written: gives the file its name. Throws ModelError when the disk is full.
  void finish();

 private:
  std::vector<std::byte> head() const;
  void append_key(std::string_view key, MetadataType type);
  void pad_after_tensor();
  void check_stream();

  std::uint64_t keys_ = 0;
  std::vector<std::byte> metadata_;
  std::vector<Tensor> tensors_;
  std::filesystem::path path_;
  std::filesystem::path unfinished_;  // empty: not begun, or finished
  std::ofstream stream_;
  std::size_t current_ = 0;          // tensor
  std::uint64_t written_of_it_ = 0;  // bytes
};

}  // namespace squall::agents
