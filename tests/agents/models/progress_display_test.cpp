#include "agents/models/progress_display.hpp"

#include <boost/test/unit_test.hpp>

#include "tests/fixtures/process.hpp"

using namespace squall::agents;
using namespace squall::tests;
using namespace std::chrono_literals;
using Stage = DownloadProgress::Stage;

namespace {

DownloadProgress receiving(std::uint64_t done) {
  DownloadProgress progress;
  progress.stage = Stage::receiving;
  progress.source = "https://host/m.gguf";
  progress.done = done;
  progress.total = std::uint64_t{64} << 20;
  return progress;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_gets_a_line_a_stage_and_one_every_ten_seconds) {
  const TemporaryFolder folder;
  const std::string path = (folder.path() / "log").string();
  std::FILE* const stream = std::fopen(path.c_str(), "w");
  {
    ProgressDisplay display(stream, "program: ");
    const ProgressDisplay::Instant begin{1h};
    DownloadProgress connecting;
    connecting.source = "https://host/m.gguf";
    display.show(connecting, begin);
    for (int i = 1; i <= 25; ++i)
      display.show(receiving(static_cast<std::uint64_t>(i) << 20), begin + i * 1s);
    DownloadProgress pausing;
    pausing.stage = Stage::pausing;
    pausing.source = "https://host/m.gguf";
    pausing.trouble = "answered \x1b[2J 503; again in 1.0 s";
    display.show(pausing, begin + 26s);
  }
  std::fclose(stream);
  BOOST_TEST(read_file(path) ==
             "program: connecting to https://host/m.gguf\n"
             "program: received 1.0 of 64.0 MiB from https://host/m.gguf\n"
             "program: received 11.0 of 64.0 MiB from https://host/m.gguf\n"
             "program: received 21.0 of 64.0 MiB from https://host/m.gguf\n"
             "program: https://host/m.gguf: answered ?[2J 503; again in 1.0 s\n");
}
