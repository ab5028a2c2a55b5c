#include "actors/journal/journal.hpp"

#include <algorithm>
#include <array>
#include <cassert>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <fcntl.h>
#include <limits>
#include <string>
#include <sys/file.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <utility>
#include <zlib.h>

namespace squall::actors {

namespace fs = std::filesystem;

namespace {

constexpr std::array<char, 8> magic{'S', 'Q', 'L', 'J', 'R', 'N', 'L', '1'};
constexpr std::size_t header_size = 8;  // length and checksum
constexpr std::uint64_t magic_size = magic.size();

std::string because(int error) { return std::string(": ") + std::strerror(error); }

/// An open file; closing it lets the lock go.
class File {
 public:
  File(const fs::path& path, int flags) : descriptor_(::open(path.c_str(), flags, 0600)) {}
  ~File() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  File(File&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  bool is_open() const { return descriptor_ >= 0; }
  int get() const { return descriptor_; }

 private:
  int descriptor_;
};

// ---- the format

void put_little_endian(Bytes& out, std::uint32_t value) {
  for (int shift = 0; shift < 32; shift += 8) out.push_back(static_cast<std::byte>(value >> shift));
}

std::uint32_t little_endian(const std::byte* bytes) {
  std::uint32_t value = 0;
  for (int i = 3; i >= 0; --i) value = value << 8 | std::to_integer<std::uint32_t>(bytes[i]);
  return value;
}

std::uint32_t checksum(std::span<const std::byte> bytes) {
  return static_cast<std::uint32_t>(
      ::crc32(0, reinterpret_cast<const Bytef*>(bytes.data()), static_cast<uInt>(bytes.size())));
}

/// The record that begins with these bytes; empty when none does that is whole. No record is empty:
/// so zeros, which a file may end with after a loss of power, are none.
std::span<const std::byte> whole_record(std::span<const std::byte> bytes) {
  if (bytes.size() < header_size) return {};
  const std::uint32_t length = little_endian(bytes.data());
  if (length == 0 || length > record_limit || length > bytes.size() - header_size) return {};
  const auto record = bytes.subspan(header_size, length);
  if (checksum(record) != little_endian(bytes.data() + 4)) return {};
  return record;
}

bool only_zeros(std::span<const std::byte> bytes) {
  return std::ranges::all_of(bytes, [](std::byte each) { return each == std::byte{0}; });
}

// ---- reading

/// Reads a file from front to back, always with room for a whole record in view.
class Reader {
 public:
  Reader(const fs::path& path, const File& file) : path_(path), file_(file) {
    struct stat status {};
    if (::fstat(file_.get(), &status) == 0) size_ = static_cast<std::uint64_t>(status.st_size);
    fill();
  }

  std::span<const std::byte> view() const { return std::span(buffer_).subspan(at_); }
  std::uint64_t offset() const { return offset_ + at_; }
  bool at_end() const { return ended_; }  // nothing behind what is in view

  void skip(std::size_t bytes) {
    at_ += bytes;
    if (!ended_ && buffer_.size() - at_ < window) fill();
  }

  static constexpr std::size_t window = 2 * (header_size + record_limit);

 private:
  void fill() {
    buffer_.erase(buffer_.begin(), buffer_.begin() + static_cast<std::ptrdiff_t>(at_));
    offset_ += std::exchange(at_, 0);
    std::size_t have = buffer_.size();
    // Never beyond the size that it had: a writer may be at work there.
    const std::uint64_t left = size_ - std::min(size_, offset_ + have);
    buffer_.resize(have + std::min<std::uint64_t>(2 * window - have, left));
    ended_ = left <= 2 * window - have;
    while (have < buffer_.size()) {
      const ssize_t got = ::read(file_.get(), buffer_.data() + have, buffer_.size() - have);
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) throw JournalError("cannot read " + path_.string() + because(errno));
      if (got == 0) {  // it was cut meanwhile
        ended_ = true;
        break;
      }
      have += static_cast<std::size_t>(got);
    }
    buffer_.resize(have);
  }

