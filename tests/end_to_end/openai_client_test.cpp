// Runs openai_client/openai_client_test.mjs, which asks through the npm package `openai`, against
// a fresh squall-serve. Exit code 77 (skipped) where Node.js or the package is not installed.

#include <cstdio>
#include <string>

#include "tests/fixtures/program_in_path.hpp"
#include "tests/fixtures/serve_process.hpp"

namespace {

constexpr int skipped = 77;

}  // namespace

int main() {
  using namespace squall::tests;
  using namespace std::chrono_literals;
  const auto node = program_in_path("node");
  if (node.empty()) {
    std::puts("skipped: there is no Node.js here; install nodejs and npm");
    return skipped;
  }
  ServeProcess server(SQUALL_PROGRAMS);
  if (server.port() == 0) {
    std::printf("squall-serve did not come up: %s\n", server.process().err().c_str());
    return 1;
  }
  Process client({node.string(), "tests/end_to_end/openai_client/openai_client_test.mjs",
                  "http://127.0.0.1:" + std::to_string(server.port())});
  const int result = client.wait(200s);
  std::printf("%s%s", client.out().c_str(), client.err().c_str());
  if (result != 0) return result == skipped ? skipped : 1;
  server.process().signal(SIGTERM);
  const int ended = server.process().wait(60s);
  std::printf("squall-serve ended with exit code %d\n", ended);
  return ended == 0 ? 0 : 1;
}
