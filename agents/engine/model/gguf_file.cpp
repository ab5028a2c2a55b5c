#include "agents/engine/model/gguf_file.hpp"

#include "agents/engine/model/gguf_parser.hpp"

namespace squall::agents {

std::string shape_in_words(const GgufTensor& tensor) {
  std::string words = "[";
  for (std::size_t i = 0; i < tensor.dimensions; ++i) {
    words += (i == 0 ? "" : ", ") + std::to_string(tensor.extents[i]);
  }
  return words + "]";
}

GgufFile::GgufFile(const std::filesystem::path& path)
    : name_(path.string()),
      mapping_(std::make_unique<MappedFile>(path)),
      bytes_(mapping_->bytes()),
      metadata_(name_) {
  GgufParser(*this).parse();
}

GgufFile::GgufFile(std::string name, std::span<const std::byte> bytes)
    : name_(std::move(name)), bytes_(bytes), metadata_(name_) {
  GgufParser(*this).parse();
}

void GgufFile::forget(std::span<const std::byte> part) const {
  if (mapping_) mapping_->forget(part);
}

const GgufTensor* GgufFile::find_tensor(std::string_view name) const {
  const auto found = tensor_index_.find(name);
  return found == tensor_index_.end() ? nullptr : &tensors_[found->second];
}

}  // namespace squall::agents