  const fs::path& path_;
  const File& file_;
  std::uint64_t size_ = 0;  // of the file, when it was opened
  Bytes buffer_;
  std::size_t at_ = 0;        // in buffer_
  std::uint64_t offset_ = 0;  // of buffer_ in the file
  bool ended_ = false;
};

[[noreturn]] void damaged(const fs::path& path, std::uint64_t record, std::uint64_t offset) {
  throw JournalError(path.string() + " is damaged: record " + std::to_string(record) + " at byte " +
                     std::to_string(offset) +
                     " is not what was written, and more follows it; take the file from a copy, "
                     "or leave this run");
}

/// What follows the last whole record is an interrupted write, or damage, which throws.
std::uint64_t torn_end(const fs::path& path, Reader& reader, std::uint64_t records) {
  const std::uint64_t offset = reader.offset();
  std::uint64_t size = 0;
  bool zeros = true;
  // A write is interrupted within one record: so a longer end that is no record is damage, too.
  for (auto view = reader.view(); !view.empty(); view = reader.view()) {
    zeros = zeros && only_zeros(view);
    const bool last = reader.at_end();
    if (!zeros && (!last || size > 0)) damaged(path, records + 1, offset);
    for (std::size_t at = 1; !zeros && at < view.size(); ++at)
      if (!whole_record(view.subspan(at)).empty()) damaged(path, records + 1, offset);
    size += view.size();
    if (last) break;
    reader.skip(view.size());
  }
  return size;
}

struct Extent {
  JournalEnd end;
  std::uint64_t size = 0;  // of all whole records and the file's beginning; 0: not even that
};

Extent read_all(const fs::path& path, const File& file,
                const std::function<void(std::span<const std::byte>)>& take) {
  Reader reader(path, file);
  const auto beginning = reader.view().first(std::min<std::size_t>(reader.view().size(), 8));
  if (!std::equal(beginning.begin(), beginning.end(), magic.begin(),
                  [](std::byte a, char b) { return std::to_integer<char>(a) == b; }))
    throw JournalError(path.string() + " is not a journal of Squall's");
  if (beginning.size() < magic_size) return {{0, beginning.size()}, 0};
  reader.skip(magic_size);
  Extent extent;
  while (!reader.view().empty()) {
    const auto record = whole_record(reader.view());
    if (record.empty()) break;
    ++extent.end.records;
    take(record);
    reader.skip(header_size + record.size());
  }
  extent.size = reader.offset();
  extent.end.torn_bytes = torn_end(path, reader, extent.end.records);
  return extent;
}

// ---- writing

class FileJournal : public Journal {
 public:
  /// `size` is where the last whole record ends.
  FileJournal(fs::path path, File file, std::uint64_t size)
      : path_(std::move(path)), file_(std::move(file)), size_(size) {}

  void append(std::span<const std::byte> record) override {
    assert(!record.empty() && "an empty record cannot be told from none");
    if (record.size() > record_limit)
      throw JournalError("a record of " + std::to_string(record.size()) + " bytes for " +
                         path_.string() + "; the limit is " + std::to_string(record_limit));
    put_little_endian(pending_, static_cast<std::uint32_t>(record.size()));
    put_little_endian(pending_, checksum(record));
    pending_.insert(pending_.end(), record.begin(), record.end());
  }

  void commit() override {
    std::size_t done = 0;
    while (done < pending_.size()) {
      const ssize_t wrote = ::pwrite(file_.get(), pending_.data() + done, pending_.size() - done,
                                     static_cast<off_t>(size_ + done));
      if (wrote < 0 && errno == EINTR) continue;
      if (wrote <= 0) give_up(wrote < 0 ? errno : ENOSPC);
      done += static_cast<std::size_t>(wrote);
    }
    size_ += done;
    pending_.clear();
    // One large commit must not keep its memory for the whole run.
    if (pending_.capacity() > kept_capacity) pending_.shrink_to_fit();
  }

  void sync() override {
    commit();
    if (::fdatasync(file_.get()) != 0)
      throw JournalError("cannot make sure that the disk has " + path_.string() + because(errno) +
                         "; look after that disk before you trust this run");
    if (std::exchange(folder_synced_, true)) return;
    const File folder(path_.parent_path().empty() ? "." : path_.parent_path(),
                      O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder.is_open()) ::fsync(folder.get());  // not every file system can; it is a second belt
  }

