#include "coordinator/thresholds/change_requests.hpp"

#include <fstream>
#include <set>
#include <thread>
#include <unistd.h>

#include "actors/journal/run_entries.hpp"

namespace squall::coordinator {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

namespace {

constexpr std::size_t longest_request = 4096;  // bytes; a threshold is a line
constexpr auto look_again = 50ms;

/// Appears whole or not at all.
bool write_file(const fs::path& path, const std::string& text) {
  const fs::path partial = path.string() + ".partial";
  std::ofstream file(partial, std::ios::binary);
  file << text;
  file.close();
  std::error_code error;
  if (file) fs::rename(partial, path, error);
  return file && !error;
}

/// The first line, and the second.
std::pair<std::string, std::string> read_lines(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  std::string text(longest_request, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  text.resize(static_cast<std::size_t>(file.gcount()));
  const std::size_t end = text.find('\n');
  if (end == std::string::npos) return {text, ""};
  return {text.substr(0, end), text.substr(end + 1, text.find('\n', end + 1) - end - 1)};
}

fs::path answer_to(const fs::path& request) {
  return fs::path(request).replace_extension(".answer");
}

bool is_over(const RunFolder& folder) {
  std::error_code ignored;
  if (fs::exists(folder.report(), ignored)) return true;
  bool finished = false;
  try {
    for (const auto& entry : actors::read_run_journal(folder.journal()))
      finished |= std::holds_alternative<actors::RunFinished>(entry);
  } catch (const actors::JournalError&) {
    // Its last record may be half written just now; then it is not over.
  }
  return finished;
}

[[noreturn]] void refuse_over(const RunFolder& folder) {
  throw RunFolderError("run " + folder.run() +
                       " is over; thresholds change while a run goes on, and its report is in " +
                       folder.report().string());
}

}  // namespace

ChangeInbox::~ChangeInbox() {
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

std::vector<ChangeRequest> ChangeInbox::poll() {
  std::vector<ChangeRequest> requests;
  std::error_code error;
  std::set<fs::path> waiting;  // in order of their names
  for (fs::directory_iterator each(folder_, error), end; !error && each != end;
       each.increment(error))
    if (each->path().extension() == ".request") waiting.insert(each->path());
  for (const fs::path& path : waiting) {
    bool known = false;
    for (const auto& [number, request] : open_) known |= request == path;
    if (known) continue;
    const auto [order, text] = read_lines(path);
    open_[++numbers_] = path;
    if (order == "set" || order == "unset")
      requests.push_back({numbers_, text, order == "unset"});
    else
      answer(numbers_, false, "this is no wish of squall thresholds set or unset");
  }
  return requests;
}

void ChangeInbox::answer(std::uint64_t number, bool accepted, const std::string& text) {
  const auto found = open_.find(number);
  if (found == open_.end()) return;
  write_file(answer_to(found->second), (accepted ? "accepted\n" : "refused\n") + text + "\n");
  std::error_code ignored;
  fs::remove(found->second, ignored);
  open_.erase(found);
}

ChangeAnswer ask_for_change(const RunFolder& folder, const std::string& text, bool unset,
                            std::chrono::milliseconds patience) {
  if (is_over(folder)) refuse_over(folder);
  const fs::path changes = folder.path / "changes";
  std::error_code error;
  fs::create_directory(changes, error);
  static int asked = 0;
  const fs::path request =
      changes / (std::to_string(getpid()) + "-" + std::to_string(++asked) + ".request");
  if (!write_file(request, (unset ? "unset\n" : "set\n") + text + "\n"))
    throw RunFolderError("cannot write " + request.string() +
                         "; only the owner of a run may change its thresholds");
  const fs::path answer = answer_to(request);
  for (auto waited = 0ms; waited < patience; waited += look_again) {
    std::this_thread::sleep_for(look_again);
    if (fs::exists(answer, error)) {
      const auto [word, told] = read_lines(answer);
      fs::remove(answer, error);
      return {word == "accepted", told};
    }
    if (!fs::exists(request, error) && !fs::exists(answer, error) && is_over(folder))
      refuse_over(folder);
  }
  fs::remove(request, error);
  throw RunFolderError("nobody leads run " + folder.run() +
                       " any more, or not on this machine; squall run --resume " + folder.run() +
                       " goes on with it");
}

}  // namespace squall::coordinator
