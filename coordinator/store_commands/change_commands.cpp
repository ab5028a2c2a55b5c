#include "coordinator/store_commands/change_commands.hpp"

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <unistd.h>

#include "coordinator/commands/run_options.hpp"
#include "coordinator/run_folder.hpp"
#include "coordinator/text/printable_text.hpp"
#include "coordinator/text/readable_numbers.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;

namespace {

/// What "Is that right?" was answered. Asks on standard error, so that output stays output.
bool confirmed() {
  std::fputs("Delete? [y/N] ", stderr);
  std::array<char, 16> answer{};
  if (std::fgets(answer.data(), answer.size(), stdin) == nullptr) return false;
  return answer[0] == 'y' || answer[0] == 'Y';
}

std::vector<StoredRun> named_once(const RunStore& store, const std::vector<std::string>& names) {
  std::vector<StoredRun> runs;
  for (const auto& name : names) {
    StoredRun run = store.find(name);
    const auto same = [&](const StoredRun& each) {
      return each.beginning.run == run.beginning.run;
    };
    if (std::ranges::none_of(runs, same)) runs.push_back(std::move(run));
  }
  return runs;
}

std::string in_words(const StoredRun& run) {
  const auto& beginning = run.beginning;
  std::string text = printable(beginning.run, 60) + "  " + printable(beginning.scenario, 60) +
                     ", started " + printable(beginning.started_at, 30);
  if (!beginning.folder.empty()) text += ", with " + printable(beginning.folder, 500);
  return text;
}

}  // namespace

bool remove_run_folder(const RunBeginning& run) {
  const RunFolder folder{fs::path(run.folder)};
  std::error_code error;
  const bool ours =
      !run.folder.empty() && folder.run() == run.run &&
      (fs::is_regular_file(folder.journal(), error) || fs::is_regular_file(folder.report(), error));
  if (!ours) return false;
  fs::remove_all(folder.path, error);
  if (error)
    throw StoreError("run " + run.run + " is out of the store, but its folder " + run.folder +
                     " cannot be removed: " + error.message());
  return true;
}

int tag_command(RunStore& store, const StoreOrders& orders) {
  const bool give = orders.command == StoreOrders::Command::tag;
  const std::string run = store.find(orders.run).beginning.run;
  for (const auto& name : orders.names) give ? store.tag(run, name) : store.untag(run, name);
  std::string tags;
  for (const auto& tag : store.find(run).tags) tags += " " + tag;
  std::printf("%s has %s%s\n", run.c_str(), tags.empty() ? "no tags" : "the tags", tags.c_str());
  return 0;
}

int delete_command(RunStore& store, const StoreOrders& orders) {
  const auto runs = named_once(store, orders.names);
  if (!orders.yes) {
    if (isatty(STDIN_FILENO) != 1)
      throw UsageError("there is no terminal to ask on; --yes deletes without asking");
    for (const auto& run : runs) std::fprintf(stderr, "%s\n", in_words(run).c_str());
    if (!confirmed()) {
      std::puts("nothing was deleted");
      return 0;
    }
  }
  for (const auto& run : runs) {
    store.remove(run.beginning.run);
    const bool folder = remove_run_folder(run.beginning);
    std::printf("deleted %s%s\n", run.beginning.run.c_str(), folder ? " and its folder" : "");
  }
  return 0;
}

int export_command(const RunStore& store, const StoreOrders& orders) {
  const std::string run = store.find(orders.run).beginning.run;
  const std::string file = orders.output.empty() ? run + ".squall" : orders.output;
  store.export_run(run, file);
  std::error_code ignored;
  const auto size = fs::file_size(file, ignored);
  std::printf("%s is in %s (%s)\n", run.c_str(), file.c_str(), readable_bytes(size).c_str());
  return 0;
}

int import_command(RunStore& store, const StoreOrders& orders) {
  for (const auto& file : orders.names)
    std::printf("%s is in the store now\n", store.import_run(file).c_str());
  return 0;
}

}  // namespace squall::coordinator