 private:
  [[noreturn]] void give_up(int error) {
    pending_.clear();
    // Should this fail too, the next commit writes over the same place, and readers stop before
    // it.
    const bool cut = ::ftruncate(file_.get(), static_cast<off_t>(size_)) == 0;
    throw JournalError("cannot write " + path_.string() + because(error) +
                       (error == ENOSPC || error == EDQUOT || error == EFBIG
                            ? "; make room, or set SQUALL_STATE to a folder on a larger disk"
                            : "") +
                       (cut ? "" : " (and its torn end could not be cut off)"));
  }

  static constexpr std::size_t kept_capacity = 16 << 20;

  fs::path path_;
  File file_;
  std::uint64_t size_;
  Bytes pending_;
  bool folder_synced_ = false;
};

void lock(const fs::path& path, const File& file) {
  if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return;
  // Who looks whether a journal is being written holds its lock for a moment: that is no writer.
  if (errno == EWOULDBLOCK) {
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    if (::flock(file.get(), LOCK_EX | LOCK_NB) == 0) return;
  }
  if (errno == EWOULDBLOCK)
    throw JournalError(path.string() +
                       " is being written by another process; wait for its end, or end it");
  throw JournalError("cannot lock " + path.string() + because(errno));
}

std::unique_ptr<Journal> begun(const fs::path& path, File file) {
  std::size_t done = 0;
  while (done < magic.size()) {
    const ssize_t wrote =
        ::pwrite(file.get(), magic.data() + done, magic.size() - done, static_cast<off_t>(done));
    if (wrote < 0 && errno == EINTR) continue;
    if (wrote <= 0) {
      const int error = wrote < 0 ? errno : ENOSPC;
      throw JournalError("cannot begin " + path.string() + because(error) +
                         "; make room, or set SQUALL_STATE to a folder on a larger disk");
    }
    done += static_cast<std::size_t>(wrote);
  }
  return std::make_unique<FileJournal>(path, std::move(file), magic_size);
}

}  // namespace

std::unique_ptr<Journal> create_journal(const fs::path& path) {
  std::error_code error;
  if (path.has_parent_path()) fs::create_directories(path.parent_path(), error);
  if (error)
    throw JournalError("cannot make the folder " + path.parent_path().string() + ": " +
                       error.message() + "; set SQUALL_STATE to a folder that may be written to");
  File file(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC);
  if (!file.is_open() && errno == EEXIST)
    throw JournalError(path.string() + " exists already; a new journal needs a new name");
  if (!file.is_open())
    throw JournalError("cannot make " + path.string() + because(errno) +
                       "; set SQUALL_STATE to a folder that may be written to");
  lock(path, file);
  try {
    return begun(path, std::move(file));
  } catch (...) {
    fs::remove(path, error);
    throw;
  }
}

std::unique_ptr<Journal> continue_journal(
    const fs::path& path, const std::function<void(std::span<const std::byte>)>& take) {
  File file(path, O_RDWR | O_CLOEXEC);
  if (!file.is_open()) throw JournalError("cannot go on with " + path.string() + because(errno));
  lock(path, file);
  const Extent extent = read_all(path, file, [&](std::span<const std::byte> record) {
    if (take) take(record);
  });
  if (extent.end.torn_bytes > 0 && ::ftruncate(file.get(), static_cast<off_t>(extent.size)) != 0)
    throw JournalError("cannot cut the torn end off " + path.string() + because(errno));
  if (extent.size < magic_size) return begun(path, std::move(file));
  return std::make_unique<FileJournal>(path, std::move(file), extent.size);
}

JournalEnd read_journal(const fs::path& path,
                        const std::function<void(std::span<const std::byte>)>& take) {
  const File file(path, O_RDONLY | O_CLOEXEC);
  if (!file.is_open()) throw JournalError("cannot read " + path.string() + because(errno));
  return read_all(path, file, take).end;
}

}  // namespace squall::actors
