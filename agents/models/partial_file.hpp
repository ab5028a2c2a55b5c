#pragma once
// A file on its way: its bytes in NAME.part, where they came from in NAME.part.origin, so that a
// later attempt, also of another process, can go on where this one stopped. NAME appears only when
// it is whole. One owner, who holds the file's lock.

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string>

namespace squall::agents {

class PartialFile {
 public:
  /// Which version of the file the bytes are of. Without a validator they cannot be continued.
  struct Origin {
    std::string source;
    std::string validator;  // strong ETag, or Last-Modified
    std::optional<std::uint64_t> total;
  };

  explicit PartialFile(const std::filesystem::path& destination);
  ~PartialFile() { close(); }
  PartialFile(const PartialFile&) = delete;
  PartialFile& operator=(const PartialFile&) = delete;

  /// Where the bytes came from, when they are of `source` and can be continued.
  std::optional<Origin> continuable(const std::string& source) const;
  std::uint64_t size() const;
  const std::filesystem::path& path() const { return part_; }

  /// These throw ModelError when the disk does not take it.
  void begin(const Origin& origin);  // from nothing
  void go_on();
  void append(std::span<const std::byte> bytes);
  void finish();  // to the disk and under its final name

  void close();
  void discard();

 private:
  void open(int flags);

  std::filesystem::path destination_, part_, origin_;
  int file_ = -1;
};

}  // namespace squall::agents
