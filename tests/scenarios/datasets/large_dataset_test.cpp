// A dataset far larger than what is kept of it: this process's own memory barely grows.

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <fstream>
#include <sstream>
#include <stop_token>
#include <string>
#include <thread>

#include "scenarios/datasets/prompt_dataset.hpp"
#include "tests/scenarios/datasets/dataset_files.hpp"

using namespace squall::scenarios;
using namespace squall::fixtures;

namespace {

/// "RssAnon" or "RssFile" of this process, in bytes: its own memory, and pages of mapped files.
std::uint64_t resident(const std::string& kind) {
  std::ifstream status("/proc/self/status");
  for (std::string line; std::getline(status, line);) {
    std::istringstream words(line);
    std::string key;
    std::uint64_t kibibytes = 0;
    if (words >> key >> kibibytes && key == kind + ":") return kibibytes * 1024;
  }
  BOOST_FAIL("/proc/self/status has no " << kind);
  return 0;
}

/// The most that is resident while it lives: what was read is dropped again before the end.
class Peak {
 public:
  Peak() : thread_([this](const std::stop_token& stop) { watch(stop); }) {}

  struct Found {
    std::uint64_t own = 0, mapped = 0, looks = 0;
  };
  Found stop() {
    thread_.request_stop();
    thread_.join();
    return found_;
  }

 private:
  void watch(const std::stop_token& stop) {
    while (!stop.stop_requested()) {
      found_.own = std::max(found_.own, resident("RssAnon"));
      found_.mapped = std::max(found_.mapped, resident("RssFile"));
      ++found_.looks;
    }
  }

  Found found_;
  std::jthread thread_;  // last: it uses the rest
};

constexpr std::uint64_t file_bytes = 200'000'000;
constexpr std::uint64_t mebibyte = 1 << 20;

/// Conversations of some 4 kB each, as JSONL or as the items of one array.
std::filesystem::path write_large(const DatasetFolder& folder, bool array, std::uint64_t& items) {
  const auto path = folder.path() / (array ? "large.json" : "large.jsonl");
  std::ofstream file(path, std::ios::binary);
  if (array) file << "[";
  const std::string words(1950, 'w');
  std::uint64_t written = 0;
  for (items = 0; written < file_bytes; ++items) {
    const std::string item = (items > 0 ? (array ? ",\n" : "\n") : "") +
                             std::string(R"({"conversations": [{"from": "human", "value": ")") +
                             std::to_string(items) + " " + words +
                             R"("}, {"from": "gpt", "value": ")" + words + "\"}]}";
    file << item;
    written += item.size();
  }
  if (array) file << "]";
  return path;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_large_dataset_takes_little_memory) {
  const DatasetFolder folder;
  for (const bool array : {false, true}) {
    std::uint64_t items = 0;
    const auto path = write_large(folder, array, items);
    const std::uint64_t own_before = resident("RssAnon");
    const std::uint64_t mapped_before = resident("RssFile");
    Peak peak;
    const auto dataset = PromptDataset::open(path, {path.string()});
    const Peak::Found most = peak.stop();
    const std::uint64_t own = most.own - std::min(most.own, own_before);
    const std::uint64_t mapped = most.mapped - std::min(most.mapped, mapped_before);
    BOOST_TEST_MESSAGE((array ? "array: " : "jsonl: ")
                       << file_bytes / mebibyte << " MiB, " << items << " items; opened with "
                       << own / 1024 << " KiB of memory, " << mapped / 1024
                       << " KiB mapped at most, in " << most.looks << " looks");
    BOOST_TEST(most.looks >= 20u);
    BOOST_TEST(mapped > 0u);
    BOOST_TEST(dataset.size() == items);
    BOOST_TEST(own < 8 * mebibyte);
    BOOST_TEST(mapped < 32 * mebibyte);
    for (std::uint64_t i = 0; i < items; i += items / 7) {
      const auto item = dataset.item(i);
      BOOST_TEST(
          std::get<std::string>(item.parts.front().text).starts_with(std::to_string(i) + " "));
    }
    std::filesystem::remove(path);
  }
}
