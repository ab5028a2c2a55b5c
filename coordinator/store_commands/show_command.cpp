#include "coordinator/store_commands/show_command.hpp"

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <optional>
#include <unistd.h>

#include "actors/journal/run_entries.hpp"
#include "coordinator/live/terminal.hpp"
#include "coordinator/report/run_report.hpp"
#include "coordinator/report/text_summary.hpp"
#include "coordinator/run/run_replay.hpp"
#include "coordinator/store_commands/list_command.hpp"
#include "coordinator/text/printable_text.hpp"
#include "scenarios/schema/scenario_parser.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

namespace {

/// A file that is gone afterwards, for its owner's eyes only.
class TemporaryFile {
 public:
  TemporaryFile() {
    std::error_code error;
    const fs::path place = fs::temp_directory_path(error);
    std::string pattern = ((error ? "/tmp" : place) / "squall-show-XXXXXX").string();
    const int file = mkstemp(pattern.data());
    if (file < 0)
      throw StoreError("cannot make a temporary file " + pattern + ": " + std::strerror(errno) +
                       "; TMPDIR names another place");
    ::close(file);
    path_ = pattern;
  }
  ~TemporaryFile() {
    std::error_code ignored;
    fs::remove(path_, ignored);
  }
  TemporaryFile(const TemporaryFile&) = delete;
  TemporaryFile& operator=(const TemporaryFile&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

/// The run as its journal tells it. Empty, with the reason, where the journal does not tell it.
std::optional<RunRecord> replayed(const RunStore& store, const StoredRun& run, std::string& why) {
  const TemporaryFile journal;
  if (!store.save_journal(run.beginning.run, journal.path())) {
    why = "no journal was stored with it";
    return std::nullopt;
  }
  try {
    RunReplay replay;
    for (const auto& entry : actors::read_run_journal(journal.path())) replay.take(entry);
    if (!replay.finished()) {
      why = "its journal ends before the run did, as when a disk is full";
      return std::nullopt;
    }
    RunRecord record = replay.record();
    record.exact = exact_durations(journal.path(), ended_requests(record));
    if (!run.beginning.folder.empty())
      record.journal = (fs::path(run.beginning.folder) / "journal").string();
    return record;
  } catch (const actors::JournalError&) {
    why = "its journal is of another release";
  } catch (const scenarios::ScenarioError&) {
    why = "its scenario is of another release";
  }
  return std::nullopt;
}

int show_unfinished(const StoredRun& run) {
  const std::string folder = printable(run.beginning.folder, 500);
  std::fputs(list_text({run}, list_width(), colour_wanted(stdout)).c_str(), stdout);
  if (run.state == "running")
    std::printf("It is running; its journal grows in %s\n", folder.c_str());
  else
    std::printf(
        "Its process is gone. What was gathered until then is in %s;\n"
        "squall run --resume %s goes on with it.\n",
        folder.c_str(), run.beginning.run.c_str());
  return 0;
}

}  // namespace

int show_command(const RunStore& store, const StoreOrders& orders) {
  const StoredRun run = store.find(orders.run);
  if (orders.json) {
    const std::string report = store.report(run.beginning.run);
    std::printf("%s%s", report.c_str(), report.ends_with('\n') ? "" : "\n");
    return 0;
  }
  if (run.state != "finished") return show_unfinished(run);
  std::string why;
  if (const auto record = replayed(store, run, why)) {
    const std::string text =
        text_summary(make_run_report(*record),
                     {.colour = colour_wanted(stdout), .width = summary_width(stdout)});
    std::fwrite(text.data(), 1, text.size(), stdout);
  } else {
    std::fputs(list_text({run}, list_width(), colour_wanted(stdout)).c_str(), stdout);
    std::printf("It cannot be shown as text: %s. squall show %s --json prints its report.\n",
                why.c_str(), run.beginning.run.c_str());
  }
  return 0;
}

}  // namespace squall::coordinator
