#pragma once
// The file that carries one finished run from store to store: a header, the report and the journal
// as they are stored (compressed, with checksums), tags, and an end that counts the records. In the
// format of actors/journal/journal.hpp, whose every record has a checksum of its own.

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "actors/journal/journal.hpp"
#include "coordinator/store/compressed_bytes.hpp"
#include "coordinator/store/store_error.hpp"

namespace squall::coordinator {

/// Written beside its place, moved there by finish(). Throws StoreError, also when the file exists.
class ExportedRunWriter {
 public:
  explicit ExportedRunWriter(std::filesystem::path file);
  ~ExportedRunWriter();
  ExportedRunWriter(const ExportedRunWriter&) = delete;
  ExportedRunWriter& operator=(const ExportedRunWriter&) = delete;

  void report_part(std::string_view bytes) { put('R', bytes); }
  void journal_part(std::string_view bytes) { put('J', bytes); }
  void tag(std::string_view name) { put('T', name); }
  void finish();

 private:
  void put(char kind, std::string_view bytes);

  std::filesystem::path file_, partial_;
  std::unique_ptr<actors::Journal> records_;
  std::uint64_t written_ = 0;
};

struct ExportedRun {
  std::string report;  // JSON
  std::vector<std::string> tags;
};

/// Reads and checks all of it; `take` gets the journal's parts, compressed as they are. Throws
/// StoreError for a file that is no exported run, of a newer release, cut off or altered.
ExportedRun read_exported_run(const std::filesystem::path& file, const TakeBytes& take);

}  // namespace squall::coordinator
