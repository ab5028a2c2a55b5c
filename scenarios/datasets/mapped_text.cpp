#include "scenarios/datasets/mapped_text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "scenarios/datasets/dataset_error.hpp"

namespace squall::scenarios {

namespace {

constexpr std::size_t pass_step = std::size_t{8} << 20;  // a whole number of pages of any size

struct FileDescriptor {
  int number;
  ~FileDescriptor() {
    if (number >= 0) ::close(number);
  }
};

std::string reason(int error) { return std::generic_category().message(error); }

void refuse_what_is_no_text(const std::string& name, std::string_view bytes) {
  struct Signature {
    std::string_view bytes;
    std::string_view what;
  };
  constexpr std::array signatures{
      Signature{"\x1F\x8B", "is compressed with gzip; decompress it first (gunzip)"},
      Signature{"\x28\xB5\x2F\xFD", "is compressed with zstd; decompress it first (unzstd)"},
      Signature{"\xFD"
                "7zXZ",
                "is compressed with xz; decompress it first (unxz)"},
      Signature{"PK\x03\x04", "is a zip archive; unpack it first (unzip)"},
      Signature{"PAR1", "is a Parquet file; export it as JSONL or CSV first"},
      Signature{"\xFF\xFE", "is UTF-16 text; convert it first (iconv -f UTF-16 -t UTF-8)"},
      Signature{"\xFE\xFF", "is UTF-16 text; convert it first (iconv -f UTF-16 -t UTF-8)"},
  };
  for (const Signature& signature : signatures)
    if (bytes.starts_with(signature.bytes))
      throw DatasetError(name + ": " + std::string(signature.what));
}

}  // namespace

MappedText::MappedText(const std::filesystem::path& path) : name_(path.string()) {
  const auto refuse = [&](const std::string& what) { throw DatasetError(name_ + ": " + what); };
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0)
    refuse("cannot be opened: " + reason(errno) +
           "; check the path, which starts at the scenario's folder, and its permissions");
  struct stat status {};
  if (::fstat(file.number, &status) != 0) refuse("cannot be examined: " + reason(errno));
  if (S_ISDIR(status.st_mode)) refuse("is a directory; name a file inside it");
  if (!S_ISREG(status.st_mode)) refuse("is not a regular file; copy what it gives to one");
  if (status.st_size == 0) refuse("is empty; write, copy or download it again");

  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED) refuse("cannot be mapped into memory: " + reason(errno));
  mapping_ = {static_cast<const char*>(address), size};
  try {
    refuse_what_is_no_text(name_, mapping_);
  } catch (...) {
    ::munmap(address, size);
    throw;
  }
  text_ = mapping_;
  if (text_.starts_with("\xEF\xBB\xBF")) text_.remove_prefix(3);
}

MappedText::~MappedText() { ::munmap(const_cast<char*>(mapping_.data()), mapping_.size()); }

void MappedText::forget(std::size_t begin, std::size_t end) const {
  // The kernel may decline, and then the pages stay: nothing but memory is lost.
  ::madvise(const_cast<char*>(mapping_.data()) + begin, end - begin, MADV_DONTNEED);
}

void MappedText::Pass::reached(std::size_t offset) {
  // Offsets are counted behind a byte order mark, pages from the mapping's begin: the difference
  // only makes this a little late.
  while (offset - forgotten_ >= 2 * pass_step) {
    file_.forget(forgotten_, forgotten_ + pass_step);
    forgotten_ += pass_step;
  }
}

MappedText::Pass::~Pass() {
  const auto& bytes = file_.mapping_;
  file_.forget(forgotten_, bytes.size());
  ::madvise(const_cast<char*>(bytes.data()), bytes.size(), MADV_RANDOM);
}

std::optional<TextLine> TextLines::next() {
  const std::string_view text = file_.text();
  while (offset_ < text.size()) {
    const std::size_t begin = offset_;
    const std::string_view line = line_at(text, begin);
    ++number_;
    if (line.size() > DatasetLimits::item_bytes)
      throw DatasetError(file_.name() + ":" + std::to_string(number_) +
                         ": the line has more than " + std::to_string(DatasetLimits::item_bytes) +
                         " bytes, which are allowed; split it, or check the file's format");
    // The end of this line: a carriage return was cut off, a line feed is there but at the end.
    const std::size_t feed = text.find('\n', begin + line.size());
    offset_ = feed == std::string_view::npos ? text.size() : feed + 1;
    pass_.reached(begin);
    if (line.find_first_not_of(" \t\v\f\r") == std::string_view::npos) continue;
    return TextLine{line, number_, begin};
  }
  return std::nullopt;
}

std::string_view line_at(std::string_view text, std::size_t offset) {
  // A little more than may be is enough to see that it is too much.
  std::string_view line = text.substr(offset, DatasetLimits::item_bytes + 2);
  line = line.substr(0, line.find('\n'));
  if (line.ends_with('\r')) line.remove_suffix(1);
  return line;
}

}  // namespace squall::scenarios
