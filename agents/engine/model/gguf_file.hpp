#pragma once
// Reads the structure of a GGUF version 3 file (little-endian); nothing in the file is believed
// before it is checked against the bytes that are there.
//
// Layout: | "GGUF" | version u32 | tensors u64 | keys u64 | keys and values | tensor table |
//         padding to the alignment | tensor data |

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "agents/engine/model/gguf_metadata.hpp"
#include "agents/engine/model/mapped_file.hpp"
#include "kernels/tensor_view.hpp"

namespace squall::agents {

struct GgufTensor {
  std::string_view name;
  kernels::Format format = kernels::Format::f32;
  std::size_t dimensions = 0;                        // 1 to 4
  std::array<std::uint64_t, 4> extents{1, 1, 1, 1};  // the first is the length of a row
  std::span<const std::byte> data;  // aligned as the file promises, inside the file
  float scale = 1.0F;  // of every value; i2_s keeps one behind its blocks, inside `data`
};

/// "[64, 512]", rows' length first, as other tools print it.
std::string shape_in_words(const GgufTensor& tensor);

class GgufFile {
 public:
  /// Maps the file. Throws ModelError with the file, what is wrong, the byte offset and a remedy.
  explicit GgufFile(const std::filesystem::path& path);
  /// Reads `bytes`, which must outlive this and be aligned to 64; `name` is for errors.
  GgufFile(std::string name, std::span<const std::byte> bytes);

  const std::string& name() const { return name_; }
  std::span<const std::byte> bytes() const { return bytes_; }
  const GgufMetadata& metadata() const { return metadata_; }
  const std::vector<GgufTensor>& tensors() const { return tensors_; }
  const GgufTensor* find_tensor(std::string_view name) const;  // null: there is none
  /// Where the tensor data begin: all before is header, metadata and tensor table.
  std::size_t data_offset() const { return data_offset_; }
  /// Lets go of the pages that lie wholly in this part of the file; they are read again when
  /// touched. Does nothing to bytes that the caller owns.
  void forget(std::span<const std::byte> part) const;

 private:
  friend class GgufParser;

  std::string name_;
  std::unique_ptr<MappedFile> mapping_;  // null when the caller owns the bytes
  std::span<const std::byte> bytes_;
  GgufMetadata metadata_;
  std::vector<GgufTensor> tensors_;
  std::unordered_map<std::string_view, std::size_t> tensor_index_;
  std::size_t data_offset_ = 0;
};

}  // namespace squall::agents
