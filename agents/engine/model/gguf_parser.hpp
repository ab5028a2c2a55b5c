#pragma once
// Walks once through the bytes of a GGUF file and fills a GgufFile; internal to gguf_file.cpp.

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "agents/engine/model/gguf_file.hpp"

namespace squall::agents {

class GgufParser {
 public:
  explicit GgufParser(GgufFile& file) : file_(file), bytes_(file.bytes_) {}

  void parse();

 private:
  struct PlacedTensor {
    std::uint64_t offset = 0;  // from the beginning of the tensor data
    std::size_t entry = 0;     // where its entry is in the file, for errors
    std::uint64_t bytes = 0;
  };

  [[noreturn]] void fail(std::size_t offset, const std::string& what,
                         const std::string& remedy = "download or convert the model again") const;
  std::size_t left() const { return bytes_.size() - position_; }
  std::span<const std::byte> take(std::uint64_t count, std::string_view what);
  template <typename Number>
  Number take_number(std::string_view what);
  std::string_view take_text(std::string_view what, std::uint64_t limit);
  std::uint64_t take_count(std::string_view what, std::uint64_t limit, std::size_t least_bytes);
  MetadataType take_metadata_type(std::string_view key);

  void parse_preamble();
  void parse_key_value();
  MetadataValue parse_value(MetadataType type, std::string_view key);
  MetadataArray parse_array(std::string_view key);
  std::uint64_t alignment() const;
  void parse_tensor_entry();
  void parse_extents(GgufTensor& tensor);
  void place_tensors();
  void read_scale(GgufTensor& tensor) const;

  GgufFile& file_;
  std::span<const std::byte> bytes_;
  std::size_t position_ = 0;
  std::uint64_t tensor_count_ = 0;
  std::uint64_t key_count_ = 0;
  std::vector<PlacedTensor> placed_;  // beside file_.tensors_
};

}  // namespace squall::agents
