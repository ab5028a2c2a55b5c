#include "agents/models/partial_file.hpp"

#include <cassert>
#include <cerrno>
#include <charconv>
#include <cstring>
#include <fcntl.h>
#include <fstream>
#include <unistd.h>

#include "agents/engine/model/model.hpp"

namespace squall::agents {

namespace fs = std::filesystem;

namespace {

[[noreturn]] void cannot_write(const fs::path& path) {
  const std::string remedy = errno == ENOSPC || errno == EDQUOT ? "; make room and run again" : "";
  throw ModelError("cannot write " + path.string() + ": " + std::strerror(errno) + remedy);
}

fs::path beside(fs::path path, const char* ending) { return path += ending; }

}  // namespace

PartialFile::PartialFile(const fs::path& destination)
    : destination_(destination),
      part_(beside(destination, ".part")),
      origin_(beside(destination, ".part.origin")) {}

std::optional<PartialFile::Origin> PartialFile::continuable(const std::string& source) const {
  std::ifstream file(origin_, std::ios::binary);
  Origin origin;
  std::string total;
  if (!std::getline(file, origin.source) || !std::getline(file, origin.validator) ||
      !std::getline(file, total))
    return std::nullopt;
  std::uint64_t bytes = 0;
  if (std::from_chars(total.data(), total.data() + total.size(), bytes).ec == std::errc())
    origin.total = bytes;
  const bool too_long = origin.total && size() > *origin.total;
  if (origin.source != source || origin.validator.empty() || size() == 0 || too_long)
    return std::nullopt;
  return origin;
}

std::uint64_t PartialFile::size() const {
  std::error_code error;
  const std::uintmax_t bytes = fs::file_size(part_, error);
  return error ? 0 : bytes;
}

void PartialFile::open(int flags) {
  close();
  file_ = ::open(part_.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | flags, 0644);
  if (file_ < 0) cannot_write(part_);
}

void PartialFile::begin(const Origin& origin) {
  // In this order, so that an origin never stands beside bytes of another one.
  std::error_code ignored;
  fs::remove(origin_, ignored);
  open(O_TRUNC);
  const fs::path draft = beside(origin_, ".new");
  std::ofstream file(draft, std::ios::binary);
  file << origin.source << '\n' << origin.validator << '\n';
  file << (origin.total ? std::to_string(*origin.total) : "unknown") << '\n';
  file.close();
  std::error_code error;
  if (file) fs::rename(draft, origin_, error);
  if (!file || error) cannot_write(origin_);
}

void PartialFile::go_on() { open(O_APPEND); }

void PartialFile::append(std::span<const std::byte> bytes) {
  assert(file_ >= 0);
  while (!bytes.empty()) {
    const ssize_t written = ::write(file_, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) cannot_write(part_);
    bytes = bytes.subspan(static_cast<std::size_t>(written));
  }
}

void PartialFile::finish() {
  if (file_ < 0) go_on();
  if (::fsync(file_) != 0) cannot_write(part_);
  close();
  std::error_code error;
  fs::rename(part_, destination_, error);
  if (error) throw ModelError("cannot write " + destination_.string() + ": " + error.message());
  fs::remove(origin_, error);
}

void PartialFile::close() {
  if (file_ >= 0) ::close(file_);
  file_ = -1;
}

void PartialFile::discard() {
  close();
  std::error_code ignored;
  fs::remove(origin_, ignored);
  fs::remove(part_, ignored);
}

}  // namespace squall::agents
