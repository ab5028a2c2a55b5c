// Pages of a mapped file that are let go: out of memory, and back when they are read.

#include "agents/engine/model/mapped_file.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <string>
#include <unistd.h>
#include <vector>

#include "tests/fixtures/tiny_llama.hpp"

using namespace squall;
using namespace squall::agents;
using namespace squall::fixtures;

namespace {

/// A file that goes with the test.
struct TemporaryFile {
  explicit TemporaryFile(const std::vector<std::byte>& bytes) {
    std::string pattern = (std::filesystem::temp_directory_path() / "squall-XXXXXX").string();
    const int descriptor = ::mkstemp(pattern.data());
    BOOST_REQUIRE(descriptor >= 0);
    ::close(descriptor);
    path = pattern;
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()),
               static_cast<std::streamsize>(bytes.size()));
  }
  ~TemporaryFile() { std::filesystem::remove(path); }
  std::filesystem::path path;
};

/// KiB of the file that this process has in memory, as the kernel counts them.
std::size_t resident_kib(const std::filesystem::path& path) {
  std::ifstream maps("/proc/self/smaps");
  std::size_t total = 0;
  bool ours = false;
  for (std::string line; std::getline(maps, line);) {
    const bool begins_mapping = line.substr(0, line.find(' ')).find('-') != std::string::npos;
    if (begins_mapping) ours = line.ends_with(path.filename().string());
    if (ours && line.starts_with("Rss:")) total += std::stoul(line.substr(4));
  }
  return total;
}

std::vector<std::byte> numbered_bytes(std::size_t count) {
  std::vector<std::byte> bytes(count);
  for (std::size_t i = 0; i < count; ++i) bytes[i] = static_cast<std::byte>(i * 7 + i / 4096);
  return bytes;
}

}  // namespace

BOOST_AUTO_TEST_CASE(whole_pages_of_a_part_leave_memory_and_come_back_when_read) {
  const auto page = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
  const auto bytes = numbered_bytes(64 * page);
  const TemporaryFile file(bytes);
  const MappedFile mapped(file.path);
  BOOST_TEST(std::ranges::equal(mapped.bytes(), bytes));  // and touches every page
  BOOST_TEST(resident_kib(file.path) == 64 * page / 1024);
  mapped.forget(mapped.bytes().subspan(2 * page - 1, 30 * page));  // whole: pages 2 to 30
  BOOST_TEST(resident_kib(file.path) == (64 - 29) * page / 1024);
  BOOST_TEST(std::ranges::equal(mapped.bytes(), bytes));
  mapped.forget(mapped.bytes().subspan(page / 2, page));  // no page lies in it wholly
  mapped.forget(mapped.bytes().subspan(page, 0));
  BOOST_TEST(resident_kib(file.path) == 64 * page / 1024);
  mapped.forget(mapped.bytes());
  BOOST_TEST(resident_kib(file.path) == 0U);
  BOOST_TEST(std::ranges::equal(mapped.bytes(), bytes));
}

BOOST_AUTO_TEST_CASE(released_weights_can_still_be_read) {
  const auto bytes = tiny_llama().bytes();
  const TemporaryFile file(bytes);
  for (const bool mapped : {true, false}) {
    const auto model = mapped ? read_gguf_model(file.path) : load_from_memory(bytes);
    for (const kernels::TensorView& view :
         {model->token_embedding, model->layers[0].query, model->layers[1].down, model->output}) {
      const std::vector<std::byte> before(view.data, view.data + view.rows * view.columns * 4);
      model->release(view);
      BOOST_TEST(std::ranges::equal(before, std::span(view.data, before.size())));
    }
  }
}
