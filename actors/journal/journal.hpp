#pragma once
// An append-only file of records that survives its writer: what was committed is there after
// kill -9, and after a loss of power what was synced.
//
// Format: 8 bytes "SQLJRNL1", then records of {u32 length, u32 CRC-32 (zlib) of the bytes, bytes},
// little endian. A torn record at the end is what an interrupted write leaves: readers stop before
// it and say so; a writer that continues the file cuts it off. A broken record with whole ones
// behind it is damage, and an error.

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <stdexcept>

#include "actors/wire/frame.hpp"

namespace squall::actors {

/// A journal that cannot be written or read: full disk, no right, damage. The message names the
/// file and the remedy.
struct JournalError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Where a program keeps what must not be lost. Simulations have their own, with failing disks.
class Journal {
 public:
  virtual ~Journal() = default;
  /// Takes a record; it counts from the next commit on. Throws JournalError.
  virtual void append(std::span<const std::byte> record) = 0;
  /// Everything appended is in the kernel's hands: nothing that depends on it may be said before.
  /// Throws JournalError; then nothing since the last commit counts.
  virtual void commit() = 0;
  /// Commits, and waits until the disk has it: at seals and at the end. Throws JournalError.
  virtual void sync() = 0;
};

/// A new journal; its folder is made if need be. Throws JournalError, also when the file exists.
std::unique_ptr<Journal> create_journal(const std::filesystem::path& file);

/// Goes on after the last whole record; a torn end is cut off. `take` hears the records before,
/// when nobody else writes any more. Throws JournalError, also while another process writes it.
std::unique_ptr<Journal> continue_journal(
    const std::filesystem::path& file,
    const std::function<void(std::span<const std::byte>)>& take = {});

/// No record is longer: a scenario's text, a batch, and room to spare.
inline constexpr std::size_t record_limit = 2 * frame_limit;

struct JournalEnd {
  std::uint64_t records = 0;
  std::uint64_t torn_bytes = 0;  // at the end, of a write that was interrupted
};
/// Calls `take` with each whole record. What a writer adds meanwhile is not looked at. Throws
/// JournalError.
JournalEnd read_journal(const std::filesystem::path& file,
                        const std::function<void(std::span<const std::byte>)>& take);

}  // namespace squall::actors
