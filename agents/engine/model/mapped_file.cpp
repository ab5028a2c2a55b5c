#include "agents/engine/model/mapped_file.hpp"

#include <cassert>
#include <cerrno>
#include <fcntl.h>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace {

struct FileDescriptor {
  int number;
  ~FileDescriptor() {
    if (number >= 0) ::close(number);
  }
};

[[noreturn]] void refuse(const std::filesystem::path& path, const std::string& what) {
  throw ModelError(path.string() + ": " + what);
}

std::string reason(int error) { return std::generic_category().message(error); }

}  // namespace

MappedFile::MappedFile(const std::filesystem::path& path) {
  // Without O_NONBLOCK, opening a named pipe would wait for its writer.
  const FileDescriptor file{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  if (file.number < 0) {
    refuse(path, "cannot be opened: " + reason(errno) + "; check the path and its permissions");
  }
  struct stat status {};
  if (::fstat(file.number, &status) != 0) refuse(path, "cannot be examined: " + reason(errno));
  if (S_ISDIR(status.st_mode)) {
    refuse(path, "is a directory; give the path of a .gguf file inside it");
  }
  if (!S_ISREG(status.st_mode)) refuse(path, "is not a regular file; give a .gguf file");
  if (status.st_size == 0) refuse(path, "is empty; download or copy the model again");

  const auto size = static_cast<std::size_t>(status.st_size);
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.number, 0);
  if (address == MAP_FAILED) refuse(path, "cannot be mapped into memory: " + reason(errno));
  bytes_ = {static_cast<const std::byte*>(address), size};
}

void MappedFile::forget(std::span<const std::byte> part) const {
  assert(part.data() >= bytes_.data() && part.size() <= bytes_.size() &&
         part.data() + part.size() <= bytes_.data() + bytes_.size());
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  // The mapping begins at a page, so pages are counted from there.
  const auto begin = static_cast<std::size_t>(part.data() - bytes_.data());
  const std::size_t first = (begin + page - 1) / page * page;
  const std::size_t last = (begin + part.size()) / page * page;
  if (first >= last) return;
  // The kernel may decline, and then the pages stay: nothing but memory is lost.
  ::madvise(const_cast<std::byte*>(bytes_.data()) + first, last - first, MADV_DONTNEED);
}

MappedFile::~MappedFile() { ::munmap(const_cast<std::byte*>(bytes_.data()), bytes_.size()); }

}  // namespace squall::agents
