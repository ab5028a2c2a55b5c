#include "coordinator/store/exported_run.hpp"

#include <optional>
#include <span>

namespace squall::coordinator {

namespace fs = std::filesystem;
using actors::JournalError;

namespace {

constexpr std::string_view header = "squall-export/1";
constexpr std::string_view any_header = "squall-export/";
constexpr std::size_t longest_report = std::size_t{1} << 30;

static_assert(part_limit + 1 <= actors::record_limit);

[[noreturn]] void refuse(const fs::path& file, const std::string& why) {
  throw StoreError(file.string() + " cannot be imported: " + why);
}

/// Takes the records in order, and knows which may follow which.
class Reader {
 public:
  Reader(const fs::path& file, const TakeBytes& take)
      : file_(file),
        take_(take),
        report_([this](std::string_view piece) {
          if (run_.report.size() + piece.size() > longest_report)
            throw DamagedBytes("it is too long");
          run_.report += piece;
        }),
        journal_([](std::string_view) {}) {}

  void record(char kind, std::string_view bytes) {
    if (seen_ == 0 ? kind != 'H' : kind == 'H')
      refuse(file_, "it is no exported run; squall export makes one");
    if (ended_) refuse(file_, "something follows its end; export the run again");
    ended_ = kind == 'E';
    if (kind == 'H')
      check_header(bytes);
    else if (kind == 'R')
      report_.write(bytes);
    else if (kind == 'J')
      journal_part(bytes);
    else if (kind == 'T')
      run_.tags.emplace_back(bytes);
    else if (kind != 'E' || bytes != std::to_string(seen_))
      refuse(file_, "it was altered: a record is missing or unknown; export the run again");
    ++seen_;
  }

  ExportedRun finish(std::uint64_t torn_bytes) {
    if (!ended_ || torn_bytes > 0)
      refuse(file_, "it is cut off or altered: its end is missing; copy or export it again");
    report_.finish();
    if (has_journal_) journal_.finish();
    return std::move(run_);
  }

 private:
  void check_header(std::string_view bytes) {
    if (bytes == header) return;
    refuse(file_, bytes.starts_with(any_header)
                      ? "it is of another release (" + std::string(bytes.substr(0, 40)) +
                            ", this one reads " + std::string(header) + "); use that one"
                      : "it is no exported run; squall export makes one");
  }

  void journal_part(std::string_view bytes) {
    has_journal_ = true;
    journal_.write(bytes);
    take_(bytes);
  }

  const fs::path& file_;
  const TakeBytes& take_;
  ExportedRun run_;
  Decompressor report_, journal_;
  std::uint64_t seen_ = 0;
  bool has_journal_ = false, ended_ = false;
};

}  // namespace

// ---- writing

ExportedRunWriter::ExportedRunWriter(fs::path file)
    : file_(std::move(file)), partial_(file_.string() + ".partial") {
  std::error_code ignored;
  if (fs::exists(file_, ignored))
    throw StoreError(file_.string() + " exists already; name another file, or remove it");
  fs::remove(partial_, ignored);
  try {
    records_ = actors::create_journal(partial_);
  } catch (const JournalError& error) {
    throw StoreError(error.what());
  }
  put('H', header);
}

ExportedRunWriter::~ExportedRunWriter() {
  std::error_code ignored;
  if (!partial_.empty()) fs::remove(partial_, ignored);
}

void ExportedRunWriter::put(char kind, std::string_view bytes) {
  std::string record(1, kind);
  record += bytes;
  try {
    records_->append(std::as_bytes(std::span(record)));
    records_->commit();  // rather than to gather a whole run in memory
  } catch (const JournalError& error) {
    throw StoreError(error.what());
  }
  ++written_;
}

void ExportedRunWriter::finish() {
  put('E', std::to_string(written_));
  std::error_code error;
  try {
    records_->sync();
  } catch (const JournalError& failed) {
    throw StoreError(failed.what());
  }
  fs::rename(partial_, file_, error);
  if (error) throw StoreError("cannot write " + file_.string() + ": " + error.message());
  partial_.clear();
}

// ---- reading

ExportedRun read_exported_run(const fs::path& file, const TakeBytes& take) {
  try {
    Reader reader(file, take);
    const auto end = actors::read_journal(file, [&](std::span<const std::byte> record) {
      const std::string_view bytes(reinterpret_cast<const char*>(record.data()), record.size());
      reader.record(bytes.front(), bytes.substr(1));  // none is empty
    });
    return reader.finish(end.torn_bytes);
  } catch (const JournalError& error) {
    refuse(file, error.what());
  } catch (const DamagedBytes& damage) {
    refuse(file, std::string("it was altered: ") + damage.what() + "; export the run again");
  }
}

}  // namespace squall::coordinator
