#pragma once
// A text file's bytes, mapped read-only for as long as the object lives, and its lines one by one.

#include <cstddef>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

namespace squall::scenarios {

/// The file must keep its length while it is mapped: pages that are gone end the process (SIGBUS).
class MappedText {
 public:
  /// Throws DatasetError when the path is absent, unreadable, empty, no regular file, or plainly no
  /// UTF-8 text: compressed, or UTF-16.
  explicit MappedText(const std::filesystem::path& path);
  ~MappedText();
  MappedText(const MappedText&) = delete;
  MappedText& operator=(const MappedText&) = delete;

  const std::string& name() const { return name_; }  // the path, for messages
  std::string_view text() const { return text_; }    // without a byte order mark

  /// While a file is read once from begin to end: what lies before `offset` was read and may leave
  /// this process's memory. Cheap: the kernel is only told every few mebibytes.
  class Pass {
   public:
    explicit Pass(const MappedText& file) : file_(file) {}
    void reached(std::size_t offset);
    /// From now on pieces are read here and there: the kernel need not read ahead.
    ~Pass();
    Pass(const Pass&) = delete;
    Pass& operator=(const Pass&) = delete;

   private:
    const MappedText& file_;
    std::size_t forgotten_ = 0;
  };

 private:
  void forget(std::size_t begin, std::size_t end) const;

  std::string name_;
  std::string_view mapping_;
  std::string_view text_;  // in mapping_
};

struct TextLine {
  std::string_view text;   // without its end, "\n" or "\r\n"
  std::size_t number = 0;  // from 1
  std::size_t offset = 0;  // in MappedText::text()
};

/// The lines of a file, each once.
class TextLines {
 public:
  explicit TextLines(const MappedText& file) : file_(file), pass_(file) {}
  /// Blank lines are not returned, but counted in the numbers of the others. Throws DatasetError
  /// for a line longer than DatasetLimits::item_bytes.
  std::optional<TextLine> next();

 private:
  const MappedText& file_;
  MappedText::Pass pass_;
  std::size_t offset_ = 0;
  std::size_t number_ = 0;
};

/// The line that begins at `offset`; of one that is too long, its beginning.
std::string_view line_at(std::string_view text, std::size_t offset);

}  // namespace squall::scenarios
